//! Messages, deliveries, and the one spelling of CloudEvents headers.

use std::collections::BTreeMap;

/// The header under which the embedded queue keeps the content type.
pub const CONTENT_TYPE: &str = "content-type";

/// One event on its way, unread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The bytes as they came.
    pub body: Vec<u8>,
    /// `application/cloudevents+json`, `application/json`, …; empty where the producer gave none.
    pub content_type: String,
    /// Text headers. Attributes of a CloudEvent in binary mode are `ce-…` in lower case, see [`ce_name`].
    pub headers: BTreeMap<String, String>,
}

impl Message {
    /// A JSON event without headers.
    pub fn json(body: impl Into<Vec<u8>>) -> Message {
        Message { body: body.into(), content_type: "application/json".into(), headers: BTreeMap::new() }
    }
}

/// A message in our hands, until it is acknowledged, released or rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// How often it was delivered, this time included: 1 is the first.
    pub attempts: u32,
    /// Given up after too many attempts: why. It is to be parked, not tried.
    pub dead: Option<String>,
    pub(crate) tag: u64,
    pub(crate) epoch: u64,
}

impl Delivery {
    /// A delivery as a broker makes it; `tag` names it among those that are held.
    pub fn new(message: Message, attempts: u32, dead: Option<String>, tag: u64) -> Delivery {
        Delivery { message, attempts, dead, tag, epoch: 0 }
    }

    /// It came before and is not known to be handled: the process that had it may have ended because of it.
    pub fn is_suspect(&self) -> bool {
        self.attempts > 1 && self.dead.is_none()
    }

    /// Its name among the deliveries that are held.
    pub fn tag(&self) -> u64 {
        self.tag
    }
}

/// The spelling used inside, `ce-id`, of a CloudEvents attribute's header: `cloudEvents:id`, `cloudEvents_id`, `ce-id`,
/// `ce_id`, in any case. `None` for all other headers.
pub fn ce_name(header: &str) -> Option<String> {
    let lower = header.to_ascii_lowercase();
    let rest = ["cloudevents:", "cloudevents_", "cloudevents-", "ce-", "ce_", "ce:"]
        .iter()
        .find_map(|prefix| lower.strip_prefix(prefix))?;
    (!rest.is_empty()).then(|| format!("ce-{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_attribute_is_one() {
        for name in ["cloudEvents:id", "cloudEvents_id", "CE-Id", "ce_id"] {
            assert_eq!(ce_name(name).as_deref(), Some("ce-id"), "{name}");
        }
        for name in ["id", "ce-", "cell-id", "x-death"] {
            assert_eq!(ce_name(name), None, "{name}");
        }
    }
}
