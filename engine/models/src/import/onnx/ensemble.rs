//! `TreeEnsembleClassifier` and `TreeEnsembleRegressor`: nodes in parallel lists, leaves with weights for classes.

use super::super::{Budget, expected};
use super::columns::{Column, Mode, Question};
use super::proto::{Element, Node as Operator};
use super::scores::{Answer, Body, Scores};
use super::{OTHERWISE, Refusal};
use crate::error::ModelError;
use crate::node::{Node, Split, Test};
use crate::trees::MAX_NODES;
use std::collections::HashMap;
use std::rc::Rc;

/// Trees over columns.
#[derive(Debug)]
pub(super) struct Ensemble {
    roots: Vec<usize>,
    nodes: Vec<Source>,
    /// For each leaf the places in `weights`.
    weights: Vec<Vec<(usize, f64)>>,
    /// What all weights count: less than 1 for a mean over the trees.
    factor: f64,
}

#[derive(Clone, Debug)]
enum Source {
    Leaf,
    Split { input: usize, question: Question, yes: usize, no: usize },
}

/// The lists of a node's numbers.
struct Lists<'a> {
    ids: HashMap<(i64, i64), usize>,
    trees: Vec<i64>,
    modes: Vec<&'a str>,
    features: Vec<i64>,
    values: Vec<f64>,
    yes: Vec<i64>,
    no: Vec<i64>,
    none: Vec<i64>,
}

pub(super) fn classifier(operator: &Operator<'_>, columns: &[Column], labels: Vec<String>) -> Result<Scores, Refusal> {
    let answer = Answer::of(operator.text("post_transform")?)?;
    let (mut ensemble, _) = Ensemble::read(operator, columns, "class", labels.len())?;
    let mut bases = numbers(operator, "base_values")?;
    let used = ensemble.weights.iter().flatten().map(|(class, _)| *class);
    let (least, most) = used.clone().fold((usize::MAX, 0), |(least, most), class| (least.min(class), most.max(class)));
    if labels.len() == 2 && least >= most {
        // Weights of one class only are those of a single raw value, whichever class they name.
        ensemble.weights.iter_mut().flatten().for_each(|(class, _)| *class = 0);
        if bases.len() > 1 {
            return Err(Refusal::Unsupported("`base_values` of two classes with weights of one".into(), OTHERWISE));
        }
        if answer == Answer::Softmax {
            return Err(Refusal::Unsupported("`post_transform` SOFTMAX of one raw value".into(), OTHERWISE));
        }
        bases.resize(1, 0.0);
    } else if bases.is_empty() {
        bases = vec![0.0; labels.len()];
    } else if labels.len() == 2 && bases.len() == 1 {
        bases.push(0.0);
    }
    if bases.len() != 1 && bases.len() != labels.len() {
        return Err(format!("{} `base_values` for {} classes", bases.len(), labels.len()).into());
    }
    Ok(Scores { body: Body::Trees(Rc::new(ensemble)), bases, labels, answer })
}

pub(super) fn regressor(operator: &Operator<'_>, columns: &[Column]) -> Result<Scores, Refusal> {
    let answer = Answer::of(operator.text("post_transform")?)?;
    if operator.integer("n_targets")?.unwrap_or(1) != 1 {
        return Err(Refusal::Unsupported("several targets at once".into(), "train one model for each target"));
    }
    let (mut ensemble, trees) = Ensemble::read(operator, columns, "target", 1)?;
    match operator.text("aggregate_function")?.unwrap_or("SUM") {
        "SUM" => {}
        "AVERAGE" => ensemble.factor = 1.0 / trees.max(1) as f64,
        other => return Err(Refusal::Unsupported(format!("`aggregate_function` {other}"), OTHERWISE)),
    }
    let mut bases = numbers(operator, "base_values")?;
    if bases.len() > 1 {
        return Err(format!("{} `base_values` for one target", bases.len()).into());
    }
    bases.resize(1, 0.0);
    Ok(Scores { body: Body::Trees(Rc::new(ensemble)), bases, labels: Vec::new(), answer })
}

/// Numbers that later versions write as a tensor.
fn numbers(operator: &Operator<'_>, name: &str) -> Result<Vec<f64>, Refusal> {
    if let Some(tensor) = operator.tensor(&format!("{name}_as_tensor"))? {
        return Ok(tensor.values);
    }
    Ok(operator.floats(name)?.into_iter().map(f64::from).collect())
}

