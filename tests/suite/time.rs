//! Time: frames that are episodes one after the other (`per_frame`), and projections that predict from frames before
//! (`delay`). Settling against a slow twin, carried states and optimisers against one long call, and the command line.

use crate::asked::{count, seeds};
use crate::cli::{run_in, succeed_in, text};
use crate::conformance::{self, Scenario};
use crate::dynamics::Twin;
use crate::options::{off, places, sweep};
use crate::properties::{self, Dice, Kind};
use gncn::Blamed;
use gncn::circuit::file::CircuitFile;
use gncn::circuit::{Circuit, Schedule, Settling};
use gncn::data::array::Array;
use gncn::data::files::read_one;
use gncn::data::npz::{self, NpzOut};
use gncn::data::{Images, moving};
use gncn::episode::Episode;
use gncn::executor::{Presentation, SettleOptions, Settler, recalled};
use gncn::matrix::Matrix;
use gncn::network::Network;
use gncn::params::{Feedback, Messages, Optimizer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Updates of a frame.
const UPDATES: usize = 4;

/// A random circuit that settles frame by frame, with delays.
fn late(kind: Kind, seed: u64) -> Circuit {
    let mut file = CircuitFile::from(&properties::circuit(kind, seed));
    let mut dice = Dice::new("test.time", seed);
    for projection in &mut file.projections {
        if dice.chance(0.5) {
            projection.delay = Some(dice.between(1, 3));
            if !matches!(projection.feedback, Feedback::Silent | Feedback::Learned { .. }) {
                projection.feedback = dice.pick(&[Feedback::Silent, Feedback::Learned { rate: 0.5 }]);
            }
        }
    }
    (file.settling.steps, file.settling.until, file.settling.per_frame) = (None, None, Some(UPDATES));
    file.learning.optimizer = Optimizer::Sgd { rate: 0.01 };
    file.check().unwrap_or_else(|error| panic!("{seed}: {error}"))
}

/// Frames that show the same senses, with other masks.
fn frames(circuit: &Circuit, rows: usize, count: usize, seed: u64) -> Vec<Episode<'static>> {
    (0..count as u64).map(|frame| properties::episode(Kind::Tame, circuit, rows, 31 * seed + frame)).collect()
}

fn options(frame: usize) -> SettleOptions {
    SettleOptions { presentation: Presentation::default().frame(frame), ..SettleOptions::default() }
}

#[test]
fn frames_equal_a_slow_twin_under_every_schedule() {
    const FRAMES: usize = 4;
    let (mut compared, mut delays, mut events) = (0, 0, 0);
    for seed in seeds(150) {
        let circuit = late(Kind::Tame, seed);
        let network = properties::network(&circuit, seed);
        let episodes = frames(&circuit, 1 + (seed % 3) as usize, FRAMES, seed);
        let order = sweep(&circuit);
        let Some((settled, returned)) = expected(&network, &episodes, None) else { continue };
        let Some((swept, also)) = expected(&network, &episodes, Some(&order)) else { continue };
        compared += 1;
        delays += circuit.projections().iter().filter(|p| p.delay().is_some()).count();
        for messages in [Messages::Dense, Messages::events(0.0)] {
            for (schedule, expected) in [
                (Schedule::Synchronous, &settled),
                (Schedule::Bounded { staleness: 0 }, &settled),
                (Schedule::VirtualTime(Box::default()), &settled),
                (Schedule::Sweep { order: order.clone() }, &swept),
            ] {
                // A jump at 0 goes either way where a sum came back to it by its changes.
                if messages.threshold().is_some() && (returned || also) {
                    continue;
                }
                events += usize::from(messages.threshold().is_some());
                let settling = Settling { schedule, messages, ..circuit.settling().clone() };
                let furthest = distance(&network, &episodes, &settling, expected);
                assert!(furthest < 5e-6, "seed {seed}: {:?}, {messages:?}: {furthest:e}", settling.schedule);
            }
        }
    }
    assert!(compared > 50 && delays > 60 && events > 100, "{compared} circuits, {delays} delays, {events} of events");
}

/// States and mismatches of the twin, by frame, row and layer.
type Expected = Vec<Vec<(Vec<Vec<f64>>, Vec<Vec<f64>>)>>;

