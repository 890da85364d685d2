//! What settling means: it equals a slow reference of design section 1 in f64, descends the free energy where it
//! should, comes to rest where a linear circuit has to, and says so where it grows without bound.
//!
//! The reference knows one sample at a time and nothing of populations, messages or shards.

use crate::asked::seeds;
use crate::properties::{self, Dice, Kind};
use gncn::circuit::{Circuit, LayerId, Settling, Stopping};
use gncn::episode::{Episode, Shown};
use gncn::executor::{Measure, SettleError, SettleOptions, Settled, Settler};
use gncn::matrix::Matrix;
use gncn::network::{Network, Tensors};
use gncn::params::{
    Activation, Feedback, Lateral, Likelihood, Norm, Optimizer, Precision, PrecisionForm, Prior, Target,
};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A row-major matrix in f64.
#[derive(Debug, Clone)]
struct Grid {
    cols: usize,
    data: Vec<f64>,
}

impl Grid {
    fn zeros(rows: usize, cols: usize) -> Self {
        Self { cols, data: vec![0.0; rows * cols] }
    }

    fn identity(size: usize) -> Self {
        let mut grid = Self::zeros(size, size);
        (0..size).for_each(|i| *grid.at(i, i) = 1.0);
        grid
    }

    fn of(matrix: &Matrix) -> Self {
        Self { cols: matrix.cols(), data: wide(matrix.as_slice()) }
    }

    fn rows(&self) -> usize {
        self.data.len() / self.cols
    }

    fn at(&mut self, i: usize, j: usize) -> &mut f64 {
        &mut self.data[i * self.cols + j]
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.data[i * self.cols..(i + 1) * self.cols]
    }

    /// `A v`
    fn times(&self, v: &[f64]) -> Vec<f64> {
        (0..self.rows()).map(|i| dot(self.row(i), v)).collect()
    }

    /// `Aᵀ v`
    fn transposed_times(&self, v: &[f64]) -> Vec<f64> {
        (0..self.cols).map(|j| (0..self.rows()).map(|i| self.data[i * self.cols + j] * v[i]).sum()).collect()
    }

    /// `A x = b`, by elimination with pivots.
    fn solve(&self, b: &[f64]) -> Vec<f64> {
        let (mut a, mut x, n) = (self.clone(), b.to_vec(), b.len());
        for k in 0..n {
            let pivot = (k..n).max_by(|i, j| a.row(*i)[k].abs().total_cmp(&a.row(*j)[k].abs())).expect("rows are left");
            for j in 0..n {
                let (upper, lower) = (*a.at(k, j), *a.at(pivot, j));
                (*a.at(k, j), *a.at(pivot, j)) = (lower, upper);
            }
            x.swap(k, pivot);
            for i in k + 1..n {
                let factor = a.row(i)[k] / a.row(k)[k];
                for j in k..n {
                    *a.at(i, j) -= factor * a.row(k)[j];
                }
                x[i] -= factor * x[k];
            }
        }
        for k in (0..n).rev() {
            let known: f64 = (k + 1..n).map(|j| a.row(k)[j] * x[j]).sum();
            x[k] = (x[k] - known) / a.row(k)[k];
        }
        x
    }

    /// `R` with `Σ = R Rᵀ`, lower triangular.
    fn cholesky(&self) -> Self {
        let n = self.cols;
        let mut r = Self::zeros(n, n);
        for i in 0..n {
            for j in 0..=i {
                let rest = self.row(i)[j] - dot(&r.row(i)[..j], &r.row(j)[..j]);
                *r.at(i, j) = if i == j { rest.sqrt() } else { rest / r.row(j)[j] };
            }
        }
        r
    }
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|v| f64::from(*v)).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Bounds of a Bernoulli mean: in f32 where Eq. 9 divides by it, in f64 where its logarithm is taken.
const LOW: f64 = 1e-7_f32 as f64;
const HIGH: f64 = (1.0 - 1e-7_f32) as f64;

/// What error neurons have computed for one sample, by layer; empty where a layer is not predicted.
pub(crate) struct Errors {
    mean: Vec<Vec<f64>>,
    /// `d = t − μ`
    difference: Vec<Vec<f64>>,
    pub(crate) mismatch: Vec<Vec<f64>>,
}

/// The slow reference of a circuit with its weights.
pub(crate) struct Twin<'a> {
    circuit: &'a Circuit,
    tensors: BTreeMap<String, Grid>,
    /// The least distance from a jump of any function so far: within rounding of one, f32 and f64 may part.
    margin: Cell<f64>,
    /// By layer: which components of its drive were not 0 at some time, and whether one came back to 0. A sum that is kept
    /// up to date by its changes comes back to 0 within rounding alone.
    moved: RefCell<BTreeMap<LayerId, Vec<bool>>>,
    returned: Cell<bool>,
    /// Activities at the readouts before, by layer, the newest last.
    past: Vec<Vec<Vec<f64>>>,
}

impl<'a> Twin<'a> {
    pub(crate) fn new(network: &'a Network) -> Self {
        let tensors = network.tensors().iter().map(|(name, m)| (name.clone(), Grid::of(m))).collect();
        Self {
            circuit: network.circuit(),
            tensors,
            margin: Cell::new(f64::INFINITY),
            moved: RefCell::default(),
            returned: Cell::new(false),
            past: Vec::new(),
        }
    }

    /// A frame has ended at the states `z`.
    pub(crate) fn remember(&mut self, z: &[Vec<f64>]) {
        self.past.push((0..z.len()).map(|layer| self.activity(LayerId(layer), z)).collect());
    }

    /// What a delayed projection predicts from: the activity at an earlier readout, or at rest.
    fn before(&self, from: LayerId, frames: usize) -> Vec<f64> {
        let layer = self.circuit.layer(from);
        match self.past.len().checked_sub(frames) {
            Some(frame) => self.past[frame][from.0].clone(),
            None => self.apply(layer.activation(), &vec![0.0; layer.size()]),
        }
    }

    fn tensor(&self, from: LayerId, to: LayerId, kind: &str) -> &Grid {
        let name = |id| self.circuit.layer(id).name();
        &self.tensors[&format!("{}_to_{}.{kind}", name(from), name(to))]
    }

    fn covariance(&self, id: LayerId) -> Option<&Grid> {
        self.own(id, "covariance")
    }

    /// What an error population has besides synapses.
    fn own(&self, id: LayerId, kind: &str) -> Option<&Grid> {
        self.tensors.get(&format!("{}.{kind}", self.circuit.layer(id).name()))
    }

