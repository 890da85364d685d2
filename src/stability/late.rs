//! What happens when every message is late by the same k firings, for every k and every common factor on β at once.
//!
//! An update on messages k firings older than lock-step's is `z(n) = (I − cK) z(n − 1) + c T z(n − 1 − 2k)`, with c the
//! common factor: one k for the way to the error population, one for the way back. A mode `zⁿ` obeys
//! `det((z − 1) I + c (K − z⁻²ᵏ T)) = 0`. On the unit circle, at `z = exp(iθ)`, that is
//!
//! ```text
//! exp(iθ) − 1 = c ν        with ν an eigenvalue of  −K + exp(−iφ) T  and  φ = 2kθ
//! ```
//!
//! so that k enters by the angle φ alone: the eigenvalues are computed once, along φ from 0 to π (from there on they are
//! conjugates), and serve every k. Where the angle of `exp(iθ) − 1`, which is `π/2 + θ/2`, passes the angle of ν, a mode
//! crosses the circle at `c = 2 sin(θ/2) / |ν|`. As c grows from 0, where a mode's growth is Re ν at φ = 0, the modes outside
//! the circle are those that have crossed. With K = 0 and ν = −λ exp(−iφ) it is the known bound `c λ < 2 sin(π / (8k + 2))`.

use super::spectrum::magnitude;
use super::verdict::NEUTRAL;
use faer::c64;
use std::f64::consts::PI;

/// The eigenvalues along φ.
pub(super) struct Curves {
    /// At `φ = π m / (len − 1)`; each list in the same order, so that places are branches.
    at: Vec<Vec<SpectrumPoint>>,
    /// At φ = 0: all that are known, where the curves have the largest ones only.
    spectrum: Vec<c64>,
    /// Modes that grow at c → 0.
    growing: i64,
}

/// An eigenvalue and its angle, which is what is compared again and again.
#[derive(Debug, Clone, Copy)]
struct SpectrumPoint {
    value: c64,
    angle: f64,
}

/// A mode on the unit circle.
#[derive(Debug, Clone, Copy)]
struct Crossing {
    /// The common factor on β.
    factor: f64,
    /// Modes that leave the circle as the factor grows, less those that enter.
    leaving: i64,
}

impl Curves {
    /// The curves through lists of eigenvalues at equal distances of φ, from 0 to π, of which there are at least two, each in
    /// any order; `spectrum` has those of φ = 0 that the curves lack, too.
    pub(super) fn new(lists: Vec<Vec<c64>>, spectrum: Vec<c64>) -> Self {
        let growing = spectrum.iter().filter(|v| v.re > NEUTRAL).count() as i64;
        let mut at: Vec<Vec<c64>> = Vec::with_capacity(lists.len());
        for list in lists {
            let matched = match at.last() {
                Some(before) => matched(before, list),
                None => list,
            };
            at.push(matched);
        }
        let point = |value: c64| SpectrumPoint { value, angle: value.im.atan2(value.re) };
        let at = at.into_iter().map(|list| list.into_iter().map(point).collect()).collect();
        Self { at, spectrum, growing }
    }

    /// Whether some mode grows, however small the steps are.
    pub(super) fn grows(&self) -> bool {
        self.growing > 0
    }

    /// Whether every mode that isn't neutral decays with messages k firings late.
    pub(super) fn contracts(&self, k: usize) -> bool {
        let crossed: i64 = self.crossings(k).iter().filter(|c| c.factor < 1.0).map(|c| c.leaving).sum();
        self.growing + crossed == 0
    }

    /// The largest common factor on β below which all contract; `None` where some mode grows however small it is.
    pub(super) fn factor(&self, k: usize) -> Option<f64> {
        if self.grows() {
            return None;
        }
        let factors = self.crossings(k).into_iter().map(|crossing| crossing.factor);
        factors.min_by(f64::total_cmp)
    }

