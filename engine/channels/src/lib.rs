//! The ways out: one file or folder per connector, one registration list, and the templates of what is said.
//!
//! A connector never decides whether something may be sent, never reads a clock and never stores anything: the
//! dispatcher hands it one action and records what it answers.

mod connector;
mod local;
mod mime;
mod outbox;
mod registry;
mod smtp;
mod templates;
mod text;
mod webhook;

pub use connector::{Connector, Outgoing, SendError, Sent};
pub use local::{Nudges, TaskList};
pub use mime::EmailSettings;
pub use outbox::Outbox;
pub use registry::{Channels, Settings, WEBHOOK};
pub use smtp::{Smtp, SmtpSettings};
pub use templates::{
    RenderError, RenderedEmail, RenderedNudge, TemplateKind, TemplatePlace, TemplateProblem, Templates,
};
pub use webhook::{Webhook, WebhookSettings};

/// A connector's settings that cannot work. Met at start and by `staunch doctor`, never while sending.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct SetupError {
    /// `ST60xx`.
    pub code: staunch_core::codes::Code,
    /// What is wrong and what to do; never holds a secret.
    pub message: String,
}

impl SetupError {
    fn new(message: impl Into<String>) -> SetupError {
        SetupError { code: staunch_core::codes::CHANNEL_SETUP, message: message.into() }
    }
}

/// Chooses ring for every TLS connection of this process. A client built before that would panic.
fn choose_tls() {
    // An error means that the process has chosen already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
