//! Decisions, one file per concern; laws that hold for any input are in `laws`.

mod acting;
mod choosing;
mod goals;
mod held;
mod late;
mod laws;
mod receipts;
mod starting;
mod stored;
mod waiting;
