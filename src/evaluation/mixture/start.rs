//! Where a fit starts: k-means++ (Arthur & Vassilvitskii, 2007), then Lloyd's iterations.

use super::blocks::{blocks, nearest};
use crate::rng;
use faer::{Mat, MatRef};
use rand::Rng;
use rand_distr::{Distribution, StandardUniform};
use rayon::prelude::*;

/// Lloyd's iterations at the most; a start need not be a perfect clustering.
const ITERATIONS: usize = 50;

/// Every sample belongs to one of `components` clusters, with responsibility 1.
pub(super) fn shares(samples: MatRef<'_, f64>, components: usize, seed: u64) -> Vec<Vec<(usize, f64)>> {
    let mut centres = seeds(samples, components, &mut rng::stream(seed, "mixture"));
    let mut members = assign(&centres, samples);
    for _ in 0..ITERATIONS {
        centres = means(&centres, samples, &members);
        let moved = assign(&centres, samples);
        if moved == members {
            break;
        }
        members = moved;
    }
    let mut shares = vec![Vec::new(); components];
    members.into_iter().enumerate().for_each(|(i, k)| shares[k].push((i, 1.0)));
    settle_empty(&mut shares);
    shares
}

/// A cluster without samples (there were equal ones) gets one of the largest cluster.
fn settle_empty(shares: &mut [Vec<(usize, f64)>]) {
    while let Some(empty) = shares.iter().position(Vec::is_empty) {
        let largest = (0..shares.len()).fold(0, |best, k| if shares[k].len() > shares[best].len() { k } else { best });
        match shares[largest].pop() {
            Some(sample) => shares[empty].push(sample),
            None => return,
        }
    }
}

/// Each further centre is a sample, drawn in proportion to its squared distance from the centres so far.
fn seeds(samples: MatRef<'_, f64>, components: usize, rng: &mut impl Rng) -> Mat<f64> {
    let mut distances = vec![1.0; samples.ncols()];
    let mut centres = Mat::<f64>::zeros(samples.nrows(), components);
    for k in 0..components {
        let chosen = draw(&distances, rng);
        (0..samples.nrows()).for_each(|row| centres[(row, k)] = samples[(row, chosen)]);
        let centre = centres.col(k);
        distances.par_iter_mut().enumerate().for_each(|(i, distance)| {
            let square: f64 = (0..samples.nrows()).map(|row| (samples[(row, i)] - centre[row]).powi(2)).sum();
            *distance = if k == 0 { square } else { distance.min(square) };
        });
    }
    centres
}

/// A position drawn in proportion to its weight; any one where all weights are 0.
fn draw(weights: &[f64], rng: &mut impl Rng) -> usize {
    let total: f64 = weights.iter().sum();
    let uniform: f64 = StandardUniform.sample(rng);
    if total <= 0.0 {
        return ((uniform * weights.len() as f64) as usize).min(weights.len() - 1);
    }
    let mut left = uniform * total;
    for (i, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return i;
        }
    }
    weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0)
}

fn assign(centres: &Mat<f64>, samples: MatRef<'_, f64>) -> Vec<usize> {
    blocks(samples).into_par_iter().flat_map_iter(|block| nearest(centres, block)).collect()
}

/// The mean of each cluster; one without samples keeps its centre.
fn means(before: &Mat<f64>, samples: MatRef<'_, f64>, members: &[usize]) -> Mat<f64> {
    let mut sums = Mat::<f64>::zeros(before.nrows(), before.ncols());
    let mut counts = vec![0_usize; before.ncols()];
    for (i, k) in members.iter().enumerate() {
        counts[*k] += 1;
        (0..samples.nrows()).for_each(|row| sums[(row, *k)] += samples[(row, i)]);
    }
    let mean = |row, k: usize| if counts[k] == 0 { before[(row, k)] } else { sums[(row, k)] / counts[k] as f64 };
    Mat::from_fn(before.nrows(), before.ncols(), mean)
}
