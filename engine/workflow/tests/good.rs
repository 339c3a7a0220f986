//! A workspace without problems: what its files become.

use staunch_core::action::{Channel, ReasonCode};
use staunch_core::arm::Arm;
use staunch_core::feature::{FeatureKind, Window};
use staunch_core::policy::{Stage, StageLimits};
use staunch_core::score::{Band, ScoreKind};
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
    assert!(loaded.diagnostics.is_empty(), "{}", render(&loaded.diagnostics));
    loaded
}

fn workflow() -> Workflow {
    loaded().workflows.remove(0)
}

#[test]
fn steps_become_flat_nodes_in_the_order_written() {
    let flow = workflow();
    let ids: Vec<&str> = flow.nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids, ["risk", "call-owner", "tips-email", "came-back", "checklist", "a-while"]);
    assert_eq!(flow.first, Target::Node(0));
    let NodeKind::Choose { cases, otherwise } = &flow.nodes[0].kind else { panic!() };
    assert_eq!(cases.iter().map(|case| case.then).collect::<Vec<_>>(), [Target::Node(1), Target::Node(2)]);
    assert_eq!(*otherwise, Target::End);
    let NodeKind::WaitEvent { if_seen, if_not, up_to, .. } = &flow.nodes[3].kind else { panic!() };
    assert_eq!((*if_seen, *if_not, *up_to), (Target::End, Target::Node(4), Span::days(3)));
    let next: Vec<Target> = flow.nodes.iter().map(|node| node.next).collect();
    let behind = Target::Node(5);
    assert_eq!(next, [behind, behind, Target::Node(3), Target::Node(4), behind, Target::End]);
}

#[test]
fn features_follow_what_they_read_and_share_their_facts() {
    let flow = workflow();
    let names: Vec<&str> = flow.features.iter().map(|feature| feature.name.as_str()).collect();
    assert_eq!(names, ["logins_7d", "logins_prior", "trend", "pricing_14d", "spend_90d", "days_quiet"]);
    // Sessions of three features are one log, as long as the longest window of them.
    assert_eq!(flow.facts.len(), 3);
    let sessions = flow.facts.iter().find(|fact| fact.events == ["session.started"]).unwrap();
    assert_eq!(sessions.keep, Span::days(14));
    let FeatureKind::Count { fact, window } = &flow.features[1].kind else { panic!() };
    assert_eq!((fact, *window), (&sessions.key, Window { from: Span::days(14), to: Span::days(7) }));
}

#[test]
fn the_rest_of_the_workflow_is_there() {
    let flow = workflow();
    assert_eq!((flow.priority, flow.holdout, flow.start.again_after), (60, 0.1, Some(Span::days(14))));
    assert_eq!(flow.scores[0].bands[1].name, "uncertain");
    assert_eq!(flow.goal.as_ref().unwrap().value.as_ref().unwrap().source.as_ref(), "event.mrr");
    assert_eq!(flow.breakers[0].above, 500);
    assert_eq!(
        (flow.reviews[1].sample, flow.reviews[1].channels.as_slice()),
        (Some(0.05), &[Channel::Email, Channel::Task][..])
    );
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
    assert_eq!(cases[3].fields["mrr"], Value::Money(Money::parse("600 EUR").unwrap()));
    assert_eq!(cases[3].fields["zone"], Value::Text("Europe/Berlin".into()));
    let Happens::Event { kind, fields, body, of } = &cases[3].events[0].what else { panic!() };
    assert_eq!((kind.as_str(), body, of), ("usage.daily_summary", &None, &None));
    assert_eq!(fields["sessions"], Value::Number(3.0));
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
        load(&files, &[("trial-rescue/tips", Channel::Email), ("trial-rescue/checklist", Channel::Nudge)]).workflows[0]
            .version
            .clone()
    };
    let plain = version(&|text| text);
    assert_eq!(plain.len(), 16);
    assert_eq!(version(&|text| text.replace("priority: 60   ", "# moved\npriority:   60")), plain);
    assert_eq!(version(&|text| format!("\u{feff}{}", text.replace('\n', "\r\n"))), plain);
    assert_ne!(version(&|text| text.replace("priority: 60", "priority: 61")), plain);
    assert_ne!(version(&|text| text.replace("tips-email", "tips-mail")), plain);
}

#[test]
fn the_shipped_example_has_no_problems() {
    let files = read_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/retail")).unwrap();
    let loaded = load(&files, &[("winback/miss-you", Channel::Email), ("winback/reminder", Channel::Nudge)]);
    assert!(loaded.diagnostics.is_empty(), "{}", render(&loaded.diagnostics));
    assert_eq!((loaded.workflows.len(), loaded.tests.len()), (1, 1));
}
