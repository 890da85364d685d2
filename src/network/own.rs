//! What a layer and a projection own of tensors: their names, shapes and first values, and the precision made of them.

use super::reach;
use crate::circuit::{Circuit, Layer, Projection};
use crate::learning::{Covariance, OwnPrecision, Refused, Variance, initial};
use crate::matrix::Matrix;
use crate::params::{Feedback, Precision, Sign};
use crate::rng;

/// The name of the covariance of a layer.
#[must_use]
pub fn covariance_name(layer: &Layer) -> String {
    format!("{}.covariance", layer.name())
}

/// The name of the bias of a layer, `[1, J]`, in files `[J]`.
#[must_use]
pub fn bias_name(layer: &Layer) -> String {
    format!("{}.bias", layer.name())
}

/// The name of what is learned of a layer's precision: its covariance, or its variances `[1, J]`, in files `[J]`.
pub(super) fn precision_name(layer: &Layer) -> String {
    match layer.precision() {
        Precision::Diagonal { .. } => format!("{}.variance", layer.name()),
        _ => covariance_name(layer),
    }
}

/// The tensors of an error population besides synapses, with their shapes.
pub(super) fn shapes(layer: &Layer) -> impl Iterator<Item = (String, [usize; 2])> {
    let bias = layer.is_biased().then(|| (bias_name(layer), [1, layer.size()]));
    let precision = match layer.precision() {
        Precision::Identity | Precision::Fixed(_) => None,
        Precision::Diagonal { .. } => Some((precision_name(layer), [1, layer.size()])),
        Precision::Learned { .. } => Some((precision_name(layer), [layer.size(), layer.size()])),
    };
    bias.into_iter().chain(precision)
}

/// What the precision of a layer starts from: Σ, or its diagonal alone; 1, or the floor if that is higher.
pub(super) fn resting_precision(layer: &Layer, [rows, cols]: [usize; 2]) -> Option<Matrix> {
    let (Precision::Learned { floor, .. } | Precision::Diagonal { floor }) = layer.precision() else { return None };
    let start = floor.max(1.0);
    Some(Matrix::from_fn(rows, cols, |i, j| if i == j || rows == 1 { start } else { 0.0 }))
}

/// The precision of a layer in a circuit, out of what was learned of it, where something is.
///
/// # Errors
/// [`Refused`] where that is no covariance or variance.
pub(super) fn precision(circuit: &Circuit, layer: &Layer, learned: Option<&Matrix>) -> Result<OwnPrecision, Refused> {
    let place = layer.learning();
    let optimizer = place.optimizer(circuit.learning().optimizer);
    match (layer.precision(), learned.cloned()) {
        (Precision::Fixed(p), _) => Ok(OwnPrecision::Fixed(p)),
        (Precision::Diagonal { floor }, Some(variances)) => {
            Variance::new(variances, floor, optimizer, place.frozen).map(OwnPrecision::Diagonal)
        }
        (Precision::Learned { floor, form }, Some(sigma)) => {
            let made = Covariance::new(sigma, floor, form, optimizer)?;
            Ok(OwnPrecision::Full(made.frozen(place.frozen)))
        }
        (Precision::Identity | Precision::Diagonal { .. } | Precision::Learned { .. }, _) => Ok(OwnPrecision::Identity),
    }
}

/// One tensor of a projection, drawn from a stream of its own; `None` where there is no such tensor.
pub(super) fn drawn(circuit: &Circuit, projection: &Projection, kind: &str, seed: u64) -> Option<(String, Matrix)> {
    if kind == "feedback" && !matches!(projection.feedback(), Feedback::Learned { .. }) {
        return None;
    }
    let name = circuit.tensor_name(projection, kind);
    let (shape, ends) = (reach::shape(circuit, projection, kind), reach::ends(circuit, projection, kind));
    let init = projection.init().unwrap_or(circuit.init());
    let mut tensor = initial::draw(init, shape, ends, &mut rng::stream(seed, &name));
    if projection.sign() == Sign::Positive {
        tensor.as_mut_slice().iter_mut().for_each(|w| *w = w.abs());
    }
    Some((name, tensor))
}
