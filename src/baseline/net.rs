//! Forward computations: dense layers with rectifiers between them, and the losses' common terms.

use super::error::BaselineError;
use super::weights::Variables;
use crate::matrix::Matrix;
use candle_core::{Device, Tensor};

/// A network of the model, at the parameters of one computation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Net<'a> {
    variables: &'a Variables,
    name: &'a str,
}

impl<'a> Net<'a> {
    pub(super) fn new(variables: &'a Variables, name: &'a str) -> Self {
        Self { variables, name }
    }

    /// Output `[B, out]` for input `[B, in]`; linear at the end.
    pub(super) fn forward(&self, input: &Tensor) -> Result<Tensor, BaselineError> {
        Ok(self.forward_through(input)?.0)
    }

    /// Output, and the activities of the hidden layers.
    pub(super) fn forward_through(&self, input: &Tensor) -> Result<(Tensor, Vec<Tensor>), BaselineError> {
        let mut hidden = Vec::new();
        let mut value = self.layer(0, input)?;
        for index in 1.. {
            if !self.variables.contains_key(&format!("{}.{index}.weight", self.name)) {
                break;
            }
            let activity = value.relu()?;
            value = self.layer(index, &activity)?;
            hidden.push(activity);
        }
        Ok((value, hidden))
    }

    /// `x W + b`
    fn layer(&self, index: usize, input: &Tensor) -> Result<Tensor, BaselineError> {
        let of = |part: &str| self.variables[&format!("{}.{index}.{part}", self.name)].as_tensor();
        Ok(input.matmul(of("weight"))?.broadcast_add(of("bias"))?)
    }

    /// The sum of squared weights, biases apart.
    pub(super) fn squared_weights(&self) -> Result<Tensor, BaselineError> {
        let prefix = format!("{}.", self.name);
        let is_ours = |name: &str| name.starts_with(&prefix) && name.ends_with(".weight");
        let ours = self.variables.iter().filter(|(name, _)| is_ours(name));
        let mut sum = Tensor::zeros((), candle_core::DType::F32, &Device::Cpu)?;
        for (_, variable) in ours {
            sum = (sum + variable.sqr()?.sum_all()?)?;
        }
        Ok(sum)
    }
}

/// A matrix as a tensor of its shape.
pub(super) fn tensor(matrix: &Matrix) -> Result<Tensor, BaselineError> {
    Ok(Tensor::from_slice(matrix.as_slice(), (matrix.rows(), matrix.cols()), &Device::Cpu)?)
}

/// A tensor of two dimensions as a matrix.
pub(super) fn matrix(tensor: &Tensor) -> Result<Matrix, BaselineError> {
    let (rows, cols) = tensor.dims2()?;
    let values = tensor.flatten_all()?.to_vec1()?;
    Ok(Matrix::from_vec(rows, cols, values).expect("a tensor has as many values as its shape says"))
}

/// `Σ softplus(l) − x l` over all entries, over the number of rows: the cross-entropy of logits `l` `[B, J]` and
/// targets `x`, mean over the batch. `softplus(l) = max(l, 0) + log(1 + exp(−|l|))`.
pub(super) fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor, BaselineError> {
    let rows = logits.dims2()?.0 as f64;
    let softplus = (logits.relu()? + (logits.abs()?.neg()?.exp()? + 1.0)?.log()?)?;
    Ok(((softplus - (logits * targets)?)?.sum_all()? / rows)?)
}

/// Cross-entropy of logits `[B, C]` and one-hot classes, mean over the batch.
pub(super) fn class_cross_entropy(logits: &Tensor, one_hot: &Tensor) -> Result<Tensor, BaselineError> {
    let rows = logits.dims2()?.0 as f64;
    // Any constant may be taken off, so the largest logit is, as a number and not as a function of the parameters.
    let shifted = logits.broadcast_sub(&logits.max_keepdim(1)?.detach())?;
    let log_sum = shifted.exp()?.sum_keepdim(1)?.log()?;
    let log_probability = shifted.broadcast_sub(&log_sum)?;
    Ok(((log_probability * one_hot)?.sum_all()? / -rows)?)
}
