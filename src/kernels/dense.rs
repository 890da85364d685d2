//! Products with all synapses.
//!
//! **Bits.** Those of [`super::sparse`] and [`super::pairs`]: one chain of fused multiply-adds per component, presynaptic
//! neurons ascending, whatever else is in the batch.

use super::block::{load, of_vectors, staged, store};
use super::lanes::{LANES, Vector};
use super::panels::{Panel, Panels};
use std::ops::Range;

/// Presynaptic neurons of which a strip stays in the first-level cache while all samples pass by: 12 KiB of synapses, or 24.
const DEPTH: usize = if LANES == 8 { 128 } else { 96 };

/// Vectors of a strip: with four samples that is twelve sums, and sixteen registers with a row and a value. Machines with
/// wider vectors have twice as many registers.
const STRIP: usize = if LANES == 8 { 3 } else { 4 };

/// `out += batch · weights`, with `batch` `[rows, n]`, `weights` `[n, m]`, `out` `[rows, m]`.
///
/// # Panics
/// Where sizes don't fit: a bug of the caller.
pub fn accumulate(out: &mut [f32], batch: &[f32], weights: &Panels) {
    let (n, m) = weights.shape();
    assert_eq!(out.len() * n, batch.len() * m, "rows of a product");
    if batch.len() < 4 * n {
        for (out, sample) in out.chunks_exact_mut(m).zip(batch.chunks_exact(n)) {
            weights.each().for_each(|panel| add_alone(out, sample, &panel));
        }
        return;
    }
    let parts = n.div_ceil(DEPTH);
    for part in 0..parts {
        let neurons = n * part / parts..n * (part + 1) / parts;
        for panel in weights.each() {
            for strip in panel.strips(STRIP) {
                add_strip(Out { values: out, m }, batch, n, &neurons, &panel, strip);
            }
        }
    }
}

/// One sample and a panel.
fn add_alone(out: &mut [f32], sample: &[f32], panel: &Panel<'_>) {
    let rows = Rows { values: panel.values, stride: panel.stride, column: 0 };
    let m = out.len();
    staged::<1>(out, m, panel.columns.clone(), panel.stride, |out, m| {
        of_vectors!(panel.stride / LANES, 1 2 3 4 5 6 7 8 9 10 11 12; add::<1, V>(out, m, rows, [sample]));
    });
}

/// `[rows, m]`
struct Out<'a> {
    values: &'a mut [f32],
    m: usize,
}

/// A strip of a panel from some presynaptic neurons: columns from `column` on.
#[derive(Clone, Copy)]
struct Rows<'a> {
    values: &'a [f32],
    stride: usize,
    column: usize,
}

/// The products of all samples with a strip, in groups of four; what a last group lacks, the ones before it give up, since
/// three sums of three vectors still keep the multipliers busy.
fn add_strip(
    out: Out<'_>,
    batch: &[f32],
    n: usize,
    neurons: &Range<usize>,
    panel: &Panel<'_>,
    (column, vectors): (usize, usize),
) {
    let values = &panel.values[neurons.start * panel.stride..neurons.end * panel.stride];
    let rows = Rows { values, stride: panel.stride, column };
    let first = panel.columns.start + column;
    let Out { values: mut out, m } = out;
    let (columns, mut batch) = (first..panel.columns.end.min(first + vectors * LANES), batch);
    macro_rules! groups_of {
        ($samples:literal, $groups:expr) => {
            let groups: usize = $groups;
            let (now, rest) = out.split_at_mut(groups * $samples * m);
            let (now_batch, rest_batch) = batch.split_at(groups * $samples * n);
            for (out, batch) in now.chunks_exact_mut($samples * m).zip(now_batch.chunks_exact($samples * n)) {
                let samples: [&[f32]; $samples] = std::array::from_fn(|r| &batch[r * n..][neurons.clone()]);
                staged::<$samples>(out, m, columns.clone(), vectors * LANES, |out, m| {
                    of_vectors!(vectors, 1 2 3 4; add::<$samples, V>(out, m, rows, samples));
                });
            }
            (out, batch) = (rest, rest_batch);
        };
    }
    let samples = batch.len() / n;
    let threes = (4 - samples % 4) % 4;
    let threes = if 3 * threes <= samples { threes } else { 0 };
    groups_of!(4, (samples - 3 * threes) / 4);
    groups_of!(3, threes);
    groups_of!(1, batch.len() / n);
    debug_assert!(out.is_empty() && batch.is_empty());
}

