//! `staunch check` and `staunch test` on the workspaces that are shipped: the broken one has exactly the problems that
//! were written down by hand beside its files, the others have none.

use staunch_tests::{Workspace, root, staunch};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A problem as `file:line:column code`.
type Problems = BTreeMap<String, usize>;

fn expected_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // A workspace inside the workspace is looked at on its own.
        if path.is_dir() && !path.join("staunch.yaml").exists() {
            expected_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "expected") {
            into.push(path);
        }
    }
}

fn expected(folder: &Path) -> Problems {
    let (mut files, mut problems) = (Vec::new(), Problems::new());
    expected_files(folder, &mut files);
    for path in files {
        let file = path.with_extension("yaml");
        assert!(file.is_file(), "{} belongs to no file", path.display());
        let name = file.strip_prefix(folder).unwrap().display().to_string();
        for line in std::fs::read_to_string(&path).unwrap().lines().filter(|line| !line.trim().is_empty()) {
            let (place, code) = line.trim().split_once(' ').unwrap();
            *problems.entry(format!("{name}:{place} {}", code.trim())).or_default() += 1;
        }
    }
    problems
}

/// The workspace of broken files, and those inside it of which `staunch.yaml` itself is broken.
fn workspaces() -> Vec<PathBuf> {
    let folder = root().join("examples/broken");
    let inside = std::fs::read_dir(folder.join("workspaces")).unwrap().map(|entry| entry.unwrap().path());
    std::iter::once(folder).chain(inside).collect()
}

#[test]
fn broken_workspaces_have_exactly_the_expected_problems() {
    let mut codes = BTreeSet::new();
    for folder in workspaces() {
        let answer = staunch(&["check", folder.to_str().unwrap(), "--format", "json"], &[]).json();
        let (mut found, mut errors) = (Problems::new(), 0);
        for one in answer["diagnostics"].as_array().unwrap() {
            let text = |name: &str| one[name].as_str().unwrap().to_owned();
            assert!(!text("message").is_empty() && !text("help").is_empty(), "no next step: {one}");
            let place = format!("{}:{}:{} {}", text("file"), one["line"], one["column"], text("code"));
            *found.entry(place).or_default() += 1;
            errors += usize::from(one["severity"] == "error");
            codes.insert(text("code"));
        }
        let expected = expected(&folder);
        let missing: Vec<_> = expected.iter().filter(|(place, count)| found.get(*place) != Some(count)).collect();
        let extra: Vec<_> = found.iter().filter(|(place, count)| expected.get(*place) != Some(count)).collect();
        let place = folder.display();
        assert!(missing.is_empty() && extra.is_empty(), "{place}\nmissing: {missing:#?}\nextra: {extra:#?}");
        assert!(!expected.is_empty(), "{place} is not broken");
        assert_eq!(answer["ok"], errors == 0, "warnings alone are fine: {place}");
    }
    assert!(codes.len() >= 50, "only {} different codes", codes.len());
}

#[test]
fn people_see_the_same_problems_with_their_places() {
    let folder = root().join("examples/broken");
    let text = staunch(&["check", folder.to_str().unwrap()], &[]).exit(1);
    assert!(text.out.trim_end().lines().last().unwrap().contains("staunch explain ST"), "{}", text.out);
    let text = text.out + &text.err;
    for problem in expected(&folder).keys() {
        let (place, code) = problem.rsplit_once(' ').unwrap();
        assert!(text.contains(place) && text.contains(code), "{problem} is not shown");
    }
}

#[test]
fn a_code_is_explained() {
    for code in ["ST1042", "st1042", "1042"] {
        let page = staunch(&["explain", code], &[]).ok().out;
        assert!(
            page.starts_with("ST1042 ") && page.contains("\nnext  ") && page.contains("examples/broken/"),
            "{page}"
        );
    }
    let page = staunch(&["explain", "ST1042", "--format", "json"], &[]).ok().json();
    assert_eq!(page["code"], "ST1042");
    let unknown = staunch(&["explain", "ST104"], &[]).exit(2);
    assert!(unknown.err.contains("did you mean ST1004?"), "{}", unknown.err);
}

