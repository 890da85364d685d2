//! What all benchmarks share: made-up values, and the circuit that they run.

// Every benchmark is a program of its own and uses a part of this.
#![allow(dead_code)]

use gncn::circuit::Circuit;
use gncn::episode::Episode;
use gncn::matrix::Matrix;
use gncn::network::Network;
use gncn::rng;
use rand::RngExt;
use std::sync::Arc;

/// The text of the circuit that is settled: GNCN-PDH, 784-360-360-360.
pub(crate) const PDH: &str = include_str!("../../circuits/gncn-pdh.ron");

/// The share of bits that are 1 in a made-up image, as in MNIST.
const INK: f64 = 0.13;

/// `len` values from -1 to 1, the same for the same name.
pub(crate) fn values(name: &str, len: usize) -> Vec<f32> {
    sparse_values(name, len, 100)
}

/// As [`values`], of which about so many per cent are not zero.
pub(crate) fn sparse_values(name: &str, len: usize, percent: u32) -> Vec<f32> {
    let mut dice = rng::stream(1, name);
    let mut value = || if dice.random_ratio(percent, 100) { dice.random_range(-1.0..1.0) } else { 0.0 };
    (0..len).map(|_| value()).collect()
}

/// The circuit with one piece of its text after another replaced.
///
/// # Panics
/// Where a piece is not in the text, so that a benchmark never measures something else than it says.
pub(crate) fn circuit(changes: &[(&str, &str)]) -> Circuit {
    let replace = |text: String, (old, new): &(&str, &str)| {
        assert!(text.contains(old), "circuits/gncn-pdh.ron has no {old:?}");
        text.replace(old, new)
    };
    let text = changes.iter().fold(PDH.to_owned(), replace);
    Circuit::parse(text.as_bytes()).expect("the circuit ships with the crate, and the changes are legal")
}

/// The circuit as a network with drawn synapses, and a batch of random bits to show it.
pub(crate) fn network(circuit: Circuit, batch: usize) -> (Network, Episode) {
    let mut dice = rng::stream(1, "bits");
    let image = Matrix::from_fn(batch, 784, |_, _| f32::from(u8::from(dice.random_bool(INK))));
    let episode = Episode::new(&circuit, [("image".to_owned(), image)]).expect("the circuit has one sense of 784");
    (Network::new(Arc::new(circuit), 1), episode)
}
