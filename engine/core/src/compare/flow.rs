//! A workflow as sheets.

use super::words::{self, percent, target};
use super::{Part, Sheet};
use crate::workflow::{
    Act, IfExpired, KillRule, KillTest, Node, NodeKind, ReviewGate, Signal, SignalBreaker, WhileRunning, Workflow,
};

pub(super) fn sheets(flow: &Workflow) -> Vec<Sheet> {
    let mut all = vec![whole(flow), start(flow)];
    let features = flow.features.iter();
    all.extend(features.map(|one| Sheet::new(Part::Feature, &one.name).key("is", words::feature(flow, &one.kind))));
    all.extend(flow.scores.iter().map(|score| {
        let sheet = Sheet::new(Part::Score, &score.name).key("plugin", &score.plugin);
        let sheet = sheet.key("inputs", words::inputs(&score.inputs));
        sheet.key("if_unavailable", words::unavailable(&score.if_unavailable)).key("bands", words::shape(score))
    }));
    flow.nodes.iter().for_each(|node| step(flow, node, &mut all));
    all.extend(flow.leave_when.iter().map(|one| Sheet::new(Part::LeaveWhen, words::event(one))));
    all.extend(flow.goal.iter().map(|goal| {
        let sheet = Sheet::new(Part::Goal, "").key("event", words::event(&goal.event));
        sheet.key("window", words::span(goal.window)).maybe("value", goal.value.as_ref().map(|value| &value.source))
    }));
    if flow.holdout > 0.0 {
        all.push(Sheet::new(Part::Experiment, "").key("holdout", percent(flow.holdout)));
    }
    all.extend(flow.kills.iter().map(kill));
    all.extend(flow.breakers.iter().map(|one| {
        let sheet = Sheet::new(Part::Breaker, &one.id).key("actions", one.channel.word());
        sheet.key("above", one.above).key("window", words::span(one.window))
    }));
    all.extend(flow.signals.iter().map(signal));
    all.extend(
        flow.launch
            .iter()
            .map(|gate| Sheet::new(Part::Review, "launch").key("by", &gate.by).key("not_author", gate.not_author)),
    );
    all.extend(flow.reviews.iter().map(review));
    let files = flow.messages.values().flat_map(|message| &message.files);
    for (path, text) in files {
        // Two messages may include the same block.
        if !all.iter().any(|sheet| sheet.part == Part::Message && sheet.id == *path) {
            all.push(Sheet::new(Part::Message, path).key("text", text));
        }
    }
    all
}

fn whole(flow: &Workflow) -> Sheet {
    let running = match flow.while_running {
        WhileRunning::Ignore => "ignore",
        WhileRunning::Restart => "restart",
    };
    let sheet = Sheet::new(Part::Workflow, "").key("title", &flow.title).key("owner", &flow.owner);
    let sheet = sheet.key("purpose", &flow.purpose).key("priority", flow.priority);
    sheet.key("while_running", running).key("first", target(flow, flow.first))
}

fn start(flow: &Workflow) -> Sheet {
    let start = &flow.start;
    let events = (!start.events.is_empty()).then(|| start.events.join(", "));
    let mut sheet = Sheet::new(Part::Start, "").maybe("event", events);
    if let Some(schedule) = &start.schedule {
        sheet = sheet.key("schedule", words::ticks(schedule)).key("zone", words::zone(&schedule.zone));
        sheet = sheet.key("audience", &schedule.audience);
    }
    let when = start.when.as_ref().map(|when| &when.source);
    sheet.maybe("when", when).maybe("again_after", start.again_after)
}

