//! A checked workflow as the core runs it: a flat list of nodes with permanent ids, and what surrounds them.

use crate::action::Channel;
use crate::expr::Expr;
use crate::feature::{FactDef, FeatureDef};
use crate::schedule::{LocalWindow, Schedule};
use crate::score::ScoreDef;
use crate::time::Span;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

mod stops;

pub use stops::{Effect, KillRule, KillTest, LaunchGate, METRICS, Metric, Signal, SignalBreaker};

/// One published version of a workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Workflow {
    /// Its permanent name.
    pub name: String,
    /// Hash of its file's content, 16 hex digits.
    pub version: String,
    /// For people.
    pub title: String,
    /// Who answers for it.
    pub owner: String,
    /// The consent purpose that every action inherits.
    pub purpose: String,
    /// 0–100: who wins a capped slot.
    pub priority: u8,
    /// What starts a run.
    pub start: Start,
    /// Declared features, in an order in which each `expr` comes after what it reads.
    pub features: Vec<FeatureDef>,
    /// The facts that these features need.
    pub facts: Vec<FactDef>,
    /// Declared scores.
    pub scores: Vec<ScoreDef>,
    /// The steps.
    pub nodes: Vec<Node>,
    /// Where a run begins.
    pub first: Target,
    /// What a second start event does to an active run.
    pub while_running: WhileRunning,
    /// Events that end a run at any step.
    pub leave_when: Vec<EventMatch>,
    /// What counts as success.
    pub goal: Option<Goal>,
    /// Share of contacts held out, 0 to 1.
    pub holdout: f64,
    /// Fast deterministic stops: too many actions in a window.
    pub breakers: Vec<Breaker>,
    /// Fast deterministic stops on outcomes and failures; checked, and not enforced yet.
    #[serde(default)]
    pub signals: Vec<SignalBreaker>,
    /// Statistical stops; checked, and not enforced yet.
    #[serde(default)]
    pub kills: Vec<KillRule>,
    /// Who has to approve a new version; checked, and not enforced yet.
    #[serde(default)]
    pub launch: Option<LaunchGate>,
    /// Review gates for single actions.
    pub reviews: Vec<ReviewGate>,
    /// The message templates that its steps name, with the blocks that they include: they belong to the version, so
    /// that an edit of a text reaches nobody who entered before it.
    #[serde(default)]
    pub messages: BTreeMap<String, Message>,
}

/// The sources of one message template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Files by path below the folder of templates (`trial-rescue/tips.txt`, `blocks/footer.html`).
    pub files: BTreeMap<String, String>,
}

/// A named group of contacts: those for whom a condition over features of its own holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Audience {
    /// Its name.
    pub name: String,
    /// Features that its condition reads, in an order in which each `expr` comes after what it reads.
    pub features: Vec<FeatureDef>,
    /// The facts that these features need.
    pub facts: Vec<FactDef>,
    /// Who is in it.
    pub when: Expr,
}

/// What starts a run: events, or a schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// Event names or globs (`order.*`); empty for a scheduled start.
    pub events: Vec<String>,
    /// The schedule of a start without an event.
    #[serde(default)]
    pub schedule: Option<Schedule>,
    /// Must hold.
    pub when: Option<Expr>,
    /// The shortest time between two entries of a contact.
    pub again_after: Option<Span>,
}

/// An event by name or glob, with a condition on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventMatch {
    /// Event names or globs.
    pub events: Vec<String>,
    /// Must hold of the event.
    pub filter: Option<Expr>,
    /// Only the outcome of the action that this step of the same run made.
    #[serde(default)]
    pub of: Option<String>,
}

/// Success of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Goal {
    /// The event that reaches it.
    pub event: EventMatch,
    /// How long after the exposure (or the entry, where nothing was planned) it counts.
    pub window: Span,
    /// What reaching it is worth.
    pub value: Option<Expr>,
}

/// A second start event while a run is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WhileRunning {
    /// Nothing happens.
    Ignore,
    /// The run ends and a new one starts.
    Restart,
}

/// Where a run goes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// The node of this index.
    Node(usize),
    /// The run is done.
    End,
}

