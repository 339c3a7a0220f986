//! One case on virtual time: everything it says, and the defaults of everything it does not say.

use crate::load::Project;
use crate::playback::{asks, core_workspace};
use staunch_core::account::Account;
use staunch_core::action::{Action, action_id};
use staunch_core::contact::{Consent, Contact};
use staunch_core::decide::Catalog;
use staunch_core::event::Event;
use staunch_core::map::Map;
use staunch_core::policy::{Live, StageLimits, StageState};
use staunch_core::receipt::Decision;
use staunch_core::score::{Band, ScoreFailure, ScoreKind, ScoreOutcome, ScoreRequest, Scored};
use staunch_core::sim::{Happening, Parts, Stop, Turn, World};
use staunch_core::workflow::Workflow;
use staunch_core::{Span, Time, codes};
use staunch_rules::Rules;
use staunch_worker::MessageRenderer;
use staunch_workflow::{GivenScore, Happens, TestCase, TestEvent};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How long after its last event or expectation a case goes on, to see what else happens.
const AFTERWARDS: Span = Span::days(400);

/// Something that does not work, for a drill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The score of this name is unavailable.
    Score(String),
    /// This channel or connector does not answer.
    Way(String),
}

/// All that happened in a case.
#[derive(Debug, Default)]
pub struct Story {
    /// What became of steps, in order.
    pub log: Vec<Happening>,
    /// What happened to runs: (when, contact, workflow, what).
    pub turns: Vec<(Time, String, String, Turn)>,
    /// Receipts.
    pub decisions: Vec<Decision>,
    /// Guards that stood in the way.
    pub stops: BTreeSet<Stop>,
    /// All actions.
    pub actions: Vec<Action>,
    /// When schedules ticked for whom.
    pub ticks: Vec<(Time, String)>,
    /// What could not be played at all.
    pub refused: Vec<String>,
    /// The contact of the case, and the ids that turned out to be the same person.
    pub own: BTreeSet<String>,
    /// Scores that were asked for and that the case does not give.
    pub missing: BTreeSet<String>,
}

/// Plays a case, with one thing broken where a drill wants that.
pub fn play(project: &Project, workflow: &Workflow, case: &TestCase, fault: Option<&Fault>) -> Story {
    let mut workspace = core_workspace(project);
    // A test says on which side of every experiment its contact is.
    workspace.policy.global_holdout = 0.0;
    let catalog = Catalog::new(workspace, vec![Arc::new(certain(workflow, case))], vec![]);
    let missing = RefCell::new(BTreeSet::new());
    let score = |request: &ScoreRequest, _: Time| given(workflow, case, fault, request, &missing);
    let (rules, renderer) = (Rules::new(), MessageRenderer::new(Arc::clone(&project.templates)));
    let parts = Parts { catalog: &catalog, evaluator: &rules, renderer: &renderer, score: &score };
    let limits = StageLimits { share: 1.0, ..StageLimits::default() };
    let stage = StageState { stage: case.stage, limits };
    let live = Live { stages: [(workflow.name.clone(), stage)].into(), kills: vec![] };
    let mut world = World::new(parts, live);
    world.decisions = Some(Vec::new());
    world.force(|catalog| catalog.with_arm(case.arm).with_splits(case.splits.clone()).without_ticks());
    if let Some(Fault::Way(name)) = fault {
        world.down.insert(name.clone());
    }
    let mut story = Story { own: own(case), ..Story::default() };
    people(&mut world, project, case, &story.own);
    perform(&mut world, project, workflow, case, &mut story);
    story.log = std::mem::take(&mut world.log);
    story.turns = std::mem::take(&mut world.turns);
    story.stops = std::mem::take(&mut world.stops);
    story.actions = std::mem::take(&mut world.actions);
    story.decisions = world.decisions.take().unwrap_or_default();
    drop(world);
    story.missing = missing.into_inner();
    story
}

/// In a test bands are certain and nothing is sampled, unless the case says otherwise.
fn certain(workflow: &Workflow, case: &TestCase) -> Workflow {
    let mut workflow = workflow.clone();
    for score in &mut workflow.scores {
        match case.bands.get(&score.name) {
            Some(band) => score.bands = vec![Band { name: band.clone(), from: f64::MIN }],
            None => score.bands.retain(|band| band.name != "uncertain"),
        }
        // Where the lowest band was the uncertain one, the next takes its place.
        if let Some(lowest) = score.bands.first_mut() {
            lowest.from = f64::MIN;
        }
    }
    workflow.reviews.retain(|gate| gate.sample.is_none() || case.sample);
    workflow.reviews.iter_mut().for_each(|gate| gate.sample = None);
    workflow
}

