//! Kill rules and breakers, of a workflow or of the policy: what they watch and what they do.

use crate::read::{Fields, Keys, Reader};
use crate::yaml::Node;
use staunch_core::action::Channel;
use staunch_core::codes;
use staunch_core::time::Span;
use staunch_core::workflow::{Breaker, Effect, KillRule, KillTest, METRICS, Metric, Signal, SignalBreaker};

pub(crate) const KILL_RATE: Keys = Keys { known: &["id", "rate", "limit", "matured_after", "then"], later: &[] };
pub(crate) const KILL_LIFT: Keys = Keys { known: &["id", "lift", "worse_than", "matured_after", "then"], later: &[] };
pub(crate) const ACTIONS: Keys = Keys { known: &["id", "actions", "above", "window", "then"], later: &[] };
pub(crate) const RATE: Keys = Keys { known: &["id", "rate", "above", "window", "min_sent", "then"], later: &[] };
pub(crate) const SILENT: Keys = Keys { known: &["id", "silent", "for", "then"], later: &[] };
pub(crate) const ERRORS: Keys = Keys { known: &["id", "errors", "above", "window", "then"], later: &[] };

/// The metric of mails that were opened: mail programs fetch in advance, so it says nothing about people.
const OPENED: &str = "opened";

const EFFECTS: [(&str, Effect); 5] = [
    ("pause", Effect::Pause),
    ("demote", Effect::Demote),
    ("hold", Effect::Hold),
    ("fallback", Effect::Fallback),
    ("alert", Effect::Alert),
];

/// A rule with the place of its id, which is not held against other ids here.
pub(crate) struct Placed<T> {
    /// The node of the id.
    pub(crate) at: usize,
    /// Its id.
    pub(crate) id: String,
    /// The rule.
    pub(crate) rule: T,
    /// The metrics that it watches, with their places.
    pub(crate) metrics: Vec<(usize, Metric)>,
}

/// A breaker by who looks after it.
pub(crate) enum AnyBreaker {
    /// Too many actions: enforced.
    Actions(Breaker),
    /// Outcomes and failures: checked only.
    Signal(SignalBreaker),
}

/// Reads one kill rule.
pub(crate) fn kill(reader: &mut Reader<'_>, node: &Node) -> Option<Placed<KillRule>> {
    let lift = node.get("lift").is_some();
    if !lift && node.get("rate").is_none() {
        return no_kind(
            reader,
            node,
            "a kill rule tests a rate or the lift",
            "add `rate: unsubscribed / delivered.email`",
        );
    }
    let fields = reader.fields(node, if lift { &KILL_LIFT } else { &KILL_RATE })?;
    let id = id(reader, &fields);
    let mut metrics = Vec::new();
    let test = if lift {
        let goal = reader.need(&fields, "lift").and_then(|node| reader.one_of(node, &[("goal", ())]));
        let worse_than = reader.need(&fields, "worse_than").and_then(|node| reader.difference(node));
        goal.zip(worse_than).map(|(_, worse_than)| KillTest::Lift { worse_than })
    } else {
        let mut rate = reader.need(&fields, "rate").and_then(|node| rate(reader, node, &mut metrics));
        if let Some((at, _)) = metrics.iter().find(|(_, metric)| metric.name == OPENED) {
            let message = "opens stop nothing: mail programs open mails that nobody reads";
            reader.error(*at, codes::BAD_VALUE, message, "use `clicked`, `unsubscribed` or `complained`");
            rate = None;
        }
        let limit = reader.need(&fields, "limit").and_then(|node| reader.share(node));
        rate.zip(limit).map(|((of, per), limit)| KillTest::Rate { of, per, limit })
    };
    let matured_after = match fields.get("matured_after") {
        None if lift => Some(None),
        None => reader.need(&fields, "matured_after").map(|_| None),
        Some(node) => reader.span(node).map(Some),
    };
    let then = effect(reader, &fields);
    let ((at, id), test, matured_after, then) = (id?, test?, matured_after?, then?);
    let rule = KillRule { id: id.clone(), test, matured_after, then: then.1 };
    Some(Placed { at, id, rule, metrics })
}

/// Reads one breaker. What is not enforced is said.
pub(crate) fn breaker(reader: &mut Reader<'_>, node: &Node) -> Option<Placed<AnyBreaker>> {
    let kinds = [("actions", ACTIONS), ("rate", RATE), ("silent", SILENT), ("errors", ERRORS)];
    let Some((kind, keys)) = kinds.iter().find(|(kind, _)| node.get(kind).is_some()) else {
        let help = "add `actions:`, `rate:`, `silent:` or `errors:`";
        return no_kind(reader, node, "nobody can see what this breaker watches", help);
    };
    let fields = reader.fields(node, keys)?;
    let id = id(reader, &fields);
    let then = effect(reader, &fields);
    let mut metrics = Vec::new();
    if *kind == "actions" {
        let breaker = too_many(reader, &fields);
        if let Some((at, effect)) = then.filter(|(_, effect)| *effect != Effect::Pause) {
            let word = EFFECTS.iter().find(|(_, known)| *known == effect).map_or("", |(word, _)| word);
            let message = format!("`then: {word}` acts as `pause` in this version");
            reader.warning(at, codes::NOT_ENFORCED, message, "write `pause` if that is fine");
        }
        let ((at, id), (channel, above, window), _) = (id?, breaker?, then?);
        let rule = AnyBreaker::Actions(Breaker { id: id.clone(), channel, above, window });
        return Some(Placed { at, id, rule, metrics });
    }
    if let Some(entry) = fields.entry(kind) {
        reader.not_enforced(entry.key_at, &format!("a breaker on `{kind}`"));
    }
    let signal = match *kind {
        "rate" => rate_signal(reader, &fields, &mut metrics),
        "silent" => silence(reader, &fields, &mut metrics),
        _ => failures(reader, &fields),
    };
    let ((at, id), signal, (_, then)) = (id?, signal?, then?);
    let rule = AnyBreaker::Signal(SignalBreaker { id: id.clone(), signal, then });
    Some(Placed { at, id, rule, metrics })
}

