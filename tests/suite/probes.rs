//! Probes: what they keep is what populations hold, under every schedule, and doesn't depend on the number of threads.

use gncn::evaluation::{Probe, ProbeOptions, ProbeRecorder, ProbeRow};
use gncn::{Circuit, Episode, Matrix, Network, SettleOptions, Settler};
use std::sync::Arc;

const CIRCUIT: &str = r#"Circuit(
    name: "probed",
    layers: {
        "z0": (size: 9, sense: "image"),
        "z1": (size: 6, activation: Tanh, beta: 0.1),
        "z2": (size: 4, activation: Tanh, beta: 0.1),
    },
    projections: [(from: "z1", to: "z0", feedback: Transposed), (from: "z2", to: "z1", feedback: Transposed)],
    settling: (steps: 12, schedule: SCHEDULE, messages: MESSAGES),
    learning: (optimizer: Sgd(rate: 0.01), batch: 20, epochs: 1),
)"#;

const SCHEDULES: [&str; 7] = [
    "Synchronous",
    "Sweep(order: [\"z0.error\", \"z1.error\", \"z1\", \"z2\"])",
    "VirtualTime(delay: Uniform(0, 4), seed: 2)",
    "Bounded(staleness: 0), executor: Threads",
    "Bounded(staleness: 2), executor: Tasks",
    "Free, executor: Threads",
    "Free(fire: OnAnswer), executor: Tasks",
];

/// More samples than a shard has, so that a batch is split over threads.
const SAMPLES: usize = 150;

fn settle(schedule: &str, messages: &str, options: ProbeOptions) -> (Vec<ProbeRow>, Settler, Network) {
    let text = CIRCUIT.replace("SCHEDULE", schedule).replace("MESSAGES", messages);
    let circuit = Arc::new(Circuit::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}")));
    let mut network = Network::new(Arc::clone(&circuit), 4);
    let shown = Matrix::from_fn(SAMPLES, 9, |i, j| ((i * 7 + j * 3) % 11) as f32 / 11.0);
    let episode = Episode::new(&circuit, vec![("image".to_owned(), shown)]).expect("it fits");
    let parse = |text| Probe::parse(text, &circuit, network.wiring()).unwrap_or_else(|error| panic!("{error}"));
    let probes = vec![parse("z1:2..5"), parse("z2"), parse("z1.error:0")];
    let recorder = Arc::new(ProbeRecorder::new(probes, options, SAMPLES).expect("few rows"));
    let mut settler = Settler::new();
    settler.watch(Arc::<ProbeRecorder>::clone(&recorder));
    settler.settle(&mut network, &episode, circuit.settling(), SettleOptions::default()).expect("it settles");
    (recorder.rows(), settler, network)
}

#[test]
fn the_last_firing_is_what_settling_ends_at_under_every_schedule() {
    for messages in ["Dense", "Events(threshold: 0.01)"] {
        for schedule in SCHEDULES {
            let (rows, settler, network) = settle(schedule, messages, ProbeOptions::default());
            for (name, neurons) in [("z1", 2..5), ("z2", 0..4)] {
                let layer = network.circuit().find(name).expect("a layer");
                let population = network.wiring().state_of(layer);
                let own: Vec<_> = rows.iter().filter(|row| row.population == population).collect();
                assert_eq!(own.len(), 12 * SAMPLES * neurons.len(), "{schedule}: 12 firings of {name}");
                let (state, activity) = (
                    settler.activities().state(network.wiring(), layer),
                    settler.activities().activity(network.wiring(), layer),
                );
                let last = own.iter().filter(|row| row.firing == 12);
                for row in last {
                    let held = [state.row(row.sample)[row.neuron], activity.row(row.sample)[row.neuron]];
                    assert_eq!(row.values, held, "{schedule}, {messages}: {row:?}");
                }
            }
        }
    }
}

#[test]
fn rows_do_not_depend_on_threads() {
    let options = ProbeOptions { every: 3, last: Some(3) };
    for schedule in &SCHEDULES[..4] {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| settle(schedule, "Dense", options).0)
        };
        let (one, three) = (with(1), with(3));
        assert_eq!(one, three, "{schedule}");
        let firings: std::collections::BTreeSet<u64> =
            one.iter().filter(|row| row.population.0 == 1).map(|row| row.firing).collect();
        assert_eq!(firings.into_iter().collect::<Vec<_>>(), [4, 7, 10], "{schedule}");
    }
}

#[test]
fn what_is_no_probe_is_told() {
    let text = CIRCUIT.replace("SCHEDULE", "Synchronous").replace("MESSAGES", "Dense");
    let circuit = Circuit::parse(text.as_bytes()).expect("sound");
    let wiring = gncn::wiring::Wiring::new(&circuit);
    let said = |text| Probe::parse(text, &circuit, &wiring).expect_err("no probe");
    assert!(said("z9").contains("there are z0, z1, z2, z0.error, z1.error"), "{}", said("z9"));
    assert!(said("z1:3..7").contains("from 0 to 5"), "{}", said("z1:3..7"));
    assert!(said("z1:4..4").contains("names no neurons"), "{}", said("z1:4..4"));
    assert!(said("z1:a..b").contains("write \"z1:0..20\""), "{}", said("z1:a..b"));
}
