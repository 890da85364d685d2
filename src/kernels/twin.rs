//! What tests of kernels share: made-up numbers, and the slow twin of a product.

/// `len` numbers from -0.8 to 0.8.
pub(super) fn ramp(len: usize, step: usize) -> Vec<f32> {
    (0..len).map(|i| ((i * step % 17) as f32 - 8.0) * 0.1).collect()
}

/// `batch · weights` by a triple loop, with `batch` `[rows, n]` and `weights` `[n, m]`.
pub(super) fn product(batch: &[f32], weights: &[f32], n: usize, m: usize) -> Vec<f64> {
    let entry = |i: usize| (0..n).map(|k| f64::from(batch[i / m * n + k]) * f64::from(weights[k * m + i % m])).sum();
    (0..batch.len() / n * m).map(entry).collect()
}
