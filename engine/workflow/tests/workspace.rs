//! `staunch.yaml`, rollouts and test files: what they become, and each mistake with its place. The reference of the
//! language, word for word.

use staunch_core::action::Channel;
use staunch_core::feature::FeatureKind;
use staunch_core::policy::{Never, ZoneChoice};
use staunch_core::schema::FieldKind;
use staunch_core::score::{Band, ScoreKind};
use staunch_core::time::Span;
use staunch_core::value::{Money, Type};
use staunch_rules::Rules;
use staunch_workflow::{
    Check, Files, Happens, Loaded, NoPlugins, PluginCatalog, PluginInfo, PluginInput, Sample, Severity, TemplateInfo,
    Verdict, load_workspace, read_files, render,
};
use std::collections::BTreeMap;
use std::path::Path;

/// Ends with line 10; what is added begins on line 11.
const WORKSPACE: &str = "workspace: w\nzone: UTC\ncurrency: EUR\ncontact:\n  plan: text\nevents:\n  order.paid: { total: money }\npurposes: [marketing]\nroles:\n  lead: [a@example.com]\n";

fn load(files: &[(&str, &str)]) -> Loaded {
    let files: Files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    let templates = [("t".to_owned(), TemplateInfo::of(Channel::Email))].into_iter().collect();
    load_workspace(&files, &Rules::new(), &NoPlugins, &templates)
}

fn workspace(extra: &str) -> Loaded {
    load(&[("staunch.yaml", &format!("{WORKSPACE}{extra}"))])
}

/// `line:column code`, with `?` before the code of a warning.
fn places(loaded: &Loaded, file: &str) -> Vec<String> {
    let own = loaded.diagnostics.iter().filter(|one| one.file == file);
    own.map(|one| {
        let mark = if one.severity == Severity::Warning { "?" } else { "" };
        format!("{}:{} {mark}{}", one.line, one.column, one.code)
    })
    .collect()
}

fn check(extra: &str, want: &[&str]) {
    let loaded = workspace(extra);
    assert_eq!(places(&loaded, "staunch.yaml"), want, "{extra}\n{}", render(&loaded.diagnostics));
}

#[test]
fn mistakes_in_declarations() {
    check("account:\n  seats: { type: numbr }\n", &["12:18 ST1024"]);
    check("account:\n  seats: { type: number, unit: people }\n  mrr: { type: money, unit: EUR }\n", &["13:23 ST1020"]);
    check("audiences:\n  quiet: { features: {} }\n", &["12:10 ST1021"]);
    check("audiences:\n  quiet:\n    when: contact.plam == \"pro\"\n", &["13:11 ST1042"]);
    check(
        "audiences:\n  quiet:\n    features:\n      a:\n        expr: feature.b\n      b:\n        expr: feature.a\n    when: feature.a > 3\n",
        &["14:7 ST1050"],
    );
    check("audiences:\n  quiet:\n    when: event.total > eur(3)\n", &["13:11 ST1048"]);
    check(
        "costs: { email: 0.002, tsk: 4 EUR, nudge: 1 USD, task: -1 EUR }\n",
        &["11:17 ST1023", "11:24 ST1020", "11:43 ST1024", "11:56 ST1025"],
    );
    check("plugins: { trusted_keys: [ed25519:ab], require_signature: true }\n", &["11:27 ST1024", "11:40 ST1020"]);
    check("plugins: { trusted_keys: [], require_signatures: true }\n", &["11:26 ST1024"]);
    check("plugins: { require_signatures: true }\n", &["11:10 ST1021"]);
    check(
        "retention: { decisions: 34d, actions: 399d, parked: 90, action: 400d }\n",
        &["11:25 ST1025", "11:39 ST1025", "11:53 ST1023", "11:57 ST1020"],
    );
    check("retention: { actions: 400d, archive: true }\n", &["11:38 ?ST1062"]);
    check("retention: { decisions: 400d, runs: 35d, actions: 400d, parked: 30d, archive: true }\n", &[]);
    check(&format!("plugins: {{ trusted_keys: [\"ed25519:{}\"] }}\n", "0f".repeat(32)), &[]);
}

