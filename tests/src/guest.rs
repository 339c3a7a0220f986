//! Plugins in Rust, made and built as their authors do: by `staunch plugin new` and `staunch plugin build`.

use crate::bin::{Answer, root, staunch};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// The environment in which `staunch plugin build` finds a Rust for plugins. The first call on a machine may take a minute.
pub fn guests() -> Vec<(String, String)> {
    let made = Command::new(root().join("tests/wasm-target")).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let path = String::from_utf8(made.stdout).unwrap().trim().to_owned();
    vec![("STAUNCH_WASM_ENV".into(), path)]
}

/// A new plugin in a folder of its own.
pub struct Guest {
    folder: TempDir,
    name: String,
}

impl Guest {
    /// As `staunch plugin new` makes it.
    pub fn new(name: &str) -> Guest {
        let guest = Guest { folder: tempfile::tempdir().unwrap(), name: name.to_owned() };
        staunch(&["plugin", "new", guest.dir().to_str().unwrap()], &[]).ok();
        guest
    }

    /// Its folder.
    pub fn dir(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    /// Where its component goes.
    pub fn component(&self) -> PathBuf {
        self.folder.path().join(format!("{}.wasm", self.name))
    }

    /// The same with one text of its source for another.
    pub fn with(self, from: &str, to: &str) -> Guest {
        let path = self.dir().join("src/lib.rs");
        let source = std::fs::read_to_string(&path).unwrap();
        assert!(source.contains(from), "the template does not hold {from}");
        std::fs::write(path, source.replace(from, to)).unwrap();
        self
    }

    /// Builds it.
    pub fn build(&self) -> Answer {
        let (dir, out) = (self.dir(), self.component());
        staunch(&["plugin", "build", dir.to_str().unwrap(), "-o", out.to_str().unwrap()], &guests())
    }

    /// Builds it even where it fails the first look at it, which it must.
    pub fn forced(&self) -> Answer {
        let (dir, out) = (self.dir(), self.component());
        staunch(&["plugin", "build", dir.to_str().unwrap(), "-o", out.to_str().unwrap(), "--force"], &guests()).exit(1)
    }

    /// Checks what was built.
    pub fn check(&self, args: &[&str]) -> Answer {
        let component = self.component();
        staunch(&[&["plugin", "check", component.to_str().unwrap()], args].concat(), &[])
    }
}
