//! The pure core of Staunch: events, contacts, features, runs, guards and receipts as values.
//!
//! Nothing here reads a clock, a file, a socket or a random number. Time, ids and scores come in as values; a
//! finished transition goes out as a value. See `engine/ARCHITECTURE.md`.

pub mod account;
pub mod action;
pub mod arm;
pub mod breaker;
pub mod codes;
pub mod compare;
pub mod contact;
pub mod decide;
pub mod event;
pub mod explain;
pub mod expr;
pub mod facts;
pub mod feature;
pub mod guards;
pub mod ingest;
pub mod map;
mod packed;
pub mod plain;
pub mod policy;
pub mod receipt;
pub mod retention;
pub mod run;
pub mod schedule;
pub mod schema;
pub mod score;
pub mod sim;
pub mod stats;
pub mod suggest;
pub mod time;
pub mod value;
pub mod workflow;

#[cfg(test)]
mod testkit;

pub use time::{Span, Time};
pub use value::{Money, Type, Value};
