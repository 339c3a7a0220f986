//! What a worker counts. Names, labels and meanings stand in [`families`]; here is what they count with.

mod families;

pub use families::{FAMILIES, Family, Kind};

pub(crate) use families::family;

use prometheus::core::Collector;
use prometheus::{
    Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};
use staunch_core::Time;
use staunch_core::policy::KillScope;
use staunch_core::retention::Class;
use staunch_store::{Figures, Parked};

/// States that are counted whether or not an action is in them.
const PENDING: [&str; 5] = ["held", "review", "ready", "sending", "in_doubt"];

/// Counters of one process.
#[derive(Clone)]
pub struct Metrics {
    /// Events by result: `decided`, `duplicate`, `parked`.
    pub events: IntCounterVec,
    /// New actions by channel and state after the decision.
    pub planned: IntCounterVec,
    /// Finished sends by channel and result.
    pub sends: IntCounterVec,
    /// Seconds of a send by channel.
    pub send_seconds: HistogramVec,
    /// Score requests by plugin and result.
    pub scores: IntCounterVec,
    /// Contacts woken by a deadline.
    pub wakes: IntCounterVec,
    /// Changes of what decisions are made by: `taken` (files of the workspace), `refused` (files with problems),
    /// `published` (versions that another process published).
    pub reloads: IntCounterVec,
    /// Seconds from the first delivery of a batch to its commit.
    pub batch_seconds: Histogram,
    /// Messages of a batch.
    pub batch_messages: Histogram,
    /// Changes that lost their compare-and-swap.
    pub conflicts: IntCounter,
    /// Sends whose lease was lost.
    pub leases_lost: IntCounter,
    /// Sends without a record: `repeated`, `in_doubt`.
    pub recovered: IntCounterVec,
    /// Failed rounds of loops.
    pub failures: IntCounterVec,
    /// Loops that do not work.
    pub broken: IntGaugeVec,
    /// Rows that retention deleted, by class.
    pub swept: IntCounterVec,
    /// Messages in the broker's queue.
    pub queue_depth: IntGauge,
    event_age: Histogram,
    parked: IntCounterVec,
    last_commit: Gauge,
    pending: IntGaugeVec,
    overdue: Gauge,
    timers: Gauge,
    kills: IntGaugeVec,
    parked_waiting: IntGauge,
    database_connects: IntCounter,
    broker_connects: IntCounter,
    registry: Registry,
}

/// Makes metrics of the catalogue, and registers each.
struct Maker(Registry);

impl Maker {
    fn opts(name: &str) -> Result<(Opts, &'static Family), prometheus::Error> {
        let family = family(name)?;
        Ok((Opts::new(family.name, family.meaning), family))
    }

    fn keep<C: Collector + Clone + 'static>(&self, one: C) -> Result<C, prometheus::Error> {
        self.0.register(Box::new(one.clone()))?;
        Ok(one)
    }

    fn counters(&self, name: &str) -> Result<IntCounterVec, prometheus::Error> {
        let (opts, family) = Maker::opts(name)?;
        self.keep(IntCounterVec::new(opts, family.labels)?)
    }

    fn counter(&self, name: &str) -> Result<IntCounter, prometheus::Error> {
        self.keep(IntCounter::with_opts(Maker::opts(name)?.0)?)
    }

    fn gauges(&self, name: &str) -> Result<IntGaugeVec, prometheus::Error> {
        let (opts, family) = Maker::opts(name)?;
        self.keep(IntGaugeVec::new(opts, family.labels)?)
    }

    fn count(&self, name: &str) -> Result<IntGauge, prometheus::Error> {
        self.keep(IntGauge::with_opts(Maker::opts(name)?.0)?)
    }

    fn gauge(&self, name: &str) -> Result<Gauge, prometheus::Error> {
        self.keep(Gauge::with_opts(Maker::opts(name)?.0)?)
    }

    fn histogram(&self, name: &str, buckets: Vec<f64>) -> Result<Histogram, prometheus::Error> {
        let (common_opts, _) = Maker::opts(name)?;
        self.keep(Histogram::with_opts(HistogramOpts { common_opts, buckets })?)
    }

    fn histograms(&self, name: &str, buckets: Vec<f64>) -> Result<HistogramVec, prometheus::Error> {
        let (common_opts, family) = Maker::opts(name)?;
        self.keep(HistogramVec::new(HistogramOpts { common_opts, buckets }, family.labels)?)
    }
}

