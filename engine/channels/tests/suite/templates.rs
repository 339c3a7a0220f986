//! Templates: strict, limited, escaped, and problems told with their places.

use serde_json::{Value, json};
use staunch_channels::{RenderError, TemplateKind, Templates};
use staunch_core::codes;
use std::collections::BTreeMap;

fn files(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn templates(list: &[(&str, &str)]) -> Templates {
    let (templates, problems) = Templates::parse(&files(list));
    assert_eq!(problems, []);
    templates
}

fn nudge(text: &str, values: Value) -> Result<String, RenderError> {
    templates(&[("n.txt", &format!("Title: T\n\n{text}"))]).render_nudge("n", &values).map(|nudge| nudge.text)
}

#[test]
fn an_email_with_all_its_parts() {
    let templates = templates(&[
        (
            "winback/offer.txt",
            "Subject: {{ contact.name }}, we miss you\n\nHello {{ contact.name }},\nyou spent {{ feature.spend }}.\n",
        ),
        ("winback/offer.html", "<p>Hello {{ contact.name }}</p>"),
        ("winback/tip.txt", "Title: A tip\r\n\r\nBuy {{ feature.orders }} more."),
    ]);
    let values = json!({
        "contact": { "name": "<b>Jörg & \"Co\"</b>" },
        "feature": { "spend": { "micros": 22_200_000, "currency": "GBP" }, "orders": 5.0 },
    });
    let email = templates.render_email("winback/offer", &values).unwrap();
    assert_eq!(email.subject, "<b>Jörg & \"Co\"</b>, we miss you");
    assert_eq!(email.text, "Hello <b>Jörg & \"Co\"</b>,\nyou spent 22.20 GBP.");
    assert_eq!(email.html.as_deref(), Some("<p>Hello &lt;b&gt;Jörg &amp; &quot;Co&quot;&lt;&#x2f;b&gt;</p>"));
    let nudge = templates.render_nudge("winback/tip", &values).unwrap();
    assert_eq!((nudge.title.as_str(), nudge.text.as_str()), ("A tip", "Buy 5 more."));

    assert_eq!(templates.names().collect::<Vec<_>>(), ["winback/offer", "winback/tip"]);
    assert_eq!(templates.kind("winback/tip"), Some(TemplateKind::Nudge));
    let variables = templates.variables("winback/offer").unwrap();
    assert_eq!(variables.into_iter().collect::<Vec<_>>(), ["contact.name", "feature.spend"]);
    for (result, name) in [
        (templates.render_nudge("winback/offer", &values).err(), "kind"),
        (templates.render_nudge("x", &values).err(), "name"),
    ] {
        assert_eq!(result.unwrap().code, codes::TEMPLATE_UNKNOWN, "{name}");
    }
}

#[test]
fn a_missing_value_stops_the_message_and_a_null_is_missing() {
    for values in [json!({}), json!({ "contact": {} }), json!({ "contact": { "name": null } })] {
        let error = nudge("Hello\n{{ contact.name }}", values.clone()).unwrap_err();
        assert_eq!(error.code, codes::TEMPLATE_VALUE);
        assert!(error.message.contains("line 4"), "the file's line: {error}");
    }
    let values = json!({ "contact": { "name": null } });
    assert_eq!(nudge("{{ contact.name | default('you') }}", values.clone()).unwrap(), "you");
    assert_eq!(nudge("{% if contact.name is defined %}a{% else %}b{% endif %}", values).unwrap(), "b");
    assert!(
        nudge("{% if contact.nam %}a{% endif %}", json!({ "contact": { "name": "x" } })).is_err(),
        "a typo is never false"
    );
}

#[test]
fn work_and_output_are_limited() {
    for text in [
        "{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}",
        "{{ 'x' * 100000000 }}",
        "{% set ns = namespace(s='xxxxxxxxxxxxxxxx') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}",
        "{{ '%0999999999d' | format(1) }}",
        "{{ 'a\nb' | indent(999999999) }}",
    ] {
        let begun = std::time::Instant::now();
        let error = nudge(text, json!({})).unwrap_err();
        assert!([codes::TEMPLATE_FUEL, codes::TEMPLATE_VALUE].contains(&error.code), "{error}");
        assert!(begun.elapsed().as_secs() < 5, "{text}");
    }
    assert!(nudge("{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}", json!({})).is_err(), "recursion ends");
}

#[test]
fn authors_cannot_switch_escaping_off_or_reach_other_files() {
    let html = |html: &str| {
        Templates::parse(&files(&[("e.txt", "Subject: s\n\nt"), ("e.html", html), ("o.txt", "Subject: s\n\nother")]))
    };
    for bad in [
        "{% autoescape false %}{{ x }}{% endautoescape %}",
        "{{ x | safe }}",
        "{% include 'o.txt' %}",
        "{%- extends 'o.txt' %}",
        "{% from 'o.txt' import a %}",
        "{% import 'o.txt' as o %}",
    ] {
        let (templates, problems) = html(bad);
        let rendered = templates.render_email("e", &json!({ "x": "<script>" }));
        assert!(!problems.is_empty() || rendered.is_err(), "{bad}: {rendered:?}");
        assert!(rendered.is_err(), "{bad}");
    }
    assert!(nudge("{{ debug() }}", json!({ "contact": { "email": "a@b.c" } })).is_err());
    let (templates, _) = html("<a title=\"{{ x }}\">{{ x | upper | replace('A', '<') }}</a>");
    let email = templates.render_email("e", &json!({ "x": "\"a" })).unwrap();
    assert_eq!(email.html.unwrap(), "<a title=\"&quot;a\">&quot;&lt;</a>");
}

#[test]
fn a_value_cannot_bring_a_second_line_into_a_subject_or_a_title() {
    let templates = templates(&[("e.txt", "Subject: Hi {{ n }}\n\nt"), ("n.txt", "Title: Hi {{ n }}\n\nt")]);
    for nasty in ["a\r\nBcc: x@example.com", "a\nb", "a\u{202E}b", "a\0b", &"x".repeat(600)] {
        let values = json!({ "n": nasty });
        assert_eq!(templates.render_email("e", &values).unwrap_err().code, codes::CHANNEL_HEADER, "{nasty:?}");
        assert_eq!(templates.render_nudge("n", &values).unwrap_err().code, codes::CHANNEL_HEADER, "{nasty:?}");
        assert_eq!(templates.render_text("{{ n }}", &values).unwrap_err().code, codes::CHANNEL_HEADER, "{nasty:?}");
    }
}

#[test]
fn quoted_text_has_fields_and_filters_but_no_logic() {
    let templates = Templates::default();
    let values = json!({ "contact": { "name": "Anna" } });
    assert_eq!(templates.render_text("Call {{ contact.name | upper }} <now>", &values).unwrap(), "Call ANNA <now>");
    assert_eq!(templates.render_text("{% if true %}x{% endif %}", &values).unwrap_err().code, codes::TEMPLATE_INVALID);
    assert!(templates.render_text("{{ contact.phone }}", &values).is_err());
    assert!(Templates::check_text("Call {{ contact.name }}").is_ok());
    for bad in ["{{ contact.name", "{{ }}", "{{ a | nofilter( }}", "{% raw %}"] {
        assert!(Templates::check_text(bad).is_err(), "{bad}");
    }
}

#[test]
fn problems_have_their_place_and_leave_the_other_templates_alone() {
    let (templates, problems) = Templates::parse(&files(&[
        ("good.txt", "Subject: s\n\nt"),
        ("head.txt", "Betreff: s\n\nt"),
        ("empty.txt", "Title:  \n\nt"),
        ("gap.txt", "Title: t\ntext"),
        ("body.txt", "Subject: s\n\nfirst\n  {{ contact. }}"),
        ("subject.txt", "Subject: ü {% include 'x' %}\n\nt"),
        ("lonely.html", "<p>"),
        ("readme.md", "x"),
        ("n.txt", "Title: t\n\nx"),
        ("n.html", "<p>"),
    ]));
    let mut places: Vec<_> =
        problems.iter().map(|problem| (problem.file.as_str(), problem.line, problem.column)).collect();
    places.sort_unstable();
    assert_eq!(
        places,
        [
            ("body.txt", 4, 15),
            ("empty.txt", 1, 1),
            ("gap.txt", 2, 1),
            ("head.txt", 1, 1),
            ("lonely.html", 1, 1),
            ("n.txt", 1, 1),
            ("readme.md", 1, 1),
            ("subject.txt", 1, 12),
        ]
    );
    let code = |file: &str| if file == "subject.txt" { codes::TEMPLATE_BLOCK } else { codes::TEMPLATE_INVALID };
    assert!(problems.iter().all(|problem| problem.code == code(&problem.file) && !problem.help.is_empty()));
    assert_eq!(templates.names().collect::<Vec<_>>(), ["good"]);
}

#[test]
fn a_digest_tells_every_part_apart() {
    let digest = |list: &[(&str, &str)]| templates(list).digest("e").unwrap();
    let base = digest(&[("e.txt", "Subject: s\n\nt"), ("e.html", "h")]);
    assert_eq!(base.len(), 64);
    assert_eq!(base, digest(&[("e.txt", "Subject: s\n\nt"), ("e.html", "h")]));
    for other in [
        digest(&[("e.txt", "Subject: s\n\nt")]),
        digest(&[("e.txt", "Subject: s2\n\nt"), ("e.html", "h")]),
        digest(&[("e.txt", "Subject: s\n\nt2"), ("e.html", "h")]),
        digest(&[("e.txt", "Subject: s\n\nt"), ("e.html", "h2")]),
    ] {
        assert_ne!(base, other);
    }
    assert_eq!(templates(&[]).digest("e"), None);
}

#[test]
fn folders_are_read_and_what_is_no_template_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    write("a/b/tips.txt", b"Title: t\n\nx");
    write("bad.txt", b"Title: \xff\n\nx");
    write("huge.txt", &vec![b'x'; 300 * 1024]);
    write(".hidden", b"x");
    let (templates, problems) = Templates::load(folder.path());
    assert_eq!(templates.names().collect::<Vec<_>>(), ["a/b/tips"]);
    assert_eq!(problems.iter().map(|problem| problem.file.as_str()).collect::<Vec<_>>(), ["bad.txt", "huge.txt"]);
    let (templates, problems) = Templates::load(&folder.path().join("none"));
    assert_eq!((templates.names().count(), problems.len()), (0, 0));
}

