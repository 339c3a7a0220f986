//! Which score a training table is of. Plugins differ in what they read, so a table holds rows of one of them.

use crate::error::{CliError, Result};
use staunch_core::suggest::closest;
use staunch_core::workflow::Workflow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The scores of workflows whose rows go into one table: (workflow, score).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen(BTreeSet<(String, String)>);

impl Chosen {
    /// Takes the scores that `of` names, as `SCORE` or `WORKFLOW.SCORE`, or all of them.
    ///
    /// # Errors
    /// No score of this name, or scores that do not fit into one table.
    pub fn new(workflows: &[Arc<Workflow>], of: Option<&str>) -> Result<Chosen> {
        Chosen::among(&workflows.iter().flat_map(|flow| declared(flow)).collect::<Vec<_>>(), of)
    }

    fn among(all: &[Declared<'_>], of: Option<&str>) -> Result<Chosen> {
        let named = |one: &&Declared<'_>| of.is_none_or(|of| of == one.score || of == one.whole());
        let taken: Vec<&Declared<'_>> = all.iter().filter(named).collect();
        if let Some(of) = of.filter(|_| taken.is_empty()) {
            return Err(unknown(of, all));
        }
        let Some(first) = taken.first() else { return Ok(Chosen::default()) };
        if taken.iter().any(|one| (one.plugin, &one.inputs) != (first.plugin, &first.inputs)) {
            let message = format!("a table is of one plugin, and several are asked here: {}", list(&taken));
            return Err(CliError::usage(message, format!("choose one: `--of {}`", first.shortest(&taken))));
        }
        let pairs = taken.iter().map(|one| (one.workflow.to_owned(), one.score.to_owned()));
        Ok(Chosen(pairs.collect()))
    }

    /// Whether the rows of this score go into the table.
    pub fn has(&self, workflow: &str, score: &str) -> bool {
        self.0.iter().any(|(flow, name)| flow == workflow && name == score)
    }
}

/// One score of one workflow.
struct Declared<'a> {
    workflow: &'a str,
    score: &'a str,
    plugin: &'a str,
    /// The last parts of its inputs' names, as the columns are called.
    inputs: Vec<&'a str>,
}

impl Declared<'_> {
    fn whole(&self) -> String {
        format!("{}.{}", self.workflow, self.score)
    }

    /// Its bare name, where that means one plugin only.
    fn shortest(&self, others: &[&Declared<'_>]) -> String {
        let same = |other: &&Declared<'_>| (other.plugin, &other.inputs) == (self.plugin, &self.inputs);
        let alone = others.iter().filter(|other| other.score == self.score).all(same);
        if alone { self.score.to_owned() } else { self.whole() }
    }
}

fn declared(flow: &Workflow) -> Vec<Declared<'_>> {
    let scores = flow.scores.iter();
    let declared = scores.map(|score| Declared {
        workflow: &flow.name,
        score: &score.name,
        plugin: &score.plugin,
        inputs: score.inputs.iter().map(|(_, name)| name.as_str()).collect(),
    });
    declared.collect()
}

/// `SCORE (plugin PLUGIN)`, each once.
fn list(scores: &[&Declared<'_>]) -> String {
    let mut names: Vec<String> = Vec::new();
    for one in scores {
        let name = format!("`{}` (plugin `{}`)", one.shortest(scores), one.plugin);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

fn unknown(of: &str, all: &[Declared<'_>]) -> CliError {
    let message = format!("no workflow has a score `{of}`");
    let names: Vec<String> = all.iter().flat_map(|one| [one.score.to_owned(), one.whole()]).collect();
    let help = match closest(of, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if all.is_empty() => "declare one under `scores:` of a workflow".to_owned(),
        None => format!("it is one of {}", list(&all.iter().collect::<Vec<_>>())),
    };
    CliError::usage(message, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RISK: Declared<'_> = Declared { workflow: "a", score: "risk", plugin: "p", inputs: vec![] };

    fn reads(one: Declared<'static>, input: &'static str) -> Declared<'static> {
        Declared { inputs: vec![input], ..one }
    }

    #[test]
    fn one_plugin_needs_no_choice_in_however_many_workflows() {
        let all = [RISK, Declared { workflow: "b", score: "danger", ..RISK }];
        let chosen = Chosen::among(&all, None).unwrap();
        assert!(chosen.has("a", "risk") && chosen.has("b", "danger") && !chosen.has("a", "danger"));
        assert_eq!(Chosen::among(&[], None).unwrap(), Chosen::default());
    }

    #[test]
    fn several_plugins_are_listed_and_one_is_named() {
        let mine = Declared { score: "mine", plugin: "q", ..RISK };
        let all = [RISK, mine, Declared { workflow: "b", ..RISK }];
        assert_eq!(
            Chosen::among(&all, None).unwrap_err().to_string(),
            "error ST7010: a table is of one plugin, and several are asked here: `risk` (plugin `p`), `mine` (plugin `q`)\n  \
             next: choose one: `--of risk`"
        );
        let mine = Chosen::among(&all, Some("mine")).unwrap();
        assert!(mine.has("a", "mine") && !mine.has("a", "risk"));
        let risk = Chosen::among(&all, Some("risk")).unwrap();
        assert!(risk.has("a", "risk") && risk.has("b", "risk") && !risk.has("a", "mine"));
        let one = Chosen::among(&all, Some("b.risk")).unwrap();
        assert!(one.has("b", "risk") && !one.has("a", "risk"));
    }

    #[test]
    fn one_name_for_two_plugins_is_told_apart_by_workflow() {
        let all = [RISK, Declared { workflow: "b", plugin: "q", ..RISK }];
        let refused = Chosen::among(&all, Some("risk")).unwrap_err().to_string();
        assert!(refused.contains("`a.risk` (plugin `p`), `b.risk` (plugin `q`)"), "{refused}");
        assert!(refused.ends_with("`--of a.risk`"), "{refused}");
        assert!(Chosen::among(&all, Some("b.risk")).is_ok());
        // The same plugin with other inputs has other columns.
        let all = [reads(RISK, "x"), reads(Declared { workflow: "b", ..RISK }, "y")];
        assert!(Chosen::among(&all, None).is_err());
    }

    #[test]
    fn a_name_that_is_not_there_is_met_with_the_nearest() {
        let all = [Declared { score: "repurchase", ..RISK }];
        let near = Chosen::among(&all, Some("repurchse")).unwrap_err().to_string();
        assert!(near.ends_with("no workflow has a score `repurchse`\n  next: did you mean `repurchase`?"), "{near}");
        let far = Chosen::among(&all, Some("zzz")).unwrap_err().to_string();
        assert!(far.ends_with("it is one of `repurchase` (plugin `p`)"), "{far}");
    }
}