impl Metrics {
    /// New counters in a registry of their own.
    ///
    /// # Errors
    /// Never, unless the catalogue lacks one of them.
    pub fn new() -> Result<Metrics, prometheus::Error> {
        let make = Maker(Registry::new());
        let buckets = prometheus::exponential_buckets;
        let metrics = Metrics {
            events: make.counters("staunch_events_total")?,
            planned: make.counters("staunch_actions_planned_total")?,
            sends: make.counters("staunch_sends_total")?,
            send_seconds: make.histograms("staunch_send_seconds", buckets(0.005, 2.0, 14)?)?,
            scores: make.counters("staunch_scores_total")?,
            wakes: make.counters("staunch_wakes_total")?,
            reloads: make.counters("staunch_reloads_total")?,
            batch_seconds: make.histogram("staunch_batch_seconds", buckets(0.001, 2.0, 14)?)?,
            batch_messages: make.histogram("staunch_batch_messages", buckets(1.0, 2.0, 11)?)?,
            conflicts: make.counter("staunch_conflicts_total")?,
            leases_lost: make.counter("staunch_leases_lost_total")?,
            recovered: make.counters("staunch_recovered_total")?,
            failures: make.counters("staunch_step_failures_total")?,
            broken: make.gauges("staunch_part_broken")?,
            swept: make.counters("staunch_swept_total")?,
            queue_depth: make.count("staunch_queue_depth")?,
            // From a tenth of a second to some three days.
            event_age: make.histogram("staunch_event_age_seconds", buckets(0.1, 3.0, 14)?)?,
            parked: make.counters("staunch_parked_total")?,
            last_commit: make.gauge("staunch_last_commit_timestamp_seconds")?,
            pending: make.gauges("staunch_actions_pending")?,
            overdue: make.gauge("staunch_actions_overdue_seconds")?,
            timers: make.gauge("staunch_timers_overdue_seconds")?,
            kills: make.gauges("staunch_kills_active")?,
            parked_waiting: make.count("staunch_parked_waiting")?,
            database_connects: make.counter("staunch_database_connects_total")?,
            broker_connects: make.counter("staunch_broker_connects_total")?,
            registry: make.0.clone(),
        };
        make.gauges("staunch_build_info")?.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        #[cfg(target_os = "linux")]
        make.0.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        metrics.begin();
        Ok(metrics)
    }

    /// A rate needs a first value: what an alert asks for is there from the start.
    fn begin(&self) {
        for result in ["decided", "duplicate", "parked"] {
            self.events.with_label_values(&[result]);
        }
        for result in ["repeated", "in_doubt"] {
            self.recovered.with_label_values(&[result]);
        }
        for result in ["taken", "refused", "published"] {
            self.reloads.with_label_values(&[result]);
        }
        for class in Class::ALL {
            self.swept.with_label_values(&[class.word()]);
        }
    }

    /// An event is about to be decided; `None` for history, whose age says nothing.
    pub fn age(&self, event: Option<Time>, now: Time) {
        if let Some(at) = event.filter(|at| *at <= now) {
            self.event_age.observe(seconds(now) - seconds(at));
        }
    }

    /// These inputs were parked.
    pub fn parked(&self, parked: &[Parked]) {
        for one in parked {
            self.parked.with_label_values(&[one.code.as_str()]).inc();
        }
    }

    /// A batch was committed.
    pub fn committed(&self, now: Time) {
        self.last_commit.set(seconds(now));
    }

    /// How many connections were opened so far.
    pub fn connects(&self, database: u64, broker: u64) {
        for (counter, opened) in [(&self.database_connects, database), (&self.broker_connects, broker)] {
            counter.inc_by(opened.saturating_sub(counter.get()));
        }
    }

    /// What the database holds as of `now`.
    pub fn figures(&self, figures: &Figures, now: Time) {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        for state in PENDING {
            let found = figures.pending.iter().find(|(word, _)| word.word() == state);
            self.pending.with_label_values(&[state]).set(found.map_or(0, |(_, found)| count(*found)));
        }
        let since = |at: Option<Time>| at.filter(|at| *at < now).map_or(0.0, |at| seconds(now) - seconds(at));
        self.overdue.set(since(figures.action_due));
        self.timers.set(since(figures.wake_due));
        self.parked_waiting.set(count(figures.parked));
        let (mut all, mut workflows, mut channels) = (0, 0, 0);
        for scope in &figures.kills {
            match scope {
                KillScope::All => all += 1,
                KillScope::Workflow(_) => workflows += 1,
                KillScope::Channel(_) => channels += 1,
            }
        }
        for (scope, kills) in [("all", all), ("workflow", workflows), ("channel", channels)] {
            self.kills.with_label_values(&[scope]).set(kills);
        }
    }

    /// The registry, for `/metrics`.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }
}

fn seconds(time: Time) -> f64 {
    time.0 as f64 / 1e6
}

#[cfg(test)]
mod tests;
