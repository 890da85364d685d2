//! One meaning, many executors: every scenario runs under every schedule, and `Synchronous` is the reference.

use crate::golden::Case;
use crate::properties::{self, Kind};
use crate::quiet::calm;
use gncn::circuit::wiring::{PopulationId, Wiring};
use gncn::circuit::{Circuit, Clock, Delay, ExecutorKind, Schedule, Settling, Stopping, TimeScale, VirtualTime};
use gncn::episode::Episode;
use gncn::executor::{SettleError, SettleOptions, Settled, Settler};
use gncn::matrix::Matrix;
use gncn::network::{Network, Tensors};
use gncn::params::{Activation, Messages};
use std::path::PathBuf;

/// A circuit with weights and data.
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) circuit: Circuit,
    pub(crate) network: Network,
    pub(crate) episode: Episode,
}

/// Everything that a run leaves behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) states: Vec<Matrix>,
    pub(crate) means: Vec<Option<Matrix>>,
    pub(crate) mismatches: Vec<Option<Matrix>>,
    pub(crate) learned: Tensors,
}

impl Outcome {
    /// All of it to the bit, so that a NaN equals itself.
    pub(crate) fn bits(&self) -> Vec<u32> {
        let predicted = self.means.iter().chain(&self.mismatches).flatten();
        let all = self.states.iter().chain(predicted).chain(self.learned.values());
        all.flat_map(Matrix::as_slice).map(|v| v.to_bits()).collect()
    }
}

pub(crate) fn golden() -> Vec<Scenario> {
    let scenario = |case: Case| {
        let circuit = case.circuit("circuit.ron");
        let (network, episode) = (case.network(&circuit), case.episode(&circuit));
        Scenario { name: case.name.clone(), network, episode, circuit }
    };
    Case::all().into_iter().map(scenario).collect()
}

pub(crate) fn random(seeds: std::ops::Range<u64>) -> impl Iterator<Item = Scenario> {
    seeds.map(|seed| {
        let circuit = properties::circuit(Kind::Tame, seed);
        let network = properties::network(&circuit, seed);
        // More than one shard now and then.
        let rows = if seed.is_multiple_of(7) { 60 } else { 1 + (seed % 4) as usize };
        let episode = properties::episode(Kind::Tame, &circuit, rows, seed);
        Scenario { name: format!("random circuit {seed}"), circuit, network, episode }
    })
}

impl Scenario {
    pub(crate) fn settling(&self, schedule: Schedule, executor: ExecutorKind) -> Settling {
        Settling { stopping: Stopping::Steps(12), schedule, executor, messages: Messages::Dense }
    }

    pub(crate) fn run(
        &self,
        settler: &mut Settler,
        settling: &Settling,
        record: bool,
    ) -> Result<(Outcome, Settled), SettleError> {
        let mut network = self.network.clone();
        let options = SettleOptions { learn: true, record, ..SettleOptions::default() };
        let settled = settler.settle(&mut network, &self.episode, settling, options)?;
        let (activities, wiring) = (settler.activities(), network.wiring().clone());
        let ids = || self.circuit.layers().map(|(id, _)| id);
        let (states, means, mismatches) = (
            ids().map(|id| activities.state(&wiring, id)).collect(),
            ids().map(|id| activities.mean(&wiring, id)).collect(),
            ids().map(|id| activities.mismatch(&wiring, id)).collect(),
        );
        if let Err(refused) = network.learn(activities) {
            eprintln!("{}: {refused}", self.name);
        }
        Ok((Outcome { states, means, mismatches, learned: network.tensors() }, settled))
    }

    /// Runs a settling and the reference, and compares.
    fn equals(&self, settler: &mut Settler, settling: &Settling, reference: &Settling) {
        let what = format!("{} under {:?}", self.name, settling.schedule);
        match (self.run(settler, settling, false), self.run(settler, reference, false)) {
            (Ok((found, _)), Ok((expected, _))) => assert!(found.bits() == expected.bits(), "{what}: other bits"),
            // Which of several populations is caught first is left to the actors.
            (Err(SettleError::NotFinite { .. }), Err(SettleError::NotFinite { .. })) => {}
            (found, expected) => panic!("{what}: {:?} where the reference has {:?}", found.err(), expected.err()),
        }
    }
}

pub(crate) fn free_populations(scenario: &Scenario) -> Vec<PopulationId> {
    let wiring = Wiring::new(&scenario.circuit);
    let is_free = |id: &PopulationId| {
        let spec = wiring.population(*id);
        spec.name.ends_with(".error") || !scenario.episode.is_clamped(spec.layer)
    };
    wiring.populations().map(|(id, _)| id).filter(is_free).collect()
}

