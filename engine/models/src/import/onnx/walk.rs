//! Goes through the operators of a graph in order.

use super::columns::{Column, Form, Operation, Step};
use super::encode::{self, CAST, Inputs, MAX_COLUMNS};
use super::ensemble;
use super::linear;
use super::proto::{Element, Graph, GraphInput, Node, Tensor};
use super::scores::{Body, Scores};
use super::{OTHERWISE, Refusal};
use crate::error::ModelError;
use crate::model::{MAX_INPUTS, Model};
use crate::trees::TreesInput;
use std::collections::HashMap;

/// Sizes of all columns that go into an operator, together.
const MAX_WORK: usize = 10_000_000;

/// What a tensor is.
#[derive(Clone)]
pub(super) enum Value {
    Columns(Vec<Column>),
    Scores(Scores),
    /// One minus the only share of a model.
    Rest,
    /// The sum of all shares.
    Sum,
    /// The label of the best class.
    Label,
    /// Nothing that we know: the error to give where it is needed.
    Unknown(ModelError),
}

pub(super) struct Walk<'a> {
    pub(super) graph: &'a Graph<'a>,
    inputs: Inputs,
    pub(super) values: HashMap<&'a str, Value>,
    /// What was looked at so far: columns, their steps and their tables.
    work: usize,
}

pub(super) fn model(graph: &Graph<'_>) -> Result<Model, ModelError> {
    let mut walk = Walk { graph, inputs: Inputs::default(), values: HashMap::new(), work: 0 };
    for input in &graph.inputs {
        walk.input(input).map_err(|refusal| refusal.at(format!("input `{}`", input.name)))?;
    }
    for (at, node) in graph.nodes.iter().enumerate() {
        walk.node(at, node)?;
    }
    walk.finish()
}

impl<'a> Walk<'a> {
    fn input(&mut self, input: &GraphInput<'a>) -> Result<(), Refusal> {
        let element = Element::of(input.element);
        let element = element.ok_or_else(|| format!("the element type {} is none of a table", input.element))?;
        let width = match input.dimensions[..] {
            [] | [_] => 1,
            [_, Some(width)] => width,
            _ => return Err("it has no fixed number of columns".into()),
        };
        let room = MAX_INPUTS - self.inputs.list.len();
        let width = usize::try_from(width).ok().filter(|width| (1..=room).contains(width));
        let width = width.ok_or_else(|| format!("a model has 1 to {MAX_INPUTS} inputs"))?;
        let form = if element == Element::Text { Form::Text } else { Form::Number(Vec::new()) };
        let mut columns = Vec::new();
        for at in 0..width {
            let name = if width == 1 { input.name.to_owned() } else { format!("{}_{at}", input.name) };
            let column = Column { input: self.inputs.list.len(), element, form: form.clone() };
            columns.push(if element == Element::Single { column.then(CAST) } else { column });
            self.inputs.list.push(TreesInput::number(name));
        }
        self.values.insert(input.name, Value::Columns(columns));
        Ok(())
    }

    fn node(&mut self, at: usize, node: &Node<'a>) -> Result<(), ModelError> {
        let place = format!("operator {at}, `{}`", node.operator);
        for name in &node.inputs {
            if let Some(Value::Columns(columns)) = self.values.get(name) {
                self.work += columns.iter().map(Column::size).sum::<usize>();
            }
        }
        if self.work > MAX_WORK {
            return Err(ModelError::TooLarge(
                "its operators pass on more columns and categories than any model needs".into(),
            ));
        }
        // What depends on something unknown is unknown for the same reason.
        let unknown = node.inputs.iter().find_map(|name| match self.values.get(name) {
            Some(Value::Unknown(error)) => Some(error.clone()),
            _ => None,
        });
        let made = match unknown {
            Some(error) => vec![Value::Unknown(error); node.outputs.len()],
            None => match self.apply(node) {
                Ok(made) => made,
                Err(refusal @ Refusal::Unsupported(..)) => vec![Value::Unknown(refusal.at(place)); node.outputs.len()],
                Err(refusal) => return Err(refusal.at(place)),
            },
        };
        for (name, value) in node.outputs.iter().zip(made) {
            self.values.insert(name, value);
        }
        Ok(())
    }

