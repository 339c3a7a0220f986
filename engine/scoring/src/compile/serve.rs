//! The child's side: limits on itself, one component in, one frame out.

use super::frame::Answer;
use crate::config::{Space, code};
use crate::inspect::{MAX_COMPONENT, inspect};
use crate::problem::failure;
use crate::sandbox::Proof;
use rustix::process::{Resource, Rlimit, setrlimit};
use staunch_core::codes;
use staunch_core::score::ScoreFailure;
use std::io::{Error, ErrorKind, Read, Result, Write};
use wasmtime::Engine;

/// Seconds beyond the parent's limit after which a child ends even where nobody ends it.
const GRACE: u64 = 5;

/// Compiles the component that `input` gives for the process that started this one, under the limits that `arguments`
/// name, and writes the answer to `output`. For a process that does nothing else.
///
/// # Errors
/// Where the arguments are not those of [`ChildCompiler`](super::ChildCompiler), or a stream fails.
pub fn serve(arguments: &[String], trust: Proof, mut input: impl Read, mut output: impl Write) -> Result<()> {
    let wrong = || Error::new(ErrorKind::InvalidInput, "this command is for the process that starts it");
    let [space, memory, seconds] = arguments else { return Err(wrong()) };
    let space = Space::named(space).ok_or_else(wrong)?;
    let (memory, seconds) = (memory.parse().map_err(|_| wrong())?, seconds.parse::<u64>().map_err(|_| wrong())?);
    bound(memory, seconds)?;
    let mut bytes = Vec::new();
    input.by_ref().take(MAX_COMPONENT as u64 + 1).read_to_end(&mut bytes)?;
    let answer = compiled(space, &bytes).map(|code| Answer::Code(code, trust(&bytes)));
    output.write_all(&answer.unwrap_or_else(Answer::Failed).write())?;
    output.flush()
}

/// Sets this process's own limits: address space, processor time, no files, no dump of its memory.
fn bound(memory: u64, seconds: u64) -> Result<()> {
    let all = [
        (Resource::As, memory),
        // Several threads compile at once, so that processor time passes faster than time.
        (Resource::Cpu, (seconds + GRACE).saturating_mul(16)),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
    ];
    for (resource, limit) in all {
        let set = setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) });
        // Other systems count what all processes share as a process's own, and refuse; there the clock alone ends it.
        if cfg!(target_os = "linux") || resource != Resource::As {
            set?;
        }
    }
    Ok(())
}

fn compiled(space: Space, bytes: &[u8]) -> std::result::Result<Vec<u8>, ScoreFailure> {
    // The parent looked already; this process relies on nobody.
    inspect(bytes).map_err(|fault| fault.failure)?;
    let engine = Engine::new(&code(space));
    let engine = engine.map_err(|error| failure(codes::PLUGIN_COMPILE, format!("no compiler: {error:#}")))?;
    engine.precompile_component(bytes).map_err(|error| failure(codes::PLUGIN_INVALID, format!("{error:#}")))
}
