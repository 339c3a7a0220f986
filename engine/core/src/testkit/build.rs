//! Short ways to write times, expressions, steps, workflows, schemas and events.

use crate::action::Channel;
use crate::event::Event;
use crate::expr::{Expr, Root};
use crate::feature::{FactDef, FeatureDef, FeatureKind, Over, Window};
use crate::policy::{Live, Stage, StageLimits, StageState};
use crate::schema::{Field, FieldKind, Schema};
use crate::score::{Band, IfUnavailable, ScoreDef, ScoreFailure, Scored};
use crate::time::{Span, Time};
use crate::value::Value;
use crate::workflow::{Act, Case, EventMatch, Goal, IfExpired, Node, NodeKind, ReviewGate, Start, Target, Workflow};
use std::collections::BTreeMap;

/// Monday, ten o'clock UTC; the zero of [`at`].
pub const START: Time = Time(1_772_445_600_000_000);

/// An instant this long after [`START`]; `-2d` lies before it.
pub fn at(offset: &str) -> Time {
    match offset.strip_prefix('-') {
        Some(back) => START - span(back),
        None => START + span(offset),
    }
}

pub fn span(text: &str) -> Span {
    Span::parse(text).expect("a span")
}

pub fn expr(source: &str) -> Expr {
    Expr::new(source)
}

pub fn on(kind: &str) -> EventMatch {
    EventMatch { events: vec![kind.into()], filter: None, of: None }
}

pub fn on_where(kind: &str, filter: &str) -> EventMatch {
    EventMatch { filter: Some(expr(filter)), ..on(kind) }
}

/// The step of this index; `END` is behind the last.
pub fn to(index: usize) -> Target {
    if index == END { Target::End } else { Target::Node(index) }
}

pub const END: usize = usize::MAX;

pub fn act(channel: Channel, id: &str, next: usize) -> Node {
    let act = Act {
        channel,
        template: Some(id.into()),
        connector: None,
        assignee: None,
        round_robin: vec![],
        fields: BTreeMap::new(),
        title: Some(id.into()),
        due: None,
        expires: span("7d"),
    };
    Node { id: id.into(), kind: NodeKind::Act(act), next: to(next) }
}

pub fn email(id: &str, next: usize) -> Node {
    act(Channel::Email, id, next)
}

pub fn wait_for(id: &str, length: &str, next: usize) -> Node {
    Node { id: id.into(), kind: NodeKind::WaitFor { span: span(length) }, next: to(next) }
}

pub fn wait_event(id: &str, event: EventMatch, up_to: &str, seen: usize, not: usize) -> Node {
    let kind = NodeKind::WaitEvent { event, up_to: span(up_to), if_seen: to(seen), if_not: to(not) };
    Node { id: id.into(), kind, next: to(not) }
}

pub fn choose(id: &str, cases: &[(&str, &str, usize)], otherwise: usize) -> Node {
    let case = |(id, when, then): &(&str, &str, usize)| Case { id: (*id).into(), when: expr(when), then: to(*then) };
    let kind = NodeKind::Choose { cases: cases.iter().map(case).collect(), otherwise: to(otherwise) };
    Node { id: id.into(), kind, next: Target::End }
}

/// A workflow `w` that starts on `go` and runs these steps.
pub fn flow(nodes: Vec<Node>) -> Workflow {
    Workflow {
        title: "A workflow".into(),
        owner: "a team".into(),
        purpose: "marketing".into(),
        start: Start { events: vec!["go".into()], schedule: None, when: None, again_after: None },
        nodes,
        first: Target::Node(0),
        ..Workflow::empty("w", "v1")
    }
}

pub fn goal(kind: &str, window: &str) -> Option<Goal> {
    Some(Goal { event: on(kind), window: span(window), value: Some(expr("event.total ?? 0")) })
}

