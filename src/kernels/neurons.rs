//! What is one number for each neuron, over the rows of a batch `[rows · size]`: biases and variances.

use super::lanes::{self, Vector};

/// `x ← x + b` in every row.
pub fn add(rows: &mut [f32], per_neuron: &[f32]) {
    for row in rows.chunks_exact_mut(per_neuron.len()) {
        lanes::zip_in_place(row, per_neuron, |x, b| x + b);
    }
}

/// `x ← x / v` in every row.
pub fn divide(rows: &mut [f32], per_neuron: &[f32]) {
    for row in rows.chunks_exact_mut(per_neuron.len()) {
        lanes::zip_in_place(row, per_neuron, |x, v| x / v);
    }
}

/// `x ← factor · x`
pub fn scale(values: &mut [f32], factor: f32) {
    let factor = Vector::splat(factor);
    lanes::map_in_place(values, |x| x * factor);
}

/// `sum ← sum + factor · Σ_rows x`, row after row.
pub fn add_rows(sum: &mut [f32], factor: f32, rows: &[f32]) {
    let factor = Vector::splat(factor);
    for row in rows.chunks_exact(sum.len()) {
        lanes::zip_in_place(sum, row, |sum, x| sum + factor * x);
    }
}

/// `sum ← sum + factor · Σ_rows x²`, row after row.
pub fn add_squares(sum: &mut [f32], factor: f32, rows: &[f32]) {
    let factor = Vector::splat(factor);
    for row in rows.chunks_exact(sum.len()) {
        lanes::zip_in_place(sum, row, |sum, x| sum + factor * x * x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_meets_every_neuron() {
        for size in [1_usize, 7, 16, 21, 40] {
            let own: Vec<f32> = (0..size).map(|j| 1.0 + j as f32).collect();
            let rows: Vec<f32> = (0..3 * size).map(|i| i as f32 * 0.5).collect();
            let (mut added, mut divided, mut scaled) = (rows.clone(), rows.clone(), rows.clone());
            add(&mut added, &own);
            divide(&mut divided, &own);
            scale(&mut scaled, 2.0);
            let (mut sums, mut squares) = (vec![0.0; size], vec![0.0; size]);
            add_rows(&mut sums, 0.5, &rows);
            add_squares(&mut squares, 0.5, &rows);
            for (i, x) in rows.iter().enumerate() {
                let v = own[i % size];
                assert_eq!((added[i], divided[i], scaled[i]), (x + v, x / v, x * 2.0));
            }
            for j in 0..size {
                let column = || (0..3).map(|i| rows[i * size + j]);
                assert_eq!(sums[j], column().map(|x| 0.5 * x).sum::<f32>());
                assert_eq!(squares[j], column().map(|x| 0.5 * x * x).sum::<f32>());
            }
        }
    }
}
