//! Lint across files: each rule where it speaks, and where it must not.

use staunch_core::action::Channel;
use staunch_core::codes;
use staunch_rules::Rules;
use staunch_workflow::{Files, NoPlugins, Severity, TemplateInfo, load_workspace, render};

const WORKSPACE: &str = "workspace: w\nzone: UTC\ncurrency: EUR\ncontact:\n  plan: text\nevents:\n  order.paid: { total: money }\n  order.sent: {}\npurposes: [marketing, service]\nroles:\n  lead: [a@example.com]\naudiences:\n  quiet:\n    when: contact.plan == \"pro\"\n";

/// A workflow whose lines are changed and added to: line 4 is its priority, line 6 its event.
fn flow(name: &str, priority: u8, event: &str, rest: &str) -> String {
    format!(
        "workflow: {name}\ntitle: T\nowner: lead\npurpose: marketing\npriority: {priority}\nstart:\n  event: {event}\n{rest}"
    )
}

const MAIL: &str = "steps:\n  - email: m\n    template: t\n";

/// `file line:column code` for all but the declarations that these files leave unused.
fn found(workspace: &str, flows: &[String]) -> Vec<String> {
    let mut files: Files = [("staunch.yaml".to_owned(), workspace.as_bytes().to_vec())].into();
    for (index, text) in flows.iter().enumerate() {
        files.insert(format!("{}.yaml", ["a", "b", "c"][index]), text.as_bytes().to_vec());
    }
    let templates = [("t", Channel::Email), ("u", Channel::Email), ("n", Channel::Nudge)];
    let templates = templates.map(|(name, channel)| (name.to_owned(), TemplateInfo::of(channel))).into();
    let loaded = load_workspace(&files, &Rules::new(), &NoPlugins, &templates);
    let rest = loaded.diagnostics.iter().filter(|one| one.code != codes::UNUSED && one.code != codes::NOT_ENFORCED);
    let places = rest.map(|one| {
        let mark = if one.severity == Severity::Warning { "?" } else { "" };
        format!("{} {}:{} {mark}{}", one.file, one.line, one.column, one.code)
    });
    let places: Vec<String> = places.collect();
    assert!(render(&loaded.diagnostics).lines().all(|line| line.chars().count() <= 80));
    places
}

#[test]
fn two_workflows_for_the_same_people_need_an_order() {
    let pair = |first: String, second: String, workspace: &str| found(workspace, &[first, second]);
    let mail = |name: &str, priority, event: &str| flow(name, priority, event, MAIL);
    assert_eq!(pair(mail("a", 50, "order.paid"), mail("b", 50, "order.*"), WORKSPACE), ["b.yaml 7:10 ?ST1076"]);
    assert_eq!(pair(mail("a", 60, "order.paid"), mail("b", 50, "order.paid"), WORKSPACE), [""; 0]);
    assert_eq!(pair(mail("a", 50, "order.paid"), mail("b", 50, "order.sent"), WORKSPACE), [""; 0]);
    let capped = format!("{WORKSPACE}policy:\n  caps:\n    - {{ id: c, channels: [email], max: 3, window: 7d }}\n");
    assert_eq!(pair(mail("a", 50, "order.paid"), mail("b", 50, "order.paid"), &capped), [""; 0]);
    let nudge = flow("b", 50, "order.paid", "steps:\n  - nudge: m\n    template: n\n");
    assert_eq!(pair(mail("a", 50, "order.paid"), nudge, WORKSPACE), [""; 0]);
    let when =
        |name: &str, plan: &str| flow(name, 50, "order.paid", &format!("  when: contact.plan == \"{plan}\"\n{MAIL}"));
    assert_eq!(pair(when("a", "trial"), when("b", "pro"), WORKSPACE), [""; 0], "nobody passes both");
    assert_eq!(pair(when("a", "pro"), when("b", "pro"), WORKSPACE), ["b.yaml 7:10 ?ST1076"]);
}

#[test]
fn audiences_overlap_as_events_do() {
    let scheduled = |name: &str| {
        flow(name, 50, "order.paid", MAIL)
            .replace("  event: order.paid\n", "  schedule: 09:00 MON\n  audience: quiet\n")
    };
    assert_eq!(found(WORKSPACE, &[scheduled("a"), scheduled("b")]), ["b.yaml 8:13 ?ST1076"]);
    assert_eq!(found(WORKSPACE, &[scheduled("a"), flow("b", 50, "order.paid", MAIL)]), [""; 0]);
}

