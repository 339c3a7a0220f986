//! The list of commands; one file each.

mod backtest;
mod backup;
mod challenge;
mod check;
mod compile_plugin;
mod dead;
mod demo;
mod diff;
mod doctor;
mod drill;
mod explain;
mod ingest;
mod init;
mod kill;
mod lock;
mod model;
mod plugin;
mod publish;
mod restore;
mod review;
mod rollout;
mod run;
mod schema;
mod simulate;
mod sources;
mod test;
mod why;

use crate::error::{CliError, Result};
use clap::{Parser, Subcommand};
use staunch_core::codes;
use staunch_scoring::{BREAKER_LOG, REFUSALS_LOG};

/// Workflow automation that mixes rules with machine learning and knows when to stop.
///
/// Example: staunch demo --once
#[derive(Debug, Parser)]
#[command(name = "staunch", version, max_term_width = 80)]
pub struct Cli {
    /// Logs what happens, not only what goes wrong (stderr, JSON lines).
    #[arg(long, global = true)]
    pub verbose: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Init(init::Init),
    Check(check::Check),
    Explain(explain::Explain),
    Test(test::Test),
    Publish(publish::Publish),
    Run(run::Run),
    Sources(sources::Sources),
    Ingest(ingest::Ingest),
    Simulate(simulate::Simulate),
    Backtest(backtest::Backtest),
    Diff(diff::Diff),
    Drill(drill::Drill),
    Why(why::Why),
    Review(review::Review),
    Kill(kill::Kill),
    Resume(kill::Resume),
    Dead(dead::Dead),
    Rollout(rollout::Rollout),
    Model(model::Model),
    Plugin(plugin::Plugin),
    #[command(hide = true)]
    CompilePlugin(compile_plugin::CompilePlugin),
    Lock(lock::Lock),
    Schema(schema::Schema),
    Doctor(doctor::Doctor),
    Backup(backup::Backup),
    Restore(restore::Restore),
}

impl Cli {
    /// What is logged where nobody chose: what goes wrong, without what the command itself reports of plugins.
    pub fn log(&self) -> String {
        let quiet: &[&str] = match self.command {
            _ if self.verbose => return "info".to_owned(),
            Command::Plugin(_) => &[BREAKER_LOG, REFUSALS_LOG],
            Command::Simulate(_) | Command::Backtest(_) | Command::Drill(_) | Command::Test(_) => &[BREAKER_LOG],
            _ => &[],
        };
        quiet.iter().fold("warn".to_owned(), |all, target| format!("{all},{target}=off"))
    }
}

/// Runs a command: `true` where all is fine, `false` where the thing checked is not.
///
/// # Errors
/// Wrong usage or environment.
pub fn run(cli: Cli) -> Result<bool> {
    // Its limits leave no room for the threads of a runtime.
    if let Command::CompilePlugin(args) = &cli.command {
        return compile_plugin::run(args);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CliError::new(codes::CLI_STEP, error.to_string(), ""))?;
    runtime.block_on(async {
        match cli.command {
            Command::Demo(args) => demo::run(args).await,
            Command::Init(args) => init::run(&args),
            Command::Check(args) => check::run(&args),
            Command::Explain(args) => explain::run(&args),
            Command::Sources(args) => sources::run(&args),
            Command::Test(args) => test::run(&args),
            Command::Publish(args) => publish::run(args).await,
            Command::Run(args) => run::run(args).await,
            Command::Ingest(args) => ingest::run(args).await,
            Command::Simulate(args) => simulate::run(&args),
            Command::Backtest(args) => backtest::run(&args),
            Command::Diff(args) => diff::run(args).await,
            Command::Drill(args) => drill::run(&args),
            Command::Why(args) => why::run(args).await,
            Command::Review(args) => review::run(args).await,
            Command::Kill(args) => kill::kill(args).await,
            Command::Resume(args) => kill::resume(args).await,
            Command::Dead(args) => dead::run(args).await,
            Command::Rollout(args) => rollout::run(args).await,
            Command::Model(args) => model::run(args),
            Command::Plugin(args) => plugin::run(args).await,
            Command::CompilePlugin(args) => compile_plugin::run(&args),
            Command::Lock(args) => lock::run(&args),
            Command::Schema(args) => schema::run(&args),
            Command::Doctor(args) => doctor::run(args).await,
            Command::Backup(args) => backup::run(args).await,
            Command::Restore(args) => restore::run(args).await,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// A command and all below it, each with its path.
    fn all(path: &str, command: &clap::Command, found: &mut Vec<(String, String)>) {
        let path = format!("{path} {}", command.get_name());
        found.push((path.clone(), command.clone().render_long_help().to_string()));
        command.get_subcommands().for_each(|command| all(&path, command, found));
    }

    #[test]
    fn no_two_examples_stand_in_one_line() {
        let mut found = Vec::new();
        all("", &Cli::command(), &mut found);
        assert!(found.len() > 30);
        for (path, help) in found {
            let twice = help.lines().any(|line| line.matches("Example:").count() > 1);
            assert!(!twice, "{path}:\n{help}");
        }
    }
}
