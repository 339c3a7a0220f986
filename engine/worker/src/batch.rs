//! A micro-batch: load its contacts, decide with scores for all of them together, commit, and only then ack.
//!
//! Accounts are read with a batch and seen by all of it: what one decision adds, the later ones count. What another
//! worker adds meanwhile is seen by the next batch.

use crate::clock::Clock;
use crate::decider::Decider;
use crate::engine::{Engine, WorkerError};
use crate::failpoint;
use crate::jobs::{End, Job, Todo, sort};
use crate::migrate::Migrated;
use staunch_broker::Delivery;
use staunch_core::account::Accounts;
use staunch_core::contact::Contact;
use staunch_core::decide::{Detail, Env, Input, Outcome, decide};
use staunch_core::event::EventKey;
use staunch_core::ingest::Refusal;
use staunch_core::policy::Live;
use staunch_core::score::ScoreRequest;
use staunch_core::{Time, codes};
use staunch_store::{Change, Loaded};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often the losers of a compare-and-swap are tried.
const TRIES: u32 = 20;
/// After this many attempts a message that fails alone is parked. Crashes of the process count as attempts, too; which of
/// them park a message that did not fail is decided in `suspects.rs`.
const ALONE: u32 = 5;
/// Events that were not delivered before are taken for new, and the commit finds out. After a batch in which some were
/// not, as when a producer repeats itself, so many batches ask first.
const LOOK_FOR: u32 = 32;

/// What a batch came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handled {
    /// Messages taken.
    pub taken: usize,
    /// Events decided.
    pub decided: usize,
    /// Events decided before.
    pub duplicates: usize,
    /// Inputs parked.
    pub parked: usize,
}

impl Handled {
    pub(crate) fn add(&mut self, other: Handled) {
        self.taken += other.taken;
        self.decided += other.decided;
        self.duplicates += other.duplicates;
        self.parked += other.parked;
    }
}

/// What decisions came to.
#[derive(Default)]
pub(crate) struct Done {
    decided: usize,
    duplicates: usize,
    refused: Vec<(usize, String)>,
    pub migrated: Migrated,
}

/// One try of a batch.
struct Attempt {
    changes: Vec<Change>,
    ends: Vec<End>,
    /// Of contacts about whom there is nothing to commit.
    refused: Vec<(usize, String)>,
    duplicates: usize,
    /// Contacts that were not loaded: they were known here.
    cached: HashSet<String>,
}

impl Engine {
    /// Takes one batch of a lane, waiting at most `wait` for its first message, and handles it.
    ///
    /// # Errors
    /// Where the store or the broker fails; the deliveries come again, in their order.
    pub async fn ingest(
        self: &Arc<Self>,
        lane: usize,
        max: usize,
        wait: Duration,
        clock: &dyn Clock,
    ) -> Result<Handled, WorkerError> {
        let deliveries = self.lanes.take(lane, self.parts.broker.as_ref(), max, wait).await?;
        if deliveries.is_empty() {
            return Ok(Handled::default());
        }
        if deliveries[0].is_suspect() {
            return self.handle_suspects(lane, deliveries, clock).await;
        }
        let _beside_others = self.suspects.beside().await;
        let timer = self.parts.metrics.batch_seconds.start_timer();
        self.parts.metrics.batch_messages.observe(deliveries.len() as f64);
        let now = match clock.now().await {
            Ok(now) => now,
            Err(error) => {
                self.again(lane, deliveries).await?;
                return Err(error);
            }
        };
        let result = self.handle(&deliveries, now).await;
        timer.observe_duration();
        match result {
            Ok(handled) => {
                failpoint::hit(failpoint::AFTER_COMMIT);
                self.parts.broker.ack(&deliveries).await?;
                failpoint::hit(failpoint::AFTER_ACK);
                self.parts.metrics.committed(now);
                self.count(handled);
                Ok(handled)
            }
            Err(error) if error.is_poison() => self.one_by_one(lane, deliveries, now, &error).await,
            Err(error) => {
                self.again(lane, deliveries).await?;
                Err(error)
            }
        }
    }

    /// These come again before what a lane has behind them. Of a lane that is alone the broker keeps all, for whoever asks
    /// next.
    pub(crate) async fn again(&self, lane: usize, mut deliveries: Vec<Delivery>) -> Result<(), WorkerError> {
        if self.lanes.count() > 1 {
            self.lanes.put_back(lane, deliveries);
            return Ok(());
        }
        deliveries.extend(self.lanes.empty());
        Ok(self.parts.broker.release(&deliveries).await?)
    }

