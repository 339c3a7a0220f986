//! The texts of sheets: values as files write them.

use crate::action::Channel;
use crate::expr::Root;
use crate::feature::{Aggregate, FeatureKind, Over, Window};
use crate::policy::ZoneChoice;
use crate::schedule::{LocalWindow, Schedule, Ticks, Weekdays};
use crate::score::{IfUnavailable, ScoreDef, ScoreKind};
use crate::time::Span;
use crate::value::Percent;
use crate::workflow::{Effect, EventMatch, Metric, Target, Workflow};

/// A share as a percentage.
pub(super) fn percent(share: f64) -> String {
    Percent { share }.to_string()
}

/// A minute of the day as `09:00`.
pub(super) fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Days of the week; every day is empty.
pub(super) fn days(days: Weekdays) -> String {
    if days == Weekdays::ALL {
        return String::new();
    }
    let words = Weekdays::WORDS.iter().enumerate().filter(|(at, _)| days.0 & (1 << at) != 0);
    words.map(|(_, word)| *word).collect::<Vec<_>>().join(",")
}

/// Hours and days, such as `09:00-11:00 MON,TUE`.
pub(super) fn window(window: &LocalWindow) -> String {
    let text = format!("{}-{} {}", clock(window.from_minute), clock(window.to_minute), days(window.days));
    text.trim_end().to_owned()
}

/// The ticks of a schedule.
pub(super) fn ticks(schedule: &Schedule) -> String {
    match &schedule.ticks {
        Ticks::Cron(text) => text.clone(),
        Ticks::Weekly { minute, days: on } => format!("{} {}", clock(*minute), days(*on)).trim_end().to_owned(),
    }
}

/// Whose clock counts.
pub(super) fn zone(zone: &ZoneChoice) -> String {
    match zone {
        ZoneChoice::Contact => "contact".to_owned(),
        ZoneChoice::Fixed(name) => name.clone(),
    }
}

/// Channels, joined.
pub(super) fn channels(channels: &[Channel]) -> String {
    channels.iter().map(|channel| channel.word()).collect::<Vec<_>>().join(", ")
}

/// The step that a target leads to.
pub(super) fn target(flow: &Workflow, target: Target) -> String {
    match target {
        Target::End => "the end".to_owned(),
        Target::Node(at) => flow.nodes.get(at).map_or_else(|| "the end".to_owned(), |node| node.id.clone()),
    }
}

/// An event with its conditions.
pub(super) fn event(event: &EventMatch) -> String {
    let mut text = event.events.join(", ");
    if let Some(step) = &event.of {
        text.push_str(&format!(", of {step}"));
    }
    if let Some(filter) = &event.filter {
        text.push_str(&format!(", where {}", filter.source));
    }
    text
}

/// A metric with its channel.
pub(super) fn metric(metric: &Metric) -> String {
    metric.channel.map_or_else(|| metric.name.clone(), |channel| format!("{}.{}", metric.name, channel.word()))
}

/// The word of an effect.
pub(super) fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Pause => "pause",
        Effect::Demote => "demote",
        Effect::Hold => "hold",
        Effect::Fallback => "fallback",
        Effect::Alert => "alert",
    }
}

/// A length of time, `none` for zero.
pub(super) fn span(span: Span) -> String {
    if span == Span(0) { "0h".to_owned() } else { span.to_string() }
}

fn range(window: Window) -> String {
    if window.to == Span(0) { span(window.from) } else { format!("{}..{}", span(window.from), span(window.to)) }
}

/// A feature in one line, such as `count: session.started, window: 7d`.
pub(super) fn feature(flow: &Workflow, kind: &FeatureKind) -> String {
    let FeatureKind::Expr(expr) = kind else { return counted(flow, kind) };
    format!("expr: {}", expr.source)
}

fn counted(flow: &Workflow, kind: &FeatureKind) -> String {
    let fact = kind.fact().and_then(|key| flow.facts.iter().find(|fact| fact.key == key));
    let events = fact.map_or_else(String::new, |fact| fact.events.join(", "));
    let mut text = match kind {
        FeatureKind::Count { window, .. } => format!("count: {events}, window: {}", range(*window)),
        FeatureKind::Sum { window, .. } => format!("sum: {events}, window: {}", range(*window)),
        FeatureKind::Of { how, window, never, .. } => {
            format!("{}: {events}, window: {}, never: {never}", aggregate(*how), range(*window))
        }
        FeatureKind::Ratio { window, against, never, .. } => {
            format!("ratio: {events}, window: {}, against: {}, never: {never}", range(*window), range(*against))
        }
        FeatureKind::DaysSince { never, .. } => format!("days_since: {events}, never: {never}"),
        FeatureKind::Expr(_) => String::new(),
    };
    let Some(fact) = fact else { return text };
    if let Some(of) = &fact.of {
        text.push_str(&format!(", of: {of}"));
    }
    if let Some(filter) = &fact.filter {
        text.push_str(&format!(", where: {}", filter.source));
    }
    if fact.over == Over::Account {
        text.push_str(", over: account");
    }
    text
}

fn aggregate(how: Aggregate) -> &'static str {
    match how {
        Aggregate::Min => "min",
        Aggregate::Max => "max",
        Aggregate::Average => "average",
        Aggregate::Distinct => "distinct",
        Aggregate::First => "first",
        Aggregate::Last => "last",
    }
}

/// What a score sees.
pub(super) fn inputs(inputs: &[(Root, String)]) -> String {
    inputs.iter().map(|(root, name)| format!("{}.{name}", root.word())).collect::<Vec<_>>().join(", ")
}

/// What happens without the score.
pub(super) fn unavailable(choice: &IfUnavailable) -> String {
    match choice {
        IfUnavailable::Hold => "hold".to_owned(),
        IfUnavailable::Review(role) => format!("review by {role}"),
        IfUnavailable::Skip => "skip".to_owned(),
        IfUnavailable::Expr(expr) => format!("expr: {}", expr.source),
    }
}

/// The bands, classes or kind of a score.
pub(super) fn shape(score: &ScoreDef) -> String {
    match &score.kind {
        ScoreKind::Classes(labels) => format!("classes {}", labels.join(", ")),
        ScoreKind::Ranking => "ranking".to_owned(),
        ScoreKind::Scalar => {
            let bands = score.bands.iter().map(|band| format!("{} from {}", band.name, band.from));
            bands.collect::<Vec<_>>().join(", ")
        }
    }
}
