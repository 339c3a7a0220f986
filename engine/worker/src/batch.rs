//! A micro-batch: load its contacts, decide with scores for all of them together, commit, and only then ack.

use crate::clock::Clock;
use crate::engine::{Engine, WorkerError};
use staunch_broker::Delivery;
use staunch_core::account::Accounts;
use staunch_core::contact::Contact;
use staunch_core::decide::{Catalog, Detail, Env, Input, Outcome, Scores, Subject, decide};
use staunch_core::event::Event;
use staunch_core::ingest::Refusal;
use staunch_core::policy::Live;
use staunch_core::score::ScoreRequest;
use staunch_core::{Time, codes};
use staunch_store::{Change, Loaded};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// How often the losers of a compare-and-swap are tried.
const TRIES: u32 = 20;
/// After this many attempts a message that fails alone is parked. Crashes of the process count as attempts, too, but
/// never park by themselves a message that did not fail alone, until the broker's own, larger limit.
const ALONE: u32 = 5;

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

/// What is to be decided for one contact, in order.
#[derive(Clone, Debug)]
struct Task {
    contact: String,
    inputs: Vec<Todo>,
}

#[derive(Clone, Debug)]
enum Todo {
    /// An event, with the index of its delivery.
    Event(Event, usize),
    Wake(Time),
}

/// A task under way.
struct Job {
    change: Change,
    inputs: Vec<Todo>,
    next: usize,
    scores: Scores,
    refused: Vec<(usize, String)>,
}

impl Engine {
    /// Takes one batch from the broker, waiting at most `wait` for its first message, and handles it.
    ///
    /// # Errors
    /// Where the store or the broker fails; the deliveries went back.
    pub async fn ingest(
        self: &Arc<Self>,
        max: usize,
        wait: Duration,
        clock: &dyn Clock,
    ) -> Result<Handled, WorkerError> {
        let deliveries = self.parts.broker.next(max, wait).await?;
        if deliveries.is_empty() {
            return Ok(Handled::default());
        }
        let timer = self.parts.metrics.batch_seconds.start_timer();
        let now = match clock.now().await {
            Ok(now) => now,
            Err(error) => {
                self.parts.broker.release(&deliveries).await?;
                return Err(error);
            }
        };
        let result = self.handle(&deliveries, now).await;
        timer.observe_duration();
        match result {
            Ok(handled) => {
                self.parts.broker.ack(&deliveries).await?;
                self.count(handled);
                Ok(handled)
            }
            Err(error) if error.is_poison() => self.one_by_one(deliveries, now, &error).await,
            Err(error) => {
                self.parts.broker.release(&deliveries).await?;
                Err(error)
            }
        }
    }

    /// A batch that broke down is handled message by message: only the one that breaks alone counts a failure. Its
    /// neighbours go through.
    async fn one_by_one(
        self: &Arc<Self>,
        all: Vec<Delivery>,
        now: Time,
        why: &WorkerError,
    ) -> Result<Handled, WorkerError> {
        tracing::error!(messages = all.len(), %why, "a batch broke down; its messages are handled one by one");
        let mut total = Handled::default();
        for at in 0..all.len() {
            match self.alone(&all[at], now).await {
                Ok(handled) => {
                    total.taken += handled.taken;
                    total.decided += handled.decided;
                    total.duplicates += handled.duplicates;
                    total.parked += handled.parked;
                }
                Err(error) => {
                    self.parts.broker.release(&all[at..]).await?;
                    return Err(error);
                }
            }
        }
        Ok(total)
    }

    /// One message by itself; one that fails alone for the last time is parked with its cause.
    async fn alone(self: &Arc<Self>, delivery: &Delivery, now: Time) -> Result<Handled, WorkerError> {
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
        let catalog = self.catalog();
        let mut handled = Handled { taken: deliveries.len(), ..Handled::default() };
        let mut parked = Vec::new();
        let mut by_contact: BTreeMap<String, Vec<(Event, usize)>> = BTreeMap::new();
        for (index, delivery) in deliveries.iter().enumerate() {
            match self.read(&catalog, delivery, now) {
                Ok(event) => by_contact.entry(event.contact.clone()).or_default().push((event, index)),
                Err(refusal) => parked.push(self.parked(delivery, refusal, now).await?),
            }
        }
        let mut tasks = Vec::new();
        for (contact, mut events) in by_contact {
            events.sort_by_cached_key(|(event, _)| event.position());
            let inputs = events.into_iter().map(|(event, index)| Todo::Event(event, index)).collect();
            tasks.push(Task { contact, inputs });
        }
        let done = self.decide_all(tasks, now).await?;
        for (index, message) in done.refused {
            let refusal = Refusal { code: codes::EVENT_FIELD, message };
            parked.push(self.parked(&deliveries[index], refusal, now).await?);
        }
        self.parts.store.park(&parked).await?;
        (handled.decided, handled.duplicates, handled.parked) = (done.decided, done.duplicates, parked.len());
        Ok(handled)
    }

