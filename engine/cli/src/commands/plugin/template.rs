//! What the binary carries for a new plugin in Rust: the template, and the sources of the SDK.

/// A file: its path in the new project, and its content.
pub type Shipped = (&'static str, &'static [u8]);

macro_rules! shipped {
    ($($path:literal = $source:literal),+ $(,)?) => {
        &[$(($path, include_bytes!(concat!("../../../../../plugins/", $source)))),+]
    };
}

/// Files in which `{{name}}` and `{{field}}` stand for the plugin's name.
pub const TEMPLATE: &[Shipped] = shipped!(
    "Cargo.toml" = "template/Cargo.toml.in",
    "src/lib.rs" = "template/lib.rs.in",
    ".cargo/config.toml" = "template/config.toml.in",
    "golden.csv" = "template/golden.csv.in",
    "README.md" = "template/README.md.in",
    ".gitignore" = "template/gitignore.in",
);

/// The SDK without its tests.
pub const SDK: &[Shipped] = shipped!(
    "staunch-plugin/Cargo.toml" = "sdk/Cargo.toml",
    "staunch-plugin/src/lib.rs" = "sdk/src/lib.rs",
    "staunch-plugin/src/abi.rs" = "sdk/src/abi.rs",
    "staunch-plugin/src/about.rs" = "sdk/src/about.rs",
    "staunch-plugin/src/answer.rs" = "sdk/src/answer.rs",
    "staunch-plugin/src/columns.rs" = "sdk/src/columns.rs",
    "staunch-plugin/src/image.rs" = "sdk/src/image.rs",
    "staunch-plugin/src/macros.rs" = "sdk/src/macros.rs",
    "staunch-plugin/src/run.rs" = "sdk/src/run.rs",
    "staunch-plugin/src/world.bin" = "sdk/src/world.bin",
    "staunch-plugin/derive/Cargo.toml" = "sdk/derive/Cargo.toml",
    "staunch-plugin/derive/src/lib.rs" = "sdk/derive/src/lib.rs",
);

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn files(folder: &Path, found: &mut BTreeSet<String>, under: &str) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let name = format!("{under}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_file() {
                found.insert(name);
            } else if !name.contains("/tests") && !name.contains("/target") {
                files(&entry.path(), found, &name);
            }
        }
    }

    #[test]
    fn every_file_of_the_sdk_is_carried() {
        let mut found = BTreeSet::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/sdk");
        files(&root, &mut found, "staunch-plugin");
        let carried: BTreeSet<String> = SDK.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(carried, found);
    }
}
