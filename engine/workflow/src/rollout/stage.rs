//! One stage of a rollout, and how stages follow each other.

use super::{ExitCheck, Rollout};
use crate::read::Keys;
use crate::yaml::{Kind, Node};
use staunch_core::codes;
use staunch_core::policy::StageLimits;

pub(crate) const STAGE: Keys = Keys { known: &["stage", "days", "limits", "exit"], later: &[] };
pub(crate) const LIMITS: Keys = Keys { known: &["share", "holdout", "per_day", "review"], later: &[] };

/// The stages in the only order in which a workflow goes up.
const STAGES: [&str; 5] = ["readiness", "shadow", "limited", "compare", "full"];

/// A rollout ends within this many days.
const LAST_DAY: u32 = 30;

/// One stage of a rollout.
#[derive(Clone, Debug, PartialEq)]
pub struct RolloutStage {
    /// `readiness`, `shadow`, `limited`, `compare` or `full`.
    pub stage: String,
    /// First and last day, from 1.
    pub days: Option<(u32, u32)>,
    /// Limits while it lasts; only where something is sent.
    pub limits: Option<StageLimits>,
    /// Every customer-facing action waits for a person; checked, and not enforced yet.
    pub review_all: bool,
    /// What has to hold before the next stage.
    pub exit: Vec<ExitCheck>,
}

impl Rollout<'_, '_> {
    pub(super) fn stage(&mut self, node: &Node) -> Option<RolloutStage> {
        let fields = self.reader.fields(node, &STAGE)?;
        let stage = self.reader.need(&fields, "stage");
        let stage = stage.and_then(|node| self.reader.one_of(node, &STAGES.map(|stage| (stage, stage))));
        let days = fields.get("days").and_then(|node| self.days(node));
        let sends = stage.is_none_or(|stage| ["limited", "compare"].contains(&stage));
        let (mut limits, mut review_all) = (None, false);
        if let Some(entry) = fields.entry("limits") {
            if !sends {
                let message = format!("the stage {} has no limits", stage.unwrap_or_default());
                let help = "remove them: they belong to `limited` and `compare`";
                self.reader.error(entry.key_at, codes::UNKNOWN_KEY, message, help);
            } else if let Some((found, review)) = self.limits(&entry.value) {
                (limits, review_all) = (Some(found), review);
            }
        }
        let mut exit = Vec::new();
        if let Some(node) = fields.get("exit") {
            for item in self.reader.items(node) {
                exit.extend(self.exit(item));
            }
        }
        Some(RolloutStage { stage: stage?.to_owned(), days, limits, review_all, exit })
    }

    fn days(&mut self, node: &Node) -> Option<(u32, u32)> {
        let Kind::Scalar(scalar) = &node.kind else {
            self.reader.wrong(node, "days such as `8-14`");
            return None;
        };
        let ends = scalar.text.split_once('-').unwrap_or((&scalar.text, &scalar.text));
        let days = ends.0.trim().parse::<u32>().ok().zip(ends.1.trim().parse::<u32>().ok());
        let Some((first, last)) = days.filter(|(first, last)| *first >= 1 && first <= last) else {
            self.reader.error(node.at, codes::BAD_VALUE, "these are not days", "write them like `8-14`");
            return None;
        };
        if last > LAST_DAY {
            let message = format!("a rollout ends by day {LAST_DAY}");
            self.reader.error(node.at, codes::OUT_OF_RANGE, message, "shorten its stages");
            return None;
        }
        Some((first, last))
    }

    fn limits(&mut self, node: &Node) -> Option<(StageLimits, bool)> {
        let fields = self.reader.fields(node, &LIMITS)?;
        let share = self.reader.need(&fields, "share").and_then(|node| self.reader.share(node));
        let holdout = self.reader.need(&fields, "holdout").and_then(|node| self.reader.share(node));
        let per_day = self.reader.need(&fields, "per_day").and_then(|node| self.reader.whole(node, 0..=u32::MAX));
        let mut review = false;
        if let Some(entry) = fields.entry("review") {
            review = self.reader.one_of(&entry.value, &[("all_customer_facing", true)]).unwrap_or_default();
            if review {
                self.reader.not_enforced(entry.key_at, "a review of all that reaches customers");
            }
        }
        Some((StageLimits { share: share?, holdout: holdout?, per_day: per_day? }, review))
    }

    /// Stages go up, each once, and their days follow each other from day 1 on.
    pub(super) fn order(&mut self, items: &[Node], stages: &[RolloutStage]) {
        // A stage that cannot be read leaves a gap that is not the author's.
        if items.len() != stages.len() {
            return;
        }
        let rank = |stage: &RolloutStage| STAGES.iter().position(|known| *known == stage.stage);
        let mut next_day = 1;
        for (index, (item, stage)) in items.iter().zip(stages).enumerate() {
            let at = |key| item.get(key).map_or(item.at, |node| node.at);
            let before = index.checked_sub(1).and_then(|before| stages.get(before));
            if let Some(before) = before.filter(|before| rank(before) >= rank(stage)) {
                let message = format!("`{}` cannot come after `{}`", stage.stage, before.stage);
                let help = format!("a workflow goes up by {}, each at most once", STAGES.join(", "));
                self.reader.error(at("stage"), codes::ROLLOUT_ORDER, message, help);
            }
            let Some((first, last)) = stage.days else { continue };
            if first != next_day {
                let message = format!("this stage begins on day {first}, and day {next_day} is the next");
                let help = format!("write `{next_day}-{}`, or move the others", next_day + (last - first));
                self.reader.error(at("days"), codes::ROLLOUT_ORDER, message, help);
            }
            next_day = last + 1;
        }
    }
}
