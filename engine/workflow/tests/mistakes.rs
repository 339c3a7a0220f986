//! Mistakes beyond `examples/broken`: in the workspace file, in the YAML itself, and what must not follow from them.

use proptest::prelude::*;
use staunch_core::action::Channel;
use staunch_core::codes;
use staunch_rules::Rules;
use staunch_workflow::{Files, Loaded, NoPlugins, TemplateInfo, load_workspace, render};

const WORKSPACE: &str = "workspace: w\nzone: UTC\ncurrency: EUR\ncontact:\n  plan: text\nevents:\n  order.paid: { total: money }\npurposes: [marketing]\nroles:\n  lead: [a@example.com]\n";
const WORKFLOW: &str = "workflow: f\ntitle: T\nowner: o\npurpose: marketing\nstart:\n  event: order.paid\nsteps:\n  - email: m\n    template: t\n";

fn load(files: &[(&str, &str)]) -> Loaded {
    let files: Files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    let templates = [("t".to_owned(), TemplateInfo::of(Channel::Email))].into_iter().collect();
    let mut loaded = load_workspace(&files, &Rules::new(), &NoPlugins, &templates);
    // The one workflow of a test does not use all that its workspace declares.
    loaded.diagnostics.retain(|one| one.file != "staunch.yaml" || one.code != codes::UNUSED);
    loaded
}

fn found(files: &[(&str, &str)]) -> Vec<(usize, usize, String)> {
    // The role that the workspace declares for all cases is unused in most of them.
    let told =
        load(files).diagnostics.into_iter().filter(|one| one.code != codes::UNUSED || one.file != "staunch.yaml");
    told.map(|one| (one.line, one.column, one.code)).collect()
}

/// Lines added to the good workspace, from line 11 on.
fn workspace(extra: &str) -> Vec<(usize, usize, String)> {
    found(&[("staunch.yaml", &format!("{WORKSPACE}{extra}"))])
}

/// Lines added to the good workflow, from line 10 on.
fn workflow(extra: &str) -> Vec<(usize, usize, String)> {
    found(&[("staunch.yaml", WORKSPACE), ("a.yaml", &format!("{WORKFLOW}{extra}"))])
}

fn want(list: &[(usize, usize, &str)]) -> Vec<(usize, usize, String)> {
    list.iter().map(|(line, column, code)| (*line, *column, (*code).to_owned())).collect()
}

#[test]
fn the_workspace_file() {
    for (extra, expected) in [
        ("", &[][..]),
        ("connections:\n  database: postgres://u:secret@db/x\n", &[(12, 13, codes::PLAIN_SECRET)]),
        ("connections:\n  database: postgres://db/x?user=u&password=p\n", &[(12, 13, codes::PLAIN_SECRET)]),
        ("connections:\n  broker_partitions: 65\n", &[(12, 22, codes::OUT_OF_RANGE)]),
        ("connections:\n  broker_management: http://u:secret@mq:15672\n", &[(12, 22, codes::PLAIN_SECRET)]),
        ("connections: { broker: amqp://localhost, smtp: secret }\n", &[(11, 48, codes::BAD_VALUE)]),
        (
            "connectors:\n  crm: { kind: webhook, url: https://x.example, secret: abc }\n",
            &[(12, 57, codes::PLAIN_SECRET)],
        ),
        (
            "connectors:\n  crm: { kind: webhook, url: http://x.example, secret: env:S }\n",
            &[(12, 30, codes::BAD_VALUE)],
        ),
        ("connectors:\n  crm: { kind: salesforce }\n", &[(12, 16, codes::NOT_AVAILABLE)]),
        ("connectors:\n  crm: { kind: local, url: https://x.example }\n", &[(12, 23, codes::UNKNOWN_KEY)]),
        ("sources: []\naudiences: {}\n", &[]),
        ("policy:\n  holdout: { global: 2 }\n", &[(12, 22, codes::NEEDS_UNIT)]),
        ("policy:\n  holdout: { global: 120% }\n", &[(12, 22, codes::OUT_OF_RANGE)]),
        (
            "policy:\n  quiet_hours:\n    - { channels: [email], hours: 25:00-08:00, zone: contact, then: hold }\n",
            &[(13, 35, codes::BAD_VALUE)],
        ),
        (
            "policy:\n  quiet_hours:\n    - { channels: [email], hours: 21:00-08:00, zone: Europe/Berln, then: drop }\n",
            &[(13, 54, codes::BAD_VALUE), (13, 74, codes::BAD_VALUE)],
        ),
        (
            "policy:\n  caps:\n    - { id: a, channels: [sms], max: 0, window: 7d, exempt: [markting] }\n",
            &[(13, 27, codes::BAD_VALUE), (13, 38, codes::POLICY_CONTRADICTION), (13, 62, codes::UNKNOWN_PURPOSE)],
        ),
        (
            "mail: { from: nobody, unsubscribe: http://x.example }\n",
            &[(11, 15, codes::BAD_VALUE), (11, 36, codes::BAD_VALUE)],
        ),
    ] {
        assert_eq!(workspace(extra), want(expected), "{extra}");
    }
}