/// One step of the author's, at its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// The author's permanent id.
    pub id: String,
    /// What it does.
    pub kind: NodeKind,
    /// What follows it.
    pub next: Target,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum NodeKind {
    /// The first case that holds wins.
    Choose {
        /// In the author's order.
        cases: Vec<Case>,
        /// Where none holds.
        otherwise: Target,
    },
    /// Waits for a length of time.
    WaitFor {
        /// How long.
        span: Span,
    },
    /// Waits until a window of local time is open where the contact lives.
    WaitUntil {
        /// When it is open.
        window: LocalWindow,
    },
    /// A random branch, drawn once per contact by a keyed hash.
    Split {
        /// In the author's order; the shares sum to 1.
        arms: Vec<SplitArm>,
    },
    /// Sets a declared field of the contact.
    Set {
        /// The field.
        field: String,
        /// Its new value.
        value: Expr,
    },
    /// Waits for an event.
    WaitEvent {
        /// Which.
        event: EventMatch,
        /// At most this long.
        up_to: Span,
        /// Where it came.
        if_seen: Target,
        /// Where it did not.
        if_not: Target,
    },
    /// One effect on one channel.
    Act(Act),
    /// The run is done.
    Stop,
}

/// One case of a `choose`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// The author's permanent id.
    pub id: String,
    /// Must hold.
    pub when: Expr,
    /// Its first step, or what follows the `choose`.
    pub then: Target,
}

/// One arm of a `split`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitArm {
    /// The author's permanent name.
    pub name: String,
    /// Its share, 0 to 1.
    pub share: f64,
    /// Its first step, or what follows the `split`.
    pub then: Target,
}

/// An action as written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Act {
    /// Where it goes.
    pub channel: Channel,
    /// The message template (e-mail, nudge).
    pub template: Option<String>,
    /// The connector (task); `None` is the channel's default.
    pub connector: Option<String>,
    /// Task: text for whom, may hold `{{ }}`.
    pub assignee: Option<String>,
    /// Task: people who take turns, drawn evenly by a hash of the run; empty where `assignee` says who.
    #[serde(default)]
    pub round_robin: Vec<String>,
    /// Webhook: texts by name, may hold `{{ }}`.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Task: its title, may hold `{{ }}`.
    pub title: Option<String>,
    /// Task: due after this long.
    pub due: Option<Span>,
    /// After this long it is not sent any more.
    pub expires: Span,
}

/// The time after which a pending action is dropped where the author names none.
pub const DEFAULT_EXPIRY: Span = Span::days(7);

/// A deterministic stop: more than `above` actions of a channel within a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Breaker {
    /// Its id.
    pub id: String,
    /// Which actions count.
    pub channel: Channel,
    /// The most that is fine.
    pub above: u32,
    /// Counted over this long.
    pub window: Span,
}

/// Which actions a person has to approve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReviewGate {
    /// Its id.
    pub id: String,
    /// Only where this holds; always where there is none.
    pub when: Option<Expr>,
    /// Channels it covers; empty = all.
    pub channels: Vec<Channel>,
    /// Share of actions drawn by a keyed hash of the action, 0 to 1; `None` = all.
    pub sample: Option<f64>,
    /// The role that decides.
    pub by: String,
    /// How long a person has.
    pub expires: Span,
    /// What silence means.
    pub if_expired: IfExpired,
}

/// What an unanswered review means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfExpired {
    /// The action is withheld.
    Reject,
    /// The action goes.
    Approve,
}

impl Workflow {
    /// A version that starts on nothing and does nothing: what others are made of, field by field.
    pub fn empty(name: &str, version: &str) -> Workflow {
        Workflow {
            name: name.to_owned(),
            version: version.to_owned(),
            title: String::new(),
            owner: String::new(),
            purpose: String::new(),
            priority: 50,
            start: Start { events: vec![], schedule: None, when: None, again_after: None },
            features: vec![],
            facts: vec![],
            scores: vec![],
            nodes: vec![],
            first: Target::End,
            while_running: WhileRunning::Ignore,
            leave_when: vec![],
            goal: None,
            holdout: 0.0,
            breakers: vec![],
            signals: vec![],
            kills: vec![],
            launch: None,
            reviews: vec![],
            messages: BTreeMap::new(),
        }
    }

    /// The index of a step by its permanent id.
    pub fn node(&self, id: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.id == id)
    }
}

/// Whether an event name matches one of the names or globs (`*` stands for any run of characters).
pub fn matches_any(patterns: &[String], kind: &str) -> bool {
    patterns.iter().any(|pattern| glob(pattern.as_bytes(), kind.as_bytes()))
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && pattern[p] == text[t] {
            p += 1;
            t += 1;
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            p = at + 1;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_names() {
        for (pattern, text, want) in [
            ("order.paid", "order.paid", true),
            ("order.*", "order.paid", true),
            ("*", "x", true),
            ("*.paid", "order.paid", true),
            ("a*b*c", "aXXbYYbc", true),
            ("order.*", "orders.paid", false),
            ("order", "order.paid", false),
        ] {
            assert_eq!(matches_any(&[pattern.to_owned()], text), want, "{pattern} {text}");
        }
    }
}
