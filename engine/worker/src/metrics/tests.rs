//! What is registered is in the catalogue with the same type and labels, and the other way round.

use super::*;
use crate::plugins;
use prometheus::proto::{MetricFamily, MetricType};
use staunch_core::action::{ActionState, Channel};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that a process can show, each with a value.
fn gathered() -> Vec<MetricFamily> {
    let metrics = Metrics::new().unwrap();
    let vectors = [&metrics.planned, &metrics.sends, &metrics.scores];
    vectors.iter().for_each(|one| one.with_label_values(&["a", "b"]).inc());
    let vectors = [&metrics.wakes, &metrics.parked, &metrics.failures];
    vectors.iter().for_each(|one| one.with_label_values(&["a"]).inc());
    metrics.send_seconds.with_label_values(&["email"]).observe(0.1);
    metrics.broken.with_label_values(&["worker"]).set(0);
    metrics.figures(&Figures::default(), Time(0));
    let (usage, refusal) = plugins::tests::sample();
    let mut all = metrics.registry().gather();
    all.extend(plugins::families(&[usage], &[refusal]));
    all
}

#[test]
fn what_is_shown_is_the_catalogue() {
    let shape = |family: &MetricFamily| {
        let kind = match family.get_field_type() {
            MetricType::COUNTER => "counter",
            MetricType::HISTOGRAM => "histogram",
            _ => "gauge",
        };
        let labels: BTreeSet<String> =
            family.get_metric()[0].get_label().iter().map(|label| label.name().to_owned()).collect();
        (kind, labels, family.help().to_owned())
    };
    let ours = |help: String, name: &str| if name.starts_with("process_") { String::new() } else { help };
    let shown: BTreeMap<String, _> = gathered()
        .iter()
        .map(|family| {
            let (kind, labels, help) = shape(family);
            (family.name().to_owned(), (kind, labels, ours(help, family.name())))
        })
        .collect();
    let listed: BTreeMap<String, _> = FAMILIES
        .iter()
        .map(|family| {
            let labels = family.labels.iter().map(|label| (*label).to_owned()).collect();
            (family.name.to_owned(), (family.kind.word(), labels, ours(family.meaning.to_owned(), family.name)))
        })
        .collect();
    assert_eq!(shown, listed);
}

fn value(metrics: &Metrics, name: &str, label: &str) -> f64 {
    let all = metrics.registry().gather();
    let family = all.iter().find(|family| family.name() == name).unwrap();
    let fits = |one: &&prometheus::proto::Metric| label.is_empty() || one.get_label()[0].value() == label;
    let one = family.get_metric().iter().find(fits).unwrap();
    if family.get_field_type() == MetricType::COUNTER {
        one.get_counter().get_value()
    } else {
        one.get_gauge().get_value()
    }
}

#[test]
fn figures_are_ages_and_counts_and_go_back_to_zero() {
    let metrics = Metrics::new().unwrap();
    let now = Time(100_000_000);
    let figures = Figures {
        pending: vec![(ActionState::InDoubt, 2)],
        action_due: Some(Time(40_000_000)),
        wake_due: Some(Time(160_000_000)),
        parked: 3,
        kills: vec![KillScope::All, KillScope::Channel(Channel::Email), KillScope::Channel(Channel::Task)],
    };
    metrics.figures(&figures, now);
    let expected = [
        ("staunch_actions_pending", "in_doubt", 2.0),
        ("staunch_actions_pending", "ready", 0.0),
        ("staunch_actions_overdue_seconds", "", 60.0),
        // To come is not overdue.
        ("staunch_timers_overdue_seconds", "", 0.0),
        ("staunch_parked_waiting", "", 3.0),
        ("staunch_kills_active", "all", 1.0),
        ("staunch_kills_active", "channel", 2.0),
        ("staunch_kills_active", "workflow", 0.0),
    ];
    for (name, label, expected) in expected {
        assert_eq!(value(&metrics, name, label), expected, "{name} {label}");
    }
    metrics.figures(&Figures::default(), now);
    for (name, label, _) in expected {
        assert_eq!(value(&metrics, name, label), 0.0, "{name} {label}");
    }
}

#[test]
fn connections_are_counted_once_and_ages_only_of_the_past() {
    let metrics = Metrics::new().unwrap();
    for (database, broker) in [(3, 1), (3, 2), (4, 2)] {
        metrics.connects(database, broker);
    }
    assert_eq!(value(&metrics, "staunch_database_connects_total", ""), 4.0);
    assert_eq!(value(&metrics, "staunch_broker_connects_total", ""), 2.0);
    metrics.age(Some(Time(1_000_000)), Time(3_000_000));
    metrics.age(Some(Time(5_000_000)), Time(3_000_000));
    metrics.age(None, Time(3_000_000));
    assert_eq!((metrics.event_age.get_sample_count(), metrics.event_age.get_sample_sum()), (1, 2.0));
}