/// What is expected, and whether something came back to 0 exactly; `None` where f32 and f64 may part.
fn expected(
    network: &Network,
    episodes: &[Episode],
    order: Option<&[gncn::circuit::PopulationId]>,
) -> Option<(Expected, bool)> {
    let rows = episodes[0].rows();
    let (mut all, mut returned): (Expected, bool) = (episodes.iter().map(|_| Vec::new()).collect(), false);
    for row in 0..rows {
        let mut twin = Twin::new(network);
        let mut z = twin.starts(&episodes[0], row);
        for (frame, episode) in episodes.iter().enumerate() {
            let from = if frame == 0 { z } else { twin.goes_on(&z, episode, row) };
            z = match order {
                None => twin.settle_from(from, episode, row, UPDATES).0,
                Some(order) => twin.sweep_from(from, episode, row, UPDATES, &places(network.circuit(), order)),
            };
            let mismatch = twin.errors(&z).mismatch;
            if z.iter().chain(&mismatch).flatten().any(|v| v.is_nan() || v.abs() > 4.0) {
                return None;
            }
            all[frame].push((z.clone(), mismatch));
            twin.remember(&z);
        }
        if twin.margin() < 1e-4 {
            return None;
        }
        returned |= twin.returned();
    }
    Some((all, returned))
}

fn distance(network: &Network, episodes: &[Episode], settling: &Settling, expected: &Expected) -> f64 {
    let (mut settler, mut network, mut furthest) = (Settler::new(), network.clone(), 0.0_f64);
    for (frame, (episode, expected)) in episodes.iter().zip(expected).enumerate() {
        settler.settle(&mut network, episode, settling, options(frame)).expect("settles");
        let (activities, wiring) = (settler.activities(), network.wiring());
        for (row, (z, mismatch)) in expected.iter().enumerate() {
            for (id, _) in network.circuit().layers() {
                furthest = furthest.max(off(activities.state(wiring, id).row(row), &z[id.0]));
                if let Some(e) = activities.mismatch(wiring, id) {
                    furthest = furthest.max(off(e.row(row), &mismatch[id.0]));
                }
            }
        }
    }
    furthest
}

#[test]
fn every_promise_holds_on_circuits_with_delays() {
    let scenario = |seed| {
        let circuit = late(Kind::Tame, seed);
        let network = properties::network(&circuit, seed);
        let episode = properties::episode(Kind::Tame, &circuit, 1 + (seed % 3) as usize, seed);
        Scenario { name: format!("delays {seed}"), seed, circuit, network, episode }
    };
    conformance::all_promises_hold((0..12).map(scenario));
}

#[test]
fn a_split_sequence_gives_the_bits_of_the_whole() {
    let mut split = 0;
    for seed in 0..30 {
        let circuit = late(Kind::Tame, seed);
        let mut network = properties::network(&circuit, seed);
        let episodes = frames(&circuit, 2, 5, seed);
        let settling = circuit.settling();
        let bits = |settler: &Settler, network: &Network| {
            let states = settler.activities().states(network.wiring());
            states.iter().flat_map(|z| z.as_slice().to_vec()).map(f32::to_bits).collect::<Vec<_>>()
        };
        let mut whole = Settler::new();
        let mut halves = Vec::new();
        let mut states = Vec::new();
        for (frame, episode) in episodes.iter().enumerate() {
            if whole.settle(&mut network, episode, settling, options(frame)).is_err() {
                break;
            }
            halves.push(bits(&whole, &network));
            states.push(whole.activities().states(network.wiring()));
        }
        if halves.len() < episodes.len() {
            continue;
        }
        split += 1;
        // A frame by itself goes on where it is told what was before.
        let at = 3;
        let mut other = Settler::new();
        other.start_at(states[at - 1].clone());
        other.look_back_at(states[..at].iter().rev().map(|states| recalled(&circuit, states)));
        let last = Settling { start: gncn::params::Start::Last, ..settling.clone() };
        for (frame, episode) in episodes[at..].iter().enumerate() {
            other.settle(&mut network, episode, &last, options(frame)).expect("settled before");
            assert_eq!(bits(&other, &network), halves[at + frame], "seed {seed}, frame {}", at + frame);
        }
        // And a first frame knows nothing of another sequence.
        other.settle(&mut network, &episodes[0], settling, options(0)).expect("settled before");
        assert_eq!(bits(&other, &network), halves[0], "seed {seed}: the first frame again");
    }
    assert!(split > 15, "{split}");
}

