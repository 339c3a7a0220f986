//! Operators behind a model, which make its answer of raw values or of shares.

use super::proto::Node;
use super::scores::{Answer, Scores};
use super::walk::{Value, Walk};
use super::{OTHERWISE, Refusal};

impl<'a> Walk<'a> {
    /// What makes the shares of two classes of one: `1 − share`, and both side by side.
    pub(super) fn shares_of_two(&self, node: &Node<'a>) -> Option<Value> {
        let [first, second] = node.inputs[..] else { return None };
        match (node.operator, self.values.get(first), self.values.get(second)) {
            ("Sub", None, Some(Value::Scores(scores))) => {
                let one = self.graph.tensors.get(first)?.values == [1.0] && scores.bases.len() == 1;
                one.then_some(Value::Rest)
            }
            ("Concat", Some(Value::Rest), Some(Value::Scores(scores))) => {
                Some(Value::Scores(Scores { labels: vec!["0".into(), "1".into()], ..scores.clone() }))
            }
            _ => None,
        }
    }

    /// Operators behind scores or labels.
    pub(super) fn behind(&self, node: &Node<'a>) -> Result<Value, Refusal> {
        let scores = match self.value(node, 0)? {
            Value::Scores(scores) => scores,
            other => return Ok(other.clone()),
        };
        let unsupported =
            || Refusal::Unsupported(format!("the operator `{}` behind the model", node.operator), OTHERWISE);
        Ok(match node.operator {
            "ZipMap" | "Reshape" | "Flatten" => Value::Scores(scores.clone()),
            // Of shares, which are not negative.
            "Abs" if matches!(scores.answer, Answer::Sigmoid | Answer::Softmax) => Value::Scores(scores.clone()),
            "ReduceSum" => Value::Sum,
            "Div" if node.inputs.get(1).is_some_and(|name| matches!(self.values.get(name), Some(Value::Sum))) => {
                Value::Scores(scores.clone())
            }
            "Cast" if matches!(node.integer("to")?, Some(1 | 11)) => Value::Scores(scores.clone()),
            // Shares, which are normalised in our models anyway.
            "Normalizer" if scores.labels.len() >= 2 && node.text("norm")? == Some("L1") => {
                Value::Scores(scores.clone())
            }
            "Sigmoid" => Value::Scores(scores.answered(Answer::Sigmoid)?),
            "Softmax" => Value::Scores(scores.answered(Answer::Softmax)?),
            "Exp" => Value::Scores(scores.answered(Answer::Exp)?),
            "Add" if scores.answer == Answer::Plain => {
                let shift = &self.constant(node, 1)?.values;
                if shift.len() != scores.bases.len() {
                    return Err(unsupported());
                }
                let bases = scores.bases.iter().zip(shift).map(|(base, shift)| base + shift).collect();
                Value::Scores(Scores { bases, ..scores.clone() })
            }
            "ArgMax" => Value::Label,
            _ => return Err(unsupported()),
        })
    }
}
