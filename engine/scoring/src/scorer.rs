//! The one trait that the worker, tests and simulations score through, and a scorer with fixed answers.

use crate::meter::PluginUsage;
use crate::refusals::Refusal;
use staunch_core::codes;
use staunch_core::score::{ScoreFailure, ScoreOutcome, ScoreRequest};
use std::collections::HashMap;

/// Scores rows. The answers stand in the order of the requests, one for each; a row's answer does not depend on the
/// other rows as long as the plugin works.
pub trait Scorer: Send + Sync {
    /// Blocks until every row has an answer or a failure; it never panics on what a plugin does. Takes microseconds for
    /// a compiled model, at most a few seconds for a plugin that hangs.
    fn score(&self, requests: &[ScoreRequest]) -> Vec<ScoreOutcome>;

    /// What its plugins were asked since they were loaded.
    fn usage(&self) -> Vec<PluginUsage> {
        Vec::new()
    }

    /// What limits refused to its plugins.
    fn refusals(&self) -> Vec<Refusal> {
        Vec::new()
    }
}

/// Gives the same outcome to every row of a plugin: for tests and `staunch test`.
#[derive(Clone, Debug, Default)]
pub struct StaticScorer {
    outcomes: HashMap<String, ScoreOutcome>,
}

impl StaticScorer {
    /// A scorer that knows no plugin.
    pub fn new() -> StaticScorer {
        StaticScorer::default()
    }

    /// Sets the outcome of a plugin.
    pub fn set(&mut self, plugin: impl Into<String>, outcome: ScoreOutcome) -> &mut StaticScorer {
        self.outcomes.insert(plugin.into(), outcome);
        self
    }
}

impl FromIterator<(String, ScoreOutcome)> for StaticScorer {
    fn from_iter<T: IntoIterator<Item = (String, ScoreOutcome)>>(outcomes: T) -> Self {
        StaticScorer { outcomes: outcomes.into_iter().collect() }
    }
}

impl Scorer for StaticScorer {
    fn score(&self, requests: &[ScoreRequest]) -> Vec<ScoreOutcome> {
        let one = |request: &ScoreRequest| match self.outcomes.get(&request.plugin) {
            Some(outcome) => outcome.clone(),
            None => {
                let message = format!("no score is given for plugin `{}`", request.plugin);
                Err(ScoreFailure::new(codes::PLUGIN_MISSING, message))
            }
        };
        requests.iter().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use staunch_core::score::Scored;

    #[test]
    fn gives_what_was_set_and_fails_otherwise() {
        let mut scorer = StaticScorer::new();
        scorer.set("a", Ok(Scored::scalar(0.6, "d")));
        let ask = |plugin: &str| ScoreRequest { plugin: plugin.into(), inputs: Vec::new() };
        let got = scorer.score(&[ask("b"), ask("a")]);
        assert_eq!(got[0].as_ref().unwrap_err().code, codes::PLUGIN_MISSING);
        assert_eq!(got[1].as_ref().unwrap().value, 0.6);
    }
}