#[test]
fn a_secret_is_not_copied_into_the_report() {
    let text = format!("{WORKSPACE}connections:\n  database: postgres://u:hunter2@db/x\n");
    let loaded = load(&[("staunch.yaml", &text)]);
    assert_eq!(loaded.diagnostics.len(), 1);
    assert!(
        !render(&loaded.diagnostics).contains("hunter2") && !format!("{:?}", loaded.diagnostics).contains("hunter2")
    );
}

#[test]
fn accounts_are_not_drawn_yet() {
    assert_eq!(workflow("experiment: { unit: account, holdout: 10% }\n"), want(&[(10, 21, codes::NOT_AVAILABLE)]));
}

#[test]
fn a_misspelt_key_is_not_also_a_missing_one() {
    assert_eq!(workflow("goal: { evnt: order.paid, window: 7d }\n"), want(&[(10, 9, codes::UNKNOWN_KEY)]));
    assert_eq!(workflow("goal: { event: order.paid }\n"), want(&[(10, 7, codes::MISSING_KEY)]));
}

#[test]
fn steps_that_nothing_reaches() {
    for (extra, expected) in [
        ("  - stop\n  - wait: late\n    for: 1d\n", &[(11, 11, codes::UNREACHABLE)][..]),
        ("  - stop: end\n  - wait: w\n    for: 2d\n", &[(11, 11, codes::UNREACHABLE)]),
        (
            "  - wait: w\n    event: order.paid\n    up_to: 2d\n    if_seen: stop\n    if_not: stop\n  - wait: x\n    for: 2d\n",
            &[(15, 11, codes::UNREACHABLE)],
        ),
        (
            "  - wait: w\n    event: order.paid\n    up_to: 2d\n    if_seen: stop\n    if_not:\n      - wait: v\n        for: 1d\n  - wait: x\n    for: 2d\n",
            &[],
        ),
    ] {
        assert_eq!(workflow(extra), want(expected), "{extra}");
    }
}

#[test]
fn scores_have_no_place_where_an_event_is_matched() {
    let scores = "features:\n  k: { count: order.paid, window: 7d }\nscores:\n  s:\n    plugin: p\n    inputs: [feature.k]\n    if_unavailable: hold\nleave_when:\n  - event: order.paid\n    where: score.s > 0.5\n";
    assert_eq!(workflow(scores), want(&[(14, 13, codes::PLUGIN_UNLOCKED), (19, 12, codes::EXPR_NO_PLACE)]));
}

#[test]
fn a_file_that_cannot_be_trusted_gives_no_workflow() {
    for text in [
        format!("{WORKFLOW}title: again\n"),
        format!("{WORKFLOW}no: 1\n"),
        WORKFLOW.replace("owner: o", "owner: &a o"),
        format!("{WORKFLOW}---\nworkflow: g\n"),
        format!("{WORKFLOW}? [a, b]\n: c\n"),
    ] {
        let loaded = load(&[("staunch.yaml", WORKSPACE), ("a.yaml", &text)]);
        assert_eq!((loaded.workflows.len(), loaded.diagnostics.len()), (0, 1), "{text}{}", render(&loaded.diagnostics));
    }
}

