//! Planning one action: its arm, its text, what the guards say, and whether a person has to see it.

use super::exclude::excluded;
use super::scope::Moment;
use super::steps::Stuck;
use crate::action::{Action, ActionState, Channel, Payload, ReasonCode, Review, action_id};
use crate::arm::{self, bucket};
use crate::expr::{EvalError, Root, Scope};
use crate::guards::{Ask, Ruling, Verdict, arbitrate};
use crate::map::Map;
use crate::receipt::Trace;
use crate::run::Run;
use crate::time::Span;
use crate::value::Value;
use crate::workflow::{Act, IfExpired};
use std::collections::BTreeMap;

/// How long a person has to look at an action of a run whose score was unavailable.
const UNSURE: Span = Span::days(3);

/// Plans the action of a step. The run's arm is fixed, and its comparison begins, with its first action.
pub(super) fn plan(
    moment: &Moment<'_>,
    run: &mut Run,
    step: &str,
    spec: &Act,
) -> Result<(Action, Option<Trace>), Stuck> {
    let payload = render(moment, &run.id, step, spec)?;
    let id = action_id(&moment.env.catalog.workspace.name, &run.workflow, &run.id, step);
    let review = review(moment, run, spec.channel, &id)?;
    expose(moment, run);
    let ruling = ask(moment, run, spec, payload.assignee());
    let (state, reason, due_at) = state_of(&ruling, review.is_some(), moment.at);
    let expires_at = moment.at + spec.expires;
    if state.pending() {
        run.pending_until = run.pending_until.max(Some(expires_at));
    }
    let trace = moment.full.then(|| {
        let why = reason.map_or_else(String::new, |reason| format!(" ({})", reason.word()));
        let result = format!("{} {}{why}", spec.channel.word(), state.word());
        Trace { step: step.into(), result, ..Trace::default() }
    });
    let action = Action {
        payload_hash: payload.hash(),
        contact: moment.contact.id.clone(),
        workflow: run.workflow.clone(),
        version: run.version.clone(),
        run: run.id.clone(),
        step: step.into(),
        channel: spec.channel,
        connector: spec.connector.clone(),
        purpose: moment.workflow.purpose.clone(),
        priority: moment.workflow.priority,
        planned_at: moment.at,
        arm: run.assignment.as_ref().map_or(arm::Arm::Shadow, |place| place.arm),
        // Held for a kill it still waits for a person when the kill is over.
        review: review.filter(|_| state == ActionState::Review || reason == Some(ReasonCode::Kill)),
        checks: ruling.checks,
        id,
        state,
        reason,
        due_at,
        expires_at,
        payload,
    };
    Ok((action, trace))
}

fn expose(moment: &Moment<'_>, run: &mut Run) {
    if run.assignment.is_some() {
        return;
    }
    run.assignment = Some(place(moment, run));
    run.exposed_at = Some(moment.at);
    // What happened before the exposure is no result of it.
    run.goal_at = None;
    run.goal_value = None;
}

/// The arm of a run: the one that was fixed, or the one that it would get now.
pub(super) fn place(moment: &Moment<'_>, run: &Run) -> arm::Assignment {
    if let Some(place) = &run.assignment {
        return place.clone();
    }
    let workspace = &moment.env.catalog.workspace;
    let stage = moment.env.live.stage(&run.workflow);
    let (name, contact) = (&workspace.name, &moment.contact.id);
    let mut place =
        arm::assign(name, &run.workflow, contact, moment.workflow.holdout, workspace.policy.global_holdout, &stage);
    if let Some(forced) = moment.env.catalog.forced().filter(|_| place.arm != arm::Arm::Shadow) {
        place.arm = forced;
    }
    place
}

