//! What receipts say of two versions: pairs of scores with what happened, and the page about them.

use crate::output::{count, table};
use serde_json::{Value, json};
use staunch_core::receipt::{Decision, Entry, ScoreNote};
use staunch_core::score::Band;
use staunch_core::workflow::Workflow;
use staunch_core::{Span, Time};
use staunch_models::{Comparison, Foresight, Pair};
use staunch_scoring::LockedPlugin;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

/// Resamples behind every interval, and their seed.
const RESAMPLES: usize = 500;
const SEED: u64 = 20_261_124;
/// Fewer outcomes of either kind say nothing.
const FEW: usize = 20;
/// One failure among so many decisions is too much to be promoted.
const MOST_FAILED: u64 = 100;

/// A walk over decisions.
pub struct Reading {
    plugin: String,
    digests: [String; 2],
    now: Time,
    /// By workflow: how long a goal may take, and the bands of the score.
    workflows: HashMap<String, (Option<Span>, Vec<Band>)>,
    /// By run: when its goal was reached.
    goals: HashMap<String, Option<Time>>,
    people: HashMap<String, u32>,
    pairs: Pairs,
}

/// What was found.
#[derive(Default)]
pub struct Pairs {
    scored: Vec<Pair>,
    people: usize,
    /// Rows that the challenger did not score.
    failed: u64,
    /// Rows that another version scored on either side.
    others: u64,
    /// Rows with a choice (a label, an item), and of those rows where both chose the same.
    chosen: u64,
    agreed: u64,
    /// Rows with a band on either side, and where they went.
    banded: u64,
    moved: BTreeMap<(String, String), u64>,
}

impl Reading {
    /// For the scores of a plugin by the versions with these digests, the one in force first.
    pub fn new(plugin: &str, digests: [&String; 2], now: Time) -> Reading {
        let (workflows, goals, people) = Default::default();
        let (plugin, digests) = (plugin.to_owned(), digests.map(Clone::clone));
        Reading { plugin, digests, now, workflows, goals, people, pairs: Pairs::default() }
    }

    /// Takes a workflow that reads the score, the one in force before older ones, with the goals of its runs.
    pub fn workflow(&mut self, workflow: &Workflow, goals: Vec<(String, Option<Time>)>) {
        let window = workflow.goal.as_ref().map(|goal| goal.window);
        let bands = workflow.scores.iter().find(|score| score.plugin == self.plugin);
        let bands = bands.map(|score| score.bands.clone()).unwrap_or_default();
        self.workflows.entry(workflow.name.clone()).or_insert((window, bands));
        self.goals.extend(goals);
    }

    /// Takes a decision.
    pub fn decision(&mut self, decision: &Decision) {
        for entry in &decision.entries {
            for note in &entry.scores {
                if note.plugin == self.plugin {
                    self.note(&decision.contact, entry, note);
                }
            }
        }
    }

    fn note(&mut self, contact: &str, entry: &Entry, note: &ScoreNote) {
        let Some(shadow) = &note.shadow else { return };
        if note.digest.as_ref() != Some(&self.digests[0]) || shadow.digest != self.digests[1] {
            self.pairs.others += 1;
            return;
        }
        let (Some(champion), Some(challenger)) = (note.value, shadow.value) else {
            self.pairs.failed += 1;
            return;
        };
        let next = self.people.len() as u32;
        let group = *self.people.entry(contact.to_owned()).or_insert(next);
        let label = self.label(entry);
        self.pairs.scored.push(Pair { champion, challenger, label, group });
        let chosen = note.classes.first().map(|(label, _)| label).or_else(|| note.ranking.first());
        if let (Some(one), Some(two)) = (chosen, &shadow.choice) {
            self.pairs.chosen += 1;
            self.pairs.agreed += u64::from(one == two);
        }
        let bands = self.workflows.get(&entry.workflow).map_or(&[][..], |(_, bands)| bands);
        let band = bands.iter().rev().find(|band| challenger >= band.from).map(|band| band.name.clone());
        if let (Some(one), Some(two)) = (&note.band, band) {
            self.pairs.banded += 1;
            if *one != two {
                *self.pairs.moved.entry((one.clone(), two)).or_default() += 1;
            }
        }
    }

