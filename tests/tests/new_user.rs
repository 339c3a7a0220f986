//! What a new, a clumsy and a hostile user met: each once, with what is said now. The trial itself is told in
//! `tests/reports/2026-11-24-new-user.md`.

use staunch_tests::{Workspace, binary};
use std::process::{Command, Stdio};

const EVENT: &str = r#"{"event":"user.signed_up","contact":"ada","time":"2026-03-02T09:00:00Z"}"#;
const LATER: &str = r#"{"event":"project.created","contact":"ada","time":"2026-03-03T09:00:00Z"}"#;

/// A new workspace with these events.
fn shop(events: &str) -> (Workspace, String) {
    let workspace = Workspace::init("welcome");
    let file = workspace.write("events.ndjson", events.as_bytes());
    let file = file.to_str().unwrap().to_owned();
    (workspace, file)
}

/// Adds a line to the first template, and gives what `check` says about it.
fn checked(line: &str) -> String {
    let workspace = Workspace::init("welcome");
    workspace.write("templates/welcome/first-steps.txt", format!("Subject: Hello\n\n{line}\n").as_bytes());
    workspace.staunch(&["check", workspace.text()]).exit(1).out
}

#[test]
fn a_template_that_would_hold_every_run_does_not_pass() {
    let optional = checked("Hello {{ contact.name }},");
    assert!(optional.contains("error ST1044: `contact.name` may be missing"), "{optional}");
    assert!(optional.contains("--> templates/welcome/first-steps.txt:3:10"), "{optional}");
    assert!(optional.contains("{{ contact.name | default(\"there\") }}"), "{optional}");
    let filter = checked("Hello {{ contact.name | defalt(\"there\") }},");
    assert!(filter.contains("error ST6301: there is no filter `defalt`"), "{filter}");
    assert!(filter.contains("3 | Hello {{ contact.name | defalt(\"there\") }},"), "{filter}");
    let questions = checked("Hello {{ contact.name ?? \"there\" }},");
    assert!(questions.contains("writes a default as a filter"), "{questions}");
    assert!(questions.contains("3 | Hello {{ contact.name ?? \"there\" }},"), "{questions}");
    let unknown = checked("Hello {{ contact.city }},");
    assert!(unknown.contains("else declare `city` under `contact:`"), "{unknown}");
    let deep = checked(&format!("{{{{ {}1 }}}}", "not ".repeat(30_000)));
    assert!(deep.contains("error ST6301: more than 200 operators"), "{deep}");

    let workspace = Workspace::init("welcome");
    let text = "Subject: Hello\n\n{% if contact.name is defined %}{{ contact.name }}{% endif %}\n";
    workspace.write("templates/welcome/first-steps.txt", text.as_bytes());
    workspace.staunch(&["check", workspace.text()]).ok();
}

#[test]
fn a_history_is_never_overwritten_by_what_is_made_of_it() {
    let (workspace, events) = shop(&format!("{EVENT}\n"));
    let (dir, kept) = (workspace.text(), std::fs::read(&events).unwrap());
    let other = workspace.dir().join("workflows/../events.ndjson");
    for out in [events.as_str(), other.to_str().unwrap()] {
        let simulated = workspace.staunch(&["simulate", dir, "--events", &events, "--features", out]).exit(2);
        assert!(simulated.err.contains("ST7010") && simulated.err.contains("would be lost"), "{}", simulated.err);
        workspace.staunch(&["backtest", dir, "--against", dir, "--events", &events, "-o", out]).exit(2);
        workspace.staunch(&["model", "train", "--data", &events, "--label", "goal", "-o", out]).exit(2);
        assert_eq!(std::fs::read(&events).unwrap(), kept);
    }
    let nowhere = workspace.dir().join("none/features.csv");
    let nowhere = nowhere.to_str().unwrap();
    let refused = workspace.staunch(&["simulate", dir, "--events", &events, "--features", nowhere]).exit(2);
    assert!(refused.err.contains(nowhere) && !refused.err.contains("per second"), "before it plays: {}", refused.err);
}