fn ask(moment: &Moment<'_>, run: &Run, spec: &Act, assignee: Option<&str>) -> Ruling {
    let env = moment.env;
    let stage = env.live.stage(&run.workflow);
    let fallback = arm::Assignment { arm: arm::Arm::Shadow, global_bucket: 0.0, holdout_bucket: 0.0, holdout: 0.0 };
    let excluded = excluded(env, moment.contact, spec.channel, moment.at);
    let ask = Ask {
        contact: moment.contact,
        schema: &env.catalog.workspace.schema,
        policy: &env.catalog.workspace.policy,
        workflow: &run.workflow,
        stage: &stage,
        assignment: run.assignment.as_ref().unwrap_or(&fallback),
        channel: spec.channel,
        purpose: &moment.workflow.purpose,
        expires_at: moment.at + spec.expires,
        kill: env.live.kill(&run.workflow, spec.channel),
        sent: None,
        workflow_sent: None,
        excluded: excluded.as_deref(),
        assignee,
        assigned: None,
        words: moment.full,
    };
    arbitrate(&ask, moment.at)
}

fn state_of(ruling: &Ruling, review: bool, at: crate::Time) -> (ActionState, Option<ReasonCode>, crate::Time) {
    match &ruling.verdict {
        Verdict::Never { reasons } => (ActionState::Withheld, reasons.first().copied(), at),
        Verdict::Hold { until, reason } if *reason == ReasonCode::Kill => (ActionState::Held, Some(*reason), *until),
        Verdict::Hold { until, .. } if review => (ActionState::Review, None, *until),
        Verdict::Hold { until, reason } => (ActionState::Held, Some(*reason), *until),
        Verdict::Go if review => (ActionState::Review, None, at),
        Verdict::Go => (ActionState::Ready, None, at),
    }
}

/// The first review gate that wants to see this action. A gate that cannot be evaluated wants to see it.
fn review(moment: &Moment<'_>, run: &Run, channel: Channel, action: &str) -> Result<Option<Review>, Stuck> {
    if let Some((score, role)) = &run.unsure {
        let (gate, by, expires_at) = (format!("score:{score}"), role.clone(), moment.at + UNSURE);
        return Ok(Some(Review { gate, by, expires_at, if_expired: IfExpired::Reject }));
    }
    for gate in &moment.workflow.reviews {
        if !gate.channels.is_empty() && !gate.channels.contains(&channel) {
            continue;
        }
        let workspace = &moment.env.catalog.workspace.name;
        if gate.sample.is_some_and(|share| bucket(workspace, "review", &gate.id, action) >= share) {
            continue;
        }
        let before = moment.take_values();
        let holds = gate.when.as_ref().map(|when| moment.holds(when));
        moment.reads.borrow_mut().values = before;
        let wanted = match holds {
            None => true,
            Some(Err(EvalError::NeedScore(_))) => return Err(Stuck::Need),
            Some(result) => result.unwrap_or(true),
        };
        if wanted {
            let expires_at = moment.at + gate.expires;
            return Ok(Some(Review {
                gate: gate.id.clone(),
                by: gate.by.clone(),
                expires_at,
                if_expired: gate.if_expired,
            }));
        }
    }
    Ok(None)
}

fn render(moment: &Moment<'_>, run: &str, step: &str, spec: &Act) -> Result<Payload, Stuck> {
    let values = values(moment, &|name| shows(moment, spec, name))?;
    let renderer = moment.env.renderer;
    let failed = |why: String| Stuck::Failed("render", why);
    let text = |source: &str| renderer.text(source, &values).map_err(|why| Stuck::Failed("render", why));
    let template = spec.template.as_deref().unwrap_or_default();
    Ok(match spec.channel {
        Channel::Email => {
            let (subject, text, html) = renderer.email(moment.workflow, template, &values).map_err(failed)?;
            Payload::Email { subject, text, html }
        }
        Channel::Nudge => {
            let (title, text) = renderer.nudge(moment.workflow, template, &values).map_err(failed)?;
            Payload::Nudge { title, text }
        }
        Channel::Task => {
            let title = text(spec.title.as_deref().unwrap_or_default())?;
            let assignee = match (&spec.assignee, spec.round_robin.len()) {
                (Some(source), _) => Some(text(source)?),
                (None, 0) => None,
                (None, people) => {
                    let workspace = &moment.env.catalog.workspace.name;
                    let turn = bucket(workspace, "round_robin", step, run);
                    Some(spec.round_robin[((turn * people as f64) as usize).min(people - 1)].clone())
                }
            };
            Payload::Task { title, assignee, due: spec.due.map(|due| moment.at + due) }
        }
        Channel::Webhook => {
            let mut fields = BTreeMap::new();
            for (name, source) in &spec.fields {
                fields.insert(name.clone(), text(source)?);
            }
            Payload::Webhook { name: step.to_owned(), fields }
        }
    })
}

