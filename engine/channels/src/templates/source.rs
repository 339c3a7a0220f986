//! Files of templates: what their first line says, and their parts with places in the file.

use super::engine;
use staunch_core::codes::{self, Code};
use std::collections::BTreeMap;

/// The folder of what templates include.
pub(super) const BLOCKS: &str = "blocks/";

/// What a template makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateKind {
    /// First line `Subject: …`.
    Email,
    /// First line `Title: …`.
    Nudge,
}

impl TemplateKind {
    /// The word of the channel.
    pub fn word(self) -> &'static str {
        match self {
            TemplateKind::Email => "email",
            TemplateKind::Nudge => "nudge",
        }
    }

    /// How the first line begins.
    pub fn header(self) -> &'static str {
        match self {
            TemplateKind::Email => "Subject:",
            TemplateKind::Nudge => "Title:",
        }
    }
}

/// A problem of a template file, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateProblem {
    /// Relative to the folder of templates, with `/`.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// Stable.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
    /// The text of that line, where it is known as a whole.
    pub excerpt: Box<str>,
}

impl TemplateProblem {
    pub(super) fn new(file: &str, message: impl Into<String>, help: impl Into<String>) -> TemplateProblem {
        let (message, help) = (message.into(), help.into());
        let (file, excerpt, code) = (file.to_owned(), Box::default(), codes::TEMPLATE_INVALID);
        TemplateProblem { file, line: 1, column: 1, code, message, help, excerpt }
    }
}

/// A template's content, split.
pub(super) struct Source {
    pub(super) kind: TemplateKind,
    /// The first line behind `Subject:` or `Title:`, with the spaces before it, so that columns can be told.
    head: String,
    text: String,
    pub(super) html: Option<String>,
}

/// One part as the engine compiles it.
pub(super) struct Part<'a> {
    pub(super) key: String,
    pub(super) text: &'a str,
    pub(super) file: String,
    line_offset: usize,
    column_offset: usize,
}

impl Source {
    /// Head, text and HTML.
    pub(super) fn parts(&self, name: &str) -> Vec<Part<'_>> {
        let part = |part: &str, text, column_offset| Part {
            key: key(name, part),
            text,
            file: if part == "html" { format!("{name}.html") } else { format!("{name}.txt") },
            line_offset: offset(part),
            column_offset,
        };
        let mut parts = vec![part("subject", self.head.as_str(), self.kind.header().len()), part("txt", &self.text, 0)];
        parts.extend(self.html.as_deref().map(|html| part("html", html, 0)));
        parts
    }
}

impl<'a> Part<'a> {
    /// A block: all of its file.
    pub(super) fn block(file: &str, text: &'a str) -> Part<'a> {
        Part { key: file.to_owned(), text, file: file.to_owned(), line_offset: 0, column_offset: 0 }
    }

    /// Whether this is the line that becomes a header.
    pub(super) fn is_head(&self) -> bool {
        self.column_offset > 0
    }

    /// A compiler's error with its place in the file.
    pub(super) fn problem(&self, error: &minijinja::Error) -> TemplateProblem {
        let start = error.range().map_or(0, |range| range.start);
        // What expressions of workflows write as `??`, templates write as a filter.
        let behind = self.text.get(start..).unwrap_or_default();
        let help = if behind.trim_start().starts_with('?') {
            "a template writes a default as a filter: `{{ contact.name | default(\"there\") }}`"
        } else {
            "correct it, then run `staunch check`"
        };
        self.at(start, engine::describe(error), help.to_owned())
    }

    /// A problem at a byte of this part.
    pub(super) fn at(&self, byte: usize, message: String, help: String) -> TemplateProblem {
        let TemplatePlace { file, line, column, excerpt } = self.place(byte);
        TemplateProblem { line, column, excerpt: excerpt.into(), ..TemplateProblem::new(&file, message, help) }
    }

    /// Where a byte of this part is in the file.
    pub(super) fn place(&self, byte: usize) -> TemplatePlace {
        let before = self.text.get(..byte).unwrap_or_default();
        let line = before.matches('\n').count();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
        let first = if line == 0 { self.column_offset } else { 0 };
        let excerpt = self.text.lines().nth(line).unwrap_or_default();
        TemplatePlace {
            file: self.file.clone(),
            line: 1 + line + self.line_offset,
            column: 1 + column + first,
            // Of a head only a part is here; its columns would mark the wrong place.
            excerpt: if first > 0 { String::new() } else { excerpt.to_owned() },
        }
    }
}

/// A place in a template file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TemplatePlace {
    /// Relative to the folder of templates, with `/`.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The text of that line, where it is known as a whole.
    pub excerpt: String,
}

