//! A command as a process of its own on one core: how long it took and how much memory it held at most.

use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Pause between two looks at a process's memory. The kernel keeps the peak, so only what grows after the last look is
/// missed.
const LOOK: Duration = Duration::from_millis(5);

/// What a process did.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Whether it ended with 0.
    pub ok: bool,
    /// From its start to its end.
    pub wall: f64,
    /// The most memory that it held, in bytes; 0 where the system does not say.
    pub peak: u64,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Whether `taskset` can pin a process to core 0 here.
pub fn can_pin() -> bool {
    let tried = Command::new("taskset").args(["-c", "0", "true"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}

/// Runs a program to its end, on core 0 alone where `pin` is set.
///
/// # Errors
/// Where it cannot be started.
pub fn measure(program: &str, args: &[&str], pin: bool) -> io::Result<Measured> {
    let mut command = if pin { Command::new("taskset") } else { Command::new(program) };
    if pin {
        command.args(["-c", "0", program]);
    }
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let began = Instant::now();
    let mut child = command.spawn()?;
    let out = child.stdout.take().map(|stream| std::thread::spawn(|| text(stream)));
    let err = child.stderr.take().map(|stream| std::thread::spawn(|| text(stream)));
    let mut peak = 0;
    let status = loop {
        peak = peak.max(held(child.id()));
        match child.try_wait()? {
            Some(status) => break status,
            None => std::thread::sleep(LOOK),
        }
    };
    let wall = began.elapsed().as_secs_f64();
    let end = |thread: Option<JoinHandle<String>>| thread.and_then(|thread| thread.join().ok()).unwrap_or_default();
    Ok(Measured { ok: status.success(), wall, peak, out: end(out), err: end(err) })
}

fn text(mut stream: impl Read) -> String {
    let mut bytes = Vec::new();
    // What was read before an error still helps.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The most memory that a running process has held, in bytes.
fn held(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes =
        line.and_then(|line| line.trim().strip_suffix("kB")).and_then(|text| text.trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1_024
}

/// The middle of some figures, the mean of the middle two where there are two; 0 where there is none.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = |at: usize| sorted.get(at).copied().unwrap_or(0.0);
    let half = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { (middle(half.saturating_sub(1)) + middle(half)) / 2.0 } else { middle(half) }
}

/// The machine in a line: processor, cores, memory, kernel, and how busy it is just now.
pub fn machine() -> String {
    let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let value = |path: &str, name: &str| {
        let text = file(path);
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        line.split_once(':').map_or_else(String::new, |(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kilobytes: u64 = value("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0);
    let load = file("/proc/loadavg");
    format!(
        "{}, {cores} cores, {} GB, Linux {}, load {} at the start",
        value("/proc/cpuinfo", "model name"),
        kilobytes / 1_000_000,
        file("/proc/sys/kernel/osrelease").trim(),
        load.split(' ').next().unwrap_or("unknown")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_watched_to_its_end() {
        let found = measure("sh", &["-c", "sleep 0.05; echo said; echo wrong >&2; exit 3"], can_pin()).unwrap();
        assert_eq!((found.ok, found.out.as_str(), found.err.as_str()), (false, "said\n", "wrong\n"));
        assert!(found.wall >= 0.05 && found.peak > 100_000, "{found:?}");
        assert!(measure("/no/such/program", &[], false).is_err());
    }

    #[test]
    fn medians() {
        assert_eq!((median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0, 2.0, 3.0]), median(&[])), (2.0, 2.5, 0.0));
    }
}
