//! Messages that say only up or down (design section 8): they equal a slow twin that knows ticks, links and one sample at a
//! time, its account included; what overtakes on the way is not lost; quiet is quiet; and who loses messages is refused.

use crate::asked::seeds;
use crate::conformance::{Scenario, free_populations, twin_of_sweep};
use crate::properties::{self, Dice};
use crate::quiet::{calm, next_movement};
use gncn::Blamed;
use gncn::circuit::wiring::{Carries, Kind, PopulationId, Wiring};
use gncn::circuit::{Change, Circuit, Clock, Delay, ExecutorKind, Fire, Schedule, Settling, Stopping, VirtualTime};
use gncn::episode::{Episode, Shown};
use gncn::executor::{DeliveryLog, Fault, LinkAccount, SettleError, SettleOptions, Settled, Settler};
use gncn::matrix::Matrix;
use gncn::params::{Activation, Feedback, Likelihood, Messages, Target};

/// A masked sense, both kinds of feedback, a gain, a skip, a circle, and a target that is an activity.
const CIRCUIT: &str = r#"Circuit(
    name: "ternary",
    layers: {
        "x": (size: 5, sense: "x", beta: 0.25, mean: Sigmoid, likelihood: Bernoulli),
        "h": (size: 4, activation: Tanh, beta: 0.3, leak: 0.02, derivative: true),
        "g": (size: 3, activation: Relu, mean: Tanh, target: Activity, beta: 0.25, leak: 0.1),
    },
    projections: [
        (from: "h", to: "x", feedback: Transposed),
        (from: "g", to: "x", feedback: Silent),
        (from: "g", to: "h", feedback: Learned(rate: 1.0)),
        (from: "h", to: "g", feedback: ScaledTranspose(gain: 0.5)),
    ],
    init: Gaussian(sd: 0.7),
)"#;

fn scenario(seed: u64) -> Scenario {
    let circuit = Circuit::parse(CIRCUIT.as_bytes()).expect("sound");
    let network = properties::network(&circuit, seed);
    let mut dice = Dice::new("test.ternary", seed);
    let (data, rows) = (dice.matrix(3, 5, 0.0, 1.0), 3);
    let seen =
        Matrix::from_fn(rows, 5, |i, j| f32::from(u8::from(seed.is_multiple_of(2) || !(i + j).is_multiple_of(3))));
    let episode = Episode::new(&circuit, [("x".to_owned(), data)]).expect("fits");
    let episode = if seed.is_multiple_of(2) { episode } else { episode.mask(&circuit, "x", seen).expect("fits") };
    Scenario { name: format!("ternary {seed}"), seed, circuit, network, episode }
}

fn apply(function: Activation, v: f64) -> f64 {
    match function {
        Activation::Identity => v,
        Activation::Tanh => v.tanh(),
        Activation::Relu => v.max(0.0),
        Activation::Sigmoid => 1.0 / (1.0 + (-v).exp()),
        other => panic!("the twin does not know {other:?}"),
    }
}

/// A message: components with the way they go. When it was sent and when it arrives.
struct Posted {
    sent: u64,
    arrival: u64,
    ways: Vec<(usize, f64)>,
}

/// What the twin counts of a link.
#[derive(Default, Clone)]
struct Counted {
    sent: u64,
    used: u64,
    bits: u64,
}

/// The slow twin: one sample, in ticks.
struct Slow<'a> {
    scenario: &'a Scenario,
    wiring: Wiring,
    theta: f64,
    /// By layer.
    z: Vec<Vec<f64>>,
    free: Vec<Vec<bool>>,
    /// By population and outlet: what receivers are told so far.
    told: Vec<Vec<Vec<f64>>>,
    /// By link: what its inlet holds, and what is under way.
    held: Vec<Vec<f64>>,
    under_way: Vec<Vec<Posted>>,
    counted: Vec<Counted>,
    /// The least distance of a difference from the threshold: within rounding of it, f32 and f64 may part.
    margin: f64,
    /// By population: which drives were not 0 at some time.
    moved: Vec<Vec<bool>>,
}

