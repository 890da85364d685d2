//! t-SNE: points of many dimensions in a plane, so that neighbours stay neighbours (van der Maaten, 2014).

use crate::matrix::Matrix;
use crate::rng;
use bhtsne::{Neighbor, tSNE};
use rand_distr::{Distribution, Normal};
use rayon::prelude::*;

/// Effective number of neighbours, as in van der Maaten & Hinton (2008) and scikit-learn.
const PERPLEXITY: f64 = 30.0;

/// Neighbours that have a part in a point's place, for each unit of perplexity.
const NEIGHBOURS: usize = 3;

/// How coarse a far group of points may be taken together (Barnes-Hut).
const THETA: f64 = 0.5;

/// Spread of the points at the start.
const SPREAD: f64 = 1e-4;

/// The fewest points that can be embedded.
pub const FEWEST: usize = 5;

/// Places `[n, 2]` of the rows of `points` `[n, J]`. They follow from points and seed alone: neighbours are found by
/// brute force, the start is drawn from a stream of its own, and the descent runs on one thread.
///
/// # Errors
/// Where the thread can't be started.
///
/// # Panics
/// Where there are fewer than [`FEWEST`] points, or one that is not finite: bugs of the caller.
pub fn embed(points: &Matrix, seed: u64) -> Result<Vec<[f64; 2]>, rayon::ThreadPoolBuildError> {
    let n = points.rows();
    assert!(n >= FEWEST, "t-SNE needs {FEWEST} points");
    let perplexity = PERPLEXITY.min((n as f64 - 1.0) / NEIGHBOURS as f64);
    let count = ((perplexity * NEIGHBOURS as f64) as usize).clamp(1, n - 1);
    let neighbours: Vec<Vec<Neighbor<f64>>> = (0..n).into_par_iter().map(|i| nearest(points, i, count)).collect();
    let normal = Normal::new(0.0, SPREAD).expect("a positive standard deviation");
    let mut rng = rng::stream(seed, "t-SNE");
    let start: Vec<f64> = (0..2 * n).map(|_| normal.sample(&mut rng)).collect();
    let rows: Vec<&[f32]> = (0..n).map(|i| points.row(i)).collect();
    let descend = || {
        let mut tsne: tSNE<'_, f64, &[f32]> = tSNE::new(&rows);
        tsne.perplexity(perplexity).initial_embedding(start).barnes_hut_with_neighbors(THETA, &neighbours);
        tsne.embedding()
    };
    // Sums over points would take another order with another number of threads.
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let flat = alone.install(descend);
    Ok(flat.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect())
}

/// The nearest other points, ties to the lower index.
fn nearest(points: &Matrix, i: usize, count: usize) -> Vec<Neighbor<f64>> {
    let square =
        |j: usize| -> f64 { points.row(i).iter().zip(points.row(j)).map(|(a, b)| f64::from(a - b).powi(2)).sum() };
    let mut all: Vec<(f64, usize)> = (0..points.rows()).filter(|j| *j != i).map(|j| (square(j), j)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all.into_iter().take(count).map(|(square, index)| Neighbor { index, distance: square.sqrt() }).collect()
}
