//! What a plugin answers for one row: a number, classes, a ranking, or why it has none.

use std::cmp::Ordering;

/// Reasons of one row that the host takes; further ones, the weakest, are left out.
pub const MAX_REASONS: usize = 16;

/// The shape of every answer of a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultKind {
    /// One number.
    Scalar,
    /// A share for each of a fixed set of labels.
    Classes,
    /// Items from best to worst.
    Ranking,
}

/// What the host gets for one row.
#[derive(Clone, Debug, PartialEq)]
pub struct RowResult {
    /// The answer.
    pub value: Outcome,
    /// The value before the link function, such as log-odds, if there is one.
    pub raw: Option<f64>,
    /// Strongest contribution first, at most [`MAX_REASONS`], none of 0.
    pub reasons: Vec<Reason>,
}

/// The answer itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A number inside the range.
    Scalar(f64),
    /// Labels with their shares, largest first.
    Classes(Vec<(String, f64)>),
    /// Items with what they were ranked by, best first.
    Ranking(Vec<(String, f64)>),
    /// No answer, and why.
    Declined(String),
}

/// One contribution to an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// The input's name; for a part of one the name, a colon and the part.
    pub input: String,
    /// Its share of `raw`, signed.
    pub contribution: f64,
}

/// What a scoring function may give: [`Scalar`], [`Classes`], [`Ranking`], or a `Result` of one with [`Declined`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no answer of a plugin",
    label = "give a `Scalar`, `Classes` or a `Ranking`, or a `Result` of one and `Declined`"
)]
pub trait Answer {
    /// The shape, the same for every row.
    const KIND: ResultKind;

    /// The answer as the host gets it.
    fn row(self) -> RowResult;
}

/// A row without an answer. This is not a failure of the plugin: the workflow's `if_unavailable` decides.
///
/// ```
/// use staunch_plugin::{Declined, Inputs, Scalar};
///
/// #[derive(Inputs)]
/// struct Row {
///     recency: Option<f64>,
/// }
///
/// fn score(row: &Row) -> Result<Scalar, Declined> {
///     let days = row.recency.ok_or_else(|| Declined::because("no order yet"))?;
///     Ok(Scalar::new((1.0 - days / 365.0).clamp(0.0, 1.0)))
/// }
///
/// assert_eq!(score(&Row { recency: None }), Err(Declined("no order yet".into())));
/// assert_eq!(score(&Row { recency: Some(365.0) }), Ok(Scalar::new(0.0)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declined(pub String);

impl Declined {
    /// Says why there is no answer, for people.
    pub fn because(why: impl Into<String>) -> Declined {
        Declined(why.into())
    }
}

impl<A: Answer> Answer for Result<A, Declined> {
    const KIND: ResultKind = A::KIND;

    fn row(self) -> RowResult {
        match self {
            Ok(answer) => answer.row(),
            Err(Declined(why)) => RowResult { value: Outcome::Declined(why), raw: None, reasons: Vec::new() },
        }
    }
}

/// One number, such as a probability.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// The number, inside the manifest's range.
    pub value: f64,
    /// The value before the link function.
    pub raw: Option<f64>,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// A share for every label of the manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Classes {
    /// Labels with their shares in any order; together they are 1.
    pub shares: Vec<(String, f64)>,
    /// Why the first one is first.
    pub reasons: Vec<Reason>,
}

/// Items from best to worst.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// Items with their scores in any order, higher is better; of equal ones the earlier is better.
    pub items: Vec<(String, f64)>,
    /// Why the first one is first.
    pub reasons: Vec<Reason>,
}

macro_rules! reasons {
    () => {
        /// Adds the contribution of an input: its share of `raw`, signed. Contributions of 0 are left out.
        #[must_use]
        pub fn reason(mut self, input: impl Into<String>, contribution: f64) -> Self {
            self.reasons.push(Reason { input: input.into(), contribution });
            self
        }
    };
}

impl Scalar {
    /// A number without reasons.
    pub fn new(value: f64) -> Scalar {
        Scalar { value, raw: None, reasons: Vec::new() }
    }

