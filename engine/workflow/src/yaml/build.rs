//! Events of the parser to a tree. Everything that files of ours do not use is refused here with its place: anchors,
//! aliases, tags, merge keys, duplicate keys, keys that other readers take for truth values, a second document.

use super::meter::Meter;
use super::{Entry, Kind, Node, Scalar, Source, Style};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use staunch_core::codes;
use std::collections::HashSet;

/// Deeper files are mistakes or attacks.
const DEEPEST: usize = 64;
/// So are files of more values and keys; the largest that people write have a tenth.
const MOST_NODES: usize = 20_000;
/// In bytes; longer texts belong into templates.
const LONGEST_TEXT: usize = 64 << 10;
/// In bytes; names end at 64.
const LONGEST_KEY: usize = 256;
/// The most problems of a file that are reported.
pub(crate) const MOST_PROBLEMS: usize = 100;

/// A problem with its byte offset.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) at: usize,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) help: String,
}

/// A collection that is still open.
struct Open {
    node: Node,
    /// The key that waits for its value, `None` where it is to be dropped.
    key: Option<(Option<String>, usize)>,
    seen: HashSet<String>,
}

struct Builder<'a> {
    text: &'a str,
    /// Byte offset of each character; empty for pure ASCII, where both counts agree.
    bytes: Vec<usize>,
    stack: Vec<Open>,
    root: Option<Node>,
    problems: Vec<Problem>,
    /// Scalars, keys, collections and aliases so far.
    nodes: usize,
}

/// The tree of a file with all problems of its YAML; no tree where it cannot be read at all.
pub(crate) fn parse(source: &Source<'_>) -> (Option<Node>, Vec<Problem>) {
    let text = source.text;
    let bytes = if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| at).collect() };
    let mut builder = Builder { text, bytes, stack: Vec::new(), root: None, problems: Vec::new(), nodes: 0 };
    let mut documents = 0;
    let meter = Meter::default();
    for event in Parser::new_from_iter(meter.read(text)) {
        meter.event();
        if let Some(read) = meter.spent() {
            let at = builder.byte(read);
            builder.report(at, codes::YAML_LIMIT, "a `[` or `{` before this holds too much", "write it as a block");
            return (None, builder.problems);
        }
        let (event, span) = match event {
            Ok(found) => found,
            Err(error) => {
                let at = builder.byte(error.marker().index());
                builder.report(
                    at,
                    codes::YAML_SYNTAX,
                    format!("this is not YAML: {}", error.info()),
                    "check colons, quotes and indentation around it",
                );
                return (None, builder.problems);
            }
        };
        let at = builder.byte(span.start.index());
        if let Event::DocumentStart(_) = event {
            documents += 1;
            if documents > 1 {
                let help = "put it into a file of its own";
                builder.report(at, codes::NOT_A_DOCUMENT, "a second document starts here", help);
                break;
            }
        }
        if !builder.take(event, &span, at) {
            return (None, builder.problems);
        }
    }
    builder.finish()
}

