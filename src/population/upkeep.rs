//! Sums that are kept up by what changes, sample by sample, and computed anew where that is faster or where too much was
//! added.
//!
//! A sum `s = Σ_j x_j w_j` follows its `x` by `s ← s + Σ_moved (x'_j − x_j) w_j`. What a sample does depends on nothing but
//! the sample: it is computed anew when a share of its components moved from which on a whole product is faster, and when
//! the terms that were added since exceed [`TERMS`] times the width of `x`.
//!
//! **Drift.** Each added term rounds twice, `x' − x` and the sum, by `2⁻²⁴` of the larger of the two at the most. After the
//! `width` terms of a fresh sum and `TERMS · width` more, the sum is off by at most
//!
//! ```text
//! 2 · (TERMS + 1) · width · 2⁻²⁴ · S,    S = the largest magnitude that a partial sum or a term had on the way
//! ```
//!
//! and, since roundings go either way, mostly by the root of that many: at a width of 360, `1.3e-5 S`. It does not grow with
//! the number of updates. A fresh product costs as much as `width` terms, so that this costs 1.6 % at the most.
//!
//! Samples to be computed anew are gathered into one product, scattered over a shard as they may be: within a product every
//! sample has the bits that it has alone.

use crate::kernels::product::SHARD_ROWS;
use crate::kernels::sparse;
use crate::matrix::Matrix;
use std::ops::Range;

/// How many terms are added at the most before a sum is computed anew, in widths of what it sums.
pub(super) const TERMS: usize = 64;

/// In the place of a count: the sum is out of date.
const STALE: u32 = u32::MAX;

/// What was added to each sample's sum since it was computed anew.
#[derive(Debug)]
pub(super) struct Upkeep {
    terms: Vec<u32>,
    most: u32,
}

impl Upkeep {
    /// Out of date everywhere; sums are over `width` components.
    pub(super) fn new(rows: usize, width: usize) -> Self {
        let most = u32::try_from(TERMS.saturating_mul(width)).map_or(STALE - 1, |most| most.min(STALE - 1));
        Self { terms: vec![STALE; rows], most }
    }

    /// Every sum is out of date.
    pub(super) fn expire_all(&mut self) {
        self.terms.fill(STALE);
    }

    /// The sum of a sample is out of date.
    pub(super) fn expire(&mut self, row: usize) {
        self.terms[row] = STALE;
    }

    /// Whether the sum of a sample has to be computed anew.
    pub(super) fn is_stale(&self, row: usize) -> bool {
        self.terms[row] == STALE
    }

    /// Whether `moved` terms, of `width` that could have moved, are to be added to the sum of a sample, which counts them;
    /// if not, the sum is out of date.
    pub(super) fn adds(&mut self, row: usize, moved: usize, width: usize) -> bool {
        let terms = &mut self.terms[row];
        let after = u32::try_from(moved).ok().and_then(|moved| terms.checked_add(moved));
        let after = after.filter(|after| *terms != STALE && *after <= self.most && sparse::is_sparse(moved, width));
        *terms = after.unwrap_or(STALE);
        after.is_some()
    }

    /// Every sum that was out of date was computed anew.
    pub(super) fn renewed(&mut self) {
        self.terms.iter_mut().filter(|terms| **terms == STALE).for_each(|terms| *terms = 0);
    }
}

/// Storage for computing some samples anew.
#[derive(Debug, Default)]
pub(super) struct Renewal {
    chosen: Chosen,
    output: Vec<f32>,
}

/// Some samples of a shard.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    rows: Vec<usize>,
    /// Where they are neighbours.
    neighbours: Option<Range<usize>>,
    gathered: Vec<f32>,
}

impl Renewal {
    /// Room for a shard of samples, from `widest` neurons to `size`, so that settling takes no memory later.
    pub(super) fn reserve(&mut self, rows: usize, widest: usize, size: usize) {
        let rows = rows.min(SHARD_ROWS);
        self.chosen.rows.reserve(rows);
        self.chosen.gathered.reserve(rows * widest);
        self.output.reserve(rows * size);
    }

