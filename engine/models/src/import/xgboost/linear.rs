//! `gblinear`: a logistic regression over inputs as they are, where a missing one adds nothing.

use super::Reader;
use super::file::Booster;
use super::objective::Answer;
use crate::error::ModelError;
use crate::logistic::{LogisticInput, LogisticModel};
use crate::model::{FORMAT, Model};
use crate::trees::{Link, TreesInput};

/// Values beyond this are no 32-bit floats.
const END: f64 = f32::MAX as f64;

pub(super) fn model(
    reader: Reader,
    booster: &Booster,
    inputs: Vec<TreesInput>,
    answer: &Answer,
    base: f64,
) -> Result<Model, ModelError> {
    if answer.link != Link::Sigmoid {
        let next = "train `gblinear` with `binary:logistic`, or train trees";
        return Err(reader.refused("`gradient_booster`", "a linear model that is no logistic regression", next));
    }
    let weights = booster.model.as_ref().map_or(&[][..], |model| &model.weights.0);
    let Some((bias, weights)) = weights.split_last().filter(|(_, weights)| weights.len() == inputs.len()) else {
        let text = format!("{} values for {} features and a bias", weights.len(), inputs.len());
        return Err(reader.problem("`weights`", text));
    };
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
    Ok(Model::Logistic(LogisticModel {
        format: FORMAT,
        name: super::super::NAME.into(),
        version: "1.0.0".into(),
        inputs: inputs.into_iter().zip(weights).map(input).collect(),
        intercept: base + f64::from(*bias),
        bands: Vec::new(),
        card: super::super::card(),
    }))
}
