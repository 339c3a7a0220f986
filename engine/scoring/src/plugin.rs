//! One loaded plugin: its manifest, its compiled code, and how rows are scored by it.

use crate::batch::{self, Row};
use crate::bindings::{GuestPre, Manifest};
use crate::breaker::Breaker;
use crate::inspect::inspect;
use crate::lock::sha256_hex;
use crate::manifest;
use crate::output::{self, Answer};
use crate::problem::{PluginProblem, failure};
use crate::sandbox::Sandbox;
use staunch_core::codes;
use staunch_core::score::{ScoreFailure, ScoreOutcome, Scored};
use staunch_core::time::Time;
use staunch_core::value::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wasmtime::StoreLimits;

/// Rows of one call.
pub const MAX_BATCH: usize = 1_024;

/// A plugin that was inspected, compiled and asked what it is.
pub struct Plugin {
    sandbox: Arc<Sandbox>,
    pre: GuestPre<StoreLimits>,
    manifest: Manifest,
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
        let pre = sandbox.compile(bytes)?;
        let manifest = sandbox.call(&pre, 0, |guest, store| guest.staunch_scoring_plugin().call_describe(store))?;
        if let Some(problem) = manifest::problem(&manifest) {
            return Err(failure(codes::PLUGIN_MANIFEST, problem));
        }
        let (digest, trained_until) = (sha256_hex(bytes), manifest.trained_until());
        Ok(Plugin { sandbox: sandbox.clone(), pre, manifest, digest, trained_until, breaker: Mutex::default() })
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
        let mut answers: Vec<Option<AnswerOrFailure>> = vec![None; rows.len()];
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
            self.batch(rows, &mut scored);
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
        })
    }

    fn batch(&self, rows: &[Row<'_>], answers: &mut Vec<AnswerOrFailure>) {
        let on_trial = {
            let mut breaker = self.breaker();
            if !breaker.admit() {
                answers.extend(rows.iter().map(|_| Err(tripped())));
                return;
            }
            breaker.on_trial()
        };
        let (first, rest) = rows.split_at(if on_trial { rows.len().min(1) } else { 0 });
        self.try_rows(first, answers);
        self.try_rows(rest, answers);
    }

    /// Scores rows in one call; where the call fails, in halves, so that one bad row does not take its neighbours with
    /// it and an answer does not depend on what else was in the batch.
    fn try_rows(&self, rows: &[Row<'_>], answers: &mut Vec<AnswerOrFailure>) {
        if rows.is_empty() {
            return;
        }
        if self.breaker().tripped() {
            answers.extend(rows.iter().map(|_| Err(tripped())));
            return;
        }
        match self.call(rows) {
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
                self.try_rows(left, answers);
                self.try_rows(right, answers);
            }
        }
    }

    fn call(&self, rows: &[Row<'_>]) -> Result<Vec<AnswerOrFailure>, ScoreFailure> {
        let columns = batch::columns(&self.manifest, rows);
        let answer = self.sandbox.call(&self.pre, rows.len(), |guest, store| {
            guest.staunch_scoring_plugin().call_score_batch(store, rows.len() as u32, &columns)
        })?;
        let scored = answer.map_err(|text| failure(codes::PLUGIN_REFUSED, output::printable(&text)))?;
        if scored.len() != rows.len() {
            let message = format!("{} answers for {} rows", scored.len(), rows.len());
            return Err(failure(codes::PLUGIN_OUTPUT, message));
        }
        Ok(scored.into_iter().map(|row| output::check(&self.manifest, row)).collect())
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

fn tripped() -> ScoreFailure {
    failure(codes::PLUGIN_TRIPPED, "it failed repeatedly and rests; run `staunch plugin check` on it")
}
