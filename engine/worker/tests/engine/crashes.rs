//! Messages that end the process: what others do with them, and what becomes of their neighbours.

use crate::bed::*;
use staunch_broker::{Broker, Delivery, Message, Result};
use staunch_core::Time;
use staunch_core::action::Channel;
use staunch_core::expr::{EvalError, Evaluator, Expr, Root, Scope};
use staunch_core::value::Value;
use staunch_core::workflow::Target;
use staunch_store::{ActionFilter, Store};
use staunch_worker::{Clock, Engine, WorkerError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A queue that outlives the processes at it: what one had when it ended comes again, first and in order.
#[derive(Default)]
struct Shelf {
    messages: Mutex<BTreeMap<u64, (Message, u32)>>,
    lanes: usize,
    prefetch: usize,
}

/// One process at the shelf.
struct Hand {
    shelf: Arc<Shelf>,
    held: Mutex<BTreeSet<u64>>,
}

impl Shelf {
    fn hand(self: &Arc<Self>) -> Arc<Hand> {
        Arc::new(Hand { shelf: Arc::clone(self), held: Mutex::default() })
    }

    fn left(&self) -> usize {
        self.messages.lock().unwrap().len()
    }
}

#[async_trait::async_trait]
impl Broker for Hand {
    async fn publish(&self, messages: &[Message]) -> Result<()> {
        let mut shelf = self.shelf.messages.lock().unwrap();
        for message in messages {
            let next = shelf.keys().next_back().map_or(1, |last| last + 1);
            shelf.insert(next, (message.clone(), 0));
        }
        Ok(())
    }

    /// Takes all that the prefetch allows, whatever is asked for: that is what a crash gives back.
    async fn next(&self, max: usize, _: Duration) -> Result<Vec<Delivery>> {
        let (mut shelf, mut held) = (self.shelf.messages.lock().unwrap(), self.held.lock().unwrap());
        let free = shelf.iter_mut().filter(|(tag, _)| !held.contains(tag)).take(max.max(self.shelf.prefetch));
        let taken: Vec<Delivery> = free
            .map(|(tag, (message, attempts))| {
                *attempts += 1;
                Delivery::new(message.clone(), *attempts, None, *tag)
            })
            .collect();
        held.extend(taken.iter().map(Delivery::tag));
        Ok(taken)
    }

    async fn ack(&self, deliveries: &[Delivery]) -> Result<()> {
        let mut shelf = self.shelf.messages.lock().unwrap();
        deliveries.iter().for_each(|one| drop(shelf.remove(&one.tag())));
        Ok(())
    }

    async fn release(&self, _: &[Delivery]) -> Result<()> {
        Ok(())
    }

    async fn reject(&self, deliveries: &[Delivery]) -> Result<()> {
        let mut held = self.held.lock().unwrap();
        deliveries.iter().for_each(|one| assert!(held.remove(&one.tag())));
        Ok(())
    }

    fn lanes(&self) -> usize {
        self.shelf.lanes
    }

    fn describe(&self) -> String {
        "a list".into()
    }

    async fn depth(&self) -> Result<u64> {
        Ok(self.shelf.left() as u64)
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn close(&self) {}
}

/// Ends its process when it looks at somebody from `boom`. The rest of the process stands still until it is gone.
#[derive(Default)]
struct Deadly {
    ended: AtomicBool,
    gone: AtomicBool,
}

impl Evaluator for Deadly {
    fn eval(&self, _: &Expr, scope: &dyn Scope) -> std::result::Result<Value, EvalError> {
        if scope.get(Root::Contact, "country")?.is_some_and(|country| country == Value::Text("boom".into())) {
            self.ended.store(true, Ordering::SeqCst);
            while !self.gone.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        Ok(Value::Bool(true))
    }
}

/// The clock of such a process: it stands still with it, so that no lane begins with anything while the others end.
struct Stopping(Arc<Deadly>);

#[async_trait::async_trait]
impl Clock for Stopping {
    async fn now(&self) -> std::result::Result<Time, WorkerError> {
        if self.0.ended.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        Ok(NOW)
    }
}

/// Runs a process with its lanes until the shelf is empty; false where it ended before, killed by `killer` or a message.
async fn one_life(bed: &Bed, shelf: &Arc<Shelf>, name: &str, killer: impl Future<Output = ()>) -> bool {
    let deadly = Arc::new(Deadly::default());
    let engine = bed.engine_of(name, shelf.hand(), deadly.clone()).await;
    let lane = |lane| {
        let (engine, clock): (Arc<Engine>, _) = (Arc::clone(&engine), Stopping(Arc::clone(&deadly)));
        tokio::spawn(async move {
            loop {
                engine.ingest(lane, 256, Duration::from_millis(5), &clock).await.unwrap();
            }
        })
    };
    let lanes: Vec<_> = (0..shelf.lanes).map(lane).collect();
    tokio::pin!(killer);
    let empty = loop {
        tokio::select! {
            () = &mut killer => break false,
            () = tokio::time::sleep(Duration::from_millis(1)) => {}
        }
        if deadly.ended.load(Ordering::SeqCst) {
            break false;
        }
        if shelf.left() == 0 {
            break true;
        }
    };
    // All at once, as a process ends: a lane that outlived another would begin with a suspect that nobody ends.
    lanes.iter().for_each(tokio::task::JoinHandle::abort);
    for one in lanes {
        let _ = one.await;
    }
    deadly.gone.store(true, Ordering::SeqCst);
    empty
}

/// Everybody starts a workflow that makes a task.
async fn crowd(contacts: usize, deadly: &[usize]) -> (Bed, Arc<Shelf>) {
    let mut flow = flow("w", "v1", vec![act(Channel::Task, "t", Target::End)]);
    flow.start.when = Some(expr("true"));
    let bed = Bed::new(&[flow]).await;
    let shelf = Arc::new(Shelf { lanes: 2, prefetch: 1_024, ..Shelf::default() });
    let mut messages = Vec::new();
    for n in 0..contacts {
        let (id, country) = (format!("c{n}"), if deadly.contains(&n) { "boom" } else { "de" });
        let data = serde_json::json!({ "country": country });
        messages.push(event(&format!("u{n}"), "contact.updated", &id, minutes(-1), data));
        messages.push(plain(&format!("g{n}"), "go", &id, minutes(0)));
    }
    shelf.hand().publish(&messages).await.unwrap();
    (bed, shelf)
}

async fn tasks(bed: &Bed) -> usize {
    bed.store.actions(&ActionFilter::default()).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_message_ends_three_processes_and_its_neighbours_go_through() {
    let (bed, shelf) = crowd(1_000, &[400]).await;
    let mut crashes = 0;
    while !one_life(&bed, &shelf, &format!("w{crashes}"), std::future::pending()).await {
        crashes += 1;
        assert!(crashes <= 3, "{crashes} crashes");
    }
    assert_eq!(crashes, 3);
    let parked = bed.store.parked(9).await.unwrap();
    assert_eq!(parked.len(), 1);
    assert!(parked[0].message.starts_with("2 processes ended"), "{}", parked[0].message);
    assert!(String::from_utf8_lossy(&parked[0].bytes).contains("\"g400\""));
    assert_eq!(tasks(&bed).await, 999);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_deadly_messages_are_all_found() {
    let (bed, shelf) = crowd(300, &[7, 8, 250]).await;
    let mut crashes = 0;
    while !one_life(&bed, &shelf, "w", std::future::pending()).await {
        crashes += 1;
        assert!(crashes <= 9, "{crashes} crashes");
    }
    assert_eq!((bed.store.parked(9).await.unwrap().len(), tasks(&bed).await), (3, 297));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_are_killed_again_and_again_park_nothing() {
    let (bed, shelf) = crowd(300, &[]).await;
    let mut kills = 0;
    while !one_life(&bed, &shelf, "w", tokio::time::sleep(Duration::from_millis(20 + kills % 7 * 9))).await {
        kills += 1;
        assert!(kills < 200, "it makes no progress");
    }
    assert!(kills >= 5, "{kills}");
    // A kill meets one message at most; whoever came through before it is not suspected of it.
    let probe = || bed.store.begin_suspect("probe", "w", &[], NOW);
    probe().await.unwrap();
    let met = probe().await.unwrap().others;
    assert!(u64::from(met) <= kills, "{met} by {kills} kills");
    assert_eq!((bed.store.parked(9).await.unwrap().len(), tasks(&bed).await), (0, 300));
}
