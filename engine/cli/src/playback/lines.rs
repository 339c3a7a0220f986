//! The lines of a file of events in order of time, without holding the file.
//!
//! A file that is in order is read as a stream. Of any other only the times and places of its lines are kept.

use crate::error::{CliError, Result};
use serde::Deserialize;
use staunch_core::{Time, codes};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The time of an event; the rest of its line is looked through.
#[derive(Deserialize)]
struct Stamp<'a> {
    #[serde(borrow, default)]
    time: Option<Cow<'a, str>>,
}

/// A file of events.
pub struct History {
    path: PathBuf,
    reader: BufReader<File>,
    line: Vec<u8>,
    /// Where each line begins, in order of time; `None` where the file is in order itself.
    places: Option<Vec<(Time, u64)>>,
    next: usize,
    bytes: u64,
}

impl History {
    /// Opens a file and looks once through the times of its lines.
    ///
    /// # Errors
    /// Where it cannot be read, or holds nothing.
    pub fn open(path: &Path) -> Result<History> {
        let file = File::open(path).map_err(|error| CliError::file(path, &error))?;
        let bytes = file.metadata().map_err(|error| CliError::file(path, &error))?.len();
        let mut history = History {
            path: path.to_owned(),
            reader: BufReader::with_capacity(1 << 16, file),
            line: Vec::new(),
            places: None,
            next: 0,
            bytes,
        };
        history.places = history.disorder()?;
        history.rewind()?;
        if bytes == 0 {
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
        self.next = 0;
        self.reader.seek(SeekFrom::Start(0)).map_err(|error| CliError::file(&self.path, &error))?;
        Ok(())
    }

    /// The next line that is not empty, in order of time.
    ///
    /// # Errors
    /// Where the file cannot be read any more.
    pub fn next(&mut self) -> Result<Option<&[u8]>> {
        if let Some(places) = &self.places {
            let Some((_, place)) = places.get(self.next) else { return Ok(None) };
            self.next += 1;
            self.reader.seek(SeekFrom::Start(*place)).map_err(|error| CliError::file(&self.path, &error))?;
        }
        loop {
            if self.read_line()? == 0 {
                return Ok(None);
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some(self.line.trim_ascii()));
            }
        }
    }

    fn read_line(&mut self) -> Result<usize> {
        self.line.clear();
        self.reader.read_until(b'\n', &mut self.line).map_err(|error| CliError::file(&self.path, &error))
    }

    /// The places of all lines in order of time, where the file is not in order. A line without a time keeps its place
    /// behind the line before it; it is refused when it is read.
    fn disorder(&mut self) -> Result<Option<Vec<(Time, u64)>>> {
        let (mut last, mut sorted, mut place) = (Time(i64::MIN), true, 0u64);
        let mut places = Vec::new();
        loop {
            let length = self.read_line()?;
            if length == 0 {
                break;
            }
            let line = self.line.trim_ascii();
            if !line.is_empty() {
                let stamp: Option<Stamp<'_>> = serde_json::from_slice(line).ok();
                let time = stamp.and_then(|stamp| Time::parse(&stamp.time?)).unwrap_or(last);
                sorted &= time >= last;
                last = time;
                places.push((time, place));
            }
            place += length as u64;
        }
        // Stable: lines of equal times stay in the order of the file.
        places.sort_by_key(|(time, _)| *time);
        Ok((!sorted).then_some(places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.ndjson");
        std::fs::write(&path, text).unwrap();
        let mut history = History::open(&path).unwrap();
        let mut all = Vec::new();
        for _ in 0..2 {
            all.clear();
            while let Some(line) = history.next().unwrap() {
                all.push(String::from_utf8(line.to_vec()).unwrap());
            }
            history.rewind().unwrap();
        }
        all
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
