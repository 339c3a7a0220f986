//! Histories of people in the examples, kept for ever: an engine that would derail somebody who is parked fails here.
//!
//! `kept/WORKSPACE/NAME.N.json` holds what came in for a few contacts, and after each input the rows that changed, as
//! the store writes them. At every step today's engine takes the kept rows, goes on with what came in later, and has to
//! do what was done then. A history is never edited or deleted: an engine that writes other rows on purpose gets a
//! further history beside it (N + 1), and still has to go on from all older ones. How:
//! `STAUNCH_WRITE_HISTORIES=1 cargo nextest run -p staunch-worker --test histories`, then read the difference and commit.

mod compare;
mod coverage;
mod form;
mod play;
mod workspace;
mod write;

use compare::{Closely, Difference};
use form::{Kept, histories, scripts};
use staunch_core::decide::Catalog;
use staunch_core::workflow::{Target, Workflow};
use std::collections::BTreeSet;
use std::sync::Arc;
use workspace::WORKSPACES;

const GO_ON: &str = "People who stand there in a database would get something else after an update. Make the engine read \
    what was kept and go on as before. Where the change is right and nobody can be hurt, name the place and the reason \
    in `NAME.N.accepted.json` beside the history.";
const BEGIN: &str = "Today's engine makes something else of the same input. If that is not meant, mend it. If it is meant, \
    and people parked in the old rows still go on (the other tests say so), write a further history: \
    STAUNCH_WRITE_HISTORIES=1 cargo nextest run -p staunch-worker --test histories";

/// All histories, or none while new ones are written.
fn all() -> Vec<Kept> {
    if write::asked() {
        return vec![];
    }
    let all: Vec<Kept> = WORKSPACES.iter().flat_map(|(name, _)| histories(name)).collect();
    assert!(!all.is_empty(), "no history is kept");
    all
}

fn catalog(kept: &Kept, current: Vec<Workflow>, older: Vec<Workflow>) -> Result<Catalog, String> {
    let share = |flows: Vec<Workflow>| flows.into_iter().map(Arc::new).collect();
    let workspace = workspace::of_file(&format!("{}/{}", kept.workspace, kept.history.workspace), &kept.file)?;
    Ok(Catalog::new(workspace, share(current), share(older)))
}

/// Checks every history, and fails with what is wrong in all of them.
fn check(what_to_do: &str, check: impl Fn(&Kept) -> Result<Vec<String>, String>) {
    let problems = |kept: Kept| check(&kept).unwrap_or_else(|why| vec![format!("history {}: {why}", kept.place())]);
    let problems: Vec<String> = all().into_iter().flat_map(problems).collect();
    assert!(problems.is_empty(), "{}\n\nWhat to do: {what_to_do}", problems.join("\n"));
}

/// The first differences in words.
fn words(title: &str, found: &[Difference]) -> Vec<String> {
    if found.is_empty() {
        return vec![];
    }
    let line = |one: &Difference| format!("  {}\n    expected {}\n    got      {}", one.place, one.expected, one.got);
    let more = found.len().saturating_sub(4);
    let more = (more > 0).then(|| format!("  … and {more} more places"));
    vec![
        std::iter::once(title.to_owned())
            .chain(found.iter().take(4).map(line))
            .chain(more)
            .collect::<Vec<_>>()
            .join("\n"),
    ]
}

/// Goes on from the rows that were kept at each of these steps, in a catalog; the first step that differs is told.
fn go_on(kept: &Kept, catalog: &Catalog, from: usize, closely: Closely, how: &str) -> Vec<String> {
    let (steps, mut problems) = (&kept.history.steps, vec![]);
    for at in from..steps.len() {
        let expected = &steps[at + 1..];
        let title = format!("history {}, parked at {}{how}:", kept.place(), standing(kept, at));
        let found = play::resume(catalog, &kept.history, at)
            .and_then(|got| compare::steps(kept, at + 1, expected, &got, closely));
        problems.extend(match found {
            Ok(found) => words(&title, &found),
            Err(why) => vec![format!("{title}\n  {why}")],
        });
    }
    let more = problems.len().saturating_sub(1);
    problems.truncate(1);
    problems.extend((more > 0).then(|| format!("  … and so at {more} further parked points of this history")));
    problems
}

/// Who stands where after a step.
fn standing(kept: &Kept, at: usize) -> String {
    let step = &kept.history.steps[at];
    let runs = step.rows.runs.values().filter_map(|run| {
        Some(format!(
            "{} {} at `{}`",
            run["workflow"].as_str()?,
            run["status"]["is"].as_str()?,
            run["status"]["step"].as_str()?
        ))
    });
    let runs = runs.collect::<Vec<_>>().join(", ");
    format!("steps[{at}] ({}, {}{}{runs})", step.at, step.input, if runs.is_empty() { "" } else { "; " })
}

#[test]
fn parked_people_go_on_from_the_rows_that_were_kept() {
    check(GO_ON, |kept| {
        let catalog = catalog(kept, kept.workflows()?, vec![])?;
        let closely = if kept.newest { Closely::Meaning } else { Closely::Deeds };
        Ok(go_on(kept, &catalog, 0, closely, ""))
    });
}

