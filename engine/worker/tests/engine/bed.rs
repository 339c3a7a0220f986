//! A workspace in a SQLite file, with its queue, an evaluator of `root.name >= number`, and short ways to write things.

use staunch_broker::{Broker, EmbeddedBroker, Message};
use staunch_channels::{Channels, Nudges, TaskList};
use staunch_core::action::Channel;
use staunch_core::decide::{Email, Renderer, Workspace};
use staunch_core::expr::{EvalError, Evaluator, Expr, Root, Scope};
use staunch_core::feature::{FactDef, FeatureDef, FeatureKind, Over, Window};
use staunch_core::policy::{Stage, StageLimits, StageState};
use staunch_core::schema::{Field, FieldKind, Schema};
use staunch_core::value::Value;
use staunch_core::workflow::{Act, Node, NodeKind, Start, Target, Workflow};
use staunch_core::{Span, Time};
use staunch_scoring::StaticScorer;
use staunch_store::{SqliteStore, Store};
use staunch_worker::{Content, Engine, Metrics, Parts, VirtualClock};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Monday, ten o'clock UTC.
pub const NOW: Time = Time(1_772_445_600_000_000);

/// So many minutes later.
pub fn minutes(n: i64) -> Time {
    NOW + Span::seconds(60 * n)
}

/// A database that outlives its engines.
pub struct Bed {
    pub store: Arc<SqliteStore>,
    pub workspace: Workspace,
    dir: tempfile::TempDir,
}

impl Bed {
    pub async fn new(flows: &[Workflow]) -> Bed {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(dir.path().join("staunch.db")).await.unwrap());
        store.publish(flows, NOW).await.unwrap();
        for flow in flows {
            let limits = StageLimits { share: 1.0, holdout: 0.0, per_day: 1_000 };
            store.set_stage(&flow.name, &StageState { stage: Stage::Full, limits }, "ann", NOW).await.unwrap();
        }
        let workspace = Workspace { name: "test".into(), schema: schema(), zone: "UTC".into(), ..Workspace::default() };
        Bed { store, workspace, dir }
    }

    /// A worker on this database, as a process of its own would have it.
    pub async fn engine(&self) -> Arc<Engine> {
        let broker = Arc::new(EmbeddedBroker::new(self.store.clone(), Arc::new(|| NOW)));
        self.engine_of("w1", broker, Arc::new(Tiny)).await
    }

    /// A worker with a queue and an evaluator of its own.
    pub async fn engine_of(&self, name: &str, broker: Arc<dyn Broker>, evaluator: Arc<dyn Evaluator>) -> Arc<Engine> {
        let mut channels = Channels::default();
        channels.add(Nudges).unwrap();
        channels.add(TaskList::default()).unwrap();
        let parts = Parts {
            store: self.store.clone(),
            broker,
            evaluator,
            channels,
            metrics: Metrics::new().unwrap(),
            name: name.into(),
            parked: self.dir.path().join("parked"),
        };
        Engine::open(parts, self.content()).await.unwrap()
    }

    /// The folder of its files.
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// What the files of the workspace say beside its workflows.
    pub fn content(&self) -> Content {
        let (scorer, renderer) = (Arc::new(StaticScorer::new()), Arc::new(Plain));
        Content { workspace: self.workspace.clone(), scorer, renderer }
    }

    /// Handles everything in the queue, `max` messages at a time.
    pub async fn drain(&self, engine: &Arc<Engine>, max: usize, now: Time) -> usize {
        let clock = VirtualClock::default();
        clock.set(now);
        let mut decided = 0;
        loop {
            let handled = engine.ingest(0, max, Duration::from_millis(20), &clock).await.unwrap();
            if handled.taken == 0 {
                return decided;
            }
            assert_eq!(handled.parked, 0);
            decided += handled.decided;
        }
    }
}

