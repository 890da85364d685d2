//! Options of circuits beyond the paper (bias, precision, learning by place, drawing of synapses, sign): each against a slow
//! twin over random circuits, under several schedules, and what is learned against finite differences of the free energy.

use crate::asked::seeds;
use crate::conformance::{self, Scenario};
use crate::dynamics::{Twin, shaken};
use crate::properties::{self, Dice, Kind};
use gncn::circuit::file::CircuitFile;
use gncn::circuit::wiring::{self, PopulationId, Wiring};
use gncn::circuit::{Circuit, LayerId, Schedule, Settling, Stopping};
use gncn::episode::Episode;
use gncn::executor::{SettleOptions, Settler};
use gncn::matrix::Matrix;
use gncn::network::{Network, Tensors};
use gncn::params::{
    BiasKind, Decline, Feedback, Init, Likelihood, Messages, Norm, Optimizer, Precision, PrecisionForm, RateOverTime,
    Sign,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A random circuit with biases and precisions of every kind.
fn decorated(kind: Kind, seed: u64) -> Circuit {
    let circuit = properties::circuit(kind, seed);
    let mut dice = Dice::new("test.options", seed);
    let mut file = CircuitFile::from(&circuit);
    let predicted: Vec<bool> = circuit.layers().map(|(id, _)| circuit.is_predicted(id)).collect();
    for ((_, layer), _) in file.layers.0.iter_mut().zip(predicted).filter(|(_, predicted)| *predicted) {
        if dice.chance(0.6) {
            layer.bias = BiasKind::Learned;
        }
        let fixed = Precision::Fixed(dice.real(0.3, 2.0));
        let diagonal = Precision::Diagonal { floor: dice.real(0.1, 1.5) };
        layer.precision = match layer.likelihood {
            Likelihood::Bernoulli => dice.pick(&[Precision::Identity, fixed]),
            Likelihood::Gaussian => dice.pick(&[layer.precision, fixed, diagonal]),
        };
    }
    let learning = &mut file.learning;
    learning.optimizer = Optimizer::Sgd { rate: 0.01 };
    file.check().unwrap_or_else(|error| panic!("{seed}: {error}"))
}

/// A network of such a circuit whose biases and variances are not what they start from.
fn network(circuit: &Circuit, seed: u64) -> Network {
    let mut tensors = properties::network(circuit, seed).tensors();
    let mut dice = Dice::new("test.options.weights", seed);
    for (name, tensor) in &mut tensors {
        if name.ends_with(".bias") {
            *tensor = dice.matrix(1, tensor.cols(), -0.5, 0.5);
        } else if name.ends_with(".variance") {
            *tensor = dice.matrix(1, tensor.cols(), 0.4, 2.0);
        }
    }
    Network::with_weights(Arc::new(circuit.clone()), &tensors).expect("fits")
}

/// The largest distance over 1 and the largest of what was expected: roundings on the way are of that size.
pub(crate) fn off(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0_f64, |most, e| most.max(e.abs()));
    found.iter().zip(expected).map(|(f, e)| (f64::from(*f) - e).abs() / (1.0 + largest)).fold(0.0, f64::max)
}

/// How far a settled circuit is from states of the twin, and from what the twin's error neurons make of these.
fn distance(
    network: &mut Network,
    episode: &Episode,
    settling: &Settling,
    z: &[Vec<Vec<f64>>],
    twin: &Twin<'_>,
) -> f64 {
    let mut settler = Settler::new();
    settler.settle(network, episode, settling, SettleOptions::default()).expect("settles");
    let (activities, wiring, circuit) = (settler.activities(), network.wiring(), network.circuit());
    let mut furthest = 0.0_f64;
    for (row, z) in z.iter().enumerate() {
        let errors = twin.errors(z);
        for (id, _) in circuit.layers() {
            furthest = furthest.max(off(activities.state(wiring, id).row(row), &z[id.0]));
            if let Some(e) = activities.mismatch(wiring, id) {
                furthest = furthest.max(off(e.row(row), &errors.mismatch[id.0]));
            }
        }
    }
    furthest
}

