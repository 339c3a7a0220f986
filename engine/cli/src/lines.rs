//! Lines of files that nobody vouches for: one that is too long is passed over and never held in memory.

use std::io::{self, BufRead};

/// A mark of the encoding, with which some programs begin a file.
const MARK: &[u8] = "\u{feff}".as_bytes();
/// A line that does not end within so many bytes belongs to no file of events: a device, or an image of a disk.
const ENDLESS: u64 = 1 << 30;

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// There is none: the end of the file.
    End,
    /// It is in the buffer, without its end. Its bytes in the file, its end included.
    Read(u64),
    /// It is longer than the limit, and the buffer is empty. Its bytes in the file, its end included.
    TooLong(u64),
}

impl Line {
    /// Its bytes in the file.
    pub fn bytes(self) -> u64 {
        match self {
            Line::End => 0,
            Line::Read(bytes) | Line::TooLong(bytes) => bytes,
        }
    }
}

/// Reads a line of at most `limit` bytes into `line`.
///
/// # Errors
/// What the file says, and a line that does not end within a gibibyte.
pub fn read(reader: &mut impl BufRead, line: &mut Vec<u8>, limit: usize) -> io::Result<Line> {
    line.clear();
    let (mut bytes, mut fits) = (0u64, true);
    loop {
        let chunk = match reader.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let (part, used) = (&chunk[..end.unwrap_or(chunk.len())], end.map_or(chunk.len(), |end| end + 1));
        fits = fits && line.len() + part.len() <= limit;
        if fits {
            line.extend_from_slice(part);
        } else {
            line.clear();
        }
        let over = end.is_some() || used == 0;
        reader.consume(used);
        bytes += used as u64;
        match (over, fits) {
            (true, true) if bytes == 0 => return Ok(Line::End),
            (true, true) => return Ok(Line::Read(bytes)),
            (true, false) => return Ok(Line::TooLong(bytes)),
            (false, _) if bytes > ENDLESS => {
                let message = "a line does not end within 1 GiB; this is no file of events";
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            (false, _) => {}
        }
    }
}

/// A line without the spaces around it and, where it is the first, without a mark of the encoding.
pub fn trimmed(line: &[u8], first: bool) -> &[u8] {
    let line = if first { line.strip_prefix(MARK).unwrap_or(line) } else { line };
    line.trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8], limit: usize) -> Vec<(Line, String)> {
        let mut reader = io::BufReader::with_capacity(3, text);
        let (mut found, mut line) = (Vec::new(), Vec::new());
        loop {
            match read(&mut reader, &mut line, limit).unwrap() {
                Line::End => return found,
                one => found.push((one, String::from_utf8(line.clone()).unwrap())),
            }
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let text = |text: &str| text.to_owned();
        assert_eq!(
            all(b"abcd\n\nabcdefgh\nx\r\nlast", 5),
            [
                (Line::Read(5), text("abcd")),
                (Line::Read(1), text("")),
                (Line::TooLong(9), text("")),
                (Line::Read(3), text("x\r")),
                (Line::Read(4), text("last")),
            ]
        );
        assert_eq!(all(b"", 5), []);
        assert_eq!(all(b"abcdef", 5), [(Line::TooLong(6), text(""))]);
    }

    #[test]
    fn a_line_without_end_is_given_up_and_not_held() {
        let (mut reader, mut line) = (io::BufReader::with_capacity(1 << 16, io::repeat(0)), Vec::new());
        let error = read(&mut reader, &mut line, 1 << 20).unwrap_err();
        assert!(error.to_string().contains("1 GiB") && line.capacity() <= 2 << 20, "{error}, {}", line.capacity());
    }

    #[test]
    fn a_mark_of_the_encoding_is_no_part_of_the_first_line() {
        assert_eq!(trimmed("\u{feff} a \r".as_bytes(), true), b"a");
        assert_eq!(trimmed("\u{feff}a".as_bytes(), false), "\u{feff}a".as_bytes());
    }
}
