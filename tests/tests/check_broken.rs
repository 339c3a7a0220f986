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
        if path.is_dir() {
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

#[test]
fn the_broken_workspace_has_exactly_the_expected_problems() {
    let folder = root().join("examples/broken");
    let answer = staunch(&["check", folder.to_str().unwrap(), "--format", "json"], &[]).exit(1).json();
    assert_eq!(answer["ok"], false);
    let (mut found, mut codes) = (Problems::new(), BTreeSet::new());
    for one in answer["diagnostics"].as_array().unwrap() {
        let text = |name: &str| one[name].as_str().unwrap().to_owned();
        assert!(!text("message").is_empty() && !text("help").is_empty(), "no next step: {one}");
        *found.entry(format!("{}:{}:{} {}", text("file"), one["line"], one["column"], text("code"))).or_default() += 1;
        codes.insert(text("code"));
    }
    let expected = expected(&folder);
    let missing: Vec<_> = expected.iter().filter(|(place, count)| found.get(*place) != Some(count)).collect();
    let extra: Vec<_> = found.iter().filter(|(place, count)| expected.get(*place) != Some(count)).collect();
    assert!(missing.is_empty() && extra.is_empty(), "missing: {missing:#?}\nextra: {extra:#?}");
    assert!(codes.len() >= 15, "only {} different mistakes", codes.len());
}

#[test]
fn people_see_the_same_problems_with_their_places() {
    let folder = root().join("examples/broken");
    let text = staunch(&["check", folder.to_str().unwrap()], &[]).exit(1);
    let text = text.out + &text.err;
    for problem in expected(&folder).keys() {
        let (place, code) = problem.rsplit_once(' ').unwrap();
        assert!(text.contains(place) && text.contains(code), "{problem} is not shown");
    }
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
        check_fine(Workspace::init(template).text());
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
    let declared = "a template reads contact.FIELD, entry.FIELD and feature.NAME, as they are declared";
    assert_eq!(problems, [("ST1039", "did you mean `contact.plan`?"), ("ST1039", declared)]);
    assert_eq!(answer["diagnostics"][0]["file"], "templates/welcome/first-steps.txt");
}
