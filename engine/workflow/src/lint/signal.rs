//! Kill rules and breakers whose signal nothing in the workspace can bring. Silence would then look like good news.

use super::{Everything, File, warning};
use crate::diagnostic::Diagnostic;
use crate::workspace::EventType;
use crate::yaml::{Kind, Node};
use staunch_core::codes;
use staunch_core::workflow::{KillRule, KillTest, METRICS, Metric, Signal, SignalBreaker};

/// Outcomes that reach us only by a link in the mail or by a source of the company's own.
const BY_LINK: [&str; 2] = ["unsubscribed", "complained"];

pub(super) fn find(all: &Everything<'_>) -> Vec<Diagnostic> {
    let mut found = of(all, all.root, &all.workspace.kills, &all.workspace.signals);
    for flow in &all.flows {
        found.extend(of(all, flow.file, &flow.workflow.kills, &flow.workflow.signals));
    }
    found
}

fn of(all: &Everything<'_>, file: File<'_>, kills: &[KillRule], signals: &[SignalBreaker]) -> Vec<Diagnostic> {
    let kills = kills.iter().filter_map(|kill| match &kill.test {
        KillTest::Rate { of, per, .. } if !fed(all, of) || !fed(all, per) => {
            Some(("kill", &kill.id, if fed(all, of) { per } else { of }))
        }
        _ => None,
    });
    let signals = signals.iter().filter_map(|breaker| match &breaker.signal {
        Signal::Rate { of, .. } if !fed(all, of) => Some(("breakers", &breaker.id, of)),
        Signal::Silent { metric, .. } if !fed(all, metric) => Some(("breakers", &breaker.id, metric)),
        _ => None,
    });
    kills
        .chain(signals)
        .map(|(list, id, metric)| {
            let at = place(file.root, list, id).unwrap_or(file.root.at);
            let message =
                format!("nothing in this workspace ever says `{}`: the rule `{id}` could not trip", metric.name);
            let help = "add `unsubscribe` under `mail`, or map the event of another system under `sources`";
            warning(file, at, codes::NO_SIGNAL, message, help)
        })
        .collect()
}

/// Whether something brings this outcome.
fn fed(all: &Everything<'_>, metric: &Metric) -> bool {
    let Some((name, events)) = METRICS.iter().find(|(name, _)| *name == metric.name) else { return true };
    if !BY_LINK.contains(name) || all.workspace.mail.as_ref().is_some_and(|mail| mail.unsubscribe.is_some()) {
        return true;
    }
    all.workspace.sources.iter().any(|source| match &source.mapping.kind {
        EventType::Fixed(kind) => events.contains(&kind.as_str()),
        EventType::At(_) => true,
    })
}

/// Where the rule of an id stands.
fn place(root: &Node, list: &str, id: &str) -> Option<usize> {
    let Kind::List(items) = &root.get(list)?.kind else { return None };
    let ids = items.iter().filter_map(|item| item.get("id"));
    ids.filter(|node| matches!(&node.kind, Kind::Scalar(scalar) if scalar.text == id)).map(|node| node.at).next()
}