#[test]
fn settling_equals_a_slow_twin_under_every_schedule() {
    let (mut compared, mut met) = (0, BTreeMap::<&str, usize>::new());
    for seed in seeds(250) {
        let circuit = decorated(Kind::Tame, seed);
        let mut network = network(&circuit, seed);
        let original = network.clone();
        let episode = properties::episode(Kind::Tame, &circuit, 1 + (seed % 3) as usize, seed);
        let twin = Twin::new(&original);
        let steps = 6;
        let settled: Vec<_> = (0..episode.rows()).map(|row| twin.settle(&episode, row, steps).0).collect();
        let order = sweep(&circuit);
        let swept: Vec<_> =
            (0..episode.rows()).map(|row| twin.sweep(&episode, row, steps, &places(&circuit, &order))).collect();
        let all = || settled.iter().chain(&swept).flatten().flatten();
        let errors: Vec<_> = settled.iter().chain(&swept).map(|z| twin.errors(z).mismatch).collect();
        // Near a jump, f32 and f64 may part; where numbers are large, so is their rounding on the way; and a circuit that
        // magnifies roundings of its synapses shows them.
        let shaken = shaken(&original, seed);
        let shaken = Twin::new(&shaken);
        let far = |row: usize| {
            let other = shaken.settle(&episode, row, steps).0;
            let (mismatch, others) = (twin.errors(&settled[row]).mismatch, shaken.errors(&other).mismatch);
            let both = settled[row].iter().zip(&other).chain(mismatch.iter().zip(&others));
            both.map(|(own, other)| off(&other.iter().map(|v| *v as f32).collect::<Vec<_>>(), own)).fold(0.0, f64::max)
        };
        let magnifies = (0..episode.rows()).any(|row| far(row) > 5e-7);
        let is_large = |v: &f64| v.is_nan() || v.abs() > 8.0;
        if twin.margin() < 1e-4 || magnifies || all().chain(errors.iter().flatten().flatten()).any(is_large) {
            continue;
        }
        compared += 1;
        for (_, layer) in circuit.layers() {
            let what = match layer.precision() {
                Precision::Fixed(_) if layer.likelihood() == Likelihood::Bernoulli => "fixed, Bernoulli",
                Precision::Fixed(_) => "fixed",
                Precision::Diagonal { .. } => "diagonal",
                _ => "other",
            };
            *met.entry(what).or_default() += 1;
            *met.entry("bias").or_default() += usize::from(layer.is_biased());
        }
        let with = |schedule, messages| Settling { schedule, messages, ..Settling::plain(Stopping::Steps(steps)) };
        for messages in [Messages::Dense, Messages::events(0.0)] {
            for (schedule, expected) in [
                (Schedule::Synchronous, &settled),
                (Schedule::Bounded { staleness: 0 }, &settled),
                (Schedule::VirtualTime(Box::default()), &settled),
                (Schedule::Sweep { order: order.clone() }, &swept),
            ] {
                let name = schedule.name();
                let furthest = distance(&mut network, &episode, &with(schedule, messages), expected, &twin);
                assert!(furthest < 5e-6, "seed {seed}: {name}, {messages:?}: {furthest:e}");
            }
        }
    }
    assert!(compared > 80 && met.values().all(|count| *count > 15), "{compared} circuits: {met:?}");
}

/// All populations, states first.
pub(crate) fn sweep(circuit: &Circuit) -> Vec<PopulationId> {
    Wiring::new(circuit).populations().map(|(id, _)| id).collect()
}

pub(crate) fn places(circuit: &Circuit, order: &[PopulationId]) -> Vec<(LayerId, bool)> {
    let wiring = Wiring::new(circuit);
    let place = |id: &PopulationId| {
        let population = wiring.population(*id);
        (population.layer, population.kind == wiring::Kind::Error)
    };
    order.iter().map(place).collect()
}

