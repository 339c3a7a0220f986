//! Amounts of money in the workspace file, and what an action costs.

use super::WorkspaceFile;
use crate::read::Reader;
use crate::yaml::{Kind, Node};
use staunch_core::action::Channel;
use staunch_core::codes;
use staunch_core::value::Money;
use std::collections::BTreeMap;

/// `500 EUR`; a bare number is an error.
pub(super) fn money(reader: &mut Reader<'_>, node: &Node) -> Option<Money> {
    let Kind::Scalar(scalar) = &node.kind else {
        reader.wrong(node, "an amount of money");
        return None;
    };
    let text = scalar.text.trim();
    let found = Money::parse(text);
    if found.is_none() && text.parse::<f64>().is_ok() {
        let message = "an amount of money needs its currency";
        reader.error(node.at, codes::NEEDS_UNIT, message, format!("write it like `{text} EUR`"));
    } else if found.is_none() {
        reader.error(node.at, codes::BAD_VALUE, "this is not an amount of money", "write it like `500 EUR`");
    }
    found
}

/// What one action of each channel costs.
pub(super) fn costs(reader: &mut Reader<'_>, node: &Node, workspace: &WorkspaceFile) -> BTreeMap<Channel, Money> {
    let mut made = BTreeMap::new();
    for entry in reader.entries(node) {
        let Some(channel) = Channel::parse(&entry.key) else {
            let known = Channel::ALL.map(Channel::word);
            reader.unknown(entry.key_at, codes::UNKNOWN_KEY, "a channel", &entry.key, known);
            continue;
        };
        let Some(cost) = money(reader, &entry.value) else { continue };
        let own = workspace.schema.currency;
        if let Some(own) = own.filter(|own| *own != cost.currency) {
            let message = format!("costs are added up in {}, the currency of the workspace", own.as_str());
            let help = format!("write the amount in {}", own.as_str());
            reader.error(entry.value.at, codes::BAD_VALUE, message, help);
        } else if cost.micros < 0 {
            reader.error(entry.value.at, codes::OUT_OF_RANGE, "a cost is not below zero", "write 0 or more");
        } else {
            made.insert(channel, cost);
        }
    }
    made
}
