//! What a compiled model says of itself.

use super::lower::Constant;
use crate::model::{Card, Head, Metric};

/// The manifest of a model as a constant of the contract's type `manifest`.
pub fn manifest(model: &Head<'_>) -> Constant {
    let inputs = model.inputs.iter().map(|input| {
        Constant::Record(vec![
            ("name", Constant::text(input.name)),
            ("kind", Constant::Case(if input.categories.is_empty() { "number" } else { "text" })),
            ("unit", Constant::optional(input.unit)),
        ])
    });
    let bands = model
        .bands
        .iter()
        .map(|band| Constant::Record(vec![("name", Constant::text(&band.name)), ("from", Constant::F64(band.from))]));
    let range =
        |(low, high)| Box::new(Constant::Record(vec![("low", Constant::F64(low)), ("high", Constant::F64(high))]));
    let fact = |name: &str, text: String| Constant::Tuple(vec![Constant::text(name), Constant::text(text)]);
    let extra = vec![
        fact("model", model.kind.into()),
        fact("training_rows", model.card.rows.to_string()),
        fact("training_positives", model.card.positives.to_string()),
    ];
    Constant::Record(vec![
        ("name", Constant::text(model.name)),
        ("version", Constant::text(model.version)),
        ("inputs", Constant::List(inputs.collect())),
        ("kind", Constant::Case(if model.labels.is_empty() { "scalar" } else { "classes" })),
        ("range", Constant::Option(model.range.map(range))),
        ("bands", Constant::List(bands.collect())),
        ("labels", Constant::List(model.labels.iter().map(Constant::text).collect())),
        ("base", Constant::Option(model.base.map(|base| Box::new(Constant::F64(base))))),
        ("card", card(model.card)),
        ("extra", Constant::List(extra)),
    ])
}

fn card(card: &Card) -> Constant {
    let window = card.data_from.as_ref().zip(card.data_until.as_ref()).map(|(from, until)| {
        Box::new(Constant::Record(vec![("from", Constant::text(from)), ("until", Constant::text(until))]))
    });
    Constant::Record(vec![
        ("owner", Constant::text(&card.owner)),
        ("purpose", Constant::text(&card.purpose)),
        ("trained-on", Constant::Option(window)),
        ("metrics", Constant::List(card.metrics.iter().map(metric).collect())),
        ("minimum-outcomes", Constant::U32(card.minimum_outcomes)),
        ("expires", Constant::optional(&card.expires)),
    ])
}

fn metric(metric: &Metric) -> Constant {
    let interval = Constant::Tuple(vec![Constant::F64(metric.low), Constant::F64(metric.high)]);
    Constant::Record(vec![
        ("name", Constant::text(&metric.name)),
        ("value", Constant::F64(metric.value)),
        ("interval", Constant::Option(Some(Box::new(interval)))),
    ])
}
