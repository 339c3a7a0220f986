//! Contacts as this worker last committed them, so that one who comes again soon need not be read and parsed.
//!
//! It decides nothing: the commit compares versions, so a contact that somebody else changed meanwhile loses, is dropped
//! here, and is loaded. Where that happens often (another worker takes the same contacts' events), the cache rests.

use lru::LruCache;
use staunch_core::contact::Contact;
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Contacts that are kept at most: a few kilobytes each.
const KEPT: NonZeroUsize = NonZeroUsize::new(20_000).unwrap();
/// A contact with more facts than this is loaded each time, so that few large ones cannot fill the memory.
const MOST_FACTS: usize = 1_000;
/// Of so many looks at the cache or more, one stale contact in five makes it rest.
const LOOKS: usize = 16;
/// Batches for which it rests.
const REST: u32 = 64;

/// Contacts with the version of their row.
pub(crate) struct Contacts(Mutex<Kept>);

struct Kept {
    contacts: LruCache<String, (Contact, i64)>,
    rest: u32,
}

impl Contacts {
    pub fn new() -> Contacts {
        Contacts(Mutex::new(Kept { contacts: LruCache::new(KEPT), rest: 0 }))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes those of `ids` out that are here, and leaves the others in `ids`.
    pub fn take(&self, ids: &mut Vec<String>) -> HashMap<String, (Contact, i64)> {
        let mut kept = self.kept();
        if kept.rest > 0 {
            kept.rest -= 1;
            return HashMap::new();
        }
        let mut taken = HashMap::new();
        ids.retain(|id| match kept.contacts.pop_entry(id.as_str()) {
            Some((id, known)) => {
                taken.insert(id, known);
                false
            }
            None => true,
        });
        taken
    }

    /// Keeps contacts as they were committed, with the version of that commit.
    pub fn put(&self, committed: impl IntoIterator<Item = (Contact, i64)>) {
        let mut kept = self.kept();
        if kept.rest > 0 {
            return;
        }
        for (contact, version) in committed {
            if contact.facts.logs().map(|log| log.entries.len()).sum::<usize>() <= MOST_FACTS {
                kept.contacts.put(contact.id.clone(), (contact, version));
            }
        }
    }

    /// Learns how many of the contacts that one batch took were stale.
    pub fn learn(&self, taken: usize, stale: usize) {
        if taken >= LOOKS && stale * 5 > taken {
            let mut kept = self.kept();
            kept.contacts.clear();
            kept.rest = REST;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use staunch_core::facts::FactKey;
    use staunch_core::{Span, Time};

    fn ids(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_contact_is_taken_once_until_it_is_committed_again() {
        let cache = Contacts::new();
        cache.put([(Contact::new("a"), 7)]);
        let mut wanted = ids(&["a", "b"]);
        assert_eq!(cache.take(&mut wanted)["a"].1, 7);
        assert_eq!(wanted, ["b"]);
        assert!(cache.take(&mut ids(&["a"])).is_empty());
    }

    #[test]
    fn it_rests_where_others_change_the_same_contacts() {
        let cache = Contacts::new();
        cache.put([(Contact::new("a"), 1)]);
        cache.learn(LOOKS - 1, LOOKS - 1);
        cache.learn(100, 20);
        assert_eq!(cache.take(&mut ids(&["a"])).len(), 1);
        cache.learn(100, 21);
        for _ in 0..REST {
            cache.put([(Contact::new("a"), 2)]);
            assert!(cache.take(&mut ids(&["a"])).is_empty());
        }
        cache.put([(Contact::new("a"), 3)]);
        assert_eq!(cache.take(&mut ids(&["a"])).len(), 1);
    }

    #[test]
    fn large_contacts_are_not_kept() {
        let (cache, mut large) = (Contacts::new(), Contact::new("a"));
        for at in 0..=MOST_FACTS {
            large.facts.add(FactKey::of([0; 16], false), Time(at as i64), 1.0, Span::days(1));
        }
        cache.put([(large, 1)]);
        assert!(cache.take(&mut ids(&["a"])).is_empty());
    }
}
