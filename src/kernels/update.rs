//! One update of a state population (Eqs. 13-15), a row at a time so that everything after the synapses stays
//! in the first-level cache.

use super::lanes::{LANES, Largest, Vector, last, peak, set_last};
use super::{activation, lateral};
use crate::params::{Activation, Lateral, Prior};

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
    /// The largest `|Δz|`; infinite where a `z` is not finite.
    pub movement: f32,
    /// The largest finite `|z|`.
    pub peak: f32,
    /// Whether every `z` is finite.
    pub finite: bool,
}

/// What an update reads besides `z`, each `[rows, cols]`.
#[derive(Debug, Clone, Copy)]
pub struct Pulls<'a> {
    /// `up`: mismatches that returned.
    pub drive: &'a [f32],
    /// `e`: the layer's own mismatch, if it is predicted.
    pub own: Option<&'a [f32]>,
    /// `φ(z)` before the update.
    pub activity: &'a [f32],
    /// 1 for components that data hold in place and 0 for those that move (Eq. 19); all move where it is absent.
    pub observed: Option<&'a [f32]>,
}

/// `z ← z + β (up [⊙ φ'(z)] − e − γ z − prior(z) − V φ(z))`, with `z` `[rows, cols]`; `scratch` is kept for its storage.
pub fn update(rule: &UpdateRule, z: &mut [f32], pulls: &Pulls<'_>, cols: usize, scratch: &mut Vec<f32>) -> Moved {
    let mut extent = Extent { steps: Largest::new(), states: Largest::new() };
    scratch.resize(2 * cols, 0.0);
    let (scaled, lateral) = scratch.split_at_mut(cols);
    for (i, z) in z.chunks_exact_mut(cols).enumerate() {
        let row = i * cols..(i + 1) * cols;
        let mut up = &pulls.drive[row.clone()];
        if rule.derivative {
            scaled.copy_from_slice(up);
            activation::times_derivative(rule.activation, z, scaled);
            up = scaled;
        }
        lateral::lateral_row(rule.lateral, &pulls.activity[row.clone()], lateral);
        let row = Row {
            up,
            own: pulls.own.map(|own| &own[row.clone()]),
            lateral: (rule.lateral != Lateral::None).then_some(&*lateral),
            observed: pulls.observed.map(|observed| &observed[row.clone()]),
        };
        let extent = &mut extent;
        match rule.prior {
            Prior::None => row.step(rule, z, extent, |u, _| u),
            Prior::Laplace(lambda) => {
                row.step(rule, z, extent, |u, z| u - Vector::splat(lambda) * activation::sign(z));
            }
            Prior::Gaussian(lambda) => row.step(rule, z, extent, |u, z| u - Vector::splat(2.0 * lambda) * z),
            Prior::Cauchy(lambda) => {
                row.step(rule, z, extent, |u, z| u - Vector::splat(2.0 * lambda) * z / (Vector::ONE + z * z));
            }
        }
    }
    extent.moved(z)
}

/// One sample of what an update reads.
struct Row<'a> {
    /// `up`, multiplied by `φ'(z)` where the rule says so.
    up: &'a [f32],
    own: Option<&'a [f32]>,
    lateral: Option<&'a [f32]>,
    observed: Option<&'a [f32]>,
}

impl Row<'_> {
    /// `z ← z + β (pull(up − e, z) − Vφ − γ z)`, in one pass.
    #[inline(always)]
    fn step(&self, rule: &UpdateRule, z: &mut [f32], extent: &mut Extent, pull: impl Fn(Vector, Vector) -> Vector) {
        let (beta, leak) = (Vector::splat(rule.beta), Vector::splat(rule.leak));
        let step = |z: Vector, up: Vector, own: Option<Vector>, lateral: Option<Vector>, observed: Option<Vector>| {
            let mut u = own.map_or(up, |own| up - own);
            u = pull(u, z);
            u = lateral.map_or(u, |lateral| u - lateral);
            let step = beta * (u - leak * z);
            observed.map_or(step, |observed| step * (Vector::ONE - observed))
        };
        let others = [self.own, self.lateral, self.observed];
        let ends = others.map(|row| row.and_then(last));
        let end = last(z).zip(last(self.up));
        let [own, lateral, observed] = others.map(|row| row.map(|row| row.as_chunks::<LANES>().0));
        let vectors = z.as_chunks_mut::<LANES>().0.iter_mut().zip(self.up.as_chunks::<LANES>().0);
        for (i, (z, up)) in vectors.enumerate() {
            let at = |row: Option<&[[f32; LANES]]>| row.map(|row| Vector::new(row[i]));
            let state = Vector::new(*z);
            let step = step(state, Vector::new(*up), at(own), at(lateral), at(observed));
            *z = extent.include(step, state + step).to_array();
        }
        if let Some((state, up)) = end {
            let step = step(state, up, ends[0], ends[1], ends[2]);
            set_last(z, extent.include(step, state + step));
        }
    }
}

/// What updates did so far.
struct Extent {
    steps: Largest,
    states: Largest,
}

impl Extent {
    /// Takes in a step and the state after it, and returns the latter.
    #[inline(always)]
    fn include(&mut self, step: Vector, z: Vector) -> Vector {
        self.steps.include(step);
        self.states.include(z);
        z
    }

    /// The same of all lanes; `z` is all that has been updated.
    fn moved(&self, z: &[f32]) -> Moved {
        match self.steps.of_finite().zip(self.states.of_finite()) {
            Some((movement, peak)) => Moved { movement, peak, finite: true },
            None => {
                let (peak, finite) = peak(z);
                Moved { movement: f32::INFINITY, peak, finite }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::twin::ramp;
    use super::*;

    #[test]
    fn an_update_equals_its_equation() {
        for (rows, cols) in [(1_usize, 1_usize), (2, 6), (3, 12), (2, 30), (2, 40), (1, 64)] {
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
                let pulls = Pulls { drive: &up, own: Some(&own), activity: &activity, observed: Some(&observed) };
                let moved = update(&rule, &mut z, &pulls, cols, &mut Vec::new());
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
        let pulls = Pulls { drive: &[3.0e38, 0.0], own: None, activity: &[0.0; 2], observed: None };
        let moved = update(&rule, &mut z, &pulls, 2, &mut Vec::new());
        assert_eq!(moved, Moved { movement: f32::INFINITY, peak: 1.0, finite: false });
    }
}
