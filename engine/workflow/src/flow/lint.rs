//! What is well formed and still wrong: steps that nothing reaches, a workflow that starts itself, splits that change
//! nothing, messages that nobody approves. Errors are what cannot work, warnings what is merely odd.

use super::around::Surround;
use super::steps::{ArmOf, Branch, CaseOf, Step, StepKind};
use super::{Flow, pattern_texts};
use crate::read::Fields;
use crate::yaml::{Kind, Node};
use staunch_core::action::Channel;
use staunch_core::codes;
use staunch_core::schema::BUILT_IN_EVENTS;
use staunch_core::workflow::{ReviewGate, matches_any};

impl Flow<'_, '_> {
    pub(super) fn lint(&mut self, fields: &Fields<'_>, steps: &[Step], surround: &Surround) {
        self.unreachable(steps);
        self.own_trigger(fields);
        // What is broken may have been what would have used the rest.
        if self.reader.clean() && self.around.workspace.is_some() {
            self.unused_features();
            self.outcomes();
            self.gates(fields, &surround.reviews);
        }
    }

    /// The channels that steps act on.
    pub(super) fn acts_on(&self, channel: Channel) -> bool {
        self.actions.values().any(|action| action.channel == channel)
    }

    /// Outcomes of the workflow's own actions that start it again, with nothing to space the entries.
    fn own_trigger(&mut self, fields: &Fields<'_>) {
        let Some(start) = fields.get("start").filter(|start| start.get("again_after").is_none()) else { return };
        let Some(node) = start.get("event") else { return };
        let patterns = pattern_texts(node);
        let own = Channel::ALL.into_iter().filter(|channel| self.acts_on(*channel)).find_map(|channel| {
            let prefix = format!("{}.", channel.word());
            BUILT_IN_EVENTS.iter().find(|event| event.starts_with(&prefix) && matches_any(&patterns, event))
        });
        if let Some(event) = own {
            let message = format!("its own actions lead to `{event}`, which starts it again");
            self.reader.error(node.at, codes::OWN_TRIGGER, message, "start on another event, or add `again_after:`");
        }
    }

    /// Reports what stands behind an end, and cases behind one that always holds; gives whether the run can go on.
    fn unreachable(&mut self, steps: &[Step]) -> bool {
        let mut goes_on = true;
        for step in steps {
            if !goes_on {
                let help = "remove it, or let a way lead to it";
                self.reader.error(step.at, codes::UNREACHABLE, "no way leads to this step", help);
                // One report says it for all that follow.
                return false;
            }
            goes_on = match &step.kind {
                StepKind::Stop => false,
                StepKind::Choose { cases, otherwise } => self.cases(cases, otherwise),
                StepKind::Split(arms) => self.arms(step.at, arms),
                StepKind::WaitEvent { if_seen, if_not, .. } => {
                    let seen = self.branch(if_seen);
                    self.branch(if_not) || seen
                }
                StepKind::WaitFor(_)
                | StepKind::WaitUntil(_)
                | StepKind::Act(_)
                | StepKind::Set { .. }
                | StepKind::Bad => true,
            };
        }
        goes_on
    }

    fn cases(&mut self, cases: &[CaseOf], otherwise: &Branch) -> bool {
        let (mut always, mut any) = (false, false);
        let mut before: Vec<(&str, &str)> = Vec::new();
        for case in cases {
            let when = case.when.as_ref().map_or("", |when| when.source.trim());
            if always {
                let help = "remove it, or move it before the case that always holds";
                self.reader.error(case.at, codes::UNREACHABLE, "a case before this one always holds", help);
            } else if let Some((_, first)) = before.iter().find(|(known, _)| *known == when && !when.is_empty()) {
                let message = format!("the case `{first}` has the same condition and comes first");
                self.reader.error(case.at, codes::UNREACHABLE, message, "change its condition, or remove it");
            } else if when == "false" {
                let help = "remove it, or say when it holds";
                self.reader.warning(case.at, codes::UNREACHABLE, "this case never holds", help);
            }
            let on = self.unreachable(&case.steps);
            any |= on && !always;
            always |= when == "true";
            before.push((when, &case.id));
        }
        let on = self.branch(otherwise);
        any || (on && !always)
    }

