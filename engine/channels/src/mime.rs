//! An action as a mail. The bytes depend on the action, the settings and the time handed in alone, so that a mail that
//! is sent again is the same mail.

use crate::SetupError;
use crate::connector::{Outgoing, SendError};
use crate::text::line_problem;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, MultiPartKind, SinglePart};
use reqwest::Url;
use staunch_core::Time;
use staunch_core::action::Payload;
use staunch_core::codes;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Who writes, and where one may say no. Both e-mail connectors share it.
#[derive(Clone, Debug)]
pub struct EmailSettings {
    from: Mailbox,
    unsubscribe: Option<Url>,
}

impl EmailSettings {
    /// `from` is `name@example.com` or `Name <name@example.com>`; `unsubscribe` is the https address (http on loopback)
    /// below which `/<action id>` takes one-click requests (RFC 8058).
    pub fn new(from: &str, unsubscribe: Option<&str>) -> Result<EmailSettings, SetupError> {
        if let Some(problem) = line_problem(from) {
            return Err(SetupError::new(format!("the sender's address is not usable: {problem}")));
        }
        let from =
            from.parse().map_err(|error| SetupError::new(format!("the sender's address cannot be read: {error}")))?;
        let unsubscribe = unsubscribe.map(parse_unsubscribe).transpose()?;
        Ok(EmailSettings { from, unsubscribe })
    }

    /// The Message-ID of an action.
    pub(crate) fn message_id(&self, action_id: &str) -> String {
        format!("<{action_id}@{}>", self.from.email.domain())
    }
}

fn parse_unsubscribe(text: &str) -> Result<Url, SetupError> {
    let url = Url::parse(text)
        .map_err(|error| SetupError::new(format!("the unsubscribe address cannot be read: {error}")))?;
    let loopback = url.host_str().is_some_and(crate::webhook::loopback_host);
    if url.cannot_be_a_base() || !(url.scheme() == "https" || url.scheme() == "http" && loopback) {
        return Err(SetupError::new("the unsubscribe address must begin with https://"));
    }
    Ok(url)
}

/// The mail of an action. Every failure is final: the same action would fail again.
pub(crate) fn message(outgoing: &Outgoing, settings: &EmailSettings) -> Result<Message, SendError> {
    let id = outgoing.checked_id()?;
    let Payload::Email { subject, text, html } = &outgoing.payload else {
        return Err(outgoing.misplaced("email"));
    };
    if let Some(problem) = line_problem(subject) {
        return Err(SendError::fail(codes::CHANNEL_HEADER, format!("the subject is not usable: {problem}")));
    }
    let mut builder = Message::builder()
        .from(settings.from.clone())
        .to(recipient(outgoing)?)
        .subject(subject.as_str())
        .date(system_time(outgoing.now))
        .message_id(Some(settings.message_id(id)));
    for (name, value) in unsubscribe_headers(settings, id) {
        builder = builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
    }
    let plain = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(text.clone());
    let built = match html {
        None => builder.singlepart(plain),
        Some(html) => {
            let html = SinglePart::builder().header(ContentType::TEXT_HTML).body(html.clone());
            // A boundary of our own: the library's would be random, and the mail another one at each attempt.
            let parts = MultiPart::builder().kind(MultiPartKind::Alternative).boundary(format!("part-{id}"));
            builder.multipart(parts.singlepart(plain).singlepart(html))
        }
    };
    built.map_err(|error| SendError::fail(codes::CHANNEL_HEADER, format!("the mail cannot be built: {error}")))
}

fn recipient(outgoing: &Outgoing) -> Result<Mailbox, SendError> {
    let wrong = |why: &str| {
        SendError::fail(codes::CHANNEL_ADDRESS, format!("the contact's e-mail address is not usable: {why}"))
    };
    let address = outgoing.to.as_deref().ok_or_else(|| wrong("there is none"))?;
    if let Some(problem) = line_problem(address) {
        return Err(wrong(problem));
    }
    Ok(Mailbox::new(None, address.parse().map_err(|_| wrong("it cannot be read"))?))
}

/// RFC 2369 and RFC 8058: mail programs show a button, and it works without a page.
fn unsubscribe_headers(settings: &EmailSettings, id: &str) -> Vec<(&'static str, String)> {
    let Some(mut url) = settings.unsubscribe.clone() else { return Vec::new() };
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push(id);
    }
    vec![("List-Unsubscribe", format!("<{url}>")), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned())]
}

/// The year 9999 ends what a mail's date can say.
fn system_time(time: Time) -> SystemTime {
    let seconds = time.0.div_euclid(staunch_core::time::SECOND).clamp(0, 253_402_300_799);
    UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs())
}