impl<'a> Slow<'a> {
    fn new(scenario: &'a Scenario, theta: f32, row: usize) -> Self {
        let wiring = Wiring::new(&scenario.circuit);
        let (mut z, mut free) = (Vec::new(), Vec::new());
        for (id, layer) in scenario.circuit.layers() {
            let (values, moves): (Vec<f64>, Vec<bool>) = (0..layer.size())
                .map(|i| match scenario.episode.shown(id) {
                    Shown::All(data) => (f64::from(data.row(row)[i]), false),
                    Shown::Part { data, observed } if observed.row(row)[i] == 1.0 => {
                        (f64::from(data.row(row)[i]), false)
                    }
                    Shown::Part { .. } | Shown::Nothing => (0.0, true),
                })
                .unzip();
            z.push(values);
            free.push(moves);
        }
        let links = wiring.links.len();
        let mut slow = Self {
            scenario,
            theta: f64::from(theta),
            z,
            free,
            told: Vec::new(),
            held: vec![Vec::new(); links],
            under_way: (0..links).map(|_| Vec::new()).collect(),
            counted: vec![Counted::default(); links],
            margin: f64::INFINITY,
            moved: vec![Vec::new(); wiring.populations.len()],
            wiring,
        };
        for (id, spec) in slow.wiring.populations() {
            // At rest mismatches are 0.
            let values = match spec.kind {
                Kind::State => (0..spec.outlets.len()).map(|outlet| slow.published(id, outlet)).collect(),
                Kind::Error => spec.outlets.iter().map(|width| vec![0.0; *width]).collect(),
            };
            slow.told.push(values);
        }
        for (i, link) in slow.wiring.links.iter().enumerate() {
            slow.held[i] = slow.told[link.from.0][link.outlet].clone();
        }
        slow
    }

    fn layer(&self, population: PopulationId) -> usize {
        self.wiring.population(population).layer.0
    }

    /// What a state population has on an outlet.
    fn published(&self, id: PopulationId, outlet: usize) -> Vec<f64> {
        let spec = self.wiring.population(id);
        let layer = self.scenario.circuit.layer(spec.layer);
        let z = &self.z[spec.layer.0];
        let sends_state = outlet == 1 && layer.target() == Target::State;
        z.iter().map(|z| if sends_state { *z } else { apply(layer.activation(), *z) }).collect()
    }

    fn synapses(&self, from: usize, to: usize, kind: &str) -> Matrix {
        let names: Vec<&str> = self.scenario.circuit.layers().map(|(_, layer)| layer.name()).collect();
        self.scenario.network.tensors()[&format!("{}_to_{}.{kind}", names[from], names[to])].clone()
    }

    /// Every population that is due fires on what has arrived; then what it sent is posted.
    fn tick(&mut self, tick: u64, due: &[PopulationId], delay: impl Fn(u64) -> u64) {
        for id in due {
            for i in (0..self.wiring.links.len()).filter(|i| self.wiring.links[*i].to == *id) {
                let (here, later) =
                    self.under_way[i].drain(..).partition(|m: &Posted| m.sent < tick && m.arrival <= tick);
                self.under_way[i] = later;
                for message in Vec::from_iter::<Vec<Posted>>(here) {
                    self.counted[i].used += 1;
                    message.ways.iter().for_each(|(at, way)| self.held[i][*at] += way * self.theta);
                }
            }
            let outlets = match self.wiring.population(*id).kind {
                Kind::Error => self.compare(*id),
                Kind::State => {
                    self.update(*id);
                    (0..self.wiring.population(*id).outlets.len()).map(|outlet| self.published(*id, outlet)).collect()
                }
            };
            let mut ways = Vec::new();
            for (outlet, values) in outlets.into_iter().enumerate() {
                ways.push(self.tell(*id, outlet, &values));
            }
            if self.wiring.population(*id).kind == Kind::Error {
                for (outlet, values) in self.pathways(*id) {
                    let told = self.tell(*id, outlet, &values);
                    ways.resize(outlet + 1, Vec::new());
                    ways[outlet] = told;
                }
            }
            for i in (0..self.wiring.links.len()).filter(|i| self.wiring.links[*i].from == *id) {
                let ways = ways[self.wiring.links[i].outlet].clone();
                self.counted[i].sent += 1;
                self.counted[i].bits += 34 * ways.len() as u64 + 32;
                self.under_way[i].push(Posted { sent: tick, arrival: tick + delay(tick), ways });
            }
        }
    }

