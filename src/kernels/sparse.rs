//! Products with chosen rows of synapses: what moved or is not zero drives, the rest costs nothing.
//!
//! A list names, sample by sample, presynaptic neurons and a value for each: activities that are not zero, or changes
//! since the last message. `out[i] += Σ_j v_ij W[j, :]` over the listed `j`, in their order, which is why `W` is stored
//! with everything that one presynaptic neuron reaches in one row.
//!
//! **Bits.** Every component of a sample is one chain of fused multiply-adds in the order of its list. Blocks below
//! decide where the chain pauses in memory, never what is added to what, so they don't show in the bits. On a machine
//! without fused multiply-add a chain rounds twice per term.

pub use super::list::List;

use super::block::{load, of_vectors, staged, store};
use super::lanes::{LANES, Vector};
use super::panels::{Panel, Panels, WIDEST};

/// The share of listed values from which a dense product is faster. Measured at widths 360 and 784: with 256-bit vectors a
/// term of two listed samples (`pairs`) costs about 1.7 times one of a dense product; with 512-bit vectors anything from
/// 0.42 to 0.68 is as fast.
const DENSE_FROM: f32 = 0.58;

/// Whether a product over `listed` of `all` values is faster as a list.
#[must_use]
pub fn is_sparse(listed: usize, all: usize) -> bool {
    (listed as f32) < DENSE_FROM * all as f32
}

/// Presynaptic neurons of a tile: with the columns of a panel they are 24 KiB, which stay in the first-level cache while
/// all samples pass by.
const TILE: usize = 24 * 1024 / size_of::<f32>() / (WIDEST * LANES);

/// From how many listed values of a sample in a tile on it pays to go tile by tile.
const TILED_FROM: usize = 6;

/// How many elements are not zero; a NaN is not zero.
#[must_use]
pub fn count_nonzero(batch: &[f32]) -> usize {
    let (head, tail) = batch.as_chunks::<LANES>();
    // Each lane counts for itself; a count stays exact in f32 up to 2^24, far beyond a shard.
    let mut sum = Vector::ZERO;
    for chunk in head {
        sum += Vector::new(*chunk).simd_eq(Vector::ZERO).select(Vector::ZERO, Vector::ONE);
    }
    let body: f32 = sum.to_array().iter().sum();
    body as usize + tail.iter().filter(|v| **v != 0.0).count()
}

/// `out[i, :] += Σ_j value_ij · weights[j, :]` over the list, with `out` `[samples, m]` and `weights` `[n, m]`.
///
/// # Panics
/// Where the list names other samples than `out` has, or a neuron beyond `n`: a bug of the caller.
pub fn accumulate(out: &mut [f32], list: &List, weights: &Panels) {
    let (n, m) = weights.shape();
    let samples = list.rows();
    assert_eq!(out.len(), samples * m, "samples of a list");
    // One sample uses each synapse once, wherever it is.
    if samples > 1 && list.len() * TILE >= TILED_FROM * samples * n {
        tiled(out, list, weights);
        return;
    }
    for panel in weights.each() {
        for (out, (neurons, values)) in out.chunks_exact_mut(m).zip(list.samples()) {
            add_terms(out, neurons, values, &panel);
        }
    }
}

/// Tile by tile of presynaptic neurons, so that a piece of `weights` serves all samples while it is in the cache.
fn tiled(out: &mut [f32], list: &List, weights: &Panels) {
    let (n, m) = weights.shape();
    // Where each sample stands in its list: at the most as many samples as a shard has, on the stack.
    let mut standing = [0_u32; super::product::SHARD_ROWS];
    let shard = standing.len();
    let starts = |sample: usize| if sample == 0 { 0 } else { list.ends[sample - 1] };
    for (s, out) in out.chunks_mut(shard * m).enumerate() {
        let first = s * shard;
        let rows = out.len() / m;
        (0..rows).for_each(|i| standing[i] = starts(first + i));
        for limit in (TILE..n + TILE).step_by(TILE) {
            let mut until = standing;
            for (i, until) in until.iter_mut().enumerate().take(rows) {
                let rest = &list.neurons[*until as usize..list.ends[first + i] as usize];
                *until += rest.iter().take_while(|neuron| (**neuron as usize) < limit).count() as u32;
            }
            for panel in weights.each() {
                for (i, out) in out.chunks_exact_mut(m).enumerate() {
                    let range = standing[i] as usize..until[i] as usize;
                    let (neurons, values) = (&list.neurons[range.clone()], &list.values[range]);
                    add_terms(out, neurons, values, &panel);
                }
            }
            standing = until;
        }
    }
}

