//! One loaded plugin: its manifest, its compiled code, and how rows are scored by it.

mod demand;

use crate::abi::Guest;
use crate::batch::{self, Row};
use crate::bindings::Manifest;
use crate::breaker::{BREAKER_LOG, Breaker, is_news};
use crate::flat::{self, Codes, Plain};
use crate::limits::Limits;
use crate::lock::sha256_hex;
use crate::meter::{Meter, PluginUsage};
use crate::output::{self, Answer};
use crate::prepare::Prepared;
use crate::problem::{PluginProblem, failure};
use crate::refusals::Subject;
use crate::sandbox::{Code, Sandbox};
pub use demand::Demand;
use staunch_core::codes;
use staunch_core::score::{ScoreFailure, ScoreOutcome, Scored};
use staunch_core::time::Time;
use staunch_core::value::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use wasmtime::Store;

/// Rows of one call.
pub const MAX_BATCH: usize = 1_024;

/// A plugin that was inspected, compiled and asked what it is.
pub struct Plugin {
    sandbox: Arc<Sandbox>,
    code: Code,
    manifest: Manifest,
    /// Of a plugin that exports the interface `values`.
    codes: Option<Codes>,
    trained_until: Option<Time>,
    breaker: Mutex<Breaker>,
    meter: Meter,
}

/// An answer for one row of a plugin.
pub type AnswerOrFailure = Result<Answer, ScoreFailure>;

impl Plugin {
    /// Takes a component's bytes. `name` is what problems are reported under.
    ///
    /// # Errors
    /// What keeps it from being used.
    pub fn load(sandbox: &Arc<Sandbox>, name: &str, bytes: &[u8]) -> Result<Plugin, PluginProblem> {
        let subject = Subject { plugin: name.to_owned(), digest: sha256_hex(bytes) };
        Plugin::known(sandbox, subject, bytes)
    }

    /// Takes a component whose digest is known.
    pub(crate) fn known(sandbox: &Arc<Sandbox>, subject: Subject, bytes: &[u8]) -> Result<Plugin, PluginProblem> {
        let prepared = sandbox.prepare(&subject, bytes);
        let prepared = prepared.map_err(|failure| PluginProblem::new(&subject.plugin, failure))?;
        let Prepared { code, manifest, codes } = prepared;
        let (trained_until, meter) = (manifest.trained_until(), Meter::new(manifest.inputs.len()));
        let (sandbox, breaker) = (sandbox.clone(), Mutex::default());
        Ok(Plugin { sandbox, code, manifest, codes, trained_until, breaker, meter })
    }

    /// What the plugin says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// sha256 of the component, hex.
    pub fn digest(&self) -> &str {
        &self.code.subject().digest
    }

    /// What it was asked since it was loaded.
    pub fn usage(&self) -> PluginUsage {
        let names = self.manifest.inputs.iter().map(|input| input.name.as_str());
        self.meter.usage([&self.manifest.name, &self.manifest.version, self.digest()], names)
    }

