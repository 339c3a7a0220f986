//! The simulate benchmark on a small file: its program works, and its events are what the benchmark says they are. How
//! long anything takes is not looked at.

use std::process::Command;

#[test]
fn the_benchmark_runs_and_its_shares_hold() {
    let dir = tempfile::tempdir().unwrap();
    let (report, folder) = (dir.path().join("report.md"), dir.path().to_str().unwrap());
    let args = ["--events", "20000", "--rounds", "1", "--only", "main", "--dir", folder, "--report"];
    let program = env!("CARGO_BIN_EXE_simulate-bench");
    let output =
        Command::new(program).args(args).arg(&report).arg("--binary").arg(staunch_tests::binary()).output().unwrap();
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(output.status.success(), "{said:?}");
    let page = std::fs::read_to_string(report).unwrap();
    for part in ["## 5 workflows, 200 contacts, 20000 events", "\n20400 lines of ", "| `staunch simulate` |"] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert_eq!(said[0].trim(), page.trim());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "the generated files are gone");
}

#[test]
fn what_cannot_be_measured_is_said() {
    let run = |args: &[&str]| Command::new(env!("CARGO_BIN_EXE_simulate-bench")).args(args).output().unwrap();
    for (args, word) in [
        (&["--events", "10"][..], "at least 10000"),
        (&["--only", "dreams"][..], "dreams"),
        (&["--binary", "/no/such/file"][..], "/no/such/file"),
        (&["--report"][..], "needs a value"),
        (&["parse", "/no/such/file"][..], "No such file"),
    ] {
        let output = run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(word), "{args:?}: {said}");
    }
}
