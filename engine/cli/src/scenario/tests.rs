//! The runner of test files: what a failing case says, and what a run of tests covers.

use super::coverage::{self, Coverage};
use super::*;
use crate::load;
use std::collections::BTreeMap;
use std::path::Path;

const WORKSPACE: &str = "\
workspace: shop
zone: Europe/Berlin
currency: EUR
contact:
  plan: { type: text }
  email: { type: email, personal: true }
account:
  tier: { type: text }
events:
  session.started: {}
  subscription.started: {}
purposes: [marketing]
audiences:
  trials:
    when: contact.plan == \"trial\"
policy:
  quiet_hours:
    - { channels: [email], hours: 21:00-08:00, zone: Europe/Berlin, zone_if_unknown: Europe/Berlin, then: hold }
";

const RESCUE: &str = "\
workflow: rescue
title: Rescue
owner: team
purpose: marketing
priority: 50
start:
  event: session.started
  when: contact.plan == \"trial\"
  again_after: 2d
features:
  team: { count: session.started, window: 7d, over: account }
steps:
  - choose: risk
    first:
      - case: team
        when: feature.team >= 2
        do:
          - task: call
            title: Call
            assignee: anna
    else:
      - email: tips
        template: tips
  - wait: opened
    event: email.opened
    of: tips
    up_to: 3d
    if_seen: stop
    if_not: continue
  - split: offer
    arms: { a: 50%, b: 50% }
    do:
      a:
        - nudge: checklist
          template: checklist
      b: continue
  - stop: end
leave_when:
  - event: subscription.started
goal: { event: subscription.started, window: 7d }
";

const DIGEST: &str = "\
workflow: digest
title: Digest
owner: team
purpose: marketing
priority: 10
start: { schedule: 09:00 MON, zone: contact, audience: trials }
steps:
  - email: digest-mail
    template: tips
";

/// A workspace with these cases under `test: WORKFLOW`, run.
fn run_cases(workflow: &str, cases: &str) -> Vec<Ran> {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let head = "now: 2026-03-02T10:00 Europe/Berlin\ndefaults:\n  stage: full\n  arm: treated\n  contact: { id: c1, plan: trial, email: a@example.com }\n";
    write("staunch.yaml", WORKSPACE);
    write("workflows/rescue.yaml", RESCUE);
    write("workflows/digest.yaml", DIGEST);
    write("workflows/rescue.test.yaml", &format!("test: {workflow}\n{head}cases:\n{cases}"));
    write("templates/tips.txt", "Subject: Tips\n\nHello.\n");
    write("templates/checklist.txt", "Title: Checklist\n\nHello.\n");
    let project = load::open(folder.path()).unwrap_or_else(|error| panic!("{error}"));
    project.tests.iter().flat_map(|file| run(&project, file, "")).collect()
}

/// Every case passes.
fn check(workflow: &str, cases: &str) {
    for one in run_cases(workflow, cases) {
        assert!(one.passed(), "{}", one.text());
    }
}

#[test]
fn every_kind_of_expectation_can_be_met() {
    check(
        "rescue",
        "
  - name: opened, so nothing more
    events:
      - { at: 0h, event: session.started }
      - { at: 1d, event: email.opened, of: tips }
    expect: [{ at: 0h, sent: tips }, { at: 1d, done: opened }, { never: checklist }, nothing_else]
  - name: not opened, arm a
    splits: { offer: a }
    events: [{ at: 0h, event: session.started }]
    expect: [{ at: 0h, sent: tips }, { at: 3d, sent: checklist }, { at: 3d, done: end }, nothing_else]
  - name: subscribes, so it leaves and the goal is reached
    events: [{ at: 0h, event: session.started }, { at: 1d, event: subscription.started }]
    expect: [{ at: 0h, sent: tips }, { at: 1d, goal: reached }, { at: 1d, left: subscription.started }, nothing_else]
  - name: three reasons not to start
    contact: { plan: pro }
    events: [{ at: 0h, event: session.started }]
    expect: [{ at: 0h, not_started: when }, nothing_else]
  - name: too fresh
    splits: { offer: b }
    events:
      - { at: 0h, event: session.started }
      - { at: 1h, event: email.opened, of: tips }
      - { at: 1d, event: session.started }
    expect: [{ at: 0h, sent: tips }, { at: 1d, not_started: again_after }]
  - name: still running
    splits: { offer: b }
    events: [{ at: 0h, event: session.started }, { at: 2d1h, event: session.started }]
    expect: [{ at: 0h, sent: tips }, { at: 2d1h, not_started: running }]
  - name: a colleague counts for the account
    account: { id: acme, tier: gold }
    splits: { offer: b }
    events:
      - { at: -1d, event: session.started, contact: c2 }
      - { at: 0h, event: session.started }
    expect: [{ at: 0h, sent: call }]
  - name: no consent
    consent: { marketing: false }
    splits: { offer: b }
    events: [{ at: 0h, event: session.started }]
    expect: [{ at: 0h, withheld: tips, because: consent }, { never: tips }, nothing_else]
",
    );
}

