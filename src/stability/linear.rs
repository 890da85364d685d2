//! One update of a circuit, linearised where one sample has settled, as operators that multiply through the synapses.
//!
//! With `δz` a small change of the free states, all populations of the circuit give (design section 1)
//!
//! ```text
//! δe_s  = P_s (τ_s ⊙ δt_s + η_s ⊙ Σ_k W_{k→s} (φ'_k ⊙ δz_k))      δt_s = δz_s, or φ'_s ⊙ δz_s
//! K δz  = β_k ((γ_k + prior'_k − up_k ⊙ φ''_k) ⊙ δz_k + V_k (φ'_k ⊙ δz_k))     a population's own pull: never late
//! T δz  = β_k (D_k ⊙ Σ_s E_{s→k} δe_s − δe_k)                                   through mismatches: what can be late
//! ```
//!
//! where P is the precision, `τ = 1, η = −g'(h)` for a Gaussian layer, the partial derivatives of Eq. 9 for a Bernoulli one,
//! and `D = φ'` where the layer has a derivative, else 1. The term `up ⊙ φ''` is that of the same derivative. One
//! synchronous update is `δz ← (I − K + T) δz`. Components that data hold in place are no part of `δz`.

use super::slopes::{self, Bent};
use super::synapses::WideSynapses;
use crate::circuit::{Circuit, Layer, LayerId};
use crate::kernels::mismatch::CLIP;
use crate::params::{Activation, Lateral, Likelihood, Target};
use faer::{Mat, MatRef};
use std::ops::Range;

/// A linearised circuit.
pub(super) struct Linear<'a> {
    circuit: &'a Circuit,
    synapses: &'a WideSynapses,
    parts: Vec<StatePart>,
    errors: Vec<ErrorPart>,
    /// How many components are free.
    size: usize,
    /// The largest step that an update would make here, over the largest state (or 1) of its layer.
    movement: f64,
}

/// A state population around its point.
pub(super) struct StatePart {
    /// The neurons that move.
    pub(super) free: Vec<usize>,
    /// Where they stand among all free components.
    pub(super) at: Range<usize>,
    pub(super) beta: f64,
    /// `φ'`
    pub(super) slope: Vec<f64>,
    /// `D`
    pub(super) gain: Vec<f64>,
    /// `γ + prior' − up ⊙ φ''`
    pub(super) pull: Vec<f64>,
    /// `δt / δz`
    pub(super) target: Vec<f64>,
}

/// An error population around its point.
pub(super) struct ErrorPart {
    pub(super) layer: usize,
    /// Projections that predict the layer.
    pub(super) afferents: Vec<usize>,
    /// `τ`
    pub(super) of_target: Vec<f64>,
    /// `η`
    pub(super) of_drive: Vec<f64>,
}

impl<'a> Linear<'a> {
    /// The circuit around the states `z` of one sample, by layer; `free` says of each layer which neurons move.
    pub(super) fn new(circuit: &'a Circuit, synapses: &'a WideSynapses, z: &[Vec<f64>], free: &[Vec<bool>]) -> Self {
        let bent: Vec<_> = circuit
            .layers()
            .map(|(_, layer)| layer)
            .zip(z)
            .map(|(layer, z)| slopes::bent(layer.activation(), z))
            .collect();
        let predicted = circuit.layers().filter(|(id, _)| circuit.is_predicted(*id));
        let mut mismatches = vec![None; z.len()];
        let mut errors = Vec::new();
        for (id, layer) in predicted {
            let (part, mismatch) = error_part(circuit, synapses, id, layer, z, &bent);
            mismatches[id.0] = Some(mismatch);
            errors.push(part);
        }
        let mut linear = Self { circuit, synapses, parts: Vec::new(), errors, size: 0, movement: 0.0 };
        for (id, layer) in circuit.layers() {
            let up = linear.up(id.0, &mismatches);
            let own = mismatches[id.0].as_ref();
            let (part, step) = state_part(layer, &z[id.0], &bent[id.0], &up, own, &free[id.0], linear.size);
            linear.size = part.at.end;
            linear.movement = linear.movement.max(step);
            linear.parts.push(part);
        }
        linear
    }

    /// How many components are free.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// The largest step that an update would make here, over the largest state (or 1) of its layer.
    pub(super) fn movement(&self) -> f64 {
        self.movement
    }

    pub(super) fn circuit(&self) -> &Circuit {
        self.circuit
    }

    pub(super) fn synapses(&self) -> &WideSynapses {
        self.synapses
    }

    /// By layer.
    pub(super) fn parts(&self) -> &[StatePart] {
        &self.parts
    }

    pub(super) fn errors(&self) -> &[ErrorPart] {
        &self.errors
    }

    /// Projections from a layer that have feedback.
    pub(super) fn heard(&self, layer: usize) -> impl Iterator<Item = usize> {
        let projections = self.circuit.projections().iter().enumerate();
        let heard =
            projections.filter(move |(_, p)| p.from().0 == layer && p.feedback() != crate::params::Feedback::Silent);
        heard.map(|(i, _)| i)
    }

