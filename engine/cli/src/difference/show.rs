//! A difference for people and for machines.

use super::{Flow, Place, Sides};
use crate::output::{count, table};
use crate::textdiff;
use serde_json::{Value, json};
use staunch_core::compare::{Change, Difference, Fate, Part};
use staunch_core::decide::Existing;

/// The most lines of one text that are shown to people.
const LINES: usize = 24;

fn word(change: Change) -> &'static str {
    match change {
        Change::Added => "added",
        Change::Removed => "removed",
        Change::Changed => "changed",
    }
}

fn short(version: &Option<String>) -> &str {
    version.as_deref().map_or("", |version| &version[..version.len().min(8)])
}

/// For people.
pub fn text(sides: &Sides, flows: &[Flow]) -> String {
    let mut parts = vec![format!("from {}\nto   {}", sides.from, sides.to)];
    parts.extend(flows.iter().map(flow));
    if !sides.policy.is_empty() {
        parts.push(format!("policy: changed, and live as soon as it runs\n{}", differences(&sides.policy)));
    }
    if flows.is_empty() && sides.policy.is_empty() {
        parts.push("no difference".to_owned());
    }
    parts.extend(sides.notes.iter().map(|note| format!("note: {note}")));
    parts.join("\n\n")
}

fn flow(flow: &Flow) -> String {
    let versions = match (&flow.from, &flow.to) {
        (Some(_), Some(_)) if flow.from != flow.to => format!(" ({} → {})", short(&flow.from), short(&flow.to)),
        _ => String::new(),
    };
    let mut out = format!("workflow {}: {}{versions}", flow.name, flow.change.map_or("the same", word));
    if flow.change == Some(Change::Changed) {
        out.push_str(&format!("\n{}", differences(&flow.differences)));
    }
    if !flow.standing.is_empty() {
        out.push_str(&format!("\n{}", standing(&flow.standing)));
    }
    out
}

/// One line for each key; texts of messages line by line.
fn differences(all: &[Difference]) -> String {
    let mut lines = Vec::new();
    for one in all {
        let head = format!("  {} {}", one.part.word(), one.id).trim_end().to_owned();
        if one.part == Part::Message {
            lines.push(format!("{head}: {}", word(one.change)));
            lines.extend(message(one));
        } else if one.change == Change::Changed {
            lines.push(format!("{head}:"));
            lines.extend(one.keys.iter().map(|key| {
                let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "(nothing)".to_owned());
                format!("    {}: {} → {}", key.key, shown(&key.from), shown(&key.to))
            }));
        } else {
            let keys = one.keys.iter().filter_map(|key| Some((&key.key, key.to.as_ref().or(key.from.as_ref())?)));
            let keys = keys.filter(|(_, text)| !text.is_empty()).map(|(key, text)| format!("{key} {text}"));
            lines.push(format!("{head}: {} ({})", word(one.change), keys.collect::<Vec<_>>().join(", ")));
        }
    }
    lines.join("\n")
}

fn message_lines(one: &Difference) -> Vec<textdiff::Line> {
    let text = |of: fn(&staunch_core::compare::KeyChange) -> &Option<String>| {
        one.keys.iter().find_map(|key| of(key).clone()).unwrap_or_default()
    };
    textdiff::lines(&text(|key| &key.from), &text(|key| &key.to))
}

fn message(one: &Difference) -> Vec<String> {
    let all = message_lines(one);
    let more = all.len().saturating_sub(LINES);
    let shown = all.iter().take(LINES).map(|line| format!("    {} {}", line.sign, line.text).trim_end().to_owned());
    let more = (more > 0).then(|| format!("    … and {more} lines more"));
    shown.chain(more).collect()
}

fn standing(places: &[Place]) -> String {
    let sum = |touched: bool| -> u64 {
        let places = places.iter().filter(|place| !touched || place.change.is_some());
        places.map(|place| place.standing.count).sum()
    };
    let head = format!(
        "  {} of {} runs of older versions stand at a step that is removed or changed",
        count(sum(true)),
        count(sum(false))
    );
    let choices = Existing::ALL.map(|(_, word)| word.to_owned());
    let head_row = ["at step", "version", "runs", "the step is"].map(str::to_owned);
    let mut rows = vec![head_row.into_iter().chain(choices).collect::<Vec<_>>()];
    rows.extend(places.iter().map(|place| {
        let one = &place.standing;
        let change = place.change.map_or("the same", word);
        let step = format!("{} ({})", one.step, one.status);
        let cells = [&step, &one.version[..one.version.len().min(8)], &count(one.count), change];
        let fates = place.fates.iter().map(|(_, fate)| fate.map_or("not possible", fate_word).to_owned());
        cells.map(str::to_owned).into_iter().chain(fates).collect()
    }));
    let help = "  (the last four: what `staunch publish --existing keep|patch|move|end` does to them)";
    format!("{head}\n{}\n{help}", table(&rows, &[2]))
}

fn fate_word(fate: Fate) -> &'static str {
    match fate {
        Fate::Keeps => "keeps",
        Fate::Patched => "patched",
        Fate::Moved => "moves",
        Fate::Ends => "ends",
    }
}

/// For machines.
pub fn json(sides: &Sides, flows: &[Flow]) -> Value {
    let flows = flows.iter().map(|flow| {
        json!({
            "workflow": flow.name, "change": flow.change, "from": flow.from, "to": flow.to,
            "differences": flow.differences.iter().map(difference_json).collect::<Vec<_>>(),
            "standing": flow.standing.iter().map(place_json).collect::<Vec<_>>(),
        })
    });
    json!({
        "from": sides.from, "to": sides.to, "workflows": flows.collect::<Vec<_>>(),
        "policy": sides.policy, "notes": sides.notes,
    })
}

fn difference_json(one: &Difference) -> Value {
    if one.part != Part::Message {
        return json!(one);
    }
    let lines = message_lines(one);
    let lines: Vec<String> = lines.iter().map(|line| format!("{}{}", line.sign, line.text)).collect();
    json!({ "part": one.part, "id": one.id, "change": one.change, "lines": lines })
}

fn place_json(place: &Place) -> Value {
    let one = &place.standing;
    let publish: serde_json::Map<String, Value> =
        place.fates.iter().map(|(choice, fate)| ((*choice).to_owned(), json!(fate))).collect();
    json!({
        "step": one.step, "version": one.version, "status": one.status, "count": one.count,
        "change": place.change, "publish": publish,
    })
}
