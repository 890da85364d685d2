//! The promise of `Synchronous`: the bits of a run follow from circuit, seed and data, and from nothing else. Not from
//! the number of worker threads, not from the order of the circuit file, not from which samples share a batch (shards
//! of 50 rows start at multiples of 50), not from what a settler did before.

use crate::properties::{self, Dice, Kind};
use gncn::circuit::file::CircuitFile;
use gncn::circuit::wiring::Kind as PopulationKind;
use gncn::circuit::{Circuit, Learning, Settling, Stopping};
use gncn::episode::{Episode, Shown};
use gncn::executor::{Measure, SettleOptions, Settled, Settler};
use gncn::matrix::Matrix;
use gncn::network::{Network, Tensors};
use gncn::params::{Activation, Messages, When};
use std::collections::BTreeMap;
use std::sync::Arc;

const SEED: u64 = 11;

/// A partially decomposable hierarchy with everything plastic; sizes are ragged, and some rules take several pieces
/// of work.
pub(crate) const PDH: &str = r#"Circuit(
    name: "pdh",
    layers: {
        "z0": (size: 131, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
        "z1": (size: 72, activation: Relu, mean: Relu, target: Activity, beta: 0.1, leak: 0.001,
               lateral: Columns(size: 12, excite: 0.15, inhibit: 0.1), precision: Learned(floor: 1.0)),
        "z2": (size: 37, activation: Tanh, derivative: true, beta: 0.1, prior: Laplace(0.01),
               lateral: Band(width: 3, excite: 0.1, inhibit: 0.05), precision: Learned(floor: 0.9, form: Factor)),
        "z3": (size: 10, sense: "label", activation: KWinners(4), beta: 0.1),
        "z4": (size: 21, activation: Softplus, beta: 0.05, prior: Cauchy(0.02)),
    },
    projections: [
        (from: "z1", to: "z0", feedback: Learned(rate: 1.0)),
        (from: "z2", to: "z0", feedback: Silent),
        (from: "z2", to: "z1", feedback: Transposed),
        (from: "z4", to: "z1", feedback: Learned(rate: 0.5)),
        (from: "z4", to: "z2", feedback: ScaledTranspose(gain: 0.7)),
        (from: "z4", to: "z3", feedback: Transposed),
        (from: "z3", to: "z2", feedback: Transposed),
        (from: "z1", to: "z4", feedback: Transposed),
    ],
    init: Gaussian(sd: 0.1),
    settling: (steps: 7),
    learning: (optimizer: Adam(rate: 0.002), norm: ClipRows),
)"#;

fn parse(text: &str) -> Circuit {
    Circuit::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The circuit with another way to end, to send or to learn.
fn pdh(stopping: Stopping, messages: Messages, when: When) -> Circuit {
    let circuit = parse(PDH);
    let settling = Settling { stopping, messages, ..circuit.settling().clone() };
    let learning = Learning { when, ..circuit.learning() };
    circuit.with_settling(settling).and_then(|circuit| circuit.with_learning(learning)).expect("a sound circuit")
}

pub(crate) fn presentation(circuit: &Circuit, rows: usize, seed: u64) -> Episode<'static> {
    let mut dice = Dice::new("test.presentation", seed);
    let (image, label) = (dice.matrix(rows, 131, 0.0, 1.0), dice.matrix(rows, 10, 0.0, 1.0));
    let mask = dice.mask(rows, 131);
    let inputs = [("image".to_owned(), image), ("label".to_owned(), label)];
    let episode = Episode::new(circuit, inputs).expect("fits");
    if seed.is_multiple_of(2) { episode } else { episode.mask(circuit, "image", mask).expect("fits") }
}

/// What a training leaves behind, by names, so that it can be compared between files of different order.
#[derive(Debug, PartialEq)]
struct Outcome {
    tensors: BTreeMap<String, Vec<u32>>,
    /// Of the last batch: states, means and mismatches.
    activities: BTreeMap<String, Vec<u32>>,
    /// By population and measurement; sums are taken in the order of the samples.
    energies: BTreeMap<String, Vec<u64>>,
    steps: Vec<usize>,
}

fn bits(matrix: &Matrix) -> Vec<u32> {
    matrix.as_slice().iter().map(|v| v.to_bits()).collect()
}

fn tensor_bits(tensors: &Tensors) -> BTreeMap<String, Vec<u32>> {
    tensors.iter().map(|(name, matrix)| (name.clone(), bits(matrix))).collect()
}

