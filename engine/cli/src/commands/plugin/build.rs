//! `staunch plugin build`: cargo for the target of plugins, with a toolchain that is there, and a first look at the result.

use super::check;
use super::finding::{self, State};
use crate::error::{CliError, Result};
use crate::output;
use clap::Args;
use staunch_core::codes;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const TARGET: &str = "wasm32-unknown-unknown";
/// A file for a shell that sets the environment up; see `tests/wasm-target`.
const ENV: &str = "STAUNCH_WASM_ENV";

/// Builds a plugin in Rust to a component.
///
/// Looks whether the host would take it, and puts the component where it is told; one that the host
/// would not take leaves the old one as it is.
///
/// Needs Rust with the target `wasm32-unknown-unknown`. Where STAUNCH_WASM_ENV names a file for a shell that sets another
/// Rust up, that one is used.
///
/// Example: staunch plugin build my-score -o workspace/plugins/my-score.wasm
#[derive(Debug, Args)]
pub struct Build {
    /// The plugin's folder.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Where to put the component; without it, NAME.wasm in the plugin's folder.
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Puts it there even where the first look at it fails.
    #[arg(long)]
    force: bool,
}

/// Runs the command.
pub fn run(args: &Build) -> Result<bool> {
    let manifest = args.dir.join("Cargo.toml");
    if !manifest.is_file() {
        let help = "name the folder of a plugin in Rust, or make one with `staunch plugin new`";
        return Err(CliError::usage(format!("{} is not there", manifest.display()), help));
    }
    let rust = Rust::find(&args.dir)?;
    let built = rust.build(&args.dir)?;
    let bytes = super::bytes(&built)?;
    let (plugin, found) = check::quick(&built, &bytes)?;
    let out = args.output.clone().unwrap_or_else(|| args.dir.join(format!("{}.wasm", plugin.manifest().name)));
    output::say(&finding::lines(&found));
    let fine = found.iter().all(|finding| finding.state != State::Failed);
    let golden = args.dir.join("golden.csv");
    if !fine && !args.force {
        let (out, built) = (out.display(), built.display());
        output::say(&format!(
            "not written: {out} is as it was\nwhat was built is {built}\nnext: mend it, or add --force"
        ));
        return Ok(false);
    }
    write(&out, &bytes)?;
    let (manifest, out) = (plugin.manifest(), out.display());
    output::say(&format!(
        "{} {}, {:.1} KB, written to {out}\nnext: staunch plugin check {out} --golden {}",
        manifest.name,
        manifest.version,
        bytes.len() as f64 / 1e3,
        golden.display(),
    ));
    Ok(fine)
}

/// Writes the component, and the folder that it lies in.
fn write(out: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = out.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| CliError::file(folder, &error))?;
    }
    std::fs::write(out, bytes).map_err(|error| CliError::file(out, &error))
}

/// A Rust that builds for the target.
struct Rust {
    /// A file that a shell reads first.
    env: Option<PathBuf>,
    /// The linker that makes a component, where it is not on the path.
    linker: Option<PathBuf>,
}

impl Rust {
    fn find(dir: &Path) -> Result<Rust> {
        if let Some(path) = std::env::var_os(ENV).filter(|path| !path.is_empty()) {
            let env = PathBuf::from(path);
            let env = std::fs::canonicalize(&env).map_err(|error| CliError::file(&env, &error).about(ENV))?;
            if !env.is_file() {
                let help = "name the file that `tests/wasm-target` prints, env.sh; it stands in the toolchain's folder";
                return Err(CliError::usage(format!("{ENV}: {} is no file", env.display()), help));
            }
            return Ok(Rust { env: Some(env), linker: None });
        }
        let ask = |args: &[&str]| {
            let output = Command::new("rustc").args(args).current_dir(dir).output().ok()?;
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let none = |text: &str, next: &str| Err(CliError::new(codes::CLI_STEP, text, next));
        let Some(sysroot) = ask(&["--print", "sysroot"]) else {
            return none(
                "there is no Rust: `rustc` cannot be run",
                "install Rust by rustup, then: rustup target add wasm32-unknown-unknown",
            );
        };
        let libraries = ask(&["--print", "target-libdir", "--target", TARGET]).map(PathBuf::from);
        let there = libraries.and_then(|dir| std::fs::read_dir(dir).ok()).is_some_and(|mut all| all.next().is_some());
        if !there {
            let next = format!(
                "rustup target add {TARGET}; without rustup, see `tests/wasm-target`, and set {ENV} to the file it writes"
            );
            return none(&format!("this Rust cannot build for {TARGET}"), &next);
        }
        let host = ask(&["-vV"]).unwrap_or_default();
        let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned();
        let linker = Path::new(&sysroot).join("lib/rustlib").join(host).join("bin/wasm-component-ld");
        Ok(Rust { env: None, linker: Some(linker).filter(|linker| linker.is_file()) })
    }

    /// Builds the plugin and gives the component's path.
    fn build(&self, dir: &Path) -> Result<PathBuf> {
        let args = ["build", "--release", "--lib", "--target", TARGET, "--message-format", "json-render-diagnostics"];
        let mut command = match &self.env {
            None => Command::new("cargo"),
            Some(env) => {
                let mut shell = Command::new("bash");
                shell.args(["-c", ". \"$0\" && exec cargo \"$@\""]).arg(env);
                shell
            }
        };
        command.args(args).current_dir(dir).stdin(Stdio::null()).stderr(Stdio::inherit());
        if let Some(linker) = &self.linker {
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
        let failed = |text: String, next: &str| CliError::new(codes::CLI_STEP, text, next);
        let output = command
            .output()
            .map_err(|error| failed(format!("cargo cannot be run: {error}"), "install Rust by rustup"))?;
        if !output.status.success() {
            let next = "mend what it says above; `cargo test` in the plugin's folder says more";
            return Err(failed("cargo could not build the plugin".into(), next));
        }
        let next = "its Cargo.toml needs `crate-type = [\"cdylib\"]` under [lib]";
        component(&output.stdout).ok_or_else(|| failed("the build made no component".into(), next))
    }
}

/// The last component that cargo says it made.
fn component(messages: &[u8]) -> Option<PathBuf> {
    let lines = messages.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    let mut made = lines.flat_map(|line: serde_json::Value| {
        let files = line["filenames"].as_array().cloned().unwrap_or_default();
        files.into_iter().filter_map(|file| file.as_str().map(PathBuf::from)).collect::<Vec<_>>()
    });
    made.rfind(|file| file.extension().is_some_and(|end| end == "wasm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_component_is_the_last_that_cargo_names() {
        let said = "{\"reason\":\"compiler-artifact\",\"filenames\":[\"/t/liba.rlib\"]}\nnoise\n{\"filenames\":[\"/t/x.wasm\",\"/t/x.d\"]}\n{\"reason\":\"build-finished\"}\n";
        assert_eq!(component(said.as_bytes()), Some(PathBuf::from("/t/x.wasm")));
        assert_eq!(component(b"{\"filenames\":[\"/t/liba.rlib\"]}"), None);
    }
}
