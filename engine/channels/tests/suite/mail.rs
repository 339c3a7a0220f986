//! Mails as bytes: what stands in the headers, and that nobody can add one.

use crate::{email, outgoing, task};
use proptest::prelude::*;
use staunch_channels::{Connector, EmailSettings, Outbox, SendError};
use staunch_core::codes;

/// The mail that an outbox writes, or the answer where it writes none.
fn written(settings: EmailSettings, outgoing: &staunch_channels::Outgoing) -> Result<String, SendError> {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(folder.path(), settings).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(outbox.send(outgoing))?;
    Ok(std::fs::read_to_string(outbox.path(&outgoing.action_id)).unwrap())
}

fn settings() -> EmailSettings {
    EmailSettings::new("The Shop <hello@shop.invalid>", Some("https://shop.invalid/u")).unwrap()
}

#[test]
fn two_attempts_at_the_same_time_are_the_same_bytes() {
    let action = outgoing("0a1b", email("Wir vermissen Sie, Jörg", "Hello.\nBye.", Some("<p>Hello.</p>")));
    let first = written(settings(), &action).unwrap();
    assert_eq!(first, written(settings(), &action).unwrap());
    for line in [
        "From: \"The Shop\" <hello@shop.invalid>\r\n",
        "To: c17850@shop.invalid\r\n",
        "Message-ID: <0a1b@shop.invalid>\r\n",
        "Date: Thu, 01 Sep 2011 12:00:00 +0000\r\n",
        "List-Unsubscribe: <https://shop.invalid/u/0a1b>\r\n",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
        "boundary=\"part-0a1b\"",
        "Content-Type: text/html; charset=utf-8\r\n",
    ] {
        assert!(first.contains(line), "{line}\n{first}");
    }
    assert!(first.is_ascii(), "a non-ASCII subject is encoded");
}

#[test]
fn without_an_unsubscribe_address_there_is_no_such_header() {
    let settings = EmailSettings::new("hello@shop.invalid", None).unwrap();
    let mail = written(settings, &outgoing("1", email("s", "t", None))).unwrap();
    assert!(!mail.contains("List-Unsubscribe"), "{mail}");
}

#[test]
fn what_cannot_be_a_mail_fails_with_its_code() {
    let mut no_address = outgoing("1", email("s", "t", None));
    no_address.to = None;
    let mut two_lines = outgoing("1", email("s", "t", None));
    two_lines.to = Some("a@shop.invalid\r\nBcc: b@shop.invalid".to_owned());
    let mut not_one = outgoing("1", email("s", "t", None));
    not_one.to = Some("a@shop.invalid, b@shop.invalid".to_owned());
    for (action, code) in [
        (no_address, codes::CHANNEL_ADDRESS),
        (two_lines, codes::CHANNEL_ADDRESS),
        (not_one, codes::CHANNEL_ADDRESS),
        (outgoing("1", email("a\r\nBcc: b@shop.invalid", "t", None)), codes::CHANNEL_HEADER),
        (outgoing("1", email("a\u{202E}b", "t", None)), codes::CHANNEL_HEADER),
        (outgoing("1", task("t")), codes::CHANNEL_PAYLOAD),
    ] {
        let error = written(settings(), &action).unwrap_err();
        assert!(matches!(error, SendError::Fail { .. }), "{error}");
        assert_eq!(error.code(), code, "{action:?}");
        assert!(!error.to_string().contains("shop.invalid"), "no address in a message: {error}");
    }
}

#[test]
fn senders_and_unsubscribe_addresses_are_checked_at_start() {
    for from in ["", "nobody", "a@b\r\nBcc: c@d", "a@shop.invalid, b@shop.invalid"] {
        assert!(EmailSettings::new(from, None).is_err(), "{from:?}");
    }
    for unsubscribe in ["http://shop.invalid/u", "javascript:alert(1)", "mailto:a@b.c", "u"] {
        assert!(EmailSettings::new("a@shop.invalid", Some(unsubscribe)).is_err(), "{unsubscribe}");
    }
    assert!(EmailSettings::new("a@shop.invalid", Some("http://127.0.0.1:7070/u")).is_ok());
}

/// The names of all headers above the first empty line; folded lines belong to the header before them.
fn header_names(mail: &str) -> Vec<String> {
    let head = mail.split("\r\n\r\n").next().unwrap();
    let lines = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
    lines.map(|line| line.split(':').next().unwrap().to_owned()).collect()
}

/// Text with much of what breaks headers.
fn nasty() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("\r\n".to_owned()),
        Just("\n".to_owned()),
        Just("\r".to_owned()),
        Just("\0".to_owned()),
        Just("\r\n\r\n".to_owned()),
        Just("Bcc: x@example.com".to_owned()),
        Just("=?utf-8?b?DQpCY2M6?=".to_owned()),
        Just("\u{2028}".to_owned()),
        Just("\u{202E}".to_owned()),
        Just(" ".repeat(80)),
        any::<String>(),
        "[ -~]{0,90}",
        "\\PC{0,60}",
    ];
    proptest::collection::vec(pieces, 0..5).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn nothing_in_a_subject_makes_a_header_or_ends_them(subject in nasty(), text in nasty()) {
        let expected = ["From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"];
        if let Ok(mail) = written(settings(), &outgoing("1", email(&subject, &text, None))) {
            prop_assert!(!subject.contains(['\r', '\n', '\0']));
            let mut names = header_names(&mail);
            names.sort();
            let mut expected = expected.map(str::to_owned).to_vec();
            expected.sort();
            prop_assert_eq!(names, expected, "{}", mail);
        }
    }

    #[test]
    fn nothing_in_an_address_makes_a_header(address in nasty()) {
        let mut action = outgoing("1", email("s", "t", None));
        action.to = Some(address.clone());
        if let Ok(mail) = written(settings(), &action) {
            prop_assert!(!address.chars().any(char::is_control));
            prop_assert_eq!(header_names(&mail).iter().filter(|name| *name == "To").count(), 1);
            prop_assert!(!header_names(&mail).iter().any(|name| name == "Bcc"));
        }
    }
}
