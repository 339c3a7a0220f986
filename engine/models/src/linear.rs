//! Linear models of other libraries: numbers and categories together, one number or classes. Their part of the model
//! file, and prediction by them. What we train ourselves is a logistic regression (`crate::logistic`).

use crate::link::{Link, top};
use crate::model::{Card, Contribution, Head, Input, strongest};
use crate::node::MAX_CODE;
use crate::trees::{MAX_CATEGORIES, MAX_VALUE, TreesInput, TreesModel};
use serde::{Deserialize, Serialize};
use staunch_core::score::Band;

/// A linear model: for each class, or for one number, `raw = base + Σ contributions`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearModel {
    /// Format of the file, [`crate::model::FORMAT`].
    pub format: u32,
    /// The plugin's name: small letters, digits and `-`.
    pub name: String,
    /// The plugin's version.
    pub version: String,
    /// What it reads, in order.
    pub inputs: Vec<LinearInput>,
    /// Labels of the classes, at least two; none where the answer is one number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// The raw value that a row starts from: of each class, or one.
    pub bases: Vec<f64>,
    /// From raw values to the answer.
    pub link: Link,
    /// Named parts of the answer's range, from low to high; may be empty.
    #[serde(default)]
    pub bands: Vec<Band>,
    /// Where it comes from and how good it is.
    pub card: Card,
}

/// One input of a linear model. Lists are by class, or hold one value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearInput {
    /// Its name.
    pub name: String,
    /// Its unit, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Texts that it knows; the code of each is its place here, and any other text counts as missing. None where the
    /// input is a number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// A number x adds `slope × (clamp(x, low, high) − mean)`.
    pub mean: f64,
    /// Lowest value that counts.
    pub low: f64,
    /// Highest value that counts.
    pub high: f64,
    /// What one more adds.
    pub slopes: Vec<f64>,
    /// Codes that add something more, ascending; a number is cut to a whole one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<u32>,
    /// For each class what each code adds.
    pub steps: Vec<Vec<f64>>,
    /// What a row without a value adds.
    pub missing: Vec<f64>,
}

impl LinearInput {
    /// What a value, or its absence, adds to the raw value of a class.
    pub fn contribution(&self, class: usize, value: Option<f64>) -> f64 {
        let Some(x) = value else { return self.missing[class] };
        let line = self.slopes[class] * (x.clamp(self.low, self.high) - self.mean);
        let whole = (x > -1.0 && x < f64::from(MAX_CODE) + 1.0).then_some(x as u32);
        let step = whole.and_then(|code| self.codes.binary_search(&code).ok());
        line + step.map_or(0.0, |place| self.steps[class][place])
    }

    fn said(&self) -> Input<'_> {
        Input { name: &self.name, unit: &self.unit, categories: &self.categories }
    }

    fn problem(&self, classes: usize) -> Option<String> {
        if !(self.mean.is_finite() && self.low.is_finite() && self.high.is_finite()) || self.low > self.high {
            return Some("`mean`, `low` and `high` must be finite, and `low` not above `high`".into());
        }
        if self.categories.len() > MAX_CATEGORIES || self.codes.len() > usize::from(u16::MAX) + 1 {
            return Some(format!("it knows more than {MAX_CATEGORIES} texts or more codes than there are"));
        }
        if self.codes.windows(2).any(|pair| pair[0] >= pair[1])
            || self.codes.last().is_some_and(|code| *code > MAX_CODE)
        {
            return Some(format!("`codes` must ascend and be at most {MAX_CODE}"));
        }
        let lengths = [self.slopes.len(), self.steps.len(), self.missing.len()];
        if lengths.iter().any(|length| *length != classes)
            || self.steps.iter().any(|list| list.len() != self.codes.len())
        {
            return Some(format!("`slopes`, `steps` and `missing` hold {classes} values, `steps` one for each code"));
        }
        let ends = [Some(self.low), Some(self.high), None];
        let lines = (0..classes).flat_map(|class| ends.map(|end| self.contribution(class, end)));
        let mut numbers = lines.chain(self.steps.iter().flatten().copied());
        (!numbers.all(|number| number.abs() <= MAX_VALUE))
            .then(|| format!("a contribution is not finite, or above {MAX_VALUE:e}"))
    }
}

impl LinearModel {
    /// The raw value of a row, with classes that of the one with the largest share.
    pub fn raw(&self, row: &[Option<f64>]) -> f64 {
        self.of(top(&self.shares(row)), row)
    }

    /// The raw value of every class; of one number its own alone.
    pub fn raws(&self, row: &[Option<f64>]) -> Vec<f64> {
        (0..self.bases.len()).map(|class| self.of(class, row)).collect()
    }

    /// The share of every class, in the order of the labels; nothing where the answer is one number.
    pub fn shares(&self, row: &[Option<f64>]) -> Vec<f64> {
        if self.labels.is_empty() { Vec::new() } else { self.link.shares(self.raws(row)) }
    }

    /// The answer for a row and why, as [`crate::Model::predict`] says; with classes the largest share.
    pub fn predict(&self, row: &[Option<f64>]) -> (f64, Vec<Contribution>) {
        let shares = self.shares(row);
        let class = top(&shares);
        let value = shares.get(class).copied().unwrap_or_else(|| self.link.number(self.of(class, row)));
        let names = self.inputs.iter().map(|input| input.name.as_str());
        (value, strongest(names.zip(self.contributions(class, row))))
    }

    /// The code of a text, `None` where the input does not know it.
    pub fn code(&self, input: usize, text: &str) -> Option<f64> {
        self.inputs[input].categories.iter().position(|known| known == text).map(|place| place as f64)
    }