#[test]
fn every_promise_holds_on_circuits_with_options() {
    let scenario = |seed| {
        let circuit = decorated(Kind::Tame, seed);
        let network = network(&circuit, seed);
        let episode = properties::episode(Kind::Tame, &circuit, 1 + (seed % 3) as usize, seed);
        Scenario { name: format!("options {seed}"), seed, circuit, network, episode }
    };
    conformance::all_promises_hold((0..12).map(scenario));
}

/// Of one plain step.
const RATE: f32 = 0.125;

#[test]
fn what_is_learned_is_the_slope_of_the_free_energy() {
    let (mut compared, mut kinds) = (0, BTreeMap::<String, usize>::new());
    for seed in seeds(80) {
        let mut file = CircuitFile::from(&decorated(Kind::Gradient, seed));
        // A step so small that no variance falls to its floor, and no norm: what is learned is the rule.
        file.learning.optimizer = Optimizer::Sgd { rate: RATE };
        file.learning.norm = Norm::None;
        for (_, layer) in &mut file.layers.0 {
            if let Precision::Diagonal { .. } = layer.precision {
                layer.precision = Precision::Diagonal { floor: 1e-6 };
            }
        }
        let circuit = file.check().expect("sound");
        let mut network = network(&circuit, seed);
        let before = network.clone();
        let episode = properties::episode(Kind::Gradient, &circuit, 3, seed);
        let settling = Settling { stopping: Stopping::Steps(4), ..circuit.settling().clone() };
        let mut settler = Settler::new();
        settler.settle(&mut network, &episode, &settling, SettleOptions::default()).expect("settles");
        if network.learn(settler.activities()).is_err() {
            continue;
        }
        let (was, is) = (before.tensors(), network.tensors());
        let layers: Vec<_> = circuit.layers().map(|(id, _)| id).collect();
        let states: Vec<Matrix> = layers.iter().map(|id| settler.activities().state(network.wiring(), *id)).collect();
        let mut twin = Twin::new(&before);
        let mut energy = |name: &str, at: usize, by: f64| {
            twin.nudge(name, at, by);
            let of = |row| {
                let z: Vec<Vec<f64>> =
                    states.iter().map(|z| z.row(row).iter().map(|v| f64::from(*v)).collect()).collect();
                twin.energies(&z, &twin.errors(&z)).iter().sum::<f64>()
            };
            let mean = (0..episode.rows()).map(of).sum::<f64>() / episode.rows() as f64;
            twin.nudge(name, at, -by);
            mean
        };
        for (name, tensor) in was.iter().filter(|(name, _)| !name.ends_with(".covariance")) {
            for (at, value) in tensor.as_slice().iter().enumerate().step_by(3) {
                let h = 1e-5;
                let slope = (energy(name, at, -h) - energy(name, at, h)) / (2.0 * h);
                let learned = (f64::from(is[name].as_slice()[at]) - f64::from(*value)) / f64::from(RATE);
                assert!(
                    (learned - slope).abs() < 2e-5 * (1.0 + slope.abs()),
                    "{seed}: {name} {at}: {learned}, {slope}"
                );
                compared += 1;
                *kinds.entry(name.split_once('.').expect("a dot").1.to_owned()).or_default() += 1;
            }
        }
    }
    assert!(compared > 1000 && kinds.len() == 3 && kinds.values().all(|n| *n > 50), "{kinds:?}");
}