/// `out_r += Σ_j samples_r[j] · rows[j, column..]`: `R` samples, `V` vectors of columns.
///
/// Slices are cut to one length first: a check of bounds per term would cost as much as the term.
#[inline(never)] // Where it is inlined into its loops, sums are taken out of registers.
fn add<const R: usize, const V: usize>(out: &mut [f32], m: usize, rows: Rows<'_>, samples: [&[f32]; R]) {
    let mut sums: [[Vector; V]; R] = std::array::from_fn(|r| load(&out[r * m..]));
    let Rows { values, stride, column } = rows;
    let depth = values.len() / stride;
    let samples = samples.map(|sample| &sample[..depth]);
    assert!(column + V * LANES <= stride, "a row of {V} vectors");
    for (j, row) in values.chunks_exact(stride).enumerate().take(depth) {
        let row: [Vector; V] = load(&row[column..]);
        for r in 0..R {
            let value = Vector::splat(samples[r][j]);
            for v in 0..V {
                sums[r][v] = value.mul_add(row[v], sums[r][v]);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        store(sums, &mut out[r * m..]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::sparse::{self, List};
    use super::super::twin::{self, ramp};
    use super::*;

    #[test]
    fn products_equal_triple_loops_at_ragged_sizes() {
        for (rows, n, m) in [(1, 1, 1), (3, 5, 7), (50, 9, 4), (51, 16, 33), (6, 300, 120), (200, 36, 20)] {
            let (batch, weights) = (ramp(rows * n, 3), ramp(n * m, 5));
            let mut out = vec![1.0; rows * m];
            accumulate(&mut out, &batch, &Panels::new(&weights, n, m));
            for (found, slow) in out.iter().zip(twin::product(&batch, &weights, n, m)) {
                assert!((f64::from(*found) - 1.0 - slow).abs() < 1e-4, "{rows} {n} {m}: {found} against {slow}");
            }
        }
    }

    #[test]
    fn samples_alone_give_the_bits_they_give_among_others() {
        let (rows, n, m) = (53, 137, 29);
        let (batch, weights) = (ramp(rows * n, 3), Panels::new(&ramp(n * m, 5), n, m));
        let mut whole = vec![0.0; rows * m];
        accumulate(&mut whole, &batch, &weights);
        for size in [1, 2, 3, 5, 6, 7] {
            for (batch, whole) in batch.chunks(size * n).zip(whole.chunks(size * m)) {
                let mut few = vec![0.0; whole.len()];
                accumulate(&mut few, batch, &weights);
                assert_eq!(few, whole, "{size} samples");
            }
        }
    }

    #[test]
    fn dense_products_give_the_bits_of_lists_at_ragged_sizes() {
        for (rows, n, m) in [
            (1, 1, 1),
            (3, 5, 7),
            (4, 70, 8),
            (5, 20, 25),
            (7, 300, 33),
            (50, 130, 96),
            (51, 16, 47),
            (9, 65, 1000),
            (13, 40, 801),
        ] {
            let (batch, weights) = (ramp(rows * n, 3), Panels::new(&ramp(n * m, 5), n, m));
            let (mut dense, mut listed) = (vec![0.5; rows * m], vec![0.5; rows * m]);
            accumulate(&mut dense, &batch, &weights);
            let mut list = List::default();
            list.of_nonzero(&batch, n);
            sparse::accumulate(&mut listed, &list, &weights);
            assert_eq!(dense, listed, "{rows} {n} {m}");
        }
    }
}