/// Enough for any template that is let through, in a thread that has half of the stack of the service's.
#[test]
fn a_template_that_is_too_deep_is_refused_before_it_is_parsed() {
    let deep = |n: usize| {
        let chains = ["not ", "-", "1+", "1~", "1**", "1 if 1 else ", "1 and ", "1 == ", "1 in "];
        let chains = chains.map(|one| format!("{{{{ {}1 }}}}", one.repeat(n)));
        let behind = ["|abs", ".a", "[0]", "()"].map(|one| format!("{{{{ 1{} }}}}", one.repeat(n)));
        let branches = format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 1 %}".repeat(n / 4));
        chains.into_iter().chain(behind).chain([branches])
    };
    let parse = |text: &str| Templates::parse(&files(&[("d.txt", &format!("Subject: s\n\n{text}"))])).1;
    for text in deep(10_000) {
        let problems = parse(&text);
        assert_eq!(problems.len(), 1, "{}", &text[..20]);
        assert_eq!((problems[0].code, problems[0].line), (codes::TEMPLATE_INVALID, 3));
        assert!(problems[0].message.starts_with("more than"), "{}", problems[0].message);
        assert!(Templates::default().render_text(&text, &json!({})).is_err());
    }
    let small = std::thread::Builder::new().stack_size(1 << 20);
    let allowed = small.spawn(move || {
        // Some have two operators in each link.
        for text in deep(100).chain(deep(199)).filter(|text| parse(text).is_empty()) {
            let _ = nudge(&text, json!({}));
        }
    });
    allowed.unwrap().join().unwrap();
}
