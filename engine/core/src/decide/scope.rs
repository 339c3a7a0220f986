//! The names that an expression can read at one moment, fetched one by one and written down for the receipt.

use super::features;
use super::{Env, Scores};
use crate::account::AccountDelta;
use crate::contact::Contact;
use crate::event::Event;
use crate::expr::{EvalError, Expr, Root, Scope};
use crate::receipt::{ScoreNote, shown};
use crate::run::EntryEvent;
use crate::score::{IfUnavailable, ScoreDef, ScoreKind, ScoreRequest};
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

impl Reads {
    fn noted(&self, def: &ScoreDef) -> Option<&ScoreNote> {
        self.scores.iter().find(|note| note.name == def.name)
    }
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
    /// What the event under way adds to the account.
    pub delta: Option<&'a AccountDelta>,
    /// Whether what is read is written down.
    pub full: bool,
}

static NO_SCORES: Scores = Scores::new();

/// How deep expressions may read each other. The checker lets no circle through; this keeps a stack where one is.
const DEEPEST: u32 = 32;

impl<'a> Moment<'a> {
    /// A scope without event, entry and scores that writes nothing down.
    pub fn bare(env: &'a Env<'a>, workflow: &'a Workflow, contact: &'a Contact, at: Time) -> Moment<'a> {
        Moment {
            env,
            workflow,
            contact,
            event: None,
            entry: None,
            at,
            scores: &NO_SCORES,
            reads: RefCell::default(),
            depth: Cell::new(0),
            personal: Cell::new(false),
            delta: None,
            full: false,
        }
    }

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
            Root::Account => schema.account.get(name).is_some_and(|field| field.personal),
            _ => false,
        }
    }

    /// A score, or a part of one: `topic`, `topic.label`, `topic.of:billing`, `next.top:0`.
    fn score(&self, name: &str) -> Result<Option<Value>, EvalError> {
        let (name, part) = name.split_once('.').map_or((name, None), |(name, part)| (name, Some(part)));
        let def = self.def(name)?;
        let Some(part) = part else { return Ok(Some(Value::Number(self.score_value(def)?))) };
        self.note(def)?;
        let reads = self.reads.borrow();
        let Some(note) = reads.noted(def) else { return Ok(None) };
        if note.value.is_none() {
            return Err(EvalError::ScoreUnavailable(name.to_owned()));
        }
        let share = |label: &str| note.classes.iter().find(|(known, _)| known == label).map(|(_, share)| *share);
        Ok(match part.split_once(':').unwrap_or((part, "")) {
            ("label", _) => note.classes.first().map(|(label, _)| Value::Text(label.clone())),
            ("p", _) => note.classes.first().map(|(_, share)| Value::Number(*share)),
            ("of", label) => Some(Value::Number(share(label).unwrap_or(0.0))),
            ("top", place) => {
                let place: usize = place.parse().unwrap_or(usize::MAX);
                note.ranking.get(place).map(|item| Value::Text(item.clone()))
            }
            _ => return Err(EvalError::Failed(format!("a score has no part `{part}`"))),
        })
    }

    fn def(&self, name: &str) -> Result<&'a ScoreDef, EvalError> {
        let found = self.workflow.scores.iter().find(|def| def.name == name);
        found.ok_or_else(|| EvalError::Failed(format!("no score `{name}` in this workflow")))
    }

    fn score_value(&self, def: &ScoreDef) -> Result<f64, EvalError> {
        self.note(def)?;
        let value = self.reads.borrow().noted(def).and_then(|note| note.value);
        match (value, &def.if_unavailable) {
            (Some(value), _) => Ok(value),
            (None, IfUnavailable::Expr(expr)) => self.substitute(def, expr),
            (None, _) => Err(EvalError::ScoreUnavailable(def.name.clone())),
        }
    }

    /// Notes the score from those handed in with what the plugin saw, unless it is noted; or the request for it.
    fn note(&self, def: &ScoreDef) -> Result<(), EvalError> {
        if self.reads.borrow().noted(def).is_some() {
            return Ok(());
        }
        let values = self.inputs(def)?;
        let plain =
            def.inputs.iter().zip(&values).map(|((_, name), (value, _))| (last_part(name).to_owned(), value.clone()));
        let request = ScoreRequest { plugin: def.plugin.clone(), inputs: plain.collect() };
        let answered;
        let outcome = if let Some(score) = self.env.score {
            answered = score(&request, self.at);
            &answered
        } else {
            let key = request.key();
            let Some(outcome) = self.scores.get(&key) else {
                self.reads.borrow_mut().need = Some((key, request));
                return Err(EvalError::NeedScore(def.name.clone()));
            };
            outcome
        };
        let named = def.inputs.iter().zip(values).map(|((root, name), (value, personal))| {
            (format!("{}.{name}", root.word()), value.map(|value| shown(&value, personal)))
        });
        let note = note_of(def, outcome, named.collect(), self.at);
        self.reads.borrow_mut().scores.push(note);
        Ok(())
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
        let def = self.def(name)?;
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
                if self.full && !self.personal.get() {
                    self.reads.borrow_mut().features.insert(name.to_owned(), value);
                }
                Ok(Some(Value::Number(value)))
            }
            Root::Score => self.score(name),
            Root::Band => self.band(name),
            Root::Account => {
                let account = self.contact.account.as_ref().and_then(|(id, _)| self.env.accounts.get(id));
                Ok(account.and_then(|account| account.fields.get(name).cloned()))
            }
        }
    }
}

impl Scope for Moment<'_> {
    fn get(&self, root: Root, name: &str) -> Result<Option<Value>, EvalError> {
        if !self.full {
            return self.lookup(root, name);
        }
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
        value: scored.map(|scored| scored.value).filter(|_| scored.is_some_and(|scored| fits(def, scored))),
        classes: scored.map(|scored| scored.classes.clone()).unwrap_or_default(),
        ranking: scored.map(|scored| scored.ranking.clone()).unwrap_or_default(),
        band: scored.and_then(|scored| band_of(def, scored.value)).map(str::to_owned),
        failure: outcome.as_ref().err().map(ToString::to_string),
        reasons: scored.map(|scored| scored.reasons.clone()).unwrap_or_default(),
        digest: match outcome {
            Ok(scored) => Some(scored.digest.clone()),
            Err(failure) => failure.digest.clone(),
        },
        inputs,
        shadow: scored.and_then(|scored| scored.shadow.clone()),
        in_training: scored.and_then(|scored| scored.trained_until).is_some_and(|until| at < until),
    }
}

/// An answer of another shape than the one that the workflow was checked against is none.
fn fits(def: &ScoreDef, scored: &crate::score::Scored) -> bool {
    match &def.kind {
        ScoreKind::Scalar => scored.classes.is_empty() && scored.ranking.is_empty(),
        ScoreKind::Classes(_) => !scored.classes.is_empty(),
        ScoreKind::Ranking => scored.classes.is_empty(),
    }
}

fn band_of(def: &ScoreDef, value: f64) -> Option<&str> {
    def.bands.iter().rev().find(|band| value >= band.from).map(|band| band.name.as_str())
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
