//! Which names exist at which place of a workflow file, and of what type they are.

use crate::workspace::WorkspaceFile;
use staunch_core::expr::{NameType, Names, Root};
use staunch_core::schema::{Field, FieldKind, Fields};
use staunch_core::score::ScoreKind;
use staunch_core::value::Type;
use staunch_core::workflow::matches_any;

/// Everything that has a name in a workflow.
pub(super) struct Known<'a> {
    pub(super) workspace: Option<&'a WorkspaceFile>,
    /// Events that start it, as written: what `entry` can be.
    pub(super) start: Vec<String>,
    /// It starts by a schedule: `entry` has nothing but its time.
    pub(super) scheduled: bool,
    pub(super) features: Vec<String>,
    pub(super) scores: Vec<KnownScore>,
}

/// A declared score.
pub(super) struct KnownScore {
    pub(super) name: String,
    /// The shape of its answers; `None` where nothing is known of the plugin, and so nothing is said about its parts.
    pub(super) kind: Option<ScoreKind>,
    /// The bands that `band.NAME` can be, where it exists; `None` where nothing is known of the plugin.
    pub(super) bands: Option<Vec<String>>,
}

/// What a place lets an expression or text read beside the contact and its account.
#[derive(Clone, Default)]
pub(super) struct Place {
    /// The events that can be handled there.
    pub(super) event: Option<Vec<String>>,
    pub(super) entry: bool,
    pub(super) features: bool,
    pub(super) scores: bool,
    /// A text with `{{ }}`: it can show times, which expressions do not have.
    pub(super) text: bool,
}

impl Place {
    /// Inside a run: everything but an event.
    pub(super) fn step() -> Place {
        Place { entry: true, features: true, scores: true, ..Place::default() }
    }

    /// A condition on an event that a run meets. Scores are left out: what cannot be scored would silently not match.
    pub(super) fn seen(events: Vec<String>) -> Place {
        Place { event: Some(events), entry: true, features: true, ..Place::default() }
    }

