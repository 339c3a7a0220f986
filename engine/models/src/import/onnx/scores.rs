//! Raw values of a model and how its answer comes from them, and the model of ours that this makes.

use super::super::{Budget, trees_model};
use super::ensemble::Ensemble;
use super::linear::Linear;
use super::{OTHERWISE, Refusal};
use crate::model::Model;
use crate::node::Node;
use crate::trees::{Link, MAX_CLASSES, TreesInput};
use std::rc::Rc;

/// One raw value for each class or one alone.
#[derive(Clone, Debug)]
pub(super) struct Scores {
    pub(super) body: Body,
    /// What is added to each raw value.
    pub(super) bases: Vec<f64>,
    /// Labels of classes; none of a regression.
    pub(super) labels: Vec<String>,
    pub(super) answer: Answer,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    Trees(Rc<Ensemble>),
    Linear(Rc<Linear>),
}

/// From raw values to the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// They are it.
    Plain,
    /// The sigmoid of each.
    Sigmoid,
    /// Shares of all by e^raw.
    Softmax,
    /// e^raw.
    Exp,
}

impl Answer {
    /// By the name that ONNX has for it.
    pub(super) fn of(post_transform: Option<&str>) -> Result<Answer, Refusal> {
        match post_transform.unwrap_or("NONE") {
            "NONE" => Ok(Answer::Plain),
            "LOGISTIC" => Ok(Answer::Sigmoid),
            "SOFTMAX" => Ok(Answer::Softmax),
            other => Err(Refusal::Unsupported(format!("`post_transform` {other}"), OTHERWISE)),
        }
    }
}

impl Scores {
    /// The same with another way to the answer, which takes raw values only.
    pub(super) fn answered(&self, answer: Answer) -> Result<Scores, Refusal> {
        if self.answer != Answer::Plain {
            return Err(Refusal::Unsupported("a second function behind the answer".into(), OTHERWISE));
        }
        Ok(Scores { answer, ..self.clone() })
    }

    pub(super) fn model(&self, inputs: Vec<TreesInput>) -> Result<Model, Refusal> {
        let classes = self.labels.len();
        if classes > 2 {
            return self.of_classes(inputs);
        }
        let (mix, link) = self.single()?;
        let base = mix.iter().zip(&self.bases).map(|(factor, base)| factor * base).sum::<f64>();
        match &self.body {
            Body::Trees(ensemble) => {
                let mut model = trees_model(inputs, link, ensemble.build(&mix, &mut Budget::default())?);
                model.base = base;
                Ok(Model::Trees(model))
            }
            Body::Linear(linear) => linear.model(inputs, &[mix], &[base], (link, &[])),
        }
    }

    /// What one number is made of: how often each raw value counts, and the way to the answer. Of two classes it is the
    /// share of the second.
    fn single(&self) -> Result<(Vec<f64>, Link), Refusal> {
        let link = match self.answer {
            Answer::Plain => Link::Identity,
            Answer::Sigmoid | Answer::Softmax => Link::Sigmoid,
            Answer::Exp => Link::Exp,
        };
        let mix = match (self.labels.len(), self.bases.len(), self.answer) {
            (_, 1, Answer::Softmax) | (0, 2.., _) => {
                return Err(Refusal::Unsupported("several targets at once".into(), "train one model for each target"));
            }
            (_, 1, _) => vec![1.0],
            (2, 2, Answer::Softmax) => vec![-1.0, 1.0],
            (2, 2, _) => vec![0.0, 1.0],
            (labels, raws, _) => return Err(format!("{raws} raw values for {labels} classes").into()),
        };
        Ok((mix, link))
    }

    fn of_classes(&self, inputs: Vec<TreesInput>) -> Result<Model, Refusal> {
        let classes = self.labels.len();
        if self.bases.len() != classes || classes > MAX_CLASSES {
            return Err(format!(
                "{} raw values for {classes} classes, of which there are at most {MAX_CLASSES}",
                self.bases.len()
            )
            .into());
        }
        let link = match self.answer {
            Answer::Softmax => Link::Softmax,
            Answer::Sigmoid => Link::OneVsRest,
            Answer::Plain | Answer::Exp => Link::Shares,
        };
        let own = |class| (0..classes).map(|other| f64::from(u8::from(other == class))).collect();
        let mixes: Vec<Vec<f64>> = (0..classes).map(own).collect();
        let ensemble = match &self.body {
            Body::Trees(ensemble) => ensemble,
            Body::Linear(linear) => return linear.model(inputs, &mixes, &self.bases, (link, &self.labels)),
        };
        let mut budget = Budget::default();
        let by_class = mixes.iter().map(|mix| ensemble.build(mix, &mut budget).map(Vec::into_iter));
        let mut by_class: Vec<std::vec::IntoIter<Vec<Node>>> = by_class.collect::<Result<_, _>>()?;
        let mut trees = Vec::new();
        while let Some(round) = by_class.iter_mut().map(Iterator::next).collect::<Option<Vec<_>>>() {
            trees.extend(round);
        }
        let mut model = trees_model(inputs, link, trees);
        model.labels.clone_from(&self.labels);
        model.bases.clone_from(&self.bases);
        Ok(Model::Trees(model))
    }
}
