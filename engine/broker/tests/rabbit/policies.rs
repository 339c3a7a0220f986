//! What the management plugin says of our queues: nothing bad of those that we declare, and what a policy would do.

use crate::support::{amqp_url, clean, options, unique_prefix};
use staunch_broker::{Broker, RabbitBroker, RabbitOptions, inspect};
use std::process::Command;

/// The server that `tests/services` starts has one. Without it there is nothing to test against.
fn management() -> String {
    let url = std::env::var("STAUNCH_TEST_MANAGEMENT_URL").unwrap_or_default();
    assert!(
        !url.is_empty(),
        "STAUNCH_TEST_MANAGEMENT_URL is not set: `source tests/services` starts RabbitMQ and sets it"
    );
    url
}

/// Sets or removes a policy through the plugin, by a client that is not ours.
fn policy(name: &str, body: Option<&str>) {
    let script = "import sys, urllib.request as r, urllib.parse as p
u = p.urlsplit(sys.argv[1]); url = f'{u.scheme}://{u.hostname}:{u.port}/api/policies/%2f/{sys.argv[2]}'
m = r.HTTPPasswordMgrWithDefaultRealm(); m.add_password(None, url, u.username, u.password)
q = r.Request(url, method=sys.argv[3], data=sys.argv[4].encode() or None, headers={'content-type': 'application/json'})
r.build_opener(r.HTTPBasicAuthHandler(m)).open(q)";
    let python = std::env::var("STAUNCH_TEST_PYTHON").unwrap_or_else(|_| "/usr/bin/python3".into());
    let method = if body.is_some() { "PUT" } else { "DELETE" };
    let mut command = Command::new(python);
    command.args(["-c", script, &management(), name, method, body.unwrap_or_default()]);
    assert!(command.status().unwrap().success());
}

#[tokio::test]
async fn policies_that_would_lose_events_are_found_on_a_real_server() {
    let prefix = unique_prefix();
    let options = RabbitOptions { partitions: 2, ..options(&prefix) };
    let broker = RabbitBroker::connect(&amqp_url(), options).await.unwrap();
    let found = inspect(&management(), &amqp_url(), &prefix).await.unwrap();
    assert_eq!((found.queues, found.problems), (4, vec![]));

    let body = format!(
        r#"{{"pattern": "^{prefix}\\.events\\.1$", "definition": {{"max-length": 9, "overflow": "drop-head"}}, "apply-to": "queues"}}"#
    );
    policy(&prefix, Some(&body));
    // The server applies it a moment later.
    let mut problems = Vec::new();
    for _ in 0..200 {
        let found = inspect(&management(), &amqp_url(), &prefix).await.unwrap();
        problems = found.problems;
        if !problems.is_empty() && found.blind == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    policy(&prefix, None);
    assert_eq!(problems.len(), 2, "{problems:#?}");
    let says = format!("ST5007: queue {prefix}.events.1 has max-length 9 from policy {prefix} with overflow drop-head");
    assert!(problems[0].starts_with(&says), "{}", problems[0]);
    broker.close().await;
    clean(&prefix).await;
}