    fn tell(&mut self, id: PopulationId, outlet: usize, values: &[f64]) -> Vec<(usize, f64)> {
        let (mut ways, is_error) = (Vec::new(), self.wiring.population(id).kind == Kind::Error);
        for (at, value) in values.iter().enumerate() {
            let told = &mut self.told[id.0][outlet][at];
            let far = value - *told;
            // A mismatch moves with its target, by θ: such a tie is exact in either precision, because θ is a power of 2.
            let distance = (far.abs() - self.theta).abs();
            // But a pathway that comes back to 0 by its changes does so within rounding alone.
            let is_tie = distance == 0.0 && !(*value == 0.0 && is_error);
            self.margin = if is_tie { self.margin } else { self.margin.min(distance) };
            if far.abs() > self.theta {
                *told += far.signum() * self.theta;
                ways.push((at, far.signum()));
            }
        }
        ways
    }

    fn inlets(&self, id: PopulationId) -> Vec<usize> {
        let mut links: Vec<usize> = (0..self.wiring.links.len()).filter(|i| self.wiring.links[*i].to == id).collect();
        links.sort_by_key(|i| self.wiring.links[*i].inlet);
        links
    }

    /// `e`, on the first outlet.
    fn compare(&mut self, id: PopulationId) -> Vec<Vec<f64>> {
        let (to, inlets) = (self.layer(id), self.inlets(id));
        let layer = self.scenario.circuit.layer(self.wiring.population(id).layer);
        let (target, activities) = inlets.split_last().expect("a target");
        let mut h = vec![0.0; layer.size()];
        for link in activities {
            let w = self.synapses(self.layer(self.wiring.links[*link].from), to, "generative");
            for (s, h) in h.iter_mut().enumerate() {
                *h += w.row(s).iter().zip(&self.held[*link]).map(|(w, a)| f64::from(*w) * a).sum::<f64>();
            }
        }
        assert!(layer.likelihood() == Likelihood::Gaussian || layer.mean() == Activation::Sigmoid);
        // A drive that is kept up to date by its changes comes back to 0 within rounding alone, and is no tie then.
        let moved = &mut self.moved[id.0];
        moved.resize(h.len(), false);
        for (moved, h) in moved.iter_mut().zip(&h) {
            self.margin = if *moved && *h == 0.0 { 0.0 } else { self.margin };
            *moved |= *h != 0.0;
        }
        vec![self.held[*target].iter().zip(&h).map(|(t, h)| t - apply(layer.mean(), *h)).collect()]
    }

    /// `gain · e W` of the mismatch as receivers have been told it, by outlet.
    fn pathways(&self, id: PopulationId) -> Vec<(usize, Vec<f64>)> {
        let (to, e) = (self.layer(id), &self.told[id.0][0]);
        let backwards = self.scenario.circuit.projections().iter().filter(|p| p.to().0 == to);
        let gains = backwards.filter_map(|p| match p.feedback() {
            Feedback::Transposed => Some((p.from().0, 1.0)),
            Feedback::ScaledTranspose { gain } => Some((p.from().0, f64::from(gain))),
            Feedback::Learned { .. } | Feedback::Silent => None,
        });
        let of = |(at, (from, gain)): (usize, (usize, f64))| {
            let w = self.synapses(from, to, "generative");
            let of = |j: usize| gain * (0..w.rows()).map(|s| e[s] * f64::from(w.row(s)[j])).sum::<f64>();
            (at + 1, (0..w.cols()).map(of).collect())
        };
        gains.enumerate().map(of).collect()
    }