#[test]
fn a_cap_that_others_use_up() {
    let capped = |max: u32| {
        format!("{WORKSPACE}policy:\n  caps:\n    - {{ id: c, channels: [email], max: {max}, window: 7d }}\n")
    };
    let two = "steps:\n  - email: m\n    template: t\n  - wait: w\n    for: 2d\n  - email: m2\n    template: t\n";
    let high = flow("a", 90, "order.paid", two);
    let low = flow("b", 10, "order.paid", MAIL);
    assert_eq!(found(&capped(2), &[high.clone(), low.clone()]), ["b.yaml 5:11 ?ST1077"]);
    assert_eq!(found(&capped(3), &[high.clone(), low.clone()]), [""; 0], "a slot is left");
    let late = high.replace("for: 2d", "for: 8d");
    assert_eq!(found(&capped(2), &[late, low.clone()]), [""; 0], "the second mail lies outside of the window");
    let spaced = high.replace("  event: order.paid\n", "  event: order.paid\n  again_after: 30d\n");
    assert_eq!(found(&capped(2), &[spaced, low.clone()]), [""; 0], "other orders leave slots");
    let exempt = capped(2).replace("window: 7d", "window: 7d, exempt: [marketing]");
    assert_eq!(found(&exempt, &[high, low]), [""; 0]);
}

#[test]
fn workflows_that_start_each_other() {
    let by = |name: &str, event: &str, channel: &str, template: &str| {
        flow(name, 50, event, &format!("steps:\n  - {channel}: m\n    template: {template}\n"))
    };
    let mailer = by("a", "nudge.clicked", "email", "t");
    let nudger = by("b", "email.opened", "nudge", "n");
    assert_eq!(found(WORKSPACE, &[mailer.clone(), nudger.clone()]), ["a.yaml 7:10 ST1078"]);
    let spaced = nudger.replace("  event: email.opened\n", "  event: email.opened\n  again_after: 7d\n");
    assert_eq!(found(WORKSPACE, &[mailer.clone(), spaced]), [""; 0]);
    assert_eq!(found(WORKSPACE, &[mailer, by("b", "order.paid", "nudge", "n")]), [""; 0]);
}

#[test]
fn an_approval_that_another_workflow_goes_around() {
    let review =
        "review:\n  actions:\n    - { id: g, channels: [email], by: lead, expires: 72h, if_expired: reject }\n";
    let gated = flow("a", 60, "order.paid", &format!("{MAIL}{review}"));
    let open = flow("b", 50, "order.paid", MAIL);
    assert_eq!(found(WORKSPACE, &[gated.clone(), open.clone()]), ["b.yaml 9:12 ?ST1073"]);
    assert_eq!(found(WORKSPACE, &[gated.clone(), flow("b", 50, "order.sent", MAIL)]), [""; 0]);
    assert_eq!(found(WORKSPACE, &[gated, open.replace("template: t", "template: u")]), [""; 0]);
}

#[test]
fn a_rule_whose_signal_nothing_brings() {
    let kill = "kill:\n  - id: k\n    rate: unsubscribed / delivered.email\n    limit: 1%\n    matured_after: 72h\n    then: pause\n";
    let killed = flow("a", 50, "order.paid", &format!("{MAIL}{kill}"));
    assert_eq!(found(WORKSPACE, std::slice::from_ref(&killed)), ["a.yaml 12:9 ?ST1079"]);
    let mail = format!("{WORKSPACE}mail:\n  from: a@example.com\n  unsubscribe: https://example.com/u\n");
    assert_eq!(found(&mail, std::slice::from_ref(&killed)), [""; 0]);
    let source = format!(
        "{WORKSPACE}sources:\n  - source: esp\n    exchange: e\n    bind: x\n    map: {{ id: $.a, type: email.unsubscribed, time: $.b, contact: $.c }}\n"
    );
    assert_eq!(found(&source, &[killed]), [""; 0]);
}

#[test]
fn declarations_without_a_use() {
    let workspace = format!("{WORKSPACE}connectors:\n  crm: {{ kind: local }}\n");
    let files: Files = [
        ("staunch.yaml".to_owned(), workspace.clone().into_bytes()),
        ("a.yaml".to_owned(), flow("a", 50, "order.paid", MAIL).into_bytes()),
    ]
    .into();
    let templates = [("t".to_owned(), TemplateInfo::of(Channel::Email))].into();
    let loaded = load_workspace(&files, &Rules::new(), &NoPlugins, &templates);
    let places: Vec<_> = loaded.diagnostics.iter().map(|one| (one.line, one.column, one.code.as_str())).collect();
    // The role is the owner of the workflow.
    assert_eq!(places, [(13, 3, codes::UNUSED), (16, 3, codes::UNUSED)]);
    let alone: Files = [("staunch.yaml".to_owned(), workspace.into_bytes())].into();
    let loaded = load_workspace(&alone, &Rules::new(), &NoPlugins, &Default::default());
    assert_eq!(loaded.diagnostics, [], "a workspace without workflows is at its beginning");
}