    fn arms(&mut self, at: usize, arms: &[ArmOf]) -> bool {
        let same = |one: &Branch, two: &Branch| {
            matches!((one, two), (Branch::Stop, Branch::Stop) | (Branch::Continue, Branch::Continue))
        };
        // Of a split that is broken nobody knows what its arms would do.
        let whole = self.reader.clean();
        if whole && (arms.len() == 1 || arms.windows(2).all(|pair| same(&pair[0].then, &pair[1].then))) {
            let help = "let its arms do something else, or remove the split";
            self.reader.warning(at, codes::IDLE_SPLIT, "this split makes no difference", help);
        }
        let mut any = false;
        for arm in arms {
            if whole && arm.share == 0.0 {
                let message = format!("nobody is drawn into the arm `{}`", arm.name);
                self.reader.warning(arm.at, codes::UNREACHABLE, message, "give it a share, or remove it");
            }
            any |= self.branch(&arm.then) && arm.share > 0.0;
        }
        any
    }

    fn branch(&mut self, branch: &Branch) -> bool {
        match branch {
            Branch::Stop => false,
            Branch::Continue => true,
            Branch::Steps(steps) => self.unreachable(steps),
        }
    }

    /// Gates that see nothing, and messages that none of them sees although others of their kind need an approval.
    fn gates(&mut self, fields: &Fields<'_>, gates: &[ReviewGate]) {
        let list = fields.get("review").and_then(|review| review.get("actions"));
        for gate in gates {
            let place = list.and_then(|list| gate_at(list, &gate.id)).unwrap_or(fields.at);
            if gate.sample == Some(0.0) {
                let message = format!("the gate `{}` draws nothing, so nobody sees anything", gate.id);
                let help = "give it a share, or leave `sample` out to see every action";
                self.reader.warning(place, codes::REVIEW_BYPASS, message, help);
            }
            if !gate.channels.is_empty() && !gate.channels.iter().any(|channel| self.acts_on(*channel)) {
                let message = format!("the gate `{}` has channels that no step of this workflow acts on", gate.id);
                self.reader.warning(place, codes::UNUSED, message, "correct its `channels`, or remove it");
            }
        }
        let covers = |gate: &ReviewGate, channel: Channel| gate.channels.is_empty() || gate.channels.contains(&channel);
        let whole = |gate: &ReviewGate| gate.when.is_none() && gate.sample.is_none_or(|share| share >= 1.0);
        let facing = || Channel::ALL.into_iter().filter(|channel| channel.customer_facing() && self.acts_on(*channel));
        let approved = facing().find(|channel| gates.iter().any(|gate| whole(gate) && covers(gate, *channel)));
        let unseen = facing().find(|channel| !gates.iter().any(|gate| covers(gate, *channel)));
        if let Some((approved, unseen)) = approved.zip(unseen)
            && let Some((id, action)) = self.actions.iter().find(|(_, action)| action.channel == unseen)
        {
            let message =
                format!("`{id}` reaches people unseen, while a person approves every {} here", approved.word());
            let help = format!("add `{}` to the channels of a gate", unseen.word());
            self.reader.warning(action.at, codes::REVIEW_BYPASS, message, help);
        }
    }
}

/// Where the gate of an id stands.
fn gate_at(list: &Node, id: &str) -> Option<usize> {
    let Kind::List(items) = &list.kind else { return None };
    let ids = items.iter().filter_map(|item| item.get("id"));
    ids.filter(|node| matches!(&node.kind, Kind::Scalar(scalar) if scalar.text == id)).map(|node| node.at).next()
}
