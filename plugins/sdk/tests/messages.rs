//! What an author reads who writes inputs that cannot be: the compiler's first line, and where it points.

use std::path::Path;
use std::process::Command;

/// Each struct with the line that is said of it, by the line that it stands in.
const BROKEN: [(&str, &str); 13] = [
    ("#[derive(Inputs)] struct A { days: f64 }", "`f64` cannot be an input of a plugin"),
    ("#[derive(Inputs)] struct B { days: Option<i32> }", "`Option<i32>` cannot be an input of a plugin"),
    ("#[derive(Inputs)] struct C(Option<f64>);", "inputs are a struct with named fields, one for each input"),
    ("#[derive(Inputs)] enum D { X }", "inputs are a struct with named fields, one for each input"),
    ("#[derive(Inputs)] struct E {}", "a plugin reads at least one input"),
    ("#[derive(Inputs)] struct F<T> { days: Option<T> }", "a struct of inputs has no parameters"),
    (
        "#[derive(Inputs)] struct G { #[input(units = \"d\")] a: Option<f64> }",
        "`units` is no property of an input: write `name` or `unit`",
    ),
    ("#[derive(Inputs)] struct H { #[input(unit = 3)] a: Option<f64> }", "`unit` is a text of 1 to 100 bytes"),
    (
        "#[derive(Inputs)] struct I { #[input(name = \"b\")] a: Option<f64>, b: Option<f64> }",
        "the input `b` stands twice",
    ),
    ("#[derive(Inputs)] struct J { #[input(unit)] a: Option<f64> }", "write `unit = \"…\"`"),
    (
        "mod value { use super::*; #[derive(Inputs)] struct K { a: Option<f64> } fn score(_: K) -> Scalar { Scalar::new(0.0) } plugin! { score: score, name: \"k\", version: \"1\", owner: \"o\", purpose: \"p\" } }",
        "type mismatch in function arguments",
    ),
    (
        "mod version { use super::*; #[derive(Inputs)] struct L { a: Option<f64> } fn score(_: &L) -> Scalar { Scalar::new(0.0) } plugin! { score: score, name: \"l\", owner: \"o\", purpose: \"p\" } }",
        "`plugin!` needs a line `version: …`",
    ),
    (
        "mod once { use super::*; #[derive(Inputs)] struct M { #[input(units = \"d\")] a: Option<f64> } fn score(_: &M) -> Scalar { Scalar::new(0.0) } plugin! { score: score, name: \"m\", version: \"1\", owner: \"o\", purpose: \"p\" } }",
        "`units` is no property of an input",
    ),
];

#[test]
fn the_compiler_says_what_is_wrong_and_where() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("messages");
    std::fs::create_dir_all(dir.join("src")).unwrap();
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = format!(
        "[package]\nname = \"broken\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\nstaunch-plugin = {{ path = {sdk:?} }}\n"
    );
    std::fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    let lines = BROKEN.map(|(source, _)| format!("{source}\n"));
    std::fs::write(
        dir.join("src/lib.rs"),
        format!("use staunch_plugin::{{Inputs, Scalar, plugin}};\n{}", lines.concat()),
    )
    .unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "-q", "--offline", "--message-format", "short"]).current_dir(&dir);
    let output = cargo.env("CARGO_TARGET_DIR", dir.join("target")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    let last = format!("src/lib.rs:{}:", BROKEN.len() + 1);
    let errors = said.lines().filter(|line| line.contains(&last) && line.contains(": error")).count();
    assert_eq!(errors, 1, "nothing follows the first error\n{said}");
    for (at, (source, text)) in BROKEN.iter().enumerate() {
        let place = format!("src/lib.rs:{}:", at + 2);
        let hit = said.lines().any(|line| line.contains(&place) && line.contains(text));
        assert!(hit, "{source}\nshould say: {text}\n{said}");
    }
}
