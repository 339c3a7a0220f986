//! What every model says of itself, whatever its kind, and what keeps that from being sound.

use crate::model::{Card, FORMAT, MAX_INPUTS, MAX_NAME, MAX_TEXT};
use crate::trees::TreesInput;
use staunch_core::score::Band;
use std::collections::HashSet;

/// What a model of any kind says of itself.
#[derive(Clone, Debug)]
pub struct Head<'a> {
    /// What it is, for people.
    pub kind: &'static str,
    /// Format of its file.
    pub format: u32,
    /// The plugin's name.
    pub name: &'a str,
    /// The plugin's version.
    pub version: &'a str,
    /// What it reads, in order.
    pub inputs: Vec<Input<'a>>,
    /// Labels of its classes; none where it gives one number.
    pub labels: &'a [String],
    /// The raw value that a row starts from: raw = base + all contributions, up to rounding. None for classes.
    pub base: Option<f64>,
    /// Lowest and highest value that it ever gives, where there are such.
    pub range: Option<(f64, f64)>,
    /// Named parts of the range, from low to high.
    pub bands: &'a [Band],
    /// Where it comes from and how good it is.
    pub card: &'a Card,
}

/// An input as the manifest names it.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its unit, for people.
    pub unit: &'a Option<String>,
    /// Texts that it knows; none where it is a number.
    pub categories: &'a [String],
}

impl<'a> Input<'a> {
    /// An input of trees.
    pub(crate) fn of(input: &'a TreesInput) -> Input<'a> {
        Input { name: &input.name, unit: &input.unit, categories: &input.categories }
    }
}

impl Head<'_> {
    /// The first thing that no model may say of itself.
    pub(crate) fn problem(&self) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!("format {} is not {FORMAT}", self.format));
        }
        let name_ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > MAX_NAME || !self.name.chars().all(name_ok) {
            return Some(format!("the name `{}` must be small letters, digits and `-`", self.name));
        }
        if self.version.is_empty() || self.version.len() > MAX_NAME {
            return Some("the version must be 1 to 100 bytes".into());
        }
        self.inputs_problem().or_else(|| self.bands_problem()).or_else(|| self.card.problem())
    }

    /// The first input that no model may have.
    pub(crate) fn inputs_problem(&self) -> Option<String> {
        if self.inputs.len() > MAX_INPUTS {
            return Some(format!("{} inputs; a model has at most {MAX_INPUTS}", self.inputs.len()));
        }
        let mut names = HashSet::new();
        for Input { name, unit, categories } in &self.inputs {
            if !names.insert(name) {
                return Some(format!("two inputs are named `{name}`"));
            }
            if name.is_empty() || name.len() > MAX_NAME {
                return Some(format!("input `{name}`: a name is 1 to 100 bytes"));
            }
            if unit.as_ref().is_some_and(|unit| unit.len() > MAX_NAME) {
                return Some(format!("input `{name}`: a unit is at most 100 bytes"));
            }
            let known: HashSet<&String> = categories.iter().collect();
            if known.len() < categories.len() || categories.iter().any(|text| text.len() > MAX_TEXT) {
                return Some(format!("input `{name}`: its texts differ and have at most {MAX_TEXT} bytes"));
            }
        }
        None
    }

    fn bands_problem(&self) -> Option<String> {
        let (low, high) = self.range.unwrap_or((f64::MIN, f64::MAX));
        let sound = |band: &Band| (1..=MAX_NAME).contains(&band.name.len()) && (low..=high).contains(&band.from);
        if !self.bands.iter().all(sound) {
            return Some("a band has a name of 1 to 100 bytes and starts inside the range of the model".into());
        }
        if self.range.is_some() && self.bands.first().is_some_and(|band| band.from != low) {
            return Some(format!("the first band must start at {low}"));
        }
        let ascending = self.bands.windows(2).all(|pair| pair[0].from < pair[1].from);
        if !ascending {
            return Some("bands must go from low to high".into());
        }
        let names: HashSet<&String> = self.bands.iter().map(|band| &band.name).collect();
        (names.len() < self.bands.len()).then(|| "two bands have the same name".into())
    }
}
