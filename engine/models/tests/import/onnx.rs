//! Writes ONNX models by hand, and what trees and linear models of a few operators answer.

use staunch_models::import::{self, Options};
use staunch_models::{Link, Model};

pub enum Attribute {
    Float(f32),
    Integer(i64),
    Text(String),
    Floats(Vec<f32>),
    Integers(Vec<i64>),
    Texts(Vec<String>),
}

pub struct Node {
    pub operator: String,
    pub inputs: Vec<String>,
    outputs: Vec<String>,
    attributes: Vec<(String, Attribute)>,
}

/// Name, element type and columns.
pub type Input = (String, u64, Option<u64>);

pub struct Graph {
    pub inputs: Vec<Input>,
    pub nodes: Vec<Node>,
    pub outputs: Vec<String>,
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn number(field: u64, value: u64, out: &mut Vec<u8>) {
    varint(field << 3, out);
    varint(value, out);
}

fn bytes(field: u64, value: &[u8], out: &mut Vec<u8>) {
    varint(field << 3 | 2, out);
    varint(value.len() as u64, out);
    out.extend_from_slice(value);
}

fn message(field: u64, out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::new();
    fill(&mut inner);
    bytes(field, &inner, out);
}

impl Attribute {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Attribute::Float(value) => {
                varint(2 << 3 | 5, out);
                out.extend_from_slice(&value.to_le_bytes());
            }
            Attribute::Integer(value) => number(3, *value as u64, out),
            Attribute::Text(value) => bytes(4, value.as_bytes(), out),
            Attribute::Floats(values) => {
                bytes(7, &values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>(), out)
            }
            Attribute::Integers(values) => values.iter().for_each(|value| number(8, *value as u64, out)),
            Attribute::Texts(values) => values.iter().for_each(|value| bytes(9, value.as_bytes(), out)),
        }
    }
}

impl Node {
    pub fn new(operator: &str, inputs: &[&str], outputs: &[&str], attributes: Vec<(&str, Attribute)>) -> Node {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Node { operator: operator.into(), inputs: own(inputs), outputs: own(outputs), attributes }
    }

    pub fn set(&mut self, name: &str, value: Attribute) {
        self.attributes.retain(|(known, _)| known != name);
        self.attributes.push((name.into(), value));
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.inputs.iter().for_each(|name| bytes(1, name.as_bytes(), out));
        self.outputs.iter().for_each(|name| bytes(2, name.as_bytes(), out));
        bytes(4, self.operator.as_bytes(), out);
        for (name, value) in &self.attributes {
            message(5, out, |out| {
                bytes(1, name.as_bytes(), out);
                value.write(out);
            });
        }
    }
}

impl Graph {
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        number(1, 10, &mut out);
        message(7, &mut out, |out| {
            self.nodes.iter().for_each(|node| message(1, out, |out| node.write(out)));
            for (name, element, columns) in &self.inputs {
                message(11, out, |out| {
                    bytes(1, name.as_bytes(), out);
                    message(2, out, |out| {
                        message(1, out, |out| {
                            number(1, *element, out);
                            message(2, out, |out| {
                                message(1, out, |_| {});
                                message(1, out, |out| columns.iter().for_each(|columns| number(1, *columns, out)));
                            });
                        });
                    });
                });
            }
            self.outputs.iter().for_each(|name| message(12, out, |out| bytes(1, name.as_bytes(), out)));
        });
        out
    }

    fn read(&self) -> Model {
        import::read(&self.write(), &Options::default()).unwrap()
    }
}

/// A tree with one split of the mode, `number` and weights for both leaves.
fn tree(mode: &str, feature: i64, than: f32, none: bool) -> Vec<(&'static str, Attribute)> {
    vec![
        ("nodes_treeids", Attribute::Integers(vec![0; 3])),
        ("nodes_nodeids", Attribute::Integers(vec![0, 1, 2])),
        ("nodes_modes", Attribute::Texts(vec![mode.into(), "LEAF".into(), "LEAF".into()])),
        ("nodes_featureids", Attribute::Integers(vec![feature, 0, 0])),
        ("nodes_values", Attribute::Floats(vec![than, 0.0, 0.0])),
        ("nodes_truenodeids", Attribute::Integers(vec![1, 0, 0])),
        ("nodes_falsenodeids", Attribute::Integers(vec![2, 0, 0])),
        ("nodes_missing_value_tracks_true", Attribute::Integers(vec![none.into(), 0, 0])),
    ]
}

fn leaves(kind: &str, yes: f32, no: f32) -> Vec<(String, Attribute)> {
    vec![
        (format!("{kind}_treeids"), Attribute::Integers(vec![0, 0])),
        (format!("{kind}_nodeids"), Attribute::Integers(vec![1, 2])),
        (format!("{kind}_ids"), Attribute::Integers(vec![0, 0])),
        (format!("{kind}_weights"), Attribute::Floats(vec![yes, no])),
    ]
}