    /// Moves one entry of a tensor, row-major.
    pub(crate) fn nudge(&mut self, name: &str, at: usize, by: f64) {
        self.tensors.get_mut(name).expect("a tensor of the circuit").data[at] += by;
    }

    /// The least distance from a jump of any function so far.
    pub(crate) fn margin(&self) -> f64 {
        self.margin.get()
    }

    /// Whether a drive was exactly 0 again after it had moved.
    pub(crate) fn returned(&self) -> bool {
        self.returned.get()
    }

    /// A drive that `is_sum` of activities is 0 within rounding alone, so that a jump there goes either way.
    fn follow(&self, id: LayerId, drive: &[f64], is_sum: bool) {
        let jumps = matches!(self.circuit.layer(id).mean(), Activation::Signum | Activation::Heaviside);
        let mut all = self.moved.borrow_mut();
        let moved = all.entry(id).or_insert_with(|| vec![false; drive.len()]);
        for (moved, h) in moved.iter_mut().zip(drive) {
            self.returned.set(self.returned.get() || (*moved && *h == 0.0));
            if jumps && is_sum && *h == 0.0 {
                self.margin.set(0.0);
            }
            *moved |= *h != 0.0;
        }
    }

    /// States after some rounds in which the populations of `order` (true: of errors) fire one after another, each on what
    /// all others have sent last.
    pub(crate) fn sweep(
        &self,
        episode: &Episode,
        row: usize,
        rounds: usize,
        order: &[(LayerId, bool)],
    ) -> Vec<Vec<f64>> {
        self.sweep_from(self.starts(episode, row), episode, row, rounds, order)
    }

    /// As [`Twin::sweep`], from the states `z`.
    pub(crate) fn sweep_from(
        &self,
        mut z: Vec<Vec<f64>>,
        episode: &Episode,
        row: usize,
        rounds: usize,
        order: &[(LayerId, bool)],
    ) -> Vec<Vec<f64>> {
        let layers = self.circuit.layers();
        let mut sent = Errors { mean: Vec::new(), difference: Vec::new(), mismatch: Vec::new() };
        for (id, layer) in layers {
            sent.mismatch.push(vec![0.0; if self.circuit.is_predicted(id) { layer.size() } else { 0 }]);
        }
        for (id, is_error) in (0..rounds).flat_map(|_| order) {
            if *is_error {
                sent.mismatch[id.0] = self.errors(&z).mismatch[id.0].clone();
                continue;
            }
            let layer = self.circuit.layer(*id);
            let pull = self.pull(*id, &z, &sent);
            let free = free(episode, *id, layer.size(), row);
            for i in (0..layer.size()).filter(|i| free[*i]) {
                z[id.0][i] += f64::from(layer.beta().get()) * pull[i];
            }
        }
        z
    }

    /// An exact 0 comes from the structure (a state at rest), and is 0 in any precision.
    fn jump(&self, distance: f64) {
        if distance != 0.0 {
            self.margin.set(self.margin.get().min(distance.abs()));
        }
    }

    fn apply(&self, function: Activation, v: &[f64]) -> Vec<f64> {
        if let Activation::KWinners(k) = function {
            return self.winners(k, v);
        }
        v.iter().map(|v| self.apply_one(function, *v)).collect()
    }

    fn apply_one(&self, function: Activation, v: f64) -> f64 {
        match function {
            Activation::Identity | Activation::KWinners(_) => v,
            Activation::Tanh => v.tanh(),
            Activation::Sigmoid => 1.0 / (1.0 + (-v).exp()),
            Activation::Relu => v.max(0.0),
            Activation::LeakyRelu(slope) => {
                if v >= 0.0 {
                    v
                } else {
                    f64::from(slope) * v
                }
            }
            Activation::Softplus => v.max(0.0) + (-v.abs()).exp().ln_1p(),
            Activation::Elu(alpha) => {
                if v >= 0.0 {
                    v
                } else {
                    f64::from(alpha) * v.exp_m1()
                }
            }
            Activation::Signum => {
                self.jump(v);
                if v == 0.0 { 0.0 } else { v.signum() }
            }
            Activation::Heaviside => {
                self.jump(v);
                f64::from(u8::from(v > 0.0))
            }
        }
    }

    fn winners(&self, k: usize, v: &[f64]) -> Vec<f64> {
        let mut order: Vec<usize> = (0..v.len()).collect();
        order.sort_by(|i, j| v[*j].total_cmp(&v[*i]).then(i.cmp(j)));
        if k < v.len() {
            self.jump(v[order[k - 1]] - v[order[k]]);
        }
        let mut out = vec![0.0; v.len()];
        order.iter().take(k).for_each(|i| out[*i] = v[*i]);
        out
    }

    fn slope(&self, function: Activation, v: f64) -> f64 {
        let sigmoid = 1.0 / (1.0 + (-v).exp());
        match function {
            Activation::Tanh => 1.0 - v.tanh().powi(2),
            Activation::Sigmoid => sigmoid * (1.0 - sigmoid),
            Activation::Softplus => sigmoid,
            Activation::Relu | Activation::LeakyRelu(_) | Activation::Elu(_) => {
                self.jump(v);
                match function {
                    _ if v >= 0.0 => 1.0,
                    Activation::LeakyRelu(slope) => f64::from(slope),
                    Activation::Elu(alpha) => f64::from(alpha) * v.exp(),
                    _ => 0.0,
                }
            }
            _ => 1.0,
        }
    }

    fn activity(&self, id: LayerId, z: &[Vec<f64>]) -> Vec<f64> {
        self.apply(self.circuit.layer(id).activation(), &z[id.0])
    }

