//! The mixture itself: densities and draws.

use super::blocks::{blocks, columns, nearest};
use super::component::{CUT, Component, MixtureError};
use crate::evaluation::sums::log_sum_exp;
use crate::matrix::Matrix;
use faer::{Mat, MatRef};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal, StandardUniform};
use rayon::prelude::*;

/// A mixture of Gaussians.
#[derive(Debug, Clone)]
pub struct Mixture {
    pub(super) components: Vec<Component>,
}

/// What was drawn from a mixture.
#[derive(Debug, Clone)]
pub struct Draws {
    /// The samples, `[n, J]`.
    pub samples: Matrix,
    /// The component of each.
    pub components: Vec<usize>,
    /// `u` of each, with `x = m_k + L_k u`.
    pub whitened: Vec<Vec<f64>>,
}

/// `log w_k + log N(x; k)` of the components that matter for one sample, in no particular order.
pub(super) type Joint = Vec<(usize, f64)>;

impl Mixture {
    /// A mixture of given components.
    ///
    /// # Errors
    /// [`MixtureError`] where there are none, they differ in size, or their weights do not sum to 1.
    pub fn new(components: Vec<Component>) -> Result<Self, MixtureError> {
        let Some(first) = components.first() else { return Err(MixtureError::NoComponents) };
        if let Some(other) = components.iter().find(|c| c.size() != first.size()) {
            return Err(MixtureError::Sizes { first: first.size(), other: other.size() });
        }
        let sum: f64 = components.iter().map(Component::weight).sum();
        if (sum - 1.0).abs() > 1e-6 {
            return Err(MixtureError::Weights { sum });
        }
        Ok(Self { components })
    }

    /// The components.
    #[must_use]
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// Dimensions of a sample, J.
    #[must_use]
    pub fn size(&self) -> usize {
        self.components[0].size()
    }

    /// `log p(x)` of each row of `samples` `[n, J]`, in nats.
    #[must_use]
    pub fn log_density(&self, samples: &Matrix) -> Vec<f64> {
        self.joints(columns(samples).as_ref()).iter().map(|joint| log_sum(joint)).collect()
    }

    /// The component whose mean is nearest to each row of `samples` `[n, J]`.
    #[must_use]
    pub fn nearest(&self, samples: &Matrix) -> Vec<usize> {
        let means = self.means();
        blocks(columns(samples).as_ref()).into_par_iter().flat_map_iter(|block| nearest(&means, block)).collect()
    }

    /// `n` independent samples.
    pub fn draw(&self, n: usize, rng: &mut impl Rng) -> Draws {
        let mut draws = Draws { samples: Matrix::zeros(n, self.size()), components: Vec::new(), whitened: Vec::new() };
        for i in 0..n {
            let k = self.draw_component(rng);
            let whitened: Vec<f64> = (0..self.size()).map(|_| StandardNormal.sample(rng)).collect();
            let point = self.components[k].colour(&whitened);
            draws.samples.row_mut(i).iter_mut().zip(point).for_each(|(out, value)| *out = value as f32);
            draws.components.push(k);
            draws.whitened.push(whitened);
        }
        draws
    }

    /// One component, by weight.
    pub fn draw_component(&self, rng: &mut impl Rng) -> usize {
        let mut left: f64 = StandardUniform.sample(rng);
        for (k, component) in self.components.iter().enumerate() {
            left -= component.weight();
            if left < 0.0 {
                return k;
            }
        }
        // Weights sum to 1 up to rounding; what is left over belongs to the last one that can be drawn.
        self.components.iter().rposition(|c| c.weight() > 0.0).unwrap_or(0)
    }

    fn means(&self) -> Mat<f64> {
        Mat::from_fn(self.size(), self.components.len(), |row, k| self.components[k].mean()[row])
    }

    /// Block by block, for every column of `samples`.
    pub(super) fn joints(&self, samples: MatRef<'_, f64>) -> Vec<Joint> {
        let means = self.means();
        blocks(samples).into_par_iter().flat_map_iter(|block| self.joints_of_block(&means, block)).collect()
    }

    /// First every sample at the component with the nearest mean, which is a good guess of its best; then all others,
    /// each of which is given up as soon as it can't come within [`CUT`] of the best.
    fn joints_of_block(&self, means: &Mat<f64>, block: MatRef<'_, f64>) -> Vec<Joint> {
        let guess = nearest(means, block);
        let mut best = vec![f64::NEG_INFINITY; block.ncols()];
        let mut joints = vec![Joint::new(); block.ncols()];
        for guessed in [true, false] {
            for (k, component) in self.components.iter().enumerate().filter(|(_, c)| c.weight() > 0.0) {
                let chosen: Vec<usize> = (0..block.ncols()).filter(|i| (guess[*i] == k) == guessed).collect();
                for (i, value) in component.joint(block, chosen, &best) {
                    best[i] = best[i].max(value);
                    joints[i].push((k, value));
                }
            }
        }
        for (joint, best) in joints.iter_mut().zip(best) {
            joint.retain(|(_, value)| *value >= best - CUT);
        }
        joints
    }
}

/// `log Σ exp` of the values of a joint.
pub(super) fn log_sum(joint: &[(usize, f64)]) -> f64 {
    log_sum_exp(joint.iter().map(|(_, value)| *value))
}
