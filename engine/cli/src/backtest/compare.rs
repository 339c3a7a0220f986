//! From two ledgers to the report.

use super::Play;
use super::ledger::{Ledger, SentNote};
use super::report::{
    ActionRow, Both, Bucket, CostRow, DayRow, GuardRow, Load, Reach, Report, RuleRow, StepRow, TaskRow,
};
use crate::load::Project;
use crate::playback::day_of;
use staunch_core::action::Channel;
use staunch_core::value::Money;
use staunch_core::{Span, Time};
use std::collections::{BTreeMap, BTreeSet};

/// The most contacts that are named as examples.
const EXAMPLES: usize = 5;
/// So many messages and more are one bucket.
const MANY: u64 = 10;

/// Holds two versions against each other. `labels` says how they are called.
pub fn report(project: &Project, play: Play<'_>, labels: Both<String>, old: &Ledger, new: &Ledger) -> Report {
    let days = days(new);
    let both = |of: fn(&Ledger) -> u64| Both { old: of(old), new: of(new) };
    let show = |at: Option<Time>| at.map_or_else(String::new, |at| at.to_string());
    Report {
        workspace: project.workspace.name.clone(),
        versions: labels,
        from: show(new.played.first),
        to: show(new.played.last),
        days_count: days.len(),
        events: new.played.events,
        refused: both(|ledger| ledger.played.refused),
        unread: new.played.unread.clone(),
        contacts: new.contacts.max(old.contacts),
        stage: play.stage.word(),
        runs: Both { old: old.runs, new: new.runs },
        messages: both(|ledger| ledger.sent.iter().filter(|one| one.channel.customer_facing()).count() as u64),
        tasks_count: both(|ledger| ledger.sent.iter().filter(|one| one.channel == Channel::Task).count() as u64),
        reach: reach(old, new),
        steps: steps(old, new),
        histogram: histogram(old, new),
        guards: guards(old, new),
        costs: costs(project, old, new),
        reviews: Both { old: load(&old.reviews, days.len()), new: load(&new.reviews, days.len()) },
        tasks: tasks(old, new, days.len()),
        rules: rules(old, new),
        days: per_day(old, new, &days),
        actions: actions(old, new),
        notes: notes(project, play, old, new),
    }
}

/// Every day of the history.
fn days(ledger: &Ledger) -> Vec<String> {
    let Some((first, last)) = ledger.played.span() else { return Vec::new() };
    let mut days = Vec::new();
    let (mut at, end) = (first, day_of(last));
    while days.last() != Some(&end) && at <= last + Span::days(1) {
        days.push(day_of(at));
        at = at + Span::days(1);
    }
    days
}

fn messages(ledger: &Ledger) -> BTreeMap<&str, u64> {
    let mut counts = BTreeMap::new();
    for one in ledger.sent.iter().filter(|one| one.channel.customer_facing()) {
        *counts.entry(one.contact.as_str()).or_default() += 1;
    }
    counts
}

fn reach(old: &Ledger, new: &Ledger) -> Reach {
    let (before, after) = (messages(old), messages(new));
    let both = before.keys().filter(|id| after.contains_key(*id)).count();
    let (only_old, only_new) = (before.len() - both, after.len() - both);
    let all = old.contacts.max(new.contacts);
    Reach { only_old, only_new, both, neither: all.saturating_sub(both + only_old + only_new) }
}

/// What contacts got of a step, in both versions.
type PerContact<'a> = BTreeMap<&'a str, Both<u64>>;

fn steps(old: &Ledger, new: &Ledger) -> Vec<StepRow> {
    let mut all: BTreeMap<(&str, &str, Channel), PerContact<'_>> = BTreeMap::new();
    for one in &old.sent {
        all.entry(key(one)).or_default().entry(&one.contact).or_default().old += 1;
    }
    for one in &new.sent {
        all.entry(key(one)).or_default().entry(&one.contact).or_default().new += 1;
    }
    all.into_iter().map(|((workflow, step, channel), contacts)| row(workflow, step, channel, &contacts)).collect()
}

fn key(one: &SentNote) -> (&str, &str, Channel) {
    (&one.workflow, &one.step, one.channel)
}

