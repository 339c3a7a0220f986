//! The summary of what happened: counts, actions by state and reason, and the goal rate treated against holdout.

use crate::error::Result;
use crate::output::{count, table};
use serde_json::{Value, json};
use staunch_core::Time;
use staunch_core::action::{ActionState, Channel};
use staunch_core::arm::Arm;
use staunch_core::stats::{Difference, Rate, difference};
use staunch_core::workflow::Workflow;
use staunch_store::{ActionFilter, Exposure, Store, StoredAction, Summary};

/// The comparison of a workflow's arms, by intention to treat: unique contacts, first exposure, matured only.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The workflow.
    pub workflow: String,
    /// Treated contacts.
    pub treated: Rate,
    /// Held-out contacts.
    pub holdout: Rate,
    /// Contacts whose goal window is still open.
    pub immature: u64,
    /// The difference of the goal rates, where both arms have contacts.
    pub difference: Option<Difference>,
}

/// Compares the arms of first exposures whose goal window was over at `now`.
pub fn compare(workflow: &Workflow, exposures: &[Exposure], now: Time) -> Option<Comparison> {
    let window = workflow.goal.as_ref()?.window;
    let (mut treated, mut holdout, mut immature) = (Rate::default(), Rate::default(), 0);
    for exposure in exposures {
        let rate = match exposure.arm {
            Arm::Treated => &mut treated,
            Arm::Holdout => &mut holdout,
            _ => continue,
        };
        if exposure.exposed_at + window > now {
            immature += 1;
            continue;
        }
        rate.of += 1;
        rate.hits += u64::from(exposure.goal_at.is_some());
    }
    let difference = difference(treated, holdout);
    Some(Comparison { workflow: workflow.name.clone(), treated, holdout, immature, difference })
}

/// Contacts that a reader may ask about: one that was sent something, and one for whom it was withheld.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    /// Was sent something.
    pub sent: Option<String>,
    /// Was sent nothing, and why.
    pub withheld: Option<(String, String)>,
}

/// The smallest ids, mails before tasks, so that the same history names the same people.
///
/// # Errors
/// What the store says.
pub async fn samples(store: &dyn Store) -> Result<Samples> {
    let of = async |state: ActionState| -> Result<Vec<(String, String)>> {
        let filter = ActionFilter { state: Some(state), ..ActionFilter::default() };
        let mut actions = store.actions(&filter).await?;
        actions.retain(|one| one.action.channel != Channel::Nudge);
        // Mails first: every guard speaks about them, caps and quiet hours included.
        actions.sort_by(|a, b| {
            let key = |one: &StoredAction| (one.action.channel != Channel::Email, one.action.contact.clone());
            key(a).cmp(&key(b))
        });
        let reason = |one: &StoredAction| one.action.reason.map_or_else(String::new, |reason| reason.word().to_owned());
        Ok(actions.iter().map(|one| (one.action.contact.clone(), reason(one))).collect())
    };
    let sent = of(ActionState::Done).await?.into_iter().next().map(|(contact, _)| contact);
    let withheld = of(ActionState::Withheld).await?;
    let withheld = withheld.iter().find(|(_, reason)| reason == "holdout").or(withheld.first()).cloned();
    Ok(Samples { sent, withheld })
}

/// The summary as JSON.
pub fn to_json(summary: &Summary, comparisons: &[Comparison], samples: &Samples) -> Value {
    let runs: Vec<Value> = summary
        .runs
        .iter()
        .map(|(workflow, state, count)| json!({ "workflow": workflow, "state": state, "count": count }))
        .collect();
    let actions: Vec<Value> = summary
        .actions
        .iter()
        .map(|(workflow, channel, state, reason, count)| {
            let reason = reason.map(staunch_core::action::ReasonCode::word);
            json!({ "workflow": workflow, "channel": channel.word(), "state": state.word(), "reason": reason, "count": count })
        })
        .collect();
    let goals: Vec<Value> = comparisons
        .iter()
        .map(|one| {
            json!({
                "workflow": one.workflow, "treated": one.treated, "holdout": one.holdout, "immature": one.immature,
                "difference": one.difference,
            })
        })
        .collect();
    json!({
        "events": summary.events, "late": summary.late, "parked": summary.parked, "contacts": summary.contacts,
        "decisions": summary.decisions, "runs": runs, "actions": actions, "goals": goals,
        "samples": {
            "sent": samples.sent,
            "withheld": samples.withheld.as_ref().map(|(contact, reason)| json!({ "contact": contact, "reason": reason })),
        },
    })
}

/// The summary for people.
pub fn to_text(summary: &Summary, comparisons: &[Comparison]) -> String {
    let mut parts = vec![format!(
        "{} events read ({} late, {} parked), {} contacts, {} decisions",
        count(summary.events),
        count(summary.late),
        count(summary.parked),
        count(summary.contacts),
        count(summary.decisions)
    )];
    let mut rows = vec![vec!["runs".to_owned(), "state".into(), "count".into()]];
    rows.extend(summary.runs.iter().map(|(workflow, state, n)| vec![workflow.clone(), state.clone(), count(*n)]));
    parts.push(table(&rows, &[2]));
    let header = ["actions", "channel", "state", "reason", "count"].map(str::to_owned).to_vec();
    let mut rows = vec![header];
    for (workflow, channel, state, reason, n) in &summary.actions {
        let reason = reason.map_or("", staunch_core::action::ReasonCode::word);
        rows.push([workflow, channel.word(), state.word(), reason, &count(*n)].map(str::to_owned).to_vec());
    }
    parts.push(table(&rows, &[4]));
    parts.extend(comparisons.iter().map(goal_text));
    parts.join("\n\n")
}

fn goal_text(one: &Comparison) -> String {
    let rate = |name: &str, rate: Rate| {
        let share = rate.value().map_or_else(|| "–".to_owned(), |value| format!("{:.1} %", 100.0 * value));
        format!("  {name:<9}{share:>7}   {} of {} contacts", count(rate.hits), count(rate.of))
    };
    let difference = one.difference.map_or_else(
        || "  no comparison yet: one arm has no matured contact".to_owned(),
        |difference| {
            let points = |value: f64| format!("{:+.1}", 100.0 * value);
            let (value, low, high) = (points(difference.value), points(difference.low), points(difference.high));
            format!("  difference {value} points, 95 % interval {low} to {high}")
        },
    );
    format!(
        "goal of {} (unique contacts, first exposure outside shadow, window over;\n{} more are still inside theirs)\n{}\n{}\n{difference}",
        one.workflow,
        count(one.immature),
        rate("treated", one.treated),
        rate("holdout", one.holdout),
    )
}
