//! The wire format of protocol buffers: a message is a row of fields, each a number, a type and a value.
//!
//! Read by hand and in place: a decoder that builds whole messages makes hundreds of bytes of an empty one of two, and so
//! gigabytes of a file of 64 MiB.

/// A field's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Number(u64),
    Fixed32(u32),
    Fixed64(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message, in order. After an error nothing follows.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

/// What is wrong with a message.
pub(super) type Problem = &'static str;

const CUT: Problem = "a message ends in the middle of a field: the file was cut off or is no ONNX";

impl<'a> Fields<'a> {
    pub(super) fn new(message: &'a [u8]) -> Fields<'a> {
        Fields { rest: message }
    }

    fn varint(&mut self) -> Result<u64, Problem> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or(CUT)?;
            self.rest = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err("a number has more than ten bytes")
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], Problem> {
        let (taken, rest) =
            usize::try_from(count).ok().and_then(|count| self.rest.split_at_checked(count)).ok_or(CUT)?;
        self.rest = rest;
        Ok(taken)
    }

    fn field(&mut self) -> Result<(u64, Value<'a>), Problem> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.take(8)?.try_into().map_err(|_| CUT)?)),
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.take(4)?.try_into().map_err(|_| CUT)?)),
            _ => return Err("a field has a type that protocol buffers do not have"),
        };
        Ok((tag >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

impl<'a> Value<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], Problem> {
        if let Value::Bytes(bytes) = self { Ok(bytes) } else { Err("a field is a number where bytes belong") }
    }

    pub(super) fn text(self) -> Result<&'a str, Problem> {
        std::str::from_utf8(self.bytes()?).map_err(|_| "a text is not UTF-8")
    }

    pub(super) fn integer(self) -> Result<i64, Problem> {
        if let Value::Number(number) = self { Ok(number as i64) } else { Err("a field is no whole number") }
    }

    pub(super) fn float(self) -> Result<f32, Problem> {
        if let Value::Fixed32(bits) = self { Ok(f32::from_bits(bits)) } else { Err("a field is no 32-bit float") }
    }
}

/// A list of numbers, which stand one by one or packed in one field.
pub(super) struct List<T> {
    pub(super) values: Vec<T>,
    most: usize,
}

impl<T> List<T> {
    pub(super) fn new(most: usize) -> List<T> {
        List { values: Vec::new(), most }
    }

    pub(super) fn push(&mut self, value: T) -> Result<(), Problem> {
        if self.values.len() == self.most {
            return Err("a list has more values than any model needs");
        }
        self.values.push(value);
        Ok(())
    }
}

impl List<i64> {
    pub(super) fn add(&mut self, value: Value<'_>) -> Result<(), Problem> {
        match value {
            Value::Bytes(packed) => {
                let mut fields = Fields::new(packed);
                while !fields.rest.is_empty() {
                    let number = fields.varint()?;
                    self.push(number as i64)?;
                }
                Ok(())
            }
            other => self.push(other.integer()?),
        }
    }
}

impl List<f32> {
    pub(super) fn add(&mut self, value: Value<'_>) -> Result<(), Problem> {
        match value {
            Value::Bytes(packed) if packed.len() % 4 == 0 => {
                packed.as_chunks().0.iter().try_for_each(|bytes| self.push(f32::from_le_bytes(*bytes)))
            }
            Value::Bytes(_) => Err("a list of floats has some bytes too many"),
            other => self.push(other.float()?),
        }
    }
}

impl List<f64> {
    pub(super) fn add(&mut self, value: Value<'_>) -> Result<(), Problem> {
        match value {
            Value::Bytes(packed) if packed.len() % 8 == 0 => {
                packed.as_chunks().0.iter().try_for_each(|bytes| self.push(f64::from_le_bytes(*bytes)))
            }
            Value::Fixed64(bits) => self.push(f64::from_bits(bits)),
            _ => Err("a list of floats has some bytes too many"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<(u64, Value<'_>)>, Problem> {
        Fields::new(bytes).collect()
    }

    #[test]
    fn reads_fields_of_every_type() {
        let bytes = b"\x08\x96\x01\x12\x02hi\x1d\0\0\x80\x3f\x21\0\0\0\0\0\0\xf0\x3f";
        let expected = [
            (1, Value::Number(150)),
            (2, Value::Bytes(b"hi")),
            (3, Value::Fixed32(1f32.to_bits())),
            (4, Value::Fixed64(1f64.to_bits())),
        ];
        assert_eq!(all(bytes), Ok(expected.to_vec()));
        let negative = all(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").unwrap();
        assert_eq!(negative[0].1.integer(), Ok(-1));
        let mut list = List::<i64>::new(4);
        assert_eq!([Value::Bytes(b"\x01\x96\x01"), Value::Number(7)].map(|value| list.add(value)), [Ok(()), Ok(())]);
        assert_eq!(list.values, [1, 150, 7]);
        assert!(list.add(Value::Bytes(b"\x01\x01")).is_err());
    }

    #[test]
    fn refuses_what_is_none() {
        for bytes in [
            &b"\x08"[..],
            b"\x08\x80",
            b"\x12\x05hi",
            b"\x1d\0\0",
            b"\x0b",
            b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        ] {
            assert!(all(bytes).is_err(), "{bytes:?}");
        }
        assert!(all(&[0xff; 12]).unwrap_err().contains("ten bytes"));
    }
}
