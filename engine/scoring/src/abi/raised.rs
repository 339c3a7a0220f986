//! `staunch:scoring@2.x` as it might be, for tests: what a further major version takes is one file like this.

use super::{Abi, Guest, Major, Scored};
use crate::bindings as ours;
use crate::limits::Limits;
use wasmtime::Store;
use wasmtime::component::{Component, Instance, InstancePre};

mod generated {
    wasmtime::component::bindgen!({ path: "tests/wit-raised", world: "scorer" });
}

use generated::exports::staunch::scoring::plugin as theirs;
use generated::{Scorer, ScorerIndices};

pub const MAJOR: Major = Major { number: 2, find };

struct Functions(ScorerIndices);

struct Started(Scorer);

fn find(_: &Component, pre: &InstancePre<Limits>) -> wasmtime::Result<Box<dyn Abi>> {
    Ok(Box::new(Functions(ScorerIndices::new(pre)?)))
}

impl Abi for Functions {
    fn is_quick(&self) -> bool {
        false
    }

    fn start(&self, store: &mut Store<Limits>, instance: &Instance) -> wasmtime::Result<Box<dyn Guest>> {
        Ok(Box::new(Started(self.0.load(store, instance)?)))
    }
}

impl Guest for Started {
    fn describe(&self, store: &mut Store<Limits>) -> wasmtime::Result<ours::Manifest> {
        Ok(manifest(self.0.staunch_scoring_plugin().call_describe(store)?))
    }

    fn score_batch(&self, store: &mut Store<Limits>, rows: u32, columns: &[ours::Column]) -> wasmtime::Result<Scored> {
        let columns: Vec<theirs::Column> = columns.iter().map(column).collect();
        let answer = self.0.staunch_scoring_plugin().call_score_batch(store, &columns, rows)?;
        Ok(answer.map(|rows| rows.into_iter().map(row).collect()))
    }
}

fn column(column: &ours::Column) -> theirs::Column {
    let values = match &column.values {
        ours::ColumnValues::Numbers(numbers) => theirs::ColumnValues::Numbers(numbers.clone()),
        ours::ColumnValues::Texts(texts) => theirs::ColumnValues::Texts(texts.clone()),
    };
    theirs::Column { name: column.name.clone(), values, missing: column.missing.clone() }
}

fn row(row: theirs::RowResult) -> ours::RowResult {
    let class = |one: theirs::Class| ours::Class { label: one.label, share: one.share };
    let ranked = |one: theirs::Ranked| ours::Ranked { item: one.item, score: one.score };
    let value = match row.value {
        theirs::Outcome::Scalar(value) => ours::Outcome::Scalar(value),
        theirs::Outcome::Classes(classes) => ours::Outcome::Classes(classes.into_iter().map(class).collect()),
        theirs::Outcome::Ranking(items) => ours::Outcome::Ranking(items.into_iter().map(ranked).collect()),
        theirs::Outcome::Declined(why) => ours::Outcome::Declined(why),
    };
    let reason = |one: theirs::Reason| ours::Reason { input: one.input, contribution: one.contribution };
    // This host has no place for `confidence` yet: what is new is left out, what is known is kept.
    ours::RowResult { value, raw: row.raw, reasons: row.reasons.into_iter().map(reason).collect() }
}

fn manifest(one: theirs::Manifest) -> ours::Manifest {
    let input = |one: theirs::Input| {
        let kind = if one.kind == theirs::InputKind::Text { ours::InputKind::Text } else { ours::InputKind::Number };
        ours::Input { name: one.name, kind, unit: one.unit }
    };
    let kind = match one.kind {
        theirs::ResultKind::Scalar => ours::ResultKind::Scalar,
        theirs::ResultKind::Classes => ours::ResultKind::Classes,
        theirs::ResultKind::Ranking => ours::ResultKind::Ranking,
    };
    let band = |one: theirs::Band| ours::Band { name: one.name, from: one.from };
    ours::Manifest {
        name: one.name,
        version: one.version,
        inputs: one.inputs.into_iter().map(input).collect(),
        kind,
        range: one.range.map(|range| ours::Range { low: range.low, high: range.high }),
        bands: one.bands.into_iter().map(band).collect(),
        labels: one.labels,
        base: one.base,
        card: card(one.card),
        extra: one.extra,
    }
}

fn card(card: theirs::Card) -> ours::Card {
    let window = |window: theirs::DataWindow| ours::DataWindow { from: window.from, until: window.until };
    let metric = |one: theirs::Metric| ours::Metric { name: one.name, value: one.value, interval: one.interval };
    ours::Card {
        owner: card.owner,
        purpose: card.purpose,
        trained_on: card.trained_on.map(window),
        metrics: card.metrics.into_iter().map(metric).collect(),
        minimum_outcomes: card.minimum_outcomes,
        expires: card.expires,
    }
}
