//! Eigenvalues of operators: all of them for small ones, the leading ones by Krylov spaces for large ones.
//!
//! The Krylov method is that of Krylov and Schur (G. W. Stewart, A Krylov-Schur algorithm for large eigenproblems, SIAM
//! Journal on Matrix Analysis 23:601-614, 2002), in complex numbers, so that no conjugate pair has to be kept together. The
//! subspace that is kept at a restart is spanned by eigenvectors and made orthonormal.

use faer::{Mat, MatRef, c64};

/// Real operators up to this size are made dense, which gives all of their eigenvalues: a second for 1,000.
pub(super) const DENSE: usize = 2048;

/// Restarts at the most; what has been found by then is what is returned.
const RESTARTS: usize = 60;

/// A direction that is shorter than this, beside what it was before, is a direction no more.
const NOTHING: f64 = 1e-13;

/// All eigenvalues of a real matrix; `None` where it isn't finite.
pub(super) fn all(matrix: MatRef<'_, f64>) -> Option<Vec<c64>> {
    let is_finite = matrix.col_iter().all(|column| column.iter().all(|v| v.is_finite()));
    if matrix.nrows() == 0 || !is_finite {
        return is_finite.then(Vec::new);
    }
    matrix.eigenvalues().ok()
}

/// The largest magnitude.
pub(super) fn radius(values: &[c64]) -> f64 {
    values.iter().map(|v| magnitude(*v)).fold(0.0, f64::max)
}

/// `|v|`
pub(super) fn magnitude(v: c64) -> f64 {
    v.re.hypot(v.im)
}

/// Which eigenvalues are wanted.
pub(super) struct Wanted<'a> {
    /// How many.
    pub(super) count: usize,
    /// Those where this is largest, which has to be convex, such as the distance from a point.
    pub(super) rank: &'a dyn Fn(c64) -> f64,
    /// How exact, as a share of the largest rank.
    pub(super) tolerance: f64,
}

/// A decomposition `A V = V H + v bᴴ` that grows.
struct Krylov {
    /// Orthonormal.
    basis: Vec<Vec<c64>>,
    h: Mat<c64>,
    /// Columns of `h` that are filled.
    filled: usize,
}

/// The wanted eigenvalues of an operator on vectors of the length of `start`, best first. `start` becomes a mixture of their
/// eigenvectors, from which a similar operator is soon done.
pub(super) fn leading(
    start: &mut Vec<c64>,
    wanted: &Wanted<'_>,
    apply: impl Fn(&[c64]) -> Vec<c64>,
) -> Option<Vec<c64>> {
    let n = start.len();
    let most = (2 * wanted.count + 20).max(40).min(n);
    let mut krylov = Krylov { basis: vec![normalised(start.clone())?], h: Mat::zeros(most, most), filled: 0 };
    for restart in 0.. {
        let left = krylov.expand(most, &apply)?;
        let size = krylov.filled;
        let small = krylov.h.submatrix(0, 0, size, size);
        let eigen = small.eigen().ok()?;
        let (values, vectors) = (eigen.S().column_vector(), eigen.U());
        let mut order: Vec<usize> = (0..size).collect();
        order.sort_by(|i, j| (wanted.rank)(values[*j]).total_cmp(&(wanted.rank)(values[*i])));
        let count = wanted.count.min(size);
        let largest = (wanted.rank)(values[order[0]]).max(f64::MIN_POSITIVE);
        let off = |i: usize| left * magnitude(vectors[(size - 1, i)]) / length(vectors.col(i).iter().copied());
        let is_done = order[..count].iter().all(|i| off(*i) <= wanted.tolerance * largest);
        if is_done || left == 0.0 || size == n || restart == RESTARTS {
            let best = order[..count].iter().map(|i| values[*i]).collect();
            *start = krylov.mixture(vectors, &order[..count]);
            return Some(best);
        }
        let kept = (count + (size - count) / 2).min(size - 1);
        krylov.restart(vectors, &order[..kept], left);
    }
    None
}

impl Krylov {
    /// Grows to `most` directions; returns the length of what is left over, 0 where the space is closed.
    fn expand(&mut self, most: usize, apply: &impl Fn(&[c64]) -> Vec<c64>) -> Option<f64> {
        loop {
            let j = self.filled;
            let mut next = apply(&self.basis[j]);
            let before = length(next.iter().copied());
            if !before.is_finite() {
                return None;
            }
            // Twice is enough (Kahan and Parlett).
            for _ in 0..2 {
                for (i, direction) in self.basis.iter().enumerate() {
                    let share = inner(direction, &next);
                    self.h[(i, j)] += share;
                    next.iter_mut().zip(direction).for_each(|(n, d)| *n -= share * d);
                }
            }
            self.filled += 1;
            let left = length(next.iter().copied());
            if left <= NOTHING * before.max(f64::MIN_POSITIVE) {
                return Some(0.0);
            }
            self.basis.push(next.iter().map(|v| v * (1.0 / left)).collect());
            if self.filled == most {
                return Some(left);
            }
            self.h[(self.filled, j)] = c64::new(left, 0.0);
        }
    }

