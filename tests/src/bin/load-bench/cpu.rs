//! Processor time of processes by their name.

use crate::Round;

/// Kernel ticks a second, as `/proc` counts them on every Linux.
const TICKS: f64 = 100.0;

/// Seconds in user and system mode that all live processes of this name have used.
pub fn seconds(name: &str) -> f64 {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter(|entry| entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()));
    ids.filter_map(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let (open, close) = (stat.find('(')?, stat.rfind(')')?);
        if stat.get(open + 1..close)? != name {
            return None;
        }
        let fields: Vec<&str> = stat.get(close + 2..)?.split(' ').collect();
        let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
        Some(ticks / TICKS)
    })
    .sum()
}

/// What was used since it was made.
pub struct Watch(Vec<(&'static str, &'static str, f64)>);

impl Watch {
    /// Starts for processes: what the report calls each, and its name.
    pub fn start(processes: &[(&'static str, &'static str)]) -> Watch {
        Watch(processes.iter().map(|(part, name)| (*part, *name, seconds(name))).collect())
    }

    /// What so many events took.
    pub fn round(&self, events: u64, wall: f64) -> Round {
        let per = |used: f64| used / events as f64 * 1e6;
        let parts = self.0.iter().map(|(part, name, before)| (*part, per(seconds(name) - before)));
        Round { rate: events as f64 / wall, parts: parts.collect() }
    }
}
