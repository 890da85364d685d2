//! What the inner loops of products share: sums of a few vectors of columns, which stay in registers while presynaptic
//! neurons pass by.
//!
//! **Bits.** Every component of a sample is one chain of fused multiply-adds in the order of its terms. How samples and
//! columns are cut into blocks decides where a chain pauses in memory, never what is added to what, so it doesn't show in
//! the bits. On a machine without fused multiply-add a chain rounds twice per term.

use super::lanes::{LANES, Vector};
use super::panels::WIDEST;
use std::ops::Range;

/// A call of a function that is generic in a number of vectors, `V`, with the one that is there.
macro_rules! of_vectors {
    ($vectors:expr, $($known:literal)*; $call:expr) => {
        match $vectors {
            $($known => {
                const V: usize = $known;
                $call
            })*
            more => unreachable!("a strip of {more} vectors"),
        }
    };
}
pub(super) use of_vectors;

/// `V` whole vectors.
#[inline(always)]
pub(super) fn load<const V: usize>(row: &[f32]) -> [Vector; V] {
    let (row, _) = row[..V * LANES].as_chunks::<LANES>();
    let row: &[[f32; LANES]; V] = row.try_into().expect("a slice of V vectors is V vectors");
    std::array::from_fn(|v| Vector::new(row[v]))
}

/// Writes what [`load`] has read.
#[inline(always)]
pub(super) fn store<const V: usize>(sums: &[Vector; V], row: &mut [f32]) {
    let (row, _) = row[..V * LANES].as_chunks_mut::<LANES>();
    row.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum.to_array());
}

/// Lets `work` see `columns` of the `R` rows of `out` `[R, m]` as whole vectors, `width` numbers a row: in their place, or
/// where they end in the middle of a vector, in a copy. `work` is given the rows and what lies between the starts of two.
#[inline(always)]
pub(super) fn staged<const R: usize>(
    out: &mut [f32],
    m: usize,
    columns: Range<usize>,
    width: usize,
    work: impl FnOnce(&mut [f32], usize),
) {
    if columns.len() == width {
        work(&mut out[columns.start..], m);
        return;
    }
    const MOST: usize = WIDEST * LANES;
    let mut stage = [[0.0; MOST]; R];
    for (stage, out) in stage.iter_mut().zip(out.chunks_exact(m)) {
        stage[..columns.len()].copy_from_slice(&out[columns.clone()]);
    }
    work(stage.as_flattened_mut(), MOST);
    for (stage, out) in stage.iter().zip(out.chunks_exact_mut(m)) {
        out[columns.clone()].copy_from_slice(&stage[..columns.len()]);
    }
}
