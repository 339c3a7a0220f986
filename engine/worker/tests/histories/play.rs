//! Plays a history on today's engine: from its beginning, or from the rows that were kept at one of its steps.

use crate::form::{ActionRow, Answer, COLUMNS, ContactRow, History, Rows, Script, Step, without_columns};
use serde::Serialize;
use serde_json::Value as Json;
use staunch_channels::Templates;
use staunch_core::Time;
use staunch_core::action::Action;
use staunch_core::decide::Catalog;
use staunch_core::event::Event;
use staunch_core::ingest::{Door, read};
use staunch_core::policy::{Live, Stage, StageLimits, StageState};
use staunch_core::score::{ScoreFailure, ScoreOutcome, ScoreRequest, Scored};
use staunch_core::sim::{Happened, Happening, Parts, World};
use staunch_rules::Rules;
use staunch_worker::MessageRenderer;
use std::collections::BTreeMap;
use std::sync::Arc;

/// All that happened, and the events as they came in.
pub struct Played {
    pub steps: Vec<Step>,
    pub events: Vec<Json>,
}

/// Plays a script from its beginning.
pub fn play(catalog: &Catalog, script: &Script) -> Result<Played, String> {
    on_a_world(catalog, script, |world| go_on(world, catalog, script, 0))
}

/// Puts the rows that were kept up to a step into an empty world, and goes on with what came in after it.
pub fn resume(catalog: &Catalog, history: &History, step: usize) -> Result<Vec<Step>, String> {
    let before = &history.steps[..=step];
    let taken = before.iter().filter(|step| step.input != TIME).count();
    on_a_world(catalog, &history.script, |world| {
        put_back(world, before)?;
        go_on(world, catalog, &history.script, taken).map(|played| played.steps)
    })
}

/// What a step without an event is called.
pub const TIME: &str = "time passes";

