//! Files that change under a running service: what is valid is taken without a restart, what is not is refused, and who
//! is under way finishes as it began — unless `staunch publish` says otherwise.

mod bed;
mod publish;

use bed::{Bed, HELLO, TWO};
use staunch_tests::until;

#[test]
fn a_valid_change_is_taken_and_who_is_under_way_finishes_with_the_old_texts() {
    let bed = Bed::running();
    bed.sign_up("c1");
    bed.says("c1", &["Hello, old."]);
    let old = bed.version();
    bed.write("templates/hello/hi.txt", "Title: Hi\n\nHello, new.\n");
    bed.write("templates/blocks/end.txt", "The new end.\n");
    bed.prints("(1 person stays on the old version)");
    assert_ne!(bed.version(), old);
    assert!(bed.out().contains(&format!("reloaded: hello {} -> {}", &old[..8], &bed.version()[..8])), "{}", bed.out());

    bed.sign_up("c2");
    bed.says("c2", &["Hello, new."]);
    for contact in ["c1", "c2"] {
        bed.event(contact, "project.created");
    }
    bed.says("c1", &["Hello, old.", "Second. The old end."]);
    bed.says("c2", &["Hello, new.", "Second. The new end."]);
    assert_eq!(bed.metric("staunch_reloads_total{result=\"taken\"}"), Some(1.0));
}

#[test]
fn an_invalid_change_is_refused_and_what_ran_goes_on() {
    let bed = Bed::running();
    let old = bed.version();
    bed.write("workflows/hello.yaml", &HELLO.replace("user.signed_up", "user.sined_up"));
    bed.prints("not reloaded, what ran before goes on: 1 error");
    let out = bed.out();
    assert!(out.contains("workflows/hello.yaml:7:") && out.contains("next: staunch check"), "{out}");
    assert_eq!(bed.metric("staunch_reloads_total{result=\"refused\"}"), Some(1.0));
    bed.sign_up("c1");
    bed.says("c1", &["Hello, old."]);
    assert_eq!(bed.version(), old);

    // Mended, and with a step more.
    bed.write("workflows/hello.yaml", &HELLO.replace("steps:\n", &format!("steps:\n{TWO}")));
    bed.prints("reloaded: hello ");
    bed.sign_up("c2");
    bed.says("c2", &["Hello, old.", "Second. The old end."]);
}

#[test]
fn what_cannot_be_reloaded_is_named() {
    let bed = Bed::running();
    let file = bed.read("staunch.yaml");
    bed.write(
        "staunch.yaml",
        &file.replace("policy: {}", "mail: { from: other@example.com }\npolicy:\n  holdout: { global: 50% }"),
    );
    bed.prints("changed, takes effect at the next start: mail");
    bed.prints("reloaded: policy");
    // A new workflow whose connector this process has not opened would only fail.
    let task = "  - webhook: second-tip\n    connector: erp\n    fields: { plan: \"{{ contact.plan }}\" }\n";
    let connectors = "connectors:\n  erp: { kind: webhook, url: https://erp.example.com/, secret: env:NOT_SET }\n";
    bed.write("staunch.yaml", &(bed.read("staunch.yaml") + connectors));
    bed.prints("changed, takes effect at the next start: connectors");
    bed.write("workflows/hello.yaml", &HELLO.replace("steps:\n", &format!("steps:\n{task}")));
    bed.prints(
        "step `second-tip` has no connector of the name `erp` for a webhook; connectors take effect at the next",
    );
}

#[test]
fn a_new_workflow_begins_in_shadow_and_a_lost_file_is_told() {
    let bed = Bed::running();
    bed.write("workflows/other.yaml", &HELLO.replace("workflow: hello", "workflow: other"));
    bed.prints("reloaded: other ");
    assert!(bed.out().contains("is new, in stage shadow"), "{}", bed.out());
    std::fs::remove_file(bed.workspace.dir().join("workflows/other.yaml")).unwrap();
    bed.prints("other has no file any more, and goes on as published");
    let status = bed.workspace.staunch(&["rollout", "status", bed.workspace.text()]).ok().out;
    assert!(status.contains("other"), "{status}");
    until(5, "the service to be ready", || bed.ready());
}