#[test]
fn lines_that_cannot_be_read_are_told_with_number_and_cause() {
    let large = "x".repeat((1 << 20) + 1);
    let (workspace, events) = shop(&format!("\u{feff}{EVENT}\n\nnot json\n{large}\n{LATER}\n{{\"event\":\"x\"}}\n"));
    let dir = workspace.text();
    for command in [&["simulate", dir][..], &["backtest", dir, "--against", dir], &["drill", dir, "--fail", "email"]] {
        let done = workspace.staunch(&[command, &["--events", &events]].concat()).ok();
        for said in ["3 lines could not be read", "line 3: ST2002", "line 4: ST2010", "line 6: ST2005"] {
            assert!(done.err.contains(said), "{command:?}: {said}: {}", done.err);
        }
        assert!(done.err.lines().all(|line| line.chars().count() <= 80), "{}", done.err);
        let json = workspace.staunch(&[command, &["--events", &events, "--format", "json"]].concat()).ok().json();
        assert_eq!((json["unread"][0]["line"].as_u64(), json["unread"][0]["code"].as_str()), (Some(3), Some("ST2002")));
    }
    let simulated = workspace.staunch(&["simulate", dir, "--events", &events]).ok().out;
    assert!(
        simulated.starts_with("2 events of 1 contact, 3 could not be read"),
        "the mark hides no event: {simulated}"
    );

    let nothing = workspace.write("nothing.ndjson", b"not json\n");
    for command in [&["simulate", dir][..], &["backtest", dir, "--against", dir], &["drill", dir, "--fail", "email"]] {
        workspace.staunch(&[command, &["--events", nothing.to_str().unwrap()]].concat()).exit(1);
    }
}

/// A line that does not end, in a process that may not take memory for it.
#[test]
fn what_is_no_file_of_events_is_refused() {
    let (workspace, _) = shop("");
    let device = workspace.staunch(&["simulate", workspace.text(), "--events", "/dev/zero"]).exit(2);
    assert!(device.err.contains("/dev/zero is no plain file"), "{}", device.err);
    let mut huge = vec![b'x'; 17 << 20];
    huge.extend_from_slice(format!("\n{EVENT}\n").as_bytes());
    let huge = workspace.write("huge.ndjson", &huge);
    let queued = workspace.staunch(&["ingest", workspace.text(), huge.to_str().unwrap()]).exit(1);
    assert!(queued.err.contains("line 1 was not queued: ST2010"), "{}", queued.err);
    assert!(queued.out.starts_with("1 event queued"), "{}", queued.out);
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    let workspace = Workspace::init("welcome");
    let run = |out: Stdio| {
        let mut command = Command::new(binary());
        command.args(["test", workspace.text()]).stdout(out).stderr(Stdio::piped());
        let done = command.spawn().unwrap().wait_with_output().unwrap();
        (done.status.code(), String::from_utf8(done.stderr).unwrap())
    };
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let (code, said) = run(full.into());
    assert_eq!(code, Some(2));
    assert!(said.contains("error ST7011: the answer could not be written to stdout"), "{said}");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(run(writer.into()), (Some(0), String::new()), "nobody reads: that is fine");
}

#[test]
fn names_cannot_draw_on_a_terminal() {
    let workspace = Workspace::init("welcome");
    let test = "test: welcome\nnow: 2026-03-02T10:00 Europe/Berlin\ncases:\n  - name: \"red\\e[31m\\nok  forged\"\n    \
                contact: { id: c1 }\n    events:\n      - { at: 0h, event: user.signed_up }\n    expect: [nothing_else]\n";
    workspace.write("workflows/nasty.test.yaml", test.as_bytes());
    let tested = workspace.staunch(&["test", workspace.text(), "--case", "forged"]).out;
    assert!(tested.contains("red\\u001b[31m\\nok  forged"), "{tested}");
    assert!(!tested.contains('\u{1b}') && !tested.lines().any(|line| line.starts_with("ok  forged")), "{tested}");
    for args in [
        &["why", workspace.text(), "--contact", "a\u{1b}[2J\nerror ST0000"][..],
        &["check", "no\u{1b}[2J\nwhere"],
        &["explain", "ST\u{1b}[31m"],
    ] {
        let said = workspace.staunch(args).err;
        assert!(said.starts_with("error ST") && !said.contains('\u{1b}') && said.lines().count() <= 2, "{said:?}");
    }
}

#[cfg(unix)]
#[test]
fn files_that_are_links_are_read_or_told() {
    let workspace = Workspace::init("welcome");
    let at = |path: &str| workspace.dir().join(path);
    for folder in ["workflows", "templates/welcome"] {
        std::fs::rename(at(folder), at("moved")).unwrap();
        std::fs::create_dir(at(folder)).unwrap();
        std::fs::rename(at("moved"), at(folder).join("..2026")).unwrap();
        std::os::unix::fs::symlink("..2026", at(folder).join("..data")).unwrap();
        for entry in std::fs::read_dir(at(folder).join("..2026")).unwrap() {
            let name = entry.unwrap().file_name();
            std::os::unix::fs::symlink(std::path::Path::new("..data").join(&name), at(folder).join(&name)).unwrap();
        }
    }
    let mounted = workspace.staunch(&["check", workspace.text()]).ok().out;
    assert!(mounted.starts_with("5 files checked: 0 errors"), "{mounted}");
    std::os::unix::fs::symlink("/etc/hostname", at("workflows/out.yaml")).unwrap();
    let told = workspace.staunch(&["check", workspace.text()]).exit(1).out;
    assert!(told.contains("error ST1013: this link leads out of the workspace"), "{told}");
}