    fn crossings(&self, k: usize) -> Vec<Crossing> {
        if k == 0 {
            return self.spectrum.iter().filter_map(|v| of_lock_step(*v)).collect();
        }
        let mut found = Vec::new();
        let last = self.at.len() - 1;
        // φ in pieces of the grid, one beyond θ = π: a crossing just there may lie a rounding behind it.
        for piece in 0..=2 * k * last {
            let theta = |part: f64| (piece as f64 + part) * PI / (last as f64 * 2.0 * k as f64);
            for (a, b) in self.branches(piece) {
                found.extend(Self::crossing(k, a, b, &theta, PI / last as f64));
            }
        }
        found
    }

    /// The ends of every branch on a piece of the grid, however far round. On the way back from π to 2π they are the conjugates
    /// of those on the way there.
    fn branches(&self, piece: usize) -> impl Iterator<Item = (SpectrumPoint, SpectrumPoint)> {
        let last = self.at.len() - 1;
        let (turn, place) = (piece / last, piece % last);
        let is_back = turn % 2 == 1;
        let ends = if is_back { (last - place, last - place - 1) } else { (place, place + 1) };
        let turned =
            move |p: SpectrumPoint| if is_back { SpectrumPoint { value: p.value.conj(), angle: -p.angle } } else { p };
        self.at[ends.0].iter().zip(&self.at[ends.1]).map(move |(a, b)| (turned(*a), turned(*b)))
    }

    /// The crossing of a branch between two points of the grid, `width` apart in φ.
    fn crossing(
        k: usize,
        from: SpectrumPoint,
        to: SpectrumPoint,
        theta: &impl Fn(f64) -> f64,
        width: f64,
    ) -> Option<Crossing> {
        let gap = |p: SpectrumPoint, theta: f64| folded(0.5 * PI + 0.5 * theta - p.angle);
        let (before, after) = (gap(from, theta(0.0)), gap(to, theta(1.0)));
        if (before < 0.0) == (after < 0.0) || (before - after).abs() > PI {
            return None;
        }
        let (a, b) = (from.value, to.value);
        if magnitude(a) <= NEUTRAL || magnitude(b) <= NEUTRAL {
            return None;
        }
        let part = before / (before - after);
        let (v, at) = (a + (b - a) * part, theta(part));
        let factor = 2.0 * (0.5 * at).sin() / magnitude(v);
        if at > PI + 1e-7 || factor <= 0.0 {
            return None;
        }
        // Along the circle dν = ν' dφ, so that by z⁻²ᵏ = exp(−iφ): dz/dc (1 + 2ik c ν' / z) = ν.
        let (slope, z) = ((b - a) * (1.0 / width), c64::new(at.cos(), at.sin()));
        let turned = c64::new(0.0, 2.0 * k as f64 * factor) * slope * z.conj();
        let speed = v / (c64::new(1.0, 0.0) + turned);
        let outward = (z.conj() * speed).re;
        let pair = if at > PI - 1e-7 { 1 } else { 2 };
        Some(Crossing { factor, leaving: if outward >= 0.0 { pair } else { -pair } })
    }
}

/// Without lateness, `1 + c ν` is on the circle at `c = −2 Re ν / |ν|²`.
fn of_lock_step(v: c64) -> Option<Crossing> {
    let square = v.re * v.re + v.im * v.im;
    let is_crossing = square.sqrt() > NEUTRAL && v.re < 0.0;
    is_crossing.then(|| Crossing { factor: -2.0 * v.re / square, leaving: 1 })
}

