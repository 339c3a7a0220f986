//! What plugins said to the questions of a history: how many scores came, how many did not, and by which code.

use crate::output::{count, of, table};
use serde_json::{Value, json};
use staunch_core::score::ScoreOutcome;
use std::collections::BTreeMap;

/// Counts by plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers(BTreeMap<String, Answered>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Answered {
    scores: u64,
    /// By code.
    failed: BTreeMap<String, u64>,
}

impl Answers {
    /// Counts one answer of a plugin.
    pub fn note(&mut self, plugin: &str, outcome: &ScoreOutcome) {
        if !self.0.contains_key(plugin) {
            self.0.insert(plugin.to_owned(), Answered::default());
        }
        let Some(of) = self.0.get_mut(plugin) else { return };
        match outcome {
            Ok(_) => of.scores += 1,
            Err(failure) => *of.failed.entry(failure.code.clone()).or_default() += 1,
        }
    }

    /// All that was asked.
    pub fn asked(&self) -> u64 {
        self.0.values().map(|one| one.scores + one.failed.values().sum::<u64>()).sum()
    }

    /// One object for each plugin.
    pub fn to_json(&self) -> Value {
        let one = |(plugin, one): (&String, &Answered)| json!({ "plugin": plugin, "answered": one.scores, "failed": one.failed });
        self.0.iter().map(one).collect()
    }

    /// A table with a line for each plugin, and what to read where one failed; `None` where none was asked.
    pub fn text(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let mut rows = vec![["scores of", "answered", "failed", "with"].map(str::to_owned).to_vec()];
        for (plugin, one) in &self.0 {
            let codes = one.failed.iter().map(|(code, n)| format!("{code} ({})", count(*n)));
            let failed = one.failed.values().sum();
            rows.push(vec![plugin.clone(), count(one.scores), count(failed), codes.collect::<Vec<_>>().join(", ")]);
        }
        let mut text = table(&rows, &[1, 2]);
        let most = self.0.values().flat_map(|one| &one.failed).max_by_key(|(_, n)| **n);
        if let Some((code, _)) = most {
            let all = self.0.values().flat_map(|one| one.failed.values()).sum();
            text += &format!("\n{} failed: see `staunch explain {code}`", of(all, "score"));
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use staunch_core::score::{ScoreFailure, Scored};

    #[test]
    fn are_counted_by_plugin_and_code() {
        let failed = |code: &str| Err(ScoreFailure::new(code, "m"));
        let mut answers = Answers::default();
        assert_eq!(answers.text(), None);
        answers.note("b", &Ok(Scored::scalar(0.5, "d")));
        for code in ["ST3011", "ST3004", "ST3011"] {
            answers.note("a", &failed(code));
        }
        assert_eq!(answers.asked(), 4);
        let expected = json!([
            { "plugin": "a", "answered": 0, "failed": { "ST3004": 1, "ST3011": 2 } },
            { "plugin": "b", "answered": 1, "failed": {} },
        ]);
        assert_eq!(answers.to_json(), expected);
        let text = answers.text().unwrap();
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["a", "0", "3", "ST3004", "(1),", "ST3011", "(2)"]);
        assert_eq!(lines[2], ["b", "1", "0"]);
        assert_eq!(text.lines().last(), Some("3 scores failed: see `staunch explain ST3011`"));
    }
}
