//! Guard: it is not too late.

use super::{Answer, Ask};
use crate::action::ReasonCode;
use crate::time::Time;

pub(super) fn check(ask: &Ask<'_>, at: Time) -> Answer {
    if at > ask.expires_at {
        Answer::never(ReasonCode::Expired, ask.say(|| format!("expired at {}", ask.expires_at)))
    } else {
        Answer::pass(ReasonCode::Expired, ask.say(|| format!("good until {}", ask.expires_at)))
    }
}
