//! The model file: our own JSON, checked on reading, and prediction by it.

use crate::error::ModelError;
use crate::math::sigmoid;
use serde::{Deserialize, Serialize};
use staunch_core::score::Band;
use staunch_core::time::Time;
use std::collections::HashSet;

/// The format that this version writes.
pub const FORMAT: u32 = 1;
/// A row of the contract carries no more reasons.
pub const MAX_REASONS: usize = 16;
const MAX_INPUTS: usize = 512;
const MAX_NAME: usize = 100;
const MAX_TEXT: usize = 2_000;

/// A trained model of any kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Model {
    /// Logistic regression.
    Logistic(LogisticModel),
}

/// A logistic regression: `value = sigmoid(intercept + Σ contributions)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogisticModel {
    /// Format of the file, [`FORMAT`].
    pub format: u32,
    /// The plugin's name: small letters, digits and `-`.
    pub name: String,
    /// The plugin's version.
    pub version: String,
    /// What it reads, in order.
    pub inputs: Vec<LogisticInput>,
    /// Log-odds of a row with every input at its mean.
    pub intercept: f64,
    /// Named parts of 0..1, from low to high; may be empty.
    #[serde(default)]
    pub bands: Vec<Band>,
    /// Where it comes from and how good it is.
    pub card: Card,
}

/// One input of a logistic regression. A value x contributes `weight × (clamp(x, low, high) − mean) / sd`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogisticInput {
    /// Its name.
    pub name: String,
    /// Its unit, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Mean of the training rows that have a value.
    pub mean: f64,
    /// Population standard deviation of those, above 0.
    pub sd: f64,
    /// Lowest value of the training rows: the model does not extrapolate.
    pub low: f64,
    /// Highest value of the training rows.
    pub high: f64,
    /// Weight of the standardised value.
    pub weight: f64,
    /// Contribution of a row without a value; 0 where the training saw none.
    #[serde(default)]
    pub missing_weight: f64,
}

/// Where a model comes from and what it is good for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Who answers for it.
    pub owner: String,
    /// What it is meant for, in a sentence.
    pub purpose: String,
    /// First instant of the training data, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_from: Option<String>,
    /// First instant after the training data and its labels, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_until: Option<String>,
    /// Training rows.
    pub rows: u64,
    /// Training rows with a positive label.
    pub positives: u64,
    /// Qualities on held-out rows.
    #[serde(default)]
    pub metrics: Vec<Metric>,
    /// Labelled outcomes that a workspace should have before it relies on the model.
    pub minimum_outcomes: u32,
    /// When it must be trained again, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// One measured quality with its 95 % interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// `auc`, `log_loss`, `brier`, `ece`, `lift_10`.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Interval, low end.
    pub low: f64,
    /// Interval, high end.
    pub high: f64,
}

/// What one input adds to the log-odds of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// The input's name.
    pub input: String,
    /// Signed share of the log-odds.
    pub contribution: f64,
}

impl LogisticInput {
    /// What a value, or its absence, adds to the log-odds.
    pub fn contribution(&self, value: Option<f64>) -> f64 {
        match value {
            Some(x) => self.weight * ((x.clamp(self.low, self.high) - self.mean) / self.sd),
            None => self.missing_weight,
        }
    }
}

impl LogisticModel {
    /// Log-odds of a row; a value that `row` does not hold counts as missing.
    pub fn raw(&self, row: &[Option<f64>]) -> f64 {
        self.contributions(row).fold(self.intercept, |sum, part| sum + part)
    }

    /// The probability of a row and why: strongest contribution first, ties in input order, zeros left out, at most
    /// [`MAX_REASONS`]. `row` holds one value per input, in the model's order.
    pub fn predict(&self, row: &[Option<f64>]) -> (f64, Vec<Contribution>) {
        let mut reasons: Vec<Contribution> = self
            .inputs
            .iter()
            .zip(self.contributions(row))
            .filter(|(_, part)| part.abs() > 0.0)
            .map(|(input, contribution)| Contribution { input: input.name.clone(), contribution })
            .collect();
        reasons.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
        reasons.truncate(MAX_REASONS);
        (sigmoid(self.raw(row)), reasons)
    }