#[test]
fn a_schedule_ticks_only_where_a_case_says_so() {
    check(
        "digest",
        "
  - name: in the audience
    events: [{ at: 1h, tick: start }]
    expect: [{ at: 1h, sent: digest-mail }, nothing_else]
  - name: outside of it
    contact: { plan: pro }
    events: [{ at: 0h, tick: start }]
    expect: [{ at: 0h, not_started: audience }, nothing_else]
",
    );
    let missed = run_cases(
        "digest",
        "  - name: no tick\n    events: [{ at: 0h, event: session.started }]\n    expect: [{ at: 0h, sent: digest-mail }]\n",
    );
    let text = missed[0].text();
    assert!(text.contains("no run: the schedule ticks only where a case says `tick: start`"), "{text}");
}

#[test]
fn a_failure_says_what_happened_instead_on_one_time_line() {
    let ran = run_cases(
        "rescue",
        "
  - name: at night, and too early
    now: 2026-03-02T23:30 Europe/Berlin
    splits: { offer: a }
    events: [{ at: 0h, event: session.started }]
    expect:
      - { at: 0h, sent: tips }
      - { at: 2d, sent: checklist }
      - nothing_else
",
    );
    insta::assert_snapshot!(ran[0].text(), @r#"
    FAIL  workflows/rescue.test.yaml:9 at night, and too early
          expected 0h sent tips (line 14), which did not happen
            instead: 0h held tips (quiet_hours) until Tue 2026-03-03 08:00, Mon
              2026-03-02 23:30
          expected 2d sent checklist (line 15), which did not happen
            instead: 3d sent checklist, Thu 2026-03-05 23:30
          happened and was not expected: 0h held tips (quiet_hours) until Tue
            2026-03-03 08:00
          happened and was not expected: 8h30m sent tips
          happened and was not expected: 3d sent checklist
          time line (Europe/Berlin), !! = differs:
                                          expected        happened
                0h  Mon 2026-03-02 23:30                  event session.started
          !!    0h  Mon 2026-03-02 23:30  sent tips       –
          !!    0h  Mon 2026-03-02 23:30                  held tips (quiet_hours) until Tue 2026-03-03 08:00
          !! 8h30m  Tue 2026-03-03 08:00                  sent tips
          !!    2d  Wed 2026-03-04 23:30  sent checklist  –
          !!    3d  Thu 2026-03-05 23:30                  sent checklist
                3d  Thu 2026-03-05 23:30                  done at end
    "#);
}

#[test]
fn a_failure_says_why_nothing_happened() {
    let ran = run_cases(
        "rescue",
        "
  - name: the wrong plan
    contact: { plan: pro }
    events: [{ at: 0h, event: session.started }]
    expect: [{ at: 0h, sent: tips }]
  - name: nobody calls
    splits: { offer: b }
    events: [{ at: 0h, event: session.started }]
    expect: [{ at: 0h, sent: call }]
  - name: an outcome of nothing
    events: [{ at: 0h, event: email.opened, of: tips }]
    expect: [nothing_else]
",
    );
    let texts: Vec<String> = ran.iter().map(|one| one.differences.join("\n")).collect();
    insta::assert_snapshot!(texts.join("\n\n"), @r#"
    expected 0h sent tips (line 12), which did not happen
      no run: 0h not started: when is false
      start: session.started came, when: contact.plan == "trial" (contact.plan = pro)

    expected 0h sent call (line 16), which did not happen
      the way of the run:
      0h started, waits
        start: session.started came, when: contact.plan == "trial" (contact.plan = trial)
        risk/team: feature.team >= 2: false (feature.team = 0)
        risk/else: taken
        tips: email ready
      3d went on, done
        opened: the event did not come
        offer/b: drawn at 0.8337
        end: stops here

    the email.opened of line 18 is about the action of `tips`, and there was none by 0h
    "#);
}

#[test]
fn coverage_names_what_no_test_exercised() {
    let ran = run_cases(
        "rescue",
        "
  - name: held for the night
    now: 2026-03-02T23:30 Europe/Berlin
    splits: { offer: a }
    events: [{ at: 0h, event: session.started }]
    expect: [{ at: 0h, held: tips }]
",
    );
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [("staunch.yaml", WORKSPACE), ("workflows/rescue.yaml", RESCUE)] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    std::fs::create_dir_all(folder.path().join("templates")).unwrap();
    std::fs::write(folder.path().join("templates/tips.txt"), "Subject: Tips\n\nHello.\n").unwrap();
    std::fs::write(folder.path().join("templates/checklist.txt"), "Title: Checklist\n\nHello.\n").unwrap();
    let project = load::open(folder.path()).unwrap_or_else(|error| panic!("{error}"));
    let flow = &project.workflows[0];
    let stories: Vec<_> = ran.iter().map(|one| &one.story).collect();
    let covered = BTreeMap::from([(flow.name.clone(), Coverage::of(flow, &stories))]);
    insta::assert_snapshot!(coverage::text(&covered), @r#"
    coverage  exercised  share
    rescue      7 of 15   47 %

    missing in rescue  what
    start              not started: when
    start              not started: again_after
    case               risk/team
    step               call sent                 never reached
    wait               opened if_seen
    arm                offer/b
    leave_when         subscription.started
    goal               subscription.started

    guards of rescue that stood in the way: quiet_hours
    guards that never did: address, consent, expiry, holdout, kill, stage, suppression
    "#);
    let none = Coverage::of(flow, &[]);
    assert_eq!(none.share(), (0, none.items.len()), "without a test nothing is covered");
}