/// A circuit of every kind of synapses, of which each place may learn in its own way.
fn placed(dice: &mut Dice) -> Circuit {
    let text = r#"(
        name: "placed",
        layers: {
            "z0": (size: 9, sense: "image", mean: Sigmoid, likelihood: Bernoulli, precision: Fixed(0.7), bias: Learned),
            "z1": (size: 6, activation: Tanh, beta: 0.1, precision: Diagonal(floor: 0.3), bias: Learned),
            "z2": (size: 5, activation: Relu, beta: 0.1, leak: 0.01),
        },
        projections: [
            (from: "z1", to: "z0", feedback: Learned(rate: 0.7)),
            (from: "z2", to: "z1", feedback: Transposed),
            (from: "z2", to: "z0", feedback: Silent),
        ],
        init: Gaussian(sd: 0.5),
        settling: (steps: 8),
    )"#;
    let mut file = CircuitFile::from(&Circuit::parse(text.as_bytes()).expect("sound"));
    let norms = [Norm::UnitColumns, Norm::ClipRows, Norm::None];
    let optimizer = |dice: &mut Dice| {
        let adam = Optimizer::Adam { rate: 0.02, beta1: dice.real(0.0, 0.95), beta2: dice.real(0.5, 0.999) };
        dice.pick(&[Optimizer::Sgd { rate: 0.05 }, adam, Optimizer::adam(0.01)])
    };
    let decays = [0.0, 0.1, 2.0];
    file.learning.optimizer = optimizer(dice);
    file.learning.norm = dice.pick(&norms);
    file.learning.decay = dice.pick(&decays);
    file.learning.epochs = 6;
    let declines = [Decline::Constant, Decline::Step { every: 2, factor: 0.5 }, Decline::Cosine { to: 0.001 }];
    let warmup = RateOverTime::Warmup { epochs: 2, then: dice.pick(&declines) };
    let (step, cosine) = (RateOverTime::Step { every: 1, factor: 0.7 }, RateOverTime::Cosine { to: 0.001 });
    file.learning.rate_over_time = dice.pick(&[RateOverTime::Constant, step, cosine, warmup]);
    for projection in &mut file.projections {
        let place = &mut projection.learning;
        place.optimizer = dice.chance(0.5).then(|| optimizer(dice));
        place.norm = dice.chance(0.5).then(|| dice.pick(&norms));
        place.decay = dice.chance(0.5).then(|| dice.pick(&decays));
        place.frozen = dice.chance(0.15);
        projection.sign = dice.pick(&[Sign::Any, Sign::Positive]);
    }
    for (_, layer) in &mut file.layers.0[..2] {
        layer.learning.optimizer = dice.chance(0.5).then(|| optimizer(dice));
        layer.learning.frozen = dice.chance(0.2);
    }
    file.check().expect("sound")
}

/// A tensor that learns slowly, in f64.
#[derive(Default)]
struct SlowTensor {
    mean: Vec<f64>,
    square: Vec<f64>,
    step: i32,
}

impl SlowTensor {
    fn step(&mut self, optimizer: Optimizer, rate: f64, rule: &[f64]) -> Vec<f64> {
        let Optimizer::Adam { beta1, beta2, .. } = optimizer else {
            return rule.iter().map(|r| rate * r).collect();
        };
        let (first, second) = (f64::from(beta1), f64::from(beta2));
        self.mean.resize(rule.len(), 0.0);
        self.square.resize(rule.len(), 0.0);
        self.step += 1;
        let one = |(i, r): (usize, &f64)| {
            self.mean[i] = first * self.mean[i] + (1.0 - first) * r;
            self.square[i] = second * self.square[i] + (1.0 - second) * r * r;
            let (m, v) =
                (self.mean[i] / (1.0 - first.powi(self.step)), self.square[i] / (1.0 - second.powi(self.step)));
            rate * m / (v.sqrt() + 1e-8)
        };
        rule.iter().enumerate().map(one).collect()
    }
}

