//! The exit criteria of a stage: a closed list, each with its own parameter.

use super::Rollout;
use crate::read::{Fields, Keys};
use crate::yaml::Node;
use staunch_core::codes;
use staunch_core::suggest::closest;

/// One criterion.
#[derive(Clone, Debug, PartialEq)]
pub struct ExitCheck {
    /// What is checked.
    pub check: Check,
    /// Where it stands in the file, from 1.
    pub line: usize,
}

/// What has to hold. Shares are 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub enum Check {
    /// The share of events that came whole.
    EventsComplete {
        /// At least this share.
        at_least: f64,
    },
    /// Conversions against those of the CRM.
    ConversionsMatchCrm {
        /// They differ by no more than this share.
        within: f64,
    },
    /// Outcomes with a label, to train on.
    LabelledOutcomes {
        /// At least this many.
        at_least: u32,
        /// With fewer, the workflow goes on without its scores.
        else_rules_only: bool,
    },
    /// Decisions that a person looked at.
    Reviewed {
        /// At least this many.
        at_least: u32,
    },
    /// The share of reviewed decisions that the person agreed with.
    ReviewerAgreement {
        /// At least this share.
        at_least: f64,
    },
    /// Actions that a guardrail should have stopped and did not.
    GuardrailBreaches {
        /// At most this many.
        at_most: u32,
    },
    /// Contacts that were treated.
    Treated {
        /// At least this many.
        at_least: Sample,
    },
    /// What people decided.
    Verdict {
        /// One of these.
        one_of: Vec<Verdict>,
        /// The roles that have to sign it.
        signed_by: Vec<String>,
    },
}

/// How many contacts are enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// As many as `staunch rollout plan` computes.
    Planned,
    /// This many.
    Count(u32),
}

/// The ends of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes to everybody.
    Scale,
    /// It is changed and tried again.
    Revise,
    /// People go on doing it by hand.
    KeepManual,
    /// The comparison goes on.
    NeedMoreTime,
}

impl Verdict {
    /// All of them with their words.
    pub const ALL: [(&'static str, Verdict); 4] = [
        ("scale", Verdict::Scale),
        ("revise", Verdict::Revise),
        ("keep_manual", Verdict::KeepManual),
        ("need_more_time", Verdict::NeedMoreTime),
    ];
}

const AT_LEAST: &Keys = &Keys { known: &["check", "at_least"], later: &[] };
const AT_MOST: &Keys = &Keys { known: &["check", "at_most"], later: &[] };
const WITHIN: &Keys = &Keys { known: &["check", "within"], later: &[] };
const LABELLED: &Keys = &Keys { known: &["check", "at_least", "else"], later: &[] };
const VERDICT: &Keys = &Keys { known: &["check", "one_of", "signed_by"], later: &[] };

/// Every check with the keys that it takes.
pub(crate) const CHECKS: [(&str, &Keys); 8] = [
    ("events_complete", AT_LEAST),
    ("conversions_match_crm", WITHIN),
    ("labelled_outcomes", LABELLED),
    ("reviewed", AT_LEAST),
    ("reviewer_agreement", AT_LEAST),
    ("guardrail_breaches", AT_MOST),
    ("treated", AT_LEAST),
    ("verdict", VERDICT),
];

impl Rollout<'_, '_> {
    pub(super) fn exit(&mut self, node: &Node) -> Option<ExitCheck> {
        let entries = self.reader.entries(node);
        let Some(named) = node.get("check") else {
            if !entries.is_empty() {
                let help = "say what is checked: `check: reviewed`";
                self.reader.error(node.at, codes::MISSING_KEY, "`check` is missing", help);
            }
            return None;
        };
        let (name, keys) = self.reader.one_of(named, &CHECKS.map(|(name, keys)| (name, (name, keys))))?;
        let fields = self.reader.fields(node, keys)?;
        let check = match name {
            "events_complete" => Check::EventsComplete { at_least: self.share(&fields, "at_least")? },
            "conversions_match_crm" => Check::ConversionsMatchCrm { within: self.share(&fields, "within")? },
            "labelled_outcomes" => self.labelled(&fields)?,
            "reviewed" => Check::Reviewed { at_least: self.whole(&fields, "at_least")? },
            "reviewer_agreement" => Check::ReviewerAgreement { at_least: self.share(&fields, "at_least")? },
            "guardrail_breaches" => Check::GuardrailBreaches { at_most: self.whole(&fields, "at_most")? },
            "treated" => self.treated(&fields)?,
            _ => self.verdict(&fields)?,
        };
        Some(ExitCheck { check, line: self.reader.source.place(node.at).0 })
    }

    fn share(&mut self, fields: &Fields<'_>, key: &'static str) -> Option<f64> {
        self.reader.need(fields, key).and_then(|node| self.reader.share(node))
    }

    fn whole(&mut self, fields: &Fields<'_>, key: &'static str) -> Option<u32> {
        self.reader.need(fields, key).and_then(|node| self.reader.whole(node, 0..=u32::MAX))
    }

    fn labelled(&mut self, fields: &Fields<'_>) -> Option<Check> {
        let at_least = self.whole(fields, "at_least");
        let otherwise = match fields.get("else") {
            Some(node) => Some(self.reader.one_of(node, &[("rules_only", true)])?),
            None => None,
        };
        Some(Check::LabelledOutcomes { at_least: at_least?, else_rules_only: otherwise.unwrap_or_default() })
    }

    fn treated(&mut self, fields: &Fields<'_>) -> Option<Check> {
        let node = self.reader.need(fields, "at_least")?;
        let at_least = match self.reader.is_text(node, "planned_sample") {
            true => Sample::Planned,
            false => Sample::Count(self.reader.whole(node, 1..=u32::MAX)?),
        };
        Some(Check::Treated { at_least })
    }

    fn verdict(&mut self, fields: &Fields<'_>) -> Option<Check> {
        let one_of = self.reader.need(fields, "one_of").map(|node| {
            let items = self.reader.items(node).iter();
            items.filter_map(|item| self.reader.one_of(item, &Verdict::ALL)).collect()
        });
        let signed_by = self.reader.need(fields, "signed_by").map(|node| {
            let items = self.reader.items(node).iter();
            items.filter_map(|item| self.role(item)).collect()
        });
        Some(Check::Verdict { one_of: one_of?, signed_by: signed_by? })
    }

    /// A role that signs. One without people is worth a word: nobody could ever sign.
    fn role(&mut self, node: &Node) -> Option<String> {
        let role = self.reader.id(node)?;
        if let Some(workspace) = self.workspace
            && !workspace.roles.contains_key(&role)
        {
            let message = format!("`{role}` is not a declared role: nobody could sign");
            let help = match closest(&role, workspace.roles.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "declare it under `roles` in staunch.yaml".to_owned(),
            };
            self.reader.warning(node.at, codes::UNKNOWN_ROLE, message, help);
        }
        Some(role)
    }
}
