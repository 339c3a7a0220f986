//! The difference of two versions of a workspace, with the people who stand where it matters.

mod show;

pub use show::{json, text};

use crate::error::{CliError, Result};
use crate::wiring;
use staunch_core::codes;
use staunch_core::compare::{self, Change, Difference, Fate, fate, touched_steps};
use staunch_core::decide::{Existing, same_shape};
use staunch_core::workflow::Workflow;
use staunch_store::{Published, Standing};
use staunch_workflow::WorkspaceFile;
use std::collections::BTreeSet;
use std::path::Path;

/// What is compared with what.
#[derive(Debug, Default)]
pub struct Sides {
    /// The old version.
    pub from: String,
    /// The new version.
    pub to: String,
    /// What the policies differ in.
    pub policy: Vec<Difference>,
    /// What a reader has to know.
    pub notes: Vec<String>,
}

/// One workflow that differs, or in which people stand.
#[derive(Debug)]
pub struct Flow {
    /// Its name.
    pub name: String,
    /// New, gone or another; `None` where both versions are the same.
    pub change: Option<Change>,
    /// The old version's hash.
    pub from: Option<String>,
    /// The new version's hash.
    pub to: Option<String>,
    /// What differs.
    pub differences: Vec<Difference>,
    /// Who stands where in versions other than the new one.
    pub standing: Vec<Place>,
}

/// Runs that stand at one step of one version.
#[derive(Debug)]
pub struct Place {
    /// Where they stand.
    pub standing: Standing,
    /// What the new version does to the step: `None` = it is the same.
    pub change: Option<Change>,
    /// What each choice of `publish --existing` would do; `None` = it is refused.
    pub fates: Vec<(&'static str, Option<Fate>)>,
}

/// What the store of a workspace knows, or why nobody can tell.
pub struct Store {
    known: std::result::Result<(Published, Vec<Standing>), String>,
}

impl Store {
    /// Looks into the store of a workspace; an embedded one that is not there is not made.
    pub async fn look(dir: &Path, workspace: &WorkspaceFile) -> Store {
        let embedded = workspace.connections.database.is_none();
        if embedded && !dir.join(wiring::STATE).join("staunch.db").exists() {
            return Store { known: Err("nothing was published yet: there is no store".to_owned()) };
        }
        let read = async {
            let store = wiring::open_store(dir, workspace).await?.store;
            Ok::<_, CliError>((store.published().await?, store.standing(None).await?))
        };
        let known = read.await.map_err(|error| {
            let text = error.to_string();
            text.lines().next().unwrap_or_default().to_owned()
        });
        Store { known }
    }

    /// The current versions of what is published.
    ///
    /// # Errors
    /// Where nothing is, or nobody can tell.
    pub fn published(&self) -> Result<&[Workflow]> {
        match &self.known {
            Ok((published, _)) => Ok(&published.current),
            Err(why) => {
                let message = format!("there is nothing to compare with: {why}");
                Err(CliError::new(codes::CLI_UNKNOWN, message, "name a folder or a git revision with --against"))
            }
        }
    }

    /// Why nobody can say who stands where.
    pub fn note(&self) -> Option<String> {
        let why = self.known.as_ref().err()?;
        Some(format!("nobody can tell how many people stand at a changed step: {why}"))
    }

    /// Who stands in versions of a workflow other than `to`.
    fn standing(&self, name: &str, to: Option<&Workflow>) -> Vec<Place> {
        let Ok((published, standing)) = &self.known else { return Vec::new() };
        let own = standing.iter().filter(|one| one.workflow == name);
        let older = own.filter(|one| to.is_none_or(|to| to.version != one.version));
        let all = || published.current.iter().chain(&published.older);
        let version = |one: &Standing| all().find(|flow| flow.name == one.workflow && flow.version == one.version);
        let places = older.filter_map(|one| Some((one, version(one)?))).collect::<Vec<_>>();
        // `publish` patches all of a workflow or nothing of it.
        let current = published.current.iter().find(|flow| flow.name == name);
        let fits = |to: &Workflow| places.iter().map(|(_, from)| *from).chain(current).all(|from| same_shape(from, to));
        let patch = to.is_some_and(fits);
        places.into_iter().map(|(one, from)| place(one, from, to, patch)).collect()
    }
}

fn place(standing: &Standing, from: &Workflow, to: Option<&Workflow>, patch: bool) -> Place {
    let Some(to) = to else {
        // Nothing is published in its place: they finish what they began.
        let (standing, fates) = (standing.clone(), Vec::new());
        return Place { standing, change: Some(Change::Removed), fates };
    };
    let change = touched_steps(&compare::workflows(from, to)).get(&standing.step).copied();
    let fates = Existing::ALL.map(|(existing, word)| {
        let refused = existing == Existing::Patch && !patch;
        (word, (!refused).then(|| fate(existing, from, to, &standing.step)))
    });
    Place { standing: standing.clone(), change, fates: fates.to_vec() }
}

/// Every workflow of either side that differs, or in older versions of which people stand, by name.
pub fn flows(from: &[Workflow], to: &[Workflow], store: &Store) -> Vec<Flow> {
    let names: BTreeSet<&str> = from.iter().chain(to).map(|flow| flow.name.as_str()).collect();
    let of = |side: &'_ [Workflow], name: &str| side.iter().position(|flow| flow.name == name);
    let flow = |name: &str| {
        let (old, new) = (of(from, name).map(|at| &from[at]), of(to, name).map(|at| &to[at]));
        let (change, differences) = match (old, new) {
            (Some(old), Some(new)) => {
                let differences = compare::workflows(old, new);
                ((!differences.is_empty()).then_some(Change::Changed), differences)
            }
            (None, _) => (Some(Change::Added), Vec::new()),
            (_, None) => (Some(Change::Removed), Vec::new()),
        };
        let version = |flow: Option<&Workflow>| flow.map(|flow| flow.version.clone());
        let standing = store.standing(name, new);
        Flow { name: name.to_owned(), change, from: version(old), to: version(new), differences, standing }
    };
    let flows = names.into_iter().map(flow);
    flows.filter(|flow| flow.change.is_some() || !flow.standing.is_empty()).collect()
}