    /// Whether the goal of the run was reached after the decision; `None` where that is open, or there is no run.
    fn label(&self, entry: &Entry) -> Option<bool> {
        let window = self.workflows.get(&entry.workflow)?.0?;
        match self.goals.get(entry.run.as_ref()?)? {
            Some(at) => (*at > entry.at).then_some(true),
            None => (entry.at + window <= self.now).then_some(false),
        }
    }

    /// All that was found.
    pub fn done(self) -> Pairs {
        Pairs { people: self.people.len(), ..self.pairs }
    }
}

/// What can be said of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    TooEarly,
    Better,
    Worse,
    NoDifference,
}

impl Verdict {
    fn of(foresight: Option<&Foresight>) -> Verdict {
        let Some(found) = foresight.filter(|one| one.positives.min(one.rows - one.positives) >= FEW) else {
            return Verdict::TooEarly;
        };
        let better = found.auc_gain.low > 0.0 || found.log_loss_gain.high < 0.0;
        let worse = found.auc_gain.high < 0.0 || found.log_loss_gain.low > 0.0;
        match (better, worse) {
            (true, false) => Verdict::Better,
            (_, true) => Verdict::Worse,
            (false, false) => Verdict::NoDifference,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Verdict::TooEarly => "too_early",
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::NoDifference => "no_difference",
        }
    }

    fn said(self, plugin: &str) -> String {
        match self {
            Verdict::TooEarly => {
                format!("too early: at least {FEW} decisions with and {FEW} without the goal are needed")
            }
            Verdict::Better => format!(
                "the challenger foresees the goal better, beyond chance\n  next: staunch plugin promote --plugin {plugin}"
            ),
            Verdict::Worse => {
                "the challenger foresees the goal worse, beyond chance, in one of the two at least".into()
            }
            Verdict::NoDifference => "no difference beyond chance".into(),
        }
    }
}

impl Pairs {
    fn comparison(&self) -> Option<Comparison> {
        staunch_models::compare(&self.scored, RESAMPLES, SEED)
    }

    /// What speaks against putting the challenger in force.
    pub fn against(&self) -> Option<String> {
        let (scored, failed) = (self.scored.len() as u64, self.failed);
        if failed > 0 && failed * MOST_FAILED >= scored + failed {
            let all = scored + failed;
            return Some(format!("it gave nothing for {} of {} decisions", count(failed), count(all)));
        }
        let Some(found) = self.comparison() else {
            return Some("it has scored no decision in shadow yet".into());
        };
        let worse = Verdict::of(found.foresight.as_ref()) == Verdict::Worse;
        worse.then(|| "it foresees the goal worse, beyond chance".into())
    }

    /// The page for people.
    pub fn text(&self, plugin: &str, [champion, challenger]: [&LockedPlugin; 2]) -> String {
        let mut page = format!("{plugin}: {} in force, {} challenges it\n", champion.version, challenger.version);
        // Writing to a String cannot fail.
        let _ = self.write(&mut page, plugin);
        page.trim_end().to_owned()
    }

