//! The absolute value of the map on all populations: what any order of firings can make of a change.
//!
//! Each firing is a function of what its inlets hold. Its partial derivatives, as absolute values, make a matrix on states
//! and mismatches together; where its spectral radius is below 1, every asynchronous order with bounded delays converges
//! (D. Chazan and W. Miranker, Chaotic relaxation, Linear Algebra and its Applications 2:199-222, 1969):
//!
//! ```text
//! |δz| ← |I − K| |δz| + β (|D| Σ |E| |δe| + |δe_own|)
//! |δe| ← |P τ t'| |δz| + Σ |P η W φ'| |δz|
//! ```
//!
//! Terms are added inlet by inlet, because each inlet has a delay of its own: what a target and an activity of the same
//! layer do to a mismatch doesn't cancel when one of them is late.

use super::linear::{ErrorPart, Linear, StatePart};
use super::synapses::Return;
use crate::circuit::LayerId;
use crate::params::Lateral;
use faer::{Mat, MatRef};
use std::ops::Range;

/// The matrix of absolute values, as blocks.
pub(super) struct Absolute<'a> {
    linear: &'a Linear<'a>,
    /// By error population: where its mismatches stand, behind the free states.
    at: Vec<Range<usize>>,
    /// By error population: blocks `[J, free]` with the layer whose free states they read.
    blocks: Vec<Vec<(usize, Mat<f64>)>>,
    /// By projection: `|E|`, or `|gain W|ᵀ`, `[from, to]`, where there is feedback.
    returns: Vec<Option<Mat<f64>>>,
    size: usize,
}

impl<'a> Absolute<'a> {
    pub(super) fn new(linear: &'a Linear<'a>) -> Self {
        let mut size = linear.size();
        let mut place = |error: &ErrorPart| {
            let start = size;
            size += error.of_target.len();
            start..size
        };
        let at = linear.errors().iter().map(&mut place).collect();
        let projections = 0..linear.circuit().projections().len();
        let back = |projection: usize| match linear.synapses().back(projection) {
            Return::Learned(error) => Some(absolute(error.as_ref())),
            Return::Backwards(gain) => {
                Some(faer::Scale(gain.abs()) * absolute(linear.synapses().generative(projection).transpose()))
            }
            Return::Silent => None,
        };
        let blocks = linear.errors().iter().map(|error| blocks(linear, error)).collect();
        Self { linear, at, blocks, returns: projections.map(back).collect(), size }
    }

    /// States and mismatches together.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// The product with columns `[size, columns]`.
    pub(super) fn apply(&self, x: MatRef<'_, f64>) -> Mat<f64> {
        let mut out = Mat::zeros(self.size, x.ncols());
        for layer in 0..self.linear.parts().len() {
            self.state(layer, x, &mut out);
        }
        for (at, blocks) in self.at.iter().zip(&self.blocks) {
            for (layer, block) in blocks {
                let from = self.linear.parts()[*layer].at.clone();
                let product = block * x.subrows(from.start, from.len());
                for j in 0..x.ncols() {
                    at.clone().enumerate().for_each(|(i, row)| out[(row, j)] += product[(i, j)]);
                }
            }
        }
        out
    }

    fn state(&self, layer: usize, x: MatRef<'_, f64>, out: &mut Mat<f64>) {
        let part = &self.linear.parts()[layer];
        if part.free.is_empty() {
            return;
        }
        let mut up: Mat<f64> = Mat::zeros(part.slope.len(), x.ncols());
        for projection in self.linear.heard(layer) {
            let to = self.linear.circuit().projections()[projection].to().0;
            if let (Some(back), Some(at)) = (&self.returns[projection], self.mismatches_of(to)) {
                up += back * x.subrows(at.start, at.len());
            }
        }
        let own = self.mismatches_of(layer);
        let lateral = self.linear.circuit().layer(LayerId(layer)).lateral();
        for j in 0..x.ncols() {
            let kept = kept(part, lateral, |row| x[(row, j)]);
            for (n, (row, i)) in part.at.clone().zip(&part.free).enumerate() {
                let own = own.as_ref().map_or(0.0, |at| x[(at.start + i, j)]);
                out[(row, j)] = kept[n] + part.beta * (part.gain[*i].abs() * up[(*i, j)] + own);
            }
        }
    }

    fn mismatches_of(&self, layer: usize) -> Option<Range<usize>> {
        let place = self.linear.errors().iter().position(|error| error.layer == layer)?;
        Some(self.at[place].clone())
    }
}

/// `|I − K| |δz|` of one population, by its free neurons.
fn kept(part: &StatePart, lateral: Lateral, x: impl Fn(usize) -> f64) -> Vec<f64> {
    let (excite, inhibit) = match lateral {
        Lateral::None => (0.0, 0.0),
        Lateral::Columns { excite, inhibit, .. } | Lateral::Band { excite, inhibit, .. } => {
            (f64::from(excite), f64::from(inhibit))
        }
    };
    let mut activity = vec![0.0; part.slope.len()];
    part.at.clone().zip(&part.free).for_each(|(row, i)| activity[*i] = part.slope[*i].abs() * x(row));
    let mut before = vec![0.0; activity.len() + 1];
    (0..activity.len()).for_each(|i| before[i + 1] = before[i] + activity[i]);
    let reach = |i: usize| match lateral {
        Lateral::None => i..i + 1,
        Lateral::Columns { size, .. } => i / size * size..(i / size + 1) * size,
        Lateral::Band { width, .. } => i.saturating_sub(width)..(i + width + 1).min(activity.len()),
    };
    let kept = |(row, i): (usize, &usize)| {
        let reach = reach(*i);
        let others = (before[reach.end] - before[reach.start] - activity[*i]).max(0.0);
        let own = 1.0 - part.beta * (part.pull[*i] - excite * part.slope[*i]);
        own.abs() * x(row) + part.beta * inhibit.abs() * others
    };
    part.at.clone().zip(&part.free).map(kept).collect()
}

/// What free states do to a mismatch, inlet by inlet.
fn blocks(linear: &Linear<'_>, error: &ErrorPart) -> Vec<(usize, Mat<f64>)> {
    let precision = linear.synapses().precision(error.layer);
    let weighed = |raw: Mat<f64>| match precision {
        Some(precision) => precision * raw,
        None => raw,
    };
    let activity = |projection: &usize| {
        let from = linear.circuit().projections()[*projection].from().0;
        let (part, w) = (&linear.parts()[from], linear.synapses().generative(*projection));
        let entry = |i: usize, n: usize| error.of_drive[i] * w[(i, part.free[n])] * part.slope[part.free[n]];
        (from, Mat::from_fn(w.nrows(), part.free.len(), entry))
    };
    let part = &linear.parts()[error.layer];
    let entry = |i: usize, n: usize| if part.free[n] == i { error.of_target[i] * part.target[i] } else { 0.0 };
    let target = (error.layer, Mat::from_fn(error.of_target.len(), part.free.len(), entry));
    let raw = error.afferents.iter().map(activity).chain([target]);
    let moving = raw.filter(|(_, block)| block.ncols() > 0);
    moving.map(|(layer, block)| (layer, absolute(weighed(block).as_ref()))).collect()
}

fn absolute(matrix: MatRef<'_, f64>) -> Mat<f64> {
    Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, j| matrix[(i, j)].abs())
}