/// The rate of an epoch, as design section 8 has it.
fn slow_rate(time: RateOverTime, rate: f64, epoch: usize, epochs: usize) -> f64 {
    let decline = |decline: Decline| match decline {
        Decline::Constant => rate,
        Decline::Step { every, factor } => (0..epoch / every).fold(rate, |rate, _| rate * f64::from(factor)),
        Decline::Cosine { to } => {
            let turn = std::f64::consts::PI * epoch as f64 / epochs as f64;
            f64::from(to) + (rate - f64::from(to)) * (1.0 + turn.cos()) / 2.0
        }
    };
    match time {
        RateOverTime::Warmup { epochs: n, .. } if epoch < n => rate * (epoch + 1) as f64 / n as f64,
        RateOverTime::Warmup { then, .. } => decline(then),
        RateOverTime::Constant => rate,
        RateOverTime::Step { every, factor } => decline(Decline::Step { every, factor }),
        RateOverTime::Cosine { to } => decline(Decline::Cosine { to }),
    }
}

/// `leftᵀ right / B`
fn product(left: &Matrix, right: &Matrix) -> Vec<f64> {
    let entry = |i: usize, j: usize| -> f64 {
        let sum: f64 = (0..left.rows()).map(|r| f64::from(left.row(r)[i]) * f64::from(right.row(r)[j])).sum();
        sum / left.rows() as f64
    };
    (0..left.cols()).flat_map(|i| (0..right.cols()).map(move |j| (i, j))).map(|(i, j)| entry(i, j)).collect()
}

/// Columns of the paper's W leave one presynaptic neuron, rows arrive at one postsynaptic one: files have `[post, pre]`.
fn slow_norm(norm: Norm, values: &mut [f64], cols: usize) {
    let rows = values.len() / cols;
    let at = |leaving: bool, a: usize, b: usize| if leaving { b * cols + a } else { a * cols + b };
    let (leaving, vectors, entries) = match norm {
        Norm::None => return,
        Norm::UnitColumns => (true, cols, rows),
        Norm::ClipRows => (false, rows, cols),
    };
    for a in 0..vectors {
        let length = (0..entries).map(|b| values[at(leaving, a, b)].powi(2)).sum::<f64>().sqrt();
        let divide = if leaving { length.max(1e-8) } else { length.max(1.0) };
        (0..entries).for_each(|b| values[at(leaving, a, b)] /= divide);
    }
}

#[test]
fn every_place_learns_in_its_own_way() {
    for seed in seeds(40) {
        let mut dice = Dice::new("test.places", seed);
        let circuit = placed(&mut dice);
        let mut network = Network::new(Arc::new(circuit.clone()), seed);
        let mut slow: BTreeMap<String, SlowTensor> = BTreeMap::new();
        for epoch in 0..5 {
            network.at_epoch(epoch);
            let episode = Episode::new(&circuit, [("image".to_owned(), dice.matrix(20, 9, 0.0, 1.0))]).expect("fits");
            let mut settler = Settler::new();
            settler.settle(&mut network, &episode, circuit.settling(), SettleOptions::default()).expect("settles");
            let before = network.tensors();
            network.learn(settler.activities()).expect("learns");
            let rules = rules(&network, &settler, &before);
            for (name, after) in &network.tensors() {
                let expected = taught(&circuit, epoch, name, &before[name], &rules[name], &mut slow);
                for (i, expected) in expected.iter().enumerate() {
                    let found = f64::from(after.as_slice()[i]);
                    let tolerance = tolerance(&circuit, name, &rules[name], i);
                    let off = (found - expected).abs();
                    assert!(off < tolerance, "seed {seed}, epoch {epoch}: {name} {i} is {found}, not {expected}");
                }
                if is_frozen(&circuit, name) {
                    assert_eq!(after, &before[name], "seed {seed}: {name} is frozen");
                }
            }
        }
    }
}