    /// A text of a step.
    pub(super) fn text() -> Place {
        Place { entry: true, features: true, text: true, ..Place::default() }
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

const NUMBER: NameType = NameType { kind: Type::Number, optional: false };
const TEXT: NameType = NameType { kind: Type::Text, optional: false };

impl Names for At<'_> {
    fn lookup(&self, root: Root, name: &str) -> Option<NameType> {
        let workspace = self.known.workspace?;
        let (known, place) = (self.known, self.place);
        match root {
            Root::Contact => workspace
                .schema
                .contact
                .get(name)
                .map(|field| NameType { kind: field.expression_type(), optional: field.optional }),
            // A contact need not have an account.
            Root::Account => workspace
                .schema
                .account
                .get(name)
                .map(|field| NameType { kind: field.expression_type(), optional: true }),
            Root::Event => workspace.event_field(place.event.as_ref()?, name),
            Root::Entry if place.entry && known.scheduled => (place.text && name == "time").then_some(TEXT),
            Root::Entry if place.entry => workspace.event_field(&known.start, name),
            Root::Feature if place.features => known.features.iter().any(|known| known == name).then_some(NUMBER),
            Root::Score if place.scores => known.scores.iter().find_map(|score| score.part(name)),
            Root::Band if place.scores => {
                known.scores.iter().any(|score| score.name == name && score.banded()).then_some(TEXT)
            }
            _ => None,
        }
    }

    fn choices(&self, root: Root, name: &str) -> Vec<String> {
        let Some(workspace) = self.known.workspace else { return Vec::new() };
        let of = |fields: &Fields| fields.get(name).map(choices).unwrap_or_default();
        match root {
            Root::Contact => Some(of(&workspace.schema.contact)),
            Root::Account => Some(of(&workspace.schema.account)),
            Root::Event => self.place.event.as_ref().map(|events| event_choices(workspace, events, name)),
            Root::Entry => Some(event_choices(workspace, &self.known.start, name)),
            Root::Band => {
                self.known.scores.iter().find(|score| score.name == name).and_then(|score| score.bands.clone())
            }
            Root::Score => self.known.scores.iter().find_map(|score| score.labels(name)),
            Root::Feature => None,
        }
        .unwrap_or_default()
    }

    fn list(&self, root: Root) -> Vec<String> {
        let Some(workspace) = self.known.workspace else { return Vec::new() };
        let (known, place) = (self.known, self.place);
        match root {
            Root::Contact => workspace.schema.contact.keys().cloned().collect(),
            Root::Account => workspace.schema.account.keys().cloned().collect(),
            Root::Event => place.event.as_ref().map(|events| workspace.event_fields(events)).unwrap_or_default(),
            Root::Entry if place.entry && known.scheduled && place.text => vec!["time".to_owned()],
            Root::Entry if place.entry => workspace.event_fields(&known.start),
            Root::Feature if place.features => known.features.clone(),
            Root::Score if place.scores => known.scores.iter().flat_map(KnownScore::parts).collect(),
            Root::Band if place.scores => {
                known.scores.iter().filter(|score| score.banded()).map(|score| score.name.clone()).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The texts that a field can be; empty = any.
fn choices(field: &Field) -> Vec<String> {
    match &field.kind {
        FieldKind::Text { one_of } => one_of.clone(),
        _ => Vec::new(),
    }
}

/// The texts that a field can be in any of the events; where it can be any text in one of them, it can be any.
fn event_choices(workspace: &WorkspaceFile, events: &[String], name: &str) -> Vec<String> {
    let matching = workspace.schema.events.iter().filter(|(event, _)| matches_any(events, event));
    let mut all = Vec::new();
    for found in matching.filter_map(|(_, fields)| fields.get(name)).map(choices) {
        if found.is_empty() {
            return found;
        }
        all.extend(found);
    }
    all
}

impl KnownScore {
    /// Whether `band.NAME` exists.
    fn banded(&self) -> bool {
        self.bands.as_ref().is_none_or(|bands| !bands.is_empty())
    }

    /// The texts that `NAME.label` can be.
    fn labels(&self, name: &str) -> Option<Vec<String>> {
        match &self.kind {
            Some(ScoreKind::Classes(labels)) if name.strip_prefix(self.name.as_str()) == Some(".label") => {
                Some(labels.clone())
            }
            _ => None,
        }
    }

    /// The type of `NAME` or of one of its parts, such as `NAME.of:billing`.
    fn part(&self, name: &str) -> Option<NameType> {
        let rest = name.strip_prefix(self.name.as_str())?;
        let Some(part) = rest.strip_prefix('.') else {
            let whole = rest.is_empty() && matches!(self.kind, None | Some(ScoreKind::Scalar));
            return whole.then_some(NUMBER);
        };
        let place = |text: &str| text.parse::<u32>().is_ok();
        match (&self.kind, part.split_once(':').unwrap_or((part, ""))) {
            (None | Some(ScoreKind::Classes(_)), ("label", "")) => Some(TEXT),
            (None | Some(ScoreKind::Classes(_)), ("p", "")) => Some(NUMBER),
            (Some(ScoreKind::Classes(labels)), ("of", label)) => {
                labels.iter().any(|one| one == label).then_some(NUMBER)
            }
            (None, ("of", _)) => Some(NUMBER),
            (None | Some(ScoreKind::Ranking), ("top", at)) if place(at) => {
                Some(NameType { kind: Type::Text, optional: true })
            }
            _ => None,
        }
    }

    /// All names that it has.
    fn parts(&self) -> Vec<String> {
        let name = &self.name;
        match &self.kind {
            None | Some(ScoreKind::Scalar) => vec![name.clone()],
            Some(ScoreKind::Classes(labels)) => {
                let plain = ["label", "p"].map(|part| format!("{name}.{part}"));
                plain.into_iter().chain(labels.iter().map(|label| format!("{name}.of:{label}"))).collect()
            }
            Some(ScoreKind::Ranking) => vec![format!("{name}.top:0")],
        }
    }
}

/// The score that a name under `score.` or `band.` belongs to.
pub(super) fn score_of(name: &str) -> &str {
    name.split_once('.').map_or(name, |(score, _)| score)
}
