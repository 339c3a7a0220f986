//! The report in a terminal of 80 columns: the figures that decide; the page and the JSON have the rest.

use super::outcome::Outcome;
use super::report::{Both, Load, Report};
use crate::output::{count, table};

/// Rows that are shown of one table.
const MOST: usize = 12;

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

/// For people.
pub fn text(report: &Report) -> String {
    let reach = &report.reach;
    let mut parts = vec![format!(
        "old {}\nnew {}\n{} events of {} contacts, {} to {}",
        report.versions.old,
        report.versions.new,
        count(report.events),
        count(report.contacts as u64),
        report.from,
        report.to
    )];
    let mut rows = vec![row(&["", "old", "new"])];
    rows.push(row(&["messages", &count(report.messages.old), &count(report.messages.new)]));
    rows.push(row(&["tasks", &count(report.tasks_count.old), &count(report.tasks_count.new)]));
    let got = |one: usize| count((reach.both + one) as u64);
    rows.push(row(&["contacts that get a message", &got(reach.only_old), &got(reach.only_new)]));
    for cost in report.costs.iter().filter(|cost| cost.channel == "total") {
        rows.push(row(&["cost", &cost.cost.old, &cost.cost.new]));
    }
    rows.push(row(&["reviews a day (mean, most)", &load(&report.reviews.old), &load(&report.reviews.new)]));
    parts.push(table(&rows, &[1, 2]));
    parts.push(table(&cut(steps(report)), &[2, 3, 4, 5]));
    parts.push(table(&histogram(report), &[1, 2]));
    parts.push(table(&cut(rules(report)), &[1, 2, 3, 4]));
    let mut rows = vec![row(&["guard", "said", "reason", "old", "new"])];
    rows.extend(
        report
            .guards
            .iter()
            .map(|one| row(&[&one.guard, one.said, one.reason, &count(one.actions.old), &count(one.actions.new)])),
    );
    parts.push(table(&cut(rows), &[3, 4]));
    parts.extend(report.notes.iter().map(|note| wrap(&format!("note: {note}"))));
    parts.join("\n\n")
}

fn load(load: &Load) -> String {
    format!("{:.1}, {}", load.mean, load.max)
}

fn cut(mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let more = rows.len().saturating_sub(MOST + 1);
    if more > 0 {
        rows.truncate(MOST + 1);
        rows.push(vec![format!("… {more} more: -o report.html")]);
    }
    rows
}

fn steps(report: &Report) -> Vec<Vec<String>> {
    let mut rows = vec![row(&["step", "channel", "old", "new", "gain", "lose"])];
    rows.extend(report.steps.iter().map(|one| {
        let name = format!("{}/{}", one.workflow, one.step);
        let (gain, lose) = (count(one.gain as u64), count(one.lose as u64));
        row(&[&name, one.channel, &count(one.sent.old), &count(one.sent.new), &gain, &lose])
    }));
    rows
}

fn histogram(report: &Report) -> Vec<Vec<String>> {
    let mut rows = vec![row(&["messages per contact", "old", "new"])];
    let line = |one: &super::report::Bucket| row(&[&one.messages, &count(one.contacts.old), &count(one.contacts.new)]);
    rows.extend(report.histogram.iter().map(line));
    rows
}

fn rules(report: &Report) -> Vec<Vec<String>> {
    let share = |one: &Outcome| one.share().map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", 100.0 * share));
    let mut rows = vec![row(&["rule", "old", "goal", "new", "goal"])];
    rows.extend(report.rules.iter().map(|one| {
        let Both { old, new } = &one.outcomes;
        let name = format!("{}: {}", one.workflow, one.rule);
        row(&[&name, &count(old.taken()), &share(old), &count(new.taken()), &share(new)])
    }));
    rows
}

/// Words in lines of at most 78 characters.
fn wrap(text: &str) -> String {
    let (mut out, mut width) = (String::new(), 0);
    for word in text.split(' ') {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > 78 {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out
}