/// Whether a message can show values of this name at all: its sources or the texts of the step contain it. Older versions
/// do not hold their sources.
fn shows(moment: &Moment<'_>, spec: &Act, name: &str) -> bool {
    let named = |text: &String| text.contains(name);
    match spec.template.as_ref().map(|name| moment.workflow.messages.get(name)) {
        Some(None) => true,
        Some(Some(message)) => message.files.values().any(named),
        None => spec.title.iter().chain(&spec.assignee).chain(spec.fields.values()).any(named),
    }
}

/// What a template may show: the contact's, the account's and the entry's fields, and the features; those of which it
/// `shows` the name.
fn values(moment: &Moment<'_>, shows: &dyn Fn(&str) -> bool) -> Result<serde_json::Value, Stuck> {
    let mut values = serde_json::Map::new();
    let fields = |fields: &Map<String, Value>| {
        let shown = fields.iter().map(|(name, value)| (name.clone(), show(value)));
        serde_json::Value::Object(shown.collect())
    };
    if shows("feature") {
        values.insert("feature".to_owned(), features(moment)?);
    }
    if shows("contact") {
        values.insert("contact".to_owned(), fields(&moment.contact.fields));
    }
    if shows("account") {
        let account = moment.contact.account.as_ref().and_then(|(id, _)| moment.env.accounts.get(id));
        // Whoever has no account has one of which nothing is known, so that a `default` helps.
        let account = account.map_or_else(|| fields(&Map::new()), |account| fields(&account.fields));
        values.insert("account".to_owned(), account);
    }
    if let Some(entry) = moment.entry.filter(|_| shows("entry")) {
        let mut shown = fields(&entry.fields);
        if let (Some(shown), Some(_)) = (shown.as_object_mut(), &moment.workflow.start.schedule) {
            // A scheduled start has no event whose fields could be shown, only its time.
            shown.insert("time".to_owned(), entry.time.to_string().into());
        }
        values.insert("entry".to_owned(), shown);
    }
    Ok(serde_json::Value::Object(values))
}

fn features(moment: &Moment<'_>) -> Result<serde_json::Value, Stuck> {
    let before = moment.take_values();
    let mut features = serde_json::Map::new();
    for def in &moment.workflow.features {
        match moment.get(Root::Feature, &def.name) {
            Ok(Some(value)) => features.insert(def.name.clone(), show(&value)),
            Ok(None) => None,
            Err(EvalError::NeedScore(_)) => return Err(Stuck::Need),
            // A template that shows it fails as undefined and holds the run; others do not care.
            Err(_) => None,
        };
    }
    moment.reads.borrow_mut().values = before;
    Ok(serde_json::Value::Object(features))
}

/// Whole numbers without a fraction, money with its currency.
fn show(value: &Value) -> serde_json::Value {
    match value {
        Value::Bool(truth) => (*truth).into(),
        Value::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => (*number as i64).into(),
        Value::Number(number) => (*number).into(),
        Value::Text(text) => text.clone().into(),
        Value::Money(money) => money.to_string().into(),
        Value::Percent(percent) => percent.to_string().into(),
        Value::Duration(length) => length.to_string().into(),
    }
}
