//! Connections to one mail server, kept for reuse, and one mail's way over a connection step by step.

use super::url::{Protection, Server};
use lettre::Address;
use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use std::future::Future;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// A connection that rested longer is asked whether it still lives before a mail is trusted to it.
const FRESH: Duration = Duration::from_secs(5);
/// A connection that rested longer is dropped: most servers have closed it by then.
const STALE: Duration = Duration::from_secs(60);

/// How far a mail came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Reaching the server, TLS, login.
    Connect,
    /// `MAIL`.
    Sender,
    /// `RCPT`.
    Recipient,
    /// `DATA`.
    Data,
    /// The content and its final dot: from here on the server may have taken it.
    Content,
}

impl Step {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Step::Connect => "the connection",
            Step::Sender => "the sender",
            Step::Recipient => "the recipient",
            Step::Data => "the announcement of the mail",
            Step::Content => "the mail",
        }
    }
}

/// What went wrong at a step.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The server's code, where it answered.
    pub(crate) status: Option<u16>,
    /// In words, where it did not.
    pub(crate) why: String,
    /// The server cannot carry this address at all.
    pub(crate) unsupported: bool,
}

impl Failure {
    fn new(why: impl Into<String>) -> Failure {
        Failure { status: None, why: why.into(), unsupported: false }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let why = match std::error::Error::source(&error) {
            // With a status the source is the server's own sentence, which often repeats the address.
            Some(source) if error.status().is_none() => format!("{error}: {source}"),
            _ => error.to_string(),
        };
        Failure { status: error.status().map(u16::from), why, unsupported: false }
    }
}

/// Up to `connections` connections to one server.
pub(crate) struct Pool {
    server: Server,
    timeout: Duration,
    slots: Semaphore,
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

impl Pool {
    pub(crate) fn new(server: Server, timeout: Duration, connections: usize) -> Pool {
        Pool { server, timeout, slots: Semaphore::new(connections), idle: Mutex::new(Vec::new()) }
    }

    /// Reaches the server and logs in.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        let _slot = self.slots.acquire().await.map_err(|_| Failure::new("the pool is closed"))?;
        let connection = self.connect().await?;
        self.keep(connection);
        Ok(())
    }

    /// Sends one mail. An error names the step at which it stopped.
    pub(crate) async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<(), (Step, Failure)> {
        let closed = |_| (Step::Connect, Failure::new("the pool is closed"));
        let _slot = self.slots.acquire().await.map_err(closed)?;
        let mut connection = self.connection().await.map_err(|failure| (Step::Connect, failure))?;
        let result = self.converse(&mut connection, envelope, mail).await;
        // After a refusal the line is still in order, once the server has forgotten the refused mail.
        let reusable = match &result {
            Ok(()) => true,
            Err((_, failure)) if failure.status.is_none_or(|status| status == 421) => false,
            Err(_) => within(self.timeout, connection.command(Rset)).await.is_ok(),
        };
        if reusable {
            self.keep(connection);
        }
        result
    }

    async fn converse(
        &self,
        connection: &mut AsyncSmtpConnection,
        envelope: &Envelope,
        mail: &[u8],
    ) -> Result<(), (Step, Failure)> {
        let at = |step: Step| move |failure: Failure| (step, failure);
        let parameters = mail_parameters(connection, envelope).map_err(at(Step::Recipient))?;
        let sender = Mail::new(envelope.from().cloned(), parameters);
        within(self.timeout, connection.command(sender)).await.map_err(at(Step::Sender))?;
        for to in envelope.to() {
            let recipient = Rcpt::new(to.clone(), Vec::new());
            within(self.timeout, connection.command(recipient)).await.map_err(at(Step::Recipient))?;
        }
        within(self.timeout, connection.command(Data)).await.map_err(at(Step::Data))?;
        // Servers scan a mail before they answer for it; giving up early would make a doubt out of a slow yes.
        within(self.timeout * 3, connection.message(mail)).await.map_err(at(Step::Content))?;
        Ok(())
    }

    /// A connection that answers: one at rest, or a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, Failure> {
        while let Some((mut connection, since)) = self.rested() {
            let rest = since.elapsed();
            if rest < FRESH
                || rest < STALE && tokio::time::timeout(self.timeout, connection.test_connected()).await == Ok(true)
            {
                return Ok(connection);
            }
        }
        self.connect().await
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let hello = ClientId::default();
        let Server { host, port, protection, credentials } = &self.server;
        let at_once = match protection {
            Protection::Tls(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let connecting =
            AsyncSmtpConnection::connect_tokio1((host.as_str(), *port), Some(self.timeout), &hello, at_once, None);
        let mut connection = within(self.timeout, connecting).await?;
        if let Protection::StartTls(parameters) = protection {
            within(self.timeout, connection.starttls(parameters.clone(), &hello)).await?;
        }
        if let Some(credentials) = credentials {
            within(self.timeout, connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials)).await?;
        }
        Ok(connection)
    }

    fn rested(&self) -> Option<(AsyncSmtpConnection, Instant)> {
        self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop()
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push((connection, Instant::now()));
    }
}

/// An address beyond ASCII needs a server that says it can carry it (RFC 6531).
fn mail_parameters(connection: &AsyncSmtpConnection, envelope: &Envelope) -> Result<Vec<MailParameter>, Failure> {
    let ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
    if envelope.to().iter().chain(envelope.from()).all(ascii) {
        return Ok(Vec::new());
    }
    if connection.server_info().supports_feature(Extension::SmtpUtfEight) {
        return Ok(vec![MailParameter::SmtpUtfEight]);
    }
    Err(Failure { unsupported: true, ..Failure::new("the mail server cannot carry addresses beyond ASCII") })
}

/// The library waits for an answer without end; we do not.
async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result.map_err(Failure::from),
        Err(_) => Err(Failure::new("no answer in time")),
    }
}
