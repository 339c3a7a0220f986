//! The one visible list of connectors: what a workspace has is what [`Channels::open`] puts into it.

use crate::SetupError;
use crate::connector::Connector;
use crate::local::{Nudges, TaskList};
use crate::mime::EmailSettings;
use crate::outbox::Outbox;
use crate::smtp::{Smtp, SmtpSettings};
use crate::webhook::{Webhook, WebhookSettings};
use staunch_core::action::Channel;
use staunch_core::workflow::{NodeKind, Workflow};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// The word under `kind:` of a connector that posts tasks and requests to a signed webhook.
pub const WEBHOOK: &str = "webhook";

/// What a workspace says about its channels, with all references to secrets resolved.
pub struct Settings {
    /// Who writes e-mails.
    pub email: EmailSettings,
    /// The mail server; without one, mails go to the outbox.
    pub smtp: Option<SmtpSettings>,
    /// The folder of the outbox.
    pub outbox: PathBuf,
    /// Names of task lists beside the one that every workspace has.
    pub task_lists: Vec<String>,
    /// Webhooks for tasks and webhook steps by the connector's name.
    pub webhooks: BTreeMap<String, WebhookSettings>,
}

/// The connectors of a workspace.
#[derive(Clone, Default)]
pub struct Channels {
    by_name: BTreeMap<String, Arc<dyn Connector>>,
    defaults: BTreeMap<Channel, String>,
}

impl Channels {
    /// The list. Each channel's first connector is its default.
    pub fn open(settings: Settings) -> Result<Channels, SetupError> {
        let mut channels = Channels::default();
        match &settings.smtp {
            Some(smtp) => channels.add(Smtp::new(smtp, settings.email)?)?,
            None => channels.add(Outbox::open(&settings.outbox, settings.email)?)?,
        }
        channels.add(Nudges)?;
        channels.add(TaskList::default())?;
        for name in settings.task_lists.into_iter().filter(|name| name != TaskList::NAME) {
            channels.add(TaskList::named(name))?;
        }
        for (name, webhook) in settings.webhooks {
            channels.add(Webhook::new(&name, webhook)?)?;
        }
        Ok(channels)
    }

    /// Adds one connector; a name that is taken is an error.
    pub fn add(&mut self, connector: impl Connector + 'static) -> Result<(), SetupError> {
        let name = connector.name().to_owned();
        if self.by_name.contains_key(&name) {
            return Err(SetupError::new(format!("two connectors are named `{name}`; rename one")));
        }
        // A request to a company's system goes where the step says, never to whatever was listed first.
        for channel in connector.channels().iter().filter(|channel| **channel != Channel::Webhook) {
            self.defaults.entry(*channel).or_insert_with(|| name.clone());
        }
        self.by_name.insert(name, Arc::new(connector));
        Ok(())
    }

    /// The connector of that name, or the channel's default. `None` where there is no such connector, or where it
    /// serves another channel.
    pub fn get(&self, channel: Channel, name: Option<&str>) -> Option<&Arc<dyn Connector>> {
        let name = name.or_else(|| self.defaults.get(&channel).map(String::as_str))?;
        self.by_name.get(name).filter(|connector| connector.channels().contains(&channel))
    }

    /// The steps of a workflow for which there is no connector, with what is wrong: what they make could never be sent.
    pub fn missing(&self, workflow: &Workflow) -> Vec<String> {
        let lost = workflow.nodes.iter().filter_map(|node| {
            let NodeKind::Act(act) = &node.kind else { return None };
            let name = act.connector.as_deref();
            let wanted = name.map_or_else(String::new, |name| format!(" of the name `{name}`"));
            let lost = self.get(act.channel, name).is_none();
            lost.then(|| format!("step `{}` has no connector{wanted} for a {}", node.id, act.channel.word()))
        });
        lost.collect()
    }

    /// All connectors, by name.
    pub fn all(&self) -> impl Iterator<Item = &Arc<dyn Connector>> {
        self.by_name.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(folder: &std::path::Path, webhooks: &[&str]) -> Settings {
        let webhook = || WebhookSettings::new("https://crm.example.com/tasks", "secret-of-sixteen-bytes");
        Settings {
            email: EmailSettings::new("hello@shop.invalid", None).unwrap(),
            smtp: None,
            outbox: folder.join("outbox"),
            task_lists: vec!["tasks".to_owned(), "desk".to_owned()],
            webhooks: webhooks.iter().map(|name| ((*name).to_owned(), webhook())).collect(),
        }
    }

    #[test]
    fn names_resolve_within_their_channel() {
        let folder = tempfile::tempdir().unwrap();
        let channels = Channels::open(settings(folder.path(), &["crm"])).unwrap();
        let name = |channel, name| channels.get(channel, name).map(|connector| connector.name().to_owned());
        assert_eq!(name(Channel::Email, None).as_deref(), Some("outbox"));
        assert_eq!(name(Channel::Nudge, None).as_deref(), Some("nudges"));
        assert_eq!(name(Channel::Task, None).as_deref(), Some("tasks"));
        assert_eq!(name(Channel::Task, Some("crm")).as_deref(), Some("crm"));
        assert_eq!(name(Channel::Email, Some("crm")), None);
        assert_eq!(name(Channel::Task, Some("desk")).as_deref(), Some("desk"));
        assert_eq!(name(Channel::Webhook, Some("desk")), None);
        assert_eq!(name(Channel::Task, Some("nobody")), None);
        assert_eq!(name(Channel::Webhook, Some("crm")).as_deref(), Some("crm"));
        assert_eq!((name(Channel::Webhook, None), name(Channel::Webhook, Some("tasks"))), (None, None));
        assert_eq!(channels.all().count(), 5);
    }

    #[test]
    fn a_step_without_its_connector_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let channels = Channels::open(settings(folder.path(), &["crm"])).unwrap();
        let act = |channel: &str, connector: Option<&str>| {
            serde_json::json!({ "Act": {
                "channel": channel, "template": null, "connector": connector, "assignee": null, "title": null,
                "due": null, "expires": 1,
            } })
        };
        let steps = [
            act("task", None),
            act("task", Some("crm")),
            act("webhook", Some("crm")),
            act("webhook", Some("desk")),
            act("task", Some("erp")),
            serde_json::json!("Stop"),
        ];
        let nodes = steps
            .into_iter()
            .enumerate()
            .map(|(at, kind)| serde_json::json!({ "id": format!("s{at}"), "kind": kind, "next": "End" }));
        let workflow: Workflow = serde_json::from_value(serde_json::json!({
            "name": "w", "version": "1", "title": "", "owner": "", "purpose": "p", "priority": 1,
            "start": { "events": [], "when": null, "again_after": null }, "features": [], "facts": [], "scores": [],
            "nodes": nodes.collect::<Vec<_>>(), "first": "End", "while_running": "Ignore", "leave_when": [],
            "goal": null, "holdout": 0.0, "breakers": [], "reviews": [],
        }))
        .unwrap();
        assert_eq!(
            channels.missing(&workflow),
            [
                "step `s3` has no connector of the name `desk` for a webhook",
                "step `s4` has no connector of the name `erp` for a task",
            ]
        );
    }

    #[test]
    fn a_name_taken_twice_stops_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let error = Channels::open(settings(folder.path(), &["outbox"])).err().unwrap();
        assert!(error.message.contains("`outbox`"), "{error}");
    }
}
