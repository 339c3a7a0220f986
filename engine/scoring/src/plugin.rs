//! One loaded plugin: its manifest, its compiled code, and how rows are scored by it.

mod usage;

use crate::batch::{self, Row};
use crate::bindings::{FlatGuest, Manifest};
use crate::breaker::Breaker;
use crate::flat::{self, Codes, Plain};
use crate::inspect::inspect;
use crate::lock::sha256_hex;
use crate::manifest;
use crate::output::{self, Answer};
use crate::problem::{PluginProblem, failure};
use crate::sandbox::{Code, Guest, Sandbox};
use staunch_core::codes;
use staunch_core::score::{ScoreFailure, ScoreOutcome, Scored};
use staunch_core::time::Time;
use staunch_core::value::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
pub use usage::Usage;

/// Rows of one call.
pub const MAX_BATCH: usize = 1_024;

/// A plugin that was inspected, compiled and asked what it is.
pub struct Plugin {
    sandbox: Arc<Sandbox>,
    code: Code,
    manifest: Manifest,
    /// Of a plugin that exports the interface `values`.
    codes: Option<Codes>,
    digest: String,
    trained_until: Option<Time>,
    breaker: Mutex<Breaker>,
}

/// An answer for one row of a plugin.
pub type AnswerOrFailure = Result<Answer, ScoreFailure>;

impl Plugin {
    /// Takes a component's bytes. `name` is what problems are reported under.
    pub fn load(sandbox: &Arc<Sandbox>, name: &str, bytes: &[u8]) -> Result<Plugin, PluginProblem> {
        Plugin::try_load(sandbox, bytes).map_err(|failure| PluginProblem::new(name, failure))
    }

    fn try_load(sandbox: &Arc<Sandbox>, bytes: &[u8]) -> Result<Plugin, ScoreFailure> {
        inspect(bytes)?;
        let code = sandbox.compile(bytes)?;
        let manifest =
            sandbox.call(&code, 0, |guest, store| guest.plugin.staunch_scoring_plugin().call_describe(store))?;
        if let Some(problem) = manifest::problem(&manifest) {
            return Err(failure(codes::PLUGIN_MANIFEST, problem));
        }
        let codes = if code.is_quick() {
            let texts = sandbox.call(&code, 0, |guest, store| flat(guest)?.call_texts(store))?;
            Some(Codes::new(&manifest, texts).map_err(|problem| failure(codes::PLUGIN_MANIFEST, problem))?)
        } else {
            None
        };
        let (digest, trained_until) = (sha256_hex(bytes), manifest.trained_until());
        let (sandbox, breaker) = (sandbox.clone(), Mutex::default());
        Ok(Plugin { sandbox, code, manifest, codes, digest, trained_until, breaker })
    }

    /// What the plugin says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// sha256 of the component, hex.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Scores rows whose inputs are given by name, in any order: one answer per row, in order.
    pub fn answers(&self, rows: &[&[(String, Option<Value>)]]) -> Vec<AnswerOrFailure> {
        self.each(rows, |rows| self.explain(rows))
    }

    /// Scores rows as [`Plugin::answers`] does, through `score-batch` even where the plugin exports the interface `values`:
    /// both must give the same.
    pub fn answers_by_columns(&self, rows: &[&[(String, Option<Value>)]]) -> Vec<AnswerOrFailure> {
        self.each(rows, |rows| self.by_columns(rows))
    }

    /// Scores rows as [`Plugin::answers`] does, without asking why: the same values, sooner where the plugin exports the
    /// interface `values`. Only for plugins that give one number and its raw value; others get failures.
    pub fn plain_answers(&self, rows: &[&[(String, Option<Value>)]]) -> Vec<Result<Plain, ScoreFailure>> {
        self.each(rows, |rows| match &self.codes {
            Some(codes) => Ok(flat::plain(&self.manifest, &self.flat(rows.len(), &codes.numbers(rows), false)?)),
            None => Ok(self.explain(rows)?.into_iter().map(|answer| bare(answer?)).collect()),
        })
    }

