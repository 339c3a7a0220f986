//! What RabbitMQ says of itself before anybody logs in: its version, out of the first frame.
//!
//! The client library keeps that frame to itself, so it is asked for on a connection of our own.

use super::link::ANSWER;
use crate::{BrokerError, Result};
use lapin::uri::{AMQPScheme, AMQPUri};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The header of the protocol, version 0-9-1.
const HELLO: &[u8] = b"AMQP\x00\x00\x09\x01";
/// The greeting has less; whoever sends more is no RabbitMQ.
const LONGEST: usize = 1 << 16;
/// The table's key with the tag of a long text.
const KEY: &[u8] = b"\x07versionS";

/// The version of the server at this address; `None` behind TLS, and where the server does not tell.
///
/// # Errors
/// The address cannot be used, or nobody answers there.
pub async fn server_version(url: &str) -> Result<Option<String>> {
    let uri: AMQPUri = url.parse().map_err(|message: String| BrokerError::Url { message })?;
    if uri.scheme == AMQPScheme::AMQPS {
        return Ok(None);
    }
    let at = format!("{}:{}", uri.authority.host, uri.authority.port);
    let lost = |message: String| BrokerError::Unreachable { at: at.clone(), message };
    match tokio::time::timeout(ANSWER, greeting(&at)).await {
        Ok(Ok(frame)) => Ok(version(&frame)),
        Ok(Err(error)) => Err(lost(error.to_string())),
        Err(_) => Err(lost("no answer in time".into())),
    }
}

/// The payload of the first frame.
async fn greeting(at: &str) -> std::io::Result<Vec<u8>> {
    let mut line = TcpStream::connect(at).await?;
    line.write_all(HELLO).await?;
    // Kind, channel, length.
    let mut head = [0; 7];
    line.read_exact(&mut head).await?;
    let length = u32::from_be_bytes([head[3], head[4], head[5], head[6]]) as usize;
    let mut payload = vec![0; length.min(LONGEST)];
    line.read_exact(&mut payload).await?;
    Ok(payload)
}

/// The text behind the key `version`.
fn version(frame: &[u8]) -> Option<String> {
    let at = frame.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    let length = frame.get(at..at + 4)?;
    let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
    let text = frame.get(at + 4..at + 4 + length.min(64))?;
    let plain = |c: &u8| c.is_ascii_alphanumeric() || b".-+~".contains(c);
    text.iter().all(plain).then(|| String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_and_nothing_else_is_believed() {
        let frame = |text: &[u8], length: u32| {
            [
                b"\x00\x0a\x00\x0a\x00\x09..\x07productS\x00\x00\x00\x08RabbitMQ".as_slice(),
                KEY,
                &length.to_be_bytes(),
                text,
            ]
            .concat()
        };
        assert_eq!(version(&frame(b"3.10.8", 6)).as_deref(), Some("3.10.8"));
        assert_eq!(version(&frame(b"3.10.8\x08platform", 6)).as_deref(), Some("3.10.8"));
        for strange in [frame(b"3.1", 6), frame(b"3\n4", 3), frame(b"", 4_000_000_000), b"HTTP/1.1 400".to_vec()] {
            assert_eq!(version(&strange), None);
        }
    }
}
