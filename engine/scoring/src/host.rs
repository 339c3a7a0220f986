//! All plugins of a workspace, as `staunch.lock` pins them, behind the [`Scorer`] trait.

use crate::bindings::Manifest;
use crate::challenger::Challenger;
use crate::lock::{Lock, LockedPlugin, read_component, sha256_hex};
use crate::meter::PluginUsage;
use crate::plugin::Plugin;
use crate::problem::{PluginProblem, failure};
use crate::refusals::{Refusal, Subject};
use crate::sandbox::Sandbox;
use crate::scorer::Scorer;
use crate::trust::Trust;
use staunch_core::codes;
use staunch_core::score::{ScoreFailure, ScoreOutcome, ScoreRequest, Scored};
use staunch_core::value::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The loaded plugins by name; one that could not be loaded keeps its problem.
pub struct Host {
    plugins: BTreeMap<String, Result<Plugin, PluginProblem>>,
    /// What scores in their shadow; one with a problem is left out.
    challengers: BTreeMap<String, Challenger>,
    sandbox: Option<Arc<Sandbox>>,
}

impl Host {
    /// Loads every plugin of the lock from the workspace `dir`. A plugin with a problem does not keep the others from
    /// working: its rows fail with the problem's code.
    ///
    /// In a sandbox of its own that trusts nothing: [`Host::load_in`] takes another.
    pub fn load(dir: &Path, lock: &Lock) -> (Host, Vec<PluginProblem>) {
        Host::load_in(&Sandbox::new().map(Arc::new), dir, lock)
    }

    /// Loads every plugin of the lock into a sandbox, or into none where there is none.
    pub fn load_in(
        sandbox: &Result<Arc<Sandbox>, ScoreFailure>,
        dir: &Path,
        lock: &Lock,
    ) -> (Host, Vec<PluginProblem>) {
        let load = |&(name, locked): &(&String, &LockedPlugin)| match sandbox {
            Ok(sandbox) => load(sandbox, dir, name, locked),
            Err(failure) => Err(PluginProblem::new(name, failure.clone())),
        };
        let pinned: Vec<_> = lock.plugins.iter().collect();
        let plugins: BTreeMap<String, Result<Plugin, PluginProblem>> =
            lock.plugins.keys().cloned().zip(side_by_side(&pinned, load)).collect();
        let mut problems: Vec<PluginProblem> =
            plugins.values().filter_map(|loaded| loaded.as_ref().err().cloned()).collect();
        let mut challengers = BTreeMap::new();
        let pinned: Vec<_> = lock.challengers.iter().collect();
        for ((name, _), loaded) in pinned.iter().zip(side_by_side(&pinned, load)) {
            let Some(Ok(champion)) = plugins.get(*name) else { continue };
            match loaded.and_then(|plugin| challenger(plugin, champion)) {
                Ok(challenger) => {
                    challengers.insert((*name).clone(), challenger);
                }
                Err(problem) => problems.push(problem.challenger()),
            }
        }
        (Host { plugins, challengers, sandbox: sandbox.as_ref().ok().cloned() }, problems)
    }

    /// The challenger of a plugin, where it has one that is loaded.
    pub fn challenger(&self, name: &str) -> Option<&Plugin> {
        self.challengers.get(name).map(Challenger::plugin)
    }

    /// Refuses every plugin that the workspace `dir` does not trust: from then on its rows fail with the problem's code, and
    /// a challenger is left out.
    pub fn enforce(&mut self, dir: &Path, lock: &Lock, trust: &Trust) -> Vec<PluginProblem> {
        let mut problems = Vec::new();
        for (name, loaded) in self.plugins.iter_mut().filter(|(_, loaded)| loaded.is_ok()) {
            if let Some(problem) = lock.plugins.get(name).and_then(|locked| trust.problem(dir, name, locked, lock)) {
                *loaded = Err(problem.clone());
                problems.push(problem);
            }
        }
        self.challengers.retain(|name, _| {
            let problem = lock.challengers.get(name).and_then(|locked| trust.problem(dir, name, locked, lock));
            let fine = problem.is_none();
            problems.extend(problem.map(PluginProblem::challenger));
            fine
        });
        problems
    }

    /// What a plugin says of itself; `None` where it is not loaded.
    pub fn manifest(&self, plugin: &str) -> Option<&Manifest> {
        self.plugin(plugin).map(Plugin::manifest)
    }

    /// A loaded plugin.
    pub fn plugin(&self, name: &str) -> Option<&Plugin> {
        self.plugins.get(name)?.as_ref().ok()
    }

