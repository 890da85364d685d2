//! Products with all synapses.
//!
//! **Bits.** Those of [`super::sparse`] and [`super::pairs`]: one chain of fused multiply-adds per component, presynaptic
//! neurons ascending, whatever else is in the batch.

use super::block::{Rows, add, add_ragged, stream};
use super::lanes::LANES;
use super::panels::Panels;
use std::ops::Range;

/// Columns of a panel: with four samples that is twelve sums, of sixteen registers.
const PANEL: usize = 3 * LANES;

/// From how many samples on synapses are copied before they are used.
const COPIED_FROM: usize = 4;

/// Products with all synapses; kept for its storage.
#[derive(Debug, Clone, Default)]
pub struct Dense {
    panels: Panels<PANEL>,
}

impl Dense {
    /// `out += batch · weights`, with `batch` `[rows, n]`, `weights` `[n, m]`, `out` `[rows, m]`.
    pub fn accumulate(&mut self, out: &mut [f32], batch: &[f32], weights: &[f32], n: usize, m: usize) {
        if batch.len() < COPIED_FROM * n {
            for (out, sample) in out.chunks_exact_mut(m).zip(batch.chunks_exact(n)) {
                stream(out, sample.iter().copied().enumerate(), weights);
            }
            return;
        }
        for neurons in Panels::<PANEL>::depths(n) {
            let weights = &weights[neurons.start * m..neurons.end * m];
            for columns in Panels::<PANEL>::columns(m) {
                self.panels.take(weights, m, columns);
                for (rows, column, vectors) in self.panels.each() {
                    add_panel(out, m, batch, n, &neurons, Panel { rows, column, vectors });
                }
            }
            if !m.is_multiple_of(LANES) {
                add_ragged_columns(out, m, batch, n, &neurons, Rows { values: weights, stride: m });
            }
        }
    }
}

/// Synapses from some presynaptic neurons to `vectors` of columns from `column` on.
struct Panel<'a> {
    rows: Rows<'a>,
    column: usize,
    vectors: usize,
}

/// The products of all samples with a panel, in groups of four, two and one.
fn add_panel(out: &mut [f32], m: usize, batch: &[f32], n: usize, neurons: &Range<usize>, panel: Panel<'_>) {
    let Panel { rows, column, vectors } = panel;
    let (mut out, mut batch) = (out, batch);
    macro_rules! groups_of {
        ($samples:literal) => {
            let grouped = batch.len() / n / $samples * $samples;
            let (now, rest) = out.split_at_mut(grouped * m);
            let (now_batch, rest_batch) = batch.split_at(grouped * n);
            for (out, batch) in now.chunks_exact_mut($samples * m).zip(now_batch.chunks_exact($samples * n)) {
                let samples = samples::<$samples>(batch, n, neurons);
                match vectors {
                    1 => add::<$samples, 1>(out, m, column, rows, samples),
                    2 => add::<$samples, 2>(out, m, column, rows, samples),
                    3 => add::<$samples, 3>(out, m, column, rows, samples),
                    more => unreachable!("a panel of {more} vectors"),
                }
            }
            (out, batch) = (rest, rest_batch);
        };
    }
    groups_of!(4);
    groups_of!(2);
    groups_of!(1);
    debug_assert!(out.is_empty() && batch.is_empty());
}

/// The columns behind the last whole vector.
fn add_ragged_columns(out: &mut [f32], m: usize, batch: &[f32], n: usize, neurons: &Range<usize>, rows: Rows<'_>) {
    const GROUP: usize = 8;
    let grouped = batch.len() / n / GROUP * GROUP;
    let (out, rest) = out.split_at_mut(grouped * m);
    let (batch, rest_batch) = batch.split_at(grouped * n);
    for (out, batch) in out.chunks_exact_mut(GROUP * m).zip(batch.chunks_exact(GROUP * n)) {
        add_ragged::<GROUP>(out, m, rows, samples(batch, n, neurons));
    }
    for (out, batch) in rest.chunks_exact_mut(m).zip(rest_batch.chunks_exact(n)) {
        add_ragged::<1>(out, m, rows, samples(batch, n, neurons));
    }
}

/// The values that `R` samples have at some presynaptic neurons.
fn samples<'a, const R: usize>(batch: &'a [f32], n: usize, neurons: &Range<usize>) -> [&'a [f32]; R] {
    std::array::from_fn(|r| &batch[r * n..][neurons.clone()])
}

#[cfg(test)]
mod tests {
    use super::super::sparse::{self, List};
    use super::*;

    #[test]
    fn dense_products_give_the_bits_of_lists_at_ragged_sizes() {
        for (rows, n, m) in
            [(1, 1, 1), (3, 5, 7), (4, 70, 8), (7, 300, 33), (50, 130, 96), (51, 16, 47), (9, 65, 1000), (13, 40, 801)]
        {
            let batch: Vec<f32> = (0..rows * n).map(|i| ((i * 3 % 17) as f32 - 8.0) * 0.1).collect();
            let weights: Vec<f32> = (0..n * m).map(|i| (i * 5 % 19) as f32 * 0.1 - 0.9).collect();
            let (mut dense, mut listed) = (vec![0.5; rows * m], vec![0.5; rows * m]);
            Dense::default().accumulate(&mut dense, &batch, &weights, n, m);
            let mut list = List::default();
            list.of_nonzero(&batch, n);
            sparse::accumulate(&mut listed, &list, &weights, n, m);
            assert_eq!(dense, listed, "{rows} {n} {m}");
        }
    }
}
