//! The lines of a file of events in order of time, without holding the file.
//!
//! A file that is in order is read as a stream. Of any other only the times and places of its lines are kept.

use crate::error::{CliError, Result};
use crate::lines;
use serde::Deserialize;
use staunch_core::ingest::MAX_BODY;
use staunch_core::{Time, codes};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The time of an event; the rest of its line is looked through.
#[derive(Deserialize)]
struct Stamp<'a> {
    #[serde(borrow, default)]
    time: Option<Cow<'a, str>>,
}

/// Where a line begins, and its number.
#[derive(Clone, Copy)]
struct Place {
    at: u64,
    number: u64,
}

/// A file of events.
pub struct History {
    path: PathBuf,
    reader: BufReader<File>,
    line: Vec<u8>,
    /// The lines in order of time; `None` where the file is in order itself.
    places: Option<Vec<(Time, Place)>>,
    next: usize,
    /// Lines that were read since the beginning, where the file is in order.
    number: u64,
    bytes: u64,
}

/// One line of a history that is not empty.
#[derive(Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number in the file, from 1.
    pub number: u64,
    /// Its bytes in the file.
    pub bytes: u64,
    /// Its text, without spaces around it; `None` where it is larger than an event may be.
    pub text: Option<&'a [u8]>,
}

impl History {
    /// Opens a file and looks once through the times of its lines.
    ///
    /// # Errors
    /// Where it cannot be read, is no plain file, or holds nothing.
    pub fn open(path: &Path) -> Result<History> {
        let found = std::fs::metadata(path).map_err(|error| CliError::file(path, &error))?;
        if !found.is_file() {
            let message = format!("{} is no plain file", path.display());
            let help = "save the events to a file: a history is read twice, and by its size";
            return Err(CliError::new(codes::CLI_FILE, message, help));
        }
        let file = File::open(path).map_err(|error| CliError::file(path, &error))?;
        let mut history = History {
            path: path.to_owned(),
            reader: BufReader::with_capacity(1 << 16, file),
            line: Vec::new(),
            places: None,
            next: 0,
            number: 0,
            bytes: found.len(),
        };
        history.places = history.disorder()?;
        history.rewind()?;
        if found.len() == 0 {
            let message = format!("{} is empty", path.display());
            return Err(CliError::new(codes::CLI_FILE, message, "name a file with one event (JSON) in each line"));
        }
        Ok(history)
    }

    /// The size of the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Begins again.
    ///
    /// # Errors
    /// Where the file cannot be read any more.
    pub fn rewind(&mut self) -> Result<()> {
        (self.next, self.number) = (0, 0);
        self.reader.seek(SeekFrom::Start(0)).map_err(|error| CliError::file(&self.path, &error))?;
        Ok(())
    }

    /// The next line that is not empty, in order of time.
    ///
    /// # Errors
    /// Where the file cannot be read any more.
    pub fn next(&mut self) -> Result<Option<Line<'_>>> {
        if let Some(places) = &self.places {
            let Some((_, place)) = places.get(self.next) else { return Ok(None) };
            (self.next, self.number) = (self.next + 1, place.number - 1);
            self.reader.seek(SeekFrom::Start(place.at)).map_err(|error| CliError::file(&self.path, &error))?;
        }
        loop {
            let read = self.read_line()?;
            let (number, bytes) = (self.number, read.bytes());
            match read {
                lines::Line::End => return Ok(None),
                lines::Line::TooLong(_) => return Ok(Some(Line { number, bytes, text: None })),
                lines::Line::Read(_) if lines::trimmed(&self.line, number == 1).is_empty() => {}
                lines::Line::Read(_) => {
                    let text = Some(lines::trimmed(&self.line, number == 1));
                    return Ok(Some(Line { number, bytes, text }));
                }
            }
        }
    }

    fn read_line(&mut self) -> Result<lines::Line> {
        self.number += 1;
        let read = lines::read(&mut self.reader, &mut self.line, MAX_BODY);
        read.map_err(|error| CliError::file(&self.path, &error))
    }

    /// The places of all lines in order of time, where the file is not in order. A line without a time keeps its place
    /// behind the line before it; it is refused when it is read.
    fn disorder(&mut self) -> Result<Option<Vec<(Time, Place)>>> {
        let (mut last, mut sorted, mut at) = (Time(i64::MIN), true, 0u64);
        let mut places = Vec::new();
        loop {
            let read = self.read_line()?;
            if read == lines::Line::End {
                break;
            }
            let line = lines::trimmed(&self.line, self.number == 1);
            if !line.is_empty() || matches!(read, lines::Line::TooLong(_)) {
                let stamp: Option<Stamp<'_>> = serde_json::from_slice(line).ok();
                let time = stamp.and_then(|stamp| Time::parse(&stamp.time?)).unwrap_or(last);
                sorted &= time >= last;
                last = time;
                places.push((time, Place { at, number: self.number }));
            }
            at += read.bytes();
        }
        // Stable: lines of equal times stay in the order of the file.
        places.sort_by_key(|(time, _)| *time);
        Ok((!sorted).then_some(places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(text: &str) -> Vec<(u64, String)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.ndjson");
        std::fs::write(&path, text).unwrap();
        let mut history = History::open(&path).unwrap();
        let mut all = Vec::new();
        for _ in 0..2 {
            all.clear();
            while let Some(line) = history.next().unwrap() {
                let text = line.text.map_or_else(|| "too long".to_owned(), |text| String::from_utf8_lossy(text).into());
                all.push((line.number, text));
            }
            history.rewind().unwrap();
        }
        all
    }

    fn lines(text: &str) -> Vec<String> {
        numbered(text).into_iter().map(|(_, line)| line).collect()
    }

    #[test]
    fn lines_keep_their_numbers_and_long_ones_are_not_held() {
        let line = |time: &str| format!("{{\"time\":\"2011-01-{time}T00:00:00Z\"}}");
        let (one, two, long) = (line("01"), line("02"), "x".repeat(MAX_BODY + 1));
        let text = |text: &str| text.to_owned();
        assert_eq!(
            numbered(&format!("\u{feff}{one}\n\n{long}\n{two}\n")),
            [(1, one.clone()), (3, text("too long")), (4, two.clone())]
        );
        assert_eq!(
            numbered(&format!("\u{feff}{two}\n{long}\n\n{one}\n")),
            [(4, one), (1, two), (2, text("too long"))],
            "out of order"
        );
        let folder = tempfile::tempdir().unwrap();
        let error = History::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains("no plain file"), "{error}");
    }

    #[test]
    fn lines_come_in_order_of_time_whatever_their_order_in_the_file() {
        let line = |n: i32, time: &str| format!("{{\"n\":{n},\"time\":\"2011-01-{time}T00:00:00Z\"}}");
        let (one, two, three) = (line(1, "01"), line(2, "02"), line(3, "03"));
        let want = [&one, &two, &three].map(String::clone);
        assert_eq!(lines(&format!("{one}\n{two}\r\n\n{three}")), want, "in order");
        assert_eq!(lines(&format!("{three}\n\n{one}\r\n{two}\n")), want, "out of order");
        let broken = "{broken".to_owned();
        assert_eq!(lines(&format!("{two}\n{broken}\n{one}\n")), [one, two, broken], "a broken line is not lost");
    }
}