fn same_bits_as_synchronous(scenarios: impl Iterator<Item = Scenario>) {
    let mut settler = Settler::new();
    for scenario in scenarios {
        let reference = scenario.settling(Schedule::Synchronous, ExecutorKind::Threads);
        let bounded = || Schedule::Bounded { staleness: 0 };
        for settling in [
            scenario.settling(bounded(), ExecutorKind::Threads),
            scenario.settling(bounded(), ExecutorKind::Tasks),
            scenario.settling(Schedule::VirtualTime(Box::default()), ExecutorKind::Threads),
        ] {
            scenario.equals(&mut settler, &settling, &reference);
        }
    }
}

#[test]
fn lock_step_has_the_same_bits_everywhere() {
    same_bits_as_synchronous(golden().into_iter().chain(random(0..60)));
}

/// Virtual time in which the listed populations fire one tick after another.
pub(crate) fn twin_of_sweep(order: &[PopulationId]) -> VirtualTime {
    let period = order.len() as u64;
    let clock = |(phase, id): (usize, &PopulationId)| (*id, Clock { period, phase: phase as u64, jitter: 0 });
    VirtualTime {
        until: Some(period * 12),
        clocks: order.iter().enumerate().map(clock).collect(),
        // Who is not listed never fires.
        clock: Some(Clock { period: 1 << 30, phase: 1 << 30, jitter: 0 }),
        ..VirtualTime::default()
    }
}

#[test]
fn a_sweep_has_the_bits_of_its_twin_in_virtual_time() {
    let mut settler = Settler::new();
    for scenario in golden().into_iter().chain(random(0..40)) {
        let mut order = free_populations(&scenario);
        for _ in 0..2 {
            let twin = Schedule::VirtualTime(Box::new(twin_of_sweep(&order)));
            let sweep = Schedule::Sweep { order: order.clone() };
            let settling = |schedule| scenario.settling(schedule, ExecutorKind::Threads);
            scenario.equals(&mut settler, &settling(sweep), &settling(twin));
            order.reverse();
        }
    }
}

/// Virtual time with everything in it.
pub(crate) fn rough(seed: u64) -> VirtualTime {
    VirtualTime {
        until: Some(40),
        clock: Some(Clock { period: 3, phase: 0, jitter: 2 }),
        delay: [Delay::Fixed(seed % 3), Delay::Uniform(0, 4), Delay::Exponential(1.5)][(seed % 3) as usize],
        drop: 0.2,
        lesions: vec![(PopulationId(0), 20)],
        scale: if seed.is_multiple_of(2) { TimeScale::PerFiring } else { TimeScale::PerTime },
        seed,
        ..VirtualTime::default()
    }
}

fn recordings_replay(scenarios: impl Iterator<Item = Scenario>, folder: PathBuf) -> usize {
    let mut settler = Settler::new();
    let mut replayed = 0;
    for (i, scenario) in scenarios.enumerate() {
        let order = free_populations(&scenario);
        let schedules = [
            (Schedule::Synchronous, ExecutorKind::Threads),
            (Schedule::Bounded { staleness: 2 }, ExecutorKind::Threads),
            (Schedule::Bounded { staleness: 2 }, ExecutorKind::Tasks),
            (Schedule::Free, ExecutorKind::Threads),
            (Schedule::Free, ExecutorKind::Tasks),
            (Schedule::Sweep { order }, ExecutorKind::Threads),
            (Schedule::VirtualTime(Box::new(rough(i as u64))), ExecutorKind::Threads),
        ];
        for (schedule, executor) in schedules {
            for messages in [Messages::Dense, Messages::Events { threshold: 0.02 }] {
                let settling = Settling { messages, ..scenario.settling(schedule.clone(), executor) };
                let Ok((outcome, settled)) = scenario.run(&mut settler, &settling, true) else { continue };
                let path = folder.join("run.log");
                settled.log.expect("recorded").save(&path).expect("saved");
                let replay = scenario.settling(Schedule::Replay(path), ExecutorKind::Threads);
                let (again, _) = scenario.run(&mut settler, &replay, false).expect("a recorded run runs again");
                assert!(
                    outcome.bits() == again.bits(),
                    "{}: replay of {schedule:?} on {executor:?}, {messages:?}",
                    scenario.name
                );
                replayed += 1;
            }
        }
    }
    replayed
}

#[test]
fn recorded_runs_replay_to_the_same_bits() {
    let folder = tempfile::tempdir().expect("folder");
    let replayed = recordings_replay(golden().into_iter().chain(random(100..140)), folder.path().to_owned());
    assert!(replayed > 400, "{replayed}");
}