impl<'a> Lists<'a> {
    fn read(operator: &Operator<'a>) -> Result<Lists<'a>, Refusal> {
        let (trees, ids) = (operator.integers("nodes_treeids")?, operator.integers("nodes_nodeids")?);
        let count = trees.len();
        if count > MAX_NODES {
            return Err(ModelError::TooLarge(format!("its trees have more than {MAX_NODES} nodes together")).into());
        }
        let lists = Lists {
            ids: trees.iter().copied().zip(ids.iter().copied()).zip(0..).collect(),
            modes: operator.texts("nodes_modes")?,
            features: operator.integers("nodes_featureids")?,
            values: numbers(operator, "nodes_values")?,
            yes: operator.integers("nodes_truenodeids")?,
            no: operator.integers("nodes_falsenodeids")?,
            none: operator.integers("nodes_missing_value_tracks_true")?,
            trees,
        };
        let lengths = [
            ("nodes_nodeids", ids.len()),
            ("nodes_modes", lists.modes.len()),
            ("nodes_featureids", lists.features.len()),
            ("nodes_values", lists.values.len()),
            ("nodes_truenodeids", lists.yes.len()),
            ("nodes_falsenodeids", lists.no.len()),
            ("nodes_missing_value_tracks_true", if lists.none.is_empty() { count } else { lists.none.len() }),
        ];
        if let Some((name, length)) = lengths.into_iter().find(|(_, length)| *length != count) {
            return Err(format!("`{name}` has {length} values for {count} nodes").into());
        }
        if lists.ids.len() != count {
            return Err("two nodes have the same number".into());
        }
        Ok(lists)
    }

    fn source(&self, at: usize, columns: &[Column], budget: &mut Budget) -> Result<Source, Refusal> {
        let tree = self.trees[at];
        if self.modes[at] == "LEAF" {
            return Ok(Source::Leaf);
        }
        let mode = Mode::of(self.modes[at]);
        let mode =
            mode.ok_or_else(|| Refusal::Unsupported(format!("splits of the mode `{}`", self.modes[at]), OTHERWISE))?;
        let column = usize::try_from(self.features[at]).ok().and_then(|feature| columns.get(feature));
        let column =
            column.ok_or_else(|| format!("tree {tree}: feature {} of {} columns", self.features[at], columns.len()))?;
        let child = |id: i64| {
            let found = self.ids.get(&(tree, id)).copied();
            found.ok_or_else(|| Refusal::from(format!("tree {tree}: there is no node {id}")))
        };
        let value = self.values[at];
        if value.is_nan() {
            return Err(format!("tree {tree}: a threshold is no number").into());
        }
        let none = self.none.get(at).is_some_and(|none| *none != 0);
        let question = column.question(mode, value, none);
        if let Question::Test { test: Test::In(codes), .. } = &question {
            budget.codes(codes.len())?;
        }
        Ok(Source::Split { input: column.input, question, yes: child(self.yes[at])?, no: child(self.no[at])? })
    }
}

impl Ensemble {
    /// Reads nodes and the weights of leaves, whose lists start with `kind`; also gives the number of trees.
    fn read(
        operator: &Operator<'_>,
        columns: &[Column],
        kind: &str,
        classes: usize,
    ) -> Result<(Ensemble, usize), Refusal> {
        let columns: Vec<Column> = columns.iter().map(Ensemble::compared).collect::<Result<_, _>>()?;
        let lists = Lists::read(operator)?;
        let mut budget = Budget::default();
        let nodes = (0..lists.trees.len()).map(|at| lists.source(at, &columns, &mut budget));
        let nodes: Vec<Source> = nodes.collect::<Result<_, _>>()?;
        let mut weights = vec![Vec::new(); nodes.len()];
        let (trees, ids) =
            (operator.integers(&format!("{kind}_treeids"))?, operator.integers(&format!("{kind}_nodeids"))?);
        let (owners, values) =
            (operator.integers(&format!("{kind}_ids"))?, numbers(operator, &format!("{kind}_weights"))?);
        if [ids.len(), owners.len(), values.len()].iter().any(|length| *length != trees.len()) {
            return Err(format!("the lists of `{kind}_weights` differ in length").into());
        }
        for ((tree, id), (owner, value)) in trees.iter().zip(&ids).zip(owners.iter().zip(&values)) {
            let at = lists.ids.get(&(*tree, *id)).copied();
            let at = at.ok_or_else(|| format!("a weight belongs to node {id} of tree {tree}, which does not exist"))?;
            let owner = usize::try_from(*owner).ok().filter(|owner| *owner < classes);
            weights[at].push((owner.ok_or_else(|| format!("a weight belongs to none of {classes} {kind}s"))?, *value));
        }
        let mut ensemble = Ensemble { roots: Vec::new(), nodes, weights, factor: 1.0 };
        ensemble.find_roots(&lists.trees)?;
        let count = ensemble.roots.len();
        Ok((ensemble, count))
    }

