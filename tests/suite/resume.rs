//! A run that is stopped, killed or damaged at any instant goes on to the very bits that it would have reached, and a
//! run of something else is not gone on with.

use gncn::Blamed;
use gncn::checkpoint::{Run, RunInfo, Snapshot, StoreError, weights};
use gncn::circuit::Circuit;
use gncn::circuit::file::CircuitFile;
use gncn::data::{Dataset, Images, Pixels, Reading};
use gncn::network::Network;
use gncn::params::{BiasKind, Decline, Likelihood, Optimizer, Precision, RateOverTime, Sign};
use gncn::training::{BestEpoch, Ended, EpochMetrics, Event, Flow, Keep, TrainError, TrainSpec, Training};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// Every kind of synapses, a label, and an optimiser that remembers.
const CIRCUIT: &str = r#"Circuit(
    name: "tiny",
    layers: {
        "z0": (size: 12, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
        "z1": (size: 6, activation: Tanh, beta: 0.1, precision: Learned(floor: 0.8)),
        "z2": (size: 3, sense: "label", beta: 0.1),
        "z3": (size: 4, activation: Relu, beta: 0.1),
    },
    projections: [
        (from: "z1", to: "z0", feedback: Learned(rate: 1.0)),
        (from: "z3", to: "z1", feedback: Transposed),
        (from: "z3", to: "z2", feedback: Transposed),
        (from: "z3", to: "z0", feedback: Silent),
    ],
    init: Gaussian(sd: 0.2),
    settling: (steps: 4),
    learning: (optimizer: Adam(rate: 0.01), norm: UnitColumns, batch: 9, epochs: 3),
)"#;

/// 44 images, of which 4 are held out: 5 batches of 9 in an epoch, the last one short, and 3 epochs.
const BATCHES: usize = 15;

