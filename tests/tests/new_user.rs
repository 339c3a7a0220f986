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
    let test = "test: welcome\nnow: 2026-03-02T10:00 Europe/Berlin\ncases:\n  - name: \"red\\e[31m\\nok forged\"\n    \
                contact: { id: c1 }\n    events:\n      - { at: 0h, event: user.signed_up }\n    expect: [nothing_else]\n";
    workspace.write("workflows/nasty.test.yaml", test.as_bytes());
    let tested = workspace.staunch(&["test", workspace.text(), "--case", "forged"]).out;
    assert!(tested.contains("red\\u001b[31m\\nok forged"), "{tested}");
    assert!(!tested.contains('\u{1b}') && !tested.lines().any(|line| line.starts_with("ok forged")), "{tested}");
    for args in [
        &["why", workspace.text(), "--contact", "a\u{1b}[2J\nforged"][..],
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

/// What `check` says of a workspace with one text of one file for another.
fn mistaken(path: &str, from: &str, to: &str) -> String {
    let workspace = Workspace::init("welcome");
    let text = std::fs::read_to_string(workspace.dir().join(path)).unwrap();
    assert!(text.contains(from), "{path} does not hold {from}");
    workspace.write(path, text.replacen(from, to, 1).as_bytes());
    let said = workspace.staunch(&["check", workspace.text()]).exit(1).out;
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_mistake_is_told_with_its_way_out() {
    let (flow, test) = ("workflows/welcome.yaml", "workflows/welcome.test.yaml");
    let when = "feature.projects < 1";
    for (path, from, to, wanted) in [
        (flow, when, "contact.plan == \"PRO\"", "error ST1024: `contact.plan` is never `PRO`"),
        (flow, when, "contact.plan == \"PRO\"", "did you mean `pro`?"),
        (flow, when, "contact.plan != \"gold\"", "it is one of trial, basic, pro"),
        (flow, when, "contact.plan == 'pro'", "put text into double quotes"),
        (flow, when, "feature.projects < 50 EUR", "write an amount as `eur(50)`"),
        (flow, when, "feature.projects < 9.5 GBP", "write an amount as `money(9.5, \"GBP\")`"),
        (flow, "event: user.signed_up", "event: order.paid", "declare it under `events:` in staunch.yaml; known:"),
        (flow, "purpose: onboarding", "purpose: billing", "declare it under `purposes:` in staunch.yaml"),
        (test, "now: 2026-03-02T10:00", "now: 2026-03-29T02:30", "does not exist: clocks in Europe/Berlin go forward"),
        (flow, "steps:", "steps: none", "`welcome` is broken, and so nothing can be said here"),
        (flow, "steps:", "steps: none", "mend workflows/welcome.yaml first; its errors stand above"),
    ] {
        let said = mistaken(path, from, to);
        assert!(said.contains(wanted), "{to}: {wanted} is missing: {said}");
    }
    let order = mistaken(flow, "steps:", "steps: none");
    assert!(order.find("ST1001").unwrap() < order.find("ST1038").unwrap(), "the cause comes first: {order}");
}

#[test]
fn an_amount_in_a_case_says_its_currency() {
    let workspace = Workspace::init("welcome");
    let path = |path: &str| std::fs::read_to_string(workspace.dir().join(path)).unwrap();
    let files = path("staunch.yaml").replace("project.created: {}", "project.created: { price: money }");
    workspace.write("staunch.yaml", files.as_bytes());
    let tests = path("workflows/welcome.test.yaml");
    let priced = |price: &str| {
        let text = tests.replace("event: project.created }", &format!("event: project.created, price: {price} }}"));
        assert_ne!(text, tests);
        workspace.write("workflows/welcome.test.yaml", text.as_bytes());
        workspace.staunch(&["check", workspace.text()])
    };
    let bare = priced("20").exit(1).out;
    assert!(bare.contains("error ST1023: an amount needs its currency") && bare.contains("`20 EUR`"), "{bare}");
    priced("20 EUR").ok();
}

#[test]
fn a_test_names_what_held_a_message() {
    let workspace = Workspace::init("welcome");
    workspace.write("templates/welcome/first-steps.txt", b"Subject: x\n\n{{ 1 // 0 }}\n");
    let said = workspace.staunch(&["test", workspace.text(), "--case", "stuck"]).exit(1).out;
    assert!(said.contains("because: ST6303: template `welcome/first-steps` in line 3"), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
}

#[test]
fn help_and_reports_fit_a_terminal_of_80_columns() {
    let (workspace, events) = shop(&format!("{EVENT}\n{LATER}\n"));
    let dir = workspace.text();
    let commands = "check explain test publish run ingest simulate backtest diff drill why review kill model plugin";
    let helps = commands.split(' ').map(|command| workspace.staunch(&[command, "--help"]).ok().out);
    let reports = [
        workspace.staunch(&["--help"]).ok().out,
        workspace.staunch(&["drill", dir, "--fail", "email"]).out,
        workspace.staunch(&["drill", dir, "--fail", "email", "--events", &events]).out,
        workspace.staunch(&["drill", dir, "--fail", "store"]).ok().out,
        workspace.staunch(&["ingest", dir, &events]).ok().out,
    ];
    for text in helps.chain(reports) {
        let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{wide:#?}");
    }
}

#[test]
fn a_fixed_score_is_one_that_a_plugin_could_give() {
    let workspace = Workspace::init("winback");
    let events = workspace.write("events.ndjson", EVENT.as_bytes());
    for score in ["nan", "inf", "5", "-0.1"] {
        let command = ["simulate", workspace.text(), "--events", events.to_str().unwrap(), &format!("--score={score}")];
        let refused = workspace.staunch(&command).exit(2);
        assert!(refused.err.contains("error ST7010") && refused.err.contains("is no score"), "{}", refused.err);
    }
}