    fn of(&self, class: usize, row: &[Option<f64>]) -> f64 {
        self.contributions(class, row).fold(self.bases[class], |sum, part| sum + part)
    }

    fn contributions<'a>(&'a self, class: usize, row: &'a [Option<f64>]) -> impl Iterator<Item = f64> + 'a {
        let values = row.iter().copied().chain(std::iter::repeat(None));
        self.inputs.iter().zip(values).map(move |(input, value)| input.contribution(class, value))
    }

    /// An ensemble without trees that takes the same rows and turns raw values into the same answers.
    pub(crate) fn shape(&self) -> TreesModel {
        let input = |input: &LinearInput| TreesInput {
            name: input.name.clone(),
            unit: input.unit.clone(),
            categories: input.categories.clone(),
        };
        TreesModel {
            format: self.format,
            name: self.name.clone(),
            version: self.version.clone(),
            inputs: self.inputs.iter().map(input).collect(),
            base: self.bases[0],
            labels: self.labels.clone(),
            bases: self.bases.clone(),
            link: self.link,
            scale: 1.0,
            calibration: None,
            trees: Vec::new(),
            bands: self.bands.clone(),
            card: self.card.clone(),
        }
    }

    pub(crate) fn head(&self) -> Head<'_> {
        Head {
            kind: "linear model",
            format: self.format,
            name: &self.name,
            version: &self.version,
            inputs: self.inputs.iter().map(LinearInput::said).collect(),
            labels: &self.labels,
            base: self.bases.first().copied().filter(|_| self.labels.is_empty()),
            range: (!self.labels.is_empty() || self.link == Link::Sigmoid).then_some((0.0, 1.0)),
            bands: &self.bands,
            card: &self.card,
        }
    }

    pub(crate) fn problem(&self) -> Option<String> {
        if let Some(problem) = self.link.classes_problem(&self.labels, &self.bases) {
            return Some(problem);
        }
        if self.labels.is_empty() && !matches!(self.bases[..], [base] if base.abs() <= MAX_VALUE) {
            return Some(format!("`bases` holds one number, at most {MAX_VALUE:e} in size"));
        }
        if !self.labels.is_empty() && !self.bands.is_empty() {
            return Some("bands are for one number, not for classes".into());
        }
        let wrong = |input: &LinearInput| Some(format!("input `{}`: {}", input.name, input.problem(self.bases.len())?));
        self.inputs.iter().find_map(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FORMAT, Model};

    fn model() -> LinearModel {
        let number = LinearInput {
            name: "age".into(),
            unit: Some("years".into()),
            categories: Vec::new(),
            mean: 40.0,
            low: 0.0,
            high: 100.0,
            slopes: vec![0.5, -1.0],
            codes: vec![7],
            steps: vec![vec![3.0], vec![0.0]],
            missing: vec![0.25, 0.0],
        };
        let text = LinearInput {
            name: "plan".into(),
            unit: None,
            categories: vec!["basic".into(), "pro".into()],
            mean: 0.0,
            low: 0.0,
            high: 0.0,
            slopes: vec![0.0; 2],
            codes: vec![0, 1],
            steps: vec![vec![1.0, 2.0], vec![-1.0, -2.0]],
            missing: vec![0.0, 0.5],
        };
        LinearModel {
            format: FORMAT,
            name: "m".into(),
            version: "1".into(),
            inputs: vec![number, text],
            labels: vec!["no".into(), "yes".into()],
            bases: vec![0.125, -0.5],
            link: Link::Softmax,
            bands: Vec::new(),
            card: Card::default(),
        }
    }

    #[test]
    fn adds_lines_and_steps_of_each_class() {
        let model = model();
        assert_eq!(model.raws(&[Some(42.0), model.code(1, "pro")]), [0.125 + 1.0 + 2.0, -0.5 - 2.0 - 2.0]);
        assert_eq!(model.raws(&[Some(7.9), model.code(1, "never seen")]), [0.125 - 16.05 + 3.0, -0.5 + 32.1 + 0.5]);
        assert_eq!(model.raws(&[None]), [0.375, 0.0]);
        let (answer, reasons) = model.predict(&[Some(1e9), Some(0.0)]);
        assert!((answer - 1.0).abs() < 1e-9);
        assert_eq!(reasons[0], Contribution { input: "age".into(), contribution: 30.0 });
        assert_eq!(reasons[1], Contribution { input: "plan".into(), contribution: 1.0 });
    }

    #[test]
    fn survives_its_file_and_refuses_what_contradicts_itself() {
        let sound = Model::Linear(model());
        assert_eq!(Model::read(&sound.write().unwrap()).unwrap(), sound);
        type Spoil = fn(&mut LinearModel);
        let cases: [(&str, Spoil); 9] = [
            ("`labels` belong", |m| m.link = Link::Sigmoid),
            ("as many `bases`", |m| m.bases.push(0.0)),
            ("`bases` must be finite", |m| m.bases[0] = f64::NAN),
            ("labels differ", |m| m.labels[1] = "no".into()),
            ("bands are for one number", |m| m.bands = vec![Band { name: "a".into(), from: 0.0 }]),
            ("input `age`: `mean`", |m| m.inputs[0].low = 1e9),
            ("`codes` must ascend", |m| m.inputs[1].codes = vec![1, 0]),
            ("`slopes`, `steps` and `missing` hold 2", |m| m.inputs[1].steps[0].clear()),
            ("a contribution is not finite", |m| m.inputs[0].slopes[0] = f64::INFINITY),
        ];
        for (words, spoil) in cases {
            let mut bad = model();
            spoil(&mut bad);
            let error = Model::Linear(bad).check().unwrap_err().to_string();
            assert!(error.contains(words), "{words}: {error}");
        }
    }
}
