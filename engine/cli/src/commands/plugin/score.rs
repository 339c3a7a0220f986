//! `staunch plugin score`: rows of a file through a plugin, one answer each.

use super::rows::{self, Row};
use crate::error::{CliError, Result};
use crate::output;
use clap::Args;
use staunch_core::codes;
use staunch_core::score::ScoreFailure;
use staunch_scoring::{Answer, Manifest, Plugin as Loaded, ResultKind};
use std::path::PathBuf;
use std::time::Instant;

/// Rows that are scored before the next word of how far it is.
const CHUNK: usize = 65_536;

/// Scores rows of a file.
///
/// Writes per row, in order: `value` and `raw`; the `label` with the largest share, that share as `p`, and the share of
/// every label as `share:LABEL` where the plugin gives classes; `items` as a JSON list, best first, where it ranks. Last
/// stand `declined`, why the plugin gives a row no answer, and `error`, why the row failed; both are empty for a row that
/// has an answer. Ends with 1 where a row failed; to decline one is an answer.
///
/// Example: staunch plugin score X.wasm --data rows.csv
#[derive(Debug, Args)]
pub struct Score {
    /// The component.
    plugin: PathBuf,
    /// CSV with a column per input; an empty cell is a missing value.
    #[arg(long)]
    data: PathBuf,
    /// The result; standard output without it.
    #[arg(short, long)]
    output: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Score) -> Result<bool> {
    let plugin = super::load(&args.plugin, &super::bytes(&args.plugin)?)?;
    let rows = rows::read(plugin.manifest(), &args.data)?;
    let mut out = csv::Writer::from_writer(Vec::new());
    let written = |error: csv::Error| CliError::new(codes::CLI_FILE, error.to_string(), "");
    let header = header(plugin.manifest());
    out.write_record(header.iter().map(String::as_str).chain(["declined", "error"])).map_err(written)?;
    let (mut counts, start) = (Counts::default(), Instant::now());
    for (chunk, rows) in rows.chunks(CHUNK).enumerate() {
        for answer in answers(&plugin, rows) {
            let cells = counts.record(answer, header.len());
            out.write_record(&cells).map_err(written)?;
        }
        let done = chunk * CHUNK + rows.len();
        if done.is_multiple_of(CHUNK) {
            output::note(&format!("{done} rows scored in {:.1} s", start.elapsed().as_secs_f64()));
        }
    }
    let text = out.into_inner().map_err(|error| CliError::new(codes::CLI_FILE, error.to_string(), ""))?;
    match &args.output {
        Some(path) => {
            std::fs::write(path, &text).map_err(|error| CliError::file(path, &error))?;
            let Counts { declined, failed } = counts;
            let scored = format!("{} rows scored, {declined} declined, {failed} failed", rows.len());
            output::say(&format!("{scored}, written to {}", path.display()));
        }
        None => output::say(String::from_utf8_lossy(&text).trim_end()),
    }
    Ok(counts.failed == 0)
}

/// Rows without an answer.
#[derive(Clone, Copy, Default)]
struct Counts {
    declined: usize,
    failed: usize,
}

impl Counts {
    /// The whole line of a row: `width` cells of its answer, why it was declined, and why it failed.
    fn record(&mut self, answer: std::result::Result<Vec<String>, ScoreFailure>, width: usize) -> Vec<String> {
        let (mut cells, why) = match answer {
            Ok(cells) => (cells, Default::default()),
            Err(failure) if failure.code == codes::PLUGIN_DECLINED => {
                self.declined += 1;
                (vec![String::new(); width], [failure.message, String::new()])
            }
            Err(failure) => {
                self.failed += 1;
                (vec![String::new(); width], [String::new(), failure.to_string()])
            }
        };
        cells.extend(why);
        cells
    }
}

/// The cells of each row; by the short way where the plugin has it, for no column holds a reason.
fn answers(plugin: &Loaded, rows: &[Row]) -> Vec<std::result::Result<Vec<String>, ScoreFailure>> {
    let rows = rows::borrowed(rows);
    if plugin.is_quick() {
        let plain = plugin.plain_answers(&rows).into_iter();
        return plain.map(|plain| plain.map(|plain| vec![plain.value.to_string(), plain.raw.to_string()])).collect();
    }
    let cells = |answer: Answer| cells(&answer, plugin.manifest());
    plugin.answers(&rows).into_iter().map(|answer| answer.map(cells)).collect()
}

