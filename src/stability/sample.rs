//! The figures of one sample.

use super::absolute::Absolute;
use super::late::Curves;
use super::linear::Linear;
use super::spectrum::{self, Wanted, all, leading, magnitude, radius};
use super::synapses::WideSynapses;
use super::verdict::{MOST_FACTORS, MOST_LATENESS, NEUTRAL, Verdict};
use crate::circuit::Circuit;
use crate::rng;
use faer::{Mat, c64};
use rand_distr::{Distribution, StandardNormal};
use std::f64::consts::PI;

/// Points along φ, where all eigenvalues are computed at each: for few free components, and for more.
const FINE: (usize, usize) = (24, 192);
/// As [`FINE`].
const COARSE: (usize, usize) = (120, 64);
/// Points along φ where the leading eigenvalues are computed, and how many of these.
const LEADING: (usize, usize) = (32, 12);
/// Blocks and absolute maps up to this size are made dense.
const SMALL: usize = 200;

/// What one sample says.
#[derive(Debug, Clone)]
pub(super) struct SampleFigures {
    pub(super) movement: f64,
    pub(super) update_radius: f64,
    pub(super) absolute_radius: f64,
    pub(super) lateness: Option<usize>,
    pub(super) step_factor: Vec<Option<f64>>,
    /// By layer; `None` where nothing of it moves.
    pub(super) stiffness: Vec<Option<f64>>,
}

impl SampleFigures {
    /// The figures around states `z` by layer; `None` where something isn't finite.
    pub(super) fn of(circuit: &Circuit, synapses: &WideSynapses, z: &[Vec<f64>], free: &[Vec<bool>]) -> Option<Self> {
        let linear = Linear::new(circuit, synapses, z, free);
        if linear.size() == 0 {
            return Some(Self::of_nothing(circuit));
        }
        let parts = SpectrumParts::new(&linear);
        let spectrum = parts.spectrum()?;
        let update_radius = spectrum.iter().map(|v| magnitude(v + 1.0)).fold(0.0, f64::max);
        let curves = Curves::new(parts.along(&spectrum)?, spectrum);
        let late = (0..=MOST_LATENESS).take_while(|k| curves.contracts(*k)).last();
        let stiffness = (0..circuit.layers().len()).map(|layer| stiffness(&linear, layer));
        Some(Self {
            movement: linear.movement(),
            absolute_radius: absolute_radius(&linear)?,
            // A radius that rounding alone puts on one side of 1 is on neither.
            lateness: late.filter(|_| update_radius <= 1.0 + NEUTRAL),
            step_factor: (0..=MOST_FACTORS).map(|k| curves.factor(k)).collect(),
            stiffness: stiffness.collect::<Option<_>>()?,
            update_radius,
        })
    }

    /// Of a sample that data hold in place: what doesn't move bears everything.
    fn of_nothing(circuit: &Circuit) -> Self {
        Self {
            movement: 0.0,
            update_radius: 0.0,
            absolute_radius: 0.0,
            lateness: Some(MOST_LATENESS),
            step_factor: vec![Some(f64::MAX); MOST_FACTORS + 1],
            stiffness: vec![None; circuit.layers().len()],
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        match self.lateness {
            _ if (self.update_radius - 1.0).abs() <= NEUTRAL => Verdict::Neutral,
            _ if self.update_radius > 1.0 => Verdict::Grows,
            _ if self.absolute_radius < 1.0 => Verdict::AnyOrder,
            Some(0) | None => Verdict::LockStep,
            Some(_) => Verdict::BoundedLateness,
        }
    }
}

/// The two operators of an update, dense where they are small enough.
struct SpectrumParts<'a> {
    linear: &'a Linear<'a>,
    /// `K` and `T`
    dense: Option<(Mat<f64>, Mat<f64>)>,
}

impl<'a> SpectrumParts<'a> {
    fn new(linear: &'a Linear<'a>) -> Self {
        let size = linear.size();
        let dense = (size <= spectrum::DENSE).then(|| {
            let unit = Mat::<f64>::identity(size, size);
            (linear.own(unit.as_ref()), linear.through_mismatches(unit.as_ref()))
        });
        Self { linear, dense }
    }

    /// Eigenvalues of `T − K`: all, or those that reach furthest from −1, and from 0.
    fn spectrum(&self) -> Option<Vec<c64>> {
        if let Some((own, through)) = &self.dense {
            return all((through - own).as_ref());
        }
        let from = |place: f64| move |v: c64| magnitude(v - place);
        let find = |place: f64, count: usize, tolerance: f64| {
            let wanted = Wanted { count, rank: &from(place), tolerance };
            leading(&mut start(self.linear.size()), &wanted, |x| self.turned(0.0, x))
        };
        let mut found = find(-1.0, 4, 1e-7)?;
        found.extend(find(0.0, LEADING.1, 1e-4)?);
        Some(found)
    }

