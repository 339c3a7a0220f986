//! Pages of ST104x: expressions.

use super::{Entry, entry};
use crate::codes::*;

pub(super) const PAGES: &[Entry] = &[
    entry(
        EXPR_SYNTAX,
        "A bracket, an operator or a quote is missing or stands where it cannot be read.",
        "Compare with `==`, join with `&&` and `||`, and close what was opened.",
    )
    .example("workflows/expression-syntax.yaml"),
    entry(
        EXPR_EMPTY,
        "A condition that says nothing would hold for everybody or for nobody.",
        "Write the condition, or remove the key.",
    )
    .example("workflows/expression-empty.yaml"),
    entry(
        EXPR_UNKNOWN_NAME,
        "A name that is not declared has no value for anybody.",
        "Take the name that is offered, or declare the field, feature or score.",
    )
    .example("workflows/unknown-name.yaml"),
    entry(
        EXPR_TYPES,
        "A comparison of different types is never true, and would never say so.",
        "Compare like with like: `eur(500)` with money, `days(2)` with durations, `percent(5)` with shares.",
    )
    .example("workflows/type-mismatch.yaml"),
    entry(
        EXPR_NO_DEFAULT,
        "The value can be missing, and what then holds has to be decided by you.",
        "Give it a default: `contact.nickname ?? \"there\"`.",
    )
    .example("workflows/missing-default.yaml"),
    entry(
        EXPR_FORBIDDEN,
        "Loops, assignments and functions of one's own could run for ever or change what others read.",
        "Compute it by features, or by several cases.",
    )
    .example("workflows/expression-forbidden.yaml"),
    entry(
        EXPR_RESULT,
        "A condition has to be true or false, a feature a number; this gives something else.",
        "Compare the value with something, as in `feature.orders > 3`.",
    )
    .example("workflows/not-a-condition.yaml"),
    entry(
        EXPR_UNKNOWN_FUNCTION,
        "Expressions have a short list of functions, and this is none of them.",
        "Take the name that is offered.",
    )
    .example("workflows/unknown-function.yaml"),
    entry(
        EXPR_NO_PLACE,
        "Not every name exists everywhere: `event` only while one is handled, `entry` only inside a run, scores not where \
         an event is matched.",
        "Use a name that exists here: inside a run `entry` is what started it.",
    )
    .example("workflows/event-out-of-place.yaml"),
    entry(
        EXPR_LIMIT,
        "Long and deep expressions are slow and hard to read.",
        "Compute parts of it as features.",
    )
    .example("workflows/expression-too-long.yaml"),
];