    fn update(&mut self, id: PopulationId) {
        let k = self.layer(id);
        let layer = self.scenario.circuit.layer(self.wiring.population(id).layer);
        let mut up = vec![0.0; layer.size()];
        let mut own = vec![0.0; layer.size()];
        for link in self.inlets(id) {
            let spec = self.wiring.links[link];
            let (from, held) = (self.layer(spec.from), &self.held[link]);
            match spec.carries {
                Carries::Pathway => up.iter_mut().zip(held).for_each(|(up, e)| *up += e),
                _ if from == k => own.clone_from(held),
                _ => {
                    let feedback = self.synapses(k, from, "feedback");
                    for (j, up) in up.iter_mut().enumerate() {
                        *up += feedback.row(j).iter().zip(held).map(|(w, e)| f64::from(*w) * e).sum::<f64>();
                    }
                }
            }
        }
        for i in (0..layer.size()).filter(|i| self.free[k][*i]) {
            let z = self.z[k][i];
            let slope = if layer.derivative() { 1.0 - z.tanh().powi(2) } else { 1.0 };
            let pull = up[i] * slope - own[i] - f64::from(layer.leak().get()) * z;
            self.z[k][i] = z + f64::from(layer.beta().get()) * pull;
        }
    }
}

fn run(scenario: &Scenario, schedule: Schedule, executor: ExecutorKind, theta: f32) -> (Settled, Vec<Matrix>) {
    let settling =
        Settling { messages: Messages::Ternary { threshold: theta }, ..scenario.settling(schedule, executor) };
    let (found, settled) = scenario.run(&mut Settler::new(), &settling, true).expect("settles");
    (settled, found.states)
}

/// When populations fire, and how long a message takes that is sent at a tick.
struct Course {
    schedules: Vec<(Schedule, ExecutorKind)>,
    until: u64,
    due: Box<dyn Fn(u64) -> Vec<PopulationId>>,
    delay: fn(u64) -> u64,
}

fn courses(scenario: &Scenario) -> Vec<Course> {
    use ExecutorKind::{Tasks, Threads};
    let free = free_populations(scenario);
    let wiring = Wiring::new(&scenario.circuit);
    let is_state = |id: PopulationId| wiring.population(id).kind == Kind::State;
    let (errors, states): (Vec<_>, Vec<_>) = free.iter().copied().partition(|id| !is_state(*id));
    let lockstep = move |tick: u64| if tick.is_multiple_of(2) { errors.clone() } else { states.clone() };
    // Messages that are sent at tick 8 or later overtake those before them.
    let changes = wiring.links.iter().map(|l| (8, Change::Delay(l.from, l.to, Delay::Fixed(1))));
    let mut changes: Vec<_> = changes.collect();
    changes.dedup();
    let late = VirtualTime { delay: Delay::Fixed(7), changes, ..VirtualTime::default() };
    let (period, order) = (free.len() as u64, free.clone());
    let twin = Schedule::VirtualTime(Box::new(twin_of_sweep(&free)));
    vec![
        Course {
            schedules: vec![
                (Schedule::Synchronous, Threads),
                (Schedule::Bounded { staleness: 0 }, Threads),
                (Schedule::Bounded { staleness: 0 }, Tasks),
                (Schedule::VirtualTime(Box::default()), Threads),
            ],
            until: 24,
            due: Box::new(lockstep.clone()),
            delay: |_| 0,
        },
        Course {
            schedules: vec![(Schedule::VirtualTime(Box::new(late)), Threads)],
            until: 24,
            due: Box::new(lockstep),
            delay: |tick| if tick < 8 { 7 } else { 1 },
        },
        Course {
            schedules: vec![(Schedule::Sweep { order: free }, Threads), (twin, Threads)],
            until: 12 * period,
            due: Box::new(move |tick| vec![order[(tick % period) as usize]]),
            delay: |_| 0,
        },
    ]
}

