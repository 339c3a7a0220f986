//! What was expected and what happened, side by side in order of time.

use super::judge::{Judged, Met};
use super::stage::Story;
use serde_json::{Value, json};
use staunch_core::action::ReasonCode;
use staunch_core::sim::{Happened, Happening, Turn};
use staunch_core::{Span, Time};
use staunch_workflow::{Expectation, Expected, Happens, TestCase};

/// One moment of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Relative to `now`.
    pub at: String,
    /// The clock on the wall of the test's zone.
    pub local: String,
    /// What was expected; empty where nothing was.
    pub expected: String,
    /// What happened; empty where nothing did.
    pub happened: String,
    /// Expected and happened go together.
    pub ok: bool,
}

impl Row {
    /// For machines.
    pub fn json(&self) -> Value {
        json!({
            "at": self.at, "local": self.local, "expected": self.expected, "happened": self.happened, "ok": self.ok,
        })
    }
}

/// A row before its time is put into words.
struct Moment {
    at: Time,
    /// Causes stand before effects of the same time.
    rank: u8,
    expected: String,
    happened: String,
    ok: bool,
}

/// All rows of a case.
pub fn rows(case: &TestCase, story: &Story, judged: &Judged) -> Vec<Row> {
    let mut moments: Vec<Moment> = given(case);
    let (mut logged, mut turned) = (Vec::new(), Vec::new());
    for (one, met) in case.expect.iter().zip(&judged.met) {
        let (at, happened) = match met {
            Some(Met::Log(index)) => {
                logged.push(*index);
                (story.log[*index].at, what(&story.log[*index], case))
            }
            Some(Met::Turn(index)) => {
                turned.push(*index);
                (story.turns[*index].0, turn(&story.turns[*index].3))
            }
            Some(Met::Silence) | None => (case.now + one.at.unwrap_or_default(), String::new()),
        };
        moments.push(Moment { at, rank: 1, expected: wanted(one, case), happened, ok: met.is_some() });
    }
    for (index, one) in story.log.iter().enumerate().filter(|(index, _)| !logged.contains(index)) {
        let ok = !(case.nothing_else && judged.extra.contains(&index));
        moments.push(Moment { at: one.at, rank: 2, expected: String::new(), happened: what(one, case), ok });
    }
    for (_, (at, _, _, one)) in story.turns.iter().enumerate().filter(|(index, _)| !turned.contains(index)) {
        moments.push(Moment { at: *at, rank: 3, expected: String::new(), happened: turn(one), ok: true });
    }
    moments.sort_by_key(|one| (one.at, one.rank));
    moments.into_iter().map(|one| one.row(case)).collect()
}

fn given(case: &TestCase) -> Vec<Moment> {
    let events = case.events.iter().map(|event| {
        let who = event.contact.as_ref().filter(|id| **id != case.contact);
        let who = who.map_or_else(String::new, |id| format!(" of {id}"));
        let happened = match &event.what {
            Happens::Event { kind, of: Some(step), .. } => format!("event {kind} of {step}{who}"),
            Happens::Event { kind, .. } => format!("event {kind}{who}"),
            Happens::Tick => format!("the schedule ticks{who}"),
        };
        Moment { at: case.now + event.at, rank: 0, expected: String::new(), happened, ok: true }
    });
    events.collect()
}

impl Moment {
    fn row(self, case: &TestCase) -> Row {
        Row {
            at: offset(self.at, case),
            local: local(self.at, case),
            expected: self.expected,
            happened: self.happened,
            ok: self.ok,
        }
    }
}

/// Aligned lines.
pub fn text(rows: &[Row]) -> Vec<String> {
    let wide = |of: fn(&Row) -> &str| rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0);
    let (at, local, expected) = (wide(|row| &row.at), wide(|row| &row.local), wide(|row| &row.expected).max(8));
    let head = format!("   {:>at$}  {:local$}  {:expected$}  happened", "", "", "expected");
    let line = |row: &Row| {
        let mark = if row.ok { "  " } else { "!!" };
        let happened = if row.happened.is_empty() && !row.expected.is_empty() { "–" } else { &row.happened };
        format!("{mark} {:>at$}  {:local$}  {:expected$}  {happened}", row.at, row.local, row.expected)
    };
    std::iter::once(head).chain(rows.iter().map(line)).map(|line| line.trim_end().to_owned()).collect()
}

/// A time relative to `now`, such as `3d` or `-10d`.
pub fn offset(at: Time, case: &TestCase) -> String {
    let span = at - case.now;
    if span.0 < 0 { format!("-{}", Span(span.0.saturating_neg())) } else { span.to_string() }
}

/// The clock on the wall of the test's zone.
pub fn local(at: Time, case: &TestCase) -> String {
    let text = match staunch_core::time::zone(&case.zone) {
        Some(zone) => at.timestamp().to_zoned(zone).strftime("%a %Y-%m-%d %H:%M:%S").to_string(),
        None => at.to_string(),
    };
    text.strip_suffix(":00").map_or(text.clone(), str::to_owned)
}

fn because(reason: Option<ReasonCode>) -> String {
    reason.map_or_else(String::new, |reason| format!(" ({})", reason.word()))
}

fn until(until: Option<Time>, case: &TestCase) -> String {
    until.map_or_else(String::new, |until| format!(" until {}", local(until, case)))
}

/// An expectation without its time.
pub fn wanted(expectation: &Expectation, case: &TestCase) -> String {
    match &expectation.what {
        Expected::Sent(step) => format!("sent {step}"),
        Expected::Held { step, because: reason, until: end } => {
            format!("held {step}{}{}", because(*reason), until(*end, case))
        }
        Expected::Withheld { step, because: reason } => format!("withheld {step}{}", because(*reason)),
        Expected::Review(step) => format!("review {step}"),
        Expected::Done(step) => format!("done at {step}"),
        Expected::Left(why) => format!("left ({why})"),
        Expected::Goal => "goal".to_owned(),
        Expected::NotStarted(why) => format!("not started ({})", why.word()),
        Expected::Never(step) => format!("never {step}"),
    }
}

/// What became of a step.
pub fn what(one: &Happening, case: &TestCase) -> String {
    let step = &one.step;
    let text = match one.what {
        Happened::Sent => format!("sent {step}"),
        Happened::Review => format!("review {step}"),
        Happened::Withheld { reason } => format!("withheld {step} ({})", reason.word()),
        Happened::Held { reason, until: end } => format!("held {step} ({}){}", reason.word(), until(end, case)),
    };
    if one.contact == case.contact { text } else { format!("{text} [contact {}]", one.contact) }
}

/// What happened to a run.
pub fn turn(turn: &Turn) -> String {
    match turn {
        Turn::Done { step } => format!("done at {}", super::judge::step_of(step)),
        Turn::Left { reason } => format!("left ({reason})"),
        Turn::Goal => "goal".to_owned(),
        Turn::NotStarted { reason } => format!("not started: {reason}"),
    }
}