    /// Names of the plugins that are loaded.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.plugins.iter().filter(|(_, loaded)| loaded.is_ok()).map(|(name, _)| name.as_str())
    }
}

fn challenger(plugin: Plugin, champion: &Plugin) -> Result<Challenger, PluginProblem> {
    let name = plugin.manifest().name.clone();
    Challenger::new(plugin, champion).map_err(|text| PluginProblem::new(&name, failure(codes::PLUGIN_MANIFEST, text)))
}

/// Does the same for every item, on as many threads as there are processors; the results stand in the items' order.
fn side_by_side<T: Sync, R: Send>(items: &[T], one: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(items.len()).max(1);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(place) else { return done };
            done.push((place, one(item)));
        }
    };
    let mut done = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut done = work();
        for other in others {
            // A panic of one is a panic of all, as if there were one thread.
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

fn load(sandbox: &Arc<Sandbox>, dir: &Path, name: &str, locked: &LockedPlugin) -> Result<Plugin, PluginProblem> {
    let problem = |failure: ScoreFailure| PluginProblem::new(name, failure);
    let bytes = read_component(&dir.join(&locked.path)).map_err(problem)?;
    let digest = sha256_hex(&bytes);
    if digest != locked.sha256 {
        let message = format!("`{}` has sha256 {digest}, staunch.lock says {}", locked.path, locked.sha256);
        return Err(problem(failure(codes::PLUGIN_DIGEST, message)));
    }
    let plugin = Plugin::known(sandbox, Subject { plugin: name.to_owned(), digest }, &bytes)?;
    let manifest = plugin.manifest();
    if manifest.name != name || manifest.version != locked.version {
        let (found, version) = (&manifest.name, &manifest.version);
        let message = format!("the plugin is `{found}` {version}, staunch.lock says `{name}` {}", locked.version);
        return Err(problem(failure(codes::PLUGIN_MANIFEST, message)));
    }
    Ok(plugin)
}

impl Scorer for Host {
    fn score(&self, requests: &[ScoreRequest]) -> Vec<ScoreOutcome> {
        let mut by_plugin: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, request) in requests.iter().enumerate() {
            by_plugin.entry(&request.plugin).or_default().push(place);
        }
        let mut outcomes: Vec<Option<ScoreOutcome>> = vec![None; requests.len()];
        for (name, places) in by_plugin {
            match self.plugins.get(name) {
                Some(Ok(plugin)) => {
                    let rows: Vec<_> = places.iter().map(|&place| requests[place].inputs.as_slice()).collect();
                    for (answer, &place) in plugin.answers(&rows).into_iter().zip(&places) {
                        outcomes[place] = Some(plugin.outcome(answer));
                    }
                    self.shadow(name, &rows, &places, &mut outcomes);
                }
                Some(Err(problem)) => places.iter().for_each(|&place| outcomes[place] = Some(Err(problem.failure()))),
                None => places.iter().for_each(|&place| outcomes[place] = Some(Err(unlocked(name)))),
            }
        }
        let nothing = || Err(failure(codes::PLUGIN_OUTPUT, "the row was not answered"));
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(nothing)).collect()
    }

    fn usage(&self) -> Vec<PluginUsage> {
        let challengers = self.challengers.values().map(Challenger::plugin);
        self.plugins.values().flatten().chain(challengers).map(Plugin::usage).collect()
    }

    /// To its plugins, and to others of the same sandbox.
    fn refusals(&self) -> Vec<Refusal> {
        self.sandbox.as_ref().map(|sandbox| sandbox.refusals()).unwrap_or_default()
    }
}

impl Host {
    /// Lets the plugin's challenger note what it says of the rows at these places, where there is one.
    fn shadow(
        &self,
        name: &str,
        rows: &[&[(String, Option<Value>)]],
        places: &[usize],
        outcomes: &mut [Option<ScoreOutcome>],
    ) {
        let Some(challenger) = self.challengers.get(name) else { return };
        let mut of: Vec<Option<&mut Scored>> = (0..places.len()).map(|_| None).collect();
        // Places ascend, as the outcomes do.
        let mut next = 0;
        for (place, outcome) in outcomes.iter_mut().enumerate() {
            if places.get(next) == Some(&place) {
                of[next] = outcome.as_mut().and_then(|outcome| outcome.as_mut().ok());
                next += 1;
            }
        }
        challenger.shadow(rows, &mut of);
    }
}

fn unlocked(name: &str) -> ScoreFailure {
    failure(codes::PLUGIN_UNLOCKED, format!("plugin `{name}` is not in staunch.lock; run `staunch lock`"))
}