#[test]
fn ternary_messages_equal_a_slow_twin_and_its_account() {
    let mut compared = 0;
    for seed in seeds(24) {
        let (scenario, theta) = (scenario(seed), [0.0625, 0.125, 0.03125][seed as usize % 3]);
        for course in courses(&scenario) {
            let mut slow: Vec<Slow<'_>> = (0..3).map(|row| Slow::new(&scenario, theta, row)).collect();
            for slow in &mut slow {
                (0..course.until).for_each(|tick| slow.tick(tick, &(course.due)(tick), course.delay));
            }
            if slow.iter().any(|slow| slow.margin < 2e-6) {
                continue;
            }
            compared += 1;
            for (schedule, executor) in course.schedules {
                let what = format!("{}, {}", scenario.name, schedule.name());
                let (settled, states) = run(&scenario, schedule, executor, theta);
                for (row, slow) in slow.iter().enumerate() {
                    for (found, expected) in states.iter().zip(&slow.z) {
                        let pairs = found.row(row).iter().zip(expected);
                        let far = pairs.map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
                        assert!(far < 5e-6, "{what}: {far:e}");
                    }
                }
                let links = slow[0].wiring.links.iter().enumerate().filter(|(_, l)| {
                    let spec = slow[0].wiring.population(l.to);
                    spec.kind == Kind::Error || !scenario.episode.is_clamped(spec.layer)
                });
                assert_eq!(links.clone().count(), settled.account.links.len(), "{what}");
                for ((i, _), found) in links.zip(&settled.account.links) {
                    let counted = &slow[0].counted[i];
                    let bits: u64 = slow.iter().map(|slow| slow.counted[i].bits).sum();
                    let LinkAccount { from, to, sent, used, overwritten, dropped, bytes, .. } = found;
                    let expected = (counted.sent, counted.used, 0, 0, bits.div_ceil(8));
                    assert_eq!((*sent, *used, *overwritten, *dropped, *bytes), expected, "{what}: {from} to {to}");
                }
            }
        }
    }
    assert!(compared > 50, "{compared}");
}

/// States fall silent, and all that they sent arrives: then receivers have what senders have told, whatever overtook what.
#[test]
fn increments_accumulate_whatever_overtakes_what() {
    for seed in 0..10 {
        let scenario = scenario(2 * seed);
        let wiring = Wiring::new(&scenario.circuit);
        let at = |name: &str| (wiring.find(name).expect("there"), 60);
        let slow = VirtualTime { until: Some(200), lesions: vec![at("h"), at("g")], ..VirtualTime::default() };
        let late = VirtualTime { delay: Delay::Uniform(0, 9), seed, ..slow };
        let (settled, states) = run(&scenario, Schedule::VirtualTime(Box::new(late)), ExecutorKind::Threads, 0.05);
        assert!(states[1].as_slice().iter().any(|z| z.abs() > 0.1), "nothing moved");
        let log = settled.log.expect("recorded");
        let overtaken = log.firings.iter().any(|f| f.delivered.windows(2).any(|w| w[0].0 == w[1].0 && w[0].1 > w[1].1));
        assert!(overtaken, "seed {seed}: nothing overtook");
        let links = &settled.account.links;
        assert!(links.iter().all(|link| link.overwritten == 0 && link.sent == link.used + link.in_flight), "{links:?}");
        // Its last firings found every message there, so that the memory of both ends is the same to the bit: the mismatch
        // of x that it came to by itself is that of a whole message within θ for each of h, g and x.
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("run.log");
        log.save(&path).expect("saved");
        let again = Settling { ..scenario.settling(Schedule::Replay(path), ExecutorKind::Threads) };
        let (found, replayed) = scenario.run(&mut Settler::new(), &again, false).expect("runs again");
        let bits =
            |all: &[Matrix]| -> Vec<u32> { all.iter().flat_map(Matrix::as_slice).map(|v| v.to_bits()).collect() };
        assert_eq!(bits(&found.states), bits(&states), "seed {seed}: its replay has other bits");
        assert_eq!(replayed.account.links, *links, "seed {seed}: its replay has another account");
    }
}

