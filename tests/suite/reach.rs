//! Projections that don't reach everybody (`reach`), against the slow twin: matrices with zeros where there is no synapse.

use crate::asked::seeds;
use crate::conformance::Scenario;
use gncn::circuit::cost::Cost;
use gncn::circuit::{Circuit, Schedule, Settling, Stopping};
use gncn::episode::Episode;
use gncn::executor::{SettleOptions, Settler};
use gncn::matrix::Matrix;
use gncn::network::{Network, Tensors};
use gncn::params::Messages;
use gncn::population::AnyPopulation;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// `kind` of a few, by a number.
fn of<'a>(kinds: &[&'a str], number: u64) -> &'a str {
    kinds[(number % kinds.len() as u64) as usize]
}

/// Patches with channels on both sides, one-to-one, random skips and a cycle; `sparse` or all with all.
fn circuit(seed: u64, sparse: bool) -> Circuit {
    described(seed, sparse, "")
}

/// The same with noise in a layer, to be run under every schedule.
pub(crate) fn noisy(seeds: Range<u64>) -> impl Iterator<Item = Scenario> {
    seeds.map(|seed| {
        let circuit = described(seed, true, "noise: Gaussian(sd: 0.3)");
        let network = Network::new(Arc::new(circuit.clone()), seed);
        let episode = shown(&circuit, if seed.is_multiple_of(4) { 55 } else { 2 }, seed);
        Scenario { name: format!("sparse and noisy circuit {seed}"), seed, circuit, network, episode }
    })
}

fn described(seed: u64, sparse: bool, noise: &str) -> Circuit {
    let reach = |text: String| if sparse { format!(", reach: {text}") } else { String::new() };
    let feedbacks = ["Transposed", "Learned(rate: 0.7)", "ScaledTranspose(gain: 0.5)", "Silent"];
    let feedback = |i: u64| of(&feedbacks, seed / 4_u64.pow(i as u32) + i);
    let (field, stride, columns) =
        [("(4, 3)", "(2, 1)", 5), ("(3, 2)", "(3, 2)", 6), ("(5, 5)", "(1, 1)", 7)][seed as usize % 3];
    let patch = reach(format!("Patch(field: {field}, stride: {stride})"));
    let (first, second) =
        (reach(format!("Random(share: 0.3, seed: {seed})")), reach("Random(share: 0.05, seed: 1)".into()));
    let own = reach("OneToOne".into());
    let activation = of(&["Tanh", "Relu", "Identity"], seed);
    let (b, c) = (feedback(1), feedback(2));
    let a = if feedback(0) == "Silent" { "Transposed" } else { feedback(0) };
    let precision = of(&["Identity", "Learned(floor: 0.5)"], seed / 3);
    let (sign, decay) = [("", "0.0"), (", sign: Positive", "0.3")][(seed / 2 % 2) as usize];
    let frozen = of(&["", ", learning: (frozen: true)"], seed / 5);
    let text = format!(
        r#"Circuit(
            name: "reach",
            layers: {{
                "x": (shape: (6, {columns}, 2), sense: "x", mean: Sigmoid, likelihood: Bernoulli),
                "a": (shape: (2, 3, 2), activation: {activation}, beta: 0.1, leak: 0.01, precision: {precision}),
                "b": (size: 12, activation: Tanh, beta: 0.2, {noise}),
                "c": (size: 5, beta: 0.1, prior: Gaussian(0.1)),
            }},
            projections: [
                (from: "a", to: "x", feedback: {a}{patch}{sign}),
                (from: "b", to: "a", feedback: {b}{own}{frozen}),
                (from: "c", to: "a", feedback: {c}{first}),
                (from: "c", to: "x", feedback: Silent{second}),
                (from: "a", to: "b", feedback: Learned(rate: 1.0){first}),
            ],
            init: Gaussian(sd: 0.3),
            learning: (optimizer: Sgd(rate: 0.1), norm: None, decay: {decay}),
        )"#
    );
    Circuit::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Synapses by name, `[presynaptic, postsynaptic]` with zeros.
fn spread(network: &Network) -> BTreeMap<String, Matrix> {
    let all = network.populations().iter().flat_map(AnyPopulation::synapses);
    all.map(|synapses| (synapses.name().to_owned(), synapses.spread().into_owned())).collect()
}

