//! Decisions, one file per concern; laws that hold for any input are in `laws`.

mod accounts;
mod acting;
mod branching;
mod choosing;
mod goals;
mod held;
mod identity;
mod late;
mod laws;
mod receipts;
mod schedules;
mod starting;
mod stored;
mod versions;
mod waiting;
