//! The page of each code: what it means, why it is an error, and what to do next. `staunch explain` prints them, and
//! `engine/ERRORS.md` is made of them.

mod command;
mod events;
mod expressions;
mod files;
mod lint;
mod reasons;
mod scoring;
mod service;

pub use reasons::{Reason, reason, reasons};

use crate::codes::{Code, LIST};

/// What is written about a code beside its own line in the list of codes.
#[derive(Clone, Copy, Debug)]
struct Entry {
    code: Code,
    why: &'static str,
    next: &'static str,
    example: Option<&'static str>,
}

const fn entry(code: Code, why: &'static str, next: &'static str) -> Entry {
    Entry { code, why, next, example: None }
}

impl Entry {
    const fn example(self, file: &'static str) -> Entry {
        Entry { example: Some(file), ..self }
    }
}

/// The blocks of codes, in order.
const BLOCKS: [(&str, &[Entry]); 7] = [
    ("Files", files::PAGES),
    ("Expressions", expressions::PAGES),
    ("What is well formed and cannot be meant", lint::PAGES),
    ("Events", events::PAGES),
    ("Plugins and models", scoring::PAGES),
    ("Store, broker and channels", service::PAGES),
    ("Worker, command line and HTTP", command::PAGES),
];

/// All that is known of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The code, such as `ST1042`.
    pub code: Code,
    /// Its name in the source.
    pub name: &'static str,
    /// What it says, in one line.
    pub means: &'static str,
    /// Where it comes from, and why it is not let pass.
    pub why: &'static str,
    /// What to do.
    pub next: &'static str,
    /// A file below `examples/broken` that has it.
    pub example: Option<&'static str>,
}

/// The page of a code; `None` where there is no such code, or no page of it.
pub fn page(code: &str) -> Option<Page> {
    pages().find(|(_, page)| page.code == code).map(|(_, page)| page)
}

/// All pages in order, each with the title of its block.
pub fn pages() -> impl Iterator<Item = (&'static str, Page)> {
    let entries = BLOCKS.iter().flat_map(|(title, entries)| entries.iter().map(move |entry| (*title, entry)));
    entries.filter_map(|(title, entry)| {
        let (name, code, means) = LIST.iter().find(|(_, code, _)| *code == entry.code)?;
        let Entry { why, next, example, .. } = *entry;
        Some((title, Page { code, name, means: means.trim(), why, next, example }))
    })
}

impl Page {
    /// Its name in words: `unknown key`.
    pub fn title(&self) -> String {
        self.name.to_lowercase().replace('_', " ")
    }
}

/// All pages as one document.
pub fn markdown() -> String {
    let mut out =
        "# Every error that Staunch tells you about\n\nMade by `staunch explain --all`; do not edit. A code never \
                   changes its meaning.\n"
            .to_owned();
    let mut last = "";
    for (title, page) in pages() {
        if title != last {
            out += &format!("\n## {title}\n");
            last = title;
        }
        out += &format!(
            "\n### {} {}\n\n{}\n\n{}\n\n**Next.** {}\n",
            page.code,
            page.title(),
            page.means,
            page.why,
            page.next
        );
        if let Some(example) = page.example {
            out += &format!("\nExample: [`examples/broken/{example}`](../examples/broken/{example})\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_page() {
        let written: Vec<Code> =
            BLOCKS.iter().flat_map(|(_, entries)| entries.iter().map(|entry| entry.code)).collect();
        let listed: Vec<Code> = LIST.iter().map(|(_, code, _)| *code).collect();
        let lost: Vec<&Code> = listed.iter().filter(|code| !written.contains(code)).collect();
        assert!(lost.is_empty(), "write a page in engine/core/src/explain for {lost:?}");
        assert_eq!(written, listed, "each once, in the order of the list");
    }

    #[test]
    fn every_page_says_something() {
        for (_, page) in pages() {
            for text in [page.means, page.why, page.next] {
                assert!(text.len() > 8 && text.ends_with(['.', ':']) && !text.contains("  "), "{}: {text}", page.code);
            }
        }
        assert_eq!(page("ST1042").unwrap().title(), "expr unknown name");
        assert_eq!(page("1042"), None);
    }
}
