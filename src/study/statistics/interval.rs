//! Intervals of a mean: which method for how many units.

use super::bootstrap::{bca, resampled_grids, resampled_means};
use super::moments::{deviation, mean};
use super::units::Differences;
use crate::rng;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// From so many units on, intervals are bootstrapped; below, they are Student's.
pub const FEWEST: usize = 20;

/// How an interval was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Bootstrap, corrected for bias and acceleration.
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
    let (low, high) = bca(differences.mean(), &resampled, &differences.jackknife(), level);
    Some(Interval { low, high, level, method: Method::Bca })
}
