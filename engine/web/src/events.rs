//! `POST /v1/events`: what is JSON goes to the broker as it came; the worker judges it, and parks what it cannot use.

use crate::WebState;
use crate::guard::media_type;
use crate::problem::{Problem, Result};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use percent_encoding::percent_decode;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use staunch_broker::{Message, ce_name};
use staunch_core::codes;
use std::collections::BTreeMap;

/// Tiny events could multiply a body of 1 MB beyond what one request may cost.
const MAX_EVENTS: usize = 10_000;

/// One event, an array, or one event a line; or a CloudEvent in binary mode. All are queued, or none is.
pub(crate) async fn publish(
    State(state): State<WebState>,
    headers: HeaderMap,
    body: std::result::Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Value>)> {
    let body = body?;
    let attributes = attributes(&headers);
    let messages = if attributes.contains_key("ce-id") || attributes.contains_key("ce-type") {
        vec![binary(&body, attributes)?]
    } else {
        split(&body)?
    };
    state.broker.publish(&messages).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "accepted": messages.len() }))))
}

/// The `ce-…` headers of binary mode. Where the body itself is a CloudEvent, headers say nothing.
fn attributes(headers: &HeaderMap) -> BTreeMap<String, String> {
    if media_type(headers).starts_with("application/cloudevents") {
        return BTreeMap::new();
    }
    let decoded = |value: &[u8]| percent_decode(value).decode_utf8().ok().map(|text| text.into_owned());
    let all = headers.iter().filter_map(|(name, value)| Some((ce_name(name.as_str())?, decoded(value.as_bytes())?)));
    all.collect()
}

fn binary(body: &[u8], headers: BTreeMap<String, String>) -> Result<Message> {
    let text = utf8(body)?;
    if !text.trim().is_empty() {
        serde_json::from_str::<&RawValue>(text).map_err(|error| not_json(&error))?;
    }
    Ok(Message { headers, ..Message::json(body) })
}

fn split(body: &[u8]) -> Result<Vec<Message>> {
    let (text, mut messages, mut empty) = (utf8(body)?, Vec::new(), true);
    for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let value = value.map_err(|error| not_json(&error))?.get();
        empty = false;
        if value.starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(value).map_err(|error| not_json(&error))?;
            messages.extend(items.into_iter().map(|item| Message::json(item.get())));
        } else {
            messages.push(Message::json(value));
        }
        if messages.len() > MAX_EVENTS {
            let message = format!("the body holds more than {MAX_EVENTS} events");
            return Err(Problem::too_large(message, "send the events in several requests"));
        }
    }
    if empty { Err(Problem::bad(codes::EVENT_NOT_JSON, "the body is empty", HELP)) } else { Ok(messages) }
}

const HELP: &str = "send one event, an array of events, or one event a line; nothing was queued";

fn utf8(body: &[u8]) -> Result<&str> {
    std::str::from_utf8(body).map_err(|error| {
        let message = format!("the body is not valid UTF-8 at byte {}", error.valid_up_to());
        Problem::bad(codes::EVENT_NOT_UTF8, message, HELP)
    })
}

fn not_json(error: &serde_json::Error) -> Problem {
    let message = format!("the body is not JSON: line {}, column {}", error.line(), error.column());
    Problem::bad(codes::EVENT_NOT_JSON, message, HELP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(text: &str) -> Vec<String> {
        let messages = split(text.as_bytes()).unwrap();
        messages.into_iter().map(|message| String::from_utf8(message.body).unwrap()).collect()
    }

    #[test]
    fn bytes_pass_as_they_came() {
        assert_eq!(bodies(" { \"a\" : 1.50 }\n"), ["{ \"a\" : 1.50 }"]);
        assert_eq!(bodies("[{\"a\":1}, 2 ,[3]]"), ["{\"a\":1}", "2", "[3]"]);
        assert_eq!(bodies("{\"a\":1}\n\n{\"a\":2}\r\n"), ["{\"a\":1}", "{\"a\":2}"]);
        assert_eq!(bodies("[]"), Vec::<String>::new());
    }

    #[test]
    fn one_bad_line_refuses_all() {
        for text in ["", " \n", "{", "{\"a\":1}\n{\"a\"", "[1", "hello"] {
            assert!(split(text.as_bytes()).is_err(), "{text}");
        }
        assert!(split(&[b'"', 0xff, b'"']).is_err());
        assert!(split("1 ".repeat(MAX_EVENTS + 1).as_bytes()).is_err());
    }
}
