//! Text files of LightGBM, versions `v2` to `v4`: a header, the trees, and what Python knows of categories.

mod categories;
mod objective;
mod tree;

use super::{Budget, Format, broken, trees_model, unsupported};
use crate::error::ModelError;
use crate::model::{MAX_INPUTS, Model};
use crate::node::Node;
use crate::trees::{MAX_CLASSES, MAX_TREES, TreesInput};
use std::collections::HashMap;

/// Fields of the header, of a tree, and parameters.
const MAX_FIELDS: usize = 1_000;

/// `key=value` lines with the number of the line, from 1.
type Fields<'a> = HashMap<&'a str, (&'a str, usize)>;

/// The parts of a file.
struct Parts<'a> {
    header: Fields<'a>,
    trees: Vec<Fields<'a>>,
    /// `[key: value]` lines of the training's parameters.
    parameters: HashMap<&'a str, &'a str>,
    /// Python's list of categories.
    pandas: Option<&'a str>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Model, ModelError> {
    let text = std::str::from_utf8(bytes).map_err(|error| problem("the whole", format!("not UTF-8: {error}")))?;
    let parts = Parts::of(text)?;
    let classes = parts.count("num_tree_per_iteration")?;
    if !(1..=MAX_CLASSES).contains(&classes) {
        return Err(problem("`num_tree_per_iteration`", format!("{classes} is none of 1 to {MAX_CLASSES}")));
    }
    let (mut inputs, count) = parts.inputs()?;
    categories::name(&parts, &mut inputs)?;
    let mut budget = Budget::default();
    let trees = parts.trees.iter().enumerate().map(|(at, fields)| tree::read(at, fields, count, &mut budget));
    let trees: Vec<Vec<Node>> = trees.collect::<Result<_, _>>()?;
    let rounds = (trees.len() / classes).max(1) as f64;
    let answer = objective::read(parts.header.get("objective").copied(), classes)?;
    let mut model = trees_model(inputs, answer.link, trees);
    // A random forest answers by the mean over its rounds; its raw value is the sum all the same.
    let forest = parts.header.contains_key("average_output");
    model.scale = if forest { answer.scale / rounds } else { answer.scale };
    if classes > 1 {
        model.labels = (0..classes).map(|class| class.to_string()).collect();
        model.bases = vec![0.0; classes];
    }
    Ok(Model::Trees(model))
}

fn problem(place: impl ToString, problem: impl ToString) -> ModelError {
    broken(Format::LightGbm, place, problem)
}

fn refused(place: impl ToString, what: impl ToString, next: &'static str) -> ModelError {
    unsupported(Format::LightGbm, place, what, next)
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Parts<'a>, ModelError> {
        let mut parts = Parts { header: Fields::new(), trees: Vec::new(), parameters: HashMap::new(), pandas: None };
        let mut lines = text.lines().zip(1..);
        let mut ended = false;
        for (line, number) in lines.by_ref() {
            let line = line.trim();
            if line == "end of trees" {
                ended = true;
                break;
            }
            if let Some(place) = line.strip_prefix("Tree=") {
                if place.parse() != Ok(parts.trees.len()) {
                    let expected = parts.trees.len();
                    return Err(problem(
                        format!("line {number}"),
                        format!("`{}` where `Tree={expected}` belongs", cut(line)),
                    ));
                }
                if parts.trees.len() == MAX_TREES {
                    return Err(ModelError::TooLarge(format!("it has more than {MAX_TREES} trees")));
                }
                parts.trees.push(Fields::new());
            }
            let fields = parts.trees.last_mut().unwrap_or(&mut parts.header);
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            if fields.len() == MAX_FIELDS {
                return Err(problem(format!("line {number}"), format!("more than {MAX_FIELDS} fields in one part")));
            }
            if !key.is_empty() && fields.insert(key, (value, number)).is_some() {
                return Err(problem(format!("line {number}"), format!("`{}` is given twice", cut(key))));
            }
        }
        if !ended {
            return Err(problem("end", "the line `end of trees` is missing: the file was cut off"));
        }
        parts.read_parameters(lines.map(|(line, _)| line));
        Ok(parts)
    }

    /// The lines behind the trees.
    fn read_parameters(&mut self, lines: impl Iterator<Item = &'a str>) {
        for line in lines {
            let pair = line.trim().strip_prefix('[').and_then(|line| line.strip_suffix(']')?.split_once(':'));
            if let Some(pandas) = line.strip_prefix("pandas_categorical:") {
                self.pandas = Some(pandas);
            } else if let Some((key, value)) = pair
                && self.parameters.len() < MAX_FIELDS
            {
                self.parameters.insert(key, value.trim());
            }
        }
    }

    fn count(&self, key: &str) -> Result<usize, ModelError> {
        let (text, line) = field(&self.header, key, "the header")?;
        text.parse().map_err(|_| problem(format!("line {line}"), format!("`{key}={}` is no count", cut(text))))
    }

    /// The inputs as numbers, and how many there are.
    fn inputs(&self) -> Result<(Vec<TreesInput>, usize), ModelError> {
        let (names, line) = field(&self.header, "feature_names", "the header")?;
        let (count, last) = (names.split_whitespace().count(), self.count("max_feature_idx")?);
        if last.checked_add(1) != Some(count) {
            return Err(problem(format!("line {line}"), format!("{count} names, but `max_feature_idx` is {last}")));
        }
        if count > MAX_INPUTS {
            return Err(problem(format!("line {line}"), format!("{count} features, a model has at most {MAX_INPUTS}")));
        }
        Ok((names.split_whitespace().map(TreesInput::number).collect(), count))
    }
}

fn field<'a>(fields: &Fields<'a>, key: &str, place: &str) -> Result<(&'a str, usize), ModelError> {
    fields.get(key).copied().ok_or_else(|| problem(place, format!("`{key}` is missing")))
}

/// The start of a text, short enough for a message.
fn cut(text: &str) -> String {
    if text.chars().count() <= 40 { text.to_owned() } else { text.chars().take(40).chain("…".chars()).collect() }
}
