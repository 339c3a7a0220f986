//! `staunch plugin`: a scoring plugin by itself, outside any workflow.

use super::challenge;
use crate::error::{CliError, Result};
use crate::output;
use clap::{Args, Subcommand};
use staunch_core::codes;
use staunch_core::score::ScoreFailure;
use staunch_core::value::Value;
use staunch_scoring::{Answer, InputKind, Plugin as Loaded, ResultKind};
use std::path::PathBuf;

/// Scores rows of a file with a plugin.
///
/// Example: staunch plugin score repurchase.wasm --data rows.csv -o scores.csv
#[derive(Debug, Args)]
pub struct Plugin {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes per row, in order: `value` and `raw`; the `label` with the largest share and that share as `p` where the
    /// plugin gives classes; `items` as a JSON list, best first, where it ranks.
    ///
    /// Example: staunch plugin score X.wasm --data rows.csv
    Score {
        /// The component.
        plugin: PathBuf,
        /// CSV with a column per input; an empty cell is a missing value.
        #[arg(long)]
        data: PathBuf,
        /// The result; standard output without it.
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
    /// A challenger beside the plugin in force: how far apart, and which foresaw the goal. Example: staunch plugin compare --plugin churn
    Compare(challenge::Compare),
    /// Puts the challenger of a plugin in its place. Example: staunch plugin promote --plugin churn
    Promote(challenge::Promote),
}

/// One row: input names with their values.
type Row = Vec<(String, Option<Value>)>;

/// Runs the command.
pub async fn run(args: Plugin) -> Result<bool> {
    match args.command {
        Command::Score { plugin, data, output } => score(plugin, data, output),
        Command::Compare(args) => challenge::compare(args).await,
        Command::Promote(args) => challenge::promote(&args),
    }
}

fn score(plugin: PathBuf, data: PathBuf, output: Option<PathBuf>) -> Result<bool> {
    let bytes = std::fs::read(&plugin).map_err(|error| CliError::file(&plugin, &error))?;
    let broken = |failure: ScoreFailure| CliError::new(codes::CLI_STEP, failure.to_string(), "report this");
    let sandbox = crate::host::alone().map_err(broken)?;
    let name = plugin.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let loaded = Loaded::load(&sandbox, &name, &bytes).map_err(|problem| {
        CliError::new(problem.code, format!("{}: {}", plugin.display(), problem.message), problem.help)
    })?;
    let rows = rows(&loaded, &data)?;
    let borrowed: Vec<&[(String, Option<Value>)]> = rows.iter().map(Vec::as_slice).collect();
    let mut out = csv::Writer::from_writer(Vec::new());
    let written = |error: csv::Error| CliError::new(codes::CLI_FILE, error.to_string(), "");
    let kind = loaded.manifest().kind;
    let header = header(kind);
    out.write_record(header.iter().chain(&["error"])).map_err(written)?;
    let mut failures = 0;
    for answer in loaded.answers(&borrowed) {
        let (mut cells, error) = match answer {
            Ok(answer) => (written_out(&answer, kind), String::new()),
            Err(failure) => {
                failures += 1;
                (vec![String::new(); header.len()], failure.to_string())
            }
        };
        cells.push(error);
        out.write_record(&cells).map_err(written)?;
    }
    let text = out.into_inner().map_err(|error| CliError::new(codes::CLI_FILE, error.to_string(), ""))?;
    match output {
        Some(path) => {
            std::fs::write(&path, &text).map_err(|error| CliError::file(&path, &error))?;
            output::say(&format!("{} rows scored, {failures} failed, written to {}", rows.len(), path.display()));
        }
        None => output::say(String::from_utf8_lossy(&text).trim_end()),
    }
    Ok(failures == 0)
}

/// The columns of an answer of this shape.
fn header(kind: ResultKind) -> &'static [&'static str] {
    match kind {
        ResultKind::Scalar => &["value", "raw"],
        ResultKind::Classes => &["label", "p"],
        ResultKind::Ranking => &["items"],
    }
}

/// An answer in the columns of its shape.
fn written_out(answer: &Answer, kind: ResultKind) -> Vec<String> {
    match kind {
        ResultKind::Scalar => {
            vec![answer.value.to_string(), answer.raw.map_or_else(String::new, |raw| raw.to_string())]
        }
        ResultKind::Classes => {
            let first = answer.classes.first();
            first.map_or_else(Vec::new, |(label, share)| vec![label.clone(), share.to_string()])
        }
        ResultKind::Ranking => {
            let items: Vec<&str> = answer.ranking.iter().map(|(item, _)| item.as_str()).collect();
            vec![serde_json::json!(items).to_string()]
        }
    }
}

fn rows(plugin: &Loaded, data: &std::path::Path) -> Result<Vec<Row>> {
    let unreadable =
        |error: csv::Error| CliError::new(codes::CLI_FILE, format!("{}: {error}", data.display()), "check the file");
    let mut reader = csv::Reader::from_path(data).map_err(unreadable)?;
    let headers = reader.headers().map_err(unreadable)?.clone();
    let inputs = &plugin.manifest().inputs;
    let places: Vec<Option<usize>> =
        inputs.iter().map(|input| headers.iter().position(|name| name == input.name)).collect();
    if let Some(at) = places.iter().position(Option::is_none) {
        let help = format!(
            "the plugin reads {}",
            inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>().join(", ")
        );
        return Err(CliError::usage(format!("{} has no column `{}`", data.display(), inputs[at].name), help));
    }
    let mut rows = Vec::new();
    for (line, record) in reader.records().enumerate() {
        let record = record.map_err(unreadable)?;
        let mut row = Row::new();
        for (input, place) in inputs.iter().zip(&places) {
            let text = place.and_then(|at| record.get(at)).unwrap_or_default().trim();
            row.push((input.name.clone(), cell(input.kind, text, line + 2)?));
        }
        rows.push(row);
    }
    Ok(rows)
}

fn cell(kind: InputKind, text: &str, line: usize) -> Result<Option<Value>> {
    if text.is_empty() {
        return Ok(None);
    }
    if kind == InputKind::Text {
        return Ok(Some(Value::Text(text.to_owned())));
    }
    let number = text
        .parse()
        .map_err(|_| CliError::usage(format!("line {line}: `{text}` is no number"), "leave a missing value empty"))?;
    Ok(Some(Value::Number(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shape_has_its_columns() {
        let answer = |classes: &[(&str, f64)], ranking: &[(&str, f64)]| {
            let named = |list: &[(&str, f64)]| list.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
            Answer { value: 0.25, classes: named(classes), ranking: named(ranking), raw: Some(-1.5), reasons: vec![] }
        };
        let shapes = [
            (ResultKind::Scalar, answer(&[], &[]), vec!["0.25", "-1.5"]),
            (ResultKind::Classes, answer(&[("bug", 0.7), ("other", 0.3)], &[]), vec!["bug", "0.7"]),
            (ResultKind::Ranking, answer(&[], &[("a,b", 2.0), ("c\"", 1.0)]), vec![r#"["a,b","c\""]"#]),
            (ResultKind::Ranking, answer(&[], &[]), vec!["[]"]),
        ];
        for (kind, answer, cells) in shapes {
            assert_eq!(written_out(&answer, kind), cells);
            assert_eq!(header(kind).len(), cells.len());
        }
    }
}
