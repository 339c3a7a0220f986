//! The `staunch` binary: arguments, wiring, one file per command.

mod app;
mod backtest;
mod causes;
mod chart;
mod commands;
mod difference;
mod drill;
mod error;
mod feed;
mod files;
mod host;
mod lines;
mod load;
mod names;
mod output;
mod playback;
mod policies;
mod publishing;
mod reload;
mod replay;
mod report;
mod revision;
mod scenario;
mod textdiff;
mod wiring;

use clap::Parser;
use std::process::ExitCode;

/// Decisions make and drop many small values; this allocator does that in about two thirds of the time of glibc's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match commands::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, everything else is wrong usage.
            let code = if error.use_stderr() { 2 } else { 0 };
            let printed = error.print();
            let full = code == 0 && printed.is_err_and(|why| why.kind() != std::io::ErrorKind::BrokenPipe);
            return ExitCode::from(if full { 2 } else { code });
        }
    };
    start_log(&cli.log());
    let done = commands::run(cli);
    match done.and_then(|fine| output::unwritten().map_or(Ok(fine), Err)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            output::note(&error.to_string());
            ExitCode::from(2)
        }
    }
}

/// Structured logs go to stderr: one JSON object a line. `STAUNCH_LOG` chooses what, like `info` or `staunch=debug`.
fn start_log(usual: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("STAUNCH_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(usual));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
}
