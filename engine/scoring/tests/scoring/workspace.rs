//! A workspace with one plugin, and what becomes of a row that it scores.

use staunch_core::score::{ScoreOutcome, ScoreRequest};
use staunch_core::value::Value;
use staunch_scoring::{Host, Lock, LockedPlugin, Scorer, sha256_hex};
use tempfile::TempDir;

/// A workspace whose lock pins one component as `m` 1.0.0.
pub fn workspace(component: &[u8]) -> (TempDir, Lock) {
    let dir = TempDir::new().unwrap();
    std::fs::create_dir(dir.path().join("plugins")).unwrap();
    std::fs::write(dir.path().join("plugins/m.wasm"), component).unwrap();
    let mut lock = Lock::default();
    let (version, path) = ("1.0.0".into(), "plugins/m.wasm".into());
    lock.plugins.insert("m".into(), LockedPlugin { version, sha256: sha256_hex(component), path });
    (dir, lock)
}

pub fn request(values: &[Option<f64>]) -> ScoreRequest {
    let inputs = values.iter().enumerate().map(|(n, value)| (format!("x{n}"), value.map(Value::Number))).collect();
    ScoreRequest { plugin: "m".into(), inputs }
}

/// What becomes of one row: the code of the problem at loading or of the row's failure, or its score.
pub fn fate(component: &[u8]) -> Result<f64, String> {
    let (dir, lock) = workspace(component);
    let (host, problems) = Host::load(dir.path(), &lock);
    let mut outcomes = host.score(&[request(&[Some(1.0)])]);
    assert_eq!(outcomes.len(), 1);
    let outcome: ScoreOutcome = outcomes.remove(0);
    if let Some(problem) = problems.first() {
        assert_eq!(outcome.unwrap_err().code, problem.code);
        return Err(problem.code.to_owned());
    }
    outcome.map(|scored| scored.value).map_err(|failure| failure.code)
}
