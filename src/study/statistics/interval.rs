//! Intervals of a mean: which method for how many units.

use super::bootstrap::{bca, resampled_grids, resampled_means};
use super::moments::{deviation, mean};
use super::units::Differences;
use crate::rng;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// From so many units on, intervals are bootstrapped; below, they are Student's.
pub const FEWEST: usize = 20;

/// How an interval was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Bootstrap, corrected for bias and acceleration, and widened for the number of units.
    Bca,
    /// `mean ± t s / √n`: for few units.
    StudentT,
}

/// An interval of the mean difference.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// How often such intervals hold the true mean, such as 0.95.
    pub level: f64,
    /// How it was made.
    pub method: Method,
}

/// `mean ± t s / √n`, with t of n − 1 degrees of freedom; `None` for a single value, which has no spread.
#[must_use]
pub fn student(values: &[f64], level: f64) -> Option<(f64, f64)> {
    let freedom = values.len().checked_sub(1).filter(|freedom| *freedom > 0)? as f64;
    let t = StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(0.5 + 0.5 * level);
    let half = t * deviation(values) / (values.len() as f64).sqrt();
    let mean = mean(values);
    Some((mean - half, mean + half))
}

/// The level at which the bootstrap of so few units is asked, so that its interval holds the mean as often as `level` says.
///
/// Resampled means spread by `√((n − 1) / n)` less than means of new units do, and normal quantiles leave out that the spread is
/// itself estimated. So the tail is `Φ(−√(n / (n − 1)) t)`, t the quantile of Student's distribution with n − 1 degrees of
/// freedom: 0.016 in place of 0.025 for 20 units, 0.023 for 100. T. C. Hesterberg, What teachers should know about the
/// bootstrap, The American Statistician 69:371-386 (2015).
fn expanded(level: f64, units: usize) -> f64 {
    let n = units as f64;
    let t = StudentsT::new(0.0, 1.0, n - 1.0).map_or(0.0, |t| t.inverse_cdf(0.5 + 0.5 * level));
    if t > 0.0 { 1.0 - 2.0 * Normal::standard().cdf(-(n / (n - 1.0)).sqrt() * t) } else { level }
}

/// The interval of the mean; `None` for a single unit.
pub(super) fn interval(differences: &Differences, level: f64, resamples: usize, seed: u64) -> Option<Interval> {
    let limiting = differences.limiting();
    if limiting.len() < FEWEST {
        let (low, high) = student(&limiting, level)?;
        return Some(Interval { low, high, level, method: Method::StudentT });
    }
    let mut rng = rng::stream(seed, "study.bootstrap");
    let resampled = match differences {
        Differences::OneWay(values) => resampled_means(values, resamples, &mut rng),
        Differences::TwoWay(grid) => resampled_grids(grid, resamples, &mut rng),
    };
    let asked = expanded(level, limiting.len());
    let (low, high) = bca(differences.mean(), &resampled, &differences.jackknife(), asked);
    Some(Interval { low, high, level, method: Method::Bca })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_units_ask_for_wider_tails() {
        let tail = |units: usize| 0.5 * (1.0 - expanded(0.95, units));
        assert!((tail(20) - 0.015_9).abs() < 1e-4 && (tail(100) - 0.023_1).abs() < 1e-4, "{} {}", tail(20), tail(100));
        assert!((tail(1_000_000) - 0.025).abs() < 1e-5);
    }
}