    /// Gives the broker back what no lane began with.
    ///
    /// # Errors
    /// Where the broker fails.
    pub async fn release(&self) -> Result<(), WorkerError> {
        Ok(self.parts.broker.release(&self.lanes.empty()).await?)
    }

    /// A batch that broke down is handled message by message: only the one that breaks alone counts a failure. Its
    /// neighbours go through.
    async fn one_by_one(
        self: &Arc<Self>,
        lane: usize,
        mut all: Vec<Delivery>,
        now: Time,
        why: &WorkerError,
    ) -> Result<Handled, WorkerError> {
        tracing::error!(messages = all.len(), %why, "a batch broke down; its messages are handled one by one");
        let mut total = Handled::default();
        for at in 0..all.len() {
            match self.alone(&all[at], now).await {
                Ok(handled) => {
                    total.add(handled);
                }
                Err(error) => {
                    self.again(lane, all.split_off(at)).await?;
                    return Err(error);
                }
            }
        }
        Ok(total)
    }

    /// One message by itself; one that fails alone for the last time is parked with its cause.
    pub(crate) async fn alone(self: &Arc<Self>, delivery: &Delivery, now: Time) -> Result<Handled, WorkerError> {
        let one = std::slice::from_ref(delivery);
        let handled = match self.handle(one, now).await {
            Ok(handled) => handled,
            Err(error) if error.is_poison() && delivery.attempts >= ALONE => {
                let refusal =
                    Refusal { code: codes::EVENT_POISON, message: format!("it failed {ALONE} times: {error}") };
                self.parts.store.park(&[self.parked(delivery, refusal, now).await?]).await?;
                Handled { taken: 1, parked: 1, ..Handled::default() }
            }
            Err(error) if error.is_poison() => {
                self.parts.broker.reject(one).await?;
                return Ok(Handled { taken: 1, ..Handled::default() });
            }
            Err(error) => return Err(error),
        };
        self.parts.broker.ack(one).await?;
        self.count(handled);
        Ok(handled)
    }

    async fn handle(self: &Arc<Self>, deliveries: &[Delivery], now: Time) -> Result<Handled, WorkerError> {
        let decider = self.decider();
        let mut handled = Handled { taken: deliveries.len(), ..Handled::default() };
        let mut parked = Vec::new();
        let mut todos = Vec::new();
        for (index, delivery) in deliveries.iter().enumerate() {
            match self.read(&decider.catalog, delivery, now) {
                Ok(event) => {
                    self.parts.metrics.age((!event.history).then_some(event.time), now);
                    let contact = event.contact.clone();
                    let again = delivery.is_suspect();
                    todos.push(Todo { contact, input: Input::Event(event), delivery: Some(index), again });
                }
                Err(refusal) => parked.push(self.parked(delivery, refusal, now).await?),
            }
        }
        let done = self.decide_all(decider, todos, now).await?;
        for (index, message) in done.refused {
            let refusal = Refusal { code: codes::EVENT_FIELD, message };
            parked.push(self.parked(&deliveries[index], refusal, now).await?);
        }
        self.parts.store.park(&parked).await?;
        self.parts.metrics.parked(&parked);
        (handled.decided, handled.duplicates, handled.parked) = (done.decided, done.duplicates, parked.len());
        Ok(handled)
    }

    /// Wakes contacts whose deadline has come. Gives how many.
    ///
    /// # Errors
    /// Where the store fails; nothing changed that was not committed.
    pub async fn wake(self: &Arc<Self>, max: u32, now: Time) -> Result<usize, WorkerError> {
        let _beside_others = self.suspects.beside().await;
        if self.owed.swap(false, Ordering::AcqRel)
            && let Err(error) = self.parts.store.wake_all(now).await
        {
            self.owed.store(true, Ordering::Release);
            return Err(error.into());
        }
        let due = self.parts.store.due(now, max).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let todo = |contact: String| Todo { contact, input: Input::Wake(now, 0), delivery: None, again: false };
        let (decider, mut woken) = (self.decider(), due.len());
        match self.decide_all(Arc::clone(&decider), due.iter().cloned().map(todo).collect(), now).await {
            Ok(_) => {}
            Err(error) if error.is_poison() => {
                for contact in due {
                    if let Err(error) = self.decide_all(Arc::clone(&decider), vec![todo(contact)], now).await {
                        tracing::error!(%error, "a contact could not be woken; its neighbours were");
                        self.parts.metrics.wakes.with_label_values(&["failed"]).inc();
                        woken -= 1;
                    }
                }
            }
            Err(error) => return Err(error),
        }
        self.parts.metrics.wakes.with_label_values(&["woken"]).inc_by(woken as u64);
        Ok(woken)
    }

