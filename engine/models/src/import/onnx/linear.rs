//! `LinearClassifier`, `LinearRegressor` and products with a constant matrix.

use super::super::{Budget, linear_model, logistic_model, trees_model};
use super::columns::{Column, Form, Operation, Step};
use super::proto::Node as Operator;
use super::scores::{Answer, Body, Scores};
use super::{OTHERWISE, Refusal};
use crate::linear::LinearInput;
use crate::logistic::LogisticInput;
use crate::model::Model;
use crate::node::{Node, Split, Test};
use crate::trees::{Link, TreesInput};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Beyond this no 32-bit float is finite.
const END: f64 = f32::MAX as f64;

/// For each raw value a coefficient for each column.
#[derive(Debug)]
pub(super) struct Linear {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<f64>>,
}

pub(super) fn classifier(operator: &Operator<'_>, columns: &[Column], labels: Vec<String>) -> Result<Scores, Refusal> {
    let answer = Answer::of(operator.text("post_transform")?)?;
    scores(operator, columns, labels, answer)
}

pub(super) fn regressor(operator: &Operator<'_>, columns: &[Column]) -> Result<Scores, Refusal> {
    let answer = Answer::of(operator.text("post_transform")?)?;
    scores(operator, columns, Vec::new(), answer)
}

fn scores(operator: &Operator<'_>, columns: &[Column], labels: Vec<String>, answer: Answer) -> Result<Scores, Refusal> {
    let coefficients: Vec<f64> = operator.floats("coefficients")?.into_iter().map(f64::from).collect();
    let mut bases: Vec<f64> = operator.floats("intercepts")?.into_iter().map(f64::from).collect();
    if columns.is_empty() || coefficients.is_empty() || !coefficients.len().is_multiple_of(columns.len()) {
        return Err(format!("{} coefficients for {} columns", coefficients.len(), columns.len()).into());
    }
    let rows: Vec<Vec<f64>> = coefficients.chunks(columns.len()).map(<[f64]>::to_vec).collect();
    if bases.is_empty() {
        bases = vec![0.0; rows.len()];
    }
    if bases.len() != rows.len() {
        return Err(format!("{} intercepts for {} rows of coefficients", bases.len(), rows.len()).into());
    }
    let body = Body::Linear(Rc::new(Linear { columns: columns.to_vec(), rows }));
    Ok(Scores { body, bases, labels, answer })
}

/// A column's number as `slope · x + shift`, and what stands for none.
struct Line {
    slope: f64,
    shift: f64,
    none: f64,
}

impl Line {
    /// Roundings of the steps are left out.
    fn of(column: &Column, steps: &[Step]) -> Line {
        let (mut slope, mut shift) = (1.0, 0.0);
        for step in steps {
            match step.operation {
                Operation::Cast | Operation::Fill(_) => {}
                Operation::Add(y) => shift += y,
                Operation::Subtract(y) => shift -= y,
                Operation::Multiply(y) => (slope, shift) = (slope * y, shift * y),
                Operation::Divide(y) => (slope, shift) = (slope / y, shift / y),
            }
        }
        Line { slope, shift, none: column.at(f64::NAN) }
    }
}

/// What all columns of one input add to one raw value.
#[derive(Clone, Default)]
struct Term {
    slope: f64,
    shift: f64,
    none: f64,
    /// For codes that a table knows: what they add more than all others.
    codes: BTreeMap<u32, f64>,
}

impl Linear {
    /// The model of these raw values, each a mix of the rows that says how often every one counts.
    pub(super) fn model(
        &self,
        inputs: Vec<TreesInput>,
        mixes: &[Vec<f64>],
        bases: &[f64],
        answer: (Link, &[String]),
    ) -> Result<Model, Refusal> {
        let (link, labels) = answer;
        let numbers = self.columns.iter().filter(|column| matches!(column.form, Form::Number(_))).count();
        let mut bases = bases.to_vec();
        let mut terms = Vec::with_capacity(mixes.len());
        let mut budget = Budget::default();
        for (mix, base) in mixes.iter().zip(&mut bases) {
            terms.push(self.terms(inputs.len(), mix, base, &mut budget)?);
        }
        if labels.is_empty() && numbers == 0 {
            return Ok(stumps(inputs, &terms[0], bases[0], link));
        }
        if labels.is_empty() && numbers == self.columns.len() && link == Link::Sigmoid {
            return Ok(logistic(inputs, &terms[0], bases[0]));
        }
        Ok(general(inputs, &terms, bases, (link, labels)))
    }