    fn contributions<'a>(&'a self, row: &'a [Option<f64>]) -> impl Iterator<Item = f64> + 'a {
        let values = row.iter().copied().chain(std::iter::repeat(None));
        self.inputs.iter().zip(values).map(|(input, value)| input.contribution(value))
    }

    fn problem(&self) -> Option<String> {
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
        if self.inputs.len() > MAX_INPUTS {
            return Some(format!("{} inputs; a model has at most {MAX_INPUTS}", self.inputs.len()));
        }
        let mut names = HashSet::new();
        for input in &self.inputs {
            if !names.insert(input.name.as_str()) {
                return Some(format!("two inputs are named `{}`", input.name));
            }
            if let Some(problem) = input.problem() {
                return Some(format!("input `{}`: {problem}", input.name));
            }
        }
        if !self.intercept.is_finite() {
            return Some("the intercept is not a finite number".into());
        }
        bands_problem(&self.bands).or_else(|| self.card.problem())
    }
}

impl LogisticInput {
    fn problem(&self) -> Option<&'static str> {
        let numbers = [self.mean, self.sd, self.low, self.high, self.weight, self.missing_weight];
        if self.name.is_empty() || self.name.len() > MAX_NAME {
            return Some("a name is 1 to 100 bytes");
        }
        if self.unit.as_ref().is_some_and(|unit| unit.len() > MAX_NAME) {
            return Some("a unit is at most 100 bytes");
        }
        if !numbers.iter().all(|number| number.is_finite()) {
            return Some("every number must be finite");
        }
        if self.sd <= 0.0 {
            return Some("`sd` must be above 0");
        }
        if self.low > self.high {
            return Some("`low` must not be above `high`");
        }
        let ends = [self.contribution(Some(self.low)), self.contribution(Some(self.high))];
        (!ends.iter().all(|end| end.is_finite())).then_some("its contribution overflows")
    }
}

impl Card {
    fn problem(&self) -> Option<String> {
        if self.owner.len() > MAX_TEXT || self.purpose.len() > MAX_TEXT {
            return Some(format!("owner and purpose are at most {MAX_TEXT} bytes each"));
        }
        if self.data_from.is_some() != self.data_until.is_some() {
            return Some("`data_from` and `data_until` belong together".into());
        }
        for text in [&self.data_from, &self.data_until, &self.expires].into_iter().flatten() {
            if Time::parse(text).is_none() {
                return Some(format!("`{text}` is not an RFC 3339 time"));
            }
        }
        let finite = |metric: &Metric| [metric.value, metric.low, metric.high].iter().all(|n| n.is_finite());
        self.metrics.iter().find(|m| !finite(m)).map(|m| format!("metric `{}` is not finite", m.name))
    }
}

fn bands_problem(bands: &[Band]) -> Option<String> {
    if bands.iter().any(|band| band.name.is_empty() || band.name.len() > MAX_NAME || !(0.0..=1.0).contains(&band.from))
    {
        return Some("a band has a name of 1 to 100 bytes and starts between 0 and 1".into());
    }
    if bands.first().is_some_and(|band| band.from != 0.0) {
        return Some("the first band must start at 0".into());
    }
    let ascending = bands.windows(2).all(|pair| pair[0].from < pair[1].from);
    (!ascending).then(|| "bands must go from low to high".into())
}

impl Model {
    /// Reads a model file (UTF-8 JSON) and checks that it makes sense.
    pub fn read(bytes: &[u8]) -> Result<Model, ModelError> {
        let model: Model = serde_json::from_slice(bytes).map_err(|e| ModelError::Invalid(e.to_string()))?;
        model.check()?;
        Ok(model)
    }

    /// Writes the model file: readable JSON, the same bytes for the same model, numbers exact.
    pub fn write(&self) -> Result<Vec<u8>, ModelError> {
        self.check()?;
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|e| ModelError::Invalid(e.to_string()))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Finds what would make the model unusable.
    pub fn check(&self) -> Result<(), ModelError> {
        match self {
            Model::Logistic(model) => model.problem().map_or(Ok(()), |problem| Err(ModelError::Invalid(problem))),
        }
    }

