//! Synapses in the order in which products of many samples use them.
//!
//! A panel has some neighbouring columns of every row, and panels stand one behind the other. While all samples of a shard
//! pass by, a product reads one panel: a stretch of memory without gaps, which the second-level cache holds. Read from whole
//! rows, the same columns would lie on as many pages of memory as there are presynaptic neurons.

use super::lanes::LANES;
use std::ops::Range;
use wide::f32x16;

/// Columns of a panel, if there are as many: twelve vectors, six cache lines.
pub(super) const WIDTH: usize = 12 * LANES;

/// Entries of a cache line. Storage starts at one, since a vector that lies across two of them costs two loads.
const LINE: usize = 16;

/// A copy of synapses `[n, m]` in panels, the last of which may be narrower and is filled up with zeros to whole vectors.
#[derive(Debug, Clone)]
pub struct Panels {
    n: usize,
    m: usize,
    lines: Vec<f32x16>,
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
        let size = n * m.next_multiple_of(LANES);
        let mut panels = Self { n, m, lines: vec![f32x16::ZERO; size.div_ceil(LINE)] };
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
        let values: &mut [f32] = bytemuck::cast_slice_mut(&mut self.lines);
        for (panel, first) in values.chunks_mut(n * WIDTH).zip((0..m).step_by(WIDTH)) {
            let width = WIDTH.min(m - first);
            let stride = width.next_multiple_of(LANES);
            for (to, from) in panel.chunks_exact_mut(stride).zip(rows.chunks_exact(m)) {
                to[..width].copy_from_slice(&from[first..first + width]);
            }
        }
    }

    /// `[n, m]`
    pub(super) fn shape(&self) -> (usize, usize) {
        (self.n, self.m)
    }

    /// Panel by panel.
    pub(super) fn each(&self) -> impl Iterator<Item = Panel<'_>> {
        let (n, m) = (self.n, self.m);
        let values: &[f32] = bytemuck::cast_slice(&self.lines);
        (0..m).step_by(WIDTH).map(move |first| {
            let columns = first..m.min(first + WIDTH);
            let stride = columns.len().next_multiple_of(LANES);
            Panel { values: &values[n * first..][..n * stride], stride, columns }
        })
    }
}

impl Panel<'_> {
    /// Strips of about the same size, `widest` vectors at the most: the first column of each in the panel, and its vectors.
    pub(super) fn strips(&self, widest: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let vectors = self.stride / LANES;
        let count = vectors.div_ceil(widest);
        (0..count).map(move |strip| {
            let (from, to) = (vectors * strip / count, vectors * (strip + 1) / count);
            (from * LANES, to - from)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_hold_every_synapse_once_from_a_cache_line_on() {
        for (n, m) in [(1, 1), (3, 8), (5, 27), (7, 96), (130, 97), (29, 200), (4, 784)] {
            let rows: Vec<f32> = (0..n * m).map(|i| i as f32).collect();
            let mut panels = Panels::new(&rows, n, m);
            let mut seen = 0;
            for panel in panels.each() {
                assert_eq!(panel.values.as_ptr() as usize % 64, 0);
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
