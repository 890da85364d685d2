//! The bootstrap: means of resampled units, and the interval that is corrected for bias and acceleration.
//!
//! B. Efron, Better bootstrap confidence intervals, Journal of the American Statistical Association 82:171-185 (1987).

use super::moments::mean;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ContinuousCDF, Normal};

/// The BCa interval of an estimate, from its `resampled` values and its `jackknife` values (each without one unit), at a
/// `level` such as 0.95.
///
/// With `z₀ = Φ⁻¹(share of resampled values below the estimate)` and the acceleration
/// `a = Σ d³ / (6 (Σ d²)^{3/2})`, `d` the mean of the jackknife values less each, the ends are the resampled values at the shares
/// `Φ(z₀ + (z₀ ± z) / (1 − a (z₀ ± z)))`, between neighbours in proportion. Values that equal the estimate count half.
///
/// # Panics
/// Where `resampled` is empty, which is a bug of the caller.
#[must_use]
pub fn bca(estimate: f64, resampled: &[f64], jackknife: &[f64], level: f64) -> (f64, f64) {
    assert!(!resampled.is_empty(), "there are resampled values");
    let mut sorted = resampled.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len() as f64;
    let below = sorted.iter().filter(|v| **v < estimate).count() as f64;
    let not_above = sorted.iter().filter(|v| **v <= estimate).count() as f64;
    // An estimate outside all resampled values would send z₀ to infinity.
    let share = ((below + not_above) / (2.0 * count)).clamp(0.5 / count, 1.0 - 0.5 / count);
    let normal = Normal::standard();
    let (bias, acceleration) = (normal.inverse_cdf(share), acceleration(jackknife));
    let end = |tail: f64| {
        let z = bias + normal.inverse_cdf(tail);
        quantile(&sorted, normal.cdf(bias + z / (1.0 - acceleration * z)))
    };
    let tail = 0.5 * (1.0 - level);
    (end(tail), end(1.0 - tail))
}

/// `a`; 0 where the units are all alike.
fn acceleration(jackknife: &[f64]) -> f64 {
    let mean = mean(jackknife);
    let sum = |power: i32| jackknife.iter().map(|v| (mean - v).powi(power)).sum::<f64>();
    let square = sum(2);
    if square > 0.0 { sum(3) / (6.0 * square.powf(1.5)) } else { 0.0 }
}

/// The value at a share of sorted values, between neighbours in proportion.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let (low, part) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + part * (sorted[high] - sorted[low])
}

/// The mean of `values` without each of them in turn.
#[must_use]
pub fn jackknife_of_mean(values: &[f64]) -> Vec<f64> {
    let (sum, others) = (values.iter().sum::<f64>(), (values.len().max(2) - 1) as f64);
    values.iter().map(|v| (sum - v) / others).collect()
}

/// Means of `count` resamplings of `values`, with replacement, as many in each as there are values.
#[must_use]
pub fn resampled_means(values: &[f64], count: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let n = values.len();
    let one = |_| (0..n).map(|_| values[below(n, rng)]).sum::<f64>() / n as f64;
    (0..count).map(one).collect()
}

/// Means of a grid `[seeds][images]` with seeds and images resampled, each on its own.
pub(super) fn resampled_grids(grid: &[Vec<f64>], count: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let (seeds, images) = (grid.len(), grid[0].len());
    let mut times = vec![0.0; images];
    let one = |_| {
        times.fill(0.0);
        (0..images).for_each(|_| times[below(images, rng)] += 1.0);
        let row = |row: &[f64]| row.iter().zip(&times).map(|(v, t)| v * t).sum::<f64>();
        (0..seeds).map(|_| row(&grid[below(seeds, rng)])).sum::<f64>() / (seeds * images) as f64
    };
    (0..count).map(one).collect()
}

/// A whole number below `n`: the high half of a product, whose unevenness of n / 2³² no figure here shows.
fn below(n: usize, rng: &mut ChaCha8Rng) -> usize {
    ((u64::from(rng.next_u32()) * n as u64) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;

    #[test]
    fn quantiles_lie_between_neighbours() {
        let sorted = [1.0, 2.0, 4.0];
        assert_eq!([0.0, 0.25, 0.5, 0.75, 1.0].map(|share| quantile(&sorted, share)), [1.0, 1.5, 2.0, 3.0, 4.0]);
        assert_eq!(quantile(&[7.0], 0.3), 7.0);
    }

    #[test]
    fn an_interval_of_nothing_but_equals_is_a_point() {
        assert_eq!(bca(2.0, &[2.0; 50], &[2.0; 5], 0.95), (2.0, 2.0));
        // An estimate beyond every resampled value still has ends.
        let (low, high) = bca(9.0, &[1.0, 2.0, 3.0], &[1.0, 2.0], 0.9);
        assert!(low.is_finite() && high <= 3.0);
    }

    #[test]
    fn a_grid_of_one_seed_is_a_row_of_images() {
        let row: Vec<f64> = (0..40).map(|i| f64::from(i % 7)).collect();
        let spread = |means: &[f64]| super::super::moments::deviation(means);
        let one = resampled_means(&row, 4000, &mut rng::stream(1, "a"));
        let grid = resampled_grids(&[row], 4000, &mut rng::stream(2, "b"));
        assert!((spread(&one) / spread(&grid) - 1.0).abs() < 0.06, "{} {}", spread(&one), spread(&grid));
    }

    #[test]
    fn every_value_is_drawn_as_often() {
        let mut counts = [0_u32; 7];
        let mut rng = rng::stream(3, "test.below");
        (0..70_000).for_each(|_| counts[below(7, &mut rng)] += 1);
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
    }
}
