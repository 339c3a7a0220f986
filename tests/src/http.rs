//! HTTP of the smallest kind: one request, one answer, connection closed. HTTP/1.0, so that no answer is chunked.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Body.
    pub body: String,
}

impl Reply {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|why| panic!("{why}: {}", self.body))
    }
}

/// GET of an address such as `http://127.0.0.1:7070/healthz`.
pub fn get(url: &str) -> std::io::Result<Reply> {
    request("GET", url, b"")
}

/// POST of JSON.
pub fn post(url: &str, body: &[u8]) -> std::io::Result<Reply> {
    request("POST", url, body)
}

fn request(method: &str, url: &str, body: &[u8]) -> std::io::Result<Reply> {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let length = body.len();
    write!(
        stream,
        "{method} /{path} HTTP/1.0\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )?;
    // A server may refuse a long body by its length alone and close: its answer is still to be read.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let ended = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text
        .split_once("\r\n\r\n")
        .ok_or_else(|| ended.err().unwrap_or_else(|| std::io::ErrorKind::UnexpectedEof.into()))?;
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or(std::io::ErrorKind::InvalidData)?;
    Ok(Reply { status, body: body.to_owned() })
}