#[test]
fn a_replay_is_of_one_frame() {
    let circuit = late(Kind::Tame, 1);
    let mut network = properties::network(&circuit, 1);
    let episodes = [0, 0].map(|_| properties::episode(Kind::Tame, &circuit, 1, 1));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    let mut settler = Settler::new();
    let recorded = SettleOptions { record: true, ..options(0) };
    let settled = settler.settle(&mut network, &episodes[0], circuit.settling(), recorded).expect("settles");
    settled.log.expect("recorded").save(&path).expect("saved");
    let settling = Settling { schedule: Schedule::Replay(path), ..circuit.settling().clone() };
    let mut again = Settler::new();
    again.settle(&mut network, &episodes[0], &settling, options(0)).expect("replays");
    assert_eq!(again.activities().states(network.wiring()), settler.activities().states(network.wiring()));
    let error = again.settle(&mut network, &episodes[1], &settling, options(1)).expect_err("two frames");
    assert!(error.is_request() && error.to_string().contains("replay each frame by itself"), "{error}");
}

/// The golden case of frames with delays.
fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/frames-with-delays").join(file)
}

/// Arrays of a file by name, `[frames, all values of a frame]`.
fn arrays(path: &Path) -> BTreeMap<String, Matrix> {
    let flat = |(name, array): (String, Array)| {
        let matrix = array.into_matrix(true, &name).expect("frames");
        (name, matrix)
    };
    npz::read(path).expect("an archive").into_iter().map(flat).collect()
}

/// `settle` on the golden case with some more words.
fn settle(folder: &Path, circuit: &Path, words: &[&str]) {
    let mut all = vec!["settle", text(circuit)];
    all.extend(words);
    succeed_in(folder, &all);
}

/// The cases of frames: folders of `tests/golden` with what an independent program in float64 has made of them.
fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let folders = std::fs::read_dir(root).expect("golden cases").map(|entry| entry.expect("an entry").path());
    folders.filter(|folder| folder.join("frames.npz").is_file()).collect()
}

/// Words for every file of a case that is called `KIND.SENSE.npy`.
fn given(case: &Path, kind: &str) -> Vec<String> {
    let files = std::fs::read_dir(case).expect("a case").map(|entry| entry.expect("an entry").path());
    let word = |path: PathBuf| {
        let sense = path.file_name()?.to_str()?.strip_prefix(&format!("{kind}."))?.strip_suffix(".npy")?.to_owned();
        Some([format!("--{kind}"), format!("{sense}={}", text(&path))])
    };
    files.filter_map(word).flatten().collect()
}

#[test]
fn frames_match_the_reference_and_so_does_what_is_learned_from_them() {
    let mut compared = 0;
    for case in cases() {
        let folder = tempfile::tempdir().expect("a folder");
        let weights = case.join("weights.safetensors");
        let shown = [given(&case, "input"), given(&case, "mask")].concat();
        let mut words = vec!["--weights", text(&weights), "--out", "s.npz", "--learn", "learned.safetensors"];
        words.extend(shown.iter().map(String::as_str));
        settle(folder.path(), &case.join("circuit.ron"), &words);
        let found = arrays(&folder.path().join("s.npz"));
        let learned = gncn::checkpoint::weights::load(&folder.path().join("learned.safetensors")).expect("weights");
        for (name, expected) in arrays(&case.join("frames.npz")) {
            let found = match name.strip_prefix("learned.") {
                Some(tensor) => &learned[tensor],
                None => &found[&name],
            };
            let within = if name.starts_with("energy.") { 1e-4 } else { 5e-6 };
            assert_eq!(found.as_slice().len(), expected.as_slice().len(), "{}: {name}", case.display());
            for (f, e) in found.as_slice().iter().zip(expected.as_slice()) {
                assert!((f - e).abs() <= within * e.abs().max(1.0), "{}: {name}: {f} against {e}", case.display());
            }
            compared += 1;
        }
    }
    assert!(compared >= 28 + 17 + 14 + 17, "{compared}");
}