/// Adam divides by the size of the rule: where that is rounding, so is its direction, and a norm hands that on to others.
fn tolerance(circuit: &Circuit, name: &str, rule: &[f64], at: usize) -> f64 {
    let own = circuit.learning();
    let (owner, kind) = name.split_once('.').expect("a dot");
    let (place, norm) = match circuit.find(owner) {
        Some(layer) => (circuit.layer(layer).learning(), Norm::None),
        None => {
            let place = projection_of(circuit, name).learning();
            (place, place.norm.unwrap_or(own.norm))
        }
    };
    let is_rounding = |r: &f64| *r != 0.0 && r.abs() < 1e-4;
    let is_doubtful = match norm {
        Norm::None => is_rounding(&rule[at]),
        _ => rule.iter().any(is_rounding),
    };
    match place.optimizer.unwrap_or(own.optimizer) {
        Optimizer::Adam { .. } if kind != "variance" => {
            if is_doubtful {
                0.05
            } else {
                5e-5
            }
        }
        _ => 5e-6,
    }
}

/// What every tensor ascends, from activities and mismatches at the readout.
fn rules(network: &Network, settler: &Settler, before: &Tensors) -> BTreeMap<String, Vec<f64>> {
    let (circuit, activities, wiring) = (network.circuit(), settler.activities(), network.wiring());
    let mut rules = BTreeMap::new();
    for p in circuit.projections() {
        let a = activities.activity(wiring, p.from());
        let e = activities.mismatch(wiring, p.to()).expect("predicted");
        rules.insert(circuit.tensor_name(p, "generative"), product(&e, &a));
        if let Feedback::Learned { rate } = p.feedback() {
            let rule = product(&a, &e).iter().map(|r| f64::from(rate) * r).collect();
            rules.insert(circuit.tensor_name(p, "feedback"), rule);
        }
    }
    for (id, layer) in circuit.layers().filter(|(id, _)| circuit.is_predicted(*id)) {
        let e = activities.mismatch(wiring, id).expect("predicted");
        let mean = |of: &dyn Fn(f64) -> f64, j: usize| {
            (0..e.rows()).map(|r| of(f64::from(e.row(r)[j]))).sum::<f64>() / e.rows() as f64
        };
        let name = |kind: &str| format!("{}.{kind}", layer.name());
        rules.insert(name("bias"), (0..e.cols()).map(|j| mean(&|e| e, j)).collect());
        if let Some(v) = before.get(&name("variance")) {
            let rule = |j: usize| 0.5 * (mean(&|e| e * e, j) - 1.0 / f64::from(v.row(0)[j]));
            rules.insert(name("variance"), (0..e.cols()).map(rule).collect());
        }
    }
    rules
}

fn is_frozen(circuit: &Circuit, name: &str) -> bool {
    let (owner, _) = name.split_once('.').expect("a dot");
    match circuit.find(owner) {
        Some(layer) => circuit.layer(layer).learning().frozen,
        None => projection_of(circuit, name).learning().frozen,
    }
}

fn projection_of<'a>(circuit: &'a Circuit, name: &str) -> &'a gncn::circuit::Projection {
    let (_, kind) = name.split_once('.').expect("a dot");
    circuit.projections().iter().find(|p| circuit.tensor_name(p, kind) == name).expect("a tensor of a projection")
}