    /// `up`: what returns to a layer of given mismatches.
    fn up(&self, layer: usize, mismatches: &[Option<Vec<f64>>]) -> Vec<f64> {
        let mut up = vec![0.0; self.circuit.layer(LayerId(layer)).size()];
        for projection in self.heard(layer) {
            let to = self.circuit.projections()[projection].to().0;
            let mismatch = mismatches[to].as_ref().expect("what is predicted has a mismatch");
            let returned = self.synapses.returned(projection, &column(mismatch));
            (0..up.len()).for_each(|i| up[i] += returned[(i, 0)]);
        }
        up
    }

    /// `T x`: what returns late, for columns of free components `[size, columns]`.
    pub(super) fn through_mismatches(&self, x: MatRef<'_, f64>) -> Mat<f64> {
        let changes: Vec<Mat<f64>> = self.errors.iter().map(|error| self.mismatch(error, x)).collect();
        let change = |layer: usize| self.errors.iter().position(|e| e.layer == layer).map(|i| &changes[i]);
        let mut out = Mat::zeros(self.size, x.ncols());
        for (layer, part) in self.parts.iter().enumerate().filter(|(_, part)| !part.free.is_empty()) {
            let mut up: Mat<f64> = Mat::zeros(part.slope.len(), x.ncols());
            for projection in self.heard(layer) {
                let to = self.circuit.projections()[projection].to().0;
                up += self.synapses.returned(projection, change(to).expect("what is predicted has a mismatch"));
            }
            let own = change(layer);
            for j in 0..x.ncols() {
                for (row, i) in part.at.clone().zip(&part.free) {
                    let own = own.map_or(0.0, |own| own[(*i, j)]);
                    out[(row, j)] = part.beta * (part.gain[*i] * up[(*i, j)] - own);
                }
            }
        }
        out
    }

    /// `δe` of an error population.
    fn mismatch(&self, error: &ErrorPart, x: MatRef<'_, f64>) -> Mat<f64> {
        let size = error.of_target.len();
        let mut drive: Mat<f64> = Mat::zeros(size, x.ncols());
        for projection in &error.afferents {
            let from = &self.parts[self.circuit.projections()[*projection].from().0];
            if !from.free.is_empty() {
                drive += self.synapses.generative(*projection) * scattered(from, &from.slope, x);
            }
        }
        let part = &self.parts[error.layer];
        let target = scattered(part, &part.target, x);
        let difference = Mat::from_fn(size, x.ncols(), |i, j| {
            error.of_target[i] * target[(i, j)] + error.of_drive[i] * drive[(i, j)]
        });
        match self.synapses.precision(error.layer) {
            Some(precision) => precision * difference,
            None => difference,
        }
    }

    /// `K x`: a population's own pull, for columns of free components `[size, columns]`.
    pub(super) fn own(&self, x: MatRef<'_, f64>) -> Mat<f64> {
        let mut out = Mat::zeros(self.size, x.ncols());
        for (layer, part) in
            self.circuit.layers().map(|(_, layer)| layer).zip(&self.parts).filter(|(_, part)| !part.free.is_empty())
        {
            let activity = scattered(part, &part.slope, x);
            for j in 0..x.ncols() {
                let inhibition = lateral(layer.lateral(), &column_of(&activity, j));
                for (row, i) in part.at.clone().zip(&part.free) {
                    out[(row, j)] = part.beta * (part.pull[*i] * x[(row, j)] + inhibition[*i]);
                }
            }
        }
        out
    }
}

/// Free components times `by`, at their neurons; 0 elsewhere.
fn scattered(part: &StatePart, by: &[f64], x: MatRef<'_, f64>) -> Mat<f64> {
    let mut out = Mat::zeros(by.len(), x.ncols());
    for j in 0..x.ncols() {
        for (row, i) in part.at.clone().zip(&part.free) {
            out[(*i, j)] = by[*i] * x[(row, j)];
        }
    }
    out
}

