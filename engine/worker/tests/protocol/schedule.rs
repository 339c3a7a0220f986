//! The schedule of a seed: whose call is made next, what becomes of it, when the clock goes on and when a process ends.

use crate::turns::{SLOT, Turn, Waiting};
use crate::world::{World, consents, events};
use staunch_core::{Span, Time};
use staunch_worker::{Engine, WorkerError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

/// Turns with faults; then all is well, and everything has to come to its end.
const TURNS: usize = 200;
/// Turns without faults at most.
const PATIENCE: usize = 4_000;
const PROCESSES: usize = 2;
/// Of a send.
const LEASE: Span = Span::seconds(60);

/// What a process does side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Ingest,
    Wake,
    Dispatch,
    Housekeep,
}

const STEPS: [Step; 5] = [Step::Ingest, Step::Wake, Step::Dispatch, Step::Dispatch, Step::Housekeep];

/// What came of a seed.
#[derive(Default)]
pub struct Played {
    pub trace: Vec<String>,
    pub events: usize,
    pub deliveries: usize,
    pub actions: usize,
    pub done: usize,
    pub in_doubt: usize,
    pub crashes: usize,
    pub failed: usize,
    pub unheard: usize,
    /// Pauses in the middle of a call.
    pub paused: usize,
    /// Faults that may leave a send in doubt.
    doubted: usize,
}

/// Chance (splitmix64, after Steele et al. 2014).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit.max(1) as u64) as usize
    }
}

/// A step under way, and its call that waits.
struct Under {
    began: Time,
    task: JoinHandle<Result<(), WorkerError>>,
    calls: UnboundedReceiver<Waiting>,
    waiting: Option<Waiting>,
}

struct Process {
    engine: Arc<Engine>,
    under: [Option<Under>; STEPS.len()],
}

struct Play {
    world: World,
    processes: Vec<Process>,
    chance: Chance,
    played: Played,
    faults: bool,
    started: usize,
}

/// Plays a seed and checks its end.
pub async fn play(seed: u64) -> Played {
    let world = World::new().await;
    let mut play = Play {
        world,
        processes: Vec::new(),
        chance: Chance(seed),
        played: Played::default(),
        faults: true,
        started: 0,
    };
    for _ in 0..PROCESSES {
        let process = play.process().await;
        play.processes.push(process);
    }
    play.world.publish(&consents()).await;
    let (engine, clock) = (Arc::clone(&play.processes[0].engine), Arc::clone(&play.world.clock));
    engine.ingest(0, 100, Duration::from_millis(1), clock.as_ref()).await.unwrap();
    let mut unpublished = play.deliveries();
    for _ in 0..TURNS {
        if !unpublished.is_empty() && play.chance.below(4) == 0 {
            let many = 1 + play.chance.below(6);
            let part: Vec<_> = unpublished.drain(..many.min(unpublished.len())).collect();
            play.world.publish(&part).await;
        }
        let longest = if play.chance.below(25) == 0 { 200 } else { 3 };
        play.turn(longest).await;
    }
    play.world.publish(&unpublished).await;
    play.faults = false;
    let mut over = false;
    for number in 0..PATIENCE {
        play.turn(if number % 8 == 0 { 900 } else { 5 }).await;
        if number % 16 == 0 && play.over().await {
            over = true;
            break;
        }
    }
    // Who stands there still has lost its lease, or there would be something left to do.
    play.played.doubted += play.in_calls();
    let trace = play.played.trace.join("\n");
    assert!(over, "seed {seed} does not come to its end:\n{trace}");
    let world = play.world;
    let check = std::panic::AssertUnwindSafe(world.check(play.played.doubted));
    match futures_util::FutureExt::catch_unwind(check).await {
        Ok([actions, done, in_doubt]) => Played { actions, done, in_doubt, ..play.played },
        Err(why) => {
            println!("seed {seed}:\n{trace}");
            std::panic::resume_unwind(why)
        }
    }
}

impl Play {
    async fn process(&mut self) -> Process {
        self.started += 1;
        let engine = self.world.engine(format!("w{}", self.started)).await;
        Process { engine, under: std::array::from_fn(|_| None) }
    }

    /// Every event one to three times, in any order.
    fn deliveries(&mut self) -> Vec<staunch_broker::Message> {
        let events = events();
        self.played.events = events.len();
        let mut all = Vec::new();
        for event in events {
            (0..=self.chance.below(3)).for_each(|_| all.push(event.clone()));
        }
        for at in (1..all.len()).rev() {
            let other = self.chance.below(at + 1);
            all.swap(at, other);
        }
        self.played.deliveries = all.len();
        all
    }

    /// One turn: the clock may go on by up to so many seconds, then somebody is next.
    async fn turn(&mut self, seconds: usize) {
        if self.chance.below(4) == 0 {
            let micros = 1_000_000 * self.chance.below(seconds) as i64 + 1;
            self.pass(micros);
        }
        let (at, step) = (self.chance.below(self.processes.len()), self.chance.below(STEPS.len()));
        if self.processes[at].under[step].is_none() {
            if !self.waits_inside(at, step) {
                self.begin(at, step).await;
            }
            return;
        }
        let fault = if self.faults { self.chance.below(100) } else { 99 };
        match fault {
            0..2 => self.crash(at, step).await,
            2..5 => self.go(at, step, Turn::Fail).await,
            5..7 => self.go(at, step, Turn::Unheard).await,
            _ => self.go(at, step, Turn::Go).await,
        }
    }

