//! YAML as a tree in which every key and value knows its place. The only importer of both YAML crates: `saphyr-parser`
//! gives structure and places, `serde_yaml` says what a plain scalar is.

mod align;
mod build;
mod meter;

pub(crate) use build::{MOST_PROBLEMS, parse};

use serde_yaml::Value;
use std::cell::OnceCell;

/// The longest line that is shown beside a problem. A file of one line would come along a hundred times.
const LONGEST_EXCERPT: usize = 4_096;

/// A file's text with its path.
pub(crate) struct Source<'a> {
    pub(crate) path: &'a str,
    pub(crate) text: &'a str,
    /// Where each line starts; made at the first problem.
    lines: OnceCell<Vec<usize>>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(path: &'a str, text: &'a str) -> Source<'a> {
        Source { path, text, lines: OnceCell::new() }
    }

    /// Line and column (both from 1, the column in characters) of a byte offset, and the text of that line, empty where
    /// the line is too long to be shown.
    pub(crate) fn place(&self, at: usize) -> (usize, usize, &str) {
        let at = self.text.floor_char_boundary(at);
        let lines = self.lines.get_or_init(|| {
            let starts = self.text.match_indices('\n').map(|(newline, _)| newline + 1);
            std::iter::once(0).chain(starts).collect()
        });
        let line = lines.partition_point(|start| *start <= at);
        let start = lines[line - 1];
        let end = lines.get(line).map_or(self.text.len(), |next| next - 1);
        let excerpt = self.text[start..end].split('\r').next().unwrap_or("");
        let excerpt = if excerpt.len() > LONGEST_EXCERPT { "" } else { excerpt };
        (line, self.text[start..at].chars().count() + 1, excerpt)
    }

    /// Where a byte of a scalar's value stands in the file.
    pub(crate) fn inside(&self, node: &Node, offset: usize) -> usize {
        match &node.kind {
            Kind::Scalar(scalar) => align::place(self.text, node.at, scalar, offset),
            _ => node.at,
        }
    }
}

/// One value.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Where it starts, in bytes.
    pub(crate) at: usize,
    /// Stands inside `{ }` or `[ ]`.
    pub(crate) in_flow: bool,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// Already reported: every use of it passes without a word.
    Poison,
}

/// One key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_at: usize,
    pub(crate) value: Node,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Quoted,
    Block,
}

/// A leaf.
#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) style: Style,
}

impl Scalar {
    /// What the text means by YAML's core schema; quoted and block text is always text.
    pub(crate) fn value(&self) -> Value {
        // Numbers and words are short; anything longer is text, and need not be parsed again to know it. Nor need a word
        // that is none of YAML's own.
        let is_word = self.text.starts_with(|c: char| c.is_ascii_alphabetic());
        let own = ["null", "true", "false"].iter().any(|word| word.eq_ignore_ascii_case(&self.text));
        if self.style != Style::Plain || self.text.len() > 64 || (is_word && !own) {
            return Value::String(self.text.clone());
        }
        match serde_yaml::from_str::<Value>(&self.text) {
            Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => value,
            _ => Value::String(self.text.clone()),
        }
    }
}

impl Node {
    /// The word for messages.
    pub(crate) fn word(&self) -> &'static str {
        match &self.kind {
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
            Kind::Poison => "nothing",
            Kind::Scalar(scalar) => match scalar.value() {
                Value::Null => "nothing",
                Value::Bool(_) => "true or false",
                Value::Number(_) => "a number",
                _ => "text",
            },
        }
    }

    /// The value of a key, without a check.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        let Kind::Map(entries) = &self.kind else { return None };
        entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The same text for the same content, whatever its comments, order of keys and layout: what a version is a hash of.
    pub(crate) fn canonical(&self, out: &mut String) {
        match &self.kind {
            Kind::Poison => out.push('?'),
            Kind::Scalar(scalar) => {
                let mark = if matches!(scalar.value(), Value::String(_)) { 's' } else { 'v' };
                out.push_str(&format!("{mark}{}:{}", scalar.text.len(), scalar.text));
            }
            Kind::List(items) => {
                out.push_str(&format!("l{}:", items.len()));
                items.iter().for_each(|item| item.canonical(out));
            }
            Kind::Map(entries) => {
                let mut sorted: Vec<&Entry> = entries.iter().collect();
                sorted.sort_by(|a, b| a.key.cmp(&b.key));
                out.push_str(&format!("m{}:", sorted.len()));
                for entry in sorted {
                    out.push_str(&format!("{}:{}", entry.key.len(), entry.key));
                    entry.value.canonical(out);
                }
            }
        }
    }
}
