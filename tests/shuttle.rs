//! Actors under a model checker that tries the orders in which threads may run: `cargo test --features shuttle --test
//! shuttle`. Coordinator, mailboxes, stops and quiet run on its channels, locks, atomics and threads.
//!
//! `GNCN_ORDERS` is how many orders of each kind are tried (300 where it is not set).

use gncn::circuit::{Circuit, ExecutorKind, Fire, Schedule, Settling, Stopping};
use gncn::episode::Episode;
use gncn::executor::{Observed, Observer, SettleError, SettleOptions, Settled, Settler, StopFlag};
use gncn::matrix::Matrix;
use gncn::network::Network;
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const TEXT: &[u8] = br#"Circuit(
    name: "small",
    layers: {
        "z0": (size: 3, sense: "x"),
        "z1": (size: 2, beta: 0.2, leak: 1.0),
        "z2": (size: 2, beta: 0.2, leak: 1.0),
    },
    projections: [
        (from: "z1", to: "z0", feedback: Transposed),
        (from: "z2", to: "z1", feedback: Transposed),
    ],
    init: Gaussian(sd: 0.2),
)"#;

fn orders() -> usize {
    std::env::var("GNCN_ORDERS").map_or(300, |text| text.parse().expect("a whole number"))
}

/// Asks for a stop at some firing.
struct StopAt(u64, AtomicU64, StopFlag);

impl Observer for StopAt {
    fn fired(&self, _: &Observed<'_>) {
        if self.1.fetch_add(1, Ordering::SeqCst) + 1 == self.0 {
            self.2.request();
        }
    }
}

fn settle(schedule: &Schedule, stopping: Stopping, stop_at: u64) -> (Result<Settled, SettleError>, Vec<u32>) {
    let circuit = Circuit::parse(TEXT).expect("sound");
    let mut network = Network::new(Arc::new(circuit.clone()), 3);
    let data = Matrix::from_fn(2, 3, |i, j| (i + j) as f32 * 0.3 - 0.4);
    let episode = Episode::new(&circuit, [("x".to_owned(), data)]).expect("fits");
    let mut settler = Settler::new();
    settler.watch(Arc::new(StopAt(stop_at, AtomicU64::new(0), settler.stop_flag())));
    let settling =
        Settling { schedule: schedule.clone(), executor: ExecutorKind::Threads, ..Settling::plain(stopping) };
    let options = SettleOptions { record: true, ..SettleOptions::default() };
    let settled = settler.settle(&mut network, &episode, &settling, options);
    let states = (1..3).flat_map(|layer| {
        let state = settler.activities().state(network.wiring(), gncn::circuit::LayerId(layer));
        state.as_slice().iter().map(|v| v.to_bits()).collect::<Vec<_>>()
    });
    let states = states.collect();
    (settled, states)
}

fn try_orders(run: impl Fn() + Send + Sync + Clone + 'static) {
    // Firings need more of a stack than the checker gives.
    let config = || {
        let mut config = Config::new();
        config.stack_size = 1 << 21;
        config
    };
    Runner::new(RandomScheduler::new(orders()), config()).run(run.clone());
    Runner::new(PctScheduler::new(3, orders()), config()).run(run);
}

const SCHEDULES: [Schedule; 5] = [
    Schedule::Bounded { staleness: 0 },
    Schedule::Bounded { staleness: 2 },
    Schedule::Free { fire: Fire::OnAny },
    Schedule::Free { fire: Fire::OnAll },
    Schedule::Free { fire: Fire::OnAnswer },
];

#[test]
fn every_run_ends_with_all_updates_made() {
    for schedule in SCHEDULES {
        try_orders(move || {
            let (settled, _) = settle(&schedule, Stopping::Steps(4), u64::MAX);
            let settled = settled.expect("settles");
            assert_eq!(settled.steps, 4);
            for link in &settled.account.links {
                assert_eq!(link.sent, link.used + link.overwritten + link.dropped + link.in_flight);
            }
        });
    }
}

#[test]
fn lock_step_has_the_same_bits_in_any_order() {
    let (_, expected) = settle(&Schedule::Synchronous, Stopping::Steps(4), u64::MAX);
    try_orders(move || {
        let (settled, found) = settle(&Schedule::Bounded { staleness: 0 }, Stopping::Steps(4), u64::MAX);
        settled.expect("settles");
        assert_eq!(found, expected);
    });
}

#[test]
fn a_stop_at_any_firing_ends_the_run() {
    for schedule in SCHEDULES {
        for firing in [1, 2, 7, 13, 14, 15, 16, 17, 18] {
            let schedule = schedule.clone();
            try_orders(move || {
                let (settled, _) = settle(&schedule, Stopping::Steps(4), firing);
                assert!(matches!(settled, Ok(_) | Err(SettleError::Stopped { .. })), "{settled:?}");
            });
        }
    }
}

#[test]
fn quiet_is_found_and_is_quiet() {
    for schedule in SCHEDULES {
        try_orders(move || {
            let tolerance = 0.02;
            let (settled, _) = settle(&schedule, Stopping::Quiet { tolerance, max_steps: 200 }, u64::MAX);
            let settled = settled.expect("settles");
            assert_eq!(settled.quiet, Some(true), "after {} steps", settled.steps);
            assert!(settled.movement <= tolerance);
        });
    }
}
