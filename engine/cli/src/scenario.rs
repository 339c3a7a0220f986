//! Runs test files: the real core on virtual time, nothing outside. Says what happened instead where it differs.

use crate::load::Project;
use staunch_core::action::ReasonCode;
use staunch_core::contact::{Consent, Contact};
use staunch_core::decide::{Catalog, Workspace};
use staunch_core::event::Event;
use staunch_core::policy::{Live, StageLimits, StageState};
use staunch_core::score::{ScoreFailure, ScoreOutcome, ScoreRequest, Scored};
use staunch_core::sim::{Happened, Happening, Parts, World};
use staunch_core::workflow::Workflow;
use staunch_core::{Span, Time, codes};
use staunch_rules::Rules;
use staunch_worker::MessageRenderer;
use staunch_workflow::{Expectation, Expected, GivenScore, Happens, TestCase, TestFile};
use std::sync::Arc;

/// How long after its last event or expectation a case goes on, to see what else happens.
const AFTERWARDS: Span = Span::days(400);

/// The result of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// `file:line name`.
    pub place: String,
    /// What differs; empty = passed.
    pub differences: Vec<String>,
    /// What happened, on a time line.
    pub timeline: Vec<String>,
}

/// Runs all cases of a test file.
pub fn run(project: &Project, renderer: &MessageRenderer, file: &TestFile) -> Vec<Verdict> {
    file.cases.iter().map(|case| run_case(project, renderer, file, case)).collect()
}

fn run_case(project: &Project, renderer: &MessageRenderer, file: &TestFile, case: &TestCase) -> Verdict {
    let place = format!("{}:{} {}", file.file, case.line, case.name);
    let Some(workflow) = project.workflows.iter().find(|one| one.name == file.workflow) else {
        let missing = format!("there is no workflow `{}`", file.workflow);
        return Verdict { place, differences: vec![missing], timeline: vec![] };
    };
    let workspace = &project.workspace;
    let mut policy = workspace.policy.clone();
    // A test says on which side of every experiment its contact is.
    policy.global_holdout = 0.0;
    let core =
        Workspace { name: workspace.name.clone(), schema: workspace.schema.clone(), policy, ..Workspace::default() };
    let catalog = Catalog::new(core, vec![Arc::new(certain(workflow))], vec![]);
    let score = |request: &ScoreRequest, _: Time| given(workflow, case, request);
    let rules = Rules::new();
    let parts = Parts { catalog: &catalog, evaluator: &rules, renderer, score: &score };
    let stage = StageState { stage: case.stage, limits: StageLimits { share: 1.0, ..StageLimits::default() } };
    let live = Live { stages: [(workflow.name.clone(), stage)].into(), kills: vec![] };
    let mut world = World::new(parts, live);
    world.force(|catalog| catalog.with_arm(case.arm).without_ticks());
    world.put(contact(case, workspace.purposes.as_slice()));
    let mut differences = play(&mut world, &workflow.name, case);
    differences.extend(compare(case, &world.log));
    let timeline = world.log.iter().map(|one| line(one, case.now)).collect();
    Verdict { place, differences, timeline }
}

/// In a test bands are certain and nothing is sampled, unless a case says otherwise.
fn certain(workflow: &Workflow) -> Workflow {
    let mut workflow = workflow.clone();
    for score in &mut workflow.scores {
        score.bands.retain(|band| band.name != "uncertain");
    }
    workflow.reviews.retain(|gate| gate.sample.is_none());
    workflow
}

fn given(workflow: &Workflow, case: &TestCase, request: &ScoreRequest) -> ScoreOutcome {
    let score = workflow.scores.iter().find(|def| def.plugin == request.plugin && matches(def, request));
    match score.and_then(|def| case.scores.get(&def.name)) {
        Some(GivenScore::Value(value)) => Ok(Scored::scalar(*value, "given by the test")),
        Some(GivenScore::Class { label, p }) => {
            let classes = vec![(label.clone(), *p)];
            Ok(Scored { classes, ..Scored::scalar(*p, "given by the test") })
        }
        Some(GivenScore::Ranking(items)) => {
            Ok(Scored { ranking: items.clone(), ..Scored::scalar(1.0, "given by the test") })
        }
        Some(GivenScore::Fails) => Err(ScoreFailure { code: "test".into(), message: "the test lets it fail".into() }),
        None => {
            let message = format!("the test gives no score for plugin `{}`", request.plugin);
            Err(ScoreFailure { code: codes::CLI_UNKNOWN.into(), message })
        }
    }
}