    /// A column as the operator compares it: whole numbers become 32-bit floats.
    fn compared(column: &Column) -> Result<Column, Refusal> {
        match column.element {
            Element::Text => Err("a text where a number belongs".into()),
            Element::Whole => Ok(column.then(super::encode::CAST)),
            Element::Single | Element::Double => Ok(column.clone()),
        }
    }

    /// The node of each tree that is nobody's child, in the order of the trees; and that each is a tree.
    fn find_roots(&mut self, trees: &[i64]) -> Result<(), Refusal> {
        let mut child = vec![false; self.nodes.len()];
        for node in &self.nodes {
            let Source::Split { yes, no, .. } = node else { continue };
            for next in [*yes, *no] {
                if std::mem::replace(&mut child[next], true) {
                    return Err(format!("tree {}: more than one way leads to a node", trees[next]).into());
                }
            }
        }
        let mut seen = std::collections::HashSet::new();
        for (at, tree) in trees.iter().enumerate() {
            if child[at] {
                continue;
            }
            if !seen.insert(*tree) {
                return Err(format!("tree {tree} has two roots").into());
            }
            self.roots.push(at);
        }
        // Every node is at most one node's child, so no way from a root comes back to it.
        let (mut open, mut reached) = (self.roots.clone(), vec![false; self.nodes.len()]);
        while let Some(at) = open.pop() {
            reached[at] = true;
            if let Source::Split { yes, no, .. } = &self.nodes[at] {
                open.extend([*yes, *no]);
            }
        }
        match reached.iter().position(|reached| !reached) {
            Some(at) => Err(format!("tree {}: nodes go round in a circle", trees[at]).into()),
            None => Ok(()),
        }
    }

    /// The trees of one raw value, in which the weights of each class count as often as `mix` says.
    pub(super) fn build(&self, mix: &[f64], budget: &mut Budget) -> Result<Vec<Vec<Node>>, Refusal> {
        self.roots.iter().map(|root| self.tree(*root, mix, budget)).collect()
    }

    fn tree(&self, root: usize, mix: &[f64], budget: &mut Budget) -> Result<Vec<Node>, Refusal> {
        let mut nodes = vec![Node::leaf(0.0)];
        let mut open = vec![(self.pass(root), 0)];
        while let Some((source, place)) = open.pop() {
            if nodes.len() > MAX_NODES {
                break;
            }
            let Source::Split { input, question, yes, no } = &self.nodes[source] else {
                nodes[place] = Node::leaf(self.value(source, mix));
                continue;
            };
            let (yes, no) = (self.pass(*yes), self.pass(*no));
            let (left, right) = (nodes.len(), nodes.len() + 1);
            nodes.extend([Node::leaf(0.0), Node::leaf(0.0)]);
            let way = |then: bool| if then { yes } else { no };
            match question {
                // Passed already.
                Question::Always(_) => {}
                Question::Test { test, then, missing } => {
                    if let Test::In(codes) = test {
                        budget.codes(codes.len())?;
                    }
                    let (test, missing_left) = (test.clone(), missing == then);
                    nodes[place].split =
                        Some(Split { input: *input, test, left, right, missing_left, zero_missing: false });
                    open.extend([(way(!then), right), (way(*then), left)]);
                }
                Question::Between { below, up_to, inside, missing } => {
                    // Not above, then not below; what is outside is built on both sides.
                    let inner = [nodes.len(), nodes.len() + 1];
                    nodes.extend([Node::leaf(0.0), Node::leaf(0.0)]);
                    let missing_in = missing == inside;
                    nodes[place].split = Some(Split::at_most(*input, *up_to, [left, right], missing_in));
                    nodes[left].split = Some(Split::at_most(*input, *below, inner, false));
                    open.extend([(way(!inside), right), (way(*inside), inner[1]), (way(!inside), inner[0])]);
                }
            }
        }
        budget.tree(nodes.len())?;
        let even = vec![1.0; nodes.len()];
        expected(&mut nodes, &even);
        Ok(nodes)
    }

    /// The first node from here on that does not send all rows one way.
    fn pass(&self, mut at: usize) -> usize {
        while let Source::Split { question: Question::Always(way), yes, no, .. } = &self.nodes[at] {
            at = if *way { *yes } else { *no };
        }
        at
    }

    fn value(&self, leaf: usize, mix: &[f64]) -> f64 {
        self.factor * self.weights[leaf].iter().map(|(class, weight)| mix[*class] * weight).sum::<f64>()
    }
}
