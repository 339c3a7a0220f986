//! The policy: what binds every workflow. Rules that cannot be meant are errors that say what would follow from them.

mod countries;
mod limits;
mod never;
mod quiet;

#[cfg(test)]
pub(crate) use limits::{BUDGET, CAP, CAPACITY};
#[cfg(test)]
pub(crate) use never::NEVER;
#[cfg(test)]
pub(crate) use quiet::QUIET;

use super::WorkspaceFile;
use crate::read::{Fields, Keys, Reader};
use crate::yaml::{Kind, Node};
use staunch_core::action::Channel;
use staunch_core::codes;
use staunch_core::policy::Policy;
use std::collections::BTreeSet;

pub(crate) const POLICY: Keys = Keys {
    known: &["caps", "quiet_hours", "never", "budgets", "capacity", "offers", "wording", "holdout"],
    later: &[],
};
pub(crate) const HOLDOUT: Keys = Keys { known: &["global"], later: &[] };
pub(crate) const OFFERS: Keys = Keys { known: &["max_discount"], later: &[] };
pub(crate) const WORDING: Keys = Keys { known: &["locked", "needs_legal"], later: &[] };

/// Rules of the policy that are kept for the parts of Staunch that will act on them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    /// Topics that no message touches.
    pub never_topics: Vec<String>,
    /// The highest discount that a message may offer, 0 to 1.
    pub max_discount: Option<f64>,
    /// Wording that no message changes.
    pub locked: Vec<String>,
    /// Wording that needs a person from legal.
    pub needs_legal: Vec<String>,
}

/// One policy while it is read.
struct Rules<'a, 'r> {
    reader: &'r mut Reader<'a>,
    workspace: &'r WorkspaceFile,
}

pub(super) fn policy(reader: &mut Reader<'_>, node: &Node, workspace: &WorkspaceFile) -> (Policy, Content) {
    let (mut made, mut content) = (Policy::default(), Content::default());
    let Some(fields) = reader.fields(node, &POLICY) else { return (made, content) };
    let mut rules = Rules { reader, workspace };
    made.caps = rules.each(&fields, "caps", Rules::cap);
    made.quiet_hours = fields.get("quiet_hours").map(|node| rules.quiet_hours(node)).unwrap_or_default();
    if let Some(node) = fields.get("never") {
        (made.never, content.never_topics) = rules.never(node);
    }
    made.budgets = rules.each(&fields, "budgets", Rules::budget);
    if let Some(entry) = fields.entry("budgets") {
        rules.reader.not_enforced(entry.key_at, "a budget");
    }
    made.capacity = rules.each(&fields, "capacity", Rules::capacity);
    rules.offers(&fields, &mut content);
    rules.wording(&fields, &mut content);
    made.global_holdout = fields.get("holdout").and_then(|node| rules.holdout(node)).unwrap_or(0.0);
    (made, content)
}

impl<'a> Rules<'a, '_> {
    /// The rules of a list, whose ids are unique.
    fn each<T>(&mut self, fields: &Fields<'_>, key: &str, read: fn(&mut Self, &Node) -> Option<T>) -> Vec<T> {
        let (mut made, mut ids) = (Vec::new(), BTreeSet::new());
        let Some(list) = fields.get(key) else { return made };
        for item in self.reader.items(list) {
            if let Some(node) = item.get("id")
                && let Kind::Scalar(id) = &node.kind
                && !ids.insert(id.text.as_str())
            {
                let message = format!("`{}` is an id under `{key}` already", id.text);
                self.reader.error(node.at, codes::DUPLICATE_ID, message, "give it another id");
            }
            made.extend(read(self, item));
        }
        made
    }

    /// A rule that cannot be meant: what it says, and what would follow.
    fn contradiction(&mut self, at: usize, message: impl Into<String>, help: impl Into<String>) {
        self.reader.error(at, codes::POLICY_CONTRADICTION, message, help);
    }

    fn holdout(&mut self, node: &Node) -> Option<f64> {
        let fields = self.reader.fields(node, &HOLDOUT)?;
        let node = self.reader.need(&fields, "global")?;
        let share = self.reader.share(node)?;
        if share >= 1.0 {
            let help = "hold out a part of the contacts, as in `global: 2%`";
            self.contradiction(node.at, "a holdout of 100% leaves nobody to whom anything is sent", help);
        }
        Some(share)
    }

    fn offers(&mut self, fields: &Fields<'_>, content: &mut Content) {
        let Some(entry) = fields.entry("offers") else { return };
        self.reader.not_enforced(entry.key_at, "a limit of offers");
        let Some(fields) = self.reader.fields(&entry.value, &OFFERS) else { return };
        content.max_discount = self.reader.need(&fields, "max_discount").and_then(|node| self.reader.share(node));
    }

    fn wording(&mut self, fields: &Fields<'_>, content: &mut Content) {
        let Some(entry) = fields.entry("wording") else { return };
        self.reader.not_enforced(entry.key_at, "a rule on wording");
        let Some(fields) = self.reader.fields(&entry.value, &WORDING) else { return };
        for (key, into) in [("locked", &mut content.locked), ("needs_legal", &mut content.needs_legal)] {
            if let Some(node) = fields.get(key) {
                *into = words(self.reader, node);
            }
        }
    }
}

/// A list of texts, at least one.
fn words(reader: &mut Reader<'_>, node: &Node) -> Vec<String> {
    let items = reader.items(node);
    if items.is_empty() && matches!(node.kind, Kind::List(_)) {
        reader.error(node.at, codes::BAD_VALUE, "this list is empty", "fill it, or leave the key out");
    }
    items.iter().filter_map(|item| reader.text(item).map(str::to_owned)).collect()
}

/// `e-mails and nudges`, for sentences.
fn names(channels: &[Channel]) -> String {
    let words: Vec<&str> = channels.iter().map(|channel| channel.word()).collect();
    words.join(" and ")
}
