//! Compiling a model into a scoring plugin: a component of our WIT world, without any guest toolchain.
//!
//! `contract` reads the shapes of the world from its WIT, `lower` lays constant values out as the canonical ABI wants
//! them, `guest` writes the core module, `rows` what all kinds of models do with rows, `logistic` and `trees` what each
//! does by itself, `exp` the arithmetic. The same model gives the same bytes.

mod contract;
mod exp;
mod guest;
mod logistic;
mod lower;
mod manifest;
mod rows;
mod runtime;
mod trees;

use crate::error::ModelError;
use crate::model::Model;
use crate::node::Test;
use crate::trees::{Link, TreesModel};
use contract::Contract;

/// The WIT of the world that plugins implement.
pub const WIT: &str = include_str!("../../../../plugins/wit/scoring.wit");

/// Compiles a model into a component. Its answers are those of [`Model::predict`], bit for bit.
pub fn compile(model: &Model) -> Result<Vec<u8>, ModelError> {
    model.check()?;
    if matches!(model, Model::Linear(_)) {
        return Err(failed("a linear model over categories, of classes or of another link than the logistic one"));
    }
    if let Model::Trees(trees) = model
        && let Some(what) = not_yet(trees)
    {
        return Err(failed(what));
    }
    let contract = Contract::load()?;
    let module = guest::module(model, &contract)?;
    contract.component(module)
}

/// What compiled trees cannot do yet.
fn not_yet(model: &TreesModel) -> Option<&'static str> {
    let splits = || model.trees.iter().flatten().filter_map(|node| node.split.as_ref());
    let odd = splits().any(|split| split.zero_missing || matches!(split.test, Test::In(_)));
    let texts = model.inputs.iter().any(|input| !input.categories.is_empty());
    let plain =
        matches!(model.link, Link::Sigmoid | Link::Identity) && model.scale == 1.0 && model.calibration.is_none();
    (odd || texts || !plain).then_some("it has splits, inputs or an answer that no compiled model has yet")
}

fn failed(error: impl std::fmt::Display) -> ModelError {
    ModelError::Compile(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logistic::{LogisticInput, LogisticModel};
    use crate::model::{Card, FORMAT};
    use crate::node::{Node, Split};
    use crate::sample;
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

    fn forest(inputs: usize, count: usize, depth: usize) -> Model {
        Model::Trees(sample::trees(5, inputs, count, depth))
    }

    /// One tree whose code is the longest that one function can get: 56 splits in a chain, each over an input of its own,
    /// and below them every node of seven further steps.
    fn worst() -> Model {
        let mut model = sample::trees(5, 64, 0, 0);
        let (mut nodes, mut open) = (vec![Node::leaf(1.0)], vec![(0, 0)]);
        while let Some((at, input)) = open.pop() {
            let (left, right, value) = (nodes.len(), nodes.len() + 1, input as f64);
            nodes[at] = Node { value, split: Some(Split::at_most(input, 0.5, [left, right], true)) };
            nodes.extend([Node::leaf(-1.0), Node::leaf(-2.0)]);
            let deeper = if input < 56 { right..right + 1 } else { left..right + 1 };
            open.extend(deeper.filter(|_| input < 62).map(|child| (child, input + 1)));
        }
        model.trees = vec![nodes];
        Model::Trees(model)
    }

    #[test]
    fn no_function_of_a_deep_tree_is_larger_than_a_host_takes() {
        let component = compile(&worst()).unwrap();
        let bodies = Parser::new(0).parse_all(&component).filter_map(|payload| match payload.unwrap() {
            Payload::CodeSectionEntry(body) => Some(body.range().len()),
            _ => None,
        });
        let largest = bodies.max().unwrap();
        assert!((100_000..256 << 10).contains(&largest), "{largest}");
    }

    #[test]
    fn components_are_valid_deterministic_and_import_nothing() {
        let forests = [forest(0, 0, 0), forest(1, 1, 0), forest(3, 20, 6), forest(512, 2, 12)];
        for model in [model(0, 1), model(3, 1), model(512, 100)].into_iter().chain(forests) {
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

    /// A change of these bytes is a change of every plugin's pinned digest.
    #[test]
    fn the_shipped_plugin_is_its_model_compiled() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let model = std::fs::read(root.join("plugins/repurchase/model.json")).unwrap();
        let shipped = std::fs::read(root.join("examples/retail/plugins/repurchase.wasm")).unwrap();
        assert!(compile(&Model::read(&model).unwrap()).unwrap() == shipped, "the compiled bytes differ");
    }

    #[test]
    fn a_model_that_is_not_sound_is_not_compiled() {
        assert!(matches!(compile(&model(513, 3)), Err(ModelError::Invalid(_))));
        assert!(matches!(compile(&model(3, 101)), Err(ModelError::Invalid(_))));
    }
}
