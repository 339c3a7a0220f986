//! The world of a seed: a database in memory where there is such a place, a workflow with a wait between two effects,
//! two channels of which one may repeat, events, and what has to be true in the end.

use crate::turns::{Turn, Turning, turn};
use staunch_broker::{Broker, EmbeddedBroker, Message};
use staunch_channels::{Channels, Connector, Outgoing, SendError, Sent};
use staunch_core::action::{ActionState, Channel};
use staunch_core::decide::{Email, Renderer, Workspace};
use staunch_core::expr::{EvalError, Evaluator, Expr, Scope};
use staunch_core::feature::{FactDef, FeatureDef, FeatureKind, Over, Window};
use staunch_core::policy::{Stage, StageLimits, StageState};
use staunch_core::run::RunStatus;
use staunch_core::schema::Schema;
use staunch_core::value::Value;
use staunch_core::workflow::{Act, Node, NodeKind, Start, Target, Workflow};
use staunch_core::{Span, Time, codes};
use staunch_scoring::StaticScorer;
use staunch_store::{ActionFilter, SqliteStore, Store};
use staunch_worker::{Content, Engine, Metrics, Parts, VirtualClock};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

/// Monday, ten o'clock UTC.
pub const NOW: Time = Time(1_772_445_600_000_000);
pub const CONTACTS: usize = 4;
/// Orders of each contact; behind them comes the event that starts a run.
pub const ORDERS: usize = 3;

/// In which a contact counts its orders.
const WINDOW: Window = Window { from: Span::days(30), to: Span(0) };

/// How often each action's bytes went out.
pub type Sends = Arc<Mutex<HashMap<String, usize>>>;

/// A channel whose call has two places: before its bytes are out, and before their answer is read.
struct Other {
    name: &'static str,
    channel: [Channel; 1],
    repeats: bool,
    sends: Sends,
}

#[async_trait::async_trait]
impl Connector for Other {
    fn name(&self) -> &str {
        self.name
    }

    fn channels(&self) -> &[Channel] {
        &self.channel
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        let again =
            |message: &str| SendError::Retry { after: None, code: codes::WEBHOOK_DEFERRED, message: message.into() };
        if turn("bytes").await != Turn::Go {
            return Err(again("no line"));
        }
        *self.sends.lock().unwrap().entry(outgoing.action_id.clone()).or_default() += 1;
        match turn("reply").await {
            Turn::Go => Ok(Sent::default()),
            _ if self.repeats => Err(again("no answer")),
            _ => Err(SendError::Doubt { code: codes::WEBHOOK_DOUBT, message: "no answer".into() }),
        }
    }

    fn repeat_after_crash(&self) -> bool {
        self.repeats
    }
}

/// No rule of this workflow asks anything.
struct Nothing;

impl Evaluator for Nothing {
    fn eval(&self, expr: &Expr, _: &dyn Scope) -> Result<Value, EvalError> {
        Err(EvalError::Failed(format!("`{}` was not expected", expr.source)))
    }
}

impl Renderer for Nothing {
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

/// What outlives all processes of a seed.
pub struct World {
    pub store: Arc<SqliteStore>,
    pub clock: Arc<VirtualClock>,
    pub sends: Sends,
    workspace: Workspace,
    dir: tempfile::TempDir,
}

impl World {
    pub async fn new() -> World {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let store = Arc::new(SqliteStore::open(dir.path().join("staunch.db")).await.unwrap());
        let (flow, clock) = (flow(), VirtualClock::default());
        clock.set(NOW);
        store.publish(std::slice::from_ref(&flow), NOW).await.unwrap();
        let limits = StageLimits { share: 1.0, holdout: 0.0, per_day: 1_000 };
        store.set_stage(&flow.name, &StageState { stage: Stage::Full, limits }, "ann", NOW).await.unwrap();
        let events = ["go", "order.paid"].map(|name| (name.to_owned(), BTreeMap::new()));
        let schema = Schema { events: events.into(), ..Schema::default() };
        let workspace = Workspace { name: "test".into(), schema, zone: "UTC".into(), ..Workspace::default() };
        World { store, clock: Arc::new(clock), sends: Sends::default(), workspace, dir }
    }

    /// A process.
    pub async fn engine(&self, name: String) -> Arc<Engine> {
        let mut channels = Channels::default();
        let other =
            |name, channel, repeats| Other { name, channel: [channel], repeats, sends: Arc::clone(&self.sends) };
        channels.add(other("sure", Channel::Task, true)).unwrap();
        channels.add(other("unsure", Channel::Nudge, false)).unwrap();
        let turning = Arc::new(Turning { real: Arc::clone(&self.store) });
        let clock = Arc::clone(&self.clock);
        let parts = Parts {
            store: turning.clone(),
            broker: Arc::new(EmbeddedBroker::new(turning, Arc::new(move || clock.read()))),
            evaluator: Arc::new(Nothing),
            channels,
            metrics: Metrics::new().unwrap(),
            name,
            parked: self.dir.path().join("parked"),
        };
        let (scorer, renderer) = (Arc::new(StaticScorer::new()), Arc::new(Nothing));
        Engine::open(parts, Content { workspace: self.workspace.clone(), scorer, renderer }).await.unwrap()
    }

