//! The command line, as a person or a script meets it: what it prints, what it writes, and how it fails.
//!
//! Exit codes are part of the promise: 0 done, 1 the run failed, 2 the request was wrong; and never a panic.

use assert_cmd::Command;
use gncn::checkpoint::weights;
use gncn::data::npz;
use gncn::matrix::Matrix;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const CASES: [&str; 5] = ["gncn-t1-rao", "gncn-t1-sigma-friston", "gncn-t2-l-sigma", "gncn-pdh", "two-senses"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn case(name: &str) -> PathBuf {
    root().join("tests/golden").join(name)
}

/// The binary, away from whatever surrounds the tests.
pub(crate) fn gncn(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gncn"));
    command.args(words).timeout(Duration::from_secs(120));
    command.env_remove("RUST_LOG").env_remove("GNCN_DATA").env_remove("GNCN_CPU");
    command
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn outcome(mut command: Command) -> Outcome {
    let output = command.output().expect("the binary starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("gncn writes UTF-8");
    let code = output.status.code().expect("no signal ends it");
    let outcome = Outcome { code, out: text(output.stdout), err: text(output.stderr) };
    assert!(!outcome.err.contains("panicked"), "{outcome:?}");
    outcome
}

/// What a command came to in a folder.
pub(crate) fn run_in(folder: &Path, words: &[&str]) -> Outcome {
    let mut command = gncn(words);
    command.current_dir(folder);
    outcome(command)
}

/// The same of one that has to succeed.
#[track_caller]
pub(crate) fn succeed_in(folder: &Path, words: &[&str]) -> Outcome {
    let outcome = run_in(folder, words);
    assert_eq!(outcome.code, 0, "gncn {}: {}", words.join(" "), outcome.err);
    outcome
}

fn run(words: &[&str]) -> Outcome {
    outcome(gncn(words))
}

/// Runs, and gives standard output and standard error of a command that has to succeed.
fn succeed(words: &[&str]) -> (String, String) {
    let outcome = run(words);
    assert_eq!(outcome.code, 0, "gncn {}: {}", words.join(" "), outcome.err);
    (outcome.out, outcome.err)
}

/// Runs, and checks that it fails with this code and tells these words in a line that begins with `error:`.
fn fail(code: i32, words: &[&str], told: &[&str]) -> String {
    let outcome = run(words);
    assert_eq!(outcome.code, code, "gncn {}: {}", words.join(" "), outcome.err);
    assert!(outcome.err.lines().any(|line| line.starts_with("error:")), "{}", outcome.err);
    for part in told {
        assert!(outcome.err.contains(part), "`{part}` is missing in: {}", outcome.err);
    }
    outcome.err
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are UTF-8")
}

pub(crate) fn assert_narrow(text: &str) {
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "longer than 80 columns: {line}");
    }
}

/// The bytes of a `.npy` file.
fn npy(descriptor: &str, shape: &str, bytes: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descriptor}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(bytes);
    file
}

fn npy_f32(shape: &str, values: &[f32]) -> Vec<u8> {
    npy("<f4", shape, &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
}

// ---------------------------------------------------------------------------------------------------------- help

#[test]
fn help_fits_a_terminal_and_shows_examples() {
    let commands: [&[&str]; 18] = [
        &[],
        &["check"],
        &["draw"],
        &["settle"],
        &["train"],
        &["eval"],
        &["reconstruct"],
        &["complete"],
        &["sample"],
        &["latents"],
        &["features"],
        &["data"],
        &["data", "list"],
        &["data", "make"],
        &["baseline"],
        &["reproduce"],
        &["study"],
        &["new"],
    ];
    for command in commands {
        for flag in ["--help", "-h"] {
            let (out, _) = succeed(&[command, &[flag]].concat());
            assert_narrow(&out);
            assert!(out.contains("Examples:") && out.contains("Usage: gncn"), "{out}");
        }
    }
    assert!(succeed(&["--version"]).0.starts_with("gncn "));
}

#[test]
fn a_wrong_command_line_is_a_wrong_request() {
    fail(2, &["chek"], &["chek", "check"]);
    fail(2, &["settle"], &["<CIRCUIT>"]);
    fail(2, &["settle", "c.ron", "--input", "x.npy"], &["SENSE=FILE"]);
    fail(2, &["train", "c.ron", "--threads", "0"], &["1 to 1024"]);
    fail(2, &["train", "c.ron", "--batch", "many"], &["whole number"]);
    fail(2, &["train", "c.ron", "--resume", "--overwrite"], &["--overwrite"]);
    assert_eq!(run(&[]).code, 2, "no command at all shows the help");
}

// --------------------------------------------------------------------------------------------------------- check

#[test]
fn check_accepts_every_circuit_of_the_repository() {
    let circuits = fs::read_dir(root().join("circuits")).expect("there are circuits");
    let circuits = circuits.map(|entry| entry.expect("the folder can be listed").path());
    let circuits: Vec<_> = circuits.filter(|path| path.extension().is_some_and(|e| e == "ron")).collect();
    assert!(circuits.len() >= 6, "{circuits:?}");
    for path in circuits {
        let (out, _) = succeed(&["check", text(&path)]);
        assert_narrow(&out);
        assert!(out.contains("parameters") && out.contains("multiply-accumulates"), "{out}");
        let (out, _) = succeed(&["check", text(&path), "--json"]);
        let report: Value = serde_json::from_str(&out).expect("JSON");
        assert!(report["cost"]["totals"]["parameters"].as_u64() > Some(0), "{report}");
    }
}

#[test]
fn check_looks_at_weights() {
    let circuit = case("gncn-pdh").join("circuit.ron");
    let (out, _) =
        succeed(&["check", text(&circuit), "--weights", text(&case("gncn-pdh").join("weights.safetensors"))]);
    assert!(out.contains("fits this circuit"), "{out}");
    let other = case("two-senses").join("weights.safetensors");
    fail(2, &["check", text(&circuit), "--weights", text(&other)], &["another circuit", text(&other)]);
}

#[test]
fn check_tells_all_mistakes_at_once_with_their_places() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("bad.ron");
    let circuit = r#"Circuit(
        name: "bad",
        layers: {
            "z0": (size: 4, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
            "z1": (size: 3, beta: 1.5, lateral: Columns(size: 2, excite: 0.1, inhibit: 0.1)),
        },
        projections: [(from: "z1", to: "z9", feedback: Transposed), (from: "z1", to: "z0", feedback: Silent)],
    )"#;
    fs::write(&path, circuit).expect("a file");
    let err = fail(2, &["check", text(&path)], &["bad.ron:5:", "bad.ron:7:", "z9", "1.5"]);
    assert!(err.lines().count() >= 3, "{err}");
    fail(2, &["check", "no/such/file.ron"], &["no/such/file.ron"]);
    fs::write(&path, "[".repeat(10 << 20)).expect("a file");
    fail(2, &["check", text(&path)], &["bad.ron"]);
}

