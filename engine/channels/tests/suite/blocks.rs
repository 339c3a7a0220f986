//! Blocks: what templates share, and what they cannot include.

use serde_json::json;
use staunch_channels::{TemplateProblem, Templates};
use staunch_core::codes;
use std::collections::BTreeMap;

const MAIL: &str = "Subject: Hi\n\nHello {{ contact.name }}.\n{% include \"blocks/footer.txt\" %}\n";
const HTML: &str = "<p>{{ contact.name }}</p>\n{%- include 'blocks/footer.html' -%}\n";

fn files(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    list.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn shop() -> BTreeMap<String, String> {
    files(&[
        ("shop/mail.txt", MAIL),
        ("shop/mail.html", HTML),
        ("shop/tip.txt", "Title: Tip\n\nBuy.\n{% include 'blocks/footer.txt' %}"),
        ("blocks/footer.txt", "\u{feff}Yours, {{ contact.shop }} & co\r\n"),
        ("blocks/footer.html", "<i>{{ contact.shop }}</i>"),
        ("blocks/unused.txt", "{{ contact.unused }}"),
    ])
}

fn parse(files: &BTreeMap<String, String>) -> Templates {
    let (templates, problems) = Templates::parse(files);
    assert_eq!(problems, []);
    templates
}

#[test]
fn a_block_is_said_by_each_template_and_escaped_as_its_part_is() {
    let templates = parse(&shop());
    let values = json!({ "contact": { "name": "Ada", "shop": "<Gifts>" } });
    let mail = templates.render_email("shop/mail", &values).unwrap();
    assert_eq!(mail.text, "Hello Ada.\nYours, <Gifts> & co");
    assert_eq!(mail.html.as_deref(), Some("<p>Ada</p><i>&lt;Gifts&gt;</i>"));
    assert_eq!(templates.render_nudge("shop/tip", &values).unwrap().text, "Buy.\nYours, <Gifts> & co");
    assert_eq!(templates.names().collect::<Vec<_>>(), ["shop/mail", "shop/tip"], "a block is no template");
}

#[test]
fn a_block_belongs_to_what_a_template_reads_and_is() {
    let templates = parse(&shop());
    let variables: Vec<_> = templates.variables("shop/tip").unwrap().into_iter().collect();
    assert_eq!(variables, ["contact.shop"]);
    let digest = |files: &BTreeMap<String, String>, name: &str| parse(files).digest(name).unwrap();
    let mut edited = shop();
    edited.insert("blocks/footer.html".into(), "<b>{{ contact.shop }}</b>".into());
    assert_ne!(digest(&shop(), "shop/mail"), digest(&edited, "shop/mail"));
    assert_eq!(digest(&shop(), "shop/tip"), digest(&edited, "shop/tip"), "the nudge has no HTML");
}

#[test]
fn sources_alone_make_the_same_template() {
    let templates = parse(&shop());
    let mail = templates.sources("shop/mail").unwrap();
    let names: Vec<&str> = mail.keys().map(String::as_str).collect();
    assert_eq!(names, ["blocks/footer.html", "blocks/footer.txt", "shop/mail.html", "shop/mail.txt"]);
    assert!(mail.iter().all(|(path, text)| shop()[path] == *text), "as they were read");
    let again = parse(&mail);
    assert_eq!(again.digest("shop/mail"), templates.digest("shop/mail"));
    assert_eq!(again.sources("shop/mail"), Some(mail));
    assert_eq!((templates.sources("shop/no"), templates.sources("blocks/footer")), (None, None));
}

#[test]
fn a_value_that_a_block_misses_is_named_with_its_block() {
    let error = parse(&shop()).render_email("shop/mail", &json!({ "contact": { "name": "Ada" } })).unwrap_err();
    assert_eq!(error.code, codes::TEMPLATE_VALUE);
    assert!(error.message.contains("`shop/mail`, `blocks/footer.txt` in line 1"), "{error}");
    assert!(error.message.contains("| default("), "{error}");
    let endless = "Title: t\n\n{% for a in range(9999) %}{% include 'blocks/b.txt' %}{% endfor %}";
    let block = "{% for b in range(9999) %}{{ b }}{% endfor %}";
    let templates = parse(&files(&[("n.txt", endless), ("blocks/b.txt", block)]));
    assert_eq!(templates.render_nudge("n", &json!({})).unwrap_err().code, codes::TEMPLATE_FUEL);
}

#[test]
fn names_are_found_in_every_file_that_says_them() {
    let templates = parse(&shop());
    let places = |name: &str| -> Vec<(String, usize, usize)> {
        templates.places("shop/mail", name).into_iter().map(|one| (one.file, one.line, one.column)).collect()
    };
    assert_eq!(places("contact.name"), [("shop/mail.txt".into(), 3, 10), ("shop/mail.html".into(), 1, 7)]);
    assert_eq!(places("contact.shop"), [("blocks/footer.txt".into(), 1, 11), ("blocks/footer.html".into(), 1, 7)]);
    assert_eq!(places("contact.unused"), []);
    assert_eq!(templates.places("shop/mail", "contact.name")[0].excerpt, "Hello {{ contact.name }}.");
}

/// The problems of one text, of its HTML part and of two blocks.
fn problems(list: &[(&str, &str)]) -> Vec<TemplateProblem> {
    let mut all = files(&[("blocks/footer.txt", "x"), ("blocks/footer.html", "x"), ("o.txt", "Title: o\n\no")]);
    all.extend(files(list));
    let (templates, problems) = Templates::parse(&all);
    assert!(problems.iter().all(|one| !one.help.is_empty()));
    assert_eq!(templates.names().count(), 1, "what includes wrongly is left out: {problems:?}");
    problems
}

#[test]
fn nothing_else_can_be_included() {
    for (text, column, says, help) in [
        ("{% include 'blocks/foter.txt' %}", 13, "no block `blocks/foter.txt`", "did you mean `blocks/footer.txt`?"),
        ("{% include 'blocks/z.txt' %}", 13, "no block `blocks/z.txt`", "templates/blocks/z.txt"),
        ("{% include 'o.txt' %}", 13, "`o.txt` is no block", "blocks/NAME.txt"),
        ("{% include '../staunch.yaml' %}", 13, "is no block", "blocks/NAME.txt"),
        ("{% include 'blocks/footer.html' %}", 13, "a text includes blocks of text", "blocks/NAME.txt"),
        ("{% include contact.plan %}", 1, "takes the path of one block", "blocks/NAME.txt"),
        ("{% include ['blocks/footer.txt'] %}", 1, "takes the path of one block", "blocks/NAME.txt"),
        ("{% include 'blocks/no.txt' ignore missing %}", 1, "takes the path of one block", "blocks/NAME.txt"),
    ] {
        let found = problems(&[("n.txt", &format!("Title: t\n\n{text}"))]);
        let [one] = found.as_slice() else { panic!("{text}: {found:?}") };
        assert_eq!((one.file.as_str(), one.line, one.column), ("n.txt", 3, column), "{text}");
        assert_eq!(one.code, codes::TEMPLATE_BLOCK);
        assert!(one.message.contains(says) && one.help.contains(help), "{one:?}");
    }
}

#[test]
fn parts_and_blocks_keep_to_their_own() {
    let mail = ("e.txt", "Subject: s\n\nt");
    let one = |list: &[(&str, &str)]| {
        let found = problems(list);
        assert_eq!(found.len(), 1, "{found:?}");
        (found[0].file.clone(), found[0].line, found[0].column, found[0].message.clone())
    };
    let (file, line, column, message) = one(&[mail, ("e.html", "<p>\n {% include 'blocks/footer.txt' %}")]);
    assert_eq!((file.as_str(), line, column), ("e.html", 2, 14));
    assert!(message.contains("blocks of HTML"), "{message}");
    let (file, line, column, message) = one(&[("e.txt", "Subject: s {% include 'blocks/footer.txt' %}\n\nt")]);
    assert_eq!((file.as_str(), line, column), ("e.txt", 1, 12));
    assert!(message.contains("first line"), "{message}");
    let (file, line, column, message) = one(&[("blocks/b.txt", "a\n{% include 'blocks/footer.txt' %}")]);
    assert_eq!((file.as_str(), line, column), ("blocks/b.txt", 2, 1));
    assert!(message.contains("a block includes no blocks"), "{message}");
    assert_eq!(one(&[("blocks/b.txt", "{{ contact. }}")]).0, "blocks/b.txt", "also where nobody includes it");
    assert_eq!(one(&[("blocks/b.md", "x")]).0, "blocks/b.md");
    assert!(one(&[("blocks/b.html", "{% extends 'o.txt' %}")]).3.contains("`extends` is not allowed"));
}
