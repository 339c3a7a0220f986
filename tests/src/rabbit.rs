//! Exchanges and queues of its own for each test in the RabbitMQ of `tests/services`, reached through pika, a client
//! that is not ours.

use crate::database::{server, unique};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Child, Command, Stdio};

/// A message as the Python tool publishes it.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    /// Messages with the same key keep their order.
    pub key: String,
    /// AMQP headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Outgoing {
    /// A CloudEvent in structured mode.
    pub fn structured(event: &Value) -> Outgoing {
        let key = event["subject"].as_str().unwrap_or_default().to_owned();
        Outgoing { key, headers: Vec::new(), body: event.to_string().into_bytes() }
    }

    /// A CloudEvent in binary mode, as the AMQP binding spells it.
    pub fn binary(event: &Value) -> Outgoing {
        let attributes = event.as_object().unwrap().iter().filter(|(name, _)| *name != "data");
        let headers =
            attributes.map(|(name, value)| (format!("cloudEvents:{name}"), value.as_str().unwrap().to_owned()));
        Outgoing {
            headers: headers.collect(),
            body: event["data"].to_string().into_bytes(),
            ..Outgoing::structured(event)
        }
    }
}

/// The names of one test; what bears them is deleted with this value.
pub struct Rabbit {
    /// The server's address.
    pub url: String,
    /// What all names begin with.
    pub prefix: String,
}

impl Rabbit {
    /// Names for a test.
    pub fn new(name: &str) -> Rabbit {
        Rabbit { url: server("STAUNCH_TEST_AMQP_URL"), prefix: unique(&format!("staunch_test_{name}")) }
    }

    fn tool(&self, command: &str) -> Command {
        let python = std::env::var("STAUNCH_TEST_PYTHON").unwrap_or_else(|_| "/usr/bin/python3".into());
        let mut tool = Command::new(python);
        tool.arg(crate::root().join("tests/tools/publish.py")).args([command, &self.url, &self.prefix]);
        tool
    }

    /// Publishes all messages with confirms and gives how many were confirmed.
    pub fn publish(&self, messages: &[Outgoing]) -> usize {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        for one in messages {
            let headers: serde_json::Map<String, Value> =
                one.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
            let body: String = one.body.iter().map(|byte| format!("{byte:02x}")).collect();
            writeln!(file, "{}", json!({ "key": one.key, "headers": headers, "body": body })).unwrap();
        }
        let output = self.tool("publish").arg(file.path()).stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success(), "publishing failed");
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    }

    /// Messages that are ready in the events queue and in the parking queue. Unacknowledged ones are not counted.
    pub fn ready(&self) -> (i64, i64) {
        let output = self.tool("depth").stderr(Stdio::inherit()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut numbers = text.split_whitespace().map(|word| word.parse().unwrap());
        (numbers.next().unwrap(), numbers.next().unwrap())
    }
}

impl Drop for Rabbit {
    fn drop(&mut self) {
        let ended = self.tool("delete").status();
        if !ended.is_ok_and(|status| status.success()) {
            eprintln!("the queues {}.* could not be deleted", self.prefix);
        }
    }
}

/// A process that ends with this value.
pub(crate) struct Owned(pub Child);

impl Drop for Owned {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
