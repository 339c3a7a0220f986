//! Whether two workflows can start for the same person.

use super::{Everything, Placed};
use staunch_core::workflow::Workflow;

/// What starts both: an event, or an audience; `None` where nothing does, or where their conditions exclude each other.
pub(super) fn overlap<'a>(all: &'a Everything<'_>, one: &'a Placed<'_>, two: &Placed<'_>) -> Option<&'a str> {
    let (first, second) = (one.workflow, two.workflow);
    if let (Some(mine), Some(other)) = (&first.start.schedule, &second.start.schedule) {
        return (mine.audience == other.audience && !apart(first, second)).then_some(mine.audience.as_str());
    }
    let shared = one.starts.iter().find(|event| two.starts.binary_search(event).is_ok())?;
    all.workspace.events().get(*shared).copied().filter(|_| !apart(first, second))
}

/// Whether the starts ask the same name for different texts, so that nobody passes both: only what can be seen without
/// computing, a list of `&&`.
fn apart(one: &Workflow, two: &Workflow) -> bool {
    let (Some(one), Some(two)) = (&one.start.when, &two.start.when) else { return false };
    let (one, two) = (equalities(&one.source), equalities(&two.source));
    one.iter().any(|(name, text)| two.iter().any(|(other, different)| name == other && text != different))
}

/// `name == "text"` for every part of a conjunction.
fn equalities(source: &str) -> Vec<(&str, &str)> {
    if source.contains("||") || source.contains('!') || source.contains('(') {
        return Vec::new();
    }
    let parts = source.split("&&").filter_map(|part| part.split_once("=="));
    let parts = parts.map(|(name, text)| (name.trim(), text.trim()));
    parts.filter(|(name, text)| !name.contains('"') && text.starts_with('"') && text.ends_with('"')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_conjunctions_are_understood() {
        assert_eq!(equalities(r#"contact.plan == "trial" && event.total > eur(5)"#), [], "a call could hide anything");
        assert_eq!(equalities(r#"contact.plan == "trial" && feature.n > 5"#), [("contact.plan", r#""trial""#)]);
        assert_eq!(equalities(r#"contact.plan == "a" || contact.plan == "b""#), []);
        assert_eq!(equalities(r#"!contact.vip && contact.plan == "a""#), []);
    }
}