fn given(
    workflow: &Workflow,
    case: &TestCase,
    fault: Option<&Fault>,
    request: &ScoreRequest,
    missing: &RefCell<BTreeSet<String>>,
) -> ScoreOutcome {
    let fails = |code: &str, message: String| Err(ScoreFailure::new(code, message));
    let asked: Vec<_> = workflow.scores.iter().filter(|def| asks(def, request)).collect();
    // Two scores may ask the same plugin for the same row; the first that the case gives counts.
    let found = asked.iter().find_map(|def| Some((*def, case.scores.get(&def.name)?)));
    if let Some(Fault::Score(name)) = fault
        && asked.iter().any(|def| def.name == *name)
    {
        return fails("drill", "down in this drill".to_owned());
    }
    match found {
        Some((_, GivenScore::Value(value))) => Ok(Scored::scalar(*value, "given by the test")),
        Some((def, GivenScore::Class { label, p })) => Ok(classes(&def.kind, label, *p)),
        Some((_, GivenScore::Ranking(items))) => {
            Ok(Scored { ranking: items.clone(), ..Scored::scalar(1.0, "given by the test") })
        }
        Some((_, GivenScore::Fails)) => fails("test", "the test lets it fail".to_owned()),
        None => {
            missing.borrow_mut().extend(asked.iter().map(|def| def.name.clone()));
            fails(codes::CLI_UNKNOWN, format!("the test gives no score for plugin `{}`", request.plugin))
        }
    }
}

/// One class with its share; the others share the rest.
fn classes(kind: &ScoreKind, label: &str, p: f64) -> Scored {
    let mut all = vec![(label.to_owned(), p)];
    if let ScoreKind::Classes(labels) = kind {
        let others: Vec<&String> = labels.iter().filter(|other| *other != label).collect();
        let rest = (1.0 - p) / others.len().max(1) as f64;
        all.extend(others.into_iter().map(|other| (other.clone(), rest)));
    }
    all.sort_by(|one, two| two.1.total_cmp(&one.1));
    Scored { classes: all, ..Scored::scalar(p, "given by the test") }
}

/// The contact of the case and every id that one of its events makes the same person.
fn own(case: &TestCase) -> BTreeSet<String> {
    let alias = |event: &TestEvent| match &event.what {
        Happens::Event { body: Some(body), .. } => body.get("alias")?.as_str().map(str::to_owned),
        _ => None,
    };
    let about = |event: &&TestEvent| event.contact.as_ref().is_none_or(|one| *one == case.contact);
    let mut own: BTreeSet<String> = case.events.iter().filter(about).filter_map(alias).collect();
    own.insert(case.contact.clone());
    own
}

/// The contact as given, and whoever else the events name: with consent, and colleagues where an account is given.
fn people(world: &mut World<'_>, project: &Project, case: &TestCase, own: &BTreeSet<String>) {
    let consent: Map<String, Consent> = project
        .workspace
        .purposes
        .iter()
        .map(|purpose| {
            let granted = case.consent.get(purpose).copied().unwrap_or(true);
            (purpose.clone(), Consent { granted, at: LONG_AGO })
        })
        .collect();
    let others = case.events.iter().filter_map(|event| event.contact.as_ref());
    let ids: BTreeSet<&String> = others.chain([&case.contact]).collect();
    for id in ids {
        let mut contact = Contact { consent: consent.clone(), ..Contact::new(id) };
        if *id == case.contact {
            contact.fields = case.fields.clone();
        }
        if *id == case.contact || !own.contains(id) {
            contact.account = case.account.as_ref().map(|account| (account.id.clone(), (LONG_AGO, 0, String::new())));
        }
        world.put(contact);
    }
    if let Some(account) = &case.account {
        world.put_account(Account { fields: account.fields.clone(), ..Account::new(&account.id) });
    }
}

const LONG_AGO: Time = Time(i64::MIN / 2);

fn perform(world: &mut World<'_>, project: &Project, workflow: &Workflow, case: &TestCase, story: &mut Story) {
    let mut events: Vec<(usize, &TestEvent)> = case.events.iter().enumerate().collect();
    events.sort_by_key(|(_, event)| event.at);
    let mut last = case.now;
    for (index, given) in events {
        let time = case.now + given.at;
        last = last.max(time);
        // What is due before this moment happens first: an outcome is about an action that is there by then.
        world.run_to(time - Span(1));
        let contact = given.contact.clone().unwrap_or_else(|| case.contact.clone());
        let Happens::Event { kind, fields, body, of } = &given.what else {
            story.ticks.push((time, contact.clone()));
            world.tick(&contact, &workflow.name, time);
            continue;
        };
        let mut body = body.clone();
        if let Some(step) = of {
            let id = about(world, project, workflow, &contact, step);
            if id.is_none() {
                let (at, line) = (given.at, given.line);
                story.refused.push(format!(
                    "the {kind} of line {line} is about the action of `{step}`, and there was none by {at}"
                ));
            }
            body.get_or_insert_default().insert("action_id".into(), id.unwrap_or_default().into());
        }
        let event = Event {
            id: format!("test-{index}"),
            source: "test".into(),
            kind: kind.clone(),
            time,
            contact,
            sequence: i64::try_from(index).unwrap_or(0),
            fields: fields.clone(),
            body: body.map(serde_json::Value::Object),
            history: false,
        };
        if let Err(why) = world.event(event) {
            story.refused.push(format!("the {kind} of line {} was refused: {why}", given.line));
        }
    }
    let expected = case.expect.iter().filter_map(|one| Some(case.now + one.at?)).max().unwrap_or(last);
    world.run_to(last.max(expected) + AFTERWARDS);
}

/// The id of the last action that a step made for a contact.
fn about(world: &World<'_>, project: &Project, workflow: &Workflow, contact: &str, step: &str) -> Option<String> {
    let made = |action: &&Action| action.step == step && action.contact == contact && action.workflow == workflow.name;
    let action = world.actions.iter().rev().find(made)?;
    Some(action_id(&project.workspace.name, &workflow.name, &action.run, step))
}
