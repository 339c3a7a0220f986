//! Names in message templates, held against what the workspace declares: an unknown one would hold every run.

use staunch_channels::{TemplatePlace, Templates};
use staunch_core::codes;
use staunch_core::suggest::closest;
use staunch_core::workflow::{NodeKind, Workflow, matches_any};
use staunch_workflow::{Diagnostic, Severity, WorkspaceFile};
use std::collections::{BTreeMap, BTreeSet};

/// One problem for each place at which a template that a workflow uses, or a block of it, shows an unknown name.
pub fn unknown(templates: &Templates, workspace: &WorkspaceFile, workflows: &[Workflow]) -> Vec<Diagnostic> {
    let mut found = BTreeMap::new();
    for workflow in workflows {
        for node in &workflow.nodes {
            let NodeKind::Act(act) = &node.kind else { continue };
            let Some(template) = &act.template else { continue };
            for name in templates.variables(template).into_iter().flatten() {
                let known = known(&name, workspace, workflow);
                if !known.contains(&name) {
                    let near = closest(&name, known.iter().map(String::as_str)).map(str::to_owned);
                    for place in places(templates, template, &name) {
                        found.entry((place, name.clone())).or_insert_with(|| near.clone());
                    }
                }
            }
        }
    }
    found.into_iter().map(|((place, name), near)| problem(place, &name, near)).collect()
}

/// Where a template shows a name; its beginning, where the name is not written out.
fn places(templates: &Templates, template: &str, name: &str) -> Vec<TemplatePlace> {
    let places = templates.places(template, name);
    let start = || TemplatePlace { file: format!("{template}.txt"), line: 1, column: 1, excerpt: String::new() };
    if places.is_empty() { vec![start()] } else { places }
}

/// The names that stand beside `name`, under the same root; a root alone and what is below a field are taken as they are.
fn known(name: &str, workspace: &WorkspaceFile, workflow: &Workflow) -> BTreeSet<String> {
    let schema = &workspace.schema;
    let under =
        |root: &str, names: Vec<&String>| names.into_iter().map(|one| format!("{root}.{one}")).collect::<BTreeSet<_>>();
    let mut all = under("contact", schema.contact.keys().collect());
    all.extend(under("account", schema.account.keys().collect()));
    let starts = schema.events.iter().filter(|(event, _)| matches_any(&workflow.start.events, event));
    all.extend(under("entry", starts.flat_map(|(_, fields)| fields.keys()).collect()));
    if workflow.start.schedule.is_some() {
        all.insert("entry.time".to_owned());
    }
    all.extend(under("feature", workflow.features.iter().map(|one| &one.name).collect()));
    if ["contact", "account", "entry", "feature"].contains(&name) {
        all.insert(name.to_owned());
    }
    all
}

fn problem(place: TemplatePlace, name: &str, near: Option<String>) -> Diagnostic {
    let known =
        "a template reads contact.FIELD, account.FIELD, entry.FIELD and feature.NAME, as they are declared".to_owned();
    Diagnostic {
        file: format!("templates/{}", place.file),
        line: place.line,
        column: place.column,
        severity: Severity::Error,
        code: codes::UNKNOWN_FIELD.to_owned(),
        message: format!("the template shows `{name}`, which nobody declares; the run would be held"),
        help: near.map_or(known, |near| format!("did you mean `{near}`?")),
        excerpt: place.excerpt,
    }
}
