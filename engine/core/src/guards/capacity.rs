//! Guard: the person for whom a task is has not more of them than they can take.

use super::{Answer, Ask};
use crate::action::ReasonCode;
use crate::policy::Capacity;
use crate::time::Time;

pub(super) fn check(ask: &Ask<'_>, capacity: &Capacity, at: Time) -> Answer {
    let Some(person) = ask.assignee else {
        return Answer::pass(ReasonCode::Capacity, "assigned to nobody");
    };
    let Some(assigned) = ask.assigned else {
        return Answer::pass(ReasonCode::Capacity, "counted when it is sent");
    };
    let inside =
        assigned.iter().filter(|(channel, time)| *time > at - capacity.window && capacity.channels.contains(channel));
    let times: Vec<Time> = inside.map(|(_, time)| *time).collect();
    let (most, limit) = (capacity.max as usize, f64::from(capacity.max));
    let answer = if times.len() < most {
        Answer::pass(ReasonCode::Capacity, ask.say(|| format!("{person} has {} in {}", times.len(), capacity.window)))
    } else if most == 0 {
        Answer::never(ReasonCode::Capacity, "the capacity allows none")
    } else {
        let until = times[times.len() - most] + capacity.window;
        Answer::wait(
            ReasonCode::Capacity,
            until,
            ask.say(|| format!("{person} has {} in {}", times.len(), capacity.window)),
        )
    };
    answer.counted(times.len() as f64, limit)
}
