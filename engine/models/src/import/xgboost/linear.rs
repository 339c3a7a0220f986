//! `gblinear`: a linear model over inputs as they are, where a missing one adds nothing.

use super::super::{linear_model, logistic_model};
use super::Reader;
use super::file::Booster;
use super::objective::Answer;
use crate::error::ModelError;
use crate::linear::LinearInput;
use crate::logistic::LogisticInput;
use crate::model::Model;
use crate::trees::{Link, TreesInput};

/// Values beyond this are no 32-bit floats.
const END: f64 = f32::MAX as f64;

/// `weights` holds for each feature a weight for each class, then the biases of the classes.
pub(super) fn model(
    reader: Reader,
    booster: &Booster,
    inputs: Vec<TreesInput>,
    answer: &Answer,
    mut bases: Vec<f64>,
) -> Result<Model, ModelError> {
    let weights = booster.model.as_ref().map_or(&[][..], |model| &model.weights.0);
    let classes = bases.len();
    if weights.len() != (inputs.len() + 1) * classes {
        let text = format!("{} values for {} features and a bias, and {classes} classes", weights.len(), inputs.len());
        return Err(reader.problem("`weights`", text));
    }
    let (weights, biases) = weights.split_at(inputs.len() * classes);
    // Of several values to start from the library adds the first to every class here, which no share depends on.
    bases = biases.iter().map(|bias| bases[0] + f64::from(*bias)).collect();
    if answer.link == Link::Sigmoid {
        return Ok(logistic(inputs, weights, bases[0]));
    }
    let input = |(input, weights): (TreesInput, &[f32])| LinearInput {
        name: input.name,
        unit: None,
        categories: Vec::new(),
        mean: 0.0,
        low: -END,
        high: END,
        slopes: weights.iter().copied().map(f64::from).collect(),
        codes: Vec::new(),
        steps: vec![Vec::new(); classes],
        missing: vec![0.0; classes],
    };
    let inputs = inputs.into_iter().zip(weights.chunks(classes)).map(input).collect();
    let labels = if classes > 1 { (0..classes).map(|class| class.to_string()).collect() } else { Vec::new() };
    Ok(linear_model(inputs, bases, answer.link, labels))
}

fn logistic(inputs: Vec<TreesInput>, weights: &[f32], intercept: f64) -> Model {
    let input = |(input, weight): (TreesInput, &f32)| LogisticInput {
        name: input.name,
        unit: None,
        mean: 0.0,
        sd: 1.0,
        low: -END,
        high: END,
        weight: (*weight).into(),
        missing_weight: 0.0,
    };
    logistic_model(inputs.into_iter().zip(weights).map(input).collect(), intercept)
}