fn parse(text: &str) -> Circuit {
    Circuit::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn images(count: usize, salt: usize) -> Images {
    let pixel = |i: usize| (((i * 37 + salt) % 101) * 5 % 256) as u8;
    let labels = (0..count).map(|i| (i % 3) as u8).collect();
    Images::new(Pixels::Bytes((0..count * 12).map(pixel).collect()), Some(labels), (4, 3), "test").expect("images")
}

fn dataset(salt: usize) -> Dataset {
    Dataset::new("tiny", images(44, salt), Some(images(10, salt + 50)), "test").expect("one shape")
}

/// A circuit, data, and a folder for runs.
struct Bench {
    folder: TempDir,
    circuit: Arc<Circuit>,
    data: Dataset,
    spec: TrainSpec,
}

impl Bench {
    fn new(circuit: Circuit) -> Self {
        let spec = TrainSpec {
            seed: 3,
            epochs: circuit.learning().epochs,
            batch: circuit.learning().batch,
            limit: None,
            settling: circuit.settling().clone(),
            checkpoint_every: Some(2),
            keep: gncn::Keep::Last,
            test_each_epoch: false,
        };
        Self { folder: TempDir::new().expect("a folder"), circuit: Arc::new(circuit), data: dataset(0), spec }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn open(&self, name: &str) -> Run {
        Run::open(&self.path(name)).expect("a run")
    }

    fn network(&self) -> Network {
        Network::new(Arc::clone(&self.circuit), self.spec.seed)
    }

    fn start(&self, name: &str, observe: impl FnMut(&Event<'_>) -> Flow) -> Result<Ended, TrainError> {
        let info = RunInfo {
            schedule: "Synchronous".to_owned(),
            limit: self.spec.limit,
            ..RunInfo::begun(vec!["test".to_owned()], self.spec.seed)
        };
        let mut observe = observe;
        let mut run = Run::create(&self.path(name), &self.circuit, info, false)?;
        Training::start(&mut run, self.network(), &self.data, self.spec.clone()).run(&mut observe)
    }

    /// Goes on as another process would: with nothing but the folder.
    fn resume(&self, name: &str, observe: impl FnMut(&Event<'_>) -> Flow) -> Result<Ended, TrainError> {
        let (mut observe, mut run) = (observe, self.open(name));
        Training::resume(&mut run, self.network(), &self.data, self.spec.clone())?.run(&mut observe)
    }

    fn finish(&self, name: &str) {
        assert_eq!(self.resume(name, |_| Flow::GoOn).expect("it goes on"), Ended::Finished, "{name}");
    }

    /// A whole run, never stopped.
    fn whole(&self) -> Outcome {
        assert_eq!(self.start("whole", |_| Flow::GoOn).expect("trains"), Ended::Finished);
        self.outcome("whole")
    }

    fn outcome(&self, name: &str) -> Outcome {
        let run = self.open(name);
        assert!(run.info.finished, "{name}");
        let (_, snapshot) = run.newest().expect("whole").expect("a checkpoint");
        let weights = fs::read(run.path("weights.safetensors")).expect("weights");
        let metrics = fs::read_to_string(run.path("metrics.jsonl")).expect("metrics");
        assert_eq!(metrics.lines().count(), self.spec.epochs, "{name}: one line for each epoch");
        assert_eq!(snapshot.progress.metrics_bytes, metrics.len() as u64);
        Outcome { weights, metrics: timeless(&metrics), steps: steps(&snapshot) }
    }

    fn checkpoints(&self, name: &str) -> Vec<PathBuf> {
        let mut found = files(&self.path(name).join("checkpoints"));
        found.retain(|path| path.extension().is_some_and(|e| e == "ckpt"));
        found
    }

    /// A run that was stopped after `batches` batches.
    fn stopped(&self, name: &str, batches: usize) {
        assert_eq!(self.start(name, stop_after(batches)).expect("trains"), Ended::Stopped, "{name}");
    }
}

/// What has to be the same however a run came about.
#[derive(PartialEq)]
struct Outcome {
    weights: Vec<u8>,
    metrics: String,
    steps: (usize, usize),
}

impl Outcome {
    fn same(&self, expected: &Self, what: &str) {
        assert_eq!(self.metrics, expected.metrics, "{what}");
        assert_eq!(self.steps, expected.steps, "{what}");
        assert!(self.weights == expected.weights, "{what}: other weights");
    }
}

fn steps(snapshot: &Snapshot) -> (usize, usize) {
    (snapshot.progress.epoch, snapshot.progress.batch)
}

/// The text without the numbers that a clock has made.
fn timeless(metrics: &str) -> String {
    let mut text = String::new();
    let mut rest = metrics;
    while let Some(at) = rest.find("second") {
        let value = at + rest[at..].find(':').expect("a field has a value") + 1;
        let end = value + rest[value..].find([',', '}']).expect("an object ends");
        text.push_str(&rest[..value]);
        rest = &rest[end..];
    }
    text + rest
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder).expect("a folder").map(|e| e.expect("entry").path()).collect();
    found.sort();
    found
}

/// Stops after so many batches, counted from where the run goes on.
fn stop_after(batches: usize) -> impl FnMut(&Event<'_>) -> Flow {
    let mut seen = 0;
    move |event| {
        seen += usize::from(matches!(event, Event::Batch { .. }));
        if matches!(event, Event::Batch { .. }) && seen == batches { Flow::Stop } else { Flow::GoOn }
    }
}

#[test]
fn a_run_that_is_stopped_after_any_batch_equals_the_whole() {
    let bench = Bench::new(parse(CIRCUIT));
    let whole = bench.whole();
    assert!(whole.metrics.contains("\"accuracy\"") && whole.metrics.contains("\"bce\""), "{}", whole.metrics);
    for batches in 1..=BATCHES {
        let name = format!("stopped-{batches}");
        bench.stopped(&name, batches);
        bench.finish(&name);
        bench.outcome(&name).same(&whole, &name);
    }
}

/// Biases, variances, decay, moments of Adam and rates over time, in every place that has them.
fn with_options(text: &str) -> Circuit {
    let mut file = CircuitFile::from(&parse(text));
    for (_, layer) in file.layers.0.iter_mut().filter(|(_, layer)| layer.sense.is_some()) {
        layer.bias = BiasKind::Learned;
        layer.learning.optimizer = Some(Optimizer::adam(0.03));
        layer.precision = match layer.likelihood {
            Likelihood::Gaussian => Precision::Diagonal { floor: 0.2 },
            Likelihood::Bernoulli => Precision::Fixed(0.5),
        };
    }
    file.projections[0].learning.decay = Some(0.5);
    file.projections[0].sign = Sign::Positive;
    file.learning.optimizer = Optimizer::Adam { rate: 0.05, beta1: 0.7, beta2: 0.99 };
    file.learning.rate_over_time = RateOverTime::Warmup { epochs: 1, then: Decline::Cosine { to: 0.001 } };
    file.check().expect("sound")
}

#[test]
fn options_and_the_best_epoch_survive_a_stop_after_any_batch() {
    let mut bench = Bench::new(with_options(CIRCUIT));
    bench.spec.keep = Keep::Best;
    let whole = bench.whole();
    for batches in 1..=BATCHES {
        let name = format!("stopped-{batches}");
        bench.stopped(&name, batches);
        bench.finish(&name);
        bench.outcome(&name).same(&whole, &name);
    }
    // What is left is what a run had learned when the best epoch ended.
    let metrics: Vec<EpochMetrics> = bench.open("whole").metrics(u64::MAX).expect("whole");
    let best = BestEpoch::of(&metrics).expect("some are held out");
    assert_eq!(best.measure, "accuracy");
    bench.spec.keep = Keep::Last;
    let ended = |event: &Event<'_>| match event {
        Event::Epoch(metrics) if metrics.epoch == best.epoch => Flow::Stop,
        _ => Flow::GoOn,
    };
    bench.start("best", ended).expect("trains");
    let (_, snapshot) = bench.open("best").newest().expect("whole").expect("a checkpoint");
    let left = gncn::load_weights(&bench.path("whole").join("weights.safetensors")).expect("weights");
    assert_eq!(&left, snapshot.tensors(), "epoch {}", best.epoch);
}

#[test]
fn more_epochs_are_refused_where_the_rate_heads_for_the_end() {
    let mut bench = Bench::new(with_options(CIRCUIT));
    bench.stopped("longer", 6);
    let epochs = bench.spec.epochs + 1;
    let learning = gncn::Learning { epochs, ..bench.circuit.learning() };
    bench.circuit = Arc::new(Circuit::clone(&bench.circuit).with_learning(learning).expect("sound"));
    bench.spec.epochs = epochs;
    let error = bench.resume("longer", |_| Flow::GoOn).expect_err("other rates").to_string();
    assert!(error.contains("epochs"), "{error}");
}

#[test]
fn a_run_that_is_stopped_after_every_batch_equals_the_whole() {
    let text = CIRCUIT.replace("norm: UnitColumns", "norm: ClipRows, when: EveryStep");
    for (circuit, limit) in [(CIRCUIT, None), (CIRCUIT, Some(23)), (&text, None)] {
        let mut bench = Bench::new(parse(circuit));
        bench.spec.limit = limit;
        bench.spec.checkpoint_every = None;
        let whole = bench.whole();
        bench.stopped("often", 1);
        let mut times = 1;
        while bench.resume("often", stop_after(1)).expect("it goes on") == Ended::Stopped {
            times += 1;
        }
        assert_eq!(times, if limit.is_some() { 9 } else { BATCHES }, "it stopped after every batch");
        bench.outcome("often").same(&whole, "stopped after every batch");
    }
}

#[test]
fn sparse_noisy_circuits_that_start_where_they_were_equal_the_whole() {
    let text = CIRCUIT
        .replace("(steps: 4)", "(steps: 4, start: Last)")
        .replace("activation: Relu, beta: 0.1)", "activation: Relu, beta: 0.1, noise: Gaussian(sd: 0.1))")
        .replace("feedback: Learned(rate: 1.0)", "feedback: Learned(rate: 1.0), reach: Random(share: 0.4, seed: 1)");
    let bench = Bench::new(parse(&text));
    let whole = bench.whole();
    // The last batch of an epoch is short: it leaves fewer states than the next one has samples.
    for batches in [1, 3, 4, 5, 9, 14] {
        let name = format!("stopped-{batches}");
        bench.stopped(&name, batches);
        bench.finish(&name);
        bench.outcome(&name).same(&whole, &name);
    }
}

#[test]
fn a_run_that_is_stopped_between_epochs_equals_the_whole() {
    let bench = Bench::new(parse(CIRCUIT));
    let whole = bench.whole();
    let at_epochs = |event: &Event<'_>| if matches!(event, Event::Epoch(_)) { Flow::Stop } else { Flow::GoOn };
    assert_eq!(bench.start("epochs", at_epochs).expect("trains"), Ended::Stopped);
    assert_eq!(bench.resume("epochs", at_epochs).expect("trains"), Ended::Stopped);
    assert_eq!(bench.resume("epochs", at_epochs).expect("trains"), Ended::Finished, "nothing is left to be stopped");
    bench.outcome("epochs").same(&whole, "stopped between epochs");
}

#[test]
fn a_run_that_is_stopped_while_an_epoch_is_measured_equals_the_whole() {
    let mut bench = Bench::new(parse(CIRCUIT));
    bench.spec.test_each_epoch = true;
    let whole = bench.whole();
    let mut told = Vec::new();
    let at_once = |event: &Event<'_>| match event {
        Event::Measured { epoch, done, of } => {
            told.push((*epoch, *done, *of));
            Flow::Stop
        }
        _ => Flow::GoOn,
    };
    assert_eq!(bench.start("measured", at_once).expect("trains"), Ended::Stopped);
    let [(1, done, of)] = told[..] else { panic!("once, in the first epoch: {told:?}") };
    assert!(done < of, "the test images are left: {done} of {of}");
    let (_, snapshot) = bench.open("measured").newest().expect("whole").expect("a checkpoint");
    assert_eq!(steps(&snapshot), (0, BATCHES / 3), "all batches of the epoch are learned");
    bench.finish("measured");
    bench.outcome("measured").same(&whole, "stopped while it was measured");
}

#[test]
fn the_optimiser_goes_on_and_not_only_the_weights() {
    // Were moments lost, a resumed Adam would begin anew: this is what the comparisons above would notice.
    let bench = Bench::new(parse(CIRCUIT));
    bench.stopped("half", 7);
    let run = bench.open("half");
    let (path, snapshot) = run.newest().expect("whole").expect("a checkpoint");
    assert_eq!(steps(&snapshot), (1, 2));
    let (network, progress) = snapshot.clone().restore(Arc::clone(&bench.circuit), &path).expect("fits");
    assert_eq!(Snapshot::take(&network, progress.clone()), snapshot);
    let fresh = Network::with_weights(Arc::clone(&bench.circuit), snapshot.tensors()).expect("fits");
    assert_ne!(Snapshot::take(&fresh, progress), snapshot, "a network without its moments");
}

/// Kills a training at the `nth` event: nothing of it runs any more but what is on the disk.
fn kill_at(nth: usize) -> impl FnMut(&Event<'_>) -> Flow {
    let mut seen = 0;
    move |_| {
        seen += 1;
        if seen == nth {
            resume_unwind(Box::new("killed"));
        }
        Flow::GoOn
    }
}

#[test]
fn a_run_that_is_killed_at_any_event_equals_the_whole() {
    let bench = Bench::new(parse(CIRCUIT));
    let whole = bench.whole();
    let mut killed = 0;
    // Batches, checkpoints, measures and epochs: kill at every second of them, and then once more three events later.
    for nth in (1..40).step_by(2) {
        let name = format!("killed-{nth}");
        let run = AssertUnwindSafe(|| bench.start(&name, kill_at(nth)));
        if catch_unwind(run).is_ok() {
            break;
        }
        killed += 1;
        let again = catch_unwind(AssertUnwindSafe(|| bench.resume(&name, kill_at(3))));
        assert!(again.is_err() || bench.open(&name).info.finished);
        bench.finish(&name);
        bench.outcome(&name).same(&whole, &name);
    }
    assert!(killed >= 12, "{killed}");
}

#[test]
fn what_a_killed_process_left_half_written_is_ignored() {
    let bench = Bench::new(parse(CIRCUIT));
    let whole = bench.whole();
    // The fifth batch is the last of its epoch: the line of metrics comes next, and then the checkpoint of the next one.
    for batches in [3, 5, 10] {
        let name = format!("torn-{batches}");
        bench.stopped(&name, batches);
        let folder = bench.path(&name);
        let newest = bench.checkpoints(&name).pop().expect("a checkpoint");
        let half = fs::read(&newest).map(|bytes| bytes[..bytes.len() / 2].to_vec()).expect("a checkpoint");
        // A name that would be newer, were it looked at; and names that this very process would choose.
        fs::write(folder.join("checkpoints/.000009-00000000.ckpt.4711-0.part"), &half).expect("written");
        for serial in 0..200 {
            let own = std::process::id();
            fs::write(folder.join(format!(".run.json.{own}-{serial}.part")), b"{\"comm").expect("written");
        }
        fs::write(folder.join(".weights.safetensors.4711-3.part"), &half).expect("written");
        // An epoch whose line was written, whole or not, when the process died before its checkpoint.
        let mut metrics = fs::read(folder.join("metrics.jsonl")).expect("metrics");
        metrics.extend(b"{\"epoch\":77,\"train_free_energy\":{},\"seconds\":1.0,\"samples_per_second\":1.0}\n{\"epo");
        fs::write(folder.join("metrics.jsonl"), metrics).expect("written");
        bench.finish(&name);
        bench.outcome(&name).same(&whole, &name);
        let left = files(&folder).into_iter().chain(files(&folder.join("checkpoints")));
        let left: Vec<_> = left.filter(|path| path.extension().is_some_and(|e| e == "part")).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// A checkpoint file as a disk or a crash may leave it.
fn damages(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let cut = |length: usize| (format!("cut to {length} bytes"), bytes[..length].to_vec());
    let mut all = vec![cut(0), cut(7), cut(bytes.len() / 2), cut(bytes.len() - 1)];
    all.push(("zeros".to_owned(), vec![0; bytes.len()]));
    all.push(("zeros at the end".to_owned(), [&bytes[..bytes.len() - 64], &[0; 64]].concat()));
    all.push(("text".to_owned(), b"not a checkpoint".to_vec()));
    for place in 0..60 {
        let mut flipped = bytes.to_vec();
        let at = place * (bytes.len() - 1) / 59;
        flipped[at] ^= 1 << (place % 8);
        all.push((format!("a bit of byte {at} turned"), flipped));
    }
    all
}

#[test]
fn a_damaged_checkpoint_falls_back_to_the_one_before() {
    let bench = Bench::new(parse(CIRCUIT));
    let whole = bench.whole();
    bench.stopped("damaged", 7);
    let [before, newest] = bench.checkpoints("damaged").try_into().expect("two checkpoints are kept");
    let sound = fs::read(&newest).expect("a checkpoint");
    for (what, bytes) in damages(&sound) {
        fs::write(&newest, bytes).expect("written");
        let (path, snapshot) = bench.open("damaged").newest().expect("one is whole").expect("a checkpoint");
        assert_eq!(path, before, "{what}: the damage was not seen");
        assert_eq!(steps(&snapshot), (1, 0), "{what}");
    }
    // The last of them is still there. The batches since then are learned again, to the same bits.
    bench.finish("damaged");
    bench.outcome("damaged").same(&whole, "after damage");
}

/// Where the header of a safetensors file ends.
fn header_end(bytes: &[u8]) -> usize {
    8 + u64::from_le_bytes(bytes[..8].try_into().expect("a length")) as usize
}

/// Two bits of every byte of the header, and one of every seventh byte behind it.
fn flips(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    let (header, sound) = (header_end(bytes), bytes.to_vec());
    let places = (0..header).flat_map(|at| [(at, at % 8), (at, (at + 3) % 8)]);
    places.chain((header..bytes.len()).step_by(7).map(|at| (at, at % 8))).map(move |(at, bit)| {
        let mut flipped = sound.clone();
        flipped[at] ^= 1 << bit;
        (at, flipped)
    })
}

#[test]
fn no_flipped_bit_of_a_checkpoint_is_used() {
    let bench = Bench::new(parse(CIRCUIT));
    bench.stopped("flipped", 7);
    let newest = bench.checkpoints("flipped").pop().expect("a checkpoint");
    let sound = fs::read(&newest).expect("a checkpoint");
    let header = String::from_utf8_lossy(&sound[..header_end(&sound)]).into_owned();
    for part in ["adam.mean/", "adam.square/", "z1_to_z0.generative", "metrics_bytes", "steps"] {
        assert!(header.contains(part), "{part} is covered: {header}");
    }
    let copy = bench.path("copy.ckpt");
    for (at, bytes) in flips(&sound) {
        fs::write(&copy, bytes).expect("written");
        assert!(Snapshot::load(&copy).is_err(), "a turned bit of byte {at} went unseen");
    }
}

#[test]
fn no_flipped_bit_of_weights_is_used() {
    let bench = Bench::new(parse(CIRCUIT));
    bench.whole();
    let (path, copy) = (bench.path("whole").join("weights.safetensors"), bench.path("copy.safetensors"));
    let (sound, tensors) = (fs::read(&path).expect("weights"), weights::load(&path).expect("whole"));
    let mut passed = 0;
    for (at, bytes) in flips(&sound) {
        fs::write(&copy, bytes).expect("written");
        if let Ok(loaded) = weights::load(&copy) {
            // A bit of the word "digest" itself: the weights are what they were.
            assert!(loaded == tensors, "a turned bit of byte {at} changed the weights unseen");
            passed += 1;
        }
    }
    assert!(passed < 200, "{passed} flips passed");
}

#[test]
fn damaged_weights_of_a_run_give_way_to_its_checkpoint_and_then_to_an_error() {
    let bench = Bench::new(parse(CIRCUIT));
    bench.whole();
    let run = bench.open("whole");
    let sound = run.weights().expect("weights");
    let mut bytes = fs::read(run.path("weights.safetensors")).expect("weights");
    *bytes.last_mut().expect("bytes") ^= 1;
    fs::write(run.path("weights.safetensors"), bytes).expect("written");
    assert!(run.weights().expect("the checkpoint is whole") == sound);
    for path in bench.checkpoints("whole") {
        fs::remove_file(path).expect("removed");
    }
    let error = run.weights().expect_err("nothing is whole").to_string();
    assert!(error.contains("weights.safetensors: is damaged"), "{error}");
}

#[test]
fn weights_without_a_digest_load() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/gncn-pdh/weights.safetensors");
    let text = String::from_utf8_lossy(&fs::read(&golden).expect("a golden file")).into_owned();
    assert!(!text.contains("gncn sha256"), "made elsewhere");
    assert!(weights::load(&golden).is_ok_and(|tensors| tensors.len() > 4));
}

#[test]
fn when_no_checkpoint_is_whole_nothing_is_overwritten() {
    let bench = Bench::new(parse(CIRCUIT));
    bench.stopped("lost", 7);
    for path in bench.checkpoints("lost") {
        fs::write(path, b"gone").expect("written");
    }
    let before = files(&bench.path("lost"));
    let error = bench.resume("lost", |_| Flow::GoOn).expect_err("there is nothing to go on from");
    assert!(matches!(error, TrainError::Store(StoreError::Content { .. })), "{error}");
    assert!(error.to_string().contains("000001-00000002.ckpt"), "the newest is named: {error}");
    assert_eq!(files(&bench.path("lost")), before);
    assert_eq!(fs::read(&bench.checkpoints("lost")[0]).expect("still there"), b"gone");
}

#[test]
fn a_run_of_something_else_is_refused_and_stays_as_it_is() {
    let mut bench = Bench::new(parse(CIRCUIT));
    bench.stopped("mine", 7);
    let before: Vec<_> = bench.checkpoints("mine").iter().map(|path| fs::read(path).expect("a checkpoint")).collect();
    let refused = |bench: &Bench, what: &str| {
        let error = bench.resume("mine", |_| panic!("no batch is learned")).expect_err(what);
        assert!(matches!(error, TrainError::Another { .. }), "{what}: {error}");
        assert!(error.to_string().contains(what), "{error}");
        let after: Vec<_> =
            bench.checkpoints("mine").iter().map(|path| fs::read(path).expect("a checkpoint")).collect();
        assert!(before == after, "{what}: checkpoints are as they were");
    };
    let (circuit, spec) = (Arc::clone(&bench.circuit), bench.spec.clone());
    let changes = [
        ("beta: 0.1", "beta: 0.2", "another circuit: \"z1\" beta: 0.1, not beta: 0.2"),
        ("0.01", "0.02", "another circuit: optimizer: Adam(rate: 0.01), not optimizer: Adam(rate: 0.02)"),
        ("size: 6", "size: 7", "another circuit: \"z1\" size: 6, not size: 7"),
        ("(from: \"z3\", to: \"z0\", feedback: Silent),", "", "another circuit"),
    ];
    for (old, new, what) in changes {
        bench.circuit = Arc::new(parse(&CIRCUIT.replacen(old, new, 1)));
        assert_ne!(bench.circuit, circuit);
        refused(&bench, what);
    }
    let fewer = CIRCUIT.replacen("epochs: 3", "epochs: 2", 1);
    bench.circuit = Arc::new(parse(&fewer));
    refused(&bench, "was asked for 3 epochs; --resume goes on to as many or more, not to 2");
    // What it is comes before how long it takes.
    bench.circuit = Arc::new(parse(&fewer.replacen("beta: 0.1", "beta: 0.2", 1)));
    refused(&bench, "another circuit: \"z1\" beta: 0.1, not beta: 0.2");
    bench.circuit = circuit;
    for (old, new, what) in [
        ("steps: 4", "steps: 5", "steps: 4, not steps: 5"),
        ("steps: 4", "steps: 4, messages: Events(threshold: 0.1)", "messages: Dense, not messages: Events"),
        ("steps: 4", "steps: 4, schedule: Bounded(staleness: 1)", "schedule: Synchronous, not schedule: Bounded"),
    ] {
        bench.spec.settling = parse(&CIRCUIT.replacen(old, new, 1)).settling().clone();
        refused(&bench, what);
    }
    bench.spec = TrainSpec { batch: 8, ..spec.clone() };
    refused(&bench, "batch: 9, not batch: 8");
    bench.spec = TrainSpec { limit: Some(20), ..spec.clone() };
    refused(&bench, "all training images, not --limit 20");
    bench.spec = spec;
    bench.data = dataset(0).with_reading(Reading::Grey).expect("bytes can be grey");
    refused(&bench, "pixels read as binary, not grey");
    bench.data = dataset(1);
    refused(&bench, "other data");
    bench.data = dataset(0);
    bench.spec.seed = 4;
    refused(&bench, "seed 3, not 4");
    bench.spec.seed = 3;
    bench.finish("mine");
}

#[test]
fn a_run_without_a_checkpoint_is_not_mixed_with_another_either() {
    let mut bench = Bench::new(parse(CIRCUIT));
    let killed = AssertUnwindSafe(|| bench.start("early", kill_at(1)));
    assert!(catch_unwind(killed).is_err());
    assert!(bench.checkpoints("early").is_empty());
    let whole = bench.whole();
    bench.spec.seed = 4;
    let error = bench.resume("early", |_| panic!("no batch is learned")).expect_err("another seed");
    assert!(error.to_string().contains("seed 3, not 4"), "{error}");
    (bench.spec.seed, bench.spec.limit) = (3, Some(20));
    let error = bench.resume("early", |_| panic!("no batch is learned")).expect_err("another limit");
    assert!(error.to_string().contains("--limit 20"), "{error}");
    bench.spec.limit = None;
    let circuit = std::mem::replace(&mut bench.circuit, Arc::new(parse(&CIRCUIT.replace("size: 6", "size: 5"))));
    let error = bench.resume("early", |_| panic!("no batch is learned")).expect_err("another circuit");
    assert!(error.to_string().contains("\"z1\" size: 6, not size: 5"), "{error}");
    bench.circuit = circuit;
    bench.finish("early");
    bench.outcome("early").same(&whole, "killed before its first checkpoint");
}

#[test]
fn a_run_has_one_writer() {
    let bench = Bench::new(parse(CIRCUIT));
    bench.stopped("mine", 2);
    let mut first = bench.open("mine");
    first.lock().expect("nobody writes it");
    first.lock().expect("it is ours already");
    let error = bench.resume("mine", |_| panic!("no batch is learned")).expect_err("it has a writer").to_string();
    assert!(error.contains("another gncn") && error.contains(&std::process::id().to_string()), "{error}");
    let error =
        Run::create(&bench.path("mine"), &bench.circuit, first.info.clone(), true).expect_err("it has a writer");
    assert!(error.is_request() && bench.path("mine").join("run.json").exists(), "{error}");
    assert!(bench.open("mine").weights().is_ok(), "readers need no lock");
    drop(first);
    bench.finish("mine");
}

#[test]
fn a_finished_run_that_goes_on_is_read_from_its_checkpoint() {
    let mut bench = Bench::new(parse(CIRCUIT));
    let long = Arc::clone(&bench.circuit);
    bench.circuit = Arc::new(parse(&CIRCUIT.replace("epochs: 3", "epochs: 1")));
    bench.spec.epochs = 1;
    bench.start("longer", |_| Flow::GoOn).expect("trains");
    (bench.circuit, bench.spec.epochs) = (long, 3);
    let done = bench.open("longer").weights().expect("weights");
    assert_eq!(bench.resume("longer", stop_after(2)).expect("trains"), Ended::Stopped);
    let run = bench.open("longer");
    assert!(!run.info.finished && run.circuit().expect("a circuit").learning().epochs == 3);
    assert!(run.weights().expect("a checkpoint") != done, "the weights of the first end are old");
}

#[test]
fn a_finished_run_goes_on_for_more_epochs() {
    let mut bench = Bench::new(parse(CIRCUIT));
    bench.spec.test_each_epoch = true;
    let whole = bench.whole();
    let long = Arc::clone(&bench.circuit);
    bench.circuit = Arc::new(parse(&CIRCUIT.replace("epochs: 3", "epochs: 1")));
    bench.spec.epochs = 1;
    assert_eq!(bench.start("longer", |_| Flow::GoOn).expect("trains"), Ended::Finished);
    assert!(bench.outcome("longer").weights != whole.weights);
    (bench.circuit, bench.spec.epochs) = (long, 3);
    bench.finish("longer");
    bench.outcome("longer").same(&whole, "first one epoch, then three");
    // Once more, with nothing left to do.
    bench.finish("longer");
    bench.outcome("longer").same(&whole, "nothing left to do");
}

#[test]
fn a_run_that_diverges_leaves_a_good_checkpoint() {
    // After its first batch, synapses are so large that settling overshoots further with every step.
    let circuit = CIRCUIT
        .replace("steps: 4", "steps: 60")
        .replace("Adam(rate: 0.01), norm: UnitColumns", "Sgd(rate: 200.0), norm: None")
        .replace(", precision: Learned(floor: 0.8)", "")
        .replace("activation: Tanh", "activation: Identity")
        .replace("Learned(rate: 1.0)", "Transposed");
    let mut bench = Bench::new(parse(&circuit));
    bench.spec.checkpoint_every = Some(1);
    let mut learned = 0;
    let error = bench.start("steep", |event| {
        learned += usize::from(matches!(event, Event::Batch { .. }));
        Flow::GoOn
    });
    let error = error.expect_err("it diverges").to_string();
    assert!(error.contains("no longer finite at its firing") && error.contains("magnitude"), "{error}");
    assert!(learned > 0, "the first batch still settles");
    let (path, snapshot) = bench.open("steep").newest().expect("whole").expect("a checkpoint");
    assert_eq!(steps(&snapshot), (0, learned));
    snapshot.restore(Arc::clone(&bench.circuit), &path).expect("its weights are numbers");
    let again = bench.resume("steep", |_| Flow::GoOn).expect_err("it diverges again").to_string();
    assert_eq!(again, error, "the same failure at the same instant");
}

#[test]
fn only_the_newest_two_checkpoints_are_kept() {
    let mut bench = Bench::new(parse(CIRCUIT));
    bench.spec.checkpoint_every = Some(1);
    let mut most = 0;
    bench
        .start("kept", |event| {
            most = most.max(if matches!(event, Event::Checkpoint(_)) { bench.checkpoints("kept").len() } else { 0 });
            Flow::GoOn
        })
        .expect("trains");
    assert_eq!(most, 2);
    let names: Vec<_> = bench.checkpoints("kept").iter().map(|path| path.file_name().map(ToOwned::to_owned)).collect();
    assert_eq!(names, ["000002-00000004.ckpt", "000003-00000000.ckpt"].map(|name| Some(name.into())));
}