    /// Keeps the span of some eigenvectors of `h`, and the direction that was left over.
    fn restart(&mut self, vectors: MatRef<'_, c64>, kept: &[usize], left: f64) {
        let size = self.filled;
        let span = Mat::from_fn(size, kept.len(), |i, j| vectors[(i, kept[j])]);
        let q = span.qr().compute_thin_Q();
        let small = q.adjoint() * self.h.submatrix(0, 0, size, size) * &q;
        let last = self.basis.pop().expect("a direction was left over");
        let mut basis: Vec<Vec<c64>> = (0..kept.len()).map(|j| self.combined(|i| q[(i, j)])).collect();
        basis.push(last);
        self.h.fill(c64::new(0.0, 0.0));
        for j in 0..kept.len() {
            (0..kept.len()).for_each(|i| self.h[(i, j)] = small[(i, j)]);
            self.h[(kept.len(), j)] = q[(size - 1, j)] * left;
        }
        self.basis = basis;
        self.filled = kept.len();
    }

    /// A sum of directions.
    fn combined(&self, share: impl Fn(usize) -> c64) -> Vec<c64> {
        let mut out = vec![c64::new(0.0, 0.0); self.basis[0].len()];
        for (i, direction) in self.basis.iter().enumerate().take(self.filled) {
            let share = share(i);
            out.iter_mut().zip(direction).for_each(|(o, d)| *o += share * d);
        }
        out
    }

    /// A mixture of eigenvectors.
    fn mixture(&self, vectors: MatRef<'_, c64>, which: &[usize]) -> Vec<c64> {
        self.combined(|i| which.iter().map(|j| vectors[(i, *j)]).sum())
    }
}

/// `aᴴ b`
fn inner(a: &[c64], b: &[c64]) -> c64 {
    a.iter().zip(b).map(|(a, b)| a.conj() * b).sum()
}

fn length(values: impl Iterator<Item = c64>) -> f64 {
    values.map(|v| v.re * v.re + v.im * v.im).sum::<f64>().sqrt()
}

fn normalised(values: Vec<c64>) -> Option<Vec<c64>> {
    let length = length(values.iter().copied());
    (length > 0.0 && length.is_finite()).then(|| values.iter().map(|v| v * (1.0 / length)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;
    use rand_distr::{Distribution, StandardNormal};

    fn random(n: usize, seed: u64) -> Mat<f64> {
        let mut rng = rng::stream(seed, "test.spectrum");
        Mat::from_fn(n, n, |_, _| StandardNormal.sample(&mut rng))
    }

    fn start(n: usize) -> Vec<c64> {
        let mut rng = rng::stream(1, "test.start");
        (0..n).map(|_| c64::new(StandardNormal.sample(&mut rng), 0.0)).collect()
    }

    fn product(matrix: &Mat<f64>, x: &[c64]) -> Vec<c64> {
        (0..matrix.nrows()).map(|i| (0..x.len()).map(|j| x[j] * matrix[(i, j)]).sum()).collect()
    }

    #[test]
    fn krylov_finds_what_dense_finds() {
        for (n, seed) in [(1, 1), (3, 2), (30, 3), (150, 4), (150, 5)] {
            let matrix = random(n, seed);
            let mut dense = all(matrix.as_ref()).expect("finite");
            dense.sort_by(|a, b| magnitude(*b).total_cmp(&magnitude(*a)));
            let wanted = Wanted { count: 6, rank: &magnitude, tolerance: 1e-8 };
            let found = leading(&mut start(n), &wanted, |x| product(&matrix, x)).expect("finite");
            for (a, b) in found.iter().zip(&dense) {
                assert!((magnitude(*a) - magnitude(*b)).abs() < 1e-6 * magnitude(dense[0]), "{n}: {a} for {b}");
            }
        }
    }

    #[test]
    fn a_defective_matrix_has_its_eigenvalue() {
        let n = 60;
        let jordan = Mat::from_fn(n, n, |i, j| if i == j { 0.9 } else { f64::from(u8::from(j == i + 1 && i < 3)) });
        let wanted = Wanted { count: 1, rank: &magnitude, tolerance: 1e-6 };
        let found = leading(&mut start(n), &wanted, |x| product(&jordan, x)).expect("finite");
        assert!((magnitude(found[0]) - 0.9).abs() < 1e-3, "{found:?}");
    }

    #[test]
    fn what_is_not_finite_has_no_eigenvalues() {
        let matrix = Mat::from_fn(2, 2, |_, _| f64::NAN);
        assert!(all(matrix.as_ref()).is_none());
        let wanted = Wanted { count: 1, rank: &magnitude, tolerance: 1e-6 };
        assert!(leading(&mut start(2), &wanted, |x| product(&matrix, x)).is_none());
        assert!(leading(&mut vec![c64::new(0.0, 0.0); 2], &wanted, |x| x.to_vec()).is_none());
    }
}