fn schema() -> Schema {
    let text = || Field { optional: true, ..Field::of(FieldKind::Text { one_of: vec![] }) };
    let contact = BTreeMap::from([("country".to_owned(), text()), ("plan".to_owned(), text())]);
    let account = BTreeMap::from([("plan".to_owned(), text())]);
    let events = BTreeMap::from([("go".to_owned(), BTreeMap::new()), ("order.paid".to_owned(), BTreeMap::new())]);
    Schema { contact, account, events, currency: None }
}

/// An event as a message; its id is its name.
pub fn event(id: &str, kind: &str, contact: &str, at: Time, data: serde_json::Value) -> Message {
    let event = serde_json::json!({
        "specversion": "1.0", "id": id, "source": "test", "type": kind, "subject": contact, "time": at.to_string(),
        "data": data,
    });
    Message::json(event.to_string())
}

/// An event without data.
pub fn plain(id: &str, kind: &str, contact: &str, at: Time) -> Message {
    event(id, kind, contact, at, serde_json::json!({}))
}

/// Says that a contact has another id.
pub fn alias(id: &str, contact: &str, other: &str, at: Time) -> Message {
    event(id, "contact.aliased", contact, at, serde_json::json!({ "alias": other }))
}

pub fn act(channel: Channel, id: &str, next: Target) -> Node {
    let act = Act {
        channel,
        template: Some(id.into()),
        connector: None,
        assignee: None,
        round_robin: vec![],
        fields: BTreeMap::new(),
        title: Some(id.into()),
        due: None,
        expires: Span::days(7),
    };
    Node { id: id.into(), kind: NodeKind::Act(act), next }
}

pub fn wait(id: &str, span: Span, next: Target) -> Node {
    Node { id: id.into(), kind: NodeKind::WaitFor { span }, next }
}

/// A workflow that starts on `go`, counts orders in thirty days as `orders`, and runs these steps.
pub fn flow(name: &str, version: &str, nodes: Vec<Node>) -> Workflow {
    let mut flow = Workflow {
        title: name.into(),
        owner: "ann".into(),
        purpose: "news".into(),
        start: Start { events: vec!["go".into()], schedule: None, when: None, again_after: None },
        nodes,
        first: Target::Node(0),
        ..Workflow::empty(name, version)
    };
    count_orders(&mut flow, "orders", Over::Contact);
    flow
}

/// Adds a count of `order.paid` in thirty days.
pub fn count_orders(flow: &mut Workflow, name: &str, over: Over) {
    let window = Window { from: Span::days(30), to: Span(0) };
    let fact = FactDef::new(vec!["order.paid".into()], None, None, window.from, over);
    flow.features.push(FeatureDef { name: name.into(), kind: FeatureKind::Count { fact: fact.key, window } });
    flow.facts.push(fact);
}

pub fn expr(source: &str) -> Expr {
    Expr::new(source)
}

/// Knows `root.name >= number` and `true`.
struct Tiny;

impl Evaluator for Tiny {
    fn eval(&self, expr: &Expr, scope: &dyn Scope) -> Result<Value, EvalError> {
        if &*expr.source == "true" {
            return Ok(Value::Bool(true));
        }
        let failed = || EvalError::Failed(format!("`{}` is none of ours", expr.source));
        let (name, least) = expr.source.split_once(" >= ").ok_or_else(failed)?;
        let (root, name) = name.split_once('.').ok_or_else(failed)?;
        let value = scope.get(Root::parse(root).ok_or_else(failed)?, name)?.and_then(|value| value.number());
        Ok(Value::Bool(value.unwrap_or(0.0) >= least.parse().map_err(|_| failed())?))
    }
}

struct Plain;

impl Renderer for Plain {
    fn email(&self, _: &Workflow, template: &str, _: &serde_json::Value) -> Result<Email, String> {
        Ok((template.into(), template.into(), None))
    }

    fn nudge(&self, _: &Workflow, template: &str, _: &serde_json::Value) -> Result<(String, String), String> {
        Ok((template.into(), template.into()))
    }

    fn text(&self, source: &str, _: &serde_json::Value) -> Result<String, String> {
        Ok(source.into())
    }
}
