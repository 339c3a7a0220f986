//! The list of functions of a core module: indices are given out before the bodies are written.

use super::failed;
use crate::error::ModelError;
use wasm_encoder::{CodeSection, Function, FunctionSection, TypeSection, ValType};

/// The functions of a module, in the order of their indices.
#[derive(Default)]
pub struct Functions {
    types: Vec<(Vec<ValType>, Vec<ValType>)>,
    list: Vec<(u32, Option<Function>)>,
    exports: Vec<(String, u32)>,
}

impl Functions {
    /// Gives out the next index.
    pub fn reserve(&mut self, parameters: &[ValType], results: &[ValType]) -> u32 {
        let signature = (parameters.to_vec(), results.to_vec());
        let known = self.types.iter().position(|known| *known == signature);
        let ty = known.unwrap_or_else(|| {
            self.types.push(signature);
            self.types.len() - 1
        });
        self.list.push((ty as u32, None));
        self.list.len() as u32 - 1
    }

    /// Says what a reserved function does.
    pub fn define(&mut self, index: u32, function: Function) {
        if let Some((_, place)) = self.list.get_mut(index as usize) {
            *place = Some(function);
        }
    }

    /// Adds a function; returns its index.
    pub fn add(&mut self, parameters: &[ValType], results: &[ValType], function: Function) -> u32 {
        let index = self.reserve(parameters, results);
        self.define(index, function);
        index
    }

    /// Exports a function.
    pub fn export(&mut self, name: String, index: u32) {
        self.exports.push((name, index));
    }

    /// Adds a function with a type of its own, even where there is an equal one.
    pub fn push_with_type(&mut self, parameters: &[ValType], results: &[ValType], function: Option<Function>) {
        self.types.push((parameters.to_vec(), results.to_vec()));
        self.list.push((self.types.len() as u32 - 1, function));
    }

    /// The sections of the module.
    pub fn sections(self) -> Result<Sections, ModelError> {
        let (mut types, mut indices, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
        for (parameters, results) in self.types {
            types.ty().function(parameters, results);
        }
        for (ty, function) in self.list {
            indices.function(ty);
            code.function(&function.ok_or_else(|| failed("a function has no body"))?);
        }
        Ok(Sections { types, indices, code, exports: self.exports })
    }
}

/// What functions become.
pub struct Sections {
    pub types: TypeSection,
    pub indices: FunctionSection,
    pub code: CodeSection,
    /// Names and indices of functions that are exported beyond those of every model.
    pub exports: Vec<(String, u32)>,
}