    /// Scores 1 to [`MAX_BATCH`] rows of bare numbers in one call, through the interface `values`: row after row, one
    /// number per input in the manifest's order, NaN where it is missing. Value and raw value of each row, in order;
    /// one bad row fails all. `None` where the plugin does not export that interface or the rows are not whole.
    pub fn values(&self, rows: usize, numbers: &[f64]) -> Option<Result<Vec<f64>, ScoreFailure>> {
        self.numbers(rows, numbers, false)
    }

    /// Scores rows as [`Plugin::values`] does and says why: value, raw value and one contribution per input of each row.
    pub fn explained_values(&self, rows: usize, numbers: &[f64]) -> Option<Result<Vec<f64>, ScoreFailure>> {
        self.numbers(rows, numbers, true)
    }

    fn numbers(&self, rows: usize, numbers: &[f64], explains: bool) -> Option<Result<Vec<f64>, ScoreFailure>> {
        let inputs = self.manifest.inputs.len();
        let whole = (1..=MAX_BATCH).contains(&rows) && numbers.len() == rows * inputs;
        if self.codes.is_none() || !whole {
            return None;
        }
        if !self.breaker().admit() {
            return Some(Err(tripped()));
        }
        let width = if explains { 2 + inputs } else { 2 };
        let answer = self.flat(rows, numbers, explains).and_then(|answer| {
            let sound = |row: &[f64]| flat::sound(&self.manifest, row);
            answer.chunks_exact(width).try_for_each(sound)?;
            Ok(answer)
        });
        self.count(answer.as_ref().err());
        Some(answer)
    }

    /// Puts rows into order, has them scored in batches, and puts the answers in order.
    fn each<T: Clone>(&self, rows: &[&[(String, Option<Value>)]], call: impl Call<T>) -> Vec<Result<T, ScoreFailure>> {
        let mut answers: Vec<Option<Result<T, ScoreFailure>>> = vec![None; rows.len()];
        let (mut sound, mut places) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for (place, inputs) in rows.iter().enumerate() {
            match batch::row(&self.manifest, inputs) {
                Ok(row) => {
                    sound.push(row);
                    places.push(place);
                }
                Err(failure) => answers[place] = Some(Err(failure)),
            }
        }
        for (rows, places) in sound.chunks(MAX_BATCH).zip(places.chunks(MAX_BATCH)) {
            let mut scored = Vec::with_capacity(rows.len());
            self.batch(rows, &call, &mut scored);
            for (answer, place) in scored.into_iter().zip(places) {
                answers[*place] = Some(answer);
            }
        }
        let unanswered = || Err(failure(codes::PLUGIN_OUTPUT, "the row was not answered"));
        answers.into_iter().map(|answer| answer.unwrap_or_else(unanswered)).collect()
    }

    /// The answer as a decision keeps it, with this plugin's digest and training period.
    pub fn outcome(&self, answer: AnswerOrFailure) -> ScoreOutcome {
        let named = |failure: ScoreFailure| ScoreFailure {
            message: format!("plugin `{}`: {}", self.manifest.name, failure.message),
            ..failure
        };
        answer.map_err(named).map(|answer| Scored {
            value: answer.value,
            classes: answer.classes,
            ranking: answer.ranking.into_iter().map(|(item, _)| item).collect(),
            reasons: answer.reasons,
            digest: self.digest.clone(),
            trained_until: self.trained_until,
            shadow: None,
        })
    }

