//! Expressions and names of events, checked at their places; what is read is remembered for the lint.

use super::Flow;
use super::names::{Place, score_of};
use crate::yaml::{Kind, Node};
use staunch_core::codes;
use staunch_core::expr::{Expr, Root};
use staunch_core::value::Type;
use staunch_core::workflow::matches_any;

impl Flow<'_, '_> {
    /// Event names or globs, each of which has to match something.
    pub(super) fn events(&mut self, node: &Node) -> Vec<String> {
        let texts = self.reader.texts(node);
        if let Some(workspace) = self.around.workspace {
            for (at, name) in &texts {
                let pattern = [(*name).to_owned()];
                if !workspace.events().iter().any(|event| matches_any(&pattern, event)) {
                    self.reader.unknown(
                        *at,
                        codes::UNKNOWN_EVENT,
                        "a declared or built-in event",
                        name,
                        workspace.events(),
                    );
                }
            }
        }
        texts.into_iter().map(|(_, name)| name.to_owned()).collect()
    }

    /// An expression, checked at its place, with the names that it reads.
    pub(super) fn expr(&mut self, node: &Node, place: &Place, want: Type) -> Option<(Expr, Vec<(Root, String)>)> {
        let Kind::Scalar(scalar) = &node.kind else {
            self.reader.wrong(node, "an expression");
            return None;
        };
        if node.in_flow {
            let help = "write the mapping as a block, one key in each line";
            self.reader.error(
                node.at,
                codes::EXPRESSION_IN_FLOW,
                "an expression cannot stand inside `{ }` or `[ ]`",
                help,
            );
            return None;
        }
        let expr = Expr::new(scalar.text.trim_end());
        if self.around.workspace.is_none() {
            return Some((expr, Vec::new()));
        }
        let checked = self.around.checker.check(&expr.source, &self.known.at(place), want);
        for problem in &checked.problems {
            let at = self.reader.source.inside(node, problem.offset);
            self.reader.error(at, problem.code, &problem.message, &problem.help);
        }
        for (root, name) in &checked.reads {
            match root {
                Root::Score | Root::Band => drop(self.scores_read.insert(score_of(name).to_owned())),
                Root::Feature => drop(self.features_read.insert(name.clone())),
                _ => {}
            }
        }
        checked.problems.is_empty().then_some((expr, checked.reads))
    }
}

/// Names or globs as written, without a check.
pub(super) fn pattern_texts(node: &Node) -> Vec<String> {
    let nodes = match &node.kind {
        Kind::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let texts = nodes.iter().filter_map(|node| match &node.kind {
        Kind::Scalar(scalar) => Some(scalar.text.clone()),
        _ => None,
    });
    texts.collect()
}
