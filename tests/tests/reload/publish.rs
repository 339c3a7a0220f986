//! `staunch publish`: what it says, what it does with people under way, and that it works beside a running service.

use crate::bed::{Bed, HELLO, TWO};
use staunch_tests::{Answer, Workspace};

const NEW: &str = "Title: Second\n\nAnother second.\n";

fn publish(workspace: &Workspace, args: &[&str]) -> Answer {
    workspace.staunch(&[&["publish", workspace.text()], args].concat())
}

/// A stopped service with one contact between the two nudges.
fn parked() -> Workspace {
    let bed = Bed::running();
    bed.sign_up("c1");
    bed.says("c1", &["Hello, old."]);
    bed.stop()
}

#[test]
fn it_says_what_is_another_and_who_is_under_way() {
    let workspace = parked();
    let text = publish(&workspace, &[]).ok().out;
    assert!(text.contains("nothing to publish"), "{text}");
    workspace.write("templates/hello/second.txt", NEW.as_bytes());
    workspace.write("workflows/hello.yaml", HELLO.replace("wait: first-project", "wait: any-project").as_bytes());
    let error = publish(&workspace, &["--existing", "patch"]).exit(2).err;
    assert!(error.contains("ST7020") && error.contains("any-project, first-project"), "{error}");
    let text = publish(&workspace, &[]).ok().out;
    for line in [
        "  + step any-project",
        "  - step first-project",
        "  ~ message hello/second.txt: text",
        "1 person is under way",
        "the step is gone",
        "move: 1 finishes on the old version",
        "nobody was asked, so all keep their version",
        "in stage full; of those under way 1 keep the old version",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    let again = publish(&workspace, &[]).ok().out;
    assert!(again.contains("hello: people under way in older versions: 1"), "{again}");
    // Whoever asks what becomes of them is answered, although nothing is left to publish.
    let json = publish(&workspace, &["--existing", "end", "--format", "json"]).ok().json();
    let one = &json["published"][0];
    assert_eq!(
        (one["ended"].as_u64(), one["kept"].as_u64(), one["existing"].as_str()),
        (Some(1), Some(0), Some("end"))
    );
    assert_eq!(publish(&workspace, &["--workflow", "none"]).exit(2).code, Some(2));
}

#[test]
fn new_texts_reach_who_is_under_way_where_they_are_meant_to() {
    let workspace = parked();
    workspace.write("templates/hello/second.txt", NEW.as_bytes());
    let json = publish(&workspace, &["--existing", "patch", "--format", "json"]).ok().json();
    assert_eq!(json["published"][0]["moved"], 1, "{json}");
    assert_eq!(json["published"][0]["standing"][0]["step"], "first-project", "{json}");
    let bed = Bed::over(workspace);
    bed.event("c1", "project.created");
    bed.says("c1", &["Hello, old.", "Another second."]);
}

#[test]
fn it_works_beside_a_running_service() {
    let bed = Bed::running();
    bed.sign_up("c1");
    bed.says("c1", &["Hello, old."]);
    bed.write("templates/hello/second.txt", NEW);
    bed.write("workflows/hello.yaml", &HELLO.replace("steps:\n", &format!("steps:\n{TWO}")));
    // Before or behind the service, which sees the files, too: the people are moved once.
    let text = publish(&bed.workspace, &["--existing", "move"]).ok().out;
    assert!(text.contains("of those under way 1 go on in the new version"), "{text}");
    // At once: the service has not looked for new versions yet, and still knows what to do.
    bed.event("c1", "project.created");
    bed.says("c1", &["Hello, old.", "Another second."]);
    bed.sign_up("c2");
    bed.says("c2", &["Another second.", "Hello, old."]);
}
