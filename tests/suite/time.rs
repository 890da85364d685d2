//! Time: frames that are episodes one after the other (`per_frame`), and projections that predict from frames before
//! (`delay`). Settling against a slow twin, carried states and optimisers against one long call, and the command line.

use crate::conformance::{self, Scenario};
use crate::dynamics::Twin;
use crate::options::{off, places, sweep};
use crate::properties::{self, Dice, Kind};
use gncn::circuit::file::CircuitFile;
use gncn::circuit::{Circuit, Schedule, Settling};
use gncn::episode::Episode;
use gncn::executor::{Presentation, SettleOptions, Settler, recalled};
use gncn::network::Network;
use gncn::params::{Feedback, Messages, Optimizer};
use std::sync::Arc;

/// Updates of a frame.
const UPDATES: usize = 4;

/// A random circuit that settles frame by frame, with delays.
fn late(kind: Kind, seed: u64) -> Circuit {
    let mut file = CircuitFile::from(&properties::circuit(kind, seed));
    let mut dice = Dice::new("test.time", seed);
    for projection in &mut file.projections {
        if dice.chance(0.5) {
            projection.delay = Some(dice.between(1, 3));
            if !matches!(projection.feedback, Feedback::Silent | Feedback::Learned { .. }) {
                projection.feedback = dice.pick(&[Feedback::Silent, Feedback::Learned { rate: 0.5 }]);
            }
        }
    }
    (file.settling.steps, file.settling.until, file.settling.per_frame) = (None, None, Some(UPDATES));
    file.learning.optimizer = Optimizer::Sgd { rate: 0.01 };
    file.check().unwrap_or_else(|error| panic!("{seed}: {error}"))
}

/// Frames that show the same senses, with other masks.
fn frames(circuit: &Circuit, rows: usize, count: usize, seed: u64) -> Vec<Episode<'static>> {
    (0..count as u64).map(|frame| properties::episode(Kind::Tame, circuit, rows, 31 * seed + frame)).collect()
}

fn options(frame: usize) -> SettleOptions {
    SettleOptions { presentation: Presentation::default().frame(frame), ..SettleOptions::default() }
}

#[test]
fn frames_equal_a_slow_twin_under_every_schedule() {
    const FRAMES: usize = 4;
    let (mut compared, mut delays) = (0, 0);
    for seed in 0..150 {
        let circuit = late(Kind::Tame, seed);
        let network = properties::network(&circuit, seed);
        let episodes = frames(&circuit, 1 + (seed % 3) as usize, FRAMES, seed);
        let order = sweep(&circuit);
        let Some(expected) = expected(&network, &episodes, None) else { continue };
        let Some(swept) = expected_swept(&network, &episodes, &order) else { continue };
        compared += 1;
        delays += circuit.projections().iter().filter(|p| p.delay().is_some()).count();
        for messages in [Messages::Dense, Messages::events(0.0)] {
            for (schedule, expected) in [
                (Schedule::Synchronous, &expected),
                (Schedule::Bounded { staleness: 0 }, &expected),
                (Schedule::VirtualTime(Box::default()), &expected),
                (Schedule::Sweep { order: order.clone() }, &swept),
            ] {
                let settling = Settling { schedule, messages, ..circuit.settling().clone() };
                let furthest = distance(&network, &episodes, &settling, expected);
                assert!(furthest < 5e-6, "seed {seed}: {:?}, {messages:?}: {furthest:e}", settling.schedule);
            }
        }
    }
    assert!(compared > 50 && delays > 60, "{compared} circuits with {delays} delays");
}

/// States and mismatches of the twin, by frame, row and layer; `None` where f32 and f64 may part.
type Expected = Vec<Vec<(Vec<Vec<f64>>, Vec<Vec<f64>>)>>;

fn expected(
    network: &Network,
    episodes: &[Episode],
    order: Option<&[gncn::circuit::PopulationId]>,
) -> Option<Expected> {
    let rows = episodes[0].rows();
    let mut all: Expected = episodes.iter().map(|_| Vec::new()).collect();
    for row in 0..rows {
        let mut twin = Twin::new(network);
        let mut z = twin.starts(&episodes[0], row);
        for (frame, episode) in episodes.iter().enumerate() {
            let from = if frame == 0 { z } else { twin.goes_on(&z, episode, row) };
            z = match order {
                None => twin.settle_from(from, episode, row, UPDATES).0,
                Some(order) => twin.sweep_from(from, episode, row, UPDATES, &places(network.circuit(), order)),
            };
            let mismatch = twin.errors(&z).mismatch;
            if z.iter().chain(&mismatch).flatten().any(|v| v.is_nan() || v.abs() > 4.0) {
                return None;
            }
            all[frame].push((z.clone(), mismatch));
            twin.remember(&z);
        }
        if twin.margin() < 1e-4 {
            return None;
        }
    }
    Some(all)
}

