//! The core's renderer over the workspace's templates.

use staunch_channels::Templates;
use staunch_core::decide::{Email, Renderer};
use staunch_core::workflow::Workflow;

/// Renders with the templates of a workspace.
pub struct MessageRenderer(pub std::sync::Arc<Templates>);

impl Renderer for MessageRenderer {
    fn email(&self, _: &Workflow, template: &str, values: &serde_json::Value) -> Result<Email, String> {
        let email = self.0.render_email(template, values).map_err(|error| error.to_string())?;
        Ok((email.subject, email.text, email.html))
    }

    fn nudge(&self, _: &Workflow, template: &str, values: &serde_json::Value) -> Result<(String, String), String> {
        let nudge = self.0.render_nudge(template, values).map_err(|error| error.to_string())?;
        Ok((nudge.title, nudge.text))
    }

    fn text(&self, source: &str, values: &serde_json::Value) -> Result<String, String> {
        self.0.render_text(source, values).map_err(|error| error.to_string())
    }
}
