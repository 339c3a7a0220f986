//! The arbiter: one pure answer for one action — a time to send, or "never, because A and B".
//!
//! One file per guard. Guards that name a time are solved together: the answer is the earliest instant at which all of
//! them pass, or never where that lies behind the action's expiry.

mod address;
mod arm;
mod cap;
mod capacity;
mod consent;
mod excluded;
mod expiry;
mod kill;
mod per_day;
mod quiet_hours;
mod stage;
mod suppression;

use crate::action::{Channel, ReasonCode};
use crate::arm::Assignment;
use crate::contact::Contact;
use crate::policy::{Kill, Never, Policy, StageState};
use crate::receipt::{Check, Said};
use crate::schema::Schema;
use crate::time::{Span, Time};
use std::borrow::Cow;

/// An action that counts against caps: it went, or may have gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its channel.
    pub channel: Channel,
    /// Its purpose.
    pub purpose: String,
    /// When it entered `sending`.
    pub at: Time,
}

/// All that the arbiter looks at.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The contact as it is now.
    pub contact: &'a Contact,
    /// Declared shapes.
    pub schema: &'a Schema,
    /// The policy, live.
    pub policy: &'a Policy,
    /// The workflow.
    pub workflow: &'a str,
    /// Its stage, live.
    pub stage: &'a StageState,
    /// The run's arm.
    pub assignment: &'a Assignment,
    /// The channel.
    pub channel: Channel,
    /// The purpose.
    pub purpose: &'a str,
    /// Not after.
    pub expires_at: Time,
    /// The kill in force that covers it.
    pub kill: Option<&'a Kill>,
    /// What this contact got, in order of time; `None` at the decision, where slots are not reserved yet.
    pub sent: Option<&'a [Sent]>,
    /// When actions of this workflow entered `sending` in the last 24 h, in order; `None` at the decision.
    pub workflow_sent: Option<&'a [Time]>,
    /// Why the policy never contacts this contact, where it says so (`decide::excluded`).
    pub excluded: Option<&'a str>,
    /// For whom a task is.
    pub assignee: Option<&'a str>,
    /// What that person was given, in order of time; `None` at the decision.
    pub assigned: Option<&'a [(Channel, Time)]>,
    /// Whether somebody reads what the guards say, beside the verdict.
    pub words: bool,
}

impl Ask<'_> {
    /// The words of an answer, made only for somebody who reads them.
    fn say(&self, words: impl FnOnce() -> String) -> Cow<'static, str> {
        if self.words { Cow::Owned(words()) } else { Cow::Borrowed("") }
    }
}

/// A guard, and its id where the policy gives one.
#[derive(Clone, Copy, PartialEq)]
struct Guard<'a>(&'static str, Option<&'a str>);

/// What one guard answers for one instant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    said: Said,
    reason: ReasonCode,
    counter: Option<f64>,
    limit: Option<f64>,
    until: Option<Time>,
    detail: Cow<'static, str>,
}

impl Answer {
    fn pass(reason: ReasonCode, detail: impl Into<Cow<'static, str>>) -> Answer {
        Answer { said: Said::Pass, reason, counter: None, limit: None, until: None, detail: detail.into() }
    }

    fn never(reason: ReasonCode, detail: impl Into<Cow<'static, str>>) -> Answer {
        Answer { said: Said::Never, ..Answer::pass(reason, detail) }
    }

    fn wait(reason: ReasonCode, until: Time, detail: impl Into<Cow<'static, str>>) -> Answer {
        Answer { said: Said::Wait, until: Some(until), ..Answer::pass(reason, detail) }
    }

    fn counted(self, counter: f64, limit: f64) -> Answer {
        Answer { counter: Some(counter), limit: Some(limit), ..self }
    }
}

/// The answer for one action.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Now.
    Go,
    /// Not before this time; the reason is that of the guard that makes it wait longest now. Another one may have
    /// moved the time further (a cap that frees a slot at night waits for the morning).
    Hold {
        /// The earliest instant at which every guard passes, as far as is known now.
        until: Time,
        /// Whose.
        reason: ReasonCode,
    },
    /// Never, for all of these reasons, in the order of the guards.
    Never {
        /// At least one.
        reasons: Vec<ReasonCode>,
    },
}

/// The verdict with what every guard said.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruling {
    /// What follows.
    pub verdict: Verdict,
    /// Every guard, in order; none where nobody reads the words.
    pub checks: Vec<Check>,
}

