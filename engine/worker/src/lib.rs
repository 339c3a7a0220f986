//! The shell around the core: ingest, decide, dispatch, timers, shutdown. All rules live in `staunch-core`.
//!
//! [`Engine`] has one method per step of the way of an event; `run` calls them in loops on the database's clock, the
//! demo calls the same ones in a fixed order on a virtual clock.

mod batch;
mod cache;
mod clock;
mod decider;
mod dispatch;
mod engine;
mod failpoint;
mod gate;
mod health;
mod ingest;
mod jobs;
mod lanes;
mod metrics;
mod migrate;
mod plugins;
mod render;
mod retention;
mod run;
mod suspects;

pub use batch::Handled;
pub use clock::{Clock, StoreClock, VirtualClock};
pub use decider::{Content, Decider};
pub use dispatch::Dispatched;
pub use engine::{Engine, Parts, WorkerError};
pub use health::Health;
pub use ingest::HISTORY;
pub use metrics::{FAMILIES, Family, Kind, Metrics};
pub use migrate::Migrated;
pub use render::MessageRenderer;
pub use run::{Roles, run};
