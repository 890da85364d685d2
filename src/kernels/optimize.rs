//! Ascent steps on synapses: plain and Adam (Kingma & Ba, *Adam: a method for stochastic optimization*, 2015).

use super::lanes::{self, LANES, Vector};

const FIRST: f32 = 0.9;
const SECOND: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// `w ← w + rate · Δ`
pub fn sgd(weights: &mut [f32], rule: &[f32], rate: f32) {
    let rate = Vector::splat(rate);
    lanes::zip_in_place(weights, rule, |w, d| w + rate * d);
}

/// One ascent step of Adam, the `step`-th (from 1):
/// `m ← 0.9 m + 0.1 Δ`, `v ← 0.999 v + 0.001 Δ²`,
/// `w ← w + rate · (m / (1 − 0.9ᵗ)) / (√(v / (1 − 0.999ᵗ)) + ε)`.
pub fn adam(weights: &mut [f32], rule: &[f32], mean: &mut [f32], square: &mut [f32], rate: f32, step: u64) {
    assert!(weights.len() == rule.len() && mean.len() == rule.len() && square.len() == rule.len());
    let power = i32::try_from(step).unwrap_or(i32::MAX);
    let correct_mean = (f64::from(rate) / (1.0 - f64::from(FIRST).powi(power))) as f32;
    let correct_square = (1.0 / (1.0 - f64::from(SECOND).powi(power))) as f32;
    let one = |w: Vector, d: Vector, m: Vector, v: Vector| {
        let m = m * FIRST + d * (1.0 - FIRST);
        let v = v * SECOND + d * d * (1.0 - SECOND);
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
        for size in [1_usize, 7, 8, 21] {
            let mut fast = (vec![0.3_f32; size], vec![0.0_f32; size], vec![0.0_f32; size]);
            let mut slow = (vec![0.3_f64; size], vec![0.0_f64; size], vec![0.0_f64; size]);
            for step in 1..=20_u64 {
                let rule: Vec<f32> = (0..size).map(|i| ((i as f32 + step as f32) * 0.7).sin()).collect();
                adam(&mut fast.0, &rule, &mut fast.1, &mut fast.2, 0.01, step);
                for i in 0..size {
                    let d = f64::from(rule[i]);
                    slow.1[i] = 0.9 * slow.1[i] + 0.1 * d;
                    slow.2[i] = 0.999 * slow.2[i] + 0.001 * d * d;
                    let m = slow.1[i] / (1.0 - 0.9_f64.powi(step as i32));
                    let v = slow.2[i] / (1.0 - 0.999_f64.powi(step as i32));
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
