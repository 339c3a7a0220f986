//! `model train`, `eval`, `compile` and `import` by the binary: what is wrong is said with its file, its code and what to do,
//! and leaves every file as it was.

use staunch_tests::{Answer, staunch};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder with a table of 600 rows: the label follows `x`, and `day` is the instant.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        let mut text = String::from("x,city,day,shop,y\n");
        for row in 0..600 {
            let (x, day) = (row * 37 % 101, 1 + row / 25);
            let label = u8::from(x + row * 13 % 60 > 80);
            writeln!(text, "{x},{},2020-01-{day:02},s{},{label}", ["Ulm", "Bonn"][row % 2], row % 2).unwrap();
        }
        fs::write(place.path("t.csv"), text).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A command whose words that start with `@` are files of the folder.
    fn model(&self, command: &str) -> Answer {
        let word = |word: &str| word.strip_prefix('@').map(|name| self.path(name).to_str().unwrap().to_owned());
        let words: Vec<String> =
            command.split_whitespace().map(|text| word(text).unwrap_or_else(|| text.to_owned())).collect();
        let words: Vec<&str> = std::iter::once("model").chain(words.iter().map(String::as_str)).collect();
        staunch(&words, &[])
    }

    /// Every file with what it holds.
    fn files(&self) -> Vec<(PathBuf, Option<Vec<u8>>)> {
        let mut all: Vec<(PathBuf, Option<Vec<u8>>)> = Vec::new();
        let mut open = vec![self.0.path().to_owned()];
        while let Some(folder) = open.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    open.push(path.clone());
                }
                let bytes = path.is_file().then(|| fs::read(&path).unwrap());
                all.push((path, bytes));
            }
        }
        all.sort();
        all
    }

    /// Every command ends with its code and words, and changes no file.
    #[track_caller]
    fn refused(&self, cases: &[(&str, &str, &str)]) {
        let before = self.files();
        for (command, code, words) in cases {
            let answer = self.model(command).exit(2);
            let start = format!("error {code}: ");
            assert!(answer.err.starts_with(&start) && answer.err.contains(words), "{command}: {}", answer.err);
            assert!(answer.err.contains("\n  next: "), "{command}: {}", answer.err);
            assert!(answer.err.len() < 5_000, "{command}: {} bytes", answer.err.len());
            assert!(self.files() == before, "{command} changed a file");
        }
    }
}

#[test]
fn nothing_is_written_over_what_is_read_and_nothing_half() {
    let place = Place::new();
    fs::copy(place.path("t.csv"), place.path("evaluation.json")).unwrap();
    fs::create_dir(place.path("folder")).unwrap();
    fs::create_dir_all(place.path("blocked/golden.csv")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(place.path("pipe")).status().unwrap().success());
    let text = fs::read_to_string(place.path("t.csv")).unwrap();
    fs::write(place.path("value.csv"), text.replacen("x,", "value,", 1)).unwrap();
    place.refused(&[
        ("train --data @t.csv --label y -o @t.csv", "ST7010", "would be lost"),
        ("train --data @t.csv --label y -o @pipe", "ST7010", "is a pipe"),
        ("train --data @t.csv --label y -o @folder", "ST7011", "folder: "),
        ("train --data @t.csv --label y -o @none/m.json", "ST7011", "none/m.json: "),
        ("train --data @folder --label y -o @m.json", "ST7011", "folder: "),
        ("train --data @evaluation.json --label y -o @m.json --kit @", "ST7010", "would be lost"),
        ("train --data @t.csv --label y -o @card.md --kit @", "ST7010", "a file of the kit as well"),
        ("train --data @t.csv --label y -o @m.json --kit @t.csv", "ST7011", "t.csv: "),
        ("train --data @t.csv --label y -o @m.json --kit @blocked", "ST7011", "golden.csv: "),
        ("train --data @value.csv --label y --ignore day -o @m.json --kit @kit", "ST3106", "rename the input"),
        ("train --data /dev/zero --label y -o @m.json", "ST3101", "/dev/zero: the first line has more than 1 MiB"),
    ]);
    place.model("train --data @t.csv --label y -o @m.json").ok();
    place.refused(&[
        ("eval @m.json --data @t.csv --label y -o @m.json", "ST7010", "would be lost"),
        ("eval @m.json --data @evaluation.json --label y --kit @", "ST7010", "would be lost"),
        ("compile @m.json -o @pipe", "ST7010", "is a pipe"),
        ("compile @m.json -o @m.json", "ST7010", "would be lost"),
        ("import @m.json -o @folder", "ST7011", "folder: "),
        ("compile @m.json -o @m.wasm --name Big", "ST7010", "m.json: the name `Big`"),
    ]);
}