    /// All error neurons fire on the states `z`.
    pub(crate) fn errors(&self, z: &[Vec<f64>]) -> Errors {
        let none = || vec![Vec::new(); z.len()];
        let mut errors = Errors { mean: none(), difference: none(), mismatch: none() };
        for (id, layer) in self.circuit.layers().filter(|(id, _)| self.circuit.is_predicted(*id)) {
            let mut drive = self.own(id, "bias").map_or_else(|| vec![0.0; layer.size()], |bias| bias.data.clone());
            let mut is_sum = false;
            for p in self.circuit.projections().iter().filter(|p| p.to() == id) {
                let heard = p.delay().map_or_else(|| self.activity(p.from(), z), |n| self.before(p.from(), n));
                let part = self.tensor(p.from(), id, "generative").times(&heard);
                is_sum |= heard.iter().any(|a| *a != 0.0);
                drive.iter_mut().zip(part).for_each(|(h, part)| *h += part);
            }
            self.follow(id, &drive, is_sum);
            let mean = self.apply(layer.mean(), &drive);
            let target = match layer.target() {
                Target::State => z[id.0].clone(),
                Target::Activity => self.activity(id, z),
            };
            let d: Vec<f64> = target.iter().zip(&mean).map(|(t, m)| t - m).collect();
            errors.mismatch[id.0] = match (layer.likelihood(), layer.precision()) {
                (Likelihood::Bernoulli, _) if layer.mean() == Activation::Sigmoid => d.clone(),
                (Likelihood::Bernoulli, _) => {
                    let full = |(t, m): (&f64, &f64)| {
                        let m = m.clamp(LOW, HIGH);
                        (t - m) / (m * (1.0 - m))
                    };
                    target.iter().zip(&mean).map(full).collect()
                }
                (Likelihood::Gaussian, Precision::Identity | Precision::Fixed(_)) => d.clone(),
                (Likelihood::Gaussian, Precision::Diagonal { .. }) => {
                    let variance = self.own(id, "variance").expect("learned");
                    d.iter().zip(&variance.data).map(|(d, v)| d / v).collect()
                }
                (Likelihood::Gaussian, Precision::Learned { form, .. }) => {
                    let sigma = self.covariance(id).expect("learned");
                    match form {
                        PrecisionForm::Inverse => sigma.solve(&d),
                        PrecisionForm::Factor => sigma.cholesky().solve(&d),
                    }
                }
            };
            if let Precision::Fixed(p) = layer.precision() {
                errors.mismatch[id.0].iter_mut().for_each(|e| *e *= f64::from(p));
            }
            (errors.mean[id.0], errors.difference[id.0]) = (mean, d);
        }
        errors
    }

    /// `F` of each predicted layer for one sample.
    pub(crate) fn energies(&self, z: &[Vec<f64>], errors: &Errors) -> Vec<f64> {
        let energy = |id: LayerId| match self.circuit.layer(id).likelihood() {
            Likelihood::Bernoulli => {
                let target = errors.difference[id.0].iter().zip(&errors.mean[id.0]).map(|(d, m)| d + m);
                let terms = target.zip(&errors.mean[id.0]).map(|(t, m)| {
                    let m = m.clamp(LOW, 1.0 - LOW);
                    t * m.ln() + (1.0 - t) * (1.0 - m).ln()
                });
                let p = if let Precision::Fixed(p) = self.circuit.layer(id).precision() { f64::from(p) } else { 1.0 };
                -p * terms.sum::<f64>()
            }
            Likelihood::Gaussian => {
                // `½ d·e`, which is the quadratic form of Eq. 2 for the form Inverse; with Factor it is what design
                // section 1 says, and no log-density.
                let square = dot(&errors.difference[id.0], &errors.mismatch[id.0]);
                let half_log = |sigma: &Grid| -> f64 {
                    let root = sigma.cholesky();
                    (0..root.cols).map(|i| root.row(i)[i].ln()).sum()
                };
                let half_log_determinant = match self.circuit.layer(id).precision() {
                    Precision::Fixed(p) => -0.5 * f64::from(p).ln() * self.circuit.layer(id).size() as f64,
                    Precision::Diagonal { .. } => {
                        0.5 * self.own(id, "variance").expect("learned").data.iter().map(|v| v.ln()).sum::<f64>()
                    }
                    _ => self.covariance(id).map_or(0.0, half_log),
                };
                0.5 * square + half_log_determinant
            }
        };
        (0..z.len()).map(LayerId).filter(|id| self.circuit.is_predicted(*id)).map(energy).collect()
    }

    /// Free energy plus what leak and priors add to it: the quantity that a type 1 circuit descends.
    fn objective(&self, z: &[Vec<f64>]) -> f64 {
        let rest = self.circuit.layers().map(|(id, layer)| {
            let leak = 0.5 * f64::from(layer.leak().get()) * dot(&z[id.0], &z[id.0]);
            let prior = |z: &f64| match layer.prior() {
                Prior::None => 0.0,
                Prior::Laplace(lambda) => f64::from(lambda) * z.abs(),
                Prior::Gaussian(lambda) => f64::from(lambda) * z * z,
                Prior::Cauchy(lambda) => f64::from(lambda) * (1.0 + z * z).ln(),
            };
            leak + z[id.0].iter().map(prior).sum::<f64>()
        });
        rest.sum::<f64>() + self.energies(z, &self.errors(z)).iter().sum::<f64>()
    }

    /// `dz` of a layer.
    pub(crate) fn pull(&self, id: LayerId, z: &[Vec<f64>], errors: &Errors) -> Vec<f64> {
        let layer = self.circuit.layer(id);
        let mut dz = vec![0.0; layer.size()];
        for p in self.circuit.projections().iter().filter(|p| p.from() == id) {
            let e = &errors.mismatch[p.to().0];
            let (gain, part) = match p.feedback() {
                Feedback::Silent => continue,
                Feedback::Learned { .. } => (1.0, self.tensor(id, p.to(), "feedback").times(e)),
                Feedback::Transposed => (1.0, self.tensor(id, p.to(), "generative").transposed_times(e)),
                Feedback::ScaledTranspose { gain } => {
                    (f64::from(gain), self.tensor(id, p.to(), "generative").transposed_times(e))
                }
            };
            dz.iter_mut().zip(part).for_each(|(dz, part)| *dz += gain * part);
        }
        let lateral = self.lateral(layer.lateral(), &self.activity(id, z));
        for (i, dz) in dz.iter_mut().enumerate() {
            let v = z[id.0][i];
            if layer.derivative() {
                *dz *= self.slope(layer.activation(), v);
            }
            *dz -= errors.mismatch[id.0].get(i).unwrap_or(&0.0) + f64::from(layer.leak().get()) * v + lateral[i];
            *dz -= match layer.prior() {
                Prior::None => 0.0,
                Prior::Laplace(lambda) => {
                    self.jump(v);
                    f64::from(lambda) * if v == 0.0 { 0.0 } else { v.signum() }
                }
                Prior::Gaussian(lambda) => 2.0 * f64::from(lambda) * v,
                Prior::Cauchy(lambda) => 2.0 * f64::from(lambda) * v / (1.0 + v * v),
            };
        }
        dz
    }

