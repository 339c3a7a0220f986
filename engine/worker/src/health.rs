//! What each loop last said of itself, for `/readyz`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The state of the loops of one process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<BTreeMap<&'static str, Option<String>>>>);

impl Health {
    /// A loop did its work.
    pub fn fine(&self, name: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, None);
    }

    /// A loop could not do its work.
    pub fn broken(&self, name: &'static str, why: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, Some(why));
    }

    /// Each loop with what keeps it from working; `None` = fine.
    pub fn parts(&self) -> BTreeMap<&'static str, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
