//! Synapses that exist for some pairs of neurons only: where they are, and products over them.
//!
//! What one presynaptic neuron reaches is kept as runs of neighbours, so that a row of a patch is one stretch of additions
//! and a single partner is a run of one. Values stand one behind the other, presynaptic neurons ascending and what each
//! reaches ascending, and cost 4 bytes each; a run costs 8.
//!
//! Sums have one chain of additions for every component of a sample, presynaptic neurons ascending: no other sample and no
//! thread changes their bits.

use super::list::List;
use super::meter::{self, Kernel};
use super::product::{Onto, SHARD_ROWS};
use crate::params::Norm;
use std::ops::Range;

/// Which of `n` presynaptic neurons reach which of `m` postsynaptic ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pattern {
    n: usize,
    m: usize,
    /// By presynaptic neuron: its first run; one more at the end.
    first: Vec<u32>,
    /// By run: its first postsynaptic neuron.
    starts: Vec<u32>,
    /// By run: its first value; one more at the end.
    values: Vec<u32>,
}

impl Pattern {
    /// The pattern of `pairs` (presynaptic, postsynaptic), which ascend.
    ///
    /// # Panics
    /// Where pairs don't ascend or name a neuron that isn't there: a bug of the caller.
    #[must_use]
    pub fn new(n: usize, m: usize, pairs: &[(u32, u32)]) -> Self {
        assert!(pairs.windows(2).all(|two| two[0] < two[1]), "pairs ascend");
        assert!(pairs.iter().all(|(pre, post)| (*pre as usize) < n && (*post as usize) < m), "neurons of pairs exist");
        let mut pattern = Self { n, m, first: Vec::with_capacity(n + 1), starts: Vec::new(), values: Vec::new() };
        let mut before = None;
        for (i, (pre, post)) in pairs.iter().enumerate() {
            while pattern.first.len() <= *pre as usize {
                pattern.first.push(pattern.starts.len() as u32);
            }
            if before.is_none_or(|(was, at): (u32, u32)| (was, at + 1) != (*pre, *post)) {
                pattern.starts.push(*post);
                pattern.values.push(i as u32);
            }
            before = Some((*pre, *post));
        }
        pattern.first.resize(n + 1, pattern.starts.len() as u32);
        pattern.values.push(pairs.len() as u32);
        pattern
    }

