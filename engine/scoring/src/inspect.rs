//! A look at a component's bytes before the compiler sees them: what it imports and how large its parts are.
//!
//! Compile time grows with the size of functions, and cannot be interrupted: it is bounded here.

use crate::problem::failure;
use crate::sandbox::{MAX_MEMORY, MAX_TABLE};
use staunch_core::codes;
use staunch_core::score::ScoreFailure;
use wasmparser::{Encoding, Parser, Payload};

/// Bytes of a component.
pub const MAX_COMPONENT: usize = 32 << 20;
/// Functions of all its parts.
pub const MAX_FUNCTIONS: usize = 50_000;
/// Bytes of one function's body. One body of 500 KB takes the compiler twelve seconds.
pub const MAX_BODY: usize = 256 << 10;
/// Modules and components inside.
pub const MAX_PARTS: usize = 200;

const MAX_PAGES: u64 = MAX_MEMORY as u64 / 65_536;

/// Refuses what is too large, imports anything, or is not a component.
pub fn inspect(bytes: &[u8]) -> Result<(), ScoreFailure> {
    if bytes.len() > MAX_COMPONENT {
        return Err(too_large(format!("the file has {} bytes, at most {MAX_COMPONENT} are allowed", bytes.len())));
    }
    let (mut depth, mut parts, mut functions) = (0usize, 0usize, 0usize);
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|e| invalid(format!("not a WebAssembly component: {e}")))?;
        match payload {
            Payload::Version { encoding, .. } if depth == 0 && encoding != Encoding::Component => {
                return Err(invalid("a core module, not a component"));
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                (depth, parts) = (depth + 1, parts + 1);
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                if let Some(import) = imports.into_iter().next() {
                    let name = import.map_err(|e| invalid(e.to_string()))?.name.name;
                    return Err(failure(
                        codes::PLUGIN_IMPORTS,
                        format!("it imports `{name}`; a plugin imports nothing"),
                    ));
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    let memory = memory.map_err(|e| invalid(e.to_string()))?;
                    if memory.initial > MAX_PAGES {
                        return Err(failure(
                            codes::PLUGIN_LIMITS,
                            format!("it asks for {} pages of memory", memory.initial),
                        ));
                    }
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    let table = table.map_err(|e| invalid(e.to_string()))?.ty;
                    if table.initial > MAX_TABLE as u64 {
                        return Err(failure(codes::PLUGIN_LIMITS, format!("it asks for a table of {}", table.initial)));
                    }
                }
            }
            Payload::CodeSectionStart { count, .. } => functions += count as usize,
            Payload::CodeSectionEntry(body) if body.range().len() > MAX_BODY => {
                let size = body.range().len();
                return Err(too_large(format!("one function has {size} bytes, at most {MAX_BODY} are allowed")));
            }
            _ => {}
        }
        if parts > MAX_PARTS || functions > MAX_FUNCTIONS {
            let limits = format!("at most {MAX_PARTS} modules and {MAX_FUNCTIONS} functions are allowed");
            return Err(too_large(limits));
        }
    }
    Ok(())
}

fn too_large(message: String) -> ScoreFailure {
    failure(codes::PLUGIN_TOO_LARGE, message)
}

fn invalid(message: impl Into<String>) -> ScoreFailure {
    failure(codes::PLUGIN_INVALID, message)
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
        inspect(bytes).unwrap_err().code
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
