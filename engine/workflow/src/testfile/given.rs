//! What a case is given: the time, the contact and its account, consent, scores, bands, arms.

use super::read::Tests;
use super::{GivenAccount, GivenScore};
use crate::read::{Fields, Keys};
use crate::yaml::{Kind, Node};
use staunch_core::arm::Arm;
use staunch_core::codes;
use staunch_core::map::Map;
use staunch_core::policy::Stage;
use staunch_core::score::{ScoreDef, ScoreKind};
use staunch_core::time::Time;
use staunch_core::value::Value;
use staunch_core::workflow::NodeKind;
use std::collections::BTreeMap;

pub(crate) const DEFAULTS: Keys = Keys {
    known: &["stage", "arm", "contact", "account", "consent", "scores", "bands", "sample", "splits"],
    later: &[],
};
pub(crate) const CASE: Keys = Keys {
    known: &[
        "name", "now", "stage", "arm", "contact", "account", "consent", "scores", "bands", "sample", "splits",
        "events", "expect",
    ],
    later: &[],
};
pub(crate) const CLASS: Keys = Keys { known: &["label", "p"], later: &[] };
pub(crate) const RANKING: Keys = Keys { known: &["ranking"], later: &[] };

/// Values that cases start from.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) now: Option<(Time, String)>,
    pub(super) stage: Stage,
    pub(super) arm: Arm,
    pub(super) contact: String,
    pub(super) fields: Map<String, Value>,
    pub(super) account: Option<GivenAccount>,
    pub(super) consent: BTreeMap<String, bool>,
    pub(super) scores: BTreeMap<String, GivenScore>,
    pub(super) bands: BTreeMap<String, String>,
    pub(super) sample: bool,
    pub(super) splits: BTreeMap<String, String>,
}

impl Default for Given {
    fn default() -> Self {
        Given {
            now: None,
            stage: Stage::Full,
            arm: Arm::Treated,
            contact: "c1".into(),
            fields: Map::new(),
            account: None,
            consent: BTreeMap::new(),
            scores: BTreeMap::new(),
            bands: BTreeMap::new(),
            sample: false,
            splits: BTreeMap::new(),
        }
    }
}

