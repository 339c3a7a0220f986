//! From a table to a finished model: checks, validation, the choice of what is chosen by it, and the fit on all rows.

mod auto;

use crate::boost::{BoostOptions, Crossed, Direction, Forest, Prepared, useless};
use crate::calibrate::{Point, choose};
use crate::calibration::Calibration;
use crate::error::ModelError;
use crate::folds::{Fold, Rule, folds, rule, strata};
use crate::head::{Head, Input};
use crate::model::{Card, FORMAT, Model};
use crate::path::{PENALTIES, walk};
use crate::table::Table;
use crate::train::{TrainOptions, train};
use crate::trees::{Link, TreesInput, TreesModel};
use staunch_core::time::Span;

/// Leaves of trees that validation tries, before the most that are allowed.
const SIZES: [usize; 3] = [4, 8, 16];

/// What kind of model to train.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Logistic regression, by the numbers of the table alone.
    #[default]
    Logistic,
    /// Gradient boosting of trees.
    Trees,
    /// Whichever predicts held-out rows better.
    Auto,
}

/// What to train and how.
#[derive(Clone, Debug, Default)]
pub struct LearnOptions {
    /// What kind.
    pub kind: Kind,
    /// Name, version, bands, card, and the settings of a logistic regression.
    pub train: TrainOptions,
    /// Chooses the penalty of a logistic regression by validation; otherwise it is that of `train`.
    pub path: bool,
    /// Settings of gradient boosting.
    pub boost: BoostOptions,
    /// Chooses the size of trees by validation, up to the leaves that `boost` allows; otherwise they have these.
    pub sizes: bool,
    /// How far a label looks ahead of its row, where the table has times.
    pub horizon: Span,
    /// Seed of what is drawn.
    pub seed: u64,
}

/// A model, and how it came about.
type Learnt = (Model, Report);

/// How a model came about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// How the rows were split to validate; none where nothing was.
    pub rule: Option<Rule>,
    /// Folds.
    pub folds: usize,
    /// What was tried, in order.
    pub tried: Vec<Tried>,
    /// Columns that are no inputs of the model, each with the reason.
    pub left_out: Vec<(String, &'static str)>,
    /// Inputs in which the answer may only rise or fall.
    pub bound: Vec<(String, Direction)>,
    /// Kinds of model that `auto` could not take, each with the reason.
    pub passed_over: Vec<(&'static str, String)>,
    /// Rows that were held out in validation, each with the probability that a model gave which did not see it.
    pub held: Vec<(usize, f64)>,
}

/// One of several ways that validation compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// What is chosen among: `l2`, `trees`, `calibration`, `kind`.
    pub what: &'static str,
    /// The value.
    pub value: String,
    /// Mean log loss on held-out rows.
    pub log_loss: f64,
    /// Whether it was taken.
    pub taken: bool,
}

/// Trains on all rows of the table; validation inside it decides what is not set. The same rows, in any order where trees
/// are trained, and the same seed give the same bytes.
pub fn learn(table: &Table, options: &LearnOptions) -> Result<(Model, Report), ModelError> {
    check(table)?;
    fits(table, options)?;
    match options.kind {
        Kind::Logistic => logistic(table, options),
        Kind::Trees => trees(table, options),
        Kind::Auto => auto::either(table, &LearnOptions { path: true, ..options.clone() }),
    }
}

/// Finds what no model could hold, before any time goes into training one.
fn fits(table: &Table, options: &LearnOptions) -> Result<(), ModelError> {
    let used = |input: &usize| options.kind != Kind::Logistic || table.texts(*input).is_empty();
    let input = |input: usize| Input { name: &table.inputs[input], unit: &None, categories: &[] };
    let train = &options.train;
    let head = Head {
        kind: "",
        format: FORMAT,
        name: &train.name,
        version: &train.version,
        inputs: (0..table.inputs.len()).filter(used).map(input).collect(),
        labels: &[],
        base: None,
        range: Some((0.0, 1.0)),
        bands: &train.bands,
        card: &train.card,
    };
    if let Some(problem) = head.inputs_problem() {
        return Err(ModelError::Table(format!("{problem}; rename or ignore columns")));
    }
    head.problem().map_or(Ok(()), |problem| Err(ModelError::Setting(problem)))
}

/// Finds what makes a table unfit to learn from.
fn check(table: &Table) -> Result<(), ModelError> {
    let positives = table.positives();
    if table.is_empty() {
        return Err(ModelError::TooLittle("no row with a label is left to train on".into()));
    }
    if positives == 0 || positives == table.len() {
        let text = format!("all {} labels say {}: there is nothing to tell apart", table.len(), positives > 0);
        return Err(ModelError::TooLittle(text));
    }
    if table.inputs.is_empty() {
        return Err(ModelError::Table("no column is left as an input".into()));
    }
    for (name, cells) in table.inputs.iter().zip(&table.columns) {
        if cells.iter().all(Option::is_none) {
            let problem = "no row to train on has a value".into();
            return Err(ModelError::Cell { line: 1, column: name.clone(), problem });
        }
    }
    Ok(())
}