    /// Whether this step would wait for another one of its process: a suspect is decided with nothing beside it, and who waits
    /// for its end makes no call at which it could be given a turn.
    fn waits_inside(&self, at: usize, step: usize) -> bool {
        let decides = |step: usize| matches!(STEPS[step], Step::Ingest | Step::Wake);
        decides(step) && (0..STEPS.len()).any(|other| decides(other) && self.processes[at].under[other].is_some())
    }

    /// How many steps stand between the first byte of a call and its record.
    fn in_calls(&self) -> usize {
        let steps = self.processes.iter().flat_map(|one| one.under.iter().flatten());
        steps.filter(|one| one.waiting.as_ref().is_some_and(|call| after_bytes(call.what))).count()
    }

    /// The clock goes on. A longer while is a pause for who is in the middle of a call: its lease may end. Without faults
    /// nobody pauses there.
    fn pass(&mut self, micros: i64) {
        let pause = micros > 10_000_000 && self.in_calls() > 0;
        if pause && !self.faults {
            return;
        }
        self.played.paused += usize::from(pause);
        self.world.clock.set(self.world.clock.read() + Span(micros));
    }

    async fn begin(&mut self, at: usize, step: usize) {
        let (sender, calls) = unbounded_channel();
        let (engine, clock) = (Arc::clone(&self.processes[at].engine), Arc::clone(&self.world.clock));
        let work = async move {
            let now = clock.read();
            match STEPS[step] {
                Step::Ingest => engine.ingest(0, 3, Duration::from_millis(1), clock.as_ref()).await.map(drop),
                Step::Wake => engine.wake(2, now).await.map(drop),
                Step::Dispatch => engine.dispatch(1, now).await.map(drop),
                Step::Housekeep => engine.housekeep(now).await.map(drop),
            }
        };
        let task = tokio::spawn(SLOT.scope(sender, work));
        self.processes[at].under[step] = Some(Under { began: self.world.clock.read(), task, calls, waiting: None });
        self.settle(at, step).await;
    }

    /// Waits until the step has a call that waits, or is over.
    async fn settle(&mut self, at: usize, step: usize) {
        let Some(under) = self.processes[at].under[step].as_mut() else { return };
        match under.calls.recv().await {
            Some(waiting) => under.waiting = Some(waiting),
            None => {
                // Its sender went with its end.
                if let Some(under) = self.processes[at].under[step].take() {
                    under.task.await.unwrap().unwrap_or_else(|error| self.played.trace.push(format!("  {error}")));
                }
            }
        }
    }

    async fn go(&mut self, at: usize, step: usize, turn: Turn) {
        let Some(under) = self.processes[at].under[step].as_mut() else { return };
        let (began, Some(waiting)) = (under.began, under.waiting.take()) else { return };
        // Its lease is over, and another one may have looked after the send.
        let slow = waiting.what == "end_send" && (self.world.clock.read() - LEASE) >= began;
        self.played.doubted += usize::from(slow);
        self.note(at, step, waiting.what, &format!("{turn:?}"));
        self.played.failed += usize::from(turn == Turn::Fail);
        self.played.unheard += usize::from(turn == Turn::Unheard);
        self.played.doubted += usize::from(turn != Turn::Go && after_bytes(waiting.what));
        // Who is not there any more hears nothing.
        let _ = waiting.answer.send(turn);
        self.settle(at, step).await;
    }

    /// The process ends, with all that it has under way, and another one starts.
    async fn crash(&mut self, at: usize, step: usize) {
        self.note(at, step, "-", "crash");
        self.played.crashes += 1;
        let new = self.process().await;
        let old = std::mem::replace(&mut self.processes[at], new);
        for under in old.under.into_iter().flatten() {
            let what = under.waiting.as_ref().map_or("", |waiting| waiting.what);
            self.played.doubted += usize::from(after_bytes(what));
            under.task.abort();
            let _ = under.task.await;
        }
    }

    fn note(&mut self, at: usize, step: usize, what: &str, turn: &str) {
        let seconds = (self.world.clock.read().0 - crate::world::NOW.0) / 1_000_000;
        self.played.trace.push(format!("{seconds:>6} s  {at} {:?}.{step} {what}: {turn}", STEPS[step]));
    }

    /// Whether nothing is left to do.
    async fn over(&self) -> bool {
        use staunch_store::{ActionFilter, Queue, Store};
        let store = &self.world.store;
        if store.depth().await.unwrap() > 0 || store.next_wake().await.unwrap().is_some() {
            return false;
        }
        let actions = store.actions(&ActionFilter::default()).await.unwrap();
        use staunch_core::action::ActionState::{Held, Ready, Review, Sending};
        !actions.is_empty() && actions.iter().all(|one| ![Held, Ready, Review, Sending].contains(&one.action.state))
    }
}

/// Where a fault may leave a send in doubt: from the moment at which its bytes may be on their way until its record.
fn after_bytes(what: &str) -> bool {
    ["begin_calls", "bytes", "reply", "end_send"].contains(&what)
}
