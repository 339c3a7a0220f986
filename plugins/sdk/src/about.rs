//! What a plugin says of itself. Each method is a key of `plugin!`.

use crate::answer::{Answer, ResultKind};
use crate::columns::{Input, Inputs};
use std::ops::RangeInclusive;

/// The manifest of a plugin: its inputs, the shape of its answers, and its card.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) inputs: &'static [Input],
    pub(crate) kind: ResultKind,
    pub(crate) range: Option<(f64, f64)>,
    pub(crate) bands: Vec<(String, f64)>,
    pub(crate) labels: Vec<String>,
    pub(crate) base: Option<f64>,
    pub(crate) owner: String,
    pub(crate) purpose: String,
    pub(crate) trained_on: Option<(String, String)>,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) minimum_outcomes: u32,
    pub(crate) expires: Option<String>,
    pub(crate) extra: Vec<(String, String)>,
}

/// One measured quality, on rows that the training did not see.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) interval: Option<(f64, f64)>,
}

impl Metric {
    /// A quality by name, such as `auc` or `log_loss`.
    pub fn new(name: &str, value: f64) -> Metric {
        Metric { name: name.into(), value, interval: None }
    }

    /// Adds the 95 % interval around it.
    #[must_use]
    pub fn interval(mut self, low: f64, high: f64) -> Metric {
        self.interval = Some((low, high));
        self
    }
}

impl Manifest {
    /// That of a plugin that scores each row by itself.
    #[doc(hidden)]
    pub fn each<R: Inputs, A: Answer>(_: impl Fn(&R) -> A) -> Manifest {
        Manifest::empty(R::INPUTS, A::KIND)
    }

    /// That of a plugin that scores rows together.
    #[doc(hidden)]
    pub fn batch<R: Inputs, A: Answer>(_: fn(&[R]) -> Result<Vec<A>, String>) -> Manifest {
        Manifest::empty(R::INPUTS, A::KIND)
    }

    fn empty(inputs: &'static [Input], kind: ResultKind) -> Manifest {
        Manifest {
            name: String::new(),
            version: String::new(),
            inputs,
            kind,
            range: None,
            bands: Vec::new(),
            labels: Vec::new(),
            base: None,
            owner: String::new(),
            purpose: String::new(),
            trained_on: None,
            metrics: Vec::new(),
            minimum_outcomes: 0,
            expires: None,
            extra: Vec::new(),
        }
    }

    /// Its name, as in `staunch.lock`: small letters, digits and `-`.
    #[must_use]
    pub fn name(mut self, name: &str) -> Manifest {
        self.name = name.into();
        self
    }

    /// Its version, as in `staunch.lock`; `env!("CARGO_PKG_VERSION")` is that of the crate.
    #[must_use]
    pub fn version(mut self, version: &str) -> Manifest {
        self.version = version.into();
        self
    }

    /// The lowest and the highest value of a scalar, or of the shares of classes. An answer outside is refused.
    #[must_use]
    pub fn range(mut self, range: RangeInclusive<f64>) -> Manifest {
        self.range = Some((*range.start(), *range.end()));
        self
    }

    /// Named parts of a scalar's range, each by its lowest value, from low to high; the first starts where the range does.
    #[must_use]
    pub fn bands<const N: usize>(mut self, bands: [(&str, f64); N]) -> Manifest {
        self.bands = bands.map(|(name, from)| (name.to_owned(), from)).into();
        self
    }

    /// Every label of classes, or every item of a closed ranking.
    #[must_use]
    pub fn labels<L: Into<String>>(mut self, labels: impl IntoIterator<Item = L>) -> Manifest {
        self.labels = labels.into_iter().map(Into::into).collect();
        self
    }

    /// The raw value that a row starts from: `raw` = `base` + all contributions.
    #[must_use]
    pub fn base(mut self, base: f64) -> Manifest {
        self.base = Some(base);
        self
    }

    /// Who answers for it: a team or a person.
    #[must_use]
    pub fn owner(mut self, owner: &str) -> Manifest {
        self.owner = owner.into();
        self
    }

    /// What it is meant for, in a sentence.
    #[must_use]
    pub fn purpose(mut self, purpose: &str) -> Manifest {
        self.purpose = purpose.into();
        self
    }

    /// The time that the training data covers: first instant in, first instant out, as RFC 3339.
    #[must_use]
    pub fn trained_on(mut self, (from, until): (&str, &str)) -> Manifest {
        self.trained_on = Some((from.into(), until.into()));
        self
    }

    /// How good it was; may stand several times.
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Manifest {
        self.metrics.push(metric);
        self
    }

    /// How many labelled outcomes a workspace should have before it relies on this plugin.
    #[must_use]
    pub fn minimum_outcomes(mut self, count: u32) -> Manifest {
        self.minimum_outcomes = count;
        self
    }

    /// When it must be trained again or checked, as RFC 3339.
    #[must_use]
    pub fn expires(mut self, when: &str) -> Manifest {
        self.expires = Some(when.into());
        self
    }

    /// A further fact, name and text, such as `("acme.team", "growth")`; may stand several times.
    #[must_use]
    pub fn extra(mut self, (name, text): (&str, &str)) -> Manifest {
        self.extra.push((name.into(), text.into()));
        self
    }
}
