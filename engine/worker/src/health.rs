//! What each loop last said of itself: whether the process is ready for work, and whether it can still recover by itself.
//!
//! A loop that fails says so and goes on trying: not ready, but alive. A loop whose step hangs says nothing; after a while
//! the process is not ready, and after minutes not alive, for only a restart helps. A broker that says that messages wait
//! while nobody gets one keeps the process from being ready, too.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A step may take this long: a send is given up after 50 s.
const STUCK: Duration = Duration::from_secs(90);
/// A step that takes longer than this does not end by itself.
const DEAD: Duration = Duration::from_secs(300);
/// Messages may wait this long without one being taken: leases of a process that crashed are over by then.
const STARVED: Duration = Duration::from_secs(120);
/// Under which name starving is told.
const INTAKE: &str = "intake";

/// Loops whose failure keeps nobody waiting: it is told and counted, and the process stays ready.
const ASIDE: [&str; 1] = ["retention"];

/// Time since some beginning; it never goes back.
type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// The state of the loops of one process. Cheap to clone.
#[derive(Clone)]
pub struct Health {
    clock: Clock,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    parts: BTreeMap<&'static str, Part>,
    /// Messages wait since then, and nobody got one.
    starved: Option<Duration>,
}

#[derive(Default)]
struct Part {
    /// Since when it has been at a step; `None` while it pauses.
    since: Option<Duration>,
    broken: Option<String>,
}

impl Default for Health {
    fn default() -> Health {
        let began = Instant::now();
        Health::with_clock(Arc::new(move || began.elapsed()))
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Health").field("parts", &self.parts()).finish_non_exhaustive()
    }
}

impl Health {
    /// By a clock of the caller's.
    pub fn with_clock(clock: Clock) -> Health {
        Health { clock, state: Arc::default() }
    }

    fn with<T>(&self, what: impl FnOnce(&mut State, Duration) -> T) -> T {
        let now = (self.clock)();
        what(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner), now)
    }

    /// A loop begins a step.
    pub fn began(&self, name: &'static str) {
        self.with(|state, now| state.parts.entry(name).or_default().since = Some(now));
    }

    /// A loop did its work.
    pub fn fine(&self, name: &'static str) {
        self.with(|state, _| state.parts.insert(name, Part::default()));
    }

    /// A loop could not do its work.
    pub fn broken(&self, name: &'static str, why: String) {
        self.with(|state, _| state.parts.insert(name, Part { since: None, broken: Some(why) }));
    }

    /// A loop came to its end: it does not have to come round any more.
    pub fn ended(&self, name: &'static str) {
        self.with(|state, _| state.parts.remove(name));
    }

    /// Messages were taken from the broker.
    pub fn took(&self) {
        self.with(|state, _| state.starved = None);
    }

    /// So many messages wait in the broker, which this process takes from.
    pub fn waiting(&self, messages: u64) {
        self.with(|state, now| state.starved = (messages > 0).then(|| state.starved.unwrap_or(now)));
    }

    /// Each loop with what keeps it from working; `None` = fine.
    pub fn parts(&self) -> BTreeMap<&'static str, Option<String>> {
        self.with(|state, now| {
            let told = |part: &Part| part.broken.clone().or_else(|| late(now, part.since, STUCK));
            let mut parts: BTreeMap<_, _> = state.parts.iter().map(|(name, part)| (*name, told(part))).collect();
            if let Some(since) = state.starved.filter(|since| now.saturating_sub(*since) > STARVED) {
                let gone = now.saturating_sub(since).as_secs();
                parts.insert(INTAKE, Some(format!("messages wait, and none was taken for {gone} s")));
            }
            parts
        })
    }

    /// What keeps the process from being ready, with why.
    pub fn unready(&self) -> BTreeMap<&'static str, String> {
        let all = self.parts().into_iter().filter(|(part, _)| !ASIDE.contains(part));
        all.filter_map(|(part, why)| Some((part, why?))).collect()
    }

    /// Loops that do not come round by themselves any more, with why: a restart is what helps.
    pub fn dead(&self) -> BTreeMap<&'static str, String> {
        self.with(|state, now| {
            let dead = state.parts.iter().filter_map(|(name, part)| Some((*name, late(now, part.since, DEAD)?)));
            dead.collect()
        })
    }
}

fn late(now: Duration, since: Option<Duration>, longest: Duration) -> Option<String> {
    let gone = now.saturating_sub(since?);
    (gone > longest).then(|| format!("has not come round for {} s", gone.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Health by a clock that is set in seconds.
    fn at_hand() -> (Health, impl Fn(u64)) {
        let seconds = Arc::new(AtomicU64::new(0));
        let read = Arc::clone(&seconds);
        let health = Health::with_clock(Arc::new(move || Duration::from_secs(read.load(Ordering::SeqCst))));
        (health, move |to| seconds.store(to, Ordering::SeqCst))
    }

    fn ready(health: &Health) -> bool {
        health.unready().is_empty()
    }

    #[test]
    fn a_loop_that_fails_is_not_ready_and_alive_for_ever() {
        let (health, set) = at_hand();
        for second in (0..1_000).step_by(10) {
            set(second);
            health.broken("worker", "the database does not answer".into());
            assert!(!ready(&health) && health.dead().is_empty(), "{second}");
        }
        health.fine("worker");
        assert!(ready(&health));
    }

    #[test]
    fn a_step_that_hangs_is_first_not_ready_and_then_not_alive() {
        let (health, set) = at_hand();
        health.began("dispatcher");
        for (second, is_ready, is_alive) in
            [(90, true, true), (91, false, true), (300, false, true), (301, false, false)]
        {
            set(second);
            health.began("worker");
            assert_eq!((ready(&health), health.dead().is_empty()), (is_ready, is_alive), "{second}");
        }
        assert_eq!(health.dead()["dispatcher"], "has not come round for 301 s");
        assert_eq!(health.parts()["worker"], None);
        // It came round after all, as after a machine that slept; a pause may be long.
        health.fine("dispatcher");
        set(9_000);
        health.fine("worker");
        assert!(ready(&health) && health.dead().is_empty());
    }

    #[test]
    fn a_sweep_that_fails_is_told_and_keeps_nobody_waiting() {
        let (health, _) = at_hand();
        health.broken("retention", "the disk is full".into());
        assert!(ready(&health) && health.parts()["retention"].is_some());
    }

    #[test]
    fn messages_that_wait_and_reach_nobody_make_it_unready_and_keep_it_alive() {
        let (health, set) = at_hand();
        health.waiting(5);
        set(120);
        health.waiting(7);
        assert!(ready(&health));
        set(121);
        assert!(!ready(&health) && health.dead().is_empty());
        assert_eq!(health.parts()["intake"].as_deref(), Some("messages wait, and none was taken for 121 s"));
        health.took();
        assert!(ready(&health));
        // A queue that empties meanwhile begins anew, and so does one of which something is taken.
        health.waiting(1);
        set(200);
        health.waiting(0);
        set(300);
        health.waiting(1);
        set(400);
        assert!(ready(&health));
    }

    #[test]
    fn a_loop_that_ended_need_not_come_round() {
        let (health, set) = at_hand();
        health.began("timers");
        health.ended("timers");
        set(10_000);
        assert!(health.parts().is_empty() && health.dead().is_empty());
    }
}
