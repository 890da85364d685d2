//! Pairs of measurements, and the independent units that they are summed up into.

use super::bootstrap::jackknife_of_mean;
use super::moments::mean;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The same image, weights and presentation under two points of a study.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedValue {
    /// The seed that the weights were trained from, or the place of the run.
    pub seed: u64,
    /// The image, by its place in the data.
    pub image: u64,
    /// The presentation that it was part of.
    pub presentation: u64,
    /// Measured at the baseline, in the unit of the measure.
    pub baseline: f64,
    /// Measured at the other point.
    pub value: f64,
}

impl PairedValue {
    fn difference(&self) -> f64 {
        self.value - self.baseline
    }
}

/// What is independent of each other, and so is resampled as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResampledUnit {
    /// Images: a claim about these weights.
    Images,
    /// Trained weights: a claim about weights trained like these, on these images.
    Seeds,
    /// Both: a claim about weights trained like these on images like these.
    ImagesAndSeeds,
    /// Presentations, whose images share delays and losses.
    Presentations,
}

/// Pairs from which nothing can be said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatisticsError {
    /// No pairs.
    #[error("there is nothing to compare: no image and seed was measured at both points")]
    NoPairs,
    /// A measurement that is no number.
    #[error(
        "image {image} of seed {seed} was measured as a value that is not finite; count such runs as diverged and leave \
         them out on both sides"
    )]
    NotFinite {
        /// The seed.
        seed: u64,
        /// The image.
        image: u64,
    },
    /// Images and seeds that don't make a grid.
    #[error(
        "image {image} was not measured with seed {seed}: resampling images and seeds needs every image with every seed; \
         resample one of the two, or measure the rest"
    )]
    Missing {
        /// The seed.
        seed: u64,
        /// The image.
        image: u64,
    },
    /// A level that is none.
    #[error("the level of an interval is {level}, but must lie between 0 and 1, such as 0.95")]
    Level {
        /// As given.
        level: String,
    },
}

/// Differences by unit.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Differences {
    /// The mean difference of each unit, in the order of their numbers.
    OneWay(Vec<f64>),
    /// `[seeds][images]`
    TwoWay(Vec<Vec<f64>>),
}

impl Differences {
    pub(super) fn of(pairs: &[PairedValue], unit: ResampledUnit) -> Result<Self, StatisticsError> {
        if pairs.is_empty() {
            return Err(StatisticsError::NoPairs);
        }
        if let Some(pair) = pairs.iter().find(|pair| !pair.difference().is_finite()) {
            return Err(StatisticsError::NotFinite { seed: pair.seed, image: pair.image });
        }
        // Sums over the same values in another order may differ by a rounding, and the order of rows has no meaning.
        let mut sorted = pairs.to_vec();
        sorted.sort_by_key(|p| (p.seed, p.image, p.presentation, p.baseline.to_bits(), p.value.to_bits()));
        let pairs = &sorted;
        Ok(match unit {
            ResampledUnit::Images => Self::OneWay(means(pairs, |pair| pair.image)),
            ResampledUnit::Seeds => Self::OneWay(means(pairs, |pair| pair.seed)),
            ResampledUnit::Presentations => Self::OneWay(means(pairs, |pair| pair.presentation)),
            ResampledUnit::ImagesAndSeeds => Self::TwoWay(grid(pairs)?),
        })
    }

    /// The mean over units.
    pub(super) fn mean(&self) -> f64 {
        mean(&self.limiting())
    }

    /// Differences of the units that there are fewest of, which are what limits how sure anything is.
    pub(super) fn limiting(&self) -> Vec<f64> {
        match self {
            Self::OneWay(values) => values.clone(),
            Self::TwoWay(grid) if grid.len() <= grid[0].len() => self.of_seeds(grid),
            Self::TwoWay(grid) => self.of_images(grid),
        }
    }

    /// The mean difference of each seed, over images.
    fn of_seeds(&self, grid: &[Vec<f64>]) -> Vec<f64> {
        grid.iter().map(|row| mean(row)).collect()
    }

