//! Scoring plugins for Staunch, written in Rust. No dependency outside of this folder, so a plugin builds without a
//! download.
//!
//! A plugin is a struct of inputs, a function that scores one row of them, and what the plugin says of itself:
//!
//! ```
//! use staunch_plugin::{Inputs, Scalar, plugin};
//!
//! /// What the plugin reads. Every value may be missing.
//! #[derive(Inputs)]
//! struct Row {
//!     /// Days since the last order.
//!     #[input(unit = "days")]
//!     recency: Option<f64>,
//!     plan: Option<String>,
//! }
//!
//! plugin! {
//!     score: score,
//!     name: "my-score",
//!     version: "1.0.0",
//!     range: 0.0..=1.0,
//!     bands: [("low", 0.0), ("high", 0.5)],
//!     owner: "ben@example.com",
//!     purpose: "Chance that a customer orders again within the month",
//! }
//!
//! fn score(row: &Row) -> Scalar {
//!     let fresh = row.recency.map_or(0.0, |days| 0.4 * (1.0 - days / 365.0).clamp(0.0, 1.0));
//!     let paid = if row.plan.as_deref() == Some("pro") { 0.3 } else { 0.0 };
//!     let value = 0.1 + fresh + paid;
//!     Scalar::new(value).raw(value).reason("recency", fresh).reason("plan", paid)
//! }
//! # let row = Row { recency: Some(0.0), plan: Some("pro".into()) };
//! # assert_eq!(score(&row).value, 0.8);
//! ```
//!
//! The function may also give [`Classes`] or a [`Ranking`], and `Result<_, Declined>` where some rows get no answer. It
//! must be pure: the same row, the same answer, whatever was scored before. Build it for the target
//! `wasm32-unknown-unknown` with the linker `wasm-component-ld`, or by `staunch plugin build`; the component imports
//! nothing. Everything but the exports compiles for any target, so `cargo test` tests a plugin like any other crate.

extern crate self as staunch_plugin;

#[doc(hidden)]
pub mod abi;
mod about;
mod answer;
mod columns;
mod image;
mod macros;
mod run;

pub use about::{Manifest, Metric};
pub use answer::{Answer, Classes, Declined, MAX_REASONS, Outcome, Ranking, Reason, ResultKind, RowResult, Scalar};
pub use columns::{Column, ColumnValues, Field, Input, Inputs, Kind};
pub use macros::needs;
pub use run::{Scored, run_batch, run_each};
pub use staunch_plugin_derive::Inputs;

/// What `plugins/wit/scoring.wit` says of a plugin, in the form that the linker reads.
#[doc(hidden)]
pub const WORLD: &[u8] = include_bytes!("world.bin");