    /// `V φ`, with the dense V of the definition.
    fn lateral(&self, lateral: Lateral, activity: &[f64]) -> Vec<f64> {
        let weight = |i: usize, j: usize| match lateral {
            Lateral::None => 0.0,
            Lateral::Columns { excite, .. } | Lateral::Band { excite, .. } if i == j => -f64::from(excite),
            Lateral::Columns { size, inhibit, .. } => f64::from(inhibit) * f64::from(u8::from(i / size == j / size)),
            Lateral::Band { width, inhibit, .. } => f64::from(inhibit) * f64::from(u8::from(i.abs_diff(j) <= width)),
        };
        (0..activity.len()).map(|i| (0..activity.len()).map(|j| weight(i, j) * activity[j]).sum()).collect()
    }

    /// States after `steps` updates of sample `row`, and the energies at every firing and at the readout.
    pub(crate) fn settle(&self, episode: &Episode, row: usize, steps: usize) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        self.settle_from(self.starts(episode, row), episode, row, steps)
    }

    /// Where a sample begins.
    pub(crate) fn starts(&self, episode: &Episode, row: usize) -> Vec<Vec<f64>> {
        self.circuit.layers().map(|(id, layer)| start(episode, id, layer.size(), row)).collect()
    }

    /// Where a sample begins a frame that goes on at the states `z`.
    pub(crate) fn goes_on(&self, z: &[Vec<f64>], episode: &Episode, row: usize) -> Vec<Vec<f64>> {
        let mut next = self.starts(episode, row);
        for (id, layer) in self.circuit.layers() {
            let free = free(episode, id, layer.size(), row);
            (0..layer.size()).filter(|i| free[*i]).for_each(|i| next[id.0][i] = z[id.0][i]);
        }
        next
    }

    /// As [`Twin::settle`], from the states `z`.
    pub(crate) fn settle_from(
        &self,
        mut z: Vec<Vec<f64>>,
        episode: &Episode,
        row: usize,
        steps: usize,
    ) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let mut energies = Vec::new();
        for _ in 0..steps {
            let errors = self.errors(&z);
            energies.push(self.energies(&z, &errors));
            let pulls: Vec<_> = self.circuit.layers().map(|(id, _)| self.pull(id, &z, &errors)).collect();
            for (id, layer) in self.circuit.layers() {
                let free = free(episode, id, layer.size(), row);
                for i in (0..layer.size()).filter(|i| free[*i]) {
                    z[id.0][i] += f64::from(layer.beta().get()) * pulls[id.0][i];
                }
            }
        }
        energies.push(self.energies(&z, &self.errors(&z)));
        (z, energies)
    }
}

/// Where a sample of a layer starts.
pub(crate) fn start(episode: &Episode, id: LayerId, size: usize, row: usize) -> Vec<f64> {
    match episode.shown(id) {
        Shown::Nothing => vec![0.0; size],
        Shown::All(data) => wide(data.row(row)),
        Shown::Part { data, observed } => {
            data.row(row).iter().zip(observed.row(row)).map(|(x, o)| f64::from(x * o)).collect()
        }
    }
}

/// Which neurons of a layer move.
pub(crate) fn free(episode: &Episode, id: LayerId, size: usize, row: usize) -> Vec<bool> {
    match episode.shown(id) {
        Shown::Nothing => vec![true; size],
        Shown::All(_) => vec![false; size],
        Shown::Part { observed, .. } => observed.row(row).iter().map(|o| *o == 0.0).collect(),
    }
}

fn steps(circuit: &Circuit, steps: usize) -> Settling {
    Settling { stopping: Stopping::Steps(steps), ..circuit.settling().clone() }
}

fn settle(settler: &mut Settler, network: &mut Network, episode: &Episode, count: usize) -> Settled {
    let settling = steps(network.circuit(), count);
    let options = SettleOptions { measure: Measure::EveryStep, ..SettleOptions::default() };
    settler.settle(network, episode, &settling, options).expect("settles")
}

/// The states of every layer after some updates, sample by sample.
fn states(network: &mut Network, episode: &Episode, count: usize) -> Vec<Vec<Vec<f64>>> {
    let mut settler = Settler::new();
    settle(&mut settler, network, episode, count);
    let layers: Vec<_> = network.circuit().layers().map(|(id, _)| id).collect();
    let all: Vec<_> = layers.iter().map(|id| settler.activities().state(network.wiring(), *id)).collect();
    (0..episode.rows()).map(|row| all.iter().map(|z| wide(z.row(row))).collect()).collect()
}

#[test]
fn type_1_circuits_descend_their_free_energy() {
    let (mut checked, mut furthest) = (0, 0.0_f64);
    for seed in seeds(60) {
        let circuit = properties::circuit(Kind::Gradient, seed);
        let mut network = properties::network(&circuit, seed);
        let mut dice = Dice::new("test.gradient", seed);
        let episode = properties::episode(Kind::Gradient, &circuit, dice.between(1, 3), seed);
        let count = dice.between(1, 8);
        let (before, after) = (states(&mut network, &episode, count), states(&mut network, &episode, count + 1));
        let twin = Twin::new(&network);
        for (row, (z, next)) in before.iter().zip(&after).enumerate() {
            for (id, layer) in circuit.layers() {
                let free = free(&episode, id, layer.size(), row);
                for i in 0..layer.size() {
                    let moved = next[id.0][i] - z[id.0][i];
                    if !free[i] {
                        assert_eq!(moved, 0.0, "seed {seed}: {} {i} is held by data", layer.name());
                        continue;
                    }
                    // |z| and the slope of some activations have a corner at 0.
                    if z[id.0][i].abs() < 1e-3 {
                        continue;
                    }
                    let at = |delta: f64| {
                        let mut moved = z.clone();
                        moved[id.0][i] += delta;
                        twin.objective(&moved)
                    };
                    let h = 1e-5;
                    let expected = -f64::from(layer.beta().get()) * (at(h) - at(-h)) / (2.0 * h);
                    let off = (moved - expected).abs();
                    assert!(
                        off < 1e-6 * (1.0 + z[id.0][i].abs()),
                        "seed {seed}: {} {i} moved by {moved}, -beta dF/dz is {expected}",
                        layer.name()
                    );
                    checked += 1;
                    furthest = furthest.max(moved.abs());
                }
            }
        }
    }
    assert!(checked > 500 && furthest > 0.02, "{checked} components, the furthest moved by {furthest}");
}

