//! What RabbitMQ's policies and arguments do to our queues, for `staunch doctor`.

use crate::wiring;
use staunch_workflow::WorkspaceFile;
use std::path::Path;

/// Findings about the queues of the workspace's RabbitMQ, each fine or with what would lose events; none where the queue
/// is embedded.
pub async fn look(dir: &Path, workspace: &WorkspaceFile) -> Vec<Result<String, String>> {
    let connections = &workspace.connections;
    let Some(broker) = &connections.broker else { return Vec::new() };
    let Some(management) = &connections.broker_management else {
        let unread =
            "not read: connections.broker_management is not set, so nobody looked whether a policy would lose events";
        return vec![Ok(unread.into())];
    };
    let both = wiring::resolve(dir, "connections.broker", broker)
        .and_then(|broker| Ok((broker, wiring::resolve(dir, "connections.broker_management", management)?)));
    let (broker, management) = match both {
        Ok(both) => both,
        Err(error) => return vec![Err(error.brief())],
    };
    match staunch_broker::inspect(&management, &broker, &wiring::amqp_prefix()).await {
        Err(error) => vec![Err(error.to_string())],
        Ok(found) if found.problems.is_empty() && found.blind > 0 => vec![Ok(format!(
            "arguments of {} queues are fine; their policies are not told. Where queues are older than a minute, the plugin's \
             metrics collector is switched off: look at `rabbitmqctl list_policies`",
            found.queues
        ))],
        Ok(found) if found.problems.is_empty() => {
            vec![Ok(format!("{} queues, and nothing there would lose events", found.queues))]
        }
        Ok(found) => found.problems.into_iter().map(Err).collect(),
    }
}
