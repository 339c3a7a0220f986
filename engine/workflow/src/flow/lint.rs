//! What is well formed and still wrong: steps that nothing reaches, and a workflow that starts itself.

use super::steps::{Branch, Step, StepKind};
use super::{Flow, pattern_texts};
use crate::read::Fields;
use staunch_core::codes;
use staunch_core::schema::BUILT_IN_EVENTS;
use staunch_core::workflow::matches_any;

impl Flow<'_, '_> {
    pub(super) fn lint(&mut self, fields: &Fields<'_>, steps: &[Step]) {
        self.unreachable(steps);
        self.own_trigger(fields);
    }

    /// Outcomes of the workflow's own actions that start it again, with nothing to space the entries.
    fn own_trigger(&mut self, fields: &Fields<'_>) {
        let Some(start) = fields.get("start").filter(|start| start.get("again_after").is_none()) else { return };
        let Some(node) = start.get("event") else { return };
        let patterns = pattern_texts(node);
        let own = self.channels.iter().find_map(|channel| {
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
                StepKind::Choose { cases, otherwise } => {
                    let mut always = false;
                    let mut any = false;
                    for case in cases {
                        if always {
                            let help = "remove it, or move it before the case that always holds";
                            self.reader.error(case.at, codes::UNREACHABLE, "a case before this one always holds", help);
                        }
                        let on = self.unreachable(&case.steps);
                        any |= on && !always;
                        always |= case.when.as_ref().is_some_and(|when| when.source.trim() == "true");
                    }
                    let on = self.branch(otherwise);
                    any || (on && !always)
                }
                StepKind::WaitEvent { if_seen, if_not, .. } => {
                    let seen = self.branch(if_seen);
                    self.branch(if_not) || seen
                }
                StepKind::WaitFor(_) | StepKind::Act(_) | StepKind::Bad => true,
            };
        }
        goes_on
    }

    fn branch(&mut self, branch: &Branch) -> bool {
        match branch {
            Branch::Stop => false,
            Branch::Continue => true,
            Branch::Steps(steps) => self.unreachable(steps),
        }
    }
}
