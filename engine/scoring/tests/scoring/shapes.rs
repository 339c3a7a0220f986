//! Plugins that give classes and rankings: what is kept of a good answer, and the end of every bad one.

use crate::guest::Guest;
use crate::workspace::{request, workspace};
use staunch_core::score::{ScoreFailure, ScoreKind, Scored};
use staunch_scoring::{Host, Scorer};

/// Where the guest's own data lies: labels at 60,000 (text at 61,000), the answer's list at 100,000 (text at 200,000).
const LABELS: u32 = 60_000;
const LIST: u32 = 100_000;

/// A guest whose manifest says this kind (1 = classes, 2 = ranking) and these labels, and whose answer is of `case`
/// with these names and numbers. The places are those of the manifest of `model(1)` at 64.
fn guest(kind: u32, labels: &[&str], case: u32, list: &[(&str, &str)]) -> Vec<u8> {
    let mut data = String::new();
    let mut strings = |list: &mut dyn Iterator<Item = &str>, at: u32, step: u32, mut text: u32| {
        for (index, name) in list.enumerate() {
            let place = at + index as u32 * step;
            data += &format!("(i32.store (i32.const {place}) (i32.const {text}))");
            data += &format!("(i32.store (i32.const {}) (i32.const {}))", place + 4, name.len());
            for (offset, byte) in name.bytes().enumerate() {
                data += &format!("(i32.store8 (i32.const {}) (i32.const {byte}))", text + offset as u32);
            }
            text += name.len() as u32;
        }
    };
    strings(&mut labels.iter().copied(), LABELS, 8, 61_000);
    strings(&mut list.iter().map(|(name, _)| *name), LIST, 16, 200_000);
    for (index, (_, number)) in list.iter().enumerate() {
        data += &format!("(f64.store (i32.const {}) (f64.const {number}))", LIST + index as u32 * 16 + 8);
    }
    let describe = format!(
        "{data} (i32.store8 (i32.const 88) (i32.const {kind})) (i32.store8 (i32.const 96) (i32.const 0))
         (i32.store (i32.const 128) (i32.const {LABELS})) (i32.store (i32.const 132) (i32.const {})) (i32.const 64)",
        labels.len()
    );
    let score = format!(
        "{data} (i32.store (i32.const 39004) (i32.const 40000)) (i32.store (i32.const 39008) (i32.const 1))
         (i32.store8 (i32.const 40000) (i32.const {case})) (i32.store (i32.const 40008) (i32.const {LIST}))
         (i32.store (i32.const 40012) (i32.const {})) (i32.const 39000)",
        list.len()
    );
    Guest { describe: describe.leak(), memory: "8", ..Guest::scoring(score) }.build()
}

/// The shape that the manifest says, and the answer to one row.
fn ask(component: &[u8]) -> (Option<ScoreKind>, Result<Scored, ScoreFailure>) {
    let (dir, lock) = workspace(component);
    let (host, _) = Host::load(dir.path(), &lock);
    let kind = host.manifest("m").map(|manifest| manifest.score_kind());
    (kind, host.score(&[request(&[Some(1.0)])]).remove(0))
}

