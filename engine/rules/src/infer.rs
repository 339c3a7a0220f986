//! Types of expressions: what each part gives, and where parts do not go together.

use crate::tree::{Kind, Tree};
use staunch_core::codes;
use staunch_core::expr::{ExprProblem, Names, Root};
use staunch_core::suggest::closest;
use staunch_core::value::{Currency, Type};

/// What a part gives; `None` where that cannot be known because a problem was reported already.
#[derive(Clone, Copy)]
pub(crate) struct Given {
    pub(crate) kind: Option<Type>,
    pub(crate) optional: bool,
}

impl Given {
    const UNKNOWN: Given = Given { kind: None, optional: false };

    fn of(kind: Type) -> Given {
        Given { kind: Some(kind), optional: false }
    }
}

/// Walks a tree with the names of its place.
pub(crate) struct Inference<'a> {
    pub(crate) names: &'a dyn Names,
    pub(crate) problems: Vec<ExprProblem>,
    pub(crate) reads: Vec<(Root, String)>,
}

impl Inference<'_> {
    /// The type of a tree; an optional value is allowed.
    pub(crate) fn loose(&mut self, tree: &Tree) -> Given {
        match &tree.kind {
            Kind::Bad => Given::UNKNOWN,
            Kind::Bool => Given::of(Type::Bool),
            Kind::Number => Given::of(Type::Number),
            Kind::Text(_) => Given::of(Type::Text),
            Kind::Name(root, name) => self.name(*root, name, tree.at),
            Kind::Logic(parts) => self.logic(parts),
            Kind::Default(parts) => self.default(parts, tree.at),
            Kind::Call(name, args) => self.call(name, args, tree.at),
        }
    }

    /// The type of a tree that has to have a value.
    pub(crate) fn strict(&mut self, tree: &Tree) -> Option<Type> {
        let given = self.loose(tree);
        if given.optional {
            let what = match &tree.kind {
                Kind::Name(root, name) => format!("`{}.{name}`", root.word()),
                _ => "this value".to_owned(),
            };
            self.report(
                tree.start,
                codes::EXPR_NO_DEFAULT,
                format!("{what} may be missing"),
                "give it a default: `(… ?? default)`",
            );
        }
        given.kind
    }

    fn name(&mut self, root: Root, name: &str, at: usize) -> Given {
        if let Some(found) = self.names.lookup(root, name) {
            self.reads.push((root, name.to_owned()));
            return Given { kind: Some(found.kind), optional: found.optional };
        }
        let known = self.names.list(root);
        let word = root.word();
        if known.is_empty() {
            let help = match root {
                Root::Event => {
                    "`event` exists where one is handled: start, where, goal, leave; `entry` is what started the run"
                }
                Root::Entry => "`entry` exists once a run has started",
                Root::Feature => "declare it under `features:`",
                Root::Score | Root::Band => "declare it under `scores:`; a band needs a plugin that has bands",
                Root::Contact => "declare it under `contact:` in staunch.yaml",
                Root::Account => "use fields of `contact`",
            };
            self.report(at, codes::EXPR_NO_PLACE, format!("`{word}.{name}`: there is no `{word}` at this place"), help);
        } else {
            let help = match closest(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{word}.{near}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            self.report(at, codes::EXPR_UNKNOWN_NAME, format!("`{word}.{name}` is not known here"), &help);
        }
        Given::UNKNOWN
    }

    fn logic(&mut self, parts: &[Tree]) -> Given {
        for part in parts {
            if let Some(kind) = self.strict(part)
                && kind != Type::Bool
            {
                let message = format!("a condition is needed here, this is {}", a(kind));
                self.report(part.start, codes::EXPR_TYPES, message, "compare it with something");
            }
        }
        Given::of(Type::Bool)
    }

    fn default(&mut self, parts: &[Tree], at: usize) -> Given {
        let mut all: Option<Type> = None;
        let mut last = Given::UNKNOWN;
        for part in parts {
            last = self.loose(part);
            match (all, last.kind) {
                (Some(first), Some(other)) if first != other => {
                    let message = format!("the value is {}, its default is {}", a(first), a(other));
                    self.report(at, codes::EXPR_TYPES, message, "give a default of the same type");
                    return Given::UNKNOWN;
                }
                (None, kind) => all = kind,
                _ => {}
            }
        }
        Given { kind: all, optional: last.optional }
    }

    fn call(&mut self, name: &str, args: &[Tree], at: usize) -> Given {
        let found: Vec<Option<Type>> = args.iter().map(|arg| self.strict(arg)).collect();
        let Some(kinds) = found.into_iter().collect::<Option<Vec<Type>>>() else {
            // The result of a comparison is known even where a side of it is not.
            let comparison = ["==", "!=", "<", "<=", ">", ">=", "!", "contains", "starts_with"].contains(&name);
            return if comparison { Given::of(Type::Bool) } else { Given::UNKNOWN };
        };
        if name == "money" {
            self.currency(&args[1]);
        }
        match result(name, &kinds) {
            Some(kind) => Given::of(kind),
            None => {
                let (message, help) = mismatch(name, &kinds);
                self.report(at, codes::EXPR_TYPES, message, &help);
                Given::UNKNOWN
            }
        }
    }

    fn currency(&mut self, arg: &Tree) {
        if let Kind::Text(text) = &arg.kind
            && Currency::parse(text).is_none()
        {
            let message = format!("`{text}` is not a currency code");
            self.report(arg.at, codes::EXPR_TYPES, message, "write three capitals, such as \"EUR\"");
        }
    }

    fn report(&mut self, offset: usize, code: &'static str, message: String, help: &str) {
        self.problems.push(ExprProblem { code, offset, message, help: help.to_owned() });
    }
}

