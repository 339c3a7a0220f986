//! The reader of test files: the file, and its cases.

use super::expect::Wanted;
use super::given::{CASE, DEFAULTS, Given};
use super::{TestCase, TestFile};
use crate::read::{Keys, Reader};
use crate::workspace::WorkspaceFile;
use crate::yaml::{Entry, Kind, Node};
use staunch_core::codes;
use staunch_core::schema::{Field, Fields as Declared};
use staunch_core::time::Time;
use staunch_core::value::Value;
use staunch_core::workflow::Workflow;
use std::collections::BTreeMap;

pub(crate) const KEYS: Keys = Keys { known: &["test", "now", "defaults", "cases"], later: &[] };

/// What a test is checked against.
pub(crate) struct TestAround<'a> {
    pub(crate) workspace: Option<&'a WorkspaceFile>,
    /// Step ids by workflow, of broken ones too.
    pub(crate) steps: &'a BTreeMap<String, Vec<String>>,
    /// The workflows without errors: against a broken one, only steps are checked.
    pub(crate) workflows: &'a [Workflow],
}

/// One test file while it is read.
pub(super) struct Tests<'a, 'r> {
    pub(super) reader: &'r mut Reader<'a>,
    pub(super) workspace: Option<&'r WorkspaceFile>,
    /// The steps of the workflow under test, where it is known.
    pub(super) steps: Option<&'r [String]>,
    /// The workflow under test, where it has no errors.
    pub(super) workflow: Option<&'r Workflow>,
}

/// Reads one test file; `None` where it has errors.
pub(crate) fn read(reader: &mut Reader<'_>, root: &Node, around: &TestAround<'_>) -> Option<TestFile> {
    let fields = reader.fields(root, &KEYS)?;
    let name = reader.need(&fields, "test").and_then(|node| Some((node.at, reader.id(node)?)));
    let mut tests = Tests { reader, workspace: around.workspace, steps: None, workflow: None };
    if let Some((at, name)) = &name {
        tests.workflow = around.workflows.iter().find(|flow| flow.name == *name);
        match around.steps.get(name) {
            Some(ids) => tests.steps = Some(ids.as_slice()),
            None => {
                let known = around.steps.keys().map(String::as_str);
                tests.reader.unknown(*at, codes::UNKNOWN_WORKFLOW, "a workflow here", name, known);
            }
        }
    }
    let mut defaults = Given::default();
    tests.now(&fields, &mut defaults);
    if let Some(fields) = fields.get("defaults").and_then(|node| tests.reader.fields(node, &DEFAULTS)) {
        tests.given(&fields, &mut defaults);
    }
    let mut cases: Vec<TestCase> = Vec::new();
    if let Some(node) = tests.reader.need(&fields, "cases") {
        for item in tests.reader.items(node) {
            cases.extend(tests.case(item, &defaults));
        }
    }
    let file = reader.source.path.to_owned();
    let workflow = name?.1;
    reader.clean().then_some(TestFile { file, workflow, cases })
}

impl Tests<'_, '_> {
    fn case(&mut self, node: &Node, defaults: &Given) -> Option<TestCase> {
        let fields = self.reader.fields(node, &CASE)?;
        let mut given = defaults.clone();
        let name = self.reader.need(&fields, "name").and_then(|node| self.reader.text(node)).map(str::to_owned);
        self.now(&fields, &mut given);
        self.given(&fields, &mut given);
        if given.now.is_none() && fields.get("now").is_none() {
            let help = "add `now:` to the case or to the file";
            self.reader.error(node.at, codes::MISSING_KEY, "nobody can see at what time this happens", help);
        }
        let (now, zone) = given.now.take().unwrap_or((Time(0), "UTC".into()));
        let events = self.reader.need(&fields, "events");
        let events = events.map(|node| self.reader.items(node).iter().filter_map(|item| self.happens(item)).collect());
        let wanted = self.reader.need(&fields, "expect").map(|node| self.wanted(node, &zone));
        let line = self.reader.source.place(node.at).0;
        let Wanted { expect, nothing_else } = wanted?;
        Some(TestCase {
            name: name?,
            line,
            now,
            zone,
            stage: given.stage,
            arm: given.arm,
            contact: given.contact,
            fields: given.fields,
            account: given.account,
            consent: given.consent,
            scores: given.scores,
            bands: given.bands,
            sample: given.sample,
            splits: given.splits,
            events: events?,
            expect,
            nothing_else,
        })
    }

    /// The id of a step of the workflow under test.
    pub(super) fn step(&mut self, node: &Node) -> Option<String> {
        let id = self.reader.id(node)?;
        if let Some(steps) = self.steps
            && !steps.contains(&id)
        {
            let known = steps.iter().map(String::as_str);
            self.reader.unknown(node.at, codes::UNKNOWN_STEP, "a step of this workflow", &id, known);
            return None;
        }
        Some(id)
    }

    /// A declared field with its value, `Some(None)` for an explicit null.
    pub(super) fn field(&mut self, entry: &Entry, declared: &Declared, what: &str) -> Option<Option<Value>> {
        let Some(field) = declared.get(&entry.key) else {
            let known = declared.keys().map(String::as_str);
            self.reader.unknown(entry.key_at, codes::UNKNOWN_FIELD, what, &entry.key, known);
            return None;
        };
        self.value(&entry.value, field)
    }

    fn value(&mut self, node: &Node, field: &Field) -> Option<Option<Value>> {
        let Kind::Scalar(scalar) = &node.kind else {
            self.reader.wrong(node, field.expression_type().word());
            return None;
        };
        let json = serde_json::to_value(scalar.value()).unwrap_or(serde_json::Value::Null);
        let currency = self.workspace.and_then(|workspace| workspace.schema.currency);
        match field.read(&json, currency) {
            Ok(value) => Some(value),
            Err(message) => {
                self.reader.error(node.at, codes::BAD_VALUE, message, "give a value of the declared type");
                None
            }
        }
    }
}
