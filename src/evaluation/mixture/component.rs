//! One Gaussian of a mixture, with the factors that its density and its samples need.

use crate::blame::{Blame, Blamed};
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Accum, Mat, MatRef, Par, Side};
use std::f64::consts::TAU;

/// Components so many nats below the best one of a sample are left out: `exp(−40)` is below what a sum of `f64` can see.
pub(super) const CUT: f64 = 40.0;

/// Dimensions by which a density is computed before it may be given up.
const STAGE: usize = 48;

/// `w N(m, Σ)` with `Σ = L Lᵀ`.
#[derive(Debug, Clone)]
pub struct Component {
    weight: f64,
    mean: Vec<f64>,
    lower: Mat<f64>,
    /// `L⁻¹`, lower triangular.
    whitener: Mat<f64>,
    /// `log w − ½ J log 2π − log |L|`
    log_scale: f64,
}

/// A mixture that can't be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MixtureError {
    /// No components.
    #[error("a mixture needs at least one component")]
    NoComponents,
    /// Components of different dimensions.
    #[error("the components of a mixture have {first} and {other} dimensions; all must have the same number")]
    Sizes {
        /// Of the first.
        first: usize,
        /// Of one that differs.
        other: usize,
    },
    /// Weights that do not sum to 1.
    #[error("the weights of a mixture sum to {sum}; they must sum to 1")]
    Weights {
        /// What they sum to.
        sum: f64,
    },
    /// A covariance without a Cholesky factor.
    #[error("component {component} of the mixture has a covariance that is not positive definite; regularise it more")]
    NotPositiveDefinite {
        /// Which one, from 0.
        component: usize,
    },
    /// Fewer samples than components.
    #[error("{samples} samples can't be fitted by {components} components; give more samples or fewer components")]
    TooFewSamples {
        /// How many there are.
        samples: usize,
        /// How many components were asked for.
        components: usize,
    },
    /// A sample with a value that is no number.
    #[error("sample {sample} holds a value that is not finite")]
    NotFinite {
        /// Which one, from 0.
        sample: usize,
    },
}

impl Blamed for MixtureError {
    fn blame(&self) -> Blame {
        Blame::request_if(matches!(self, Self::TooFewSamples { .. }))
    }
}

impl Component {
    /// A component; of `covariance` `[J, J]` the lower half counts. `None` where that is not positive definite.
    #[must_use]
    pub fn new(weight: f64, mean: Vec<f64>, covariance: MatRef<'_, f64>) -> Option<Self> {
        let factor = covariance.llt(Side::Lower).ok()?;
        Self::of_factor(weight, mean, factor.L().to_owned())
    }

    /// A component with covariance `L Lᵀ`, given `L`. `None` where that is not positive definite.
    #[must_use]
    pub(super) fn of_factor(weight: f64, mean: Vec<f64>, lower: Mat<f64>) -> Option<Self> {
        let size = mean.len();
        let mut whitener = Mat::<f64>::identity(size, size);
        solve_lower_triangular_in_place(lower.as_ref(), whitener.as_mut(), Par::Seq);
        let log_determinant: f64 = (0..size).map(|i| lower[(i, i)].ln()).sum();
        let log_scale = weight.ln() - 0.5 * size as f64 * TAU.ln() - log_determinant;
        log_determinant.is_finite().then_some(Self { weight, mean, lower, whitener, log_scale })
    }

    /// The same Gaussian with another weight.
    #[must_use]
    pub(super) fn weighted(&self, weight: f64) -> Self {
        Self { weight, log_scale: self.log_scale - self.weight.ln() + weight.ln(), ..self.clone() }
    }

    /// `w`
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// `m`, `[J]`
    #[must_use]
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// `L`, `[J, J]`
    #[must_use]
    pub fn lower(&self) -> MatRef<'_, f64> {
        self.lower.as_ref()
    }

    /// `L Lᵀ`, `[J, J]`
    #[must_use]
    pub fn covariance(&self) -> Mat<f64> {
        &self.lower * self.lower.transpose()
    }

    /// Dimensions, J.
    #[must_use]
    pub fn size(&self) -> usize {
        self.mean.len()
    }

    /// `m + L u`
    #[must_use]
    pub fn colour(&self, whitened: &[f64]) -> Vec<f64> {
        let mut point = self.mean.clone();
        for (column, u) in whitened.iter().enumerate() {
            let lower = &self.lower.col_as_slice(column)[column..];
            point[column..].iter_mut().zip(lower).for_each(|(p, l)| *p += l * u);
        }
        point
    }

    /// `log w + log N(x)` of the columns `chosen` of `block`, without those that turn out to be more than
    /// [`CUT`] below `best` of their column: `|L⁻¹(x − m)|²` only grows while its dimensions are summed up.
    pub(super) fn joint(&self, block: MatRef<'_, f64>, mut chosen: Vec<usize>, best: &[f64]) -> Vec<(usize, f64)> {
        let mut centred = self.centre(block, &chosen);
        let mut squares = vec![0.0; chosen.len()];
        for start in (0..self.size()).step_by(STAGE) {
            let end = (start + STAGE).min(self.size());
            let mut part = Mat::<f64>::zeros(end - start, chosen.len());
            let whitener = self.whitener.submatrix(start, 0, end - start, end);
            matmul(part.as_mut(), Accum::Replace, whitener, centred.subrows(0, end), 1.0, Par::Seq);
            for (i, square) in squares.iter_mut().enumerate() {
                *square += part.col_as_slice(i).iter().map(|v| v * v).sum::<f64>();
            }
            let is_near = |i: &usize| self.log_scale - 0.5 * squares[*i] >= best[chosen[*i]] - CUT;
            let near: Vec<usize> = (0..chosen.len()).filter(is_near).collect();
            if near.len() < chosen.len() {
                squares = near.iter().map(|i| squares[*i]).collect();
                chosen = near.iter().map(|i| chosen[*i]).collect();
                centred = self.centre(block, &chosen);
            }
            if chosen.is_empty() {
                break;
            }
        }
        chosen.into_iter().zip(squares).map(|(i, square)| (i, self.log_scale - 0.5 * square)).collect()
    }

    fn centre(&self, block: MatRef<'_, f64>, chosen: &[usize]) -> Mat<f64> {
        Mat::from_fn(self.size(), chosen.len(), |row, i| block[(row, chosen[i])] - self.mean[row])
    }
}
