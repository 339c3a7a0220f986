//! The names that an expression can read at one moment, fetched one by one and written down for the receipt.

use super::features;
use super::{Env, Scores};
use crate::contact::Contact;
use crate::event::Event;
use crate::expr::{EvalError, Expr, Root, Scope};
use crate::receipt::{ScoreNote, shown};
use crate::run::EntryEvent;
use crate::score::{IfUnavailable, ScoreDef, ScoreRequest};
use crate::time::Time;
use crate::value::Value;
use crate::workflow::Workflow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// What was read while expressions ran.
#[derive(Debug, Default)]
pub(super) struct Reads {
    pub values: Vec<(String, Option<Value>)>,
    pub features: BTreeMap<String, f64>,
    pub scores: Vec<ScoreNote>,
    /// The score that is missing, with its key.
    pub need: Option<(String, ScoreRequest)>,
}

/// The scope of one workflow for one contact at one time.
pub(super) struct Moment<'a> {
    pub env: &'a Env<'a>,
    pub workflow: &'a Workflow,
    pub contact: &'a Contact,
    pub event: Option<&'a Event>,
    pub entry: Option<&'a EntryEvent>,
    pub at: Time,
    pub scores: &'a Scores,
    pub reads: RefCell<Reads>,
    /// Expressions under way: a feature or substitute may read another one.
    pub depth: Cell<u32>,
    /// Whether what is being read leads to a personal field.
    pub personal: Cell<bool>,
}

/// How deep expressions may read each other. The checker lets no circle through; this keeps a stack where one is.
const DEEPEST: u32 = 32;

impl<'a> Moment<'a> {
    /// Evaluates an expression of the workflow here.
    pub fn eval(&self, expr: &Expr) -> Result<Value, EvalError> {
        let depth = self.depth.get();
        if depth >= DEEPEST {
            return Err(EvalError::Failed("expressions that read each other in a circle".into()));
        }
        self.depth.set(depth + 1);
        let result = self.env.evaluator.eval(expr, self);
        self.depth.set(depth);
        result
    }

    /// Evaluates a condition.
    pub fn holds(&self, expr: &Expr) -> Result<bool, EvalError> {
        match self.eval(expr)? {
            Value::Bool(truth) => Ok(truth),
            other => Err(EvalError::Failed(format!("gave {} where true or false is needed", other.kind().word()))),
        }
    }

    /// Takes the values read since the last call, for the trace of one expression.
    pub fn take_values(&self) -> Vec<(String, Option<Value>)> {
        std::mem::take(&mut self.reads.borrow_mut().values)
    }

    /// Whether a name stands for a personal field, whose value no receipt shows.
    fn is_personal(&self, root: Root, name: &str) -> bool {
        let schema = &self.env.catalog.workspace.schema;
        match root {
            Root::Contact => schema.contact.get(name).is_some_and(|field| field.personal),
            Root::Event => {
                self.event.and_then(|event| schema.events.get(&event.kind)?.get(name)).is_some_and(|f| f.personal)
            }
            Root::Entry => schema.events.values().filter_map(|fields| fields.get(name)).any(|field| field.personal),
            _ => false,
        }
    }

    fn score(&self, name: &str) -> Result<Option<Value>, EvalError> {
        let Some(def) = self.workflow.scores.iter().find(|def| def.name == name) else {
            return Err(EvalError::Failed(format!("no score `{name}` in this workflow")));
        };
        Ok(Some(Value::Number(self.score_value(def)?)))
    }

    fn score_value(&self, def: &ScoreDef) -> Result<f64, EvalError> {
        let noted = self.reads.borrow().scores.iter().find(|note| note.name == def.name).map(|note| note.value);
        let value = match noted {
            Some(value) => value,
            None => self.fetch(def)?,
        };
        match (value, &def.if_unavailable) {
            (Some(value), _) => Ok(value),
            (None, IfUnavailable::Expr(expr)) => self.substitute(def, expr),
            (None, _) => Err(EvalError::ScoreUnavailable(def.name.clone())),
        }
    }

    /// The score from those handed in, noted with what the plugin saw; or the request for it.
    fn fetch(&self, def: &ScoreDef) -> Result<Option<f64>, EvalError> {
        let values = self.inputs(def)?;
        let plain =
            def.inputs.iter().zip(&values).map(|((_, name), (value, _))| (last_part(name).to_owned(), value.clone()));
        let request = ScoreRequest { plugin: def.plugin.clone(), inputs: plain.collect() };
        let key = request.key();
        let Some(outcome) = self.scores.get(&key) else {
            self.reads.borrow_mut().need = Some((key, request));
            return Err(EvalError::NeedScore(def.name.clone()));
        };
        let named = def.inputs.iter().zip(values).map(|((root, name), (value, personal))| {
            (format!("{}.{name}", root.word()), value.map(|value| shown(&value, personal)))
        });
        let note = note_of(def, outcome, named.collect(), self.at);
        let value = note.value;
        self.reads.borrow_mut().scores.push(note);
        Ok(value)
    }