/// What a tensor should be after one learning step.
fn taught(
    circuit: &Circuit,
    epoch: usize,
    name: &str,
    before: &Matrix,
    rule: &[f64],
    slow: &mut BTreeMap<String, SlowTensor>,
) -> Vec<f64> {
    let was: Vec<f64> = before.as_slice().iter().map(|v| f64::from(*v)).collect();
    if is_frozen(circuit, name) {
        return was;
    }
    let (own, slow) = (circuit.learning(), slow.entry(name.to_owned()).or_default());
    let rate = |optimizer: Optimizer| slow_rate(own.rate_over_time, f64::from(optimizer.rate()), epoch, own.epochs);
    let (owner, kind) = name.split_once('.').expect("a dot");
    if let Some(layer) = circuit.find(owner) {
        let optimizer = circuit.layer(layer).learning().optimizer.unwrap_or(own.optimizer);
        if kind == "bias" {
            let step = slow.step(optimizer, rate(optimizer), rule);
            return was.iter().zip(step).map(|(b, step)| b + step).collect();
        }
        return was.iter().zip(rule).map(|(v, r)| (v + rate(optimizer) * r).max(f64::from(0.3_f32))).collect();
    }
    let p = projection_of(circuit, name);
    let place = p.learning();
    let optimizer = place.optimizer.unwrap_or(own.optimizer);
    let keep = 1.0 - rate(optimizer) * f64::from(place.decay.unwrap_or(own.decay));
    let step = slow.step(optimizer, rate(optimizer), rule);
    let mut values: Vec<f64> = was.iter().zip(step).map(|(w, step)| keep * w + step).collect();
    if p.sign() == Sign::Positive {
        values.iter_mut().for_each(|w| *w = w.max(0.0));
    }
    slow_norm(place.norm.unwrap_or(own.norm), &mut values, before.cols());
    values
}

#[test]
fn synapses_are_drawn_as_the_file_says() {
    let text = |init: &str, own: &str| {
        format!(
            r#"(name: "drawn", init: {init}, layers: {{
                "z0": (size: 40, sense: "image"), "z1": (size: 30, beta: 0.1, bias: Learned, precision: Diagonal(floor: 2.0)),
                "z2": (size: 20, beta: 0.1)}},
            projections: [(from: "z1", to: "z0", feedback: Learned(rate: 1.0){own}),
                (from: "z2", to: "z1", feedback: Transposed)])"#
        )
    };
    let drawn = |init: &str, own: &str| {
        let circuit = Circuit::parse(text(init, own).as_bytes()).expect("sound");
        assert_eq!(Circuit::parse(circuit.to_ron().as_bytes()), Ok(circuit.clone()));
        Network::new(Arc::new(circuit), 3).tensors()
    };
    let most = |m: &Matrix| m.as_slice().iter().fold(0.0_f32, |most, v| most.max(v.abs()));
    let usual = drawn("Gaussian(sd: 0.05)", "");
    let own = drawn("Gaussian(sd: 0.05)", ", init: Uniform(bound: 0.2), sign: Positive");
    assert_eq!(usual["z2_to_z1.generative"], own["z2_to_z1.generative"], "one projection's own changes no other");
    for kind in ["generative", "feedback"] {
        let tensor = &own[&format!("z1_to_z0.{kind}")];
        assert!(tensor.as_slice().iter().all(|w| *w >= 0.0) && most(tensor) <= 0.2 && most(tensor) > 0.19);
    }
    let xavier = drawn("Xavier", ", init: Zeros");
    let bound = (6.0_f32 / 50.0).sqrt();
    assert!(most(&xavier["z2_to_z1.generative"]) <= bound && most(&xavier["z2_to_z1.generative"]) > 0.98 * bound);
    assert_eq!((most(&xavier["z1_to_z0.generative"]), most(&xavier["z1_to_z0.feedback"])), (0.0, 0.0));
    let he = drawn("He", "");
    let sd =
        |m: &Matrix| (m.as_slice().iter().map(|v| f64::from(v * v)).sum::<f64>() / m.as_slice().len() as f64).sqrt();
    // 30 synapses arrive at a neuron of z0, and 40 error synapses at one of z1.
    for (kind, arriving) in [("generative", 30.0), ("feedback", 40.0)] {
        let expected = f64::sqrt(2.0 / arriving);
        assert!((sd(&he[&format!("z1_to_z0.{kind}")]) / expected - 1.0).abs() < 0.08);
    }
    assert_eq!(usual["z1.bias"], Matrix::zeros(1, 30));
    assert!(usual["z1.variance"].as_slice().iter().all(|v| *v == 2.0));
    assert_eq!(Init::default(), Init::Gaussian { sd: 0.05 });
    assert_eq!(PrecisionForm::default(), PrecisionForm::Inverse);
}
