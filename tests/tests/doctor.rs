//! `staunch doctor`: it finds what would lose events, and changes nothing.

use serde_json::Value;
use staunch_tests::{Database, Rabbit, Workspace};

/// What it says of each part: level and text.
fn told(workspace: &Workspace, code: i32) -> Vec<(String, String, String)> {
    let answer = workspace.staunch(&["doctor", workspace.text(), "--format", "json"]).exit(code).json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let part = |part: &Value| {
        let words = if part["problem"].is_null() { &part["detail"] } else { &part["problem"] };
        (text(&part["part"]), text(&part["level"]), text(words))
    };
    answer["parts"].as_array().unwrap().iter().map(part).collect()
}

#[track_caller]
fn has(told: &[(String, String, String)], part: &str, level: &str, words: &str) {
    let fits = |one: &&(String, String, String)| one.0 == part && one.1 == level && one.2.contains(words);
    assert!(told.iter().find(fits).is_some(), "{part} {level} {words}\n{told:#?}");
}

#[test]
fn an_embedded_workspace_is_looked_at_and_left_alone() {
    let workspace = Workspace::init("welcome");
    let first = told(&workspace, 0);
    has(&first, "database", "ok", "made by the first run");
    has(&first, "disk", "ok", "MiB are free");
    assert!(!workspace.dir().join(".staunch/staunch.db").exists(), "the doctor made a database");
    drop(workspace.serve(&["--roles", "worker"]));
    let second = told(&workspace, 0);
    has(&second, "tables", "ok", "nothing to migrate");
    has(&second, "queue", "ok", "0 messages wait");
}

#[test]
fn settings_that_lose_commits_and_missing_secrets_are_refused() {
    let (database, rabbit) = (Database::postgres("doctor"), Rabbit::new("doctor"));
    let mut workspace = Workspace::init("welcome");
    let path = workspace.dir().join("staunch.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let connections = "connections: { broker: env:STAUNCH_AMQP_URL, database: env:STAUNCH_DATABASE_URL, smtp: env:STAUNCH_NO_SMTP }\n";
    std::fs::write(&path, text + connections).unwrap();
    for (name, value) in [
        ("STAUNCH_AMQP_URL", &rabbit.url),
        ("STAUNCH_AMQP_PREFIX", &rabbit.prefix),
        ("STAUNCH_DATABASE_URL", &database.url),
    ] {
        workspace.env.push((name.into(), value.clone()));
    }
    let all = told(&workspace, 1);
    has(&all, "secrets", "fail", "STAUNCH_NO_SMTP");
    has(&all, "database", "ok", "Postgres ");
    has(&all, "tables", "ok", "no tables yet");
    has(&all, "clock", "ok", "differ by 0.");
    has(&all, "broker", "ok", "RabbitMQ ");
    has(&all, "queue", "ok", "0 messages wait");
    let tables = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'public'";
    assert_eq!(database.number(tables), 0, "the doctor made tables");
    let name = database.url.rsplit('/').next().unwrap();
    database.run(&format!("ALTER DATABASE {name} SET synchronous_commit = off"));
    workspace.env.push(("STAUNCH_NO_SMTP".into(), "smtp://127.0.0.1:1".into()));
    let all = told(&workspace, 1);
    has(&all, "database", "fail", "synchronous_commit is off: events are acknowledged after the commit");
    has(&all, "secrets", "ok", "3 secrets");
}
