//! Hostile files, each made to be expensive in another way. Used by the test and by the benchmark.

/// One hostile file: what it is for, and its text.
pub struct Bomb {
    pub name: &'static str,
    pub text: String,
}

/// Makes texts of about so many bytes.
struct Filler(usize);

impl Filler {
    /// Head, and as often as it fits a piece that may say its number.
    fn filled(&self, head: &str, piece: impl Fn(usize) -> String, tail: &str) -> String {
        let mut text = head.to_owned();
        for number in 0.. {
            let next = piece(number);
            if text.len() + next.len() + tail.len() > self.0 {
                break;
            }
            text += &next;
        }
        text + tail
    }

    fn same(&self, head: &str, piece: &str, tail: &str) -> String {
        self.filled(head, |_| piece.to_owned(), tail)
    }
}

fn stairs(fill: &Filler) -> String {
    fill.filled("", |depth| format!("{}a:\n", " ".repeat(depth)), "")
}

fn laughs() -> String {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let below = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", [below.as_str(); 9].join(", "));
    }
    text
}

fn depth(fill: &Filler) -> Vec<(&'static str, String)> {
    vec![
        ("deep block mapping", stairs(fill)),
        ("deep flow list", fill.same("workflow: ", "[", "")),
        ("deep flow list, closed", format!("workflow: {}{}", "[".repeat(fill.0 / 2 - 16), "]".repeat(fill.0 / 2 - 16))),
        ("deep flow mapping", fill.same("workflow: ", "{a: ", "")),
        ("deep block list", fill.same("workflow:\n  ", "- ", "")),
        ("deep complex keys", fill.same("", "? ", "")),
        ("deep flow list that may be a key", fill.same("", "[", "")),
        ("deep flow list behind a mapping", fill.same("workflow: w\n", "[", "")),
        ("deep flow mapping that may be a key", fill.same("", "{a: ", "")),
        ("deep flow list with comments", fill.same("", "[ # ]\n", "")),
        ("deep flow list in quotes and commas", fill.same("workflow: w\n- ", "['',\"\",", "")),
        ("half deep, half wide", fill.same(&"[".repeat(4_000), "a,", "")),
        ("deep flow list, one a line", fill.same("workflow:\n", " [\n", "")),
    ]
}

fn width(fill: &Filler) -> Vec<(&'static str, String)> {
    vec![
        ("wide block mapping", fill.filled("workflow: w\n", |n| format!("k{n}: 1\n"), "")),
        ("wide flow list", fill.same("workflow: [", "a,", "a]")),
        ("wide flow mapping", fill.filled("workflow: {", |n| format!("k{n}: 1, "), "}")),
        ("wide flow list that may be a key", fill.same("", "[a,", "")),
        ("wide flow mapping that may be a key", fill.filled("{", |n| format!("k{n}: 1, "), "}")),
        ("wide flow list of one line that may be a key", fill.same("[", "a,", "]")),
        ("wide block list", fill.same("workflow:\n", "- a\n", "")),
        ("list of nothing", fill.same("workflow:\n", "-\n", "")),
        ("the same key again", fill.same("workflow: w\n", "ä: 1\n", "")),
        ("the same key again on one line", fill.same("workflow: {", "ä: 1, ", "}")),
        (
            "unknown keys of sixty letters",
            fill.filled("workflow: w\n", |n| format!("{}{n:08}: 1\n", "x".repeat(52)), ""),
        ),
        ("keys of thousand letters", fill.filled("workflow: w\n", |n| format!("{}{n:08}: 1\n", "x".repeat(992)), "")),
        ("near misses", fill.filled("workflow: w\n", |n| format!("purpos{n}: {}\n", "y".repeat(90)), "")),
        ("truth values as keys", fill.same("workflow: w\n", "yes: 1\n", "")),
        ("merge keys", fill.same("workflow: w\n", "<<: 1\n", "")),
    ]
}

