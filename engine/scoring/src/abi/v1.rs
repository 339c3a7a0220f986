//! `staunch:scoring@1.x`: its types are those of the host.

use super::{Abi, Guest, Major, Scored, not_quick};
use crate::bindings::{Column, Flat, FlatGuest, FlatIndices, Manifest, Scorer, ScorerIndices};
use crate::limits::Limits;
use wasmtime::Store;
use wasmtime::component::{Component, Instance, InstancePre};

pub const MAJOR: Major = Major { number: 1, find };

/// The interface that a plugin may export as well.
const VALUES: &str = "staunch:scoring/values@1.0.0";

struct Functions {
    plugin: ScorerIndices,
    flat: Option<FlatIndices>,
}

struct Started {
    plugin: Scorer,
    flat: Option<Flat>,
}

fn find(component: &Component, pre: &InstancePre<Limits>) -> wasmtime::Result<Box<dyn Abi>> {
    let plugin = ScorerIndices::new(pre)?;
    let flat = component.get_export_index(None, VALUES).map(|_| FlatIndices::new(pre)).transpose()?;
    Ok(Box::new(Functions { plugin, flat }))
}

impl Abi for Functions {
    fn is_quick(&self) -> bool {
        self.flat.is_some()
    }

    fn start(&self, store: &mut Store<Limits>, instance: &Instance) -> wasmtime::Result<Box<dyn Guest>> {
        let plugin = self.plugin.load(&mut *store, instance)?;
        let flat = self.flat.as_ref().map(|flat| flat.load(&mut *store, instance)).transpose()?;
        Ok(Box::new(Started { plugin, flat }))
    }
}

impl Started {
    fn flat(&self) -> wasmtime::Result<&FlatGuest> {
        self.flat.as_ref().map(Flat::staunch_scoring_values).ok_or_else(not_quick)
    }
}

impl Guest for Started {
    fn describe(&self, store: &mut Store<Limits>) -> wasmtime::Result<Manifest> {
        self.plugin.staunch_scoring_plugin().call_describe(store)
    }

    fn score_batch(&self, store: &mut Store<Limits>, rows: u32, columns: &[Column]) -> wasmtime::Result<Scored> {
        self.plugin.staunch_scoring_plugin().call_score_batch(store, rows, columns)
    }

    fn texts(&self, store: &mut Store<Limits>) -> wasmtime::Result<Vec<Vec<String>>> {
        self.flat()?.call_texts(store)
    }

    fn values(
        &self,
        store: &mut Store<Limits>,
        rows: u32,
        numbers: &[f64],
        explains: bool,
    ) -> wasmtime::Result<Vec<f64>> {
        let flat = self.flat()?;
        if explains {
            flat.call_explain_values(store, rows, numbers)
        } else {
            flat.call_score_values(store, rows, numbers)
        }
    }
}
