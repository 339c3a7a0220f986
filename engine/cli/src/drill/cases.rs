//! The tests of a workspace as a drill.

use super::{Sums, sent};
use crate::load::Project;
use crate::scenario::stage::{self, Fault, Story};
use crate::scenario::timeline::{local, offset, turn, what};
use serde_json::{Value, json};
use staunch_core::Time;
use staunch_core::action::ReasonCode;
use staunch_core::sim::{Happened, Happening, Turn};
use staunch_workflow::TestCase;

/// One case of a drill.
pub struct Case {
    /// `file:line name`.
    pub place: String,
    /// (when, as it is, with the failure), in order of time.
    pub rows: Vec<[String; 3]>,
    /// What goes out only with the failure, as step ids.
    pub more: Vec<String>,
    /// What goes out only without it, as step ids.
    pub missing: Vec<String>,
}

impl Case {
    /// Whether the failure changes nothing.
    pub fn same(&self) -> bool {
        self.rows.iter().all(|row| row[1] == row[2])
    }

    /// For machines.
    pub fn json(&self) -> Value {
        let rows =
            self.rows.iter().map(|[at, normal, broken]| json!({ "at": at, "normal": normal, "failure": broken }));
        json!({
            "case": self.place, "same": self.same(), "more": self.more, "missing": self.missing,
            "timeline": rows.collect::<Vec<_>>(),
        })
    }
}

/// Plays every case twice.
pub fn cases(project: &Project, fault: &Fault) -> (Vec<Case>, Sums) {
    let (mut all, mut sums) = (Vec::new(), Sums::default());
    for file in &project.tests {
        let Some(workflow) = project.workflows.iter().find(|one| one.name == file.workflow) else { continue };
        for case in &file.cases {
            let normal = stage::play(project, workflow, case, None);
            let broken = stage::play(project, workflow, case, Some(fault));
            sums.add(&normal.actions, &broken.actions);
            all.push(Case {
                place: format!("{}:{} {}", file.file, case.line, case.name),
                rows: rows(case, &normal, &broken),
                more: only(&broken, &normal),
                missing: only(&normal, &broken),
            });
        }
    }
    (all, sums)
}

fn only(one: &Story, other: &Story) -> Vec<String> {
    let known = sent(&other.actions);
    sent(&one.actions)
        .into_iter()
        .filter(|(id, _)| !known.contains_key(id))
        .map(|(_, action)| action.step.clone())
        .collect()
}

fn rows(case: &TestCase, normal: &Story, broken: &Story) -> Vec<[String; 3]> {
    let (left, right) = (told(case, normal), told(case, broken));
    let mut times: Vec<Time> = left.iter().chain(&right).map(|(at, _)| *at).collect();
    times.sort_unstable();
    times.dedup();
    let at = |side: &[(Time, String)], time: Time| {
        let here: Vec<&str> = side.iter().filter(|(at, _)| *at == time).map(|(_, text)| text.as_str()).collect();
        here.join("; ")
    };
    let row = |time: Time| {
        let when = format!("{}  {}", offset(time, case), local(time, case));
        [when, at(&left, time), at(&right, time)]
    };
    times.into_iter().map(row).collect()
}

/// What happened to actions and runs; a hold that is tried again and again is told once, with its last end.
fn told(case: &TestCase, story: &Story) -> Vec<(Time, String)> {
    let mut told: Vec<(Time, String)> = Vec::new();
    let mut held: Vec<(&str, ReasonCode)> = Vec::new();
    for one in &story.log {
        let Happened::Held { reason, .. } = one.what else {
            told.push((one.at, what(one, case)));
            continue;
        };
        if held.contains(&(one.step.as_str(), reason)) {
            continue;
        }
        held.push((one.step.as_str(), reason));
        let same = |other: &&Happening| {
            other.step == one.step && matches!(other.what, Happened::Held { reason: why, .. } if why == reason)
        };
        let all: Vec<&Happening> = story.log.iter().filter(same).collect();
        told.push((one.at, again(&all, case)));
    }
    let ends = story.turns.iter().filter(|(_, _, _, turn)| matches!(turn, Turn::Left { .. }));
    told.extend(ends.map(|(at, _, _, one)| (*at, turn(one))));
    told.sort_by_key(|(at, _)| *at);
    told
}

/// All holds of one step for one reason.
fn again(holds: &[&Happening], case: &TestCase) -> String {
    let Some(last) = holds.last() else { return String::new() };
    let text = what(last, case);
    if holds.len() > 1 { format!("{text}, {} times", holds.len()) } else { text }
}
