//! The counters that a worker exposes. Labels come from closed lists or published names, never from events.

use prometheus::{Histogram, HistogramOpts, IntCounterVec, IntGauge, Opts, Registry};

/// Counters of one process.
#[derive(Clone)]
pub struct Metrics {
    /// Events by result: `decided`, `duplicate`, `late`, `parked`.
    pub events: IntCounterVec,
    /// New actions by channel and state after the decision.
    pub planned: IntCounterVec,
    /// Finished sends by channel and result.
    pub sends: IntCounterVec,
    /// Score requests by plugin and result.
    pub scores: IntCounterVec,
    /// Contacts woken by a deadline.
    pub wakes: IntCounterVec,
    /// Changes of what decisions are made by: `taken` (files of the workspace), `refused` (files with problems),
    /// `published` (versions that another process published).
    pub reloads: IntCounterVec,
    /// Seconds from the first delivery of a batch to its commit.
    pub batch_seconds: Histogram,
    /// Messages in the broker's queue.
    pub queue_depth: IntGauge,
    registry: Registry,
}

impl Metrics {
    /// New counters in a registry of their own.
    ///
    /// # Errors
    /// Never, unless two counters share a name.
    pub fn new() -> Result<Metrics, prometheus::Error> {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            IntCounterVec::new(Opts::new(name, help).namespace("staunch"), labels)
        };
        let buckets = prometheus::exponential_buckets(0.001, 2.0, 14)?;
        let seconds = HistogramOpts::new("batch_seconds", "Seconds from a batch's first delivery to its commit");
        let metrics = Metrics {
            events: counter("events_total", "Events by result", &["result"])?,
            planned: counter("actions_planned_total", "New actions by channel and state", &["channel", "state"])?,
            sends: counter("sends_total", "Finished sends by channel and result", &["channel", "result"])?,
            scores: counter("scores_total", "Scored rows by plugin and result", &["plugin", "result"])?,
            wakes: counter("wakes_total", "Contacts woken by a deadline", &["result"])?,
            reloads: counter("reloads_total", "Changes of files and versions by result", &["result"])?,
            batch_seconds: Histogram::with_opts(seconds.namespace("staunch").buckets(buckets))?,
            queue_depth: IntGauge::with_opts(Opts::new("queue_depth", "Messages in the queue").namespace("staunch"))?,
            registry: Registry::new(),
        };
        let counters =
            [&metrics.events, &metrics.planned, &metrics.sends, &metrics.scores, &metrics.wakes, &metrics.reloads];
        for family in counters {
            metrics.registry.register(Box::new(family.clone()))?;
        }
        metrics.registry.register(Box::new(metrics.batch_seconds.clone()))?;
        metrics.registry.register(Box::new(metrics.queue_depth.clone()))?;
        Ok(metrics)
    }

    /// The registry, for `/metrics`.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }
}
