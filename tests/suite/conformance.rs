//! One meaning, many executors: every scenario runs under every schedule, and `Synchronous` is the reference.

use crate::asked::{count, seeds};
use crate::golden::Case;
use crate::properties::{self, Kind};
use crate::quiet::calm;
use crate::reach;
use gncn::circuit::wiring::{self, PopulationId, Wiring};
use gncn::circuit::{Circuit, Clock, Delay, ExecutorKind, Fire, Schedule, Settling, Stopping, TimeScale, VirtualTime};
use gncn::data;
use gncn::episode::Episode;
use gncn::evaluation::{self, Show};
use gncn::executor::{DeliveryLog, Energies, Measure, SettleError, SettleOptions, Settled, Settler};
use gncn::matrix::Matrix;
use gncn::network::{Network, Tensors};
use gncn::params::{Activation, Messages};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// A circuit with weights and data.
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) seed: u64,
    pub(crate) circuit: Circuit,
    pub(crate) network: Network,
    pub(crate) episode: Episode<'static>,
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
        Scenario { name: case.name.clone(), seed: 2, network, episode, circuit }
    };
    Case::all().into_iter().map(scenario).collect()
}

/// Random circuits; every third has numbers that a person would not choose.
pub(crate) fn random(seeds: std::ops::Range<u64>) -> impl Iterator<Item = Scenario> {
    seeds.map(|seed| {
        let kind = if seed % 3 == 2 { Kind::Wild } else { Kind::Tame };
        let circuit = properties::circuit(kind, seed);
        let network = properties::network(&circuit, seed);
        // More than one shard now and then.
        let rows = if seed.is_multiple_of(7) { 60 } else { 1 + (seed % 4) as usize };
        let episode = properties::episode(kind, &circuit, rows, seed);
        Scenario { name: format!("random circuit {seed}"), seed, circuit, network, episode }
    })
}

/// Updates of a state population.
const STEPS: usize = 12;

impl Scenario {
    pub(crate) fn settling(&self, schedule: Schedule, executor: ExecutorKind) -> Settling {
        Settling { schedule, executor, ..Settling::plain(Stopping::Steps(STEPS)) }
    }

    pub(crate) fn run(
        &self,
        settler: &mut Settler,
        settling: &Settling,
        record: bool,
    ) -> Result<(Outcome, Settled), SettleError> {
        self.run_with(settler, settling, SettleOptions { learn: true, record, ..SettleOptions::default() })
    }

