//! What is dealt to ranks comes to the same bits for any number of them: here ranks are threads of one process, which meet
//! as processes do; `tests/mpi.rs` has processes.

use crate::determinism::{PDH, presentation};
use gncn::checkpoint::{Run, RunInfo};
use gncn::circuit::{Circuit, Learning, Schedule, Settling, Stopping};
use gncn::data::{Dataset, Images, Pixels};
use gncn::executor::{Fault, Measure, Presentation, SettleError, SettleOptions, Settler};
use gncn::network::{Network, Tensors};
use gncn::params::{Messages, When};
use gncn::ranks::{Ranks, local};
use gncn::training::{Ended, Event, Flow, Keep, TrainError, TrainSpec, Training};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// More than two shards and a ragged one, so that ranks have two, one and none.
const ROWS: usize = 117;

fn circuit(schedule: &str, messages: Messages, stopping: Stopping, when: When) -> Circuit {
    let circuit = Circuit::parse(PDH.as_bytes()).expect("sound");
    let schedule = Schedule::parse(schedule, &circuit).expect("a schedule");
    let settling = Settling { schedule, messages, stopping, ..circuit.settling().clone() };
    let learning = Learning { when, ..circuit.learning() };
    circuit.with_settling(settling).and_then(|circuit| circuit.with_learning(learning)).expect("sound")
}

/// Everything that settling and learning leave, as bits.
fn outcome(circuit: &Circuit, ranks: Ranks) -> BTreeMap<String, Vec<u64>> {
    let mut network = Network::new(Arc::new(circuit.clone()), 5);
    let mut settler = Settler::new().over(ranks);
    let mut found = BTreeMap::new();
    for batch in 0..3 {
        let episode = presentation(circuit, ROWS, batch);
        let shown = Presentation { batch, ..Presentation::of_run(4) };
        let options =
            SettleOptions { measure: Measure::EveryStep, learn: true, presentation: shown, ..SettleOptions::default() };
        let settled = settler.settle(&mut network, &episode, circuit.settling(), options).expect("it settles");
        if circuit.learning().when == When::Readout {
            network.learn(settler.activities()).expect("it learns");
        }
        let energies = settled.energies.sums.iter().flatten().map(|value| value.to_bits()).collect();
        found.insert(format!("{batch} energies"), energies);
        let mut account = format!("{:?}", settled.account).into_bytes();
        account.extend(settled.movement.to_bits().to_le_bytes());
        found.insert(format!("{batch} account"), account.into_iter().map(u64::from).collect());
        for (id, layer) in circuit.layers() {
            let (activities, wiring) = (settler.activities(), network.wiring());
            let parts = [
                ("state", Some(activities.state(wiring, id))),
                ("activity", Some(activities.activity(wiring, id))),
                ("mean", activities.mean(wiring, id)),
                ("mismatch", activities.mismatch(wiring, id)),
            ];
            for (part, matrix) in parts {
                let bits = |m: gncn::Matrix| m.as_slice().iter().map(|v| u64::from(v.to_bits())).collect();
                found.insert(format!("{batch} {part} {}", layer.name()), matrix.map(bits).unwrap_or_default());
            }
        }
    }
    found.extend(bits(&network.tensors()));
    found
}

fn bits(tensors: &Tensors) -> BTreeMap<String, Vec<u64>> {
    let of = |m: &gncn::Matrix| m.as_slice().iter().map(|v| u64::from(v.to_bits())).collect();
    tensors.iter().map(|(name, matrix)| (name.clone(), of(matrix))).collect()
}

