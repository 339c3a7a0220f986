//! What publishing the files of a workspace would do: what is another, who is under way, and what each choice for them
//! means. The choices themselves are applied by the engine.

use crate::output::{count, table};
use crate::reload::short;
use serde_json::{Value, json};
use staunch_core::compare::{self, Change, Difference, Fate, Part};
use staunch_core::decide::{Existing, same_shape};
use staunch_core::workflow::Workflow;
use staunch_store::{Published, Standing};
use std::collections::{BTreeMap, BTreeSet};

/// One workflow of the files beside what is published of it.
pub struct Plan {
    /// As the files say.
    pub workflow: Workflow,
    /// The version in force.
    from: Option<Workflow>,
    differences: Vec<Difference>,
    /// Where people stand in other versions.
    places: Vec<Place>,
}

/// People at one step of an older version.
struct Place {
    version: String,
    step: String,
    count: u64,
    /// What the new version does to the step.
    change: Option<Change>,
    /// What each choice means for them.
    fates: Vec<(Existing, Fate)>,
    /// What keeps the new texts from fitting this version.
    misfits: BTreeSet<String>,
}

/// The keys of an action that say what it says and by when, but not where a run goes.
const TEXT_KEYS: [&str; 6] = ["template", "title", "assignee", "round_robin", "due", "fields"];

impl Plan {
    /// What publishing `workflow` would do.
    pub fn of(workflow: Workflow, published: &Published, standing: &[Standing]) -> Plan {
        let from = published.current.iter().find(|one| one.name == workflow.name).cloned();
        let differences = from.as_ref().map(|from| compare::workflows(from, &workflow)).unwrap_or_default();
        let versions: BTreeMap<&str, &Workflow> = published
            .current
            .iter()
            .chain(&published.older)
            .filter(|one| one.name == workflow.name)
            .map(|one| (one.version.as_str(), one))
            .collect();
        let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for one in standing.iter().filter(|one| one.workflow == workflow.name && one.version != workflow.version) {
            *counts.entry((&one.version, &one.step)).or_default() += one.count;
        }
        let place = |((version, step), count): ((&str, &str), u64)| {
            place(versions.get(version).copied(), &workflow, version, step, count)
        };
        let places = counts.into_iter().map(place).collect();
        Plan { from, differences, places, workflow }
    }

    /// Whether the files say something else than what is published.
    pub fn differs(&self) -> bool {
        self.from.as_ref().is_none_or(|from| from.version != self.workflow.version)
    }

    /// How many people are under way in other versions.
    pub fn people(&self) -> u64 {
        self.places.iter().map(|place| place.count).sum()
    }

    /// The steps, conditions and other parts that keep the new texts from fitting runs under way; empty where a patch
    /// is possible.
    pub fn misfits(&self) -> BTreeSet<String> {
        let from = self.from.iter().flat_map(|from| misfits(from, &self.workflow));
        from.chain(self.places.iter().flat_map(|place| place.misfits.iter().cloned())).collect()
    }

    /// For people.
    pub fn text(&self) -> String {
        let (name, new) = (&self.workflow.name, short(&self.workflow.version));
        let mut lines = vec![match &self.from {
            None => format!("{name} {new} is new"),
            Some(from) if self.differs() => format!("{name} {} -> {new}", short(&from.version)),
            Some(_) => format!("{name} {new} is published already"),
        }];
        lines.extend(self.differences.iter().map(|one| format!("  {}", line(one))));
        if self.people() > 0 {
            lines.push(format!("  {} under way in older versions:", people(self.people())));
            lines.push(self.standing());
            lines.extend(Existing::ALL.iter().map(|(existing, word)| format!("  {word}: {}", self.meaning(*existing))));
        }
        lines.join("\n")
    }

    fn standing(&self) -> String {
        let mut rows = vec![["stands at", "version", "people", ""].map(str::to_owned).to_vec()];
        for place in &self.places {
            let change = match place.change {
                Some(Change::Removed) => "the step is gone",
                Some(_) => "the step is another",
                None => "",
            };
            let version = short(&place.version).to_owned();
            rows.push(vec![place.step.clone(), version, count(place.count), change.to_owned()]);
        }
        table(&rows, &[2]).lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
    }

