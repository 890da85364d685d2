//! One firing of one population with the messages that it needs: those of `z1` and `z1.error` in
//! `circuits/gncn-pdh.ron`, one shard of samples, on one thread.
//!
//! Messages are made up, two sets by turns, so that every firing hears something new and the activity stays in bounds
//! however often it runs. Items are samples.

#[path = "common/circuits.rs"]
mod circuits;
#[path = "common/values.rs"]
mod values;

use divan::Bencher;
use divan::counter::ItemsCount;
use gncn::kernels::product::SHARD_ROWS;
use gncn::kernels::sparse::List;
use gncn::matrix::Matrix;
use gncn::network::Network;
use gncn::params::{Arrivals, Messages};
use gncn::population::Presented;
use gncn::signal::{Carries, Content, Signal};
use std::sync::Arc;
use values::sparse_values;

/// More leak than the circuit has: with its own, a state that is fed for ever by the same messages grows for ever.
const LEAK: (&str, &str) = ("leak: 0.001", "leak: 0.5");

const EVENTS: Messages = Messages::events(0.1);

fn main() {
    divan::main();
}

/// What the inlets of a population hear, and its width, in their order.
fn inlets(network: &Network, population: &str) -> Vec<(Carries, usize)> {
    let wiring = network.wiring();
    let id = wiring.find(population).expect("the circuit has this population");
    // Links are ordered by receiver and inlet.
    wiring.links.iter().filter(|link| link.to == id).map(|link| (link.carries, link.width)).collect()
}

/// A message of `width` neurons, of which so many per cent carry a value other than zero, `gain` times some value.
fn whole(width: usize, percent: u32, gain: f32) -> Content {
    let values = sparse_values("whole", SHARD_ROWS * width, percent).iter().map(|v| v * gain).collect();
    Content::Dense(Arc::new(Matrix::from_vec(SHARD_ROWS, width, values).expect("as many values as asked for")))
}

/// A message of `width` neurons, of which so many per cent have changed, all to `gain` times some value.
fn events(width: usize, percent: u32, gain: f32) -> Content {
    let values: Vec<f32> = sparse_values("events", SHARD_ROWS * width, percent).iter().map(|v| v * gain).collect();
    let mut list = List::default();
    list.of_nonzero(&values, width);
    Content::Events(Arc::new(list))
}

/// Measures firings of `population` on what `message(width, gain)` gives.
fn fire(bencher: Bencher, population: &str, messages: Messages, message: impl Fn(usize, f32) -> Content) {
    let (network, _) = circuits::network(circuits::circuit(&[LEAK]), SHARD_ROWS);
    let inlets = inlets(&network, population);
    let id = network.wiring().find(population).expect("the circuit has this population");
    let population = network.population(id);
    let mut activity = population.rest(SHARD_ROWS, messages, Arrivals::InOrder, Presented::Free);
    // The first messages are whole, under events, too.
    inlets.iter().enumerate().for_each(|(inlet, (carries, width))| {
        population.receive(&mut activity, inlet, 0, Signal::new(*carries, whole(*width, 50, 1.0)));
    });
    population.fire(&mut activity, 1.0);
    let sets: Vec<Vec<Signal>> =
        [1.0, -1.0].map(|gain| inlets.iter().map(|(c, width)| Signal::new(*c, message(*width, gain))).collect()).into();
    let mut turns = sets.iter().cycle();
    bencher.counter(ItemsCount::new(SHARD_ROWS)).bench_local(|| {
        for (inlet, signal) in turns.next().expect("turns go on for ever").iter().enumerate() {
            population.receive(&mut activity, inlet, 1, signal.clone());
        }
        population.fire(&mut activity, 1.0)
    });
}

/// Updates of `z1`: mismatches of 784 and of its own 360 neurons arrive.
mod state {
    use super::*;

    #[divan::bench(args = [20, 100])]
    fn dense_of_which_nonzero(bencher: Bencher, percent: u32) {
        fire(bencher, "z1", Messages::Dense, |width, gain| whole(width, percent, gain));
    }

    #[divan::bench(args = [2, 5, 20])]
    fn events_of_which_changed(bencher: Bencher, percent: u32) {
        fire(bencher, "z1", EVENTS, |width, gain| events(width, percent, gain));
    }
}

/// Mismatches of `z1`: activities of 360 and 360 neurons and the target of 360 arrive; precision weighs them.
mod error {
    use super::*;

    #[divan::bench(args = [20, 100])]
    fn dense_of_which_nonzero(bencher: Bencher, percent: u32) {
        fire(bencher, "z1.error", Messages::Dense, |width, gain| whole(width, percent, gain));
    }

    #[divan::bench(args = [2, 5, 20])]
    fn events_of_which_changed(bencher: Bencher, percent: u32) {
        fire(bencher, "z1.error", EVENTS, |width, gain| events(width, percent, gain));
    }
}