    /// Wakes contacts whose deadline has come. Gives how many.
    ///
    /// # Errors
    /// Where the store fails; nothing changed that was not committed.
    pub async fn wake(self: &Arc<Self>, max: u32, now: Time) -> Result<usize, WorkerError> {
        let due = self.parts.store.due(now, max).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let task = |contact: String| Task { contact, inputs: vec![Todo::Wake(now)] };
        let mut woken = due.len();
        match self.decide_all(due.iter().cloned().map(task).collect(), now).await {
            Ok(_) => {}
            Err(error) if error.is_poison() => {
                for contact in due {
                    if let Err(error) = self.decide_all(vec![task(contact)], now).await {
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

    async fn decide_all(self: &Arc<Self>, mut tasks: Vec<Task>, now: Time) -> Result<Done, WorkerError> {
        let mut done = Done::default();
        let live = self.parts.store.live().await?;
        for _ in 0..TRIES {
            if tasks.is_empty() {
                return Ok(done);
            }
            let keys: Vec<_> = tasks.iter().flat_map(|task| task.inputs.iter().filter_map(Todo::key)).collect();
            let names: Vec<String> = tasks.iter().map(|task| task.contact.clone()).collect();
            let loaded = self.parts.store.load(&names, &keys).await?;
            let engine = Arc::clone(self);
            let (batch, live) = (tasks.clone(), live.clone());
            let decided = tokio::task::spawn_blocking(move || engine.decide_tasks(batch, loaded, &live)).await;
            let (jobs, duplicates) = decided.map_err(|error| WorkerError::Panic(error.to_string()))?;
            let (changes, refused): (Vec<Change>, Vec<_>) =
                jobs.into_iter().map(|job| (job.change, job.refused)).unzip();
            let losers: HashSet<String> = self.parts.store.commit(&changes, now).await?.losers.into_iter().collect();
            for (change, refused) in changes.iter().zip(refused) {
                if !losers.contains(&change.contact.id) {
                    self.count_planned(change);
                    done.decided += change.decisions.iter().filter(|decision| decision.event.is_some()).count();
                    done.refused.extend(refused);
                }
            }
            done.duplicates += duplicates;
            tasks.retain(|task| losers.contains(&task.contact));
        }
        if tasks.is_empty() { Ok(done) } else { Err(WorkerError::Contended { count: tasks.len(), tries: TRIES }) }
    }

    /// Decides tasks on this thread: as far as each goes without a score, then all scores together, and again.
    fn decide_tasks(&self, tasks: Vec<Task>, mut loaded: Loaded, live: &Live) -> (Vec<Job>, usize) {
        let catalog = self.catalog();
        let mut duplicates = 0;
        let mut jobs = Vec::with_capacity(tasks.len());
        for task in tasks {
            let known = loaded.contacts.remove(&task.contact);
            let (contact, version) = known.unwrap_or_else(|| (Contact::new(&task.contact), 0));
            let before = task.inputs.len();
            let mut seen = HashSet::new();
            let mut new = |todo: &Todo| todo.key().is_none_or(|key| !loaded.decided.contains(&key) && seen.insert(key));
            let inputs: Vec<Todo> = task.inputs.into_iter().filter(|todo| new(todo)).collect();
            duplicates += before - inputs.len();
            if !inputs.is_empty() {
                let change = Change::new(contact, version);
                jobs.push(Job { change, inputs, next: 0, scores: Scores::new(), refused: vec![] });
            }
        }
        loop {
            let wanted = self.advance(&catalog, live, &mut jobs);
            if wanted.is_empty() {
                return (jobs, duplicates);
            }
            let requests: Vec<ScoreRequest> = wanted.iter().map(|(_, _, request)| request.clone()).collect();
            let outcomes = self.parts.scorer.score(&requests);
            for ((job, key, request), outcome) in wanted.into_iter().zip(outcomes) {
                let result = if outcome.is_ok() { "ok" } else { "failed" };
                self.parts.metrics.scores.with_label_values(&[request.plugin.as_str(), result]).inc();
                jobs[job].scores.insert(key, outcome);
            }
        }
    }

    /// Moves every job on as far as it goes; gives the scores that are wanted, with the index of their job.
    fn advance(&self, catalog: &Catalog, live: &Live, jobs: &mut [Job]) -> Vec<(usize, String, ScoreRequest)> {
        let (evaluator, renderer) = (self.parts.evaluator.as_ref(), self.parts.renderer.as_ref());
        let accounts = Accounts::new();
        let env = Env { catalog, live, evaluator, renderer, accounts: &accounts, detail: Detail::Full };
        let mut wanted = Vec::new();
        for (index, job) in jobs.iter_mut().enumerate() {
            while let Some(todo) = job.inputs.get(job.next) {
                let (input, delivery) = match todo {
                    Todo::Event(event, at) => (Input::Event(event.clone()), Some(*at)),
                    Todo::Wake(now) => (Input::Wake(*now, job.change.expected), None),
                };
                let subject = Subject::from(std::mem::take(&mut job.change.contact));
                match decide(&env, subject, &input, &job.scores) {
                    Ok(Outcome::Need(back, needs)) => {
                        job.change.contact = back.contact;
                        wanted.extend(needs.into_iter().map(|(key, request)| (index, key, request)));
                        break;
                    }
                    Ok(Outcome::Done(transition)) => job.change.add(*transition),
                    Err(refused) => {
                        job.change.contact = refused.subject.contact;
                        job.refused.extend(delivery.map(|at| (at, refused.why)));
                    }
                }
                job.scores.clear();
                job.next += 1;
            }
        }
        wanted
    }

    fn count(&self, handled: Handled) {
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

#[derive(Default)]
struct Done {
    decided: usize,
    duplicates: usize,
    refused: Vec<(usize, String)>,
}

impl Todo {
    fn key(&self) -> Option<staunch_core::event::EventKey> {
        match self {
            Todo::Event(event, _) => Some(event.key()),
            Todo::Wake(_) => None,
        }
    }
}
