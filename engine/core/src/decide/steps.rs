//! A run going on from one step to the next, until it waits, is held or is over.

use super::act;
use super::scope::{Moment, Reads};
use super::walk::{Need, Note, Walk};
use crate::action::Action;
use crate::arm::{Arm, bucket};
use crate::event::Event;
use crate::expr::{EvalError, Expr};
use crate::receipt::Trace;
use crate::run::{HELD_AT_MOST, RETRY_EVERY, Run, RunStatus};
use crate::schedule::LocalWindow;
use crate::score::IfUnavailable;
use crate::time::Time;
use crate::value::Value;
use crate::workflow::{Case, EventMatch, Node, NodeKind, SplitArm, Target, Workflow, matches_any};

/// What a trace says of a wait whose event did not come.
pub const IF_NOT: &str = "the event did not come";

/// Why a run cannot go on now.
pub(super) enum Stuck {
    /// A score has to be computed first.
    Need,
    /// The score of this name is unavailable.
    Score(String),
    /// An expression or a text failed.
    Failed(&'static str, String),
}

impl From<EvalError> for Stuck {
    fn from(error: EvalError) -> Stuck {
        match error {
            EvalError::NeedScore(_) => Stuck::Need,
            EvalError::ScoreUnavailable(name) => Stuck::Score(name),
            EvalError::Failed(why) => Stuck::Failed("expression", why),
        }
    }
}

/// A run's deadline came: a wait is over, or a held step is tried again.
pub(super) fn deadline(walk: &mut Walk<'_>, index: usize, at: Time) -> Result<(), Need> {
    let run = &walk.contact.runs[index];
    let Some(workflow) = walk.workflow_of(run) else { return lost(walk, index, at) };
    let Some(node) = run.step().and_then(|step| workflow.node(step)) else { return lost(walk, index, at) };
    // A run at a wait is waiting, or was while its version was not known here.
    let (target, result) = match &workflow.nodes[node].kind {
        NodeKind::WaitEvent { if_not, .. } => (*if_not, IF_NOT),
        NodeKind::WaitFor { .. } | NodeKind::WaitUntil { .. } => (workflow.nodes[node].next, "waited"),
        _ => (Target::Node(node), "tried again"),
    };
    let first =
        walk.full.then(|| Trace { step: workflow.nodes[node].id.clone(), result: result.into(), ..Trace::default() });
    go(walk, index, target, at, "went on", first.into_iter().collect())
}

/// The version or step of a run is not known here: perhaps another process has just published it. It is held, and
/// leaves when that does not change.
fn lost(walk: &mut Walk<'_>, index: usize, at: Time) -> Result<(), Need> {
    const GONE: &str = "version_gone";
    let mut run = walk.contact.runs[index].clone();
    let step = run.step().unwrap_or_default().to_owned();
    let since = match &run.status {
        RunStatus::Held { reason, since, .. } if reason == GONE => Some(*since),
        _ => None,
    };
    if since.is_some_and(|since| at - since >= HELD_AT_MOST) {
        walk.leave(index, at, GONE, &format!("left: held for {HELD_AT_MOST} ({GONE})"));
        return Ok(());
    }
    if since.is_none() {
        walk.note_of_run(&run, at, "held: version_gone (this version of the workflow is not known here)");
    }
    let (since, retry_at) = (since.unwrap_or(at), at + RETRY_EVERY);
    run.status = RunStatus::Held { step, reason: GONE.into(), since, retry_at };
    walk.put(index, run);
    Ok(())
}

/// An event ends the waits for it.
pub(super) fn event_waits(walk: &mut Walk<'_>, event: &Event) -> Result<(), Need> {
    for index in 0..walk.contact.runs.len() {
        let run = &walk.contact.runs[index];
        if !matches!(run.status, RunStatus::Waiting { .. }) {
            continue;
        }
        let Some(workflow) = walk.workflow_of(run) else { continue };
        let Some(node) = run.step().and_then(|step| workflow.node(step)) else { continue };
        let NodeKind::WaitEvent { event: wanted, if_seen, .. } = &workflow.nodes[node].kind else { continue };
        let Some(trace) = seen(walk, &workflow, run, event, wanted, &workflow.nodes[node].id)? else { continue };
        go(walk, index, *if_seen, event.time, "went on", vec![trace])?;
    }
    Ok(())
}

/// Whether an event is the wanted one, with the trace that says so. What cannot be evaluated is not seen.
pub(super) fn seen(
    walk: &Walk<'_>,
    workflow: &Workflow,
    run: &Run,
    event: &Event,
    wanted: &EventMatch,
    step: &str,
) -> Result<Option<Trace>, Need> {
    if !matches_any(&wanted.events, &event.kind) || !is_of(walk, run, event, wanted) {
        return Ok(None);
    }
    let mut trace = Trace::default();
    if walk.full {
        (trace.step, trace.result) = (step.into(), format!("{} came", event.kind));
    }
    if let Some(filter) = &wanted.filter {
        let moment = walk.moment(workflow, Some(event), Some(&run.entry), event.time);
        let holds = need(&moment, moment.holds(filter))?;
        if walk.full {
            trace.expr = Some(filter.source.to_string());
            trace.values = moment.take_values();
        }
        if !matches!(holds, Ok(true)) {
            return Ok(None);
        }
    }
    Ok(Some(trace))
}

/// Whether an outcome event is about the action that the named step of this run made.
fn is_of(walk: &Walk<'_>, run: &Run, event: &Event, wanted: &EventMatch) -> bool {
    let Some(step) = &wanted.of else { return true };
    let about = event.body.as_ref().and_then(|body| body.get("action_id")).and_then(serde_json::Value::as_str);
    about == Some(&crate::action::action_id(&walk.env.catalog.workspace.name, &run.workflow, &run.id, step))
}

/// Turns a score that is still needed into the outer error.
pub(super) fn need<T>(moment: &Moment<'_>, result: Result<T, EvalError>) -> Result<Result<T, EvalError>, Need> {
    match result {
        Err(EvalError::NeedScore(_)) => match moment.reads.borrow_mut().need.take() {
            Some(need) => Err(need),
            None => Ok(result),
        },
        other => Ok(other),
    }
}

/// Where a stretch of steps ended.
struct End {
    status: RunStatus,
    what: String,
    quiet: bool,
}

/// What a stretch of steps came to.
struct Stretch {
    end: End,
    trace: Vec<Trace>,
    reads: Reads,
    actions: Vec<Action>,
    sets: Vec<(String, Value)>,
}

/// Moves a run from `target` until it waits, is held or is over, and writes the receipt's entry.
pub(super) fn go(
    walk: &mut Walk<'_>,
    index: usize,
    target: Target,
    at: Time,
    what: &str,
    trace: Vec<Trace>,
) -> Result<(), Need> {
    let Some(workflow) = walk.workflow_of(&walk.contact.runs[index]) else { return Ok(()) };
    // Out of the contact while its steps are walked: nothing that they read is among the runs.
    let mut runs = std::mem::take(&mut walk.contact.runs);
    let stretch = stretch(walk, &workflow, &mut runs[index], target, (at, what, trace));
    walk.contact.runs = runs;
    let Some(Stretch { end, trace, reads, actions, sets }) = stretch? else { return Ok(()) };
    let run = &mut walk.contact.runs[index];
    run.status = end.status;
    if !run.active() {
        run.ended_at = Some(at);
    }
    let id = if walk.full || !sets.is_empty() { run.id.clone() } else { String::new() };
    for (field, value) in sets {
        // The same as a `contact.updated` of this instant, made by the workflow itself.
        walk.contact.set(&field, value, (at, i64::MAX, id.clone()));
    }
    if walk.full && !end.quiet {
        let actions = actions.iter().map(|action| action.id.clone()).collect();
        walk.note(Note { workflow: &workflow, run: Some(id), at, what: end.what, trace, reads, actions });
    }
    walk.actions.extend(actions);
    walk.touch(index);
    Ok(())
}

/// What a run came to, and what its steps made; nothing where it cannot be said and no score is missing.
fn stretch(
    walk: &Walk<'_>,
    workflow: &Workflow,
    run: &mut Run,
    target: Target,
    (at, what, trace): (Time, &str, Vec<Trace>),
) -> Result<Option<Stretch>, Need> {
    let before = run.status.clone();
    // Beside the run for as long as its steps read it.
    let entry = std::mem::take(&mut run.entry);
    let moment = walk.moment(workflow, None, Some(&entry), at);
    let (actions, sets) = (vec![], vec![]);
    let mut leg = Leg { moment: &moment, workflow, run, trace, actions, sets, full: walk.full };
    let end = leg.walk(target, &before, what);
    let Leg { trace, actions, sets, .. } = leg;
    let need = moment.reads.borrow_mut().need.take();
    let reads = moment.reads.take();
    run.entry = entry;
    match end {
        Some(end) => Ok(Some(Stretch { end, trace, reads, actions, sets })),
        // Only a missing score stops a stretch without a state, and it is always named.
        None => need.map_or(Ok(None), Err),
    }
}

/// A run on its way through steps that take no time.
struct Leg<'a, 'm> {
    moment: &'a Moment<'m>,
    workflow: &'a Workflow,
    run: &'a mut Run,
    trace: Vec<Trace>,
    actions: Vec<Action>,
    sets: Vec<(String, Value)>,
    /// Whether a receipt is wanted.
    full: bool,
}

impl Leg<'_, '_> {
    fn walk(&mut self, mut target: Target, before: &RunStatus, what: &str) -> Option<End> {
        let at = self.moment.at;
        let full = self.full;
        let finished = |status, how: &str| {
            let what = if full { format!("{what}, {how}") } else { String::new() };
            Some(End { status, what, quiet: false })
        };
        // Every node is passed at most once: the checker lets no step point back.
        for _ in 0..=self.workflow.nodes.len() {
            let Target::Node(index) = target else { return finished(RunStatus::Done, "done") };
            let Some(node) = self.workflow.nodes.get(index) else { return finished(RunStatus::Done, "done") };
            let wait = |until| RunStatus::Waiting { step: node.id.clone(), until };
            let step = match &node.kind {
                NodeKind::Stop => {
                    self.pass(node, "stops here");
                    Ok(Target::End)
                }
                NodeKind::WaitFor { span } => return finished(wait(at + *span), "waits"),
                NodeKind::WaitEvent { up_to, .. } => return finished(wait(at + *up_to), "waits"),
                NodeKind::WaitUntil { window } => match self.opens(window) {
                    open if open > at => return finished(wait(open), "waits"),
                    _ => Ok(self.pass(node, "is open now")),
                },
                NodeKind::Split { arms } => Ok(self.split(&node.id, arms)),
                NodeKind::Set { field, value } => self.set(&node.id, field, value).map(|()| node.next),
                NodeKind::Choose { cases, otherwise } => self.choose(&node.id, cases, *otherwise),
                NodeKind::Act(spec) => act::plan(self.moment, self.run, &node.id, spec).map(|(action, trace)| {
                    self.trace.extend(trace);
                    self.actions.push(action);
                    node.next
                }),
            };
            match step {
                Ok(next) => target = next,
                // An evaluator that asks for a score without naming it must not stop the world.
                Err(Stuck::Need) if self.moment.reads.borrow().need.is_some() => return None,
                Err(stuck) => return Some(self.stuck(&node.id, stuck, before)),
            }
        }
        finished(RunStatus::Done, "done")
    }

