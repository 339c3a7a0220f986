//! Logistic regression: its part of the model file, and prediction by it.

use crate::math::sigmoid;
use crate::model::{Card, Contribution, Head, Input, strongest};
use crate::trees::MAX_VALUE;
use serde::{Deserialize, Serialize};
use staunch_core::score::Band;

/// A logistic regression: `value = sigmoid(intercept + Σ contributions)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogisticModel {
    /// Format of the file, [`crate::model::FORMAT`].
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

    /// The probability of a row and why, as [`crate::Model::predict`] says.
    pub fn predict(&self, row: &[Option<f64>]) -> (f64, Vec<Contribution>) {
        let names = self.inputs.iter().map(|input| input.name.as_str());
        (sigmoid(self.raw(row)), strongest(names.zip(self.contributions(row))))
    }

    fn contributions<'a>(&'a self, row: &'a [Option<f64>]) -> impl Iterator<Item = f64> + 'a {
        let values = row.iter().copied().chain(std::iter::repeat(None));
        self.inputs.iter().zip(values).map(|(input, value)| input.contribution(value))
    }

    pub(crate) fn head(&self) -> Head<'_> {
        Head {
            kind: "logistic regression",
            format: self.format,
            name: &self.name,
            version: &self.version,
            inputs: self
                .inputs
                .iter()
                .map(|input| Input { name: &input.name, unit: &input.unit, categories: &[] })
                .collect(),
            labels: &[],
            base: Some(self.intercept),
            range: Some((0.0, 1.0)),
            bands: &self.bands,
            card: &self.card,
        }
    }

    pub(crate) fn problem(&self) -> Option<String> {
        if !(-MAX_VALUE..=MAX_VALUE).contains(&self.intercept) {
            return Some(format!("`intercept` must be finite and at most {MAX_VALUE:e} in size"));
        }
        let wrong = |input: &LogisticInput| Some(format!("input `{}`: {}", input.name, input.problem()?));
        self.inputs.iter().find_map(wrong)
    }
}

impl LogisticInput {
    fn problem(&self) -> Option<&'static str> {
        let numbers = [self.mean, self.sd, self.low, self.high, self.weight, self.missing_weight];
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
        let sound = ends.iter().chain([&self.missing_weight]).all(|part| part.abs() <= MAX_VALUE);
        (!sound).then_some("a contribution is above 1e100 in size: sums of such overflow")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ModelError;
    use crate::model::{FORMAT, Model};

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
        let cases: [(&str, Spoil); 12] = [
            ("`intercept` must be finite", |m| m.intercept = f64::NAN),
            ("format", |m| m.format = 9),
            ("name", |m| m.name = "Big".into()),
            ("two inputs", |m| m.inputs[1].name = "a".into()),
            ("sd", |m| m.inputs[0].sd = 0.0),
            ("low", |m| m.inputs[0].low = 30.0),
            ("intercept` must be finite and at most 1e100", |m| m.intercept = -1e101),
            ("above 1e100 in size", |m| m.inputs[1].missing_weight = 1e101),
            ("above 1e100 in size", |m| m.inputs[0].weight = 1e308),
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