    /// Eigenvalues of `−K + exp(−iφ) T` along φ.
    fn along(&self, spectrum: &[c64]) -> Option<Vec<Vec<c64>>> {
        let size = self.linear.size();
        let pieces = |last: usize| (0..=last).map(move |m| PI * m as f64 / last as f64);
        let last = [FINE, COARSE].iter().find(|(most, _)| size <= *most).map(|(_, last)| *last);
        let (Some(last), Some((own, through))) = (last, &self.dense) else {
            let mut start = start(size);
            let rank = |v: c64| magnitude(v);
            let wanted = Wanted { count: LEADING.1, rank: &rank, tolerance: 1e-3 };
            return pieces(LEADING.0).map(|phi| leading(&mut start, &wanted, |x| self.turned(phi, x))).collect();
        };
        let dense = |phi: f64| {
            if phi == 0.0 {
                return Some(spectrum.to_vec());
            }
            let turn = c64::new(phi.cos(), -phi.sin());
            let matrix = Mat::from_fn(size, size, |i, j| turn * through[(i, j)] - own[(i, j)]);
            matrix.eigenvalues().ok()
        };
        pieces(last).map(dense).collect()
    }

    /// `(−K + exp(−iφ) T) x`
    fn turned(&self, phi: f64, x: &[c64]) -> Vec<c64> {
        let both = Mat::from_fn(x.len(), 2, |i, j| if j == 0 { x[i].re } else { x[i].im });
        let (own, through) = (self.linear.own(both.as_ref()), self.linear.through_mismatches(both.as_ref()));
        let turn = c64::new(phi.cos(), -phi.sin());
        let at = |matrix: &Mat<f64>, i: usize| c64::new(matrix[(i, 0)], matrix[(i, 1)]);
        (0..x.len()).map(|i| turn * at(&through, i) - at(&own, i)).collect()
    }
}

/// The radius of the absolute map on all populations.
fn absolute_radius(linear: &Linear<'_>) -> Option<f64> {
    let absolute = Absolute::new(linear);
    if absolute.size() <= SMALL {
        let unit = Mat::<f64>::identity(absolute.size(), absolute.size());
        return all(absolute.apply(unit.as_ref()).as_ref()).map(|values| radius(&values));
    }
    leading_radius(absolute.size(), |x| absolute.apply(x.as_ref()))
}

/// The largest curvature that a population meets: of the block of `K − T` that is its own, without β.
fn stiffness(linear: &Linear<'_>, layer: usize) -> Option<Option<f64>> {
    let part = &linear.parts()[layer];
    let (at, size) = (part.at.clone(), part.free.len());
    if size == 0 {
        return Some(None);
    }
    let block = |x: &Mat<f64>| {
        let mut whole = Mat::zeros(linear.size(), x.ncols());
        whole.as_mut().subrows_mut(at.start, size).copy_from(x);
        let both = linear.own(whole.as_ref()) - linear.through_mismatches(whole.as_ref());
        both.subrows(at.start, size).to_owned()
    };
    let radius = if size <= SMALL {
        all(block(&Mat::identity(size, size)).as_ref()).map(|values| radius(&values))
    } else {
        leading_radius(size, block)
    };
    radius.map(|radius| Some(radius / part.beta))
}

/// The spectral radius of a large real operator.
fn leading_radius(size: usize, apply: impl Fn(&Mat<f64>) -> Mat<f64>) -> Option<f64> {
    let rank = |v: c64| magnitude(v);
    let wanted = Wanted { count: 1, rank: &rank, tolerance: 1e-6 };
    let found = leading(&mut start(size), &wanted, |x| {
        let both = Mat::from_fn(size, 2, |i, j| if j == 0 { x[i].re } else { x[i].im });
        let product = apply(&both);
        (0..size).map(|i| c64::new(product[(i, 0)], product[(i, 1)])).collect()
    });
    found.map(|values| radius(&values))
}

/// Where Krylov spaces begin: no eigenvector is orthogonal to it, but by a miracle. The same at every call.
fn start(size: usize) -> Vec<c64> {
    let mut rng = rng::stream(0, "stability.start");
    let mut draw = || -> f64 { StandardNormal.sample(&mut rng) };
    // Not around 0, because the leading eigenvector of a map without negative entries has none either.
    (0..size).map(|_| c64::new(1.0 + 0.5 * draw(), 0.0)).collect()
}