    pub(super) fn value(&self, node: &Node<'a>, at: usize) -> Result<&Value, Refusal> {
        let name = node.inputs.get(at).ok_or("it has no input")?;
        self.values.get(name).ok_or_else(|| {
            if self.graph.tensors.contains_key(name) {
                Refusal::Unsupported("a computation with a constant in this place".into(), OTHERWISE)
            } else {
                format!("nothing before it makes `{name}`").into()
            }
        })
    }

    fn columns(&self, node: &Node<'a>, at: usize) -> Result<&[Column], Refusal> {
        match self.value(node, at)? {
            Value::Columns(columns) => Ok(columns),
            _ => Err(Refusal::Unsupported("a computation behind the model's answer".into(), OTHERWISE)),
        }
    }

    pub(super) fn constant(&self, node: &Node<'a>, at: usize) -> Result<&Tensor, Refusal> {
        let found = node.inputs.get(at).and_then(|name| self.graph.tensors.get(name));
        found.ok_or_else(|| Refusal::Unsupported("a computation of two columns".into(), OTHERWISE))
    }

    fn apply(&mut self, node: &Node<'a>) -> Result<Vec<Value>, Refusal> {
        let first = match node.operator {
            "TreeEnsembleClassifier" => ensemble::classifier(node, self.columns(node, 0)?, labels(node)?),
            "LinearClassifier" => linear::classifier(node, self.columns(node, 0)?, labels(node)?),
            _ => return Ok(vec![self.one(node)?]),
        };
        Ok(vec![Value::Label, Value::Scores(first?)])
    }

    fn one(&mut self, node: &Node<'a>) -> Result<Value, Refusal> {
        if let Some(shares) = self.shares_of_two(node) {
            return Ok(shares);
        }
        let columns = match node.operator {
            "TreeEnsembleRegressor" => return ensemble::regressor(node, self.columns(node, 0)?).map(Value::Scores),
            "LinearRegressor" => return linear::regressor(node, self.columns(node, 0)?).map(Value::Scores),
            "Identity" | "Dropout" => return self.value(node, 0).cloned(),
            "ZipMap" | "Cast" | "Reshape" | "Flatten" | "Normalizer" | "Sigmoid" | "Exp" | "Softmax" | "ArgMax"
            | "Add" | "Sub" | "Mul" | "Div" | "MatMul" | "Gemm" | "Abs" | "ReduceSum"
                if !matches!(self.value(node, 0)?, Value::Columns(_)) =>
            {
                return self.behind(node);
            }
            "MatMul" => return self.product(node),
            "Cast" | "CastLike" => self.cast(node)?,
            "Reshape" | "Flatten" => self.reshape(node)?,
            "Concat" | "FeatureVectorizer" => self.concat(node)?,
            "Scaler" => encode::scaler(node, self.columns(node, 0)?)?,
            "Imputer" => encode::imputer(node, self.columns(node, 0)?)?,
            "OneHotEncoder" => {
                let columns = self.columns(node, 0)?.to_vec();
                encode::one_hot(node, &columns, &mut self.inputs)?
            }
            "LabelEncoder" => {
                let columns = self.columns(node, 0)?.to_vec();
                encode::label(node, &columns, &mut self.inputs)?
            }
            "ArrayFeatureExtractor" | "Gather" => self.select(node)?,
            "Add" => self.arithmetic(node, Operation::Add)?,
            "Sub" => self.arithmetic(node, Operation::Subtract)?,
            "Mul" => self.arithmetic(node, Operation::Multiply)?,
            "Div" => self.arithmetic(node, Operation::Divide)?,
            other => return Err(Refusal::Unsupported(format!("the operator `{other}` over inputs"), OTHERWISE)),
        };
        Ok(Value::Columns(columns))
    }

    fn product(&self, node: &Node<'a>) -> Result<Value, Refusal> {
        let matrix = self.constant(node, 1)?;
        let outputs = match matrix.dimensions[..] {
            [_, outputs] => usize::try_from(outputs).unwrap_or(0),
            _ => 1,
        };
        linear::product(self.columns(node, 0)?, &matrix.values, outputs).map(Value::Scores)
    }