    /// Whether instances of it are called again, because it is proven to be what our own compiler makes.
    pub fn resets(&self) -> bool {
        self.code.resets()
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
            return Some(Err(self.rests(rows)));
        }
        self.meter.numbers(rows, numbers);
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
                Err(failure) => {
                    self.meter.failed(&failure.code, 1);
                    answers[place] = Some(Err(failure));
                }
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
            digest: Some(self.digest().to_owned()),
            ..failure
        };
        answer.map_err(named).map(|answer| Scored {
            value: answer.value,
            classes: answer.classes,
            ranking: answer.ranking.into_iter().map(|(item, _)| item).collect(),
            reasons: answer.reasons,
            digest: self.digest().to_owned(),
            trained_until: self.trained_until,
            shadow: None,
        })
    }

    fn batch<T>(&self, rows: &[Row<'_>], call: &impl Call<T>, answers: &mut Vec<Result<T, ScoreFailure>>) {
        let on_trial = {
            let mut breaker = self.breaker();
            if !breaker.admit() {
                let rests = self.rests(rows.len());
                answers.extend(rows.iter().map(|_| Err(rests.clone())));
                return;
            }
            breaker.on_trial()
        };
        self.meter.rows(rows);
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
            let rests = self.rests(rows.len());
            answers.extend(rows.iter().map(|_| Err(rests.clone())));
            return;
        }
        match call(rows) {
            Ok(scored) => {
                for answer in scored {
                    self.count(answer.as_ref().err());
                    answers.push(answer);
                }
            }
            // Nothing was asked of the plugin, and fewer rows would wait as long.
            Err(failure) if failure.code == codes::PLUGIN_BUSY => {
                self.meter.failed(&failure.code, rows.len());
                answers.extend(rows.iter().map(|_| Err(failure.clone())));
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
        let answer = self.call(rows.len(), |guest, store| guest.score_batch(store, rows.len() as u32, &columns))?;
        let scored = answer.map_err(|text| failure(codes::PLUGIN_REFUSED, output::printable(&text)))?;
        if scored.len() != rows.len() {
            let message = format!("{} answers for {} rows", scored.len(), rows.len());
            return Err(failure(codes::PLUGIN_OUTPUT, message));
        }
        let refused = |fault| self.sandbox.refused(self.code.subject(), fault);
        Ok(scored.into_iter().map(|row| output::check(&self.manifest, row).map_err(refused)).collect())
    }

    /// One call of the interface `values`; the answer has the right length.
    fn flat(&self, rows: usize, numbers: &[f64], explains: bool) -> Result<Vec<f64>, ScoreFailure> {
        let answer = self.call(rows, |guest, store| guest.values(store, rows as u32, numbers, explains))?;
        let width = if explains { 2 + self.manifest.inputs.len() } else { 2 };
        if answer.len() != rows * width {
            let message = format!("{} numbers for {rows} rows, {width} each are expected", answer.len());
            return Err(failure(codes::PLUGIN_OUTPUT, message));
        }
        Ok(answer)
    }

    /// One call of the plugin, counted. The clock only tells how long it took.
    fn call<T>(
        &self,
        rows: usize,
        call: impl FnOnce(&dyn Guest, &mut Store<Limits>) -> wasmtime::Result<T>,
    ) -> Result<T, ScoreFailure> {
        let start = Instant::now();
        let answer = self.sandbox.call(&self.code, rows, call);
        self.meter.call(rows, answer.as_ref().map_or(0, |(_, fuel)| *fuel), start.elapsed());
        answer.map(|(answer, _)| answer)
    }

    fn count(&self, failed: Option<&ScoreFailure>) {
        if let Some(failure) = failed {
            self.meter.failed(&failure.code, 1);
        }
        let mut breaker = self.breaker();
        match failed {
            None => breaker.succeeded(),
            // To decline a row is an answer.
            Some(failure) if failure.code == codes::PLUGIN_DECLINED => breaker.succeeded(),
            Some(failure) if failure.code == codes::PLUGIN_BUSY => {}
            Some(failure) => {
                if breaker.failed() {
                    self.tell_trip(self.meter.tripped(), &failure.code);
                }
            }
        }
    }

    fn tell_trip(&self, times: u64, code: &str) {
        if is_news(times) {
            let plugin = &self.manifest.name;
            tracing::warn!(target: BREAKER_LOG, %plugin, %code, times, "plugin failed repeatedly and rests");
        }
    }

    /// What rows get while it rests.
    fn rests(&self, rows: usize) -> ScoreFailure {
        self.meter.failed(codes::PLUGIN_TRIPPED, rows);
        resting()
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call for some rows: an answer per row, or what keeps all of them from having one.
trait Call<T>: Fn(&[Row<'_>]) -> Result<Vec<Result<T, ScoreFailure>>, ScoreFailure> {}

impl<T, F: Fn(&[Row<'_>]) -> Result<Vec<Result<T, ScoreFailure>>, ScoreFailure>> Call<T> for F {}

/// An answer without what it comes with.
fn bare(answer: Answer) -> Result<Plain, ScoreFailure> {
    let (single, raw) = (answer.classes.is_empty() && answer.ranking.is_empty(), answer.raw);
    let raw = raw.filter(|_| single).ok_or_else(|| failure(codes::PLUGIN_SHAPE, "it gives no number with a raw value"));
    raw.map(|raw| Plain { value: answer.value, raw })
}

fn resting() -> ScoreFailure {
    failure(codes::PLUGIN_TRIPPED, "it failed repeatedly and rests; run `staunch plugin check` on it")
}