#[test]
fn any_number_of_ranks_settles_and_learns_the_same_bits() {
    let steps = Stopping::Steps(4);
    let quiet = Stopping::Quiet { tolerance: 0.05, max_steps: 6 };
    let order =
        r#"Sweep(order: ["z0.error", "z1.error", "z2.error", "z3.error", "z4.error", "z4", "z2", "z1", "z0", "z3"])"#;
    let late = r#"VirtualTime(delay: Uniform(0, 3), drop: 0.1, seed: 4)"#;
    let kinds = [
        ("Synchronous", Messages::Dense, steps, When::Readout),
        ("Synchronous", Messages::events(0.02), steps, When::Readout),
        ("Synchronous", Messages::Dense, quiet, When::Readout),
        ("Synchronous", Messages::Dense, steps, When::EveryStep),
        (order, Messages::Dense, steps, When::Readout),
        (late, Messages::Dense, steps, When::Readout),
        (late, Messages::events(0.02), steps, When::Readout),
    ];
    for (schedule, messages, stopping, when) in kinds {
        let circuit = circuit(schedule, messages, stopping, when);
        let alone = outcome(&circuit, Ranks::alone());
        for size in [2, 3, 5] {
            for (rank, found) in local::run(size, |ranks| outcome(&circuit, ranks)).into_iter().enumerate() {
                for (name, alone) in &alone {
                    assert!(
                        found[name] == *alone,
                        "{name} on rank {rank} of {size} under {schedule} {messages:?} {when:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_fails_on_one_rank_fails_on_all() {
    let circuit = circuit("Synchronous", Messages::Dense, Stopping::Steps(4), When::Readout);
    let errors = local::run(3, |ranks| {
        let mut network = Network::new(Arc::new(circuit.clone()), 5);
        let population = network.wiring().populations().find(|(_, spec)| spec.name == "z1").expect("there").0;
        let last = ranks.rank() == 2;
        let mut settler = Settler::new().over(ranks);
        if last {
            settler.plant(vec![Fault::Panic { population, firing: 3 }]);
        }
        let episode = presentation(&circuit, ROWS, 0);
        let error =
            settler.settle(&mut network, &episode, circuit.settling(), SettleOptions::default()).expect_err("fails");
        settler.plant(Vec::new());
        settler.settle(&mut network, &episode, circuit.settling(), SettleOptions::default()).expect("whole again");
        error
    });
    for error in errors {
        let SettleError::Panicked { population, firing, .. } = error else { panic!("{error}") };
        assert_eq!((population.as_str(), firing), ("z1", 3));
    }
}

/// A label, an optimiser that remembers, every kind of synapses: 3 batches of 120 in an epoch, the last one short.
const TRAINED: &str = r#"Circuit(
    name: "tiny",
    layers: {
        "z0": (size: 12, sense: "image", mean: Sigmoid, likelihood: Bernoulli, bias: Learned),
        "z1": (size: 6, activation: Tanh, beta: 0.1, precision: Learned(floor: 0.8)),
        "z2": (size: 3, sense: "label", beta: 0.1, precision: Diagonal(floor: 0.8)),
        "z3": (size: 4, activation: Relu, beta: 0.1, noise: Gaussian(sd: 0.05)),
    },
    projections: [
        (from: "z1", to: "z0", feedback: Learned(rate: 1.0)),
        (from: "z3", to: "z1", feedback: Transposed),
        (from: "z3", to: "z2", feedback: Transposed),
        (from: "z3", to: "z0", feedback: Silent, reach: Random(share: 0.5, seed: 3)),
    ],
    init: Gaussian(sd: 0.2),
    settling: (steps: 4, start: Last),
    learning: (optimizer: Adam(rate: 0.01), norm: UnitColumns, batch: 120, epochs: 3),
)"#;

fn images(count: usize, salt: usize) -> Images {
    let pixel = |i: usize| (((i * 37 + salt) % 101) * 5 % 256) as u8;
    let labels = (0..count).map(|i| (i % 3) as u8).collect();
    Images::new(Pixels::Bytes((0..count * 12).map(pixel).collect()), Some(labels), (4, 3), "test").expect("images")
}

/// One rank's part of a training in `folder`, until `stop` batches are learned by it.
fn train(folder: &Path, ranks: &Ranks, salt: usize, (resume, stop): (bool, usize)) -> Result<Ended, TrainError> {
    let circuit = Arc::new(Circuit::parse(TRAINED.as_bytes()).expect("sound"));
    let data = Dataset::new("tiny", images(360, salt), Some(images(70, salt + 50)), "test").expect("one shape");
    let settling = circuit.settling().clone();
    let spec = TrainSpec {
        seed: 3,
        epochs: 3,
        batch: 120,
        limit: None,
        settling,
        checkpoint_every: Some(2),
        keep: Keep::Best,
        test_each_epoch: true,
    };
    let mut run = open(folder, ranks, &circuit, resume);
    let network = Network::new(Arc::clone(&circuit), 3);
    let training = match resume {
        true => Training::resume(&mut run, network, &data, spec)?,
        false => Training::start(&mut run, network, &data, spec),
    };
    let mut batches = 0;
    training.over(ranks)?.run(&mut |event| {
        batches += usize::from(matches!(event, Event::Batch { .. }));
        // One rank alone is asked to stop; all of them do.
        if batches >= stop && ranks.rank() + 1 == ranks.size() { Flow::Stop } else { Flow::GoOn }
    })
}

/// The run, which one rank writes.
fn open(folder: &Path, ranks: &Ranks, circuit: &Circuit, resume: bool) -> Run {
    let info = || RunInfo { schedule: "Synchronous".to_owned(), ..RunInfo::begun(vec!["test".to_owned()], 3) };
    let own = ranks.leads().then(|| match resume {
        true => Run::open(folder).expect("a run"),
        false => Run::create(folder, circuit, info(), false).expect("a folder"),
    });
    let told = ranks.from_leader(|| own.as_ref().expect("it leads").to_tell().expect("it can be read"));
    own.unwrap_or_else(|| Run::told(folder, &told).expect("whole"))
}

fn weights(folder: &Path) -> BTreeMap<String, Vec<u64>> {
    bits(&Run::open(folder).and_then(|run| run.weights()).expect("weights"))
}

/// `metrics.jsonl` without seconds.
fn metrics(folder: &Path) -> Vec<serde_json::Value> {
    let lines: Vec<serde_json::Value> = Run::open(folder).and_then(|run| run.metrics(u64::MAX)).expect("lines");
    let timeless = |mut line: serde_json::Value| {
        line["seconds"] = 0.into();
        line["samples_per_second"] = 0.into();
        line
    };
    lines.into_iter().map(timeless).collect()
}

#[test]
fn a_training_goes_on_with_another_number_of_ranks_to_the_same_bits() {
    let folder = TempDir::new().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    assert_eq!(train(&path("alone"), &Ranks::alone(), 0, (false, 99)).expect("trains"), Ended::Finished);
    // Stopped after 1, then after 4 more, then to the end: each time by other ranks.
    let stages = [(3, false, 1, Ended::Stopped), (2, true, 4, Ended::Stopped), (4, true, 99, Ended::Finished)];
    for (size, resume, stop, ended) in stages {
        for result in local::run(size, |ranks| train(&path("many"), &ranks, 0, (resume, stop))) {
            assert_eq!(result.expect("trains"), ended);
        }
    }
    assert_eq!(weights(&path("many")), weights(&path("alone")));
    assert_eq!(metrics(&path("many")), metrics(&path("alone")));
    let checkpoints = std::fs::read_dir(path("many").join("checkpoints")).expect("there").count();
    assert_eq!(checkpoints, 2, "one rank writes");
}

#[test]
fn ranks_with_other_data_are_refused_before_anything_is_learned() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("run");
    let results = local::run(3, |ranks| {
        let salt = usize::from(ranks.rank() == 1);
        train(&path, &ranks, salt, (false, 99)).expect_err("refused").to_string()
    });
    for error in results {
        assert!(error.contains("rank 1 on here has another data than rank 0"), "{error}");
    }
    assert!(Run::open(&path).expect("a run").weights().is_err(), "nothing was learned");
}
