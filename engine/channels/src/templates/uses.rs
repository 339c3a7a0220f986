//! What a template uses: filters and tests that there are not, methods that values do not have, and values that it reads
//! without saying what stands there when they are missing. Found in the engine's own syntax tree.

use minijinja::Environment;
use minijinja::machinery::{ast, parse};
use std::collections::BTreeSet;

/// What was found in one part, each with its byte.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// Dotted names such as `contact.name`, read where they have to be there.
    pub(super) bare: Vec<(usize, String)>,
    /// What the engine would refuse when it renders: what is wrong, and what to do.
    pub(super) faults: Vec<(usize, String, String)>,
}

/// Looks through a text; one that cannot be parsed uses nothing.
pub(super) fn uses(environment: &Environment<'_>, text: &str) -> Uses {
    let mut look = Look { environment, found: Uses::default(), sure: Vec::new(), own: BTreeSet::new() };
    if let Ok(ast::Stmt::Template(template)) = parse(text, "text", Default::default()) {
        look.body(&template.children);
    }
    look.found
}

struct Look<'e> {
    environment: &'e Environment<'e>,
    found: Uses,
    /// Names that the conditions around this place know to be there.
    sure: Vec<String>,
    /// Names of the template's own: macros, loops, `set`.
    own: BTreeSet<String>,
}