fn expected_swept(network: &Network, episodes: &[Episode], order: &[gncn::circuit::PopulationId]) -> Option<Expected> {
    expected(network, episodes, Some(order))
}

fn distance(network: &Network, episodes: &[Episode], settling: &Settling, expected: &Expected) -> f64 {
    let (mut settler, mut network, mut furthest) = (Settler::new(), network.clone(), 0.0_f64);
    for (frame, (episode, expected)) in episodes.iter().zip(expected).enumerate() {
        settler.settle(&mut network, episode, settling, options(frame)).expect("settles");
        let (activities, wiring) = (settler.activities(), network.wiring());
        for (row, (z, mismatch)) in expected.iter().enumerate() {
            for (id, _) in network.circuit().layers() {
                furthest = furthest.max(off(activities.state(wiring, id).row(row), &z[id.0]));
                if let Some(e) = activities.mismatch(wiring, id) {
                    furthest = furthest.max(off(e.row(row), &mismatch[id.0]));
                }
            }
        }
    }
    furthest
}

#[test]
fn every_promise_holds_on_circuits_with_delays() {
    let scenario = |seed| {
        let circuit = late(Kind::Tame, seed);
        let network = properties::network(&circuit, seed);
        let episode = properties::episode(Kind::Tame, &circuit, 1 + (seed % 3) as usize, seed);
        Scenario { name: format!("delays {seed}"), seed, circuit, network, episode }
    };
    conformance::all_promises_hold((0..12).map(scenario));
}

#[test]
fn a_split_sequence_gives_the_bits_of_the_whole() {
    let mut split = 0;
    for seed in 0..30 {
        let circuit = late(Kind::Tame, seed);
        let mut network = properties::network(&circuit, seed);
        let episodes = frames(&circuit, 2, 5, seed);
        let settling = circuit.settling();
        let bits = |settler: &Settler, network: &Network| {
            let states = settler.activities().states(network.wiring());
            states.iter().flat_map(|z| z.as_slice().to_vec()).map(f32::to_bits).collect::<Vec<_>>()
        };
        let mut whole = Settler::new();
        let mut halves = Vec::new();
        let mut states = Vec::new();
        for (frame, episode) in episodes.iter().enumerate() {
            if whole.settle(&mut network, episode, settling, options(frame)).is_err() {
                break;
            }
            halves.push(bits(&whole, &network));
            states.push(whole.activities().states(network.wiring()));
        }
        if halves.len() < episodes.len() {
            continue;
        }
        split += 1;
        // A frame by itself goes on where it is told what was before.
        let at = 3;
        let mut other = Settler::new();
        other.start_at(states[at - 1].clone());
        other.look_back_at(states[..at].iter().rev().map(|states| recalled(&circuit, states)));
        let last = Settling { start: gncn::params::Start::Last, ..settling.clone() };
        for (frame, episode) in episodes[at..].iter().enumerate() {
            other.settle(&mut network, episode, &last, options(frame)).expect("settled before");
            assert_eq!(bits(&other, &network), halves[at + frame], "seed {seed}, frame {}", at + frame);
        }
        // And a first frame knows nothing of another sequence.
        other.settle(&mut network, &episodes[0], settling, options(0)).expect("settled before");
        assert_eq!(bits(&other, &network), halves[0], "seed {seed}: the first frame again");
    }
    assert!(split > 15, "{split}");
}

#[test]
fn a_replay_is_of_one_frame() {
    let circuit = late(Kind::Tame, 1);
    let mut network = properties::network(&circuit, 1);
    let episodes = frames(&circuit, 1, 2, 1);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    let mut settler = Settler::new();
    let recorded = SettleOptions { record: true, ..options(0) };
    let settled = settler.settle(&mut network, &episodes[0], circuit.settling(), recorded).expect("settles");
    settled.log.expect("recorded").save(&path).expect("saved");
    let settling = Settling { schedule: Schedule::Replay(path), ..circuit.settling().clone() };
    let mut again = Settler::new();
    again.settle(&mut network, &episodes[0], &settling, options(0)).expect("replays");
    assert_eq!(again.activities().states(network.wiring()), settler.activities().states(network.wiring()));
    let error = again.settle(&mut network, &episodes[1], &settling, options(1)).expect_err("two frames");
    assert!(error.is_request() && error.to_string().contains("replay each frame by itself"), "{error}");
    let _ = Arc::clone(network.circuit());
}