#[test]
fn settling_equals_a_slow_twin() {
    let mut compared = 0;
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in seeds(150) {
        if !equals_twin(seed) {
            continue;
        }
        compared += 1;
        let circuit = properties::circuit(Kind::Tame, seed);
        let mut meet = |what, is_met| *met.entry(what).or_default() += usize::from(is_met);
        for (_, layer) in circuit.layers() {
            meet("winners", matches!(layer.activation(), Activation::KWinners(_)));
            meet("band", matches!(layer.lateral(), Lateral::Band { .. }));
            meet("columns", matches!(layer.lateral(), Lateral::Columns { .. }));
            meet("factor", matches!(layer.precision(), Precision::Learned { form: PrecisionForm::Factor, .. }));
        }
        for projection in circuit.projections() {
            meet("gain", matches!(projection.feedback(), Feedback::ScaledTranspose { .. }));
            meet("itself", projection.from() == projection.to());
        }
    }
    assert!(compared >= 80, "only {compared} circuits stayed clear of jumps");
    assert!(met.values().all(|count| *count >= 10), "{met:?}");
}

/// Settles a random circuit and compares everything; whether there was no jump within rounding.
fn equals_twin(seed: u64) -> bool {
    let circuit = properties::circuit(Kind::Tame, seed);
    let mut network = properties::network(&circuit, seed);
    let mut dice = Dice::new("test.twin", seed);
    let episode = properties::episode(Kind::Tame, &circuit, dice.between(1, 4), seed);
    let count = circuit.settling().stopping.max_steps();
    let original = network.clone();
    let twin = Twin::new(&original);
    let samples: Vec<_> = (0..episode.rows()).map(|row| twin.settle(&episode, row, count)).collect();
    let largest = samples.iter().flat_map(|(z, _)| z.iter().flatten()).fold(0.0_f64, |m, v| m.max(v.abs()));
    let wanders = twin.returned() && circuit.settling().messages.threshold().is_some();
    if twin.margin.get() < 1e-5 || wanders || largest.is_nan() || largest > 100.0 {
        return false;
    }
    // A circuit that magnifies one rounding of its synapses shows what f32 does on the way, not what is wrong.
    let shaken = shaken(&original, seed);
    let shaken = Twin::new(&shaken);
    let magnifies = samples.iter().enumerate().any(|(row, (_, energies))| {
        let others = shaken.settle(&episode, row, count).1;
        energies.iter().flatten().zip(others.iter().flatten()).any(|(a, b)| (a - b).abs() > 5e-6 * (1.0 + a.abs()))
    });
    if magnifies {
        return false;
    }
    let mut settler = Settler::new();
    let settled = settle(&mut settler, &mut network, &episode, count);
    let (activities, wiring) = (settler.activities(), network.wiring());
    for (row, (z, _)) in samples.iter().enumerate() {
        let errors = twin.errors(z);
        for (id, layer) in circuit.layers() {
            let what = |what: &str| format!("seed {seed}: {what} of {} in sample {row}", layer.name());
            close(activities.state(wiring, id).row(row), &z[id.0], &what("state"));
            close(activities.activity(wiring, id).row(row), &twin.activity(id, z), &what("activity"));
            if let Some((mean, e)) = activities.mean(wiring, id).zip(activities.mismatch(wiring, id)) {
                close(mean.row(row), &errors.mean[id.0], &what("mean"));
                close(e.row(row), &errors.mismatch[id.0], &what("mismatch"));
            }
        }
    }
    assert_eq!(settled.energies.sums.len(), count + 1);
    for (step, found) in settled.energies.sums.iter().enumerate() {
        // The wiring lists error populations in the order of the layers, and so does the twin.
        for (column, found) in found.iter().enumerate() {
            let expected: f64 = samples.iter().map(|(_, energies)| energies[step][column]).sum();
            let off = (found - expected).abs();
            assert!(
                off <= 1e-4 * (1.0 + expected.abs()),
                "seed {seed}: energy {column} at {step}: {found}, {expected}"
            );
        }
    }
    true
}

/// The same network with synapses that are off by one rounding of an f32, up or down.
pub(crate) fn shaken(network: &Network, seed: u64) -> Network {
    let mut tensors = network.tensors();
    let mut dice = Dice::new("test.options.shaken", seed);
    for (_, tensor) in tensors.iter_mut().filter(|(name, _)| name.ends_with("generative") || name.ends_with("feedback"))
    {
        for w in tensor.as_mut_slice() {
            *w = f32::from_bits(if dice.chance(0.5) { w.to_bits() + 1 } else { w.to_bits().saturating_sub(1) });
        }
    }
    Network::with_weights(Arc::clone(network.circuit()), &tensors).expect("fits")
}

fn close(found: &[f32], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f64::from(*f) - e).abs() <= 1e-4 * (1.0 + e.abs()), "{what}, neuron {i}: {f} instead of {e}");
    }
}

/// `F` of a linear circuit is quadratic: the free components at its minimum, for one sample.
///
/// With all states stacked into `x`, each predicted layer adds `½ xᵀ Dᵀ Σ⁻¹ D x` with `D x = z_s − Σ W z_k`, and leak and
/// Gaussian priors add to the diagonal; the free part of the gradient is 0.
fn minimum(network: &Network, episode: &Episode, row: usize) -> Vec<Vec<f64>> {
    let (twin, circuit) = (Twin::new(network), network.circuit());
    let offsets: Vec<usize> =
        circuit.layers().scan(0, |sum, (_, l)| Some(std::mem::replace(sum, *sum + l.size()))).collect();
    let total: usize = circuit.layers().map(|(_, l)| l.size()).sum();
    let mut hessian = Grid::zeros(total, total);
    for (id, layer) in circuit.layers() {
        let Prior::Gaussian(lambda) = layer.prior() else { panic!("a Gaussian prior") };
        for i in 0..layer.size() {
            *hessian.at(offsets[id.0] + i, offsets[id.0] + i) +=
                f64::from(layer.leak().get()) + 2.0 * f64::from(lambda);
        }
        if !circuit.is_predicted(id) {
            continue;
        }
        let mut d = Grid::zeros(layer.size(), total);
        (0..layer.size()).for_each(|i| *d.at(i, offsets[id.0] + i) += 1.0);
        for p in circuit.projections().iter().filter(|p| p.to() == id) {
            let w = twin.tensor(p.from(), id, "generative");
            for i in 0..layer.size() {
                for j in 0..w.cols {
                    *d.at(i, offsets[p.from().0] + j) -= w.row(i)[j];
                }
            }
        }
        let identity = Grid::identity(layer.size());
        let sigma = twin.covariance(id).unwrap_or(&identity);
        for j in 0..total {
            let column: Vec<f64> = (0..layer.size()).map(|i| d.row(i)[j]).collect();
            let part = d.transposed_times(&sigma.solve(&column));
            (0..total).for_each(|i| *hessian.at(i, j) += part[i]);
        }
    }
    let mut x: Vec<f64> = circuit.layers().flat_map(|(id, layer)| start(episode, id, layer.size(), row)).collect();
    let moves: Vec<bool> = circuit.layers().flat_map(|(id, layer)| free(episode, id, layer.size(), row)).collect();
    let free: Vec<usize> = (0..total).filter(|i| moves[*i]).collect();
    let held: Vec<usize> = (0..total).filter(|i| !moves[*i]).collect();
    let mut normal = Grid::zeros(free.len(), free.len());
    let mut right = vec![0.0; free.len()];
    for (a, i) in free.iter().enumerate() {
        free.iter().enumerate().for_each(|(b, j)| *normal.at(a, b) = hessian.row(*i)[*j]);
        right[a] = -held.iter().map(|j| hessian.row(*i)[*j] * x[*j]).sum::<f64>();
    }
    free.iter().zip(normal.solve(&right)).for_each(|(i, v)| x[*i] = v);
    circuit.layers().map(|(id, layer)| x[offsets[id.0]..offsets[id.0] + layer.size()].to_vec()).collect()
}