fn row(workflow: &str, step: &str, channel: Channel, contacts: &PerContact<'_>) -> StepRow {
    let named = |fits: fn(&Both<u64>) -> bool| -> Vec<&str> {
        contacts.iter().filter(|(_, counts)| fits(counts)).map(|(id, _)| *id).collect()
    };
    let (gain, lose) = (named(|counts| counts.new > counts.old), named(|counts| counts.new < counts.old));
    let examples = |ids: &[&str]| ids.iter().take(EXAMPLES).map(|id| (*id).to_owned()).collect();
    StepRow {
        workflow: workflow.to_owned(),
        step: step.to_owned(),
        channel: channel.word(),
        sent: Both {
            old: contacts.values().map(|counts| counts.old).sum(),
            new: contacts.values().map(|counts| counts.new).sum(),
        },
        gaining: examples(&gain),
        losing: examples(&lose),
        gain: gain.len(),
        lose: lose.len(),
    }
}

fn histogram(old: &Ledger, new: &Ledger) -> Vec<Bucket> {
    let all = old.contacts.max(new.contacts) as u64;
    let buckets = |ledger: &Ledger| {
        let counts = messages(ledger);
        let mut buckets = vec![0u64; MANY as usize + 1];
        buckets[0] = all.saturating_sub(counts.len() as u64);
        counts.values().for_each(|n| buckets[(*n).min(MANY) as usize] += 1);
        buckets
    };
    let (before, after) = (buckets(old), buckets(new));
    // Empty buckets behind the last one that anybody is in say nothing.
    let last = (0..before.len()).rev().find(|at| before[*at] + after[*at] > 0).unwrap_or(0);
    let name = |at: usize| if at as u64 == MANY { format!("{MANY}+") } else { at.to_string() };
    (0..=last).map(|at| Bucket { messages: name(at), contacts: Both { old: before[at], new: after[at] } }).collect()
}

/// The keys of both maps with the values of either, nothing as the default.
fn joined<K: Ord + Clone, V: Copy + Default>(old: &BTreeMap<K, V>, new: &BTreeMap<K, V>) -> Vec<(K, Both<V>)> {
    let keys: BTreeSet<&K> = old.keys().chain(new.keys()).collect();
    let value = |side: &BTreeMap<K, V>, key: &K| side.get(key).copied().unwrap_or_default();
    keys.into_iter().map(|key| (key.clone(), Both { old: value(old, key), new: value(new, key) })).collect()
}

fn guards(old: &Ledger, new: &Ledger) -> Vec<GuardRow> {
    let rows = joined(&old.guards, &new.guards).into_iter();
    let said = |never| if never { "never" } else { "wait" };
    rows.map(|((guard, never, reason), actions)| GuardRow { guard, said: said(never), reason, actions }).collect()
}

fn actions(old: &Ledger, new: &Ledger) -> Vec<ActionRow> {
    let rows = joined(&old.states, &new.states).into_iter();
    rows.map(|((workflow, channel, state, reason), actions)| ActionRow { workflow, channel, state, reason, actions })
        .collect()
}

fn rules(old: &Ledger, new: &Ledger) -> Vec<RuleRow> {
    let rows = joined(&old.rules, &new.rules).into_iter();
    rows.map(|((workflow, rule), outcomes)| RuleRow { workflow, rule, outcomes }).collect()
}

fn costs(project: &Project, old: &Ledger, new: &Ledger) -> Vec<CostRow> {
    let count =
        |ledger: &Ledger, channel: Channel| ledger.sent.iter().filter(|one| one.channel == channel).count() as i64;
    let (mut rows, mut sums) = (Vec::new(), BTreeMap::new());
    for (channel, each) in &project.workspace.costs {
        let of = |ledger: &Ledger| Money { micros: each.micros.saturating_mul(count(ledger, *channel)), ..*each };
        let (before, after) = (of(old), of(new));
        let sum: &mut (i64, i64) = sums.entry(each.currency).or_default();
        (sum.0, sum.1) = (sum.0.saturating_add(before.micros), sum.1.saturating_add(after.micros));
        // A price may be far below a cent, so it is not rounded to one.
        let price = format!("{} {}", each.amount(), each.currency.as_str());
        rows.push(cost(channel.word(), price, before, after));
    }
    rows.extend(sums.into_iter().map(|(currency, (before, after))| {
        let money = |micros| Money { micros, currency };
        cost("total", String::new(), money(before), money(after))
    }));
    rows
}

