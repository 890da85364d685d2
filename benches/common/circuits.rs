//! The circuit that benchmarks run, and what it is shown.

use gncn::circuit::Circuit;
use gncn::episode::Episode;
use gncn::matrix::Matrix;
use gncn::network::Network;
use gncn::rng;
use rand::RngExt;
use std::sync::Arc;

/// The text of the circuit that is settled: GNCN-PDH, 784-360-360-360.
const PDH: &str = include_str!("../../circuits/gncn-pdh.ron");

/// The share of bits that are 1 in a made-up image, as in MNIST.
const INK: f64 = 0.13;

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
pub(crate) fn network(circuit: Circuit, batch: usize) -> (Network, Episode<'static>) {
    let mut dice = rng::stream(1, "bits");
    let image = Matrix::from_fn(batch, 784, |_, _| f32::from(u8::from(dice.random_bool(INK))));
    let episode = Episode::new(&circuit, [("image".to_owned(), image)]).expect("the circuit has one sense of 784");
    (Network::new(Arc::new(circuit), 1), episode)
}
