//! One point of a study beside its baseline.

use super::holm::holm;
use super::interval::{Interval, interval};
use super::moments::deviation;
use super::signs::{SignFlips, sign_flips};
use super::units::{Differences, PairedValue, ResampledUnit, StatisticsError};
use serde::Serialize;

/// How a comparison is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// What is resampled.
    pub unit: ResampledUnit,
    /// The level of the interval, between 0 and 1.
    pub level: f64,
    /// Resamplings, and drawn choices of signs.
    pub resamples: usize,
    /// Seed of both.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { unit: ResampledUnit::Images, level: 0.95, resamples: 9999, seed: 0 }
    }
}

/// How a point differs from its baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairedComparison {
    /// What was resampled.
    pub unit: ResampledUnit,
    /// How many units there were; of images and seeds, the fewer.
    pub units: usize,
    /// The mean difference, in the unit of the measure; positive where the point is above its baseline.
    pub mean: f64,
    /// Its interval; `None` for a single unit, which shows no spread.
    pub interval: Option<Interval>,
    /// The mean difference over the standard deviation of differences between units (Cohen's d of paired differences); `None`
    /// where all are alike.
    pub effect: Option<f64>,
    /// Share of units that are above their baseline, ties by half.
    pub above: f64,
    /// The sign-flip test.
    pub test: SignFlips,
    /// The p of the test after Holm's correction, once [`correct`] has seen its family.
    pub p_holm: Option<f64>,
}

/// Compares two points of a study on what was measured at both.
///
/// # Errors
/// [`StatisticsError`] where there are no pairs, where one isn't finite, or where images and seeds make no grid.
///
/// # Examples
/// ```
/// use gncn::study::statistics::{Method, Options, PairedValue, ResampledUnit, compare};
///
/// let pair = |seed: u64, image: u64| PairedValue {
///     seed,
///     image,
///     presentation: image,
///     baseline: image as f64,
///     value: image as f64 + 1.0 + 0.1 * seed as f64,
/// };
/// let pairs: Vec<PairedValue> = (0..3).flat_map(|seed| (0..50).map(move |image| pair(seed, image))).collect();
/// let found = compare(&pairs, &Options { unit: ResampledUnit::Seeds, ..Options::default() })?;
/// assert!((found.mean - 1.1).abs() < 1e-12);
/// let interval = found.interval.unwrap();
/// assert!(interval.method == Method::StudentT && interval.low < 1.0 && interval.high > 1.2);
/// assert_eq!(found.test.p, 0.25, "three seeds can't say more");
/// # Ok::<(), gncn::study::statistics::StatisticsError>(())
/// ```
pub fn compare(pairs: &[PairedValue], options: &Options) -> Result<PairedComparison, StatisticsError> {
    if !(options.level > 0.0 && options.level < 1.0) {
        return Err(StatisticsError::Level { level: options.level.to_string() });
    }
    let differences = Differences::of(pairs, options.unit)?;
    let values = differences.limiting();
    let (mean, spread) = (differences.mean(), deviation(&values));
    let above = |d: &f64| if *d > 0.0 { 1.0 } else { 0.5 * f64::from(u8::from(*d == 0.0)) };
    Ok(PairedComparison {
        unit: options.unit,
        units: values.len(),
        mean,
        interval: interval(&differences, options.level, options.resamples.max(1), options.seed),
        effect: (spread > 0.0).then(|| mean / spread),
        above: values.iter().map(above).sum::<f64>() / values.len() as f64,
        test: sign_flips(&values, options.resamples, options.seed),
        p_holm: None,
    })
}

/// Corrects the tests of a family: all comparisons that one question is answered by.
pub fn correct(family: &mut [PairedComparison]) {
    let p: Vec<f64> = family.iter().map(|comparison| comparison.test.p).collect();
    family.iter_mut().zip(holm(&p)).for_each(|(comparison, p)| comparison.p_holm = Some(p));
}
