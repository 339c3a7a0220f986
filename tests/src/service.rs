//! A running `staunch run`.

use crate::rabbit::Owned;
use crate::wait::{until, within};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

/// A process of the service. It is killed with this value.
pub struct Service {
    process: Owned,
    out: Arc<Mutex<String>>,
    err: Arc<Mutex<String>>,
}

impl Service {
    /// Starts `staunch run DIR` with more arguments, on a free port.
    pub fn start(dir: &Path, args: &[&str], env: &[(String, String)]) -> Service {
        Service::of(crate::binary().as_ref(), dir, args, env)
    }

    /// The same with another binary.
    pub fn of(binary: &Path, dir: &Path, args: &[&str], env: &[(String, String)]) -> Service {
        let mut command = Command::new(binary);
        command.arg("run").arg(dir).args(["--port", "0"]).args(args);
        command.envs(env.iter().map(|(name, value)| (name, value)));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = keep(child.stdout.take().unwrap());
        let err = keep(child.stderr.take().unwrap());
        Service { process: Owned(child), out, err }
    }

    /// Waits until it says that it runs, or fails with what it said.
    #[track_caller]
    pub fn ready(mut self) -> Service {
        until(30, "the service to start", || {
            let ended = self.process.0.try_wait().unwrap();
            assert!(ended.is_none(), "it ended: {ended:?}\n{}\n{}", self.out(), self.err());
            self.out().contains("Ctrl-C stops")
        });
        self
    }

    /// Where it serves HTTP, as `http://127.0.0.1:PORT`.
    #[track_caller]
    pub fn address(&self) -> String {
        let out = self.out();
        let line = out.lines().find_map(|line| line.strip_prefix("serving on ")).expect("no web role");
        line.split(' ').next().unwrap().to_owned()
    }

    /// What it wrote to standard output so far.
    pub fn out(&self) -> String {
        self.out.lock().unwrap().clone()
    }

    /// What it wrote to standard error so far.
    pub fn err(&self) -> String {
        self.err.lock().unwrap().clone()
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(mut self) {
        self.process.0.kill().unwrap();
        self.process.0.wait().unwrap();
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.0.id()
    }

    /// Sends a signal such as `STOP`.
    #[track_caller]
    pub fn send(&self, name: &str) {
        assert!(Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status().unwrap().success());
    }

    /// Sends a signal such as `TERM` and waits for the end.
    #[track_caller]
    pub fn signal(&mut self, name: &str, seconds: u64) -> ExitStatus {
        self.send(name);
        self.ended(seconds)
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.process.0.try_wait().unwrap().is_some()
    }

    /// Waits for its end.
    #[track_caller]
    pub fn ended(&mut self, seconds: u64) -> ExitStatus {
        within(seconds, "the service to end", || self.process.0.try_wait().unwrap())
    }
}

/// Reads a stream to its end beside the test, so that the process never waits for a reader.
fn keep(stream: impl std::io::Read + Send + 'static) -> Arc<Mutex<String>> {
    let kept = Arc::new(Mutex::new(String::new()));
    let into = Arc::clone(&kept);
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut text = into.lock().unwrap();
            text.push_str(&line);
            text.push('\n');
        }
    });
    kept
}
