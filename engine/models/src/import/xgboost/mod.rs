//! Models of XGBoost, 1.0 and later, in JSON or UBJSON: both hold the same parts (`file`).
//!
//! XGBoost computes in 32-bit floats. Thresholds become ones in 64 bits that give the same answers (`super::single`);
//! sums are made in 64 bits, which differs from its own by their rounding only.

mod file;
mod linear;
mod objective;
mod tree;

use super::{Budget, Format, broken, trees_model, ubjson, unsupported};
use crate::error::ModelError;
use crate::model::Model;
use crate::node::Node;
use crate::trees::{Link, MAX_CLASSES, TreesInput};
use file::{Booster, File, Forest, Learner};
use objective::Answer;
use serde::Deserialize;

pub(super) fn read_json(bytes: &[u8]) -> Result<Model, ModelError> {
    let format = Format::XgboostJson;
    let file: File = serde_json::from_slice(bytes).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let text = error.to_string();
        broken(format, place, text.rsplit_once(" at line").map_or(text.as_str(), |(text, _)| text))
    })?;
    Reader { format }.model(&file.learner)
}

pub(super) fn read_ubjson(bytes: &[u8]) -> Result<Model, ModelError> {
    let format = Format::XgboostUbjson;
    let mut reader = ubjson::Reader::new(bytes);
    let file = File::deserialize(&mut reader).and_then(|file| reader.end().map(|()| file));
    let file = file.map_err(|error| broken(format, format!("byte {}", reader.at), error))?;
    Reader { format }.model(&file.learner)
}

/// Translates, and says in errors which of the formats it was.
#[derive(Clone, Copy)]
struct Reader {
    format: Format,
}

impl Reader {
    fn problem(self, place: impl ToString, problem: impl ToString) -> ModelError {
        broken(self.format, place, problem)
    }

    fn refused(self, place: impl ToString, what: impl ToString, next: &'static str) -> ModelError {
        unsupported(self.format, place, what, next)
    }

    fn model(self, learner: &Learner) -> Result<Model, ModelError> {
        let parameters = &learner.learner_model_param;
        let targets = parameters.num_target.as_deref().map_or(Ok(1), |text| self.count("num_target", text))?;
        if targets > 1 {
            return Err(self.refused("`num_target`", "several targets at once", "train one model for each target"));
        }
        let classes = self.count("num_class", &parameters.num_class)?.max(1);
        if classes > MAX_CLASSES {
            return Err(self.problem("`num_class`", format!("{classes} classes, at most {MAX_CLASSES} are read")));
        }
        let inputs = self.inputs(learner)?;
        let answer = objective::answer(self, &learner.objective.name, classes)?;
        let bases = objective::bases(self, &parameters.base_score, classes, answer.base)?;
        match learner.gradient_booster.name.as_str() {
            "gbtree" | "dart" => self.forest(learner, inputs, &answer, bases),
            "gblinear" => linear::model(self, &learner.gradient_booster, inputs, &answer, bases),
            other => {
                Err(self.refused("`gradient_booster`", format!("the booster `{other}`"), "train with `booster=gbtree`"))
            }
        }
    }

    fn count(self, place: &str, text: &str) -> Result<usize, ModelError> {
        text.parse().map_err(|_| self.problem(format!("`{place}`"), format!("`{text}` is no count")))
    }

    fn inputs(self, learner: &Learner) -> Result<Vec<TreesInput>, ModelError> {
        let count = self.count("num_feature", &learner.learner_model_param.num_feature)?;
        let names = &learner.feature_names.0;
        if !names.is_empty() && names.len() != count {
            return Err(self.problem("`feature_names`", format!("{} names for {count} features", names.len())));
        }
        if count > crate::model::MAX_INPUTS {
            let text = format!("{count} features, a model has at most {}", crate::model::MAX_INPUTS);
            return Err(self.problem("`num_feature`", text));
        }
        if names.is_empty() {
            return Ok((0..count).map(|at| TreesInput::number(format!("f{at}"))).collect());
        }
        Ok(names.iter().map(TreesInput::number).collect())
    }

    fn forest(
        self,
        learner: &Learner,
        mut inputs: Vec<TreesInput>,
        answer: &Answer,
        bases: Vec<f64>,
    ) -> Result<Model, ModelError> {
        let booster = &learner.gradient_booster;
        let forest = self.trees_of(booster)?;
        self.name_categories(forest, &mut inputs)?;
        let drops = &booster.weight_drop.0;
        if !drops.is_empty() && drops.len() != forest.trees.0.len() {
            let text = format!("{} weights for {} trees", drops.len(), forest.trees.0.len());
            return Err(self.problem("`weight_drop`", text));
        }
        let (mut rounds, mut budget) = (Rounds::new(bases.len()), Budget::default());
        if forest.tree_info.0.len() != forest.trees.0.len() {
            let text = format!("{} classes for {} trees", forest.tree_info.0.len(), forest.trees.0.len());
            return Err(self.problem("`tree_info`", text));
        }
        for (at, (written, class)) in forest.trees.0.iter().zip(&forest.tree_info.0).enumerate() {
            let weight = drops.get(at).copied().map_or(1.0, f64::from);
            let nodes = tree::read(self, at, written, weight, inputs.len(), &mut budget)?;
            let class = usize::try_from(*class).ok().and_then(|class| rounds.classes.get_mut(class));
            class.ok_or_else(|| self.problem("`tree_info`", format!("tree {at} belongs to no class")))?.push(nodes);
        }
        let mut model = trees_model(inputs, answer.link, rounds.trees(&mut budget)?);
        if matches!(answer.link, Link::Softmax | Link::OneVsRest) {
            model.labels = (0..bases.len()).map(|class| class.to_string()).collect();
            model.bases = bases;
        } else {
            model.base = bases[0];
        }
        Ok(Model::Trees(model))
    }

    fn trees_of(self, booster: &Booster) -> Result<&Forest, ModelError> {
        let inner = booster.gbtree.as_ref().map(|inner| &inner.model);
        inner.or(booster.model.as_ref()).ok_or_else(|| self.problem("`gradient_booster`", "`model` is missing"))
    }

    /// Since 3.1 a model keeps the categories of the data frame that it learnt from.
    fn name_categories(self, forest: &Forest, inputs: &mut [TreesInput]) -> Result<(), ModelError> {
        for (at, (encoding, input)) in forest.cats.enc.0.iter().zip(inputs).enumerate() {
            let problem = |text| self.problem(format!("`cats`, feature {at}"), text);
            input.categories = encoding.texts().map_err(problem)?;
        }
        Ok(())
    }
}

/// Trees by class.
struct Rounds {
    classes: Vec<Vec<Vec<Node>>>,
}

impl Rounds {
    fn new(classes: usize) -> Rounds {
        Rounds { classes: vec![Vec::new(); classes] }
    }

    /// One tree of each class after the other; a class with fewer trees gets some that change nothing.
    fn trees(self, budget: &mut Budget) -> Result<Vec<Vec<Node>>, ModelError> {
        let rounds = self.classes.iter().map(Vec::len).max().unwrap_or(0);
        let mut classes: Vec<_> = self.classes.into_iter().map(Vec::into_iter).collect();
        let mut trees = Vec::new();
        for _ in 0..rounds {
            for class in &mut classes {
                let tree = match class.next() {
                    Some(tree) => tree,
                    None => {
                        budget.tree(1)?;
                        vec![Node::leaf(0.0)]
                    }
                };
                trees.push(tree);
            }
        }
        Ok(trees)
    }
}
