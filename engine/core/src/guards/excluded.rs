//! Guard: the contact is in no audience and no country that is never contacted.

use super::{Answer, Ask};
use crate::action::ReasonCode;

pub(super) fn check(ask: &Ask<'_>) -> Answer {
    match ask.excluded {
        Some(why) => Answer::never(ReasonCode::Excluded, ask.say(|| why.to_owned())),
        None => Answer::pass(ReasonCode::Excluded, "in no audience that is never contacted"),
    }
}
