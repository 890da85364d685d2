//! Quiet: a run that is to end at rest ends there, under every schedule, neither early nor never.
//!
//! `GNCN_RUNS` is how many free runs are made on each executor (40 where it is not set).

use crate::asked::count;
use crate::conformance::{Outcome, Scenario, free_populations};
use gncn::circuit::{Circuit, Delay, ExecutorKind, Fire, Schedule, Settling, Stopping, VirtualTime};
use gncn::episode::Episode;
use gncn::executor::{Settled, Settler};
use gncn::matrix::Matrix;
use gncn::network::Network;
use std::sync::Arc;

/// A circuit that comes to rest however old its messages are: the leak outweighs all feedback.
pub(crate) fn calm() -> Scenario {
    let text = br#"Circuit(
        name: "calm",
        layers: {
            "z0": (size: 6, sense: "x"),
            "z1": (size: 4, beta: 0.1, leak: 1.0),
            "z2": (size: 3, beta: 0.1, leak: 1.0),
        },
        projections: [
            (from: "z1", to: "z0", feedback: Transposed),
            (from: "z2", to: "z1", feedback: Transposed),
        ],
        init: Gaussian(sd: 0.15),
    )"#;
    let circuit = Circuit::parse(text).expect("sound");
    let network = Network::new(Arc::new(circuit.clone()), 3);
    let data = Matrix::from_fn(5, 6, |i, j| ((i * 5 + j * 3) % 7) as f32 * 0.2 - 0.5);
    let episode = Episode::new(&circuit, [("x".to_owned(), data)]).expect("fits");
    Scenario { name: "calm".to_owned(), seed: 0, circuit, network, episode }
}

const TOLERANCE: f32 = 1e-4;

/// Far more than the dozens of steps that `calm` takes to rest.
const MOST: usize = 5000;

/// Settles until quiet, and looks at what is left to move.
fn comes_to_rest(scenario: &Scenario, settler: &mut Settler, schedule: &Schedule, executor: ExecutorKind) -> Settled {
    let quiet = Stopping::Quiet { tolerance: TOLERANCE, max_steps: MOST };
    let settling = Settling { stopping: quiet, ..scenario.settling(schedule.clone(), executor) };
    let (found, settled) = scenario.run(settler, &settling, false).expect("settles");
    let what = format!("{schedule:?} on {executor:?}");
    assert_eq!(settled.quiet, Some(true), "{what}: never found quiet: {:?}", settled.account.populations);
    assert!(settled.steps < MOST, "{what}: {:?}", settled.account.populations);
    assert!(settled.movement <= TOLERANCE, "{what}: moved by {} at its end", settled.movement);
    let left = next_movement(scenario, &found);
    assert!(left <= f64::from(TOLERANCE), "{what}: would still move by {left}");
    settled
}

/// The largest movement of a lock-step update from where a run of `calm` stopped: the mismatches of the readout, and the
/// equation of a state.
pub(crate) fn next_movement(scenario: &Scenario, found: &Outcome) -> f64 {
    let (z, mut largest) = (&found.states, 0.0_f64);
    for (k, name, beta) in [(1, "z1_to_z0", 0.1_f64), (2, "z2_to_z1", 0.1)] {
        let w = &scenario.network.tensors()[&format!("{name}.generative")];
        let below = found.mismatches[k - 1].as_ref().expect("predicted");
        for i in 0..z[k].rows() {
            for j in 0..z[k].cols() {
                let up: f64 = (0..w.rows()).map(|s| f64::from(below.row(i)[s]) * f64::from(w.row(s)[j])).sum();
                let own = found.mismatches[k].as_ref().map_or(0.0, |e| f64::from(e.row(i)[j]));
                largest = largest.max((beta * (up - own - f64::from(z[k].row(i)[j]))).abs());
            }
        }
    }
    largest
}

#[test]
fn quiet_is_neither_early_nor_never() {
    let (scenario, mut settler) = (calm(), Settler::new());
    let slow = VirtualTime { delay: Delay::Uniform(0, 6), drop: 0.1, ..VirtualTime::default() };
    let bounded = Schedule::Bounded { staleness: 3 };
    for (schedule, executor, times) in [
        (Schedule::Synchronous, ExecutorKind::Threads, 1),
        (Schedule::Sweep { order: free_populations(&scenario) }, ExecutorKind::Threads, 1),
        (Schedule::VirtualTime(Box::new(slow)), ExecutorKind::Threads, 1),
        (bounded.clone(), ExecutorKind::Threads, 20),
        (bounded, ExecutorKind::Tasks, 20),
    ] {
        for _ in 0..times {
            comes_to_rest(&scenario, &mut settler, &schedule, executor);
        }
    }
}

#[test]
fn free_runs_stop_neither_early_nor_never() {
    let (scenario, mut settler) = (calm(), Settler::new());
    let synchronous = comes_to_rest(&scenario, &mut settler, &Schedule::Synchronous, ExecutorKind::Threads).steps;
    for executor in [ExecutorKind::Threads, ExecutorKind::Tasks] {
        let (mut most, mut most_updates) = (0, 0);
        for _ in 0..count("GNCN_RUNS", 40) {
            let settled = comes_to_rest(&scenario, &mut settler, &Schedule::Free { fire: Fire::OnAny }, executor);
            most = most.max(settled.steps);
            most_updates =
                most_updates.max(settled.account.populations.iter().map(|work| work.firings).max().unwrap_or(0));
        }
        println!(
            "{executor:?}: {most} steps' worth and {most_updates} firings at most; in lock-step {synchronous} steps"
        );
        // A state of some depth is at least as near to rest as so many steps bring it; what comes on top is how long
        // it takes until quiet is noticed.
        assert!(most < 20 * synchronous, "{executor:?}: {most} where lock-step takes {synchronous}");
    }
}
