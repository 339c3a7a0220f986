//! Checking what a plugin says of itself before anything relies on it.

use crate::bindings::{Band, Card, InputKind, Manifest, ResultKind};
use staunch_core::score::ScoreKind;
use staunch_core::time::Time;
use staunch_core::value::Type;
use std::collections::HashSet;

const MAX_NAME: usize = 100;
const MAX_TEXT: usize = 2_000;
const MAX_INPUTS: usize = 512;
const MAX_LIST: usize = 1_000;

impl Manifest {
    /// The first instant after the training data and its labels; scores before it lie inside the training period.
    pub fn trained_until(&self) -> Option<Time> {
        Time::parse(&self.card.trained_on.as_ref()?.until)
    }

    /// The shape of every answer, with the labels of classes, as a workflow declares a score.
    pub fn score_kind(&self) -> ScoreKind {
        match self.kind {
            ResultKind::Scalar => ScoreKind::Scalar,
            ResultKind::Classes => ScoreKind::Classes(self.labels.clone()),
            ResultKind::Ranking => ScoreKind::Ranking,
        }
    }

    /// Named parts of a scalar's range, from low to high, as a workflow reads them; empty for other kinds.
    pub fn score_bands(&self) -> Vec<staunch_core::score::Band> {
        let band = |band: &Band| staunch_core::score::Band { name: band.name.clone(), from: band.from };
        self.bands.iter().map(band).collect()
    }

    /// What keeps a workflow's inputs (last name part and type) from fitting this plugin: one line per mismatch, empty
    /// where they fit.
    pub fn mismatches(&self, given: &[(String, Type)]) -> Vec<String> {
        let mut found = Vec::new();
        for input in &self.inputs {
            match given.iter().find(|(name, _)| *name == input.name) {
                None => found.push(format!("the plugin reads `{}`, which is not given", input.name)),
                Some((_, ty)) if (*ty == Type::Text) != (input.kind == InputKind::Text) => {
                    let wanted = if input.kind == InputKind::Text { "text" } else { "a number" };
                    found.push(format!("the plugin reads `{}` as {wanted}, given is {}", input.name, ty.word()));
                }
                Some(_) => {}
            }
        }
        for (name, _) in given.iter().filter(|(name, _)| self.inputs.iter().all(|input| input.name != *name)) {
            found.push(format!("the plugin does not read `{name}`"));
        }
        found
    }
}

/// The first thing that makes a manifest unusable.
pub fn problem(manifest: &Manifest) -> Option<String> {
    let name_ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !word(&manifest.name) || !manifest.name.chars().all(name_ok) {
        return Some("the name must be small letters, digits and `-`".into());
    }
    if !word(&manifest.version) {
        return Some("the version must be 1 to 100 printable bytes".into());
    }
    if manifest.inputs.len() > MAX_INPUTS {
        return Some(format!("more than {MAX_INPUTS} inputs"));
    }
    let mut names = HashSet::new();
    for input in &manifest.inputs {
        if !word(&input.name) || !names.insert(input.name.as_str()) {
            return Some(format!("input names must be unique and have 1 to {MAX_NAME} printable bytes"));
        }
        if input.unit.as_ref().is_some_and(|unit| !word(unit)) {
            return Some(format!("the unit of input `{}` is empty or too long", input.name));
        }
    }
    list_problem(manifest).or_else(|| range_problem(manifest)).or_else(|| card_problem(&manifest.card))
}

fn list_problem(manifest: &Manifest) -> Option<String> {
    if manifest.labels.len() > MAX_LIST || manifest.extra.len() > MAX_LIST {
        return Some(format!("more than {MAX_LIST} labels or extra facts"));
    }
    if !manifest.labels.iter().all(|label| word(label)) || manifest.base.is_some_and(|base| !base.is_finite()) {
        return Some("labels have 1 to 100 printable bytes and `base` is finite".into());
    }
    let labels: HashSet<&str> = manifest.labels.iter().map(String::as_str).collect();
    if labels.len() < manifest.labels.len() {
        return Some("a label stands twice".into());
    }
    if manifest.kind == ResultKind::Scalar && !labels.is_empty() {
        return Some("only classes and rankings have labels".into());
    }
    if manifest.kind == ResultKind::Classes && labels.len() < 2 {
        return Some("classes need at least two labels".into());
    }
    if manifest.extra.iter().any(|(name, text)| !word(name) || text.len() > MAX_TEXT) {
        return Some("extra facts have a name of 1 to 100 bytes and a text of at most 2,000".into());
    }
    None
}

fn range_problem(manifest: &Manifest) -> Option<String> {
    let (mut low, high) = manifest.range.map_or((f64::NEG_INFINITY, f64::INFINITY), |range| (range.low, range.high));
    if manifest.range.is_some_and(|range| !(range.low.is_finite() && range.high.is_finite() && range.low <= range.high))
    {
        return Some("the range must be two finite numbers, low and high".into());
    }
    if manifest.kind != ResultKind::Scalar && !manifest.bands.is_empty() {
        return Some("only a scalar has bands".into());
    }
    let mut names = HashSet::new();
    for (index, band) in manifest.bands.iter().enumerate() {
        let ascends =
            band.from.is_finite() && band.from <= high && (band.from > low || (index == 0 && band.from >= low));
        if !ascends || !word(&band.name) || !names.insert(band.name.as_str()) {
            return Some("bands must have names of their own, go from low to high and start inside the range".into());
        }
        low = band.from;
    }
    if manifest.range.zip(manifest.bands.first()).is_some_and(|(range, first)| first.from != range.low) {
        return Some("the first band must start where the range starts".into());
    }
    None
}

fn card_problem(card: &Card) -> Option<String> {
    if card.owner.len() > MAX_TEXT || card.purpose.len() > MAX_TEXT || card.metrics.len() > MAX_LIST {
        return Some("the card's texts have at most 2,000 bytes each".into());
    }
    let window = card.trained_on.as_ref().map(|window| (Time::parse(&window.from), Time::parse(&window.until)));
    if window.is_some_and(|(from, until)| from.is_none() || until.is_none() || from > until) {
        return Some("the card's data window must be two RFC 3339 times, first and last".into());
    }
    if card.expires.as_ref().is_some_and(|expires| Time::parse(expires).is_none()) {
        return Some("the card's expiry must be an RFC 3339 time".into());
    }
    let finite = |x: &f64| x.is_finite();
    let sound = |value: &f64, interval: &Option<(f64, f64)>| {
        finite(value) && interval.is_none_or(|(a, b)| finite(&a) && finite(&b))
    };
    let broken = card.metrics.iter().any(|metric| !word(&metric.name) || !sound(&metric.value, &metric.interval));
    broken.then(|| "the card's metrics must have names and finite values".into())
}

/// Whether a text of a plugin is fit to be a name: 1 to 100 bytes, nothing that steers a terminal.
pub(crate) fn word(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len()) && !text.chars().any(char::is_control)
}
