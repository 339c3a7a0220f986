//! What keeps a plugin from being used, in words that a person can act on.

use staunch_core::codes::{self, Code};
use staunch_core::score::ScoreFailure;

/// What the problem of a challenger adds to the plugin's name.
const CHALLENGER: &str = " (challenger)";

/// A plugin that cannot be used. Its rows fail with the same code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("{code} plugin `{plugin}`: {message}")]
pub struct PluginProblem {
    /// Stable code.
    pub code: Code,
    /// The plugin's name in `staunch.lock`, or its file where it has none.
    pub plugin: String,
    /// What is wrong and where.
    pub message: String,
    /// What to do next.
    pub help: String,
}

impl PluginProblem {
    pub(crate) fn new(plugin: &str, failure: ScoreFailure) -> PluginProblem {
        let (code, help) = advice(&failure.code);
        PluginProblem { code, plugin: plugin.to_owned(), message: failure.message, help: help.to_owned() }
    }

    /// Marks it as one of the plugin's challenger.
    pub(crate) fn challenger(self) -> PluginProblem {
        PluginProblem { plugin: self.plugin + CHALLENGER, ..self }
    }

    /// Whether it is about a challenger, which decides nothing.
    pub fn of_challenger(&self) -> bool {
        self.plugin.ends_with(CHALLENGER)
    }

    /// The failure of a row that asks for this plugin.
    pub fn failure(&self) -> ScoreFailure {
        failure(self.code, format!("plugin `{}`: {}", self.plugin, self.message))
    }
}

pub(crate) fn failure(code: Code, message: impl Into<String>) -> ScoreFailure {
    ScoreFailure::new(code, message)
}

fn advice(code: &str) -> (Code, &'static str) {
    let known: [(Code, &str); 14] = [
        (codes::PLUGIN_MISSING, "put the file back or build it again, then run `staunch lock`"),
        (
            codes::PLUGIN_DIGEST,
            "if the change is meant, run `staunch lock` and have it reviewed; else restore the file",
        ),
        (codes::PLUGIN_TRAP, "run `staunch plugin check` on it and mend what it reports"),
        (
            codes::PLUGIN_FUEL,
            "a plugin must describe itself and score a row in few instructions: look for an endless loop",
        ),
        (codes::PLUGIN_DEADLINE, "a plugin must answer within a second: look for an endless loop"),
        (codes::PLUGIN_OUTPUT, "compare what the plugin returns with `plugins/wit/scoring.wit`"),
        (codes::PLUGIN_IMPORTS, "build it without WASI (for Rust: target `wasm32-unknown-unknown`)"),
        (codes::PLUGIN_TOO_LARGE, "strip it, optimise for size, or use a smaller model"),
        (
            codes::PLUGIN_INVALID,
            "build it as a component of the world `staunch:scoring/scorer@1.0.0`, see `plugins/wit`",
        ),
        (codes::PLUGIN_LIMITS, "a plugin has 64 MiB of memory; use a smaller model"),
        (codes::PLUGIN_COMPILE, "use a smaller model or split large functions; on an overloaded machine try again"),
        (codes::PLUGIN_CONTRACT, "build it from the contract in `plugins/wit`"),
        (codes::PLUGIN_BUSY, "give the machine less work at once, or look for a slow plugin"),
        (codes::PLUGIN_MANIFEST, "correct what the plugin's `describe` returns, then run `staunch lock`"),
    ];
    let found = known.into_iter().find(|(known, _)| *known == code);
    found.unwrap_or((codes::PLUGIN_INVALID, "run `staunch plugin check` on it"))
}