    /// Lets `anew(samples, their rows of out)` compute the samples of `out` `[rows, size]` of which `is_stale` is true;
    /// what it is given has the former values. Returns how many samples that were.
    pub(super) fn renew(
        &mut self,
        out: &mut [f32],
        size: usize,
        is_stale: impl Fn(usize) -> bool,
        mut anew: impl FnMut(&mut Chosen, &mut [f32]),
    ) -> usize {
        let (samples, mut renewed) = (out.len() / size, 0);
        for start in (0..samples).step_by(SHARD_ROWS) {
            let Self { chosen, output } = self;
            chosen.choose((start..(start + SHARD_ROWS).min(samples)).filter(|row| is_stale(*row)));
            renewed += chosen.rows.len();
            match &chosen.neighbours {
                None if chosen.rows.is_empty() => {}
                Some(rows) => {
                    let out = &mut out[rows.start * size..rows.end * size];
                    anew(chosen, out);
                }
                None => {
                    output.clear();
                    chosen.rows.iter().for_each(|row| output.extend_from_slice(&out[row * size..(row + 1) * size]));
                    anew(chosen, output);
                    for (row, output) in chosen.rows.iter().zip(output.chunks_exact(size)) {
                        out[row * size..(row + 1) * size].copy_from_slice(output);
                    }
                }
            }
        }
        renewed
    }
}

impl Chosen {
    fn choose(&mut self, rows: impl Iterator<Item = usize>) {
        self.rows.clear();
        self.rows.extend(rows);
        self.neighbours = match (self.rows.first(), self.rows.last()) {
            (Some(first), Some(last)) if last - first + 1 == self.rows.len() => Some(*first..last + 1),
            _ => None,
        };
    }

    /// These samples of `values` `[rows, width]`, one behind the other.
    pub(super) fn of<'a>(&'a mut self, values: &'a Matrix) -> &'a [f32] {
        if let Some(rows) = &self.neighbours {
            return values.rows_slice(rows.clone());
        }
        self.gathered.clear();
        self.rows.iter().for_each(|row| self.gathered.extend_from_slice(values.row(*row)));
        &self.gathered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_computed_anew_where_much_moved_or_much_was_added() {
        let mut upkeep = Upkeep::new(2, 10);
        assert!(upkeep.is_stale(0) && !upkeep.adds(0, 1, 10), "nothing is added to what is out of date");
        upkeep.renewed();
        assert!(!upkeep.adds(0, 6, 10) && upkeep.is_stale(0), "a whole product is faster");
        let mut added = 0;
        while upkeep.adds(1, 5, 10) {
            added += 5;
        }
        assert_eq!((added, upkeep.is_stale(1)), (TERMS * 10, true));
    }

    #[test]
    fn scattered_samples_are_gathered_and_put_back() {
        let values = Matrix::from_fn(2 * SHARD_ROWS + 3, 2, |i, j| (i * 2 + j) as f32);
        for stale in [&[0, 1, 2][..], &[1, 3, SHARD_ROWS, 2 * SHARD_ROWS + 2], &[], &[SHARD_ROWS - 1, SHARD_ROWS]] {
            let (mut renewal, mut out) = (Renewal::default(), vec![-1.0; values.rows()]);
            let renewed = renewal.renew(
                &mut out,
                1,
                |row| stale.contains(&row),
                |chosen, out| {
                    for (out, values) in out.iter_mut().zip(chosen.of(&values).chunks_exact(2)) {
                        *out += values[0] + values[1];
                    }
                },
            );
            assert_eq!(renewed, stale.len());
            for (row, out) in out.iter().enumerate() {
                assert_eq!(*out, if stale.contains(&row) { (4 * row) as f32 } else { -1.0 }, "{stale:?}");
            }
        }
    }
}
