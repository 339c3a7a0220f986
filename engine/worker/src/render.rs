//! The core's renderer: with the texts that a workflow's version was published with.

use staunch_channels::Templates;
use staunch_core::decide::{Email, Renderer};
use staunch_core::workflow::Workflow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

/// Versions whose templates are kept compiled; past this all are forgotten, and compiled again when they are needed.
const KEPT: usize = 256;

/// Renders messages. Every version has its own texts, so that an edit of a template changes nothing for those who
/// entered before; versions that were published without texts take the workspace's of today.
pub struct MessageRenderer {
    current: Arc<Templates>,
    /// By workflow and version.
    versions: RwLock<HashMap<String, HashMap<String, Arc<Templates>>>>,
}

impl MessageRenderer {
    /// A renderer over the templates of a workspace.
    pub fn new(current: Arc<Templates>) -> MessageRenderer {
        MessageRenderer { current, versions: RwLock::default() }
    }

    fn templates(&self, workflow: &Workflow) -> Arc<Templates> {
        if workflow.messages.values().all(|message| message.files.is_empty()) {
            return Arc::clone(&self.current);
        }
        let known = self.versions.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(&workflow.name).and_then(|versions| versions.get(&workflow.version)).cloned();
        drop(known);
        found.unwrap_or_else(|| self.compile(workflow))
    }

    fn compile(&self, workflow: &Workflow) -> Arc<Templates> {
        let files = workflow.messages.values().flat_map(|message| &message.files);
        let files: BTreeMap<String, String> = files.map(|(path, text)| (path.clone(), text.clone())).collect();
        let (templates, problems) = Templates::parse(&files);
        if let Some(one) = problems.first() {
            // They were checked when they were published; what cannot be rendered holds the run.
            let (workflow, version, file) = (&workflow.name, &workflow.version, &one.file);
            tracing::error!(workflow, version, file, problem = one.message, "a published template cannot be used");
        }
        let templates = Arc::new(templates);
        let mut known = self.versions.write().unwrap_or_else(PoisonError::into_inner);
        if known.values().map(HashMap::len).sum::<usize>() >= KEPT {
            known.clear();
        }
        let versions = known.entry(workflow.name.clone()).or_default();
        versions.insert(workflow.version.clone(), Arc::clone(&templates));
        templates
    }
}

impl Renderer for MessageRenderer {
    fn email(&self, workflow: &Workflow, template: &str, values: &serde_json::Value) -> Result<Email, String> {
        let email = self.templates(workflow).render_email(template, values).map_err(|error| error.to_string())?;
        Ok((email.subject, email.text, email.html))
    }

    fn nudge(
        &self,
        workflow: &Workflow,
        template: &str,
        values: &serde_json::Value,
    ) -> Result<(String, String), String> {
        let nudge = self.templates(workflow).render_nudge(template, values).map_err(|error| error.to_string())?;
        Ok((nudge.title, nudge.text))
    }

    fn text(&self, source: &str, values: &serde_json::Value) -> Result<String, String> {
        self.current.render_text(source, values).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn templates(list: &[(&str, &str)]) -> BTreeMap<String, String> {
        list.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    /// A renderer whose workspace says "new".
    fn renderer() -> MessageRenderer {
        let files = templates(&[
            ("w/mail.txt", "Subject: new\n\nnew {% include 'blocks/foot.txt' %}"),
            ("w/tip.txt", "Title: new\n\nnew"),
            ("blocks/foot.txt", "new foot"),
        ]);
        MessageRenderer::new(Arc::new(Templates::parse(&files).0))
    }

    fn workflow(version: &str, messages: serde_json::Value) -> Workflow {
        serde_json::from_value(json!({
            "name": "w", "version": version, "title": "", "owner": "", "purpose": "p", "priority": 1,
            "start": { "events": [], "when": null, "again_after": null }, "features": [], "facts": [], "scores": [],
            "nodes": [], "first": "End", "while_running": "Ignore", "leave_when": [], "goal": null, "holdout": 0.0,
            "breakers": [], "reviews": [], "messages": messages,
        }))
        .unwrap()
    }

    fn old(version: &str) -> Workflow {
        let mail = json!({
            "w/mail.txt": "Subject: old {{ contact.name }}\n\nold {% include 'blocks/foot.txt' %}",
            "blocks/foot.txt": "old foot",
        });
        workflow(version, json!({ "w/mail": { "files": mail } }))
    }

    #[test]
    fn an_edited_template_changes_nothing_for_a_version_that_has_its_texts() {
        let (renderer, values) = (renderer(), json!({ "contact": { "name": "Ada" } }));
        for _ in 0..2 {
            let (subject, text, html) = renderer.email(&old("1"), "w/mail", &values).unwrap();
            assert_eq!((subject.as_str(), text.as_str(), html), ("old Ada", "old old foot", None));
        }
        let error = renderer.nudge(&old("1"), "w/tip", &values).unwrap_err();
        assert!(error.contains("no template `w/tip`"), "a version has its own texts and no others: {error}");
    }

    #[test]
    fn a_version_without_texts_takes_those_of_today() {
        let (renderer, before) = (renderer(), workflow("0", json!({})));
        assert_eq!(renderer.email(&before, "w/mail", &json!({})).unwrap().1, "new new foot");
        assert_eq!(renderer.nudge(&before, "w/tip", &json!({})).unwrap().1, "new");
        assert_eq!(renderer.text("{{ contact.name }}", &json!({ "contact": { "name": "Ada" } })).unwrap(), "Ada");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let (renderer, values) = (renderer(), json!({ "contact": { "name": "Ada" } }));
        for version in 0..KEPT + 5 {
            assert_eq!(renderer.email(&old(&version.to_string()), "w/mail", &values).unwrap().0, "old Ada");
        }
        let kept: usize = renderer.versions.read().unwrap().values().map(HashMap::len).sum();
        assert_eq!(kept, 5);
    }
}
