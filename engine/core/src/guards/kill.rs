//! Guard: no kill covers the action.

use super::{Answer, Ask, UNTIL_RESUMED};
use crate::action::ReasonCode;

pub(super) fn check(ask: &Ask<'_>) -> Answer {
    match ask.kill {
        None => Answer::pass(ReasonCode::Kill, "no kill in force"),
        Some(kill) => Answer::wait(
            ReasonCode::Kill,
            UNTIL_RESUMED,
            ask.say(|| format!("{} killed by {}: {}", String::from(kill.scope.clone()), kill.by, kill.reason)),
        ),
    }
}
