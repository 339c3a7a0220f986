//! Pages of ST2xxx: events that are parked.

use super::{Entry, entry};
use crate::codes::*;

pub(super) const PAGES: &[Entry] = &[
    entry(
        EVENT_NOT_UTF8,
        "The producer writes another encoding, or the body is not text at all.",
        "Have the producer send UTF-8; then `staunch dead replay`.",
    ),
    entry(
        EVENT_NOT_JSON,
        "The body ends early or has a comma too many; the message names line and column.",
        "Mend the producer; `staunch dead show` prints the bytes, `staunch dead replay` takes a mended body.",
    ),
    entry(
        EVENT_SHAPE,
        "An event is a CloudEvent, or the short form with `event`, `contact`, `time` and `data`. A part of it is missing \
         or of the wrong kind.",
        "Send the part that is named.",
    ),
    entry(
        EVENT_NO_ID,
        "A queue may deliver twice. Without an id the second delivery would be a second event.",
        "Send an `id` that is the same at every try.",
    ),
    entry(
        EVENT_NO_CONTACT,
        "Everything is decided for one contact, and this event is about nobody.",
        "Send `subject` (CloudEvents) or `contact` (short form).",
    ),
    entry(
        EVENT_TIME,
        "Features and waits go by the time at which something happened, not at which it arrived.",
        "Send `time` as in `2026-03-02T09:00:00Z`.",
    ),
    entry(
        EVENT_FUTURE,
        "The clock of the producer is wrong; taken at its word, the event would make every other one late.",
        "Mend the producer's clock and replay the event.",
    ),
    entry(
        EVENT_OLD,
        "The ids of events are kept for 35 days, so that an older one could be handled twice; and a person is not mailed \
         about what happened long ago.",
        "Import it by `staunch ingest --history`, which updates state and features and decides nothing.",
    ),
    entry(
        EVENT_FIELD,
        "The workspace says what an event of this type carries, and this one carries something else.",
        "Mend the event, or change its declaration under `events` in staunch.yaml, and replay it.",
    ),
    entry(
        EVENT_TOO_LARGE,
        "One huge body would stand in the way of all others.",
        "Send the large part elsewhere and a reference to it in the event.",
    ),
    entry(
        EVENT_POISON,
        "The event made the worker fail again and again, so it was taken out of the way of others.",
        "Look at the cause with `staunch dead show`, and replay it once that is mended.",
    ),
];
