//! Events from files: NDJSON as it is, CSV by a mapping, and the shipped purchase history.

use crate::error::{CliError, Result};
use crate::{lines, output};
use serde_json::{Value, json};
use staunch_broker::Message;
use staunch_core::action::hash_hex;
use staunch_core::ingest::{SEQUENCE, too_large};
use staunch_core::{Span, Time, codes};
use std::collections::{BTreeMap, HashSet};
use std::io::{BufReader, Read};
use std::path::Path;

/// One event on virtual time.
#[derive(Clone, Debug)]
pub struct Timed {
    /// When it happened.
    pub time: Time,
    /// The event, ready for the broker.
    pub message: Message,
}

/// Messages of one chunk.
pub const CHUNK: usize = 2_000;
/// Bytes of one chunk, and of its longest line. An event is smaller (`MAX_BODY`); what is larger than that and still fits
/// here is queued, so that it is parked with its bytes and not lost.
const CHUNK_BYTES: usize = 16 << 20;
/// Lines that are too long and told one by one.
const TOLD: u64 = 3;

/// The lines of a file of events, in chunks that are never large.
pub struct Lines {
    reader: BufReader<Box<dyn Read + Send>>,
    file: String,
    line: Vec<u8>,
    number: u64,
    /// Lines that are longer than a chunk.
    pub refused: u64,
}

impl Lines {
    /// `file` is what a person calls it.
    pub fn new(reader: BufReader<Box<dyn Read + Send>>, file: &str) -> Lines {
        Lines { reader, file: file.to_owned(), line: Vec::new(), number: 0, refused: 0 }
    }

    /// One message per line that is not empty, none at the end; nothing is parsed here, so that a broken line is parked
    /// and not lost. A line that is longer than any event is passed over and told on stderr.
    ///
    /// # Errors
    /// Where the file cannot be read any more.
    pub fn chunk(&mut self) -> Result<Vec<Message>> {
        let (mut messages, mut bytes) = (Vec::new(), 0);
        while messages.len() < CHUNK && bytes < CHUNK_BYTES {
            self.number += 1;
            match lines::read(&mut self.reader, &mut self.line, CHUNK_BYTES) {
                Err(error) => return Err(CliError::file(Path::new(&self.file), &error)),
                Ok(lines::Line::End) => break,
                Ok(lines::Line::TooLong(bytes)) => self.refuse(bytes),
                Ok(lines::Line::Read(_)) => {
                    let line = lines::trimmed(&self.line, self.number == 1);
                    if !line.is_empty() {
                        bytes += line.len();
                        let mut message = Message::json(line);
                        message.headers.insert(SEQUENCE.to_owned(), self.number.to_string());
                        messages.push(message);
                    }
                }
            }
        }
        Ok(messages)
    }

    fn refuse(&mut self, bytes: u64) {
        self.refused += 1;
        let refusal = too_large(bytes);
        match self.refused {
            n if n <= TOLD => {
                let lead = format!("line {} was not queued: {} ", self.number, refusal.code);
                output::note(&output::wrap(&lead, &refusal.message));
            }
            n if n == TOLD + 1 => output::note("and so were further lines"),
            _ => {}
        }
    }
}

/// Which columns of a CSV file are what.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The type of every row's event.
    pub event: String,
    /// Event part or field → column: `contact`, `time`, optionally `id`; the rest are fields.
    pub columns: BTreeMap<String, String>,
    /// The source that makes ids unique, the file's name.
    pub source: String,
}

/// The rows of a CSV file as events. A day without an hour is noon UTC.
///
/// # Errors
/// A column that the file does not have. A row that cannot be read becomes a message that is parked.
pub fn csv(file: impl Read, mapping: &Mapping) -> Result<Vec<Message>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let unreadable =
        |error: csv::Error| CliError::new(codes::CLI_FILE, error.to_string(), "check that it is CSV in UTF-8");
    let headers = reader.headers().map_err(unreadable)?.clone();
    let mut places = BTreeMap::new();
    for (part, column) in &mapping.columns {
        let at = headers.iter().position(|name| name == column).ok_or_else(|| {
            let known: Vec<&str> = headers.iter().collect();
            CliError::usage(format!("the file has no column `{column}`"), format!("it has {}", known.join(", ")))
        })?;
        places.insert(part.as_str(), at);
    }
    let mut messages = Vec::new();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        messages.push(Message::json(row(&record, &places, mapping).to_string()));
    }
    Ok(messages)
}

fn row(record: &csv::StringRecord, places: &BTreeMap<&str, usize>, mapping: &Mapping) -> Value {
    let cell = |part: &str| places.get(part).and_then(|at| record.get(*at)).map(str::trim);
    let time = cell("time").map(|text| if text.len() == 10 { format!("{text}T12:00:00Z") } else { text.to_owned() });
    let mut data = serde_json::Map::new();
    for part in places.keys().filter(|part| !["contact", "time", "id"].contains(*part)) {
        let text = cell(part).unwrap_or_default();
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        if !text.is_empty() {
            data.insert((*part).to_owned(), number.map_or_else(|| text.into(), Value::from));
        }
    }
    let mut event = json!({
        "specversion": "1.0", "source": mapping.source, "type": mapping.event,
        "time": time, "subject": cell("contact"), "data": data,
    });
    let id = cell("id").map_or_else(|| hash_hex("row", &[event.to_string().as_bytes()]), str::to_owned);
    event["id"] = id.into();
    event
}

