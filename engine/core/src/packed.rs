//! Facts as a text of a few characters each: most of what is stored of a contact are facts, and it is written with each
//! event.
//!
//! A fact is the time since the one before it, and its number unless that is 1. Both are written as variable-length
//! numbers of five bits per character, lowest first, of the alphabet of Base64; a character of 32 or more is followed by
//! another one. The lowest bit of a time says whether a number follows. A number is its bits with the bytes reversed, so
//! that round ones are short. The first time counts from 1970; one before that makes the whole log a list of pairs,
//! `[[time, number], …]`, as logs were before, and such are read for ever.

use crate::time::Time;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserializer, Serialize, Serializer};
use std::fmt;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Writes facts, which are in order of time.
///
/// # Errors
/// What the serializer says.
pub fn serialize<S: Serializer>(entries: &[(Time, f64)], to: S) -> Result<S::Ok, S::Error> {
    match pack(entries) {
        Some(text) => to.serialize_str(&text),
        None => entries.serialize(to),
    }
}

/// Reads facts in either form.
///
/// # Errors
/// What is neither.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(Time, f64)>, D::Error> {
    from.deserialize_any(Facts)
}

struct Facts;

impl<'de> Visitor<'de> for Facts {
    type Value = Vec<(Time, f64)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("facts as packed text or as pairs of time and number")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        unpack(text).ok_or_else(|| E::custom("packed facts that end too early or hold a foreign character"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pairs: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::with_capacity(pairs.size_hint().unwrap_or(0).min(4_096));
        while let Some(pair) = pairs.next_element()? {
            entries.push(pair);
        }
        Ok(entries)
    }
}

/// `None` where the times are not from 1970 on and in order.
fn pack(entries: &[(Time, f64)]) -> Option<String> {
    let mut text = String::with_capacity(entries.len() * 10 + 8);
    let mut before = 0;
    for (time, number) in entries {
        let since = u64::try_from(time.0.checked_sub(before)?).ok()?;
        before = time.0;
        let plain = number.to_bits() == 1.0_f64.to_bits();
        put(&mut text, since.checked_mul(2)? | u64::from(!plain));
        if !plain {
            put(&mut text, number.to_bits().swap_bytes());
        }
    }
    Some(text)
}

fn put(text: &mut String, mut number: u64) {
    loop {
        let bits = (number & 31) as usize;
        number >>= 5;
        text.push(char::from(ALPHABET[bits | usize::from(number > 0) << 5]));
        if number == 0 {
            return;
        }
    }
}

fn unpack(text: &str) -> Option<Vec<(Time, f64)>> {
    let mut entries = Vec::with_capacity(text.len() / 8 + 1);
    let (mut rest, mut time) = (text.as_bytes(), 0_i64);
    while !rest.is_empty() {
        let since = take(&mut rest)?;
        time = time.checked_add(i64::try_from(since >> 1).ok()?)?;
        let number = if since & 1 == 1 { f64::from_bits(take(&mut rest)?.swap_bytes()) } else { 1.0 };
        entries.push((Time(time), number));
    }
    Some(entries)
}

fn take(rest: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0_u64, 0);
    loop {
        let (first, others) = rest.split_first()?;
        *rest = others;
        let bits = u64::from(value(*first)?);
        let part = bits & 31;
        // What would be shifted out is no number of ours.
        if shift > 60 || part << shift >> shift != part {
            return None;
        }
        number |= part << shift;
        shift += 5;
        if bits < 32 {
            return Some(number);
        }
    }
}

fn value(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Log(#[serde(with = "super")] Vec<(Time, f64)>);

    fn stored(entries: &[(i64, f64)]) -> String {
        serde_json::to_string(&Log(entries.iter().map(|(time, number)| (Time(*time), *number)).collect())).unwrap()
    }

    #[test]
    fn both_forms_are_read() {
        let packed = stored(&[(3, 1.0), (20, 224.5), (20, 1.0)]);
        assert_eq!(packed, r#""GjBgi7gBA""#);
        let pairs = "[[3,1.0],[20,224.5],[20,1.0]]";
        let [one, two]: [Log; 2] = [&packed, pairs].map(|text| serde_json::from_str(text).unwrap());
        assert_eq!(one, two);
        // What cannot be packed stays a list.
        assert_eq!(stored(&[(-5, 2.0), (7, 1.0)]), "[[-5,2.0],[7,1.0]]");
        assert_eq!(stored(&[(9, 2.0), (7, 1.0)]), "[[9,2.0],[7,1.0]]");
    }

    #[test]
    fn what_is_broken_is_refused() {
        for text in [r#""j""#, r#""G!""#, r#""H""#, r#""//////////////""#, "7", r#"[[1]]"#, r#""H//////////////A""#] {
            assert!(serde_json::from_str::<Log>(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            mut entries in prop::collection::vec((any::<i64>(), any::<f64>()), 0..20),
            recent in prop::collection::vec((1_700_000_000_000_000..1_800_000_000_000_000_i64, 0..9_u8), 0..20),
        ) {
            entries.extend(recent.iter().map(|(time, number)| (*time, f64::from(*number))));
            entries.retain(|(time, _)| *time >= 0 && *time < i64::MAX / 4);
            entries.sort_by_key(|one| one.0);
            let back: Log = serde_json::from_str(&stored(&entries)).unwrap();
            let bits = |(time, number): &(Time, f64)| (time.0, number.to_bits());
            let expected: Vec<(i64, u64)> = entries.iter().map(|(time, number)| (*time, number.to_bits())).collect();
            prop_assert_eq!(back.0.iter().map(bits).collect::<Vec<_>>(), expected);
        }

        #[test]
        fn nothing_breaks_it(text in "[A-Za-z0-9+/]{0,40}") {
            let _ = unpack(&text);
        }
    }
}
