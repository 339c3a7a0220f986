//! What plugins were asked, as metrics: read from the plugins in force when somebody asks for `/metrics`.
//!
//! Labels are names and versions of pinned plugins, their inputs and our own codes. The counts begin anew when the plugins
//! are loaded anew, as those of a restarted process do.

use crate::engine::Engine;
use crate::metrics::{self, Kind};
use prometheus::core::{Collector, Desc};
use prometheus::proto::{Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType};
use staunch_scoring::{InputUsage, LATENCY_MICROS, PluginUsage, Refusal};
use std::sync::Weak;

/// Collects from the plugins that an engine decides by.
pub struct Plugins(pub Weak<Engine>);

impl Collector for Plugins {
    fn desc(&self) -> Vec<&Desc> {
        Vec::new()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Some(engine) = self.0.upgrade() else { return Vec::new() };
        let scorer = &engine.decider().scorer;
        families(&scorer.usage(), &scorer.refusals())
    }
}

/// The families that have something to say, in order of their names.
pub(crate) fn families(all: &[PluginUsage], refusals: &[Refusal]) -> Vec<MetricFamily> {
    let each = |of: &dyn Fn(&PluginUsage) -> u64| -> Vec<Metric> {
        all.iter().map(|one| counted(named(one, &[]), of(one) as f64)).collect()
    };
    let failures = all
        .iter()
        .flat_map(|one| one.failures.iter().map(|(code, rows)| counted(named(one, &[("code", code)]), *rows as f64)));
    let inputs =
        |of: &dyn Fn(&InputUsage) -> Option<f64>, metric: &dyn Fn(Vec<LabelPair>, f64) -> Metric| -> Vec<Metric> {
            let one =
                |one: &PluginUsage, input: &InputUsage| Some(metric(named(one, &[("input", &input.name)]), of(input)?));
            all.iter().flat_map(|usage| usage.inputs.iter().filter_map(move |input| one(usage, input))).collect()
        };
    let refused = refusals.iter().map(|one| {
        let labels = [("plugin", one.plugin.as_str()), ("code", one.code), ("limit", one.limit)];
        counted(labels.map(|(name, value)| label(name, value)).into(), one.times as f64)
    });
    let deviation = |input: &InputUsage| (input.numbers > 1).then(|| (input.m2 / (input.numbers - 1) as f64).sqrt());
    let families = [
        family("calls_total", each(&|one| one.calls)),
        family("call_seconds", all.iter().map(latency).collect()),
        family("failures_total", failures.collect()),
        family("fuel_total", each(&|one| one.fuel)),
        family("input_looked_total", inputs(&|input| Some(input.looked as f64), &counted)),
        family("input_missing_total", inputs(&|input| Some(input.missing as f64), &counted)),
        family("input_mean", inputs(&|input| (input.numbers > 0).then_some(input.mean), &gauged)),
        family("input_deviation", inputs(&deviation, &gauged)),
        family("refused_total", refused.collect()),
        family("rows_total", each(&|one| one.rows)),
        family("trips_total", each(&|one| one.trips)),
    ];
    families.into_iter().flatten().filter(|one| !one.get_metric().is_empty()).collect()
}

/// A family of the catalogue; what is not in it is not shown.
fn family(name: &str, metrics: Vec<Metric>) -> Option<MetricFamily> {
    let known = metrics::family(&format!("staunch_plugin_{name}")).ok()?;
    let kind = match known.kind {
        Kind::Counter => MetricType::COUNTER,
        Kind::Gauge => MetricType::GAUGE,
        Kind::Histogram => MetricType::HISTOGRAM,
    };
    let mut family = MetricFamily::default();
    family.set_name(known.name.to_owned());
    family.set_help(known.meaning.to_owned());
    family.set_field_type(kind);
    family.set_metric(metrics);
    Some(family)
}

fn label(name: &str, value: &str) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value.to_owned());
    pair
}

/// The plugin's name and version, and more.
fn named(usage: &PluginUsage, more: &[(&str, &str)]) -> Vec<LabelPair> {
    let own = [("plugin", usage.plugin.as_str()), ("version", usage.version.as_str())];
    own.iter().chain(more).map(|(name, value)| label(name, value)).collect()
}