#[test]
fn rules_that_cannot_be_meant_are_errors() {
    let caps = |cap: &str| format!("policy:\n  caps:\n    - {{ id: a, channels: [email], {cap} }}\n");
    check(&caps("max: 0, window: 7d"), &["13:40 ST1061"]);
    check(&caps("max: 1, window: 91d"), &["13:51 ST1025"]);
    check(&caps("max: 1, window: 90d"), &[]);
    let quiet = |hours: &str| format!("    - {{ channels: [email], hours: {hours}, zone: contact, then: hold }}\n");
    check(&format!("policy:\n  quiet_hours:\n{}", quiet("08:00-08:00")), &["13:35 ST1061"]);
    let two = |first, second| format!("policy:\n  quiet_hours:\n{}{}", quiet(first), quiet(second));
    check(&two("20:00-09:00", "08:00-20:00"), &["14:35 ST1061"]);
    check(&two("20:00-09:00", "09:00-19:59"), &[]);
    let budget = |max: &str| format!("policy:\n  budgets: [{{ id: a, max: {max}, window: 7d, channels: [email] }}]\n");
    check(&budget("5 USD"), &["12:3 ?ST1060", "12:27 ST1061"]);
    check(&budget("0 EUR"), &["12:3 ?ST1060", "12:27 ST1061"]);
    check(&budget("500"), &["12:3 ?ST1060", "12:27 ST1023"]);
    check(
        "policy:\n  capacity:\n    - { id: a, channels: [email], max: 0, window: 1d, per: contact }\n",
        &["13:26 ST1061", "13:40 ST1061", "13:60 ST1024"],
    );
    check("policy:\n  holdout: { global: 100% }\n", &["12:22 ST1061"]);
}

/// A file of a thousand rules is read in one pass: each rule adds to the day, and the one that closes it is named.
#[test]
fn a_thousand_quiet_hours_close_the_day_once() {
    let rule = |hours: &str| format!("    - {{ channels: [email], hours: {hours}, zone: contact, then: hold }}\n");
    let night = rule("20:00-08:00").repeat(1_000);
    check(&format!("policy:\n  quiet_hours:\n{night}"), &[]);
    let day = rule("08:00-20:00").repeat(2);
    check(&format!("policy:\n  quiet_hours:\n{night}{day}"), &["1013:35 ST1061"]);
}

#[test]
fn what_binds_nobody_is_worth_a_word() {
    check("policy:\n  never: { audiences: [employees] }\n", &["12:24 ?ST1035"]);
    check(
        "policy:\n  never: { countries_outside: [DE, UK, de] }\n",
        &["12:12 ?ST1062", "12:36 ST1024", "12:40 ST1024"],
    );
    check("policy:\n  never: { topics: [] }\n", &["12:12 ?ST1060", "12:20 ST1024"]);
    check(
        "policy:\n  offers: { max_discount: 20 }\n  wording: { locked: [Acme], needs_leagl: [x] }\n",
        &["12:3 ?ST1060", "12:27 ST1023", "13:3 ?ST1060", "13:30 ST1020"],
    );
    check(
        "kill:\n  - { id: k, rate: unsubscribed / delivered, limit: 1%, matured_after: 72h, then: pause }\nbreakers:\n  - { id: k, actions: email, above: 5, window: 1h, then: pause }\n",
        &["12:11 ?ST1060", "12:11 ?ST1079", "14:11 ST1027", "14:11 ?ST1060"],
    );
}

