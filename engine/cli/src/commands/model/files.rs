//! The files of the model commands. Those that are written are looked at before the work and come into being behind it,
//! each as a whole: after an error there is what was there before.

use super::about;
use crate::app;
use crate::error::{CliError, Result};
use staunch_models::{Table, TableOptions};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// What a kit consists of besides golden vectors.
pub(super) const KIT: [&str; 3] = [CARD, EVALUATION, PICTURE];
pub(super) const CARD: &str = "card.md";
pub(super) const EVALUATION: &str = "evaluation.json";
pub(super) const PICTURE: &str = "calibration.svg";
pub(super) const GOLDEN: &str = "golden.csv";

/// The training table of a file.
pub(super) fn table(path: &Path, options: &TableOptions) -> Result<Table> {
    let failed = |error: io::Error| CliError::file(path, &error);
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    Table::read_csv(file, options).map_err(|error| about(path, &error))
}

/// Looks whether all files can be written: none is read, none is another one of them.
pub(super) fn writable(file: Option<&Path>, kit: Option<(&Path, &[&str])>, read: &[&Path]) -> Result<()> {
    let folder = kit.map_or(Path::new(""), |(folder, _)| folder);
    if folder.exists() && !folder.is_dir() {
        return Err(CliError::file(folder, &io::ErrorKind::NotADirectory.into()));
    }
    let parts: Vec<PathBuf> =
        kit.iter().flat_map(|(folder, names)| names.iter().map(|name| folder.join(name))).collect();
    for part in &parts {
        if let Some(file) = file.filter(|file| app::same_file(file, part) || *file == part) {
            let message = format!("{} is a file of the kit as well", file.display());
            return Err(CliError::usage(message, "name another file for --output, or another folder for --kit"));
        }
        if folder.exists() {
            app::writable(part, read)?;
        }
    }
    file.map_or(Ok(()), |file| app::writable(file, read))
}

/// Writes a file as a whole or not at all.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    // Through links, as the file that is there stays the one that is meant.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let there = fs::metadata(&real).ok();
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        return fs::write(path, bytes).map_err(|error| CliError::file(path, &error));
    }
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    let part = real.with_file_name(format!(".{name}.{}", std::process::id()));
    let kept = |there: fs::Metadata| fs::set_permissions(&part, there.permissions());
    let written =
        fs::write(&part, bytes).and_then(|()| there.map_or(Ok(()), kept)).and_then(|()| fs::rename(&part, &real));
    written.map_err(|error| {
        // What is left of it is of no use; that it cannot be removed changes nothing.
        let _ = fs::remove_file(&part);
        CliError::file(path, &error)
    })
}

/// Writes all files of a kit.
pub(super) fn write_kit(folder: &Path, files: &[(&str, Vec<u8>)]) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| CliError::file(folder, &error))?;
    files.iter().try_for_each(|(name, bytes)| write(&folder.join(name), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_keeps_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("old"), "before").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(path("old"), fs::Permissions::from_mode(0o640)).unwrap();
            std::os::unix::fs::symlink(path("old"), path("link")).unwrap();
            write(&path("link"), b"behind").unwrap();
            assert!(path("link").is_symlink());
            assert_eq!(fs::metadata(path("old")).unwrap().permissions().mode() & 0o777, 0o640);
            assert_eq!(fs::read(path("old")).unwrap(), b"behind");
        }
        write(&path("old"), b"after").unwrap();
        assert_eq!(fs::read(path("old")).unwrap(), b"after");
        assert!(write(&path("none/file"), b"").is_err());
        let names = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, if cfg!(unix) { 2 } else { 1 }, "nothing is left beside them");
    }

    #[test]
    fn no_file_is_written_over_another_of_the_same_command() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("evaluation.json"), "rows").unwrap();
        let kit = |folder: &'static str| path(folder);
        let check = |file: &str, at: &Path, read: &str| {
            writable(Some(&path(file)), Some((at, &KIT)), &[&path(read)]).map_err(|error| error.to_string())
        };
        assert_eq!(check("model.json", folder.path(), "rows.csv"), Ok(()));
        assert!(check("card.md", folder.path(), "rows.csv").unwrap_err().contains("a file of the kit as well"));
        assert!(check("new/card.md", &kit("new"), "rows.csv").unwrap_err().contains("a file of the kit as well"));
        assert!(check("model.json", folder.path(), "evaluation.json").unwrap_err().contains("would be lost"));
        assert!(check("model.json", &kit("evaluation.json"), "rows.csv").unwrap_err().contains("ST7011"));
        assert_eq!(fs::read(path("evaluation.json")).unwrap(), b"rows");
    }
}
