//! The workspace of the engine: five workflows, eight features, a score of a hundred trees on half of the events, and one
//! action for every tenth.

use crate::{Failure, Options};
use staunch_models::{Model, sample};
use std::path::Path;
use std::process::Command;

const WORKSPACE: &str = "workspace: load
zone: Europe/Berlin
currency: EUR
connections:
  broker: env:STAUNCH_AMQP_URL
{database}contact:
  plan: { type: text }
events:
  order.paid:     { amount: number, items: number, channel: text }
  cart.abandoned: { amount: number, items: number, channel: text }
  page.viewed:    { amount: number, items: number, channel: text }
  offer.seen:     { amount: number, items: number, channel: text }
  plan.changed:   { seats: number }
purposes: [onboarding]
policy: {}
";

/// Half of the events are scored; of these, items are 0 or 1 for every fifth.
const SCORED: &str = "workflow: scored
title: Ask the model
owner: load
purpose: onboarding
priority: 50
start:
  event: [order.paid, cart.abandoned]
  when: score.churn >= 0 && event.items <= 1
features:
  x0: { count: order.paid, window: 7d }
  x1: { count: cart.abandoned, window: 7d }
  x2: { count: page.viewed, window: 7d }
  x3: { sum: order.paid, of: amount, window: 30d }
  x4: { max: order.paid, of: amount, window: 30d, never: 0 }
  x5: { days_since: order.paid, never: 999 }
  x6: { average: cart.abandoned, of: amount, window: 7d, never: 0 }
  x7: { count: offer.seen, window: 1d }
scores:
  churn:
    plugin: churn
    inputs: [feature.x0, feature.x1, feature.x2, feature.x3, feature.x4, feature.x5, feature.x6, feature.x7]
    if_unavailable: hold
steps:
  - nudge: hint
    template: load/hint
    expires: 2d
";

/// Four more whose conditions are looked at and do not hold.
const OTHERS: [(&str, &str, &str); 4] = [
    ("loyal", "order.paid", "event.amount > 1000 && event.channel == \"web\" && event.items > 3"),
    ("rescue", "cart.abandoned", "event.amount > 1000 && contact.plan == \"trial\""),
    ("guide", "page.viewed", "event.items > 20 || contact.plan == \"trial\""),
    ("offers", "offer.seen", "event.channel == \"store\" && event.amount > 10"),
];

/// Writes it with its compiled model, pinned; in SQLite unless in Postgres.
pub fn write(dir: &Path, options: &Options, postgres: bool) -> Result<(), Failure> {
    let write = |path: &str, bytes: &[u8]| {
        let path = dir.join(path);
        path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::write(path, bytes)
    };
    let database = if postgres { "  database: env:STAUNCH_DATABASE_URL\n" } else { "" };
    write("staunch.yaml", WORKSPACE.replace("{database}", database).as_bytes())?;
    write("workflows/scored.yaml", SCORED.as_bytes())?;
    write("templates/load/hint.txt", b"Title: A hint\n\nHave a look.\n")?;
    // Beyond the five that the events are about there may be many that they are not about.
    let idle = (5..options.workflows).map(|number| (format!("idle-{number}"), "plan.changed", "event.seats > 3"));
    let others = OTHERS.map(|(name, event, when)| (name.to_owned(), event, when));
    for (name, event, when) in others.into_iter().chain(idle) {
        let flow = format!(
            "workflow: {name}\ntitle: Never starts\nowner: load\npurpose: onboarding\npriority: 20\nstart:\n  event: {event}\n  when: {when}\nsteps:\n  - nudge: note\n    template: load/hint\n    expires: 2d\n"
        );
        write(&format!("workflows/{name}.yaml"), flow.as_bytes())?;
    }
    let mut model = sample::trees(7, 8, 100, 5);
    model.name = "churn".into();
    write("plugins/churn.wasm", &staunch_models::compile(&Model::Trees(model))?)?;
    let locked = Command::new(&options.binary).arg("lock").arg(dir).output()?;
    if !locked.status.success() {
        return Err(String::from_utf8_lossy(&locked.stdout).into());
    }
    Ok(())
}