/// A component that has far to go is told of for many firings: nothing is quiet before it has arrived.
#[test]
fn quiet_waits_for_what_is_left_untold() {
    let (scenario, mut settler) = (calm(), Settler::new());
    let late = VirtualTime { delay: Delay::Uniform(0, 4), ..VirtualTime::default() };
    for (schedule, executor) in [
        (Schedule::Synchronous, ExecutorKind::Threads),
        (Schedule::Sweep { order: free_populations(&scenario) }, ExecutorKind::Threads),
        (Schedule::VirtualTime(Box::new(late)), ExecutorKind::Threads),
        (Schedule::Bounded { staleness: 2 }, ExecutorKind::Tasks),
        (Schedule::Free { fire: Fire::OnAny }, ExecutorKind::Threads),
    ] {
        // So small a tolerance beside so small a β that the first updates look like rest.
        let (tolerance, threshold) = (2e-3, 1e-3);
        let settling = Settling {
            stopping: Stopping::Quiet { tolerance, max_steps: 40_000 },
            messages: Messages::Ternary { threshold },
            ..scenario.settling(schedule.clone(), executor)
        };
        let (found, settled) = scenario.run(&mut settler, &settling, false).expect("settles");
        assert_eq!(settled.quiet, Some(true), "{schedule:?}: never found quiet");
        let left = next_movement(&scenario, &found);
        assert!(left < 4.0 * f64::from(tolerance), "{schedule:?}: would still move by {left}");
    }
}

#[test]
fn who_loses_messages_is_refused() {
    let mut scenario = scenario(0);
    let ternary = Messages::Ternary { threshold: 0.1 };
    let lossy = VirtualTime { drop: 0.1, ..VirtualTime::default() };
    let wiring = Wiring::new(&scenario.circuit);
    let (h, x) = (wiring.find("h").expect("there"), wiring.find("x.error").expect("there"));
    let changed = VirtualTime { changes: vec![(5, Change::Drop(h, x, 0.5))], ..VirtualTime::default() };
    for time in [lossy, changed] {
        let schedule = Schedule::VirtualTime(Box::new(time));
        let settling = Settling { messages: ternary, ..scenario.settling(schedule, ExecutorKind::Threads) };
        let error = scenario.run(&mut Settler::new(), &settling, false).map(|_| ()).expect_err("refused");
        assert!(error.is_request() && error.to_string().contains("Ternary(...) needs every message"), "{error}");
        let error = scenario.circuit.clone().with_settling(settling).expect_err("refused").to_string();
        assert!(error.contains("settling.messages: Ternary(...) needs every message"), "{error}");
    }
    let mut settler = Settler::new();
    settler.plant(vec![Fault::Loss { share: 0.5, seed: 1 }]);
    let free = scenario.settling(Schedule::Free { fire: Fire::OnAny }, ExecutorKind::Threads);
    let lost = Settling { messages: ternary, ..free };
    let refused = scenario.run(&mut settler, &lost, false).map(|_| ());
    assert!(matches!(refused, Err(SettleError::Onset { .. })), "{refused:?}");
    // A log of a run that lost some, as if it had been ternary.
    let settling = scenario.settling(lossy_schedule(), ExecutorKind::Threads);
    let options = SettleOptions { record: true, ..SettleOptions::default() };
    let settled = Settler::new().settle(&mut scenario.network, &scenario.episode, &settling, options).expect("settles");
    let log = DeliveryLog { messages: ternary, ..settled.log.expect("recorded") };
    let problem = log.check(&wiring, &vec![false; wiring.populations.len()]).or_else(|_| {
        let clamped: Vec<bool> = wiring.populations().map(|(_, p)| log.clamped.contains(&p.name)).collect();
        log.check(&wiring, &clamped)
    });
    assert!(problem.clone().is_err_and(|problem| problem.contains("Ternary(...) needs every one")), "{problem:?}");
}

fn lossy_schedule() -> Schedule {
    Schedule::VirtualTime(Box::new(VirtualTime { drop: 0.3, clock: Some(Clock::default()), ..VirtualTime::default() }))
}
