//! Lateral synapses within a row, in O(J): column groups and bands.

use crate::params::Lateral;

/// `out = V φ` for one sample: `activity` and `out` are `[size]`. `out` is untouched for `Lateral::None`.
///
/// Columns: `(Vφ)_i = β (Σ_group φ − φ_i) − α φ_i`. Band: `(Vφ)_i = β Σ_{0<|i−j|≤w} φ_j − α φ_i`, computed from
/// running sums (design section 1).
pub fn lateral_row(lateral: Lateral, activity: &[f32], out: &mut [f32]) {
    match lateral {
        Lateral::None => {}
        Lateral::Columns { size, excite, inhibit } => columns(size, excite, inhibit, activity, out),
        Lateral::Band { width, excite, inhibit } => band(width, excite, inhibit, activity, out),
    }
}

fn columns(size: usize, excite: f32, inhibit: f32, activity: &[f32], out: &mut [f32]) {
    for (group, out) in activity.chunks_exact(size).zip(out.chunks_exact_mut(size)) {
        let sum: f32 = group.iter().sum();
        let (whole, own) = (inhibit * sum, inhibit + excite);
        for (o, a) in out.iter_mut().zip(group) {
            *o = whole - own * a;
        }
    }
}

/// The window moves by one neuron at a time. Its sum is kept in f64, because adding and removing the same f32
/// values there leaves no residue that matters at f32.
fn band(width: usize, excite: f32, inhibit: f32, activity: &[f32], out: &mut [f32]) {
    let size = activity.len();
    let mut window: f64 = activity[..width.min(size)].iter().map(|a| f64::from(*a)).sum();
    for i in 0..size {
        if i + width < size {
            window += f64::from(activity[i + width]);
        }
        if i > width {
            window -= f64::from(activity[i - width - 1]);
        }
        let others = (window - f64::from(activity[i])) as f32;
        out[i] = inhibit * others - excite * activity[i];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slow twin: the dense J×J matrix that is never built in earnest.
    fn dense(lateral: Lateral, activity: &[f32]) -> Vec<f64> {
        let weight = |i: usize, j: usize| match lateral {
            Lateral::None => 0.0,
            Lateral::Columns { excite, .. } | Lateral::Band { excite, .. } if i == j => -f64::from(excite),
            Lateral::Columns { size, inhibit, .. } if i / size == j / size => f64::from(inhibit),
            Lateral::Band { width, inhibit, .. } if i.abs_diff(j) <= width => f64::from(inhibit),
            _ => 0.0,
        };
        let size = activity.len();
        (0..size).map(|i| (0..size).map(|j| weight(i, j) * f64::from(activity[j])).sum()).collect()
    }

    #[test]
    fn lateral_synapses_equal_the_dense_matrix() {
        for size in [1_usize, 2, 12, 36, 60, 61] {
            let activity: Vec<f32> = (0..size).map(|i| ((i * 7 % 11) as f32 - 3.0) * 0.3).collect();
            let groups = (1..=size).filter(|k| size.is_multiple_of(*k));
            let columns = groups.map(|size| Lateral::Columns { size, excite: 0.15, inhibit: 0.1 });
            let bands = (1..size).map(|width| Lateral::Band { width, excite: 0.2, inhibit: 0.07 });
            for lateral in columns.chain(bands) {
                let mut out = vec![f32::NAN; size];
                lateral_row(lateral, &activity, &mut out);
                for (fast, slow) in out.iter().zip(dense(lateral, &activity)) {
                    assert!((f64::from(*fast) - slow).abs() < 1e-5, "{lateral:?} at size {size}");
                }
            }
        }
    }
}