fn parse(text: &str) -> Circuit {
    Circuit::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Two senses, a shared cause, a skip, a cycle and a layer that predicts itself, all of it linear.
fn linear(precision: &str) -> Circuit {
    parse(&format!(
        r#"Circuit(
            name: "linear",
            layers: {{
                "eye": (size: 7, sense: "eye", prior: Gaussian(0.0), beta: 0.15 {precision}),
                "ear": (size: 4, sense: "ear", prior: Gaussian(0.0), beta: 0.15),
                "low": (size: 5, beta: 0.15, leak: 0.05, prior: Gaussian(0.02) {precision}),
                "high": (size: 3, beta: 0.2, leak: 0.1, prior: Gaussian(0.01)),
            }},
            projections: [
                (from: "low", to: "eye", feedback: Transposed),
                (from: "low", to: "ear", feedback: ScaledTranspose(gain: 1.0)),
                (from: "high", to: "low", feedback: Transposed),
                (from: "high", to: "eye", feedback: Transposed),
                (from: "low", to: "high", feedback: Transposed),
                (from: "high", to: "high", feedback: Transposed),
            ],
            init: Gaussian(sd: 0.3),
            settling: (steps: 2000),
        )"#
    ))
}

const PRECISIONS: [&str; 2] = ["", ", precision: Learned(floor: 0.1)"];

#[test]
fn a_linear_circuit_settles_to_its_closed_form() {
    for (seed, precision) in PRECISIONS.iter().enumerate() {
        let circuit = linear(precision);
        let mut network = properties::network(&circuit, seed as u64);
        let mut dice = Dice::new("test.linear", seed as u64);
        let inputs =
            [("eye".to_owned(), dice.matrix(3, 7, -1.0, 1.0)), ("ear".to_owned(), dice.matrix(3, 4, -1.0, 1.0))];
        // With both senses shown, and with one released: then it settles to what the other one says of it.
        for shown in 1..=2 {
            let episode = Episode::new(&circuit, inputs[..shown].to_vec()).expect("fits");
            let found = states(&mut network, &episode, 2000);
            for (row, found) in found.iter().enumerate() {
                let expected = minimum(&network, &episode, row);
                let size = expected[2].iter().fold(0.0_f64, |m, v| m.max(v.abs()));
                assert!(size > 0.05, "a solution away from rest");
                for (f, e) in found.iter().flatten().zip(expected.iter().flatten()) {
                    assert!((f - e).abs() < 2e-5, "sample {row}, {shown} senses: {f} instead of {e}");
                }
            }
        }
    }
}

#[test]
fn masked_components_converge_to_their_predictions_and_observed_ones_stay() {
    for (seed, precision) in PRECISIONS.iter().enumerate() {
        let circuit = linear(precision);
        let mut network = properties::network(&circuit, seed as u64);
        let mut dice = Dice::new("test.masked", seed as u64);
        let (data, mask) = (dice.matrix(4, 7, -1.0, 1.0), dice.mask(4, 7));
        let ear = dice.matrix(4, 4, -1.0, 1.0);
        let episode = Episode::new(&circuit, [("eye".to_owned(), data.clone()), ("ear".to_owned(), ear)]);
        let episode = episode.and_then(|e| e.mask(&circuit, "eye", mask.clone())).expect("fits");
        let mut settler = Settler::new();
        for count in [1, 2, 10, 2000] {
            settle(&mut settler, &mut network, &episode, count);
            let eye = settler.activities().state(network.wiring(), circuit.find("eye").expect("eye"));
            for ((z, x), o) in eye.as_slice().iter().zip(data.as_slice()).zip(mask.as_slice()) {
                assert!(*o == 0.0 || z.to_bits() == x.to_bits(), "an observed component moved after {count} steps");
            }
        }
        let (activities, wiring) = (settler.activities(), network.wiring());
        let eye = circuit.find("eye").expect("eye");
        let (state, mismatch) = (activities.state(wiring, eye), activities.mismatch(wiring, eye).expect("predicted"));
        let mean = activities.mean(wiring, eye).expect("predicted");
        for row in 0..4 {
            let expected = minimum(&network, &episode, row);
            for i in (0..7).filter(|i| mask.row(row)[*i] == 0.0) {
                // Nothing pulls on a missing pixel but its own weighted mismatch, which is therefore gone at rest;
                // without correlations that means the pixel is what is predicted.
                assert!(mismatch.row(row)[i].abs() < 1e-5, "a missing component is still in error");
                let (z, m) = (state.row(row)[i], mean.row(row)[i]);
                assert!(!precision.is_empty() || (z - m).abs() < 1e-5, "{z} is not the prediction {m}");
                assert!((f64::from(z) - expected[eye.0][i]).abs() < 2e-5);
            }
        }
    }
}

fn norm_of(norm: Norm, tensors: &Tensors, what: &str) {
    for (name, matrix) in tensors.iter().filter(|(name, _)| !name.ends_with(".covariance")) {
        let length = |values: &mut dyn Iterator<Item = f32>| values.map(|v| f64::from(v).powi(2)).sum::<f64>().sqrt();
        match norm {
            Norm::None => {}
            Norm::UnitColumns => {
                for j in 0..matrix.cols() {
                    let length = length(&mut (0..matrix.rows()).map(|i| matrix.row(i)[j]));
                    assert!((length - 1.0).abs() < 1e-5, "{what}: column {j} of {name} has norm {length}");
                }
            }
            Norm::ClipRows => {
                for i in 0..matrix.rows() {
                    let length = length(&mut matrix.row(i).iter().copied());
                    assert!(length <= 1.0 + 1e-5, "{what}: row {i} of {name} has norm {length}");
                }
            }
        }
    }
}

