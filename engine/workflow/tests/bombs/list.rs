//! Hostile files of up to 1 MiB, each made to be expensive in another way. Used by the test and by the benchmark.

/// The largest file that is read.
const SIZE: usize = 1 << 20;

/// One hostile file: what it is for, and its text.
pub struct Bomb {
    pub name: &'static str,
    pub text: String,
}

/// A text of about 1 MiB: head, and as often as it fits a piece that may say its number.
fn filled(head: &str, piece: impl Fn(usize) -> String, tail: &str) -> String {
    let mut text = head.to_owned();
    for number in 0.. {
        let next = piece(number);
        if text.len() + next.len() + tail.len() > SIZE {
            break;
        }
        text += &next;
    }
    text + tail
}

fn same(head: &str, piece: &str, tail: &str) -> String {
    filled(head, |_| piece.to_owned(), tail)
}

fn stairs() -> String {
    filled("", |depth| format!("{}a:\n", " ".repeat(depth)), "")
}

fn laughs() -> String {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let below = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", [below.as_str(); 9].join(", "));
    }
    text
}

fn depth() -> Vec<(&'static str, String)> {
    vec![
        ("deep block mapping", stairs()),
        ("deep flow list", same("workflow: ", "[", "")),
        ("deep flow list, closed", format!("workflow: {}{}", "[".repeat(SIZE / 2 - 16), "]".repeat(SIZE / 2 - 16))),
        ("deep flow mapping", same("workflow: ", "{a: ", "")),
        ("deep block list", same("workflow:\n  ", "- ", "")),
        ("deep complex keys", same("", "? ", "")),
        ("deep flow list that may be a key", same("", "[", "")),
        ("deep flow list behind a mapping", same("workflow: w\n", "[", "")),
        ("deep flow mapping that may be a key", same("", "{a: ", "")),
        ("deep flow list with comments", same("", "[ # ]\n", "")),
        ("deep flow list in quotes and commas", same("workflow: w\n- ", "['',\"\",", "")),
        ("half deep, half wide", same(&"[".repeat(4_000), "a,", "")),
        ("deep flow list, one a line", same("workflow:\n", " [\n", "")),
    ]
}

fn width() -> Vec<(&'static str, String)> {
    vec![
        ("wide block mapping", filled("workflow: w\n", |n| format!("k{n}: 1\n"), "")),
        ("wide flow list", same("workflow: [", "a,", "a]")),
        ("wide flow mapping", filled("workflow: {", |n| format!("k{n}: 1, "), "}")),
        ("wide flow list that may be a key", same("", "[a,", "")),
        ("wide flow mapping that may be a key", filled("{", |n| format!("k{n}: 1, "), "}")),
        ("wide flow list of one line that may be a key", same("[", "a,", "]")),
        ("wide block list", same("workflow:\n", "- a\n", "")),
        ("list of nothing", same("workflow:\n", "-\n", "")),
        ("the same key again", same("workflow: w\n", "ä: 1\n", "")),
        ("the same key again on one line", same("workflow: {", "ä: 1, ", "}")),
        ("unknown keys of sixty letters", filled("workflow: w\n", |n| format!("{}{n:08}: 1\n", "x".repeat(52)), "")),
        ("keys of thousand letters", filled("workflow: w\n", |n| format!("{}{n:08}: 1\n", "x".repeat(992)), "")),
        ("near misses", filled("workflow: w\n", |n| format!("purpos{n}: {}\n", "y".repeat(90)), "")),
        ("truth values as keys", same("workflow: w\n", "yes: 1\n", "")),
        ("merge keys", same("workflow: w\n", "<<: 1\n", "")),
    ]
}