    /// What a choice means for all who are under way, as a sentence.
    fn meaning(&self, existing: Existing) -> String {
        let misfits: Vec<String> = self.misfits().into_iter().collect();
        if existing == Existing::Patch && !misfits.is_empty() {
            return format!("not possible, the steps are not the same: {}", misfits.join(", "));
        }
        let mut fates: BTreeMap<Fate, u64> = BTreeMap::new();
        for place in &self.places {
            for (_, fate) in place.fates.iter().filter(|(choice, _)| *choice == existing) {
                *fates.entry(*fate).or_default() += place.count;
            }
        }
        let part = |(fate, n): (Fate, u64)| format!("{} {}", count(n), said(fate, n));
        fates.into_iter().map(part).collect::<Vec<_>>().join(", ")
    }

    /// For machines.
    pub fn json(&self) -> Value {
        let standing: Vec<Value> = self
            .places
            .iter()
            .map(|one| json!({ "version": one.version, "step": one.step, "people": one.count, "change": one.change }))
            .collect();
        json!({
            "workflow": self.workflow.name,
            "from": self.from.as_ref().map(|from| &from.version),
            "to": self.workflow.version,
            "differences": self.differences,
            "standing": standing,
            "patch_misfits": self.misfits(),
        })
    }
}

fn place(from: Option<&Workflow>, to: &Workflow, version: &str, step: &str, count: u64) -> Place {
    let touched = from.map(|from| compare::touched_steps(&compare::workflows(from, to))).unwrap_or_default();
    let fate = |existing| from.map_or(Fate::Keeps, |from| compare::fate(existing, from, to, step));
    Place {
        version: version.to_owned(),
        step: step.to_owned(),
        count,
        change: touched.get(step).copied(),
        fates: Existing::ALL.iter().map(|(existing, _)| (*existing, fate(*existing))).collect(),
        misfits: from.map(|from| misfits(from, to)).unwrap_or_default(),
    }
}

/// The parts in which two versions differ beyond their texts.
fn misfits(from: &Workflow, to: &Workflow) -> BTreeSet<String> {
    if same_shape(from, to) {
        return BTreeSet::new();
    }
    let shape = |one: &&Difference| match one.part {
        Part::Step => {
            let texts = |key: &str| TEXT_KEYS.contains(&key) || key == "expires";
            one.change != Change::Changed || one.keys.iter().any(|key| !texts(&key.key))
        }
        Part::Case | Part::Arm | Part::Feature | Part::Score | Part::LeaveWhen => true,
        Part::Workflow => one.keys.iter().any(|key| key.key == "first"),
        _ => false,
    };
    let all = compare::workflows(from, to);
    let named = all.iter().filter(shape).map(|one| match one.part {
        Part::Step | Part::Case | Part::Arm => one.id.clone(),
        Part::Workflow => "where a run begins".to_owned(),
        part => format!("{} {}", part.word(), one.id),
    });
    let named: BTreeSet<String> = named.collect();
    if named.is_empty() { ["what features and facts read".to_owned()].into() } else { named }
}

fn line(one: &Difference) -> String {
    let sign = match one.change {
        Change::Added => '+',
        Change::Removed => '-',
        Change::Changed => '~',
    };
    let keys: Vec<&str> = one.keys.iter().map(|key| key.key.as_str()).collect();
    let keys = if one.change == Change::Changed { format!(": {}", keys.join(", ")) } else { String::new() };
    let id = if one.id.is_empty() { String::new() } else { format!(" {}", one.id) };
    format!("{sign} {}{id}{keys}", one.part.word())
}

fn people(n: u64) -> String {
    if n == 1 { "1 person is".to_owned() } else { format!("{} people are", count(n)) }
}

