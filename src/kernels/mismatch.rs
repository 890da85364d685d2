//! What an error population computes from its drive and its target: prediction, mismatch, free energy.

use super::lanes::{self, Vector};

/// Bounds of a Bernoulli mean where it is divided by or its logarithm is taken.
pub const CLIP: f32 = 1e-7;

/// `μ ← g(h)` has happened; `d = t − μ`, all `[rows · size]`.
pub fn difference(target: &[f32], mean: &[f32], out: &mut [f32]) {
    lanes::zip(target, mean, out, |t, m| t - m);
}

/// `μ = sigmoid(h)` and `e = t − μ` in one pass (Eq. 9 simplified): `target`, `drive` in, `mean`, `mismatch` out.
pub fn bernoulli_sigmoid(target: &[f32], drive: &[f32], mean: &mut [f32], mismatch: &mut [f32]) {
    lanes::zip_into_two(target, drive, mean, mismatch, |t, h| {
        let m = super::activation::sigmoid(h);
        (m, t - m)
    });
}

/// `e = (t − μ) / (μ (1 − μ))` with μ kept inside [1e-7, 1 − 1e-7]: Eq. 9 in full, for a mean that is no sigmoid.
pub fn bernoulli_full(target: &[f32], mean: &[f32], out: &mut [f32]) {
    let (low, high) = (Vector::splat(CLIP), Vector::splat(1.0 - CLIP));
    out.copy_from_slice(target);
    lanes::zip_in_place(out, mean, |t, m| {
        // The bounds would hide a mean that is not finite; m · 0 is then NaN, and is seen where the mismatch is checked.
        let taint = m * Vector::ZERO;
        let m = m.fast_max(low).fast_min(high);
        (t - m) / (m * (Vector::ONE - m)) + taint
    });
}

/// `−factor · Σ [t log μ + (1 − t) log(1 − μ)]` of each sample, added to `out` `[rows]`; `target`, `mean` `[rows, cols]`.
pub fn bernoulli_energy(target: &[f32], mean: &[f32], factor: f64, cols: usize, out: &mut [f64]) {
    for ((t, m), out) in target.chunks_exact(cols).zip(mean.chunks_exact(cols)).zip(out) {
        let terms = t.iter().zip(m).map(|(t, m)| {
            let (t, m) = (f64::from(*t), f64::from(*m).clamp(f64::from(CLIP), 1.0 - f64::from(CLIP)));
            t * m.ln() + (1.0 - t) * (1.0 - m).ln()
        });
        *out -= factor * terms.sum::<f64>();
    }
}

/// `½ a·b + ½ log|Σ|` of each sample, added to `out` `[rows]`; `a·b` is `d Σ⁻¹ d`: mismatch times its precision-weighted
/// self, or the whitened mismatch squared.
pub fn gaussian_energy(a: &[f32], b: &[f32], log_determinant: f64, cols: usize, out: &mut [f64]) {
    for ((a, b), out) in a.chunks_exact(cols).zip(b.chunks_exact(cols)).zip(out) {
        let square: f64 = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        *out += 0.5 * (square + log_determinant);
    }
}

/// `½ (t − μ)·e + ½ log|Σ|` of each sample, added to `out` `[rows]`: where d itself is kept by nobody.
pub fn compared_energy(t: &[f32], mean: &[f32], e: &[f32], log_determinant: f64, cols: usize, out: &mut [f64]) {
    let samples = t.chunks_exact(cols).zip(mean.chunks_exact(cols)).zip(e.chunks_exact(cols));
    for (((t, mean), e), out) in samples.zip(out) {
        let square: f64 = t.iter().zip(mean).zip(e).map(|((t, m), e)| f64::from(t - m) * f64::from(*e)).sum();
        *out += 0.5 * (square + log_determinant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::activation;
    use crate::params::Activation;

    #[test]
    fn fused_and_plain_mismatch_agree_to_the_bit() {
        for size in [1_usize, 7, 8, 30] {
            let drive: Vec<f32> = (0..size).map(|i| i as f32 * 0.3 - 2.0).collect();
            let target: Vec<f32> = (0..size).map(|i| (i % 2) as f32).collect();
            let (mut mean, mut e) = (vec![0.0; size], vec![0.0; size]);
            bernoulli_sigmoid(&target, &drive, &mut mean, &mut e);
            let (mut slow_mean, mut slow_e) = (vec![0.0; size], vec![0.0; size]);
            activation::apply(Activation::Sigmoid, &drive, &mut slow_mean, size);
            difference(&target, &slow_mean, &mut slow_e);
            assert_eq!((mean, e), (slow_mean, slow_e));
        }
    }

    #[test]
    fn the_full_form_divides_by_the_variance() {
        let mut e = [0.0; 3];
        bernoulli_full(&[1.0, 0.0, 1.0], &[0.25, 0.25, 0.0], &mut e);
        assert!((e[0] - 4.0).abs() < 1e-5 && (e[1] + 4.0 / 3.0).abs() < 1e-5);
        assert!(e[2].is_finite() && e[2] > 9.0e6);
    }

    #[test]
    fn a_mean_that_is_not_finite_is_not_hidden_by_its_bounds() {
        for bad in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
            let mut e = [0.0; 2];
            bernoulli_full(&[1.0, 1.0], &[0.5, bad], &mut e);
            assert!(e[0] == 2.0 && e[1].is_nan(), "{bad}");
        }
    }

    #[test]
    fn energies_are_per_sample() {
        let mut out = [0.0; 2];
        bernoulli_energy(&[1.0, 0.0, 1.0, 1.0], &[0.5, 0.5, 1.0, 0.5], 1.0, 2, &mut out);
        assert!((out[0] - 2.0 * 2.0_f64.ln()).abs() < 1e-6 && (out[1] - 2.0_f64.ln()).abs() < 1e-6);
        let mut out = [0.0; 2];
        gaussian_energy(&[1.0, 2.0, 0.0, 3.0], &[1.0, 2.0, 5.0, 1.0], 4.0, 2, &mut out);
        assert_eq!(out, [4.5, 3.5]);
    }
}
