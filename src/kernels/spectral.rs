//! The largest singular value of a matrix.

/// Steps of the iteration: a gap of one part in a hundred between the two largest is enough for 1 %.
const STEPS: usize = 60;

/// `max ‖M x‖ / ‖x‖` for `matrix` `[rows, cols]`, by power iteration on `Mᵀ M` from a fixed start; from below, and the
/// same each time. 0 where the matrix is.
#[must_use]
pub fn norm(matrix: &[f32], rows: usize, cols: usize) -> f32 {
    // No component is 0, and no two are alike, so that the start has a part along every direction.
    let mut x: Vec<f64> = (0..cols).map(|j| 1.0 + (j as f64 * 0.618_033_988_749_895).fract()).collect();
    let mut sigma = 0.0;
    for _ in 0..STEPS {
        let length = x.iter().map(|v| v * v).sum::<f64>().sqrt();
        if length == 0.0 {
            return 0.0;
        }
        x.iter_mut().for_each(|v| *v /= length);
        let mut back = vec![0.0; cols];
        let mut image = 0.0;
        for row in matrix.chunks_exact(cols).take(rows) {
            let y: f64 = row.iter().zip(&x).map(|(m, v)| f64::from(*m) * v).sum();
            image += y * y;
            back.iter_mut().zip(row).for_each(|(sum, m)| *sum += f64::from(*m) * y);
        }
        let before = std::mem::replace(&mut sigma, image.sqrt());
        x = back;
        if (sigma - before).abs() <= 1e-4 * sigma {
            break;
        }
    }
    sigma as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_norm_of_known_matrices() {
        assert!((norm(&[3.0, 0.0, 0.0, -5.0], 2, 2) - 5.0).abs() < 1e-3);
        assert_eq!(norm(&[0.0; 6], 2, 3), 0.0);
        // One row: its length.
        assert!((norm(&[3.0, 4.0], 1, 2) - 5.0).abs() < 1e-4);
        // A product of two vectors has the product of their lengths.
        let outer: Vec<f32> = [1.0, 2.0, 2.0].iter().flat_map(|a| [3.0, 4.0].map(|b| a * b)).collect();
        assert!((norm(&outer, 3, 2) - 15.0).abs() < 1e-2);
    }
}
