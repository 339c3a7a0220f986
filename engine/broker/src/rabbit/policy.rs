//! What arguments and policies do to our queues, judged from what the management plugin says. Pure.
//!
//! Where an argument and a policy speak of the same thing, RabbitMQ takes the smaller number, the policy's overflow, and the
//! argument's dead-letter exchange and strategy.

use serde_json::Value;
use staunch_core::codes::BROKER_POLICY;

/// A lower limit parks neighbours of a crash: each crash counts for all that was delivered and not acknowledged.
const LIMIT: i64 = 20;

/// What a queue is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Events of everybody.
    Events,
    /// Events of a partition.
    Partition,
    /// Dead letters, until the store has them.
    Parked,
}

/// One queue as the management plugin describes it.
struct Queue<'a> {
    queue: &'a Value,
    role: Role,
}

/// What is wrong with a queue: for each thing a sentence with its consequence. `dead` is the exchange of dead letters.
pub(super) fn judge(queue: &Value, role: Role, dead: &str) -> Vec<String> {
    let queue = Queue { queue, role };
    let mut found = Vec::new();
    queue.kind(&mut found);
    queue.lifetimes(&mut found);
    queue.lengths(&mut found);
    if role != Role::Parked {
        queue.deaths(dead, &mut found);
    }
    let name = queue.queue["name"].as_str().unwrap_or("?");
    found.into_iter().map(|what| format!("{BROKER_POLICY}: queue {name} {what}")).collect()
}

/// Whether dead letters arrive: the bindings of the parking queue.
pub(super) fn judge_bindings(bindings: &Value, parked: &str, dead: &str) -> Option<String> {
    let bound = bindings.as_array().is_some_and(|all| all.iter().any(|one| one["source"] == dead));
    (!bound).then(|| {
        format!(
            "{BROKER_POLICY}: queue {parked} is not bound to exchange {dead}, so dead letters wait in their queues and are \
             never parked; `staunch run` binds it at its start"
        )
    })
}

