//! The connectors against servers of this test, and the templates against what authors and contacts may write.

mod blocks;
mod mail;
mod smtp;
mod templates;
mod webhook;

use staunch_channels::Outgoing;
use staunch_core::Time;
use staunch_core::action::Payload;

/// An action on its way out, at noon.
fn outgoing(id: &str, payload: Payload) -> Outgoing {
    Outgoing {
        action_id: id.to_owned(),
        workflow: "winback".to_owned(),
        contact: "17850".to_owned(),
        to: Some("c17850@shop.invalid".to_owned()),
        payload,
        planned_at: Time::parse("2011-09-01T08:00:00Z").unwrap(),
        now: Time::parse("2011-09-01T12:00:00Z").unwrap(),
    }
}

fn email(subject: &str, text: &str, html: Option<&str>) -> Payload {
    Payload::Email { subject: subject.to_owned(), text: text.to_owned(), html: html.map(str::to_owned) }
}

fn task(title: &str) -> Payload {
    Payload::Task {
        title: title.to_owned(),
        assignee: Some("anna".to_owned()),
        due: Time::parse("2011-09-03T08:00:00Z"),
    }
}
