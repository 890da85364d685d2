//! The same short settle under every schedule. Items are samples.
//!
//! The batch is one shard, so that lock-step, sweeps and virtual time run on one thread, and actors on as many as there
//! are. A population that has heard nothing new since it last fired does not compute its drive again: under
//! `Bounded(staleness: 2)` about half of the work is not done, so that a settle is shorter because it is another one.

#[path = "common/circuits.rs"]
mod circuits;

use divan::Bencher;
use divan::counter::ItemsCount;
use gncn::executor::{SettleOptions, Settler};

/// One shard.
const BATCH: usize = 50;
const STEPS: &str = "steps: 10";

const SCHEDULES: &[&str] = &[
    "Synchronous",
    "Bounded(staleness: 0)",
    "Bounded(staleness: 2)",
    "Free",
    r#"Sweep(order: ["z0.error", "z1.error", "z2.error", "z1", "z2", "z3"])"#,
    "VirtualTime()",
    "VirtualTime(delay: Uniform(0, 3), drop: 0.1, seed: 1)",
];

fn main() {
    divan::main();
}

fn settle(bencher: Bencher, schedule: &str, executor: &str) {
    let settling = format!("schedule: {schedule}, executor: {executor}");
    let circuit = circuits::circuit(&[("steps: 50", STEPS), ("schedule: Synchronous", &settling)]);
    let (mut network, episode) = circuits::network(circuit, BATCH);
    let settling = network.circuit().settling().clone();
    let mut settler = Settler::new();
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        settler.settle(&mut network, &episode, &settling, SettleOptions::default()).expect("the circuit settles")
    });
}

#[divan::bench(args = SCHEDULES, sample_count = 30, sample_size = 1)]
fn schedule(bencher: Bencher, schedule: &str) {
    settle(bencher, schedule, "Threads");
}

#[divan::bench(args = &SCHEDULES[1..4], sample_count = 30, sample_size = 1)]
fn on_tasks(bencher: Bencher, schedule: &str) {
    settle(bencher, schedule, "Tasks");
}

/// A recorded run of `Free`, again.
#[divan::bench(sample_count = 30, sample_size = 1)]
fn replay(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("the system gives a temporary folder");
    let path = folder.path().join("free.gncnlog");
    let circuit = circuits::circuit(&[("steps: 50", STEPS), ("schedule: Synchronous", "schedule: Free")]);
    let (mut network, episode) = circuits::network(circuit, BATCH);
    let settling = network.circuit().settling().clone();
    let options = SettleOptions { record: true, ..SettleOptions::default() };
    let settled = Settler::new().settle(&mut network, &episode, &settling, options).expect("the circuit settles");
    settled.log.expect("it was asked for").save(&path).expect("the temporary folder takes a file");
    settle(bencher, &format!("Replay({path:?})"), "Threads");
}