/// The golden circuit with Adam in place of plain steps, and its inputs frame by frame.
fn with_adam(folder: &Path) -> PathBuf {
    let circuit = std::fs::read_to_string(golden("circuit.ron")).expect("a circuit");
    let path = folder.join("adam.ron");
    std::fs::write(&path, circuit.replace("Sgd(rate: 0.05)", "Adam(rate: 0.01)")).expect("written");
    for sense in ["image", "sound"] {
        let (array, name) = read_one(&golden(&format!("input.{sense}.npy"))).expect("frames");
        let size = array.shape()[2];
        let all = array.into_matrix(false, &name).expect("frames");
        let frame = |frame: usize| Matrix::from_vec(3, size, all.row(frame).to_vec()).expect("three samples");
        let frames: Vec<Matrix> = (0..5).map(frame).collect();
        for (from, to) in [(0, 2), (2, 5), (0, 1), (1, 2), (2, 3), (3, 4), (4, 5)] {
            let mut out = NpzOut::create(&folder.join(format!("{sense}-{from}-{to}.npz"))).expect("created");
            out.matrices("x", &frames[from..to].iter().collect::<Vec<_>>()).expect("written");
            out.finish().expect("written");
        }
    }
    path
}

#[test]
fn calls_that_go_on_give_the_bits_of_one_call() {
    let folder = tempfile::tempdir().expect("a folder");
    let (circuit, weights) = (with_adam(folder.path()), golden("weights.safetensors"));
    let whole = ["image", "sound"].map(|sense| format!("{sense}={}", text(&golden(&format!("input.{sense}.npy")))));
    let words = ["--weights", text(&weights), "--input", &whole[0], "--input", &whole[1]];
    settle(folder.path(), &circuit, &[&words[..], &["--out", "all.npz", "--learn", "all.safetensors"]].concat());
    let expected = (arrays(&folder.path().join("all.npz")), std::fs::read(folder.path().join("all.safetensors")).ok());
    for calls in [&[(0, 2), (2, 5)][..], &[(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]] {
        let mut before = text(&weights).to_owned();
        for (call, (from, to)) in calls.iter().enumerate() {
            let inputs = ["image", "sound"].map(|sense| format!("{sense}={sense}-{from}-{to}.npz"));
            let [out, learned] = ["npz", "safetensors"].map(|ending| format!("call-{call}.{ending}"));
            let last = format!("call-{}.npz", call.saturating_sub(1));
            let mut words = vec!["--weights", &before, "--input", &inputs[0], "--input", &inputs[1]];
            words.extend(["--out", &out, "--learn", &learned]);
            words.extend(if call > 0 { vec!["--from", last.as_str()] } else { Vec::new() });
            settle(folder.path(), &circuit, &words);
            let found = arrays(&folder.path().join(&out));
            for (name, found) in found.iter().filter(|(name, _)| !name.starts_with("past.")) {
                for frame in *from..*to {
                    assert_eq!(found.row(frame - from), expected.0[name].row(frame), "{name}, frame {frame}");
                }
            }
            before = learned;
        }
        assert_eq!(std::fs::read(folder.path().join(before)).ok(), expected.1, "weights and moments of {calls:?}");
    }
    // Other commands read such weights, and leave the moments alone.
    succeed_in(folder.path(), &["check", text(&circuit), "--weights", "all.safetensors"]);
}

#[test]
fn what_does_not_fit_frames_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let circuit = with_adam(folder.path());
    let weights = golden("weights.safetensors");
    let refused = |words: &[&str], told: &str| {
        let mut all = vec!["settle", text(&circuit), "--weights", text(&weights)];
        all.extend(words);
        let outcome = run_in(folder.path(), &all);
        assert!(outcome.code == 2 && outcome.err.contains(told), "{words:?}: {}", outcome.err);
    };
    let mut out = NpzOut::create(&folder.path().join("flat.npz")).expect("created");
    out.matrix("x", &Matrix::zeros(3, 6)).expect("written");
    out.finish().expect("written");
    refused(&["--input", "image=flat.npz"], "an array [frames, samples, ...] with 6 values a sample is needed");
    refused(
        &["--input", "image=image-0-2.npz", "--input", "sound=sound-2-5.npz"],
        "has 3 frames where the input before",
    );
    refused(
        &["--input", "image=image-2-5.npz", "--mask", "image=image-0-2.npz"],
        "--mask image=image-0-2.npz has 2 frames",
    );
    refused(&["--input", "image=image-0-2.npz", "--record", "log"], "--record is about one episode");
    refused(&["--input", "image=image-0-2.npz", "--trace", "t.parquet"], "--trace is about one episode");
    // One mask for all frames is legal, and so is a log of one frame.
    let mask = ["--mask", "image=flat.npz", "--record", "log"];
    settle(
        folder.path(),
        &circuit,
        &[&["--weights", text(&weights), "--input", "image=image-0-1.npz"][..], &mask].concat(),
    );
}

