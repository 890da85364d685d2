//! Synapses in the order in which a product of many samples uses them.
//!
//! Synapses of a circuit don't fit into the caches of one core, and rows that are read piece by piece come slowly. So they
//! are read once, from front to back, and copied into panels of a few columns, each small enough to stay in the
//! first-level cache while all samples pass by.

use super::block::Rows;
use super::lanes::LANES;
use std::ops::Range;

/// Presynaptic neurons and columns that are in panels at one time: at most 400 KiB, which the second-level cache has.
const DEPTH: usize = 128;
const COLUMNS: usize = 800;

/// Panels of `W` columns, the last of which may be narrower; `W` is a multiple of [`LANES`].
#[derive(Debug, Clone, Default)]
pub(super) struct Panels<const W: usize> {
    values: Vec<f32>,
    /// Presynaptic neurons in the panels now.
    depth: usize,
    columns: Range<usize>,
}

impl<const W: usize> Panels<W> {
    /// Presynaptic neurons of `n` in parts of about the same size.
    pub(super) fn depths(n: usize) -> impl Iterator<Item = Range<usize>> {
        let parts = n.div_ceil(DEPTH);
        (0..parts).map(move |part| n * part / parts..n * (part + 1) / parts)
    }

    /// Columns of `m` in parts of about the same size, each but the last of whole panels.
    pub(super) fn columns(m: usize) -> impl Iterator<Item = Range<usize>> {
        let (parts, panels) = (m.div_ceil(COLUMNS), m.div_ceil(W));
        let edge = move |part: usize| (panels * part / parts * W).min(m);
        (0..parts).map(move |part| edge(part)..edge(part + 1))
    }

    /// Copies some columns of `rows` `[depth, m]`.
    pub(super) fn take(&mut self, rows: &[f32], m: usize, columns: Range<usize>) {
        self.depth = rows.len() / m;
        let size = self.depth * columns.len();
        if self.values.len() < size {
            self.values.resize(size, 0.0);
        }
        let whole = columns.len() / W * W;
        let (panels, last) = self.values[..size].split_at_mut(whole * self.depth);
        for (j, row) in rows.chunks_exact(m).enumerate() {
            let (row, rest) = row[columns.clone()].split_at(whole);
            for (panel, piece) in panels.chunks_exact_mut(self.depth * W).zip(row.chunks_exact(W)) {
                panel[j * W..(j + 1) * W].copy_from_slice(piece);
            }
            last[j * rest.len()..(j + 1) * rest.len()].copy_from_slice(rest);
        }
        self.columns = columns;
    }

    /// Panels with their first column and how many whole vectors they have.
    pub(super) fn each(&self) -> impl Iterator<Item = (Rows<'_>, usize, usize)> {
        let first = self.columns.start;
        self.columns.clone().step_by(W).filter_map(move |column| {
            let stride = W.min(self.columns.end - column);
            let values = &self.values[(column - first) * self.depth..(column - first + stride) * self.depth];
            (stride >= LANES).then_some((Rows { values, stride }, column, stride / LANES))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_hold_every_synapse_once() {
        for (n, m) in [(1, 1), (3, 8), (5, 27), (300, 24), (130, 801), (129, 2000)] {
            let mut panels = Panels::<24>::default();
            let mut seen = vec![0; n * m];
            for neurons in Panels::<24>::depths(n) {
                let rows: Vec<f32> = (neurons.start * m..neurons.end * m).map(|i| i as f32).collect();
                for columns in Panels::<24>::columns(m) {
                    panels.take(&rows, m, columns);
                    for (rows, column, vectors) in panels.each() {
                        for (j, neuron) in neurons.clone().enumerate() {
                            for c in 0..vectors * LANES {
                                assert_eq!(rows.values[j * rows.stride + c], (neuron * m + column + c) as f32);
                                seen[neuron * m + column + c] += 1;
                            }
                        }
                    }
                }
            }
            // Those behind the last whole vector stay where they are.
            let expected = |i: usize| i32::from(i % m < m / LANES * LANES);
            assert!(seen.iter().enumerate().all(|(i, times)| *times == expected(i)), "{n} {m}");
        }
    }
}