    fn say(&mut self, step: String, expr: Option<&Expr>, result: String) {
        if self.full {
            let values = self.moment.take_values();
            let expr = expr.map(|expr| expr.source.to_string());
            self.trace.push(Trace { step, expr, result, values });
        }
    }

    fn pass(&mut self, node: &Node, result: &str) -> Target {
        if self.full {
            self.say(node.id.clone(), None, result.into());
        }
        node.next
    }

    /// When a window of local time is open where the contact lives.
    fn opens(&self, window: &LocalWindow) -> Time {
        let catalog = self.moment.env.catalog;
        let zone = self.moment.contact.zone(&catalog.workspace.schema).unwrap_or_else(|| catalog.zone());
        window.next(&zone, self.moment.at)
    }

    /// The arm that the contact has, whenever it comes by. It belongs to the person and the step, not to the run.
    fn split(&mut self, step: &str, arms: &[SplitArm]) -> Target {
        let catalog = self.moment.env.catalog;
        let forced = catalog.forced_split(step).and_then(|name| arms.iter().find(|arm| arm.name == name));
        let salt = format!("{}/{step}", self.run.workflow);
        let place = bucket(&catalog.workspace.name, "split", &salt, &self.moment.contact.id);
        let mut edge = 0.0;
        let drawn = arms.iter().find(|arm| {
            edge += arm.share;
            place < edge
        });
        // The last arm takes what rounding leaves.
        let Some(arm) = forced.or(drawn).or(arms.last()) else { return Target::End };
        self.run.splits.insert(step.to_owned(), arm.name.clone());
        if self.full {
            self.say(format!("{step}/{}", arm.name), None, format!("drawn at {place:.4}"));
        }
        arm.then
    }