#[test]
fn training_on_sequences_is_settling_them_and_resumes_to_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let circuit = with_adam(folder.path());
    let inputs = ["image", "sound"].map(|sense| format!("{sense}={sense}-2-5.npz"));
    let words = ["--input", &inputs[0], "--input", &inputs[1], "--learn", "settled.safetensors"];
    settle(folder.path(), &circuit, &words);
    let train = |out: &str, epochs: &str, more: &[&str]| {
        let mut all = vec!["train", text(&circuit), "--data", &inputs[0], "--data", &inputs[1], "--out", out];
        all.extend(["--epochs", epochs, "--no-validation"]);
        all.extend(more);
        succeed_in(folder.path(), &all);
        gncn::checkpoint::weights::load(&folder.path().join(out).join("weights.safetensors")).expect("weights")
    };
    let once = train("once", "1", &[]);
    let settled = gncn::checkpoint::weights::load(&folder.path().join("settled.safetensors")).expect("weights");
    for (name, tensor) in &once {
        let pairs = tensor.as_slice().iter().zip(settled[name].as_slice());
        // Samples come in another order, so that sums round otherwise, and Adam divides small numbers by small ones.
        assert!(pairs.into_iter().all(|(t, s)| (t - s).abs() < 2e-4), "{name}");
    }
    let twice = train("twice", "2", &["--batch", "2"]);
    train("split", "1", &["--batch", "2"]);
    assert_eq!(train("split", "2", &["--resume"]), twice);
    assert_ne!(once, twice);
}

/// Next-frame error: the mean squared difference of a frame, summed over pixels, of the forecast and of the frame before.
#[test]
fn the_shipped_circuit_forecasts_better_than_the_last_frame() {
    const BATCH: usize = 8;
    let text =
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("circuits/moving-digits.ron")).expect("shipped");
    let circuit = Circuit::parse(&text).expect("sound");
    let learning = gncn::circuit::Learning { optimizer: Optimizer::adam(0.004), ..circuit.learning() };
    let circuit = Arc::new(circuit.with_learning(learning).expect("sound"));
    let data = moving::generate(1, count("GNCN_SEQUENCES", 40), BATCH).expect("drawn");
    let mut network = Network::new(Arc::clone(&circuit), 0);
    let mut settler = Settler::new();
    let layer = circuit.find("frame").expect("a layer");
    let mut run = |images: &Images, begin: usize, learns: bool| {
        let (mut forecast, mut repeated) = (0.0, 0.0);
        let mut last: Option<Matrix> = None;
        for frame in 0..images.frames() {
            let rows: Vec<usize> = (0..BATCH).map(|i| (begin + i) * images.frames() + frame).collect();
            let shown = images.matrix(&rows);
            let episode = Episode::new(&circuit, [("image".to_owned(), shown.clone())]).expect("fits");
            settler.settle(&mut network, &episode, circuit.settling(), options(frame)).expect("settles");
            let mean = settler.activities().mean(network.wiring(), layer).expect("predicted");
            let squared = |a: &Matrix| {
                let pairs = a.as_slice().iter().zip(shown.as_slice());
                pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>() / BATCH as f64
            };
            // From two frames on the movement can be told.
            if let (2.., Some(last)) = (frame, &last) {
                (forecast, repeated) = (forecast + squared(&mean), repeated + squared(last));
            }
            last = Some(shown);
            if learns {
                network.learn(settler.activities()).expect("learns");
            }
        }
        let frames = images.frames() as f64 - 2.0;
        (forecast / frames, repeated / frames)
    };
    for _ in 0..count("GNCN_EPOCHS", 3) {
        for begin in (0..data.train.count() / data.train.frames()).step_by(BATCH) {
            run(&data.train, begin, true);
        }
    }
    let (forecast, repeated) = run(data.test.as_ref().expect("drawn"), 0, false);
    assert!(forecast < 0.85 * repeated, "a forecast is off by {forecast}, the last frame by {repeated}");
}
