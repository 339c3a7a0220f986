//! A drill: the same cases or events once as they are and once with one dependency down, and what differs.

mod cases;
mod events;

pub use cases::{Case, cases};
pub use events::events;

use crate::error::{CliError, Result};
use crate::load::Project;
use crate::output;
use crate::scenario::stage::Fault;
use serde::Serialize;
use staunch_core::action::{Action, ActionState, Channel};
use staunch_core::codes;
use staunch_core::suggest::closest;
use std::collections::{BTreeMap, BTreeSet};

/// What fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A score, a channel or a connector.
    One(Fault),
    /// The database.
    Store,
}

impl Failure {
    /// Reads `store`, or the name of a score, connector or channel, with its kind before it where two share it.
    ///
    /// # Errors
    /// An unknown name, or one of two kinds.
    pub fn parse(project: &Project, text: &str) -> Result<Failure> {
        if text == "store" {
            return Ok(Failure::Store);
        }
        let all = names(project);
        let hits: Vec<&(&str, String)> = all.iter().filter(|(kind, name)| fits(text, kind, name)).collect();
        match hits.as_slice() {
            [("score", name)] => Ok(Failure::One(Fault::Score(name.clone()))),
            [(_, name)] => Ok(Failure::One(Fault::Way(name.clone()))),
            [] => Err(unknown(text, &all)),
            [first, ..] => {
                let kinds = hits.iter().map(|(kind, name)| format!("`{kind}:{name}`")).collect::<Vec<_>>().join(" or ");
                Err(CliError::usage(format!("`{}` is more than one thing here", first.1), format!("say {kinds}")))
            }
        }
    }

    /// For people.
    pub fn word(&self) -> String {
        match self {
            Failure::One(Fault::Score(name)) => format!("score {name}"),
            Failure::One(Fault::Way(name)) => name.clone(),
            Failure::Store => "the store".to_owned(),
        }
    }
}

fn fits(text: &str, kind: &str, name: &str) -> bool {
    text == name || text.split_once(':') == Some((kind, name))
}

/// All that can fail, by kind.
fn names(project: &Project) -> BTreeSet<(&'static str, String)> {
    let scores = project.workflows.iter().flat_map(|flow| &flow.scores).map(|score| ("score", score.name.clone()));
    let connectors = project.workspace.connectors.keys().map(|name| ("connector", name.clone()));
    let channels = Channel::ALL.into_iter().map(|channel| ("channel", channel.word().to_owned()));
    scores.chain(connectors).chain(channels).collect()
}

fn unknown(text: &str, all: &BTreeSet<(&'static str, String)>) -> CliError {
    let bare = text.split_once(':').map_or(text, |(_, name)| name);
    let near = closest(bare, all.iter().map(|(_, name)| name.as_str()).chain(["store"]));
    let list = all.iter().map(|(kind, name)| format!("{kind}:{name}")).chain(["store".to_owned()]);
    let list = list.collect::<Vec<_>>().join(", ");
    let help =
        near.map_or_else(|| format!("use one of {list}"), |near| format!("did you mean `{near}`? there are {list}"));
    CliError::new(codes::CLI_UNKNOWN, format!("nothing here is called `{text}`"), help)
}

/// What goes out only with the failure, and only without it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// Messages to contacts that are sent only because of the failure.
    pub messages_more: u64,
    /// Tasks that are made only because of the failure.
    pub tasks_more: u64,
    /// What is not sent because of the failure, or only later than the history or the case goes.
    pub missing: u64,
    /// What is sent in both.
    pub same: u64,
}

impl Sums {
    /// Nothing goes out that would not go out otherwise.
    pub fn fine(self) -> bool {
        self.messages_more + self.tasks_more == 0
    }

    /// Adds the actions of one play of each kind.
    pub fn add(&mut self, normal: &[Action], broken: &[Action]) {
        let (before, after) = (sent(normal), sent(broken));
        for (id, action) in &after {
            match (before.contains_key(id), action.channel.customer_facing()) {
                (true, _) => self.same += 1,
                (false, true) => self.messages_more += 1,
                (false, false) => self.tasks_more += 1,
            }
        }
        self.missing += before.keys().filter(|id| !after.contains_key(*id)).count() as u64;
    }

    /// The last line of a drill.
    pub fn verdict(self) -> String {
        let text = format!(
            "{} and {} more than without the failure; {} sent all the same, {} not",
            output::of(self.messages_more, "customer-facing message"),
            output::of(self.tasks_more, "task"),
            are(self.same),
            are(self.missing)
        );
        output::wrap("", &text)
    }
}

fn are(number: u64) -> String {
    format!("{} {}", output::count(number), if number == 1 { "is" } else { "are" })
}

/// Actions that went out, by id. The id names the run and the step, so it is the same in both plays.
pub fn sent(actions: &[Action]) -> BTreeMap<&str, &Action> {
    let done = actions.iter().filter(|action| action.state == ActionState::Done);
    done.map(|action| (action.id.as_str(), action)).collect()
}