#[test]
fn check_warns_of_events_that_stay_lost() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("lossy.ron");
    let warned = |schedule: &str, messages: &str| {
        let circuit = format!(
            r#"Circuit(
                name: "lossy",
                layers: {{"z0": (size: 4, sense: "image"), "z1": (size: 3, beta: 0.1)}},
                projections: [(from: "z1", to: "z0", feedback: Transposed)],
                settling: (schedule: {schedule}, messages: {messages}),
            )"#
        );
        fs::write(&path, circuit).expect("a file");
        let (out, _) = succeed(&["check", text(&path)]);
        assert_narrow(&out);
        let report: Value = serde_json::from_str(&succeed(&["check", text(&path), "--json"]).0).expect("JSON");
        let warnings = report["warnings"].as_array().expect("a list").len();
        assert_eq!(warnings == 1, out.contains("warning:") && out.contains("refresh: 10"), "{out}");
        warnings
    };
    assert_eq!(warned("VirtualTime(drop: 0.1)", "Events(threshold: 0.1)"), 1);
    assert_eq!(warned("VirtualTime(drop: 0.1)", "Events(threshold: 0.1, refresh: 5)"), 0);
    assert_eq!(warned("VirtualTime(drop: 0.1)", "Dense"), 0);
    assert_eq!(warned("VirtualTime(delay: Fixed(4))", "Events(threshold: 0.1)"), 0);
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_failure_and_a_full_disk_is_one() {
    let circuit = case("gncn-pdh").join("circuit.ron");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gncn"));
    let mut child = command
        .args(["check", text(&circuit)])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    if Path::new("/dev/full").exists() {
        let (bin, circuit) = (env!("CARGO_BIN_EXE_gncn"), text(&circuit));
        let outcome = shell(&format!("'{bin}' check '{circuit}' >/dev/full"));
        assert_eq!(outcome.code, 1, "{outcome:?}");
        assert!(outcome.err.contains("standard output"), "{outcome:?}");
    }
}

/// Runs a line of the shell, which can redirect and limit what a process may do.
#[cfg(unix)]
fn shell(line: &str) -> Outcome {
    let mut command = Command::new("sh");
    command.args(["-c", line]).env_remove("RUST_LOG").env_remove("GNCN_DATA").timeout(Duration::from_secs(120));
    outcome(command)
}

// -------------------------------------------------------------------------------------------------------- settle

/// The words that settle a golden case.
fn settle_words(name: &str) -> Vec<String> {
    let folder = case(name);
    let mut words = vec!["settle".to_owned(), folder.join("circuit.ron").display().to_string()];
    words.extend(["--weights".to_owned(), folder.join("weights.safetensors").display().to_string()]);
    for entry in fs::read_dir(&folder).expect("the case is there") {
        let path = entry.expect("the folder can be listed").path();
        let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(sense) = file.strip_prefix("input.").and_then(|rest| rest.strip_suffix(".npy")) {
            words.extend(["--input".to_owned(), format!("{sense}={}", path.display())]);
        }
    }
    words
}

fn settle(name: &str, more: &[&str]) -> Outcome {
    let words = settle_words(name);
    run(&[words.iter().map(String::as_str).collect::<Vec<_>>(), more.to_vec()].concat())
}

/// Arrays by name; a vector is one row.
fn arrays(path: &Path) -> BTreeMap<String, Matrix> {
    let read = npz::read(path).expect("an archive of arrays");
    read.into_iter().map(|(name, array)| (name, array.into_matrix(true, "array").expect("a matrix"))).collect()
}

fn assert_near(name: &str, found: &Matrix, expected: &Matrix, absolute: f32, relative: f32) {
    assert_eq!((found.rows(), found.cols()), (expected.rows(), expected.cols()), "shape of {name}");
    for (i, (f, e)) in found.as_slice().iter().zip(expected.as_slice()).enumerate() {
        assert!((f - e).abs() <= absolute + relative * e.abs(), "{name}[{i}] is {f} and should be {e}");
    }
}

