//! The template engine with its limits: strict values, fuel, no files but blocks, and escaping that we choose.

use super::RenderError;
use super::scan::tags;
use super::source::{Part, TemplateProblem};
use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, escape_formatter};
use staunch_core::Money;
use staunch_core::codes;

/// One rendering's budget: about 50,000 instructions or 3 MB of text.
const FUEL: u64 = 50_000;
/// Nested macros and loops.
const RECURSION: usize = 50;
/// What the engine calls quoted text of a workflow file.
pub(super) const INLINE: &str = "text.txt";

/// Tags that reach beyond their own file, or switch the escaping off.
const FORBIDDEN: [(&str, &str); 5] = [
    ("extends", "what templates share is a block: `{% include \"blocks/NAME.txt\" %}`"),
    ("import", "what templates share is a block: `{% include \"blocks/NAME.txt\" %}`"),
    ("from", "what templates share is a block: `{% include \"blocks/NAME.txt\" %}`"),
    ("autoescape", "HTML parts are always escaped, text parts never"),
    ("endautoescape", "HTML parts are always escaped, text parts never"),
];

/// An engine without templates.
pub(super) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(RECURSION);
    // A release build would not say which value is missing, and the receipt of a held run is where people look for it.
    environment.set_debug(true);
    environment
        .set_auto_escape_callback(|name| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None });
    environment.set_formatter(|out, state, value| escape_formatter(out, state, &plain(value)));
    // `safe` would let a contact's own words through as HTML; `debug` would print everything that is known of a contact.
    environment.remove_filter("safe");
    environment.remove_global("debug");
    environment
}

/// Numbers are floats throughout; people expect `5`, not `5.0`. Money prints as in receipts.
fn plain(value: &Value) -> Value {
    match value.kind() {
        ValueKind::Number => match f64::try_from(value.clone()) {
            Ok(number) if number.fract() == 0.0 && number.abs() < 1e15 => Value::from(number as i64),
            _ => value.clone(),
        },
        ValueKind::Map => money(value).map_or_else(|| value.clone(), |money| Value::from(money.to_string())),
        _ => value.clone(),
    }
}

fn money(value: &Value) -> Option<Money> {
    let micros = i64::try_from(value.get_attr("micros").ok()?).ok()?;
    let currency = staunch_core::value::Currency::parse(value.get_attr("currency").ok()?.as_str()?)?;
    Some(Money { micros, currency })
}

/// Values for a rendering. A null is a missing value, so that `default` fills it and nothing ever prints `none`.
pub(super) fn values(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::UNDEFINED,
        serde_json::Value::Array(items) => items.iter().map(values).collect(),
        serde_json::Value::Object(fields) => {
            let present = fields.iter().filter(|(_, value)| !value.is_null());
            Value::from_pairs(present.map(|(name, value)| (name.as_str(), values(value))))
        }
        serde_json::Value::Bool(truth) => Value::from(*truth),
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => Value::from(whole),
            None => Value::from(number.as_f64().unwrap_or(f64::NAN)),
        },
    }
}

/// Uses of forbidden tags, with their places.
pub(super) fn forbidden(part: &Part<'_>) -> Vec<TemplateProblem> {
    let found = tags(part.text).filter_map(|tag| {
        let (word, why) = FORBIDDEN.iter().find(|(word, _)| *word == tag.word)?;
        Some(part.at(tag.at, format!("`{word}` is not allowed here"), format!("remove it: {why}")))
    });
    found.collect()
}

/// An error of the engine for people: what, and the detail that it gives.
pub(super) fn describe(error: &Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

/// A failed rendering: the place, and what to do.
pub(super) fn failed(what: &str, line_offset: usize, error: &Error) -> RenderError {
    let cause = innermost(error);
    let (block, offset) = match cause.name().filter(|_| !std::ptr::eq(cause, error)) {
        Some(block) => (format!(", `{block}`"), 0),
        None => (String::new(), line_offset),
    };
    let place = cause.line().map(|line| format!(" in line {}", line + offset)).unwrap_or_default();
    let (code, help) = match cause.kind() {
        ErrorKind::UndefinedError => (codes::TEMPLATE_VALUE, "; a value is missing: give one with `| default(\"…\")`"),
        ErrorKind::OutOfFuel => (codes::TEMPLATE_FUEL, "; it works too long or makes too much text"),
        _ => (codes::TEMPLATE_VALUE, ""),
    };
    RenderError { code, message: format!("{what}{block}{place} cannot be rendered: {}{help}", describe(cause)) }
}

/// The error of the block in which a rendering failed, where it was in one.
fn innermost(error: &Error) -> &Error {
    let mut found = error;
    while found.kind() == ErrorKind::BadInclude {
        let Some(cause) = std::error::Error::source(found).and_then(|cause| cause.downcast_ref()) else { break };
        found = cause;
    }
    found
}