fn no_kind<T>(reader: &mut Reader<'_>, node: &Node, message: &str, help: &str) -> Option<T> {
    if !reader.entries(node).is_empty() {
        reader.error(node.at, codes::MISSING_KEY, message, help);
    }
    None
}

fn id(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<(usize, String)> {
    reader.need(fields, "id").and_then(|node| Some((node.at, reader.id(node)?)))
}

fn effect(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<(usize, Effect)> {
    reader.need(fields, "then").and_then(|node| Some((node.at, reader.one_of(node, &EFFECTS)?)))
}

fn too_many(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<(Channel, u32, Span)> {
    let channel = reader.need(fields, "actions").and_then(|node| reader.channel(node));
    let above = reader.need(fields, "above").and_then(|node| reader.whole(node, 0..=u32::MAX));
    let window = reader.need(fields, "window").and_then(|node| reader.span(node));
    Some((channel?, above?, window?))
}

fn rate_signal(reader: &mut Reader<'_>, fields: &Fields<'_>, metrics: &mut Vec<(usize, Metric)>) -> Option<Signal> {
    let rate = reader.need(fields, "rate").and_then(|node| rate(reader, node, metrics));
    let above = reader.need(fields, "above").and_then(|node| reader.share(node));
    let window = reader.need(fields, "window").and_then(|node| reader.span(node));
    let min_sent = reader.need(fields, "min_sent").and_then(|node| reader.whole(node, 0..=u32::MAX));
    let (of, per) = rate?;
    Some(Signal::Rate { of, per, above: above?, window: window?, min_sent: min_sent? })
}

fn silence(reader: &mut Reader<'_>, fields: &Fields<'_>, metrics: &mut Vec<(usize, Metric)>) -> Option<Signal> {
    let metric = reader.need(fields, "silent").and_then(|node| {
        let text = reader.text(node)?.to_owned();
        let metric = metric(reader, node.at, &text)?;
        metrics.push((node.at, metric.clone()));
        Some(metric)
    });
    let span = reader.need(fields, "for").and_then(|node| reader.span(node));
    Some(Signal::Silent { metric: metric?, span: span? })
}

fn failures(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Signal> {
    let score = reader.need(fields, "errors").and_then(|node| {
        let text = reader.text(node)?;
        let score = text.strip_prefix("score.").map(str::to_owned);
        if score.is_none() {
            let message = format!("`{text}` is not a score");
            reader.error(node.at, codes::BAD_VALUE, message, "name a score, as in `score.churn`");
        }
        score
    });
    let above = reader.need(fields, "above").and_then(|node| reader.share(node));
    let window = reader.need(fields, "window").and_then(|node| reader.span(node));
    Some(Signal::Errors { score: score?, above: above?, window: window? })
}

/// `unsubscribed / delivered.email`.
fn rate(reader: &mut Reader<'_>, node: &Node, metrics: &mut Vec<(usize, Metric)>) -> Option<(Metric, Metric)> {
    let text = reader.text(node)?.to_owned();
    let Some((of, per)) = text.split_once('/') else {
        let message = format!("`{text}` is not a rate");
        reader.error(node.at, codes::BAD_VALUE, message, "write it like `unsubscribed / delivered.email`");
        return None;
    };
    let mut found = Vec::new();
    for (part, offset) in [(of, 0), (per, of.len() + 1)] {
        let at = reader.source.inside(node, offset + part.len() - part.trim_start().len());
        let metric = metric(reader, at, part.trim());
        metrics.extend(metric.clone().map(|metric| (at, metric)));
        found.extend(metric);
    }
    let per = found.pop()?;
    Some((found.pop()?, per))
}

/// `unsubscribed`, or of one channel: `delivered.email`.
fn metric(reader: &mut Reader<'_>, at: usize, text: &str) -> Option<Metric> {
    let (name, channel) = text.split_once('.').map_or((text, None), |(name, channel)| (name, Some(channel)));
    let Some((_, events)) = METRICS.iter().find(|(known, _)| *known == name) else {
        reader.unknown(at, codes::BAD_VALUE, "a metric", name, METRICS.map(|(known, _)| known));
        return None;
    };
    let Some(word) = channel else { return Some(Metric { name: name.to_owned(), channel: None }) };
    let Some(channel) = Channel::parse(word) else {
        reader.unknown(at, codes::BAD_VALUE, "a channel", word, Channel::ALL.map(Channel::word));
        return None;
    };
    let fits = metric_channels(name).is_none_or(|fitting| fitting.contains(&channel));
    if !fits {
        let known: Vec<String> = events.iter().map(|event| format!("`{event}`")).collect();
        let message = format!("no {word} is ever {name}");
        reader.error(at, codes::BAD_VALUE, message, format!("it is fed by {}", known.join(", ")));
    }
    fits.then(|| Metric { name: name.to_owned(), channel: Some(channel) })
}

/// The channels whose outcomes feed a metric; `None` where it is every channel, because sending itself does.
pub(crate) fn metric_channels(name: &str) -> Option<Vec<Channel>> {
    if ["sent", "delivered", "failed"].contains(&name) {
        return None;
    }
    let (_, events) = METRICS.iter().find(|(known, _)| *known == name)?;
    Some(events.iter().filter_map(|event| Channel::parse(event.split_once('.')?.0)).collect())
}