impl Builder<'_> {
    fn finish(mut self) -> (Option<Node>, Vec<Problem>) {
        match &self.root {
            Some(Node { kind: Kind::Map(_) | Kind::Poison, .. }) => {}
            Some(node) => {
                let (at, word) = (node.at, node.word());
                self.report(
                    at,
                    codes::NOT_A_DOCUMENT,
                    format!("a file is a mapping of keys to values, this is {word}"),
                    "start with `workflow:`, `test:` or `rollout:`",
                );
                self.root = None;
            }
            None => self.report(
                0,
                codes::NOT_A_DOCUMENT,
                "the file is empty",
                "start with `workflow:`, `test:` or `rollout:`",
            ),
        }
        (self.root, self.problems)
    }

    fn byte(&self, index: usize) -> usize {
        if self.bytes.is_empty() {
            index.min(self.text.len())
        } else {
            self.bytes.get(index).copied().unwrap_or(self.text.len())
        }
    }

    fn report(&mut self, at: usize, code: &'static str, message: impl Into<String>, help: &str) {
        self.problems.push(Problem { at, code, message: message.into(), help: help.to_owned() });
    }

    /// One event; `false` where going on makes no sense.
    fn take(&mut self, event: Event<'_>, span: &Span, at: usize) -> bool {
        if self.is_too_much(&event, at) {
            return false;
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let spoiled = self.refuse(anchor, tag.is_some(), at);
                self.scalar(text.into_owned(), style, at, spoiled);
            }
            Event::Alias(_) => {
                self.report(at, codes::YAML_ALIAS, "aliases are not used in these files", "write the value out");
                self.value(Node { at, in_flow: false, kind: Kind::Poison });
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse(anchor, tag.is_some(), at);
                return self.open(at, Kind::List(Vec::new()));
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse(anchor, tag.is_some(), at);
                return self.open(at, Kind::Map(Vec::new()));
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.stack.pop() {
                    self.value(open.node);
                }
            }
            _ => debug_assert!(span.start.line() >= 1),
        }
        true
    }

    /// Refuses what no file of ours comes near to, before it costs memory. Problems end one behind the most that are
    /// reported, so that the reader sees that there are more.
    fn is_too_much(&mut self, event: &Event<'_>, at: usize) -> bool {
        let is_node =
            matches!(event, Event::Scalar(..) | Event::Alias(_) | Event::SequenceStart(..) | Event::MappingStart(..));
        self.nodes += usize::from(is_node);
        let is_key = self.waits_for_key();
        let (what, help) = match event {
            _ if self.problems.len() > MOST_PROBLEMS => return true,
            _ if self.nodes > MOST_NODES => (format!("this file has more than {MOST_NODES} values"), "split it"),
            Event::Scalar(text, ..) if is_key && text.len() > LONGEST_KEY => {
                (format!("this key is longer than {LONGEST_KEY} bytes"), "write a short name")
            }
            Event::Scalar(text, ..) if text.len() > LONGEST_TEXT => {
                (format!("this text is longer than {} KiB", LONGEST_TEXT >> 10), "put it into a template")
            }
            _ => return false,
        };
        self.report(at, codes::YAML_LIMIT, what, help);
        true
    }

    /// Anchors and tags stand before the value whose event tells of them. A tagged value is not what it looks like.
    fn refuse(&mut self, anchor: usize, tag: bool, at: usize) -> bool {
        if anchor > 0 {
            let place = self.back_to('&', at);
            self.report(
                place,
                codes::YAML_ALIAS,
                "anchors are not used in these files",
                "write the value out where it is needed",
            );
        }
        if tag {
            let place = self.tag_start(at);
            let help =
                "leave it out; put an expression that starts with ! into parentheses, and text that does into quotes";
            self.report(place, codes::YAML_TAG, "tags are not used in these files", help);
        }
        tag
    }

    fn back_to(&self, mark: char, at: usize) -> usize {
        self.text[..at].rfind(mark).unwrap_or(at)
    }

    /// The start of `!tag` or `!!tag`; the event may itself begin there.
    fn tag_start(&self, at: usize) -> usize {
        if self.text[at..].starts_with('!') {
            return at;
        }
        let last = self.back_to('!', at);
        if self.text[..last].ends_with('!') { last - 1 } else { last }
    }

    fn in_flow(&self) -> bool {
        self.stack.last().is_some_and(|open| open.node.in_flow || self.text[open.node.at..].starts_with(['{', '[']))
    }

    fn open(&mut self, at: usize, kind: Kind) -> bool {
        if self.stack.len() >= DEEPEST {
            self.report(
                at,
                codes::YAML_LIMIT,
                format!("this is nested deeper than {DEEPEST} levels"),
                "make it flatter",
            );
            return false;
        }
        if self.waits_for_key() {
            self.complex_key(at);
        }
        let node = Node { at, in_flow: self.in_flow(), kind };
        self.stack.push(Open { node, key: None, seen: HashSet::new() });
        true
    }

    fn waits_for_key(&self) -> bool {
        self.stack.last().is_some_and(|open| matches!(open.node.kind, Kind::Map(_)) && open.key.is_none())
    }

    fn complex_key(&mut self, at: usize) {
        self.report(at, codes::NOT_A_DOCUMENT, "a key has to be plain text", "write a word as the key");
    }

    fn scalar(&mut self, text: String, style: ScalarStyle, at: usize, spoiled: bool) {
        if self.waits_for_key() {
            return self.key(text, at);
        }
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        let at = if style == Style::Block && !text.is_empty() { self.block_header(at) } else { at };
        let kind = if spoiled { Kind::Poison } else { Kind::Scalar(Scalar { text, style }) };
        self.value(Node { at, in_flow: self.in_flow(), kind });
    }

    /// The `|` or `>` of a block scalar, whose event tells only where its content starts.
    fn block_header(&self, at: usize) -> usize {
        let before = self.text[..at].trim_end();
        let line = before.rfind('\n').map_or(0, |newline| newline + 1);
        let is_header = |(index, _): &(usize, &str)| {
            let rest = before[index + 1..].trim_start_matches(|c: char| c.is_ascii_digit() || c == '+' || c == '-');
            before[..*index].ends_with(' ') && (rest.is_empty() || rest.starts_with(' '))
        };
        let marks = before[line..].match_indices(['|', '>']).map(|(index, mark)| (line + index, mark));
        marks.into_iter().find(is_header).map_or(at, |(index, _)| index)
    }

    fn key(&mut self, key: String, at: usize) {
        let keep = self.good_key(&key, at);
        if let Some(open) = self.stack.last_mut() {
            open.key = Some((keep.then_some(key), at));
        }
    }

    fn good_key(&mut self, key: &str, at: usize) -> bool {
        if key == "<<" {
            self.report(at, codes::YAML_MERGE, "merge keys are not used in these files", "write the keys out");
            return false;
        }
        if ["on", "off", "yes", "no", "y", "n"].contains(&key.to_ascii_lowercase().as_str()) {
            let message = format!("`{key}` as a key is read as true or false by other tools");
            self.report(at, codes::BOOLISH_KEY, message, "use another word");
            return false;
        }
        let new = self.stack.last_mut().is_none_or(|open| open.seen.insert(key.to_owned()));
        if !new {
            self.report(at, codes::DUPLICATE_KEY, format!("`{key}` stands here a second time"), "keep one of the two");
        }
        new
    }

    /// A finished value goes to its key, its list, or becomes the root.
    fn value(&mut self, node: Node) {
        let waits_for_key = self.waits_for_key();
        let Some(open) = self.stack.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut open.node.kind {
            Kind::List(items) => items.push(node),
            Kind::Map(_) if waits_for_key => {
                // A collection or an alias as a key: reported already, its value is dropped.
                open.key = Some((None, node.at));
            }
            Kind::Map(entries) => {
                if let Some((Some(key), key_at)) = open.key.take() {
                    entries.push(Entry { key, key_at, value: node });
                }
            }
            _ => {}
        }
    }
}