/// The shipped purchase history: each order at noon UTC plus its row number in seconds, and before a customer's first
/// order its synthetic address and consent (four of five, by a hash).
///
/// # Errors
/// Where the file is not the one that is shipped.
pub fn retail(bytes: &[u8]) -> Result<Vec<Timed>> {
    let broken =
        |what: &str| CliError::new(codes::CLI_FILE, format!("the purchase history is damaged: {what}"), "restore it");
    let mut reader = csv::Reader::from_reader(bytes);
    let mut events = Vec::new();
    let mut known = HashSet::new();
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(|error| broken(&error.to_string()))?;
        let cell = |at: usize| record.get(at).ok_or_else(|| broken("a row is too short"));
        let (invoice, day, customer) = (cell(0)?, cell(1)?, cell(2)?);
        let total: f64 = cell(3)?.parse().map_err(|_| broken("a total is no number"))?;
        let noon = Time::parse(&format!("{day}T12:00:00Z")).ok_or_else(|| broken("a day is no date"))?;
        let time = noon + Span::seconds(i64::try_from(index).unwrap_or(0));
        if known.insert(customer.to_owned()) {
            events.extend(introduction(customer, time));
        }
        events.push(timed(&format!("invoice-{invoice}"), "order.paid", customer, time, json!({ "total": total })));
    }
    events.sort_by_key(|event| event.time);
    Ok(events)
}

fn introduction(customer: &str, time: Time) -> [Timed; 2] {
    let before = time - Span::seconds(1);
    let fields = json!({ "email": format!("{customer}@customers.invalid"), "zone": "Europe/London" });
    let granted = staunch_core::arm::bucket("retail", "synthetic-consent", "", customer) < 0.8;
    let consent = json!({ "purpose": "marketing", "granted": granted });
    [
        timed(&format!("known-{customer}"), "contact.updated", customer, before, fields),
        timed(&format!("consent-{customer}"), "consent.changed", customer, before, consent),
    ]
}

fn timed(id: &str, kind: &str, contact: &str, time: Time, data: Value) -> Timed {
    let event = json!({
        "specversion": "1.0", "id": id, "source": "online-retail", "type": kind,
        "time": time.to_string(), "subject": contact, "data": data,
    });
    Timed { time, message: Message::json(event.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_rows_become_events() {
        let columns = [("contact", "who"), ("time", "day"), ("total", "sum")];
        let columns = columns.map(|(part, column)| (part.to_owned(), column.to_owned())).into();
        let mapping = Mapping { event: "order.paid".into(), columns, source: "f.csv".into() };
        let found = csv(&b"who,day,sum\nc1,2011-01-02,5.5\n"[..], &mapping).unwrap();
        let event: Value = serde_json::from_slice(&found[0].body).unwrap();
        assert_eq!(event["time"], "2011-01-02T12:00:00Z");
        assert_eq!((event["subject"].as_str(), event["data"]["total"].as_f64()), (Some("c1"), Some(5.5)));
        let wrong = Mapping { columns: BTreeMap::from([("contact".into(), "nobody".into())]), ..mapping };
        assert!(csv(&b"who,day,sum\n"[..], &wrong).unwrap_err().to_string().contains("who, day, sum"));
    }

    fn chunks(text: &'static [u8]) -> (Vec<Message>, u64) {
        let mut lines = Lines::new(BufReader::new(Box::new(text)), "f");
        let (mut all, mut chunk) = (Vec::new(), lines.chunk().unwrap());
        while !chunk.is_empty() {
            all.append(&mut chunk);
            chunk = lines.chunk().unwrap();
        }
        (all, lines.refused)
    }

    #[test]
    fn broken_lines_are_passed_on_with_their_numbers() {
        let (messages, refused) = chunks(b"\xef\xbb\xbf{\"a\":1}\n\n  {broken\r\n");
        let found: Vec<_> = messages.iter().map(|one| (one.headers[SEQUENCE].as_str(), &one.body[..])).collect();
        assert_eq!((found.as_slice(), refused), (&[("1", &b"{\"a\":1}"[..]), ("3", b"{broken")][..], 0));
    }

    #[test]
    fn what_is_longer_than_a_chunk_is_refused_and_the_rest_goes_on() {
        let text: &'static [u8] = [&vec![b'x'; CHUNK_BYTES + 1][..], b"\n{}\n"].concat().leak();
        let (messages, refused) = chunks(text);
        assert_eq!((messages.len(), refused), (1, 1));
    }
}
