//! What holds of the repository itself: which crate may use which, how large a file may grow, what no source may say,
//! and that the documents name only what exists. Only files that git tracks count.

mod bans;
mod codes;
mod crates;
mod deploy;
mod documents;
mod logs;
mod rust;
mod sizes;
mod tree;

/// Fails with every problem at once, so that one run shows all there is to mend.
fn none(problems: &[String], rule: &str) {
    assert!(problems.is_empty(), "{rule}:\n  {}", problems.join("\n  "));
}
