//! The synapses of a network in double precision, as linear operators use them: read once, shared by all samples.

use crate::circuit::{Circuit, LayerId, Projection};
use crate::matrix::Matrix;
use crate::network::{Network, Tensors, bias_name, covariance_name};
use crate::params::{Feedback, Precision, PrecisionForm};
use crate::population::AnyPopulation;
use faer::linalg::solvers::DenseSolveCore;
use faer::{Mat, MatRef, Par, Side};

/// How the mismatch of the layer that a projection predicts returns.
pub(super) enum Return {
    /// Over error synapses `[from, to]`.
    Learned(Mat<f64>),
    /// Over the generative synapses read backwards, times a gain.
    Backwards(f64),
    /// Not at all.
    Silent,
}

/// What a network's populations multiply by.
pub(super) struct WideSynapses {
    /// By projection: `W` `[to, from]`.
    generative: Vec<Mat<f64>>,
    /// By projection.
    returns: Vec<Return>,
    /// By layer: what weighs a mismatch `[J, J]`, from the left of a column; `None` for the identity.
    precision: Vec<Option<Mat<f64>>>,
    /// By layer: what its prediction is of silent senders; `None` for nothing.
    bias: Vec<Option<Vec<f64>>>,
}

impl WideSynapses {
    /// The synapses of a network.
    pub(super) fn of(network: &Network) -> Self {
        let (circuit, tensors) = (network.circuit(), network.tensors());
        let all: Vec<_> = network.populations().iter().flat_map(AnyPopulation::synapses).collect();
        let tensor = |projection: &Projection, kind: &str| {
            let name = circuit.tensor_name(projection, kind);
            let synapses =
                all.iter().find(|synapses| synapses.name() == name).expect("every projection has its synapses");
            wide(&synapses.spread().transposed())
        };
        let back = |projection: &Projection| match projection.feedback() {
            Feedback::Learned { .. } => Return::Learned(tensor(projection, "feedback")),
            Feedback::Transposed => Return::Backwards(1.0),
            Feedback::ScaledTranspose { gain } => Return::Backwards(f64::from(gain)),
            Feedback::Silent => Return::Silent,
        };
        Self {
            generative: circuit.projections().iter().map(|projection| tensor(projection, "generative")).collect(),
            returns: circuit.projections().iter().map(back).collect(),
            precision: circuit.layers().map(|(id, _)| precision(circuit, id, &tensors)).collect(),
            bias: circuit.layers().map(|(_, layer)| tensors.get(&bias_name(layer)).map(row)).collect(),
        }
    }

    /// `W` `[to, from]` of a projection.
    pub(super) fn generative(&self, projection: usize) -> MatRef<'_, f64> {
        self.generative[projection].as_ref()
    }

    /// How the mismatch returns along a projection.
    pub(super) fn back(&self, projection: usize) -> &Return {
        &self.returns[projection]
    }

    /// What weighs the mismatch of a layer.
    pub(super) fn precision(&self, layer: usize) -> Option<MatRef<'_, f64>> {
        self.precision[layer].as_ref().map(Mat::as_ref)
    }

    /// The bias of a layer.
    pub(super) fn bias(&self, layer: usize) -> Option<&[f64]> {
        self.bias[layer].as_deref()
    }

    /// What returns to the layer that predicts: `E e`, or `gain · Wᵀ e`; `e` is `[to, columns]`.
    pub(super) fn returned(&self, projection: usize, mismatch: &Mat<f64>) -> Mat<f64> {
        match &self.returns[projection] {
            Return::Learned(error) => error * mismatch,
            Return::Backwards(gain) => faer::Scale(*gain) * (self.generative[projection].transpose() * mismatch),
            Return::Silent => Mat::zeros(self.generative[projection].ncols(), mismatch.ncols()),
        }
    }
}

fn row(matrix: &Matrix) -> Vec<f64> {
    matrix.row(0).iter().map(|value| f64::from(*value)).collect()
}

/// `Σ⁻¹`, or `R⁻¹` for the whitened mismatch. A network has factored its covariance before, so it can be factored.
fn precision(circuit: &Circuit, id: LayerId, tensors: &Tensors) -> Option<Mat<f64>> {
    let layer = circuit.layer(id);
    let form = match layer.precision() {
        Precision::Learned { form, .. } if circuit.is_predicted(id) => form,
        Precision::Fixed(p) => return Some(diagonal(layer.size(), |_| f64::from(p))),
        Precision::Diagonal { .. } => {
            let variances = tensors.get(&format!("{}.variance", layer.name()))?;
            return Some(diagonal(layer.size(), |i| 1.0 / f64::from(variances.row(0)[i])));
        }
        Precision::Learned { .. } | Precision::Identity => return None,
    };
    let factored = wide(tensors.get(&covariance_name(layer))?).llt(Side::Lower).ok()?;
    Some(match form {
        PrecisionForm::Inverse => factored.inverse(),
        PrecisionForm::Factor => {
            let mut inverse = Mat::identity(layer.size(), layer.size());
            let lower = factored.L();
            faer::linalg::triangular_solve::solve_lower_triangular_in_place(lower, inverse.as_mut(), Par::Seq);
            inverse
        }
    })
}

fn diagonal(size: usize, of: impl Fn(usize) -> f64) -> Mat<f64> {
    Mat::from_fn(size, size, |i, j| if i == j { of(i) } else { 0.0 })
}

fn wide(matrix: &Matrix) -> Mat<f64> {
    Mat::from_fn(matrix.rows(), matrix.cols(), |i, j| f64::from(matrix.row(i)[j]))
}
