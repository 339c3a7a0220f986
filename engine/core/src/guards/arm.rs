//! Guard: the contact is not held out.

use super::{Answer, Ask};
use crate::action::ReasonCode;
use crate::arm::Arm;

pub(super) fn check(ask: &Ask<'_>) -> Answer {
    let place = ask.assignment;
    match place.arm {
        Arm::GlobalHoldout => Answer::never(ReasonCode::GlobalHoldout, "held out of everything")
            .counted(place.global_bucket, ask.policy.global_holdout),
        Arm::Holdout => Answer::never(ReasonCode::Holdout, "held out: gets the would-have only")
            .counted(place.holdout_bucket, place.holdout),
        Arm::OutsideShare => Answer {
            limit: Some(ask.stage.limits.share),
            ..Answer::never(ReasonCode::Share, "place on the dial is outside the share of the stage")
        },
        Arm::Shadow => Answer::pass(ReasonCode::Holdout, "no arm in stage shadow"),
        Arm::Treated => Answer::pass(ReasonCode::Holdout, "treated: place on the dial is behind the holdout")
            .counted(place.holdout_bucket, place.holdout),
    }
}
