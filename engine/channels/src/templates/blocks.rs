//! Blocks: texts under `blocks/` that templates share. A template includes blocks and nothing else, a text part those
//! that are text and an HTML part those that are HTML, so that one approval and one digest cover all that is said.

use super::scan::{Include, includes};
use super::source::{self, BLOCKS, Part, TemplateProblem};
use staunch_core::codes;
use staunch_core::suggest::closest;
use std::collections::BTreeMap;

/// Blocks by path below the folder of templates, with their text.
pub(super) type Blocks = BTreeMap<String, String>;

/// All blocks of these files.
pub(super) fn of(files: &BTreeMap<String, String>) -> Blocks {
    let blocks = files.iter().filter(|(file, _)| source::is_block(file));
    blocks.map(|(file, text)| (file.clone(), source::plain(text))).collect()
}

/// The blocks that a part includes, each as a part of its own.
pub(super) fn included<'a>(part: &Part<'_>, blocks: &'a Blocks) -> Vec<Part<'a>> {
    let named = includes(part.text).filter_map(|one| one.path);
    let found = named.filter_map(|(path, _)| blocks.get_key_value(path));
    found.map(|(path, text)| Part::block(path, text)).collect()
}

/// Includes of a template's part that cannot be.
pub(super) fn problems(part: &Part<'_>, blocks: &Blocks) -> Vec<TemplateProblem> {
    includes(part.text).filter_map(|one| problem(part, &one, blocks)).collect()
}

/// Includes of a block: none can be.
pub(super) fn nested(part: &Part<'_>) -> Vec<TemplateProblem> {
    let refused = |one: Include<'_>| {
        let help = "include both blocks in the template, one behind the other";
        wrong(part, one.at, "a block includes no blocks".to_owned(), help.to_owned())
    };
    includes(part.text).map(refused).collect()
}

fn problem(part: &Part<'_>, one: &Include<'_>, blocks: &Blocks) -> Option<TemplateProblem> {
    let end = if part.key.ends_with(".html") { ".html" } else { ".txt" };
    let form = format!("write `{{% include \"{BLOCKS}NAME{end}\" %}}`");
    if part.is_head() {
        let help = "include it in the text, from line 3 on".to_owned();
        return Some(wrong(part, one.at, "the first line includes no blocks".to_owned(), help));
    }
    let Some((path, at)) = one.path else {
        return Some(wrong(part, one.at, "`include` takes the path of one block".to_owned(), form));
    };
    if !path.starts_with(BLOCKS) {
        let message = format!("`{path}` is no block: only files of the folder `{BLOCKS}` can be included");
        return Some(wrong(part, at, message, form));
    }
    if !path.ends_with(end) {
        let kind =
            if end == ".html" { "an HTML part includes blocks of HTML" } else { "a text includes blocks of text" };
        return Some(wrong(part, at, format!("`{path}` cannot stand here: {kind}"), form));
    }
    if blocks.contains_key(path) {
        return None;
    }
    let same = blocks.keys().map(String::as_str).filter(|known| known.ends_with(end));
    let help = closest(path, same).map(|near| format!("did you mean `{near}`?"));
    let help = help.unwrap_or_else(|| format!("write the file templates/{path}"));
    Some(wrong(part, at, format!("there is no block `{path}`"), help))
}

fn wrong(part: &Part<'_>, at: usize, message: String, help: String) -> TemplateProblem {
    TemplateProblem { code: codes::TEMPLATE_BLOCK, ..part.at(at, message, help) }
}
