//! Runs the `staunch` binary that was built beside the tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The binary of the profile that the tests were built with: tests lie in its `deps` folder, programs beside it.
pub fn binary() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().unwrap();
    let folder = if folder.ends_with("deps") { folder.parent().unwrap() } else { folder };
    let path = folder.join("staunch");
    assert!(path.is_file(), "{} is missing; run `cargo build --release --workspace --bins`", path.display());
    path
}

/// What a command answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its exit code; `None` = ended by a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Answer {
    /// The answer, where the command ended with 0.
    #[track_caller]
    pub fn ok(self) -> Answer {
        self.exit(0)
    }

    /// The answer, where the command ended with this code.
    #[track_caller]
    pub fn exit(self, code: i32) -> Answer {
        assert_eq!(self.code, Some(code), "\nstdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|why| panic!("{why}\nstdout: {}\nstderr: {}", self.out, self.err))
    }
}

/// Runs a command of the binary to its end.
pub fn staunch(args: &[&str], env: &[(String, String)]) -> Answer {
    let mut command = Command::new(binary());
    command.args(args).envs(env.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
    let output = command.output().unwrap();
    Answer {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