    /// The same, with options of one's own.
    pub(crate) fn run_with(
        &self,
        settler: &mut Settler,
        settling: &Settling,
        options: SettleOptions,
    ) -> Result<(Outcome, Settled), SettleError> {
        let mut network = self.network.clone();
        let settled = settler.settle(&mut network, &self.episode, settling, options)?;
        let (activities, wiring) = (settler.activities(), network.wiring().clone());
        let ids = || self.circuit.layers().map(|(id, _)| id);
        let (states, means, mismatches) = (
            ids().map(|id| activities.state(&wiring, id)).collect(),
            ids().map(|id| activities.mean(&wiring, id)).collect(),
            ids().map(|id| activities.mismatch(&wiring, id)).collect(),
        );
        // A refused step leaves weights that can be compared as well.
        let _ = network.learn(activities);
        Ok((Outcome { states, means, mismatches, learned: network.tensors() }, settled))
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

/// Virtual time in which the listed populations fire one tick after another.
pub(crate) fn twin_of_sweep(order: &[PopulationId]) -> VirtualTime {
    let period = order.len() as u64;
    let clock = |(phase, id): (usize, &PopulationId)| (*id, Clock { period, phase: Some(phase as u64), jitter: 0 });
    VirtualTime {
        until: Some(period * STEPS as u64),
        clocks: order.iter().enumerate().map(clock).collect(),
        // Who is not listed never fires.
        clock: Some(Clock { period: 1 << 30, phase: Some(1 << 30), jitter: 0 }),
        ..VirtualTime::default()
    }
}

/// Virtual time with everything in it.
pub(crate) fn rough(seed: u64) -> VirtualTime {
    VirtualTime {
        until: Some(40),
        clock: Some(Clock { period: 3, phase: Some(0), jitter: 2 }),
        delay: [Delay::Fixed(seed % 3), Delay::Uniform(0, 4), Delay::Exponential(1.5)][(seed % 3) as usize],
        drop: 0.2,
        lesions: vec![(PopulationId(0), 20)],
        scale: if seed.is_multiple_of(2) { TimeScale::PerFiring } else { TimeScale::PerTime },
        seed,
        ..VirtualTime::default()
    }
}

#[test]
fn virtual_time_matches_the_reference_and_its_seed() {
    for case in Case::all() {
        let circuit = case.circuit("circuit-virtual.ron");
        let mut network = case.network(&circuit);
        let mut settler = Settler::new();
        let options = SettleOptions { record: true, ..SettleOptions::default() };
        let settled =
            settler.settle(&mut network, &case.episode(&circuit), circuit.settling(), options).expect("settles");
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

/// A schedule on an executor, with what it promises.
pub(crate) struct Execution {
    pub(crate) name: &'static str,
    pub(crate) executor: ExecutorKind,
    pub(crate) schedule: fn(&Scenario) -> Schedule,
    promise: Promise,
}

/// What is promised of the bits and of the updates.
enum Promise {
    /// The bits of another schedule.
    BitsOf(fn(&Scenario) -> Schedule),
    /// The same bits each time.
    BitsAgain,
    /// No inlet more than so many firings behind lock-step, and never ahead of it.
    Bound(u64),
    /// It ends, and every free state population makes all its updates.
    Ends,
}

fn sweep(scenario: &Scenario) -> Schedule {
    Schedule::Sweep { order: free_populations(scenario) }
}

fn sweep_down(scenario: &Scenario) -> Schedule {
    Schedule::Sweep { order: free_populations(scenario).into_iter().rev().collect() }
}

fn twin(schedule: Schedule) -> Schedule {
    let Schedule::Sweep { order } = schedule else { panic!("only a sweep has a twin") };
    Schedule::VirtualTime(Box::new(twin_of_sweep(&order)))
}

fn free(fire: Fire) -> Schedule {
    Schedule::Free { fire }
}

/// Clocks that tick without the answer they wait for make no firing; some answers are lost.
fn on_answers() -> Schedule {
    let time = VirtualTime {
        delay: Delay::Uniform(0, 5),
        drop: 0.05,
        fire: Some(Fire::OnAnswer),
        patience: 6,
        seed: 2,
        ..VirtualTime::default()
    };
    Schedule::VirtualTime(Box::new(time))
}

/// Messages overtake each other, and none is lost.
fn overtaking(seed: u64) -> Schedule {
    let clock = Some(Clock { period: 2, phase: None, jitter: 1 });
    let time = VirtualTime { delay: Delay::Uniform(0, 5), clock, seed, ..VirtualTime::default() };
    Schedule::VirtualTime(Box::new(time))
}

/// Every schedule of the design on every executor that runs it. `Replay` follows each of them: see `promise_holds`.
pub(crate) fn executions() -> Vec<Execution> {
    use ExecutorKind::{Tasks, Threads};
    let execution = |name, executor, schedule, promise| Execution { name, executor, schedule, promise };
    let synchronous = || Promise::BitsOf(|_| Schedule::Synchronous);
    vec![
        execution("Synchronous", Threads, |_| Schedule::Synchronous, Promise::BitsAgain),
        execution("Bounded(0) on threads", Threads, |_| Schedule::Bounded { staleness: 0 }, synchronous()),
        execution("Bounded(0) on tasks", Tasks, |_| Schedule::Bounded { staleness: 0 }, synchronous()),
        execution("Bounded(2) on threads", Threads, |_| Schedule::Bounded { staleness: 2 }, Promise::Bound(2)),
        execution("Bounded(2) on tasks", Tasks, |_| Schedule::Bounded { staleness: 2 }, Promise::Bound(2)),
        execution("Free on threads", Threads, |_| free(Fire::OnAny), Promise::Ends),
        execution("Free on tasks", Tasks, |_| free(Fire::OnAny), Promise::Ends),
        execution("Free on all, threads", Threads, |_| free(Fire::OnAll), Promise::Ends),
        execution("Free on all, tasks", Tasks, |_| free(Fire::OnAll), Promise::Ends),
        execution("Free on answers, threads", Threads, |_| free(Fire::OnAnswer), Promise::Ends),
        execution("Free on answers, tasks", Tasks, |_| free(Fire::OnAnswer), Promise::Ends),
        execution("VirtualTime, late, on answers", Threads, |_| on_answers(), Promise::BitsAgain),
        execution("VirtualTime, overtaking", Threads, |s| overtaking(s.seed), Promise::BitsAgain),
        execution("Sweep up", Threads, sweep, Promise::BitsOf(|s| twin(sweep(s)))),
        execution("Sweep down", Threads, sweep_down, Promise::BitsOf(|s| twin(sweep_down(s)))),
        execution("VirtualTime, unit clocks", Threads, |_| Schedule::VirtualTime(Box::default()), synchronous()),
        execution(
            "VirtualTime, rough",
            Threads,
            |s| Schedule::VirtualTime(Box::new(rough(s.seed))),
            Promise::BitsAgain,
        ),
    ]
}

/// Every measurement, to the bit.
pub(crate) fn energy_bits(energies: &Energies) -> Vec<u64> {
    energies.sums.iter().flatten().map(|energy| energy.to_bits()).collect()
}

/// Why something that a scenario could be asked for is not asked of it.
fn skip(error: &SettleError) -> Option<&'static str> {
    match error {
        SettleError::NotFinite { .. } => Some(
            "states grow without bound: the run ends with an error, and which population is caught first may differ",
        ),
        SettleError::Learning(_) => {
            Some("it learns at every step and a covariance would lose its factor: the run ends with an error")
        }
        SettleError::Onset { problem } if problem.contains("needs every message") => {
            Some("it drops messages, and ternary ones need every one: refused")
        }
        _ => None,
    }
}

/// Runs an execution, looks at its promise, and replays it; says why, where there was nothing to look at.
fn promise_holds(
    scenario: &Scenario,
    execution: &Execution,
    messages: Messages,
    settler: &mut Settler,
    log: &Path,
) -> Option<&'static str> {
    let settling = |schedule, executor| Settling { messages, ..scenario.settling(schedule, executor) };
    let own = settling((execution.schedule)(scenario), execution.executor);
    let what = format!("{}, {}, {messages:?}", scenario.name, execution.name);
    let measured = SettleOptions { learn: true, record: true, measure: Measure::EveryStep, ..SettleOptions::default() };
    let ran = scenario.run_with(settler, &own, measured);
    let same = |settler: &mut Settler, reference: Settling| match (&ran, scenario.run(settler, &reference, false)) {
        (Ok((found, _)), Ok((expected, _))) => assert!(found.bits() == expected.bits(), "{what}: other bits"),
        (Err(found), Err(expected)) if skip(found).is_some() && skip(&expected).is_some() => {}
        (found, expected) => panic!("{what}: {:?} where the reference has {:?}", found.as_ref().err(), expected.err()),
    };
    match execution.promise {
        Promise::BitsOf(reference) => same(settler, settling(reference(scenario), ExecutorKind::Threads)),
        Promise::BitsAgain => same(settler, own),
        Promise::Bound(_) | Promise::Ends => {}
    }
    let (outcome, settled) = match &ran {
        Ok(ran) => ran,
        Err(error) => return Some(skip(error).unwrap_or_else(|| panic!("{what}: {error}"))),
    };
    let recorded = settled.log.as_ref().expect("recorded");
    match execution.promise {
        Promise::Bound(staleness) => assert_bound(scenario, recorded, staleness, &what),
        Promise::Ends => {
            let free = free_populations(scenario).iter().any(|id| id.0 < scenario.circuit.layers().len());
            assert_eq!(settled.steps, if free { STEPS } else { 0 }, "{what}");
            let used: u64 = settled.account.links.iter().map(|link| link.used).sum();
            let aged: u64 = settled.account.links.iter().flat_map(|link| &link.staleness).sum();
            // A firing may use several messages of events on an inlet, whose value has one age.
            assert!(aged >= used || messages != Messages::Dense, "{what}: every use has an age");
        }
        Promise::BitsOf(_) | Promise::BitsAgain => {}
    }
    recorded.save(log).expect("saved");
    let replay = scenario.settling(Schedule::Replay(log.to_owned()), ExecutorKind::Threads);
    let measured = SettleOptions { record: false, ..measured };
    let (again, replayed) = scenario.run_with(settler, &replay, measured).expect("a recorded run runs again");
    assert!(outcome.bits() == again.bits(), "{what}: its replay has other bits");
    assert_eq!(
        energy_bits(&replayed.energies),
        energy_bits(&settled.energies),
        "{what}: its replay has other energies"
    );
    None
}

/// Looks at every firing of a recorded run of `Bounded`: in lock-step the n-th firing of an error population uses
/// message n − 1, that of a state population message n.
fn assert_bound(scenario: &Scenario, log: &DeliveryLog, staleness: u64, what: &str) {
    let wiring = Wiring::new(&scenario.circuit);
    let mut held: Vec<Vec<u64>> = wiring.populations.iter().map(|p| vec![0; p.inlets]).collect();
    let mut fired = vec![0_u64; held.len()];
    for firing in &log.firings {
        let p = firing.population;
        firing.delivered.iter().for_each(|(inlet, number)| held[p][*inlet] = *number);
        fired[p] += 1;
        let lockstep = if wiring.populations[p].kind == wiring::Kind::Error { fired[p] - 1 } else { fired[p] };
        for link in
            wiring.arriving(PopulationId(p)).filter(|link| !log.clamped.contains(&wiring.population(link.from).name))
        {
            let used = held[p][link.inlet];
            assert!(used <= lockstep && used + staleness >= lockstep, "{what}: {used} where lock-step uses {lockstep}");
        }
    }
}

/// Every scenario on every execution, with whole messages and with events.
pub(crate) fn all_promises_hold(scenarios: impl Iterator<Item = Scenario>) {
    let folder = tempfile::tempdir().expect("folder");
    let log = folder.path().join("run.log");
    let mut settler = Settler::new();
    let (mut held, mut skipped) = (0, BTreeMap::<_, usize>::new());
    for scenario in scenarios {
        for execution in executions() {
            for messages in [Messages::Dense, Messages::events(0.02), Messages::Ternary { threshold: 0.02 }] {
                match promise_holds(&scenario, &execution, messages, &mut settler, &log) {
                    Some(reason) => *skipped.entry(reason).or_default() += 1,
                    None => held += 1,
                }
            }
        }
    }
    println!("{held} runs kept their promise and were replayed; not looked at: {skipped:?}");
    let left: usize = skipped.values().sum();
    assert!(held > left, "{held} looked at, {left} not");
}

#[test]
fn every_promise_holds_on_the_golden_circuits() {
    all_promises_hold(golden().into_iter());
}

/// `GNCN_CIRCUITS` random circuits (40 where it is not set), from number `GNCN_FIRST_CIRCUIT` on.
#[test]
fn every_promise_holds_on_random_circuits() {
    all_promises_hold(random(seeds(40)));
}

/// Here a sense that data hold learns from events while its circuit settles: it was once told more than was sent.
#[test]
fn every_promise_holds_where_held_senses_learn_at_every_step() {
    all_promises_hold(random(443..444));
}

#[test]
fn every_promise_holds_on_sparse_and_noisy_circuits() {
    all_promises_hold(reach::noisy(0..12));
}

/// `GNCN_REPLAYS` recorded runs on each executor (20 where it is not set).
#[test]
fn recorded_free_runs_replay_to_the_same_bits() {
    let folder = tempfile::tempdir().expect("folder");
    let log = folder.path().join("run.log");
    let (mut settler, wanted) = (Settler::new(), count("GNCN_REPLAYS", 20));
    for execution in executions().iter().filter(|execution| matches!(execution.promise, Promise::Ends)) {
        let mut replayed = 0;
        let mut scenarios =
            (0..).flat_map(|round| golden().into_iter().chain(random(100 + 5 * round..105 + 5 * round)));
        while replayed < wanted {
            let scenario = scenarios.next().expect("without end");
            replayed += usize::from(promise_holds(&scenario, execution, Messages::Dense, &mut settler, &log).is_none());
        }
        println!("{}: {replayed} replayed", execution.name);
    }
}

/// On real images, at the size that people work at: runs where `GNCN_DATA` names a folder of data.
#[test]
fn every_promise_holds_on_a_trained_circuit() {
    if std::env::var_os("GNCN_DATA").is_none() {
        println!("skipped: GNCN_DATA names no folder of data");
        return;
    }
    let folder = tempfile::tempdir().expect("folder");
    let log = folder.path().join("run.log");
    let scenario = trained(3);
    for execution in executions() {
        let reason = promise_holds(&scenario, &execution, Messages::Dense, &mut Settler::new(), &log);
        assert_eq!(reason, None, "{}", execution.name);
    }
}

/// The PDH after some batches of 200 MNIST images, shown the next ones.
pub(crate) fn trained(batches: usize) -> Scenario {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let circuit = Circuit::load(root.join("circuits/gncn-pdh.ron")).expect("sound");
    let data = data::load(&data::Source::parse(Some("mnist"))).expect("MNIST is there");
    let mut network = Network::new(Arc::new(circuit.clone()), 1);
    let show = |batch: usize| {
        let rows: Vec<usize> = (batch * 200..(batch + 1) * 200).collect();
        evaluation::episode(&circuit, &data.train, &rows, Show::Everything).expect("fits")
    };
    let mut settler = Settler::new();
    for batch in 0..batches {
        settler.settle(&mut network, &show(batch), circuit.settling(), SettleOptions::default()).expect("settles");
        network.learn(settler.activities()).expect("learns");
    }
    let episode = show(batches);
    Scenario { name: "trained PDH".to_owned(), seed: 1, circuit, network, episode }
}

#[test]
fn events_of_every_change_equal_whole_messages() {
    let mut settler = Settler::new();
    for scenario in golden().into_iter().chain(random(300..330)) {
        for schedule in
            [Schedule::Synchronous, Schedule::Bounded { staleness: 0 }, Schedule::VirtualTime(Box::default())]
        {
            let dense = scenario.settling(schedule, ExecutorKind::Threads);
            let events = Settling { messages: Messages::events(0.0), ..dense.clone() };
            let results = (scenario.run(&mut settler, &dense, false), scenario.run(&mut settler, &events, false));
            let (Ok((dense, _)), Ok((events, _))) = results else { continue };
            // A jump makes a difference of rounding a difference of one.
            let jumps =
                |f: Activation| matches!(f, Activation::KWinners(_) | Activation::Signum | Activation::Heaviside);
            if scenario.circuit.layers().any(|(_, layer)| jumps(layer.activation()) || jumps(layer.mean())) {
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
        (Schedule::Free { fire: Fire::OnAny }, ExecutorKind::Threads),
        (Schedule::Free { fire: Fire::OnAny }, ExecutorKind::Tasks),
        (Schedule::VirtualTime(Box::default()), ExecutorKind::Threads),
    ] {
        let settling = Settling { stopping: Stopping::Steps(500), ..scenario.settling(schedule, executor) };
        let error = scenario.run(&mut settler, &settling, false).map(|_| ()).expect_err("it can't stay finite");
        let SettleError::NotFinite { magnitude, firing, .. } = &error else { panic!("{error}") };
        assert!(*magnitude > 1e3 && *firing > 0, "{error}");
        // The settler and the network are whole: the next episode settles.
        let calm = calm();
        assert!(calm.run(&mut settler, &calm.settling(Schedule::Free { fire: Fire::OnAny }, executor), false).is_ok());
    }
}
