//! The promise that a firing takes no memory: once buffers are warm, what a settle allocates does not grow with its
//! updates. Allocations and reallocations of the whole process are counted, so each test is alone in a process.
//!
//! | executor | from 20 to 60 updates |
//! |---|---|
//! | `Synchronous`, also to quiet | nothing; with free energies, the row of each step in the result |
//! | `Sweep`, `VirtualTime` | for each firing its list in the delivery log, and what lists take that double |
//! | `Bounded` | for each message a share of a block of its channel, and what lists take that double |
//! | `Free` | less than one for each firing: also buffers, where more messages are under way than before |

use crate::alone::alone;
use crate::conformance::{Scenario, free_populations};
use crate::properties::Dice;
use gncn::circuit::{Circuit, ExecutorKind, Fire, Schedule, Settling, Stopping};
use gncn::episode::Episode;
use gncn::executor::{Measure, SettleOptions, Settler};
use gncn::kernels::product::SHARD_ROWS;
use gncn::network::Network;
use gncn::params::Messages;
use stats_alloc::INSTRUMENTED_SYSTEM;
use std::sync::Arc;

const FEW: usize = 20;
const MANY: usize = 60;

/// Messages in a block of a channel, at the least: 31 of crossbeam, 32 of tokio.
const BLOCK: i64 = 31;

#[test]
fn lockstep_takes_no_memory_once_warm() {
    alone("allocations::lockstep_takes_no_memory_once_warm", || {
        for_each_run(&[(Schedule::Synchronous, ExecutorKind::Threads)], |run| {
            assert_eq!(run.growth(), 0, "{}", run.name());
            let quiet = Run { to_quiet: true, ..*run };
            assert_eq!(quiet.growth(), 0, "{} to quiet", run.name());
            let measured = Run { measure: Measure::EveryStep, ..*run };
            assert_eq!(measured.growth(), (MANY - FEW) as i64, "{} with free energies", run.name());
        });
    });
}

#[test]
fn timelines_take_no_memory_once_warm() {
    alone("allocations::timelines_take_no_memory_once_warm", || {
        for text in [PDH, FRISTON] {
            let order = free_populations(&scenario(text));
            // What is known ahead of a turn, for as many turns as are known at once: far fewer than there are.
            let firings = (order.len() * (MANY - FEW)) as i64;
            let known = firings / 4;
            let schedules = [Schedule::Sweep { order }, Schedule::VirtualTime(Box::default())];
            for_each_run_of(text, &schedules.map(|schedule| (schedule, ExecutorKind::Threads)), |run| {
                let growth = run.growth();
                assert!((0..=known).contains(&growth), "{}: {growth} of {firings}", run.name());
            });
        }
    });
}

#[test]
fn actors_take_less_than_one_for_a_firing_once_warm() {
    alone("allocations::actors_take_less_than_one_for_a_firing_once_warm", || {
        use ExecutorKind::{Tasks, Threads};
        let bounded = |staleness| Schedule::Bounded { staleness };
        let schedules = [
            (bounded(0), Threads),
            (bounded(0), Tasks),
            (bounded(2), Threads),
            (bounded(2), Tasks),
            (Schedule::Free { fire: Fire::OnAny }, Threads),
            (Schedule::Free { fire: Fire::OnAny }, Tasks),
        ];
        for_each_run(&schedules, |run| {
            let wiring = run.scenario.network.wiring();
            let steps = (MANY - FEW) as i64;
            let (messages, firings) =
                (steps * wiring.links.len() as i64, steps * free_populations(run.scenario).len() as i64);
            // How many messages are under way at once depends on timing under `Free`, and with it how many buffers.
            let most = match run.schedule {
                Schedule::Free { .. } => firings - 1,
                _ => messages / BLOCK + wiring.links.len() as i64,
            };
            let growth = run.growth_within(most);
            assert!(growth <= most, "{}: {growth} for {firings} firings, {messages} messages", run.name());
        });
    });
}

/// Settles before anything counts. Which buffer is free depends on what the last episode left, so one is too few.
const WARM_UP: usize = 4;

/// Settles that are compared; the least counts, because rayon and channels tidy up now and then.
const REPEATS: usize = 3;

/// A way to settle.
#[derive(Clone, Copy)]
struct Run<'a> {
    scenario: &'a Scenario,
    schedule: &'a Schedule,
    executor: ExecutorKind,
    messages: Messages,
    measure: Measure,
    to_quiet: bool,
}