fn error_part(
    circuit: &Circuit,
    synapses: &WideSynapses,
    id: LayerId,
    layer: &Layer,
    z: &[Vec<f64>],
    bent: &[Bent],
) -> (ErrorPart, Vec<f64>) {
    let projections = circuit.projections().iter().enumerate();
    let (afferents, delayed): (Vec<_>, Vec<_>) =
        projections.filter(|(_, p)| p.to() == id).partition(|(_, p)| p.delay().is_none());
    let mut drive = synapses.bias(id.0).map_or_else(|| vec![0.0; layer.size()], <[f64]>::to_vec);
    let mut add = |projection: usize, activity: &[f64]| {
        let driven = synapses.generative(projection) * column(activity);
        (0..layer.size()).for_each(|i| drive[i] += driven[(i, 0)]);
    };
    afferents.iter().for_each(|(i, p)| add(*i, &bent[p.from().0].value));
    // What an episode by itself predicts from the past comes from rest, and nothing that moves changes it.
    for (i, p) in delayed {
        let from = circuit.layer(p.from());
        add(i, &slopes::bent(from.activation(), &vec![0.0; from.size()]).value);
    }
    let afferents: Vec<usize> = afferents.into_iter().map(|(i, _)| i).collect();
    let mean = slopes::bent(layer.mean(), &drive);
    let target = match layer.target() {
        Target::State => &z[id.0],
        Target::Activity => &bent[id.0].value,
    };
    let partial: Vec<_> = target.iter().zip(&mean.value).map(|(t, m)| compared(layer, *t, *m)).collect();
    let of_drive = partial.iter().zip(&mean.slope).map(|(p, slope)| p.2 * slope).collect();
    let difference: Vec<f64> = partial.iter().map(|p| p.0).collect();
    let mismatch = match synapses.precision(id.0) {
        Some(precision) => column_of(&(precision * column(&difference)), 0),
        None => difference,
    };
    let of_target = partial.iter().map(|p| p.1).collect();
    (ErrorPart { layer: id.0, afferents, of_target, of_drive }, mismatch)
}

/// The mismatch before precision, and its partial derivatives for target and mean.
fn compared(layer: &Layer, t: f64, m: f64) -> (f64, f64, f64) {
    // Of a Bernoulli layer with a sigmoid (Eq. 9 simplified), the division by the variance and the slope of the sigmoid
    // cancel, in the mismatch; not so in what a drive does to it, which is -g'(h) in both cases.
    if layer.likelihood() == Likelihood::Gaussian || layer.mean() == Activation::Sigmoid {
        return (t - m, 1.0, -1.0);
    }
    let (low, high) = (f64::from(CLIP), f64::from(1.0 - CLIP));
    let inside = m.clamp(low, high);
    let variance = inside * (1.0 - inside);
    let of_mean = if (low..=high).contains(&m) {
        -(variance + (t - inside) * (1.0 - 2.0 * inside)) / (variance * variance)
    } else {
        0.0
    };
    ((t - inside) / variance, 1.0 / variance, of_mean)
}

fn state_part(
    layer: &Layer,
    z: &[f64],
    bent: &Bent,
    up: &[f64],
    own: Option<&Vec<f64>>,
    free: &[bool],
    start: usize,
) -> (StatePart, f64) {
    let (beta, leak) = (f64::from(layer.beta().get()), f64::from(layer.leak().get()));
    let gain = if layer.derivative() { bent.slope.clone() } else { vec![1.0; z.len()] };
    let bend = |i: usize| if layer.derivative() { up[i] * bent.bend[i] } else { 0.0 };
    let pull = (0..z.len()).map(|i| leak + slopes::pull(layer.prior(), z[i]).1 - bend(i)).collect();
    let target = match layer.target() {
        Target::State => vec![1.0; z.len()],
        Target::Activity => bent.slope.clone(),
    };
    let inhibition = lateral(layer.lateral(), &bent.value);
    let step = |i: &usize| {
        let i = *i;
        let own = own.map_or(0.0, |own| own[i]);
        beta * (gain[i] * up[i] - own - leak * z[i] - slopes::pull(layer.prior(), z[i]).0 - inhibition[i])
    };
    let free: Vec<usize> = (0..z.len()).filter(|i| free[*i]).collect();
    let extent = z.iter().fold(1.0_f64, |most, z| most.max(z.abs()));
    let movement = free.iter().map(|i| step(i).abs()).fold(0.0, f64::max) / extent;
    let at = start..start + free.len();
    (StatePart { free, at, beta, slope: bent.slope.clone(), gain, pull, target }, movement)
}

/// `V a` of one sample.
fn lateral(lateral: Lateral, a: &[f64]) -> Vec<f64> {
    match lateral {
        Lateral::None => vec![0.0; a.len()],
        Lateral::Columns { size, excite, inhibit } => {
            let (excite, inhibit) = (f64::from(excite), f64::from(inhibit));
            let group = |group: &[f64]| {
                let sum: f64 = group.iter().sum();
                group.iter().map(move |a| inhibit * (sum - a) - excite * a).collect::<Vec<_>>()
            };
            a.chunks(size).flat_map(group).collect()
        }
        Lateral::Band { width, excite, inhibit } => {
            let (excite, inhibit) = (f64::from(excite), f64::from(inhibit));
            let mut before = vec![0.0; a.len() + 1];
            (0..a.len()).for_each(|i| before[i + 1] = before[i] + a[i]);
            let window = |i: usize| before[(i + width + 1).min(a.len())] - before[i.saturating_sub(width)];
            (0..a.len()).map(|i| inhibit * (window(i) - a[i]) - excite * a[i]).collect()
        }
    }
}

fn column(values: &[f64]) -> Mat<f64> {
    Mat::from_fn(values.len(), 1, |i, _| values[i])
}

fn column_of(matrix: &Mat<f64>, j: usize) -> Vec<f64> {
    (0..matrix.nrows()).map(|i| matrix[(i, j)]).collect()
}
