//! Guard: the contact agreed to the purpose. Unknown is no.

use super::{Answer, Ask};
use crate::action::ReasonCode;

pub(super) fn check(ask: &Ask<'_>) -> Answer {
    match ask.contact.consent.get(ask.purpose) {
        Some(consent) if consent.granted => {
            Answer::pass(ReasonCode::Consent, ask.say(|| format!("granted for {} at {}", ask.purpose, consent.at)))
        }
        Some(consent) => {
            Answer::never(ReasonCode::Consent, ask.say(|| format!("withdrawn for {} at {}", ask.purpose, consent.at)))
        }
        None => Answer::never(ReasonCode::Consent, ask.say(|| format!("no consent known for {}", ask.purpose))),
    }
}
