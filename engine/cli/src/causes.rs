//! Problems in the order in which they are mended: causes before what follows from them, and what follows told as such.

use staunch_core::codes;
use staunch_workflow::{Diagnostic, Files, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// The codes of a file that could not be read as YAML of ours.
const UNREADABLE: [&str; 11] = [
    codes::YAML_SYNTAX,
    codes::YAML_ALIAS,
    codes::YAML_TAG,
    codes::YAML_MERGE,
    codes::DUPLICATE_KEY,
    codes::YAML_LIMIT,
    codes::NOT_UTF8,
    codes::NOT_A_DOCUMENT,
    codes::UNKNOWN_FILE_KIND,
    codes::NOT_A_FILE,
    codes::EXPRESSION_IN_FLOW,
];

/// Sorts, and says of a workflow or template that is there and broken which file has to be mended first.
pub fn arrange(mut all: Vec<Diagnostic>, files: &Files) -> Vec<Diagnostic> {
    let of = |all: &[Diagnostic], codes: &[&str]| -> BTreeSet<String> {
        let errors = all.iter().filter(|one| one.severity == Severity::Error && codes.contains(&one.code.as_str()));
        errors.map(|one| one.file.clone()).collect()
    };
    let unreadable = of(&all, &UNREADABLE);
    let templates = of(&all, &[codes::TEMPLATE_INVALID, codes::TEMPLATE_BLOCK]);
    let workflows: BTreeMap<String, &String> =
        unreadable.iter().filter_map(|file| Some((named(file, files)?, file))).collect();
    for one in &mut all {
        let cause = match one.code.as_str() {
            codes::UNKNOWN_WORKFLOW => quoted(&one.message).and_then(|name| workflows.get(name).copied().cloned()),
            codes::UNKNOWN_TEMPLATE => quoted(&one.message).and_then(|name| {
                let parts = [".txt", ".html"].map(|end| format!("templates/{name}{end}"));
                parts.into_iter().find(|file| templates.contains(file))
            }),
            _ => None,
        };
        if let Some(file) = cause {
            let name = quoted(&one.message).unwrap_or_default();
            one.message = format!("`{name}` is broken, and so nothing can be said here");
            one.help = format!("mend {file} first; its errors stand above");
        }
    }
    all.sort_by(|one, two| key(one).cmp(&key(two)));
    all
}

fn key(one: &Diagnostic) -> (u8, &str, usize, usize, &str) {
    let rank = match one.file.as_str() {
        staunch_workflow::WORKSPACE_FILE => 0,
        file if UNREADABLE.contains(&one.code.as_str()) && !is_test(file) => 1,
        file if file.starts_with("templates/") => 2,
        file if is_test(file) => 4,
        _ => 3,
    };
    (rank, &one.file, one.line, one.column, &one.code)
}

/// What refers to workflows.
fn is_test(file: &str) -> bool {
    file.starts_with("rollouts/") || file.ends_with(".test.yaml") || file.ends_with(".test.yml")
}

/// The name behind `workflow:` in a file that cannot be read, or the name of the file.
fn named(file: &str, files: &Files) -> Option<String> {
    let text = String::from_utf8_lossy(files.get(file)?);
    let value = text.lines().find_map(|line| line.trim_start_matches('\u{feff}').strip_prefix("workflow:"));
    let value = value.map(|value| value.split('#').next().unwrap_or_default().trim().to_owned());
    value.filter(|value| !value.is_empty()).or_else(|| {
        let name = file.rsplit('/').next()?;
        let name = name.strip_suffix(".yaml").or(name.strip_suffix(".yml"))?;
        (!is_test(file)).then(|| name.to_owned())
    })
}

/// What stands in the first pair of backticks.
fn quoted(message: &str) -> Option<&str> {
    message.split('`').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(file: &str, code: &str, message: &str) -> Diagnostic {
        Diagnostic {
            file: file.into(),
            line: 1,
            column: 1,
            severity: Severity::Error,
            code: code.into(),
            message: message.into(),
            help: "h".into(),
            excerpt: String::new(),
        }
    }

    #[test]
    fn what_follows_stands_behind_its_cause_and_says_so() {
        let files = Files::from([
            ("workflows/a.yaml".into(), b"# x\nworkflow: first # y\n\tsteps".to_vec()),
            ("workflows/empty.yaml".into(), vec![]),
        ]);
        let all = vec![
            problem("rollouts/r.yaml", "ST1038", "`empty` is not a workflow here"),
            problem("workflows/a.test.yaml", "ST1038", "`first` is not a workflow here"),
            problem("workflows/a.test.yaml", "ST1038", "`other` is not a workflow here"),
            problem("workflows/a.yaml", "ST1001", "this is not YAML"),
            problem("workflows/b.yaml", "ST1032", "`w/mail` is not a template"),
            problem("workflows/empty.yaml", "ST1009", "the file is empty"),
            problem("templates/w/mail.txt", "ST6301", "is not UTF-8 text"),
            problem("staunch.yaml", "ST1020", "`purpos` is not a key here"),
        ];
        let told = arrange(all, &files).into_iter().map(|one| format!("{} {}\n  {}", one.file, one.message, one.help));
        insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r"
        staunch.yaml `purpos` is not a key here
          h
        workflows/a.yaml this is not YAML
          h
        workflows/empty.yaml the file is empty
          h
        templates/w/mail.txt is not UTF-8 text
          h
        workflows/b.yaml `w/mail` is broken, and so nothing can be said here
          mend templates/w/mail.txt first; its errors stand above
        rollouts/r.yaml `empty` is broken, and so nothing can be said here
          mend workflows/empty.yaml first; its errors stand above
        workflows/a.test.yaml `first` is broken, and so nothing can be said here
          mend workflows/a.yaml first; its errors stand above
        workflows/a.test.yaml `other` is not a workflow here
          h
        ");
    }
}
