//! A [`Reading`] at work: from what is stored to the numbers that a layer sees.
//!
//! A reader knows one sense. It holds what its reading needs to know of the training data, and nothing of files.

use std::sync::Arc;

use crate::matrix::Matrix;
use crate::params::Reading;

/// Mean and standard deviation of each value of a sense, over training samples.
#[derive(Debug, Clone, PartialEq)]
pub struct SenseMoments {
    mean: Vec<f32>,
    sd: Vec<f32>,
}

impl SenseMoments {
    /// Moments from their vectors `[J]`; `None` where the two differ in length, a number isn't finite or an sd isn't
    /// above 0.
    #[must_use]
    pub fn new(mean: Vec<f32>, sd: Vec<f32>) -> Option<Self> {
        let is_sound = mean.len() == sd.len()
            && mean.iter().all(|value| value.is_finite())
            && sd.iter().all(|value| value.is_finite() && *value > 0.0);
        is_sound.then_some(Self { mean, sd })
    }

    /// The moments of each of `size` values over the samples `rows`, in two passes; `fill` writes one sample. The sd is
    /// that of the samples themselves (divided by n); 1 stands for that of a value which never varies.
    #[must_use]
    pub fn of(size: usize, rows: &[usize], fill: impl Fn(usize, &mut [f32])) -> Self {
        let mut sample = vec![0.0; size];
        let count = rows.len().max(1) as f64;
        let mut sums = vec![0.0_f64; size];
        for &row in rows {
            fill(row, &mut sample);
            sums.iter_mut().zip(&sample).for_each(|(sum, value)| *sum += f64::from(*value));
        }
        let mean: Vec<f64> = sums.iter().map(|sum| sum / count).collect();
        let mut squares = vec![0.0_f64; size];
        for &row in rows {
            fill(row, &mut sample);
            for ((square, value), mean) in squares.iter_mut().zip(&sample).zip(&mean) {
                *square += (f64::from(*value) - mean).powi(2);
            }
        }
        // A constant leaves nothing but rounding, which must not be blown up to a standard deviation of 1.
        let sd = squares.iter().zip(&mean).map(|(square, mean)| {
            let sd = (square / count).sqrt();
            if sd <= 1e-7 * mean.abs() || sd as f32 <= f32::MIN_POSITIVE { 1.0 } else { sd as f32 }
        });
        Self { sd: sd.collect(), mean: mean.iter().map(|mean| *mean as f32).collect() }
    }

    /// The means, `[J]`.
    #[must_use]
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// The standard deviations, `[J]`, all of them above 0.
    #[must_use]
    pub fn sd(&self) -> &[f32] {
        &self.sd
    }

    /// Mean and sd as matrices `[1, J]`, the layout of weights.
    #[must_use]
    pub fn matrices(&self) -> [Matrix; 2] {
        let row = |values: &[f32]| Matrix::from_fn(1, values.len(), |_, j| values[j]);
        [row(&self.mean), row(&self.sd)]
    }
}

/// How the stored values of one sense become numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct SenseReader {
    reading: Reading,
    /// The number for each byte, before it is standardised.
    table: [f32; 256],
    moments: Option<Arc<SenseMoments>>,
}

impl Default for SenseReader {
    fn default() -> Self {
        Self::new(Reading::default())
    }
}

impl SenseReader {
    /// A reader that knows no training data: under [`Reading::Standardised`] it reads as under [`Reading::Grey`], which
    /// is what [`SenseMoments`] are taken of.
    #[must_use]
    pub fn new(reading: Reading) -> Self {
        Self::with(reading, None)
    }

    /// A reader under [`Reading::Standardised`].
    #[must_use]
    pub fn standardised(moments: SenseMoments) -> Self {
        Self::with(Reading::Standardised, Some(Arc::new(moments)))
    }

    fn with(reading: Reading, moments: Option<Arc<SenseMoments>>) -> Self {
        let scale = if reading == Reading::Raw { 1.0 } else { 255.0 };
        let table = std::array::from_fn(|byte| of(reading, byte as f32 / scale));
        Self { reading, table, moments }
    }

    /// Which reading it is.
    #[must_use]
    pub fn reading(&self) -> Reading {
        self.reading
    }

    /// What it standardises with, where it does.
    #[must_use]
    pub fn moments(&self) -> Option<&SenseMoments> {
        self.moments.as_deref()
    }

    /// Reads bytes `[J]` into `out`; `ones` says that 255 stands for a stored 1.
    pub(super) fn bytes(&self, bytes: &[u8], ones: bool, out: &mut [f32]) {
        let unit = if ones && self.reading == Reading::Raw { 255 } else { 1 };
        for (value, &byte) in out.iter_mut().zip(bytes) {
            *value = self.table[usize::from(byte / unit)];
        }
        self.standardise(out);
    }

    /// Reads real values `[J]` into `out`.
    pub(super) fn real(&self, stored: &[f32], out: &mut [f32]) {
        for (value, &stored) in out.iter_mut().zip(stored) {
            *value = of(self.reading, stored);
        }
        self.standardise(out);
    }

    fn standardise(&self, out: &mut [f32]) {
        let Some(moments) = &self.moments else { return };
        for ((value, mean), sd) in out.iter_mut().zip(&moments.mean).zip(&moments.sd) {
            *value = (*value - mean) / sd;
        }
    }
}

fn of(reading: Reading, value: f32) -> f32 {
    match reading {
        Reading::Binarised(threshold) => f32::from(u8::from(value >= threshold)),
        Reading::Grey | Reading::Standardised | Reading::Raw => value,
    }
}
