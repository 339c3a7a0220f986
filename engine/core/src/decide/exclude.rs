//! Audiences: who is in one, and who is never contacted.

use super::Env;
use super::scope::Moment;
use crate::action::Channel;
use crate::contact::Contact;
use crate::expr::EvalError;
use crate::time::Time;
use crate::value::Value;

/// The contact field that `never.countries_outside` is about.
const COUNTRY: &str = "country";

/// Whether a contact is in an audience at an instant.
///
/// # Errors
/// An audience that nobody declared, or a condition that cannot be evaluated.
pub fn in_audience(env: &Env<'_>, contact: &Contact, name: &str, at: Time) -> Result<bool, EvalError> {
    let Some((flow, when)) = env.catalog.audience(name) else {
        return Err(EvalError::Failed(format!("there is no audience `{name}`")));
    };
    Moment::bare(env, flow, contact, at).holds(when)
}

/// Why a contact is never contacted on a channel, where the policy says so. Channels on which no customer is reached are
/// free. What cannot be evaluated counts as excluded; an audience that nobody declared has no members (the checker says
/// so).
pub fn excluded(env: &Env<'_>, contact: &Contact, channel: Channel, at: Time) -> Option<String> {
    if !channel.customer_facing() {
        return None;
    }
    let never = &env.catalog.workspace.policy.never;
    for name in never.audiences.iter().filter(|name| env.catalog.audience(name).is_some()) {
        match in_audience(env, contact, name, at) {
            Ok(false) => {}
            Ok(true) => return Some(format!("is in the audience {name}, which is never contacted")),
            Err(error) => return Some(format!("audience {name} cannot be evaluated: {error}")),
        }
    }
    let bound = !never.countries_outside.is_empty() && env.catalog.workspace.schema.contact.contains_key(COUNTRY);
    let inside = match contact.fields.get(COUNTRY) {
        Some(Value::Text(country)) => never.countries_outside.contains(country),
        _ => false,
    };
    (bound && !inside).then(|| format!("the country is none of {}", never.countries_outside.join(", ")))
}
