//! What a workflow declares and nothing reads, and outcomes that it waits for and can never have.

use super::Flow;
use super::stops::metric_channels;
use staunch_core::action::Channel;
use staunch_core::codes;
use staunch_core::schema::BUILT_IN_EVENTS;
use staunch_core::workflow::matches_any;

impl Flow<'_, '_> {
    /// Features that no expression, score, text or template reads.
    pub(super) fn unused_features(&mut self) {
        let texts: Vec<&String> = self
            .templates
            .iter()
            .filter_map(|name| self.around.templates.get(name))
            .flat_map(|info| info.files.values())
            .collect();
        let unknown = |name: &String| self.around.templates.get(name).is_some_and(|info| info.files.is_empty());
        if self.templates.iter().any(unknown) {
            // Where the text of a template is not known, it may show anything.
            return;
        }
        for (at, name) in std::mem::take(&mut self.declared) {
            if !self.features_read.contains(&name) && !texts.iter().any(|text| shows(text, &name)) {
                let message = format!("`feature.{name}` is declared and never read");
                let help = "read it, or remove it; keep it only for a table that a model is trained on";
                self.reader.warning(at, codes::UNUSED, message, help);
            }
        }
    }

    /// Outcomes of channels on which this workflow does nothing.
    pub(super) fn outcomes(&mut self) {
        for (at, patterns) in std::mem::take(&mut self.waits) {
            let declared = self.around.workspace.map(|workspace| &workspace.schema.events);
            if declared.is_some_and(|events| events.keys().any(|event| matches_any(&patterns, event))) {
                continue;
            }
            let mut seen = BUILT_IN_EVENTS.iter().filter(|event| matches_any(&patterns, event));
            let foreign = |event: &str| outcome_of(event).is_some_and(|channel| !self.acts_on(channel));
            if let Some(event) = seen.clone().next().filter(|_| seen.all(|event| foreign(event))) {
                let message = format!("`{event}` is an outcome, and no step of this workflow can have it");
                let help = "only another workflow's action would end this wait: wait for something else, or act first";
                self.reader.warning(at, codes::NO_OUTCOME, message, help);
            }
        }
        for (at, metric) in std::mem::take(&mut self.metrics) {
            let sources = metric.channel.map(|channel| vec![channel]).or_else(|| metric_channels(&metric.name));
            if sources.is_some_and(|channels| !channels.iter().any(|channel| self.acts_on(*channel))) {
                let channel = metric.channel.map(|channel| format!(".{}", channel.word())).unwrap_or_default();
                let message = format!("nothing that this workflow does is ever `{}{channel}`", metric.name);
                let help = "watch an outcome of its own steps, or remove the rule";
                self.reader.warning(at, codes::NO_OUTCOME, message, help);
            }
        }
    }
}

/// The channel whose actions have this outcome.
fn outcome_of(event: &str) -> Option<Channel> {
    Channel::parse(event.split_once('.')?.0)
}

/// Whether a template shows a feature.
fn shows(text: &str, feature: &str) -> bool {
    let name = format!("feature.{feature}");
    text.match_indices(&name).any(|(at, _)| {
        let next = text[at + name.len()..].chars().next();
        next.is_none_or(|next| !next.is_ascii_alphanumeric() && next != '_')
    })
}