#[test]
fn mistakes_in_sources() {
    let source =
        |map: &str| format!("sources:\n  - source: shop\n    exchange: e\n    bind: order.*\n    map: {{ {map} }}\n");
    let good = "id: $.n, type: order.paid, time: $.at, contact: $.c.id, total: $.sum";
    check(&source(good), &["12:13 ?ST1060"]);
    check(&source(&good.replace(", total: $.sum", "")), &["12:13 ?ST1060", "15:10 ST1021"]);
    check(&source(&good.replace("total:", "totl:")), &["12:13 ?ST1060", "15:68 ST1039"]);
    check(&source(&good.replace("order.paid", "order.payed")), &["15:27 ST1030"]);
    check(&source(&good.replace("$.c.id", "c.id")), &["15:60 ST1024"]);
    check(&source("id: $.n, type: $.kind, contact: $.c.id, total: $.sum"), &["15:10 ST1021"]);
}

#[test]
fn mistakes_in_rollouts() {
    let rollout = |stages: &str| {
        let text = format!("rollout: r\nfor: f\nstages:\n{stages}");
        let flow = "workflow: f\ntitle: T\nowner: o\npurpose: marketing\nstart:\n  event: order.paid\nsteps:\n  - email: m\n    template: t\n";
        let loaded = load(&[("staunch.yaml", WORKSPACE), ("f.yaml", flow), ("r.yaml", &text)]);
        places(&loaded, "r.yaml")
    };
    assert_eq!(rollout("  - { stage: shadow, days: 1-7 }\n  - { stage: limited, days: 8-14 }\n"), [""; 0]);
    assert_eq!(
        rollout("  - { stage: limited, days: 2-7 }\n  - { stage: shadow, days: 9-31 }\n"),
        ["4:29 ST1063", "5:14 ST1063", "5:28 ST1025"]
    );
    assert_eq!(
        rollout("  - { stage: limited, days: 2-7 }\n  - { stage: shadow, days: 9-30 }\n"),
        ["4:29 ST1063", "5:14 ST1063", "5:28 ST1063"]
    );
    assert_eq!(
        rollout("  - { stage: shadow, days: 1-7, limits: { share: 40%, holdout: 50%, per_day: 2 } }\n"),
        ["4:33 ST1020"]
    );
    let exit = |check: &str| rollout(&format!("  - stage: shadow\n    exit:\n      - {{ {check} }}\n"));
    assert_eq!(exit("check: revewed, at_least: 3"), ["6:18 ST1024"]);
    assert_eq!(exit("check: reviewed, at_least: 80%"), ["6:38 ST1022"]);
    assert_eq!(exit("check: reviewer_agreement, at_least: 80"), ["6:48 ST1023"]);
    assert_eq!(exit("check: guardrail_breaches, at_least: 0"), ["6:9 ST1021", "6:38 ST1020"]);
    assert_eq!(exit("check: verdict, one_of: [scale, maybe], signed_by: [leed]"), ["6:43 ST1024", "6:63 ?ST1033"]);
    assert_eq!(exit("check: labelled_outcomes, at_least: 9, else: rules"), ["6:56 ST1024"]);
}

/// The plugin of the reference.
struct Churn;

impl PluginCatalog for Churn {
    fn plugin(&self, name: &str) -> Option<PluginInfo> {
        let input = |name: &str| PluginInput { name: name.into(), kind: Type::Number };
        let bands = [("low", 0.0), ("uncertain", 0.4), ("likely", 0.6)];
        (name == "churn-gbdt").then(|| PluginInfo {
            inputs: Some(["logins_7d", "trend", "days_quiet", "tenure_days"].map(input).to_vec()),
            kind: ScoreKind::Scalar,
            bands: bands.map(|(name, from)| Band { name: name.into(), from }).to_vec(),
            problems: vec![],
        })
    }

    fn names(&self) -> Vec<String> {
        vec!["churn-gbdt".into()]
    }
}