#[test]
fn settings_without_sense_or_effect_are_refused_before_the_training() {
    let place = Place::new();
    let train = |more: &str| format!("train --data @t.csv --label y --ignore day -o @m.json {more}");
    let cases = [
        ("--l2 -1", "ST3103", "`l2` must be"),
        ("--l2 nan", "ST3103", "`l2` must be"),
        ("--kind auto --l2 1", "ST7010", "--l2 is for a logistic regression"),
        ("--trees 9", "ST7010", "--trees is for trees"),
        ("--monotone up:x", "ST7010", "--monotone is for trees"),
        ("--kind auto --rate 0", "ST3103", "the learning rate must be above 0"),
        ("--kind auto --leaves 1", "ST3103", "2 to 255 leaves"),
        ("--kind auto --monotone up:z", "ST3101", "no input column `z`"),
        ("--kind auto --monotone up:x --monotone down:x", "ST3103", "column `x` is bound twice"),
        ("--kind trees --monotone up:city", "ST3101", "column `city` holds texts"),
        ("--holdout -0.5", "ST7010", "--holdout is -0.5"),
        ("--horizon -3d", "ST7010", "`-3d` is no duration"),
        ("--until 2020-01-20T00:00:00Z", "ST7010", "--until needs the column"),
        ("--band low=0 --band low=0.5", "ST3103", "two bands have the same name"),
        ("--name Big", "ST3103", "the name `Big`"),
        ("--group shop", "ST3102", "600 rows, number of groups 2"),
        ("--segment town", "ST3101", "t.csv: no column `town`"),
        ("--ignore citi", "ST3101", "did you mean `city`?"),
    ];
    let cases: Vec<(String, &str, &str)> =
        cases.into_iter().map(|(more, code, words)| (train(more), code, words)).collect();
    let cases: Vec<(&str, &str, &str)> =
        cases.iter().map(|(command, code, words)| (command.as_str(), *code, *words)).collect();
    place.refused(&cases);
    place.refused(&[
        ("train --data @t.csv --label y --at day -o @m.json", "ST3102", "a label is known 30d after its row"),
        ("train --data @t.csv --label y --at city -o @m.json", "ST3101", "such as 2011-09-01T02:00:00+02:00"),
    ]);
}

#[test]
fn wide_tables_and_endless_names_are_refused_at_once() {
    let place = Place::new();
    let names: Vec<String> = (0..10_000).map(|n| format!("c{n}")).collect();
    let row = |label: usize| format!("{}{label}\n", "1,".repeat(names.len()));
    let rows: String = (0..60).map(|n| row(n % 2)).collect();
    fs::write(place.path("wide.csv"), format!("{},y\n{rows}", names.join(","))).unwrap();
    let long: String = (0..400).map(|n| format!("{n},{}\n", n % 2)).collect();
    fs::write(place.path("long.csv"), format!("{},y\n{long}", "n".repeat(900_000))).unwrap();
    fs::write(place.path("kind.json"), format!("{{\"kind\": \"{}\"}}", "k".repeat(9_000_000))).unwrap();
    place.refused(&[
        ("train --data @wide.csv --label y --kind auto -o @m.json", "ST3101", "10000 inputs; a model has at most 512"),
        ("train --data @wide.csv --label z -o @m.json", "ST3101", "and 9971 more"),
        ("train --data @long.csv --label y -o @m.json", "ST3101", "nnn…"),
        ("compile @kind.json -o @m.wasm", "ST3104", "kkk…"),
    ]);
}

/// What the card says of the past ends where the last label was known.
#[test]
fn the_card_says_until_when_the_training_knew_what_happened() {
    let place = Place::new();
    let until = |more: &str| {
        place.model(&format!("train --data @t.csv --label y --at day --horizon 2d -o @m.json {more}")).ok();
        let model: serde_json::Value = serde_json::from_slice(&fs::read(place.path("m.json")).unwrap()).unwrap();
        let text = |key: &str| model["card"][key].as_str().unwrap().to_owned();
        assert_eq!(text("data_from"), "2020-01-01T00:00:00Z");
        text("data_until")
    };
    // 24 days: the fifth that is set aside begins at the 20th, so the last row with a known label is of the 18th.
    assert_eq!(until(""), "2020-01-20T00:00:00Z");
    assert_eq!(until("--until 2020-01-22T00:00:00Z"), "2020-01-22T00:00:00Z");
}

/// A model reads its own columns and does not look at others; nobody knows here which rows the training saw.
#[test]
fn a_model_is_measured_on_its_own_columns() {
    let place = Place::new();
    place.model("train --data @t.csv --label y --ignore day,shop --kind trees -o @m.json").ok();
    let text = fs::read_to_string(place.path("t.csv")).unwrap();
    let spoilt: String = text
        .lines()
        .enumerate()
        .map(|(n, line)| format!("{},{line}\n", if n == 0 { "id" } else { ["7", "8", "1e999"][n % 3] }))
        .collect();
    fs::write(place.path("more.csv"), spoilt).unwrap();
    let plain = place.model("eval @m.json --data @t.csv --label y").ok();
    assert_eq!(place.model("eval @m.json --data @more.csv --label y").ok().out, plain.out);
    assert!(plain.out.starts_with("measured on 600 rows, "), "{}", plain.out);
    assert!(plain.out.contains("rows that the training saw make a model look better"), "{}", plain.out);
    let own = place.model("eval @m.json --data @t.csv --label y --segment y").ok();
    assert!(own.out.contains("not measured by themselves: 2 segments"), "{}", own.out);
    place.model("eval @m.json --data @t.csv --label y --kit @kit").ok();
    let card = fs::read_to_string(place.path("kit/card.md")).unwrap();
    assert!(
        card.contains("## Quality on the rows of a table (worth something where the training did not see them)"),
        "{card}"
    );
    assert!(Path::new(&place.path("kit/calibration.svg")).is_file() && !place.path("kit/golden.csv").exists());
    place.refused(&[
        ("eval @m.json --data @t.csv --label Y", "ST3101", "no column `Y`"),
        ("eval @m.json --data @t.csv --label city", "ST3101", "t.csv: line 2, column `city`: `Ulm` is not a label"),
    ]);
}
