//! A mail server that takes everything and writes it down (`tests/tools/smtp_sink.py`).

use crate::rabbit::Owned;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Its Message-ID.
    pub id: String,
    /// To whom.
    pub to: String,
    /// When, in seconds since 1970.
    pub at: f64,
}

/// A running mail server.
pub struct Sink {
    /// Its address for `connections: smtp`.
    pub url: String,
    file: tempfile::NamedTempFile,
    _process: Owned,
}

impl Sink {
    /// Starts one that takes so many seconds for each mail.
    pub fn start(delay: f64) -> Sink {
        let python = std::env::var("STAUNCH_TEST_PYTHON").unwrap_or_else(|_| "/usr/bin/python3".into());
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new(python);
        command.arg(crate::root().join("tests/tools/smtp_sink.py")).arg(file.path());
        let mut process = command.args(["--delay", &delay.to_string()]).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let url = format!("smtp://127.0.0.1:{}", port.trim());
        Sink { url, file, _process: Owned(process) }
    }

    /// What has arrived. A line that is being written just now is left out.
    pub fn mails(&self) -> Vec<Mail> {
        let text = std::fs::read_to_string(self.file.path()).unwrap();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let mail = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            Mail { id: text(&line["message_id"]), to: text(&line["to"][0]), at: line["at"].as_f64().unwrap() }
        };
        whole.lines().map(mail).collect()
    }
}