fn activity_bits(circuit: &Circuit, network: &Network, settler: &Settler) -> BTreeMap<String, Vec<u32>> {
    let (activities, wiring) = (settler.activities(), network.wiring());
    let mut found = BTreeMap::new();
    for (id, layer) in circuit.layers() {
        let kinds = [
            ("state", Some(activities.state(wiring, id))),
            ("activity", Some(activities.activity(wiring, id))),
            ("mean", activities.mean(wiring, id)),
            ("mismatch", activities.mismatch(wiring, id)),
        ];
        for (kind, matrix) in kinds {
            found.extend(matrix.map(|m| (format!("{kind}.{}", layer.name()), bits(&m))));
        }
    }
    found
}

fn settle(settler: &mut Settler, network: &mut Network, episode: &Episode) -> Settled {
    let options = SettleOptions { measure: Measure::EveryStep, learn: true, ..SettleOptions::default() };
    let settling = network.circuit().settling().clone();
    settler.settle(network, episode, &settling, options).expect("settles")
}

/// Three batches, settled and learned.
fn train(circuit: &Circuit, rows: usize, presentation: impl Fn(&Circuit, usize, u64) -> Episode<'static>) -> Outcome {
    let mut network = Network::new(Arc::new(circuit.clone()), SEED);
    let mut settler = Settler::new();
    let (mut energies, mut steps) = (BTreeMap::<String, Vec<u64>>::new(), Vec::new());
    for batch in 0..3 {
        let settled = settle(&mut settler, &mut network, &presentation(circuit, rows, batch));
        steps.push(settled.steps);
        for (column, id) in settled.energies.populations.iter().enumerate() {
            let of = energies.entry(network.wiring().population(*id).name.clone()).or_default();
            of.extend(settled.energies.sums.iter().map(|sums| sums[column].to_bits()));
        }
        if circuit.learning().when == When::Readout {
            network.learn(settler.activities()).expect("learns");
        }
    }
    let fresh = Network::new(Arc::new(circuit.clone()), SEED).tensors();
    let tensors = network.tensors();
    assert!(tensors.iter().all(|(name, m)| *m != fresh[name]), "everything plastic has learned");
    let activities = activity_bits(circuit, &network, &settler);
    Outcome { tensors: tensor_bits(&tensors), activities, energies, steps }
}

fn with_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool").install(work)
}

/// Tells what differs by name: the numbers themselves would fill the screen.
fn same(found: &Outcome, expected: &Outcome, what: &str) {
    let differ = |f: &BTreeMap<String, Vec<u32>>, e: &BTreeMap<String, Vec<u32>>| -> Vec<String> {
        assert!(f.keys().eq(e.keys()), "{what}: other names");
        f.iter().filter(|(name, bits)| e[*name] != **bits).map(|(name, _)| name.clone()).collect()
    };
    let tensors = differ(&found.tensors, &expected.tensors);
    let activities = differ(&found.activities, &expected.activities);
    assert!(tensors.is_empty() && activities.is_empty(), "{what}: other bits in {tensors:?} {activities:?}");
    assert_eq!(found.steps, expected.steps, "{what}");
    assert!(found.energies == expected.energies, "{what}: other energies");
}

