//! Shared harness for the end-to-end suites: the binary, the real servers, a mail sink, and workspaces. Everything it
//! starts or makes ends with the value that stands for it, also when a test fails.

pub mod generate;
pub mod measure;

mod bin;
mod database;
mod guest;
mod http;
mod rabbit;
mod report;
mod service;
mod sink;
mod wait;
mod workspace;

pub use bin::{Answer, binary, root, staunch};
pub use database::Database;
pub use guest::{Guest, guests};
pub use http::{Reply, get, post};
pub use rabbit::{Outgoing, Rabbit};
pub use report::report;
pub use service::Service;
pub use sink::{Mail, Sink};
pub use wait::{until, within};
pub use workspace::{HELLO, Workspace};
