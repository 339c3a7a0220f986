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
    for (workflow, template) in used(workflows) {
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
    found.into_iter().map(|((place, name), near)| problem(place, &name, near)).collect()
}

/// One problem for each place at which a template that a workflow uses reads a field that may be missing, and does not
/// say what stands there then.
pub fn optional(templates: &Templates, workspace: &WorkspaceFile, workflows: &[Workflow]) -> Vec<Diagnostic> {
    let mut found = BTreeSet::new();
    for (workflow, template) in used(workflows) {
        let bare = templates.bare(template).into_iter();
        found.extend(bare.filter(|(_, name)| missing(name, workspace, workflow)));
    }
    let told = found.into_iter().map(|(place, name)| Diagnostic {
        message: format!("`{name}` may be missing; the run would be held"),
        help: format!("give it a default: `{{{{ {name} | default(\"there\") }}}}`"),
        ..error(place, codes::EXPR_NO_DEFAULT)
    });
    told.collect()
}

/// Whether a declared field may be missing where this workflow renders.
fn missing(name: &str, workspace: &WorkspaceFile, workflow: &Workflow) -> bool {
    match name.split_once('.') {
        Some(("contact", field)) => workspace.schema.contact.get(field).is_some_and(|field| field.optional),
        // A contact need not have an account.
        Some(("account", field)) => workspace.schema.account.contains_key(field),
        Some(("entry", field)) if workflow.start.schedule.is_none() => {
            workspace.event_field(&workflow.start.events, field).is_some_and(|field| field.optional)
        }
        _ => false,
    }
}

/// Every workflow with each template that it names.
fn used(workflows: &[Workflow]) -> impl Iterator<Item = (&Workflow, &String)> {
    workflows.iter().flat_map(|workflow| {
        let acts = workflow.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::Act(act) => act.template.as_ref(),
            _ => None,
        });
        acts.map(move |template| (workflow, template))
    })
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
    let declare = match name.split_once('.') {
        Some((root @ ("contact" | "account"), field)) => {
            format!("declare `{field}` under `{root}:` in staunch.yaml")
        }
        Some(("entry", field)) => format!("declare `{field}` of the event that starts the workflow, in staunch.yaml"),
        Some(("feature", field)) => format!("declare `{field}` under `features:` of the workflow"),
        _ => "a template reads contact.FIELD, account.FIELD, entry.FIELD and feature.NAME, as they are declared".into(),
    };
    Diagnostic {
        message: format!("the template shows `{name}`, which nobody declares; the run would be held"),
        help: near.map_or(declare.clone(), |near| format!("did you mean `{near}`? else {declare}")),
        ..error(place, codes::UNKNOWN_FIELD)
    }
}

/// An error at a place of a template.
fn error(place: TemplatePlace, code: &str) -> Diagnostic {
    Diagnostic {
        file: format!("templates/{}", place.file),
        line: place.line,
        column: place.column,
        severity: Severity::Error,
        code: code.to_owned(),
        message: String::new(),
        help: String::new(),
        excerpt: place.excerpt,
    }
}
