//! How long a workspace keeps what.

use crate::read::{Keys, Reader};
use crate::yaml::Node;
use staunch_core::codes;
use staunch_core::retention::{Class, Retention};
use staunch_core::time::Span;

pub(crate) const RETENTION: Keys = Keys { known: &["decisions", "runs", "actions", "parked", "archive"], later: &[] };

pub(super) fn retention(reader: &mut Reader<'_>, node: &Node) -> Option<Retention> {
    let fields = reader.fields(node, &RETENTION)?;
    let mut span = |class: Class| {
        let node = fields.get(class.word())?;
        let span = reader.span(node)?;
        if span >= class.least() {
            return Some(span);
        }
        let why = match class {
            Class::Actions => "others recognise an action by its id for 400 days",
            Class::Parked => "somebody has to be able to replay them",
            Class::Decisions | Class::Runs => "events are taken up to 35 days late",
        };
        let days = class.least().0 / Span::days(1).0;
        let message = format!("{} are kept for at least {days} days: {why}", class.word());
        reader.error(node.at, codes::OUT_OF_RANGE, message, format!("write {days}d or more"));
        None
    };
    let (decisions, runs) = (span(Class::Decisions), span(Class::Runs));
    let (actions, parked) = (span(Class::Actions), span(Class::Parked));
    let archive = fields.get("archive").and_then(|node| reader.truth(node)).unwrap_or(false);
    if let Some(node) = fields.get("archive").filter(|_| archive && fields.get("decisions").is_none()) {
        let help = "add `decisions: 400d`, or leave `archive` out";
        reader.warning(node.at, codes::POLICY_IDLE, "no decisions are deleted, so none are archived", help);
    }
    Some(Retention { decisions, runs, actions, parked, archive })
}
