//! Names as an author writes them, and what to say of one that is not known. A part of a score is a name of its own
//! (`x.of:billing`), which no author has seen.

use staunch_core::expr::{Names, Root};
use staunch_core::suggest::closest;

/// A name as it stands in an expression: `score.x.of("billing")` for `x.of:billing`.
pub(crate) fn written(root: Root, name: &str) -> String {
    let word = root.word();
    let Some((score, part)) = score_part(root, name) else { return format!("{word}.{name}") };
    match part.split_once(':') {
        Some(("of", label)) => format!("{word}.{score}.of(\"{label}\")"),
        Some(("top", place)) => format!("{word}.{score}.top({place})"),
        _ => format!("{word}.{score}.{part}"),
    }
}

/// The score and the part of it that a name means.
fn score_part(root: Root, name: &str) -> Option<(&str, &str)> {
    (root == Root::Score).then(|| name.split_once('.')).flatten()
}

/// What is wrong with a name that is not known although others of its root are, and what to do.
pub(crate) fn unknown(root: Root, name: &str, names: &dyn Names) -> (String, String) {
    let known = names.list(root);
    if root == Root::Score
        && let Some(problem) = wrong_part(name, &known)
    {
        return problem;
    }
    let help = match closest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{}`?", written(root, near)),
        None => {
            let known: Vec<String> = known.iter().map(|name| written(root, name)).collect();
            format!("known here: {}", known.join(", "))
        }
    };
    (format!("`{}` is not known here", written(root, name)), help)
}

/// What to say of `band.NAME` where a score of this name is there and its plugin has no bands.
pub(crate) fn bandless(name: &str, names: &dyn Names) -> Option<(String, String)> {
    let parts = names.list(Root::Score);
    let own = |part: &&String| part.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let help = match parts.iter().find(own)?.strip_prefix(name) {
        Some("") => format!("compare `score.{name}` itself, or give the plugin bands"),
        Some(part) if part.starts_with(".top") => format!("only numbers have bands; take one of it: {}", ranked(name)),
        _ => format!("only numbers have bands; take a part of it: {}", classed(name, &parts)),
    };
    Some((format!("the plugin of `score.{name}` has no bands"), help))
}

/// A score that is there, and a part of it that its kind does not have (or none, where it is no number).
fn wrong_part(name: &str, known: &[String]) -> Option<(String, String)> {
    let (score, part) = name.split_once('.').map_or((name, None), |(score, part)| (score, Some(part)));
    let parts: Vec<&str> = known.iter().filter_map(|known| known.strip_prefix(score)?.strip_prefix('.')).collect();
    let is_scalar = known.iter().any(|known| known == score);
    let is_ranking = parts.iter().any(|part| part.starts_with("top:"));
    let dotted = part.map(|part| format!("`.{}`", part.split(':').next().unwrap_or(part)));
    match (dotted, is_scalar) {
        (Some(dotted), true) => {
            let has = match part.is_some_and(|part| part.starts_with("top:")) {
                true => "; only a ranking has it",
                false if is_class_part(part) => "; only a score of classes has it",
                false => "",
            };
            let message = format!("`score.{score}` is a number and has no {dotted}{has}");
            Some((message, format!("compare `score.{score}` itself, or use `band.{score}` where it has bands")))
        }
        (None, false) if is_ranking => {
            Some((format!("`score.{score}` is a ranking, not a value"), format!("take one of it: {}", ranked(score))))
        }
        (None, false) if !parts.is_empty() => Some((
            format!("`score.{score}` is a score of classes, not a value"),
            format!("take a part of it: {}", classed(score, known)),
        )),
        (Some(dotted), false) if is_ranking => {
            let message = format!("`score.{score}` is a ranking and has no {dotted}");
            Some((message, format!("take one of it: {}", ranked(score))))
        }
        (Some(_), false) if part.is_some_and(|part| part.starts_with("of:")) && !parts.is_empty() => {
            Some(wrong_label(score, part, known))
        }
        (Some(dotted), false) if !parts.is_empty() => Some((
            format!("`score.{score}` is a score of classes and has no {dotted}"),
            format!("take a part of it: {}", classed(score, known)),
        )),
        _ => None,
    }
}

fn is_class_part(part: Option<&str>) -> bool {
    part.is_some_and(|part| part == "label" || part == "p" || part.starts_with("of:"))
}

fn ranked(score: &str) -> String {
    format!("`score.{score}.top(0) ?? \"none\"`")
}

fn classed(score: &str, known: &[String]) -> String {
    let first = labels(score, known).next().unwrap_or("…");
    format!("`score.{score}.label`, `score.{score}.p` or `score.{score}.of(\"{first}\")`")
}

fn labels<'k>(score: &'k str, known: &'k [String]) -> impl Iterator<Item = &'k str> {
    known.iter().filter_map(move |known| known.strip_prefix(score)?.strip_prefix(".of:"))
}

fn wrong_label(score: &str, part: Option<&str>, known: &[String]) -> (String, String) {
    let label = part.and_then(|part| part.strip_prefix("of:")).unwrap_or_default();
    let help = match closest(label, labels(score, known)) {
        Some(near) => format!("did you mean `{}`?", written(Root::Score, &format!("{score}.of:{near}"))),
        None => format!("its labels: {}", labels(score, known).collect::<Vec<_>>().join(", ")),
    };
    (format!("`score.{score}` has no label `{label}`"), help)
}
