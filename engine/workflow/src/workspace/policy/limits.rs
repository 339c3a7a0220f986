//! Limits in rolling windows: caps, budgets and the capacity of people.

use super::{Rules, names};
use crate::read::{Fields, Keys};
use crate::workspace::money::money;
use crate::yaml::Node;
use staunch_core::action::Channel;
use staunch_core::codes;
use staunch_core::policy::{Budget, Cap, Capacity};
use staunch_core::time::Span;

pub(crate) const CAP: Keys = Keys { known: &["id", "channels", "max", "window", "gap", "exempt"], later: &["per"] };
pub(crate) const BUDGET: Keys = Keys { known: &["id", "max", "window", "channels"], later: &[] };
pub(crate) const CAPACITY: Keys = Keys { known: &["id", "channels", "max", "window", "per"], later: &[] };

/// What was sent is kept this long for counting; a longer window would count too little.
const LONGEST: Span = Span::days(90);

impl Rules<'_, '_> {
    pub(super) fn cap(&mut self, node: &Node) -> Option<Cap> {
        let fields = self.reader.fields(node, &CAP)?;
        let id = self.reader.need(&fields, "id").and_then(|node| self.reader.id(node));
        let channels = self.reader.need(&fields, "channels").map(|node| self.reader.channels(node));
        let what = format!("this cap lets no {} out, ever", names(channels.as_deref().unwrap_or_default()));
        let max = self.most(&fields, &what);
        let window = self.reader.need(&fields, "window").and_then(|node| self.counted(node));
        let gap = fields.get("gap").and_then(|node| self.counted(node));
        let exempt = fields.get("exempt").map(|node| self.purposes(node)).unwrap_or_default();
        Some(Cap { id: id?, channels: channels?, max: max?, window: window?, gap, exempt })
    }

    pub(super) fn budget(&mut self, node: &Node) -> Option<Budget> {
        let fields = self.reader.fields(node, &BUDGET)?;
        let id = self.reader.need(&fields, "id").and_then(|node| self.reader.id(node));
        let max = self.reader.need(&fields, "max").and_then(|node| {
            let max = money(self.reader, node)?;
            let own = self.workspace.schema.currency;
            if let Some(own) = own.filter(|own| *own != max.currency) {
                let message = format!(
                    "this budget is in {}, and what is spent is counted in {}: it could never be compared",
                    max.currency.as_str(),
                    own.as_str()
                );
                self.contradiction(node.at, message, format!("write the amount in {}", own.as_str()));
            } else if max.micros <= 0 {
                let help = "write an amount above zero, or remove the channels from the workflows";
                self.contradiction(node.at, "this budget allows nothing that costs anything, ever", help);
            }
            Some(max)
        });
        let window = self.reader.need(&fields, "window").and_then(|node| self.counted(node));
        let channels = self.reader.need(&fields, "channels").map(|node| self.reader.channels(node));
        Some(Budget { id: id?, channels: channels?, max: max?, window: window? })
    }

    pub(super) fn capacity(&mut self, node: &Node) -> Option<Capacity> {
        let fields = self.reader.fields(node, &CAPACITY)?;
        let id = self.reader.need(&fields, "id").and_then(|node| self.reader.id(node));
        let channels = self.reader.need(&fields, "channels").map(|node| {
            let channels = self.reader.channels(node);
            if channels.iter().any(|channel| *channel != Channel::Task) {
                let help = "write `channels: [task]`: messages have no assignee; for those there are caps";
                self.contradiction(node.at, "a capacity counts per assignee, and only a task has one", help);
            }
            channels
        });
        let max = self.most(&fields, "nobody could ever take a task");
        let window = self.reader.need(&fields, "window").and_then(|node| self.counted(node));
        if let Some(node) = self.reader.need(&fields, "per") {
            self.reader.one_of(node, &[("assignee", ())]);
        }
        Some(Capacity { id: id?, channels: channels?, max: max?, window: window? })
    }

    /// `max` of a limit, of which nothing is left where it is 0.
    fn most(&mut self, fields: &Fields<'_>, at_zero: &str) -> Option<u32> {
        let node = self.reader.need(fields, "max")?;
        let max = self.reader.whole(node, 0..=1_000_000)?;
        if max == 0 {
            let help = "write 1 or more; to stop what is running, use `staunch kill`";
            self.contradiction(node.at, format!("with `max: 0` {at_zero}"), help);
        }
        Some(max)
    }

    /// A span over which the store can count.
    fn counted(&mut self, node: &Node) -> Option<Span> {
        let span = self.reader.span(node)?;
        if span > LONGEST {
            let message = format!("{span} is longer than what was sent is kept for counting ({LONGEST})");
            self.reader.error(node.at, codes::OUT_OF_RANGE, message, format!("write at most `{LONGEST}`"));
            return None;
        }
        Some(span)
    }

    fn purposes(&mut self, node: &Node) -> Vec<String> {
        let mut made = Vec::new();
        for item in self.reader.items(node) {
            let Some(purpose) = self.reader.id(item) else { continue };
            if !self.workspace.purposes.contains(&purpose) {
                let known = self.workspace.purposes.iter().map(String::as_str);
                self.reader.unknown(item.at, codes::UNKNOWN_PURPOSE, "a declared purpose", &purpose, known);
            }
            made.push(purpose);
        }
        made
    }
}