fn cost(channel: &'static str, each: String, old: Money, new: Money) -> CostRow {
    let more = Money { micros: new.micros.saturating_sub(old.micros), ..new };
    let sign = if more.micros > 0 { "+" } else { "" };
    CostRow { channel, each, cost: Both { old: old.to_string(), new: new.to_string() }, more: format!("{sign}{more}") }
}

/// The load of a count by day, over all days of the history; days without any count as zero.
fn load(by_day: &BTreeMap<String, u64>, days: usize) -> Load {
    let mut counts: Vec<u64> = by_day.values().copied().collect();
    counts.resize(counts.len().max(days), 0);
    counts.sort_unstable();
    let total: u64 = counts.iter().sum();
    if counts.is_empty() {
        return Load::default();
    }
    // Nearest rank.
    let rank = (counts.len() * 95).div_ceil(100).max(1);
    let mean = (1_000.0 * total as f64 / counts.len() as f64).round() / 1_000.0;
    Load { total, max: counts[counts.len() - 1], mean, p95: counts[rank - 1] }
}

fn tasks(old: &Ledger, new: &Ledger, days: usize) -> Vec<TaskRow> {
    let by_person = |ledger: &Ledger| {
        let mut all: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        for one in ledger.sent.iter().filter(|one| one.channel == Channel::Task) {
            let person = one.assignee.clone().unwrap_or_else(|| "(nobody)".to_owned());
            *all.entry(person).or_default().entry(one.day.clone()).or_default() += 1;
        }
        all.into_iter().map(|(person, counts)| (person, load(&counts, days))).collect::<BTreeMap<_, _>>()
    };
    let rows = joined(&by_person(old), &by_person(new)).into_iter();
    rows.map(|(assignee, load)| TaskRow { assignee, load }).collect()
}

fn per_day(old: &Ledger, new: &Ledger, days: &[String]) -> Vec<DayRow> {
    let count = |ledger: &Ledger| {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for one in ledger.sent.iter().filter(|one| one.channel.customer_facing()) {
            *counts.entry(one.day.clone()).or_default() += 1;
        }
        counts
    };
    let (before, after) = (count(old), count(new));
    let on = |side: &BTreeMap<String, u64>, day: &String| side.get(day).copied().unwrap_or_default();
    let row =
        |day: &String| DayRow { day: day.clone(), messages: Both { old: on(&before, day), new: on(&after, day) } };
    days.iter().map(row).collect()
}

fn notes(project: &Project, play: Play<'_>, old: &Ledger, new: &Ledger) -> Vec<String> {
    let mut notes = vec![
        "This is history: it cannot react. Nobody in it saw these messages, so what followed a rule says whom the rule \
         picks, and nothing about what a message would have changed."
            .to_owned(),
        format!("Every workflow of both versions was played in stage {}, from an empty store.", play.stage.word()),
    ];
    if old.reviews.values().chain(new.reviews.values()).sum::<u64>() > 0 {
        notes.push(if play.approve {
            "What waits for a person was approved at once.".to_owned()
        } else {
            "Nobody answers a review in a backtest: what waits for a person ends as its gate says for silence \
             (`--approve` lets a person say yes at once)."
                .to_owned()
        });
    }
    if let Some(score) = play.score {
        notes.push(format!("Every score was {score}; the plugins were not asked."));
    }
    for (side, ledger) in [("old", old), ("new", new)] {
        if !ledger.in_training.is_empty() {
            notes.push(format!(
                "In the {side} version {} of {} scored contacts have a score inside the training period of its model: \
                 it has seen what it predicts, so what followed looks better than it is.",
                ledger.in_training.len(),
                ledger.scored.len()
            ));
        }
    }
    if project.workspace.costs.is_empty() {
        notes.push(
            "The workspace names no costs: add `costs: { email: 0.002 EUR, task: 4 EUR }` to staunch.yaml.".to_owned(),
        );
    }
    let blurred: Vec<&str> = old.blurred.union(&new.blurred).map(String::as_str).collect();
    if !blurred.is_empty() {
        let names = blurred.join(", ");
        notes
            .push(format!("The goal's `where` of {names} reads what is not known afterwards: all its events counted."));
    }
    notes
}