/// What the engine calls a part; the ending decides whether values are escaped.
pub(super) fn key(name: &str, part: &str) -> String {
    format!("{name}.{part}")
}

/// Lines of the file before a part.
pub(super) fn offset(part: &str) -> usize {
    if part == "txt" { 2 } else { 0 }
}

/// Pairs texts with their HTML parts and reads the first lines. Blocks have none, and are left out.
pub(super) fn split(files: &BTreeMap<String, String>) -> (BTreeMap<String, Source>, Vec<TemplateProblem>) {
    let (mut sources, mut problems) = (BTreeMap::new(), Vec::new());
    for (file, content) in files {
        if is_block(file) {
            continue;
        }
        if let Some(name) = file.strip_suffix(".txt") {
            match split_text(file, content, files.get(&format!("{name}.html"))) {
                Ok(source) => drop(sources.insert(name.to_owned(), source)),
                Err(problem) => problems.push(problem),
            }
        } else if let Some(name) = file.strip_suffix(".html") {
            if !files.contains_key(&format!("{name}.txt")) {
                let help = format!("write `{name}.txt` with `Subject: …`; every e-mail needs a text part");
                problems.push(TemplateProblem::new(file, "has no text beside it", help));
            }
        } else {
            problems.push(TemplateProblem::new(file, "is neither .txt nor .html", "rename or remove it"));
        }
    }
    (sources, problems)
}

/// Whether a file is a block, and no message of its own.
pub(super) fn is_block(file: &str) -> bool {
    file.starts_with(BLOCKS) && [".txt", ".html"].iter().any(|end| file.ends_with(end))
}

/// A text without a mark of its encoding, its lines ended in one way.
pub(super) fn plain(content: &str) -> String {
    content.strip_prefix('\u{feff}').unwrap_or(content).replace("\r\n", "\n")
}

fn split_text(file: &str, content: &str, html: Option<&String>) -> Result<Source, TemplateProblem> {
    let content = plain(content);
    let (first, rest) = content.split_once('\n').unwrap_or((&content, ""));
    let kinds = [TemplateKind::Email, TemplateKind::Nudge];
    let kind = kinds.into_iter().find(|kind| first.starts_with(kind.header()));
    let kind = kind.ok_or_else(|| {
        TemplateProblem::new(
            file,
            "begins with neither `Subject:` nor `Title:`",
            "`Subject: …` makes an e-mail, `Title: …` a nudge",
        )
    })?;
    let head = &first[kind.header().len()..];
    if head.trim().is_empty() {
        return Err(TemplateProblem::new(
            file,
            "has an empty first line",
            format!("write a text behind `{}`", kind.header()),
        ));
    }
    let Some(text) = rest.strip_prefix('\n').filter(|text| !text.trim().is_empty()) else {
        let problem = TemplateProblem::new(
            file,
            "has no text behind its first line",
            "leave line 2 empty and begin the text in line 3",
        );
        return Err(TemplateProblem { line: 2, ..problem });
    };
    if kind == TemplateKind::Nudge && html.is_some() {
        return Err(TemplateProblem::new(
            file,
            "is a nudge with an HTML part",
            "remove the .html file, or begin with `Subject:`",
        ));
    }
    Ok(Source { kind, head: head.to_owned(), text: text.to_owned(), html: html.cloned() })
}
