//! The catalogue of metrics: every one that a process of ours shows, and nothing else is registered. `engine/METRICS.md` is
//! written from it, dashboards and alerts are checked against it.

#[cfg(test)]
use std::fmt::Write;

/// What kind of number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, from the start of the process.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts in buckets.
    Histogram,
}

impl Kind {
    /// As Prometheus calls it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its whole name.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub kind: Kind,
    /// The names of its labels. Their values come from closed lists or published names, never from events.
    pub labels: &'static [&'static str],
    /// What one is.
    pub unit: &'static str,
    /// What it says.
    pub meaning: &'static str,
}

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    unit: &'static str,
    meaning: &'static str,
) -> Family {
    Family { name, kind: Kind::Counter, labels, unit, meaning }
}

const fn gauge(
    name: &'static str,
    labels: &'static [&'static str],
    unit: &'static str,
    meaning: &'static str,
) -> Family {
    Family { name, kind: Kind::Gauge, labels, unit, meaning }
}

const fn histogram(
    name: &'static str,
    labels: &'static [&'static str],
    unit: &'static str,
    meaning: &'static str,
) -> Family {
    Family { name, kind: Kind::Histogram, labels, unit, meaning }
}

const PLUGIN: &[&str] = &["plugin", "version"];
const INPUT: &[&str] = &["plugin", "version", "input"];

/// All metrics, in order of their names.
pub const FAMILIES: &[Family] = &[
    counter("process_cpu_seconds_total", &[], "seconds", "Processor time of this process."),
    gauge("process_max_fds", &[], "files", "How many files this process may have open."),
    gauge("process_open_fds", &[], "files", "How many files this process has open."),
    gauge("process_resident_memory_bytes", &[], "bytes", "Memory of this process that is in use."),
    gauge("process_start_time_seconds", &[], "seconds since 1970", "When this process began."),
    gauge("process_threads", &[], "threads", "Threads of this process."),
    gauge("process_virtual_memory_bytes", &[], "bytes", "Address space of this process."),
    gauge(
        "staunch_actions_overdue_seconds",
        &[],
        "seconds",
        "How long the oldest action that may go has been due; 0 = none waits. Of the whole database.",
    ),
    gauge(
        "staunch_actions_pending",
        &["state"],
        "actions",
        "Actions that are not over, by state: held, review, ready, sending, in_doubt. Of the whole database.",
    ),
    counter(
        "staunch_actions_planned_total",
        &["channel", "state"],
        "actions",
        "New actions by channel and by their state after the decision.",
    ),
    histogram("staunch_batch_messages", &[], "messages", "Messages in a batch."),
    histogram("staunch_batch_seconds", &[], "seconds", "From a batch's first delivery to its commit."),
    counter(
        "staunch_broker_connects_total",
        &[],
        "connections",
        "Connections to the broker that were opened, the first ones included.",
    ),
    gauge("staunch_build_info", &["version"], "1", "Always 1; the label is the version of the program."),
    counter(
        "staunch_conflicts_total",
        &[],
        "contacts",
        "Changes that lost their compare-and-swap and were decided again.",
    ),
    counter(
        "staunch_database_connects_total",
        &[],
        "connections",
        "Connections to Postgres that were opened, the first ones included.",
    ),
    histogram(
        "staunch_event_age_seconds",
        &[],
        "seconds",
        "From an event's own time to the batch that decided it, without history and what carries a time to come.",
    ),
    counter("staunch_events_total", &["result"], "events", "Events that were handled: decided, duplicate, parked."),
    gauge(
        "staunch_kills_active",
        &["scope"],
        "kills",
        "Kills in force, by kind of scope: all, workflow, channel. Of the whole database.",
    ),
    gauge(
        "staunch_last_commit_timestamp_seconds",
        &[],
        "seconds since 1970",
        "When this process last committed a batch, by the clock in force; 0 = never.",
    ),
    counter("staunch_leases_lost_total", &[], "sends", "Sends whose lease was over before they could be recorded."),
    counter("staunch_parked_total", &["code"], "inputs", "Inputs that could not be used, by code."),
    gauge("staunch_parked_waiting", &[], "inputs", "Parked inputs that nobody replayed yet. Of the whole database."),
    gauge("staunch_part_broken", &["part"], "0 or 1", "Whether this loop of the process cannot do its work."),
    histogram("staunch_plugin_call_seconds", PLUGIN, "seconds", "How long calls of a plugin took."),
    counter("staunch_plugin_calls_total", PLUGIN, "calls", "Calls that reached a plugin."),
    counter(
        "staunch_plugin_failures_total",
        &["plugin", "version", "code"],
        "rows",
        "Rows without an answer, by code.",
    ),
    counter("staunch_plugin_fuel_total", PLUGIN, "instructions", "Instructions of calls that answered."),
    gauge(
        "staunch_plugin_input_deviation",
        INPUT,
        "of the input",
        "Standard deviation of an input's numbers since the plugins were loaded.",
    ),
    counter("staunch_plugin_input_looked_total", INPUT, "rows", "Rows in which an input was looked at."),
    gauge(
        "staunch_plugin_input_mean",
        INPUT,
        "of the input",
        "Mean of an input's numbers since the plugins were loaded.",
    ),
    counter("staunch_plugin_input_missing_total", INPUT, "rows", "Of the rows looked at, those without a value."),
    counter(
        "staunch_plugin_refused_total",
        &["plugin", "code", "limit"],
        "refusals",
        "What limits refused to a plugin.",
    ),
    counter("staunch_plugin_rows_total", PLUGIN, "rows", "Rows of the calls that reached a plugin."),
    counter("staunch_plugin_trips_total", PLUGIN, "trips", "Times that a plugin began to rest after failures."),
    gauge("staunch_queue_depth", &[], "messages", "Messages that wait in the broker. Of the whole queue."),
    counter("staunch_recovered_total", &["result"], "actions", "Sends that nobody recorded: repeated, or in_doubt."),
    counter(
        "staunch_reloads_total",
        &["result"],
        "changes",
        "Changes of what is decided by: taken and refused (files), published (by another process).",
    ),
    counter("staunch_scores_total", &["plugin", "result"], "rows", "Rows that were scored: ok, failed."),
    histogram("staunch_send_seconds", &["channel"], "seconds", "From the call of a channel to its answer."),
    counter("staunch_sends_total", &["channel", "result"], "sends", "Sends that ended: done, retry, failed, in_doubt."),
    counter("staunch_step_failures_total", &["part"], "rounds", "Rounds of a loop that failed and are tried again."),
    counter(
        "staunch_swept_total",
        &["class"],
        "rows",
        "Rows that retention deleted: decisions, runs, actions, parked.",
    ),
    gauge(
        "staunch_timers_overdue_seconds",
        &[],
        "seconds",
        "How long the earliest wake-up has been due; 0 = none is. Of the whole database.",
    ),
    counter("staunch_wakes_total", &["result"], "contacts", "Contacts whose deadline came: woken, failed."),
];

