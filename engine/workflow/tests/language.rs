//! Mistakes in workflow files, construct by construct: each is reported once, at its place, with a way out.

use staunch_core::action::Channel;
use staunch_core::codes;
use staunch_core::score::{Band, ScoreKind};
use staunch_core::value::Type;
use staunch_rules::Rules;
use staunch_workflow::{
    Files, Loaded, PluginCatalog, PluginInfo, PluginInput, Severity, TemplateInfo, load_workspace, render,
};

const WORKSPACE: &str = "workspace: w
zone: UTC
currency: EUR
contact:
  plan: { type: text, one_of: [free, paid], optional: true }
  zone: zone
account: { seats: number, k: { type: number, personal: true } }
events:
  order.paid: { total: money, ref: text }
purposes: [marketing]
audiences:
  quiet:
    when: contact.zone != \"UTC\"
connectors:
  hook: { kind: webhook, url: https://x.example, secret: env:S }
  list: { kind: local }
roles:
  lead: [a@example.com]
mail: { from: a@example.com, unsubscribe: https://x.example/unsubscribe }
";
const HEAD: &str = "workflow: f\ntitle: T\nowner: o\npurpose: marketing\n";
const START: &str = "start:\n  event: order.paid\n";
const MAIL: &str = "  - email: m\n    template: t\n";

struct Plugins;

impl PluginCatalog for Plugins {
    fn plugin(&self, name: &str) -> Option<PluginInfo> {
        let kind = match name {
            "number" => ScoreKind::Scalar,
            "topics" => ScoreKind::Classes(vec!["billing".into(), "product".into()]),
            "ranks" => ScoreKind::Ranking,
            _ => return None,
        };
        let bands = if kind == ScoreKind::Scalar { vec![Band { name: "low".into(), from: 0.0 }] } else { vec![] };
        let inputs = Some(vec![PluginInput { name: "k".into(), kind: Type::Number }]);
        Some(PluginInfo { inputs, kind, bands, problems: vec![] })
    }

    fn names(&self) -> Vec<String> {
        ["number", "topics", "ranks"].map(str::to_owned).to_vec()
    }
}

fn load(workflow: &str) -> Loaded {
    let text = |name: &str, text: &str| [(name.to_owned(), text.to_owned())].into_iter().collect();
    let templates = [
        ("t", TemplateInfo { channel: Channel::Email, files: text("t.txt", "Seen {{ feature.shown }} times") }),
        ("n", TemplateInfo { channel: Channel::Nudge, files: text("n.txt", "Look") }),
    ];
    let templates = templates.map(|(name, info)| (name.to_owned(), info)).into_iter().collect();
    let files: Files = [("staunch.yaml", WORKSPACE), ("a.yaml", workflow)]
        .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
        .into_iter()
        .collect();
    load_workspace(&files, &Rules::new(), &Plugins, &templates)
}

type Found = (usize, usize, &'static str);

/// Checks each workflow's problems; line numbers count from the first line behind the head (and the start).
fn check(head: &str, cases: &[(&str, &[Found])]) {
    let offset = head.lines().count();
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let mut loaded = load(&format!("{head}{text}"));
        // Most of the workspace is not used by most of these files, which is said in its own file.
        loaded.diagnostics.retain(|one| one.file == "a.yaml");
        let found: Vec<_> =
            loaded.diagnostics.iter().map(|one| (one.line - offset, one.column, one.code.as_str())).collect();
        if found != *expected {
            wrong.push(format!("{text}\nexpected {expected:?}\nfound {found:?}\n{}", render(&loaded.diagnostics)));
        }
        let usable = loaded.diagnostics.iter().all(|one| one.severity == Severity::Warning);
        assert_eq!(loaded.workflows.len(), usize::from(usable), "{text}");
        assert!(loaded.diagnostics.iter().all(|one| !one.help.is_empty()), "{text}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n---\n"));
}

/// Steps behind a first mail.
fn steps(cases: &[(&str, &[Found])]) {
    check(&format!("{HEAD}{START}steps:\n{MAIL}"), cases);
}

/// Whatever else stands in a workflow that sends a mail.
fn around(cases: &[(&str, &[Found])]) {
    steps(cases);
}

#[test]
fn splits() {
    steps(&[
        ("  - split: s\n    arms: { a: 50%, b: 50% }\n    do: { a: continue, b: stop }\n", &[]),
        (
            "  - split: s\n    arms: { a: 50%, b: 40% }\n    do: { a: continue, b: stop }\n",
            &[(2, 11, codes::SPLIT_SHARES)],
        ),
        (
            "  - split: s\n    arms: { a: 33.3333333%, b: 33.3333333%, c: 33.3333334% }\n    do: { a: continue, b: stop, c: stop }\n",
            &[],
        ),
        ("  - split: s\n    arms: { a: 50%, b: 50% }\n    do: { a: continue }\n", &[(2, 21, codes::OPEN_END)]),
        (
            "  - split: s\n    arms: { a: 50%, b: 50% }\n    do: { a: continue, b: stop, c: stop }\n",
            &[(3, 33, codes::UNKNOWN_KEY)],
        ),
        (
            "  - split: s\n    arms: { a: 50, b: 50% }\n    do: { a: continue, b: stop }\n",
            &[(2, 16, codes::NEEDS_UNIT)],
        ),
        (
            "  - split: s\n    arms: { a: 50%, b: 50% }\n    do: { a: continue, b: continue }\n",
            &[(1, 12, codes::IDLE_SPLIT)],
        ),
        (
            "  - split: s\n    arms: { a: 100%, b: 0% }\n    do: { a: continue, b: stop }\n",
            &[(2, 22, codes::UNREACHABLE)],
        ),
        (
            "  - split: s\n    arms: { \"a b\": 50%, b: 50% }\n    do: { \"a b\": continue, b: stop }\n",
            &[(2, 13, codes::BAD_VALUE)],
        ),
        // Everybody stops, so nothing behind it is reached.
        (
            "  - split: s\n    arms: { a: 50%, b: 50% }\n    do: { a: stop, b: [stop] }\n  - wait: w\n    for: 1d\n",
            &[(4, 11, codes::UNREACHABLE)],
        ),
        // The id of a step inside an arm is an id of the file.
        (
            "  - split: s\n    arms: { a: 50%, b: 50% }\n    do:\n      a: continue\n      b:\n        - stop: m\n",
            &[(6, 17, codes::DUPLICATE_ID)],
        ),
    ]);
}

#[test]
fn setting_a_field() {
    steps(&[
        ("  - set: s\n    field: contact.plan\n    expr: |\n      \"paid\"\n", &[]),
        ("  - set: s\n    field: contact.plan\n    expr: |\n      \"gold\"\n", &[(3, 11, codes::BAD_VALUE)]),
        ("  - set: s\n    field: contact.plam\n    expr: \"1\"\n", &[(2, 12, codes::UNKNOWN_FIELD)]),
        ("  - set: s\n    field: entry.total\n    expr: \"1\"\n", &[(2, 12, codes::BAD_VALUE)]),
        ("  - set: s\n    field: contact.plan\n    expr: \"1\"\n", &[(3, 12, codes::EXPR_RESULT)]),
        ("  - set: s\n    field: contact.plan\n", &[(1, 5, codes::MISSING_KEY)]),
    ]);
}

#[test]
fn webhooks_and_tasks() {
    steps(&[
        ("  - webhook: w\n    connector: hook\n    fields: { plan: \"{{ contact.zone }}\" }\n", &[]),
        ("  - webhook: w\n    connector: list\n", &[(2, 16, codes::BAD_VALUE)]),
        ("  - webhook: w\n    connector: hoook\n", &[(2, 16, codes::UNKNOWN_CONNECTOR)]),
        ("  - webhook: w\n", &[(1, 5, codes::MISSING_KEY)]),
        ("  - webhook: w\n    connector: hook\n    url: https://y\n", &[(3, 5, codes::UNKNOWN_KEY)]),
        (
            "  - webhook: w\n    connector: hook\n    fields: { seats: \"{{ account.seats }}\" }\n",
            &[(3, 26, codes::EXPR_NO_DEFAULT)],
        ),
        ("  - task: x\n    title: a\n    assignee: { round_robin: [a, b], if_full: queue }\n", &[]),
        ("  - task: x\n    title: a\n    assignee: { round_robin: [a, a] }\n", &[(3, 34, codes::DUPLICATE_ID)]),
        ("  - task: x\n    title: a\n    assignee: { round_robin: [] }\n", &[(3, 30, codes::BAD_VALUE)]),
        (
            "  - task: x\n    title: a\n    assignee: { round_robin: [a], if_full: drop }\n",
            &[(3, 44, codes::BAD_VALUE)],
        ),
    ]);
}

#[test]
fn waits() {
    let ends = "    up_to: 1d\n    if_seen: stop\n    if_not: continue\n";
    let of = |event: &str, of: &str| format!("  - wait: w\n    event: {event}\n    of: {of}\n{ends}");
    steps(&[
        ("  - wait: w\n    until: 09:00-11:00 MON-FRI\n", &[]),
        ("  - wait: w\n    until: 22:00-02:00\n", &[]),
        ("  - wait: w\n    until: 09:00-11:00 MON-FRY\n", &[(2, 12, codes::BAD_VALUE)]),
        ("  - wait: w\n    until: 09:00\n", &[(2, 12, codes::BAD_VALUE)]),
        ("  - wait: w\n    for: 2d\n    until: 09:00-11:00\n", &[(3, 5, codes::UNKNOWN_KEY)]),
        (&of("email.clicked", "m"), &[]),
        (&of("email.clicked", "mm"), &[(3, 9, codes::UNKNOWN_STEP)]),
        (&of("email.clicked", "w"), &[(3, 9, codes::UNKNOWN_STEP)]),
        (&of("task.done", "m"), &[(3, 9, codes::BAD_VALUE)]),
        (&of("order.paid", "m"), &[(3, 9, codes::BAD_VALUE)]),
        (&of("\"*.clicked\"", "m"), &[(3, 9, codes::BAD_VALUE)]),
        // The step may stand further down.
        (&format!("{}  - task: late\n    title: a\n", of("task.done", "late")), &[]),
        (&format!("  - wait: w\n    event: task.done\n{ends}"), &[(1, 11, codes::NO_OUTCOME)]),
        (&format!("  - wait: w\n    event: [task.done, order.paid]\n{ends}"), &[]),
        (&format!("  - wait: w\n    event: email.clicked\n{ends}"), &[]),
    ]);
}

#[test]
fn choices() {
    let cases = |one: &str, two: &str| {
        format!(
            "  - choose: c\n    first:\n      - case: a\n        when: {one}\n        do: [stop]\n      - case: b\n        when: {two}\n        do: [stop]\n    else: continue\n"
        )
    };
    steps(&[
        (&cases("entry.total > eur(5)", "entry.total > eur(6)"), &[]),
        (&cases("entry.total > eur(5)", "entry.total > eur(5)"), &[(6, 15, codes::UNREACHABLE)]),
        (&cases("true", "entry.total > eur(5)"), &[(6, 15, codes::UNREACHABLE)]),
        (&cases("false", "entry.total > eur(5)"), &[(3, 15, codes::UNREACHABLE)]),
        (&cases("(account.seats ?? 0) > 3", "account.seats > 4"), &[(7, 15, codes::EXPR_NO_DEFAULT)]),
        (&cases("(account.seets ?? 0) > 3", "entry.total > eur(5)"), &[(4, 16, codes::EXPR_UNKNOWN_NAME)]),
    ]);
}

#[test]
fn starts() {
    let rest = "steps:\n  - task: x\n    title: a\n";
    let start = |lines: &str| format!("start:\n{lines}{rest}");
    check(
        HEAD,
        &[
            (&start("  schedule: 09:00 MON-FRI\n  zone: contact\n  audience: quiet\n"), &[]),
            (&start("  schedule: \"0 9 * * MON Europe/Berlin\"\n  audience: quiet\n"), &[]),
            (&start("  schedule: 0 9 * * MON\n  zone: Europe/Berlin\n  audience: quiet\n"), &[]),
            (&start("  schedule: 09:00\n"), &[(2, 3, codes::MISSING_KEY)]),
            (&start("  schedule: 09:00\n  audience: loud\n"), &[(3, 13, codes::UNKNOWN_AUDIENCE)]),
            (&start("  schedule: 25:00\n  audience: quiet\n"), &[(2, 13, codes::BAD_SCHEDULE)]),
            (&start("  schedule: 09:00 MONDAY\n  audience: quiet\n"), &[(2, 13, codes::BAD_SCHEDULE)]),
            (&start("  schedule: 0 25 * * *\n  audience: quiet\n"), &[(2, 13, codes::BAD_SCHEDULE)]),
            (&start("  schedule: 0 0 30 2 *\n  audience: quiet\n"), &[(2, 13, codes::BAD_SCHEDULE)]),
            (&start("  schedule: 0 9 * * MON Europe/Berln\n  audience: quiet\n"), &[(2, 25, codes::BAD_SCHEDULE)]),
            (
                &start("  schedule: 0 9 * * MON UTC\n  zone: contact\n  audience: quiet\n"),
                &[(3, 3, codes::BAD_SCHEDULE)],
            ),
            (&start("  schedule: 09:00\n  event: order.paid\n  audience: quiet\n"), &[(3, 3, codes::BAD_VALUE)]),
            (
                &start("  event: order.paid\n  zone: contact\n  audience: quiet\n"),
                &[(3, 3, codes::UNKNOWN_KEY), (4, 3, codes::UNKNOWN_KEY)],
            ),
            (&start("  again_after: 3d\n"), &[(2, 3, codes::MISSING_KEY)]),
            // There is no event, and the entry is nothing but a time, which only a text can show.
            (
                &start("  schedule: 09:00\n  audience: quiet\n  when: event.total > eur(1)\n"),
                &[(4, 9, codes::EXPR_NO_PLACE)],
            ),
            (
                "start: { schedule: 09:00, audience: quiet }\nsteps:\n  - task: x\n    title: \"{{ entry.time }}\"\n",
                &[],
            ),
            (
                "start: { schedule: 09:00, audience: quiet }\nsteps:\n  - task: x\n    title: \"{{ entry.total }}\"\n",
                &[(4, 16, codes::UNKNOWN_FIELD)],
            ),
        ],
    );
}

#[test]
fn features() {
    let one = |line: &str| format!("features:\n  shown: {{ {line} }}\n");
    around(&[
        (&one("max: order.paid, of: total, window: 7d, never: 0, over: account"), &[]),
        (&one("max: order.paid, of: total, window: 7d"), &[(2, 10, codes::MISSING_KEY)]),
        (&one("max: order.paid, of: ref, window: 7d, never: 0"), &[(2, 33, codes::WRONG_TYPE)]),
        (&one("distinct: order.paid, of: ref, window: 7d"), &[]),
        (&one("distinct: order.paid, of: ref, window: 7d, never: 0"), &[(2, 55, codes::UNKNOWN_KEY)]),
        (&one("ratio: order.paid, window: 7d, against: 14d..7d, never: 1"), &[]),
        (&one("ratio: order.paid, of: ref, window: 7d, against: 14d..7d, never: 1"), &[(2, 35, codes::WRONG_TYPE)]),
        (&one("ratio: order.paid, window: 7d, never: 1"), &[(2, 10, codes::MISSING_KEY)]),
        (&one("count: order.paid, window: 7d, over: accounts"), &[(2, 49, codes::BAD_VALUE)]),
        (&one("conut: order.paid, window: 7d"), &[(2, 12, codes::UNKNOWN_KEY)]),
        (&one("window: 7d"), &[(2, 10, codes::MISSING_KEY)]),
        (&one("expr: \"1\", over: account"), &[(2, 18, codes::EXPRESSION_IN_FLOW), (2, 23, codes::UNKNOWN_KEY)]),
        // `shown` stands in the template's text, `lost` nowhere.
        ("features:\n  lost: { count: order.paid, window: 7d }\n", &[(2, 3, codes::UNUSED)]),
        ("features:\n  show: { count: order.paid, window: 7d }\n", &[(2, 3, codes::UNUSED)]),
    ]);
}

#[test]
fn scores() {
    let score = |plugin: &str, fallback: &str, when: &str| {
        format!(
            "  - choose: c\n    first:\n      - case: a\n        when: {when}\n        do: [stop]\n    else: stop\nfeatures:\n  k: {{ count: order.paid, window: 7d }}\nscores:\n  s:\n    plugin: {plugin}\n    inputs: [feature.k]\n    if_unavailable: {fallback}\n"
        )
    };
    let reviewed = format!("{}review:\n  launch: {{ by: lead }}\n", score("number", "review", "score.s > 0.5"));
    let substitute = score("topics", "\n      expr: \"0.5\"\n      accept_risk: fine", "score.s.p > 0.5");
    steps(&[
        (&score("number", "hold", "score.s > 0.5 && band.s == \"low\""), &[]),
        (&score("number", "hold", "score.s.p > 0.5"), &[(4, 23, codes::EXPR_UNKNOWN_NAME)]),
        (&score("topics", "hold", "score.s.label == \"billing\" && score.s.of(\"product\") > 0.2"), &[]),
        (&score("topics", "hold", "score.s.of(\"bilking\") > 0.2"), &[(4, 23, codes::EXPR_UNKNOWN_NAME)]),
        (&score("topics", "hold", "score.s > 0.2"), &[(4, 15, codes::EXPR_UNKNOWN_NAME)]),
        (&score("topics", "hold", "band.s == \"low\""), &[(4, 15, codes::EXPR_UNKNOWN_NAME)]),
        (&score("ranks", "hold", "band.s == \"low\""), &[(4, 15, codes::EXPR_UNKNOWN_NAME)]),
        (&score("number", "hold", "band.s == \"lwo\""), &[(4, 25, codes::BAD_VALUE)]),
        (&score("number", "hold", "(\"high\" != band.s)"), &[(4, 16, codes::BAD_VALUE)]),
        (&score("topics", "hold", "score.s.label == \"biling\""), &[(4, 32, codes::BAD_VALUE)]),
        // Of a plugin that cannot be had nothing more is said.
        (&score("none", "hold", "band.s == \"lwo\" || score.s.label == \"x\""), &[(11, 13, codes::PLUGIN_UNLOCKED)]),
        (&score("ranks", "hold", "(score.s.top(0) ?? \"none\") == \"x\""), &[]),
        (&score("ranks", "hold", "score.s.top(0) == \"x\""), &[(4, 15, codes::EXPR_NO_DEFAULT)]),
        (&score("number", "review", "score.s > 0.5"), &[(13, 21, codes::MISSING_KEY)]),
        (&reviewed, &[(15, 3, codes::NOT_ENFORCED)]),
        (&substitute, &[(14, 7, codes::WRONG_TYPE)]),
        (&score("number", "hold", "feature.k > 1"), &[(10, 3, codes::UNUSED)]),
    ]);
}

#[test]
fn a_band_or_label_that_is_not_there_is_met_with_the_nearest() {
    let flow = |plugin: &str, when: &str| {
        format!(
            "{HEAD}{START}features:\n  k: {{ count: order.paid, window: 7d }}\nscores:\n  s:\n    plugin: {plugin}\n    inputs: [feature.k]\n    if_unavailable: hold\nsteps:\n{MAIL}review:\n  actions:\n    - id: unsure\n      when: {when}\n      by: lead\n      expires: 3d\n      if_expired: reject\n"
        )
    };
    for (plugin, when, message, help) in [
        ("number", "band.s == \"loww\"", "`band.s` is never `loww`", "did you mean `low`?"),
        ("number", "band.s != \"uncertain\"", "`band.s` is never `uncertain`", "it is one of low"),
        ("topics", "score.s.label == \"bill\"", "`score.s.label` is never `bill`", "it is one of billing, product"),
        ("topics", "score.s.label == \"Product\"", "`score.s.label` is never `Product`", "did you mean `product`?"),
        (
            "topics",
            "band.s == \"low\"",
            "the plugin of `score.s` has no bands",
            "only numbers have bands; take a part of it: `score.s.label`, `score.s.p` or `score.s.of(\"billing\")`",
        ),
        (
            "ranks",
            "band.s == \"low\"",
            "the plugin of `score.s` has no bands",
            "only numbers have bands; take one of it: `score.s.top(0) ?? \"none\"`",
        ),
    ] {
        let mut found = load(&flow(plugin, when)).diagnostics;
        found.retain(|one| one.severity == Severity::Error);
        let said: Vec<_> = found.iter().map(|one| (one.message.as_str(), one.help.as_str())).collect();
        assert_eq!(said, [(message, help)], "{when}");
        assert_eq!(found[0].line, 20, "{when}");
    }
}

#[test]
fn inputs_from_the_account() {
    let with =
        |input: &str| format!("scores:\n  s:\n    plugin: number\n    inputs: [{input}]\n    if_unavailable: hold\n");
    around(&[
        (&with("account.k"), &[(4, 14, codes::PERSONAL_INPUT)]),
        (&with("account.kk"), &[(4, 14, codes::UNKNOWN_FIELD)]),
        (&with("event.k"), &[(4, 14, codes::BAD_VALUE)]),
    ]);
}

#[test]
fn kill_rules() {
    let goal = "goal: { event: order.paid, window: 7d }\n";
    let rule = |line: &str| format!("kill:\n  - {{ id: k, {line} }}\n");
    around(&[
        (
            &rule("rate: unsubscribed / delivered.email, limit: 0.5%, matured_after: 72h, then: pause"),
            &[(1, 1, codes::NOT_ENFORCED)],
        ),
        (
            &rule("rate: unsubscribd / delivered.email, limit: 0.5%, matured_after: 72h, then: pause"),
            &[(2, 20, codes::BAD_VALUE)],
        ),
        (
            &rule("rate: unsubscribed / delivered.mail, limit: 0.5%, matured_after: 72h, then: pause"),
            &[(2, 35, codes::BAD_VALUE)],
        ),
        (
            &rule("rate: unsubscribed.task / sent, limit: 0.5%, matured_after: 72h, then: pause"),
            &[(2, 20, codes::BAD_VALUE)],
        ),
        (
            &rule("rate: opened / delivered.email, limit: 0.5%, matured_after: 72h, then: pause"),
            &[(2, 20, codes::BAD_VALUE)],
        ),
        (&rule("rate: unsubscribed, limit: 0.5%, matured_after: 72h, then: pause"), &[(2, 20, codes::BAD_VALUE)]),
        (
            &rule("rate: unsubscribed / sent, limit: 0.5, matured_after: 72h, then: pause"),
            &[(2, 48, codes::NEEDS_UNIT)],
        ),
        (&rule("rate: unsubscribed / sent, limit: 0.5%, then: pause"), &[(2, 5, codes::MISSING_KEY)]),
        (&rule("rate: unsubscribed / sent, limit: 0.5%, matured_after: 72h, then: stop"), &[(2, 80, codes::BAD_VALUE)]),
        (
            &rule("rate: done / sent.task, limit: 0.5%, matured_after: 72h, then: pause"),
            &[(1, 1, codes::NOT_ENFORCED), (2, 20, codes::NO_OUTCOME), (2, 27, codes::NO_OUTCOME)],
        ),
        (
            &rule("lift: goal, worse_than: 0%, then: demote"),
            &[(1, 1, codes::NOT_ENFORCED), (2, 20, codes::MISSING_KEY)],
        ),
        (&format!("{}{goal}", rule("lift: goal, worse_than: -2%, then: demote")), &[(1, 1, codes::NOT_ENFORCED)]),
        (&format!("{}{goal}", rule("lift: revenue, worse_than: 0%, then: demote")), &[(2, 20, codes::BAD_VALUE)]),
        (&rule("then: pause"), &[(2, 5, codes::MISSING_KEY)]),
        (
            &rule("rate: clicked / sent, limit: 1%, matured_after: 1d, then: pause").replace("id: k", "id: m"),
            &[(1, 1, codes::NOT_ENFORCED), (2, 11, codes::DUPLICATE_ID)],
        ),
    ]);
}

#[test]
fn breakers() {
    let rule = |line: &str| format!("breakers:\n  - {{ id: b, {line} }}\n");
    around(&[
        (&rule("actions: email, above: 5, window: 1h, then: pause"), &[]),
        (&rule("actions: email, above: 5, window: 1h, then: hold"), &[(2, 58, codes::NOT_ENFORCED)]),
        (
            &rule("rate: hard_bounced / sent.email, above: 5%, window: 1h, min_sent: 200, then: pause"),
            &[(2, 14, codes::NOT_ENFORCED)],
        ),
        (
            &rule("rate: hard_bounced / sent.email, above: 5%, window: 1h, then: pause"),
            &[(2, 5, codes::MISSING_KEY), (2, 14, codes::NOT_ENFORCED)],
        ),
        (&rule("silent: unsubscribed, for: 48h, then: alert"), &[(2, 14, codes::NOT_ENFORCED)]),
        (&rule("silent: done, for: 48h, then: alert"), &[(2, 14, codes::NOT_ENFORCED), (2, 22, codes::NO_OUTCOME)]),
        (
            &rule("silent: unsubscribed, window: 48h, then: alert"),
            &[(2, 5, codes::MISSING_KEY), (2, 14, codes::NOT_ENFORCED), (2, 36, codes::UNKNOWN_KEY)],
        ),
        (
            &rule("errors: score.x, above: 2%, window: 15m, then: hold"),
            &[(2, 14, codes::NOT_ENFORCED), (2, 22, codes::UNKNOWN_FIELD)],
        ),
        (
            &rule("errors: x, above: 2%, window: 15m, then: hold"),
            &[(2, 14, codes::NOT_ENFORCED), (2, 22, codes::BAD_VALUE)],
        ),
        (&rule("above: 2%"), &[(2, 5, codes::MISSING_KEY)]),
    ]);
}

#[test]
fn leaving_and_goals_of_one_step() {
    around(&[
        ("leave_when:\n  - { event: email.clicked, of: m }\n", &[]),
        ("leave_when:\n  - { event: email.clicked, of: x }\n", &[(2, 33, codes::UNKNOWN_STEP)]),
        ("goal: { event: task.done, of: m, window: 7d }\n", &[(1, 31, codes::BAD_VALUE)]),
    ]);
}

#[test]
fn reviews() {
    let gate = |line: &str| {
        format!(
            "  - nudge: n\n    template: n\nreview:\n  actions:\n    - {{ id: g, by: lead, expires: 1d, if_expired: reject{line} }}\n"
        )
    };
    steps(&[
        ("review: {}\n", &[(1, 9, codes::MISSING_KEY)]),
        (
            "review:\n  launch: { by: led, not_author: true }\n",
            &[(2, 3, codes::NOT_ENFORCED), (2, 17, codes::UNKNOWN_ROLE)],
        ),
        (&gate(""), &[]),
        (&gate(", sample: 0%"), &[(5, 13, codes::REVIEW_BYPASS)]),
        (&gate(", channels: [task]"), &[(5, 13, codes::UNUSED)]),
        // Every mail is approved, and the nudge goes by.
        (&gate(", channels: [email]"), &[(1, 12, codes::REVIEW_BYPASS)]),
        // A spot check is no approval.
        (&gate(", channels: [email], sample: 5%"), &[]),
    ]);
}
