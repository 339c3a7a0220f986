//! A failure inside the host, with the limit that it comes from.

use crate::problem::failure;
use crate::refusals::Excess;
use staunch_core::codes::Code;
use staunch_core::score::ScoreFailure;

/// A failure; where a limit refused something, by how much.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// As users meet it.
    pub failure: ScoreFailure,
    /// Its code, where it is one of this host's.
    pub code: Option<Code>,
    /// The limit that was to be passed.
    pub excess: Option<Excess>,
}

impl Fault {
    /// A failure that is not about a limit.
    pub fn new(code: Code, message: impl Into<String>) -> Fault {
        Fault { failure: failure(code, message), code: Some(code), excess: None }
    }

    /// What a limit refuses. The message says what was asked for, and gets what is allowed.
    pub fn limit(code: Code, message: impl std::fmt::Display, excess: Excess) -> Fault {
        let Excess { limit, allowed, demanded } = excess;
        let message = format!("{message} ({limit}: at most {allowed}, asked for {demanded})");
        Fault { excess: Some(excess), ..Fault::new(code, message) }
    }
}

impl From<ScoreFailure> for Fault {
    fn from(failure: ScoreFailure) -> Fault {
        Fault { failure, code: None, excess: None }
    }
}
