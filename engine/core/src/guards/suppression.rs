//! Guard: the channel is not closed for the contact.

use super::{Answer, Ask};
use crate::action::ReasonCode;

pub(super) fn check(ask: &Ask<'_>) -> Answer {
    match ask.contact.suppressed.get(&ask.channel) {
        None => Answer::pass(ReasonCode::Suppressed, "not suppressed"),
        Some(entry) => Answer::never(ReasonCode::Suppressed, ask.say(|| format!("{} at {}", entry.because, entry.at))),
    }
}
