//! Numbers that a batch is multiplied by, in the two orders that they are used in.

use crate::kernels::panels::Panels;
use crate::kernels::spectral;
use crate::matrix::Matrix;
use std::sync::OnceLock;

/// A matrix `[presynaptic, postsynaptic]` row by row, as it is learned and stored, and in panels, as products of a batch
/// read it. Panels are made at the first product and follow the rows from then on: while a circuit settles, weights are
/// multiplied by hundreds of times between two changes.
#[derive(Debug, Clone, Default)]
pub struct Weights {
    rows: Matrix,
    panels: OnceLock<Panels>,
    /// The largest singular value of the rows as they are.
    norm: OnceLock<f32>,
}

impl Weights {
    /// Row by row.
    #[must_use]
    pub fn rows(&self) -> &Matrix {
        &self.rows
    }

    /// As products read them.
    pub fn panels(&self) -> &Panels {
        self.panels.get_or_init(|| Panels::new(self.rows.as_slice(), self.rows.rows(), self.rows.cols()))
    }

    /// The largest singular value.
    pub fn norm(&self) -> f32 {
        *self.norm.get_or_init(|| spectral::norm(self.rows.as_slice(), self.rows.rows(), self.rows.cols()))
    }

    /// Changes entries, not the shape.
    pub fn change(&mut self, change: impl FnOnce(&mut Matrix)) {
        change(&mut self.rows);
        self.norm.take();
        if let Some(panels) = self.panels.get_mut() {
            panels.copy_from(self.rows.as_slice());
        }
    }
}

impl From<Matrix> for Weights {
    fn from(rows: Matrix) -> Self {
        Self { rows, panels: OnceLock::new(), norm: OnceLock::new() }
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
        assert_eq!(product(&weights), weights.rows().row(1));
        weights.change(|rows| rows.as_mut_slice().iter_mut().for_each(|value| *value *= 2.0));
        assert_eq!(product(&weights), weights.rows().row(1));
        assert_eq!(weights.rows().row(1)[3], 26.0);
    }
}
