//! Guard: there is an address to send to.

use super::{Answer, Ask};
use crate::action::ReasonCode;

pub(super) fn check(ask: &Ask<'_>) -> Answer {
    match ask.contact.email(ask.schema) {
        Some(_) => Answer::pass(ReasonCode::NoAddress, "address known"),
        None => Answer::never(ReasonCode::NoAddress, "no e-mail address known"),
    }
}
