//! Quoted text with `{{ }}`: only declared fields and filters stand in it.

use super::Flow;
use super::names::Place;
use crate::yaml::Node;
use staunch_core::codes;
use staunch_core::expr::{Names, Root};

impl Flow<'_, '_> {
    /// A text that is rendered later, with every name in it checked.
    pub(super) fn rendered(&mut self, node: &Node) -> Option<String> {
        let text = self.reader.text(node)?.to_owned();
        let mut from = 0;
        while let Some(open) = text[from..].find('{').map(|open| from + open) {
            if text[open..].starts_with("{%") || text[open..].starts_with("{#") {
                let at = self.reader.source.inside(node, open);
                self.reader.error(
                    at,
                    codes::BAD_VALUE,
                    "a text shows fields and holds no logic",
                    "put logic into a template file",
                );
                return None;
            }
            if !text[open..].starts_with("{{") {
                from = open + 1;
                continue;
            }
            let Some(close) = text[open..].find("}}").map(|close| open + close) else {
                let at = self.reader.source.inside(node, open);
                self.reader.error(
                    at,
                    codes::BAD_VALUE,
                    "`{{` without its `}}`",
                    "close it, as in `{{ contact.name }}`",
                );
                return None;
            };
            self.shown(node, &text[open + 2..close], open + 2);
            from = close + 2;
        }
        Some(text)
    }

    /// One `{{ field | filters }}`.
    fn shown(&mut self, node: &Node, inside: &str, offset: usize) {
        let inside = inside.strip_prefix('-').map_or((inside, offset), |rest| (rest, offset + 1));
        let (inside, offset) = (inside.0.trim_end_matches('-'), inside.1);
        let (path, filters) = inside.split_once('|').unwrap_or((inside, ""));
        let at = self.reader.source.inside(node, offset + path.len() - path.trim_start().len());
        let path = path.trim();
        let plain = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let parts = path.split_once('.').and_then(|(root, name)| Some((Root::parse(root)?, name)));
        let Some((root, name)) = parts.filter(|(_, name)| plain(name)) else {
            self.reader.error(
                at,
                codes::BAD_VALUE,
                format!("`{path}` is not a field"),
                "show a field, as in `{{ contact.name }}`",
            );
            return;
        };
        if self.around.workspace.is_none() {
            return;
        }
        let place = Place::text();
        let names = self.known.at(&place);
        match names.lookup(root, name) {
            None => {
                let roots = [Root::Contact, Root::Account, Root::Entry, Root::Feature];
                let known: Vec<String> = roots
                    .iter()
                    .filter(|other| **other == root || !roots.contains(&root))
                    .flat_map(|root| names.list(*root).into_iter().map(|name| format!("{}.{name}", root.word())))
                    .collect();
                let what = "a field that a text can show";
                self.reader.unknown(at, codes::UNKNOWN_FIELD, what, path, known.iter().map(String::as_str));
            }
            Some(found) if found.optional && !filters.contains("default") => {
                let help = format!("give it a default: `{{{{ {path} | default(\"there\") }}}}`");
                self.reader.error(at, codes::EXPR_NO_DEFAULT, format!("`{path}` may be missing"), help);
            }
            Some(_) => {}
        }
        if root == Root::Feature {
            self.features_read.insert(name.to_owned());
        }
    }
}
