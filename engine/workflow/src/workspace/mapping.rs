//! How a message of a company's own becomes an event: pure, and the same for `staunch sources test` and for whoever
//! reads the source.

use serde_json::{Map, Value as Json, json};
use staunch_core::codes;
use staunch_core::ingest::Refusal;
use std::collections::BTreeMap;
use std::fmt;

/// Where a value stands in a message: `$.customer.id`, `$.items[0].sku`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Key(String),
    Index(usize),
}

impl JsonPath {
    /// Reads `$.a.b[0]`; `None` where it is no path.
    pub fn parse(text: &str) -> Option<JsonPath> {
        let mut rest = text.strip_prefix('$')?;
        let mut parts = Vec::new();
        while !rest.is_empty() {
            let (part, behind) = if let Some(key) = rest.strip_prefix('.') {
                let end = key.find(['.', '[']).unwrap_or(key.len());
                let good = end > 0 && key[..end].chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '@'));
                (good.then(|| Part::Key(key[..end].to_owned()))?, &key[end..])
            } else {
                let (index, behind) = rest.strip_prefix('[')?.split_once(']')?;
                (Part::Index(index.parse().ok()?), behind)
            };
            parts.push(part);
            rest = behind;
        }
        (!parts.is_empty()).then_some(JsonPath(parts))
    }

    /// The value there; `None` where there is none, or null.
    fn find<'j>(&self, json: &'j Json) -> Option<&'j Json> {
        let found = self.0.iter().try_fold(json, |json, part| match part {
            Part::Key(key) => json.get(key),
            Part::Index(index) => json.get(index),
        });
        found.filter(|json| !json.is_null())
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        self.0.iter().try_for_each(|part| match part {
            Part::Key(key) => write!(f, ".{key}"),
            Part::Index(index) => write!(f, "[{index}]"),
        })
    }
}

/// The type of the events of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventType {
    /// Always this one.
    Fixed(String),
    /// As the message says.
    At(JsonPath),
}

/// Which part of a message becomes which part of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The event's id: what makes a second delivery the same event.
    pub id: JsonPath,
    /// Its type.
    pub kind: EventType,
    /// When it happened, RFC 3339.
    pub time: JsonPath,
    /// Whom it is about.
    pub contact: JsonPath,
    /// Its fields by name; what is not in a message is left out.
    pub fields: BTreeMap<String, JsonPath>,
}

impl Mapping {
    /// One message as the CloudEvent that the event reader takes. It checks nothing but that the envelope is there: the
    /// reader knows the declared fields.
    ///
    /// # Errors
    /// The part of the envelope that the message does not hold, with its path; never a value.
    pub fn event(&self, source: &str, message: &Json) -> Result<Json, Refusal> {
        let kind = match &self.kind {
            EventType::Fixed(kind) => kind.clone(),
            EventType::At(path) => text(message, path, "type", codes::EVENT_SHAPE)?,
        };
        let id = text(message, &self.id, "id", codes::EVENT_NO_ID)?;
        let time = text(message, &self.time, "time", codes::EVENT_TIME)?;
        let contact = text(message, &self.contact, "contact", codes::EVENT_NO_CONTACT)?;
        let found = self.fields.iter().filter_map(|(name, path)| Some((name.clone(), path.find(message)?.clone())));
        let data: Map<String, Json> = found.collect();
        Ok(json!({
            "specversion": "1.0", "id": id, "source": source, "type": kind, "time": time, "subject": contact, "data": data,
        }))
    }
}

/// A text, or a number as text.
fn text(message: &Json, path: &JsonPath, part: &str, code: &'static str) -> Result<String, Refusal> {
    let wrong = |what: String| Refusal { code, message: format!("the event has no `{part}`: {what}") };
    match path.find(message) {
        Some(Json::String(text)) if !text.trim().is_empty() => Ok(text.clone()),
        Some(Json::Number(number)) => Ok(number.to_string()),
        Some(other) => {
            let word = staunch_core::schema::json_word(other);
            Err(wrong(format!("{path} is a {word} and should be text or a number")))
        }
        None => Err(wrong(format!("the message has nothing at {path}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> JsonPath {
        JsonPath::parse(text).unwrap()
    }

    fn mapping() -> Mapping {
        Mapping {
            id: path("$.order_no"),
            kind: EventType::Fixed("order.paid".into()),
            time: path("$.paid_at"),
            contact: path("$.customer.id"),
            fields: [("total".into(), path("$.amount")), ("sku".into(), path("$.items[0].sku"))].into(),
        }
    }

    #[test]
    fn paths_are_read_and_written() {
        for good in ["$.a", "$.a.b", "$.items[0].sku", "$[2]", "$.x-y.@type"] {
            assert_eq!(path(good).to_string(), good);
        }
        for bad in ["", "$", "a.b", "$.", "$..a", "$.a.", "$.a[", "$.a[x]", "$.a b", "$a", "$.a[0]b"] {
            assert_eq!(JsonPath::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_message_becomes_an_event() {
        let message = json!({
            "order_no": 4711, "paid_at": "2026-03-02T09:00:00Z", "customer": {"id": "c1"}, "amount": 12.5, "items": [],
        });
        let event = mapping().event("shop", &message).unwrap();
        let want = json!({
            "specversion": "1.0", "id": "4711", "source": "shop", "type": "order.paid",
            "time": "2026-03-02T09:00:00Z", "subject": "c1", "data": {"total": 12.5},
        });
        assert_eq!(event, want);
        let by_message = Mapping { kind: EventType::At(path("$.kind")), ..mapping() };
        assert_eq!(by_message.event("shop", &message).unwrap_err().code, codes::EVENT_SHAPE);
    }

    #[test]
    fn what_the_envelope_lacks_is_named_with_its_path() {
        let message = json!({"order_no": 1, "paid_at": "2026-03-02T09:00:00Z", "customer": {"id": ["c1"]}});
        let refusal = mapping().event("shop", &message).unwrap_err();
        assert_eq!(refusal.code, codes::EVENT_NO_CONTACT);
        assert_eq!(
            refusal.message,
            "the event has no `contact`: $.customer.id is a list and should be text or a number"
        );
        for (lost, code) in [("order_no", codes::EVENT_NO_ID), ("paid_at", codes::EVENT_TIME)] {
            let mut message = message.clone();
            message["customer"]["id"] = "c1".into();
            message[lost] = Json::Null;
            assert_eq!(mapping().event("shop", &message).unwrap_err().code, code, "{lost}");
        }
    }
}