fn matches(def: &staunch_core::score::ScoreDef, request: &ScoreRequest) -> bool {
    def.inputs.iter().map(|(_, name)| name).eq(request.inputs.iter().map(|(name, _)| name))
}

fn contact(case: &TestCase, purposes: &[String]) -> Contact {
    let mut contact = Contact::new(&case.contact);
    contact.fields = case.fields.clone();
    let consent = Consent { granted: true, at: Time(i64::MIN / 2) };
    contact.consent = purposes.iter().map(|purpose| (purpose.clone(), consent)).collect();
    contact
}

fn play(world: &mut World<'_>, workflow: &str, case: &TestCase) -> Vec<String> {
    let mut differences = Vec::new();
    let mut events: Vec<_> = case.events.iter().enumerate().collect();
    events.sort_by_key(|(_, event)| event.at);
    let mut last = case.now;
    for (index, event) in events {
        let time = case.now + event.at;
        last = last.max(time);
        let contact = event.contact.as_ref().unwrap_or(&case.contact).clone();
        let Happens::Event { kind, fields, body, .. } = &event.what else {
            world.tick(&contact, workflow, time);
            continue;
        };
        let event = Event {
            id: format!("test-{index}"),
            source: "test".into(),
            kind: kind.clone(),
            time,
            contact,
            sequence: i64::try_from(index).unwrap_or(0),
            fields: fields.clone(),
            body: body.clone().map(serde_json::Value::Object),
            history: false,
        };
        if let Err(why) = world.event(event) {
            differences.push(format!("an event was refused: {why}"));
        }
    }
    let expected = case.expect.iter().filter_map(|one| Some(case.now + one.at?)).max().unwrap_or(last);
    world.run_to(last.max(expected) + AFTERWARDS);
    differences
}

fn compare(case: &TestCase, log: &[Happening]) -> Vec<String> {
    let mut left: Vec<&Happening> = log.iter().collect();
    let mut differences = Vec::new();
    for expectation in &case.expect {
        match left.iter().position(|one| fits(expectation, one, case.now)) {
            Some(at) => drop(left.remove(at)),
            None => differences.push(format!("expected {}, which did not happen", wanted(expectation))),
        }
    }
    if case.nothing_else {
        differences.extend(left.iter().map(|one| format!("happened and was not expected: {}", line(one, case.now))));
    }
    differences
}

fn fits(expectation: &Expectation, one: &Happening, now: Time) -> bool {
    let fits = |wanted: &Option<ReasonCode>, reason: ReasonCode| wanted.is_none_or(|wanted| wanted == reason);
    let step = match (&expectation.what, one.what) {
        (Expected::Sent(step) | Expected::Done(step), Happened::Sent) | (Expected::Review(step), Happened::Review) => {
            step
        }
        (Expected::Held { step, because, until: wanted }, Happened::Held { reason, until })
            if fits(because, reason) && (wanted.is_none() || *wanted == until) =>
        {
            step
        }
        (Expected::Withheld { step, because }, Happened::Withheld { reason }) if fits(because, reason) => step,
        _ => return false,
    };
    one.step == *step && expectation.at.is_some_and(|at| one.at == now + at)
}

fn wanted(expectation: &Expectation) -> String {
    let because =
        |reason: &Option<ReasonCode>| reason.map_or_else(String::new, |reason| format!(" because {}", reason.word()));
    let what = match &expectation.what {
        Expected::Sent(step) => format!("sent {step}"),
        Expected::Held { step, because: reason, until } => {
            let until = until.map_or_else(String::new, |until| format!(" until {until}"));
            format!("held {step}{}{until}", because(reason))
        }
        Expected::Withheld { step, because: reason } => format!("withheld {step}{}", because(reason)),
        Expected::Review(step) => format!("review {step}"),
        Expected::Done(step) => format!("done {step}"),
        Expected::Left(why) => format!("left {why}"),
        Expected::Goal => "goal reached".to_owned(),
        Expected::NotStarted(why) => format!("not_started {}", why.word()),
        Expected::Never(step) => format!("never {step}"),
    };
    let at = expectation.at.map_or_else(String::new, |at| format!("{at} "));
    format!("{at}{what} (line {})", expectation.line)
}

fn line(one: &Happening, now: Time) -> String {
    let what = match one.what {
        Happened::Sent => "sent".to_owned(),
        Happened::Review => "review".to_owned(),
        Happened::Withheld { reason } => format!("withheld ({})", reason.word()),
        Happened::Held { reason, until } => {
            let until = until.map_or_else(String::new, |until| format!(" until {until}"));
            format!("held ({}{until})", reason.word())
        }
    };
    format!("{:>10}  {} {what}", (one.at - now).to_string(), one.step)
}
