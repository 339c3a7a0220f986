//! E-mail over SMTP. The answer tells how far a mail came, because only the last step can leave a doubt.

mod session;
mod url;

use crate::SetupError;
use crate::connector::{Connector, Outgoing, SendError, Sent};
use crate::mime::{self, EmailSettings};
use session::{Pool, Step};
use staunch_core::action::Channel;
use staunch_core::codes;
use std::time::Duration;

/// Where the mail server is, and how patient we are with it.
#[derive(Clone)]
pub struct SmtpSettings {
    /// `smtp://user:password@host:port` (STARTTLS is required unless the host is loopback) or `smtps://…`.
    pub url: String,
    /// The longest wait for one answer of the server; the answer to a mail's end may take three times as long.
    pub timeout: Duration,
    /// Connections at once.
    pub connections: usize,
}

impl SmtpSettings {
    /// Thirty seconds and four connections.
    pub fn new(url: impl Into<String>) -> SmtpSettings {
        SmtpSettings { url: url.into(), timeout: Duration::from_secs(30), connections: 4 }
    }
}

/// A mail server.
pub struct Smtp {
    email: EmailSettings,
    pool: Pool,
}

impl Smtp {
    /// Reads the settings; connects only when there is something to send.
    pub fn new(settings: &SmtpSettings, email: EmailSettings) -> Result<Smtp, SetupError> {
        crate::choose_tls();
        let server = url::Server::parse(&settings.url)?;
        Ok(Smtp { email, pool: Pool::new(server, settings.timeout, settings.connections.max(1)) })
    }

    /// Connects and logs in, for `staunch doctor`.
    pub async fn check(&self) -> Result<(), SendError> {
        self.pool.check().await.map_err(|failure| answer(Step::Connect, &failure))
    }
}

#[async_trait::async_trait]
impl Connector for Smtp {
    fn name(&self) -> &str {
        "smtp"
    }

    fn channels(&self) -> &[Channel] {
        &[Channel::Email]
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        let message = mime::message(outgoing, &self.email)?;
        match self.pool.send(message.envelope(), &message.formatted()).await {
            Ok(()) => Ok(Sent { reference: Some(self.email.message_id(&outgoing.action_id)) }),
            Err((step, failure)) => Err(answer(step, &failure)),
        }
    }

    /// Nobody can ask a mail server whether it took a mail.
    fn repeat_after_crash(&self) -> bool {
        false
    }
}

/// What a failure at a step means. A refusal while connecting is about us, never about this mail: a wrong password must
/// not burn every mail that is due.
fn answer(step: Step, failure: &session::Failure) -> SendError {
    let said = match failure.status {
        Some(status) => format!("the mail server answered {status} to {}", step.word()),
        None => format!("{} failed: {}", step.word(), failure.why),
    };
    match (step, failure.status) {
        (Step::Connect, _) => {
            SendError::retry(codes::SMTP_UNREACHABLE, format!("{said}; check the address, the login and the network"))
        }
        (_, Some(status)) if (500..600).contains(&status) => SendError::fail(codes::SMTP_REFUSED, said),
        (_, Some(_)) => SendError::retry(codes::SMTP_DEFERRED, said),
        (Step::Content, None) => {
            SendError::doubt(codes::SMTP_DOUBT, format!("{said}; look for the Message-ID in the server's log"))
        }
        (_, None) if failure.unsupported => SendError::fail(codes::CHANNEL_ADDRESS, said),
        (_, None) => SendError::retry(codes::SMTP_UNREACHABLE, said),
    }
}
