//! What is carried from frame to frame beside states: activities at the readouts before, for projections with a delay.
//!
//! Nothing of it travels while an episode lasts. It is handed over between rest and the first message, and is no part of
//! the account.

use crate::activities::{Activities, Lane};
use crate::circuit::wiring::DelayedLink;
use crate::circuit::{Circuit, LayerId};
use crate::kernels::activation;
use crate::matrix::Matrix;
use crate::network::Network;
use crate::signal::{Carries, Content, Signal};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Activities `φ(z)` `[rows, J]` at one readout, of the layers that projections with a delay predict from.
pub type Recalled = BTreeMap<LayerId, Matrix>;

/// What `states` `[rows, J]`, by layer, are as activities.
#[must_use]
pub fn recalled(circuit: &Circuit, states: &[Matrix]) -> Recalled {
    let activity = |(id, z): (LayerId, &Matrix)| {
        let (layer, mut out) = (circuit.layer(id), z.clone());
        activation::apply(layer.activation(), z.as_slice(), out.as_mut_slice(), layer.size());
        (id, out)
    };
    circuit.layers().map(|(id, _)| id).zip(states).map(activity).collect()
}

/// Activities of earlier frames.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// The newest first.
    pub(super) frames: VecDeque<Recalled>,
}

impl Past {
    /// Nothing has been before.
    pub(super) fn forget(&mut self) {
        self.frames.clear();
    }

    /// Every error population of a lane that is at rest has what its delayed projections look back at.
    pub(super) fn recall(&self, network: &Network, lane: &mut Lane) {
        for DelayedLink { link, frames } in &network.wiring().delayed {
            let layer = network.wiring().population(link.from).layer;
            let then = self.frames.get(frames - 1).and_then(|frame| frame.get(&layer));
            let activity = match then {
                Some(activity) => rows_of(activity, lane.rows.clone()),
                None => at_rest(network.circuit(), layer, lane.rows.len()),
            };
            let signal = Signal::new(Carries::Activity, Content::Dense(Arc::new(activity)));
            network.population(link.to).receive(&mut lane.activities[link.to.0], link.inlet, 0, signal);
        }
    }

    /// Keeps what has just been read out, as far as anybody looks back.
    pub(super) fn keep(&mut self, network: &Network, activities: &Activities) {
        let wiring = network.wiring();
        if wiring.delayed.is_empty() {
            return;
        }
        let sources = wiring.delayed.iter().map(|delayed| wiring.population(delayed.link.from).layer);
        self.frames.push_front(sources.map(|layer| (layer, activities.activity(wiring, layer))).collect());
        self.frames.truncate(wiring.memory());
    }
}

/// `φ(0)`: what a layer sent before anything was shown.
fn at_rest(circuit: &Circuit, layer: LayerId, rows: usize) -> Matrix {
    let layer = circuit.layer(layer);
    let (z, mut out) = (Matrix::zeros(rows, layer.size()), Matrix::zeros(rows, layer.size()));
    activation::apply(layer.activation(), z.as_slice(), out.as_mut_slice(), layer.size());
    out
}

/// Some rows of states or activities; 0 where there are no such rows.
pub(super) fn rows_of(activity: &Matrix, rows: std::ops::Range<usize>) -> Matrix {
    let mut chosen = Matrix::zeros(rows.len(), activity.cols());
    for (i, row) in rows.enumerate().filter(|(_, row)| *row < activity.rows()) {
        chosen.row_mut(i).copy_from_slice(activity.row(row));
    }
    chosen
}