/// What becomes of `n` people, behind their number.
fn said(fate: Fate, n: u64) -> &'static str {
    match (fate, n) {
        (Fate::Keeps, 1) => "finishes on the old version",
        (Fate::Keeps, _) => "finish on the old version",
        (Fate::Patched, 1) => "goes on with the new texts",
        (Fate::Patched, _) => "go on with the new texts",
        (Fate::Moved, 1) => "goes on in the new version, at the same step",
        (Fate::Moved, _) => "go on in the new version, at the same step",
        (Fate::Ends, 1) => "ends, and what is pending is withheld",
        (Fate::Ends, _) => "end, and what they have pending is withheld",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workflow(version: &str, nodes: Value) -> Workflow {
        serde_json::from_value(json!({
            "name": "w", "version": version, "title": "T", "owner": "o", "purpose": "p", "priority": 1,
            "start": { "events": ["a"], "when": null, "again_after": null }, "features": [], "facts": [], "scores": [],
            "nodes": nodes, "first": { "Node": 0 }, "while_running": "Ignore", "leave_when": [], "goal": null,
            "holdout": 0.0, "breakers": [], "reviews": [],
        }))
        .unwrap()
    }

    fn wait(id: &str, days: i64, next: Value) -> Value {
        json!({ "id": id, "kind": { "WaitFor": { "span": days * 86_400_000_000_i64 } }, "next": next })
    }

    fn nudge(id: &str, template: &str) -> Value {
        let act = json!({
            "channel": "nudge", "template": template, "connector": null, "assignee": null, "title": null, "due": null,
            "expires": 1_000_000,
        });
        json!({ "id": id, "kind": { "Act": act }, "next": "End" })
    }

    fn old() -> Workflow {
        workflow("1111111111111111", json!([wait("quiet", 3, json!({ "Node": 1 })), nudge("tip", "w/tip")]))
    }

    fn standing(step: &str, count: u64) -> Standing {
        let (version, status) = (old().version, "waiting".to_owned());
        Standing { workflow: "w".to_owned(), version, step: step.to_owned(), status, count }
    }

    fn plan(new: Workflow, standing: &[Standing]) -> Plan {
        Plan::of(new, &Published { current: vec![old()], older: vec![] }, standing)
    }

    #[test]
    fn new_texts_fit_who_is_under_way() {
        let new = workflow("2222222222222222", json!([wait("quiet", 3, json!({ "Node": 1 })), nudge("tip", "w/new")]));
        let plan = plan(new, &[standing("quiet", 1_200)]);
        assert_eq!((plan.differs(), plan.people(), plan.misfits().len()), (true, 1_200, 0));
        insta::assert_snapshot!(plan.text(), @r"
        w 11111111 -> 22222222
          ~ step tip: template
          1,200 people are under way in older versions:
            stands at  version   people
            quiet      11111111   1,200
          keep: 1,200 finish on the old version
          patch: 1,200 go on with the new texts
          move: 1,200 go on in the new version, at the same step
          end: 1,200 end, and what they have pending is withheld
        ");
    }

    #[test]
    fn who_stands_at_a_step_that_is_gone_is_told() {
        let new = workflow("2222222222222222", json!([wait("calm", 5, json!({ "Node": 1 })), nudge("tip", "w/tip")]));
        let plan = plan(new, &[standing("quiet", 2), standing("tip", 1)]);
        insta::assert_snapshot!(plan.text(), @r"
        w 11111111 -> 22222222
          ~ workflow: first
          + step calm
          - step quiet
          3 people are under way in older versions:
            stands at  version   people
            quiet      11111111       2  the step is gone
            tip        11111111       1
          keep: 3 finish on the old version
          patch: not possible, the steps are not the same: calm, quiet, where a run begins
          move: 2 finish on the old version, 1 goes on in the new version, at the same step
          end: 3 end, and what they have pending is withheld
        ");
        assert_eq!(plan.json()["standing"][0]["change"], "removed");
        assert_eq!(plan.json()["patch_misfits"], json!(["calm", "quiet", "where a run begins"]));
    }

    #[test]
    fn nothing_to_publish_and_something_new() {
        let same = plan(old(), &[]);
        assert!(!same.differs());
        assert_eq!(same.text(), "w 11111111 is published already");
        let new = Plan::of(old(), &Published::default(), &[]);
        assert!(new.differs());
        assert_eq!(new.text(), "w 11111111 is new");
    }
}
