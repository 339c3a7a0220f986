//! What is said of what was found: pure, so that every case is tested.

use staunch_core::Time;
use staunch_store::Inspection;

/// The oldest Postgres and RabbitMQ that work.
const POSTGRES: u32 = 130_000;
const RABBIT: (u32, u32) = (3, 10);
/// A process opens up to ten connections, commands beside it some more.
const CONNECTIONS: u32 = 30;
/// Clocks that differ by more are worth a word.
const SKEW_MICROS: i64 = 2_000_000;
/// Below this much free room a database soon stands still.
const FREE: u64 = 1 << 30;

/// How it stands with one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Fine, with details.
    Fine(String),
    /// It works; somebody should look at it.
    Warn(String),
    /// It does not work, or must not be relied on.
    Fail(String),
}

/// Settings without which an acknowledged event can be lost: name, the value that is wrong, and why.
const DANGEROUS: [(&str, &str, &str); 3] = [
    ("fsync", "off", "a loss of power can destroy the database"),
    ("full_page_writes", "off", "a loss of power in the middle of a page can destroy it"),
    (
        "synchronous_commit",
        "off",
        "events are acknowledged after the commit, and a crash can take the last commits back",
    ),
];

/// Version, settings and tables of Postgres.
pub(super) fn postgres(found: &Inspection) -> Verdict {
    let mut wrong = Vec::new();
    if found.number < POSTGRES {
        wrong.push(format!("version {} is too old: 13 or newer is needed", found.version));
    }
    for (name, value, why) in DANGEROUS {
        if found.setting(name) == Some(value) {
            wrong.push(format!("{name} is {value}: {why}. Set {name} = on in postgresql.conf"));
        }
    }
    if !wrong.is_empty() {
        return Verdict::Fail(wrong.join("; "));
    }
    let most = found.setting("max_connections").and_then(|text| text.parse::<u32>().ok());
    match most.filter(|most| *most < CONNECTIONS) {
        Some(most) => Verdict::Warn(format!("max_connections is {most}; each process opens up to ten")),
        None => Verdict::Fine(format!("Postgres {} answers and keeps what it confirms", found.version)),
    }
}

/// The tables, against what this program knows.
pub(super) fn tables(found: &Inspection) -> Verdict {
    let Inspection { migrated, known, schema, .. } = found;
    if migrated > known {
        return Verdict::Fail(format!(
            "the tables are at version {migrated}, this program knows versions up to {known}: use a newer staunch"
        ));
    }
    match (*migrated, known - migrated) {
        (0, _) => Verdict::Fine(format!("schema {schema} has no tables yet; the first `staunch run` makes them")),
        (_, 0) => Verdict::Fine(format!("schema {schema}, version {migrated}, nothing to migrate")),
        (_, rest) => Verdict::Warn(format!(
            "{rest} migrations are pending; the next `staunch run` makes them. Take a backup first"
        )),
    }
}

/// The machine's clock between two looks, against the database's.
pub(super) fn clocks(before: Time, database: Time, after: Time) -> Verdict {
    let middle = before.0 + (after.0 - before.0) / 2;
    let skew = middle - database.0;
    let seconds = skew as f64 / 1e6;
    if skew.abs() <= SKEW_MICROS.max(after.0 - before.0) {
        return Verdict::Fine(format!("this machine and the database differ by {:.1} s", seconds.abs()));
    }
    let way = if skew > 0 { "ahead of" } else { "behind" };
    Verdict::Warn(format!(
        "this machine is {:.1} s {way} the database. Decisions go by the database's clock; certificates and logs do not. Let both keep time by NTP",
        seconds.abs()
    ))
}

/// The version of RabbitMQ, as it greets.
pub(super) fn rabbit(version: Option<&str>) -> Verdict {
    let Some(version) = version else {
        return Verdict::Fine("answers; its version cannot be read here".into());
    };
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(major), Some(minor)) if (major, minor) < RABBIT => {
            Verdict::Fail(format!("RabbitMQ {version} is too old: {}.{} or newer is needed", RABBIT.0, RABBIT.1))
        }
        _ => Verdict::Fine(format!("RabbitMQ {version} answers")),
    }
}

