//! Which expectation is met by what.

use super::stage::Story;
use staunch_core::Time;
use staunch_core::action::ReasonCode;
use staunch_core::sim::{Happened, Happening, Turn};
use staunch_workflow::{Expectation, Expected, NotStarted, TestCase};

/// What meets an expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// This one of the log.
    Log(usize),
    /// This one of the turns.
    Turn(usize),
    /// That nothing of the kind happened.
    Silence,
}

/// The verdict on a case.
#[derive(Debug)]
pub struct Judged {
    /// By expectation: what meets it.
    pub met: Vec<Option<Met>>,
    /// What of the log nobody expected.
    pub extra: Vec<usize>,
}

/// Holds what was expected against what happened. Everything that happened meets one expectation at most.
pub fn judge(case: &TestCase, story: &Story) -> Judged {
    let mut free: Vec<usize> = (0..story.log.len()).collect();
    let mut turns: Vec<usize> = (0..story.turns.len()).collect();
    let mut met = Vec::new();
    for one in &case.expect {
        let log =
            free.iter().position(|at| story.is_own(&story.log[*at].contact) && fits(one, &story.log[*at], case.now));
        let turn = turns.iter().position(|at| {
            let (when, contact, _, turn) = &story.turns[*at];
            story.is_own(contact) && turned(one, *when, turn, case.now)
        });
        met.push(match (log, turn) {
            (Some(place), _) => Some(Met::Log(free.remove(place))),
            (None, Some(place)) => Some(Met::Turn(turns.remove(place))),
            (None, None) => silent(one, case, story).then_some(Met::Silence),
        });
    }
    Judged { met, extra: free }
}

impl Story {
    /// Whether an id is the person of the case.
    pub fn is_own(&self, contact: &str) -> bool {
        self.own.contains(contact)
    }
}

fn fits(expectation: &Expectation, one: &Happening, now: Time) -> bool {
    let fits = |wanted: &Option<ReasonCode>, reason: ReasonCode| wanted.is_none_or(|wanted| wanted == reason);
    let step = match (&expectation.what, one.what) {
        (Expected::Sent(step), Happened::Sent) | (Expected::Review(step), Happened::Review) => step,
        (Expected::Held { step, because, until: wanted }, Happened::Held { reason, until })
            if fits(because, reason) && (wanted.is_none() || *wanted == until) =>
        {
            step
        }
        (Expected::Withheld { step, because }, Happened::Withheld { reason }) if fits(because, reason) => step,
        _ => return false,
    };
    one.step == *step && expectation.at.is_some_and(|at| one.at == now + at)
}

fn turned(expectation: &Expectation, when: Time, turn: &Turn, now: Time) -> bool {
    let right = match (&expectation.what, turn) {
        (Expected::Done(step), Turn::Done { step: last }) => step_of(last) == step,
        (Expected::Left(why), Turn::Left { reason }) => why == reason,
        (Expected::Goal, Turn::Goal) => true,
        (Expected::NotStarted(why), Turn::NotStarted { reason }) => cause(reason) == *why,
        _ => false,
    };
    right && expectation.at.is_some_and(|at| when == now + at)
}

/// The step of a trace, without its case or arm.
pub fn step_of(trace: &str) -> &str {
    trace.split_once('/').map_or(trace, |(step, _)| step)
}

/// What a receipt's reason for no start is in files.
pub fn cause(reason: &str) -> NotStarted {
    match reason {
        "a run is active" => NotStarted::Running,
        _ if reason.starts_with("again_after ") => NotStarted::AgainAfter,
        _ if reason.starts_with("audience ") => NotStarted::Audience,
        _ => NotStarted::When,
    }
}

/// Expectations that nothing happens.
fn silent(expectation: &Expectation, case: &TestCase, story: &Story) -> bool {
    match &expectation.what {
        Expected::Never(step) => {
            let sent = |one: &Happening| one.what == Happened::Sent && one.step == *step;
            !story.log.iter().any(|one| story.is_own(&one.contact) && sent(one))
        }
        // Who is not in the audience is no decision, so there is no receipt of it: the schedule ticked, and nothing.
        Expected::NotStarted(NotStarted::Audience) => expectation.at.is_some_and(|at| {
            let at = case.now + at;
            let ticked = story.ticks.iter().any(|(when, contact)| *when == at && story.is_own(contact));
            let noted = |entry: &staunch_core::receipt::Entry| {
                entry.at == at && (entry.what.starts_with("started") || entry.what.starts_with("not started"))
            };
            ticked && !story.decisions.iter().flat_map(|one| &one.entries).any(noted)
        }),
        _ => false,
    }
}
