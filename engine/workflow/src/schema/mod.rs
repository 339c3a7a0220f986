//! JSON Schemas of the files, for editors. They describe shapes; `staunch check` also knows names and types.

mod raw_around;
mod raw_feature;
mod raw_policy;
mod raw_rollout;
mod raw_step;
mod raw_test;
mod raw_workflow;
mod raw_workspace;

use schemars::{JsonSchema, schema_for};
use serde::Deserialize;

/// The schema of workflow files.
pub fn workflow_schema() -> serde_json::Value {
    let mut schema = schema_for!(raw_workflow::Workflow).to_value();
    without_nulls(&mut schema);
    schema
}

/// A key that may be left out is not a key that may be empty, which is what an `Option` says of itself.
fn without_nulls(schema: &mut serde_json::Value) {
    use serde_json::Value;
    match schema {
        Value::Object(map) => {
            if let Some(Value::Array(kinds)) = map.get_mut("type") {
                kinds.retain(|kind| kind != "null");
                if let [one] = kinds.as_slice() {
                    let one = one.clone();
                    map.insert("type".to_owned(), one);
                }
            }
            if let Some(Value::Array(parts)) = map.get_mut("anyOf") {
                parts.retain(|part| part.get("type").is_none_or(|kind| kind != "null"));
            }
            map.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

/// The schema of `staunch.yaml`.
pub fn workspace_schema() -> serde_json::Value {
    schema_for!(raw_workspace::Workspace).to_value()
}

/// The schema of test files.
pub fn test_schema() -> serde_json::Value {
    schema_for!(raw_test::Test).to_value()
}

/// The schema of rollout files.
pub fn rollout_schema() -> serde_json::Value {
    schema_for!(raw_rollout::Rollout).to_value()
}

/// A permanent id or name: letters, digits, `-`, `_` and `.`.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "describes a shape; the reader with places does the reading")]
struct Id(#[schemars(regex(pattern = r"^[A-Za-z0-9._-]{1,64}$"))] String);

/// Every schema with its name: `workflow` stands in `workflow.schema.json`.
pub fn all() -> [(&'static str, serde_json::Value); 4] {
    [
        ("workflow", workflow_schema()),
        ("workspace", workspace_schema()),
        ("test", test_schema()),
        ("rollout", rollout_schema()),
    ]
}

/// One text, or a list of texts.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes a shape; the reader with places does the reading")]
enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// A share such as `10%`.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "describes a shape; the reader with places does the reading")]
struct Percent(#[schemars(regex(pattern = r"^\s*[0-9]+(\.[0-9]+)?\s*%\s*$"))] String);

/// A duration such as `72h`, `2d` or `8h30m`.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "describes a shape; the reader with places does the reading")]
struct Duration(#[schemars(regex(pattern = r"^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"))] String);

/// A window such as `7d`, or `14d..7d` for from 14 to 7 days ago.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "describes a shape; the reader with places does the reading")]
struct Window(#[schemars(regex(pattern = r"^[0-9dhms]+(\.\.[0-9dhms]+)?$"))] String);

/// An expression, such as `contact.plan == "trial"`.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes a shape; the reader with places does the reading")]
enum Expression {
    /// As text.
    Text(String),
    /// `true` or `false`.
    Truth(bool),
    /// A number.
    Number(f64),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{flow, rollout, testfile, workspace};
    use std::collections::BTreeSet;

    /// The property names of a schema's root or of one of its definitions.
    fn keys(schema: &serde_json::Value, definition: Option<&str>) -> BTreeSet<String> {
        let at = definition.map_or(schema, |name| &schema["$defs"][name]);
        assert_eq!(at["additionalProperties"], false, "{definition:?} takes any key");
        at["properties"].as_object().unwrap().keys().cloned().collect()
    }

    fn same(schema: &serde_json::Value, definition: Option<&str>, known: &[&[&str]]) {
        let known = known.iter().flat_map(|keys| keys.iter().map(|key| (*key).to_owned())).collect();
        assert_eq!(keys(schema, definition), known, "{definition:?}");
    }

    #[test]
    fn the_schema_of_workflows_knows_the_same_keys_as_the_reader() {
        let workflow = workflow_schema();
        same(&workflow, None, &[flow::KEYS.known]);
        let start = flow::START.known;
        let only = |others: &[&str]| start.iter().copied().filter(|key| !others.contains(key)).collect::<Vec<_>>();
        same(&workflow, Some("StartEvent"), &[&only(&["schedule", "zone", "audience"])]);
        same(&workflow, Some("StartSchedule"), &[&only(&["event"])]);
        let names =
            ["Count", "Sum", "Min", "Max", "Average", "Distinct", "First", "Last", "Ratio", "DaysSince", "Computed"];
        for (name, (_, keys)) in names.iter().zip(flow::FEATURES) {
            same(&workflow, Some(name), &[keys.known]);
        }
        for (name, keys) in [
            ("Score", flow::SCORE),
            ("Substitute", flow::SUBSTITUTE),
            ("ChooseStep", flow::CHOOSE),
            ("Case", flow::CASE),
            ("SplitStep", flow::SPLIT),
            ("WaitFor", flow::WAIT_FOR),
            ("WaitUntil", flow::WAIT_UNTIL),
            ("WaitEvent", flow::WAIT_EVENT),
            ("TaskStep", flow::TASK),
            ("RoundRobin", flow::ROUND),
            ("EmailStep", flow::EMAIL),
            ("NudgeStep", flow::NUDGE),
            ("WebhookStep", flow::WEBHOOK),
            ("SetStep", flow::SET),
            ("StopStep", flow::STOP),
            ("Leave", flow::LEAVE),
            ("Goal", flow::GOAL),
            ("Experiment", flow::EXPERIMENT),
            ("KillRate", flow::stops::KILL_RATE),
            ("KillLift", flow::stops::KILL_LIFT),
            ("BreakerActions", flow::stops::ACTIONS),
            ("BreakerRate", flow::stops::RATE),
            ("BreakerSilent", flow::stops::SILENT),
            ("BreakerErrors", flow::stops::ERRORS),
            ("Review", flow::REVIEW),
            ("Launch", flow::LAUNCH),
            ("Gate", flow::GATE),
        ] {
            same(&workflow, Some(name), &[keys.known]);
        }
    }

    #[test]
    fn the_other_schemas_know_the_same_keys_as_their_readers() {
        let workspace = workspace_schema();
        same(&workspace, None, &[workspace::KEYS.known]);
        same(&workspace, Some("Policy"), &[workspace::POLICY.known]);
        same(&workspace, Some("Cap"), &[workspace::CAP.known]);
        same(&workspace, Some("Budget"), &[workspace::BUDGET.known]);
        same(&workspace, Some("Capacity"), &[workspace::CAPACITY.known]);
        same(&workspace, Some("Never"), &[workspace::NEVER.known]);
        same(&workspace, Some("Offers"), &[workspace::OFFERS.known]);
        same(&workspace, Some("Wording"), &[workspace::WORDING.known]);
        same(&workspace, Some("Quiet"), &[workspace::QUIET.known]);
        same(&workspace, Some("Holdout"), &[workspace::HOLDOUT.known]);
        same(&workspace, Some("Connections"), &[workspace::CONNECTIONS.known]);
        same(&workspace, Some("Connector"), &[workspace::CONNECTOR.known]);
        same(&workspace, Some("Source"), &[workspace::SOURCE.known]);
        same(&workspace, Some("Audience"), &[flow::audience::AUDIENCE.known]);
        same(&workspace, Some("Mail"), &[workspace::MAIL.known]);
        same(&workspace, Some("Plugins"), &[workspace::PLUGINS.known]);
        same(&workspace, Some("Retention"), &[workspace::RETENTION.known]);
        same(&workspace, Some("FullField"), &[workspace::FIELD.known]);
    }

    #[test]
    fn schemas_of_tests_and_rollouts_know_the_same_keys_as_the_reader() {
        let test = test_schema();
        same(&test, None, &[testfile::KEYS.known]);
        same(&test, Some("Defaults"), &[testfile::DEFAULTS.known]);
        same(&test, Some("TestCase"), &[testfile::CASE.known]);
        same(&test, Some("Expectation"), &[testfile::EXPECT.known]);
        same(&test, Some("Class"), &[testfile::CLASS.known]);
        same(&test, Some("Ranking"), &[testfile::RANKING.known]);
        let rollout = rollout_schema();
        same(&rollout, None, &[rollout::KEYS.known]);
        same(&rollout, Some("Stage"), &[rollout::STAGE.known]);
        same(&rollout, Some("Limits"), &[rollout::LIMITS.known]);
        let exits = rollout["$defs"]["Exit"]["oneOf"].as_array().unwrap();
        let read: BTreeSet<(String, BTreeSet<String>)> = rollout::CHECKS
            .iter()
            .map(|(name, keys)| ((*name).to_owned(), keys.known.iter().map(|key| (*key).to_owned()).collect()))
            .collect();
        let named = exits
            .iter()
            .map(|exit| (exit["properties"]["check"]["const"].as_str().unwrap().to_owned(), keys(exit, None)));
        assert_eq!(named.collect::<BTreeSet<_>>(), read);
    }

    /// A key without a value is nothing that the reader takes.
    #[test]
    fn no_key_of_a_workflow_may_be_empty() {
        let text = workflow_schema().to_string();
        assert!(!text.contains("\"null\""), "{text}");
    }

    /// Files that pass the check also fit their schema's types.
    #[test]
    fn good_files_fit() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/good");
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        serde_yaml::from_str::<raw_workspace::Workspace>(&read("staunch.yaml")).map(drop).unwrap();
        for workflow in ["workflows/trial-rescue.yaml", "workflows/everything.yaml", "workflows/monday-calls.yaml"] {
            serde_yaml::from_str::<raw_workflow::Workflow>(&read(workflow)).map(drop).unwrap();
        }
        serde_yaml::from_str::<raw_test::Test>(&read("workflows/trial-rescue.test.yaml")).map(drop).unwrap();
        serde_yaml::from_str::<raw_rollout::Rollout>(&read("rollouts/trial-rescue-30d.yaml")).map(drop).unwrap();
    }
}
