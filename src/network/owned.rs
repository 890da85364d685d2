//! Which population owns which tensor, and the first values of all of them or of some: where ranks share a circuit, each has
//! the synapses of its own populations only.

use super::{own, reach};
use crate::circuit::Circuit;
use crate::circuit::wiring::{Kind, PopulationId, Wiring};
use crate::matrix::Matrix;
use std::collections::BTreeMap;

/// By the name of a tensor of synapses, lists of pairs included: the population that owns them.
#[must_use]
pub fn synapse_owners(circuit: &Circuit) -> BTreeMap<String, PopulationId> {
    let wiring = Wiring::new(circuit);
    let mut owners = BTreeMap::new();
    for projection in circuit.projections() {
        for (kind, layer, own) in
            [("generative", projection.to(), Kind::Error), ("feedback", projection.from(), Kind::State)]
        {
            let owner = wiring.populations().find(|(_, spec)| (spec.layer, spec.kind) == (layer, own));
            let name = circuit.tensor_name(projection, kind);
            owners.extend(owner.into_iter().flat_map(|(id, _)| [(format!("{name}.index"), id), (name.clone(), id)]));
        }
    }
    owners
}

/// Whether a process that has some populations keeps a tensor: their synapses, and whatever isn't synapses.
#[must_use]
pub fn is_kept(owners: &BTreeMap<String, PopulationId>, own: &dyn Fn(PopulationId) -> bool, name: &str) -> bool {
    owners.get(name).is_none_or(|owner| own(*owner))
}

/// Fresh weights: synapses as `init` says, biases 0, covariances and variances 1 (or the floor, if higher). Until training
/// data are known, standardised values stay as they are. Only those tensors of `shapes` that `keeps` names are drawn.
pub(super) fn drawn(
    circuit: &Circuit,
    seed: u64,
    shapes: BTreeMap<String, [usize; 2]>,
    keeps: &dyn Fn(&str) -> bool,
) -> BTreeMap<String, Matrix> {
    let mut tensors = BTreeMap::new();
    for projection in circuit.projections() {
        for kind in ["generative", "feedback"].into_iter().filter(|kind| keeps(&circuit.tensor_name(projection, kind)))
        {
            tensors.extend(own::drawn(circuit, projection, kind, seed));
        }
    }
    let constant = |[rows, cols]: [usize; 2], value: f32| Matrix::from_fn(rows, cols, |_, _| value);
    for (name, shape) in shapes.into_iter().filter(|(name, _)| keeps(name)) {
        let resting = || match name.rsplit_once('.') {
            Some((layer, "covariance" | "variance")) => {
                own::resting_precision(circuit.layer(circuit.find(layer)?), shape)
            }
            Some((_, "sd")) => Some(constant(shape, 1.0)),
            Some((_, "index")) => reach::drawn_index(circuit, &name),
            _ => None,
        };
        tensors.entry(name.clone()).or_insert_with(|| resting().unwrap_or_else(|| constant(shape, 0.0)));
    }
    tensors
}
