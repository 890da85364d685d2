//! What the inner loops of products share: sums of a few vectors of columns, which stay in registers while presynaptic
//! neurons pass by.
//!
//! **Bits.** Every component of a sample is one chain of fused multiply-adds in the order of its terms. How samples and
//! columns are cut into blocks decides where a chain pauses in memory, never what is added to what, so it doesn't show in
//! the bits. On a machine without fused multiply-add a chain rounds twice per term.

use super::lanes::{LANES, padded};
use wide::f32x8;

/// `V` vectors of `row` from `column` on, or what there is of them, the rest being 0.
#[inline(always)]
pub(super) fn load<const V: usize>(row: &[f32], column: usize) -> [f32x8; V] {
    let row = &row[column..row.len().min(column + V * LANES)];
    let (vectors, _) = row.as_chunks::<LANES>();
    match <&[[f32; LANES]; V]>::try_from(vectors) {
        Ok(vectors) => std::array::from_fn(|v| f32x8::new(vectors[v])),
        Err(_) => std::array::from_fn(|v| padded(&row[row.len().min(v * LANES)..row.len().min((v + 1) * LANES)], 0.0)),
    }
}

/// Writes what [`load`] has read.
#[inline(always)]
pub(super) fn store<const V: usize>(sums: [f32x8; V], row: &mut [f32], column: usize) {
    let end = row.len().min(column + V * LANES);
    let row = &mut row[column..end];
    for (out, sum) in row.chunks_mut(LANES).zip(sums) {
        let sum = sum.to_array();
        match <&mut [f32; LANES]>::try_from(&mut *out) {
            Ok(out) => *out = sum,
            Err(_) => out.copy_from_slice(&sum[..out.len()]),
        }
    }
}
