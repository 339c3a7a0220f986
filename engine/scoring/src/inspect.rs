//! A look at a component's bytes before the compiler sees them: what it imports and how large its parts are.
//!
//! Compile time grows with the size of functions, and cannot be interrupted: it is bounded here.

use crate::fault::Fault;
use crate::limits::{MEMORY, TABLE};
use crate::refusals::Excess;
use crate::sandbox::{MAX_MEMORY, MAX_TABLE};
use staunch_core::codes::{self, Code};
use wasmparser::{Encoding, Parser, Payload};

/// Bytes of a component.
pub const MAX_COMPONENT: usize = 32 << 20;
/// Functions of all its parts.
pub const MAX_FUNCTIONS: usize = 50_000;
/// Bytes of one function's body. One of 500 KB takes the compiler twelve seconds, of which a child process has thirty. The
/// largest function of Python's interpreter has 427 KB.
pub const MAX_BODY: usize = 448 << 10;
/// Modules and components inside.
pub const MAX_PARTS: usize = 200;

/// All of them: code that was compiled under others is not taken over.
pub(crate) const LIMITS: [usize; 6] = [MAX_COMPONENT, MAX_FUNCTIONS, MAX_BODY, MAX_PARTS, MAX_MEMORY, MAX_TABLE];

/// Refuses what is too large, imports anything, or is not a component.
pub fn inspect(bytes: &[u8]) -> Result<(), Fault> {
    at_most("bytes of a component", MAX_COMPONENT, bytes.len())?;
    let (mut depth, mut parts, mut functions) = (0usize, 0usize, 0usize);
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|e| invalid(format!("not a WebAssembly component: {e}")))?;
        match payload {
            Payload::Version { encoding, .. } if depth == 0 && encoding != Encoding::Component => {
                return Err(invalid("a core module, not a component"));
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                (depth, parts) = (depth + 1, parts + 1);
                at_most("modules and components inside", MAX_PARTS, parts)?;
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => imports_nothing(imports)?,
            Payload::MemorySection(memories) => {
                for memory in memories {
                    let pages = memory.map_err(invalid)?.initial;
                    bounded(codes::PLUGIN_LIMITS, MEMORY, MAX_MEMORY as u64, pages.saturating_mul(65_536))?;
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    let elements = table.map_err(invalid)?.ty.initial;
                    bounded(codes::PLUGIN_LIMITS, TABLE, MAX_TABLE as u64, elements)?;
                }
            }
            Payload::CodeSectionStart { count, .. } => {
                functions += count as usize;
                at_most("functions", MAX_FUNCTIONS, functions)?;
            }
            Payload::CodeSectionEntry(body) => at_most("bytes of one function", MAX_BODY, body.range().len())?,
            _ => {}
        }
    }
    Ok(())
}

fn imports_nothing(imports: wasmparser::ComponentImportSectionReader<'_>) -> Result<(), Fault> {
    match imports.into_iter().next() {
        None => Ok(()),
        Some(import) => {
            let name = import.map_err(invalid)?.name.name;
            Err(Fault::new(codes::PLUGIN_IMPORTS, format!("it imports `{name}`; a plugin imports nothing")))
        }
    }
}

fn at_most(limit: &'static str, allowed: usize, demanded: usize) -> Result<(), Fault> {
    bounded(codes::PLUGIN_TOO_LARGE, limit, allowed as u64, demanded as u64)
}

fn bounded(code: Code, limit: &'static str, allowed: u64, demanded: u64) -> Result<(), Fault> {
    let excess = Excess { limit, allowed, demanded };
    if demanded > allowed { Err(Fault::limit(code, "it is too large", excess)) } else { Ok(()) }
}

fn invalid(message: impl std::fmt::Display) -> Fault {
    Fault::new(codes::PLUGIN_INVALID, message.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{CodeSection, Component, Function, FunctionSection, Module, ModuleSection, TypeSection};

    fn component(functions: usize, body: usize) -> Vec<u8> {
        let (mut types, mut list, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
        types.ty().function([], []);
        for _ in 0..functions {
            list.function(0);
            let mut function = Function::new([]);
            for _ in 0..body {
                function.instructions().nop();
            }
            function.instructions().end();
            code.function(&function);
        }
        let mut module = Module::new();
        module.section(&types).section(&list).section(&code);
        let mut component = Component::new();
        component.section(&ModuleSection(&module));
        component.finish()
    }

    fn code(bytes: &[u8]) -> String {
        inspect(bytes).unwrap_err().failure.code
    }

    #[test]
    fn sizes_are_bounded() {
        assert_eq!(inspect(&component(3, 10)), Ok(()));
        assert_eq!(code(&component(1, MAX_BODY + 1)), codes::PLUGIN_TOO_LARGE);
        assert_eq!(code(&component(MAX_FUNCTIONS + 1, 0)), codes::PLUGIN_TOO_LARGE);
        assert_eq!(code(&vec![0; MAX_COMPONENT + 1]), codes::PLUGIN_TOO_LARGE);
    }

    #[test]
    fn only_components_pass() {
        for bytes in [&b""[..], b"hello", b"\0asm\x01\0\0\0", b"\0asm\x0d\0\x01\0\xff"] {
            assert_eq!(code(bytes), codes::PLUGIN_INVALID, "{bytes:?}");
        }
        let whole = component(3, 10);
        assert_eq!(code(&whole[..whole.len() - 2]), codes::PLUGIN_INVALID);
    }
}