/// What an operator or function gives for these types, `None` where it does not take them.
fn result(name: &str, kinds: &[Type]) -> Option<Type> {
    use Type::{Bool, Money, Number, Text};
    match (name, kinds) {
        ("==" | "!=", [a, b]) if a == b => Some(Bool),
        ("<" | "<=" | ">" | ">=", [Number, Number] | [Money, Money]) => Some(Bool),
        ("+" | "-" | "*" | "/" | "%", [Number, Number]) => Some(Number),
        ("+" | "-", [Money, Money]) | ("*" | "/", [Money, Number]) | ("*", [Number, Money]) => Some(Money),
        ("/", [Money, Money]) => Some(Number),
        ("-", [Number]) => Some(Number),
        ("-", [Money]) => Some(Money),
        ("!", [Bool]) => Some(Bool),
        ("min" | "max", [Number, rest @ ..]) if rest.iter().all(|kind| *kind == Number) => Some(Number),
        ("min" | "max", [Money, Money]) => Some(Money),
        ("abs" | "round" | "floor", [Number]) => Some(Number),
        ("contains" | "starts_with", [Text, Text]) => Some(Bool),
        ("len", [Text]) => Some(Number),
        ("eur", [Number]) | ("money", [Number, Text]) => Some(Money),
        _ => None,
    }
}

fn mismatch(name: &str, kinds: &[Type]) -> (String, String) {
    let types: Vec<String> = kinds.iter().map(|kind| a(*kind)).collect();
    let comparison = ["==", "!=", "<", "<=", ">", ">="].contains(&name);
    let help = match kinds {
        [Type::Money, Type::Number] | [Type::Number, Type::Money] => {
            "say which money: `eur(500)` or `money(500, \"GBP\")`"
        }
        [Type::Text, Type::Number] | [Type::Number, Type::Text] if comparison => {
            "compare text with text in double quotes and numbers with numbers"
        }
        [x, y] if x == y && comparison => "only numbers and money have an order; use == or !=",
        _ => "use values of types that go together",
    };
    let message = if comparison && kinds.len() == 2 {
        format!("{} is compared with {}", types[0], types[1])
    } else {
        format!("`{name}` does not take {}", types.join(" and "))
    };
    (message, help.to_owned())
}

/// A type with its article.
pub(crate) fn a(kind: Type) -> String {
    match kind {
        Type::Bool => "a condition".to_owned(),
        Type::Number => "a number".to_owned(),
        Type::Text | Type::Money => kind.word().to_owned(),
        Type::Percent => "a percentage".to_owned(),
        Type::Duration => "a duration".to_owned(),
    }
}