    /// Decides and commits until no change loses its compare-and-swap any more.
    pub(crate) async fn decide_all(
        self: &Arc<Self>,
        decider: Arc<Decider>,
        mut todos: Vec<Todo>,
        now: Time,
    ) -> Result<Done, WorkerError> {
        let mut done = Done::default();
        if todos.is_empty() {
            return Ok(done);
        }
        let live = Arc::new(self.parts.store.live().await?);
        for _ in 0..TRIES {
            let attempt = self.attempt(Arc::clone(&decider), std::mem::take(&mut todos), &live).await?;
            done.duplicates += attempt.duplicates;
            done.refused.extend(attempt.refused);
            failpoint::hit(failpoint::BEFORE_COMMIT);
            let losers = self.parts.store.commit(&attempt.changes, now).await?.losers;
            self.parts.metrics.conflicts.inc_by(losers.len() as u64);
            let losers: HashSet<String> = losers.into_iter().collect();
            let (mut won, mut stale) = (Vec::with_capacity(attempt.changes.len()), 0);
            for (change, end) in attempt.changes.into_iter().zip(attempt.ends) {
                if losers.contains(&change.contact.id) {
                    stale += usize::from(attempt.cached.contains(&change.contact.id));
                    todos.extend(end.taken.into_iter().map(|todo| Todo { again: true, ..todo }));
                    continue;
                }
                self.count_planned(&change);
                done.decided += change.decisions.iter().filter(|decision| decision.event.is_some()).count();
                done.refused.extend(end.refused);
                done.migrated.add(end.migrated);
                if change.merged.is_empty() {
                    won.push((change.contact, change.expected + 1));
                }
            }
            self.contacts.put(won);
            self.contacts.learn(attempt.cached.len(), stale);
            if todos.is_empty() {
                if done.duplicates > 0 {
                    self.repeats.store(LOOK_FOR, Ordering::Relaxed);
                }
                return Ok(done);
            }
        }
        Err(WorkerError::Contended { count: todos.len(), tries: TRIES })
    }

    /// Loads what these inputs are about, and decides them on a thread of its own.
    async fn attempt(
        self: &Arc<Self>,
        decider: Arc<Decider>,
        todos: Vec<Todo>,
        live: &Arc<Live>,
    ) -> Result<Attempt, WorkerError> {
        let repeats = self.repeats.load(Ordering::Relaxed);
        self.repeats.store(repeats.saturating_sub(1), Ordering::Relaxed);
        let asked = todos.iter().filter(|todo| repeats > 0 || todo.again);
        let keys: Vec<_> = asked.filter_map(Todo::key).collect();
        let ids = todos.iter().flat_map(|todo| std::iter::once(todo.contact.as_str()).chain(todo.other()));
        let ids: HashSet<&str> = ids.collect();
        let mut ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        // A migration that finds nothing to do commits nothing, so nobody would notice that it looked at an old state.
        let migrates = todos.iter().any(|todo| matches!(todo.input, Input::Migrate(_)));
        let known = if migrates { HashMap::new() } else { self.contacts.take(&mut ids) };
        let cached: HashSet<String> = known.keys().cloned().collect();
        let accounts = decider.catalog.reads_accounts();
        let accounts = accounts.then(|| todos.iter().filter_map(Todo::account).map(str::to_owned).collect::<Vec<_>>());
        let loaded = self.load(known, &ids, &keys, accounts).await?;
        let decider = self.knowing(decider, loaded.contacts.values().map(|(contact, _)| contact)).await?;
        let (engine, live) = (Arc::clone(self), Arc::clone(live));
        let decided = tokio::task::spawn_blocking(move || engine.decide_todos(&decider, todos, loaded, &live)).await;
        let attempt = decided.map_err(|error| WorkerError::Panic(error.to_string()))?;
        Ok(Attempt { cached, ..attempt })
    }