/// How many rounds the joint search for a time may take; each round moves the time forward.
const ROUNDS: usize = 64;
/// A kill has no end of its own: the action waits for the resume.
pub const UNTIL_RESUMED: Time = Time(i64::MAX);

/// Asks every guard about an action at `now`.
pub fn arbitrate(ask: &Ask<'_>, now: Time) -> Ruling {
    let mut answers = ask_all(ask, now);
    let never: Vec<ReasonCode> =
        answers.iter().filter(|(_, answer)| answer.said == Said::Never).map(|(_, answer)| answer.reason).collect();
    let verdict = if never.is_empty() { earliest(ask, now, &answers) } else { Verdict::Never { reasons: never } };
    if !ask.words {
        return Ruling { verdict, checks: vec![] };
    }
    // All guards pass or wait, and yet there is no time: then it is the expiry that says never.
    if matches!(verdict, Verdict::Never { .. })
        && answers.iter().all(|(_, answer)| answer.said != Said::Never)
        && let Some((_, expiry)) = answers.iter_mut().find(|(guard, _)| guard.0 == "expiry")
    {
        let detail = format!("no free time before it expires at {}", ask.expires_at);
        *expiry = Answer::never(ReasonCode::Expired, detail);
    }
    Ruling { verdict, checks: answers.into_iter().map(|(guard, answer)| note(guard, answer)).collect() }
}

fn earliest(ask: &Ask<'_>, now: Time, first: &[(Guard<'_>, Answer)]) -> Verdict {
    let waits = |answers: &[(Guard<'_>, Answer)]| {
        let waits = answers.iter().filter(|(_, answer)| answer.said == Said::Wait);
        waits.filter_map(|(_, answer)| Some((answer.until?, answer.reason))).max_by_key(|(until, _)| *until)
    };
    let Some((mut until, mut reason)) = waits(first) else { return Verdict::Go };
    let first_reason = reason;
    for _ in 0..ROUNDS {
        if reason == ReasonCode::Kill {
            // Expiry of what a kill holds is checked when it is resumed.
            return Verdict::Hold { until: UNTIL_RESUMED, reason };
        }
        if until > ask.expires_at {
            return Verdict::Never { reasons: vec![first_reason, ReasonCode::Expired] };
        }
        match waits(&ask_all(ask, until.max(now))) {
            None => return Verdict::Hold { until, reason: first_reason },
            Some((later, why)) => (until, reason) = (later.max(until + Span(1)), why),
        }
    }
    Verdict::Never { reasons: vec![reason, ReasonCode::Expired] }
}

/// Every guard, in the order in which receipts show them.
fn ask_all<'a>(ask: &Ask<'a>, at: Time) -> Vec<(Guard<'a>, Answer)> {
    let mut out = vec![
        (Guard("kill", None), kill::check(ask)),
        (Guard("stage", None), stage::check(ask)),
        (Guard("holdout", None), arm::check(ask)),
        (Guard("expiry", None), expiry::check(ask, at)),
    ];
    if ask.channel.customer_facing() {
        if ask.policy.never != Never::default() {
            out.push((Guard("never", None), excluded::check(ask)));
        }
        out.push((Guard("consent", None), consent::check(ask)));
        out.push((Guard("suppression", None), suppression::check(ask)));
    }
    if ask.channel == Channel::Email {
        out.push((Guard("address", None), address::check(ask)));
    }
    for cap in ask.policy.caps.iter().filter(|cap| cap.channels.contains(&ask.channel)) {
        out.push((Guard("cap", Some(&cap.id)), cap::check(ask, cap, at)));
    }
    for quiet in ask.policy.quiet_hours.iter().filter(|quiet| quiet.channels.contains(&ask.channel)) {
        out.push((Guard("quiet_hours", None), quiet_hours::check(ask, quiet, at)));
    }
    for capacity in ask.policy.capacity.iter().filter(|one| one.channels.contains(&ask.channel)) {
        out.push((Guard("capacity", Some(&capacity.id)), capacity::check(ask, capacity, at)));
    }
    if let Some(answer) = per_day::check(ask, at) {
        out.push((Guard("per_day", None), answer));
    }
    out
}

fn note(guard: Guard<'_>, answer: Answer) -> Check {
    Check {
        guard: guard.1.map_or_else(|| guard.0.to_owned(), |id| format!("{} {id}", guard.0)),
        said: answer.said,
        reason: (answer.said != Said::Pass).then_some(answer.reason),
        counter: answer.counter,
        limit: answer.limit,
        until: answer.until,
        detail: answer.detail.into_owned(),
    }
}

#[cfg(test)]
mod tests;