impl<'a> Queue<'a> {
    fn argument(&self, key: &str) -> Option<&'a Value> {
        self.queue["arguments"].get(format!("x-{key}"))
    }

    fn policy(&self, key: &str) -> Option<&'a Value> {
        self.queue["effective_policy_definition"].get(key)
    }

    /// The smaller one, with where it comes from.
    fn smaller(&self, key: &str) -> Option<(i64, String)> {
        let (argument, policy) = (self.argument(key), self.policy(key));
        let (argument, policy) = (argument.and_then(Value::as_i64), policy.and_then(Value::as_i64));
        match (argument, policy) {
            (Some(argument), Some(policy)) if policy < argument => Some((policy, self.by_policy())),
            (Some(argument), _) => Some((argument, "an argument".into())),
            (None, Some(policy)) => Some((policy, self.by_policy())),
            (None, None) => None,
        }
    }

    fn by_policy(&self) -> String {
        let names = ["policy", "operator_policy"].map(|key| self.queue[key].as_str().filter(|name| !name.is_empty()));
        let names: Vec<&str> = names.into_iter().flatten().collect();
        format!("policy {}", names.join(" or operator policy "))
    }

    fn kind(&self, found: &mut Vec<String>) {
        if self.queue["type"] != "quorum" {
            found.push(
                "is no quorum queue, so a lost node loses its events; empty and delete it, `staunch run` makes it"
                    .into(),
            );
        }
        if self.queue["durable"] == false {
            found.push("is not durable, so a restart of the server loses it with its events".into());
        }
        if self.queue["auto_delete"] == true {
            found.push("is deleted, with its events, when the last worker leaves (auto-delete)".into());
        }
        let alone = self.argument("single-active-consumer").is_some_and(|value| value == true);
        if self.role == Role::Partition && !alone {
            found.push(
                "lets several workers in at once (no x-single-active-consumer), so order within a contact is lost"
                    .into(),
            );
        }
    }

    fn lifetimes(&self, found: &mut Vec<String>) {
        if let Some((millis, by)) = self.smaller("message-ttl") {
            let after = match self.role {
                Role::Parked => "is thrown away before it is parked",
                Role::Events | Role::Partition => "is parked instead of decided",
            };
            found.push(format!("has message-ttl {millis} ms from {by}: what waits longer, as in an outage, {after}"));
        }
        if let Some((millis, by)) = self.smaller("expires") {
            found.push(format!(
                "has expires {millis} ms from {by}: with no worker for so long it is deleted with its events"
            ));
        }
    }

    /// A full queue that refuses is back-pressure; one that drops is a loss.
    fn lengths(&self, found: &mut Vec<String>) {
        let (argument, policy) = (self.argument("overflow"), self.policy("overflow"));
        let overflow = policy.or(argument).and_then(Value::as_str).unwrap_or("drop-head");
        for key in ["max-length", "max-length-bytes"] {
            let Some((limit, by)) = self.smaller(key) else { continue };
            if overflow != "reject-publish" {
                let lost = if self.role == Role::Parked { "lost" } else { "parked undecided" };
                found.push(format!(
                    "has {key} {limit} from {by} with overflow {overflow}: when it is full, the oldest are {lost}"
                ));
            }
        }
        if self.role != Role::Parked && overflow != "reject-publish" {
            let by = if policy.is_some() { self.by_policy() } else { "no argument".into() };
            found.push(format!(
                "has overflow {overflow} from {by}: dead letters then go at most once, and are lost where the parking queue \
                 does not take them"
            ));
        }
    }

    fn deaths(&self, dead: &str, found: &mut Vec<String>) {
        let text = |key| self.argument(key).or(self.policy(key)).and_then(Value::as_str);
        match text("dead-letter-exchange") {
            Some(exchange) if exchange == dead => {}
            Some(exchange) => {
                found.push(format!("sends dead letters to exchange `{exchange}`, where nobody parks them"))
            }
            None => found.push("has no dead-letter exchange: what fails too often is thrown away".into()),
        }
        if text("dead-letter-strategy") != Some("at-least-once") {
            found.push("has no dead-letter-strategy at-least-once: dead letters are lost where the parking queue does not take them".into());
        }
        if let Some((limit, by)) = self.smaller("delivery-limit")
            && (0..LIMIT).contains(&limit)
        {
            found.push(format!(
                "has delivery-limit {limit} from {by}: so many crashes park every event that was only near"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A queue as `staunch run` makes it, with a policy.
    fn queue(policy: Value) -> Value {
        json!({
            "name": "s.events", "type": "quorum", "durable": true, "auto_delete": false, "policy": "all",
            "operator_policy": "", "effective_policy_definition": policy,
            "arguments": { "x-queue-type": "quorum", "x-delivery-limit": 49, "x-dead-letter-exchange": "s.dead",
                "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish",
                "x-single-active-consumer": true },
        })
    }

    fn judged(policy: Value) -> Vec<String> {
        judge(&queue(policy), Role::Partition, "s.dead")
    }

    #[track_caller]
    fn one(found: &[String], words: &str) {
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].starts_with("ST5007: queue s.events ") && found[0].contains(words), "{}", found[0]);
    }

    #[test]
    fn what_we_declare_is_fine_and_so_are_harmless_policies() {
        for policy in [
            json!({}),
            json!(null),
            json!([]),
            json!({ "delivery-limit": 1_000, "dead-letter-exchange": "elsewhere", "target-group-size": 5 }),
            json!({ "delivery-limit": -1 }),
            json!({ "max-length": 9, "overflow": "reject-publish" }),
        ] {
            assert_eq!(judged(policy.clone()), [] as [String; 0], "{policy}");
        }
        let parked = json!({ "name": "s.parked", "type": "quorum", "durable": true,
            "arguments": { "x-queue-type": "quorum", "x-delivery-limit": 2_147_483_647 } });
        assert_eq!(judge(&parked, Role::Parked, "s.dead"), [] as [String; 0]);
    }

    #[test]
    fn policies_that_lose_events_are_named_with_what_they_do() {
        one(&judged(json!({ "message-ttl": 60_000 })), "message-ttl 60000 ms from policy all: what waits longer");
        one(&judged(json!({ "expires": 1_800_000 })), "expires 1800000 ms from policy all");
        one(&judged(json!({ "delivery-limit": 3 })), "delivery-limit 3 from policy all");
        one(&judged(json!({ "overflow": "drop-head" })), "dead letters then go at most once");
        let both = judged(json!({ "overflow": "drop-head", "max-length": 5 }));
        assert_eq!(both.len(), 2, "{both:#?}");
        assert!(both[0].contains("max-length 5 from policy all with overflow drop-head"), "{}", both[0]);
    }

    #[test]
    fn queues_that_somebody_else_made_are_seen() {
        let mut foreign = json!({ "name": "s.events", "type": "classic", "durable": false, "auto_delete": true,
            "policy": "mine", "operator_policy": "theirs", "arguments": {},
            "effective_policy_definition": { "dead-letter-exchange": "bin" } });
        let found = judge(&foreign, Role::Partition, "s.dead");
        let words = [
            "no quorum",
            "not durable",
            "auto-delete",
            "several workers",
            "overflow drop-head",
            "exchange `bin`",
            "strategy",
        ];
        assert_eq!(found.len(), words.len(), "{found:#?}");
        assert!(found.iter().zip(words).all(|(one, words)| one.contains(words)), "{found:#?}");
        foreign["effective_policy_definition"] = json!({ "max-length": 7, "message-ttl": 5 });
        foreign["type"] = json!("quorum");
        foreign["durable"] = json!(true);
        foreign["auto_delete"] = json!(false);
        let found = judge(&foreign, Role::Parked, "s.dead");
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found[0].contains("policy mine or operator policy theirs") && found[0].contains("thrown away"));
        assert!(found[1].contains("the oldest are lost"), "{}", found[1]);
    }

    #[test]
    fn dead_letters_need_a_way() {
        let bindings = json!([{ "source": "" }, { "source": "s.dead" }]);
        assert_eq!(judge_bindings(&bindings, "s.parked", "s.dead"), None);
        assert!(judge_bindings(&json!([{ "source": "" }]), "s.parked", "s.dead").is_some());
    }
}