    fn write(&self, page: &mut String, plugin: &str) -> std::fmt::Result {
        let Some(found) = self.comparison() else {
            writeln!(page, "no decision yet that both scored{}", self.left_out())?;
            return writeln!(page, "a running `staunch run` notes what the challenger says with every decision");
        };
        let line = |name: &str, one: f64, two: f64, gain: String| {
            vec![name.to_owned(), format!("{one:.4}"), format!("{two:.4}"), gain]
        };
        let mut rows =
            vec![["", "in force", "challenger", "challenger is higher by (95 % interval)"].map(str::to_owned).to_vec()];
        rows.push(line("mean score", found.means[0], found.means[1], String::new()));
        if let Some(known) = &found.foresight {
            let gain = |m: &staunch_models::Measure| format!("{:+.4} ({:+.4} to {:+.4})", m.value, m.low, m.high);
            rows.push(line("AUC", known.auc[0], known.auc[1], gain(&known.auc_gain)));
            rows.push(line("log loss", known.log_loss[0], known.log_loss[1], gain(&known.log_loss_gain)));
        }
        writeln!(
            page,
            "{} decisions of {} people{}",
            count(found.rows as u64),
            count(self.people as u64),
            self.left_out()
        )?;
        writeln!(page, "{}", table(&rows, &[1, 2]))?;
        writeln!(page, "mean distance {:.4}, rank correlation {:.3}", found.distance, found.correlation)?;
        self.write_choices(page)?;
        if let Some(known) = &found.foresight {
            let (rows, positives) = (count(known.rows as u64), count(known.positives as u64));
            writeln!(
                page,
                "the outcome of {rows} decisions is known, {positives} reached the goal; these are people whom the"
            )?;
            writeln!(
                page,
                "version in force let in, and what was sent to them had its effect: a fair trial is a split"
            )?;
        }
        writeln!(page, "{}", Verdict::of(found.foresight.as_ref()).said(plugin))
    }

    fn write_choices(&self, page: &mut String) -> std::fmt::Result {
        let share = |part: u64, of: u64| 100.0 * part as f64 / of as f64;
        if self.chosen > 0 {
            let (share, of) = (share(self.agreed, self.chosen), count(self.chosen));
            writeln!(page, "the same choice in {share:.1} % of {of} decisions")?;
        }
        if self.banded > 0 {
            let moved = self.moved.values().sum();
            writeln!(page, "another band in {:.1} % of {} decisions", share(moved, self.banded), count(self.banded))?;
            for ((from, to), times) in &self.moved {
                writeln!(page, "  {from} -> {to}  {}", count(*times))?;
            }
        }
        Ok(())
    }

    fn left_out(&self) -> String {
        let mut text = String::new();
        if self.failed > 0 {
            let _ = write!(text, "; the challenger gave nothing for {} more", count(self.failed));
        }
        if self.others > 0 {
            let _ = write!(text, "; {} of other versions are left out", count(self.others));
        }
        text
    }

    /// The same for machines.
    pub fn json(&self, plugin: &str, [champion, challenger]: [&LockedPlugin; 2]) -> Value {
        let version = |one: &LockedPlugin| json!({ "version": one.version, "sha256": one.sha256 });
        let found = self.comparison();
        let foresight = found.as_ref().and_then(|found| found.foresight.as_ref());
        let measure = |m: &staunch_models::Measure| json!({ "value": m.value, "low": m.low, "high": m.high });
        let moved: Vec<Value> = self
            .moved
            .iter()
            .map(|((from, to), times)| json!({ "from": from, "to": to, "decisions": times }))
            .collect();
        json!({
            "plugin": plugin,
            "champion": version(champion),
            "challenger": version(challenger),
            "decisions": self.scored.len(),
            "people": self.people,
            "failed": self.failed,
            "other_versions": self.others,
            "means": found.as_ref().map(|found| found.means),
            "distance": found.as_ref().map(|found| found.distance),
            "rank_correlation": found.as_ref().map(|found| found.correlation).filter(|x| x.is_finite()),
            "choices": { "decisions": self.chosen, "same": self.agreed },
            "bands": { "decisions": self.banded, "moved": moved },
            "outcomes": foresight.map(|known| json!({
                "decisions": known.rows,
                "positives": known.positives,
                "auc": known.auc,
                "auc_gain": measure(&known.auc_gain),
                "log_loss": known.log_loss,
                "log_loss_gain": measure(&known.log_loss_gain),
            })),
            "verdict": Verdict::of(foresight).word(),
        })
    }
}
