//! Whole presentations of `circuits/gncn-pdh.ron`: 50 updates and a readout, at batch 1 and at the batch of 200, with
//! dense messages and with events, with and without the learning step. Items are samples.
//!
//! Synapses are drawn, and images are random bits. In a trained circuit fewer neurons are active and more of them move:
//! `gncn bench --weights ... --data ...` measures that.

#[path = "common/circuits.rs"]
mod circuits;

use divan::Bencher;
use divan::counter::ItemsCount;
use gncn::executor::{SettleOptions, Settler};

const DENSE: &str = "Dense";
const EVENTS: &str = "Events(threshold: 0.1)";

fn main() {
    divan::main();
}

fn present(bencher: Bencher, batch: usize, messages: &str, learn: bool) {
    let settling = format!("schedule: Synchronous, messages: {messages}");
    let (mut network, episode) = circuits::network(circuits::circuit(&[("schedule: Synchronous", &settling)]), batch);
    let settling = network.circuit().settling().clone();
    let mut settler = Settler::new();
    let mut once = || {
        settler.settle(&mut network, &episode, &settling, SettleOptions::default()).expect("the circuit settles");
        if learn {
            network.learn(settler.activities()).expect("the covariances keep their factors");
        }
    };
    // Buffers are made in the first one.
    once();
    bencher.counter(ItemsCount::new(batch)).bench_local(once);
}

#[divan::bench(args = [DENSE, EVENTS], sample_count = 20, sample_size = 1)]
fn one_sample(bencher: Bencher, messages: &str) {
    present(bencher, 1, messages, false);
}

#[divan::bench(args = [DENSE, EVENTS], sample_count = 10, sample_size = 1)]
fn batch(bencher: Bencher, messages: &str) {
    present(bencher, 200, messages, false);
}

#[divan::bench(args = [DENSE, EVENTS], sample_count = 10, sample_size = 1)]
fn batch_and_learning(bencher: Bencher, messages: &str) {
    present(bencher, 200, messages, true);
}