fn independent_of_threads(circuit: &Circuit, what: &str) {
    for rows in [7, 50, 130] {
        let one = with_threads(1, || train(circuit, rows, presentation));
        for threads in [2, 3, 5] {
            let more = with_threads(threads, || train(circuit, rows, presentation));
            same(&more, &one, &format!("{what}, {rows} rows on {threads} threads"));
        }
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    independent_of_threads(&pdh(Stopping::Steps(7), Messages::Dense, When::Readout), "dense");
}

#[test]
fn bits_of_events_do_not_depend_on_the_number_of_threads() {
    for threshold in [0.0, 0.01] {
        let circuit = pdh(Stopping::Steps(7), Messages::events(threshold), When::Readout);
        independent_of_threads(&circuit, &format!("events above {threshold}"));
    }
}

#[test]
fn bits_of_learning_at_every_step_do_not_depend_on_the_number_of_threads() {
    independent_of_threads(&pdh(Stopping::Steps(4), Messages::Dense, When::EveryStep), "learning at every step");
}

#[test]
fn bits_and_steps_of_quiet_do_not_depend_on_the_number_of_threads() {
    // With less excitation and more leak it comes to rest.
    let circuit = parse(&PDH.replace("excite: 0.15", "excite: 0.01").replace("leak: 0.001", "leak: 0.1"));
    let stopping = Stopping::Quiet { tolerance: 0.07, max_steps: 100 };
    let settling = Settling { stopping, ..circuit.settling().clone() };
    let circuit = circuit.with_settling(settling).expect("a sound circuit");
    let steps = train(&circuit, 7, presentation).steps;
    assert!(steps.iter().all(|steps| (5..100).contains(steps)), "quiet comes neither at once nor never: {steps:?}");
    independent_of_threads(&circuit, "until quiet");
}

/// The circuit with layers and projections listed in another order.
fn reordered(circuit: &Circuit, dice: &mut Dice) -> Circuit {
    let text = circuit.to_ron();
    let mut lines: Vec<&str> = text.lines().collect();
    for (open, close) in [("layers: {", "    },"), ("projections: [", "    ],")] {
        let first = lines.iter().position(|line| line.trim() == open).expect("the list opens") + 1;
        let last = first + lines[first..].iter().position(|line| *line == close).expect("the list closes");
        dice.shuffle(&mut lines[first..last]);
    }
    parse(&lines.join("\n"))
}

#[test]
fn bits_do_not_depend_on_the_order_of_the_file() {
    let mut dice = Dice::new("test.order", 0);
    for (messages, when) in [
        (Messages::Dense, When::Readout),
        (Messages::events(0.01), When::Readout),
        (Messages::Ternary { threshold: 0.01 }, When::Readout),
        (Messages::Dense, When::EveryStep),
    ] {
        let circuit = pdh(Stopping::Steps(7), messages, when);
        let expected = train(&circuit, 60, presentation);
        for _ in 0..4 {
            let other = reordered(&circuit, &mut dice);
            assert!(!other.layers().eq(circuit.layers()), "the order is another one");
            same(&train(&other, 60, presentation), &expected, &format!("{messages:?}, {when:?}"));
        }
    }
}

#[test]
fn random_circuits_settle_to_the_same_bits_in_any_order_of_the_file() {
    let mut compared = 0;
    for seed in 0..40 {
        let circuit = properties::circuit(Kind::Tame, seed);
        let other = reordered(&circuit, &mut Dice::new("test.order", seed));
        let outcome = |circuit: &Circuit| {
            let mut network = properties::network(circuit, seed);
            let mut settler = Settler::new();
            // Data belong to a sense, so they have to be drawn in an order that is not the file's.
            let mut senses: Vec<_> = circuit.senses().collect();
            senses.sort_unstable();
            let mut dice = Dice::new("test.senses", seed);
            let inputs = senses.into_iter().map(|(sense, id)| {
                let size = circuit.layer(id).size();
                (sense.to_owned(), dice.matrix(4, size, 0.0, 1.0))
            });
            let episode = Episode::new(circuit, inputs.collect::<Vec<_>>()).expect("fits");
            let settled = settler.settle(&mut network, &episode, circuit.settling(), SettleOptions::default());
            settled.ok().map(|_| activity_bits(circuit, &network, &settler))
        };
        let (found, expected) = (outcome(&other), outcome(&circuit));
        assert!(found == expected, "seed {seed}");
        compared += usize::from(found.is_some() && !other.layers().eq(circuit.layers()));
    }
    assert!(compared >= 15, "{compared}");
}

/// The samples `rows` of an episode.
fn part(circuit: &Circuit, whole: &Episode<'_>, rows: std::ops::Range<usize>) -> Episode<'static> {
    let (mut inputs, mut masks) = (Vec::new(), Vec::new());
    for (sense, id) in circuit.senses() {
        match whole.shown(id) {
            Shown::All(data) => inputs.push((sense.to_owned(), data.rows_copy(rows.clone()))),
            Shown::Part { data, observed } => {
                inputs.push((sense.to_owned(), data.rows_copy(rows.clone())));
                masks.push((sense.to_owned(), observed.rows_copy(rows.clone())));
            }
            Shown::Nothing => {}
        }
    }
    let episode = Episode::new(circuit, inputs).expect("fits");
    masks.into_iter().fold(episode, |e, (sense, mask)| e.mask(circuit, &sense, mask).expect("fits"))
}

#[test]
fn a_shard_settles_to_the_same_bits_alone_and_among_others() {
    for messages in [Messages::Dense, Messages::events(0.01), Messages::Ternary { threshold: 0.01 }] {
        let circuit = pdh(Stopping::Steps(12), messages, When::Readout);
        let mut network = Network::new(Arc::new(circuit.clone()), SEED);
        for seed in 0..2 {
            let whole = presentation(&circuit, 130, seed);
            let mut settler = Settler::new();
            settle(&mut settler, &mut network, &whole);
            let all = activity_bits(&circuit, &network, &settler);
            for rows in [0..50, 50..100, 100..130, 0..100] {
                settle(&mut settler, &mut network, &part(&circuit, &whole, rows.clone()));
                for (name, found) in activity_bits(&circuit, &network, &settler) {
                    let width = found.len() / rows.len();
                    let expected = &all[&name][rows.start * width..rows.end * width];
                    assert!(found == expected, "{messages:?}: {name} of samples {rows:?}");
                }
            }
        }
    }
}

#[test]
fn a_settler_remembers_nothing() {
    let circuit = pdh(Stopping::Steps(5), Messages::Dense, When::Readout);
    let events = pdh(Stopping::Steps(5), Messages::events(0.01), When::Readout);
    let mut network = Network::new(Arc::new(circuit.clone()), SEED);
    let mut used = Settler::new();
    // Masked after shown, small after large, events after dense and back, each against a settler that is new.
    for (i, rows) in [60, 60, 7, 60, 60, 60, 7, 7].into_iter().enumerate() {
        let episode = presentation(&circuit, rows, i as u64);
        let settling = if i % 3 == 2 { events.settling() } else { circuit.settling() };
        let mut new = Settler::new();
        for settler in [&mut used, &mut new] {
            settler.settle(&mut network, &episode, settling, SettleOptions::default()).expect("settles");
        }
        let (found, expected) = (activity_bits(&circuit, &network, &used), activity_bits(&circuit, &network, &new));
        assert!(found == expected, "presentation {i}");
    }
    // Also with another network that has the same shapes, and with one that has not.
    let other = circuit.clone().with_name("other").expect("a name");
    let small = properties::circuit(Kind::Tame, 4);
    for (circuit, seed) in [(&other, 99), (&small, 4), (&circuit, 3)] {
        let mut network = Network::new(Arc::new(circuit.clone()), seed);
        let kind = |wiring: &gncn::circuit::wiring::Wiring| {
            wiring.populations().filter(|(_, p)| p.kind == PopulationKind::Error).count()
        };
        assert!(kind(network.wiring()) > 0);
        let episode = properties::episode(Kind::Tame, circuit, 60, seed);
        let mut new = Settler::new();
        let settling = Settling { stopping: Stopping::Steps(3), ..circuit.settling().clone() };
        let results = [&mut used, &mut new]
            .map(|settler| settler.settle(&mut network, &episode, &settling, SettleOptions::default()).is_ok());
        assert_eq!(results, [true, true]);
        assert!(
            activity_bits(circuit, &network, &used) == activity_bits(circuit, &network, &new),
            "{}",
            circuit.name()
        );
    }
}

#[test]
fn events_of_every_change_settle_as_dense_messages_do() {
    let smooth = |text: &str| parse(&text.replace("KWinners(4)", "Sigmoid").replace("Laplace(0.01)", "Gaussian(0.01)"));
    for when in [When::Readout, When::EveryStep] {
        let dense = smooth(PDH);
        assert!(dense.layers().all(|(_, layer)| !matches!(layer.activation(), Activation::KWinners(_))));
        let optimizer = gncn::params::Optimizer::Sgd { rate: 0.01 };
        let learning = Learning { when, optimizer, ..dense.learning() };
        let dense = dense.with_learning(learning).expect("a sound circuit");
        let settling = Settling { messages: Messages::events(0.0), ..dense.settling().clone() };
        let events = dense.clone().with_settling(settling).expect("a sound circuit");
        let (dense, events) = (train(&dense, 60, presentation), train(&events, 60, presentation));
        let groups = [(&dense.activities, &events.activities), (&dense.tensors, &events.tensors)];
        for (name, a, b) in groups.into_iter().flat_map(|(d, e)| d.iter().map(|(name, a)| (name, a, &e[name]))) {
            for (a, b) in a.iter().zip(b) {
                let (a, b) = (f32::from_bits(*a), f32::from_bits(*b));
                assert!((a - b).abs() <= 2e-5 * (1.0 + a.abs()), "{when:?}: {name}: {a} dense, {b} with events");
            }
        }
    }
}

#[test]
fn synapses_follow_from_names_and_seed() {
    let circuit = parse(PDH);
    let tensors = |circuit: &Circuit, seed| tensor_bits(&Network::new(Arc::new(circuit.clone()), seed).tensors());
    let expected = tensors(&circuit, SEED);
    assert_eq!(tensors(&circuit, SEED), expected);
    let other = tensors(&circuit, SEED + 1);
    let plastic = |name: &&String| !name.ends_with(".covariance");
    assert!(expected.keys().filter(plastic).all(|name| expected[name] != other[name]), "another seed");
    // A circuit that grows keeps the synapses that it had.
    let mut file = CircuitFile::from(&circuit);
    file.projections.pop();
    let grown = file.check().expect("a sound circuit");
    let extra = circuit.projections().last().expect("projections");
    let fewer = tensors(&grown, SEED);
    assert!(fewer.iter().all(|(name, bits)| expected[name] == *bits));
    assert!(!fewer.contains_key(&circuit.tensor_name(extra, "generative")));
}