    /// Puts messages into the queue, without faults.
    pub async fn publish(&self, messages: &[Message]) {
        let clock = Arc::clone(&self.clock);
        EmbeddedBroker::new(self.store.clone(), Arc::new(move || clock.read())).publish(messages).await.unwrap();
    }

    /// What has to be true in the end. Gives how many actions there are, are done, and are in doubt.
    pub async fn check(&self, doubted: usize) -> [usize; 3] {
        let mut counts = [0; 3];
        for number in 0..CONTACTS {
            let id = format!("c{number}");
            let decisions = self.store.decisions(&id, None).await.unwrap();
            let events: Vec<&str> = decisions.iter().filter_map(|one| Some(one.event.as_ref()?.id.as_str())).collect();
            let unique: BTreeSet<&str> = events.iter().copied().collect();
            assert_eq!((events.len(), unique.len()), (ORDERS + 2, ORDERS + 2), "events decided of {id}: {events:?}");
            let (contact, _) = self.store.contact(&id).await.unwrap().unwrap();
            let facts = contact.facts.logs().map(|log| log.within(self.clock.read(), WINDOW).len()).sum::<usize>();
            assert_eq!(facts, ORDERS, "orders that {id} counts");
            let runs = self.store.runs(&id).await.unwrap();
            assert_eq!(runs.len(), 1, "runs of {id}");
            assert_eq!(runs[0].status, RunStatus::Done, "the run of {id}");
        }
        let actions = self.store.actions(&ActionFilter::default()).await.unwrap();
        assert_eq!(actions.len(), 2 * CONTACTS, "actions");
        for stored in &actions {
            let action = &stored.action;
            let sent = self.sends.lock().unwrap().get(&action.id).copied().unwrap_or(0);
            let repeats = action.channel == Channel::Task;
            match action.state {
                ActionState::Done => {
                    assert!(sent == 1 || (repeats && sent > 1), "{} is done and was sent {sent} times", action.id)
                }
                ActionState::InDoubt => {
                    assert!(!repeats && sent <= 1, "{} is in doubt and was sent {sent} times", action.id)
                }
                other => panic!("{} ended as {other:?}: {:?}", action.id, stored.note),
            }
            counts[0] += 1;
            counts[1] += usize::from(action.state == ActionState::Done);
            counts[2] += usize::from(action.state == ActionState::InDoubt);
        }
        assert!(
            counts[2] <= doubted,
            "{} in doubt, and only {doubted} faults came after bytes were on their way",
            counts[2]
        );
        counts
    }
}

fn flow() -> Workflow {
    let act = |channel, id: &str, next| {
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
    };
    let pause =
        Node { id: "pause".into(), kind: NodeKind::WaitFor { span: Span::seconds(1_800) }, next: Target::Node(2) };
    let mut flow = Workflow {
        title: "two effects".into(),
        owner: "ann".into(),
        purpose: "news".into(),
        start: Start { events: vec!["go".into()], schedule: None, when: None, again_after: None },
        nodes: vec![act(Channel::Task, "first", Target::Node(1)), pause, act(Channel::Nudge, "second", Target::End)],
        first: Target::Node(0),
        ..Workflow::empty("w", "v1")
    };
    let fact = FactDef::new(vec!["order.paid".into()], None, None, WINDOW.from, Over::Contact);
    let kind = FeatureKind::Count { fact: fact.key, window: WINDOW };
    flow.features.push(FeatureDef { name: "orders".into(), kind });
    flow.facts.push(fact);
    flow
}

/// Everybody's consent, which is there before the faults begin.
pub fn consents() -> Vec<Message> {
    let data = || serde_json::json!({ "purpose": "news", "granted": true });
    (0..CONTACTS).map(|contact| event(contact, "consent", "consent.changed", -1, data())).collect()
}

fn event(contact: usize, id: &str, kind: &str, place: i64, data: serde_json::Value) -> Message {
    let time = Time(NOW.0 - 60_000_000 + 1_000_000 * place);
    let event = serde_json::json!({
        "specversion": "1.0", "id": format!("e{contact}-{id}"), "source": "test", "type": kind,
        "subject": format!("c{contact}"), "time": time.to_string(), "data": data,
    });
    Message::json(event.to_string())
}

/// All events once, by contact and in order of time. The one that starts a run is a contact's last, so none is too late to.
pub fn events() -> Vec<Message> {
    let one = |contact: usize, place: usize| {
        let kind = if place == ORDERS { "go" } else { "order.paid" };
        event(contact, &place.to_string(), kind, place as i64, serde_json::json!({}))
    };
    (0..CONTACTS).flat_map(|contact| (0..=ORDERS).map(move |place| one(contact, place))).collect()
}
