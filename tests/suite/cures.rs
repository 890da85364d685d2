//! Steps that wait for their answers, and momentum: what they promise, and that they help.

use crate::conformance::{Scenario, all_promises_hold, golden};
use gncn::circuit::{Circuit, Delay, ExecutorKind, Fire, Schedule, Settling, Stopping, VirtualTime};
use gncn::episode::Episode;
use gncn::executor::{Measure, SettleOptions, Settled, Settler};
use gncn::matrix::Matrix;
use gncn::network::Network;
use std::sync::Arc;

/// A scenario with more options for each layer that moves.
fn with(scenario: Scenario, options: &str) -> Scenario {
    let text = scenario.circuit.to_ron().replace("beta:", &format!("{options}, beta:"));
    let circuit = Circuit::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{options}: {error}"));
    let network = Network::with_weights(Arc::new(circuit.clone()), &scenario.network.tensors()).expect("weights fit");
    Scenario { circuit, network, ..scenario }
}

/// A chain that lock-step just bears: β times its curvature is near 2 below, and its lowest curvature is small.
fn stiff() -> Scenario {
    let text = br#"Circuit(
        name: "stiff",
        layers: {
            "z0": (size: 12, sense: "x"),
            "z1": (size: 8, activation: Tanh, derivative: true, beta: 0.3),
            "z2": (size: 5, activation: Tanh, derivative: true, beta: 0.3),
        },
        projections: [
            (from: "z1", to: "z0", feedback: Transposed),
            (from: "z2", to: "z1", feedback: Transposed),
        ],
        init: Gaussian(sd: 0.4),
    )"#;
    let circuit = Circuit::parse(text).expect("sound");
    let network = Network::new(Arc::new(circuit.clone()), 3);
    let data = Matrix::from_fn(5, 12, |i, j| ((i * 5 + j * 3) % 7) as f32 * 0.2 - 0.5);
    let episode = Episode::new(&circuit, [("x".to_owned(), data)]).expect("fits");
    Scenario { name: "stiff".to_owned(), seed: 0, circuit, network, episode }
}

fn settle(scenario: &Scenario, schedule: Schedule, stopping: Stopping) -> (Vec<Matrix>, Settled) {
    let settling = Settling { schedule, executor: ExecutorKind::Tasks, ..Settling::plain(stopping) };
    let mut network = scenario.network.clone();
    let options = SettleOptions { measure: Measure::Readout, ..SettleOptions::default() };
    let mut settler = Settler::new();
    let settled = settler.settle(&mut network, &scenario.episode, &settling, options).expect("settles");
    let states = scenario.circuit.layers().map(|(id, _)| settler.activities().state(network.wiring(), id)).collect();
    (states, settled)
}

/// F of all samples and layers together after so many updates.
fn energy(scenario: &Scenario, schedule: Schedule, steps: usize) -> f64 {
    let (_, settled) = settle(scenario, schedule, Stopping::Steps(steps));
    settled.energies.sums.last().expect("measured").iter().sum()
}

/// F of all samples and layers together before the first update.
fn begun(scenario: &Scenario) -> f64 {
    let options = SettleOptions { measure: Measure::EveryStep, ..SettleOptions::default() };
    let settling = Settling::plain(Stopping::Steps(1));
    let settled = Settler::new().settle(&mut scenario.network.clone(), &scenario.episode, &settling, options);
    settled.expect("settles").energies.sums[0].iter().sum()
}

fn late(ticks: u64) -> Schedule {
    Schedule::VirtualTime(Box::new(VirtualTime { delay: Delay::Fixed(ticks), ..VirtualTime::default() }))
}

#[test]
fn every_promise_holds_with_answered_steps_and_momentum() {
    let options = "step: Answered, momentum: 0.6";
    all_promises_hold(golden().into_iter().chain([stiff()]).map(|scenario| with(scenario, options)));
}

/// The first firing waits for nothing, finds rest, and stays there; from then on one firing in 2k + 1 is an update.
#[test]
fn answered_steps_are_those_of_lock_step_however_late_messages_are() {
    for scenario in golden().into_iter().chain([stiff()]) {
        let scenario = with(scenario, "step: Answered, momentum: 0.5");
        let (lockstep, _) = settle(&scenario, Schedule::Synchronous, Stopping::Steps(7));
        for k in [0_u64, 1, 2, 5] {
            let wasted = usize::from(k > 0);
            let steps = 7 * (2 * k as usize + 1) + wasted;
            let (states, _) = settle(&scenario, late(2 * k), Stopping::Steps(steps));
            assert!(states == lockstep, "{}, lateness {k}: other states than lock-step", scenario.name);
        }
    }
}

#[test]
fn lateness_that_drives_a_circuit_apart_is_borne() {
    let given = stiff();
    let (answered, momentum) = (with(stiff(), "step: Answered"), with(stiff(), "step: Answered, momentum: 0.8"));
    let start = energy(&given, Schedule::Synchronous, 1);
    let rest = energy(&given, Schedule::Synchronous, 2000);
    for ticks in [2, 4, 8, 16] {
        let updates = |scenario, updates| energy(scenario, late(ticks), updates * (ticks as usize + 1) + 1);
        assert!(energy(&given, late(ticks), 400) > start, "{ticks} ticks are borne as they are");
        let (plain, heavy) = (updates(&answered, 100) - rest, updates(&momentum, 100) - rest);
        assert!(plain < 0.3 * (start - rest) && heavy < 0.7 * plain, "{ticks} ticks: {plain}, {heavy} above rest");
    }
}