#[test]
fn settling_the_golden_cases_gives_their_arrays() {
    for name in CASES {
        let folder = TempDir::new().expect("a folder");
        let (out, learned) = (folder.path().join("out.npz"), folder.path().join("learned.safetensors"));
        let outcome = settle(name, &["--out", text(&out), "--learn", text(&learned)]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        assert!(outcome.err.contains("writes") && outcome.out.contains("total"), "{outcome:?}");
        assert_narrow(&outcome.out);

        let (found, expected) = (arrays(&out), arrays(&case(name).join("arrays.npz")));
        for (array, expected) in &expected {
            match array.split_once('.') {
                Some(("state" | "mean" | "error", _)) => assert_near(array, &found[array], expected, 5e-6, 0.0),
                Some(("energy", _)) => assert_near(array, &found[array], expected, 0.0, 1e-4),
                _ => (),
            }
        }
        let is_settled = |array: &&String| {
            !["learned", "delta", "params", "input", "async", "async_error"]
                .iter()
                .any(|other| array.split('.').next() == Some(other))
        };
        assert!(found.keys().eq(expected.keys().filter(is_settled)), "{:?}", found.keys());

        let tensors = weights::load(&learned).expect("weights");
        for (tensor, found) in &tensors {
            assert_near(tensor, found, &expected[&format!("learned.{tensor}")], 5e-6, 0.0);
        }
        let count = expected.keys().filter(|array| array.starts_with("learned.")).count();
        assert_eq!(tensors.len(), count, "every learned tensor was compared");
    }
}

#[test]
fn virtual_time_gives_the_arrays_of_the_golden_cases() {
    for name in CASES {
        let folder = TempDir::new().expect("a folder");
        let out = folder.path().join("out.npz");
        let words: Vec<_> =
            settle_words(name).iter().map(|word| word.replace("circuit.ron", "circuit-virtual.ron")).collect();
        let words = words.iter().map(String::as_str).chain(["--out", text(&out)]).collect::<Vec<_>>();
        succeed(&words);
        let (found, expected) = (arrays(&out), arrays(&case(name).join("arrays.npz")));
        for (array, expected) in &expected {
            match array.split_once('.') {
                Some(("async", layer)) => assert_near(array, &found[&format!("state.{layer}")], expected, 5e-6, 0.0),
                Some(("async_error", layer)) => {
                    assert_near(array, &found[&format!("error.{layer}")], expected, 5e-6, 0.0);
                }
                _ => (),
            }
        }
        let energies = found.iter().filter(|(array, _)| array.starts_with("energy."));
        let steps = energies.clone().map(|(_, energy)| energy.cols()).collect::<Vec<_>>();
        assert!(!steps.is_empty() && steps.iter().all(|count| *count > 5 && *count == steps[0]), "{steps:?}");
    }
}

#[test]
fn settle_goes_on_from_the_states_of_an_earlier_one() {
    let folder = TempDir::new().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (whole, first, second) = (path("whole.npz"), path("first.npz"), path("second.npz"));
    for (steps, more) in [("9", vec!["--out", &whole]), ("5", vec!["--out", &first])] {
        assert_eq!(settle("gncn-pdh", &[vec!["--steps", steps], more].concat()).code, 0);
    }
    let outcome = settle("gncn-pdh", &["--steps", "4", "--from", &first, "--out", &second]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let (whole, second) = (arrays(Path::new(&whole)), arrays(Path::new(&second)));
    for (name, expected) in whole.iter().filter(|(name, _)| !name.starts_with("energy")) {
        assert_eq!(&second[name], expected, "{name}");
    }
    let another = case("gncn-t1-rao").join("arrays.npz").display().to_string();
    let outcome = settle("two-senses", &["--from", &another]);
    assert_eq!(outcome.code, 2, "{outcome:?}");
    let outcome = settle("gncn-pdh", &["--from", &first, "--out", &first]);
    assert_eq!(outcome.code, 2, "{outcome:?}");
}

#[test]
fn a_recorded_run_is_replayed_to_the_same_file() {
    let folder = TempDir::new().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (log, schedule) = (path("run.log"), format!("Replay({:?})", path("run.log")));
    for executor in ["threads", "tasks"] {
        let free = ["--schedule", "Free", "--executor", executor, "--record", &log, "--out", &path("free.npz")];
        assert_eq!(settle("gncn-pdh", &free).code, 0);
        let outcome = settle("gncn-pdh", &["--schedule", &schedule, "--out", &path("again.npz"), "--traffic"]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        assert_narrow(&outcome.out);
        let (free, again) = (arrays(Path::new(&path("free.npz"))), arrays(Path::new(&path("again.npz"))));
        for (array, matrix) in free.iter().filter(|(name, _)| !name.starts_with("energy.")) {
            assert_near(array, &again[array], matrix, 0.0, 0.0);
        }
    }
    let outcome = settle("gncn-pdh", &["--schedule", &schedule, "--stop-at", "5", "--json"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let outcome = settle("gncn-pdh", &["--schedule", &schedule, "--stop-at", "5"]);
    assert!(!outcome.out.contains("0.00 "), "what was not measured is not shown as 0: {}", outcome.out);
    fs::write(path("run.log"), "[]").expect("a file");
    let outcome = settle("gncn-pdh", &["--schedule", &schedule]);
    assert_eq!(outcome.code, 2, "{outcome:?}");
    assert!(outcome.err.contains("no delivery log"), "{outcome:?}");
}

#[test]
fn settle_prints_json_and_takes_members_of_archives() {
    let folder = case("gncn-pdh");
    let input = format!("z0={}:input.z0", folder.join("arrays.npz").display());
    let circuit = folder.join("circuit.ron");
    let (out, err) = succeed(&["settle", text(&circuit), "--input", &input, "--steps", "3", "--seed", "5", "--json"]);
    assert!(err.contains("seed 5"), "synapses that were drawn are told of: {err}");
    let report: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(report["steps"], 3);
    assert_eq!(report["energies"]["z0"].as_array().map(Vec::len), Some(4));
    assert_eq!(report["samples"].as_u64(), Some(arrays(&folder.join("arrays.npz"))["input.z0"].rows() as u64));
}

#[test]
fn bench_tells_what_a_presentation_takes_and_that_its_updates_take_no_memory() {
    let circuit = case("gncn-pdh").join("circuit.ron");
    for messages in ["Dense", "Events(threshold: 0.1)"] {
        let words =
            ["bench", text(&circuit), "--batch", "60", "--steps", "9", "--repeats", "2", "--messages", messages];
        let (out, _) = succeed(&words);
        assert_narrow(&out);
        assert!(out.contains("samples/s") && out.contains("allocations of an update"), "{out}");
        let (out, _) = succeed(&[&words[..], &["--json"]].concat());
        let report: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(report["allocations_per_update"], 0.0, "{report}");
        let [slowest, fastest] = [0, 1].map(|i| report["spread"][i].as_f64().expect("a rate"));
        let rate = report["samples_per_second"].as_f64().expect("a rate");
        assert!(0.0 < slowest && slowest <= rate && rate <= fastest, "{report}");
        let shares: f64 =
            report["kernels"].as_array().expect("a list").iter().filter_map(|k| k["share"].as_f64()).sum();
        assert!((shares - 1.0).abs() < 0.05, "{report}");
    }
}

#[test]
fn a_trace_has_a_row_and_a_timeline_an_event_for_each_firing() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;
    let folder = TempDir::new().expect("a folder");
    let (table, timeline) = (folder.path().join("t.parquet"), folder.path().join("t.json"));
    for (schedule, steps) in [("Synchronous", 5), ("Free", 5), ("VirtualTime(drop: 0.2)", 5)] {
        let steps = steps.to_string();
        let outcome = settle(
            "gncn-t1-rao",
            &[
                "--schedule",
                schedule,
                "--steps",
                &steps,
                "--trace",
                text(&table),
                "--fixed-point",
                "1e-4",
                "--timeline",
                text(&timeline),
                "--show",
                "z1",
                "--show",
                "z0.error",
                "--json",
            ],
        );
        assert_eq!(outcome.code, 0, "{}", outcome.err);
        let report: Value = serde_json::from_str(&outcome.out).expect("JSON");
        assert_eq!(report["shown"].as_array().map(Vec::len), Some(4), "two arrays of each population");
        let reader = SerializedFileReader::new(fs::File::open(&table).expect("there")).expect("Parquet");
        let rows = reader.metadata().file_metadata().num_rows();
        let events: Value = serde_json::from_slice(&fs::read(&timeline).expect("there")).expect("JSON");
        let events = events["traceEvents"].as_array().expect("events");
        let count =
            |phase: &str, category: &str| events.iter().filter(|e| e["ph"] == phase && e["cat"] == category).count();
        assert_eq!(count("X", "fire") as i64, rows, "{schedule}");
        assert!(count("s", "message") > 0 && count("s", "message") == count("f", "message"), "{schedule}");
        let mut distances = Vec::new();
        for row in reader.get_row_iter(None).expect("rows") {
            let row: BTreeMap<String, Field> = row.expect("row").into_columns().into_iter().collect();
            let Field::Str(name) = &row["population"] else { panic!("{row:?}") };
            let is_state = !name.ends_with(".error");
            for (column, is_there) in [("movement", is_state), ("distance", is_state), ("free_energy", !is_state)] {
                assert_eq!(row[column] == Field::Null, !is_there, "{column}: {row:?}");
            }
            if let (Field::Float(distance), "z3") = (&row["distance"], name.as_str()) {
                distances.push(*distance);
            }
        }
        assert!(distances.len() == 5 && distances.iter().all(|d| *d > 0.0), "{schedule}: {distances:?}");
        // A free run on a busy machine can make its five updates before news of the image has come up to z3.
        if schedule != "Free" {
            assert!(distances.last() < distances.first(), "{schedule} comes nearer: {distances:?}");
        }
    }
}

#[test]
fn what_a_trace_can_not_tell_is_refused_and_writes_nothing() {
    let folder = TempDir::new().expect("a folder");
    let table = folder.path().join("t.parquet");
    for (name, words, told) in [
        ("gncn-pdh", vec!["--trace", text(&table), "--fixed-point"], "there is no fixed point"),
        ("gncn-t1-rao", vec!["--trace", text(&table), "--fixed-point", "0"], "above 0"),
        ("gncn-t1-rao", vec!["--fixed-point"], "--trace"),
        ("gncn-t1-rao", vec!["--show", "z9"], "there is no population \"z9\""),
        (
            "gncn-t1-rao",
            vec!["--trace", text(&table), "--timeline", text(&table)],
            "name the same file; give each its own",
        ),
    ] {
        let outcome = settle(name, &words);
        assert!(outcome.code == 2 && outcome.err.contains(told), "{words:?}: {outcome:?}");
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 0, "{words:?} left a file");
    }
}

#[test]
fn a_mask_completes_what_it_hides() {
    let folder = TempDir::new().expect("a folder");
    let write = |name: &str, bytes: Vec<u8>| {
        fs::write(folder.path().join(name), bytes).expect("a file");
        folder.path().join(name).display().to_string()
    };
    let mask: Vec<f32> = (0..16).map(|j| if j < 8 { 1.0 } else { 0.0 }).collect();
    let input = write("x.npy", npy_f32("(16,)", &[1.0; 16]));
    let (mask, half) = (write("m.npy", npy_f32("(1, 16)", &mask)), write("h.npy", npy_f32("(1, 16)", &[0.5; 16])));
    let out = folder.path().join("out.npz");
    let words = |mask: &str| {
        let circuit = case("gncn-pdh").join("circuit.ron").display().to_string();
        ["settle", &circuit, "--input", &format!("z0={input}"), "--mask", mask, "--out", text(&out)].map(str::to_owned)
    };
    fn borrow(words: &[String]) -> Vec<&str> {
        words.iter().map(String::as_str).collect()
    }
    succeed(&borrow(&words(&format!("z0={mask}"))));
    let state = &arrays(&out)["state.z0"];
    assert!(state.row(0)[..8].iter().all(|v| *v == 1.0), "{:?}", state.row(0));
    assert!(state.row(0)[8..].iter().all(|v| *v != 1.0), "{:?}", state.row(0));
    fail(2, &borrow(&words(&format!("z0={half}"))), &["0.5", "mask"]);
    fail(2, &borrow(&words(&format!("z1={mask}"))), &["z1", "no input"]);
}

#[test]
fn wrong_inputs_are_named_in_one_line() {
    let folder = TempDir::new().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        fs::write(folder.path().join(name), bytes).expect("a file");
        format!("z0={}", folder.path().join(name).display())
    };
    let circuit = case("gncn-pdh").join("circuit.ron");
    let refused = |more: &[&str], told: &[&str]| {
        let err = fail(2, &[&["settle", text(&circuit)], more].concat(), told);
        assert_eq!(err.lines().filter(|line| line.starts_with("error:")).count(), 1, "{err}");
    };
    let mut nan = [0.5; 32];
    nan[20] = f32::NAN;
    let good = write("good.npy", &npy_f32("(2, 16)", &[0.5; 32]));
    let cases: [(String, &[&str]); 8] = [
        ("z0=no/such.npy".to_owned(), &["no/such.npy"]),
        ("z0=no/such.npz:x".to_owned(), &["no/such.npz"]),
        (write("narrow.npy", &npy_f32("(2, 15)", &[0.5; 30])), &["15", "16 neurons", "z0"]),
        (write("complex.npy", &npy("<c8", "(2, 16)", &[0; 256])), &["complex.npy", "c8"]),
        (write("nan.npy", &npy_f32("(2, 16)", &nan)), &["NaN", "[1, 4]"]),
        (write("large.npy", &npy_f32("(1, 16)", &[2.0; 16])), &["Bernoulli", "[0, 1]"]),
        (write("short.npy", &npy_f32("(9, 16)", &[0.5; 32])), &["short.npy"]),
        (good.replacen("z0", "touch", 1), &["touch", "\"z0\""]),
    ];
    for (input, told) in cases {
        refused(&["--input", &input], told);
    }
    refused(&[], &["no input", "\"z0\""]);
    refused(&["--input", &good, "--input", &good], &["twice"]);
    refused(&["--input", &good, "--weights", "no/such.safetensors"], &["no/such.safetensors"]);
    let other = case("two-senses").join("weights.safetensors");
    refused(&["--input", &good, "--weights", text(&other)], &["another circuit"]);
    let whole = fs::read(case("gncn-pdh").join("weights.safetensors")).expect("weights");
    for cut in [0, 5, 100, whole.len() - 1] {
        let path = folder.path().join("cut.safetensors");
        fs::write(&path, &whole[..cut]).expect("a file");
        refused(&["--input", &good, "--weights", text(&path)], &["cut.safetensors"]);
    }
    refused(&["--input", &good, "--schedule", "Lockstep"], &["--schedule", "Synchronous"]);
    refused(&["--input", &good, "--schedule", "Replay(\"no/such.log\")"], &["no/such.log"]);
    refused(&["--input", &good, "--stop-at", "3"], &["Replay"]);
    refused(&["--input", &good, "--messages", "Events(threshold: -1)"], &["--messages", "threshold"]);
    refused(&["--input", &good, "--out", text(folder.path())], &["is a folder"]);
    let same = text(&folder.path().join("same")).to_owned();
    refused(&["--input", &good, "--out", &same, "--record", &same], &["same file"]);
    refused(&["--input", &good, "--out", "no/such/folder/out.npz"], &["does not exist"]);
    #[cfg(unix)]
    refused(&["--input", &good, "--out", "/dev/null"], &["no regular file"]);
}

#[cfg(unix)]
#[test]
fn a_file_that_can_not_be_written_leaves_the_old_one() {
    let folder = TempDir::new().expect("a folder");
    let out = folder.path().join("out.npz");
    fs::write(&out, "what was there").expect("a file");
    let words: Vec<_> = settle_words("gncn-pdh").iter().map(|word| format!("'{word}'")).collect();
    let (bin, words, to) = (env!("CARGO_BIN_EXE_gncn"), words.join(" "), text(&out));
    // A limit on the size of files is a full disk that needs no disk.
    let outcome = shell(&format!("trap '' XFSZ; ulimit -f 1; '{bin}' {words} --out '{to}'"));
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(outcome.err.contains("out.npz"), "{outcome:?}");
    assert_eq!(fs::read(&out).expect("it is there"), b"what was there");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing half-written is left");
}

/// Self-excitation of 100 with beta 1: every update multiplies the states by about 100.
const GROWING: &str = r#"Circuit(
    name: "growing",
    layers: {
        "z0": (size: 784, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
        "z1": (size: 4, beta: 1.0, lateral: Columns(size: 2, excite: 100.0, inhibit: 0.0)),
    },
    projections: [(from: "z1", to: "z0", feedback: Transposed)],
    settling: (steps: 60),
    learning: (batch: 20, epochs: 1),
)"#;

#[test]
fn growth_without_bound_ends_the_run_and_names_the_population() {
    let folder = TempDir::new().expect("a folder");
    let (circuit, input) = (folder.path().join("growing.ron"), folder.path().join("x.npy"));
    fs::write(&circuit, GROWING).expect("a file");
    fs::write(&input, npy_f32("(784,)", &[1.0; 784])).expect("a file");
    let shown = format!("image={}", input.display());
    fail(1, &["settle", text(&circuit), "--input", &shown], &["z1", "firing", "magnitude"]);
    let run_folder = folder.path().join("run");
    let words = ["train", text(&circuit), "--out", text(&run_folder), "--limit", "40"];
    fail(1, &words, &["z1", "firing", "magnitude"]);
}

// --------------------------------------------------------------------------------------------------------- train

/// Small enough to train in a moment, with everything that a checkpoint has to hold.
const SMALL: &str = r#"#![enable(implicit_some)]
Circuit(
    name: "small",
    layers: {
        "z0": (size: 784, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
        "z1": (size: 24, activation: Relu, beta: 0.1, leak: 0.001, precision: Learned(floor: 1.0)),
        "z2": (size: 12, activation: Tanh, beta: 0.1),
    },
    projections: [
        (from: "z1", to: "z0", feedback: Learned(rate: 1.0)),
        (from: "z2", to: "z1", feedback: Transposed),
    ],
    settling: (steps: 8),
    learning: (optimizer: Adam(rate: 0.002), norm: ClipRows, batch: 20, epochs: 3),
)"#;

/// A folder with `small.ron` in it.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("small.ron"), SMALL).expect("a file");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The words that train the small circuit into `run`.
    fn words<'a>(&self, run: &str, more: &[&'a str]) -> Vec<String> {
        let (circuit, out) = (self.path("small.ron").display().to_string(), self.path(run).display().to_string());
        let mut words = vec!["train".to_owned(), circuit, "--out".to_owned(), out];
        words.extend(more.iter().map(|word: &&'a str| (*word).to_owned()));
        words
    }

    fn train(&self, run: &str, more: &[&str]) -> Outcome {
        let words = self.words(run, more);
        crate::cli::run(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn trained(&self, run: &str, more: &[&str]) -> Outcome {
        let outcome = self.train(run, more);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        outcome
    }

    fn refused(&self, run: &str, more: &[&str], told: &[&str]) {
        let outcome = self.train(run, more);
        assert_eq!(outcome.code, 2, "{outcome:?}");
        for part in told {
            assert!(outcome.err.contains(part), "`{part}` is missing in: {}", outcome.err);
        }
    }

    fn weights(&self, run: &str) -> Vec<u8> {
        fs::read(self.path(run).join("weights.safetensors")).expect("a finished run has weights")
    }

    /// A training of its own process.
    fn spawn(&self, run: &str, more: &[&str]) -> Child {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gncn"));
        command.args(self.words(run, more)).env_remove("GNCN_DATA").env_remove("RUST_LOG");
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary starts")
    }

    /// Waits until a training has written a checkpoint that was not there before; false where it ended instead.
    fn await_checkpoint(&self, run: &str, child: &mut Child, before: &mut Vec<PathBuf>) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(60) {
            let listing = fs::read_dir(self.path(run).join("checkpoints"));
            let files: Vec<_> = listing.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
            if files.iter().any(|file| file.extension().is_some_and(|e| e == "ckpt") && !before.contains(file)) {
                before.extend(files);
                return true;
            }
            if child.try_wait().expect("a child").is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        panic!("no checkpoint for a minute");
    }
}

const QUICK: [&str; 6] = ["--limit", "200", "--epochs", "2", "--batch", "20"];

/// Long enough to be caught under way, on a fast machine that is busy with other tests, too.
const LONGER: [&str; 6] = ["--limit", "400", "--epochs", "5", "--batch", "20"];

#[test]
fn a_run_is_written_measured_and_drawn() {
    let bench = Bench::new();
    let outcome = bench.trained("a", &QUICK);
    // Names of folders are as long as they are.
    let figures: Vec<_> = outcome.out.lines().filter(|line| !line.contains(text(bench.folder.path()))).collect();
    assert_narrow(&figures.join("\n"));
    assert!(outcome.err.contains("writes") && outcome.err.contains("epoch 2/2"), "{outcome:?}");
    assert!(outcome.out.contains("BCE") && outcome.out.contains("gncn eval"), "{outcome:?}");
    let run = bench.path("a");
    for name in ["circuit.ron", "run.json", "metrics.jsonl", "weights.safetensors", "reconstructions.png"] {
        assert!(run.join(name).is_file(), "{name}");
    }
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).expect("metrics");
    assert_eq!(metrics.lines().count(), 2, "{metrics}");

    let (out, _) = succeed(&["eval", text(&run), "--limit", "100", "--json", "--only", "bce"]);
    let report: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(report["images"], 100);
    assert!(report["bce"].as_f64().is_some_and(|bce| bce > 0.0 && bce < 784.0), "{report}");
    assert_eq!(out.trim(), fs::read_to_string(run.join("eval.json")).expect("eval.json").trim());
    assert_narrow(&succeed(&["eval", text(&run), "--limit", "100", "--only", "bce", "--threads", "1"]).0);

    another_settling_leaves_the_figures_of_the_run(&bench, &report);

    let picture = bench.path("more.png");
    succeed(&["reconstruct", text(&run), "-o", text(&picture), "--count", "12"]);
    assert!(fs::read(&picture).expect("a picture").starts_with(b"\x89PNG"));
    succeed(&["check", text(&run.join("circuit.ron")), "--weights", text(&run.join("weights.safetensors"))]);
}

/// `own` is the report on 100 images in the run's own settling, which eval.json holds.
fn another_settling_leaves_the_figures_of_the_run(bench: &Bench, own: &Value) {
    let (run, out) = (bench.path("a"), bench.path("events.json"));
    let kept = fs::read_to_string(run.join("eval.json")).expect("eval.json");
    let eval = |options: &[&str]| -> Value {
        let words = [&["eval", text(&run), "--limit", "100", "--json", "--only", "bce"], options].concat();
        serde_json::from_str(&succeed(&words).0).expect("JSON")
    };
    let bounded = eval(&["--schedule", "Bounded(staleness: 0)", "--executor", "Tasks"]);
    assert_eq!(bounded["bce"], own["bce"], "staleness 0 has the bits of the run's own schedule");
    assert_eq!(bounded["work"]["operations"], own["work"]["operations"]);
    assert_eq!(bounded["request"]["settling"]["schedule"]["Bounded"]["staleness"], 0, "{bounded}");
    let events = eval(&["--messages", "Events(threshold: 0.1)", "--steps", "7", "--out", text(&out)]);
    assert_eq!(events["request"]["settling"]["steps"], 7, "{events}");
    let operations = |report: &Value| report["work"]["operations"].as_f64().expect("a figure");
    assert!(operations(&events) < operations(own), "{events} {own}");
    let written: Value = serde_json::from_slice(&fs::read(&out).expect("--out is written")).expect("JSON");
    assert_eq!(written, events);
    assert_eq!(fs::read_to_string(run.join("eval.json")).expect("eval.json"), kept);
    fail(2, &["eval", text(&run), "--schedule", "Bounded(staleness: -1)"], &["--schedule"]);
    fail(2, &["eval", text(&run), "--out", text(&run)], &["is a folder"]);
}

#[test]
fn every_measure_is_taken_once_and_the_same_again() {
    let bench = Bench::new();
    bench.trained("a", &QUICK);
    let run = bench.path("a");
    let options = ["--limit", "60", "--components", "4", "--draws", "200", "--is-images", "10", "--is-draws", "100"];
    let eval = |more: &[&str]| succeed(&[&["eval", text(&run), "--json"], &options[..], more].concat());
    let report = |out: &str| -> Value { serde_json::from_str(out).expect("JSON") };
    eval(&["--only", "mmse,log_px"]);
    assert!(run.join("mixture.safetensors").is_file());
    let (whole, notes) = eval(&[]);
    assert_eq!(notes.matches("takes the mixture that is kept").count(), 1, "of log_px, for log_px_is: {notes}");
    let whole = report(&whole);
    let figure = |name: &str| whole[name].as_f64().unwrap_or_else(|| panic!("{name} in {whole}"));
    assert!(figure("mmse") > 0.0 && figure("mmse") < 392.0, "{whole}");
    assert!((0.0..=0.9).contains(&figure("classification_error")), "{whole}");
    assert!(figure("log_px") < 0.0 && figure("log_px_is") > figure("log_px_on_is_images"), "{whole}");
    assert!((figure("log_px_as_published") - figure("log_px") - 2.0 * 200_f64.ln()).abs() < 1e-9, "{whole}");
    assert_eq!((whole["log_px_is_images"].clone(), whole["mixture_images"].clone()), (10.into(), 200.into()));
    assert_eq!(whole["done"], serde_json::json!(["bce", "mmse", "classification", "log_px", "log_px_is"]));

    let (again, notes) = eval(&[]);
    assert_eq!(report(&again), whole, "nothing is measured twice");
    assert!(notes.contains("log_px_is is measured already"), "{notes}");
    fs::write(run.join("mixture.safetensors"), "damaged").expect("a file");
    let (fresh, notes) = eval(&["--again", "--threads", "1"]);
    assert!(!notes.contains("takes the mixture"), "a damaged one is fitted again: {notes}");
    let fresh = report(&fresh);
    for name in ["bce", "mmse", "classification_error", "log_px", "log_px_is", "log_px_is_standard_error"] {
        assert_eq!(fresh[name], whole[name], "{name} on one thread");
    }
    let (other, notes) = eval(&["--only", "log_px", "--seed", "1"]);
    assert_ne!(report(&other)["log_px"], whole["log_px"], "another seed");
    assert!(!notes.contains("takes the mixture"), "it has a mixture of its own: {notes}");
    assert_narrow(&succeed(&[&["eval", text(&run)], &options[..]].concat()).0);
    fail(2, &["eval", text(&run), "--only", "bse"], &["bce", "log_px_is"]);
    samples_are_sorted(&run, &eval, &bench.path("sorted.json"));
}

/// What samples are sorted into is asked for by name, and the same for any number of threads.
fn samples_are_sorted(run: &Path, eval: &dyn Fn(&[&str]) -> (String, String), out: &Path) {
    let sorted = |threads: &str| -> Value {
        let options = ["--only", "samples", "--samples", "80", "--again", "--threads", threads, "--out", text(out)];
        serde_json::from_str(&eval(&options).0).expect("JSON")
    };
    let found = sorted("1");
    let figure = |name: &str| found[name].as_f64().unwrap_or_else(|| panic!("{name} in {found}"));
    for name in ["distance", "sure", "classifier_error", "test_distance", "test_sure"] {
        assert!((0.0..=1.0).contains(&figure(&format!("samples_{name}"))), "{name}: {found}");
    }
    for name in ["samples_frequencies", "samples_data_frequencies"] {
        let shares = found[name].as_array().expect("by class").iter().map(|share| share.as_f64().expect("a share"));
        assert!(shares.clone().count() == 10 && (shares.sum::<f64>() - 1.0).abs() < 1e-9, "{found}");
    }
    assert_eq!((&found["samples_count"], &found["done"]), (&80.into(), &serde_json::json!(["samples"])));
    let (ours, theirs) = (found["samples_frequencies"].clone(), sorted("2"));
    assert_eq!(theirs["samples_frequencies"], ours, "on two threads");
    let (table, _) =
        succeed(&["eval", text(run), "--only", "samples", "--samples", "80", "--limit", "60", "--components", "4"]);
    assert!(table.contains("sure of") && table.contains("distance of classes"), "{table}");
    assert_narrow(&table);
}

#[test]
fn pictures_and_activities_of_a_run() {
    let bench = Bench::new();
    bench.trained("a", &QUICK);
    let run = bench.path("a");
    let file = |name: &str| bench.path(name).display().to_string();
    let is_png = |name: &str| fs::read(bench.path(name)).expect("a picture").starts_with(b"\x89PNG");

    let (out, _) = succeed(&["complete", text(&run), "-o", &file("complete.png"), "--count", "12"]);
    assert!(out.contains("M-MSE on these 12 images") && is_png("complete.png"), "{out}");
    succeed(&["sample", text(&run), "-o", &file("sample.png"), "--components", "4", "--count", "15"]);
    assert!(is_png("sample.png"));
    fail(2, &["sample", text(&run), "-o", &file("s.png"), "--components", "900"], &["900 components"]);

    let words = ["--limit", "40", "--picture", &file("tsne.png"), "--seed", "3"];
    let latents = |out: &str| succeed(&[&["latents", text(&run), "-o", &file(out)], &words[..]].concat());
    latents("a.npz");
    latents("b.npz");
    assert!(is_png("tsne.png"));
    let bytes = |name: &str| fs::read(bench.path(name)).expect("a file");
    assert_eq!(bytes("a.npz"), bytes("b.npz"), "places follow from the seed");
    let arrays: BTreeMap<_, _> = npz::read(&bench.path("a.npz")).expect("npz").into_iter().collect();
    let names: Vec<_> = arrays.keys().map(String::as_str).collect();
    assert_eq!(names, ["activity.z2", "image", "label", "place.x", "place.y"]);
    fail(2, &["latents", text(&run), "-o", &file("c.npz"), "--layer", "z0"], &["\"z0\" is no free layer", "\"z1\""]);
    assert!(!bench.path("c.npz").exists());

    let words = ["-o", &file("fields.png"), "--compose", &file("parts.png"), "--count", "4", "--strongest", "3"];
    let (out, _) = succeed(&[&["features", text(&run), "--json"], &words[..]].concat());
    let parts: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(parts.as_array().map(Vec::len), Some(4), "{parts}");
    assert!(is_png("fields.png") && is_png("parts.png"));
    assert_narrow(&succeed(&[&["features", text(&run)], &words[..]].concat()).0);
    fail(2, &["features", text(&run), "-o", &file("f.png"), "--layer", "z2"], &["\"z2\" does not predict", "\"z1\""]);
}

#[test]
fn measures_that_make_no_sense_are_refused_and_the_others_taken() {
    let bench = Bench::new();
    bench.trained("a", &QUICK);
    let (out, notes) = succeed(&["eval", text(&bench.path("a")), "--json", "--limit", "20", "--components", "500"]);
    let report: Value = serde_json::from_str(&out).expect("JSON");
    assert!(report["refused"]["log_px"].as_str().is_some_and(|why| why.contains("500 components")), "{report}");
    assert!(report["bce"].is_f64() && report["mmse"].is_f64() && report["log_px"].is_null(), "{report}");
    assert!(notes.contains("no log_px_is"), "{notes}");
}

#[test]
fn a_circuit_with_labels_reports_accuracy() {
    let bench = Bench::new();
    let labelled = SMALL.replace("\"z2\": (size: 12,", "\"z2\": (size: 10, sense: \"label\",");
    fs::write(bench.path("small.ron"), labelled).expect("a file");
    let outcome = bench.trained("a", &QUICK);
    let figures: Vec<_> = outcome.out.lines().filter(|line| !line.contains(text(bench.folder.path()))).collect();
    assert_narrow(&figures.join("\n"));
    assert!(figures[0].contains("acc. val.") && !figures[1].contains(char::is_alphanumeric), "one line: {figures:?}");
    let (out, _) = succeed(&["eval", text(&bench.path("a")), "--limit", "100", "--json"]);
    let report: Value = serde_json::from_str(&out).expect("JSON");
    assert!(report["refused"]["log_px"].as_str().is_some_and(|why| why.contains("\"z2\" is a sense")), "{report}");
    assert!(report["accuracy"].as_f64().is_some_and(|share| (0.0..=1.0).contains(&share)), "{report}");
}

#[test]
fn a_run_folder_is_never_overwritten_unasked() {
    let bench = Bench::new();
    bench.trained("a", &QUICK);
    let weights = bench.weights("a");
    bench.refused("a", &QUICK, &["finished", "--overwrite"]);
    bench.refused("a", &["--resume", "--seed", "9"], &["seed 0, not 9"]);
    bench.refused("a", &["--resume", "--batch", "10", "--epochs", "3"], &["batch: 20, not batch: 10", "--overwrite"]);
    bench.refused("a", &["--resume", "--limit", "100", "--epochs", "3"], &["--limit 200, not --limit 100"]);
    bench.refused("a", &["--resume", "--messages", "Events(threshold: 0.1)"], &["messages: Dense", "threshold: 0.1"]);
    bench.refused("a", &["--resume", "--schedule", "Free"], &["schedule: Synchronous, not schedule: Free"]);
    bench.refused("a", &["--resume", "--epochs", "1"], &["2 epochs"]);
    let finished = |run: &str| fs::read_to_string(bench.path(run).join("run.json")).expect("run.json");
    assert!(finished("a").contains("\"finished\": true"), "a request that is refused changes nothing");
    assert_eq!(bench.weights("a"), weights);
    bench.refused("none", &["--resume"], &["not a run folder"]);
    fs::create_dir(bench.path("other")).expect("a folder");
    fs::write(bench.path("other").join("thesis.tex"), "").expect("a file");
    bench.refused("other", &["--overwrite"], &["not empty"]);
    bench.refused("small.ron", &QUICK, &["is a file"]);

    // Two epochs and then a third are three epochs.
    bench.trained("a", &["--resume", "--epochs", "3"]);
    bench.trained("b", &["--limit", "200", "--epochs", "3", "--batch", "20", "--threads", "1"]);
    assert_eq!(bench.weights("a"), bench.weights("b"), "split and whole, two threads and one");
    bench.trained("a", &[&QUICK[..], &["--overwrite"]].concat());
    assert_eq!(bench.weights("a"), weights);
}

#[test]
fn killed_runs_resume_to_the_same_bits() {
    let bench = Bench::new();
    let often = [&LONGER[..], &["--checkpoint-every", "1"]].concat();
    bench.trained("whole", &often);
    let mut seen = Vec::new();
    for kill in 0..3 {
        let more: &[&str] = if kill == 0 { &often } else { &["--resume"] };
        let mut child = bench.spawn("killed", more);
        // The second checkpoint of a process, so that each of them gets somewhere.
        let alive = (0..2).all(|_| bench.await_checkpoint("killed", &mut child, &mut seen));
        assert!(alive, "run {kill} ended before it could be killed");
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        bench.refused("killed", &often, &["--resume", "--overwrite"]);
    }
    bench.trained("killed", &["--resume"]);
    assert_eq!(bench.weights("killed"), bench.weights("whole"));
    let epochs = |run: &str| {
        let text = fs::read_to_string(bench.path(run).join("metrics.jsonl")).expect("metrics");
        let free_energy = |line| serde_json::from_str::<Value>(line).expect("JSON")["train_free_energy"].clone();
        text.lines().map(free_energy).collect::<Vec<_>>()
    };
    assert_eq!(epochs("killed"), epochs("whole"));
}

#[test]
fn a_second_training_of_a_run_is_refused_while_the_first_is_alive() {
    let bench = Bench::new();
    let often = [&LONGER[..], &["--checkpoint-every", "1"]].concat();
    let mut child = bench.spawn("shared", &often);
    assert!(bench.await_checkpoint("shared", &mut child, &mut Vec::new()));
    let process = child.id().to_string();
    bench.refused("shared", &["--resume"], &["another gncn", &process, "--out"]);
    bench.refused("shared", &[&QUICK[..], &["--overwrite"]].concat(), &["another gncn", &process]);
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    // The lock went with its process.
    bench.trained("shared", &["--resume"]);
    bench.trained("whole", &often);
    assert_eq!(bench.weights("shared"), bench.weights("whole"));
}

/// Starts a command, asks it to stop after a while, and gives its exit code, what it said and how long it went on.
#[cfg(unix)]
pub(crate) fn interrupted(words: &[&str], after: Duration, times: usize) -> (Option<i32>, String, Duration) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gncn"));
    command.args(words).env_remove("GNCN_DATA").env_remove("RUST_LOG").stdout(Stdio::null()).stderr(Stdio::piped());
    let child = command.spawn().expect("the binary starts");
    std::thread::sleep(after);
    let start = Instant::now();
    for _ in 0..times {
        let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(kill.expect("kill is there").success());
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().expect("it ends");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned(), start.elapsed())
}

#[cfg(unix)]
#[test]
fn a_stop_ends_settling_within_a_second_and_writes_nothing() {
    let folder = TempDir::new().expect("a folder");
    // A circuit that stays finite however old its messages are: the leak outweighs all feedback.
    let place = TempDir::new().expect("a folder");
    let (circuit, array) = (place.path().join("calm.ron"), place.path().join("x.npy"));
    let text_of_circuit = "Circuit(name: \"calm\", layers: { \"z0\": (size: 6, sense: \"x\"), \
                           \"z1\": (size: 4, beta: 0.1, leak: 1.0), \"z2\": (size: 3, beta: 0.1, leak: 1.0) }, \
                           projections: [(from: \"z1\", to: \"z0\", feedback: Transposed), \
                           (from: \"z2\", to: \"z1\", feedback: Transposed)], init: Gaussian(sd: 0.15))";
    fs::write(&circuit, text_of_circuit).expect("a file");
    fs::write(&array, npy_f32("(1, 6)", &[0.5, -0.5, 0.25, 0.75, 0.0, 0.1])).expect("a file");
    let input = format!("x={}", text(&array));
    let (out, record) = (folder.path().join("out.npz"), folder.path().join("run.log"));
    for options in [["Synchronous", "Threads"], ["VirtualTime()", "Threads"], ["Free", "Threads"], ["Free", "Tasks"]] {
        let mut words: Vec<_> = ["settle", text(&circuit), "--input", &input].map(str::to_owned).into();
        for word in ["--steps", "100000000", "--out", text(&out), "--schedule", options[0], "--executor", options[1]] {
            words.push(word.to_owned());
        }
        if options[0] == "Free" {
            words.extend(["--record".to_owned(), text(&record).to_owned()]);
        }
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let (code, err, took) = interrupted(&words, Duration::from_millis(1500), 1);
        assert_eq!(code, Some(1), "{options:?}: {err}");
        assert!(err.contains("stopped as asked, before firing"), "{options:?}: {err}");
        assert!(took < Duration::from_secs(3), "{options:?}: {took:?}");
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 0, "{options:?} left a file");
    }
}

#[cfg(unix)]
#[test]
fn a_second_stop_ends_a_training_at_once_and_its_checkpoint_is_good() {
    let bench = Bench::new();
    bench.trained("whole", &LONGER);
    let mut child = bench.spawn("stopped", &[&LONGER[..], &["--checkpoint-every", "3"]].concat());
    assert!(bench.await_checkpoint("stopped", &mut child, &mut Vec::new()));
    let kill = format!("kill -INT {0}; kill -INT {0}", child.id());
    let killed = std::process::Command::new("sh").args(["-c", &kill]).status();
    assert!(killed.is_ok());
    assert_eq!(child.wait_with_output().expect("it ends").status.code(), Some(1));
    bench.trained("stopped", &["--resume"]);
    assert_eq!(bench.weights("stopped"), bench.weights("whole"));
}

#[cfg(unix)]
#[test]
fn a_stop_writes_a_checkpoint_and_says_how_to_go_on() {
    let bench = Bench::new();
    bench.trained("whole", &LONGER);
    let mut child = bench.spawn("stopped", &[&LONGER[..], &["--checkpoint-every", "3"]].concat());
    assert!(bench.await_checkpoint("stopped", &mut child, &mut Vec::new()));
    let signal = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(signal.expect("kill is there").success());
    let output = child.wait_with_output().expect("it ends");
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("stopped as asked") && err.contains("--resume"), "{err}");
    let run = bench.path("stopped");
    succeed(&["eval", text(&run), "--limit", "20"]);
    bench.trained("stopped", &["--resume"]);
    assert_eq!(bench.weights("stopped"), bench.weights("whole"));
}