#[test]
fn a_message_is_tried_on_the_mapping_of_its_source() {
    let workspace = Workspace::init("welcome");
    let text = std::fs::read_to_string(workspace.dir().join("staunch.yaml")).unwrap();
    let source = "sources:\n  - source: crm\n    exchange: crm\n    bind: \"#\"\n    map: { id: $.no, type: user.signed_up, time: $.at, contact: $.who.id }\n";
    workspace.write("staunch.yaml", format!("{text}{source}").as_bytes());
    let run = |message: &str, code: i32| {
        let file = workspace.write("message.json", message.as_bytes());
        let args = ["sources", "test", workspace.text(), file.to_str().unwrap(), "--source", "crm", "--format", "json"];
        workspace.staunch(&args).exit(code).json()
    };
    let good = run(r#"{"no": 7, "at": "2026-03-02T09:00:00Z", "who": {"id": "c1"}}"#, 0);
    assert_eq!(
        (&good["ok"], &good["event"]["id"], &good["event"]["subject"]),
        (&true.into(), &"7".into(), &"c1".into())
    );
    let lost = run(r#"{"no": 7, "at": "2026-03-02T09:00:00Z", "who": {}}"#, 1);
    assert_eq!((&lost["ok"], &lost["problem"]["code"]), (&false.into(), &"ST2005".into()));
    let late = run(r#"{"no": 7, "at": "yesterday", "who": {"id": "c1"}}"#, 1);
    assert_eq!(late["problem"]["code"], "ST2006");
}

fn check_fine(dir: &str) {
    let checked = staunch(&["check", dir, "--format", "json"], &[]).ok().json();
    assert_eq!((&checked["ok"], &checked["diagnostics"]), (&true.into(), &serde_json::json!([])));
    let tested = staunch(&["test", dir], &[]).ok().out;
    let last = tested.trim_end().lines().last().unwrap();
    let (passed, failed) = last.split_once(" passed, ").unwrap();
    assert!(passed.parse::<u32>().unwrap() > 0 && failed == "0 failed", "{tested}");
}

#[test]
fn what_is_shipped_is_fine() {
    check_fine(root().join("examples/retail").to_str().unwrap());
    for template in ["welcome", "winback"] {
        let made = Workspace::init(template);
        check_fine(made.text());
        for kind in ["workflow", "workspace", "test", "rollout"] {
            let schema = made.dir().join(format!(".staunch/{kind}.schema.json"));
            assert!(schema.is_file(), "editors do not find {}", schema.display());
        }
    }
    let again = Workspace::init("welcome");
    let answer = again.staunch(&["init", again.text()]).exit(2);
    assert!(answer.err.contains("next:"), "an `init` over files has to be refused: {}", answer.err);
}

#[test]
fn a_template_shows_only_what_is_declared() {
    let workspace = Workspace::init("welcome");
    let text =
        "Subject: {{ contact.plam }}\n\n{{ feature.projects }} {{ contact.name | default('you') }} {{ event.x }}\n";
    workspace.write("templates/welcome/first-steps.txt", text.as_bytes());
    let answer = staunch(&["check", workspace.text(), "--format", "json"], &[]).exit(1).json();
    let problems: Vec<(&str, &str)> = answer["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["code"].as_str().unwrap(), one["help"].as_str().unwrap()))
        .collect();
    let declared = "a template reads contact.FIELD, account.FIELD, entry.FIELD and feature.NAME, as they are declared";
    assert_eq!(
        problems,
        [
            ("ST1039", "did you mean `contact.plan`? else declare `plam` under `contact:` in staunch.yaml"),
            ("ST1039", declared)
        ]
    );
    assert_eq!(answer["diagnostics"][0]["file"], "templates/welcome/first-steps.txt");
}