/// A score `risk` of plugin `p` that sees `inputs`, with the band `high` from 0.8.
pub fn score(inputs: &[(Root, &str)], if_unavailable: IfUnavailable) -> ScoreDef {
    ScoreDef {
        name: "risk".into(),
        plugin: "p".into(),
        inputs: inputs.iter().map(|(root, name)| (*root, (*name).to_owned())).collect(),
        if_unavailable,
        kind: crate::score::ScoreKind::Scalar,
        bands: vec![Band { name: "low".into(), from: 0.0 }, Band { name: "high".into(), from: 0.8 }],
    }
}

pub fn scored(value: f64) -> Result<Scored, ScoreFailure> {
    Ok(Scored::scalar(value, "d1"))
}

pub fn failed() -> Result<Scored, ScoreFailure> {
    Err(ScoreFailure::new("ST3004", "it trapped"))
}

pub fn window(from: &str, to: &str) -> Window {
    Window { from: span(from), to: span(to) }
}

/// Adds the feature `name`: how many `kind` events (or the sum of their `of`) lie in a window.
pub fn add_feature(flow: &mut Workflow, name: &str, kind: &str, of: Option<&str>, filter: Option<&str>, over: Window) {
    let def = FactDef::new(vec![kind.into()], filter.map(expr), of.map(str::to_owned), over.from, Over::Contact);
    let fact = def.key;
    flow.facts.push(def);
    let kind = match of {
        None => FeatureKind::Count { fact, window: over },
        Some(_) => FeatureKind::Sum { fact, window: over },
    };
    flow.features.push(FeatureDef { name: name.into(), kind });
}

pub fn gate(id: &str, when: Option<&str>) -> ReviewGate {
    ReviewGate {
        id: id.into(),
        when: when.map(expr),
        channels: vec![],
        sample: None,
        by: "marketing".into(),
        expires: span("3d"),
        if_expired: IfExpired::Reject,
    }
}

/// Contacts: `plan` text, `zone`, `email` and `name` personal. Events: `order.paid` with `total` and personal `note`.
pub fn schema() -> Schema {
    let text = || Field::of(FieldKind::Text { one_of: vec![] });
    let personal = |field: Field| Field { personal: true, optional: true, ..field };
    let optional = |kind| Field { optional: true, ..Field::of(kind) };
    let contact = BTreeMap::from([
        ("plan".to_owned(), text()),
        ("zone".to_owned(), Field::of(FieldKind::Zone)),
        ("email".to_owned(), personal(Field::of(FieldKind::Email))),
        ("name".to_owned(), personal(text())),
        ("age".to_owned(), personal(Field::of(FieldKind::Number))),
    ]);
    let order =
        BTreeMap::from([("total".to_owned(), optional(FieldKind::Number)), ("note".to_owned(), personal(text()))]);
    let go = BTreeMap::from([("cart".to_owned(), optional(FieldKind::Text { one_of: vec![] }))]);
    let events = BTreeMap::from([("order.paid".to_owned(), order), ("go".to_owned(), go)]);
    Schema { contact, account: BTreeMap::new(), events, currency: None }
}

/// Every workflow named stands in `stage`.
pub fn live(stage: Stage) -> Live {
    let state = StageState { stage, limits: StageLimits { share: 1.0, holdout: 0.0, per_day: 1_000 } };
    Live { stages: ["w", "x", "y"].map(|name| (name.to_owned(), state.clone())).into(), kills: vec![] }
}

/// An event of contact `c`; its id is its type and time.
pub fn event(kind: &str, time: Time) -> Event {
    Event {
        id: format!("{kind}@{}", time.0),
        source: "test".into(),
        kind: kind.into(),
        time,
        contact: "c".into(),
        sequence: 0,
        fields: Default::default(),
        body: None,
        history: false,
    }
}

pub fn with(mut event: Event, name: &str, value: impl Into<Value>) -> Event {
    event.fields.insert(name.into(), value.into());
    event
}

pub fn with_body(mut event: Event, body: serde_json::Value) -> Event {
    event.body = Some(body);
    event
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Number(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.into())
    }
}