/// Every circuit, whole messages and events, on one worker and on two.
fn for_each_run(schedules: &[(Schedule, ExecutorKind)], look: impl Fn(&Run<'_>) + Sync) {
    for text in [PDH, FRISTON] {
        for_each_run_of(text, schedules, &look);
    }
}

fn for_each_run_of(text: &str, schedules: &[(Schedule, ExecutorKind)], look: impl Fn(&Run<'_>) + Sync) {
    let scenario = &scenario(text);
    for workers in [1, 2] {
        // Work that is handed to a pool from outside is queued in blocks, which would count.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build().expect("two threads");
        for (schedule, executor) in schedules {
            for messages in [Messages::Dense, Messages::events(0.02), Messages::Ternary { threshold: 0.02 }] {
                let (measure, to_quiet) = (Measure::Never, false);
                let run = Run { scenario, schedule, executor: *executor, messages, measure, to_quiet };
                pool.install(|| look(&run));
            }
        }
    }
}

impl Run<'_> {
    fn name(&self) -> String {
        let Self { scenario, schedule, executor, messages, .. } = self;
        format!("{}, {} on {executor:?}, {messages:?}", scenario.name, schedule.name())
    }

    /// Settles for so many updates; what that allocated.
    fn settler(&self) -> impl FnMut(usize) -> i64 {
        let (mut settler, mut network) = (Settler::new(), self.scenario.network.clone());
        let Self { scenario, schedule, executor, messages, measure, to_quiet } = *self;
        move |steps| {
            // No state stands still to the bit.
            let quiet = Stopping::Quiet { tolerance: 0.0, max_steps: steps };
            let stopping = if to_quiet { quiet } else { Stopping::Steps(steps) };
            let settling = Settling { schedule: schedule.clone(), executor, messages, ..Settling::plain(stopping) };
            let options = SettleOptions { measure, ..SettleOptions::default() };
            let before = allocations();
            let settled = settler.settle(&mut network, &scenario.episode, &settling, options).expect("settles");
            let allocated = allocations() - before;
            assert_eq!(settled.steps, steps, "{}", scenario.name);
            allocated
        }
    }

    /// How many more allocations many updates take than few, once warm.
    fn growth(&self) -> i64 {
        let mut settle = self.settler();
        for _ in 0..WARM_UP {
            settle(MANY);
        }
        let mut least = |steps| (0..REPEATS).map(|_| settle(steps)).min().expect("some repeats");
        least(MANY) - least(FEW)
    }

    /// As `growth`, settled again until it is no more than `most`: buffers are kept, so that there are enough of them at
    /// last, while what every firing took would be there each time.
    fn growth_within(&self, most: i64) -> i64 {
        const PATIENCE: usize = 60;
        let mut settle = self.settler();
        for _ in 0..WARM_UP {
            settle(MANY);
        }
        let few = (0..REPEATS).map(|_| settle(FEW)).min().expect("some repeats");
        let mut growths = (0..PATIENCE).map(|_| settle(MANY) - few);
        let first = growths.next().expect("some repeats");
        if first <= most { first } else { growths.find(|growth| *growth <= most).unwrap_or(first) }
    }
}

fn allocations() -> i64 {
    let stats = INSTRUMENTED_SYSTEM.stats();
    (stats.allocations + stats.reallocations) as i64
}

const PDH: &str = r#"Circuit(
    name: "pdh",
    layers: {
        "z0": (size: 131, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
        "z1": (size: 72, activation: Relu, mean: Relu, target: Activity, beta: 0.1, leak: 0.001,
               lateral: Columns(size: 12, excite: 0.15, inhibit: 0.1), precision: Learned(floor: 1.0)),
        "z2": (size: 48, activation: Relu, mean: Relu, target: Activity, beta: 0.1, leak: 0.001,
               lateral: Columns(size: 12, excite: 0.15, inhibit: 0.1), precision: Learned(floor: 1.0)),
        "z3": (size: 36, activation: Relu, beta: 0.1, leak: 0.001,
               lateral: Columns(size: 18, excite: 0.15, inhibit: 0.1)),
    },
    projections: [
        (from: "z1", to: "z0", feedback: Learned(rate: 1.0)),
        (from: "z2", to: "z1", feedback: Learned(rate: 1.0)),
        (from: "z3", to: "z2", feedback: Learned(rate: 1.0)),
        (from: "z2", to: "z0", feedback: Silent),
        (from: "z3", to: "z1", feedback: Silent),
    ],
    init: Gaussian(sd: 0.05),
)"#;

const FRISTON: &str = r#"Circuit(
    name: "friston",
    layers: {
        "z0": (size: 131, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
        "z1": (size: 72, activation: Relu, beta: 0.1, leak: 0.001, derivative: true, prior: Laplace(0.01),
               precision: Learned(floor: 1.0)),
        "z2": (size: 48, activation: Relu, beta: 0.1, leak: 0.001, derivative: true, prior: Laplace(0.01),
               precision: Learned(floor: 1.0, form: Factor)),
        "z3": (size: 20, activation: Relu, beta: 0.1, leak: 0.001, derivative: true, prior: Laplace(0.01)),
    },
    projections: [
        (from: "z1", to: "z0", feedback: Transposed),
        (from: "z2", to: "z1", feedback: Transposed),
        (from: "z3", to: "z2", feedback: Transposed),
    ],
    init: Gaussian(sd: 0.05),
)"#;

fn scenario(text: &str) -> Scenario {
    let circuit = Circuit::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let network = Network::new(Arc::new(circuit.clone()), 3);
    let image = Dice::new("test.allocations", 1).matrix(2 * SHARD_ROWS + 7, 131, 0.0, 1.0);
    let episode = Episode::new(&circuit, [("image".to_owned(), image)]).expect("fits");
    Scenario { name: circuit.name().to_owned(), seed: 3, circuit, network, episode }
}
