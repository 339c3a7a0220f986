//! Which acknowledgements are sent: one for many messages wherever possible.
//!
//! The tags of a channel are 1, 2, 3 …, and one acknowledgement may cover all up to a tag. Several batches are worked on at
//! the same time and end in any order, so a tag waits until all before it are done. It does not wait for ever: where an
//! old batch takes long, what is done behind it is acknowledged tag by tag.

use std::collections::BTreeSet;

/// Tags that may wait for older ones.
const WAITING: usize = 512;

/// What was said of the tags of one channel.
#[derive(Debug, Default)]
pub(super) struct Acks {
    /// All tags up to this one are done.
    low: u64,
    /// Done above it, and not acknowledged yet.
    done: BTreeSet<u64>,
    /// Answered above it already.
    answered: BTreeSet<u64>,
}

/// One acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ack {
    pub tag: u64,
    /// All before it, too.
    pub multiple: bool,
}

impl Acks {
    /// These were handled; gives what is to be said now.
    pub(super) fn done(&mut self, tags: impl IntoIterator<Item = u64>) -> Vec<Ack> {
        self.done.extend(tags.into_iter().filter(|tag| *tag > self.low && !self.answered.contains(tag)));
        let mut acks: Vec<Ack> = self.advance().map(|tag| Ack { tag, multiple: true }).into_iter().collect();
        if self.done.len() > WAITING {
            acks.extend(self.done.iter().map(|tag| Ack { tag: *tag, multiple: false }));
            self.answered.append(&mut self.done);
        }
        acks
    }

    /// These were answered in another way: nobody is to acknowledge them any more.
    pub(super) fn answered(&mut self, tags: impl IntoIterator<Item = u64>) -> Option<Ack> {
        self.answered.extend(tags.into_iter().filter(|tag| *tag > self.low));
        self.advance().map(|tag| Ack { tag, multiple: true })
    }

    /// Moves `low` as far as it goes; gives the last tag on the way that still is to be acknowledged.
    fn advance(&mut self) -> Option<u64> {
        let mut last = None;
        loop {
            let next = self.low + 1;
            if self.done.remove(&next) {
                last = Some(next);
            } else if !self.answered.remove(&next) {
                return last;
            }
            self.low = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_word_covers_what_came_in_order() {
        let mut acks = Acks::default();
        assert_eq!(acks.done(1..=256), [Ack { tag: 256, multiple: true }]);
        assert_eq!(acks.done(300..=400), []);
        assert_eq!(acks.answered([257]), None);
        assert_eq!(acks.done(258..300), [Ack { tag: 400, multiple: true }]);
        assert_eq!(acks.done([7, 400]), []);
    }

    #[test]
    fn nobody_waits_for_ever() {
        let mut acks = Acks::default();
        assert_eq!(acks.done(2..=513), []);
        let said = acks.done([514]);
        assert!(said.len() == 513 && said.iter().all(|ack| !ack.multiple));
        assert_eq!(acks.done([1]), [Ack { tag: 1, multiple: true }]);
        assert_eq!(acks.done([515]), [Ack { tag: 515, multiple: true }]);
    }

    proptest! {
        /// Against a server that keeps a list of what is out: every tag is answered exactly once, and a word never covers
        /// a tag that is still worked on or names one that is not out.
        #[test]
        fn every_tag_is_acknowledged_once(order in Just((1u64..=1_500).collect::<Vec<_>>()).prop_shuffle(), cut in 1usize..200) {
            let (mut acks, mut out) = (Acks::default(), (1u64..=1_500).collect::<BTreeSet<u64>>());
            let mut handled = BTreeSet::new();
            for (number, batch) in order.chunks(cut).enumerate() {
                handled.extend(batch.iter().copied());
                let said = if number % 7 == 3 {
                    prop_assert!(batch.iter().all(|tag| out.remove(tag)));
                    acks.answered(batch.iter().copied()).into_iter().collect()
                } else {
                    acks.done(batch.iter().copied())
                };
                for ack in said {
                    prop_assert!(out.contains(&ack.tag), "{ack:?} is not out");
                    let covered: Vec<u64> = if ack.multiple { out.range(..=ack.tag).copied().collect() } else { vec![ack.tag] };
                    for tag in covered {
                        prop_assert!(handled.contains(&tag), "{tag} was not handled");
                        out.remove(&tag);
                    }
                }
            }
            prop_assert!(out.is_empty(), "{out:?}");
        }
    }
}
