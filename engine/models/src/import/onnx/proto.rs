//! The messages of ONNX, as far as they are read: a model, its graph, nodes with attributes, tensors.

use super::super::MAX_CODES;
use super::wire::{Fields, List, Problem, Value};
use std::collections::HashMap;

/// Nodes, inputs, outputs and initializers of a graph, and inputs of a node.
const MOST: usize = 10_000;
/// Outputs and attributes of a node.
const FEW: usize = 100;

/// Element types of tensors that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Single,
    Double,
    Whole,
    Text,
}

impl Element {
    /// By its number in the file.
    pub(super) fn of(number: i64) -> Option<Element> {
        Some(match number {
            1 => Element::Single,
            11 => Element::Double,
            2..=7 | 9 | 12 | 13 => Element::Whole,
            8 => Element::Text,
            _ => return None,
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct Graph<'a> {
    pub(super) inputs: Vec<GraphInput<'a>>,
    pub(super) outputs: Vec<&'a str>,
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) tensors: HashMap<&'a str, Tensor>,
}

#[derive(Debug)]
pub(super) struct GraphInput<'a> {
    pub(super) name: &'a str,
    pub(super) element: i64,
    /// Its dimensions, `None` where one is open.
    pub(super) dimensions: Vec<Option<i64>>,
}

#[derive(Debug, Default)]
pub(super) struct Node<'a> {
    pub(super) operator: &'a str,
    pub(super) domain: &'a str,
    pub(super) inputs: Vec<&'a str>,
    pub(super) outputs: Vec<&'a str>,
    attributes: HashMap<&'a str, &'a [u8]>,
}

/// Numbers with their dimensions; other tensors hold none.
#[derive(Clone, Debug, Default)]
pub(super) struct Tensor {
    pub(super) dimensions: Vec<i64>,
    pub(super) values: Vec<f64>,
}

/// The graph of a model.
pub(super) fn graph(bytes: &[u8]) -> Result<Graph<'_>, Problem> {
    let mut graph = None;
    for field in Fields::new(bytes) {
        if let (7, value) = field? {
            graph = Some(Graph::of(value.bytes()?)?);
        }
    }
    graph.ok_or("it has no graph")
}

