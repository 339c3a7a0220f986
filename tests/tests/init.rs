//! What `staunch init` writes is enough to begin with: it passes, and so does everything that its README shows.

use staunch_tests::Workspace;

/// The YAML blocks of a README: what their first line names, and their text.
fn blocks(readme: &str) -> Vec<(String, String)> {
    let blocks = readme.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let named = blocks.map(|text| {
        let first = text.lines().next().unwrap();
        (first.strip_prefix("# ").expect("a block says its file").to_owned(), text.to_owned())
    });
    named.collect()
}

/// Writes every block to where it says, and lets the workspace be checked and tested.
fn follow(template: &str, tests: usize) {
    let workspace = Workspace::init(template);
    let read = |path: &str| std::fs::read_to_string(workspace.dir().join(path)).unwrap();
    let readme = read("README.md");
    assert!(readme.lines().count() <= 120, "one page");
    let blocks = blocks(&readme);
    assert!(blocks.len() >= 2, "{blocks:?}");
    for (place, text) in blocks {
        match place.strip_suffix(", at its end") {
            Some(path) => drop(workspace.write(path, (read(path) + &text).as_bytes())),
            None => drop(workspace.write(&place, text.as_bytes())),
        }
    }
    let checked = workspace.staunch(&["check", workspace.text()]).ok().out;
    assert!(checked.contains("0 errors, 0 warnings"), "{checked}");
    let tested = workspace.staunch(&["test", workspace.text()]).ok().out;
    assert!(tested.trim_end().ends_with(&format!("{tests} passed, 0 failed")), "{tested}");
}

#[test]
fn the_readme_of_welcome_can_be_followed() {
    follow("welcome", 5);
}

#[test]
fn the_readme_of_winback_can_be_followed() {
    follow("winback", 12);
}

#[test]
fn editors_find_their_schemas() {
    let workspace = Workspace::init("welcome");
    for (file, schema) in [
        ("staunch.yaml", ".staunch/workspace.schema.json"),
        ("workflows/welcome.yaml", "../.staunch/workflow.schema.json"),
        ("workflows/welcome.test.yaml", "../.staunch/test.schema.json"),
    ] {
        let text = std::fs::read_to_string(workspace.dir().join(file)).unwrap();
        let line = format!("# yaml-language-server: $schema={schema}");
        assert_eq!(text.lines().next(), Some(line.as_str()), "{file}");
        let schema = workspace.dir().join(file).parent().unwrap().join(schema);
        let schema: serde_json::Value = serde_json::from_slice(&std::fs::read(schema).unwrap()).unwrap();
        assert!(schema["properties"].is_object() || schema["$ref"].is_string(), "{file}");
    }
}

#[test]
fn what_is_there_stays() {
    let workspace = Workspace::new(&[("README.md", "mine")]);
    workspace.staunch(&["init", workspace.text()]).ok();
    let read = |path: &str| std::fs::read_to_string(workspace.dir().join(path)).unwrap();
    assert_eq!(read("README.md"), "mine");
    workspace.write("staunch.yaml", b"mine");
    let error = workspace.staunch(&["init", workspace.text()]).exit(2).err;
    assert!(error.contains("exists already"), "{error}");
    assert_eq!(read("staunch.yaml"), "mine");
}

#[test]
fn a_folder_of_something_else_is_left_alone_and_state_stays_out_of_the_repository() {
    let workspace = Workspace::new(&[("notes.txt", "mine"), ("app/main.rs", "")]);
    let refused = workspace.staunch(&["init", workspace.text()]).exit(2);
    assert!(refused.err.contains("it holds app and 1 more") && refused.err.contains("--force"), "{}", refused.err);
    assert!(!workspace.dir().join("staunch.yaml").exists());
    workspace.staunch(&["init", workspace.text(), "--force"]).ok();
    let read = |path: &str| std::fs::read_to_string(workspace.dir().join(path)).unwrap();
    assert_eq!((read("notes.txt").as_str(), read(".gitignore").as_str()), ("mine", ".staunch/\n"));

    let repository = Workspace::new(&[("README.md", "ours"), (".gitignore", "target\n")]);
    let made = repository.staunch(&["init", repository.text()]).ok();
    assert!(made.err.contains("add the line `.staunch/`"), "{}", made.err);
    assert_eq!(std::fs::read_to_string(repository.dir().join(".gitignore")).unwrap(), "target\n");
}
