//! Audiences of `staunch.yaml`: features and a condition, read by the same rules as those of a workflow.

use super::names::Place;
use super::{Around, Flow};
use crate::catalog::NoPlugins;
use crate::read::{Keys, Reader};
use crate::workspace::WorkspaceFile;
use crate::yaml::Node;
use staunch_core::expr::Checker;
use staunch_core::value::Type;
use staunch_core::workflow::Audience;
use std::collections::BTreeMap;

pub(crate) const AUDIENCE: Keys = Keys { known: &["features", "when"], later: &[] };

/// Reads one audience; `None` where it cannot be used. The workspace's contact, account and events have to be read
/// before.
pub(crate) fn audience(
    reader: &mut Reader<'_>,
    name: &str,
    node: &Node,
    workspace: &WorkspaceFile,
    checker: &dyn Checker,
) -> Option<Audience> {
    let templates = BTreeMap::new();
    let around = Around { workspace: Some(workspace), templates: &templates, plugins: &NoPlugins, checker };
    let mut flow = Flow::new(reader, &around);
    let fields = flow.reader.fields(node, &AUDIENCE)?;
    let before = flow.reader.errors();
    let (features, facts) = fields.get("features").map(|node| flow.features(node)).unwrap_or_default();
    let place = Place { features: true, ..Place::default() };
    let when = flow.reader.need(&fields, "when").and_then(|node| flow.expr(node, &place, Type::Bool));
    let (when, _) = when.filter(|_| flow.reader.errors() == before)?;
    Some(Audience { name: name.to_owned(), features, facts, when })
}
