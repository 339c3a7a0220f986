//! Files of a workspace: YAML text to checked workflows, policy, tests and rollouts, with every problem of every file
//! reported in one run at its line and column. Nothing here runs a workflow, and only `look_through` touches the disk.

mod catalog;
mod diagnostic;
mod files;
mod flow;
mod lint;
mod load;
mod read;
mod rollout;
pub mod schema;
mod testfile;
mod workspace;
mod yaml;

pub use catalog::{NoPlugins, PluginCatalog, PluginInfo, PluginInput, PluginProblem, TemplateInfo};
pub use diagnostic::{Diagnostic, Severity, render};
pub use files::{Files, MAX_FILE, look_through, read_files};
pub use load::{Loaded, load_workspace};
pub use rollout::{Check, ExitCheck, RolloutFile, RolloutStage, Sample, Verdict};
pub use testfile::{
    Expectation, Expected, GivenAccount, GivenScore, Happens, LEFT, NotStarted, TestCase, TestEvent, TestFile,
};
pub use workspace::{
    Connections, Connector, Content, EventType, JsonPath, Mail, Mapping, PluginTrust, Reference, SourceFile,
    WORKSPACE_FILE, WorkspaceFile,
};
