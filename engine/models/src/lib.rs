//! Models: train them from a table, measure them on rows they did not see, and compile them to scoring plugins.
//!
//! Pure: bytes and values in, bytes and values out. The same data gives the same bytes on every machine, so all
//! transcendental functions come from `math` and all randomness from a handed-in seed. No wasm runs here.

mod boost;
mod calibrate;
mod calibration;
mod card;
pub mod compare;
pub mod compile;
mod error;
pub mod evaluate;
mod file;
mod folds;
mod golden;
mod head;
pub mod import;
pub mod learn;
mod linear;
mod link;
mod logistic;
mod math;
mod model;
mod node;
mod path;
pub mod picture;
mod read;
pub mod rng;
pub mod sample;
mod sheet;
mod solve;
mod table;
mod train;
mod trees;

pub use boost::{BoostOptions, Direction};
pub use calibration::Calibration;
pub use card::{Measured, Page, card_markdown};
pub use compare::{Comparison, Foresight, Pair, compare};
pub use compile::compile;
pub use error::ModelError;
pub use evaluate::{Evaluation, Measure, by_segment, evaluate, measure, scores};
pub use folds::{Rule, hold_out, rule};
pub use golden::{Golden, GoldenRow};
pub use learn::{Kind, LearnOptions, Report, Tried, learn};
pub use linear::{LinearInput, LinearModel};
pub use logistic::{LogisticInput, LogisticModel};
pub use math::{exp, sigmoid};
pub use model::{Card, Contribution, Metric, Model};
pub use node::{Node, Split, Test};
pub use table::{Table, TableOptions};
pub use train::{TrainOptions, train};
pub use trees::{Link, TreesInput, TreesModel};
