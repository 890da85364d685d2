//! Numbers that a batch is multiplied by, in the two orders that they are used in.

use crate::kernels::drive::{self, Nonzero};
use crate::kernels::panels::Panels;
use crate::kernels::pattern::Pattern;
use crate::kernels::product::Onto;
use crate::kernels::sparse::List;
use crate::kernels::spectral;
use crate::matrix::Matrix;
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

/// A matrix `[presynaptic, postsynaptic]`: all of it, or what a pattern of synapses has.
///
/// All of it is kept row by row, as it is learned and stored, and in panels, as products of a batch read it. Panels are made
/// at the first product and follow the rows from then on: while a circuit settles, weights are multiplied by hundreds of
/// times between two changes. Of a pattern there is one copy, `[1, synapses]`, in the pattern's order.
#[derive(Debug, Clone, Default)]
pub struct Weights {
    values: Matrix,
    pattern: Option<Arc<Pattern>>,
    /// The shape, where another process has the numbers.
    elsewhere: Option<(usize, usize)>,
    panels: OnceLock<Panels>,
    /// The largest singular value of the rows as they are.
    norm: OnceLock<f32>,
}

impl Weights {
    /// One number for each synapse of a pattern, in its order.
    ///
    /// # Panics
    /// Where there are more or fewer: a bug of the caller.
    #[must_use]
    pub fn of_pattern(pattern: Arc<Pattern>, values: Vec<f32>) -> Self {
        assert_eq!(pattern.len(), values.len(), "a number for each synapse");
        let values = Matrix::from_vec(1, values.len(), values).unwrap_or_default();
        Self { values, pattern: Some(pattern), ..Self::default() }
    }

    /// Numbers `[presynaptic, postsynaptic]` that another process has: here they drive nothing, and nothing changes them.
    #[must_use]
    pub fn elsewhere(presynaptic: usize, postsynaptic: usize) -> Self {
        Self { elsewhere: Some((presynaptic, postsynaptic)), ..Self::default() }
    }

    /// Whether another process has the numbers.
    #[must_use]
    pub fn are_elsewhere(&self) -> bool {
        self.elsewhere.is_some()
    }

    /// The numbers that are kept: `[presynaptic, postsynaptic]`, or `[1, synapses]` of a pattern.
    #[must_use]
    pub fn values(&self) -> &Matrix {
        &self.values
    }

    /// Which synapses there are; `None` for all.
    #[must_use]
    pub fn pattern(&self) -> Option<&Arc<Pattern>> {
        self.pattern.as_ref()
    }

    /// Presynaptic and postsynaptic neurons.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        let here = || self.pattern.as_ref().map(|pattern| pattern.shape());
        self.elsewhere.or_else(here).unwrap_or((self.values.rows(), self.values.cols()))
    }

    /// `[presynaptic, postsynaptic]`, with 0 where there is no synapse.
    #[must_use]
    pub fn spread(&self) -> Cow<'_, Matrix> {
        let Some(pattern) = &self.pattern else { return Cow::Borrowed(&self.values) };
        let (pre, post) = pattern.shape();
        let all = pattern.spread(self.values.as_slice());
        Cow::Owned(Matrix::from_vec(pre, post, all).unwrap_or_default())
    }

    /// `out (+)= batch · weights`; `nonzero` is scratch.
    pub fn drive(&self, out: &mut [f32], onto: Onto, batch: &[f32], nonzero: &mut Nonzero) {
        if self.are_elsewhere() {
            if onto == Onto::Replace {
                out.fill(0.0);
            }
            return;
        }
        match &self.pattern {
            None => drive::drive(out, onto, batch, self.panels(), nonzero),
            Some(pattern) => pattern.drive(out, onto, batch, self.values.as_slice()),
        }
    }

    /// What changes of a batch add to `out`.
    pub fn add_changes(&self, out: &mut [f32], changes: &List) {
        if self.are_elsewhere() {
            return;
        }
        match &self.pattern {
            None => drive::add_changes(out, changes, self.panels()),
            Some(pattern) => pattern.add_changes(out, changes, self.values.as_slice()),
        }
    }

    /// As products read all of them; of a pattern there are none.
    pub fn panels(&self) -> &Panels {
        let new = || Panels::new(self.values.as_slice(), self.values.rows(), self.values.cols());
        self.panels.get_or_init(new)
    }

    /// The largest singular value; of a pattern, a bound on it from above.
    pub fn norm(&self) -> f32 {
        *self.norm.get_or_init(|| match &self.pattern {
            None if self.are_elsewhere() => 0.0,
            None => spectral::norm(self.values.as_slice(), self.values.rows(), self.values.cols()),
            Some(pattern) => pattern.norm(self.values.as_slice()),
        })
    }

    /// Changes entries, not the shape.
    pub fn change(&mut self, change: impl FnOnce(&mut Matrix)) {
        if self.are_elsewhere() {
            return;
        }
        change(&mut self.values);
        self.norm.take();
        if let Some(panels) = self.panels.get_mut() {
            panels.copy_from(self.values.as_slice());
        }
    }
}

impl From<Matrix> for Weights {
    fn from(values: Matrix) -> Self {
        Self { values, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::dense;

    #[test]
    fn panels_follow_the_rows() {
        let mut weights = Weights::from(Matrix::from_fn(3, 10, |i, j| (i * 10 + j) as f32));
        let product = |weights: &Weights| {
            let mut out = [0.0; 10];
            dense::accumulate(&mut out, &[0.0, 1.0, 0.0], weights.panels());
            out
        };
        assert_eq!(product(&weights), weights.values().row(1));
        weights.change(|rows| rows.as_mut_slice().iter_mut().for_each(|value| *value *= 2.0));
        assert_eq!(product(&weights), weights.values().row(1));
        assert_eq!(weights.values().row(1)[3], 26.0);
    }

    #[test]
    fn what_is_elsewhere_has_a_shape_and_does_nothing() {
        let mut weights = Weights::elsewhere(2, 3);
        let mut out = [1.0; 3];
        weights.drive(&mut out, Onto::Add, &[1.0, 1.0], &mut Nonzero::default());
        assert_eq!(out, [1.0; 3]);
        weights.drive(&mut out, Onto::Replace, &[1.0, 1.0], &mut Nonzero::default());
        weights.change(|_| unreachable!("there is nothing to change"));
        assert_eq!((out, weights.shape(), weights.norm()), ([0.0; 3], (2, 3), 0.0));
    }

    #[test]
    fn a_pattern_is_spread_with_zeros() {
        let pattern = Arc::new(Pattern::new(2, 3, &[(0, 1), (1, 0), (1, 2)]));
        let weights = Weights::of_pattern(pattern, vec![1.0, 2.0, 3.0]);
        assert_eq!((weights.shape(), weights.spread().as_slice()), ((2, 3), &[0.0, 1.0, 0.0, 2.0, 0.0, 3.0][..]));
    }
}
