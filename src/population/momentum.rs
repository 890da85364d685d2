//! Momentum of a state population (heavy ball), sample by sample.
//!
//! With s = β dz what a plain update would do, and v the last movement `[J]`:
//!
//! ```text
//! v ← m v + s,  or  v ← s  where (m v + s) · s < 0,
//! z ← z + v
//! ```
//!
//! A sample whose movement has come to point against what pulls on it starts anew (O'Donoghue & Candès, *Adaptive restart for
//! accelerated gradient schemes*, 2015). The sum runs over the neurons of one population and one sample, so that where a
//! sample settles depends on no other.

use crate::kernels::lanes;
use crate::kernels::update::Moved;

/// What the samples of a presentation did last.
#[derive(Debug)]
pub(super) struct Velocity {
    /// `m`
    share: f32,
    /// `v` `[rows, J]`
    last: Vec<f32>,
    before: Vec<f32>,
    /// What the last firing that moved has come to.
    moved: Moved,
}

const STILL: Moved = Moved { movement: 0.0, peak: 0.0, finite: true };

impl Velocity {
    /// Of `count` components that have not moved yet.
    pub(super) fn new(share: f32, count: usize) -> Self {
        let count = if share > 0.0 { count } else { 0 };
        Self { share, last: vec![0.0; count], before: Vec::with_capacity(count), moved: STILL }
    }

    /// As new.
    pub(super) fn clear(&mut self) {
        self.last.fill(0.0);
        self.moved = STILL;
    }

    /// What a firing comes to that moves nothing: as much as the one before, which it only sends again.
    pub(super) fn hold(&self) -> Moved {
        self.moved
    }

    /// Lets `update` move `z` `[rows, cols]`, and lets it go on moving. The movement that is told is the larger of v and s, so
    /// that a state which passes its turning point doesn't look still.
    pub(super) fn carry(&mut self, z: &mut [f32], cols: usize, update: impl FnOnce(&mut [f32]) -> Moved) -> Moved {
        self.moved = if self.share > 0.0 { self.carried(z, cols, update) } else { update(z) };
        self.moved
    }

    fn carried(&mut self, z: &mut [f32], cols: usize, update: impl FnOnce(&mut [f32]) -> Moved) -> Moved {
        let Self { share, last, before, .. } = self;
        before.clear();
        before.extend_from_slice(z);
        let plain = update(z);
        let rows = z.chunks_exact_mut(cols).zip(before.chunks_exact_mut(cols)).zip(last.chunks_exact_mut(cols));
        let mut movement = plain.movement;
        for ((z, before), last) in rows {
            let agrees = agreement(z, before, last, *share) >= 0.0;
            for ((z, before), last) in z.iter_mut().zip(before).zip(last) {
                let step = *z - *before;
                *last = if agrees { *share * *last + step } else { step };
                *z = *before + *last;
                movement = movement.max(last.abs());
            }
        }
        let (peak, finite) = lanes::peak(z);
        Moved { movement: if finite { movement } else { f32::INFINITY }, peak, finite }
    }
}

/// `(m v + s) · s` of one sample, with `s = z − before`; summed in the order of neurons.
fn agreement(z: &[f32], before: &[f32], last: &[f32], share: f32) -> f32 {
    z.iter().zip(before).zip(last).fold(0.0, |sum, ((z, before), last)| {
        let step = z - before;
        sum + (share * last + step) * step
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pulls each component to 1 by half of the way that is left.
    fn pull(z: &mut [f32]) -> Moved {
        let before = z.to_vec();
        z.iter_mut().for_each(|z| *z += 0.5 * (1.0 - *z));
        let movement = z.iter().zip(before).map(|(z, before)| (z - before).abs()).fold(0.0, f32::max);
        Moved { movement, peak: lanes::peak(z).0, finite: true }
    }

    #[test]
    fn a_sample_goes_on_and_starts_anew_when_it_has_gone_too_far() {
        let (mut velocity, mut z) = (Velocity::new(0.5, 1), vec![0.0]);
        let mut at = Vec::new();
        for _ in 0..4 {
            velocity.carry(&mut z, 1, pull);
            at.push(z[0]);
        }
        // 0.5; then 0.5 · 0.5 + 0.25 more; then on to 1.25; there it is pulled back by 0.125 while 0.125 would go on.
        assert_eq!(at, [0.5, 1.0, 1.25, 1.25]);
        velocity.carry(&mut z, 1, pull);
        assert!(z[0] < 1.25);
    }

    #[test]
    fn a_sample_knows_nothing_of_another() {
        let (mut alone, mut both) = (Velocity::new(0.9, 2), Velocity::new(0.9, 4));
        let (mut one, mut two) = (vec![0.0, 0.3], vec![0.0, 0.3, 5.0, -7.0]);
        for _ in 0..9 {
            alone.carry(&mut one, 2, pull);
            both.carry(&mut two, 2, pull);
        }
        assert_eq!(one, two[..2]);
    }

    #[test]
    fn who_passes_a_turning_point_does_not_look_still() {
        let (mut velocity, mut z) = (Velocity::new(0.5, 1), vec![0.0]);
        for _ in 0..3 {
            velocity.carry(&mut z, 1, pull);
        }
        let moved = velocity.carry(&mut z, 1, pull);
        assert!((z[0] - 1.25).abs() < 1e-6 && moved.movement >= 0.125, "{moved:?}");
        assert_eq!(velocity.hold(), moved);
    }
}
