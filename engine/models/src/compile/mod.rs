//! Compiling a model into a scoring plugin: a component of our WIT world, without any guest toolchain.
//!
//! `contract` reads the shapes of the world from its WIT, `lower` lays constant values out as the canonical ABI wants
//! them, `guest` writes the core module with `functions`, `rows` what all kinds of models do with rows, `logistic` what
//! such a model does by itself, `exp` the arithmetic. Trees take more: `plan` turns their questions into compares of small
//! numbers, `forest` says where their tables lie, `fill`, `lanes`, `single` with `masks` and `walk` find the leaves of rows, `sums` and `dense`
//! add up what the leaves hold, `kernel` puts these together, `answer` has links and calibration, `trees` and `values` the
//! exported functions; `linear` is what stands in the kernel's place for linear models. The same model gives the same bytes.
//! `proof` puts the model behind the component, so that others can tell by it what this compiler made.

mod answer;
mod contract;
mod dense;
mod exp;
mod fill;
mod forest;
mod functions;
mod guest;
mod kernel;
mod lanes;
mod linear;
mod logistic;
mod lower;
mod manifest;
mod masks;
mod plan;
mod proof;
mod rows;
mod runtime;
mod single;
mod sums;
mod texts;
mod trees;
mod values;
mod walk;

use crate::error::ModelError;
use crate::model::Model;
use contract::Contract;

pub use proof::is_ours;

/// The WIT of the world that plugins implement.
pub const WIT: &str = include_str!("../../../../plugins/wit/scoring.wit");

/// Compiles a model into a component. Its answers are those of [`Model::predict`], bit for bit. One that exports the
/// interface `values` holds its model, which proves where it comes from: [`is_ours`].
pub fn compile(model: &Model) -> Result<Vec<u8>, ModelError> {
    let mut component = plain(model)?;
    if proof::carries(model) {
        proof::attach(model, &mut component)?;
    }
    Ok(component)
}

/// The component without its model.
fn plain(model: &Model) -> Result<Vec<u8>, ModelError> {
    model.check()?;
    let contract = Contract::load(if proof::carries(model) { "quick-scorer" } else { "scorer" })?;
    let module = guest::module(model, &contract)?;
    contract.component(module)
}

fn failed(error: impl std::fmt::Display) -> ModelError {
    ModelError::Compile(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logistic::{LogisticInput, LogisticModel};
    use crate::model::{Card, FORMAT};
    use crate::node::{Node, Split, Test};
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

    /// One tree of 256 leaves, as many as a byte tells apart, that asks one input for codes: each question takes as many
    /// steps as there can be classes of codes.
    fn worst() -> Model {
        let mut model = sample::trees(5, 1, 0, 0);
        let (mut nodes, inner) = (Vec::new(), 255);
        for at in 0..inner {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let test = Test::In(vec![(at % 246) as u32]);
            let split = Split { input: 0, test, left, right, missing_left: true, zero_missing: false };
            nodes.push(Node { value: 0.0, split: Some(split) });
        }
        nodes.extend((0..=inner).map(|leaf| Node::leaf(leaf as f64)));
        model.trees = vec![nodes; 3];
        Model::Trees(model)
    }

    /// Paths of 64 splits, each over an input of its own.
    fn deep() -> Model {
        let mut model = sample::trees(5, 64, 0, 0);
        let (mut nodes, mut open) = (vec![Node::leaf(1.0)], vec![(0, 0)]);
        while let Some((at, input)) = open.pop() {
            let (left, right, value) = (nodes.len(), nodes.len() + 1, input as f64);
            nodes[at] = Node { value, split: Some(Split::at_most(input, 0.5, [left, right], true)) };
            nodes.extend([Node::leaf(-1.0), Node::leaf(-2.0)]);
            let deeper = if input < 53 { right..right + 1 } else { left..right + 1 };
            open.extend(deeper.filter(|_| input < 63).map(|child| (child, input + 1)));
        }
        model.trees = vec![nodes; 20];
        Model::Trees(model)
    }

    /// As many trees as there may be nodes for, each one a path with 63 leaves beside it.
    fn chains(inputs: usize) -> Model {
        let mut model = sample::trees(5, inputs, 0, 0);
        let step = |n: usize| {
            let split = Split::at_most(n % inputs, n as f64, [2 * n + 1, 2 * n + 2], true);
            [Node { value: 0.0, split: Some(split) }, Node::leaf(n as f64)]
        };
        let mut nodes: Vec<Node> = (0..63).flat_map(step).collect();
        nodes.push(Node::leaf(2.0));
        model.trees = vec![nodes; 787];
        Model::Trees(model)
    }

    #[test]
    fn no_function_is_larger_than_a_host_takes() {
        let large = [(chains(24), 10_000), (chains(64), 10_000)];
        let odd = [(worst(), 150_000), (deep(), 10_000), (forest(1, 5_000, 0), 1_000)];
        for (model, above) in large.into_iter().chain(odd) {
            let component = compile(&model).unwrap();
            let bodies = Parser::new(0).parse_all(&component).filter_map(|payload| match payload.unwrap() {
                Payload::CodeSectionEntry(body) => Some(body.range().len()),
                _ => None,
            });
            let largest = bodies.max().unwrap();
            assert!((above..256 << 10).contains(&largest), "{largest}");
            assert!(component.len() < 32 << 20, "{}", component.len());
        }
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
