//! Backup and restore, as `examples/deploy/backup.md` says: what the backup knows is never decided or sent again, and what it
//! does not know goes only when a person says so.

use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use staunch_tests::{Database, Workspace, get, post, until};
use std::process::Command;

fn sign_up(address: &str, contact: &str) {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = staunch_core::Time(i64::try_from(since.as_micros()).unwrap()).to_string();
    let event = |id: &str, kind: &str, data: Value| {
        json!({ "specversion": "1.0", "id": format!("{contact}-{id}"), "source": "app", "type": kind, "time": now,
            "subject": contact, "data": data })
    };
    for event in [
        event("1", "contact.updated", json!({ "plan": "trial", "zone": "Europe/Berlin" })),
        event("2", "consent.changed", json!({ "purpose": "onboarding", "granted": true })),
        event("3", "user.signed_up", json!({})),
    ] {
        assert_eq!(post(&format!("{address}/v1/events"), event.to_string().as_bytes()).unwrap().status, 202);
    }
}

/// State and, where it has one, reason of the contact's actions.
fn actions(address: &str, contact: &str) -> Vec<String> {
    let reply = get(&format!("{address}/v1/why/{contact}?workflow=hello")).unwrap();
    if reply.status == 404 {
        return Vec::new();
    }
    let told = reply.json();
    let state = |action: &Value| match action["reason"].as_str() {
        Some(reason) => format!("{}/{reason}", action["state"].as_str().unwrap()),
        None => action["state"].as_str().unwrap().to_owned(),
    };
    told["actions"].as_array().unwrap().iter().map(state).collect()
}

fn handled(address: &str, result: &str) -> u64 {
    let metrics = get(&format!("{address}/metrics")).unwrap().body;
    let line = format!("staunch_events_total{{result=\"{result}\"}} ");
    metrics.lines().find_map(|one| one.strip_prefix(&line)?.parse().ok()).unwrap()
}

/// A line of the table of actions in a SQLite file.
fn in_file(path: &std::path::Path, sql: &'static str) -> Vec<(String, i64)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap();
        let rows = sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        rows
    })
}

#[test]
fn sqlite_comes_back_and_sends_nothing_by_itself() {
    let workspace = Workspace::greeting("");
    workspace.go_full("hello");
    let file = workspace.dir().join("monday.db");
    let file_text = file.to_str().unwrap();
    let mut service = workspace.serve(&[]);
    let address = service.address();
    sign_up(&address, "c1");
    sign_up(&address, "c3");
    until(20, "the first nudges", || actions(&address, "c1") == ["done"] && actions(&address, "c3") == ["done"]);
    // While it runs.
    let told = workspace.staunch(&["backup", workspace.text(), "--out", file_text, "--format", "json"]).ok().json();
    assert_eq!(told["holds"]["actions"], 4, "{told}");
    workspace.staunch(&["backup", workspace.text(), "--out", file_text]).exit(2);
    let refused = workspace.staunch(&["restore", workspace.text(), "--from", file_text]).exit(2);
    assert!(refused.err.contains("ST7015"), "a running worker: {}", refused.err);
    sign_up(&address, "c2");
    until(20, "the second nudge", || actions(&address, "c2") == ["done"]);
    assert_eq!(service.signal("TERM", 30).code(), Some(0));

    // As if the send of c3 had been under way at the moment of the backup.
    in_file(
        &file,
        "UPDATE actions SET state = 'sending', lease_until = 1, finished_at = NULL WHERE contact = 'c3' AND workflow = 'hello' RETURNING id, fence",
    );
    let broken = workspace.write("broken.db", b"SQLite format 3\0 and nothing else");
    workspace.staunch(&["restore", workspace.text(), "--from", broken.to_str().unwrap()]).exit(2);
    let told = workspace.staunch(&["restore", workspace.text(), "--from", file_text, "--as", "ann"]).ok();
    assert!(told.out.contains("everything is killed"), "{}", told.out);

    let mut service = workspace.serve(&[]);
    let address = service.address();
    for contact in ["c1", "c2", "c3"] {
        sign_up(&address, contact);
    }
    // Six of the nine are known, and all of c2 is new.
    until(20, "the events", || handled(&address, "duplicate") == 6 && handled(&address, "decided") == 3);
    until(20, "the kill to hold what is pending", || {
        actions(&address, "c2") == ["held/kill"] && actions(&address, "c3") == ["held/kill"]
    });
    assert_eq!(actions(&address, "c1"), ["done"], "sent before the backup: never again");
    workspace.staunch(&["resume", "all", "--dir", workspace.text()]).ok();
    until(20, "what was released", || actions(&address, "c2") == ["done"] && actions(&address, "c3") == ["done"]);
    assert_eq!(service.signal("TERM", 30).code(), Some(0));
    let attempts = in_file(
        &workspace.dir().join(".staunch/staunch.db"),
        "SELECT contact, attempts FROM actions WHERE workflow = 'hello' ORDER BY contact",
    );
    let expected = [("c1", 1), ("c2", 1), ("c3", 2)].map(|(contact, times)| (contact.to_owned(), times));
    assert_eq!(attempts, expected, "a nudge in `sending` is repeated under its own id");
    let log = in_file(
        &workspace.dir().join(".staunch/staunch.db"),
        "SELECT who || ' ' || what, at FROM control_log ORDER BY id",
    );
    assert!(log.iter().any(|(line, _)| line == "ann kill"), "{log:?}");
}