impl Look<'_> {
    fn body(&mut self, body: &[ast::Stmt<'_>]) {
        for one in body {
            self.statement(one);
        }
    }

    fn statement(&mut self, one: &ast::Stmt<'_>) {
        match one {
            ast::Stmt::EmitExpr(one) => self.value(&one.expr),
            ast::Stmt::IfCond(one) => {
                self.value(&one.expr);
                self.knowing(present(&one.expr, true), |look| look.body(&one.true_body));
                self.knowing(present(&one.expr, false), |look| look.body(&one.false_body));
            }
            ast::Stmt::ForLoop(one) => {
                self.value(&one.iter);
                self.named(&one.target);
                one.filter_expr.iter().for_each(|filter| self.value(filter));
                self.body(&one.body);
                self.body(&one.else_body);
            }
            ast::Stmt::WithBlock(one) => {
                for (name, value) in &one.assignments {
                    self.value(value);
                    self.named(name);
                }
                self.body(&one.body);
            }
            ast::Stmt::Set(one) => {
                self.value(&one.expr);
                self.named(&one.target);
            }
            ast::Stmt::SetBlock(one) => {
                one.filter.iter().for_each(|filter| self.value(filter));
                self.body(&one.body);
                self.named(&one.target);
            }
            ast::Stmt::FilterBlock(one) => {
                self.value(&one.filter);
                self.body(&one.body);
            }
            ast::Stmt::Macro(one) => self.define(one),
            ast::Stmt::CallBlock(one) => {
                self.call(&one.call);
                self.define(&one.macro_decl);
            }
            ast::Stmt::Do(one) => self.call(&one.call),
            ast::Stmt::Block(one) => self.body(&one.body),
            // Refused by name, or without values.
            _ => {}
        }
    }

    fn define(&mut self, one: &ast::Macro<'_>) {
        self.own.insert(one.name.to_owned());
        one.args.iter().for_each(|name| self.named(name));
        one.defaults.iter().for_each(|value| self.value(value));
        self.body(&one.body);
    }

    /// A name that the template gives.
    fn named(&mut self, target: &ast::Expr<'_>) {
        match target {
            ast::Expr::Var(name) => drop(self.own.insert(name.id.to_owned())),
            ast::Expr::Tuple(names) => names.items.iter().for_each(|name| self.named(name)),
            ast::Expr::List(names) => names.items.iter().for_each(|name| self.named(name)),
            _ => {}
        }
    }

    /// An expression whose value is needed.
    fn value(&mut self, one: &ast::Expr<'_>) {
        if let Some(name) = path(one) {
            let at = one.span().start_offset as usize;
            if !self.sure.contains(&name) {
                self.found.bare.push((at, name));
            }
            return;
        }
        match one {
            ast::Expr::Var(_) | ast::Expr::Const(_) => {}
            ast::Expr::UnaryOp(one) => self.value(&one.expr),
            ast::Expr::BinOp(one) => self.both(one),
            ast::Expr::Compare(one) => {
                self.value(&one.expr);
                one.ops.iter().for_each(|other| self.value(&other.expr));
            }
            ast::Expr::IfExpr(one) => {
                self.value(&one.test_expr);
                self.knowing(present(&one.test_expr, true), |look| look.value(&one.true_expr));
                let other = one.false_expr.as_ref();
                self.knowing(present(&one.test_expr, false), |look| other.iter().for_each(|other| look.value(other)));
            }
            ast::Expr::Filter(one) => self.filter(one),
            ast::Expr::Test(one) => self.test(one),
            ast::Expr::GetAttr(one) => self.value(&one.expr),
            ast::Expr::GetItem(one) => {
                self.value(&one.expr);
                self.value(&one.subscript_expr);
            }
            ast::Expr::Slice(one) => {
                self.value(&one.expr);
                [&one.start, &one.stop, &one.step].into_iter().flatten().for_each(|part| self.value(part));
            }
            ast::Expr::Call(one) => self.call(one),
            ast::Expr::List(one) => one.items.iter().for_each(|item| self.value(item)),
            ast::Expr::Tuple(one) => one.items.iter().for_each(|item| self.value(item)),
            ast::Expr::Map(one) => one.keys.iter().chain(&one.values).for_each(|item| self.value(item)),
        }
    }

    /// The right side of `and` and `or` is read only where the left one lets it.
    fn both(&mut self, one: &ast::BinOp<'_>) {
        self.value(&one.left);
        let known = match one.op {
            ast::BinOpKind::ScAnd => present(&one.left, true),
            ast::BinOpKind::ScOr => present(&one.left, false),
            _ => BTreeSet::new(),
        };
        self.knowing(known, |look| look.value(&one.right));
    }

    fn filter(&mut self, one: &ast::Spanned<ast::Filter<'_>>) {
        if !self.exists(one.name, "filter") {
            let help = if one.name == "safe" {
                "remove it: values are always escaped in HTML parts".to_owned()
            } else {
                "filters are default, upper, lower, title, trim, round, replace, join, length and others of Jinja"
                    .to_owned()
            };
            let message = format!("there is no filter `{}`; the run would be held", one.name);
            self.found.faults.push((one.span().start_offset as usize, message, help));
        }
        match &one.expr {
            Some(value) if matches!(one.name, "default" | "d") && path(value).is_some() => {}
            value => value.iter().for_each(|value| self.value(value)),
        }
        self.arguments(&one.args);
    }

    fn test(&mut self, one: &ast::Spanned<ast::Test<'_>>) {
        if !self.exists(one.name, "test") {
            let message = format!("there is no test `{}`; the run would be held", one.name);
            let help = "tests are defined, none, number, string and others of Jinja".to_owned();
            self.found.faults.push((one.span().start_offset as usize, message, help));
        }
        if !(matches!(one.name, "defined" | "undefined" | "none") && path(&one.expr).is_some()) {
            self.value(&one.expr);
        }
        self.arguments(&one.args);
    }

    fn call(&mut self, one: &ast::Spanned<ast::Call<'_>>) {
        if let ast::CallType::Method(object, name) = one.identify_call() {
            let own = root(object).is_some_and(|root| root == "loop" || self.own.contains(root));
            if !own {
                let message = format!("a value has no `{name}()`; the run would be held");
                let help = "use a filter, as in `{{ contact.name | upper }}`".to_owned();
                self.found.faults.push((one.span().start_offset as usize, message, help));
            }
        }
        self.arguments(&one.args);
    }

    fn arguments(&mut self, args: &[ast::CallArg<'_>]) {
        for one in args {
            let (ast::CallArg::Pos(value)
            | ast::CallArg::Kwarg(_, value)
            | ast::CallArg::PosSplat(value)
            | ast::CallArg::KwargSplat(value)) = one;
            self.value(value);
        }
    }

    fn knowing(&mut self, names: BTreeSet<String>, look: impl FnOnce(&mut Self)) {
        let before = self.sure.len();
        self.sure.extend(names);
        look(self);
        self.sure.truncate(before);
    }

    /// Asks the engine itself, so that no list of ours can be out of date.
    fn exists(&self, name: &str, kind: &str) -> bool {
        let question = self.environment.compile_expression(if kind == "filter" { "n is filter" } else { "n is test" });
        let asked = question.and_then(|question| question.eval(minijinja::context! { n => name }));
        asked.is_ok_and(|answer| answer.is_true())
    }
}

/// `contact.name` or `contact["name"]`: two words, of which the first is a root.
fn path(one: &ast::Expr<'_>) -> Option<String> {
    let (object, name) = match one {
        ast::Expr::GetAttr(one) => (&one.expr, one.name.to_owned()),
        ast::Expr::GetItem(one) => match &one.subscript_expr {
            ast::Expr::Const(name) => (&one.expr, name.value.as_str()?.to_owned()),
            _ => return None,
        },
        _ => return None,
    };
    let ast::Expr::Var(root) = object else { return None };
    ["contact", "account", "entry", "feature"].contains(&root.id).then(|| format!("{}.{name}", root.id))
}

/// The first word of `a.b.c`.
fn root<'a>(one: &'a ast::Expr<'_>) -> Option<&'a str> {
    match one {
        ast::Expr::Var(name) => Some(name.id),
        ast::Expr::GetAttr(one) => root(&one.expr),
        _ => None,
    }
}

/// The names of which a condition says that they are there, where it is `truth`.
fn present(one: &ast::Expr<'_>, truth: bool) -> BTreeSet<String> {
    match one {
        ast::Expr::Test(test) if test.name == if truth { "defined" } else { "undefined" } => {
            path(&test.expr).into_iter().collect()
        }
        ast::Expr::UnaryOp(one) if matches!(one.op, ast::UnaryOpKind::Not) => present(&one.expr, !truth),
        ast::Expr::BinOp(one) => match (one.op, truth) {
            (ast::BinOpKind::ScAnd, true) | (ast::BinOpKind::ScOr, false) => {
                present(&one.left, truth).into_iter().chain(present(&one.right, truth)).collect()
            }
            _ => BTreeSet::new(),
        },
        _ => BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::engine::environment;

    #[test]
    fn a_value_is_bare_where_nothing_says_what_stands_in_its_place() {
        let check = |text: &str, expected: &[(usize, &str)]| {
            let found = uses(&environment(), text);
            let bare: Vec<_> = found.bare.iter().map(|(at, name)| (*at, name.as_str())).collect();
            assert_eq!((bare.as_slice(), found.faults.len()), (expected, 0), "{text}");
        };
        check("ü{{ contact.n }}", &[(5, "contact.n")]);
        check("{{ contact['n'] | upper }}", &[(3, "contact.n")]);
        for fine in [
            "{{ contact.n | default('x') | upper }}",
            "{{ contact.n | d('x') }}",
            "{% if contact.n is defined %}{{ contact.n }}{% endif %}",
            "{% if contact.n is undefined %}x{% else %}{{ contact.n }}{% endif %}",
            "{% if not (contact.n is not defined or 1) %}{{ contact.n }}{% endif %}",
            "{{ contact.n if contact.n is defined else 'x' }}",
            "{% if contact.n is defined and contact.n > 1 %}x{% endif %}",
            "{% if 1 %}{% elif contact.n is defined %}{{ contact.n }}{% endif %}",
            "{% for contact in [] %}{{ loop.cycle('a') }}{% endfor %}",
        ] {
            check(fine, &[]);
        }
        check("{{ contact.n | upper | default('x') }}", &[(3, "contact.n")]);
        check("{% if contact.n is defined %}{% endif %}{{ contact.n }}", &[(43, "contact.n")]);
        check("{% if contact.n is defined or 1 %}{{ contact.n }}{% endif %}", &[(37, "contact.n")]);
        check("{% if contact.n %}x{% endif %}", &[(6, "contact.n")]);
        check("{{ contact.a | default(contact.n) }}", &[(23, "contact.n")]);
        check(
            "{% set a = contact.n %}{% with b = entry.n %}{{ b }}{% endwith %}",
            &[(11, "contact.n"), (35, "entry.n")],
        );
    }

    #[test]
    fn filters_tests_and_methods_that_there_are_not() {
        let check = |text: &str, at: usize, part: &str| {
            let found = uses(&environment(), text).faults;
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].0 == at && found[0].1.contains(part), "{text}: {found:?}");
        };
        check("{{ contact.n | defalt('x') }}", 15, "no filter `defalt`");
        check("{{ 'a' | safe }}", 9, "no filter `safe`");
        check("{% filter nope %}x{% endfilter %}", 10, "no filter `nope`");
        check("{% if 1 is nope %}x{% endif %}", 11, "no test `nope`");
        check("{{ 'a'.upper() }}", 6, "no `upper()`");
        assert!(uses(&environment(), "{{ contact.").faults.is_empty(), "the parser says what is wrong with it");
    }
}