/// A scaler and a tree that classifies.
pub fn small() -> Graph {
    let scaler = vec![("offset", Attribute::Floats(vec![1.0, 2.0])), ("scale", Attribute::Floats(vec![0.5, -2.0]))];
    let mut trees =
        Node::new("TreeEnsembleClassifier", &["scaled"], &["label", "shares"], tree("BRANCH_LEQ", 1, 3.0, false));
    leaves("class", 0.75, -0.25).into_iter().for_each(|(name, value)| trees.set(&name, value));
    trees.set("classlabels_int64s", Attribute::Integers(vec![0, 1]));
    trees.set("post_transform", Attribute::Text("LOGISTIC".into()));
    Graph {
        inputs: vec![("x".into(), 1, Some(2))],
        nodes: vec![Node::new("Scaler", &["x"], &["scaled"], scaler), trees],
        outputs: vec!["label".into(), "shares".into()],
    }
}

#[test]
fn a_scaler_in_front_of_trees_becomes_part_of_their_thresholds() {
    let model = small().read();
    // (x − 2) · −2 ≤ 3 from x = 0.5 on.
    assert_eq!([0.5, 0.499].map(|x| model.raw(&[None, Some(x)])), [0.75, -0.25]);
    // Next to it in 64 bits, but rounded to the same in 32.
    assert_eq!(model.raw(&[None, Some(0.5f64.next_down())]), 0.75);
    assert_eq!(model.raw(&[None, None]), -0.25);
    assert_eq!(model.head().inputs[1].name, "x_1");
}

#[test]
fn every_mode_of_a_split_is_asked_as_it_says() {
    type Holds = fn(f32) -> bool;
    let modes: [(&str, Holds); 6] = [
        ("BRANCH_LEQ", |x| x <= 1.5),
        ("BRANCH_LT", |x| x < 1.5),
        ("BRANCH_GTE", |x| x >= 1.5),
        ("BRANCH_GT", |x| x > 1.5),
        ("BRANCH_EQ", |x| x == 1.5),
        ("BRANCH_NEQ", |x| x != 1.5),
    ];
    for (mode, holds) in modes {
        for none in [false, true] {
            let mut node = Node::new("TreeEnsembleRegressor", &["x"], &["y"], tree(mode, 0, 1.5, none));
            leaves("target", 1.0, -1.0).into_iter().for_each(|(name, value)| node.set(&name, value));
            let model =
                Graph { inputs: vec![("x".into(), 1, Some(1))], nodes: vec![node], outputs: vec!["y".into()] }.read();
            for x in [-1e30, 0.0, 1.49, 1.5f64.next_down(), 1.5, 1.5f64.next_up(), 1.500_000_2, 2.0, 1e30] {
                let expected = if holds(x as f32) { 1.0 } else { -1.0 };
                assert_eq!(model.raw(&[Some(x)]), expected, "{mode} {x:?}");
            }
            let expected = if none || holds(f32::NAN) { 1.0 } else { -1.0 };
            assert_eq!(model.raw(&[None]), expected, "{mode} {none}");
        }
    }
}

#[test]
fn what_nobody_needs_may_be_unknown() {
    let mut graph = small();
    graph.nodes.push(Node::new("StringNormalizer", &["label"], &["pretty"], vec![("locale", Attribute::Integer(1))]));
    graph.nodes.push(Node::new("Celu", &["x"], &["odd"], vec![("alpha", Attribute::Float(1.0))]));
    graph.outputs.insert(0, "odd".into());
    assert_eq!(graph.read(), small().read());
}

#[test]
fn shares_of_several_classes_are_those_of_their_weights() {
    let mut graph = small();
    let node = &mut graph.nodes[1];
    node.set("classlabels_int64s", Attribute::Integers(vec![3, 5, 9]));
    node.set("post_transform", Attribute::Text("NONE".into()));
    node.set("class_treeids", Attribute::Integers(vec![0; 4]));
    node.set("class_nodeids", Attribute::Integers(vec![1, 1, 2, 2]));
    node.set("class_ids", Attribute::Integers(vec![0, 1, 1, 2]));
    node.set("class_weights", Attribute::Floats(vec![0.25, 0.75, 0.5, 0.5]));
    let Model::Trees(model) = graph.read() else { panic!("no trees") };
    assert_eq!((model.link, model.labels.join(" ")), (Link::Shares, "3 5 9".to_owned()));
    assert_eq!(model.shares(&[None, Some(9.0)]), [0.25, 0.75, 0.0]);
    assert_eq!(model.shares(&[None, Some(0.0)]), [0.0, 0.5, 0.5]);
}
