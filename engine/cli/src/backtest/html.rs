//! The report as one page that needs nothing else: no script, no font, no picture from elsewhere.

use super::outcome::Outcome;
use super::report::{Both, Load, Report};
use crate::chart::Chart;
use crate::output::count;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("page.css");

/// The whole page.
pub fn page(report: &Report) -> String {
    let title = format!("Backtest of {}: {} against {}", report.workspace, report.versions.new, report.versions.old);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { (head(report)) }
                main {
                    (steps(report)) (messages(report)) (rules(report)) (guards(report)) (people(report)) (costs(report))
                    (actions(report)) (notes(report))
                }
            }
        }
    };
    page.into_string()
}

fn head(report: &Report) -> Markup {
    let day = |text: &str| text.split('T').next().unwrap_or_default().to_owned();
    let reach = &report.reach;
    html! {
        h1 { "What would change: " (report.workspace) }
        p.versions {
            span.key.k0 {} " old: " strong { (report.versions.old) } br;
            span.key.k1 {} " new: " strong { (report.versions.new) }
        }
        p {
            (count(report.events)) " events of " (count(report.contacts as u64)) " contacts, "
            (day(&report.from)) " to " (day(&report.to)) ", in stage " (report.stage) "."
        }
        div.cards {
            (card("messages", &report.messages)) (card("tasks", &report.tasks_count))
            div.card { span.label { "contacts that get a message" }
                strong { (count((reach.both + reach.only_old) as u64)) " → " (count((reach.both + reach.only_new) as u64)) }
                span.more { "+" (count(reach.only_new as u64)) " new, −" (count(reach.only_old as u64)) " gone" }
            }
        }
    }
}

fn card(label: &str, both: &Both<u64>) -> Markup {
    html! {
        div.card { span.label { (label) } strong { (count(both.old)) " → " (count(both.new)) } span.more { (signed(both)) } }
    }
}

/// The change with its sign, in a minus that lines up.
fn signed(both: &Both<u64>) -> String {
    if both.new >= both.old {
        format!("+{}", count(both.new - both.old))
    } else {
        format!("−{}", count(both.old - both.new))
    }
}

/// A table with its caption; it scrolls by itself on a small screen. `texts` is how many columns at the left hold words.
fn table(caption: &str, heads: &[&str], texts: usize, rows: &[Vec<Markup>]) -> Markup {
    let kind = |at: usize| if at < texts { "t" } else { "n" };
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { @for (at, head) in heads.iter().enumerate() { th scope="col" class=(kind(at)) { (head) } } } }
                tbody {
                    @for row in rows {
                        tr { @for (at, cell) in row.iter().enumerate() {
                            @if at == 0 { th scope="row" class="t" { (cell) } } @else { td class=(kind(at)) { (cell) } }
                        } }
                    }
                }
            }
        }
    }
}

fn number(value: u64) -> Markup {
    html! { (count(value)) }
}

fn steps(report: &Report) -> Markup {
    let rows: Vec<Vec<Markup>> = report
        .steps
        .iter()
        .map(|row| {
            let people = |n: usize, ids: &[String]| {
                html! {
                    (count(n as u64))
                    @if !ids.is_empty() { span.ids { (ids.join(", ")) @if n > ids.len() { ", …" } } }
                }
            };
            vec![
                html! { (row.step) span.sub { (row.workflow) ", " (row.channel) } },
                number(row.sent.old),
                number(row.sent.new),
                html! { (signed(&row.sent)) },
                people(row.gain, &row.gaining),
                people(row.lose, &row.losing),
            ]
        })
        .collect();
    let heads = ["step", "old", "new", "change", "contacts who gain", "contacts who lose"];
    html! {
        section {
            h2 { "Who gains or loses a message" }
            @if rows.is_empty() { p { "Neither version sends anything." } }
            @else { (table("What went out, by step", &heads, 1, &rows)) }
        }
    }
}

fn messages(report: &Report) -> Markup {
    let histogram = Chart {
        label: "Contacts by how many messages they get, old and new; the numbers stand in the table below",
        x: "messages per contact",
        names: report.histogram.iter().map(|one| one.messages.clone()).collect(),
        series: ["old", "new"],
        values: report.histogram.iter().map(|one| [one.contacts.old, one.contacts.new]).collect(),
    };
    let rows: Vec<Vec<Markup>> = report
        .histogram
        .iter()
        .map(|one| {
            let change = signed(&one.contacts);
            vec![html! { (one.messages) }, number(one.contacts.old), number(one.contacts.new), html! { (change) }]
        })
        .collect();
    let (names, values, x) = weeks(report);
    let days = Chart { label: "Messages over time, old and new", x, names, series: ["old", "new"], values };
    html! {
        section {
            h2 { "Messages per contact" }
            (histogram.bars())
            (table("Contacts by how many messages they get", &["messages", "old", "new", "change"], 1, &rows))
        }
        section { h2 { "Messages over time" } (days.lines()) }
    }
}

