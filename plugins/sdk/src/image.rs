//! Answers as the host reads them: records laid out in memory by the canonical ABI of components, as
//! `plugins/wit/scoring.wit` has them. Addresses are those within the image until it has its place.

use crate::about::Manifest;
use crate::answer::{Outcome, ResultKind, RowResult};
use crate::columns::Kind;

/// Bytes with addresses of their own.
#[derive(Debug, Default)]
pub struct Image {
    bytes: Vec<u8>,
    /// Where an address stands.
    addresses: Vec<usize>,
}

impl Image {
    /// The answer of `describe`.
    pub fn manifest(manifest: &Manifest) -> Image {
        let mut image = Image::default();
        let at = image.room(160);
        image.text(at, &manifest.name);
        image.text(at + 8, &manifest.version);
        image.list(at + 16, 24, manifest.inputs, |image, at, input| {
            image.text(at, input.name);
            image.byte(at + 8, (input.kind == Kind::Text).into());
            image.optional_text(at + 12, input.unit);
        });
        let kind = match manifest.kind {
            ResultKind::Scalar => 0,
            ResultKind::Classes => 1,
            ResultKind::Ranking => 2,
        };
        image.byte(at + 24, kind);
        image.pair(at + 32, manifest.range);
        image.named(at + 56, &manifest.bands);
        image.list(at + 64, 8, &manifest.labels, |image, at, label| image.text(at, label));
        image.optional(at + 72, manifest.base);
        image.card(at + 88, manifest);
        image.list(at + 148, 16, &manifest.extra, |image, at, (name, text)| {
            image.text(at, name);
            image.text(at + 8, text);
        });
        image
    }

    fn card(&mut self, at: usize, manifest: &Manifest) {
        self.text(at, &manifest.owner);
        self.text(at + 8, &manifest.purpose);
        if let Some((from, until)) = &manifest.trained_on {
            self.byte(at + 16, 1);
            self.text(at + 20, from);
            self.text(at + 28, until);
        }
        self.list(at + 36, 40, &manifest.metrics, |image, at, metric| {
            image.text(at, &metric.name);
            image.number(at + 8, metric.value);
            image.pair(at + 16, metric.interval);
        });
        self.word(at + 44, manifest.minimum_outcomes);
        self.optional_text(at + 48, manifest.expires.as_deref());
    }

    /// The answer of `score-batch`.
    pub fn scored(scored: &Result<Vec<RowResult>, String>) -> Image {
        let mut image = Image::default();
        let at = image.room(12);
        match scored {
            Ok(rows) => image.list(at + 4, 40, rows, Image::row),
            Err(why) => {
                image.byte(at, 1);
                image.text(at + 4, why);
            }
        }
        image
    }

    fn row(&mut self, at: usize, row: &RowResult) {
        match &row.value {
            Outcome::Scalar(value) => self.number(at + 8, *value),
            Outcome::Classes(classes) => {
                self.byte(at, 1);
                self.named(at + 8, classes);
            }
            Outcome::Ranking(items) => {
                self.byte(at, 2);
                self.named(at + 8, items);
            }
            Outcome::Declined(why) => {
                self.byte(at, 3);
                self.text(at + 8, why);
            }
        }
        self.optional(at + 16, row.raw);
        self.list(at + 32, 16, &row.reasons, |image, at, reason| {
            image.text(at, &reason.input);
            image.number(at + 8, reason.contribution);
        });
    }

    /// New zeroes at a multiple of 8.
    fn room(&mut self, size: usize) -> usize {
        let at = self.bytes.len().next_multiple_of(8);
        self.bytes.resize(at + size, 0);
        at
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn byte(&mut self, at: usize, byte: u8) {
        self.put(at, &[byte]);
    }

    fn word(&mut self, at: usize, word: u32) {
        self.put(at, &word.to_le_bytes());
    }

    fn number(&mut self, at: usize, number: f64) {
        self.put(at, &number.to_le_bytes());
    }

    fn optional(&mut self, at: usize, number: Option<f64>) {
        if let Some(number) = number {
            self.byte(at, 1);
            self.number(at + 8, number);
        }
    }

    fn pair(&mut self, at: usize, pair: Option<(f64, f64)>) {
        self.optional(at, pair.map(|(low, _)| low));
        self.number(at + 16, pair.map_or(0.0, |(_, high)| high));
    }

    fn text(&mut self, at: usize, text: &str) {
        let place = self.bytes.len();
        self.bytes.extend_from_slice(text.as_bytes());
        self.address(at, place, text.len());
    }

    fn optional_text(&mut self, at: usize, text: Option<&str>) {
        if let Some(text) = text {
            self.byte(at, 1);
            self.text(at + 4, text);
        }
    }

    fn named(&mut self, at: usize, list: &[(String, f64)]) {
        self.list(at, 16, list, |image, at, (name, number)| {
            image.text(at, name);
            image.number(at + 8, *number);
        });
    }

    fn list<T>(&mut self, at: usize, size: usize, list: &[T], mut each: impl FnMut(&mut Image, usize, &T)) {
        let start = self.room(list.len() * size);
        self.address(at, start, list.len());
        for (index, item) in list.iter().enumerate() {
            each(self, start + index * size, item);
        }
    }

    fn address(&mut self, at: usize, place: usize, count: usize) {
        self.word(at, place as u32);
        self.word(at + 4, count as u32);
        self.addresses.push(at);
    }

    /// How many bytes it takes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes, for a place at this address.
    pub fn placed(mut self, base: u32) -> Vec<u8> {
        for at in &self.addresses {
            let Some(bytes) = self.bytes.get_mut(*at..*at + 4).and_then(|bytes| <&mut [u8; 4]>::try_from(bytes).ok())
            else {
                continue;
            };
            *bytes = u32::from_le_bytes(*bytes).wrapping_add(base).to_le_bytes();
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Answer, Scalar};

    fn word(bytes: &[u8], at: usize) -> usize {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
    }

    fn number(bytes: &[u8], at: usize) -> f64 {
        f64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
    }

    #[test]
    fn addresses_move_with_the_image() {
        let rows = Ok(vec![Scalar::new(0.5).raw(-1.0).reason("days", -2.0).row()]);
        let base = 1_000;
        let bytes = Image::scored(&rows).placed(base as u32);
        assert_eq!((bytes[0], word(&bytes, 8)), (0, 1));
        let row = word(&bytes, 4) - base;
        assert_eq!((bytes[row], number(&bytes, row + 8)), (0, 0.5));
        assert_eq!((bytes[row + 16], number(&bytes, row + 24)), (1, -1.0));
        assert_eq!(word(&bytes, row + 36), 1);
        let reason = word(&bytes, row + 32) - base;
        let name = word(&bytes, reason) - base;
        assert_eq!((&bytes[name..name + 4], number(&bytes, reason + 8)), (&b"days"[..], -2.0));
        assert!(row.is_multiple_of(8) && reason.is_multiple_of(8));
    }

    #[test]
    fn a_refused_batch_is_a_text() {
        let bytes = Image::scored(&Err("too few rows".into())).placed(0);
        let place = word(&bytes, 4);
        assert_eq!((bytes[0], &bytes[place..place + word(&bytes, 8)]), (1, &b"too few rows"[..]));
    }
}