impl<'r> Tests<'_, 'r> {
    pub(super) fn now(&mut self, fields: &Fields<'_>, given: &mut Given) {
        let zone = self.workspace.map(|workspace| workspace.zone.clone());
        if let Some(node) = fields.get("now")
            && let Some(moment) = self.reader.moment(node, zone.as_deref())
        {
            given.now = Some((moment.time, moment.zone));
        }
    }

    /// What both the defaults and a case can give. A case adds to the defaults key by key.
    pub(super) fn given(&mut self, fields: &Fields<'_>, given: &mut Given) {
        let stages = [Stage::Shadow, Stage::Limited, Stage::Full].map(|stage| (stage.word(), stage));
        let arms = [Arm::Treated, Arm::Holdout, Arm::GlobalHoldout, Arm::OutsideShare, Arm::Shadow]
            .map(|arm| (arm.word(), arm));
        given.stage = fields.get("stage").and_then(|node| self.reader.one_of(node, &stages)).unwrap_or(given.stage);
        given.arm = fields.get("arm").and_then(|node| self.reader.one_of(node, &arms)).unwrap_or(given.arm);
        given.sample = fields.get("sample").and_then(|node| self.reader.truth(node)).unwrap_or(given.sample);
        if let Some(node) = fields.get("contact") {
            self.contact(node, given);
        }
        if let Some(node) = fields.get("account") {
            self.account(node, given);
        }
        if let Some(node) = fields.get("consent") {
            self.consent(node, given);
        }
        for (key, take) in [
            ("scores", Tests::scores as fn(&mut Self, &Node, &mut Given)),
            ("bands", Tests::bands),
            ("splits", Tests::splits),
        ] {
            if let Some(node) = fields.get(key) {
                take(self, node, given);
            }
        }
    }

    fn contact(&mut self, node: &Node, given: &mut Given) {
        for entry in self.reader.entries(node) {
            if entry.key == "id" {
                given.contact = self.reader.text(&entry.value).unwrap_or_default().to_owned();
                continue;
            }
            let Some(workspace) = self.workspace else { continue };
            if let Some(value) = self.field(entry, &workspace.schema.contact, "a declared field of the contact") {
                set(&mut given.fields, &entry.key, value);
            }
        }
    }

    fn account(&mut self, node: &Node, given: &mut Given) {
        let mut made = given.account.take().unwrap_or(GivenAccount { id: String::new(), fields: Map::new() });
        for entry in self.reader.entries(node) {
            if entry.key == "id" {
                made.id = self.reader.text(&entry.value).unwrap_or("?").to_owned();
                continue;
            }
            let Some(workspace) = self.workspace else { continue };
            if let Some(value) = self.field(entry, &workspace.schema.account, "a declared field of the account") {
                set(&mut made.fields, &entry.key, value);
            }
        }
        if made.id.is_empty() && matches!(node.kind, Kind::Map(_)) {
            let help = "add the account's id: `{ id: acme }`";
            self.reader.error(node.at, codes::MISSING_KEY, "`id` is missing", help);
        }
        given.account = Some(made);
    }

    fn consent(&mut self, node: &Node, given: &mut Given) {
        for entry in self.reader.entries(node) {
            if let Some(workspace) = self.workspace
                && !workspace.purposes.contains(&entry.key)
            {
                let known = workspace.purposes.iter().map(String::as_str);
                self.reader.unknown(entry.key_at, codes::UNKNOWN_PURPOSE, "a declared purpose", &entry.key, known);
            }
            let granted = self.reader.truth(&entry.value);
            given.consent.extend(granted.map(|granted| (entry.key.clone(), granted)));
        }
    }

    fn scores(&mut self, node: &Node, given: &mut Given) {
        for entry in self.reader.entries(node) {
            let def = self.score_named(&entry.key, entry.key_at);
            let score = self.score(&entry.value, def);
            given.scores.extend(score.map(|score| (entry.key.clone(), score)));
        }
    }

    /// The declaration of a score, where the workflow can be read; says where there is none.
    fn score_named(&mut self, name: &str, at: usize) -> Option<&'r ScoreDef> {
        let workflow = self.workflow?;
        let found = workflow.scores.iter().find(|def| def.name == name);
        if found.is_none() {
            let known = workflow.scores.iter().map(|def| def.name.as_str());
            self.reader.unknown(at, codes::UNKNOWN_FIELD, "a score of this workflow", name, known);
        }
        found
    }

    fn score(&mut self, node: &Node, def: Option<&ScoreDef>) -> Option<GivenScore> {
        if self.reader.is_text(node, "fails") {
            return Some(GivenScore::Fails);
        }
        let kind = def.map(|def| &def.kind);
        let (given, fits) = if node.get("ranking").is_some() {
            let fields = self.reader.fields(node, &RANKING)?;
            let items = self.reader.items(fields.get("ranking")?).iter();
            let items: Vec<String> = items.filter_map(|item| self.reader.text(item).map(str::to_owned)).collect();
            (GivenScore::Ranking(items), matches!(kind, None | Some(ScoreKind::Ranking)))
        } else if matches!(node.kind, Kind::Map(_)) {
            (self.class(node, kind)?, matches!(kind, None | Some(ScoreKind::Classes(_))))
        } else {
            (GivenScore::Value(self.reader.number(node)?), matches!(kind, None | Some(ScoreKind::Scalar)))
        };
        if !fits {
            let (is, write) = match kind {
                Some(ScoreKind::Classes(_)) => ("classes", "{ label: NAME, p: 0.8 }"),
                Some(ScoreKind::Ranking) => ("a ranking", "{ ranking: [first, second] }"),
                _ => ("one number", "0.6"),
            };
            let message = format!("the plugin of this score gives {is}");
            self.reader.error(node.at, codes::WRONG_TYPE, message, format!("write `{write}`, or `fails`"));
            return None;
        }
        Some(given)
    }

    fn class(&mut self, node: &Node, kind: Option<&ScoreKind>) -> Option<GivenScore> {
        let fields = self.reader.fields(node, &CLASS)?;
        let label = self.reader.need(&fields, "label").and_then(|node| {
            let label = self.reader.text(node)?.to_owned();
            if let Some(ScoreKind::Classes(known)) = kind
                && !known.contains(&label)
            {
                let known = known.iter().map(String::as_str);
                self.reader.unknown(node.at, codes::BAD_VALUE, "a class of this score", &label, known);
                return None;
            }
            Some(label)
        });
        let p = self.reader.need(&fields, "p").and_then(|node| {
            let p = self.reader.number(node)?;
            if (0.0..=1.0).contains(&p) {
                return Some(p);
            }
            let message = "the share of a class lies between 0 and 1";
            self.reader.error(node.at, codes::OUT_OF_RANGE, message, "write a number in that range, as in `p: 0.8`");
            None
        });
        Some(GivenScore::Class { label: label?, p: p? })
    }

    fn bands(&mut self, node: &Node, given: &mut Given) {
        for entry in self.reader.entries(node) {
            let bands: Option<Vec<String>> = self
                .score_named(&entry.key, entry.key_at)
                .map(|def| def.bands.iter().map(|band| band.name.clone()).collect());
            let Some(band) = self.reader.text(&entry.value).map(str::to_owned) else { continue };
            if let Some(bands) = bands
                && !bands.contains(&band)
            {
                let known = bands.iter().map(String::as_str);
                self.reader.unknown(entry.value.at, codes::BAD_VALUE, "a band of this score", &band, known);
                continue;
            }
            given.bands.insert(entry.key.clone(), band);
        }
    }

    fn splits(&mut self, node: &Node, given: &mut Given) {
        for entry in self.reader.entries(node) {
            let Some(arm) = self.reader.id(&entry.value) else { continue };
            if let Some(workflow) = self.workflow {
                let splits = workflow.nodes.iter().filter_map(|node| match &node.kind {
                    NodeKind::Split { arms } => Some((node.id.as_str(), arms)),
                    _ => None,
                });
                let splits: Vec<_> = splits.collect();
                let Some((_, arms)) = splits.iter().find(|(id, _)| *id == entry.key) else {
                    let known = splits.iter().map(|(id, _)| *id);
                    self.reader.unknown(
                        entry.key_at,
                        codes::UNKNOWN_STEP,
                        "a split of this workflow",
                        &entry.key,
                        known,
                    );
                    continue;
                };
                if !arms.iter().any(|known| known.name == arm) {
                    let known = arms.iter().map(|arm| arm.name.as_str());
                    self.reader.unknown(entry.value.at, codes::BAD_VALUE, "an arm of this split", &arm, known);
                    continue;
                }
            }
            given.splits.insert(entry.key.clone(), arm);
        }
    }
}

/// An explicit null takes away what the defaults gave.
fn set(fields: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    match value {
        Some(value) => drop(fields.insert(name.to_owned(), value)),
        None => drop(fields.remove(name)),
    }
}
