//! The inner loops of products with whole rows of synapses: a few samples and a few vectors of columns, whose sums stay in
//! registers while presynaptic neurons pass by; and one sample, whose sums stay in the first-level cache.
//!
//! **Bits.** Every component of a sample is one chain of fused multiply-adds in the order of its terms. How samples and
//! columns are cut into blocks decides where a chain pauses in memory, never what is added to what, so it doesn't show in
//! the bits. On a machine without fused multiply-add a chain rounds twice per term.

use super::lanes::LANES;
use wide::f32x8;

const BROKEN: &str = "a slice of 8 V numbers is V vectors";

/// Rows of synapses: what one presynaptic neuron reaches stands together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    /// `[n, stride]`.
    pub(super) values: &'a [f32],
    /// From one presynaptic neuron to the next.
    pub(super) stride: usize,
}

/// `out[r, column..] += Σ_j samples_r[j] · rows[j, ..]`: `R` samples of `out` `[R, m]`, `V` vectors of columns.
///
/// Slices are cut to one length first: a check of bounds per term would cost as much as the term.
#[inline(never)] // Where it is inlined into its loops, sums are taken out of registers.
pub(super) fn add<const R: usize, const V: usize>(
    out: &mut [f32],
    m: usize,
    column: usize,
    rows: Rows<'_>,
    samples: [&[f32]; R],
) {
    let mut sums: [[f32x8; V]; R] = std::array::from_fn(|r| {
        let (out, _) = out[r * m + column..r * m + column + V * LANES].as_chunks::<LANES>();
        let out: &[[f32; LANES]; V] = out.try_into().expect(BROKEN);
        std::array::from_fn(|v| f32x8::new(out[v]))
    });
    let depth = rows.values.len() / rows.stride;
    let samples = samples.map(|sample| &sample[..depth]);
    assert!(rows.stride >= V * LANES, "a row of {V} vectors");
    for (j, row) in rows.values.chunks_exact(rows.stride).enumerate().take(depth) {
        let (row, _) = row[..V * LANES].as_chunks::<LANES>();
        let row: [f32x8; V] = std::array::from_fn(|v| f32x8::new(row[v]));
        for r in 0..R {
            let value = f32x8::splat(samples[r][j]);
            for v in 0..V {
                sums[r][v] = value.mul_add(row[v], sums[r][v]);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        let (out, _) = out[r * m + column..r * m + column + V * LANES].as_chunks_mut::<LANES>();
        out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum.to_array());
    }
}

/// The columns behind the last whole vector: the last vector's worth of columns, of which those are kept.
pub(super) fn add_ragged<const R: usize>(out: &mut [f32], m: usize, rows: Rows<'_>, samples: [&[f32]; R]) {
    let ragged = m % LANES;
    let column = m.saturating_sub(LANES);
    let kept = LANES.min(m) - ragged..LANES.min(m);
    let mut sums: [f32x8; R] = std::array::from_fn(|r| super::lanes::padded(&out[r * m + column..(r + 1) * m], 0.0));
    for (j, row) in rows.values.chunks_exact(rows.stride).enumerate() {
        let row = match row.last_chunk::<LANES>() {
            Some(row) => f32x8::new(*row),
            None => super::lanes::padded(row, 0.0),
        };
        for r in 0..R {
            sums[r] = f32x8::splat(samples[r][j]).mul_add(row, sums[r]);
        }
    }
    for (r, sum) in sums.iter().enumerate() {
        out[r * m + column..(r + 1) * m][kept.clone()].copy_from_slice(&sum.to_array()[kept.clone()]);
    }
}

/// `out += Σ value · weights[j, :]` for one sample `out` `[m]`: synapses are used once, so their rows are read from front to
/// back, four at a time.
pub(super) fn stream(out: &mut [f32], terms: impl Iterator<Item = (usize, f32)>, weights: &[f32]) {
    let m = out.len();
    let row = |neuron: usize| &weights[neuron * m..(neuron + 1) * m];
    let mut terms = terms.fuse();
    while let Some(first) = terms.next() {
        match (terms.next(), terms.next(), terms.next()) {
            (Some(b), Some(c), Some(d)) => {
                let terms = [first, b, c, d];
                add_rows(out, terms.map(|(neuron, _)| row(neuron)), terms.map(|(_, value)| value));
            }
            (b, c, _) => {
                for (neuron, value) in [Some(first), b, c].into_iter().flatten() {
                    add_rows(out, [row(neuron)], [value]);
                }
            }
        }
    }
}

/// `out += Σ value · row`, in this order.
#[inline(always)]
fn add_rows<const K: usize>(out: &mut [f32], rows: [&[f32]; K], values: [f32; K]) {
    let (body, tail) = out.as_chunks_mut::<LANES>();
    let values = values.map(f32x8::splat);
    let vectors = rows.map(|row| &row.as_chunks::<LANES>().0[..body.len()]);
    for (i, out) in body.iter_mut().enumerate() {
        let mut sum = f32x8::new(*out);
        for k in 0..K {
            sum = values[k].mul_add(f32x8::new(vectors[k][i]), sum);
        }
        *out = sum.to_array();
    }
    if !tail.is_empty() {
        let mut sum = super::lanes::padded(tail, 0.0);
        for k in 0..K {
            let row = &rows[k][rows[k].len() - tail.len()..];
            sum = values[k].mul_add(super::lanes::padded(row, 0.0), sum);
        }
        tail.copy_from_slice(&sum.to_array()[..tail.len()]);
    }
}
