//! A workspace without problems: what its files become.

use staunch_core::action::{Channel, ReasonCode};
use staunch_core::arm::Arm;
use staunch_core::codes;
use staunch_core::feature::{Aggregate, FeatureKind, Over, Window};
use staunch_core::policy::{Stage, StageLimits, ZoneChoice};
use staunch_core::schedule::{Ticks, Weekdays};
use staunch_core::score::{Band, IfUnavailable, ScoreKind};
use staunch_core::time::{Span, Time};
use staunch_core::value::{Money, Type, Value};
use staunch_core::workflow::{NodeKind, Target, Workflow};
use staunch_rules::Rules;
use staunch_workflow::{
    Connector, Expected, Files, GivenScore, Happens, Loaded, PluginCatalog, PluginInfo, PluginInput, Reference,
    TemplateInfo, load_workspace, read_files, render,
};
use std::path::Path;

struct Plugins;

impl PluginCatalog for Plugins {
    fn plugin(&self, name: &str) -> Option<PluginInfo> {
        let (names, kind) = match name {
            "churn-gbdt" => (["logins_7d", "trend", "days_quiet", "tenure_days"].as_slice(), ScoreKind::Scalar),
            "repurchase" => (["recency", "frequency", "spend", "trend"].as_slice(), ScoreKind::Scalar),
            "topics" => {
                let labels = ["billing", "product", "other"].map(str::to_owned).to_vec();
                (["subjects", "last_weight", "seats"].as_slice(), ScoreKind::Classes(labels))
            }
            "next-best" => (["pace", "spend_pace", "tickets_7d", "level"].as_slice(), ScoreKind::Ranking),
            _ => return None,
        };
        let bands = [("low", 0.0), ("uncertain", 0.4), ("likely", 0.6)];
        let bands = bands.map(|(name, from)| Band { name: name.into(), from });
        Some(PluginInfo {
            inputs: Some(names.iter().map(|name| PluginInput { name: (*name).into(), kind: Type::Number }).collect()),
            bands: if kind == ScoreKind::Scalar { bands.to_vec() } else { vec![] },
            kind,
            problems: vec![],
        })
    }

    fn names(&self) -> Vec<String> {
        ["churn-gbdt", "repurchase", "topics", "next-best"].map(str::to_owned).to_vec()
    }
}

fn load(files: &Files, templates: &[(&str, Channel)]) -> Loaded {
    let templates = templates.iter().map(|(name, channel)| ((*name).to_owned(), TemplateInfo::of(*channel))).collect();
    load_workspace(files, &Rules::new(), &Plugins, &templates)
}

fn files() -> Files {
    read_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/good")).unwrap()
}

fn loaded() -> Loaded {
    let loaded = load(&files(), &[("trial-rescue/tips", Channel::Email), ("trial-rescue/checklist", Channel::Nudge)]);
    assert!(loaded.ok(), "{}", render(&loaded.diagnostics));
    loaded
}

fn named(name: &str) -> Workflow {
    loaded().workflows.into_iter().find(|flow| flow.name == name).unwrap()
}

fn workflow() -> Workflow {
    named("trial-rescue")
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// What the reference uses and this version does not enforce, and nothing else.
#[test]
fn a_good_workspace_is_warned_only_of_what_is_not_enforced() {
    let loaded = loaded();
    let found: Vec<_> = loaded.diagnostics.iter().map(|one| (one.line, one.code.as_str())).collect();
    let lines = [65, 76, 77, 78, 82].map(|line| (line, codes::NOT_ENFORCED));
    assert_eq!(found, lines, "{}", render(&loaded.diagnostics));
}

#[test]
fn steps_become_flat_nodes_in_the_order_written() {
    let flow = workflow();
    let ids: Vec<&str> = flow.nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids, ["risk", "call-owner", "tips-email", "came-back", "checklist"]);
    assert_eq!(flow.first, Target::Node(0));
    let NodeKind::Choose { cases, otherwise } = &flow.nodes[0].kind else { panic!() };
    assert_eq!(cases.iter().map(|case| case.then).collect::<Vec<_>>(), [Target::Node(1), Target::Node(2)]);
    assert_eq!(*otherwise, Target::End);
    let NodeKind::WaitEvent { if_seen, if_not, up_to, .. } = &flow.nodes[3].kind else { panic!() };
    assert_eq!((*if_seen, *if_not, *up_to), (Target::End, Target::Node(4), Span::days(3)));
    let next: Vec<Target> = flow.nodes.iter().map(|node| node.next).collect();
    assert_eq!(next, [Target::End, Target::End, Target::Node(3), Target::Node(4), Target::End]);
}

