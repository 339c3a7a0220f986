//! Outcomes that people report over HTTP become events like all others.

use crate::WebState;
use crate::problem::{Problem, Result};
use axum::Json;
use axum::http::StatusCode;
use serde_json::{Value, json};
use staunch_broker::Message;
use staunch_core::action::{ActionState, Channel, hash16};
use staunch_core::codes;
use staunch_store::StoredAction;

/// The source of these events: with the id below it makes a double click one event.
const SOURCE: &str = "urn:staunch:outcomes";

/// Publishes outcome `kind` (`nudge.seen`) of an action that went out on this channel.
pub(crate) async fn publish(
    state: &WebState,
    channel: Channel,
    action: &str,
    kind: &str,
) -> Result<(StatusCode, Json<Value>)> {
    let stored = sent(state, channel, action).await?;
    let id = hex::encode(hash16("outcome", &[action, kind]));
    let now = (state.clock)().await;
    let now = now.ok_or_else(|| Problem::unavailable(codes::STORE_DATABASE, "the clock does not answer"))?;
    // Never before the action itself, or the event would count as late.
    let time = [stored.sending_at, stored.finished_at].into_iter().flatten().fold(now, Ord::max);
    let event = json!({
        "specversion": "1.0", "id": id, "source": SOURCE, "type": kind, "subject": stored.action.contact,
        "time": time.to_string(), "datacontenttype": "application/json", "data": { "action_id": action },
    });
    let message = Message { content_type: "application/cloudevents+json".into(), ..Message::json(event.to_string()) };
    state.broker.publish(&[message]).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "accepted": 1, "event": kind, "id": id }))))
}

/// The action, if it may have reached somebody. What is held or withheld is nobody's business outside.
async fn sent(state: &WebState, channel: Channel, action: &str) -> Result<StoredAction> {
    let went = |stored: &StoredAction| {
        let reached = matches!(stored.action.state, ActionState::Sending | ActionState::Done | ActionState::InDoubt);
        reached && stored.action.channel == channel
    };
    let found = if is_id(action) { state.store.action(action).await? } else { None };
    found.filter(went).ok_or_else(|| {
        Problem::not_found(format!("no {} of this id was sent", channel.word()), "take the id from the list")
    })
}

/// Anything else need not be looked for.
fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
}