fn counted(labels: Vec<LabelPair>, value: f64) -> Metric {
    let (mut metric, mut counter) = (Metric::from_label(labels), Counter::default());
    counter.set_value(value);
    metric.set_counter(counter);
    metric
}

fn gauged(labels: Vec<LabelPair>, value: f64) -> Metric {
    let (mut metric, mut gauge) = (Metric::from_label(labels), Gauge::default());
    gauge.set_value(value);
    metric.set_gauge(gauge);
    metric
}

fn latency(usage: &PluginUsage) -> Metric {
    let mut sum = 0;
    let buckets = LATENCY_MICROS.iter().zip(&usage.latency).map(|(micros, count)| {
        sum += count;
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(*micros as f64 / 1e6);
        bucket.set_cumulative_count(sum);
        bucket
    });
    let mut histogram = Histogram::default();
    histogram.set_bucket(buckets.collect());
    histogram.set_sample_count(usage.calls);
    histogram.set_sample_sum(usage.time.as_secs_f64());
    let mut metric = Metric::from_label(named(usage, &[]));
    metric.set_histogram(histogram);
    metric
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use prometheus::{Encoder, TextEncoder};
    use std::collections::BTreeMap;
    use std::time::Duration;

    /// A plugin that was asked, and something that was refused to it.
    pub(crate) fn sample() -> (PluginUsage, Refusal) {
        let input = InputUsage {
            name: "recency".into(),
            looked: 10,
            missing: 2,
            numbers: 8,
            mean: 3.5,
            m2: 28.0,
            min: 0.0,
            max: 7.0,
            bins: [0; staunch_scoring::BINS],
        };
        let mut latency = [0; LATENCY_MICROS.len() + 1];
        (latency[0], latency[2], latency[LATENCY_MICROS.len()]) = (3, 1, 1);
        let usage = PluginUsage {
            plugin: "churn".into(),
            digest: "00".into(),
            version: "1.0.0".into(),
            calls: 5,
            rows: 12,
            failures: BTreeMap::from([("ST3004".to_owned(), 2)]),
            trips: 1,
            fuel: 9_000,
            latency,
            time: Duration::from_millis(1_500),
            inputs: vec![input],
        };
        let refusal = Refusal {
            plugin: "churn".into(),
            digest: "00".into(),
            code: "ST3017",
            limit: "memory",
            allowed: 1,
            demanded: 2,
            times: 4,
        };
        (usage, refusal)
    }

    #[test]
    fn says_what_was_asked_as_prometheus_reads_it() {
        let (usage, refusal) = sample();
        let mut text = Vec::new();
        TextEncoder::new().encode(&families(&[usage], &[refusal]), &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        for line in [
            "staunch_plugin_calls_total{plugin=\"churn\",version=\"1.0.0\"} 5",
            "staunch_plugin_call_seconds_bucket{plugin=\"churn\",version=\"1.0.0\",le=\"0.00001\"} 3",
            "staunch_plugin_call_seconds_bucket{plugin=\"churn\",version=\"1.0.0\",le=\"1\"} 4",
            "staunch_plugin_call_seconds_bucket{plugin=\"churn\",version=\"1.0.0\",le=\"+Inf\"} 5",
            "staunch_plugin_call_seconds_sum{plugin=\"churn\",version=\"1.0.0\"} 1.5",
            "staunch_plugin_failures_total{plugin=\"churn\",version=\"1.0.0\",code=\"ST3004\"} 2",
            "staunch_plugin_input_missing_total{plugin=\"churn\",version=\"1.0.0\",input=\"recency\"} 2",
            "staunch_plugin_input_mean{plugin=\"churn\",version=\"1.0.0\",input=\"recency\"} 3.5",
            "staunch_plugin_input_deviation{plugin=\"churn\",version=\"1.0.0\",input=\"recency\"} 2",
            "staunch_plugin_refused_total{plugin=\"churn\",code=\"ST3017\",limit=\"memory\"} 4",
            "staunch_plugin_trips_total{plugin=\"churn\",version=\"1.0.0\"} 1",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
        assert!(families(&[], &[]).is_empty());
    }
}
