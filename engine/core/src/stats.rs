//! Comparing two rates.

/// A count of successes among unique contacts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Rate {
    /// Contacts that reached the goal.
    pub hits: u64,
    /// All contacts.
    pub of: u64,
}

/// The difference of two rates with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Difference {
    /// First minus second.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The 97.5 % quantile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

impl Rate {
    /// Successes per contact; `None` where there is no contact.
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| self.hits as f64 / self.of as f64)
    }

    /// The 95 % score interval of Wilson (1927).
    fn wilson(self) -> Option<(f64, f64)> {
        let (p, n) = (self.value()?, self.of as f64);
        let centre = p + Z * Z / (2.0 * n);
        let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        Some(((centre - spread) / scale, (centre + spread) / scale))
    }
}

/// The difference of two independent rates with Newcombe's hybrid score interval (1998, method 10), 95 %.
pub fn difference(first: Rate, second: Rate) -> Option<Difference> {
    let (a, b) = (first.value()?, second.value()?);
    let ((a_low, a_high), (b_low, b_high)) = (first.wilson()?, second.wilson()?);
    let value = a - b;
    let low = value - ((a - a_low).powi(2) + (b_high - b).powi(2)).sqrt();
    let high = value + ((a_high - a).powi(2) + (b - b_low).powi(2)).sqrt();
    Some(Difference { value, low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Newcombe (1998), table II, method 10: 56/70 against 48/80 gives 0.0524 to 0.3339.
    #[test]
    fn agrees_with_the_published_table() {
        let found = difference(Rate { hits: 56, of: 70 }, Rate { hits: 48, of: 80 }).unwrap();
        assert!((found.value - 0.2).abs() < 1e-12);
        assert!((found.low - 0.0524).abs() < 5e-5 && (found.high - 0.3339).abs() < 5e-5, "{found:?}");
        assert_eq!(difference(Rate { hits: 0, of: 0 }, Rate { hits: 1, of: 2 }), None);
    }
}
