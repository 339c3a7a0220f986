//! Expressions as the core sees them: source text, and one trait that evaluates it. `rules` implements it with Rhai.

use crate::value::{Type, Value};
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

/// One expression of a workflow file. Two of them are equal when their texts are.
#[derive(Clone, Serialize, Deserialize)]
pub struct Expr {
    /// The text as written.
    pub source: Arc<str>,
    /// What an evaluator made of the text, so that it need not look for it at every event.
    #[serde(skip)]
    prepared: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl Expr {
    /// An expression of this text; nothing is read yet.
    pub fn new(source: impl Into<Arc<str>>) -> Expr {
        Expr { source: source.into(), prepared: OnceLock::new() }
    }

    /// What an evaluator left here, if it is of its type.
    pub fn prepared<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.prepared.get()?.downcast_ref()
    }

    /// Leaves something here for the next evaluation. It has to depend on the text alone; the first one stays.
    pub fn prepare(&self, made: Arc<dyn Any + Send + Sync>) {
        // Two threads may have made the same from the same text: either will do.
        let _ = self.prepared.set(made);
    }
}

impl std::fmt::Debug for Expr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Expr").field("source", &self.source).finish()
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Expr {}

impl Hash for Expr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.source.hash(state);
    }
}

/// The seven roots that a name can start with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Root {
    /// The person.
    Contact,
    /// The account of the person.
    Account,
    /// The event being handled.
    Event,
    /// What started the run, frozen.
    Entry,
    /// A declared feature.
    Feature,
    /// A declared score.
    Score,
    /// The band a score falls in.
    Band,
}

impl Root {
    /// All roots with the word used in files.
    pub const ALL: [(Root, &'static str); 7] = [
        (Root::Contact, "contact"),
        (Root::Account, "account"),
        (Root::Event, "event"),
        (Root::Entry, "entry"),
        (Root::Feature, "feature"),
        (Root::Score, "score"),
        (Root::Band, "band"),
    ];

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Root> {
        Root::ALL.iter().find(|(_, name)| *name == word).map(|(root, _)| *root)
    }

    /// The word used in files.
    pub fn word(self) -> &'static str {
        Root::ALL.iter().find(|(root, _)| *root == self).map_or("", |(_, word)| word)
    }
}

/// Names and values at one moment. Values are fetched one by one, only when an expression asks.
pub trait Scope {
    /// The value of `root.name`; `Ok(None)` where it is missing.
    ///
    /// Parts of a score are names, too: `churn` is the number of a scalar; `topic.label`, `topic.p` and
    /// `topic.of:billing` belong to classes (`score.topic.of("billing")`), `next.top:0` to a ranking
    /// (`score.next.top(0)`).
    ///
    /// # Errors
    /// Why it cannot be known now: a score that is still needed, or one that failed.
    fn get(&self, root: Root, name: &str) -> Result<Option<Value>, EvalError>;
}

/// Why an expression gave no value.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EvalError {
    /// The score of this name has to be computed first; the caller does so and decides again.
    #[error("score `{0}` is needed")]
    NeedScore(String),
    /// The score of this name is unavailable.
    #[error("score `{0}` is unavailable")]
    ScoreUnavailable(String),
    /// The expression failed: a missing value without `??`, a limit, a wrong type.
    #[error("{0}")]
    Failed(String),
}

/// Evaluates expressions. Deterministic, bounded, without side effects.
pub trait Evaluator: Send + Sync {
    /// The value of an expression.
    ///
    /// # Errors
    /// See [`EvalError`].
    fn eval(&self, expr: &Expr, scope: &dyn Scope) -> Result<Value, EvalError>;
}

/// The declared type of a name, for checking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameType {
    /// Its type.
    pub kind: Type,
    /// May be missing: an expression has to give a default with `??`.
    pub optional: bool,
}

/// What names exist at one place of a file, for checking.
pub trait Names {
    /// The type of `root.name`, or `None` where no such name exists here.
    fn lookup(&self, root: Root, name: &str) -> Option<NameType>;
    /// All names under a root here, for "did you mean"; empty where the root itself has no place here.
    fn list(&self, root: Root) -> Vec<String>;
    /// The only texts that `root.name` can be; empty where it can be any.
    fn choices(&self, _root: Root, _name: &str) -> Vec<String> {
        Vec::new()
    }
}

/// A problem in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExprProblem {
    /// Stable code, one of `codes::*`.
    pub code: &'static str,
    /// Where it starts: byte offset into the source.
    pub offset: usize,
    /// What is wrong.
    pub message: String,
    /// What to do next.
    pub help: String,
}

/// Checks expressions before anything runs. `rules` implements it.
pub trait Checker {
    /// All problems of an expression that should give a `want`, and the names it reads.
    fn check(&self, source: &str, names: &dyn Names, want: Type) -> Checked;
}

/// The result of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// What is wrong; empty = fine.
    pub problems: Vec<ExprProblem>,
    /// The names that the expression reads, sorted, each once.
    pub reads: Vec<(Root, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_evaluator_leaves_is_shared_by_clones_and_seen_by_nobody_else() {
        let plain = Expr::new("true");
        let used = plain.clone();
        used.prepare(Arc::new(7u32));
        used.prepare(Arc::new(8u32));
        assert_eq!((used.prepared::<u32>(), used.clone().prepared::<u32>()), (Some(&7), Some(&7)));
        assert_eq!((used.prepared::<String>(), plain.prepared::<u32>()), (None, None));
        assert_eq!(format!("{used:?}"), format!("{plain:?}"));
        assert_eq!(used, plain);
        assert_eq!(serde_json::to_string(&used).unwrap(), "{\"source\":\"true\"}");
        assert_eq!(serde_json::from_str::<Expr>("{\"source\":\"true\"}").unwrap(), plain);
    }
}
