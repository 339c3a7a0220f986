//! One contact, one catalog, and what they decide input by input.

use super::{Plain, Tiny, at, live, schema, scored};
use crate::account::{Account, Accounts};
use crate::action::{Action, ActionState};
use crate::contact::{Consent, Contact};
use crate::decide::{Catalog, Detail, Env, Input, Outcome, Scores, Subject, Transition, Workspace, decide};
use crate::event::Event;
use crate::policy::{Live, Policy, Stage};
use crate::run::Run;
use crate::score::{ScoreOutcome, ScoreRequest};
use crate::time::Time;
use crate::workflow::Workflow;
use std::sync::Arc;

/// What a plugin answers.
pub type Plugin = Box<dyn Fn(&ScoreRequest) -> ScoreOutcome>;

/// A contact on its way through decisions.
pub struct Bench {
    pub catalog: Catalog,
    pub live: Live,
    pub contact: Contact,
    /// The contact that an identity event names.
    pub other: Option<Contact>,
    pub accounts: Accounts,
    pub plugin: Plugin,
    /// Requests made so far.
    pub asked: Vec<ScoreRequest>,
    /// Every action planned so far.
    pub actions: Vec<Action>,
}

impl Bench {
    /// Contact `c` with consent and an address, in stage full, under these workflows.
    pub fn new(flows: Vec<Workflow>) -> Bench {
        Bench::under(Policy::default(), flows)
    }

    pub fn under(policy: Policy, flows: Vec<Workflow>) -> Bench {
        let workspace = Workspace { name: "test".into(), schema: schema(), policy, ..Workspace::default() };
        let catalog = Catalog::new(workspace, flows.into_iter().map(Arc::new).collect(), vec![]);
        Bench {
            catalog,
            live: live(Stage::Full),
            contact: reachable("c"),
            other: None,
            accounts: Accounts::new(),
            plugin: Box::new(|_| scored(0.5)),
            asked: vec![],
            actions: vec![],
        }
    }

    pub fn event(&mut self, event: Event) -> Transition {
        self.input(&Input::Event(event))
    }

    pub fn wake(&mut self, now: Time) -> Transition {
        self.input(&Input::Wake(now, 7))
    }

    pub fn input(&mut self, input: &Input) -> Transition {
        let mut scores = Scores::new();
        let transition = loop {
            match self.once(input, &scores) {
                Outcome::Done(transition) => break *transition,
                Outcome::Need(_, wanted) => {
                    for (key, request) in wanted {
                        assert!(!scores.contains_key(&key), "{key} was handed in and is asked for again");
                        scores.insert(key, (self.plugin)(&request));
                        self.asked.push(request);
                    }
                }
            }
        };
        self.contact = transition.contact.clone();
        if let Some(delta) = &transition.account {
            self.accounts.entry(delta.id.clone()).or_insert_with(|| Account::new(&delta.id)).apply(delta);
        }
        self.actions.extend(transition.actions.iter().cloned());
        transition
    }

    /// One call, whatever it gives.
    pub fn once(&self, input: &Input, scores: &Scores) -> Outcome {
        let env = Env {
            catalog: &self.catalog,
            live: &self.live,
            evaluator: &Tiny,
            renderer: &Plain,
            accounts: &self.accounts,
            detail: Detail::Full,
            score: None,
        };
        let subject = Subject { contact: self.contact.clone(), other: self.other.clone() };
        decide(&env, subject, input, scores).expect("an event that fits")
    }

    /// The only run that the contact holds.
    pub fn run(&self) -> &Run {
        assert_eq!(self.contact.runs.len(), 1, "{:?}", self.contact.runs);
        &self.contact.runs[0]
    }

    /// Steps and states of the actions planned so far.
    pub fn planned(&self) -> Vec<(&str, ActionState)> {
        self.actions.iter().map(|action| (action.step.as_str(), action.state)).collect()
    }
}

/// A contact with consent for `marketing` and an e-mail address.
pub fn reachable(id: &str) -> Contact {
    let mut contact = Contact::new(id);
    contact.consent.insert("marketing".into(), Consent { granted: true, at: at("-30d") });
    contact.fields.insert("email".into(), format!("{id}@example.invalid").as_str().into());
    contact
}

/// What each entry of a transition's receipt says.
pub fn whats(transition: &Transition) -> Vec<&str> {
    transition.decision.iter().flat_map(|decision| &decision.entries).map(|entry| entry.what.as_str()).collect()
}
