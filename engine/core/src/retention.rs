//! How long rows of each class are kept.

use crate::time::{Span, Time};

/// A kind of rows that can be forgotten. Contacts, accounts and the log of who did what never are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Reasons, and the record that an event was decided.
    Decisions,
    /// Runs that are over.
    Runs,
    /// Actions that are over, with their outcomes.
    Actions,
    /// Inputs that could not be used.
    Parked,
}

impl Class {
    /// All of them, in the order of a sweep: what others point to goes last.
    pub const ALL: [Class; 4] = [Class::Parked, Class::Decisions, Class::Actions, Class::Runs];

    /// As in `staunch.yaml`, metrics and names of files.
    pub const fn word(self) -> &'static str {
        match self {
            Class::Decisions => "decisions",
            Class::Runs => "runs",
            Class::Actions => "actions",
            Class::Parked => "parked",
        }
    }

    /// The shortest time that is safe. An event is taken up to 35 days late, so its record has to live as long; the id of an
    /// action is the key by which others recognise it, and is promised for 400 days.
    pub const fn least(self) -> Span {
        match self {
            Class::Decisions | Class::Runs => Span::days(35),
            Class::Actions => Span::days(400),
            Class::Parked => Span::days(1),
        }
    }
}

/// How long a workspace keeps what; a class without a time is kept for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Decisions.
    pub decisions: Option<Span>,
    /// Runs that are over.
    pub runs: Option<Span>,
    /// Actions that are over.
    pub actions: Option<Span>,
    /// Parked inputs.
    pub parked: Option<Span>,
    /// Whether decisions are written to files before they are deleted.
    pub archive: bool,
}

impl Retention {
    /// How long a class is kept.
    pub fn of(&self, class: Class) -> Option<Span> {
        match class {
            Class::Decisions => self.decisions,
            Class::Runs => self.runs,
            Class::Actions => self.actions,
            Class::Parked => self.parked,
        }
    }

    /// Rows of a class from before this time may go; `None` = none may. A time that is shorter than safe counts as the safe one.
    pub fn before(&self, class: Class, now: Time) -> Option<Time> {
        self.of(class).map(|span| now - Span(span.0.max(class.least().0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_unless_asked_and_never_too_early() {
        let now = Time(1_700_000_000_000_000);
        for class in Class::ALL {
            assert_eq!(Retention::default().before(class, now), None);
        }
        let short = Some(Span::seconds(1));
        let hasty = Retention { decisions: short, runs: short, actions: short, parked: short, archive: false };
        for (class, days) in [(Class::Decisions, 35), (Class::Runs, 35), (Class::Actions, 400), (Class::Parked, 1)] {
            assert_eq!(hasty.before(class, now), Some(now - Span::days(days)), "{}", class.word());
        }
        let long = Retention { actions: Some(Span::days(800)), ..Retention::default() };
        assert_eq!(long.before(Class::Actions, now), Some(now - Span::days(800)));
    }
}
