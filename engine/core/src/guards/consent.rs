//! Guard: the contact agreed to the purpose. Unknown is no.

use super::{Answer, Ask};
use crate::action::ReasonCode;

pub(super) fn check(ask: &Ask<'_>) -> Answer {
    match ask.contact.consent.get(ask.purpose) {
        Some(consent) if consent.granted => {
            Answer::pass(ReasonCode::Consent, format!("granted for {} at {}", ask.purpose, consent.at))
        }
        Some(consent) => Answer::never(ReasonCode::Consent, format!("withdrawn for {} at {}", ask.purpose, consent.at)),
        None => Answer::never(ReasonCode::Consent, format!("no consent known for {}", ask.purpose)),
    }
}
