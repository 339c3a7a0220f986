//! Guard: not more than `max` in a rolling window, and not closer than `gap`.

use super::{Answer, Ask};
use crate::action::ReasonCode;
use crate::policy::Cap;
use crate::time::Time;

pub(super) fn check(ask: &Ask<'_>, cap: &Cap, at: Time) -> Answer {
    if cap.exempt.iter().any(|purpose| purpose == ask.purpose) {
        return Answer::pass(ReasonCode::Cap, ask.say(|| format!("{} is exempt", ask.purpose)));
    }
    let Some(sent) = ask.sent else {
        return Answer::pass(ReasonCode::Cap, "counted when it is sent");
    };
    let counted = |from: Time| {
        sent.iter().filter(move |one| {
            one.at > from && cap.channels.contains(&one.channel) && !cap.exempt.contains(&one.purpose)
        })
    };
    let times: Vec<Time> = counted(at - cap.window).map(|one| one.at).collect();
    let limit = f64::from(cap.max);
    if cap.max == 0 {
        return Answer::never(ReasonCode::Cap, "the cap allows none").counted(times.len() as f64, limit);
    }
    if times.len() >= cap.max as usize {
        // The slot is free when enough of the oldest have left the window.
        let blocking = times[times.len() - cap.max as usize];
        let until = blocking + cap.window;
        return Answer::wait(ReasonCode::Cap, until, ask.say(|| format!("{} in {}", times.len(), cap.window)))
            .counted(times.len() as f64, limit);
    }
    if let (Some(gap), Some(last)) = (cap.gap, counted(Time(i64::MIN)).map(|one| one.at).max())
        && at < last + gap
    {
        return Answer::wait(ReasonCode::Cap, last + gap, ask.say(|| format!("last one at {last}, gap {gap}")))
            .counted(times.len() as f64, limit);
    }
    Answer::pass(ReasonCode::Cap, ask.say(|| format!("{} in {}", times.len(), cap.window)))
        .counted(times.len() as f64, limit)
}
