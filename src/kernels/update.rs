//! One update of a state population (Eqs. 13-15), a row at a time so that everything after the synapses stays
//! in the first-level cache.

use super::{activation, lanes, lateral};
use crate::params::{Activation, Lateral, Prior};
use wide::f32x8;

/// The constants of an update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UpdateRule {
    /// `φ`
    pub activation: Activation,
    /// Whether feedback is multiplied by `φ'(z)`.
    pub derivative: bool,
    /// `β`, already scaled by elapsed time where the schedule asks for it.
    pub beta: f32,
    /// `γ`
    pub leak: f32,
    /// Pull to rest.
    pub prior: Prior,
    /// `V`
    pub lateral: Lateral,
}

/// What an update did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moved {
    /// The largest `|Δz|`.
    pub movement: f32,
    /// The largest finite `|z|`.
    pub peak: f32,
    /// Whether every `z` is finite.
    pub finite: bool,
}

/// `z ← z + β (up [⊙ φ'(z)] − e − γ z − prior(z) − V φ(z))`.
///
/// `z`, `up`, `own` (the layer's own mismatch, if it is predicted), `activity` (`φ(z)` before the update) are
/// `[rows, cols]`; `up` is used as scratch; `observed`, where given, is 1 for components that data hold in place
/// and 0 for those that move (Eq. 19).
#[expect(clippy::too_many_arguments, reason = "one array per symbol of the equation")]
pub fn update(
    rule: &UpdateRule,
    z: &mut [f32],
    up: &mut [f32],
    own: Option<&[f32]>,
    activity: &[f32],
    observed: Option<&[f32]>,
    cols: usize,
    scratch: &mut Vec<f32>,
) -> Moved {
    let mut moved = Moved { movement: 0.0, peak: 0.0, finite: true };
    scratch.clear();
    scratch.resize(cols, 0.0);
    for (i, z) in z.chunks_exact_mut(cols).enumerate() {
        let row = i * cols..(i + 1) * cols;
        let up = &mut up[row.clone()];
        if rule.derivative {
            activation::times_derivative(rule.activation, z, up);
        }
        if let Some(own) = own {
            lanes::zip_in_place(up, &own[row.clone()], |u, e| u - e);
        }
        subtract_prior(rule.prior, z, up);
        if rule.lateral != Lateral::None {
            lateral::lateral_row(rule.lateral, &activity[row.clone()], scratch);
            lanes::zip_in_place(up, scratch, |u, v| u - v);
        }
        let (beta, leak) = (f32x8::splat(rule.beta), f32x8::splat(rule.leak));
        lanes::zip_in_place(up, z, |u, z| beta * (u - leak * z));
        if let Some(observed) = observed {
            lanes::zip_in_place(up, &observed[row], |step, o| step * (f32x8::ONE - o));
        }
        lanes::zip_in_place(z, up, |z, step| z + step);
        moved.include(up, z);
    }
    moved
}

impl Moved {
    fn include(&mut self, step: &[f32], z: &[f32]) {
        let (movement, _) = lanes::peak(step);
        let (peak, finite) = lanes::peak(z);
        self.movement = self.movement.max(movement);
        self.peak = self.peak.max(peak);
        self.finite &= finite;
    }
}

fn subtract_prior(prior: Prior, z: &[f32], up: &mut [f32]) {
    match prior {
        Prior::None => {}
        Prior::Laplace(lambda) => {
            let lambda = f32x8::splat(lambda);
            lanes::zip_in_place(up, z, |u, z| u - lambda * activation::sign(z));
        }
        Prior::Gaussian(lambda) => {
            let twice = f32x8::splat(2.0 * lambda);
            lanes::zip_in_place(up, z, |u, z| u - twice * z);
        }
        Prior::Cauchy(lambda) => {
            let twice = f32x8::splat(2.0 * lambda);
            lanes::zip_in_place(up, z, |u, z| u - twice * z / (f32x8::ONE + z * z));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(len: usize, step: usize) -> Vec<f32> {
        (0..len).map(|i| ((i * step % 17) as f32 - 8.0) * 0.1).collect()
    }

    #[test]
    fn an_update_equals_its_equation() {
        for (rows, cols) in [(1_usize, 1_usize), (2, 6), (3, 12), (2, 30)] {
            let (z0, up, own) = (ramp(rows * cols, 3), ramp(rows * cols, 5), ramp(rows * cols, 7));
            for prior in [Prior::None, Prior::Laplace(0.1), Prior::Gaussian(0.2), Prior::Cauchy(0.3)] {
                let mut activity = vec![0.0; rows * cols];
                activation::apply(Activation::Relu, &z0, &mut activity, cols);
                let lateral = Lateral::Columns { size: 1, excite: 0.15, inhibit: 0.1 };
                let rule = UpdateRule {
                    activation: Activation::Relu,
                    derivative: true,
                    beta: 0.2,
                    leak: 0.01,
                    prior,
                    lateral,
                };
                let observed: Vec<f32> = (0..rows * cols).map(|i| f32::from(u8::from(i % 3 == 0))).collect();
                let mut z = z0.clone();
                let moved = update(
                    &rule,
                    &mut z,
                    &mut up.clone(),
                    Some(&own),
                    &activity,
                    Some(&observed),
                    cols,
                    &mut Vec::new(),
                );
                let mut largest = 0.0_f64;
                for i in 0..rows * cols {
                    let zi = f64::from(z0[i]);
                    let pull = match prior {
                        Prior::None => 0.0,
                        Prior::Laplace(l) => f64::from(l) * if zi == 0.0 { 0.0 } else { zi.signum() },
                        Prior::Gaussian(l) => 2.0 * f64::from(l) * zi,
                        Prior::Cauchy(l) => 2.0 * f64::from(l) * zi / (1.0 + zi * zi),
                    };
                    let slope = f64::from(u8::from(zi >= 0.0));
                    let dz = f64::from(up[i]) * slope - f64::from(own[i]) - 0.01 * zi - pull + 0.15 * zi.max(0.0);
                    let step = if i % 3 == 0 { 0.0 } else { 0.2 * dz };
                    largest = largest.max(step.abs());
                    assert!((f64::from(z[i]) - zi - step).abs() < 1e-6, "{prior:?} at {i}");
                }
                assert!((f64::from(moved.movement) - largest).abs() < 1e-6 && moved.finite);
            }
        }
    }

    #[test]
    fn growth_without_bound_is_seen() {
        let rule = UpdateRule {
            activation: Activation::Identity,
            derivative: false,
            beta: 1.0,
            leak: 0.0,
            prior: Prior::None,
            lateral: Lateral::None,
        };
        let mut z = vec![3.0e38, 1.0];
        let moved = update(&rule, &mut z, &mut [3.0e38, 0.0], None, &[0.0; 2], None, 2, &mut Vec::new());
        assert!(!moved.finite && moved.peak == 1.0);
    }
}
