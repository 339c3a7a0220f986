//! One tree of an XGBoost file.
//!
//! A split is `x < condition` for left; one over categories has a list of codes that go right, and every other category
//! goes left. Nodes that the pruning took out stay in the lists, where no way leads to them.

use super::super::single::largest_below;
use super::super::{Budget, expected};
use super::Reader;
use super::file::Tree;
use crate::error::ModelError;
use crate::node::{MAX_CODE, Node, Split, Test};

/// Reads tree `at`, whose leaves count `weight` times; `inputs` is the number of inputs.
pub(super) fn read(
    reader: Reader,
    at: usize,
    tree: &Tree,
    weight: f64,
    inputs: usize,
    budget: &mut Budget,
) -> Result<Vec<Node>, ModelError> {
    let place = format!("tree {at}");
    if tree.tree_param.size_leaf_vector.parse::<u32>().is_ok_and(|size| size > 1) {
        let next = "train with `multi_strategy=one_output_per_tree`";
        return Err(reader.refused(place, "leaves with several values (`multi_output_tree`)", next));
    }
    let written = Written::of(reader, place, tree)?;
    let order = written.order()?;
    budget.tree(order.len())?;
    let mut places = vec![0; written.count];
    for (new, old) in order.iter().enumerate() {
        places[*old] = new;
    }
    let mut nodes = Vec::with_capacity(order.len());
    for old in &order {
        nodes.push(match written.children(*old)? {
            None => Node::leaf(f64::from(tree.split_conditions.0[*old]) * weight),
            Some(children) => {
                let split = written.split(*old, children.map(|child| places[child]), inputs)?;
                if let Test::In(codes) = &split.test {
                    budget.codes(codes.len())?;
                }
                Node { value: 0.0, split: Some(split) }
            }
        });
    }
    let weights: Vec<f64> =
        order.iter().map(|old| tree.sum_hessian.0.get(*old).copied().map_or(0.0, f64::from)).collect();
    expected(&mut nodes, &weights);
    Ok(nodes)
}

struct Written<'a> {
    reader: Reader,
    place: String,
    tree: &'a Tree,
    count: usize,
    /// For each node its list of categories.
    lists: Vec<Option<&'a [i32]>>,
}

impl<'a> Written<'a> {
    fn of(reader: Reader, place: String, tree: &'a Tree) -> Result<Written<'a>, ModelError> {
        let count = tree.left_children.0.len();
        let lengths = [
            ("right_children", tree.right_children.0.len()),
            ("split_conditions", tree.split_conditions.0.len()),
            ("split_indices", tree.split_indices.0.len()),
            ("default_left", tree.default_left.0.len()),
        ];
        if count == 0 {
            return Err(reader.problem(place, "it has no node"));
        }
        if let Some((key, length)) = lengths.into_iter().find(|(_, length)| *length != count) {
            return Err(reader.problem(format!("{place}, `{key}`"), format!("{length} values for {count} nodes")));
        }
        let mut written = Written { reader, place, tree, count, lists: vec![None; count] };
        written.find_lists()?;
        Ok(written)
    }

    fn problem(&self, node: usize, text: impl std::fmt::Display) -> ModelError {
        self.reader.problem(format!("{}, node {node}", self.place), text)
    }

    fn find_lists(&mut self) -> Result<(), ModelError> {
        let tree = self.tree;
        let count = tree.categories_nodes.0.len();
        if tree.categories_segments.0.len() != count || tree.categories_sizes.0.len() != count {
            let text = "`categories_nodes`, `categories_segments` and `categories_sizes` differ in length";
            return Err(self.reader.problem(&self.place, text));
        }
        let parts = tree.categories_segments.0.iter().zip(&tree.categories_sizes.0);
        for (node, (from, size)) in tree.categories_nodes.0.iter().zip(parts) {
            let ends = usize::try_from(*from).ok().zip(usize::try_from(*size).ok());
            let list = ends.and_then(|(from, size)| tree.categories.0.get(from..from.checked_add(size)?));
            let slot = usize::try_from(*node).ok().and_then(|node| self.lists.get_mut(node));
            let (Some(slot), Some(list)) = (slot, list) else {
                return Err(self
                    .reader
                    .problem(&self.place, format!("the list of categories of node {node} does not exist")));
            };
            *slot = Some(list);
        }
        Ok(())
    }

    /// Left and right child of an inner node.
    fn children(&self, node: usize) -> Result<Option<[usize; 2]>, ModelError> {
        let (left, right) = (self.tree.left_children.0[node], self.tree.right_children.0[node]);
        if left == -1 {
            return Ok(None);
        }
        let child = |child: i32| usize::try_from(child).ok().filter(|child| *child < self.count);
        match (child(left), child(right)) {
            (Some(left), Some(right)) => Ok(Some([left, right])),
            _ => Err(self.problem(node, format!("its children are {left} and {right} of {} nodes", self.count))),
        }
    }

    /// The nodes that a row can reach, each before its children.
    fn order(&self) -> Result<Vec<usize>, ModelError> {
        let (mut order, mut open, mut reached) = (Vec::new(), vec![0], vec![false; self.count]);
        while let Some(node) = open.pop() {
            if std::mem::replace(&mut reached[node], true) {
                return Err(self.problem(node, "more than one way leads to it"));
            }
            order.push(node);
            if let Some([left, right]) = self.children(node)? {
                open.extend([right, left]);
            }
        }
        Ok(order)
    }

    fn split(&self, node: usize, [left, right]: [usize; 2], inputs: usize) -> Result<Split, ModelError> {
        let tree = self.tree;
        let input = usize::try_from(tree.split_indices.0[node]).ok().filter(|input| *input < inputs);
        let input = input.ok_or_else(|| {
            let text = format!("feature {}, the model has {inputs} (the first is 0)", tree.split_indices.0[node]);
            self.problem(node, text)
        })?;
        let missing_left = tree.default_left.0[node].0;
        match tree.split_type.0.get(node).copied().unwrap_or(0) {
            0 => {
                let condition = tree.split_conditions.0[node];
                if condition.is_nan() {
                    return Err(self.problem(node, "its condition is no number"));
                }
                Ok(Split::at_most(input, largest_below(condition), [left, right], missing_left))
            }
            1 => {
                // What is listed goes right there, and left with us.
                let test = Test::In(self.codes(node)?);
                Ok(Split { input, test, left: right, right: left, missing_left: !missing_left, zero_missing: false })
            }
            other => Err(self.problem(node, format!("split type {other} is unknown"))),
        }
    }

    fn codes(&self, node: usize) -> Result<Vec<u32>, ModelError> {
        let list = self.lists[node].ok_or_else(|| self.problem(node, "its list of categories is missing"))?;
        let codes = list.iter().map(|code| u32::try_from(*code));
        let mut codes: Vec<u32> =
            codes.collect::<Result<_, _>>().map_err(|_| self.problem(node, "a category is negative"))?;
        codes.sort_unstable();
        codes.dedup();
        if codes.last().is_some_and(|code| *code > MAX_CODE) {
            let next = "number the categories from 0 on, without gaps";
            let place = format!("{}, node {node}", self.place);
            return Err(self.reader.refused(place, format!("a category above {MAX_CODE}"), next));
        }
        Ok(codes)
    }
}