/// The same network with matrices.
fn twin(network: &Network, seed: u64) -> Network {
    let own = network.tensors().into_iter().filter(|(name, _)| name.ends_with(".covariance"));
    let tensors: Tensors =
        spread(network).into_iter().map(|(name, matrix)| (name, matrix.transposed())).chain(own).collect();
    Network::with_weights(Arc::new(circuit(seed, false)), &tensors).expect("matrices of the same sizes")
}

fn shown(circuit: &Circuit, rows: usize, seed: u64) -> Episode<'static> {
    let size = circuit.layer(circuit.find("x").unwrap()).size();
    let value = |i: usize, j: usize| ((i * 7 + j * 5 + seed as usize) % 11) as f32 / 11.0;
    let episode = Episode::new(circuit, [("x".to_owned(), Matrix::from_fn(rows, size, value))]).unwrap();
    let seen = Matrix::from_fn(rows, size, |i, j| ((i + j) % 3).min(1) as f32);
    if seed.is_multiple_of(2) { episode } else { episode.mask(circuit, "x", seen).unwrap() }
}

fn close(found: &Matrix, expected: &Matrix, what: &str) {
    assert_eq!((found.rows(), found.cols()), (expected.rows(), expected.cols()), "{what}");
    for (i, (a, b)) in found.as_slice().iter().zip(expected.as_slice()).enumerate() {
        assert!((a - b).abs() <= 5e-6 * b.abs().max(1.0), "{what}, entry {i}: {a} against {b}");
    }
}

#[test]
fn sparse_synapses_settle_and_learn_as_matrices_with_zeros() {
    for seed in seeds(48) {
        let sparse = circuit(seed, true);
        let network = Network::new(Arc::new(sparse.clone()), seed);
        let rows = if seed.is_multiple_of(5) { 57 } else { 3 };
        let schedules = [
            "Synchronous",
            "Bounded(staleness: 0)",
            "Sweep(order: [\"x.error\", \"a\", \"b.error\", \"b\", \"a.error\", \"c\", \"x\"])",
            "VirtualTime(delay: Uniform(0, 2), seed: 3)",
        ];
        for (schedule, messages) in schedules.iter().flat_map(|s| [(s, Messages::Dense), (s, Messages::events(0.0))]) {
            let (mut own, mut other) = (network.clone(), twin(&network, seed));
            let schedule = Schedule::parse(schedule, &sparse).unwrap();
            let settling = Settling { stopping: Stopping::Steps(10), schedule, messages, ..sparse.settling().clone() };
            let settle = |network: &mut Network| {
                let (mut settler, episode) = (Settler::new(), shown(network.circuit(), rows, seed));
                settler.settle(network, &episode, &settling, SettleOptions::default()).unwrap();
                network.learn(settler.activities()).unwrap();
                settler
            };
            let (found, expected) = (settle(&mut own), settle(&mut other));
            for (id, layer) in sparse.layers() {
                let what = format!("seed {seed}, {:?}, {messages:?}, {}", settling.schedule, layer.name());
                let wiring = own.wiring();
                close(&found.activities().state(wiring, id), &expected.activities().state(wiring, id), &what);
                if let (Some(a), Some(b)) =
                    (found.activities().mismatch(wiring, id), expected.activities().mismatch(wiring, id))
                {
                    close(&a, &b, &what);
                }
            }
            let (learned, all) = (spread(&own), spread(&other));
            let before = spread(&network);
            for (name, matrix) in &learned {
                for (i, value) in matrix.as_slice().iter().enumerate() {
                    // What was drawn is never exactly 0.
                    let exists = before[name].as_slice()[i] != 0.0;
                    let expected = if exists { all[name].as_slice()[i] } else { 0.0 };
                    assert!((value - expected).abs() < 5e-6, "seed {seed}, {name}, {i}: {value} against {expected}");
                }
            }
        }
    }
}