    /// Sets a field of a contact that gets what the workflow decides; others keep theirs.
    fn set(&mut self, step: &str, field: &str, value: &Expr) -> Result<(), Stuck> {
        let value = self.moment.eval(value)?;
        let arm = act::place(self.moment, self.run).arm;
        let result = if arm == Arm::Treated {
            self.sets.push((field.to_owned(), value));
            format!("contact.{field} was set")
        } else {
            format!("contact.{field} would have been set (arm {})", arm.word())
        };
        self.say(step.to_owned(), None, result);
        Ok(())
    }

    fn choose(&mut self, step: &str, cases: &[Case], otherwise: Target) -> Result<Target, Stuck> {
        for case in cases {
            let result = self.moment.holds(&case.when);
            let (result, shown) = match result {
                Ok(truth) => (Ok(truth), (if truth { "true" } else { "false" }).to_owned()),
                Err(EvalError::ScoreUnavailable(name)) if self.unsure(&name) => (
                    Ok(false),
                    format!("score `{name}` is unavailable: counts as false, a person looks at what follows"),
                ),
                Err(error) => {
                    let shown = error.to_string();
                    (Err(error), shown)
                }
            };
            if self.full {
                self.say(format!("{step}/{}", case.id), Some(&case.when), shown);
            }
            if result? {
                return Ok(case.then);
            }
        }
        if self.full {
            self.say(format!("{step}/else"), None, "taken".into());
        }
        Ok(otherwise)
    }

