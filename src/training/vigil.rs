//! What the free energy does while a training learns, and words for it where that goes wrong.

use crate::checkpoint::Progress;
use crate::circuit::Circuit;
use crate::network::Network;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Free energy of so many times that of the first batch is worth a word: learning that works lowers it, and nothing that
/// works raises it a thousandfold.
const RUNAWAY: f64 = 1000.0;
/// So many nats for each predicted neuron are no free energy of anything that works, whatever the first batch had.
const ABSURD: f64 = 1e5;
/// Synapses whose largest singular value is so many times what they were drawn with have grown.
const GROWN: f32 = 3.0;

/// One training under watch.
#[derive(Debug, Clone, Default)]
pub(super) struct Vigil {
    /// Nats of an image of the first batch that was seen.
    first: Option<f64>,
    /// The epoch that a word was said in, from 0.
    told: Option<usize>,
}

/// What was learned when, at which rate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// From 0.
    pub(super) epoch: usize,
    /// From 0.
    pub(super) batch: usize,
    pub(super) rate: f32,
}

impl Vigil {
    /// Takes in a batch: nats of an image by layer. A sentence where that is not what learning should do, once an epoch.
    pub(super) fn see(&mut self, circuit: &Circuit, at: Moment, energies: &BTreeMap<&str, f64>) -> Option<String> {
        let total: f64 = energies.values().sum();
        let first = *self.first.get_or_insert(total);
        let predicted = circuit.layers().filter(|(id, _)| circuit.is_predicted(*id));
        let neurons: usize = predicted.map(|(_, layer)| layer.size()).sum();
        let has_run_away = !total.is_finite() || total.abs() > RUNAWAY * (first.abs() + 1.0);
        let is_absurd = total.abs() > ABSURD * neurons as f64;
        if !(has_run_away || is_absurd) || self.told == Some(at.epoch) {
            return None;
        }
        self.told = Some(at.epoch);
        let (layer, share) = energies.iter().max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()))?;
        let Moment { epoch, batch, rate } = at;
        let what = if has_run_away {
            format!(
                "learning runs away at the learning rate {rate:e}; a lower `rate` of `learning: (optimizer: ...)`, or a `norm`, \
                 may stop it"
            )
        } else {
            "no circuit that works has so much, and its first batch had it already: a smaller beta, or smaller synapses in \
             `init`, keep states in bounds"
                .to_owned()
        };
        Some(format!(
            "epoch {}, batch {}: free energy is {total:.3e} nats an image, after {first:.3e} at first, {share:.3e} of it in layer \
             \"{layer}\": {what}",
            epoch + 1,
            batch + 1,
        ))
    }
}

/// What the free energy did in the epoch under way; the same words in a run that was resumed.
pub(super) fn history(progress: &Progress) -> String {
    let mean = progress.sums.values().sum::<f64>() / progress.samples.max(1) as f64;
    match progress.batch {
        0 => "it is the first batch of its epoch".to_owned(),
        batch => format!("the free energy of its epoch was {mean:.3e} nats an image over {batch} batches before it"),
    }
}

/// The synapses that have grown most since they were drawn from `seed`, with the factor of their largest singular value;
/// `None` where none has grown much.
pub(super) fn grown(network: &Network, seed: u64) -> Option<(String, f32)> {
    let drawn = Network::new(Arc::clone(network.circuit()), seed);
    let before: BTreeMap<&str, f32> = drawn
        .populations()
        .iter()
        .flat_map(|population| population.synapses())
        .map(|synapses| (synapses.name(), synapses.norm()))
        .collect();
    let factors = network.populations().iter().flat_map(|population| population.synapses()).map(|synapses| {
        let norm = synapses.norm();
        // Weights that are no numbers have no norm, and have surely grown.
        let factor =
            if norm.is_finite() { norm / before[synapses.name()].max(f32::MIN_POSITIVE) } else { f32::INFINITY };
        (synapses.name().to_owned(), factor)
    });
    factors.max_by(|(_, a), (_, b)| a.total_cmp(b)).filter(|(_, factor)| *factor > GROWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_said_once_an_epoch() {
        let text = br#"(name: "x", layers: {"z0": (size: 4, sense: "image"), "z1": (size: 2, beta: 0.1)},
            projections: [(from: "z1", to: "z0", feedback: Transposed)])"#;
        let circuit = Circuit::parse(text).expect("sound");
        let mut vigil = Vigil::default();
        let mut see = |epoch, batch, nats| {
            vigil.see(&circuit, Moment { epoch, batch, rate: 0.5 }, &BTreeMap::from([("z0", nats)]))
        };
        assert_eq!((see(0, 0, 2.0), see(0, 1, 2000.0)), (None, None));
        let words = see(0, 2, 1e12).expect("it runs away");
        for part in ["epoch 1, batch 3", "1.000e12", "after 2.000e0", "layer \"z0\"", "learning rate 5e-1"] {
            assert!(words.contains(part), "{words}");
        }
        assert!(!words.contains("beta"), "{words}");
        assert_eq!(see(0, 3, 1e12), None);
        assert!(see(1, 0, f64::INFINITY).is_some());
        let mut vigil = Vigil::default();
        let first = vigil.see(&circuit, Moment { epoch: 0, batch: 0, rate: 0.5 }, &BTreeMap::from([("z0", 1e36)]));
        assert!(first.is_some_and(|words| words.contains("beta")), "nothing was learned yet");
    }
}
