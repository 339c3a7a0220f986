//! Models: train them from a table, measure them on rows they did not see, and compile them to scoring plugins.
//!
//! Pure: bytes and values in, bytes and values out. The same data gives the same bytes on every machine, so all
//! transcendental functions come from [`math`] and all randomness from a handed-in seed. No wasm runs here.

pub mod boost;
pub mod calibrate;
pub mod calibration;
pub mod card;
pub mod compare;
pub mod compile;
pub mod error;
pub mod evaluate;
mod file;
pub mod folds;
pub mod golden;
mod head;
pub mod import;
pub mod learn;
pub mod linear;
pub mod link;
pub mod logistic;
pub mod math;
pub mod model;
pub mod node;
pub mod path;
pub mod picture;
pub mod read;
pub mod rng;
pub mod sample;
pub mod sheet;
pub mod solve;
pub mod study;
pub mod table;
pub mod train;
pub mod trees;

pub use boost::{BoostOptions, Direction};
pub use calibration::Calibration;
pub use card::{Measured, Page, card_markdown};
pub use compare::{Comparison, Foresight, Pair, compare};
pub use compile::compile;
pub use error::ModelError;
pub use evaluate::{Evaluation, Measure, by_segment, evaluate, measure, scores};
pub use folds::{Rule, hold_out, rule};
pub use golden::Golden;
pub use learn::{Kind, LearnOptions, Report, Tried, learn};
pub use linear::{LinearInput, LinearModel};
pub use logistic::{LogisticInput, LogisticModel};
pub use math::{exp, sigmoid};
pub use model::{Card, Contribution, Metric, Model};
pub use node::{Node, Split, Test};
pub use study::{StudyOptions, study};
pub use table::{Table, TableOptions};
pub use train::{TrainOptions, train};
pub use trees::{Link, TreesInput, TreesModel};
