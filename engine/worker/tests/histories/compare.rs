//! Compares what was kept with what today's engine makes, and says where they differ.

use crate::form::{COLUMNS, Kept, Step, without_columns};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json, json};
use staunch_core::account::Account;
use staunch_core::action::Action;
use staunch_core::contact::Contact;
use staunch_core::receipt::Decision;
use staunch_core::run::Run;
use staunch_core::workflow::matches_any;
use std::collections::BTreeMap;

/// How closely steps are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Closely {
    /// To the letter: the rows as they are written.
    Letter,
    /// What the rows say to today's code.
    Meaning,
    /// The same without the words of receipts, which later engines may choose anew.
    Deeds,
    /// Only what the rows say, without receipts.
    Rows,
}

/// One place that differs.
pub struct Difference {
    pub place: String,
    pub expected: String,
    pub got: String,
}

/// Where two lists of steps differ; `first` is the number of the first. What somebody accepted is left out.
pub fn steps(
    kept: &Kept,
    first: usize,
    expected: &[Step],
    got: &[Step],
    closely: Closely,
) -> Result<Vec<Difference>, String> {
    let mut found = Vec::new();
    for index in 0..expected.len().max(got.len()) {
        let show = |steps: &[Step]| steps.get(index).map_or(Ok(Json::Null), |step| view(step, closely));
        let place = format!("steps[{}]", first + index);
        differ(&place, &show(expected).map_err(|why| format!("{place}: {why}"))?, &show(got)?, &mut found);
    }
    let patterns: Vec<String> = kept.accepted.keys().map(|place| format!("{place}*")).collect();
    let accepted = |one: &Difference| matches_any(&patterns, &one.place);
    found.retain(|one| !accepted(one));
    Ok(found)
}

/// Two values of any kind.
pub fn values(place: &str, expected: &Json, got: &Json) -> Vec<Difference> {
    let mut found = Vec::new();
    differ(place, expected, got, &mut found);
    found
}

fn view(step: &Step, closely: Closely) -> Result<Json, String> {
    let mut view = serde_json::to_value(step).map_err(|error| error.to_string())?;
    if closely == Closely::Letter {
        return Ok(view);
    }
    for row in each(&mut view["rows"]["contacts"]) {
        again::<Contact>(&mut row["state"])?;
    }
    each(&mut view["rows"]["accounts"]).try_for_each(again::<Account>)?;
    each(&mut view["rows"]["runs"]).try_for_each(again::<Run>)?;
    each(&mut view["decisions"]).try_for_each(again::<Decision>)?;
    each(&mut view["rows"]["planned"]).try_for_each(planned)?;
    if closely == Closely::Rows {
        view["decisions"].take();
    }
    if closely == Closely::Deeds {
        each(&mut view["decisions"]).for_each(deeds);
        each(&mut view["rows"]["planned"])
            .for_each(|action| drop(action.as_object_mut().map(|all| all.remove("checks"))));
    }
    Ok(view)
}

/// Of a receipt: what was decided about which run, and the actions that it made.
fn deeds(decision: &mut Json) {
    for entry in each(&mut decision["entries"]) {
        let word = entry["what"].as_str().unwrap_or_default();
        let word = word.split([':', ',']).next().unwrap_or_default().to_owned();
        let (workflow, run, actions) = (entry["workflow"].take(), entry["run"].take(), entry["actions"].take());
        *entry = json!({ "workflow": workflow, "run": run, "what": word, "actions": actions });
    }
}

/// The elements of a list or the values of a map.
fn each(value: &mut Json) -> Box<dyn Iterator<Item = &mut Json> + '_> {
    match value {
        Json::Array(list) => Box::new(list.iter_mut()),
        Json::Object(map) => Box::new(map.values_mut()),
        _ => Box::new(std::iter::empty()),
    }
}

/// A body as today's code reads it and would write it.
fn again<T: DeserializeOwned + Serialize>(body: &mut Json) -> Result<(), String> {
    let read: T =
        serde_json::from_value(body.take()).map_err(|error| format!("a kept body cannot be read any more: {error}"))?;
    *body = serde_json::to_value(read).map_err(|error| error.to_string())?;
    Ok(())
}

/// The body of an action, whose columns stand elsewhere.
fn planned(body: &mut Json) -> Result<(), String> {
    for (name, any) in COLUMNS.iter().zip([json!("ready"), Json::Null, json!(0)]) {
        body[*name] = any;
    }
    again::<Action>(body)?;
    *body = without_columns(body.take());
    Ok(())
}

fn differ(place: &str, expected: &Json, got: &Json, found: &mut Vec<Difference>) {
    match (expected, got) {
        (Json::Object(one), Json::Object(two)) => {
            let (absent, names) = (Json::Null, names(one, two));
            for name in names {
                let place = format!("{place}.{name}");
                differ(&place, one.get(name).unwrap_or(&absent), two.get(name).unwrap_or(&absent), found);
            }
        }
        (Json::Array(one), Json::Array(two)) => {
            for index in 0..one.len().max(two.len()) {
                let at = |list: &[Json]| list.get(index).cloned().unwrap_or(Json::Null);
                differ(&format!("{place}[{index}]"), &at(one), &at(two), found);
            }
        }
        (Json::Number(one), Json::Number(two)) if near(one.as_f64(), two.as_f64()) => {}
        _ if expected == got => {}
        _ => found.push(Difference { place: place.to_owned(), expected: short(expected), got: short(got) }),
    }
}

fn names<'a>(one: &'a Map<String, Json>, two: &'a Map<String, Json>) -> Vec<&'a String> {
    let all: BTreeMap<&String, ()> = one.keys().chain(two.keys()).map(|name| (name, ())).collect();
    all.into_keys().collect()
}

/// A fraction may lose its last digit on its way through text.
fn near(one: Option<f64>, two: Option<f64>) -> bool {
    let (Some(one), Some(two)) = (one, two) else { return false };
    one == two || (one.fract() != 0.0 && (one - two).abs() <= one.abs() * 1e-14)
}

fn short(value: &Json) -> String {
    let text = if value.is_null() { "nothing".to_owned() } else { value.to_string() };
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