    /// Sets the value before the link function.
    #[must_use]
    pub fn raw(mut self, raw: f64) -> Scalar {
        self.raw = Some(raw);
        self
    }

    reasons!();
}

impl Classes {
    /// Shares of labels, in any order.
    pub fn new<L: Into<String>>(shares: impl IntoIterator<Item = (L, f64)>) -> Classes {
        Classes { shares: named(shares), reasons: Vec::new() }
    }

    reasons!();
}

impl Ranking {
    /// Items with their scores, in any order.
    pub fn new<L: Into<String>>(items: impl IntoIterator<Item = (L, f64)>) -> Ranking {
        Ranking { items: named(items), reasons: Vec::new() }
    }

    reasons!();
}

fn named<L: Into<String>>(list: impl IntoIterator<Item = (L, f64)>) -> Vec<(String, f64)> {
    list.into_iter().map(|(name, number)| (name.into(), number)).collect()
}

/// Highest first, equal ones in their order; numbers that are none compare equal, and the host refuses them.
fn down(a: f64, b: f64) -> Ordering {
    b.partial_cmp(&a).unwrap_or(Ordering::Equal)
}

fn sorted(mut list: Vec<(String, f64)>) -> Vec<(String, f64)> {
    list.sort_by(|(_, a), (_, b)| down(*a, *b));
    list
}

fn strongest(mut reasons: Vec<Reason>) -> Vec<Reason> {
    reasons.retain(|reason| reason.contribution != 0.0);
    reasons.sort_by(|a, b| down(a.contribution.abs(), b.contribution.abs()));
    reasons.truncate(MAX_REASONS);
    reasons
}

impl Answer for Scalar {
    const KIND: ResultKind = ResultKind::Scalar;

    fn row(self) -> RowResult {
        RowResult { value: Outcome::Scalar(self.value), raw: self.raw, reasons: strongest(self.reasons) }
    }
}

impl Answer for Classes {
    const KIND: ResultKind = ResultKind::Classes;

    fn row(self) -> RowResult {
        let value = Outcome::Classes(sorted(self.shares));
        RowResult { value, raw: None, reasons: strongest(self.reasons) }
    }
}

impl Answer for Ranking {
    const KIND: ResultKind = ResultKind::Ranking;

    fn row(self) -> RowResult {
        let value = Outcome::Ranking(sorted(self.items));
        RowResult { value, raw: None, reasons: strongest(self.reasons) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_come_strongest_first_without_those_of_nothing() {
        let many = (0..20).fold(Scalar::new(0.5), |scalar, n| scalar.reason(format!("x{n}"), f64::from(n - 10)));
        let reasons = many.row().reasons;
        let named: Vec<&str> = reasons.iter().map(|reason| reason.input.as_str()).collect();
        assert_eq!(named.len(), MAX_REASONS);
        assert_eq!(named[..4], ["x0", "x1", "x19", "x2"], "equal ones stay in order");
        assert!(!named.contains(&"x10"));
    }

    #[test]
    fn classes_and_rankings_are_put_in_order() {
        let classes = Classes::new([("a", 0.2), ("b", 0.7), ("c", 0.1)]).row().value;
        assert_eq!(classes, Outcome::Classes(vec![("b".into(), 0.7), ("a".into(), 0.2), ("c".into(), 0.1)]));
        let ranking = Ranking::new([("x", 1.0), ("y", 1.0), ("z", 2.0)]).row().value;
        assert_eq!(ranking, Outcome::Ranking(vec![("z".into(), 2.0), ("x".into(), 1.0), ("y".into(), 1.0)]));
    }

    #[test]
    fn a_declined_row_says_why() {
        let none: Result<Scalar, Declined> = Err(Declined::because("no orders yet"));
        assert_eq!(none.row().value, Outcome::Declined("no orders yet".into()));
        assert_eq!(<Result<Scalar, Declined> as Answer>::KIND, ResultKind::Scalar);
    }
}