    fn substitute(&self, def: &ScoreDef, expr: &Expr) -> Result<f64, EvalError> {
        self.eval(expr)?
            .number()
            .ok_or_else(|| EvalError::Failed(format!("the substitute of score `{}` is no number", def.name)))
    }

    fn inputs(&self, def: &ScoreDef) -> Result<Vec<(Option<Value>, bool)>, EvalError> {
        // What a plugin sees is in the score's own note, not among the values that the rule itself read.
        let before = self.reads.borrow().values.len();
        let inputs = def.inputs.iter().map(|(root, name)| self.read(*root, name)).collect();
        self.reads.borrow_mut().values.truncate(before);
        inputs
    }

    fn band(&self, name: &str) -> Result<Option<Value>, EvalError> {
        let Some(def) = self.workflow.scores.iter().find(|def| def.name == name) else {
            return Err(EvalError::Failed(format!("no score `{name}` in this workflow")));
        };
        let value = self.score_value(def)?;
        Ok(band_of(def, value).map(|band| Value::Text(band.to_owned())))
    }

    /// A value, and whether receipts mask it: it is personal, or a feature made of what is. A score is not: what a model
    /// makes of a person is the very thing that a receipt explains.
    fn read(&self, root: Root, name: &str) -> Result<(Option<Value>, bool), EvalError> {
        let outer = self.personal.replace(self.is_personal(root, name));
        let value = self.lookup(root, name);
        let personal = self.personal.get() && !matches!(root, Root::Score | Root::Band);
        self.personal.set(outer || personal);
        Ok((value?, personal))
    }

    fn lookup(&self, root: Root, name: &str) -> Result<Option<Value>, EvalError> {
        match root {
            Root::Contact => Ok(self.contact.fields.get(name).cloned()),
            Root::Event => {
                let event = self.event.ok_or_else(|| EvalError::Failed("there is no event here".into()))?;
                Ok(event.fields.get(name).cloned())
            }
            Root::Entry => {
                let entry = self.entry.ok_or_else(|| EvalError::Failed("there is no entry here".into()))?;
                Ok(entry.fields.get(name).cloned())
            }
            Root::Feature => {
                let value = features::value(self, name)?;
                // A feature made of a personal field is as personal as that.
                if !self.personal.get() {
                    self.reads.borrow_mut().features.insert(name.to_owned(), value);
                }
                Ok(Some(Value::Number(value)))
            }
            Root::Score => self.score(name),
            Root::Band => self.band(name),
            Root::Account => Err(EvalError::Failed("accounts are not available in this version".into())),
        }
    }
}

impl Scope for Moment<'_> {
    fn get(&self, root: Root, name: &str) -> Result<Option<Value>, EvalError> {
        let (value, personal) = self.read(root, name)?;
        let shown = value.as_ref().map(|value| shown(value, personal));
        let mut reads = self.reads.borrow_mut();
        let full = format!("{}.{name}", root.word());
        if !reads.values.iter().any(|(known, _)| *known == full) {
            reads.values.push((full, shown));
        }
        Ok(value)
    }
}

fn note_of(
    def: &ScoreDef,
    outcome: &crate::score::ScoreOutcome,
    inputs: Vec<(String, Option<Value>)>,
    at: Time,
) -> ScoreNote {
    let scored = outcome.as_ref().ok();
    ScoreNote {
        name: def.name.clone(),
        plugin: def.plugin.clone(),
        value: scored.map(|scored| scored.value),
        band: scored.and_then(|scored| band_of(def, scored.value)).map(str::to_owned),
        failure: outcome.as_ref().err().map(ToString::to_string),
        reasons: scored.map(|scored| scored.reasons.clone()).unwrap_or_default(),
        digest: scored.map(|scored| scored.digest.clone()),
        inputs,
        in_training: scored.and_then(|scored| scored.trained_until).is_some_and(|until| at < until),
    }
}

fn band_of(def: &ScoreDef, value: f64) -> Option<&str> {
    def.bands.iter().rev().find(|band| value >= band.from).map(|band| band.name.as_str())
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
