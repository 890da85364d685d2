//! Messages that come late, out of order, or not at all: what they tell is not lost, and quiet is quiet.
//!
//! `GNCN_SEEDS` is how many seeds are tried of each kind of lateness (40 where it is not set).

use crate::account::pair;
use crate::asked::count;
use crate::conformance::Scenario;
use crate::quiet::{calm, next_movement};
use gncn::circuit::{Delay, ExecutorKind, Schedule, Settling, Stopping, VirtualTime};
use gncn::executor::{Measure, Observed, Observer, SettleOptions, Settled, Settler};
use gncn::matrix::Matrix;
use gncn::params::Messages;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

fn seeds() -> u64 {
    count("GNCN_SEEDS", 40) as u64
}

/// Kinds of lateness, with how events have to be sent there.
fn kinds() -> Vec<(&'static str, VirtualTime, Option<u64>)> {
    let late = |delay, drop| VirtualTime { delay, drop, ..VirtualTime::default() };
    vec![
        ("Uniform(0, 8)", late(Delay::Uniform(0, 8), 0.0), None),
        ("Exponential(2.0)", late(Delay::Exponential(2.0), 0.0), None),
        ("drop 0.1", late(Delay::Fixed(0), 0.1), Some(10)),
        ("drop 0.3", late(Delay::Fixed(0), 0.3), Some(10)),
    ]
}

fn settle(scenario: &Scenario, settler: &mut Settler, time: VirtualTime, messages: Messages) -> (Settled, Vec<Matrix>) {
    let settling = Settling {
        stopping: Stopping::Steps(150),
        messages,
        ..scenario.settling(Schedule::VirtualTime(Box::new(time)), ExecutorKind::Threads)
    };
    let options = SettleOptions { measure: Measure::Readout, ..SettleOptions::default() };
    let mut network = scenario.network.clone();
    let settled = settler.settle(&mut network, &scenario.episode, &settling, options).expect("settles");
    let states = scenario.circuit.layers().map(|(id, _)| settler.activities().state(network.wiring(), id)).collect();
    (settled, states)
}

#[test]
fn nothing_stays_where_it_began_and_events_end_where_whole_messages_do() {
    let scenario = pair();
    let mut settler = Settler::new();
    for (kind, time, refresh) in kinds() {
        let mut sums = [0.0, 0.0];
        for seed in 0..seeds() {
            let time = VirtualTime { seed, ..time.clone() };
            for (at, messages) in
                [Messages::Dense, Messages::Events { threshold: 0.0, refresh }].into_iter().enumerate()
            {
                let (settled, states) = settle(&scenario, &mut settler, time.clone(), messages);
                let far = states[1].as_slice().iter().fold(0.0_f32, |far, v| far.max(v.abs()));
                assert!(far > 0.05, "{kind}, seed {seed}, {messages:?}: h stays at rest ({far})");
                sums[at] += settled.energies.sums[0][0];
            }
        }
        let [dense, events] = sums;
        println!("{kind}: F {} with whole messages, {} with events", dense / seeds() as f64, events / seeds() as f64);
        assert!((events - dense).abs() <= 0.01 * dense.abs(), "{kind}: {events} for {dense}");
    }
}

/// The mismatches of the last two firings of each error population: the last of the schedule, and the readout.
#[derive(Default)]
struct Mismatches(Mutex<BTreeMap<usize, [Vec<f32>; 2]>>);

impl Observer for Mismatches {
    fn fired(&self, firing: &Observed<'_>) {
        let Some(mismatch) = firing.mismatch else { return };
        let mut seen = self.0.lock().expect("nobody panics");
        let [before, last] = seen.entry(firing.population.0).or_default();
        *before = std::mem::replace(last, mismatch.as_slice().to_vec());
    }
}

/// States fall silent, and all that they sent arrives (a lossy link gets a whole vector now and then, and with it the
/// last word): then an error population that goes on firing knows what the readout tells it.
#[test]
fn once_all_is_delivered_receivers_have_what_senders_sent() {
    let scenario = pair();
    let wiring = scenario.network.wiring();
    let (h, widest) = (wiring.find("h").expect("there"), 4.0 * 1.5);
    for (kind, time, refresh) in kinds().into_iter().filter(|(_, time, _)| time.drop == 0.0) {
        for threshold in [0.0, 0.01] {
            for seed in 0..seeds() {
                let silent = VirtualTime { seed, until: Some(300), lesions: vec![(h, 90)], ..time.clone() };
                let watch = Arc::new(Mismatches::default());
                let mut settler = Settler::new();
                settler.watch(watch.clone());
                settle(&scenario, &mut settler, silent, Messages::Events { threshold, refresh });
                for [before, readout] in watch.0.lock().expect("nobody panics").values() {
                    let far = before.iter().zip(readout).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                    let most = threshold * widest + 1e-5;
                    assert!(far <= most, "{kind}, θ = {threshold}, seed {seed}: {far} where {most} is the most");
                }
            }
        }
    }
}

#[test]
fn quiet_under_delay_loss_and_events_is_quiet() {
    const TOLERANCE: f32 = 1e-4;
    let (scenario, mut settler) = (calm(), Settler::new());
    let (mut stops, mut runs) = (0, 0);
    for (kind, time, refresh) in kinds() {
        for messages in [
            Messages::Dense,
            Messages::Events { threshold: 0.0, refresh },
            Messages::Events { threshold: 1e-6, refresh },
        ] {
            for seed in 0..seeds() {
                let settling = Settling {
                    stopping: Stopping::Quiet { tolerance: TOLERANCE, max_steps: 3000 },
                    messages,
                    ..scenario.settling(
                        Schedule::VirtualTime(Box::new(VirtualTime { seed, ..time.clone() })),
                        ExecutorKind::Threads,
                    )
                };
                let (found, settled) = scenario.run(&mut settler, &settling, false).expect("settles");
                runs += 1;
                if settled.quiet == Some(true) {
                    stops += 1;
                    let left = next_movement(&scenario, &found);
                    let what = format!("{kind}, {messages:?}, seed {seed}");
                    assert!(left <= 2.0 * f64::from(TOLERANCE), "{what}: would still move by {left}");
                }
            }
        }
    }
    println!("{stops} of {runs} runs came to rest");
    assert!(stops * 20 >= runs * 19, "{stops} of {runs}");
}

#[test]
fn memory_does_not_grow_with_steps_that_are_not_made() {
    let scenario = calm();
    let order = crate::conformance::free_populations(&scenario);
    for schedule in [Schedule::Sweep { order }, Schedule::VirtualTime(Box::default())] {
        let settling = Settling {
            stopping: Stopping::Quiet { tolerance: 1e-3, max_steps: 1_000_000_000 },
            ..scenario.settling(schedule, ExecutorKind::Threads)
        };
        let (_, settled) = scenario.run(&mut Settler::new(), &settling, false).expect("settles");
        assert_eq!(settled.quiet, Some(true));
        assert!(settled.steps < 1000, "{}", settled.steps);
    }
}