    fn terms(&self, inputs: usize, mix: &[f64], base: &mut f64, budget: &mut Budget) -> Result<Vec<Term>, Refusal> {
        let mut terms = vec![Term::default(); inputs];
        for (at, column) in self.columns.iter().enumerate() {
            let weight: f64 = mix.iter().zip(&self.rows).map(|(factor, row)| factor * row[at]).sum();
            let term = &mut terms[column.input];
            match &column.form {
                Form::Text => return Err("a text where a number belongs".into()),
                Form::Number(steps) => {
                    let line = Line::of(column, steps);
                    term.slope += weight * line.slope;
                    term.shift += weight * line.shift;
                    // Where the library has no answer, none is like the value that adds nothing.
                    term.none += if line.none.is_nan() { 0.0 } else { weight * line.none };
                }
                Form::Table { known, other } => {
                    budget.codes(known.len())?;
                    *base += weight * other;
                    for (code, value) in known.iter() {
                        *term.codes.entry(*code).or_default() += weight * (value - other);
                    }
                }
            }
        }
        Ok(terms)
    }
}

impl Term {
    /// The value that adds nothing.
    fn mean(&self) -> f64 {
        if self.slope == 0.0 { 0.0 } else { -self.shift / self.slope }
    }
}

fn logistic(inputs: Vec<TreesInput>, terms: &[Term], base: f64) -> Model {
    let input = |(input, term): (TreesInput, &Term)| {
        let (name, unit, missing_weight) = (input.name, None, term.none);
        LogisticInput {
            name,
            unit,
            mean: term.mean(),
            sd: 1.0,
            low: -END,
            high: END,
            weight: term.slope,
            missing_weight,
        }
    };
    let still: f64 = terms.iter().filter(|term| term.slope == 0.0).map(|term| term.shift).sum();
    logistic_model(inputs.into_iter().zip(terms).map(input).collect(), base + still)
}

/// A linear model of each class.
fn general(inputs: Vec<TreesInput>, terms: &[Vec<Term>], mut bases: Vec<f64>, answer: (Link, &[String])) -> Model {
    let mut list = Vec::with_capacity(inputs.len());
    for (at, input) in inputs.into_iter().enumerate() {
        let of_input: Vec<&Term> = terms.iter().map(|terms| &terms[at]).collect();
        let mean = of_input.iter().map(|term| term.mean()).find(|mean| *mean != 0.0).unwrap_or(0.0);
        let codes: BTreeSet<u32> = of_input.iter().flat_map(|term| term.codes.keys().copied()).collect();
        for (term, base) in of_input.iter().zip(&mut bases) {
            *base += term.shift + term.slope * mean;
        }
        let step = |term: &&Term| codes.iter().map(|code| term.codes.get(code).copied().unwrap_or(0.0)).collect();
        list.push(LinearInput {
            name: input.name,
            unit: None,
            categories: input.categories,
            mean,
            low: -END,
            high: END,
            slopes: of_input.iter().map(|term| term.slope).collect(),
            steps: of_input.iter().map(step).collect(),
            // The base holds the shift of a line already.
            missing: of_input.iter().map(|term| term.none - (term.shift + term.slope * mean)).collect(),
            codes: codes.into_iter().collect(),
        });
    }
    linear_model(list, bases, answer.0, answer.1.to_vec())
}

/// A tree of one question for each category.
fn stumps(inputs: Vec<TreesInput>, terms: &[Term], base: f64, link: Link) -> Model {
    let mut trees = Vec::new();
    for (input, term) in terms.iter().enumerate() {
        for (code, value) in &term.codes {
            let test = Test::In(vec![*code]);
            let split = Split { input, test, left: 1, right: 2, missing_left: false, zero_missing: false };
            trees.push(vec![Node { value: 0.0, split: Some(split) }, Node::leaf(*value), Node::leaf(0.0)]);
        }
    }
    let mut model = trees_model(inputs, link, trees);
    model.base = base;
    Model::Trees(model)
}

/// A product of columns with a constant matrix of `columns × outputs`.
pub(super) fn product(columns: &[Column], matrix: &[f64], outputs: usize) -> Result<Scores, Refusal> {
    if outputs == 0 || matrix.len() != columns.len().saturating_mul(outputs) {
        return Err(Refusal::Unsupported("a product of other shapes than columns and a matrix".into(), OTHERWISE));
    }
    let rows = (0..outputs).map(|output| matrix.iter().skip(output).step_by(outputs).copied().collect());
    let body = Body::Linear(Rc::new(Linear { columns: columns.to_vec(), rows: rows.collect() }));
    let labels = if outputs > 1 { (0..outputs).map(|class| class.to_string()).collect() } else { Vec::new() };
    Ok(Scores { body, bases: vec![0.0; outputs], labels, answer: Answer::Plain })
}