/// Days, or weeks where there are too many days to see.
fn weeks(report: &Report) -> (Vec<String>, Vec<[u64; 2]>, &'static str) {
    let length = if report.days.len() > 90 { 7 } else { 1 };
    let chunks = report.days.chunks(length);
    let sum = |chunk: &[super::report::DayRow]| {
        let of = |side: fn(&Both<u64>) -> u64| chunk.iter().map(|day| side(&day.messages)).sum();
        [of(|both| both.old), of(|both| both.new)]
    };
    // Year and month are enough under a long axis.
    let name = |chunk: &[super::report::DayRow]| {
        let day = chunk.first().map_or("", |first| first.day.as_str());
        if length == 1 { day.get(5..).unwrap_or(day).to_owned() } else { day.get(..7).unwrap_or(day).to_owned() }
    };
    let x = if length == 1 { "day (UTC)" } else { "week" };
    (chunks.clone().map(name).collect(), chunks.map(sum).collect(), x)
}

fn rules(report: &Report) -> Markup {
    let share =
        |outcome: &Outcome| outcome.share().map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", 100.0 * share));
    let rows: Vec<Vec<Markup>> = report
        .rules
        .iter()
        .map(|row| {
            let (old, new) = (&row.outcomes.old, &row.outcomes.new);
            vec![
                html! { (row.rule) span.sub { (row.workflow) } },
                number(old.taken()),
                number(new.taken()),
                html! { (share(old)) },
                html! { (share(new)) },
                html! { (count(new.reached)) " / " (count(new.missed)) " / " (count(new.unknown)) },
            ]
        })
        .collect();
    let heads =
        ["rule", "taken, old", "taken, new", "goal followed, old", "goal followed, new", "new: yes / no / open"];
    html! {
        section {
            h2 { "Rules and what followed" }
            p { "How often each way was taken, and in which share of cases the workflow's goal followed within its window. "
                "A rule that is meant for people who will not come back by themselves should have a low share." }
            @if rows.is_empty() { p { "No rule was taken." } }
            @else { (table("Rules by their ids", &heads, 1, &rows)) }
        }
    }
}

fn guards(report: &Report) -> Markup {
    let rows: Vec<Vec<Markup>> = report
        .guards
        .iter()
        .map(|row| {
            vec![
                html! { (row.guard) },
                html! { (row.said) },
                html! { (row.reason) },
                number(row.actions.old),
                number(row.actions.new),
                html! { (signed(&row.actions)) },
            ]
        })
        .collect();
    html! {
        section {
            h2 { "Guards that stood in the way" }
            @if rows.is_empty() { p { "None did." } }
            @else {
                p { "Actions that a guard made wait, or stopped for ever. Several guards can speak about one action." }
                (table("Actions by guard and reason", &["guard", "said", "reason", "old", "new", "change"], 3, &rows))
            }
        }
    }
}

fn load_row(name: &str, load: &Both<Load>) -> Vec<Markup> {
    let mean = |load: &Load| format!("{:.1}", load.mean);
    let (old, new) = (&load.old, &load.new);
    vec![
        html! { (name) },
        number(old.total),
        number(new.total),
        html! { (mean(old)) },
        html! { (mean(new)) },
        number(old.p95),
        number(new.p95),
        number(old.max),
        number(new.max),
    ]
}

fn people(report: &Report) -> Markup {
    let heads = ["", "all, old", "new", "mean a day, old", "new", "95 % of days, old", "new", "most, old", "new"];
    let mut rows = vec![load_row("reviews", &report.reviews)];
    rows.extend(report.tasks.iter().map(|row| load_row(&format!("tasks of {}", row.assignee), &row.load)));
    html! {
        section {
            h2 { "Work for people, per day" }
            (table("Reviews and tasks over all days of the history", &heads, 1, &rows))
        }
    }
}

fn costs(report: &Report) -> Markup {
    let rows: Vec<Vec<Markup>> = report
        .costs
        .iter()
        .map(|row| {
            [row.channel, &row.each, &row.cost.old, &row.cost.new, &row.more]
                .iter()
                .map(|text| html! { (text) })
                .collect()
        })
        .collect();
    html! {
        section {
            h2 { "Cost" }
            @if rows.is_empty() { p { "Not known: the workspace names no costs." } }
            @else { (table("Cost of what went out", &["channel", "each", "old", "new", "change"], 1, &rows)) }
        }
    }
}

fn actions(report: &Report) -> Markup {
    let rows: Vec<Vec<Markup>> = report
        .actions
        .iter()
        .map(|row| {
            vec![
                html! { (row.workflow) },
                html! { (row.channel) },
                html! { (row.state) },
                html! { (row.reason) },
                number(row.actions.old),
                number(row.actions.new),
                html! { (signed(&row.actions)) },
            ]
        })
        .collect();
    let heads = ["workflow", "channel", "state", "reason", "old", "new", "change"];
    html! { section { h2 { "What became of all actions" } (table("Actions by state and reason", &heads, 4, &rows)) } }
}

fn notes(report: &Report) -> Markup {
    html! { section { h2 { "Read this with care" } ul { @for note in &report.notes { li { (note) } } } } }
}
