//! A RabbitMQ and a Postgres of a case's own, which it may end and start.

use staunch_tests::{Database, Rabbit, root};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Both servers; they end with this value.
pub struct Servers {
    folder: PathBuf,
}

impl Servers {
    /// Starts them.
    pub fn start() -> Servers {
        let servers = Servers { folder: root().join("target/services-faults") };
        servers.call(&["stop"]);
        servers.call(&["start"]);
        servers
    }

    /// Ends `amqp` (by SIGKILL) or `database`.
    pub fn down(&self, which: &str) {
        self.call(&["down", which]);
    }

    /// Starts it again.
    pub fn up(&self, which: &str) {
        self.call(&["up", which]);
    }

    /// Names in the broker.
    pub fn rabbit(&self) -> Rabbit {
        Rabbit { url: self.url("amqp"), prefix: "faults".into() }
    }

    /// A new database.
    pub fn database(&self) -> Database {
        Database::postgres_at(&self.url("database"), "faults")
    }

    fn url(&self, which: &str) -> String {
        std::fs::read_to_string(self.folder.join(format!("{which}.url"))).unwrap().trim().to_owned()
    }

    fn call(&self, args: &[&str]) {
        let mut command = Command::new(root().join("tests/services"));
        command.args(args).env("STAUNCH_SERVICES", &self.folder);
        command.env_remove("STAUNCH_TEST_AMQP_URL").env_remove("STAUNCH_TEST_DATABASE_URL");
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
        assert!(status.success(), "tests/services {args:?} failed");
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.call(&["stop"]);
    }
}