#[cfg(unix)]
#[test]
fn a_full_disk_ends_a_training_and_keeps_its_checkpoint() {
    let bench = Bench::new();
    bench.trained("whole", &QUICK);
    let words: Vec<_> = bench.words("full", &QUICK).iter().map(|word| format!("'{word}'")).collect();
    let (bin, words) = (env!("CARGO_BIN_EXE_gncn"), words.join(" "));
    let outcome = shell(&format!("trap '' XFSZ; ulimit -f 32; '{bin}' {words}"));
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(outcome.err.contains("can't be written"), "{outcome:?}");
    bench.trained("full", &["--resume"]);
    assert_eq!(bench.weights("full"), bench.weights("whole"));
    // A folder below a file can't be made, not even by root.
    let outcome = bench.train("small.ron/run", &QUICK);
    assert_eq!(outcome.code, 1, "{outcome:?}");
}

#[test]
fn data_and_circuit_have_to_fit() {
    let bench = Bench::new();
    let write = |name: &str, bytes: &[u8]| {
        fs::write(bench.path(name), bytes).expect("a file");
        bench.path(name).display().to_string()
    };
    let narrow = write("narrow.npy", &npy_f32("(5, 4, 4)", &[0.5; 80]));
    bench.refused("a", &["--data", &narrow], &["16", "784"]);
    bench.refused("a", &["--data", "mnisst"], &["mnist"]);
    bench.refused("a", &["--data", "mnist"], &["GNCN_DATA"]);
    bench.refused("a", &["--data", "no/such/folder"], &["no/such/folder"]);
    let labelled = SMALL.replace("\"z2\": (size: 12,", "\"z2\": (size: 12, sense: \"label\",");
    fs::write(bench.path("small.ron"), &labelled).expect("a file");
    let unlabelled = write("plain.npy", &npy_f32("(2, 28, 28)", &[0.5; 1568]));
    bench.refused("a", &["--data", &unlabelled], &["no labels"]);
    fs::write(bench.path("small.ron"), labelled.replace("size: 12", "size: 9")).expect("a file");
    bench.refused("a", &[], &["labels up to 9", "9 neurons"]);
    assert!(!bench.path("a").exists(), "nothing is written before the request is known to be sound");
}

