//! Pages of ST105x to ST107x: what is well formed and cannot work, or is not meant.

use super::{Entry, entry};
use crate::codes::*;

pub(super) const PAGES: &[Entry] = &[
    entry(
        FEATURE_CYCLE,
        "Each of these features waits for the other, so that none of them has a value.",
        "Compute one of them from events or from other features.",
    )
    .example("workflows/feature-cycle.yaml"),
    entry(
        UNREACHABLE,
        "Something before it always ends the run or always wins, so that nobody ever comes here.",
        "Remove it, or change what stands before it.",
    )
    .example("workflows/unreachable-case.yaml"),
    entry(
        OWN_TRIGGER,
        "What the workflow sends leads to an event that starts it again: people could get messages without an end.",
        "Start on another event, or add `again_after:`.",
    )
    .example("workflows/own-trigger.yaml"),
    entry(
        RISKY_SUBSTITUTE,
        "When the plugin fails, the substitute would decide who gets a message, for everybody at once.",
        "Use `hold`, or say why it is fine: `accept_risk: \"reason\"`.",
    )
    .example("workflows/risky-substitute.yaml"),
    entry(
        PROTECTED_INPUT,
        "The workspace says that this field is never an input of a decision.",
        "Remove the input, or decide in staunch.yaml that the field is not protected.",
    )
    .example("workflows/protected-input.yaml"),
    entry(
        PERSONAL_INPUT,
        "A plugin never sees who somebody is.",
        "Remove the input; a number that is computed from it can be a feature.",
    )
    .example("workflows/personal-input.yaml"),
    entry(
        NO_PURPOSE,
        "Consent is asked for a purpose. Without one nobody could have said yes.",
        "Add `purpose:` with one of the declared purposes.",
    )
    .example("workflows/missing-purpose.yaml"),
    entry(
        NOT_ENFORCED,
        "The rule is read, typed and checked, so that files can already hold it. Nothing acts on it in this version.",
        "Keep it, and do not rely on it yet.",
    )
    .example("workspaces/not-enforced/staunch.yaml"),
    entry(
        POLICY_CONTRADICTION,
        "As written, the rule lets nothing through at all, or can never be compared with anything. A person who wants \
         that has another command for it.",
        "Read what would follow from it, and write what is meant; to stop everything, use `staunch kill all`.",
    )
    .example("workspaces/contradictions/staunch.yaml"),
    entry(
        POLICY_IDLE,
        "The rule needs something that is not declared, so that it binds nobody and looks as if it did.",
        "Declare what it needs, or remove it.",
    )
    .example("workspaces/idle-rules/staunch.yaml"),
    entry(
        ROLLOUT_ORDER,
        "A workflow goes up one stage at a time, and every day of a rollout belongs to one stage.",
        "Put the stages in the order readiness, shadow, limited, compare, full, and let their days follow each other.",
    )
    .example("rollouts/gap.yaml"),
    entry(
        UNUSED,
        "It may be a leftover, or something that was to be used and is not.",
        "Use it, or remove it.",
    )
    .example("workspaces/unused/staunch.yaml"),
    entry(
        NO_OUTCOME,
        "Only an action has an outcome, and no step of the workflow makes one of this kind: the wait always runs out, the \
         rule never trips.",
        "Wait for or watch an outcome of its own steps.",
    )
    .example("workspaces/odd-steps/workflows/foreign-outcome.yaml"),
    entry(
        IDLE_SPLIT,
        "All arms do the same, so that the split compares nothing.",
        "Let its arms differ, or remove it.",
    )
    .example("workspaces/odd-steps/workflows/idle-split.yaml"),
    entry(
        REVIEW_BYPASS,
        "A person approves messages of this kind elsewhere, and these reach people unseen.",
        "Let a gate see them, too.",
    )
    .example("workspaces/bypass/workflows/open.yaml"),
    entry(
        SPLIT_SHARES,
        "The shares of all arms together are everybody: with less, some people have no arm, with more, some have two.",
        "Let the shares sum to 100%.",
    )
    .example("workflows/split-shares.yaml"),
    entry(
        BAD_SCHEDULE,
        "The schedule cannot be read, or no day of any year fits it.",
        "Write a time and weekdays (`09:00 MON-FRI`), or five fields of cron and a zone (`0 9 * * MON Europe/Berlin`).",
    )
    .example("workflows/bad-cron.yaml"),
    entry(
        CONTRADICTING,
        "Both start for the same people and reach them on the same channel for the same purpose. With one priority and \
         no cap, each person gets both.",
        "Give them different priorities, add a cap on the channel, or let their `when` exclude each other.",
    )
    .example("workspaces/contradicting/workflows/two.yaml"),
    entry(
        STARVED,
        "Whenever this workflow starts, more important ones start, too, and use up what the cap allows.",
        "Raise its priority or the cap, start it on something else, or space the others by `again_after`.",
    )
    .example("workspaces/starved/workflows/low.yaml"),
    entry(
        TRIGGER_CYCLE,
        "What one workflow sends leads to an event that starts the other, and back: people could get messages without an \
         end.",
        "Add `again_after:` to one of them, or start it on another event.",
    )
    .example("workspaces/circle/workflows/one.yaml"),
    entry(
        NO_SIGNAL,
        "A rule that waits for a signal that nothing brings looks like good news for ever.",
        "Add `unsubscribe` under `mail`, or map the event of another system under `sources`.",
    )
    .example("workspaces/no-signal/workflows/deaf.yaml"),
];