/// One sample and a panel.
fn add_terms(out: &mut [f32], neurons: &[u32], values: &[f32], panel: &Panel<'_>) {
    if neurons.is_empty() {
        return;
    }
    let (m, vectors) = (out.len(), panel.stride / LANES);
    staged::<1>(out, m, panel.columns.clone(), panel.stride, |out, _| {
        of_vectors!(vectors, 1 2 3 4 5 6 7 8 9 10 11 12; add::<V>(out, neurons, values, panel.values));
    });
}

/// One sample, `V` vectors of columns: the sums stay in registers.
fn add<const V: usize>(out: &mut [f32], neurons: &[u32], values: &[f32], panel: &[f32]) {
    let (rows, _) = panel.as_chunks::<{ LANES }>();
    let (rows, _) = rows.as_chunks::<V>();
    let mut sums: [Vector; V] = load(out);
    for (neuron, value) in neurons.iter().zip(values) {
        let row = &rows[*neuron as usize];
        let value = Vector::splat(*value);
        for i in 0..V {
            sums[i] = value.mul_add(Vector::new(row[i]), sums[i]);
        }
    }
    store(&sums, out);
}

#[cfg(test)]
mod tests {
    use super::super::twin::{self, ramp};
    use super::*;

    /// A batch of which about one in `every` is not zero.
    fn batch(rows: usize, n: usize, every: usize) -> Vec<f32> {
        ramp(rows * n, 3)
            .into_iter()
            .enumerate()
            .map(|(i, v)| if (i * 7 + i / 5) % every == 0 { v } else { 0.0 })
            .collect()
    }

    #[test]
    fn products_over_lists_equal_triple_loops_at_ragged_sizes() {
        for (rows, n, m) in
            [(1, 1, 1), (3, 5, 7), (2, 70, 8), (50, 130, 96), (51, 16, 33), (120, 200, 107), (7, 65, 200)]
        {
            for every in [1, 2, 5, 30] {
                let (batch, weights) = (batch(rows, n, every), ramp(n * m, 5));
                let panels = Panels::new(&weights, n, m);
                let mut list = List::default();
                list.of_nonzero(&batch, n);
                assert_eq!(list.len(), count_nonzero(&batch));
                let mut out = vec![0.5; rows * m];
                accumulate(&mut out, &list, &panels);
                for (found, slow) in out.iter().zip(twin::product(&batch, &weights, n, m)) {
                    assert!((f64::from(*found) - 0.5 - slow).abs() < 2e-5, "{rows} {n} {m} 1/{every}: {found} {slow}");
                }
            }
        }
    }

    #[test]
    fn a_sample_gets_the_same_bits_alone_and_among_others() {
        let (rows, n, m) = (103, 150, 61);
        let (batch, panels) = (batch(rows, n, 2), Panels::new(&ramp(n * m, 5), n, m));
        let mut list = List::default();
        let mut all = vec![0.0; rows * m];
        list.of_nonzero(&batch, n);
        accumulate(&mut all, &list, &panels);
        for i in 0..rows {
            let mut alone = vec![0.0; m];
            list.of_nonzero(&batch[i * n..(i + 1) * n], n);
            accumulate(&mut alone, &list, &panels);
            assert_eq!(alone, all[i * m..(i + 1) * m], "sample {i}");
        }
    }
}
