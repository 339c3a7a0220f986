//! What happened instead, and why.

use super::judge::{Judged, Met};
use super::stage::Story;
use super::timeline::{local, offset, turn, wanted, what};
use staunch_core::action::ReasonCode;
use staunch_core::receipt::{Entry, Trace};
use staunch_core::sim::{Happening, Turn};
use staunch_core::workflow::{Workflow, matches_any};
use staunch_workflow::{Expectation, Expected, Happens, TestCase};

/// The most lines that a way through the steps is told in.
const WAY: usize = 12;

/// One text for each difference; what happened instead stands on lines of its own.
pub fn differences(workflow: &Workflow, case: &TestCase, story: &Story, judged: &Judged) -> Vec<String> {
    let mut found = Vec::new();
    let mut told = false;
    for (one, _) in case.expect.iter().zip(&judged.met).filter(|(_, met)| met.is_none()) {
        let at = one.at.map_or_else(String::new, |at| format!("{} ", offset(case.now + at, case)));
        let mut text = format!("expected {at}{} (line {}), which did not happen", wanted(one, case), one.line);
        match instead(one, case, story, judged) {
            Some(instead) => {
                text.push_str(&format!("\n  instead: {instead}"));
                cause(&instead, story).iter().for_each(|cause| text.push_str(&format!("\n  because: {cause}")));
            }
            None if told => {}
            None => {
                // One explanation is enough: all that is missing is missing of the same way.
                told = true;
                why(workflow, case, story).iter().for_each(|line| text.push_str(&format!("\n  {line}")));
            }
        }
        found.push(text);
    }
    if case.nothing_else {
        found.extend(judged.extra.iter().map(|index| {
            let one = &story.log[*index];
            format!("happened and was not expected: {} {}", offset(one.at, case), what(one, case))
        }));
    }
    found
}

/// What kept a run from going on, where a reason alone says too little.
fn cause(instead: &str, story: &Story) -> Option<String> {
    let reasons = [ReasonCode::Render, ReasonCode::Expression, ReasonCode::ScoreUnavailable].map(ReasonCode::word);
    let reason = reasons.into_iter().find(|reason| instead.contains(&format!("({reason})")))?;
    let own = story.decisions.iter().filter(|one| story.is_own(&one.contact));
    let mut entries = own.flat_map(|one| &one.entries);
    entries.find_map(|entry| {
        let rest = entry.what.strip_prefix("held: ")?.strip_prefix(reason)?;
        Some(rest.trim().strip_prefix('(')?.strip_suffix(')')?.to_owned())
    })
}

/// The nearest happening of the same step, or the nearest turn of the same kind: what nobody else expects first.
fn instead(expectation: &Expectation, case: &TestCase, story: &Story, judged: &Judged) -> Option<String> {
    let wanted_at = case.now + expectation.at.unwrap_or_default();
    let far = |at: staunch_core::Time| (at - wanted_at).0.unsigned_abs();
    let step = match &expectation.what {
        Expected::Sent(step) | Expected::Review(step) | Expected::Never(step) => step,
        Expected::Held { step, .. } | Expected::Withheld { step, .. } => step,
        Expected::Done(_) | Expected::Left(_) | Expected::Goal | Expected::NotStarted(_) => {
            let taken = |index: usize| judged.met.contains(&Some(Met::Turn(index)));
            let own = story.turns.iter().enumerate().filter(|(_, (_, contact, _, _))| story.is_own(contact));
            let ends = own.filter(|(_, (_, _, _, turn))| *turn != Turn::Goal || expectation.what == Expected::Goal);
            let (_, (at, _, _, one)) = ends.min_by_key(|(index, (at, ..))| (taken(*index), far(*at)))?;
            return Some(format!("{} {}, {}", offset(*at, case), turn(one), local(*at, case)));
        }
    };
    let same = |(_, one): &(usize, &Happening)| one.step == *step && story.is_own(&one.contact);
    let near = |(index, one): &(usize, &Happening)| (!judged.extra.contains(index), far(one.at));
    let (index, one) = story.log.iter().enumerate().filter(same).min_by_key(near)?;
    let other = judged.met.iter().position(|met| *met == Some(Met::Log(index)));
    let other = other.map_or_else(String::new, |at| format!(", as line {} expects", case.expect[at].line));
    Some(format!("{} {}, {}{other}", offset(one.at, case), what(one, case), local(one.at, case)))
}

/// Why nothing came of it: no start, or the way that the run took.
fn why(workflow: &Workflow, case: &TestCase, story: &Story) -> Vec<String> {
    let mut lines = Vec::new();
    if !story.missing.is_empty() {
        let names = story.missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        lines.push(format!("the case gives no score {names}: add it under `scores:`"));
    }
    let decisions = story.decisions.iter().filter(|one| story.is_own(&one.contact));
    let entries: Vec<&Entry> = decisions.flat_map(|one| &one.entries).collect();
    if entries.iter().any(|entry| entry.run.is_some()) {
        lines.push("the way of the run:".to_owned());
        lines.extend(way(case, &entries));
        return lines;
    }
    match entries.iter().rev().find(|entry| entry.what.starts_with("not started: ")) {
        Some(entry) => {
            lines.push(format!("no run: {} {}", offset(entry.at, case), entry.what));
            lines.extend(entry.trace.iter().filter(|one| one.expr.is_some()).map(shown));
        }
        None => lines.push(no_cause(workflow, case)),
    }
    lines
}

/// Nothing of the case is a start.
fn no_cause(workflow: &Workflow, case: &TestCase) -> String {
    let starts = |happens: &Happens| match happens {
        Happens::Event { kind, .. } => matches_any(&workflow.start.events, kind),
        Happens::Tick => true,
    };
    match &workflow.start.schedule {
        Some(_) if !case.events.iter().any(|one| one.what == Happens::Tick) => {
            "no run: the schedule ticks only where a case says `tick: start`".to_owned()
        }
        Some(schedule) => format!("no run: the contact is not in the audience `{}`", schedule.audience),
        None if case.events.iter().any(|one| starts(&one.what)) => {
            "no run: its event was late; what is older than what was decided starts nothing".to_owned()
        }
        None => format!("no run: no event of the case is {}", workflow.start.events.join(" or ")),
    }
}

fn way(case: &TestCase, entries: &[&Entry]) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in entries.iter().filter(|entry| entry.run.is_some()) {
        lines.push(format!("{} {}", offset(entry.at, case), entry.what));
        lines.extend(entry.trace.iter().map(|one| format!("  {}", shown(one))));
    }
    let more = lines.len().saturating_sub(WAY);
    if more > 0 {
        // The end says most.
        lines.drain(..more);
        lines.insert(0, format!("… {more} lines before"));
    }
    lines
}

fn shown(trace: &Trace) -> String {
    let values = trace.values.iter().map(|(name, value)| {
        format!("{name} = {}", value.as_ref().map_or_else(|| "missing".to_owned(), ToString::to_string))
    });
    let values = values.collect::<Vec<_>>().join(", ");
    let values = if values.is_empty() { values } else { format!(" ({values})") };
    if let (true, Some(expr)) = (trace.step == "start", &trace.expr) {
        return format!("start: {}, when: {expr}{values}", trace.result);
    }
    let expr = trace.expr.as_ref().map_or_else(String::new, |expr| format!("{expr}: "));
    format!("{}: {expr}{}{values}", trace.step, trace.result)
}
