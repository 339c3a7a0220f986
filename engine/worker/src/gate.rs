//! The last-moment gate: the arbiter with live counters, and the breakers.

use crate::decider::Decider;
use staunch_core::breaker;
use staunch_core::decide::{Detail, Env, excluded};
use staunch_core::expr::Evaluator;
use staunch_core::guards::{Ask, Verdict, arbitrate};
use staunch_core::policy::{Live, Stage};
use staunch_core::workflow::Workflow;
use staunch_core::{Span, Time};
use staunch_store::{Gate, GateInput, GateVerdict, Wants, WindowAsk};
use std::sync::Arc;

/// The gate over what is decided by.
pub(crate) struct LiveGate {
    pub decider: Arc<Decider>,
    pub evaluator: Arc<dyn Evaluator>,
}

impl LiveGate {
    fn workflow(&self, name: &str) -> Option<&Arc<Workflow>> {
        self.decider.catalog.named(name)
    }
}

impl Gate for LiveGate {
    /// One window per breaker, in their order, and the stage's day at the end.
    fn windows(&self, workflow: &str, live: &Live) -> Vec<WindowAsk> {
        let breakers = self.workflow(workflow).map_or(&[][..], |workflow| &workflow.breakers);
        let ask = |one: &staunch_core::workflow::Breaker| WindowAsk {
            channel: Some(one.channel),
            window: one.window,
            limit: one.above,
        };
        let mut asks: Vec<WindowAsk> = breakers.iter().map(ask).collect();
        let stage = live.stage(workflow);
        if stage.stage == Stage::Limited {
            asks.push(WindowAsk { channel: None, window: Span::days(1), limit: stage.limits.per_day });
        }
        asks
    }

    fn wants(&self) -> Wants {
        let policy = &self.decider.catalog.workspace.policy;
        Wants {
            accounts: !policy.never.audiences.is_empty() && self.decider.catalog.reads_accounts(),
            assigned: policy.capacity.iter().map(|one| one.window).max(),
        }
    }

    fn rule(&self, input: &GateInput<'_>) -> GateVerdict {
        let action = &input.action.action;
        let workspace = &self.decider.catalog.workspace;
        let kill = input.live.kill(&action.workflow, action.channel);
        let breakers = self.workflow(&action.workflow).map_or(&[][..], |workflow| &workflow.breakers);
        let stage = input.live.stage(&action.workflow);
        let day: Option<&Vec<Time>> = input.windows.get(breakers.len());
        let excluded = self.excluded(input);
        let ask = Ask {
            contact: input.contact,
            schema: &workspace.schema,
            policy: &workspace.policy,
            workflow: &action.workflow,
            stage: &stage,
            assignment: input.assignment,
            channel: action.channel,
            purpose: &action.purpose,
            expires_at: action.expires_at,
            kill,
            sent: Some(input.sent),
            workflow_sent: Some(day.map_or(&[], Vec::as_slice)),
            excluded: excluded.as_deref(),
            assignee: action.payload.assignee(),
            assigned: Some(input.assigned),
            words: true,
        };
        let ruling = arbitrate(&ask, input.now);
        match ruling.verdict {
            Verdict::Go => self.trip(input).map_or(GateVerdict::Go { checks: ruling.checks }, GateVerdict::Trip),
            Verdict::Hold { until, reason } => GateVerdict::Hold { until, reason, checks: ruling.checks },
            Verdict::Never { reasons } => {
                let reason = reasons.first().copied().unwrap_or(staunch_core::action::ReasonCode::Expired);
                GateVerdict::Never { reason, checks: ruling.checks }
            }
        }
    }
}

impl LiveGate {
    /// Why the policy never contacts this contact, as of now: it may be in another audience than at the decision.
    fn excluded(&self, input: &GateInput<'_>) -> Option<String> {
        let env = Env {
            catalog: &self.decider.catalog,
            live: input.live,
            evaluator: self.evaluator.as_ref(),
            renderer: self.decider.renderer.as_ref(),
            accounts: input.accounts,
            detail: Detail::Outline,
            score: None,
        };
        excluded(&env, input.contact, input.action.action.channel, input.now)
    }

    /// The first breaker that one more action would go past.
    fn trip(&self, input: &GateInput<'_>) -> Option<staunch_core::policy::Kill> {
        let action = &input.action.action;
        let workflow = self.workflow(&action.workflow)?;
        let pairs = workflow.breakers.iter().zip(input.windows);
        pairs
            .filter(|(one, _)| one.channel == action.channel)
            .find_map(|(one, sent)| breaker::trip(workflow, one, sent, input.now))
    }
}
