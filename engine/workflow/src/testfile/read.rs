//! The reader of test files.

use super::{Expectation, Expected, GivenScore, TestCase, TestEvent, TestFile};
use crate::read::{Fields, Keys, Reader};
use crate::workspace::WorkspaceFile;
use crate::yaml::{Entry, Kind, Node};
use staunch_core::action::ReasonCode;
use staunch_core::arm::Arm;
use staunch_core::codes;
use staunch_core::policy::Stage;
use staunch_core::schema::{Field, Fields as Declared};
use staunch_core::time::Time;
use staunch_core::value::Value;
use std::collections::BTreeMap;

pub(crate) const KEYS: Keys = Keys { known: &["test", "now", "defaults", "cases"], later: &[] };
pub(crate) const DEFAULTS: Keys = Keys { known: &["stage", "arm", "contact", "scores"], later: &["bands", "sample"] };
pub(crate) const CASE: Keys = Keys {
    known: &["name", "now", "stage", "arm", "contact", "scores", "events", "expect"],
    later: &["bands", "sample", "consent"],
};
pub(crate) const EXPECT: Keys =
    Keys { known: &["at", "sent", "held", "withheld", "review", "done", "because", "until"], later: &[] };

/// What a test is checked against.
pub(crate) struct TestAround<'a> {
    pub(crate) workspace: Option<&'a WorkspaceFile>,
    /// Step ids by workflow.
    pub(crate) workflows: &'a BTreeMap<String, Vec<String>>,
}

/// Values that cases start from.
#[derive(Clone)]
struct Defaults {
    now: Option<(Time, String)>,
    stage: Stage,
    arm: Arm,
    contact: String,
    fields: BTreeMap<String, Value>,
    scores: BTreeMap<String, GivenScore>,
}

struct Tests<'a, 'r> {
    reader: &'r mut Reader<'a>,
    around: &'r TestAround<'r>,
    steps: Option<&'r [String]>,
}

/// Reads one test file; `None` where it has errors.
pub(crate) fn read(reader: &mut Reader<'_>, root: &Node, around: &TestAround<'_>) -> Option<TestFile> {
    let fields = reader.fields(root, &KEYS)?;
    let workflow = reader.need(&fields, "test").and_then(|node| Some((node.at, reader.id(node)?)));
    let mut steps = None;
    if let Some((at, name)) = &workflow {
        match around.workflows.get(name) {
            Some(ids) => steps = Some(ids.as_slice()),
            None => {
                let known = around.workflows.keys().map(String::as_str);
                reader.unknown(*at, codes::UNKNOWN_WORKFLOW, "a workflow here", name, known);
            }
        }
    }
    let mut tests = Tests { reader, around, steps };
    let mut defaults = Defaults {
        now: None,
        stage: Stage::Full,
        arm: Arm::Treated,
        contact: "c1".into(),
        fields: BTreeMap::new(),
        scores: BTreeMap::new(),
    };
    tests.now(&fields, &mut defaults);
    if let Some(fields) = fields.get("defaults").and_then(|node| tests.reader.fields(node, &DEFAULTS)) {
        tests.given(&fields, &mut defaults);
    }
    let mut cases = Vec::new();
    if let Some(node) = tests.reader.need(&fields, "cases") {
        for item in tests.reader.items(node) {
            cases.extend(tests.case(item, &defaults));
        }
    }
    let file = reader.source.path.to_owned();
    let workflow = workflow?.1;
    reader.clean().then_some(TestFile { file, workflow, cases })
}

impl Tests<'_, '_> {
    fn now(&mut self, fields: &Fields<'_>, given: &mut Defaults) {
        let zone = self.around.workspace.map(|workspace| workspace.zone.clone());
        if let Some(node) = fields.get("now")
            && let Some(moment) = self.reader.moment(node, zone.as_deref())
        {
            given.now = Some((moment.time, moment.zone));
        }
    }

    /// What both the defaults and a case can give.
    fn given(&mut self, fields: &Fields<'_>, given: &mut Defaults) {
        let stages = [Stage::Shadow, Stage::Limited, Stage::Full].map(|stage| (stage.word(), stage));
        let arms = [Arm::Treated, Arm::Holdout, Arm::GlobalHoldout, Arm::OutsideShare, Arm::Shadow]
            .map(|arm| (arm.word(), arm));
        given.stage = fields.get("stage").and_then(|node| self.reader.one_of(node, &stages)).unwrap_or(given.stage);
        given.arm = fields.get("arm").and_then(|node| self.reader.one_of(node, &arms)).unwrap_or(given.arm);
        if let Some(node) = fields.get("contact") {
            self.contact(node, given);
        }
        if let Some(node) = fields.get("scores") {
            for entry in self.reader.entries(node) {
                let score = self.score(&entry.value);
                given.scores.extend(score.map(|score| (entry.key.clone(), score)));
            }
        }
    }

    fn score(&mut self, node: &Node) -> Option<GivenScore> {
        if self.reader.is_text(node, "fails") {
            return Some(GivenScore::Fails);
        }
        if let Kind::Map(entries) = &node.kind {
            if let Some(first) = entries.first() {
                self.reader.later(first.key_at, &first.key);
            }
            return None;
        }
        self.reader.number(node).map(GivenScore::Value)
    }