fn reference() -> Loaded {
    let files = read_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference")).unwrap();
    let templates = [("trial-rescue/tips", Channel::Email), ("trial-rescue/checklist", Channel::Nudge)];
    let templates: BTreeMap<String, TemplateInfo> =
        templates.map(|(name, channel)| (name.to_owned(), TemplateInfo::of(channel))).into();
    load_workspace(&files, &Rules::new(), &Churn, &templates)
}

#[test]
fn the_reference_has_no_errors() {
    let loaded = reference();
    assert!(loaded.ok(), "{}", render(&loaded.diagnostics));
    assert_eq!((loaded.workflows.len(), loaded.tests[0].cases.len(), loaded.rollouts.len()), (1, 4, 1));
    // Its workspace names what it does not declare, and uses what is not enforced yet: each is worth a word.
    let expected = [
        "9:13 ?ST1060",
        "43:24 ?ST1035",
        "43:35 ?ST1035",
        "43:52 ?ST1062",
        "43:85 ?ST1060",
        "44:3 ?ST1060",
        "46:3 ?ST1060",
        "47:3 ?ST1060",
    ];
    let found: Vec<String> = places(&loaded, "staunch.yaml");
    let missing: Vec<_> = expected.iter().filter(|place| !found.iter().any(|one| one == *place)).collect();
    assert!(missing.is_empty(), "{missing:?} of {found:?}");
}

#[test]
fn the_reference_becomes_what_it_says() {
    let loaded = reference();
    let workspace = loaded.workspace.unwrap();
    let audience = &workspace.audiences[0];
    assert_eq!((audience.name.as_str(), audience.when.source.as_ref()), ("quiet-customers", "feature.days_quiet > 60"));
    assert!(matches!(audience.features[0].kind, FeatureKind::DaysSince { never, .. } if never == 9999.0));
    let policy = &workspace.policy;
    let never = Never {
        audiences: vec!["employees".into(), "open-complaint".into()],
        countries_outside: ["DE", "AT", "CH"].map(str::to_owned).to_vec(),
    };
    assert_eq!(policy.never, never);
    assert_eq!((policy.budgets[0].max, policy.budgets[0].window), (Money::parse("500 EUR").unwrap(), Span::days(7)));
    assert_eq!((policy.capacity[0].max, policy.capacity[0].channels.as_slice()), (8, &[Channel::Task][..]));
    assert_eq!(policy.quiet_hours[0].zone, ZoneChoice::Contact);
    assert_eq!(workspace.content.max_discount, Some(0.2));
    assert_eq!(workspace.content.needs_legal, ["guarantee", "risk-free"]);
    assert_eq!(workspace.content.never_topics, ["health", "bereavement"]);
    let name = &workspace.schema.contact["name"];
    assert!(name.personal && !name.optional && name.kind == FieldKind::Text { one_of: vec![] });
    let source = &workspace.sources[0];
    assert_eq!(
        (source.name.as_str(), source.exchange.as_str(), source.bind.as_str()),
        ("shop", "shop.orders", "order.*")
    );
    let stages = &loaded.rollouts[0].stages;
    let checks: Vec<&Check> = stages.iter().flat_map(|stage| &stage.exit).map(|exit| &exit.check).collect();
    assert_eq!(checks[2], &Check::LabelledOutcomes { at_least: 500, else_rules_only: true });
    assert_eq!(checks[6], &Check::Treated { at_least: Sample::Planned });
    let one_of = vec![Verdict::Scale, Verdict::Revise, Verdict::KeepManual, Verdict::NeedMoreTime];
    let signed_by = ["growth-lead", "lifecycle-lead"].map(str::to_owned).to_vec();
    assert_eq!(checks[7], &Check::Verdict { one_of, signed_by });
    assert!(stages[2].review_all && !stages[3].review_all);
    assert!(
        matches!(&loaded.tests[0].cases[0].events[1].what, Happens::Event { kind, .. } if kind == "usage.daily_summary")
    );
}
