//! Constant values laid out in linear memory as the canonical ABI wants them.

use super::contract::Contract;
use super::failed;
use crate::error::ModelError;
use wit_parser::{Type, TypeDefKind};

/// A constant of some WIT type.
pub enum Constant {
    F64(f64),
    U32(u32),
    Text(String),
    /// A case of an enum, by its name.
    Case(&'static str),
    Option(Option<Box<Constant>>),
    List(Vec<Constant>),
    Tuple(Vec<Constant>),
    /// Fields by their names, in any order.
    Record(Vec<(&'static str, Constant)>),
}

impl Constant {
    /// A text.
    pub fn text(text: impl Into<String>) -> Constant {
        Constant::Text(text.into())
    }

    /// A text that may be absent.
    pub fn optional(text: &Option<String>) -> Constant {
        Constant::Option(text.as_ref().map(|text| Box::new(Constant::text(text))))
    }
}

/// Static data that grows from a base address upward.
pub struct StaticData {
    base: u64,
    bytes: Vec<u8>,
}

impl StaticData {
    /// Empty data that starts at `base`, which is aligned to 16.
    pub fn new(base: u64) -> StaticData {
        StaticData { base, bytes: Vec::new() }
    }

    /// Where the data starts and its bytes.
    pub fn parts(self) -> (u64, Vec<u8>) {
        (self.base, self.bytes)
    }

    /// The first free address, a multiple of 16.
    pub fn end(&self) -> u64 {
        (self.base + self.bytes.len() as u64).next_multiple_of(16)
    }

    /// Reserves zeroed bytes and returns their address.
    pub fn reserve(&mut self, size: u64, align: u64) -> u64 {
        let at = (self.base + self.bytes.len() as u64).next_multiple_of(align);
        self.bytes.resize((at - self.base + size) as usize, 0);
        at
    }

    /// Writes at an address that was reserved.
    pub fn write(&mut self, at: u64, bytes: &[u8]) {
        let start = (at - self.base) as usize;
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
    }

    /// Writes a 32-bit number, such as an address.
    pub fn write_u32(&mut self, at: u64, number: u64) {
        self.write(at, &(number as u32).to_le_bytes());
    }

    /// Adds a text; returns its address and length.
    pub fn text(&mut self, text: &str) -> (u64, u64) {
        let at = self.reserve(text.len() as u64, 1);
        self.write(at, text.as_bytes());
        (at, text.len() as u64)
    }

    /// Adds a constant; returns its address.
    pub fn constant(&mut self, contract: &Contract, ty: &Type, value: &Constant) -> Result<u64, ModelError> {
        let at = self.reserve(contract.size(ty), contract.align(ty));
        self.store(contract, ty, value, at)?;
        Ok(at)
    }

    fn store(&mut self, contract: &Contract, ty: &Type, value: &Constant, at: u64) -> Result<(), ModelError> {
        match (ty, value) {
            (Type::F64, Constant::F64(number)) => self.write(at, &number.to_le_bytes()),
            (Type::U32, Constant::U32(number)) => self.write(at, &number.to_le_bytes()),
            (Type::String, Constant::Text(text)) => {
                let (start, length) = self.text(text);
                self.write_u32(at, start);
                self.write_u32(at + 4, length);
            }
            (Type::Id(_), _) => return self.store_named(contract, ty, value, at),
            _ => return Err(failed("a constant does not fit the contract")),
        }
        Ok(())
    }

    fn store_named(&mut self, contract: &Contract, ty: &Type, value: &Constant, at: u64) -> Result<(), ModelError> {
        match (contract.kind(ty)?, value) {
            (TypeDefKind::Enum(_), Constant::Case(name)) => {
                let case = contract.case(ty, name)?;
                self.write(at, &[case as u8]);
            }
            (TypeDefKind::Option(some), Constant::Option(value)) => {
                if let Some(value) = value {
                    self.write(at, &[1]);
                    self.store(contract, some, value, at + contract.payload(ty)?)?;
                }
            }
            (TypeDefKind::List(element), Constant::List(values)) => {
                let size = contract.size(element);
                let start = self.reserve(size * values.len() as u64, contract.align(element));
                for (index, value) in values.iter().enumerate() {
                    self.store(contract, element, value, start + size * index as u64)?;
                }
                self.write_u32(at, start);
                self.write_u32(at + 4, values.len() as u64);
            }
            (TypeDefKind::Tuple(tuple), Constant::Tuple(values)) if tuple.types.len() == values.len() => {
                let offsets = contract.sizes.field_offsets(&tuple.types);
                for ((offset, ty), value) in offsets.into_iter().zip(values) {
                    self.store(contract, ty, value, at + offset.size_wasm32() as u64)?;
                }
            }
            (TypeDefKind::Record(record), Constant::Record(values)) if record.fields.len() == values.len() => {
                for (name, value) in values {
                    let field = contract.field(ty, name)?;
                    self.store(contract, &field.ty, value, at + field.offset)?;
                }
            }
            _ => return Err(failed("a constant does not fit the contract")),
        }
        Ok(())
    }
}
