//! `staunch lock`: pins the plugins of a workspace.

use crate::app::Dir;
use crate::error::{CliError, Result};
use crate::load::{LOCK_FILE, trust_of};
use crate::output;
use clap::Args;
use staunch_scoring::{Lock as Pins, LockedPlugin};
use std::collections::BTreeMap;

/// Pins every plugin under `plugins/` with its version and sha256 in `staunch.lock`, and says what changed.
///
/// Example: staunch lock examples/retail
#[derive(Debug, Args)]
pub struct Lock {
    #[command(flatten)]
    dir: Dir,
}

/// Runs the command.
pub fn run(args: &Lock) -> Result<bool> {
    let dir = &args.dir.dir;
    let (mut pins, mut problems) = Pins::pin_in(&crate::host::sandbox(dir), dir);
    if let Some(trust) = trust_of(dir)? {
        let (signers, refused) = trust.signers(dir, &pins);
        pins.signed_by.extend(signers);
        problems.extend(refused);
    }
    for problem in &problems {
        output::say(&format!("error {problem}\n  next: {}", problem.help));
    }
    if !problems.is_empty() {
        output::say("nothing was written");
        return Ok(false);
    }
    let path = dir.join(LOCK_FILE);
    // A lock file that cannot be read is written again; that is what its error says.
    let old = std::fs::read(&path).ok().and_then(|bytes| Pins::read(&bytes).ok()).unwrap_or_default();
    std::fs::write(&path, pins.write()).map_err(|error| CliError::file(&path, &error))?;
    for line in changes(&old, &pins) {
        output::say(&line);
    }
    output::say(&format!("{} pinned in {}", counted(&pins), path.display()));
    Ok(true)
}

/// How many components of each kind a lock names.
fn counted(pins: &Pins) -> String {
    let plugins = output::of(pins.plugins.len() as u64, "plugin");
    match pins.challengers.len() as u64 {
        0 => plugins,
        some => format!("{plugins} and {}", output::of(some, "challenger")),
    }
}

/// Every component of a lock by what it is: a plugin, or the challenger of one.
fn components(pins: &Pins) -> BTreeMap<String, &LockedPlugin> {
    let plugins = pins.plugins.iter().map(|(name, plugin)| (name.clone(), plugin));
    let challengers = pins.challengers.iter().map(|(name, plugin)| (format!("{name} (challenger)"), plugin));
    plugins.chain(challengers).collect()
}

/// In front of what stands below a component: a digest is nearly as wide as a terminal.
const BELOW: &str = "  ";

/// A line per component: what became of it since the old lock file, and its digest below.
fn changes(old: &Pins, new: &Pins) -> Vec<String> {
    let (before, after) = (components(old), components(new));
    let known = |(name, plugin): (&String, &&LockedPlugin)| {
        let now = format!("{name} {}\n{BELOW}sha256 {}", plugin.version, plugin.sha256);
        let Some(before) = before.get(name) else { return format!("added     {now}") };
        let parts = differences(before, signer(old, before), plugin, signer(new, plugin));
        match parts.is_empty() {
            true => format!("unchanged {now}"),
            false => format!("changed   {now}\n{BELOW}{}", parts.join(&format!("\n{BELOW}"))),
        }
    };
    let removed = before.iter().filter(|(name, _)| !after.contains_key(*name));
    let removed = removed.map(|(name, plugin)| format!("removed   {name} {}", plugin.version));
    after.iter().map(known).chain(removed).collect()
}

fn differences(before: &LockedPlugin, signed: &str, now: &LockedPlugin, signs: &str) -> Vec<String> {
    let mut parts = Vec::new();
    if before.version != now.version {
        parts.push(format!("version was {}", before.version));
    }
    if before.sha256 != now.sha256 {
        parts.push(format!("sha256 was {}", before.sha256));
        if before.version == now.version {
            parts.push("with the same version".to_owned());
        }
    }
    if signed != signs {
        parts.push(format!("signed by {signs}, was {signed}"));
    }
    if before.path != now.path {
        parts.push(format!("file was {}", before.path));
    }
    parts
}

fn signer<'a>(pins: &'a Pins, plugin: &LockedPlugin) -> &'a str {
    pins.signed_by.get(&plugin.sha256).map_or("nobody", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pins(plugins: &[(&str, &str, &str)]) -> Pins {
        let mut pins = Pins::default();
        for (name, version, sha256) in plugins {
            let path = format!("plugins/{name}.wasm");
            let plugin = LockedPlugin { version: (*version).into(), sha256: (*sha256).into(), path };
            pins.plugins.insert((*name).into(), plugin);
        }
        pins
    }

    #[test]
    fn each_plugin_says_what_became_of_it() {
        let old = pins(&[("a", "1", "aa"), ("b", "1", "bb"), ("c", "1", "cc"), ("d", "1", "dd")]);
        let new = pins(&[("a", "1", "aa"), ("b", "2", "b2"), ("c", "1", "c2"), ("e", "1", "ee")]);
        let expected = [
            "unchanged a 1\n  sha256 aa",
            "changed   b 2\n  sha256 b2\n  version was 1\n  sha256 was bb",
            "changed   c 1\n  sha256 c2\n  sha256 was cc\n  with the same version",
            "added     e 1\n  sha256 ee",
            "removed   d 1",
        ];
        assert_eq!(changes(&old, &new), expected);
        let mut signed = old.clone();
        signed.signed_by.insert("aa".into(), "k".into());
        assert_eq!(changes(&old, &signed)[0], "changed   a 1\n  sha256 aa\n  signed by k, was nobody");
        let mut more = old;
        more.challengers.insert("a".into(), more.plugins["a"].clone());
        assert_eq!(
            (counted(&more), counted(&pins(&[("a", "1", "aa")]))),
            ("4 plugins and 1 challenger".into(), "1 plugin".into())
        );
    }
}