#[test]
fn virtual_time_matches_the_reference_and_its_seed() {
    for case in Case::all() {
        let circuit = case.circuit("circuit-virtual.ron");
        let mut network = case.network(&circuit);
        let mut settler = Settler::new();
        let options = SettleOptions { record: true, ..SettleOptions::default() };
        let settled =
            settler.settle(&mut network, &case.episode(&circuit), &circuit.settling, options).expect("settles");
        let layer = |name: &str| circuit.find(name).expect("layer");
        let (activities, wiring) = (settler.activities(), network.wiring());
        case.compare("async.", 5e-6, |name| activities.state(wiring, layer(name)));
        case.compare("async_error.", 5e-6, |name| activities.mismatch(wiring, layer(name)).expect("predicted"));
        let log = settled.log.expect("recorded");
        let names = log.firings.iter().map(|firing| log.populations[firing.population].as_str());
        let expected = case.first_firings();
        let mut names = names.peekable();
        for tick in expected {
            let mut found: Vec<_> = names.by_ref().take(tick.len()).collect();
            let mut tick: Vec<_> = tick.iter().map(String::as_str).collect();
            found.sort_unstable();
            tick.sort_unstable();
            assert_eq!(found, tick, "{}", case.name);
        }
    }
}

#[test]
fn free_actors_end_and_make_all_their_updates() {
    let mut settler = Settler::new();
    for scenario in golden().into_iter().chain(random(200..260)) {
        for executor in [ExecutorKind::Threads, ExecutorKind::Tasks] {
            let settling = scenario.settling(Schedule::Free, executor);
            if let Ok((_, settled)) = scenario.run(&mut settler, &settling, false) {
                let free = free_populations(&scenario).iter().any(|id| id.0 < scenario.circuit.layers.len());
                assert_eq!(settled.steps, if free { 12 } else { 0 }, "{}", scenario.name);
                let used: u64 = settled.traffic.iter().map(|link| link.used).sum();
                let aged: u64 = settled.traffic.iter().flat_map(|link| &link.staleness).sum();
                assert!(aged >= used, "{}: every use has an age", scenario.name);
            }
        }
    }
}

#[test]
fn events_of_every_change_equal_whole_messages() {
    let mut settler = Settler::new();
    for scenario in golden().into_iter().chain(random(300..330)) {
        for schedule in
            [Schedule::Synchronous, Schedule::Bounded { staleness: 0 }, Schedule::VirtualTime(Box::default())]
        {
            let dense = scenario.settling(schedule, ExecutorKind::Threads);
            let events = Settling { messages: Messages::Events { threshold: 0.0 }, ..dense.clone() };
            let results = (scenario.run(&mut settler, &dense, false), scenario.run(&mut settler, &events, false));
            let (Ok((dense, _)), Ok((events, _))) = results else { continue };
            // A jump makes a difference of rounding a difference of one.
            let jumps =
                |f: Activation| matches!(f, Activation::KWinners(_) | Activation::Signum | Activation::Heaviside);
            if scenario.circuit.layers.iter().any(|layer| jumps(layer.activation) || jumps(layer.mean)) {
                continue;
            }
            for (a, b) in dense.states.iter().zip(&events.states) {
                let far = a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                let size = a.as_slice().iter().map(|v| v.abs()).fold(1.0, f32::max);
                assert!(far <= 1e-5 * size, "{}: {far} of {size}", scenario.name);
            }
        }
    }
}

#[test]
fn a_population_without_bound_ends_every_schedule_with_its_name() {
    let mut scenario = calm();
    let mut tensors = scenario.network.tensors();
    tensors.values_mut().for_each(|w| w.as_mut_slice().iter_mut().for_each(|v| *v *= 1e4));
    scenario.network = Network::with_weights(std::sync::Arc::new(scenario.circuit.clone()), &tensors).expect("fits");
    let mut settler = Settler::new();
    for (schedule, executor) in [
        (Schedule::Synchronous, ExecutorKind::Threads),
        (Schedule::Bounded { staleness: 1 }, ExecutorKind::Threads),
        (Schedule::Free, ExecutorKind::Threads),
        (Schedule::Free, ExecutorKind::Tasks),
        (Schedule::VirtualTime(Box::default()), ExecutorKind::Threads),
    ] {
        let settling = Settling { stopping: Stopping::Steps(500), ..scenario.settling(schedule, executor) };
        let error = scenario.run(&mut settler, &settling, false).map(|_| ()).expect_err("it can't stay finite");
        let SettleError::NotFinite { magnitude, firing, .. } = &error else { panic!("{error}") };
        assert!(*magnitude > 1e3 && *firing > 0, "{error}");
        // The settler and the network are whole: the next episode settles.
        let calm = calm();
        assert!(calm.run(&mut settler, &calm.settling(Schedule::Free, executor), false).is_ok());
    }
}
