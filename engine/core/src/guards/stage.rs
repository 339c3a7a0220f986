//! Guard: the workflow's stage lets anything out at all.

use super::{Answer, Ask};
use crate::action::ReasonCode;
use crate::arm::Arm;
use crate::policy::Stage;

pub(super) fn check(ask: &Ask<'_>) -> Answer {
    if ask.stage.stage == Stage::Shadow {
        Answer::never(ReasonCode::Shadow, "stage shadow: decided and shown, never sent")
    } else if ask.assignment.arm == Arm::Shadow {
        // A promotion never releases what was decided while the workflow only watched.
        Answer::never(
            ReasonCode::Shadow,
            ask.say(|| format!("the run began its actions in stage shadow; now {}", ask.stage.stage.word())),
        )
    } else {
        Answer::pass(ReasonCode::Shadow, ask.say(|| format!("stage {}", ask.stage.stage.word())))
    }
}