impl<'a> Graph<'a> {
    fn of(bytes: &'a [u8]) -> Result<Graph<'a>, Problem> {
        let mut graph = Graph::default();
        for field in Fields::new(bytes) {
            let (number, value) = field?;
            match number {
                1 => graph.nodes.push(Node::of(value.bytes()?)?),
                5 => {
                    let (name, tensor) = Tensor::of(value.bytes()?)?;
                    graph.tensors.insert(name, tensor);
                }
                11 => graph.inputs.push(GraphInput::of(value.bytes()?)?),
                12 => graph.outputs.push(GraphInput::of(value.bytes()?)?.name),
                _ => {}
            }
            if [graph.nodes.len(), graph.tensors.len(), graph.inputs.len(), graph.outputs.len()]
                .iter()
                .any(|count| *count > MOST)
            {
                return Err("a graph of more parts than any model needs");
            }
        }
        // Old files name their constants among the inputs.
        graph.inputs.retain(|input| !graph.tensors.contains_key(input.name));
        Ok(graph)
    }
}

impl<'a> GraphInput<'a> {
    fn of(bytes: &'a [u8]) -> Result<GraphInput<'a>, Problem> {
        let mut input = GraphInput { name: "", element: 0, dimensions: Vec::new() };
        for field in Fields::new(bytes) {
            match field? {
                (1, value) => input.name = value.text()?,
                (2, value) => input.kind(value.bytes()?)?,
                _ => {}
            }
        }
        Ok(input)
    }

    fn kind(&mut self, bytes: &'a [u8]) -> Result<(), Problem> {
        for field in Fields::new(bytes) {
            let (1, tensor) = field? else { continue };
            for field in Fields::new(tensor.bytes()?) {
                match field? {
                    (1, value) => self.element = value.integer()?,
                    (2, value) => self.shape(value.bytes()?)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn shape(&mut self, bytes: &'a [u8]) -> Result<(), Problem> {
        for field in Fields::new(bytes) {
            let (1, dimension) = field? else { continue };
            let mut size = None;
            for field in Fields::new(dimension.bytes()?) {
                if let (1, value) = field? {
                    size = Some(value.integer()?);
                }
            }
            if self.dimensions.len() == 8 {
                return Err("a tensor has more than eight dimensions");
            }
            self.dimensions.push(size);
        }
        Ok(())
    }
}

impl<'a> Node<'a> {
    fn of(bytes: &'a [u8]) -> Result<Node<'a>, Problem> {
        let mut node = Node::default();
        for field in Fields::new(bytes) {
            let (number, value) = field?;
            match number {
                1 => node.inputs.push(value.text()?),
                2 => node.outputs.push(value.text()?),
                4 => node.operator = value.text()?,
                5 => {
                    let attribute = value.bytes()?;
                    node.attributes.insert(name(attribute)?, attribute);
                }
                7 => node.domain = value.text()?,
                _ => {}
            }
            if node.inputs.len() > MOST || node.outputs.len() > FEW || node.attributes.len() > FEW {
                return Err("a node of more inputs, outputs or attributes than any model needs");
            }
        }
        Ok(node)
    }

    /// The values of a field of an attribute; none where the node does not have it.
    fn fields(&self, attribute: &str, field: u64) -> impl Iterator<Item = Result<Value<'a>, Problem>> {
        let bytes = self.attributes.get(attribute).copied().unwrap_or_default();
        Fields::new(bytes).filter_map(move |entry| match entry {
            Ok((number, value)) => (number == field).then_some(Ok(value)),
            Err(problem) => Some(Err(problem)),
        })
    }

    fn one(&self, attribute: &str, field: u64) -> Result<Option<Value<'a>>, Problem> {
        self.fields(attribute, field).last().transpose()
    }

    pub(super) fn float(&self, attribute: &str) -> Result<Option<f32>, Problem> {
        self.one(attribute, 2)?.map(Value::float).transpose()
    }

    pub(super) fn integer(&self, attribute: &str) -> Result<Option<i64>, Problem> {
        self.one(attribute, 3)?.map(Value::integer).transpose()
    }

    pub(super) fn text(&self, attribute: &str) -> Result<Option<&'a str>, Problem> {
        self.one(attribute, 4)?.map(Value::text).transpose()
    }

    pub(super) fn tensor(&self, attribute: &str) -> Result<Option<Tensor>, Problem> {
        let Some(value) = self.one(attribute, 5)? else { return Ok(None) };
        Ok(Some(Tensor::of(value.bytes()?)?.1))
    }

    pub(super) fn floats(&self, attribute: &str) -> Result<Vec<f32>, Problem> {
        let mut list = List::<f32>::new(MAX_CODES);
        self.fields(attribute, 7).try_for_each(|value| list.add(value?))?;
        Ok(list.values)
    }

    pub(super) fn integers(&self, attribute: &str) -> Result<Vec<i64>, Problem> {
        let mut list = List::<i64>::new(MAX_CODES);
        self.fields(attribute, 8).try_for_each(|value| list.add(value?))?;
        Ok(list.values)
    }

    pub(super) fn texts(&self, attribute: &str) -> Result<Vec<&'a str>, Problem> {
        let mut list = List::new(MAX_CODES);
        self.fields(attribute, 9).try_for_each(|value| list.push(value?.text()?))?;
        Ok(list.values)
    }
}

fn name(attribute: &[u8]) -> Result<&str, Problem> {
    for field in Fields::new(attribute) {
        if let (1, value) = field? {
            return value.text();
        }
    }
    Err("an attribute has no name")
}

impl Tensor {
    fn of(bytes: &[u8]) -> Result<(&str, Tensor), Problem> {
        let (mut name, mut element) = ("", 0);
        let (mut dimensions, mut singles, mut wholes) =
            (List::<i64>::new(8), List::<f32>::new(MAX_CODES), List::<i64>::new(MAX_CODES));
        let (mut doubles, mut raw) = (List::<f64>::new(MAX_CODES), &[][..]);
        for field in Fields::new(bytes) {
            let (number, value) = field?;
            match number {
                1 => dimensions.add(value)?,
                2 => element = value.integer()?,
                4 => singles.add(value)?,
                5 | 7 => wholes.add(value)?,
                8 => name = value.text()?,
                9 => raw = value.bytes()?,
                10 => doubles.add(value)?,
                13 => return Err("a tensor lies in another file"),
                _ => {}
            }
        }
        let values = match element {
            _ if !raw.is_empty() => unpack(element, raw)?,
            1 => singles.values.into_iter().map(f64::from).collect(),
            11 => doubles.values,
            _ => wholes.values.into_iter().map(|whole| whole as f64).collect(),
        };
        Ok((name, Tensor { dimensions: dimensions.values, values }))
    }
}

/// Numbers as they lie in memory, little end first; of other types none.
fn unpack(element: i64, raw: &[u8]) -> Result<Vec<f64>, Problem> {
    let size = match element {
        1 | 6 => 4,
        7 | 11 => 8,
        2 | 3 | 9 => 1,
        _ => return Ok(Vec::new()),
    };
    if !raw.len().is_multiple_of(size) || raw.len() / size > MAX_CODES {
        return Err("the bytes of a tensor do not fit its type");
    }
    Ok(match element {
        1 => raw.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes).into()).collect(),
        6 => raw.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes).into()).collect(),
        7 => raw.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes) as f64).collect(),
        11 => raw.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect(),
        _ => raw.iter().map(|byte| f64::from(*byte)).collect(),
    })
}
