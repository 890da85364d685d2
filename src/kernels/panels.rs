//! Synapses in the order in which products of many samples use them.
//!
//! A panel has some neighbouring columns of every row, and panels stand one behind the other. While all samples of a shard
//! pass by, a product reads one panel: a stretch of memory without gaps, which the second-level cache holds. Read from whole
//! rows, the same columns would lie on as many pages of memory as there are presynaptic neurons.

use super::lanes::{LANES, Vector};
use std::ops::Range;

/// Vectors of a panel at the most: as many sums of one sample stay in registers. With fewer than eight or so a core waits
/// for one term before it can add the next, so that columns are spread evenly over panels.
pub(super) const WIDEST: usize = if LANES == 8 { 12 } else { 8 };

/// A copy of synapses `[n, m]` in panels of about the same width; the last is filled up with zeros to whole vectors.
#[derive(Debug, Clone)]
pub struct Panels {
    n: usize,
    m: usize,
    /// In vectors, so that none lies across two cache lines, which would cost two loads.
    vectors: Vec<Vector>,
}

/// Some columns of all rows.
#[derive(Debug, Clone)]
pub(super) struct Panel<'a> {
    /// `[n, stride]`
    pub(super) values: &'a [f32],
    /// From one presynaptic neuron to the next: whole vectors.
    pub(super) stride: usize,
    /// The columns that it has, without those that fill it up.
    pub(super) columns: Range<usize>,
}

impl Panels {
    /// Those of `rows` `[n, m]`.
    ///
    /// # Panics
    /// Where `rows` has another size: a bug of the caller.
    #[must_use]
    pub fn new(rows: &[f32], n: usize, m: usize) -> Self {
        let mut panels = Self { n, m, vectors: vec![Vector::ZERO; n * m.div_ceil(LANES)] };
        panels.copy_from(rows);
        panels
    }

    /// Becomes those of other rows of the same shape.
    ///
    /// # Panics
    /// Where `rows` has another size: a bug of the caller.
    pub fn copy_from(&mut self, rows: &[f32]) {
        let (n, m) = (self.n, self.m);
        assert_eq!(rows.len(), n * m, "synapses of panels");
        let mut values: &mut [f32] = bytemuck::cast_slice_mut(&mut self.vectors);
        for columns in cut(m) {
            let stride = columns.len().next_multiple_of(LANES);
            let (panel, rest) = values.split_at_mut(n * stride);
            for (to, from) in panel.chunks_exact_mut(stride).zip(rows.chunks_exact(m)) {
                to[..columns.len()].copy_from_slice(&from[columns.clone()]);
            }
            values = rest;
        }
    }

    /// `[n, m]`
    pub(super) fn shape(&self) -> (usize, usize) {
        (self.n, self.m)
    }

    /// Panel by panel.
    pub(super) fn each(&self) -> impl Iterator<Item = Panel<'_>> {
        let values: &[f32] = bytemuck::cast_slice(&self.vectors);
        cut(self.m).map(|columns| {
            let stride = columns.len().next_multiple_of(LANES);
            Panel { values: &values[self.n * columns.start..][..self.n * stride], stride, columns }
        })
    }
}

/// The columns of each panel.
fn cut(m: usize) -> impl Iterator<Item = Range<usize>> {
    even(m.div_ceil(LANES), WIDEST).map(move |vectors| vectors.start * LANES..m.min(vectors.end * LANES))
}

/// Parts of `whole`, `largest` at the most, that differ by one at the most.
fn even(whole: usize, largest: usize) -> impl Iterator<Item = Range<usize>> {
    let count = whole.div_ceil(largest);
    (0..count).map(move |part| whole * part / count..whole * (part + 1) / count)
}

impl Panel<'_> {
    /// Strips of about the same size, `widest` vectors at the most: the first column of each in the panel, and its vectors.
    pub(super) fn strips(&self, widest: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        even(self.stride / LANES, widest).map(|strip| (strip.start * LANES, strip.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_hold_every_synapse_once_in_whole_vectors() {
        for (n, m) in [(1, 1), (3, 8), (5, 27), (7, 96), (130, 97), (29, 200), (4, 784)] {
            let rows: Vec<f32> = (0..n * m).map(|i| i as f32).collect();
            let mut panels = Panels::new(&rows, n, m);
            let mut seen = 0;
            for panel in panels.each() {
                assert_eq!(panel.values.as_ptr() as usize % size_of::<Vector>(), 0);
                let strips: usize = panel.strips(5).map(|(_, vectors)| vectors).sum();
                assert_eq!(strips * LANES, panel.stride);
                for (j, row) in panel.values.chunks_exact(panel.stride).enumerate() {
                    for (c, value) in row.iter().enumerate() {
                        let there = c < panel.columns.len();
                        assert_eq!(*value, if there { rows[j * m + panel.columns.start + c] } else { 0.0 });
                        seen += usize::from(there);
                    }
                }
            }
            assert_eq!(seen, n * m, "{n} {m}");
            panels.copy_from(&vec![2.0; n * m]);
            assert!(panels.each().all(|panel| panel.values[..panel.columns.len()].iter().all(|value| *value == 2.0)));
        }
    }
}