    /// The mean difference of each image, over seeds.
    fn of_images(&self, grid: &[Vec<f64>]) -> Vec<f64> {
        (0..grid[0].len()).map(|image| grid.iter().map(|row| row[image]).sum::<f64>() / grid.len() as f64).collect()
    }

    /// Means without one unit: of a grid, without one seed and then without one image.
    pub(super) fn jackknife(&self) -> Vec<f64> {
        match self {
            Self::OneWay(values) => jackknife_of_mean(values),
            Self::TwoWay(grid) => {
                [self.of_seeds(grid), self.of_images(grid)].iter().flat_map(|v| jackknife_of_mean(v)).collect()
            }
        }
    }
}

fn means(pairs: &[PairedValue], unit: impl Fn(&PairedValue) -> u64) -> Vec<f64> {
    let mut sums = BTreeMap::<u64, (f64, usize)>::new();
    for pair in pairs {
        let (sum, count) = sums.entry(unit(pair)).or_default();
        (*sum, *count) = (*sum + pair.difference(), *count + 1);
    }
    sums.values().map(|(sum, count)| sum / *count as f64).collect()
}

/// Several measurements of the same image and seed (repetitions) are one, their mean.
fn grid(pairs: &[PairedValue]) -> Result<Vec<Vec<f64>>, StatisticsError> {
    let mut cells = BTreeMap::<(u64, u64), Vec<f64>>::new();
    pairs.iter().for_each(|pair| cells.entry((pair.seed, pair.image)).or_default().push(pair.difference()));
    let sorted = |of: &dyn Fn(&PairedValue) -> u64| pairs.iter().map(of).collect::<std::collections::BTreeSet<_>>();
    let (seeds, images) = (sorted(&|pair| pair.seed), sorted(&|pair| pair.image));
    let cell = |seed: u64, image: u64| {
        cells.get(&(seed, image)).map(|v| mean(v)).ok_or(StatisticsError::Missing { seed, image })
    };
    seeds.iter().map(|seed| images.iter().map(|image| cell(*seed, *image)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(seed: u64, image: u64, value: f64) -> PairedValue {
        PairedValue { seed, image, presentation: image / 2, baseline: 1.0, value }
    }

    #[test]
    fn units_are_what_is_said() {
        let pairs =
            [pair(0, 0, 2.0), pair(0, 1, 4.0), pair(0, 2, 6.0), pair(1, 0, 3.0), pair(1, 1, 5.0), pair(1, 2, 10.0)];
        let of = |unit| Differences::of(&pairs, unit).expect("pairs");
        assert_eq!(of(ResampledUnit::Images), Differences::OneWay(vec![1.5, 3.5, 7.0]));
        assert_eq!(of(ResampledUnit::Seeds), Differences::OneWay(vec![3.0, 5.0]));
        assert_eq!(of(ResampledUnit::Presentations), Differences::OneWay(vec![2.5, 7.0]));
        let both = of(ResampledUnit::ImagesAndSeeds);
        assert_eq!((both.limiting(), both.mean()), (vec![3.0, 5.0], 4.0));
        assert_eq!(both.jackknife(), [5.0, 3.0, 5.25, 4.25, 2.5]);
    }

    #[test]
    fn what_cant_be_compared_is_refused_with_its_place() {
        assert_eq!(Differences::of(&[], ResampledUnit::Images), Err(StatisticsError::NoPairs));
        let pairs = [pair(0, 0, 2.0), pair(1, 4, f64::NAN)];
        assert_eq!(
            Differences::of(&pairs, ResampledUnit::Seeds),
            Err(StatisticsError::NotFinite { seed: 1, image: 4 })
        );
        let pairs = [pair(0, 0, 2.0), pair(0, 1, 2.0), pair(1, 0, 3.0)];
        let refused = Differences::of(&pairs, ResampledUnit::ImagesAndSeeds);
        assert_eq!(refused, Err(StatisticsError::Missing { seed: 1, image: 1 }));
    }
}