fn logistic(table: &Table, options: &LearnOptions) -> Result<Learnt, ModelError> {
    let text = |input: &usize| !table.texts(*input).is_empty();
    let out = |input: usize| (table.inputs[input].clone(), "texts, and a logistic regression reads numbers");
    let left_out = (0..table.inputs.len()).filter(text).map(out).collect();
    let mut train_options = options.train.clone();
    let mut report = Report { left_out, ..Report::default() };
    if options.path {
        let folds = folds(table, options.horizon, options.seed)?;
        let walked = walk(table, &train_options, &folds)?;
        train_options.l2 = PENALTIES[walked.best];
        let tried = |(place, (l2, log_loss)): (usize, (&f64, &Option<f64>))| {
            Some(Tried { what: "l2", value: l2.to_string(), log_loss: (*log_loss)?, taken: place == walked.best })
        };
        report.tried = PENALTIES.iter().zip(&walked.losses).enumerate().filter_map(tried).collect();
        (report.rule, report.folds, report.held) = (Some(rule(table)), folds.len(), walked.held);
    }
    Ok((Model::Logistic(train(table, &train_options)?), report))
}

fn trees(table: &Table, options: &LearnOptions) -> Result<Learnt, ModelError> {
    let useless = useless(table);
    let keep = (0..table.inputs.len()).filter(|input| !useless.contains(input));
    let left_out = useless.iter().map(|&input| (table.inputs[input].clone(), "no text stands in ten rows")).collect();
    let table = &table.with_inputs(keep.map(|input| table.inputs[input].as_str()))?;
    let folds = folds(table, options.horizon, options.seed)?;
    let mut prepared = Prepared::new(table, &options.boost)?;
    let (mut tried, crossed) = sized(&mut prepared, &folds, options);
    if crossed.trees == 0 {
        let text = "no tree predicts held-out rows better than the share of positive labels does";
        return Err(ModelError::TooLittle(text.into()));
    }
    let held = table.pick(&crossed.held.iter().map(|(row, _)| *row).collect::<Vec<_>>());
    let points: Vec<Point> =
        crossed.held.iter().zip(&held.labels).map(|((_, raw), label)| Point { raw: *raw, label: *label }).collect();
    let choice = choose(&points, &parts(&held, options.seed));
    let forest = prepared.fit(crossed.trees);
    let model = assemble(table, &options.train, prepared.inputs(table), forest, choice.calibration)?;
    tried.push(Tried { what: "trees", value: crossed.trees.to_string(), log_loss: crossed.loss, taken: true });
    tried.extend(choice.tried.iter().enumerate().map(|(place, (name, log_loss))| Tried {
        what: "calibration",
        value: (*name).into(),
        log_loss: *log_loss,
        taken: place == choice.chosen,
    }));
    let held = crossed.held.iter().zip(choice.answers).map(|((row, _), answer)| (*row, answer)).collect();
    let bound = options.boost.monotone.clone();
    let (rule, folds) = (Some(rule(table)), folds.len());
    Ok((model, Report { rule, folds, tried, left_out, bound, held, ..Report::default() }))
}

fn assemble(
    table: &Table,
    options: &TrainOptions,
    mut inputs: Vec<TreesInput>,
    forest: Forest,
    calibration: Option<Calibration>,
) -> Result<Model, ModelError> {
    for input in &mut inputs {
        input.unit = options.units.get(&input.name).cloned();
    }
    let model = Model::Trees(TreesModel {
        format: FORMAT,
        name: options.name.clone(),
        version: options.version.clone(),
        inputs,
        base: forest.base,
        labels: Vec::new(),
        bases: Vec::new(),
        link: Link::Sigmoid,
        scale: 1.0,
        calibration,
        trees: forest.trees,
        bands: options.bands.clone(),
        card: Card { rows: table.len() as u64, positives: table.positives() as u64, ..options.card.clone() },
    });
    model.check()?;
    Ok(model)
}

/// Cross-validates larger and larger trees until they predict no better, and leaves the best size set.
fn sized(prepared: &mut Prepared<'_>, folds: &[Fold], options: &LearnOptions) -> (Vec<Tried>, Crossed) {
    let most = options.boost.leaves;
    let (mut losses, mut size, mut best) = (Vec::new(), most, None::<Crossed>);
    for leaves in SIZES.into_iter().filter(|size| options.sizes && *size < most).chain([most]) {
        prepared.set_leaves(leaves);
        let crossed = prepared.cross(folds);
        losses.push((leaves, crossed.loss));
        if best.as_ref().is_some_and(|known| crossed.loss >= known.loss) {
            break;
        }
        (size, best) = (leaves, Some(crossed));
    }
    prepared.set_leaves(size);
    let tried = |(leaves, log_loss): (usize, f64)| {
        let (value, taken) = (leaves.to_string(), leaves == size);
        Tried { what: "leaves", value, log_loss, taken }
    };
    let tried = if options.sizes { losses.into_iter().map(tried).collect() } else { Vec::new() };
    (tried, best.unwrap_or_else(|| prepared.cross(folds)))
}

/// Which fifth a row is judged in; groups stay together.
fn parts(table: &Table, seed: u64) -> Vec<usize> {
    let mut part = vec![0; table.len()];
    for (place, group) in strata(table, seed ^ 0xca1).iter().enumerate() {
        group.iter().for_each(|&row| part[row] = place % 5);
    }
    part
}

#[cfg(test)]
mod tests;
