//! SMTP against a small server that answers what each case tells it to.

use crate::{email, outgoing};
use staunch_channels::{Connector, EmailSettings, SendError, Sent, Smtp, SmtpSettings};
use staunch_core::codes;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How a server answers one command: a line, silence, or a closed connection.
#[derive(Clone, Copy)]
enum Reply {
    Line(&'static str),
    Silence,
    Close,
}

/// What the server does at each step; `None` is the usual friendly answer.
#[derive(Clone, Copy, Default)]
struct Script {
    ehlo: Option<&'static str>,
    mail: Option<Reply>,
    rcpt: Option<Reply>,
    data: Option<Reply>,
    content: Option<Reply>,
}

/// What the server has seen.
#[derive(Default)]
struct Seen {
    connections: usize,
    commands: Vec<String>,
    mails: Vec<String>,
}

async fn serve(script: Script) -> (u16, Arc<Mutex<Seen>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let shared = seen.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            shared.lock().unwrap().connections += 1;
            tokio::spawn(talk(stream, script, shared.clone()));
        }
    });
    (port, seen)
}

async fn talk(stream: TcpStream, script: Script, seen: Arc<Mutex<Seen>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 test\r\n").await?;
    let mut line = String::new();
    while {
        line.clear();
        stream.read_line(&mut line).await?
    } > 0
    {
        let command = line.trim_end().to_owned();
        seen.lock().unwrap().commands.push(command.clone());
        let reply = match command.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => Reply::Line(script.ehlo.unwrap_or("250-test\r\n250 8BITMIME")),
            "MAIL" => script.mail.unwrap_or(Reply::Line("250 ok")),
            "RCPT" => script.rcpt.unwrap_or(Reply::Line("250 ok")),
            "DATA" => script.data.unwrap_or(Reply::Line("354 go")),
            _ => Reply::Line("250 ok"),
        };
        if !answer(&mut stream, reply).await? {
            return Ok(());
        }
        if command == "DATA" && matches!(reply, Reply::Line(text) if text.starts_with("354")) {
            let mail = content(&mut stream).await?;
            seen.lock().unwrap().mails.push(mail);
            if !answer(&mut stream, script.content.unwrap_or(Reply::Line("250 taken"))).await? {
                return Ok(());
            }
        }
    }
    Ok(())
}

async fn answer(stream: &mut BufReader<TcpStream>, reply: Reply) -> std::io::Result<bool> {
    match reply {
        Reply::Line(text) => stream.write_all(format!("{text}\r\n").as_bytes()).await.map(|()| true),
        Reply::Silence => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(false)
        }
        Reply::Close => Ok(false),
    }
}

async fn content(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let (mut mail, mut line) = (String::new(), String::new());
    while {
        line.clear();
        stream.read_line(&mut line).await?
    } > 0
        && line != ".\r\n"
    {
        mail.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
    Ok(mail)
}

/// A client with much patience, so that a busy machine fails no test.
fn client(port: u16) -> Smtp {
    client_with(port, Duration::from_secs(20))
}

fn client_with(port: u16, timeout: Duration) -> Smtp {
    let settings = SmtpSettings { timeout, ..SmtpSettings::new(format!("smtp://127.0.0.1:{port}")) };
    Smtp::new(&settings, EmailSettings::new("hello@shop.invalid", None).unwrap()).unwrap()
}

async fn send(script: Script) -> Result<Sent, SendError> {
    let (port, _) = serve(script).await;
    let silent = [script.mail, script.content].iter().any(|reply| matches!(reply, Some(Reply::Silence)));
    let timeout = if silent { Duration::from_millis(500) } else { Duration::from_secs(20) };
    client_with(port, timeout).send(&outgoing("0a1b", email("Come back", "We miss you.", None))).await
}

fn word(result: &Result<Sent, SendError>) -> (&'static str, &'static str) {
    match result {
        Ok(_) => ("sent", ""),
        Err(SendError::Retry { code, .. }) => ("retry", code),
        Err(SendError::Fail { code, .. }) => ("fail", code),
        Err(SendError::Doubt { code, .. }) => ("doubt", code),
    }
}

#[tokio::test]
async fn each_step_has_its_answer() {
    let line = |text| Some(Reply::Line(text));
    let plain = Script::default();
    let cases = [
        ("accepted", plain, ("sent", "")),
        ("sender deferred", Script { mail: line("451 later"), ..plain }, ("retry", codes::SMTP_DEFERRED)),
        ("recipient unknown", Script { rcpt: line("550 no such user"), ..plain }, ("fail", codes::SMTP_REFUSED)),
        ("mailbox busy", Script { rcpt: line("450 busy"), ..plain }, ("retry", codes::SMTP_DEFERRED)),
        ("shutting down", Script { rcpt: line("421 bye"), ..plain }, ("retry", codes::SMTP_DEFERRED)),
        ("content refused", Script { content: line("554 spam"), ..plain }, ("fail", codes::SMTP_REFUSED)),
        ("content deferred", Script { content: line("452 full"), ..plain }, ("retry", codes::SMTP_DEFERRED)),
        ("gone before the content", Script { rcpt: Some(Reply::Close), ..plain }, ("retry", codes::SMTP_UNREACHABLE)),
        ("gone at DATA", Script { data: Some(Reply::Close), ..plain }, ("retry", codes::SMTP_UNREACHABLE)),
        ("gone after the content", Script { content: Some(Reply::Close), ..plain }, ("doubt", codes::SMTP_DOUBT)),
        (
            "silent before the content",
            Script { mail: Some(Reply::Silence), ..plain },
            ("retry", codes::SMTP_UNREACHABLE),
        ),
        ("silent after the content", Script { content: Some(Reply::Silence), ..plain }, ("doubt", codes::SMTP_DOUBT)),
        ("no service", Script { ehlo: Some("550 go away"), ..plain }, ("retry", codes::SMTP_UNREACHABLE)),
    ];
    for (name, script, expected) in cases {
        let result = send(script).await;
        assert_eq!(word(&result), expected, "{name}: {result:?}");
        assert!(!format!("{result:?}").contains("c17850@"), "no address in a message: {result:?}");
    }
}

#[tokio::test]
async fn nobody_listening_is_a_retry() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let result = client(port).send(&outgoing("1", email("s", "t", None))).await;
    assert_eq!(word(&result), ("retry", codes::SMTP_UNREACHABLE), "{result:?}");
}