// ---------------------------------------------------------------------------------------------------------- data

#[test]
fn data_list_tells_what_is_there_and_how_to_get_the_rest() {
    let (out, _) = succeed(&["data", "list"]);
    assert_narrow(&out);
    assert!(out.contains("digits") && out.contains("28x28") && out.contains("GNCN_DATA"), "{out}");
    let (out, _) = succeed(&["data", "list", "--json"]);
    let entries: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(entries[0]["description"]["classes"], 10, "{entries}");
}

#[test]
fn drawn_digits_become_files_that_train() {
    let bench = Bench::new();
    let (out, path) = (bench.path("drawn"), bench.path("drawn").display().to_string());
    succeed(&["data", "make", "--out", &path, "--train", "60", "--test", "20", "--seed", "7"]);
    assert!(fs::read(out.join("digits.png")).expect("a picture").starts_with(b"\x89PNG"));
    assert_eq!(fs::read(out.join("train-labels-idx1-ubyte")).expect("labels").len(), 8 + 60);
    assert_eq!(fs::read(out.join("t10k-images-idx3-ubyte")).expect("images").len(), 16 + 20 * 784);
    fail(2, &["data", "make", "--out", &path], &["not empty"]);
    fail(2, &["data", "make", "--out", &bench.path("small.ron").display().to_string()], &["no folder"]);
    fail(2, &["data", "make", "--out", &path, "--train", "0"], &["1 to 1000000"]);
    bench.trained("a", &["--data", &path, "--epochs", "1", "--batch", "20"]);
}

