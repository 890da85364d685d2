//! Symmetric positive definite matrices: Cholesky factor, inverse, log-determinant, by faer.

use faer::linalg::solvers::DenseSolveCore;
use faer::{MatRef, Side};

/// What is kept of a covariance `Σ = R Rᵀ` between learning steps; matrices are row-major `[size, size]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Factored {
    /// `Σ⁻¹`
    pub inverse: Vec<f32>,
    /// `R⁻¹`, lower triangular.
    pub whitener: Vec<f32>,
    /// `log |Σ|`
    pub log_determinant: f64,
}

/// Factors `Σ`; `None` where it is not positive definite, or not finite.
#[must_use]
pub fn factor(covariance: &[f32], size: usize) -> Option<Factored> {
    let matrix = MatRef::from_row_major_slice(covariance, size, size);
    let llt = matrix.llt(Side::Lower).ok()?;
    let lower = llt.L();
    let log_determinant = 2.0 * (0..size).map(|i| f64::from(lower[(i, i)]).ln()).sum::<f64>();
    if !log_determinant.is_finite() {
        return None;
    }
    let full = llt.inverse();
    let mut whitener = faer::Mat::<f32>::identity(size, size);
    faer::linalg::triangular_solve::solve_lower_triangular_in_place(lower, whitener.as_mut(), faer::Par::Seq);
    let flat = |m: MatRef<'_, f32>| (0..size * size).map(|p| m[(p / size, p % size)]).collect();
    Some(Factored { inverse: flat(full.as_ref()), whitener: flat(whitener.as_ref()), log_determinant })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_whitener_and_determinant_belong_together() {
        for size in [1_usize, 2, 5, 13, 40] {
            let sigma: Vec<f32> = (0..size * size)
                .map(|p| if p / size == p % size { 1.5 } else { 0.1 / (1.0 + (p / size).abs_diff(p % size) as f32) })
                .collect();
            let f = factor(&sigma, size).expect("positive definite");
            for i in 0..size {
                for j in 0..size {
                    let sum = |a: &dyn Fn(usize) -> f32| (0..size).map(|k| f64::from(a(k))).sum::<f64>();
                    let unit = sum(&|k| f.inverse[i * size + k] * sigma[k * size + j]);
                    assert!((unit - f64::from(u8::from(i == j))).abs() < 1e-5);
                    let inverse = sum(&|k| f.whitener[k * size + i] * f.whitener[k * size + j]);
                    assert!((inverse - f64::from(f.inverse[i * size + j])).abs() < 1e-5);
                }
            }
            let diagonal: f64 = (0..size).map(|i| -2.0 * f64::from(f.whitener[i * size + i]).ln()).sum();
            assert!((diagonal - f.log_determinant).abs() < 1e-4);
        }
    }

    #[test]
    fn what_is_not_positive_definite_is_refused() {
        assert!(factor(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
        assert!(factor(&[0.0], 1).is_none());
        assert!(factor(&[f32::NAN], 1).is_none());
    }
}