    /// Presynaptic and postsynaptic neurons.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        (self.n, self.m)
    }

    /// How many synapses there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.last().map_or(0, |last| *last as usize)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Pairs (presynaptic, postsynaptic) in the order of the values.
    pub fn pairs(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        (0..self.n).flat_map(move |pre| {
            let runs = self.runs(pre).flat_map(|(start, values)| start..start + values.len());
            runs.map(move |post| (pre as u32, post as u32))
        })
    }

    /// The pattern from the other side, and for each of its values the place of the same synapse here.
    #[must_use]
    pub fn transposed(&self) -> (Self, Vec<u32>) {
        let mut pairs: Vec<_> = self.pairs().zip(0_u32..).map(|((pre, post), at)| (post, pre, at)).collect();
        pairs.sort_unstable();
        let order = pairs.iter().map(|(_, _, at)| *at).collect();
        let pairs: Vec<_> = pairs.into_iter().map(|(post, pre, _)| (post, pre)).collect();
        (Self::new(self.m, self.n, &pairs), order)
    }

    /// How many synapses the listed values meet.
    #[must_use]
    pub fn count(&self, list: &List) -> u64 {
        let of = |neurons: &[u32]| neurons.iter().map(|pre| self.of(*pre as usize).len() as u64).sum::<u64>();
        list.samples().map(|(neurons, _)| of(neurons)).sum()
    }

    /// The values of one presynaptic neuron.
    fn of(&self, pre: usize) -> Range<usize> {
        self.values[self.first[pre] as usize] as usize..self.values[self.first[pre + 1] as usize] as usize
    }

    /// Runs of one presynaptic neuron: the first postsynaptic one, and the values.
    fn runs(&self, pre: usize) -> impl Iterator<Item = (usize, Range<usize>)> + '_ {
        let runs = self.first[pre] as usize..self.first[pre + 1] as usize;
        runs.map(|run| (self.starts[run] as usize, self.values[run] as usize..self.values[run + 1] as usize))
    }

    /// `out += a · w` over what `pre` reaches, `out` `[m]`.
    fn add(&self, out: &mut [f32], pre: usize, a: f32, weights: &[f32]) {
        for (start, values) in self.runs(pre) {
            let weights = &weights[values];
            for (out, w) in out[start..start + weights.len()].iter_mut().zip(weights) {
                *out += a * w;
            }
        }
    }

    /// `out (+)= batch · weights`: `batch` `[rows, n]`, `out` `[rows, m]`. What is zero costs nothing.
    pub fn drive(&self, out: &mut [f32], onto: Onto, batch: &[f32], weights: &[f32]) {
        let (n, m) = self.shape();
        for (out, batch) in out.chunks_mut(SHARD_ROWS * m).zip(batch.chunks(SHARD_ROWS * n)) {
            if onto == Onto::Replace {
                out.fill(0.0);
            }
            meter::time(Kernel::Sparse, batch.len() / n * self.len(), || {
                // A neuron's synapses stay in the cache while all samples of the shard pass by.
                for pre in 0..n {
                    for (out, row) in out.chunks_exact_mut(m).zip(batch.chunks_exact(n)) {
                        if row[pre] != 0.0 {
                            self.add(out, pre, row[pre], weights);
                        }
                    }
                }
            });
        }
    }

    /// `out += Σ_j change_ij · weights[j, :]` over a list of changes, `out` `[samples, m]`.
    pub fn add_changes(&self, out: &mut [f32], changes: &List, weights: &[f32]) {
        meter::time(Kernel::Events, self.count(changes) as usize, || {
            for (out, (neurons, values)) in out.chunks_exact_mut(self.m).zip(changes.samples()) {
                for (pre, value) in neurons.iter().zip(values) {
                    self.add(out, *pre as usize, *value, weights);
                }
            }
        });
    }

    /// `rule += gain · leftᵀ right` where there are synapses: `left` `[rows, n]`, `right` `[rows, m]`.
    pub fn outer(&self, rule: &mut [f32], gain: f32, left: &[f32], right: &[f32]) {
        let (n, m) = self.shape();
        for pre in 0..n {
            for (left, right) in left.chunks_exact(n).zip(right.chunks_exact(m)).filter(|(left, _)| left[pre] != 0.0) {
                let a = gain * left[pre];
                for (start, values) in self.runs(pre) {
                    let right = &right[start..start + values.len()];
                    rule[values].iter_mut().zip(right).for_each(|(sum, e)| *sum += a * e);
                }
            }
        }
    }

    /// Applies a constraint on the length of synapse vectors, as [`super::norms::constrain`] does; `scratch` is kept for its
    /// storage.
    pub fn constrain(&self, norm: Norm, weights: &mut [f32], scratch: &mut Vec<f32>) {
        match norm {
            Norm::None => {}
            Norm::UnitColumns => {
                for pre in 0..self.n {
                    super::norms::constrain(norm, &mut weights[self.of(pre)], self.of(pre).len().max(1), scratch);
                }
            }
            Norm::ClipRows => {
                scratch.clear();
                scratch.resize(self.m, 0.0);
                self.pairs().zip(&*weights).for_each(|((_, post), w)| scratch[post as usize] += w * w);
                for sum in scratch.iter_mut() {
                    let length = sum.sqrt();
                    *sum = if length > 1.0 { 1.0 / length } else { 1.0 };
                }
                self.pairs().zip(weights).for_each(|((_, post), w)| *w *= scratch[post as usize]);
            }
        }
    }

    /// The values as `[n, m]`, 0 where there is no synapse: for looking at, never for settling.
    #[must_use]
    pub fn spread(&self, weights: &[f32]) -> Vec<f32> {
        let mut all = vec![0.0; self.n * self.m];
        self.pairs().zip(weights).for_each(|((pre, post), w)| all[pre as usize * self.m + post as usize] = *w);
        all
    }

    /// `max ‖xᵀ M‖ / ‖x‖` of the matrix of these values, from above: `√(‖M‖₁ ‖M‖∞)` (Schur's test).
    #[must_use]
    pub fn norm(&self, weights: &[f32]) -> f32 {
        let (mut left, mut right) = (vec![0.0_f64; self.n], vec![0.0_f64; self.m]);
        for ((pre, post), w) in self.pairs().zip(weights) {
            left[pre as usize] += f64::from(w.abs());
            right[post as usize] += f64::from(w.abs());
        }
        let most = |sums: Vec<f64>| sums.into_iter().fold(0.0, f64::max);
        (most(left) * most(right)).sqrt() as f32
    }
}

