//! Activations `φ` and mean activations `g` over rows, and their derivatives.

use super::lanes::{self, Vector};
use crate::params::Activation;

/// `out = φ(input)`, both `[rows, cols]`.
///
/// # Panics
/// Where the lengths differ, which is a bug of the caller.
pub fn apply(function: Activation, input: &[f32], out: &mut [f32], cols: usize) {
    let zero = Vector::ZERO;
    match function {
        Activation::Identity => out.copy_from_slice(input),
        Activation::Tanh => lanes::map(input, out, tanh),
        Activation::Sigmoid => lanes::map(input, out, sigmoid),
        Activation::Relu => lanes::map(input, out, |v| v.fast_max(zero)),
        Activation::LeakyRelu(slope) => {
            let slope = Vector::splat(slope);
            lanes::map(input, out, |v| v.simd_ge(zero).select(v, slope * v));
        }
        Activation::Softplus => lanes::map(input, out, softplus),
        Activation::Elu(alpha) => {
            let alpha = Vector::splat(alpha);
            lanes::map(input, out, |v| v.simd_ge(zero).select(v, alpha * v.fast_min(zero).exp_m1()));
        }
        Activation::Signum => lanes::map(input, out, sign),
        Activation::Heaviside => lanes::map(input, out, |v| v.simd_gt(zero).select(Vector::ONE, zero)),
        Activation::KWinners(k) => {
            for (row, out) in input.chunks_exact(cols).zip(out.chunks_exact_mut(cols)) {
                winners(k, row, out);
            }
        }
    }
}

/// `up ← up ⊙ φ'(z)` (Eq. 14), with `φ'(0) = 1` for Relu. A function without a derivative leaves `up` as it is;
/// the circuit's checks keep that from happening.
pub fn times_derivative(function: Activation, z: &[f32], up: &mut [f32]) {
    let (zero, one) = (Vector::ZERO, Vector::ONE);
    match function {
        Activation::Identity | Activation::Signum | Activation::Heaviside | Activation::KWinners(_) => {}
        Activation::Tanh => lanes::zip_in_place(up, z, |u, v| {
            let t = tanh(v);
            u * (one - t * t)
        }),
        Activation::Sigmoid => lanes::zip_in_place(up, z, |u, v| {
            let s = sigmoid(v);
            u * (s * (one - s))
        }),
        Activation::Relu => lanes::zip_in_place(up, z, |u, v| v.simd_ge(zero).select(u, zero)),
        Activation::LeakyRelu(slope) => {
            let slope = Vector::splat(slope);
            lanes::zip_in_place(up, z, |u, v| u * v.simd_ge(zero).select(one, slope));
        }
        Activation::Softplus => lanes::zip_in_place(up, z, |u, v| u * sigmoid(v)),
        Activation::Elu(alpha) => {
            let alpha = Vector::splat(alpha);
            lanes::zip_in_place(up, z, |u, v| u * v.simd_ge(zero).select(one, alpha * v.fast_min(zero).exp()));
        }
    }
}

/// `1 / (1 + exp(−v))`; saturates to 0 and 1 without overflow.
#[inline(always)]
pub fn sigmoid(v: Vector) -> Vector {
    Vector::ONE / (Vector::ONE + (-v).exp())
}

/// `sign(v)`, 0 at 0.
#[inline(always)]
pub fn sign(v: Vector) -> Vector {
    let (zero, one) = (Vector::ZERO, Vector::ONE);
    v.simd_gt(zero).select(one, v.simd_lt(zero).select(-one, zero))
}

#[inline(always)]
fn tanh(v: Vector) -> Vector {
    v.tanh()
}

/// `max(v, 0) + log1p(exp(−|v|))`, which neither overflows nor cancels.
#[inline(always)]
fn softplus(v: Vector) -> Vector {
    v.fast_max(Vector::ZERO) + (-v.abs()).exp().ln_1p()
}

