//! Challengers: a second version of a plugin that scores the same rows in the shadow of the one in force.
//!
//! What it says is noted beside the score that counts and decides nothing. It may not slow decisions down either: one that
//! fails several times in a row is not asked again until the plugins are loaded anew.

use crate::bindings::{InputKind, Manifest};
use crate::breaker::FAILURES;
use crate::plugin::{AnswerOrFailure, Plugin};
use staunch_core::score::{Scored, Shadow};
use staunch_core::value::Value;
use std::sync::atomic::{AtomicU32, Ordering};

/// A challenger that was loaded.
pub struct Challenger {
    plugin: Plugin,
    /// Failures in a row.
    failures: AtomicU32,
}

impl Challenger {
    /// Takes a loaded plugin as the challenger of `champion`.
    ///
    /// # Errors
    /// What keeps it from answering in the champion's place, in words.
    pub fn new(plugin: Plugin, champion: &Plugin) -> Result<Challenger, String> {
        match misfit(plugin.manifest(), champion.manifest()) {
            Some(problem) => Err(problem),
            None => Ok(Challenger { plugin, failures: AtomicU32::new(0) }),
        }
    }

    /// The plugin.
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// Notes what it says of rows beside the champion's scores; a row that the champion did not score is not asked.
    pub fn shadow(&self, rows: &[&[(String, Option<Value>)]], scores: &mut [Option<&mut Scored>]) {
        if self.failures.load(Ordering::Relaxed) >= FAILURES {
            return;
        }
        let answered: Vec<usize> = (0..scores.len()).filter(|place| scores[*place].is_some()).collect();
        let rows: Vec<Vec<_>> = answered.iter().map(|place| self.inputs(rows[*place])).collect();
        let rows: Vec<_> = rows.iter().map(Vec::as_slice).collect();
        for (answer, place) in self.plugin.answers(&rows).into_iter().zip(answered) {
            self.count(&answer);
            if let Some(scored) = &mut scores[place] {
                scored.shadow = Some(self.said(answer));
            }
        }
    }

    /// What of the champion's inputs it reads as well.
    fn inputs(&self, row: &[(String, Option<Value>)]) -> Vec<(String, Option<Value>)> {
        let reads = |name: &str| self.plugin.manifest().inputs.iter().any(|input| input.name == name);
        row.iter().filter(|(name, _)| reads(name)).cloned().collect()
    }

    fn count(&self, answer: &AnswerOrFailure) {
        let failed = answer.as_ref().is_err_and(|failure| failure.code != staunch_core::codes::PLUGIN_DECLINED);
        if !failed {
            self.failures.store(0, Ordering::Relaxed);
        } else if self.failures.fetch_add(1, Ordering::Relaxed) + 1 == FAILURES {
            let (name, version) = (&self.plugin.manifest().name, &self.plugin.manifest().version);
            tracing::warn!(plugin = %name, %version, "challenger failed repeatedly and is not asked any more");
        }
    }

    fn said(&self, answer: AnswerOrFailure) -> Shadow {
        let (version, digest) = (self.plugin.manifest().version.clone(), self.plugin.digest().to_owned());
        match answer {
            Ok(answer) => {
                let first = |list: &[(String, f64)]| list.first().map(|(name, _)| name.clone());
                let choice = first(&answer.classes).or_else(|| first(&answer.ranking));
                Shadow { version, digest, value: Some(answer.value), choice, failure: None }
            }
            Err(failure) => Shadow { version, digest, value: None, choice: None, failure: Some(failure.to_string()) },
        }
    }
}

/// Why the one cannot answer in the other's place.
fn misfit(challenger: &Manifest, champion: &Manifest) -> Option<String> {
    if challenger.name != champion.name {
        return Some(format!("it names itself `{}`, the plugin is `{}`", challenger.name, champion.name));
    }
    if challenger.version == champion.version {
        return Some(format!("it is version {} like the one in force: nobody could tell them apart", champion.version));
    }
    if challenger.kind != champion.kind {
        return Some("its answers have another shape".into());
    }
    let same = |name: &str, kind: InputKind| champion.inputs.iter().any(|one| one.name == name && one.kind == kind);
    let lost = challenger.inputs.iter().find(|input| !same(&input.name, input.kind));
    if let Some(input) = lost {
        return Some(format!(
            "it reads `{}`, which the version in force does not read: no workflow would hand it over",
            input.name
        ));
    }
    let mut labels = [challenger.labels.clone(), champion.labels.clone()];
    labels.iter_mut().for_each(|list| list.sort());
    (labels[0] != labels[1]).then(|| "its classes have other labels".into())
}
