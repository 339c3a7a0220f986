//! Rules that stop a workflow or gate its start: kill rules, breakers on outcomes and failures, launch gates. Checked here,
//! and not enforced yet.

use crate::action::Channel;
use crate::time::Span;
use serde::{Deserialize, Serialize};

/// What a rate or silence is measured of: outcomes of actions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metric {
    /// One of [`METRICS`].
    pub name: String,
    /// Only of this channel.
    pub channel: Option<Channel>,
}

/// The outcomes that kill rules and breakers can be about, with the events that feed them; the first five come from the
/// dispatcher itself.
pub const METRICS: [(&str, &[&str]); 10] = [
    ("sent", &[]),
    ("delivered", &["email.delivered"]),
    ("failed", &[]),
    ("opened", &["email.opened"]),
    ("clicked", &["email.clicked", "nudge.clicked"]),
    ("unsubscribed", &["email.unsubscribed"]),
    ("hard_bounced", &["email.hard_bounced"]),
    ("complained", &["email.complained"]),
    ("done", &["task.done"]),
    ("rejected", &["task.rejected"]),
];

/// What a rule does when it trips.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The workflow is stopped until a person resumes it.
    Pause,
    /// It goes back to stage shadow.
    Demote,
    /// What is pending is held.
    Hold,
    /// The previous plugin takes over.
    Fallback,
    /// People are told.
    Alert,
}

/// A deterministic stop on outcomes or failures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignalBreaker {
    /// Its id.
    pub id: String,
    /// What it watches.
    pub signal: Signal,
    /// What it does.
    pub then: Effect,
}

/// What a breaker watches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Signal {
    /// One outcome per another, within a window.
    Rate {
        /// The dividend.
        of: Metric,
        /// The divisor.
        per: Metric,
        /// The highest share that is fine.
        above: f64,
        /// Counted over this long.
        window: Span,
        /// Not before this many were sent.
        min_sent: u32,
    },
    /// A source of outcomes that went quiet.
    Silent {
        /// Which.
        metric: Metric,
        /// For how long.
        span: Span,
    },
    /// A score that fails.
    Errors {
        /// Its name.
        score: String,
        /// The highest share that is fine.
        above: f64,
        /// Counted over this long.
        window: Span,
    },
}

/// A statistical stop, valid under continuous looking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KillRule {
    /// Its id.
    pub id: String,
    /// What is tested.
    pub test: KillTest,
    /// How old an exposure has to be to count.
    pub matured_after: Option<Span>,
    /// What it does.
    pub then: Effect,
}

/// What a kill rule tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum KillTest {
    /// One rate against a limit.
    Rate {
        /// The dividend.
        of: Metric,
        /// The divisor.
        per: Metric,
        /// The limit, 0 to 1.
        limit: f64,
    },
    /// Treated against held out, on the goal.
    Lift {
        /// The difference, in shares, below which it stops.
        worse_than: f64,
    },
}

/// Who has to approve a new version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchGate {
    /// The role.
    pub by: String,
    /// Not the one who wrote it.
    pub not_author: bool,
}