#[test]
fn parked_people_keep_their_version_when_another_one_is_in_force() {
    check(GO_ON, |kept| {
        let older = kept.workflows()?;
        let newer = older.iter().map(|flow| Workflow {
            version: "newer".into(),
            nodes: vec![],
            first: Target::End,
            leave_when: vec![],
            goal: None,
            messages: Default::default(),
            ..flow.clone()
        });
        let catalog = catalog(kept, newer.collect(), older.clone())?;
        // From the last start on: who entered later would enter the newer version.
        let mut seen = BTreeSet::new();
        let starts = |step: &form::Step| step.rows.runs.keys().filter(|run| seen.insert((*run).clone())).count() > 0;
        let starts: Vec<bool> = kept.history.steps.iter().map(starts).collect();
        let last = starts.iter().rposition(|new| *new).unwrap_or(0);
        Ok(go_on(kept, &catalog, last, Closely::Rows, ", with a newer version in force"))
    });
}

#[test]
fn todays_engine_writes_the_newest_histories_to_the_letter() {
    check(BEGIN, |kept| {
        if !kept.newest {
            return Ok(vec![]);
        }
        let flows = kept.workflows()?;
        let mut problems = vec![];
        for (flow, (text, file)) in flows.iter().zip(kept.documents.iter().zip(&kept.history.workflows)) {
            let text: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
            let again = serde_json::to_value(flow).map_err(|error| error.to_string())?;
            let title = format!("history {}, version {file}, read and written:", kept.place());
            problems.extend(words(&title, &compare::values("version", &text, &again)));
        }
        let played = play::play(&catalog(kept, flows, vec![])?, &kept.history.script)?;
        let found = compare::steps(kept, 0, &kept.history.steps, &played.steps, Closely::Letter)?;
        problems.extend(words(&format!("history {}, from its beginning:", kept.place()), &found));
        Ok(problems)
    });
}

#[test]
fn files_that_were_not_edited_still_make_the_version_that_was_kept() {
    if write::asked() {
        return;
    }
    let mut problems = vec![];
    for (name, path) in WORKSPACES {
        let all = histories(name);
        for flow in workspace::today(name).workflows {
            let own = |kept: &&Kept| {
                kept.newest
                    && kept
                        .history
                        .workflows
                        .iter()
                        .any(|file| file.starts_with(&format!("{}.{}.", flow.name, flow.version)))
            };
            let Some(kept) = all.iter().find(own) else {
                eprintln!(
                    "{path}: `{}` was edited since its histories; those in the kept version still go on",
                    flow.name
                );
                continue;
            };
            let older = kept.workflows().unwrap_or_else(|why| panic!("{why}"));
            let json = |flow: &Workflow| serde_json::to_value(flow).expect("a workflow can be written");
            for old in older.iter().filter(|old| old.name == flow.name) {
                let title = format!(
                    "history {}: {path} has the same version {} and is read otherwise:",
                    kept.place(),
                    flow.version
                );
                problems.extend(words(&title, &compare::values("version", &json(old), &json(&flow))));
            }
        }
    }
    assert!(problems.is_empty(), "{}\n\nWhat to do: {BEGIN}", problems.join("\n"));
}

#[test]
fn every_example_and_every_way_to_be_parked_is_there() {
    if write::asked() {
        return;
    }
    assert_eq!(workspace::unlisted(), Vec::<String>::new(), "list it in workspace.rs and write a script for it");
    let (mut ways, mut problems) = (BTreeSet::new(), vec![]);
    for (name, path) in WORKSPACES {
        let all = histories(name);
        let newest: Vec<&Kept> = all.iter().filter(|kept| kept.newest).collect();
        let without = scripts(name).into_iter().filter(|(script, _)| !newest.iter().any(|kept| kept.name == *script));
        problems.extend(without.map(|(script, _)| format!("{name}/{script} has no history yet: {BEGIN}")));
        for kept in &newest {
            ways.extend(coverage::ways(kept).unwrap_or_else(|why| panic!("{}: {why}", kept.place())));
        }
        let runs = newest.iter().flat_map(|kept| &kept.history.steps).flat_map(|step| step.rows.runs.values());
        let walked: BTreeSet<&str> = runs.filter_map(|run| run["workflow"].as_str()).collect();
        let flows = workspace::today(name).workflows;
        let alone = flows.iter().filter(|flow| !walked.contains(flow.name.as_str()));
        problems
            .extend(alone.map(|flow| format!("{path}: nobody walks `{}` in any history; write a script", flow.name)));
    }
    let missing = coverage::WAYS.iter().filter(|way| !ways.contains(*way));
    problems.extend(missing.map(|way| format!("in no history somebody is parked like this: {way}")));
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn histories_are_written_when_somebody_asks_for_it() {
    if write::asked() {
        let new = write::missing().unwrap_or_else(|why| panic!("{why}"));
        eprintln!("{} new files: {new:#?}", new.len());
    }
}