#[cfg(test)]
mod tests {
    use super::super::{norms, product};
    use super::*;

    /// Patterns from next to nothing to everything, with runs and neurons that reach nobody.
    fn patterns() -> impl Iterator<Item = Pattern> {
        [(1_u32, 1_u32), (3, 9), (8, 8), (13, 29), (40, 5)].into_iter().flat_map(|(n, m)| {
            [1_u32, 2, 3, 7].into_iter().map(move |gap| {
                let all = (0..n).flat_map(|pre| (0..m).map(move |post| (pre, post)));
                let exists =
                    |(pre, post): &(u32, u32)| (pre * 5 + post / 2).is_multiple_of(gap) && (gap == 1 || pre % 4 != 2);
                let pairs: Vec<_> = all.filter(exists).collect();
                Pattern::new(n as usize, m as usize, &pairs)
            })
        })
    }

    fn ramp(len: usize) -> Vec<f32> {
        (0..len).map(|i| if i % 5 == 3 { 0.0 } else { ((i * 7 % 19) as f32 - 9.0) * 0.1 }).collect()
    }

    fn close(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{found:?} {expected:?}");
    }

    #[test]
    fn products_equal_those_of_a_matrix_with_zeros() {
        for pattern in patterns() {
            let ((n, m), weights, rows) = (pattern.shape(), ramp(pattern.len()), SHARD_ROWS + 3);
            let (batch, matrix) = (ramp(rows * n), pattern.spread(&weights));
            let slow = |batch: &[f32], matrix: &[f32], (n, m): (usize, usize)| -> Vec<f32> {
                let entry = |i: usize, j: usize| (0..n).map(|k| batch[i * n + k] * matrix[k * m + j]).sum();
                (0..rows * m).map(|p| entry(p / m, p % m)).collect()
            };
            let mut out = vec![7.0; rows * m];
            pattern.drive(&mut out, Onto::Replace, &batch, &weights);
            close(&out, &slow(&batch, &matrix, (n, m)));
            let mut list = List::default();
            list.of_nonzero(&batch, n);
            pattern.add_changes(&mut out, &list, &weights);
            close(&out, &slow(&batch, &matrix, (n, m)).iter().map(|v| 2.0 * v).collect::<Vec<_>>());

            let (back, order) = pattern.transposed();
            assert_eq!(back.shape(), (m, n));
            let turned: Vec<f32> = order.iter().map(|at| weights[*at as usize]).collect();
            let spread = back.spread(&turned);
            assert!((0..n * m).all(|p| spread[(p % m) * n + p / m] == matrix[p]));
        }
    }

    #[test]
    fn rules_and_norms_equal_those_of_a_matrix_with_zeros() {
        for pattern in patterns().filter(|pattern| !pattern.is_empty()) {
            let ((n, m), rows) = (pattern.shape(), SHARD_ROWS + 3);
            let (left, right) = (ramp(rows * n), ramp(rows * m));
            let (mut rule, mut all) = (vec![0.0; pattern.len()], vec![0.0; n * m]);
            pattern.outer(&mut rule, 0.25, &left, &right);
            product::outer(&mut all, 0.25, &left, &right, n, m, 0..n);
            let chosen: Vec<f32> = pattern.pairs().map(|(i, j)| all[i as usize * m + j as usize]).collect();
            close(&rule, &chosen);
            for norm in [Norm::None, Norm::UnitColumns, Norm::ClipRows] {
                let mut weights: Vec<f32> = ramp(pattern.len()).iter().map(|w| 3.0 * w).collect();
                let mut matrix = pattern.spread(&weights);
                pattern.constrain(norm, &mut weights, &mut Vec::new());
                norms::constrain(norm, &mut matrix, m, &mut Vec::new());
                close(&pattern.spread(&weights), &matrix);
                let exact = super::super::spectral::norm(&matrix, n, m);
                assert!(pattern.norm(&weights) >= exact * 0.999);
            }
        }
    }
}