#[test]
fn postgres_is_dumped_and_comes_back() {
    let (before, after) = (Database::postgres("dumped"), Database::postgres("restored"));
    let mut workspace = Workspace::greeting("connections: { database: env:STAUNCH_DATABASE_URL }\n");
    workspace.env.push(("STAUNCH_DATABASE_URL".into(), before.url.clone()));
    let refused = workspace.staunch(&["backup", workspace.text(), "--out", "x.db"]).exit(2);
    assert!(refused.err.contains("ST7021") && refused.err.contains("pg_dump"), "{}", refused.err);
    workspace.go_full("hello");
    let mut service = workspace.serve(&[]);
    let address = service.address();
    sign_up(&address, "c1");
    until(20, "the nudge", || actions(&address, "c1") == ["done"]);
    let dump = workspace.dir().join("monday.dump");
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().unwrap_or_else(|why| panic!("{program}: {why}"));
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    };
    run("pg_dump", &["--format=custom", &format!("--file={}", dump.display()), &before.url]);
    sign_up(&address, "c2");
    until(20, "the second nudge", || actions(&address, "c2") == ["done"]);
    assert_eq!(service.signal("TERM", 30).code(), Some(0));

    run("pg_restore", &["--exit-on-error", "--no-owner", &format!("--dbname={}", after.url), dump.to_str().unwrap()]);
    workspace.env.retain(|(name, _)| name != "STAUNCH_DATABASE_URL");
    workspace.env.push(("STAUNCH_DATABASE_URL".into(), after.url.clone()));
    workspace.staunch(&["doctor", workspace.text()]).ok();
    workspace.staunch(&["kill", "all", "--dir", workspace.text(), "--reason", "restored from monday.dump"]).ok();
    let mut service = workspace.serve(&[]);
    let address = service.address();
    sign_up(&address, "c1");
    sign_up(&address, "c2");
    until(20, "the events", || handled(&address, "duplicate") == 3 && handled(&address, "decided") == 3);
    until(20, "the kill to hold it", || actions(&address, "c2") == ["held/kill"]);
    assert_eq!(actions(&address, "c1"), ["done"]);
    assert_eq!(service.signal("TERM", 30).code(), Some(0));
    assert_eq!(after.number("SELECT attempts FROM actions WHERE contact = 'c1' AND workflow = 'hello'"), 1);
}
