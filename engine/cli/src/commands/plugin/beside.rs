//! Another program that a plugin is measured beside.

use crate::error::{CliError, Result};
use staunch_core::codes;
use std::process::Command;

/// Runs it, and gives the least of the medians that it prints, in microseconds per row.
pub fn micros(command: &str) -> Result<f64> {
    let failed = |why: String| {
        let help = "it has to print its nanoseconds per row as `p50=1234`, and end with 0";
        CliError::new(codes::CLI_STEP, format!("`{command}`: {why}"), help)
    };
    let mut words = command.split_whitespace();
    let program = words.next().ok_or_else(|| failed("there is no program".into()))?;
    let output = Command::new(program).args(words).env("OMP_NUM_THREADS", "1").output();
    let output = output.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(format!("it ended with {}", output.status)));
    }
    least(&String::from_utf8_lossy(&output.stdout)).ok_or_else(|| failed("it printed no `p50=`".into()))
}

fn least(text: &str) -> Option<f64> {
    let numbers = text.split_whitespace().filter_map(|word| word.strip_prefix("p50=")?.parse::<f64>().ok());
    numbers.filter(|nanos| *nanos > 0.0).reduce(f64::min).map(|nanos| nanos / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_what_it_prints() {
        assert_eq!(least("lightgbm rep=0 p50=2600 p99=3000\nlightgbm rep=1 p50=2500 p99=1\n"), Some(2.5));
        assert_eq!(least("p50=x p50=-1 p50=0 50"), None);
        let said = |command: &str| micros(command).unwrap_err().to_string();
        assert!(said("false").contains("ended with") && said("true").contains("no `p50=`"));
        assert!(said("").contains("no program") && said("/no/such/program").contains("/no/such/program"));
        assert_eq!(micros("echo p50=1500").unwrap(), 1.5);
    }
}