#[tokio::test]
async fn a_wrong_password_burns_no_mail() {
    let (port, seen) = serve(Script { ehlo: Some("250-test\r\n250 AUTH CRAM-MD5"), ..Script::default() }).await;
    let settings = SmtpSettings::new(format!("smtp://user:secret@127.0.0.1:{port}"));
    let smtp = Smtp::new(&settings, EmailSettings::new("hello@shop.invalid", None).unwrap()).unwrap();
    let result = smtp.send(&outgoing("1", email("s", "t", None))).await;
    assert_eq!(word(&result), ("retry", codes::SMTP_UNREACHABLE), "{result:?}");
    assert!(smtp.check().await.is_err());
    assert!(seen.lock().unwrap().mails.is_empty());
}

#[tokio::test]
async fn connections_are_used_again_also_after_a_refusal() {
    let (port, seen) = serve(Script::default()).await;
    let smtp = client(port);
    for id in ["1", "2", "3"] {
        let sent = smtp.send(&outgoing(id, email("s", "t", None))).await.unwrap();
        assert_eq!(sent.reference.unwrap(), format!("<{id}@shop.invalid>"));
    }
    assert_eq!(seen.lock().unwrap().connections, 1);
    assert_eq!(seen.lock().unwrap().mails.len(), 3);

    let (port, seen) = serve(Script { rcpt: Some(Reply::Line("550 no")), ..Script::default() }).await;
    let smtp = client(port);
    for id in ["1", "2"] {
        assert_eq!(word(&smtp.send(&outgoing(id, email("s", "t", None))).await).0, "fail");
    }
    assert_eq!(seen.lock().unwrap().connections, 1);
    assert_eq!(seen.lock().unwrap().commands.iter().filter(|command| *command == "RSET").count(), 2);
}

#[tokio::test]
async fn many_at_once_share_a_few_connections() {
    let (port, seen) = serve(Script::default()).await;
    let smtp = Arc::new(client(port));
    let sends: Vec<_> = (0..40)
        .map(|n| {
            let smtp = smtp.clone();
            tokio::spawn(async move { smtp.send(&outgoing(&n.to_string(), email("s", "t", None))).await })
        })
        .collect();
    for send in sends {
        send.await.unwrap().unwrap();
    }
    assert_eq!(seen.lock().unwrap().mails.len(), 40);
    assert!(seen.lock().unwrap().connections <= 4);
}

#[tokio::test]
async fn a_text_cannot_end_the_mail_or_speak_to_the_server() {
    let (port, seen) = serve(Script::default()).await;
    let text = "Hello\n.\nMAIL FROM:<evil@example.com>\r\n.\r\nDATA\n\n.end";
    client(port).send(&outgoing("1", email("s", text, None))).await.unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.mails.len(), 1);
    let body = seen.mails[0].split("\r\n\r\n").skip(1).collect::<Vec<_>>().join("\r\n\r\n");
    assert_eq!(body.trim_end(), "Hello\r\n.\r\nMAIL FROM:<evil@example.com>\r\n.\r\nDATA\r\n\r\n.end");
    assert_eq!(seen.commands.iter().filter(|command| command.starts_with("MAIL")).count(), 1);
}

#[tokio::test]
async fn an_address_beyond_ascii_needs_a_server_that_can() {
    let mut action = outgoing("1", email("s", "t", None));
    action.to = Some("jörg@shop.invalid".to_owned());
    let (port, _) = serve(Script::default()).await;
    let refused = client(port).send(&action).await;
    assert_eq!(word(&refused), ("fail", codes::CHANNEL_ADDRESS), "{refused:?}");

    let (port, seen) = serve(Script { ehlo: Some("250-test\r\n250 SMTPUTF8"), ..Script::default() }).await;
    client(port).send(&action).await.unwrap();
    assert!(seen.lock().unwrap().commands.iter().any(|command| command.ends_with("SMTPUTF8")));
}
