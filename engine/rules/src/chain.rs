//! What stands behind dots: `root.name`, the parts of scores, and calls (`contact.email.contains("x")` is
//! `contains(contact.email, "x")`).

use crate::place::offset;
use crate::tree::{Kind, Lowering, Tree};
use rhai::{ASTFlags, Expr, FnCallExpr, Position};
use staunch_core::codes;
use staunch_core::expr::Root;

/// The last place of a ranking that a rule can ask for.
const LAST_PLACE: f64 = 99.0;

/// One part behind a dot.
enum Link<'a> {
    Property(&'a str, Position),
    Call(&'a FnCallExpr, Position),
    Index(Position),
    Other(Position),
}

impl Lowering<'_> {
    /// An expression with dots in it.
    pub(crate) fn chain(&mut self, expr: &Expr) -> Tree {
        let mut links = Vec::new();
        let base = unchain(expr, &mut links);
        let Some(base) = base else { return self.forbidden(expr.start_position(), "`?.`") };
        if let Some(Link::Index(at)) = links.iter().find(|link| matches!(link, Link::Index(_))) {
            return self.forbidden(*at, "`[ ]`");
        }
        let mut links = links.into_iter().peekable();
        let mut tree = match (base, links.peek()) {
            (Expr::Variable(root, _, at), Some(Link::Property(name, _))) => {
                let tree = self.name(&root.1, name, *at);
                links.next();
                tree
            }
            _ => self.expr(base),
        };
        if matches!(tree.kind, Kind::Name(Root::Score, _))
            && let Some(part) = links.next_if(is_part)
        {
            tree = self.score_part(tree, &part);
        }
        for link in links {
            tree = match link {
                Link::Call(call, at) => self.call(call, at, Some(tree)),
                Link::Property(name, at) => self.forbidden(at, &format!("`.{name}` behind a value")),
                Link::Index(at) | Link::Other(at) => self.forbidden(at, "this"),
            };
        }
        tree
    }

    /// `score.x.label` and its like as one name: `x.label`, `x.p`, `x.of:billing`, `x.top:0`.
    fn score_part(&mut self, score: Tree, link: &Link<'_>) -> Tree {
        let Kind::Name(root, name) = &score.kind else { return score };
        let part = match link {
            Link::Property(part @ ("of" | "top"), at) => return self.bad_part(part, *at),
            Link::Property(part, _) => (*part).to_owned(),
            Link::Call(call, at) => match (call.name.as_str(), call.args.as_slice()) {
                ("of", [Expr::StringConstant(label, _)]) => format!("of:{label}"),
                ("top", [Expr::FloatConstant(place, _)]) if is_place(**place) => format!("top:{}", **place),
                (part, _) => return self.bad_part(part, *at),
            },
            Link::Index(at) | Link::Other(at) => return self.forbidden(*at, "this"),
        };
        let at = offset(self.source, link.at());
        Tree { at, start: score.start, kind: Kind::Name(*root, format!("{name}.{part}")) }
    }

    fn bad_part(&mut self, part: &str, at: Position) -> Tree {
        let (message, help) = match part {
            "of" => ("`.of` takes one label as text", "write the label out: `.of(\"billing\")`"),
            "top" => ("`.top` takes one whole number from 0 to 99", "write the place out: `.top(0)` is the best"),
            _ => ("this part of a score stands without parentheses", "leave the `()` out"),
        };
        self.report(at, codes::EXPR_TYPES, message, help)
    }
}

impl Link<'_> {
    fn at(&self) -> Position {
        match self {
            Link::Property(_, at) | Link::Call(_, at) | Link::Index(at) | Link::Other(at) => *at,
        }
    }
}

/// Whether this behind a score names a part of it; a function may stand there, too.
fn is_part(link: &Link<'_>) -> bool {
    match link {
        Link::Property(..) => true,
        Link::Call(call, _) => ["of", "top", "label", "p"].contains(&call.name.as_str()),
        _ => false,
    }
}

fn is_place(number: f64) -> bool {
    number.fract() == 0.0 && number.is_sign_positive() && number <= LAST_PLACE
}

/// Rhai nests `a.b.c()` to the right; this gives `a`, and `b`, `c()` as links. `None` where a `?.` stands in it.
fn unchain<'a>(expr: &'a Expr, links: &mut Vec<Link<'a>>) -> Option<&'a Expr> {
    let Expr::Dot(pair, flags, _) = expr else { return Some(expr) };
    let mut safe = flags.intersects(ASTFlags::NEGATED);
    let mut rest = &pair.rhs;
    while let Expr::Dot(pair, flags, _) = rest {
        safe |= flags.intersects(ASTFlags::NEGATED);
        links.push(link(&pair.lhs));
        rest = &pair.rhs;
    }
    links.push(link(rest));
    (!safe).then_some(&pair.lhs)
}

fn link(expr: &Expr) -> Link<'_> {
    match expr {
        Expr::Property(name, at) => Link::Property(&name.2, *at),
        Expr::MethodCall(call, at) => Link::Call(call, *at),
        Expr::Index(_, _, at) => Link::Index(*at),
        other => Link::Other(other.start_position()),
    }
}