#[test]
fn features_follow_what_they_read_and_share_their_facts() {
    let flow = workflow();
    let names: Vec<&str> = flow.features.iter().map(|feature| feature.name.as_str()).collect();
    assert_eq!(names, ["logins_7d", "logins_prior", "pricing_14d", "team_7d", "spend_90d", "days_quiet", "trend"]);
    // Sessions of three features are one log of the contact, as long as the longest window of them; those of the account
    // are another.
    assert_eq!(flow.facts.len(), 4);
    let of = |over| flow.facts.iter().find(|fact| fact.events == ["session.started"] && fact.over == over).unwrap();
    assert_eq!((of(Over::Contact).keep, of(Over::Account).keep), (Span::days(14), Span::days(7)));
    let FeatureKind::Count { fact, window } = &flow.features[1].kind else { panic!() };
    assert_eq!((*fact, *window), (of(Over::Contact).key, Window { from: Span::days(14), to: Span::days(7) }));
}

#[test]
fn the_rest_of_the_workflow_is_there() {
    let flow = workflow();
    assert_eq!((flow.priority, flow.holdout, flow.start.again_after), (60, 0.1, Some(Span::days(14))));
    assert_eq!((&flow.scores[0].kind, flow.scores[0].bands[1].name.as_str()), (&ScoreKind::Scalar, "uncertain"));
    assert_eq!(flow.goal.as_ref().unwrap().value.as_ref().unwrap().source.as_ref(), "event.mrr");
    assert_eq!((flow.breakers.len(), flow.breakers[0].above), (1, 500));
    insta::assert_snapshot!("reference_rules", json(&(&flow.kills, &flow.signals, &flow.launch)));
    assert_eq!(
        (flow.reviews[1].sample, flow.reviews[1].channels.as_slice()),
        (Some(0.05), &[Channel::Email, Channel::Task][..])
    );
}

#[test]
fn every_other_construct_is_compiled() {
    let flow = named("everything");
    insta::assert_snapshot!("everything_nodes", json(&(flow.first, &flow.nodes)));
    let kinds: Vec<&ScoreKind> = flow.scores.iter().map(|score| &score.kind).collect();
    assert!(matches!(kinds.as_slice(), [ScoreKind::Classes(labels), ScoreKind::Ranking] if labels.len() == 3));
    assert_eq!(flow.scores[0].if_unavailable, IfUnavailable::Review("marketing".into()));
    let ofs = [&flow.leave_when[0].of, &flow.goal.as_ref().unwrap().event.of];
    assert_eq!(ofs.map(Option::as_deref), [Some("follow-up"), Some("ring")]);
    let over = flow.facts.iter().filter(|fact| fact.over == Over::Account && fact.of.as_deref() == Some("total"));
    assert_eq!(over.map(|fact| fact.keep).collect::<Vec<_>>(), [Span::days(90)], "one log for both of them");
    let FeatureKind::Of { how, never, .. } = &flow.features.iter().find(|one| one.name == "largest").unwrap().kind
    else {
        panic!()
    };
    assert_eq!((*how, *never), (Aggregate::Max, 0.0));
}

#[test]
fn a_schedule_is_read_in_both_forms() {
    let flow = named("monday-calls");
    let schedule = flow.start.schedule.as_ref().unwrap();
    assert_eq!((&schedule.zone, schedule.audience.as_str()), (&ZoneChoice::Contact, "quiet-customers"));
    assert_eq!(schedule.ticks, Ticks::Weekly { minute: 9 * 60, days: Weekdays(1) });
    assert!(flow.start.events.is_empty() && flow.start.when.is_some());
    let mut files = files();
    let path = "workflows/monday-calls.yaml";
    let text = String::from_utf8(files[path].clone()).unwrap();
    let cron = text.replace("schedule: 09:00 MON\n  zone: contact", "schedule: \"0 9 * * MON Europe/Berlin\"");
    files.insert(path.into(), cron.into_bytes());
    let loaded = load(&files, &[("trial-rescue/tips", Channel::Email), ("trial-rescue/checklist", Channel::Nudge)]);
    assert!(loaded.ok(), "{}", render(&loaded.diagnostics));
    let flow = loaded.workflows.iter().find(|flow| flow.name == "monday-calls").unwrap();
    let schedule = flow.start.schedule.as_ref().unwrap();
    assert_eq!(schedule.ticks, Ticks::Cron("0 9 * * MON".into()));
    assert_eq!(schedule.zone, ZoneChoice::Fixed("Europe/Berlin".into()));
}

#[test]
fn the_workspace_is_read() {
    let workspace = loaded().workspace.unwrap();
    assert_eq!(workspace.connections.broker, Some(Reference::Env("STAUNCH_AMQP_URL".into())));
    assert_eq!(workspace.connections.database, Some(Reference::File("secrets/database-url".into())));
    assert!(matches!(&workspace.connectors["crm"], Connector::Webhook { peer_dedupes: true, .. }));
    assert_eq!(workspace.connectors["list"], Connector::Local);
    let quiet = &workspace.policy.quiet_hours[0];
    assert_eq!((quiet.from_minute, quiet.to_minute), (21 * 60, 8 * 60));
    assert_eq!((workspace.policy.global_holdout, workspace.policy.caps[0].gap), (0.02, Some(Span::days(2))));
    assert!(workspace.schema.contact["email"].personal);
}