#[test]
fn free_actors_that_wait_for_answers_come_to_the_rest_of_lock_step() {
    let scenario = with(stiff(), "step: Answered, momentum: 0.8");
    let rest = energy(&stiff(), Schedule::Synchronous, 2000);
    for fire in [Fire::OnAny, Fire::OnAll, Fire::OnAnswer] {
        for schedule in [Schedule::Free { fire }, Schedule::Bounded { staleness: 4 }] {
            let found = energy(&scenario, schedule.clone(), 2000);
            assert!((found - rest).abs() < 0.01 * rest.abs(), "{schedule:?}: {found} for {rest}");
        }
    }
}

/// Error populations run ahead under a loose bound, and have finished before their last answers are taken. Who took that for
/// leave to move would make a step on the same old mismatch at every firing that is left.
#[test]
fn who_is_bounded_loosely_does_not_move_unanswered() {
    let scenario = with(stiff(), "step: Answered, momentum: 0.9");
    let begun = begun(&scenario);
    for (staleness, steps) in [(4, 20), (16, 50), (16, 200), (64, 70)] {
        for _ in 0..5 {
            let found = energy(&scenario, Schedule::Bounded { staleness }, steps);
            assert!(found <= 1.001 * begun, "staleness {staleness}, {steps} firings: {found}, but began at {begun}");
        }
    }
}

/// A sender that has fallen silent is waited for in vain, for a while.
#[test]
fn who_never_answers_is_given_up() {
    let scenario = with(stiff(), "step: Answered");
    let silent = scenario.network.wiring().find("z1.error").expect("there");
    let time = VirtualTime { lesions: vec![(silent, 0)], ..VirtualTime::default() };
    let steps = |steps| settle(&scenario, Schedule::VirtualTime(Box::new(time.clone())), Stopping::Steps(steps)).0;
    assert!(steps(10)[1] == steps(2)[1] && steps(30)[1] != steps(10)[1], "z1 goes on without what is silent");
}

#[test]
fn quiet_with_momentum_is_quiet() {
    let scenario = with(crate::quiet::calm(), "step: Answered, momentum: 0.7");
    for schedule in [Schedule::Synchronous, late(4), Schedule::Free { fire: Fire::OnAny }] {
        let stopping = Stopping::Quiet { tolerance: 1e-4, max_steps: 5000 };
        let (states, settled) = settle(&scenario, schedule.clone(), stopping);
        assert_eq!(settled.quiet, Some(true), "{schedule:?}");
        let (rest, _) = settle(&scenario, Schedule::Synchronous, Stopping::Steps(3000));
        let far = states.iter().zip(&rest).flat_map(|(a, b)| a.as_slice().iter().zip(b.as_slice()));
        let far = far.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(far < 0.02, "{schedule:?}: {far} from rest");
    }
}

#[test]
fn what_cannot_be_is_refused() {
    for (options, words) in [("momentum: 1.0", "momentum"), ("momentum: 0.5, noise: Gaussian(sd: 1.0)", "noise")] {
        let text = stiff().circuit.to_ron().replacen("beta:", &format!("{options}, beta:"), 1);
        let error = Circuit::parse(text.as_bytes()).expect_err(options).to_string();
        assert!(error.contains("momentum") && error.contains(words), "{error}");
    }
}

/// An error population that is predicted from the past alone by whom it sends its mismatch to hears nothing of it while an
/// episode lasts, so that it can't answer.
#[test]
fn who_cannot_answer_is_not_waited_for() {
    let text = br#"Circuit(
        name: "past",
        layers: {
            "x": (size: 6, sense: "x"),
            "h": (size: 4, beta: 0.1, step: Answered),
            "top": (size: 3, beta: 0.1, step: Answered),
        },
        projections: [
            (from: "h", to: "x", feedback: Transposed),
            (from: "top", to: "h", feedback: Transposed),
            (from: "top", to: "x", feedback: Learned(rate: 1.0), delay: 1),
        ],
        init: Gaussian(sd: 0.4),
    )"#;
    let circuit = Circuit::parse(text).expect("sound");
    let network = Network::new(Arc::new(circuit.clone()), 3);
    let data = Matrix::from_fn(2, 6, |i, j| ((i * 5 + j * 3) % 7) as f32 * 0.2 - 0.5);
    let episode = Episode::new(&circuit, [("x".to_owned(), data)]).expect("fits");
    let scenario = Scenario { name: "past".to_owned(), seed: 0, circuit, network, episode };
    let rest = energy(&scenario, Schedule::Synchronous, 1500);
    // Two firings late, each fifth one moves.
    let schedules = [
        (late(4), 5 * 1500 + 1),
        (Schedule::Free { fire: Fire::OnAny }, 1500),
        (Schedule::Free { fire: Fire::OnAnswer }, 1500),
    ];
    for (schedule, firings) in schedules {
        let found = energy(&scenario, schedule.clone(), firings);
        assert!((found - rest).abs() < 0.01 * rest.abs(), "{schedule:?}: {found} for {rest}");
    }
}
