//! Reading a tree key by key: unknown, missing and not yet available keys are reported here, once for all files.

mod leaf;
mod times;

pub(crate) use times::minute;

use crate::diagnostic::{Diagnostic, Severity};
use crate::yaml::{Entry, Kind, MOST_PROBLEMS, Node, Source};
use staunch_core::codes;
use staunch_core::suggest::closest;
use std::cell::RefCell;

/// The keys that a mapping takes, and those that a later version will take.
pub(crate) struct Keys {
    pub(crate) known: &'static [&'static str],
    pub(crate) later: &'static [&'static str],
}

/// Reads one file and collects its problems.
pub(crate) struct Reader<'a> {
    pub(crate) source: &'a Source<'a>,
    pub(crate) found: Vec<Diagnostic>,
    /// Its YAML has problems already, so that nothing of it may be used.
    spoiled: bool,
}

/// The keys of a mapping that have a meaning, by name.
pub(crate) struct Fields<'n> {
    pub(crate) at: usize,
    entries: Vec<(&'static str, &'n Entry)>,
    /// Keys that are not missed, because a misspelt or not yet available one was reported in their place.
    excused: RefCell<Vec<&'static str>>,
    excuse_all: bool,
}

impl<'n> Fields<'n> {
    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// A key with its place.
    pub(crate) fn entry(&self, key: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|(known, _)| *known == key).map(|(_, entry)| *entry)
    }

    /// Whether a missing key needs no word.
    pub(crate) fn excused(&self, key: &str) -> bool {
        self.excuse_all || self.excused.borrow().contains(&key)
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(source: &'a Source<'a>) -> Reader<'a> {
        Reader { source, found: Vec::new(), spoiled: false }
    }

    /// The same for a file whose YAML has problems.
    pub(crate) fn spoiled_if(mut self, spoiled: bool) -> Reader<'a> {
        self.spoiled = spoiled;
        self
    }

    /// Whether no error was found so far.
    pub(crate) fn clean(&self) -> bool {
        !self.spoiled && self.errors() == 0
    }

    /// How many errors were found so far.
    pub(crate) fn errors(&self) -> usize {
        self.found.iter().filter(|one| one.severity == Severity::Error).count()
    }

    /// Reports an error at a byte of the file.
    pub(crate) fn error(&mut self, at: usize, code: &str, message: impl Into<String>, help: impl Into<String>) {
        self.report(Severity::Error, at, code, message.into(), help.into());
    }

    /// Reports something that is allowed and probably not meant.
    pub(crate) fn warning(&mut self, at: usize, code: &str, message: impl Into<String>, help: impl Into<String>) {
        self.report(Severity::Warning, at, code, message.into(), help.into());
    }

    /// Whether so many errors were found that no more are reported, and looking for what was meant is of no use.
    fn is_full(&self) -> bool {
        self.errors() > MOST_PROBLEMS
    }

    /// Errors and warnings are counted apart, so that no error is lost behind warnings.
    fn report(&mut self, severity: Severity, at: usize, code: &str, message: String, help: String) {
        match self.found.iter().filter(|one| one.severity == severity).count() {
            ..MOST_PROBLEMS => self.push(severity, at, code, message, help),
            MOST_PROBLEMS => {
                let message = format!("there is more: only the first {MOST_PROBLEMS} are reported");
                self.push(severity, self.source.text.len(), codes::YAML_LIMIT, message, "mend these first".to_owned());
            }
            _ => {}
        }
    }

    fn push(&mut self, severity: Severity, at: usize, code: &str, message: String, help: String) {
        let (line, column, excerpt) = self.source.place(at);
        // A line with a secret in it is not copied into a terminal or a log.
        let excerpt = if code == codes::PLAIN_SECRET { "" } else { excerpt };
        self.found.push(Diagnostic {
            file: self.source.path.to_owned(),
            line,
            column,
            severity,
            code: code.to_owned(),
            message,
            help,
            excerpt: excerpt.to_owned(),
        });
    }

    /// Something that is read, typed and checked, so that files can hold it, but that nothing acts on yet.
    pub(crate) fn not_enforced(&mut self, at: usize, what: &str) {
        let message = format!("{what} is checked, and not enforced by this version");
        self.warning(at, codes::NOT_ENFORCED, message, "keep it, and do not rely on it yet");
    }

    /// An error that offers the nearest of the known names, or lists them.
    pub(crate) fn unknown<'k>(
        &mut self,
        at: usize,
        code: &str,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        if self.is_full() {
            return;
        }
        let known: Vec<&str> = known.into_iter().collect();
        let help = match (closest(name, known.iter().copied()), declare(code)) {
            (Some(near), None) => format!("did you mean `{near}`?"),
            (Some(near), Some(declare)) => format!("did you mean `{near}`? else {declare}"),
            (None, None) if known.is_empty() => "there is none here yet".to_owned(),
            (None, None) => format!("known: {}", known.join(", ")),
            (None, Some(declare)) if known.is_empty() => format!("{declare}; there is none here yet"),
            (None, Some(declare)) => format!("{declare}; known: {}", known.join(", ")),
        };
        self.error(at, code, format!("`{name}` is not {what}"), help);
    }

    /// Something of the language that this version does not have.
    pub(crate) fn later(&mut self, at: usize, what: &str) {
        self.error(
            at,
            codes::NOT_AVAILABLE,
            format!("`{what}` is not available in this version"),
            "leave it out for now",
        );
    }

    /// A value of the wrong kind; nothing is said about what was reported already.
    pub(crate) fn wrong(&mut self, node: &Node, wanted: &str) {
        if !matches!(node.kind, Kind::Poison) {
            let message = format!("{wanted} is needed here, this is {}", node.word());
            self.error(node.at, codes::WRONG_TYPE, message, format!("write {wanted}"));
        }
    }

    /// The entries of a mapping of any keys.
    pub(crate) fn entries<'n>(&mut self, node: &'n Node) -> &'n [Entry] {
        match &node.kind {
            Kind::Map(entries) => entries,
            _ => {
                self.wrong(node, "a mapping");
                &[]
            }
        }
    }

    /// The items of a list.
    pub(crate) fn items<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        match &node.kind {
            Kind::List(items) => items,
            _ => {
                self.wrong(node, "a list");
                &[]
            }
        }
    }

    /// The fields of a mapping with known keys.
    pub(crate) fn fields<'n>(&mut self, node: &'n Node, keys: &Keys) -> Option<Fields<'n>> {
        let Kind::Map(entries) = &node.kind else {
            self.wrong(node, "a mapping");
            return None;
        };
        let mut fields = Fields { at: node.at, entries: Vec::new(), excused: RefCell::default(), excuse_all: false };
        for entry in entries {
            if let Some(known) = keys.known.iter().find(|known| **known == entry.key) {
                fields.entries.push((*known, entry));
            } else if keys.later.contains(&entry.key.as_str()) {
                self.later(entry.key_at, &entry.key);
                fields.excuse_all = true;
            } else if self.is_full() {
                fields.excuse_all = true;
            } else {
                self.unknown(entry.key_at, codes::UNKNOWN_KEY, "a key here", &entry.key, keys.known.iter().copied());
                let meant = closest(&entry.key, keys.known.iter().copied());
                let meant = keys.known.iter().find(|known| Some(**known) == meant);
                fields.excused.borrow_mut().extend(meant);
            }
        }
        Some(fields)
    }

    /// A key that has to be there.
    pub(crate) fn need<'n>(&mut self, fields: &Fields<'n>, key: &'static str) -> Option<&'n Node> {
        let found = fields.get(key);
        if found.is_none() && !fields.excused(key) {
            self.error(fields.at, codes::MISSING_KEY, format!("`{key}` is missing"), format!("add `{key}:`"));
        }
        found
    }
}

/// Where a name of this kind is declared.
fn declare(code: &str) -> Option<&'static str> {
    match code {
        codes::UNKNOWN_EVENT => Some("declare it under `events:` in staunch.yaml"),
        codes::UNKNOWN_PURPOSE => Some("declare it under `purposes:` in staunch.yaml"),
        codes::UNKNOWN_ROLE => Some("declare it under `roles:` in staunch.yaml"),
        codes::UNKNOWN_CONNECTOR => Some("declare it under `connectors:` in staunch.yaml"),
        codes::UNKNOWN_AUDIENCE => Some("declare it under `audiences:` in staunch.yaml"),
        codes::UNKNOWN_FIELD => Some("declare it in staunch.yaml"),
        _ => None,
    }
}