#[test]
fn tests_and_rollouts_are_read() {
    let loaded = loaded();
    let cases = &loaded.tests[0].cases;
    assert_eq!(cases.iter().map(|case| case.line).collect::<Vec<_>>(), [8, 17, 21, 26]);
    assert_eq!((cases[0].now, cases[0].events[0].at), (Time::parse("2026-03-02T09:00:00Z").unwrap(), Span::days(-10)));
    assert!(cases[0].nothing_else && !cases[3].nothing_else);
    assert_eq!(cases[1].scores["churn"], GivenScore::Fails);
    let held = &cases[2].expect[0];
    let (because, until) = (Some(ReasonCode::QuietHours), Time::parse("2026-03-03T07:00:00Z"));
    assert_eq!(held.what, Expected::Held { step: "tips-email".into(), because, until });
    // A case adds to the contact of the defaults; a bare amount takes the workspace's currency.
    assert_eq!((cases[3].stage, cases[3].arm, cases[3].contact.as_str()), (Stage::Full, Arm::Holdout, "c1"));
    assert_eq!(cases[3].fields.get("mrr"), Some(&Value::Money(Money::parse("600 EUR").unwrap())));
    assert_eq!(cases[3].fields.get("zone"), Some(&Value::Text("Europe/Berlin".into())));
    let Happens::Event { kind, fields, body, of } = &cases[3].events[0].what else { panic!() };
    assert_eq!((kind.as_str(), body, of), ("usage.daily_summary", &None, &None));
    assert_eq!(fields.get("sessions"), Some(&Value::Number(3.0)));
    let stages = &loaded.rollouts[0].stages;
    assert_eq!(
        (stages[2].days, stages[2].limits.clone()),
        (Some((15, 21)), Some(StageLimits { share: 0.4, holdout: 0.5, per_day: 200 }))
    );
}

#[test]
fn a_version_is_a_hash_of_the_content_and_not_of_the_layout() {
    let path = "workflows/trial-rescue.yaml";
    let version = |change: &dyn Fn(String) -> String| {
        let mut files = files();
        let text = String::from_utf8(files[path].clone()).unwrap();
        files.insert(path.into(), change(text).into_bytes());
        let loaded = load(&files, &[("trial-rescue/tips", Channel::Email), ("trial-rescue/checklist", Channel::Nudge)]);
        loaded.workflows.into_iter().find(|flow| flow.owner == "lifecycle-team").unwrap().version
    };
    let plain = version(&|text| text);
    assert_eq!(plain.len(), 16);
    assert_eq!(version(&|text| text.replace("priority: 60   ", "# moved\npriority:   60")), plain);
    assert_eq!(version(&|text| format!("\u{feff}{}", text.replace('\n', "\r\n"))), plain);
    assert_ne!(version(&|text| text.replace("priority: 60", "priority: 61")), plain);
    assert_ne!(version(&|text| text.replace("tips-email", "tips-mail")), plain);
}

/// The texts of templates and blocks belong to the version of the workflows that name them, and of no others.
#[test]
fn a_version_covers_the_texts_of_its_templates() {
    let versions = |tips: &str, footer: &str| {
        let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let info = |channel, files: Vec<(String, String)>| TemplateInfo { channel, files: files.into_iter().collect() };
        let footer = file("blocks/footer.txt", footer);
        let templates = [
            ("trial-rescue/tips", info(Channel::Email, vec![file("trial-rescue/tips.txt", tips), footer.clone()])),
            ("trial-rescue/checklist", info(Channel::Nudge, vec![file("trial-rescue/checklist.txt", "Look"), footer])),
        ];
        let templates = templates.map(|(name, info)| (name.to_owned(), info)).into_iter().collect();
        let loaded = load_workspace(&files(), &Rules::new(), &Plugins, &templates);
        assert!(loaded.ok(), "{}", render(&loaded.diagnostics));
        loaded.workflows
    };
    let (plain, edited, block) = (versions("Hello", "Bye"), versions("Hallo", "Bye"), versions("Hello", "So long"));
    let monday = |flows: &[Workflow]| flows.iter().find(|flow| flow.name == "monday-calls").unwrap().clone();
    let rescue = |flows: &[Workflow]| flows.iter().find(|flow| flow.name == "trial-rescue").unwrap().clone();
    assert_eq!(monday(&plain).version, monday(&edited).version);
    assert_ne!(rescue(&plain).version, rescue(&edited).version);
    assert_ne!(rescue(&plain).version, rescue(&block).version);
    let messages = rescue(&plain).messages;
    assert_eq!(messages.keys().collect::<Vec<_>>(), ["trial-rescue/checklist", "trial-rescue/tips"]);
    assert_eq!(messages["trial-rescue/tips"].files["blocks/footer.txt"], "Bye");
    assert!(monday(&plain).messages.is_empty());
}

#[test]
fn the_shipped_example_has_no_problems() {
    let files = read_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/retail")).unwrap();
    let loaded = load(&files, &[("winback/miss-you", Channel::Email), ("winback/reminder", Channel::Nudge)]);
    assert!(loaded.diagnostics.is_empty(), "{}", render(&loaded.diagnostics));
    assert_eq!((loaded.workflows.len(), loaded.tests.len()), (1, 1));
}
