//! Ascent steps on synapses: plain and Adam (Kingma & Ba, *Adam: a method for stochastic optimization*, 2015).

use super::lanes::{self, LANES, Vector};

const EPSILON: f32 = 1e-8;

/// `w ← w + rate · Δ`
pub fn sgd(weights: &mut [f32], rule: &[f32], rate: f32) {
    let rate = Vector::splat(rate);
    lanes::zip_in_place(weights, rule, |w, d| w + rate * d);
}

/// What a step of Adam is made with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamStep {
    /// Learning rate.
    pub rate: f32,
    /// `β₁` and `β₂`.
    pub betas: (f32, f32),
    /// Its number, from 1.
    pub number: u64,
}

/// One ascent step of Adam, the t-th:
/// `m ← β₁ m + (1 − β₁) Δ`, `v ← β₂ v + (1 − β₂) Δ²`,
/// `w ← w + rate · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)`.
pub fn adam(weights: &mut [f32], rule: &[f32], mean: &mut [f32], square: &mut [f32], step: AdamStep) {
    assert!(weights.len() == rule.len() && mean.len() == rule.len() && square.len() == rule.len());
    let AdamStep { rate, betas: (first, second), number } = step;
    let power = i32::try_from(number).unwrap_or(i32::MAX);
    let correct_mean = (f64::from(rate) / (1.0 - f64::from(first).powi(power))) as f32;
    let correct_square = (1.0 / (1.0 - f64::from(second).powi(power))) as f32;
    let one = |w: Vector, d: Vector, m: Vector, v: Vector| {
        let m = m * first + d * (1.0 - first);
        let v = v * second + d * d * (1.0 - second);
        (w + m * correct_mean / ((v * correct_square).sqrt() + EPSILON), m, v)
    };
    let last = [&*weights, rule, &*mean, &*square].map(lanes::last);
    let vectors = weights.as_chunks_mut::<LANES>().0.iter_mut().zip(rule.as_chunks::<LANES>().0);
    let moments = mean.as_chunks_mut::<LANES>().0.iter_mut().zip(square.as_chunks_mut::<LANES>().0);
    for ((w, d), (m, v)) in vectors.zip(moments) {
        let (new_w, new_m, new_v) = one(Vector::new(*w), Vector::new(*d), Vector::new(*m), Vector::new(*v));
        (*w, *m, *v) = (new_w.to_array(), new_m.to_array(), new_v.to_array());
    }
    if let [Some(w), Some(d), Some(m), Some(v)] = last {
        let (w, m, v) = one(w, d, m, v);
        for (out, new) in [(weights, w), (mean, m), (square, v)] {
            lanes::set_last(out, new);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adam_equals_its_equations() {
        for (size, first, second) in [(1_usize, 0.9_f64, 0.999_f64), (7, 0.5, 0.9), (8, 0.0, 0.99), (21, 0.9, 0.999)] {
            let mut fast = (vec![0.3_f32; size], vec![0.0_f32; size], vec![0.0_f32; size]);
            let mut slow = (vec![0.3_f64; size], vec![0.0_f64; size], vec![0.0_f64; size]);
            for step in 1..=20_u64 {
                let rule: Vec<f32> = (0..size).map(|i| ((i as f32 + step as f32) * 0.7).sin()).collect();
                let made = AdamStep { rate: 0.01, betas: (first as f32, second as f32), number: step };
                adam(&mut fast.0, &rule, &mut fast.1, &mut fast.2, made);
                for i in 0..size {
                    let d = f64::from(rule[i]);
                    slow.1[i] = first * slow.1[i] + (1.0 - first) * d;
                    slow.2[i] = second * slow.2[i] + (1.0 - second) * d * d;
                    let m = slow.1[i] / (1.0 - first.powi(step as i32));
                    let v = slow.2[i] / (1.0 - second.powi(step as i32));
                    slow.0[i] += 0.01 * m / (v.sqrt() + 1e-8);
                    assert!((f64::from(fast.0[i]) - slow.0[i]).abs() < 1e-5);
                }
            }
        }
    }

    #[test]
    fn sgd_ascends() {
        let mut w = [1.0, 2.0, 3.0];
        sgd(&mut w, &[1.0, -1.0, 0.0], 0.5);
        assert_eq!(w, [1.5, 1.5, 3.0]);
    }
}
