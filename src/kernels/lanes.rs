//! Loops over slices eight elements at a time, the tail padded, so that a kernel is written once as a
//! function of `f32x8` and an element gets the same bits wherever it stands in the slice.

use wide::f32x8;

/// Elements in one vector.
pub const LANES: usize = 8;

/// The tail of a slice as a vector, padded with `pad`.
#[inline(always)]
pub(super) fn padded(tail: &[f32], pad: f32) -> f32x8 {
    let mut full = [pad; LANES];
    full[..tail.len()].copy_from_slice(tail);
    f32x8::new(full)
}

/// `out_i = f(a_i)`
#[inline(always)]
pub fn map(a: &[f32], out: &mut [f32], f: impl Fn(f32x8) -> f32x8) {
    assert_eq!(a.len(), out.len());
    let (a, a_tail) = a.as_chunks::<LANES>();
    let (out, out_tail) = out.as_chunks_mut::<LANES>();
    for (o, a) in out.iter_mut().zip(a) {
        *o = f(f32x8::new(*a)).to_array();
    }
    let rest = f(padded(a_tail, 0.0)).to_array();
    out_tail.copy_from_slice(&rest[..out_tail.len()]);
}

/// `out_i = f(out_i)`
#[inline(always)]
pub fn map_in_place(out: &mut [f32], f: impl Fn(f32x8) -> f32x8) {
    let (out, tail) = out.as_chunks_mut::<LANES>();
    for o in out {
        *o = f(f32x8::new(*o)).to_array();
    }
    let rest = f(padded(tail, 0.0)).to_array();
    tail.copy_from_slice(&rest[..tail.len()]);
}

/// `out_i = f(out_i, a_i)`
#[inline(always)]
pub fn zip_in_place(out: &mut [f32], a: &[f32], f: impl Fn(f32x8, f32x8) -> f32x8) {
    assert_eq!(a.len(), out.len());
    let (a, a_tail) = a.as_chunks::<LANES>();
    let (out, out_tail) = out.as_chunks_mut::<LANES>();
    for (o, a) in out.iter_mut().zip(a) {
        *o = f(f32x8::new(*o), f32x8::new(*a)).to_array();
    }
    let rest = f(padded(out_tail, 0.0), padded(a_tail, 0.0)).to_array();
    out_tail.copy_from_slice(&rest[..out_tail.len()]);
}

/// `out_i = f(a_i, b_i)`
#[inline(always)]
pub fn zip(a: &[f32], b: &[f32], out: &mut [f32], f: impl Fn(f32x8, f32x8) -> f32x8) {
    assert!(a.len() == b.len() && a.len() == out.len());
    let (a, a_tail) = a.as_chunks::<LANES>();
    let (b, b_tail) = b.as_chunks::<LANES>();
    let (out, out_tail) = out.as_chunks_mut::<LANES>();
    for ((o, a), b) in out.iter_mut().zip(a).zip(b) {
        *o = f(f32x8::new(*a), f32x8::new(*b)).to_array();
    }
    let rest = f(padded(a_tail, 0.0), padded(b_tail, 0.0)).to_array();
    out_tail.copy_from_slice(&rest[..out_tail.len()]);
}

/// `(x_i, out_i) = f(x_i, a_i, b_i)`: two results in one pass.
#[inline(always)]
pub fn zip3_into_two(
    a: &[f32],
    b: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    f: impl Fn(f32x8, f32x8) -> (f32x8, f32x8),
) {
    assert!(a.len() == b.len() && a.len() == first.len() && a.len() == second.len());
    let (a, a_tail) = a.as_chunks::<LANES>();
    let (b, b_tail) = b.as_chunks::<LANES>();
    let (first, first_tail) = first.as_chunks_mut::<LANES>();
    let (second, second_tail) = second.as_chunks_mut::<LANES>();
    for i in 0..a.len() {
        let (x, y) = f(f32x8::new(a[i]), f32x8::new(b[i]));
        first[i] = x.to_array();
        second[i] = y.to_array();
    }
    let (x, y) = f(padded(a_tail, 0.0), padded(b_tail, 0.0));
    first_tail.copy_from_slice(&x.to_array()[..first_tail.len()]);
    second_tail.copy_from_slice(&y.to_array()[..second_tail.len()]);
}

/// `Σ a_i²`, eight partial sums in a written-out order: the same on every build.
#[inline]
#[must_use]
pub fn sum_of_squares(a: &[f32]) -> f32 {
    let (head, tail) = a.as_chunks::<LANES>();
    let mut sum = f32x8::ZERO;
    for v in head {
        let v = f32x8::new(*v);
        sum += v * v;
    }
    let last = padded(tail, 0.0);
    sum += last * last;
    let s = sum.to_array();
    ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]))
}

/// The largest magnitude among finite elements, and whether all elements are finite.
#[inline]
#[must_use]
pub fn peak(a: &[f32]) -> (f32, bool) {
    let (head, tail) = a.as_chunks::<LANES>();
    let mut top = f32x8::ZERO;
    // v · 0 is 0 for a finite v and NaN for any other, and NaN survives addition.
    let mut taint = f32x8::ZERO;
    for v in head {
        let v = f32x8::new(*v);
        top = top.fast_max(v.abs());
        taint += v * f32x8::ZERO;
    }
    let last = padded(tail, 0.0);
    top = top.fast_max(last.abs());
    taint += last * f32x8::ZERO;
    if taint.to_array().iter().all(|v| !v.is_nan()) {
        (top.to_array().into_iter().fold(0.0, f32::max), true)
    } else {
        (a.iter().copied().filter(|v| v.is_finite()).fold(0.0, |m: f32, v| m.max(v.abs())), false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_get_the_same_bits_as_bodies() {
        let a: Vec<f32> = (0..23).map(|i| (i as f32 - 11.0) * 0.37).collect();
        let mut long = vec![0.0; 23];
        map(&a, &mut long, |v| v.exp());
        for (v, o) in a.iter().zip(&long) {
            let mut one = [0.0];
            map(&[*v], &mut one, |v| v.exp());
            assert_eq!(one[0].to_bits(), o.to_bits());
        }
    }

    #[test]
    fn peak_sees_every_position() {
        for size in 1..40 {
            for at in 0..size {
                let mut a = vec![0.5; size];
                a[at] = -3.0;
                assert_eq!(peak(&a), (3.0, true));
                for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    let mut a = vec![0.5; size + 1];
                    a[at] = bad;
                    assert_eq!(peak(&a), (0.5, false), "{bad} at {at} of {size}");
                }
            }
        }
    }

    #[test]
    fn sum_of_squares_is_one() {
        for size in 0..40 {
            let a: Vec<f32> = (0..size).map(|i| i as f32 * 0.25).collect();
            let slow: f64 = a.iter().map(|v| f64::from(*v).powi(2)).sum();
            assert!((f64::from(sum_of_squares(&a)) - slow).abs() <= 1e-6 * (1.0 + slow));
        }
    }
}
