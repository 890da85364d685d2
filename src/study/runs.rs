//! Weights of finished runs, for a study that names them.

use crate::checkpoint::Run;
use crate::circuit::Circuit;
use crate::network::Network;
use std::path::Path;
use std::sync::Arc;

/// What keeps the weights of a run from being those of a circuit, in a sentence; `None` where they are.
pub(super) fn problem(folder: &Path, circuit: &Circuit) -> Option<String> {
    let weights = match Run::open(folder).and_then(|run| run.weights()) {
        Ok(weights) => weights,
        Err(error) => return Some(format!("{}: {error}", folder.display())),
    };
    let error = Network::with_weights(Arc::new(circuit.clone()), &weights).err()?;
    Some(format!(
        "{}: {error}; the run is of another circuit than \"{}\": name one that was trained with this circuit's file",
        folder.display(),
        circuit.name()
    ))
}