fn on_a_world<T>(catalog: &Catalog, script: &Script, then: impl FnOnce(&mut World<'_>) -> T) -> T {
    let (rules, renderer) = (Rules::new(), MessageRenderer::new(Arc::new(Templates::parse(&BTreeMap::new()).0)));
    let answer = |request: &ScoreRequest, at: Time| answer(&script.scores, request, at);
    let parts = Parts { catalog, evaluator: &rules, renderer: &renderer, score: &answer };
    let stage = |name: &String| {
        let limits = StageLimits { share: 1.0, ..StageLimits::default() };
        script.stages.get(name).cloned().unwrap_or(StageState { stage: Stage::Full, limits })
    };
    let stages = catalog.current().iter().map(|flow| (flow.name.clone(), stage(&flow.name))).collect();
    let mut world = World::new(parts, Live { stages, kills: vec![] });
    world.decisions = Some(vec![]);
    then(&mut world)
}

fn answer(answers: &[Answer], request: &ScoreRequest, at: Time) -> ScoreOutcome {
    let mut known = answers.iter().filter(|one| one.plugin == request.plugin && time(&one.from) <= at);
    let scored = |value| Scored::scalar(value, "kept");
    match known.next_back() {
        Some(Answer { value: Some(value), .. }) => Ok(scored(*value)),
        Some(one) if !one.classes.is_empty() => Ok(Scored { classes: one.classes.clone(), ..scored(one.classes[0].1) }),
        Some(one) if !one.ranking.is_empty() => Ok(Scored { ranking: one.ranking.clone(), ..scored(1.0) }),
        _ => Err(ScoreFailure::new("kept", "no answer")),
    }
}

/// An instant of a script.
pub fn time(text: &str) -> Time {
    Time::parse(text).unwrap_or_else(|| panic!("`{text}` is no time"))
}

fn put_back(world: &mut World<'_>, before: &[Step]) -> Result<(), String> {
    let rows = || before.iter().map(|step| &step.rows);
    for (id, row) in rows().flat_map(|rows| &rows.contacts).collect::<BTreeMap<_, _>>() {
        let contact: staunch_core::contact::Contact = body(&row.state, "contacts", id)?;
        if contact.wake_at() != row.wake_at {
            return Err(format!(
                "contacts[{id}]: the kept state is due at another time than its row says: {:?}, kept {:?}",
                contact.wake_at(),
                row.wake_at
            ));
        }
        world.put(contact);
    }
    for (id, row) in rows().flat_map(|rows| &rows.accounts).collect::<BTreeMap<_, _>>() {
        world.put_account(body(row, "accounts", id)?);
    }
    for (id, row) in rows().flat_map(|rows| &rows.runs).collect::<BTreeMap<_, _>>() {
        world.put_run(body(row, "runs", id)?);
    }
    let columns: BTreeMap<&String, &ActionRow> = rows().flat_map(|rows| &rows.actions).collect();
    for planned in rows().flat_map(|rows| &rows.planned) {
        let id = planned["id"].as_str().unwrap_or_default();
        let Some(row) = columns.get(&id.to_owned()) else { return Err(format!("actions[{id}]: has no columns")) };
        let mut whole = planned.clone();
        for (name, value) in COLUMNS.iter().zip([row.state.clone(), row.reason.clone(), kept(&row.due_at)]) {
            whole[*name] = value;
        }
        world.put_action(body(&whole, "actions", id)?, row.sending_at);
    }
    Ok(())
}

fn body<T: serde::de::DeserializeOwned>(row: &Json, table: &str, id: &str) -> Result<T, String> {
    serde_json::from_value(row.clone())
        .map_err(|error| format!("{table}[{id}]: the kept row cannot be read any more: {error}"))
}

fn go_on(world: &mut World<'_>, catalog: &Catalog, script: &Script, taken: usize) -> Result<Played, String> {
    let (until, mut steps, mut events) = (time(&script.until), vec![], script.events[..taken].to_vec());
    let mut camera = Camera::default();
    camera.look(world);
    for raw in &script.events[taken..] {
        let at = time(raw["time"].as_str().unwrap_or_default());
        while let Some(due) = world.next_due().filter(|due| *due < at) {
            world.run_to(due);
            steps.push(camera.step(world, due, TIME));
        }
        let raw = with_action(world, raw);
        let event = event(catalog, &raw, at)?;
        let kind = event.kind.clone();
        world.event(event).map_err(|why| format!("the {kind} of {at} is refused: {why}"))?;
        steps.push(camera.step(world, at, &kind));
        events.push(raw);
    }
    while let Some(due) = world.next_due().filter(|due| *due <= until) {
        world.run_to(due);
        steps.push(camera.step(world, due, TIME));
    }
    Ok(Played { steps, events })
}

fn event(catalog: &Catalog, raw: &Json, at: Time) -> Result<Event, String> {
    let door = Door { schema: &catalog.workspace.schema, now: at, history: false };
    read(raw.to_string().as_bytes(), &BTreeMap::new(), &door)
        .map_err(|refusal| format!("the event {raw} is not taken any more: {} {}", refusal.code, refusal.message))
}

/// What comes from outside holds the id that an action went with.
fn with_action(world: &World<'_>, raw: &Json) -> Json {
    let mut raw = raw.clone();
    if let Some(step) = raw["data"]["of"].as_str() {
        let made = world.actions.iter().rev().find(|action| action.step == step && raw["contact"] == *action.contact);
        let id = made.unwrap_or_else(|| panic!("no action of `{step}` before {raw}")).id.clone();
        raw["data"] = serde_json::json!({ "action_id": id });
    }
    raw
}

/// Sees what a step changed.
#[derive(Default)]
struct Camera {
    rows: Rows,
    decisions: usize,
    log: usize,
    actions: usize,
}

impl Camera {
    fn look(&mut self, world: &World<'_>) {
        self.rows = rows(world);
        self.actions = world.actions.len();
    }

    fn step(&mut self, world: &World<'_>, at: Time, input: &str) -> Step {
        let decisions = world.decisions.as_deref().unwrap_or_default();
        let new = rows(world);
        let step = Step {
            at: at.to_string(),
            input: input.to_owned(),
            decisions: decisions[self.decisions..].iter().map(kept).collect(),
            happened: world.log[self.log..].iter().map(words).collect(),
            rows: Rows {
                contacts: changed(&self.rows.contacts, &new.contacts),
                accounts: changed(&self.rows.accounts, &new.accounts),
                runs: changed(&self.rows.runs, &new.runs),
                actions: changed(&self.rows.actions, &new.actions),
                planned: world.actions[self.actions..].iter().map(|action| without_columns(kept(action))).collect(),
            },
        };
        (self.decisions, self.log, self.actions) = (decisions.len(), world.log.len(), world.actions.len());
        self.rows = new;
        step
    }
}

/// The value that the store writes as text.
fn kept(value: &impl Serialize) -> Json {
    serde_json::to_value(value).expect("what the store writes can be written")
}

fn rows(world: &World<'_>) -> Rows {
    let contact = |(id, contact): (&String, &staunch_core::contact::Contact)| {
        (id.clone(), ContactRow { state: kept(contact), wake_at: contact.wake_at() })
    };
    let action = |(index, action): (usize, &Action)| {
        let (state, reason) = (kept(&action.state), kept(&action.reason));
        let sending_at = world.sent_at(index);
        (action.id.clone(), ActionRow { state, reason, due_at: action.due_at, sending_at })
    };
    Rows {
        contacts: world.contacts().iter().map(|(id, one)| contact((id, one))).collect(),
        accounts: world.accounts().iter().map(|(id, account)| (id.clone(), kept(account))).collect(),
        runs: world.runs.iter().map(|(id, run)| (id.clone(), kept(&**run))).collect(),
        actions: world.actions.iter().enumerate().map(action).collect(),
        planned: vec![],
    }
}

fn changed<T: Clone + PartialEq>(old: &BTreeMap<String, T>, new: &BTreeMap<String, T>) -> BTreeMap<String, T> {
    let other = |(id, row): &(&String, &T)| old.get(*id) != Some(*row);
    new.iter().filter(other).map(|(id, row)| (id.clone(), row.clone())).collect()
}

fn words(one: &Happening) -> String {
    let what = match one.what {
        Happened::Sent => "sent".to_owned(),
        Happened::Review => "waits for a person".to_owned(),
        Happened::Withheld { reason } => format!("withheld: {}", reason.word()),
        Happened::Held { reason, until: None } => format!("held: {}", reason.word()),
        Happened::Held { reason, until: Some(until) } => format!("held until {until}: {}", reason.word()),
    };
    format!("{} {what}", one.step)
}
