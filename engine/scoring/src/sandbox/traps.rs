//! Errors of wasmtime in our words and with our codes.

use super::{DEADLINE_TICKS, TICK};
use crate::fault::Fault;
use crate::refusals::Excess;
use staunch_core::codes;
use wasmtime::{Error, Trap};

/// Bytes that one answer may make the host allocate.
pub const MAX_ANSWER: usize = 32 << 20;

/// What an error of a call means, where `fuel` instructions were allowed.
pub fn failed(error: &Error, fuel: u64) -> Fault {
    if let Some(fault) = trap(error, fuel) {
        return fault;
    }
    let text = one_line(error);
    if text.contains("hostcalls has been exhausted") {
        let allowed = MAX_ANSWER as u64;
        let excess = Excess { limit: "bytes of an answer", allowed, demanded: allowed + 1 };
        return Fault::limit(codes::PLUGIN_OUTPUT, "its answer is too large", excess);
    }
    Fault::new(codes::PLUGIN_OUTPUT, format!("its answer cannot be read: {text}"))
}

/// What an error at the start of an instance means.
pub fn unstarted(error: &Error, fuel: u64) -> Fault {
    let fault = trap(error, fuel);
    fault.unwrap_or_else(|| Fault::new(codes::PLUGIN_LIMITS, format!("it cannot be started: {}", one_line(error))))
}

fn trap(error: &Error, fuel: u64) -> Option<Fault> {
    // What a limit stops is never known in full: it is at least one more than allowed.
    let more = |limit, allowed| Excess { limit, allowed, demanded: allowed + 1 };
    Some(match error.downcast_ref::<Trap>()? {
        Trap::OutOfFuel => {
            let excess = more("instructions of a call", fuel);
            Fault::limit(codes::PLUGIN_FUEL, "it used more instructions than a call may", excess)
        }
        Trap::Interrupt => {
            let excess = more("milliseconds of a call", DEADLINE_TICKS * TICK.as_millis() as u64);
            Fault::limit(codes::PLUGIN_DEADLINE, "it ran longer than a call may", excess)
        }
        trap => Fault::new(codes::PLUGIN_TRAP, format!("it crashed: {trap}")),
    })
}

/// An error with its causes, short enough for a receipt.
pub fn one_line(error: &Error) -> String {
    let text = format!("{error:#}").replace(['\n', '\r'], " ");
    text.chars().take(300).collect()
}
