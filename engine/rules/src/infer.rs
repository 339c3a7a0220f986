//! Types of expressions: what each part gives, and where parts do not go together.

use crate::names::{bandless, unknown, written};
use crate::tree::{Call, Kind, Tree};
use crate::types::{a, is_condition, mismatch, result};
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
            Kind::Bool(_) => Given::of(Type::Bool),
            Kind::Number(_) => Given::of(Type::Number),
            Kind::Text(_) => Given::of(Type::Text),
            Kind::Name(root, name) => self.name(*root, name, tree.at),
            Kind::And(parts) | Kind::Or(parts) => self.logic(parts),
            Kind::Default(parts) => self.default(parts, tree.at),
            Kind::Call(call) => self.call(call, tree.at),
        }
    }

    /// The type of a tree that has to have a value.
    pub(crate) fn strict(&mut self, tree: &Tree) -> Option<Type> {
        let given = self.loose(tree);
        if given.optional {
            let what = match &tree.kind {
                Kind::Name(root, name) => format!("`{}`", written(*root, name)),
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
        if root == Root::Band
            && let Some((message, help)) = bandless(name, self.names)
        {
            self.report(at, codes::EXPR_UNKNOWN_NAME, message, &help);
            return Given::UNKNOWN;
        }
        if !self.names.list(root).is_empty() {
            let (message, help) = unknown(root, name, self.names);
            self.report(at, codes::EXPR_UNKNOWN_NAME, message, &help);
            return Given::UNKNOWN;
        }
        let help = match root {
            Root::Event => {
                "`event` exists where one is handled: start, where, goal, leave; `entry` is what started the run"
            }
            Root::Entry => "`entry` exists once a run has started",
            Root::Feature => "declare it under `features:`",
            Root::Score | Root::Band => "declare it under `scores:`; a band needs a plugin that has bands",
            Root::Contact => "declare it under `contact:` in staunch.yaml",
            Root::Account => "declare it under `account:` in staunch.yaml",
        };
        let message = format!("`{}`: there is no `{}` at this place", written(root, name), root.word());
        self.report(at, codes::EXPR_NO_PLACE, message, help);
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

    fn call(&mut self, call: &Call, at: usize) -> Given {
        let Call { name, args, .. } = call;
        let found: Vec<Option<Type>> = args.iter().map(|arg| self.strict(arg)).collect();
        let Some(kinds) = found.into_iter().collect::<Option<Vec<Type>>>() else {
            // The result of a comparison is known even where a side of it is not.
            return if is_condition(name) { Given::of(Type::Bool) } else { Given::UNKNOWN };
        };
        if name == "money" {
            self.currency(&args[1]);
        }
        if let ("==" | "!=", [one, two]) = (name.as_str(), args.as_slice()) {
            self.choice(one, two);
            self.choice(two, one);
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

    /// A text that is held against a name that can never be it.
    fn choice(&mut self, text: &Tree, name: &Tree) {
        let (Kind::Text(wanted), Some((root, field, others))) = (&text.kind, named(name)) else { return };
        let choices = self.names.choices(root, field);
        if choices.is_empty() || choices.contains(wanted) || others.contains(&wanted.as_str()) {
            return;
        }
        let message = format!("`{}` is never `{wanted}`", written(root, field));
        // Capitals are the mistake that is made most, and far from near by their letters.
        let same = choices.iter().find(|one| one.eq_ignore_ascii_case(wanted)).map(String::as_str);
        let help = match same.or_else(|| closest(wanted, choices.iter().map(String::as_str))) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it is one of {}", choices.join(", ")),
        };
        self.report(text.at, codes::BAD_VALUE, message, &help);
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

/// The name that a tree gives, and the texts that it gives where the name is missing: `contact.plan ?? "none"`.
fn named(tree: &Tree) -> Option<(Root, &str, Vec<&str>)> {
    match &tree.kind {
        Kind::Name(root, name) => Some((*root, name, Vec::new())),
        Kind::Default(parts) => {
            let (first, rest) = parts.split_first()?;
            let (root, name, mut others) = named(first)?;
            for part in rest {
                let Kind::Text(text) = &part.kind else { return None };
                others.push(text);
            }
            Some((root, name, others))
        }
        _ => None,
    }
}