    /// Whether the workflow wants a person to look where this score is unavailable; the run remembers it.
    fn unsure(&mut self, score: &str) -> bool {
        let def = self.workflow.scores.iter().find(|def| def.name == score);
        let Some(IfUnavailable::Review(role)) = def.map(|def| &def.if_unavailable) else { return false };
        self.run.unsure = Some((score.to_owned(), role.clone()));
        true
    }

    fn stuck(&self, step: &str, stuck: Stuck, before: &RunStatus) -> End {
        let at = self.moment.at;
        let (reason, detail) = match stuck {
            Stuck::Score(name) => {
                let def = self.workflow.scores.iter().find(|def| def.name == name);
                if def.is_some_and(|def| def.if_unavailable == IfUnavailable::Skip) {
                    let left = RunStatus::Left { reason: "score_unavailable".into() };
                    return End { status: left, what: format!("left: score {name} unavailable"), quiet: false };
                }
                ("score_unavailable", format!("score {name} unavailable"))
            }
            Stuck::Failed(reason, why) => (reason, why),
            Stuck::Need => ("score_unavailable", "a score is needed that nobody named".into()),
        };
        let (since, again) = match before {
            RunStatus::Held { step: old, reason: why, since, .. } if old == step && why == reason => (*since, true),
            _ => (at, false),
        };
        if at - since >= HELD_AT_MOST {
            let status = RunStatus::Left { reason: reason.into() };
            return End { status, what: format!("left: held for {HELD_AT_MOST} ({detail})"), quiet: false };
        }
        let status = RunStatus::Held { step: step.into(), reason: reason.into(), since, retry_at: at + RETRY_EVERY };
        End { status, what: format!("held: {reason} ({detail})"), quiet: again }
    }
}