/// Keeps the `k` largest of one sample, ties to the lower index. NaN counts as the largest, so that it is seen.
fn winners(k: usize, row: &[f32], out: &mut [f32]) {
    out.copy_from_slice(row);
    if k >= row.len() {
        return;
    }
    let rank = |v: f32| if v.is_nan() { f32::INFINITY } else { v };
    out.select_nth_unstable_by(k, |a, b| rank(*b).total_cmp(&rank(*a)));
    let largest_loser = rank(out[k]);
    let above = row.iter().filter(|v| rank(**v) > largest_loser).count();
    let mut ties = k - above;
    for (o, v) in out.iter_mut().zip(row) {
        let tie = rank(*v) == largest_loser && ties > 0;
        ties -= usize::from(tie);
        *o = if tie || rank(*v) > largest_loser { *v } else { 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slow twin: one element, in f64.
    fn slow(function: Activation, v: f64) -> (f64, f64) {
        let s = 1.0 / (1.0 + (-v).exp());
        match function {
            Activation::Tanh => (v.tanh(), 1.0 - v.tanh().powi(2)),
            Activation::Sigmoid => (s, s * (1.0 - s)),
            Activation::Relu => (v.max(0.0), if v >= 0.0 { 1.0 } else { 0.0 }),
            Activation::LeakyRelu(a) => {
                (if v >= 0.0 { v } else { f64::from(a) * v }, if v >= 0.0 { 1.0 } else { f64::from(a) })
            }
            Activation::Softplus => (v.max(0.0) + (-v.abs()).exp().ln_1p(), s),
            Activation::Elu(a) => {
                let a = f64::from(a);
                (if v >= 0.0 { v } else { a * v.exp_m1() }, if v >= 0.0 { 1.0 } else { a * v.exp() })
            }
            Activation::Signum => (if v == 0.0 { 0.0 } else { v.signum() }, 1.0),
            Activation::Heaviside => (f64::from(u8::from(v > 0.0)), 1.0),
            _ => (v, 1.0),
        }
    }

    const ALL: [Activation; 9] = [
        Activation::Identity,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Relu,
        Activation::LeakyRelu(0.1),
        Activation::Softplus,
        Activation::Elu(0.7),
        Activation::Signum,
        Activation::Heaviside,
    ];

    #[test]
    fn functions_and_derivatives_match_their_slow_twins() {
        for size in [1, 3, 7, 8, 9, 16, 61] {
            let z: Vec<f32> = (0..size).map(|i| (i as f32 - size as f32 / 2.0).floor() * 0.53).collect();
            for function in ALL {
                let (mut out, mut up) = (vec![0.0; size], vec![2.0; size]);
                apply(function, &z, &mut out, size);
                times_derivative(function, &z, &mut up);
                for i in 0..size {
                    let (value, slope) = slow(function, f64::from(z[i]));
                    assert!((f64::from(out[i]) - value).abs() <= 2e-6 * (1.0 + value.abs()), "{function:?}({})", z[i]);
                    assert!((f64::from(up[i]) - 2.0 * slope).abs() <= 4e-6, "{function:?}'({})", z[i]);
                }
            }
        }
    }

    #[test]
    fn a_second_turn_changes_what_is_not_idempotent() {
        let z = [-2.0, -1.5, -0.5, 0.0, 0.7, 3.0];
        for function in ALL.into_iter().chain([Activation::KWinners(4)]) {
            let (mut once, mut twice) = ([0.0; 6], [0.0; 6]);
            apply(function, &z, &mut once, 6);
            apply(function, &once, &mut twice, 6);
            assert_eq!(once == twice, function.is_idempotent(), "{function:?}: {once:?}, {twice:?}");
        }
    }

    #[test]
    fn extremes_stay_finite() {
        let z = [-1e30, -200.0, -88.0, 0.0, 88.0, 200.0, 1e30];
        for function in [Activation::Sigmoid, Activation::Tanh, Activation::Softplus, Activation::Elu(1.0)] {
            let mut out = [f32::NAN; 7];
            apply(function, &z, &mut out, 7);
            assert!(out.iter().all(|v| v.is_finite()), "{function:?}: {out:?}");
        }
    }

    #[test]
    fn winners_keep_k_with_ties_to_the_lower_index() {
        let run = |k, row: &[f32]| {
            let mut out = vec![9.0; row.len()];
            apply(Activation::KWinners(k), row, &mut out, row.len());
            out
        };
        assert_eq!(run(2, &[1.0, 3.0, 2.0, 3.0]), [0.0, 3.0, 0.0, 3.0]);
        assert_eq!(run(2, &[1.0, 1.0, 1.0, 1.0]), [1.0, 1.0, 0.0, 0.0]);
        assert_eq!(run(3, &[-1.0, -2.0, -1.0, -3.0, -2.0]), [-1.0, -2.0, -1.0, 0.0, 0.0]);
        assert_eq!(run(3, &[0.0, -0.0, 0.5]), [0.0, -0.0, 0.5]);
    }
}
