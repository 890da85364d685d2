//! The order in which an epoch presents its images. It follows from seed and epoch alone, so that a run which is
//! resumed at batch `n` of an epoch meets the very batches that it would have met.

use rand::seq::SliceRandom as _;

use crate::rng;

/// The batches of one epoch. The last one is short where the images don't divide evenly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batches {
    order: Vec<usize>,
    batch: usize,
}

impl Batches {
    /// `indices` in the shuffled order of `epoch` under `seed` (Fisher-Yates), in batches of `batch`.
    ///
    /// # Panics
    /// Where `batch` is 0, which a checked circuit can't ask for.
    #[must_use]
    pub fn new(indices: &[usize], batch: usize, seed: u64, epoch: u64) -> Self {
        let mut batches = Self::in_order(indices, batch);
        batches.order.shuffle(&mut rng::stream_at(seed, "shuffle", epoch));
        batches
    }

    /// `indices` as they are, in batches of `batch`: for evaluation.
    ///
    /// # Panics
    /// Where `batch` is 0.
    #[must_use]
    pub fn in_order(indices: &[usize], batch: usize) -> Self {
        assert!(batch > 0, "a batch holds at least one image");
        Self { order: indices.to_vec(), batch }
    }

    /// Number of batches.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len().div_ceil(self.batch)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The images of batch `n`.
    ///
    /// # Panics
    /// Where there is no such batch.
    #[must_use]
    pub fn get(&self, n: usize) -> &[usize] {
        assert!(n < self.len(), "batch {n} of {}", self.len());
        &self.order[n * self.batch..((n + 1) * self.batch).min(self.order.len())]
    }

    /// All batches, in order.
    pub fn iter(&self) -> std::slice::Chunks<'_, usize> {
        self.order.chunks(self.batch)
    }
}

impl<'a> IntoIterator for &'a Batches {
    type Item = &'a [usize];
    type IntoIter = std::slice::Chunks<'a, usize>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