#[test]
fn synapses_that_are_there_are_drawn_by_what_a_neuron_has_of_them() {
    let drawn = |init: &str| {
        let text = format!(
            r#"Circuit(
                name: "drawn",
                layers: {{ "x": (shape: (5, 5), sense: "x"), "a": (shape: (2, 2, 60), beta: 0.1) }},
                projections: [(from: "a", to: "x", feedback: Learned(rate: 1.0), init: {init},
                               reach: Patch(field: (3, 3), stride: (2, 2)))],
            )"#
        );
        Circuit::parse(text.as_bytes()).map(|circuit| Network::new(Arc::new(circuit), 3).tensors())
    };
    // A pixel is seen by one position, by two in the row or the column in the middle, by four at the centre.
    let seen = |position: usize, at: usize| {
        let (y, x) = (position / 2 * 2 + at / 3, position % 2 * 2 + at % 3);
        let times = |at: usize| if at == 2 { 2 } else { 1 };
        60 * times(y) * times(x)
    };
    let (xavier, he) = (drawn("Xavier").unwrap(), drawn("He").unwrap());
    for (name, is_feedback) in [("a_to_x.generative", false), ("a_to_x.feedback", true)] {
        let (mut largest, mut squares) = (BTreeMap::<usize, f32>::new(), BTreeMap::<usize, Vec<f32>>::new());
        for row in 0..36 {
            let (of_pixel, of_neuron) = (seen(row / 9, row % 9), 9);
            let bound = (6.0 / (of_pixel + of_neuron) as f32).sqrt();
            let arriving = if is_feedback { of_neuron } else { of_pixel };
            for (w, bell) in xavier[name].row(row).iter().zip(he[name].row(row)) {
                assert!(w.abs() <= bound * 1.000_001, "{name}, row {row}: {w} beyond {bound}");
                let most = largest.entry(of_pixel).or_default();
                *most = most.max(w.abs() / bound);
                squares.entry(of_pixel).or_default().push(bell * bell * arriving as f32 / 2.0);
            }
        }
        assert_eq!(largest.len(), 3, "{name}");
        assert!(largest.values().all(|most| *most > 0.95), "{name}: {largest:?}");
        for (count, squares) in squares {
            let mean = squares.iter().sum::<f32>() / squares.len() as f32;
            assert!((mean - 1.0).abs() < 0.25, "{name}, {count}: {mean}");
        }
    }
    let refused = drawn("Orthogonal(gain: 1.0)").expect_err("not all of them are there").to_string();
    assert!(refused.contains("projections[0].reach: has synapses that aren't there"), "{refused}");
}

#[test]
fn operations_count_the_synapses_that_exist() {
    for seed in 0..6 {
        let circuit = circuit(seed, true);
        let mut network = Network::new(Arc::new(circuit.clone()), seed);
        let cost = Cost::new(&circuit);
        let count = |name: &str| -> u64 {
            spread(&network)
                .iter()
                .filter(|(n, _)| n.starts_with(name))
                .map(|(_, m)| m.as_slice().iter().filter(|w| **w != 0.0).count() as u64)
                .sum()
        };
        let covariances: u64 = network
            .tensors()
            .iter()
            .filter(|(n, _)| n.ends_with("covariance"))
            .map(|(_, m)| m.as_slice().len() as u64)
            .sum();
        assert_eq!(cost.totals.parameters, count("") + covariances, "seed {seed}");
        let rows = 3;
        let data = Episode::new(
            &circuit,
            [(
                "x".to_owned(),
                Matrix::from_fn(rows, circuit.layer(circuit.find("x").unwrap()).size(), |i, j| ((i + j) % 2) as f32),
            )],
        )
        .unwrap();
        let mut operations = |schedule: &str, messages| {
            let schedule = Schedule::parse(schedule, &circuit).unwrap();
            let settling = Settling { stopping: Stopping::Steps(6), schedule, messages, ..circuit.settling().clone() };
            let settled = Settler::new().settle(&mut network, &data, &settling, SettleOptions::default()).unwrap();
            settled.account.operations()
        };
        let steps = Settling { stopping: Stopping::Steps(6), ..circuit.settling().clone() };
        let expected = Cost::new(&circuit.clone().with_settling(steps).unwrap()).totals.operations * rows as u64;
        assert_eq!(operations("Synchronous", Messages::Dense), expected, "seed {seed}");
        assert_eq!(operations("Bounded(staleness: 0)", Messages::Dense), expected, "seed {seed}");
        assert_eq!(operations("VirtualTime()", Messages::Dense), expected, "seed {seed}");
        let events = operations("Synchronous", Messages::events(0.2));
        assert!(events < expected, "{events} of {expected}");
        assert_eq!(operations("Bounded(staleness: 0)", Messages::events(0.2)), events);
    }
}