    /// The model's card.
    pub fn card(&self) -> &Card {
        match self {
            Model::Logistic(model) => &model.card,
        }
    }

    /// Names of the inputs, in order.
    pub fn input_names(&self) -> impl Iterator<Item = &str> {
        match self {
            Model::Logistic(model) => model.inputs.iter().map(|input| input.name.as_str()),
        }
    }

    /// The value of a row, `row` as [`LogisticModel::predict`] takes it.
    pub fn predict(&self, row: &[Option<f64>]) -> (f64, Vec<Contribution>) {
        match self {
            Model::Logistic(model) => model.predict(row),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(name: &str, weight: f64) -> LogisticInput {
        let (mean, sd, low, high) = (10.0, 2.0, 0.0, 20.0);
        LogisticInput {
            name: name.into(),
            unit: Some("days".into()),
            mean,
            sd,
            low,
            high,
            weight,
            missing_weight: 0.25,
        }
    }

    fn model() -> LogisticModel {
        let inputs = vec![input("a", 0.1 + 0.2), input("b", -2.0)];
        let bands = vec![Band { name: "low".into(), from: 0.0 }, Band { name: "high".into(), from: 0.6 }];
        let card = Card { owner: "team".into(), rows: 5, ..Card::default() };
        LogisticModel {
            format: FORMAT,
            name: "m".into(),
            version: "1.0.0".into(),
            inputs,
            intercept: 1e-7 / 3.0,
            bands,
            card,
        }
    }

    #[test]
    fn survives_its_file_bit_by_bit() {
        let model = Model::Logistic(model());
        let bytes = model.write().unwrap();
        assert_eq!(Model::read(&bytes).unwrap(), model);
        assert!(bytes.starts_with(b"{\n  \"kind\": \"logistic\""));
    }

    #[test]
    fn predicts_with_reasons_clamped_and_missing() {
        let (value, reasons) = model().predict(&[Some(1e300), None]);
        let first = (0.1 + 0.2) * 5.0;
        assert_eq!(value, sigmoid(1e-7 / 3.0 + first + 0.25));
        assert_eq!(reasons[0], Contribution { input: "a".into(), contribution: first });
        assert_eq!(reasons[1], Contribution { input: "b".into(), contribution: 0.25 });
        assert_eq!(model().predict(&[Some(10.0), Some(10.0)]).1, []);
    }

    type Spoil = fn(&mut LogisticModel);

    #[test]
    fn refuses_what_contradicts_itself() {
        let cases: [(&str, Spoil); 9] = [
            ("format", |m| m.format = 9),
            ("name", |m| m.name = "Big".into()),
            ("two inputs", |m| m.inputs[1].name = "a".into()),
            ("sd", |m| m.inputs[0].sd = 0.0),
            ("low", |m| m.inputs[0].low = 30.0),
            ("overflows", |m| m.inputs[0].weight = 1e308),
            ("finite", |m| m.inputs[0].mean = f64::NAN),
            ("low to high", |m| m.bands.push(Band { name: "x".into(), from: 0.1 })),
            ("RFC 3339", |m| m.card.expires = Some("tomorrow".into())),
        ];
        for (word, spoil) in cases {
            let mut bad = model();
            spoil(&mut bad);
            let error = Model::Logistic(bad).write().unwrap_err();
            assert!(error.to_string().contains(word), "{word}: {error}");
        }
        for bad in ["", "{}", r#"{"kind":"forest"}"#, "\u{1}"] {
            assert!(matches!(Model::read(bad.as_bytes()), Err(ModelError::Invalid(_))), "{bad}");
        }
        let text = String::from_utf8(Model::Logistic(model()).write().unwrap()).unwrap();
        let unknown = text.replace("\"intercept\"", "\"extra\": 1, \"intercept\"");
        assert!(Model::read(unknown.as_bytes()).unwrap_err().to_string().contains("extra"));
    }
}