/// The list in the order that continues `before`: nearest pairs first. A branch that the list lacks is at 0, and so neutral.
fn matched(before: &[c64], list: Vec<c64>) -> Vec<c64> {
    let mut pairs: Vec<(f64, usize, usize)> = Vec::with_capacity(before.len() * list.len());
    for (i, a) in before.iter().enumerate() {
        pairs.extend(list.iter().enumerate().map(|(j, b)| (magnitude(a - b), i, j)));
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut out = vec![None; before.len()];
    let mut is_taken = vec![false; list.len()];
    for (_, i, j) in pairs {
        if out[i].is_none() && !is_taken[j] {
            (out[i], is_taken[j]) = (Some(list[j]), true);
        }
    }
    let rest = list.iter().zip(&is_taken).filter(|(_, taken)| !**taken).map(|(v, _)| *v);
    out.into_iter().map(Option::unwrap_or_default).chain(rest).collect()
}

/// An angle in (−π, π].
fn folded(angle: f64) -> f64 {
    let turns = (angle / (2.0 * PI)).round();
    angle - turns * 2.0 * PI
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Curves of `−κ − λ exp(−iφ)`: one neuron.
    fn curves(kappa: f64, lambda: f64) -> Curves {
        let last = 256;
        let at = |m: usize| {
            let phi = PI * m as f64 / f64::from(last);
            vec![c64::new(-kappa - lambda * phi.cos(), lambda * phi.sin())]
        };
        Curves::new((0..=last as usize).map(at).collect(), at(0))
    }

    #[test]
    fn one_mode_bears_what_is_known() {
        for k in 0..=64_usize {
            let known = 2.0 * (PI / (8 * k + 2) as f64).sin();
            let found = curves(0.0, 1.0).factor(k).expect("it crosses");
            assert!((found - known).abs() < 1e-4 * known, "{k}: {found} for {known}");
            assert!(curves(0.0, 0.99 * known).contracts(k) && !curves(0.0, 1.01 * known).contracts(k), "{k}");
        }
    }

    /// The largest root of `zᵐ⁺¹ = (1 − κ) zᵐ − λ`, by running it for long.
    fn grows(kappa: f64, lambda: f64, k: usize) -> bool {
        let mut past = std::collections::VecDeque::from(vec![1.0_f64; 2 * k + 1]);
        let mut peaks = [0.0_f64; 2];
        for n in 0..40_000 {
            let next = (1.0 - kappa) * past[2 * k] - lambda * past[0];
            past.pop_front();
            past.push_back(next.clamp(-1e200, 1e200));
            if n >= 20_000 {
                let half = usize::from(n >= 30_000);
                peaks[half] = peaks[half].max(next.abs());
            }
        }
        peaks[1] > peaks[0].min(1e199)
    }

    #[test]
    fn one_mode_with_a_pull_of_its_own_does_what_running_it_does() {
        let mut counts = [0, 0];
        for (i, kappa) in [-0.3_f64, 0.05, 0.5, 1.0, 1.9].into_iter().enumerate() {
            for j in 0..12 {
                let (lambda, k) = (-0.9 + 0.21 * f64::from(j), (i + j as usize) % 5);
                // Near the edge neither is sure.
                let factor = curves(kappa, lambda).factor(k);
                if factor.is_some_and(|f| (f - 1.0).abs() < 0.02) || (kappa + lambda).abs() < 0.02 {
                    continue;
                }
                let expected = !grows(kappa, lambda, k);
                assert_eq!(curves(kappa, lambda).contracts(k), expected, "κ {kappa} λ {lambda} k {k}");
                counts[usize::from(expected)] += 1;
            }
        }
        assert!(counts.iter().all(|count| *count > 8), "{counts:?}");
    }

    #[test]
    fn a_branch_keeps_its_place() {
        let (a, b, c) = (c64::new(1.0, 0.0), c64::new(0.0, 1.0), c64::new(-1.0, 0.1));
        assert_eq!(matched(&[a, b, c], vec![c * 1.1, a * 0.9, b]), [a * 0.9, b, c * 1.1]);
        assert_eq!(matched(&[a, b], vec![b]), [c64::default(), b]);
        assert_eq!(matched(&[b], vec![a, b]), [b, a]);
    }
}
