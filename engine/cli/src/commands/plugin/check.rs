//! `staunch plugin check`: everything that the host expects of a plugin, one line each, with what to do where it fails.

use super::finding::{self, Finding, State};
use super::golden;
use super::probe;
use super::rows::{self, Row};
use crate::error::{CliError, Result};
use crate::output::{self, Format};
use clap::Args;
use serde_json::json;
use staunch_core::Time;
use staunch_models::{Golden, Model};
use staunch_scoring::Plugin as Loaded;
use std::path::{Path, PathBuf};

/// Rows that are made up to try a plugin on.
const MADE: usize = 64;

/// Whether a plugin keeps the contract, its golden vectors and its limits.
///
/// Looks at: manifest and card, golden vectors, odd inputs, the same answers in two instances
/// and in any order, contributions that make the raw value, and how much of the limits it uses. Ends with 1 where something fails; warnings do not fail.
///
/// Golden vectors are a CSV with a column per input and the `value` that the plugin must give, bit for bit or within
/// `--tolerance`, or `declined`. Of classes `value` is the largest share and a column `label` its label; of a ranking `value`
/// is the first item's score and a column `items` the whole ranking as a JSON list.
///
/// Example: staunch plugin check X.wasm --golden golden.csv
#[derive(Debug, Args)]
pub struct Check {
    /// The component.
    plugin: PathBuf,
    /// Rows with the value that the plugin must give.
    #[arg(long)]
    golden: Option<PathBuf>,
    /// How far from its golden value an answer may be.
    #[arg(long, default_value_t = 0.0)]
    tolerance: f64,
    /// The model that the plugin was compiled from: it must give the golden values, too.
    #[arg(long)]
    model: Option<PathBuf>,
    /// The day to judge the card's expiry by, RFC 3339; today without it.
    #[arg(long)]
    now: Option<String>,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &Check) -> Result<bool> {
    let now = now(args.now.as_deref())?;
    let bytes = super::bytes(&args.plugin)?;
    let plugin = match Loaded::load(&super::sandbox()?, "plugin", &bytes) {
        Ok(plugin) => plugin,
        Err(problem) => {
            let text = format!("{}: {}", problem.code, problem.message);
            return Ok(say(args, None, &[Finding::failed("loads", text, &problem.help)]));
        }
    };
    let mut found = vec![probe::size(bytes.len())];
    found.extend(probe::manifest(plugin.manifest(), now));
    let golden = vectors(args, &plugin, &mut found)?;
    let made = rows::made(plugin.manifest(), MADE);
    // Rows that failed may have tripped its breaker, and what follows says nothing of a plugin that rests.
    plugin.rouse();
    let odd = probe::odd(&plugin, rows::edges(plugin.manifest()), &made);
    let fine = odd.state == State::Ok;
    found.push(odd);
    if fine {
        let other = super::load(&args.plugin, &bytes)?;
        let sound: Vec<Row> = golden.into_iter().chain(made).collect();
        found.push(probe::repeats(&plugin, &other, &sound));
        found.push(probe::splits(&plugin, &sound));
        found.extend(probe::contributions(&plugin, &sound));
        found.extend(probe::quick(&plugin, &sound));
        found.extend(probe::limits(&other, &sound));
        found.push(probe::latency(&plugin, &sound));
    } else {
        found.extend(probe::skipped());
    }
    Ok(say(args, Some(&plugin), &found))
}

/// What `build` asks before it hands a component out: that it loads and keeps its word on a few rows.
pub fn quick(path: &Path, bytes: &[u8]) -> Result<(Loaded, Vec<Finding>)> {
    let plugin = super::load(path, bytes)?;
    let made = rows::made(plugin.manifest(), MADE);
    let odd = probe::odd(&plugin, rows::edges(plugin.manifest()), &made);
    let mut found = vec![probe::size(bytes.len())];
    found.extend(probe::manifest(plugin.manifest(), now(None)?));
    found.push(odd);
    Ok((plugin, found))
}

fn now(given: Option<&str>) -> Result<Time> {
    if let Some(text) = given {
        let help = "write it as in 2027-01-31T00:00:00Z";
        return Time::parse(text).ok_or_else(|| CliError::usage(format!("`{text}` is no time"), help));
    }
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ok(Time(since.as_micros() as i64))
}

/// Checks the golden vectors and gives those of their rows that have an answer.
fn vectors(args: &Check, plugin: &Loaded, found: &mut Vec<Finding>) -> Result<Vec<Row>> {
    let Some(path) = &args.golden else {
        let next = "write a few rows with the values that you expect into golden.csv and pass it by --golden";
        found.push(Finding::warning("golden vectors", "none were given", next));
        return Ok(Vec::new());
    };
    let golden = Golden::read(&super::bytes(path)?).map_err(model_error)?;
    if let Some(path) = &args.model {
        let model = Model::read(&super::bytes(path)?).map_err(model_error)?;
        found.push(golden::model(&golden, &model).map_err(model_error)?);
    }
    let (finding, rows) = golden::check(plugin, &golden, args.tolerance);
    found.push(finding);
    Ok(rows)
}

fn model_error(error: staunch_models::ModelError) -> CliError {
    CliError::new(error.code(), error.to_string(), error.help())
}

/// Says everything; `true` where nothing failed.
fn say(args: &Check, plugin: Option<&Loaded>, found: &[Finding]) -> bool {
    let fine = found.iter().all(|finding| finding.state != State::Failed);
    if args.format == Format::Json {
        let named = plugin.map(|plugin| {
            let manifest = plugin.manifest();
            json!({ "name": manifest.name, "version": manifest.version, "sha256": plugin.digest() })
        });
        output::json(&json!({ "plugin": named, "ok": fine, "checks": found }));
        return fine;
    }
    if let Some(plugin) = plugin {
        let manifest = plugin.manifest();
        // The digest is nearly as wide as a terminal.
        output::say(&format!("{} {}\n  sha256 {}", manifest.name, manifest.version, plugin.digest()));
    }
    output::say(&format!("{}\n{}", finding::lines(found), finding::counts(found)));
    fine
}
