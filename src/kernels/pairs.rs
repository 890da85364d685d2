//! Products of two samples at a time with the rows of synapses that either of them needs.
//!
//! Samples of one batch are active in much the same neurons: of two that are active in 15 % each, 21 % are active in either
//! one. A row of synapses that is loaded once and used for both therefore costs less than two loads, even though some of
//! its uses add nothing.
//!
//! **Bits.** The same as those of [`super::sparse`]: a neuron that is active in the other sample only adds `0 · w`, which
//! leaves a sum as it is, in a chain of the same order. Weights have to be finite; where they are not, nothing is.

use super::block::{load, of_vectors, staged, store};
use super::lanes::{LANES, Vector};
use super::list::{WORD, marked, nonzero};
use super::panels::{Panel, Panels};
use std::ops::Range;

/// Vectors of a strip: for two samples that is twice as many sums, of 16 registers or 32.
const STRIP: usize = if LANES == 8 { 6 } else { 8 };

/// Presynaptic neurons of a tile: with a strip they are 15 KiB or 30, which stay in the first-level cache while all
/// samples pass by.
const TILE: usize = if LANES == 8 { 80 } else { 60 };

/// The values of a batch that are not zero in one of two neighbouring samples at least.
#[derive(Debug, Clone, Default)]
pub struct Pairs {
    /// `ends[i]` is where the `i`-th pair ends.
    ends: Vec<u32>,
    /// Which presynaptic neuron; they ascend within a pair. This and the next may be longer than what is listed.
    neurons: Vec<u32>,
    /// Its values in both samples.
    values: Vec<[f32; 2]>,
    /// What each pair has in a tile.
    tile: Vec<Range<u32>>,
}

impl Pairs {
    /// Lists the pairs of `batch` `[2 pairs, width]`; a NaN is not zero.
    pub fn of_nonzero(&mut self, batch: &[f32], width: usize) {
        self.ends.clear();
        let most = batch.len() / 2;
        if self.neurons.len() < most {
            self.neurons.resize(most, 0);
            self.values.resize(most, [0.0; 2]);
        }
        let mut written = 0;
        for rows in batch.chunks_exact(2 * width) {
            let (first, second) = rows.split_at(width);
            for word in 0..width.div_ceil(WORD) {
                for neuron in marked(word, nonzero(first, word) | nonzero(second, word)) {
                    self.neurons[written] = neuron as u32;
                    self.values[written] = [first[neuron], second[neuron]];
                    written += 1;
                }
            }
            self.ends.push(written as u32);
        }
    }

    /// How many samples are listed.
    #[must_use]
    pub fn rows(&self) -> usize {
        2 * self.ends.len()
    }

    /// `out[i, :] += Σ_j value_ij · weights[j, :]`, with `out` `[2 pairs, m]` and `weights` `[n, m]`.
    ///
    /// # Panics
    /// Where `out` has another number of samples, or a neuron is beyond `n`: a bug of the caller.
    pub fn accumulate(&mut self, out: &mut [f32], weights: &Panels) {
        let (n, m) = weights.shape();
        assert_eq!(out.len(), self.rows() * m, "samples of pairs");
        self.tile.clear();
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        self.tile.extend(starts.take(self.ends.len()).map(|start| 0..start));
        for limit in (TILE..n + TILE).step_by(TILE) {
            for (tile, end) in self.tile.iter_mut().zip(&self.ends) {
                let rest = &self.neurons[tile.end as usize..*end as usize];
                let count = rest.partition_point(|neuron| (*neuron as usize) < limit);
                *tile = tile.end..tile.end + count as u32;
            }
            for panel in weights.each() {
                for strip in panel.strips(STRIP) {
                    self.add_strip(out, m, &panel, strip);
                }
            }
        }
    }

    /// The products of all pairs with a strip of the tile.
    fn add_strip(&self, out: &mut [f32], m: usize, panel: &Panel<'_>, (column, vectors): (usize, usize)) {
        let start = panel.columns.start + column;
        let columns = start..panel.columns.end.min(start + vectors * LANES);
        for (out, tile) in out.chunks_exact_mut(2 * m).zip(&self.tile) {
            let tile = tile.start as usize..tile.end as usize;
            let (neurons, values) = (&self.neurons[tile.clone()], &self.values[tile]);
            staged::<2>(out, m, columns.clone(), vectors * LANES, |out, m| {
                let (first, second) = out.split_at_mut(m);
                of_vectors!(vectors, 1 2 3 4 5 6 7 8; add::<V>([first, second], neurons, values, panel, column));
            });
        }
    }
}

/// Two samples, `V` vectors of columns: the sums stay in registers.
fn add<const V: usize>(out: [&mut [f32]; 2], neurons: &[u32], values: &[[f32; 2]], panel: &Panel<'_>, column: usize) {
    let [first, second] = out;
    // Two arrays: as one of two rows they would not stay in registers.
    let (mut of_first, mut of_second): ([Vector; V], [Vector; V]) = (load(first), load(second));
    for (neuron, value) in neurons.iter().zip(values) {
        let start = *neuron as usize * panel.stride + column;
        let (row, _) = panel.values[start..start + V * LANES].as_chunks::<LANES>();
        let (in_first, in_second) = (Vector::splat(value[0]), Vector::splat(value[1]));
        for i in 0..V {
            let weight = Vector::new(row[i]);
            of_first[i] = in_first.mul_add(weight, of_first[i]);
            of_second[i] = in_second.mul_add(weight, of_second[i]);
        }
    }
    store(&of_first, first);
    store(&of_second, second);
}

#[cfg(test)]
mod tests {
    use super::super::list::List;
    use super::super::sparse;
    use super::*;

    #[test]
    fn pairs_give_the_bits_of_lists_at_ragged_sizes() {
        for (rows, n, m) in [(2, 1, 1), (4, 5, 7), (2, 70, 8), (50, 130, 96), (52, 16, 33), (6, 260, 107), (8, 65, 200)]
        {
            for every in [1, 2, 5, 30] {
                let value = |i: usize| {
                    if (i * 7 + i / 5).is_multiple_of(every) { (i * 3 % 17) as f32 * 0.1 - 0.8 } else { 0.0 }
                };
                let batch: Vec<f32> = (0..rows * n).map(value).collect();
                let weights: Vec<f32> = (0..n * m).map(|i| (i * 5 % 19) as f32 * 0.1 - 0.9).collect();
                let (mut pairs, mut list) = (Pairs::default(), List::default());
                pairs.of_nonzero(&batch, n);
                list.of_nonzero(&batch, n);
                let (mut two, mut one) = (vec![0.5; rows * m], vec![0.5; rows * m]);
                let weights = Panels::new(&weights, n, m);
                pairs.accumulate(&mut two, &weights);
                sparse::accumulate(&mut one, &list, &weights);
                assert_eq!(two, one, "{rows} {n} {m} 1/{every}");
            }
        }
    }

    #[test]
    fn what_is_no_number_is_listed() {
        let mut pairs = Pairs::default();
        pairs.of_nonzero(&[0.0, -0.0, f32::NAN, 0.0, 1.0, 0.0], 3);
        assert_eq!((&pairs.neurons[..2], pairs.ends.as_slice()), (&[1, 2][..], &[2][..]));
    }
}