/// The manifest's kind and labels, the answer's kind and items, and words that say why it is refused.
type Case<'a> = (u32, &'a [&'a str], u32, &'a [(&'a str, &'a str)], &'a str);

/// Every answer ends with this code, and words that say why.
fn refused(code: &str, cases: &[Case<'_>]) {
    for (kind, labels, case, list, says) in cases {
        let failure = ask(&guest(*kind, labels, *case, list)).1.unwrap_err();
        assert_eq!(failure.code, code, "{failure}");
        assert!(failure.message.contains(says), "{failure}: expected `{says}`");
    }
}

const LABELLED: &[&str] = &["billing", "bug", "other"];

#[test]
fn classes_come_with_their_labels_and_shares() {
    let (kind, answer) = ask(&guest(1, LABELLED, 1, &[("bug", "0.7"), ("billing", "0.2"), ("other", "0.1000001")]));
    assert_eq!(kind, Some(ScoreKind::Classes(vec!["billing".into(), "bug".into(), "other".into()])));
    let scored = answer.unwrap();
    let classes: Vec<(&str, f64)> = scored.classes.iter().map(|(label, share)| (label.as_str(), *share)).collect();
    assert_eq!(classes, [("bug", 0.7), ("billing", 0.2), ("other", 0.100_000_1)]);
    assert_eq!((scored.value, scored.ranking.len(), scored.digest.len()), (0.7, 0, 64));
}

#[test]
fn hostile_classes_end_as_bad_answers() {
    refused(
        "ST3007",
        &[
            (1, LABELLED, 1, &[("bug", "0.7"), ("spam", "0.2"), ("other", "0.1")], "`spam` is no label"),
            (1, LABELLED, 1, &[("bug", "0.7"), ("bug", "0.2"), ("other", "0.1")], "stands twice"),
            (1, LABELLED, 1, &[("bug", "0.9"), ("other", "0.1")], "2 classes, its manifest has 3"),
            (1, LABELLED, 1, &[], "0 classes"),
            (1, LABELLED, 1, &[("bug", "0.2"), ("other", "0.7"), ("billing", "0.1")], "larger share"),
            (1, LABELLED, 1, &[("bug", "0.7"), ("other", "0.2"), ("billing", "0.0999")], "sum to"),
            (1, LABELLED, 1, &[("bug", "0.7"), ("other", "0.2"), ("billing", "0.100002")], "sum to"),
            (1, LABELLED, 1, &[("bug", "1.2"), ("other", "0"), ("billing", "-0.2")], "the share of `bug` is 1.2"),
            (
                1,
                LABELLED,
                1,
                &[("bug", "0.6"), ("other", "0.6"), ("billing", "-0.2")],
                "the share of `billing` is -0.2",
            ),
            (1, LABELLED, 1, &[("bug", "nan"), ("other", "0.5"), ("billing", "0.5")], "the share of `bug` is NaN"),
            (1, LABELLED, 1, &[("bug", "inf"), ("other", "0.5"), ("billing", "0.5")], "the share of `bug` is inf"),
        ],
    );
}

#[test]
fn a_ranking_comes_best_first_and_may_be_empty() {
    let (kind, answer) = ask(&guest(2, &["a", "b", "c"], 2, &[("c", "9"), ("a", "9"), ("b", "-3.5")]));
    assert_eq!(kind, Some(ScoreKind::Ranking));
    let scored = answer.unwrap();
    assert_eq!((scored.ranking, scored.value), (vec!["c".into(), "a".into(), "b".into()], 9.0));
    let open = ask(&guest(2, &[], 2, &[("anything", "0.1")])).1.unwrap();
    assert_eq!(open.ranking, ["anything"]);
    let empty = ask(&guest(2, &["a"], 2, &[])).1.unwrap();
    assert_eq!((empty.ranking.len(), empty.value), (0, 0.0));
}

#[test]
fn only_the_top_of_a_long_ranking_is_kept() {
    let names: Vec<String> = (0..1_001).map(|n| format!("i{n}")).collect();
    let list: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let scored = ask(&guest(2, &[], 2, &list[..1_000])).1.unwrap();
    assert_eq!((scored.ranking.len(), scored.ranking[99].as_str()), (100, "i99"));
    refused("ST3007", &[(2, &[], 2, &list, "at most 1000, asked for 1001")]);
}

#[test]
fn hostile_rankings_end_as_bad_answers() {
    let long = "x".repeat(101);
    refused(
        "ST3007",
        &[
            (2, &["a", "b"], 2, &[("a", "2"), ("z", "1")], "`z` is no item"),
            (2, &["a", "b"], 2, &[("a", "2"), ("a", "1")], "stands twice"),
            (2, &["a", "b"], 2, &[("a", "1"), ("b", "2")], "`b` is ranked below"),
            (2, &["a", "b"], 2, &[("a", "nan")], "the score of `a` is NaN"),
            (2, &[], 2, &[("a", "inf")], "the score of `a` is inf"),
            (2, &[], 2, &[("", "1")], "is empty"),
            (2, &[], 2, &[("a\nb", "1")], "not printable"),
            (2, &[], 2, &[(&long, "1")], "too long"),
        ],
    );
}

#[test]
fn another_shape_than_the_manifest_says_is_told() {
    refused(
        "ST3015",
        &[
            (1, LABELLED, 0, &[], "it gave a number where its manifest says classes"),
            (2, &["a"], 1, &[("a", "1")], "it gave classes where its manifest says a ranking"),
            (0, &[], 2, &[("a", "1")], "it gave a ranking where its manifest says a number"),
        ],
    );
}

#[test]
fn manifests_of_classes_need_labels_of_their_own() {
    refused(
        "ST3018",
        &[
            (1, &[], 1, &[("a", "1")], "at least two labels"),
            (1, &["a"], 1, &[("a", "1")], "at least two labels"),
            (1, &["a", "a"], 1, &[("a", "1")], "a label stands twice"),
            (2, &["a", "a"], 2, &[], "a label stands twice"),
            (1, &["a", "b\n"], 1, &[], "labels have 1 to 100 printable bytes"),
        ],
    );
}