fn references(fill: &Filler) -> Vec<(&'static str, String)> {
    vec![
        ("a billion laughs", laughs()),
        ("many aliases", fill.same("a: &a x\nworkflow:\n", "- *a\n", "")),
        ("many anchors", fill.filled("workflow:\n", |n| format!("- &a{n} x\n"), "")),
        ("many aliases on one line", fill.same("a: &a x\nworkflow: [", "*a ,", "x]")),
        ("an alias of nothing", fill.same("workflow: w\n", "k: *a\n", "")),
        ("many tags", fill.same("workflow:\n", "- !t x\n", "")),
        ("many tag handles", fill.filled("", |n| format!("%TAG !t{n}! tag:x,1:\n"), "--- \nworkflow: w\n")),
        ("an anchor of one MiB", fill.same("workflow: &", "a", " x\n")),
        ("a tag of one MiB", fill.same("workflow: !", "a", " x\n")),
    ]
}

fn scalars(fill: &Filler) -> Vec<(&'static str, String)> {
    vec![
        ("a long key", fill.same("", "k", ": 1\n")),
        ("a long quoted key", fill.same("\"", "k", "\": 1\n")),
        ("a long complex key", fill.same("? ", "k", "\n: 1\n")),
        ("a huge plain text", fill.same("workflow: ", "x", "\n")),
        ("a huge plain text of lines", fill.same("workflow:", "\n  x", "\n")),
        ("a huge quoted text", fill.same("workflow: \"", "x", "\"\n")),
        ("a huge quoted text of escapes", fill.same("workflow: \"", "\\u00e4", "\"\n")),
        ("a quoted text without its end", fill.same("workflow: \"", "x", "")),
        ("a huge block", fill.same("workflow: |\n", "  x\n", "")),
        ("a huge folded block", fill.same("workflow: >\n", "  x\n\n", "")),
        ("a block of blank lines", fill.same("workflow: |\n", "\n", "  x\n")),
        ("bars before a block", fill.same("workflow: x\n", "|", " |\n  x\n")),
        ("bars and digits before a block", fill.same("\"", "|1111", " \": |\n  x\n")),
        ("text behind one key", fill.same("workflow: w\ntitle: ", "a: ", "\n")),
        ("texts of 60 KiB", fill.filled("workflow: w\n", |n| format!("k{n}: {}\n", "x".repeat(60 << 10)), "")),
    ]
}

fn around(fill: &Filler) -> Vec<(&'static str, String)> {
    vec![
        ("many documents", fill.same("", "---\na: 1\n", "")),
        ("many ends of documents", fill.same("", "...\n", "")),
        ("many directives", fill.same("", "%YAML 1.2\n", "---\na: 1\n")),
        ("only comments", fill.same("", "# c\n", "")),
        ("one comment", fill.same("#", "c", "\n")),
        ("only blanks", fill.same("", " ", "")),
        ("only line ends", fill.same("", "\n", "")),
        ("only tabs", fill.same("", "\t", "")),
        ("blanks before a mistake", fill.same("workflow: w\n", " ", "]\n")),
        ("only colons", fill.same("", ": ", "")),
        ("only commas", fill.same("[", ",", "]")),
        ("only question marks", fill.same("{", "?,", "}")),
    ]
}

const HEAD: &str = "workflow: w\ntitle: T\nowner: o\npurpose: marketing\nstart:\n  event: order.paid\n";

fn expressions(fill: &Filler) -> Vec<(&'static str, String)> {
    let steps = |when: &str| {
        let case =
            |n: usize| format!("      - case: c{n}\n        when: {when}\n        do:\n          - stop: s{n}\n");
        fill.filled(&format!("{HEAD}steps:\n  - choose: x\n    first:\n"), case, "    else: stop\n")
    };
    vec![
        ("long expressions", steps(&format!("contact.x{} > 1", " + 1".repeat(1_000)))),
        ("deep expressions", steps(&format!("{}1{} > 1", "(".repeat(2_000), ")".repeat(2_000)))),
        (
            "expressions of many mistakes",
            steps(&"contact.plna == 1 || ".repeat(190).to_owned().replace("1 || ", "1 && ")),
        ),
        ("expressions of 60 KiB", steps(&"x".repeat(60 << 10))),
        (
            "unknown steps",
            fill.filled(&format!("{HEAD}steps:\n"), |n| format!("  - stpe: s{n}{}\n", "y".repeat(100)), ""),
        ),
    ]
}

/// Every bomb, each of about so many bytes.
pub fn bombs(bytes: usize) -> Vec<Bomb> {
    let fill = Filler(bytes);
    let all = [depth(&fill), width(&fill), references(&fill), scalars(&fill), around(&fill), expressions(&fill)];
    all.into_iter().flatten().map(|(name, text)| Bomb { name, text }).collect()
}
