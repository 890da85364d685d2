//! Loops over slices a register at a time, the tail padded, so that a kernel is written once as a function of
//! `Vector` and an element gets the same bits wherever it stands in the slice.

use wide::f32x8;

/// What a register of the machine that builds this holds. The bits are the same either way, but sixteen lanes on half-wide
/// registers are two of them each, and the sums of a product's block would no longer fit.
#[cfg(target_feature = "avx512f")]
pub(super) type Vector = wide::f32x16;
#[cfg(not(target_feature = "avx512f"))]
pub(super) type Vector = wide::f32x8;

/// Elements in one vector.
pub(super) const LANES: usize = size_of::<Vector>() / size_of::<f32>();

/// The last vector of a slice: elements that no whole vector before it holds, behind some that one does; of a slice that is
/// shorter, all elements behind zeros. `None` where whole vectors hold everything.
#[inline(always)]
pub(super) fn last(a: &[f32]) -> Option<Vector> {
    (!a.len().is_multiple_of(LANES)).then(|| match a.last_chunk::<LANES>() {
        Some(chunk) => Vector::new(*chunk),
        None => {
            let mut full = [0.0; LANES];
            full[LANES - a.len()..].copy_from_slice(a);
            Vector::new(full)
        }
    })
}

/// Writes the vector that [`last`] has read. What it holds of a whole vector has to be what that was, or becomes.
#[inline(always)]
pub(super) fn set_last(out: &mut [f32], vector: Vector) {
    match out.last_chunk_mut::<LANES>() {
        Some(chunk) => *chunk = vector.to_array(),
        None => out.copy_from_slice(&vector.to_array()[LANES - out.len()..]),
    }
}

/// `out_i = f(a_i)`
#[inline(always)]
pub fn map(a: &[f32], out: &mut [f32], f: impl Fn(Vector) -> Vector) {
    assert_eq!(a.len(), out.len());
    for (o, a) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(a.as_chunks::<LANES>().0) {
        *o = f(Vector::new(*a)).to_array();
    }
    if let Some(a) = last(a) {
        set_last(out, f(a));
    }
}

/// `out_i = f(out_i)`
#[inline(always)]
pub fn map_in_place(out: &mut [f32], f: impl Fn(Vector) -> Vector) {
    let end = last(out);
    for o in out.as_chunks_mut::<LANES>().0 {
        *o = f(Vector::new(*o)).to_array();
    }
    if let Some(end) = end {
        set_last(out, f(end));
    }
}

/// `out_i = f(out_i, a_i)`
#[inline(always)]
pub fn zip_in_place(out: &mut [f32], a: &[f32], f: impl Fn(Vector, Vector) -> Vector) {
    assert_eq!(a.len(), out.len());
    let end = last(out).zip(last(a));
    for (o, a) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(a.as_chunks::<LANES>().0) {
        *o = f(Vector::new(*o), Vector::new(*a)).to_array();
    }
    if let Some((end, a)) = end {
        set_last(out, f(end, a));
    }
}

/// `out_i = f(a_i, b_i)`
#[inline(always)]
pub fn zip(a: &[f32], b: &[f32], out: &mut [f32], f: impl Fn(Vector, Vector) -> Vector) {
    assert!(a.len() == b.len() && a.len() == out.len());
    let inputs = a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0);
    for (o, (a, b)) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(inputs) {
        *o = f(Vector::new(*a), Vector::new(*b)).to_array();
    }
    if let Some((a, b)) = last(a).zip(last(b)) {
        set_last(out, f(a, b));
    }
}

/// `(x_i, y_i) = f(a_i, b_i)`: two results in one pass.
#[inline(always)]
pub fn zip_into_two(
    a: &[f32],
    b: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    f: impl Fn(Vector, Vector) -> (Vector, Vector),
) {
    assert!(a.len() == b.len() && a.len() == first.len() && a.len() == second.len());
    let inputs = a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0);
    let outputs = first.as_chunks_mut::<LANES>().0.iter_mut().zip(second.as_chunks_mut::<LANES>().0);
    for ((first, second), (a, b)) in outputs.zip(inputs) {
        let (x, y) = f(Vector::new(*a), Vector::new(*b));
        (*first, *second) = (x.to_array(), y.to_array());
    }
    if let Some((a, b)) = last(a).zip(last(b)) {
        let (x, y) = f(a, b);
        set_last(first, x);
        set_last(second, y);
    }
}

/// `Σ a_i²`, eight partial sums in a written-out order: the same on every build.
#[inline]
#[must_use]
pub fn sum_of_squares(a: &[f32]) -> f32 {
    let (head, tail) = a.as_chunks::<8>();
    let mut last = [0.0; 8];
    last[..tail.len()].copy_from_slice(tail);
    let mut sum = f32x8::ZERO;
    for v in head.iter().chain([&last]) {
        let v = f32x8::new(*v);
        sum += v * v;
    }
    let s = sum.to_array();
    ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]))
}

/// The largest magnitude of vectors that passed by, lane by lane.
#[derive(Debug)]
pub(super) struct Largest {
    top: Vector,
    /// NaN from where a lane was not finite, else 0.
    taint: Vector,
}

impl Largest {
    /// That of none.
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self { top: Vector::ZERO, taint: Vector::ZERO }
    }

    /// Takes in a vector.
    #[inline(always)]
    pub(super) fn include(&mut self, v: Vector) {
        self.top = self.top.fast_max(v.abs());
        // v · 0 is 0 for a finite v and NaN for any other, and NaN survives addition.
        self.taint += v * Vector::ZERO;
    }

    /// The largest of all lanes; `None` where one was not finite.
    #[inline]
    pub(super) fn of_finite(&self) -> Option<f32> {
        let is_finite = self.taint.to_array().iter().all(|v| !v.is_nan());
        is_finite.then(|| self.top.to_array().into_iter().fold(0.0, f32::max))
    }
}

/// The largest magnitude among finite elements, and whether all elements are finite.
#[inline]
#[must_use]
pub fn peak(a: &[f32]) -> (f32, bool) {
    let mut largest = Largest::new();
    for v in a.as_chunks::<LANES>().0.iter().map(|v| Vector::new(*v)).chain(last(a)) {
        largest.include(v);
    }
    match largest.of_finite() {
        Some(top) => (top, true),
        None => (a.iter().copied().filter(|v| v.is_finite()).fold(0.0, |m: f32, v| m.max(v.abs())), false),
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
    fn every_element_is_visited_once_at_any_size() {
        for size in 0..70_u8 {
            let a: Vec<f32> = (0..size).map(f32::from).collect();
            let expected = |f: fn(f32) -> f32| a.iter().map(|v| f(*v)).collect::<Vec<_>>();
            let mut out = a.clone();
            map_in_place(&mut out, |v| v + Vector::ONE);
            assert_eq!(out, expected(|v| v + 1.0));
            zip_in_place(&mut out, &a, |o, a| o + a);
            assert_eq!(out, expected(|v| v + 1.0 + v));
            let (mut first, mut second) = (a.clone(), a.clone());
            zip(&a, &out, &mut first, |a, b| b - a);
            assert_eq!(first, expected(|v| v + 1.0));
            zip_into_two(&a, &out, &mut first, &mut second, |a, b| (a + b, a - b));
            assert_eq!((first, second), (expected(|v| 3.0 * v + 1.0), expected(|v| -v - 1.0)));
        }
    }

    #[test]
    fn peak_sees_every_position() {
        for size in 1..70 {
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