/// Free room where the workspace keeps its state.
pub(super) fn disk(free: u64, size: u64) -> Verdict {
    let mib = free >> 20;
    if free < FREE || free < size / 50 {
        return Verdict::Warn(format!("only {mib} MiB are free where the workspace keeps its state; make room"));
    }
    Verdict::Fine(format!("{mib} MiB are free where the workspace keeps its state"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Inspection {
        let settings =
            [("fsync", "on"), ("full_page_writes", "on"), ("synchronous_commit", "on"), ("max_connections", "100")];
        Inspection {
            version: "15.8".into(),
            number: 150_008,
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            migrated: 2,
            known: 2,
            now: Time(0),
            schema: "public".into(),
        }
    }

    fn with(name: &str, value: &str) -> Inspection {
        let mut made = sound();
        made.settings.retain(|(known, _)| known != name);
        made.settings.push((name.into(), value.into()));
        made
    }

    fn fails(verdict: &Verdict, words: &str) {
        assert!(matches!(verdict, Verdict::Fail(why) if why.contains(words)), "{verdict:?}");
    }

    #[test]
    fn what_can_lose_a_commit_fails() {
        assert!(matches!(postgres(&sound()), Verdict::Fine(_)));
        for name in ["fsync", "full_page_writes", "synchronous_commit"] {
            fails(&postgres(&with(name, "off")), &format!("{name} is off: "));
        }
        // Weaker ones still write before they answer.
        assert!(matches!(postgres(&with("synchronous_commit", "local")), Verdict::Fine(_)));
        assert!(matches!(postgres(&with("max_connections", "20")), Verdict::Warn(_)));
        fails(&postgres(&Inspection { number: 120_020, version: "12.20".into(), ..sound() }), "12.20 is too old");
    }

    #[test]
    fn tables_are_compared_with_the_program() {
        let at = |migrated| tables(&Inspection { migrated, ..sound() });
        assert!(matches!(at(0), Verdict::Fine(text) if text.contains("no tables yet")));
        assert!(matches!(at(1), Verdict::Warn(text) if text.starts_with("1 migrations are pending")));
        assert!(matches!(at(2), Verdict::Fine(text) if text.contains("nothing to migrate")));
        fails(&at(3), "use a newer staunch");
    }

    #[test]
    fn clocks_are_compared_at_the_middle_of_the_question() {
        let at = |database| clocks(Time(10_000_000), Time(database), Time(11_000_000));
        assert!(matches!(at(10_500_000), Verdict::Fine(text) if text.contains("0.0 s")));
        assert!(matches!(at(8_400_000), Verdict::Warn(text) if text.contains("2.1 s ahead of")));
        assert!(matches!(at(3_610_500_000), Verdict::Warn(text) if text.contains("3600.0 s behind")));
        // Who waited ten seconds for the answer knows nothing better.
        assert!(matches!(clocks(Time(0), Time(9_000_000), Time(10_000_000)), Verdict::Fine(_)));
    }

    #[test]
    fn old_brokers_and_full_disks_are_told() {
        fails(&rabbit(Some("3.9.27")), "3.9.27 is too old");
        for fine in [Some("3.10.8"), Some("4.1.0"), Some("4.3.0-rc.1"), Some("odd"), None] {
            assert!(matches!(rabbit(fine), Verdict::Fine(_)), "{fine:?}");
        }
        assert!(matches!(disk(500 << 20, 10 << 30), Verdict::Warn(_)));
        assert!(matches!(disk(5 << 30, 1 << 40), Verdict::Warn(_)), "two per cent");
        assert!(matches!(disk(50 << 30, 100 << 30), Verdict::Fine(_)));
    }
}
