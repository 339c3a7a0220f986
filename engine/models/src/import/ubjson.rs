//! UBJSON (draft 12), as far as XGBoost writes it, for `serde`: what reads the JSON reads this as well.
//!
//! A value is a marker and its bytes, big-endian. A container may say how many values it has (`#`) and that all are of
//! one type (`$`), which then have no markers of their own.

use serde::de::{self, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::fmt::Display;

/// Containers inside each other.
const DEPTH: usize = 64;

/// What is wrong, without a place: that is [`Reader::at`].
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Error(String);

impl de::Error for Error {
    fn custom<T: Display>(text: T) -> Error {
        Error(text.to_string())
    }
}

/// Reads values from bytes.
pub(super) struct Reader<'de> {
    bytes: &'de [u8],
    /// Place of the next byte.
    pub(super) at: usize,
    depth: usize,
}

/// How many values a container has.
#[derive(Clone, Copy)]
struct Form {
    marker: Option<u8>,
    count: Option<u64>,
}

impl<'de> Reader<'de> {
    pub(super) fn new(bytes: &'de [u8]) -> Reader<'de> {
        Reader { bytes, at: 0, depth: 0 }
    }

    /// Fails where anything follows.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(Error("there are bytes behind the end".into())) }
    }

    fn peek(&self) -> Result<u8, Error> {
        self.bytes.get(self.at).copied().ok_or_else(|| Error("the file ends in the middle of a value".into()))
    }

    fn next(&mut self) -> Result<u8, Error> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    fn take(&mut self, count: u64) -> Result<&'de [u8], Error> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = usize::try_from(count).ok().and_then(|count| rest.get(..count));
        let taken =
            taken.ok_or_else(|| Error(format!("{count} bytes are said to follow, the file has {}", rest.len())))?;
        self.at += taken.len();
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let taken = self.take(N as u64)?;
        taken.try_into().map_err(|_| Error("the file ends in the middle of a number".into()))
    }

    fn integer(&mut self, marker: u8) -> Result<Option<i64>, Error> {
        Ok(Some(match marker {
            b'i' => i64::from(i8::from_be_bytes(self.fixed()?)),
            b'U' => i64::from(u8::from_be_bytes(self.fixed()?)),
            b'I' => i64::from(i16::from_be_bytes(self.fixed()?)),
            b'l' => i64::from(i32::from_be_bytes(self.fixed()?)),
            b'L' => i64::from_be_bytes(self.fixed()?),
            _ => return Ok(None),
        }))
    }

    fn length(&mut self) -> Result<u64, Error> {
        let marker = self.next()?;
        let length = self.integer(marker)?.and_then(|length| u64::try_from(length).ok());
        length.ok_or_else(|| Error("a length is no whole number from 0 on".into()))
    }

    fn text(&mut self) -> Result<&'de str, Error> {
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).map_err(|_| Error("a text is not UTF-8".into()))
    }

    fn form(&mut self) -> Result<Form, Error> {
        let mut form = Form { marker: None, count: None };
        if self.peek()? == b'$' {
            self.at += 1;
            let marker = self.next()?;
            // Values without any bytes would be as many as a length says.
            if b"ZNTF".contains(&marker) {
                return Err(Error("an array of values without content".into()));
            }
            form.marker = Some(marker);
            if self.peek()? != b'#' {
                return Err(Error("a type of all values without their count".into()));
            }
        }
        if self.peek()? == b'#' {
            self.at += 1;
            form.count = Some(self.length()?);
        }
        Ok(form)
    }

    fn value<V: Visitor<'de>>(&mut self, marker: u8, visitor: V) -> Result<V::Value, Error> {
        match marker {
            b'Z' => visitor.visit_unit(),
            b'T' => visitor.visit_bool(true),
            b'F' => visitor.visit_bool(false),
            b'd' => visitor.visit_f32(f32::from_be_bytes(self.fixed()?)),
            b'D' => visitor.visit_f64(f64::from_be_bytes(self.fixed()?)),
            b'C' => visitor.visit_char(char::from(self.next()?)),
            b'S' => visitor.visit_borrowed_str(self.text()?),
            b'[' | b'{' => self.container(marker, visitor),
            _ => match self.integer(marker)? {
                Some(integer) => visitor.visit_i64(integer),
                None => Err(Error(format!("the marker {:?} is unknown", char::from(marker)))),
            },
        }
    }

    fn container<V: Visitor<'de>>(&mut self, marker: u8, visitor: V) -> Result<V::Value, Error> {
        if self.depth == DEPTH {
            return Err(Error(format!("more than {DEPTH} containers inside each other")));
        }
        self.depth += 1;
        let form = self.form()?;
        let close = if marker == b'[' { b']' } else { b'}' };
        let mut items = Items { reader: self, form, close };
        let value = if marker == b'[' { visitor.visit_seq(&mut items) } else { visitor.visit_map(&mut items) }?;
        if items.more()? {
            return Err(Error("a container has more values than belong there".into()));
        }
        self.depth -= 1;
        Ok(value)
    }
}

/// The values of a container that are still to come.
struct Items<'a, 'de> {
    reader: &'a mut Reader<'de>,
    form: Form,
    close: u8,
}

impl Items<'_, '_> {
    /// Whether a value follows; takes the closing bracket where there is one.
    fn more(&mut self) -> Result<bool, Error> {
        match self.form.count {
            Some(0) => Ok(false),
            Some(_) => Ok(true),
            None if self.reader.peek()? == self.close => {
                self.reader.at += 1;
                self.form.count = Some(0);
                Ok(false)
            }
            None => Ok(true),
        }
    }

    fn seed<'de, T: DeserializeSeed<'de>>(reader: &mut Reader<'de>, form: Form, seed: T) -> Result<T::Value, Error> {
        match form.marker {
            Some(marker) => seed.deserialize(Typed { reader, marker }),
            None => seed.deserialize(reader),
        }
    }

    fn count_down(&mut self) {
        self.form.count = self.form.count.map(|count| count - 1);
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if !self.more()? {
            return Ok(None);
        }
        self.count_down();
        Items::seed(self.reader, self.form, seed).map(Some)
    }
}

impl<'de> MapAccess<'de> for Items<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        if !self.more()? {
            return Ok(None);
        }
        self.count_down();
        let key = self.reader.text()?;
        seed.deserialize(de::value::BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        Items::seed(self.reader, self.form, seed)
    }
}

/// A value whose marker stands at its container.
struct Typed<'a, 'de> {
    reader: &'a mut Reader<'de>,
    marker: u8,
}

impl<'de> Deserializer<'de> for Typed<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.reader.value(self.marker, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let marker = self.next()?;
        self.value(marker, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.peek()? == b'Z' {
            self.at += 1;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        Err(Error::custom("no value of this kind is read"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct
        map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests;