    /// What is not known here comes from the store; what both know, the store knows better.
    async fn load(
        &self,
        known: HashMap<String, (Contact, i64)>,
        ids: &[String],
        keys: &[EventKey],
        accounts: Option<Vec<String>>,
    ) -> Result<Loaded, WorkerError> {
        let accounts = accounts.map(|mut named| {
            named.extend(known.values().filter_map(|(contact, _)| contact.account.as_ref()).map(|(id, _)| id.clone()));
            named
        });
        let nothing = ids.is_empty() && keys.is_empty() && accounts.as_ref().is_none_or(Vec::is_empty);
        let mut loaded = match nothing {
            true => Loaded::default(),
            false => self.parts.store.load(ids, keys, accounts.as_deref()).await?,
        };
        for (id, contact) in known {
            loaded.contacts.entry(id).or_insert(contact);
        }
        Ok(loaded)
    }

    /// Decides jobs on this thread: as far as each goes without a score, then all scores together, and again.
    fn decide_todos(&self, decider: &Decider, todos: Vec<Todo>, mut loaded: Loaded, live: &Live) -> Attempt {
        let (mut jobs, duplicates) = sort(todos, &mut loaded);
        loop {
            let wanted = self.advance(decider, live, &mut loaded.accounts, &mut jobs);
            if wanted.is_empty() {
                break;
            }
            let requests: Vec<ScoreRequest> = wanted.iter().map(|(_, _, request)| request.clone()).collect();
            let outcomes = decider.scorer.score(&requests);
            for ((job, key, request), outcome) in wanted.into_iter().zip(outcomes) {
                let result = if outcome.is_ok() { "ok" } else { "failed" };
                self.parts.metrics.scores.with_label_values(&[request.plugin.as_str(), result]).inc();
                jobs[job].scores.insert(key, outcome);
            }
        }
        let (mut changes, mut ends, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for open in jobs.into_iter().flat_map(|job| job.opens) {
            if open.end.changed {
                changes.push(open.change);
                ends.push(open.end);
            } else {
                refused.extend(open.end.refused);
            }
        }
        Attempt { changes, ends, refused, duplicates, cached: HashSet::new() }
    }

    /// Moves every job on as far as it goes; gives the scores that are wanted, with the index of their job.
    fn advance(
        &self,
        decider: &Decider,
        live: &Live,
        accounts: &mut Accounts,
        jobs: &mut [Job],
    ) -> Vec<(usize, String, ScoreRequest)> {
        let mut wanted = Vec::new();
        for (index, job) in jobs.iter_mut().enumerate() {
            while let Some(mut todo) = job.inputs.pop_front() {
                let at = job.open(&todo.contact);
                let row = job.opens[at].change.expected;
                match &mut todo.input {
                    Input::Wake(_, version) => *version = row,
                    Input::Migrate(migration) => migration.row = row,
                    Input::Event(_) | Input::Tick(..) => {}
                }
                let subject = job.subject(at, &todo);
                match decide(&self.env(decider, live, accounts), subject, &todo.input, &job.scores) {
                    Ok(Outcome::Need(back, needs)) => {
                        job.give_back(at, *back);
                        job.inputs.push_front(todo);
                        wanted.extend(needs.into_iter().map(|(key, request)| (index, key, request)));
                        break;
                    }
                    Ok(Outcome::Done(transition)) => job.take(at, *transition, todo, accounts),
                    Err(refused) => {
                        job.give_back(at, *refused.subject);
                        job.refuse(at, todo, refused.why);
                    }
                }
                job.scores.clear();
            }
        }
        wanted
    }

    fn env<'a>(&'a self, decider: &'a Decider, live: &'a Live, accounts: &'a Accounts) -> Env<'a> {
        let (evaluator, renderer) = (self.parts.evaluator.as_ref(), decider.renderer.as_ref());
        Env { catalog: &decider.catalog, live, evaluator, renderer, accounts, detail: Detail::Full, score: None }
    }

    pub(crate) fn count(&self, handled: Handled) {
        let counts = [("decided", handled.decided), ("duplicate", handled.duplicates), ("parked", handled.parked)];
        for (result, count) in counts {
            self.parts.metrics.events.with_label_values(&[result]).inc_by(count as u64);
        }
    }

    fn count_planned(&self, change: &Change) {
        for action in &change.actions {
            let labels = [action.channel.word(), action.state.word()];
            self.parts.metrics.planned.with_label_values(&labels).inc();
        }
    }
}