#[test]
fn tensors_of_patches_are_laid_out_by_position_field_and_channel() {
    let circuit = circuit(0, true);
    let network = Network::new(Arc::new(circuit.clone()), 4);
    let (tensors, spread) = (network.tensors(), spread(&network));
    let tensor = &tensors["a_to_x.generative"];
    // Positions (2, 3), field (4, 3), two channels there and two here.
    assert_eq!(tensor.shape_in_files(), [6, 4 * 3 * 2, 2]);
    for (position, (i, j)) in (0..2).flat_map(|i| (0..3).map(move |j| (i, j))).enumerate() {
        for (y, x, k, c) in (0..4).flat_map(|y| (0..3).flat_map(move |x| (0..4).map(move |kc| (y, x, kc / 2, kc % 2))))
        {
            let value = tensor.row(position * 24 + (y * 3 + x) * 2 + k)[c];
            let (from, to) = ((i * 3 + j) * 2 + c, ((i * 2 + y) * 5 + j + x) * 2 + k);
            assert_eq!(spread["a_to_x.generative"].row(from)[to], value);
        }
    }
    let (index, values) = (&tensors["c_to_a.generative.index"], &tensors["c_to_a.generative"]);
    assert_eq!((index.shape_in_files(), values.shape_in_files()), (vec![18, 2], vec![18]), "0.3 of 60 pairs");
    for (pair, value) in index.as_slice().chunks_exact(2).zip(values.as_slice()) {
        assert_eq!(spread["c_to_a.generative"].row(pair[1] as usize)[pair[0] as usize], *value);
    }
    assert_eq!(tensors["b_to_a.generative.index"].row(7), [7.0, 7.0]);
}

#[test]
fn weights_of_every_reach_survive_a_file() {
    let path = std::env::temp_dir().join(format!("gncn-reach-{}.safetensors", std::process::id()));
    for seed in 0..4 {
        let circuit = Arc::new(circuit(seed, true));
        let network = Network::new(Arc::clone(&circuit), seed);
        gncn::checkpoint::weights::save(&path, &network.tensors()).unwrap();
        let read = gncn::checkpoint::weights::load(&path).unwrap();
        let again = Network::with_weights(Arc::clone(&circuit), &read).unwrap();
        assert_eq!(network.tensors(), again.tensors());
        let shapes = |tensors: &Tensors| tensors.values().map(Matrix::shape_in_files).collect::<Vec<_>>();
        assert_eq!(shapes(&network.tensors()), shapes(&read));
        // What is missing or wrong has a name.
        let without =
            |name: &str| read.iter().filter(|(n, _)| *n != name).map(|(n, m)| (n.clone(), m.clone())).collect();
        let error = Network::with_weights(Arc::clone(&circuit), &without("c_to_a.generative.index")).unwrap_err();
        assert!(error.to_string().contains("no tensor \"c_to_a.generative.index\""), "{error}");
        let mut twice = read.clone();
        let list = twice.get_mut("c_to_a.generative.index").unwrap();
        let first = list.row(0).to_vec();
        list.row_mut(1).copy_from_slice(&first);
        let error = Network::with_weights(Arc::clone(&circuit), &twice).unwrap_err().to_string();
        assert!(error.contains("ascending and each once"), "{error}");
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn large_layers_by_patches_stay_small() {
    let text = br#"Circuit(
        name: "large",
        layers: {
            "x": (shape: (324, 324), sense: "x"),
            "a": (shape: (320, 320), beta: 0.1),
        },
        projections: [(from: "a", to: "x", feedback: Learned(rate: 1.0), reach: Patch(field: (5, 5), stride: (1, 1)))],
        learning: (batch: 1),
    )"#;
    let circuit = Circuit::parse(text).unwrap();
    let cost = Cost::new(&circuit);
    assert_eq!(cost.totals.parameters, 2 * 102_400 * 25, "W and E");
    let mut network = Network::new(Arc::new(circuit.clone()), 1);
    let data =
        Episode::new(&circuit, [("x".to_owned(), Matrix::from_fn(1, 324 * 324, |_, j| (j % 7) as f32))]).unwrap();
    let mut settler = Settler::new();
    let settling = Settling { stopping: Stopping::Steps(2), ..circuit.settling().clone() };
    let settled = settler.settle(&mut network, &data, &settling, SettleOptions::default()).unwrap();
    network.learn(settler.activities()).unwrap();
    // Predictions are taken in once, mismatches twice.
    assert_eq!(settled.account.operations(), 3 * 102_400 * 25);
}
