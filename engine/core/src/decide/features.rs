//! Feature values of one contact at one time.

use super::scope::Moment;
use crate::event::Event;
use crate::expr::EvalError;
use crate::feature::{FactLog, FeatureKind};
use crate::value::Value;

/// The value of a declared feature here.
pub(super) fn value(moment: &Moment<'_>, name: &str) -> Result<f64, EvalError> {
    let Some(def) = moment.workflow.features.iter().find(|def| def.name == name) else {
        return Err(EvalError::Failed(format!("no feature `{name}` in this workflow")));
    };
    let empty = FactLog::default();
    let log = |key: &String| moment.contact.facts.get(key).unwrap_or(&empty);
    let number = match &def.kind {
        FeatureKind::Count { fact, window } => Some(log(fact).count(moment.at, *window)),
        FeatureKind::Sum { fact, window } => Some(log(fact).sum(moment.at, *window)),
        FeatureKind::DaysSince { fact, never } => Some(log(fact).days_since(moment.at).unwrap_or(*never)),
        FeatureKind::Expr(expr) => moment.eval(expr)?.number(),
    };
    // JSON, and so every receipt, knows no other numbers.
    let finite = number.filter(|number| number.is_finite());
    finite.ok_or_else(|| EvalError::Failed(format!("feature `{name}` is no finite number")))
}

/// The number that an event leaves under a fact: 1 for a count, the field's number otherwise.
pub(super) fn number(event: &Event, of: Option<&str>) -> Option<f64> {
    match of {
        None => Some(1.0),
        Some(field) => event.fields.get(field).and_then(Value::number),
    }
}