fn step(flow: &Workflow, node: &Node, all: &mut Vec<Sheet>) {
    let sheet = Sheet::new(Part::Step, &node.id);
    let then = target(flow, node.next);
    let sheet = match &node.kind {
        NodeKind::Choose { cases, otherwise } => {
            let order: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
            all.extend(cases.iter().map(|case| {
                let sheet = Sheet::new(Part::Case, format!("{}/{}", node.id, case.id));
                sheet.key("when", &case.when.source).key("then", target(flow, case.then))
            }));
            sheet.key("kind", "choose").key("cases", order.join(", ")).key("else", target(flow, *otherwise))
        }
        NodeKind::Split { arms } => {
            all.extend(arms.iter().map(|arm| {
                let sheet = Sheet::new(Part::Arm, format!("{}/{}", node.id, arm.name));
                sheet.key("share", percent(arm.share)).key("then", target(flow, arm.then))
            }));
            sheet
                .key("kind", "split")
                .key("arms", arms.iter().map(|arm| arm.name.as_str()).collect::<Vec<_>>().join(", "))
        }
        NodeKind::WaitFor { span } => sheet.key("kind", "wait").key("for", words::span(*span)).key("then", then),
        NodeKind::WaitUntil { window } => {
            sheet.key("kind", "wait").key("until", words::window(window)).key("then", then)
        }
        NodeKind::WaitEvent { event, up_to, if_seen, if_not } => {
            let sheet = sheet.key("kind", "wait").key("event", words::event(event)).key("up_to", words::span(*up_to));
            sheet.key("if_seen", target(flow, *if_seen)).key("if_not", target(flow, *if_not))
        }
        NodeKind::Set { field, value } => sheet
            .key("kind", "set")
            .key("field", format!("contact.{field}"))
            .key("expr", &value.source)
            .key("then", then),
        NodeKind::Act(spec) => act(sheet, spec).key("then", then),
        NodeKind::Stop => sheet.key("kind", "stop"),
    };
    all.push(sheet);
}

fn act(sheet: Sheet, spec: &Act) -> Sheet {
    let turns = (!spec.round_robin.is_empty()).then(|| spec.round_robin.join(", "));
    let fields = spec.fields.iter().map(|(name, text)| format!("{name}: {text}")).collect::<Vec<_>>().join(", ");
    let sheet = sheet.key("kind", spec.channel.word()).maybe("template", spec.template.as_ref());
    let sheet = sheet.maybe("connector", spec.connector.as_ref()).maybe("assignee", spec.assignee.as_ref());
    let sheet = sheet.maybe("round_robin", turns).maybe("title", spec.title.as_ref()).maybe("due", spec.due);
    sheet.maybe("fields", (!fields.is_empty()).then_some(fields)).key("expires", words::span(spec.expires))
}

fn kill(rule: &KillRule) -> Sheet {
    let sheet = Sheet::new(Part::Kill, &rule.id);
    let sheet = match &rule.test {
        KillTest::Rate { of, per, limit } => {
            sheet.key("rate", format!("{} / {}", words::metric(of), words::metric(per))).key("limit", percent(*limit))
        }
        KillTest::Lift { worse_than } => sheet.key("lift", "goal").key("worse_than", percent(*worse_than)),
    };
    sheet.maybe("matured_after", rule.matured_after).key("then", words::effect(rule.then))
}

fn signal(one: &SignalBreaker) -> Sheet {
    let sheet = Sheet::new(Part::Breaker, &one.id);
    let sheet = match &one.signal {
        Signal::Rate { of, per, above, window, min_sent } => {
            let sheet = sheet.key("rate", format!("{} / {}", words::metric(of), words::metric(per)));
            sheet.key("above", percent(*above)).key("window", words::span(*window)).key("min_sent", min_sent)
        }
        Signal::Silent { metric, span } => sheet.key("silent", words::metric(metric)).key("for", words::span(*span)),
        Signal::Errors { score, above, window } => {
            let sheet = sheet.key("errors", format!("score.{score}")).key("above", percent(*above));
            sheet.key("window", words::span(*window))
        }
    };
    sheet.key("then", words::effect(one.then))
}

fn review(gate: &ReviewGate) -> Sheet {
    let expired = match gate.if_expired {
        IfExpired::Reject => "reject",
        IfExpired::Approve => "approve",
    };
    let channels = (!gate.channels.is_empty()).then(|| words::channels(&gate.channels));
    let sheet = Sheet::new(Part::Review, &gate.id).maybe("when", gate.when.as_ref().map(|when| &when.source));
    let sheet = sheet.maybe("channels", channels).maybe("sample", gate.sample.map(percent)).key("by", &gate.by);
    sheet.key("expires", words::span(gate.expires)).key("if_expired", expired)
}
