//! Feature values of one contact at one time.

use super::scope::Moment;
use crate::expr::EvalError;
use crate::facts::{FactKey, FactLog};
use crate::feature::FeatureKind;
use std::borrow::Cow;

static EMPTY: FactLog = FactLog { entries: Vec::new(), last: None };

/// The value of a declared feature here.
pub(super) fn value(moment: &Moment<'_>, name: &str) -> Result<f64, EvalError> {
    let Some(def) = moment.workflow.features.iter().find(|def| def.name == name) else {
        return Err(EvalError::Failed(format!("no feature `{name}` in this workflow")));
    };
    let number = match (&def.kind, def.kind.fact()) {
        (FeatureKind::Expr(expr), _) => moment.eval(expr)?.number(),
        (kind, Some(key)) if key.of_account() => kind.over(&of_account(moment, key), moment.at),
        (kind, Some(key)) => kind.over(moment.contact.facts.get(key).unwrap_or(&EMPTY), moment.at),
        (_, None) => None,
    };
    // JSON, and so every receipt, knows no other numbers.
    match number {
        Some(number) if number.is_finite() => Ok(number),
        Some(_) => Err(EvalError::Failed(format!("feature `{name}` is no finite number"))),
        None => {
            Err(EvalError::Failed(format!("feature `{name}` meets amounts that are not in the workspace's currency")))
        }
    }
}

/// The account's log with what this very event adds to it.
fn of_account<'m>(moment: &'m Moment<'_>, key: FactKey) -> Cow<'m, FactLog> {
    let Some((id, _)) = &moment.contact.account else { return Cow::Borrowed(&EMPTY) };
    let known = moment.env.accounts.get(id).and_then(|account| account.facts.get(key)).unwrap_or(&EMPTY);
    let new = moment.delta.filter(|delta| delta.id == *id).map_or(&[][..], |delta| &delta.facts);
    let mut log = Cow::Borrowed(known);
    for (_, time, number, keep) in new.iter().filter(|fact| fact.0 == key) {
        log.to_mut().add(*time, *number, *keep);
    }
    log
}