/// The columns of an answer of this plugin.
fn header(manifest: &Manifest) -> Vec<String> {
    let fixed: &[&str] = match manifest.kind {
        ResultKind::Scalar => &["value", "raw"],
        ResultKind::Classes => &["label", "p"],
        ResultKind::Ranking => &["items"],
    };
    let shares = manifest.labels.iter().filter(|_| manifest.kind == ResultKind::Classes);
    fixed.iter().map(|name| (*name).to_owned()).chain(shares.map(|label| format!("share:{label}"))).collect()
}

/// An answer in the columns of its plugin.
fn cells(answer: &Answer, manifest: &Manifest) -> Vec<String> {
    match manifest.kind {
        ResultKind::Scalar => {
            vec![answer.value.to_string(), answer.raw.map_or_else(String::new, |raw| raw.to_string())]
        }
        ResultKind::Classes => {
            let share =
                |label: &String| answer.classes.iter().find(|(known, _)| known == label).map(|(_, share)| *share);
            let shares = manifest.labels.iter().map(|label| share(label).map_or_else(String::new, |p| p.to_string()));
            let first = answer.classes.first().map(|(label, share)| [label.clone(), share.to_string()]);
            first.unwrap_or_default().into_iter().chain(shares).collect()
        }
        ResultKind::Ranking => {
            let items: Vec<&str> = answer.ranking.iter().map(|(item, _)| item.as_str()).collect();
            vec![serde_json::json!(items).to_string()]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use staunch_scoring::Card;

    fn manifest(kind: ResultKind, labels: &[&str]) -> Manifest {
        let card = Card {
            owner: String::new(),
            purpose: String::new(),
            trained_on: None,
            metrics: vec![],
            minimum_outcomes: 0,
            expires: None,
        };
        Manifest {
            name: "m".into(),
            version: "1".into(),
            inputs: vec![],
            kind,
            range: None,
            bands: vec![],
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            base: None,
            card,
            extra: vec![],
        }
    }

    #[test]
    fn to_decline_a_row_is_no_failure() {
        let failure = |code: &str| ScoreFailure { code: code.into(), message: "no plan".into(), digest: None };
        let mut counts = Counts::default();
        assert_eq!(counts.record(Ok(vec!["1".into()]), 1), ["1", "", ""]);
        assert_eq!(counts.record(Err(failure(codes::PLUGIN_DECLINED)), 1), ["", "no plan", ""]);
        assert_eq!(counts.record(Err(failure(codes::PLUGIN_TRAP)), 1), ["", "", "ST3004: no plan"]);
        assert_eq!((counts.declined, counts.failed), (1, 1));
    }

    #[test]
    fn each_shape_has_its_columns() {
        let answer = |classes: &[(&str, f64)], ranking: &[(&str, f64)]| {
            let named = |list: &[(&str, f64)]| list.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
            Answer { value: 0.25, classes: named(classes), ranking: named(ranking), raw: Some(-1.5), reasons: vec![] }
        };
        let labels: &[&str] = &["other", "bug"];
        let shapes = [
            (ResultKind::Scalar, labels, answer(&[], &[]), vec!["0.25", "-1.5"]),
            (
                ResultKind::Classes,
                labels,
                answer(&[("bug", 0.7), ("other", 0.3)], &[]),
                vec!["bug", "0.7", "0.3", "0.7"],
            ),
            (ResultKind::Ranking, &[], answer(&[], &[("a,b", 2.0), ("c\"", 1.0)]), vec![r#"["a,b","c\""]"#]),
            (ResultKind::Ranking, &[], answer(&[], &[]), vec!["[]"]),
        ];
        for (kind, labels, answer, expected) in shapes {
            let manifest = manifest(kind, labels);
            assert_eq!(cells(&answer, &manifest), expected);
            assert_eq!(header(&manifest).len(), expected.len());
        }
        assert_eq!(header(&manifest(ResultKind::Classes, labels)), ["label", "p", "share:other", "share:bug"]);
    }
}
