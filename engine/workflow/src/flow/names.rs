//! Which names exist at which place of a workflow file, and of what type they are.

use crate::workspace::WorkspaceFile;
use staunch_core::expr::{NameType, Names, Root};
use staunch_core::value::Type;

/// Everything that has a name in a workflow.
pub(super) struct Known<'a> {
    pub(super) workspace: Option<&'a WorkspaceFile>,
    /// Events that start it, as written: what `entry` can be.
    pub(super) start: Vec<String>,
    pub(super) features: Vec<String>,
    /// Scores, and whether they have bands.
    pub(super) scores: Vec<(String, bool)>,
}

/// What a place lets an expression read beside the contact.
#[derive(Clone, Default)]
pub(super) struct Place {
    /// The events that can be handled there.
    pub(super) event: Option<Vec<String>>,
    pub(super) entry: bool,
    pub(super) features: bool,
    pub(super) scores: bool,
}

impl Place {
    /// Inside a run: everything but an event.
    pub(super) fn step() -> Place {
        Place { event: None, entry: true, features: true, scores: true }
    }

    /// A condition on an event that a run meets. Scores are left out: what cannot be scored would silently not match.
    pub(super) fn seen(events: Vec<String>) -> Place {
        Place { event: Some(events), entry: true, features: true, scores: false }
    }
}

/// Names at one place.
pub(super) struct At<'k> {
    known: &'k Known<'k>,
    place: &'k Place,
}

impl Known<'_> {
    pub(super) fn at<'k>(&'k self, place: &'k Place) -> At<'k> {
        At { known: self, place }
    }
}

impl Names for At<'_> {
    fn lookup(&self, root: Root, name: &str) -> Option<NameType> {
        let workspace = self.known.workspace?;
        let number = NameType { kind: Type::Number, optional: false };
        match root {
            Root::Contact => workspace
                .schema
                .contact
                .get(name)
                .map(|field| NameType { kind: field.expression_type(), optional: field.optional }),
            Root::Event => workspace.event_field(self.place.event.as_ref()?, name),
            Root::Entry if self.place.entry => workspace.event_field(&self.known.start, name),
            Root::Feature if self.place.features => {
                self.known.features.iter().any(|known| known == name).then_some(number)
            }
            Root::Score if self.place.scores => {
                self.known.scores.iter().any(|(known, _)| known == name).then_some(number)
            }
            Root::Band if self.place.scores => {
                let known = self.known.scores.iter().any(|(known, bands)| known == name && *bands);
                known.then_some(NameType { kind: Type::Text, optional: false })
            }
            _ => None,
        }
    }

    fn list(&self, root: Root) -> Vec<String> {
        let Some(workspace) = self.known.workspace else { return Vec::new() };
        match root {
            Root::Contact => workspace.schema.contact.keys().cloned().collect(),
            Root::Event => self.place.event.as_ref().map(|events| workspace.event_fields(events)).unwrap_or_default(),
            Root::Entry if self.place.entry => workspace.event_fields(&self.known.start),
            Root::Feature if self.place.features => self.known.features.clone(),
            Root::Score if self.place.scores => self.known.scores.iter().map(|(name, _)| name.clone()).collect(),
            Root::Band if self.place.scores => {
                self.known.scores.iter().filter(|(_, bands)| *bands).map(|(name, _)| name.clone()).collect()
            }
            _ => Vec::new(),
        }
    }
}