#[test]
fn a_compared_model_is_trained_or_says_how_to_get_it() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("rae").display().to_string();
    fail(2, &["baseline", "vae"], &["vae", "gvae-cv"]);
    let short = ["baseline", "rae", "--out", &path, "--limit", "200", "--epochs", "1", "--mixture-images", "100"];
    let words = [&short[..], &["--components", "3", "--draws", "50"]].concat();
    let (out, err) = succeed(&words);
    assert!(out.contains("log_px_as_published") && err.contains("1,49") && err.contains("epoch 1/1"), "{out}{err}");
    for name in ["model.json", "eval.json", "weights.safetensors", "reconstructions.png", "samples.png"] {
        assert!(Path::new(&path).join(name).is_file(), "{name}");
    }
    fail(2, &words, &["finished", "--overwrite"]);
    fail(2, &["baseline", "gvae", "--out", &path, "--resume"], &["run of rae, not of gvae"]);
    fail(2, &["baseline", "rae", "--out", &path, "--resume", "--rate", "0.1"], &["rate"]);
    fail(2, &["eval", &path], &["circuit.ron", "gncn train"]);
}

#[test]
fn eval_and_reconstruct_want_a_run_folder() {
    let folder = TempDir::new().expect("a folder");
    fail(2, &["eval", text(folder.path())], &["not a run folder"]);
    let picture = folder.path().join("p.png");
    fail(2, &["reconstruct", text(folder.path()), "-o", text(&picture)], &["not a run folder"]);
    fail(2, &["reconstruct", text(folder.path()), "-o", text(folder.path())], &["is a folder"]);
}
