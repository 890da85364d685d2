//! Where an earlier settle ended: the states of its `--out`.

use super::super::failure::Failure;
use crate::circuit::Circuit;
use crate::data::npz;
use crate::matrix::Matrix;
use std::path::Path;

/// `state.NAME` of every layer, `[samples, neurons]` each.
pub(super) fn states(circuit: &Circuit, path: &Path, samples: usize) -> Result<Vec<Matrix>, Failure> {
    let layer = |name: &str, size: usize| {
        let member = format!("state.{name}");
        let file = format!("{}:{member}", path.display());
        let states = npz::read_member(path, &member)?.into_matrix(true, &file)?;
        if (states.rows(), states.cols()) == (samples, size) {
            return Ok(states);
        }
        let (rows, cols) = (states.rows(), states.cols());
        Err(Failure::Request(format!(
            "--from: {file} is [{rows}, {cols}], but layer \"{name}\" settles on {samples} samples of {size} neurons"
        )))
    };
    circuit.layers().map(|(_, spec)| layer(spec.name(), spec.size())).collect()
}