fn references() -> Vec<(&'static str, String)> {
    vec![
        ("a billion laughs", laughs()),
        ("many aliases", same("a: &a x\nworkflow:\n", "- *a\n", "")),
        ("many anchors", filled("workflow:\n", |n| format!("- &a{n} x\n"), "")),
        ("many aliases on one line", same("a: &a x\nworkflow: [", "*a ,", "x]")),
        ("an alias of nothing", same("workflow: w\n", "k: *a\n", "")),
        ("many tags", same("workflow:\n", "- !t x\n", "")),
        ("many tag handles", filled("", |n| format!("%TAG !t{n}! tag:x,1:\n"), "--- \nworkflow: w\n")),
        ("an anchor of one MiB", same("workflow: &", "a", " x\n")),
        ("a tag of one MiB", same("workflow: !", "a", " x\n")),
    ]
}

fn scalars() -> Vec<(&'static str, String)> {
    vec![
        ("a long key", same("", "k", ": 1\n")),
        ("a long quoted key", same("\"", "k", "\": 1\n")),
        ("a long complex key", same("? ", "k", "\n: 1\n")),
        ("a huge plain text", same("workflow: ", "x", "\n")),
        ("a huge plain text of lines", same("workflow:", "\n  x", "\n")),
        ("a huge quoted text", same("workflow: \"", "x", "\"\n")),
        ("a huge quoted text of escapes", same("workflow: \"", "\\u00e4", "\"\n")),
        ("a quoted text without its end", same("workflow: \"", "x", "")),
        ("a huge block", same("workflow: |\n", "  x\n", "")),
        ("a huge folded block", same("workflow: >\n", "  x\n\n", "")),
        ("a block of blank lines", same("workflow: |\n", "\n", "  x\n")),
        ("bars before a block", same("workflow: x\n", "|", " |\n  x\n")),
        ("bars and digits before a block", same("\"", "|1111", " \": |\n  x\n")),
        ("text behind one key", same("workflow: w\ntitle: ", "a: ", "\n")),
        ("texts of 60 KiB", filled("workflow: w\n", |n| format!("k{n}: {}\n", "x".repeat(60 << 10)), "")),
    ]
}

fn around() -> Vec<(&'static str, String)> {
    vec![
        ("many documents", same("", "---\na: 1\n", "")),
        ("many ends of documents", same("", "...\n", "")),
        ("many directives", same("", "%YAML 1.2\n", "---\na: 1\n")),
        ("only comments", same("", "# c\n", "")),
        ("one comment", same("#", "c", "\n")),
        ("only blanks", same("", " ", "")),
        ("only line ends", same("", "\n", "")),
        ("only tabs", same("", "\t", "")),
        ("blanks before a mistake", same("workflow: w\n", " ", "]\n")),
        ("only colons", same("", ": ", "")),
        ("only commas", same("[", ",", "]")),
        ("only question marks", same("{", "?,", "}")),
    ]
}

const HEAD: &str = "workflow: w\ntitle: T\nowner: o\npurpose: marketing\nstart:\n  event: order.paid\n";

fn expressions() -> Vec<(&'static str, String)> {
    let steps = |when: &str| {
        let case =
            |n: usize| format!("      - case: c{n}\n        when: {when}\n        do:\n          - stop: s{n}\n");
        filled(&format!("{HEAD}steps:\n  - choose: x\n    first:\n"), case, "    else: stop\n")
    };
    vec![
        ("long expressions", steps(&format!("contact.x{} > 1", " + 1".repeat(1_000)))),
        ("deep expressions", steps(&format!("{}1{} > 1", "(".repeat(2_000), ")".repeat(2_000)))),
        (
            "expressions of many mistakes",
            steps(&"contact.plna == 1 || ".repeat(190).to_owned().replace("1 || ", "1 && ")),
        ),
        ("expressions of 60 KiB", steps(&"x".repeat(60 << 10))),
        ("unknown steps", filled(&format!("{HEAD}steps:\n"), |n| format!("  - stpe: s{n}{}\n", "y".repeat(100)), "")),
    ]
}

/// Every bomb.
pub fn bombs() -> Vec<Bomb> {
    let all = [depth(), width(), references(), scalars(), around(), expressions()];
    all.into_iter().flatten().map(|(name, text)| Bomb { name, text }).collect()
}
