//! Runs test files: the real core on virtual time, nothing outside. Says what happened instead where it differs.

pub mod coverage;
mod explain;
mod judge;
pub mod stage;
pub mod timeline;

use crate::load::Project;
use crate::output;
use serde_json::{Value, json};
use stage::Story;
use staunch_core::plain;
use staunch_workflow::{TestCase, TestFile};
use std::fmt::Write;

/// One case that was run.
pub struct Ran {
    /// The workflow under test.
    pub workflow: String,
    /// `file:line name`.
    pub place: String,
    /// What differs, each with what happened instead on lines of its own; empty = passed.
    pub differences: Vec<String>,
    /// What was expected and what happened, in order of time.
    pub timeline: Vec<timeline::Row>,
    /// The zone of its times.
    pub zone: String,
    /// All that happened.
    pub story: Story,
}

/// Runs the cases of a test file whose names hold `part`.
pub fn run(project: &Project, file: &TestFile, part: &str) -> Vec<Ran> {
    let chosen = file.cases.iter().filter(|case| case.name.contains(part));
    chosen.filter_map(|case| run_case(project, file, case)).collect()
}

/// `None` where the file names no workflow, which `check` reports.
fn run_case(project: &Project, file: &TestFile, case: &TestCase) -> Option<Ran> {
    let workflow = project.workflows.iter().find(|one| one.name == file.workflow)?;
    let story = stage::play(project, workflow, case, None);
    let judged = judge::judge(case, &story);
    let mut differences = story.refused.clone();
    differences.extend(explain::differences(workflow, case, &story, &judged));
    Some(Ran {
        workflow: workflow.name.clone(),
        place: format!("{}:{} {}", file.file, case.line, case.name),
        timeline: timeline::rows(case, &story, &judged),
        zone: case.zone.clone(),
        differences,
        story,
    })
}

impl Ran {
    /// As everybody expected.
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }

    /// The verdict for people: one line where it passed.
    pub fn text(&self) -> String {
        if self.passed() {
            return output::wrap("ok    ", &plain::line(&self.place));
        }
        let mut out = output::wrap("FAIL  ", &plain::line(&self.place));
        for line in self.differences.iter().flat_map(|one| one.lines()) {
            let _ = write!(out, "\n{}", output::fit(&format!("      {line}")));
        }
        let _ = write!(out, "\n      time line ({}), !! = differs:", self.zone);
        for line in timeline::text(&self.timeline) {
            let _ = write!(out, "\n      {line}");
        }
        out
    }

    /// The verdict for machines.
    pub fn json(&self) -> Value {
        let rows: Vec<Value> = self.timeline.iter().map(timeline::Row::json).collect();
        json!({
            "case": self.place, "workflow": self.workflow, "passed": self.passed(),
            "differences": self.differences, "timeline": rows,
        })
    }
}

#[cfg(test)]
mod tests;