/// A small circuit with every kind of plastic synapses.
fn plastic(learning: &str) -> Circuit {
    parse(&format!(
        r#"Circuit(
            name: "plastic",
            layers: {{
                "z0": (size: 9, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
                "z1": (size: 6, activation: Tanh, beta: 0.1, precision: Learned(floor: 0.8)),
                "z2": (size: 5, activation: Relu, beta: 0.1, leak: 0.01),
            }},
            projections: [
                (from: "z1", to: "z0", feedback: Learned(rate: 0.7)),
                (from: "z2", to: "z1", feedback: Transposed),
                (from: "z2", to: "z0", feedback: Silent),
            ],
            init: Gaussian(sd: 0.5),
            settling: (steps: 8),
            learning: ({learning}),
        )"#
    ))
}

fn pictures(rows: usize, seed: u64) -> Episode<'static> {
    let circuit = plastic("");
    let data = Dice::new("test.pictures", seed).matrix(rows, 9, 0.0, 1.0);
    Episode::new(&circuit, [("image".to_owned(), data)]).expect("fits")
}

#[test]
fn learning_at_every_step_changes_synapses_while_settling_and_keeps_their_norms() {
    for norm in [Norm::UnitColumns, Norm::ClipRows, Norm::None] {
        let settle = |when: &str, count: usize| {
            let circuit = plastic(&format!("optimizer: Sgd(rate: 0.05), norm: {norm:?}, when: {when}"));
            let mut network = Network::new(Arc::new(circuit.clone()), 5);
            let before = network.tensors();
            let options = SettleOptions { learn: true, ..SettleOptions::default() };
            Settler::new().settle(&mut network, &pictures(60, 1), &steps(&circuit, count), options).expect("settles");
            (before, network.tensors())
        };
        let (before, after) = settle("Readout", 6);
        assert_eq!(before, after, "at the readout somebody else asks for learning");
        let (before, first) = settle("EveryStep", 1);
        let (_, later) = settle("EveryStep", 6);
        for name in before.keys() {
            // The first pull on z2 comes from a z1 that is still at rest.
            assert!(first[name] != later[name] && before[name] != later[name], "{name} does not change");
        }
        norm_of(norm, &first, "after one step");
        norm_of(norm, &later, "after six steps");
    }
}

/// One step of Adam for each of its components, in f64.
struct SlowAdam {
    mean: Vec<f64>,
    square: Vec<f64>,
    step: i32,
}

#[test]
fn synapses_follow_their_rules_under_both_optimisers() {
    for (optimizer, rate) in [("Sgd", 0.05_f32), ("Adam", 0.01)] {
        let circuit = plastic(&format!("optimizer: {optimizer}(rate: {rate:?}), norm: None"));
        let mut network = Network::new(Arc::new(circuit.clone()), 9);
        let mut adam: BTreeMap<String, SlowAdam> = BTreeMap::new();
        for batch in 0..3 {
            let episode = pictures(60 + batch, batch as u64);
            let mut settler = Settler::new();
            settle(&mut settler, &mut network, &episode, 8);
            let before = network.tensors();
            network.learn(settler.activities()).expect("learns");
            let after = network.tensors();
            let (activities, wiring) = (settler.activities(), network.wiring());
            for p in circuit.projections() {
                let a = activities.activity(wiring, p.from());
                let e = activities.mismatch(wiring, p.to()).expect("predicted");
                let rates = match p.feedback() {
                    Feedback::Learned { rate } => vec![("generative", 1.0), ("feedback", f64::from(rate))],
                    _ => vec![("generative", 1.0)],
                };
                for (kind, lambda) in rates {
                    let name = circuit.tensor_name(p, kind);
                    // Files hold W as [to, from] and E as [from, to].
                    let (left, right) = if kind == "generative" { (&e, &a) } else { (&a, &e) };
                    let rule = rule(left, right, lambda);
                    let steps = match circuit.learning().optimizer {
                        Optimizer::Sgd { rate } => rule.iter().map(|r| f64::from(rate) * r).collect(),
                        Optimizer::Adam { rate, .. } => {
                            let fresh =
                                || SlowAdam { mean: vec![0.0; rule.len()], square: vec![0.0; rule.len()], step: 0 };
                            adam.entry(name.clone()).or_insert_with(fresh).ascend(&rule, f64::from(rate))
                        }
                    };
                    for (i, step) in steps.iter().enumerate() {
                        let found = f64::from(after[&name].as_slice()[i]) - f64::from(before[&name].as_slice()[i]);
                        // Adam divides by the size of the rule: where that is rounding, so is its direction.
                        let tolerance = if optimizer == "Adam" && rule[i].abs() < 1e-4 { 0.02 } else { 2e-6 };
                        assert!((found - step).abs() < tolerance, "{optimizer}: {name} {i} by {found}, not {step}");
                    }
                }
            }
            covariance_follows_its_rule(&before["z1.covariance"], &after["z1.covariance"], &settler, &network, rate);
        }
    }
}

impl SlowAdam {
    fn ascend(&mut self, rule: &[f64], rate: f64) -> Vec<f64> {
        self.step += 1;
        let (first, second) = (1.0 - 0.9_f64.powi(self.step), 1.0 - 0.999_f64.powi(self.step));
        let one = |(i, r): (usize, &f64)| {
            self.mean[i] = 0.9 * self.mean[i] + 0.1 * r;
            self.square[i] = 0.999 * self.square[i] + 0.001 * r * r;
            rate * (self.mean[i] / first) / ((self.square[i] / second).sqrt() + 1e-8)
        };
        rule.iter().enumerate().map(one).collect()
    }
}

/// `leftᵀ right / B`, times `gain`.
fn rule(left: &Matrix, right: &Matrix, gain: f64) -> Vec<f64> {
    let entry = |i: usize, j: usize| -> f64 {
        let sum: f64 = (0..left.rows()).map(|r| f64::from(left.row(r)[i]) * f64::from(right.row(r)[j])).sum();
        gain * sum / left.rows() as f64
    };
    (0..left.cols()).flat_map(|i| (0..right.cols()).map(move |j| (i, j))).map(|(i, j)| entry(i, j)).collect()
}