    fn batch<T>(&self, rows: &[Row<'_>], call: &impl Call<T>, answers: &mut Vec<Result<T, ScoreFailure>>) {
        let on_trial = {
            let mut breaker = self.breaker();
            if !breaker.admit() {
                answers.extend(rows.iter().map(|_| Err(tripped())));
                return;
            }
            breaker.on_trial()
        };
        let (first, rest) = rows.split_at(if on_trial { rows.len().min(1) } else { 0 });
        self.try_rows(first, call, answers);
        self.try_rows(rest, call, answers);
    }

    /// Scores rows in one call; where the call fails, in halves, so that one bad row does not take its neighbours with
    /// it and an answer does not depend on what else was in the batch.
    fn try_rows<T>(&self, rows: &[Row<'_>], call: &impl Call<T>, answers: &mut Vec<Result<T, ScoreFailure>>) {
        if rows.is_empty() {
            return;
        }
        if self.breaker().tripped() {
            answers.extend(rows.iter().map(|_| Err(tripped())));
            return;
        }
        match call(rows) {
            Ok(scored) => {
                for answer in scored {
                    self.count(answer.as_ref().err());
                    answers.push(answer);
                }
            }
            Err(failure) if rows.len() == 1 => {
                self.count(Some(&failure));
                answers.push(Err(failure));
            }
            Err(_) => {
                let (left, right) = rows.split_at(rows.len() / 2);
                self.try_rows(left, call, answers);
                self.try_rows(right, call, answers);
            }
        }
    }

    /// Answers with reasons, in one call.
    fn explain(&self, rows: &[Row<'_>]) -> Result<Vec<AnswerOrFailure>, ScoreFailure> {
        if let Some(codes) = &self.codes {
            let answer = self.flat(rows.len(), &codes.numbers(rows), true)?;
            return Ok(flat::explained(&self.manifest, &answer));
        }
        self.by_columns(rows)
    }

    fn by_columns(&self, rows: &[Row<'_>]) -> Result<Vec<AnswerOrFailure>, ScoreFailure> {
        let columns = batch::columns(&self.manifest, rows);
        let answer = self.sandbox.call(&self.code, rows.len(), |guest, store| {
            guest.plugin.staunch_scoring_plugin().call_score_batch(store, rows.len() as u32, &columns)
        })?;
        let scored = answer.map_err(|text| failure(codes::PLUGIN_REFUSED, output::printable(&text)))?;
        if scored.len() != rows.len() {
            let message = format!("{} answers for {} rows", scored.len(), rows.len());
            return Err(failure(codes::PLUGIN_OUTPUT, message));
        }
        Ok(scored.into_iter().map(|row| output::check(&self.manifest, row)).collect())
    }

    /// One call of the interface `values`; the answer has the right length.
    fn flat(&self, rows: usize, numbers: &[f64], explains: bool) -> Result<Vec<f64>, ScoreFailure> {
        let answer = self.sandbox.call(&self.code, rows, |guest, store| {
            let (flat, count) = (flat(guest)?, rows as u32);
            if explains {
                flat.call_explain_values(store, count, numbers)
            } else {
                flat.call_score_values(store, count, numbers)
            }
        })?;
        let width = if explains { 2 + self.manifest.inputs.len() } else { 2 };
        if answer.len() != rows * width {
            let message = format!("{} numbers for {rows} rows, {width} each are expected", answer.len());
            return Err(failure(codes::PLUGIN_OUTPUT, message));
        }
        Ok(answer)
    }

    fn count(&self, failed: Option<&ScoreFailure>) {
        let mut breaker = self.breaker();
        match failed {
            None => breaker.succeeded(),
            // To decline a row is an answer.
            Some(failure) if failure.code == codes::PLUGIN_DECLINED => breaker.succeeded(),
            Some(failure) => {
                if breaker.failed() {
                    tracing::warn!(plugin = %self.manifest.name, code = %failure.code, "plugin failed repeatedly and rests");
                }
            }
        }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call for some rows: an answer per row, or what keeps all of them from having one.
trait Call<T>: Fn(&[Row<'_>]) -> Result<Vec<Result<T, ScoreFailure>>, ScoreFailure> {}

impl<T, F: Fn(&[Row<'_>]) -> Result<Vec<Result<T, ScoreFailure>>, ScoreFailure>> Call<T> for F {}

fn flat(guest: &Guest) -> wasmtime::Result<&FlatGuest> {
    let flat = guest.flat.as_ref().map(crate::bindings::Flat::staunch_scoring_values);
    flat.ok_or_else(|| wasmtime::Error::msg("it does not export `values`"))
}

/// An answer without what it comes with.
fn bare(answer: Answer) -> Result<Plain, ScoreFailure> {
    let (single, raw) = (answer.classes.is_empty() && answer.ranking.is_empty(), answer.raw);
    let raw = raw.filter(|_| single).ok_or_else(|| failure(codes::PLUGIN_SHAPE, "it gives no number with a raw value"));
    raw.map(|raw| Plain { value: answer.value, raw })
}

fn tripped() -> ScoreFailure {
    failure(codes::PLUGIN_TRIPPED, "it failed repeatedly and rests; run `staunch plugin check` on it")
}
