//! The noise of a state population: one stream of draws for each sample, so that what shakes a sample depends on no other.

use crate::kernels::lanes;
use crate::kernels::update::Moved;
use crate::matrix::Matrix;
use crate::rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::ops::Range;

/// The names of the streams of some samples: run, presentation and population are in the name.
#[derive(Debug, Clone, Copy)]
pub struct Stream<'a> {
    /// Seed of what draws.
    pub seed: u64,
    /// What is drawn, for which presentation and population.
    pub name: &'a str,
}

impl Stream<'_> {
    /// The generators of the samples `rows`, counted from the first of the presentation.
    fn of(&self, rows: Range<usize>) -> impl Iterator<Item = ChaCha8Rng> + '_ {
        rows.map(|row| rng::stream_at(self.seed, self.name, row as u64))
    }

    /// Independent standard normal values `[rows, size]` times `sd`.
    #[must_use]
    pub fn draw(&self, rows: Range<usize>, size: usize, sd: f32) -> Matrix {
        let mut values = Matrix::zeros(rows.len(), size);
        for (row, mut rng) in self.of(rows).enumerate() {
            values.row_mut(row).iter_mut().for_each(|value| *value = sd * normal(&mut rng));
        }
        values
    }
}

/// What shakes the states of some samples, firing after firing.
#[derive(Debug)]
pub(super) struct Shaking {
    samples: Vec<ChaCha8Rng>,
    before: Vec<f32>,
}

impl Shaking {
    /// Streams of the samples `rows` of a presentation.
    pub(super) fn new(stream: Stream<'_>, rows: Range<usize>) -> Self {
        Self { samples: stream.of(rows).collect(), before: Vec::new() }
    }

    /// `z ← update(z) + sd √(2β) ξ` where `observed` is not 1, with `z` `[rows, size]`; returns what became
    /// of `z` with both.
    pub(super) fn around(
        &mut self,
        z: &mut [f32],
        (sd, beta): (f32, f32),
        observed: Option<&[f32]>,
        update: impl FnOnce(&mut [f32]) -> Moved,
    ) -> Moved {
        self.before.clear();
        self.before.extend_from_slice(z);
        update(z);
        let size = z.len() / self.samples.len().max(1);
        let amplitude = sd * (2.0 * beta).sqrt();
        for (row, (z, rng)) in z.chunks_exact_mut(size).zip(&mut self.samples).enumerate() {
            let seen = observed.map(|observed| &observed[row * size..(row + 1) * size]);
            for (i, z) in z.iter_mut().enumerate() {
                // Drawn for what is observed, too, so that a mask changes the draws of no other component.
                let draw = amplitude * normal(rng);
                if seen.is_none_or(|seen| seen[i] != 1.0) {
                    *z += draw;
                }
            }
        }
        let movement = z.iter().zip(&self.before).map(|(z, before)| (z - before).abs()).fold(0.0, f32::max);
        let (peak, finite) = lanes::peak(z);
        Moved { movement, peak, finite }
    }
}

fn normal(rng: &mut ChaCha8Rng) -> f32 {
    StandardNormal.sample(rng)
}
