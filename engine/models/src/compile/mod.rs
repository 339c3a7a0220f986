//! Compiling a model into a scoring plugin: a component of our WIT world, without any guest toolchain.
//!
//! `contract` reads the shapes of the world from its WIT, `lower` lays constant values out as the canonical ABI wants
//! them, `guest` writes the core module, `exp` its arithmetic. The same model gives the same bytes.

mod contract;
mod exp;
mod guest;
mod lower;
mod manifest;
mod rows;
mod runtime;

use crate::error::ModelError;
use crate::model::Model;
use contract::Contract;

/// The WIT of the world that plugins implement.
pub const WIT: &str = include_str!("../../../../plugins/wit/scoring.wit");

/// Compiles a model into a component. Its answers are those of [`Model::predict`], bit for bit.
pub fn compile(model: &Model) -> Result<Vec<u8>, ModelError> {
    model.check()?;
    let contract = Contract::load()?;
    let Model::Logistic(model) = model;
    let module = guest::module(model, &contract)?;
    contract.component(module)
}

fn failed(error: impl std::fmt::Display) -> ModelError {
    ModelError::Compile(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Card, FORMAT, LogisticInput, LogisticModel};
    use wasmparser::{Parser, Payload};

    fn model(inputs: usize, name_length: usize) -> Model {
        let input = |n: usize| LogisticInput {
            name: format!("{n:0>name_length$}"),
            unit: None,
            mean: 0.0,
            sd: 1.0,
            low: -1.0,
            high: 1.0,
            weight: 1.0,
            missing_weight: 0.0,
        };
        let (name, version, inputs) = ("m".into(), "1".into(), (0..inputs).map(input).collect());
        let card = Card::default();
        Model::Logistic(LogisticModel {
            format: FORMAT,
            name,
            version,
            inputs,
            intercept: 0.0,
            bands: Vec::new(),
            card,
        })
    }

    #[test]
    fn components_are_valid_deterministic_and_import_nothing() {
        for model in [model(0, 1), model(3, 1), model(512, 100)] {
            let component = compile(&model).unwrap();
            assert_eq!(component, compile(&model).unwrap());
            // Parts inside may import from each other; what counts is the component as a whole.
            let mut depth = 0;
            for payload in Parser::new(0).parse_all(&component) {
                match payload.unwrap() {
                    Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                    Payload::End(_) => depth -= 1,
                    Payload::ComponentImportSection(_) => assert!(depth > 0, "imports"),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn a_model_that_is_not_sound_is_not_compiled() {
        assert!(matches!(compile(&model(513, 3)), Err(ModelError::Invalid(_))));
        assert!(matches!(compile(&model(3, 101)), Err(ModelError::Invalid(_))));
    }
}
