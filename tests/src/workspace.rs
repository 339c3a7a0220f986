//! A workspace in a folder of its own, made from text, from a template of `init` or from an example.

use crate::bin::{Answer, staunch};
use crate::{Database, Rabbit, Service, Sink};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A workflow that greets who signed up with a nudge, at once.
pub const HELLO: &str = "\
workflow: hello
title: Say hello
owner: test
purpose: onboarding
priority: 10
start:
  event: user.signed_up
steps:
  - nudge: hi
    template: hello/hi
    expires: 7d
while_running: ignore
";

/// A workspace and the environment of its commands.
pub struct Workspace {
    folder: TempDir,
    /// Environment variables of every command.
    pub env: Vec<(String, String)>,
}

impl Workspace {
    /// From files: path and text.
    pub fn new(files: &[(&str, &str)]) -> Workspace {
        let workspace = Workspace { folder: tempfile::tempdir().unwrap(), env: Vec::new() };
        for (path, text) in files {
            workspace.write(path, text.as_bytes());
        }
        workspace
    }

    /// As `staunch init` makes it.
    pub fn init(template: &str) -> Workspace {
        let workspace = Workspace::new(&[]);
        workspace.staunch(&["init", workspace.text(), "--template", template]).ok();
        workspace
    }

    /// As `init` makes it for a welcome, but it greets with a nudge at once: no quiet hours and no holdout, so that the hour
    /// does not matter. `connections` ends its `staunch.yaml`.
    pub fn greeting(connections: &str) -> Workspace {
        let workspace = Workspace::init("welcome");
        let text = std::fs::read_to_string(workspace.dir().join("staunch.yaml")).unwrap();
        let open = text.split("policy:").next().unwrap().to_owned() + "policy: {}\n" + connections;
        workspace.write("staunch.yaml", open.as_bytes());
        workspace.write("workflows/hello.yaml", HELLO.as_bytes());
        workspace.write("templates/hello/hi.txt", b"Title: Hello\n\nGood to see you, {{ contact.plan }}.\n");
        workspace
    }

    /// Lets its connections come from these servers; `staunch.yaml` has to name the variables.
    pub fn connect(mut self, rabbit: &Rabbit, database: &Database, sink: &Sink) -> Workspace {
        let pairs = [
            ("STAUNCH_AMQP_URL", &rabbit.url),
            ("STAUNCH_AMQP_PREFIX", &rabbit.prefix),
            ("STAUNCH_DATABASE_URL", &database.url),
            ("STAUNCH_SMTP_URL", &sink.url),
        ];
        self.env.extend(pairs.map(|(name, value)| (name.to_owned(), value.clone())));
        self
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }

    /// Its folder as text, for arguments.
    pub fn text(&self) -> &str {
        self.dir().to_str().unwrap()
    }

    /// Writes a file into it and gives its path.
    pub fn write(&self, path: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs a command in its environment.
    pub fn staunch(&self, args: &[&str]) -> Answer {
        staunch(args, &self.env)
    }

    /// Starts the service and waits until it runs.
    #[track_caller]
    pub fn serve(&self, args: &[&str]) -> Service {
        Service::start(self.dir(), args, &self.env).ready()
    }

    /// Publishes the workflows and lets one of them go as far as it may.
    #[track_caller]
    pub fn go_full(&self, workflow: &str) {
        // A worker publishes when it starts, and makes the queues that tests publish to.
        let service = self.serve(&["--roles", "worker"]);
        for _ in 0..2 {
            self.staunch(&["rollout", "promote", self.text(), "--workflow", workflow, "--as", "test"]).ok();
        }
        drop(service);
    }
}