/// The metric of a name.
///
/// # Errors
/// There is none in the catalogue.
pub fn family(name: &str) -> Result<&'static Family, prometheus::Error> {
    let found = FAMILIES.binary_search_by(|family| family.name.cmp(name));
    found
        .map(|at| &FAMILIES[at])
        .map_err(|_| prometheus::Error::Msg(format!("{name} is not in the catalogue of metrics")))
}

/// The catalogue as a page.
#[cfg(test)]
fn markdown() -> String {
    let mut page = String::from(
        "# The metrics\n\n\
         What `staunch run` shows at `/metrics`. Written from `engine/worker/src/metrics/families.rs`; the tests compare. Write it\n\
         again with `STAUNCH_WRITE_METRICS=1 cargo nextest run -p staunch-worker catalogue`.\n\n\
         Metrics \"of the whole database\" or \"of the whole queue\" are the same in every process: take their maximum, not their\n\
         sum. Labels have few values: states, results, channels, codes and names that were published. No label ever holds what\n\
         an event says.\n\n\
         | Name | Type | Labels | Unit | Meaning |\n|---|---|---|---|---|\n",
    );
    for family in FAMILIES {
        let labels: Vec<String> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        let (name, kind, labels) = (family.name, family.kind.word(), labels.join(", "));
        let _ = writeln!(page, "| `{name}` | {kind} | {labels} | {} | {} |", family.unit, family.meaning);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_in_order_and_its_page_up_to_date() {
        assert!(FAMILIES.is_sorted_by(|one, next| one.name < next.name), "in order of names, each once");
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../METRICS.md");
        if std::env::var_os("STAUNCH_WRITE_METRICS").is_some() {
            std::fs::write(path, markdown()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == markdown(), "engine/METRICS.md differs: write it again, with STAUNCH_WRITE_METRICS=1");
    }

    #[test]
    fn names_follow_the_custom() {
        for family in FAMILIES.iter().filter(|family| family.name.starts_with("staunch_")) {
            assert_eq!(family.kind == Kind::Counter, family.name.ends_with("_total"), "{}", family.name);
            assert!(family.labels.len() <= 3 && family.meaning.ends_with('.'), "{}", family.name);
        }
        assert!(family("staunch_nothing").is_err());
    }
}