/// `ΔΣ = ½ (eᵀe / B − Σ⁻¹)` by a plain step; then symmetric, with a diagonal of 0.8 or more.
fn covariance_follows_its_rule(before: &Matrix, after: &Matrix, settler: &Settler, network: &Network, rate: f32) {
    let id = network.circuit().find("z1").expect("z1");
    let e = settler.activities().mismatch(network.wiring(), id).expect("predicted");
    let (outer, sigma, n) = (rule(&e, &e, 1.0), Grid::of(before), before.rows());
    for j in 0..n {
        let unit: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i == j))).collect();
        let inverse = sigma.solve(&unit);
        for i in 0..n {
            let free = f64::from(before.row(i)[j]) + f64::from(rate) * 0.5 * (outer[i * n + j] - inverse[i]);
            let expected = if i == j { free.max(f64::from(0.8_f32)) } else { free };
            let found = after.row(i)[j];
            assert!((f64::from(found) - expected).abs() < 2e-6, "covariance {i} {j}: {found} instead of {expected}");
            assert_eq!(found.to_bits(), after.row(j)[i].to_bits(), "the covariance is symmetric");
        }
    }
}

#[test]
fn norms_hold_after_every_learning_step() {
    for optimizer in ["Sgd(rate: 0.5)", "Adam(rate: 0.05)"] {
        for norm in [Norm::UnitColumns, Norm::ClipRows, Norm::None] {
            let circuit = plastic(&format!("optimizer: {optimizer}, norm: {norm:?}"));
            let mut network = Network::new(Arc::new(circuit), 2);
            for batch in 0..4 {
                let mut settler = Settler::new();
                settle(&mut settler, &mut network, &pictures(30, batch), 8);
                network.learn(settler.activities()).expect("learns");
                norm_of(norm, &network.tensors(), &format!("{optimizer} after batch {batch}"));
                let covariance = &network.tensors()["z1.covariance"];
                assert!((0..6).all(|i| covariance.row(i)[i] >= 0.8), "the floor of the diagonal");
            }
        }
    }
}

#[test]
fn growth_without_bound_is_reported_and_nothing_is_lost() {
    // z ← z + (x − z) + 9 z = 9 z + x, so z_n = x (9ⁿ − 1) / 8, which leaves f32 at the 42nd firing for x = 1.
    let circuit = parse(
        r#"Circuit(
            name: "growing",
            layers: {
                "z0": (size: 1, sense: "x"),
                "z1": (size: 1, beta: 1.0, lateral: Columns(size: 1, excite: 9.0, inhibit: 0.0)),
            },
            projections: [(from: "z1", to: "z0", feedback: Transposed)],
            settling: (steps: 60),
        )"#,
    );
    let tensors = Tensors::from([("z1_to_z0.generative".to_owned(), Matrix::identity(1))]);
    let mut network = Network::with_weights(Arc::new(circuit.clone()), &tensors).expect("fits");
    let last = (9.0_f64.powi(41) - 1.0) / 8.0;
    let mut settler = Settler::new();
    // Alone, and as one sample of 130 whose shards are settled by several workers.
    for rows in [1, 130] {
        let data = Matrix::from_fn(rows, 1, |i, _| f32::from(u8::from(i == rows * 2 / 3)));
        let episode = Episode::new(&circuit, [("x".to_owned(), data)]).expect("fits");
        let result = settler.settle(&mut network, &episode, circuit.settling(), SettleOptions::default());
        let Err(SettleError::NotFinite { population, firing, magnitude }) = result else { panic!("{result:?}") };
        assert_eq!((population.as_str(), firing), ("z1", 42), "{rows} rows");
        let share = f64::from(magnitude) / last;
        assert!((share - 1.0).abs() < 1e-4, "{rows} rows: the magnitude before it was {last:e}, not {magnitude:e}");
        assert_eq!(network.tensors(), tensors, "the network is as it was");
        // It still works, and so does the settler.
        let found = settle(&mut settler, &mut network, &episode, 41);
        let fresh = settle(&mut Settler::new(), &mut network, &episode, 41);
        assert_eq!((found.steps, found.movement.to_bits()), (41, fresh.movement.to_bits()));
    }
}

#[test]
fn a_mismatch_without_bound_names_the_error_population() {
    let circuit = parse(
        r#"Circuit(
            name: "steep",
            layers: {
                "z0": (size: 3, sense: "x"),
                "z1": (size: 2, beta: 1.0),
            },
            projections: [(from: "z1", to: "z0", feedback: Learned(rate: 1.0))],
            settling: (steps: 60),
        )"#,
    );
    let tensors = Tensors::from([
        ("z1_to_z0.generative".to_owned(), Matrix::from_fn(3, 2, |_, _| 1e30)),
        ("z1_to_z0.feedback".to_owned(), Matrix::from_fn(2, 3, |_, _| 1e5)),
    ]);
    let mut network = Network::with_weights(Arc::new(circuit.clone()), &tensors).expect("fits");
    // e = 1, then z = 3e5, then μ = 6e35; then z = −1.8e41 is out of range.
    let episode = Episode::new(&circuit, [("x".to_owned(), Matrix::from_fn(1, 3, |_, _| 1.0))]).expect("fits");
    let failed = |network: &mut Network| {
        let result = Settler::new().settle(network, &episode, circuit.settling(), SettleOptions::default());
        let Err(SettleError::NotFinite { population, firing, magnitude }) = result else { panic!("{result:?}") };
        (population, firing, magnitude)
    };
    let (population, firing, magnitude) = failed(&mut network);
    assert_eq!((population.as_str(), firing), ("z1", 2));
    assert!((magnitude / 3e5 - 1.0).abs() < 1e-4, "{magnitude:e}");
    // With steeper synapses the prediction is out of range before that.
    let steep = Tensors::from([
        ("z1_to_z0.generative".to_owned(), Matrix::from_fn(3, 2, |_, _| 1e36)),
        ("z1_to_z0.feedback".to_owned(), Matrix::from_fn(2, 3, |_, _| 1e5)),
    ]);
    let mut network = Network::with_weights(Arc::new(circuit.clone()), &steep).expect("fits");
    let (population, firing, magnitude) = failed(&mut network);
    assert_eq!((population.as_str(), firing), ("z0.error", 2));
    assert_eq!(magnitude, 1.0, "the mismatch at its first firing");
    assert_eq!(network.tensors(), steep);
}