#[test]
fn files_that_are_not_readable() {
    let path = "a.yaml";
    for (bytes, place) in [
        (b"workflow: \xff".to_vec(), (1, 11, codes::NOT_UTF8)),
        (vec![b'#'; (1 << 20) + 1], (1, 1, codes::YAML_LIMIT)),
        (b"".to_vec(), (1, 1, codes::NOT_A_DOCUMENT)),
        (b"- a\n".to_vec(), (1, 1, codes::NOT_A_DOCUMENT)),
        (format!("workflow: {}", "[".repeat(80)).into_bytes(), (1, 74, codes::YAML_LIMIT)),
    ] {
        let mut files: Files = [("staunch.yaml".to_owned(), WORKSPACE.as_bytes().to_vec())].into_iter().collect();
        files.insert(path.to_owned(), bytes);
        let loaded = load_workspace(&files, &Rules::new(), &NoPlugins, &Default::default());
        let found: Vec<_> = loaded.diagnostics.iter().map(|one| (one.line, one.column, one.code.as_str())).collect();
        assert_eq!(found, [place]);
    }
}

#[test]
fn an_alias_bomb_is_refused_at_once() {
    let mut text = String::from("a: &a [x]\n");
    for level in 0..30 {
        text += &format!("b{level}: &b{level} [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n");
    }
    let loaded = load(&[("staunch.yaml", WORKSPACE), ("a.yaml", &text)]);
    let told = loaded.diagnostics.iter().filter(|one| one.code == codes::YAML_ALIAS).count();
    // A hundred problems of a file say it, the three hundred of this one no better.
    assert!((99..=101).contains(&told), "{told}");
}

#[test]
fn without_a_workspace_only_shapes_are_checked() {
    let broken = WORKFLOW.replace("order.paid", "what.ever").replace("title: T", "title: 7");
    let places = found(&[("a.yaml", &broken)]);
    assert_eq!(places, want(&[(2, 8, codes::WRONG_TYPE), (1, 1, codes::NO_WORKSPACE)]));
}

#[test]
fn one_name_is_one_workflow() {
    let loaded = load(&[("staunch.yaml", WORKSPACE), ("a.yaml", WORKFLOW), ("b.yaml", WORKFLOW)]);
    assert_eq!(loaded.workflows.len(), 1);
    assert_eq!(
        (loaded.diagnostics[0].file.as_str(), loaded.diagnostics[0].code.as_str()),
        ("b.yaml", codes::DUPLICATE_ID)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Good files with a piece cut out or put in somewhere: every file is read or refused with a place inside it.
    #[test]
    fn damaged_files_never_panic(at in 0usize..2_000, cut in 0usize..20, piece in prop::sample::select(vec![
        "", ":", "- ", "{", "}", "[", "]", "\"", "'", "|\n", ">", "&a ", "*a", "!x ", "<<: ", "\n", "\t", "  ", "ä", "{{ ", "%", "~", "#", "? ", "---\n", "1e999", "\u{feff}",
    ])) {
        let good = [
            include_str!("good/staunch.yaml"),
            include_str!("good/workflows/trial-rescue.yaml"),
            include_str!("good/workflows/trial-rescue.test.yaml"),
        ];
        for (index, text) in good.iter().enumerate() {
            let chars: Vec<char> = text.chars().collect();
            let at = at.min(chars.len());
            let damaged: String = chars[..at].iter().chain(&piece.chars().collect::<Vec<_>>()).chain(&chars[(at + cut).min(chars.len())..]).collect();
            let mut texts = good;
            texts[index] = &damaged;
            let loaded = load(&[("staunch.yaml", texts[0]), ("a.yaml", texts[1]), ("b.test.yaml", texts[2])]);
            for one in &loaded.diagnostics {
                prop_assert!(one.line >= 1 && one.column >= 1 && !one.help.is_empty(), "{one:?}");
            }
            prop_assert!(render(&loaded.diagnostics).lines().count() >= loaded.diagnostics.len());
        }
    }

    /// Any text at all.
    #[test]
    fn random_text_never_panics(text in "[\\PC\n]{0,200}") {
        let _ = load(&[("staunch.yaml", &text), ("a.yaml", &text)]);
    }
}
