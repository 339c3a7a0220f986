//! Reads our queues from RabbitMQ's management plugin, for `staunch doctor`.

use super::policy::{Role, judge, judge_bindings};
use super::topology::{MOST, Names};
use crate::{BrokerError, Result};
use lapin::uri::AMQPUri;
use reqwest::{Client, StatusCode, Url};
use serde_json::Value;
use std::time::Duration;

/// For one answer.
const ANSWER: Duration = Duration::from_secs(10);

/// What was found of our queues.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspected {
    /// How many queues of ours there are.
    pub queues: usize,
    /// What would lose events, each with its code.
    pub problems: Vec<String>,
    /// Queues of which the plugin told no policy: it was asked too early, or its collector is switched off.
    pub blind: usize,
}

/// Reads arguments and policies of the queues of `prefix`, through the management plugin at `management`
/// (`http://user:password@host:15672`). `broker` is the address by which we publish; it names the virtual host.
///
/// # Errors
/// The plugin does not answer, or not to this user.
pub async fn inspect(management: &str, broker: &str, prefix: &str) -> Result<Inspected> {
    let wrong = |message: String| BrokerError::Management { message };
    let amqp: AMQPUri = broker.parse().map_err(|message: String| BrokerError::Url { message })?;
    // The parser's own words may repeat the address, and with it the password.
    let url: Url = management.parse().map_err(|_| wrong("its address is no URL".into()))?;
    if !["http", "https"].contains(&url.scheme()) || url.cannot_be_a_base() {
        return Err(wrong("its address begins with neither http:// nor https://".into()));
    }
    // An error means that the process has chosen its TLS already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().timeout(ANSWER).redirect(reqwest::redirect::Policy::none()).no_proxy().build();
    let client = client.map_err(|error| wrong(error.without_url().to_string()))?;
    let reader = Reader { client, url, vhost: amqp.vhost };
    reader.all(&Names::new(prefix)).await.map_err(wrong)
}

struct Reader {
    client: Client,
    url: Url,
    vhost: String,
}

impl Reader {
    async fn all(&self, names: &Names) -> std::result::Result<Inspected, String> {
        let mut queues = vec![(names.events.to_string(), Role::Events), (names.parked.to_string(), Role::Parked)];
        queues.extend((0..MOST).map(|number| (names.partition(number).to_string(), Role::Partition)));
        let mut inspected = Inspected::default();
        for (name, role) in queues {
            match self.get(&["queues", &self.vhost, &name]).await? {
                Some(queue) => {
                    inspected.queues += 1;
                    inspected.blind += usize::from(queue.get("effective_policy_definition").is_none());
                    inspected.problems.extend(judge(&queue, role, names.dead.as_str()));
                }
                None if role == Role::Partition => break,
                None => {}
            }
        }
        if let Some(bindings) = self.get(&["queues", &self.vhost, names.parked.as_str(), "bindings"]).await? {
            inspected.problems.extend(judge_bindings(&bindings, names.parked.as_str(), names.dead.as_str()));
        }
        Ok(inspected)
    }

    /// One document; `None` where it does not exist.
    async fn get(&self, path: &[&str]) -> std::result::Result<Option<Value>, String> {
        let mut url = self.url.clone();
        // Each part is escaped: the virtual host is mostly called `/`.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("api").extend(path);
        }
        let (user, password) = (decoded(url.username()), url.password().map(decoded));
        let _ = (url.set_username(""), url.set_password(None));
        let request = self.client.get(url).basic_auth(user, password);
        let answer = request.send().await.map_err(|error| error.without_url().to_string())?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => answer.json().await.map(Some).map_err(|error| error.without_url().to_string()),
            status => Err(format!("it answers {status}")),
        }
    }
}

/// User and password as they are; in a URL some characters are escaped.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let byte = hex.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_read_as_they_were_meant() {
        assert_eq!(decoded("a%40b%2f%"), "a@b/%");
        assert_eq!(decoded("%zz%c3%a4"), "%zzä");
    }

    #[tokio::test]
    async fn a_wrong_address_is_told_without_the_password() {
        for address in ["hunter2", "amqp://u:hunter2@h", "http://u:hunter2@127.0.0.1:1"] {
            let error = inspect(address, "amqp://localhost", "s").await.unwrap_err().to_string();
            assert!(error.starts_with("ST5008") && !error.contains("hunter2"), "{error}");
        }
    }
}