    fn cast(&self, node: &Node<'a>) -> Result<Vec<Column>, Refusal> {
        let to = match node.operator {
            "CastLike" => self.columns(node, 1)?.first().map(|column| column.element),
            _ => node.integer("to")?.and_then(Element::of),
        };
        let one = |column: &Column| match (column.element, to) {
            (from, Some(to)) if from == to => Ok(column.clone()),
            (Element::Whole | Element::Double, Some(Element::Single)) => Ok(column.then(CAST)),
            (Element::Whole | Element::Single, Some(Element::Double)) => {
                Ok(column.then(Step { operation: Operation::Cast, single: false }))
            }
            _ => Err(Refusal::Unsupported("a cast other than from numbers to floats".into(), OTHERWISE)),
        };
        self.columns(node, 0)?.iter().map(one).collect()
    }

    /// Columns stay what they are, where their number stays.
    fn reshape(&self, node: &Node<'a>) -> Result<Vec<Column>, Refusal> {
        let columns = self.columns(node, 0)?;
        if node.operator == "Reshape" {
            let width = self.constant(node, 1)?.values.last().copied();
            if !width.is_some_and(|width| width == -1.0 || width == columns.len() as f64) {
                return Err(Refusal::Unsupported("another number of columns".into(), OTHERWISE));
            }
        }
        Ok(columns.to_vec())
    }

    fn concat(&self, node: &Node<'a>) -> Result<Vec<Column>, Refusal> {
        if node.operator == "Concat" && !matches!(node.integer("axis")?, Some(1 | -1 | 2)) {
            return Err(Refusal::Unsupported("rows behind each other".into(), OTHERWISE));
        }
        let mut all = Vec::new();
        for at in 0..node.inputs.len() {
            all.extend_from_slice(self.columns(node, at)?);
            if all.len() > MAX_COLUMNS {
                return Err(format!("it makes more than {MAX_COLUMNS} columns").into());
            }
        }
        Ok(all)
    }

    fn select(&self, node: &Node<'a>) -> Result<Vec<Column>, Refusal> {
        if node.operator == "Gather" && !matches!(node.integer("axis")?, Some(1 | -1)) {
            return Err(Refusal::Unsupported("a choice of rows".into(), OTHERWISE));
        }
        let (columns, places) = (self.columns(node, 0)?, &self.constant(node, 1)?.values);
        if places.len() > MAX_COLUMNS {
            return Err(format!("it makes more than {MAX_COLUMNS} columns").into());
        }
        let one = |place: &f64| {
            let column = (*place >= 0.0).then(|| columns.get(*place as usize)).flatten();
            column.cloned().ok_or_else(|| Refusal::from(format!("column {place} of {}", columns.len())))
        };
        places.iter().map(one).collect()
    }

    fn arithmetic(&self, node: &Node<'a>, operation: fn(f64) -> Operation) -> Result<Vec<Column>, Refusal> {
        encode::arithmetic(self.columns(node, 0)?, &self.constant(node, 1)?.values, None, operation)
    }

    /// The model of the first output that is one.
    fn finish(self) -> Result<Model, ModelError> {
        let outputs = || self.graph.outputs.iter().filter_map(|name| Some((*name, self.values.get(name)?)));
        let scores = outputs()
            .find_map(|(name, value)| if let Value::Scores(scores) = value { Some((name, scores)) } else { None });
        if let Some((name, scores)) = scores {
            let place = match &scores.body {
                Body::Trees(_) => format!("output `{name}`, of trees"),
                Body::Linear(_) => format!("output `{name}`, of a linear model"),
            };
            return scores.model(self.inputs.list.clone()).map_err(|refusal| refusal.at(place));
        }
        let unknown =
            outputs().find_map(|(_, value)| if let Value::Unknown(error) = value { Some(error.clone()) } else { None });
        Err(unknown.unwrap_or_else(|| {
            Refusal::Broken("no output is the answer of trees or of a linear model".into()).at("the outputs".into())
        }))
    }
}

fn labels(node: &Node<'_>) -> Result<Vec<String>, Refusal> {
    let texts = node.texts("classlabels_strings")?;
    let mut labels: Vec<String> = texts.into_iter().map(str::to_owned).collect();
    for name in ["classlabels_int64s", "classlabels_ints"] {
        labels.extend(node.integers(name)?.into_iter().map(|label| label.to_string()));
    }
    if labels.len() < 2 { Err(format!("{} classes where two are the least", labels.len()).into()) } else { Ok(labels) }
}
