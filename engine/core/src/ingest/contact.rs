//! The contact that an input names, found without reading the rest: for sending what is about one person the same way.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value as Json;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Named {
    specversion: Option<IgnoredAny>,
    event: Option<IgnoredAny>,
    subject: Option<Json>,
    contact: Option<Json>,
}

/// The id of the contact as [`super::read`] will find it; `None` where the input names none, or cannot be read.
pub fn contact_of(body: &[u8], headers: &BTreeMap<String, String>) -> Option<String> {
    if headers.contains_key("ce-id") || headers.contains_key("ce-type") {
        return headers.get("ce-subject").filter(|text| !text.is_empty()).cloned();
    }
    let named: Named = serde_json::from_slice(body).ok()?;
    let short = named.event.is_some() && named.specversion.is_none();
    match if short { named.contact } else { named.subject }? {
        Json::String(text) if !text.is_empty() => Some(text),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Door, read};
    use super::*;
    use crate::schema::Schema;
    use crate::time::Time;

    #[test]
    fn is_the_contact_that_is_read() {
        let schema = Schema::default();
        let now = Time::parse("2026-11-24T12:00:00Z").unwrap();
        let door = Door { schema: &schema, now, history: true };
        let bodies = [
            r#"{"specversion":"1.0","id":"1","source":"s","type":"contact.updated","subject":"c1","contact":"c2","time":"2026-11-24T11:00:00Z","data":{}}"#,
            r#"{"event":"contact.updated","contact":"c1","subject":"c2","time":"2026-11-24T11:00:00Z"}"#,
            r#"{"event":"contact.updated","specversion":"1.0","id":"1","source":"s","type":"contact.updated","contact":"c1","subject":"c2","time":"2026-11-24T11:00:00Z"}"#,
            r#"{"specversion":"1.0","id":"1","source":"s","type":"contact.updated","subject":17,"time":"2026-11-24T11:00:00Z"}"#,
            r#"{"specversion":"1.0","id":"1","source":"s","type":"contact.updated","subject":"ümläut \"quoted\"","time":"2026-11-24T11:00:00Z"}"#,
        ];
        let mut read_at_all = 0;
        for body in bodies {
            let headers = BTreeMap::new();
            if let Ok(event) = read(body.as_bytes(), &headers, &door) {
                assert_eq!(contact_of(body.as_bytes(), &headers), Some(event.contact), "{body}");
                read_at_all += 1;
            }
        }
        assert_eq!(read_at_all, bodies.len());
        for body in ["", "[]", "{", r#"{"subject":null}"#, r#"{"subject":""}"#, r#"{"event":"x","subject":"c"}"#] {
            assert_eq!(contact_of(body.as_bytes(), &BTreeMap::new()), None, "{body}");
        }
        let headers: BTreeMap<String, String> =
            [("ce-id", "1"), ("ce-subject", "c9")].map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        assert_eq!(contact_of(b"{}", &headers).as_deref(), Some("c9"));
    }
}