    fn contact(&mut self, node: &Node, given: &mut Defaults) {
        for entry in self.reader.entries(node) {
            if entry.key == "id" {
                given.contact = self.reader.id(&entry.value).unwrap_or_default();
                continue;
            }
            let Some(workspace) = self.around.workspace else { continue };
            if let Some(value) = self.field(entry, &workspace.schema.contact, "a declared field of the contact") {
                match value {
                    Some(value) => drop(given.fields.insert(entry.key.clone(), value)),
                    None => drop(given.fields.remove(&entry.key)),
                }
            }
        }
    }

    /// A declared field with its value, `Some(None)` for an explicit null.
    fn field(&mut self, entry: &Entry, declared: &Declared, what: &str) -> Option<Option<Value>> {
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
        let currency = self.around.workspace.and_then(|workspace| workspace.schema.currency);
        match field.read(&json, currency) {
            Ok(value) => Some(value),
            Err(message) => {
                self.reader.error(node.at, codes::BAD_VALUE, message, "give a value of the declared type");
                None
            }
        }
    }

    fn case(&mut self, node: &Node, defaults: &Defaults) -> Option<TestCase> {
        let fields = self.reader.fields(node, &CASE)?;
        let mut given = defaults.clone();
        let name = self.reader.need(&fields, "name").and_then(|node| self.reader.text(node)).map(str::to_owned);
        self.now(&fields, &mut given);
        self.given(&fields, &mut given);
        if given.now.is_none() && fields.get("now").is_none() {
            let help = "add `now:` to the case or to the file";
            self.reader.error(node.at, codes::MISSING_KEY, "nobody can see at what time this happens", help);
        }
        let (now, zone) = given.now.unwrap_or((Time(0), "UTC".into()));
        let events = self.reader.need(&fields, "events");
        let events = events.map(|node| self.reader.items(node).iter().filter_map(|item| self.event(item)).collect());
        let (mut expect, mut nothing_else) = (Vec::new(), false);
        if let Some(node) = self.reader.need(&fields, "expect") {
            for item in self.reader.items(node) {
                match self.reader.is_text(item, "nothing_else") {
                    true => nothing_else = true,
                    false => expect.extend(self.expectation(item, &zone)),
                }
            }
        }
        let line = self.reader.source.place(node.at).0;
        let Defaults { stage, arm, contact, fields, scores, .. } = given;
        Some(TestCase {
            name: name?,
            line,
            now,
            stage,
            arm,
            contact,
            fields,
            scores,
            events: events?,
            expect,
            nothing_else,
        })
    }

    fn event(&mut self, node: &Node) -> Option<TestEvent> {
        if let Some(tick) = self.reader.entries(node).iter().find(|entry| entry.key == "tick") {
            self.reader.later(tick.key_at, "tick");
            return None;
        }
        let (mut at, mut kind, mut fields) = (None, None, BTreeMap::new());
        for (key, found) in [("at", node.get("at")), ("event", node.get("event"))] {
            match found {
                Some(value) if key == "at" => at = self.reader.offset(value),
                Some(value) => kind = self.kind(value),
                None if matches!(node.kind, Kind::Map(_)) => {
                    self.reader.error(
                        node.at,
                        codes::MISSING_KEY,
                        format!("`{key}` is missing"),
                        format!("add `{key}:`"),
                    );
                }
                None => {}
            }
        }
        let declared = kind.as_ref().and_then(|kind| self.around.workspace?.schema.events.get(kind));
        for entry in self.reader.entries(node).iter().filter(|entry| !["at", "event"].contains(&entry.key.as_str())) {
            // Fields of an event that is not known, or built in, have no declaration to check against.
            let Some(declared) = declared else { continue };
            if let Some(Some(value)) = self.field(entry, declared, "a declared field of this event") {
                fields.insert(entry.key.clone(), value);
            }
        }
        Some(TestEvent { at: at?, kind: kind?, fields })
    }

    fn kind(&mut self, node: &Node) -> Option<String> {
        let name = self.reader.text(node)?.to_owned();
        if let Some(workspace) = self.around.workspace
            && !workspace.events().contains(&name.as_str())
        {
            self.reader.unknown(
                node.at,
                codes::UNKNOWN_EVENT,
                "a declared or built-in event",
                &name,
                workspace.events(),
            );
            return None;
        }
        Some(name)
    }

    fn expectation(&mut self, node: &Node, zone: &str) -> Option<Expectation> {
        let fields = self.reader.fields(node, &EXPECT)?;
        let at = self.reader.need(&fields, "at").and_then(|node| self.reader.offset(node));
        let kinds = [
            ("sent", Expected::Sent),
            ("held", Expected::Held),
            ("withheld", Expected::Withheld),
            ("review", Expected::Review),
            ("done", Expected::Done),
        ];
        let Some((what, step)) = kinds.iter().find_map(|(key, what)| Some((*what, fields.get(key)?))) else {
            let help = "add `sent:`, `held:`, `withheld:`, `review:` or `done:` with the id of a step";
            self.reader.error(fields.at, codes::MISSING_KEY, "nobody can see what is expected", help);
            return None;
        };
        let id = self.reader.id(step)?;
        if let Some(steps) = self.steps
            && !steps.contains(&id)
        {
            let known = steps.iter().map(String::as_str);
            self.reader.unknown(step.at, codes::UNKNOWN_STEP, "a step of this workflow", &id, known);
        }
        let reasons = ReasonCode::ALL.map(|reason| (reason.word(), reason));
        let because = fields.get("because").and_then(|node| self.reader.one_of(node, &reasons));
        let until = fields.get("until").and_then(|node| self.reader.moment(node, Some(zone))).map(|moment| moment.time);
        let line = self.reader.source.place(node.at).0;
        Some(Expectation { at: at?, what, step: id, because, until, line })
    }
}
