//! Experiment arms by salted hash of the contact. Nobody keeps a list, and nothing is drawn at random.

use crate::policy::{Stage, StageState};
use serde::{Deserialize, Serialize};

/// Which side of the comparison a run is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// Decided while the workflow only watched; in no comparison.
    Shadow,
    /// Held out of everything.
    GlobalHoldout,
    /// Outside the share of the stage; in no comparison.
    OutsideShare,
    /// Held out of this workflow.
    Holdout,
    /// Gets what the workflow decides.
    Treated,
}

impl Arm {
    /// The word used in tables and output.
    pub fn word(self) -> &'static str {
        match self {
            Arm::Shadow => "shadow",
            Arm::GlobalHoldout => "global_holdout",
            Arm::OutsideShare => "outside_share",
            Arm::Holdout => "holdout",
            Arm::Treated => "treated",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Arm> {
        [Arm::Shadow, Arm::GlobalHoldout, Arm::OutsideShare, Arm::Holdout, Arm::Treated]
            .into_iter()
            .find(|arm| arm.word() == word)
    }
}

/// An arm with the place on each dial that put the contact there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// The arm.
    pub arm: Arm,
    /// Place on the global holdout's dial, 0 to 1.
    pub global_bucket: f64,
    /// Place on the workflow's holdout dial.
    pub holdout_bucket: f64,
    /// The share held out that was in force.
    pub holdout: f64,
}

/// A contact's place on the dial of a salt: uniform in [0, 1), from 53 bits of a BLAKE3 hash.
pub fn bucket(workspace: &str, purpose: &str, salt: &str, contact: &str) -> f64 {
    let hash = crate::action::hash16("arm", &[workspace, purpose, salt, contact]);
    let mut bits = [0; 8];
    bits.copy_from_slice(&hash[..8]);
    (u64::from_le_bytes(bits) >> 11) as f64 / (1u64 << 53) as f64
}

/// The arm of a contact in a workflow: global holdout, then workflow holdout, then the stage's share.
///
/// `experiment` names the salt; it is the workflow's name and never tuned (tests hand in others).
/// The dials are nested: a contact is held out while its bucket is below the holdout, and inside the share while its
/// bucket is below the share, so raising a share never moves a treated contact out.
pub fn assign(
    workspace: &str,
    experiment: &str,
    contact: &str,
    holdout: f64,
    global: f64,
    stage: &StageState,
) -> Assignment {
    let global_bucket = bucket(workspace, "global-holdout", "", contact);
    let holdout_bucket = bucket(workspace, "holdout", experiment, contact);
    let limited = stage.stage == Stage::Limited;
    let holdout = if limited { stage.limits.holdout } else { holdout };
    let outside = limited && bucket(workspace, "share", experiment, contact) >= stage.limits.share;
    let arm = if stage.stage == Stage::Shadow {
        Arm::Shadow
    } else if global_bucket < global {
        Arm::GlobalHoldout
    } else if outside {
        Arm::OutsideShare
    } else if holdout_bucket < holdout {
        Arm::Holdout
    } else {
        Arm::Treated
    };
    Assignment { arm, global_bucket, holdout_bucket, holdout }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::StageLimits;

    fn at(stage: Stage, share: f64) -> StageState {
        StageState { stage, limits: StageLimits { share, holdout: 0.5, per_day: 9 } }
    }

    #[test]
    fn shares_are_kept_and_dials_are_independent() {
        let n = 20_000;
        let (mut held, mut both, mut shared) = (0, 0, 0);
        for i in 0..n {
            let contact = format!("c{i}");
            let holdout = bucket("w", "holdout", "flow", &contact) < 0.2;
            let share = bucket("w", "share", "flow", &contact) < 0.4;
            held += i32::from(holdout);
            shared += i32::from(share);
            both += i32::from(holdout && share);
        }
        // Six standard deviations of a binomial count.
        assert!((held - 4_000).abs() < 340, "{held}");
        assert!((shared - 8_000).abs() < 416, "{shared}");
        assert!((both - 1_600).abs() < 230, "{both}");
    }

    #[test]
    fn raising_the_share_never_moves_a_treated_contact_out() {
        for i in 0..2_000 {
            let contact = format!("c{i}");
            let small = assign("w", "flow", &contact, 0.1, 0.02, &at(Stage::Limited, 0.2)).arm;
            let large = assign("w", "flow", &contact, 0.1, 0.02, &at(Stage::Limited, 0.8)).arm;
            let full = assign("w", "flow", &contact, 0.1, 0.02, &at(Stage::Full, 0.8)).arm;
            if small == Arm::Treated {
                assert_eq!((large, full), (Arm::Treated, Arm::Treated));
            }
        }
    }
}
