//! What an inlet knows of its sender: up to which message nothing is missing.
//!
//! A whole message makes all before it good for nothing. One that carries some components leaves the inlet in want of
//! all before it that are still under way, and of each lost one until newer messages have told all that it told.

use std::collections::{BTreeMap, HashSet};

/// What a message carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Parts {
    /// All components.
    All,
    /// Some, by sample and neuron.
    Some(Vec<u64>),
}

/// What an inlet knows.
#[derive(Debug, Clone)]
pub(super) struct Knowledge {
    /// Whether messages are whole vectors.
    whole: bool,
    /// The newest message that was handed over, where messages are whole.
    newest: u64,
    /// Messages under way, with what they carry.
    under_way: BTreeMap<u64, Parts>,
    /// Lost messages, with what nobody has told since.
    lost: BTreeMap<u64, HashSet<u64>>,
}

impl Knowledge {
    pub(super) fn new(whole: bool) -> Self {
        Self { whole, newest: 0, under_way: BTreeMap::new(), lost: BTreeMap::new() }
    }

    /// Whether messages are whole vectors, so that it need not be told what was sent.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// The sender sent a message.
    pub(super) fn send(&mut self, number: u64, lost: bool, parts: Parts) {
        match (lost, parts) {
            (false, parts) => {
                self.under_way.insert(number, parts);
            }
            (true, Parts::Some(parts)) if parts.is_empty() => {}
            (true, Parts::Some(parts)) => {
                self.lost.insert(number, parts.into_iter().collect());
            }
            // Which of the components of a lost whole vector had moved is not known here: another one makes up for it.
            (true, Parts::All) => {
                self.lost.insert(number, HashSet::from([u64::MAX]));
            }
        }
    }

    /// A message was handed over.
    pub(super) fn hand(&mut self, number: u64) {
        self.newest = self.newest.max(number);
        match self.under_way.remove(&number) {
            Some(Parts::All) => {
                self.under_way = self.under_way.split_off(&number);
                self.lost = self.lost.split_off(&number);
            }
            Some(Parts::Some(told)) if !self.lost.is_empty() => {
                for (_, missing) in self.lost.range_mut(..number) {
                    missing.retain(|part| !told.contains(part));
                }
                self.lost.retain(|_, missing| !missing.is_empty());
            }
            Some(Parts::Some(_)) | None => {}
        }
    }

    /// The newest message before which, itself included, nothing is missing, of the `sent` that were sent.
    pub(super) fn complete(&self, sent: u64) -> u64 {
        if self.whole {
            return self.newest;
        }
        let first = [self.under_way.keys().next(), self.lost.keys().next()].into_iter().flatten().min();
        first.map_or(sent, |missing| missing - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_holds_knowledge_back() {
        let mut known = Knowledge::new(false);
        let some = |parts: &[u64]| Parts::Some(parts.to_vec());
        known.send(1, false, some(&[1, 2]));
        known.send(2, true, some(&[3, 4]));
        known.send(3, false, some(&[3]));
        assert_eq!(known.complete(3), 0);
        known.hand(3);
        known.hand(1);
        assert_eq!(known.complete(3), 1, "4 was lost");
        known.send(4, false, some(&[4, 9]));
        known.hand(4);
        assert_eq!(known.complete(4), 4);
        known.send(5, true, some(&[]));
        assert_eq!(known.complete(5), 5, "what told nothing is not missed");
        known.send(6, true, Parts::All);
        known.send(7, false, some(&[1]));
        known.hand(7);
        assert_eq!(known.complete(7), 5);
        known.send(8, false, Parts::All);
        known.hand(8);
        assert_eq!(known.complete(8), 8, "a whole message makes up for all before it");
    }
}
