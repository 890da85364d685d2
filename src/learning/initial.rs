//! How synapses are drawn before the first episode.

use crate::matrix::Matrix;
use crate::params::Init;
use rand::Rng;
use rand_distr::{Distribution, Normal, StandardNormal, Uniform};

/// Synapses `[rows, cols]` in the layout of files, `[postsynaptic, presynaptic]`; `arriving` and `leaving` are synapses of a
/// postsynaptic and of a presynaptic neuron, where those that don't exist don't count.
///
/// # Panics
/// Where a number of `init` is not what the check of a circuit lets pass.
#[must_use]
pub fn draw(init: Init, [rows, cols]: [usize; 2], (arriving, leaving): (usize, usize), rng: &mut impl Rng) -> Matrix {
    const CHECKED: &str = "the numbers of an init were checked with the circuit";
    let bell = |rng: &mut _, sd: f32| {
        let normal = Normal::new(0.0, sd).expect(CHECKED);
        Matrix::from_fn(rows, cols, |_, _| normal.sample(rng))
    };
    let flat = |rng: &mut _, bound: f32| {
        let uniform = Uniform::new_inclusive(-1.0_f32, 1.0).expect(CHECKED);
        Matrix::from_fn(rows, cols, |_, _| bound * uniform.sample(rng))
    };
    match init {
        Init::Gaussian { sd } => bell(rng, sd),
        Init::Uniform { bound } => flat(rng, bound),
        Init::Xavier => flat(rng, (6.0 / (arriving + leaving) as f64).sqrt() as f32),
        Init::He => bell(rng, (2.0 / arriving as f64).sqrt() as f32),
        Init::Orthogonal { gain } => orthogonal(gain, rows, cols, rng),
        Init::Zeros => Matrix::zeros(rows, cols),
    }
}

/// The Q of a Gaussian matrix with at least as many rows as columns, turned if need be, by Gram and Schmidt's way. It makes
/// R's diagonal positive, so that every Q is as likely as any other (Mezzadri, 2007); gone through twice, columns are
/// orthogonal to rounding (Giraud et al., 2005).
fn orthogonal(gain: f32, rows: usize, cols: usize, rng: &mut impl Rng) -> Matrix {
    let (long, short) = (rows.max(cols), rows.min(cols));
    let mut columns: Vec<Vec<f64>> = Vec::with_capacity(short);
    for _ in 0..short {
        let mut column: Vec<f64> = (0..long).map(|_| StandardNormal.sample(rng)).collect();
        for _ in 0..2 {
            for before in &columns {
                let along: f64 = column.iter().zip(before).map(|(c, b)| c * b).sum();
                column.iter_mut().zip(before).for_each(|(c, b)| *c -= along * b);
            }
            let length = column.iter().map(|c| c * c).sum::<f64>().sqrt();
            column.iter_mut().for_each(|c| *c /= length);
        }
        columns.push(column);
    }
    let entry = |i: usize, j: usize| if rows >= cols { columns[j][i] } else { columns[i][j] };
    Matrix::from_fn(rows, cols, |i, j| (f64::from(gain) * entry(i, j)) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;

    fn drawn(init: Init, shape: [usize; 2]) -> Matrix {
        draw(init, shape, (shape[1], shape[0]), &mut rng::stream(3, "test"))
    }

    #[test]
    fn orthogonal_synapses_have_one_singular_value() {
        for [rows, cols] in [[5, 5], [9, 4], [4, 9], [1, 6], [6, 1]] {
            let m = drawn(Init::Orthogonal { gain: 1.5 }, [rows, cols]);
            let short = rows.min(cols);
            for i in 0..short {
                for j in 0..short {
                    let dot: f32 = if rows <= cols {
                        m.row(i).iter().zip(m.row(j)).map(|(a, b)| a * b).sum()
                    } else {
                        (0..rows).map(|k| m.row(k)[i] * m.row(k)[j]).sum()
                    };
                    let expected = if i == j { 2.25 } else { 0.0 };
                    assert!((dot - expected).abs() < 1e-5, "{rows} x {cols}: {i} {j} {dot}");
                }
            }
        }
    }

    #[test]
    fn widths_are_those_of_the_definitions() {
        let shape = [300, 200];
        let moments = |init| {
            let m = drawn(init, shape);
            let n = m.as_slice().len() as f64;
            let square: f64 = m.as_slice().iter().map(|v| f64::from(*v).powi(2)).sum();
            (m.as_slice().iter().fold(0.0_f32, |most, v| most.max(v.abs())), (square / n).sqrt())
        };
        let bound = (6.0_f32 / 500.0).sqrt();
        let (most, sd) = moments(Init::Xavier);
        assert!(most <= bound && most > 0.999 * bound && (sd - f64::from(bound) / 3.0_f64.sqrt()).abs() < 1e-3);
        assert!((moments(Init::He).1 - 0.1).abs() < 1e-3, "in is the number of columns");
        assert!((moments(Init::Uniform { bound: 0.3 }).0 - 0.3).abs() < 1e-3);
        assert_eq!(moments(Init::Zeros), (0.0, 0.0));
    }
}
