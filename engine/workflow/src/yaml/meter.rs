//! The characters of a file on their way into the parser, with a bound on the work between two of its events. A flow
//! collection that may be a key is read to its end before the first event of it comes out, with work at every token for
//! every bracket that is open; so a megabyte of brackets would take hours, and no count of events would see it.

use std::cell::Cell;
use std::rc::Rc;
use std::str::Chars;

/// Work between two events. A text of a megabyte is fine, and so is a flow collection of some thousand values.
const MOST_WORK: usize = 20_000_000;
/// What a token of a flow collection costs, in plain characters.
const TOKEN: usize = 400;
/// How many characters the parser reads ahead at most.
const HELD: usize = 16;

/// What was read since the last event.
#[derive(Default)]
struct Since {
    work: Cell<usize>,
    opened: Cell<usize>,
    read: Cell<usize>,
    spent: Cell<bool>,
}

/// Sees how much was read, and resets the count at each event.
#[derive(Clone, Default)]
pub(super) struct Meter {
    since: Rc<Since>,
}

/// The characters; they end where the work is too much.
pub(super) struct Metered<'a> {
    chars: Chars<'a>,
    meter: Meter,
}

impl Meter {
    pub(super) fn read<'a>(&self, text: &'a str) -> Metered<'a> {
        Metered { chars: text.chars(), meter: self.clone() }
    }

    /// An event came out. The parser may hold brackets that it has read and not yet looked at.
    pub(super) fn event(&self) {
        self.since.work.set(0);
        self.since.opened.set(self.since.opened.get().min(HELD));
    }

    /// How many characters were read when the work was too much.
    pub(super) fn spent(&self) -> Option<usize> {
        self.since.spent.get().then(|| self.since.read.get())
    }
}

impl Iterator for Metered<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let since = &self.meter.since;
        if since.work.get() > MOST_WORK {
            since.spent.set(true);
            return None;
        }
        let c = self.chars.next()?;
        since.read.set(since.read.get() + 1);
        if matches!(c, '[' | '{') {
            since.opened.set(since.opened.get() + 1);
        }
        let opened = since.opened.get();
        let work = if opened > 0 && c.is_ascii_punctuation() { TOKEN + opened } else { 1 };
        since.work.set(since.work.get() + work);
        Some(c)
    }
}
