//! Symmetric positive definite matrices: Cholesky factor, inverse, log-determinant, by faer.

use faer::linalg::solvers::DenseSolveCore;
use faer::{MatRef, Side};

/// What is kept of a covariance `Σ = R Rᵀ` between learning steps; matrices are row-major `[size, size]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Factored {
    /// `Σ⁻¹`
    pub inverse: Vec<f32>,
    /// `R⁻ᵀ`, upper triangular, where it was asked for.
    pub whitener: Option<Vec<f32>>,
    /// `log |Σ|`
    pub log_determinant: f64,
}

/// Factors `Σ`, with its whitener if asked for; `None` where it is not positive definite, or not finite.
#[must_use]
pub fn factor(covariance: &[f32], size: usize, whitener: bool) -> Option<Factored> {
    let matrix = MatRef::from_row_major_slice(covariance, size, size);
    let llt = matrix.llt(Side::Lower).ok()?;
    let lower = llt.L();
    let log_determinant = 2.0 * (0..size).map(|i| f64::from(lower[(i, i)]).ln()).sum::<f64>();
    if !log_determinant.is_finite() {
        return None;
    }
    let flat = |m: MatRef<'_, f32>| (0..size * size).map(|p| m[(p / size, p % size)]).collect();
    let whitener = whitener.then(|| {
        let mut inverse = faer::Mat::<f32>::identity(size, size);
        faer::linalg::triangular_solve::solve_lower_triangular_in_place(lower, inverse.as_mut(), faer::Par::Seq);
        flat(inverse.as_ref().transpose())
    });
    Some(Factored { inverse: flat(llt.inverse().as_ref()), whitener, log_determinant })
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
            let f = factor(&sigma, size, true).expect("positive definite");
            let whitener = f.whitener.as_ref().expect("asked for");
            for i in 0..size {
                for j in 0..size {
                    let sum = |a: &dyn Fn(usize) -> f32| (0..size).map(|k| f64::from(a(k))).sum::<f64>();
                    let unit = sum(&|k| f.inverse[i * size + k] * sigma[k * size + j]);
                    assert!((unit - f64::from(u8::from(i == j))).abs() < 1e-5);
                    let inverse = sum(&|k| whitener[i * size + k] * whitener[j * size + k]);
                    assert!((inverse - f64::from(f.inverse[i * size + j])).abs() < 1e-5);
                }
            }
            let diagonal: f64 = (0..size).map(|i| -2.0 * f64::from(whitener[i * size + i]).ln()).sum();
            assert!((diagonal - f.log_determinant).abs() < 1e-4);
        }
    }

    #[test]
    fn what_is_not_positive_definite_is_refused() {
        assert!(factor(&[1.0, 2.0, 2.0, 1.0], 2, false).is_none());
        assert!(factor(&[0.0], 1, false).is_none());
        assert!(factor(&[f32::NAN], 1, false).is_none());
    }
}
