//! `gncn reproduce`: tables that hold what the runs hold, wherever they were cut off.

use crate::cli::{Outcome, assert_narrow, gncn, outcome, text};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A folder of data with a `mnist/` of a few drawn digits, and room for tables.
struct Desk {
    folder: TempDir,
}

/// A protocol of seconds.
const SHORT: [&str; 16] = [
    "--epochs",
    "1",
    "--batch",
    "20",
    "--components",
    "2",
    "--prior-images",
    "40",
    "--draws",
    "50",
    "--is-images",
    "3",
    "--is-draws",
    "20",
    "--checkpoint-every",
    "1",
];

impl Desk {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let data = folder.path().join("data/mnist");
        fs::create_dir_all(data.parent().expect("a parent")).expect("a folder");
        let made = outcome(gncn(&["data", "make", "--out", text(&data), "--train", "80", "--test", "20"]));
        assert_eq!(made.code, 0, "{made:?}");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn words<'a>(&self, more: &[&'a str]) -> Vec<&'a str> {
        let short = if more.contains(&"--epochs") { &SHORT[2..] } else { &SHORT[..] };
        [&["reproduce"], more, short].concat()
    }

    /// Runs gncn with this data, in this folder, so that command lines are short.
    fn gncn(&self, words: &[&str]) -> Outcome {
        let mut command = gncn(words);
        command.current_dir(self.folder.path()).env("GNCN_DATA", self.path("data"));
        outcome(command)
    }

    fn reproduce(&self, code: i32, more: &[&str]) -> Outcome {
        let outcome = self.gncn(&self.words(more));
        assert_eq!(outcome.code, code, "{outcome:?}");
        outcome
    }

    fn json(&self, name: &str) -> Value {
        let text = fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        serde_json::from_slice(&text).expect("JSON")
    }

    /// Starts the same, and kills it once it has written a checkpoint of `run`.
    fn killed(&self, run: &Path, more: &[&str]) {
        let mut child = self.started(run, more);
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }

    /// Starts the same, and waits for a checkpoint of `run`.
    fn started(&self, run: &Path, more: &[&str]) -> Child {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gncn"));
        command.args(self.words(more)).current_dir(self.folder.path()).env("GNCN_DATA", self.path("data"));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let start = Instant::now();
        let has_checkpoint = || {
            let files = fs::read_dir(run.join("checkpoints")).into_iter().flatten().flatten();
            files.map(|file| file.path()).any(|path| path.extension().is_some_and(|e| e == "ckpt"))
        };
        while !has_checkpoint() {
            assert!(child.try_wait().expect("a child").is_none(), "it ended before it could be killed");
            assert!(start.elapsed() < Duration::from_secs(100), "no checkpoint for long");
            std::thread::sleep(Duration::from_millis(2));
        }
        child
    }
}

fn states(listed: &Outcome) -> Vec<String> {
    let lines: Value = serde_json::from_str(&listed.out).expect("JSON");
    let lines = lines.as_array().expect("a list").iter();
    lines.map(|line| line["state"].as_str().expect("a word").to_owned()).collect()
}

#[test]
fn a_table_holds_what_its_runs_hold_wherever_it_was_killed() {
    let desk = Desk::new();
    let rest = ["--models", "gncn-pdh", "--trials", "2", "--seed", "4", "--out", "out"];
    let dry = [&rest[..], &["--dry-run", "--json"]].concat();
    assert_eq!(states(&desk.reproduce(0, &dry)), ["missing", "missing"]);
    assert!(!desk.path("out").exists(), "a dry run writes nothing");

    let run = desk.path("out/mnist/tuned/gncn-pdh/trial-1");
    desk.killed(&run, &rest);
    assert_eq!(states(&desk.reproduce(0, &dry)), ["begun", "missing"]);
    let other = [&rest[..], &["--limit", "30"]].concat();
    let told = desk.reproduce(2, &other).err;
    assert!(told.contains("trial-1.json: was begun with limit of the protocol, not 30"), "{told}");

    let done = desk.reproduce(0, &rest);
    assert_narrow(&done.out);
    assert!(done.err.contains("run 1 of 2") && done.err.contains("not the full protocol: --epochs 1"), "{}", done.err);
    assert_eq!(states(&desk.reproduce(0, &dry)), ["finished", "finished"]);

    let table = desk.json("out/table1-mnist.json");
    let row = &table["rows"][0];
    assert_eq!((&row["model"], &table["seeds"]), (&"gncn-pdh".into(), &serde_json::json!([4, 5])));
    for trial in row["trials"].as_array().expect("trials") {
        figures_are_those_of_eval(&desk, trial);
    }
    let figure = |trial: usize| row["trials"][trial]["figures"]["bce"].as_f64().expect("a figure");
    let (bce, mean) = (&row["measures"]["bce"], (figure(0) + figure(1)) / 2.0);
    assert!((bce["mean"].as_f64().expect("a mean") - mean).abs() < 1e-9, "{bce}");
    assert!((bce["difference"].as_f64().expect("one") - (mean - 44.86)).abs() < 1e-9, "{bce}");
    assert!(bce["sd"].as_f64().is_some_and(|sd| sd > 0.0), "two seeds differ: {bce}");
    assert!(row["trials"][0]["measure_seconds"].as_f64() > Some(0.0), "{row}");

    let text = fs::read_to_string(desk.path("out/table1-mnist.md")).expect("a table");
    for part in ["**Not the full protocol:** `--epochs 1", "| GNCN-PDH | 44.86 |", "log_px_as_published", "--seed 5"] {
        assert!(text.contains(part), "`{part}` is missing in: {text}");
    }
    let again = desk.reproduce(0, &rest);
    assert!(again.err.contains("2 finished, 0 begun") && !again.err.contains("run 1 of"), "{}", again.err);
    the_commands_of_a_trial_make_it_again(&desk, &row["trials"][0]);
}

fn figures_are_those_of_eval(desk: &Desk, trial: &Value) {
    let measure = trial["commands"][1].as_str().expect("a command");
    let words: Vec<&str> = measure.split(' ').skip(1).chain(["--json"]).collect();
    let measured = desk.gncn(&words);
    assert!(measured.err.contains("log_px_is is measured already"), "the same request: {}", measured.err);
    let report: Value = serde_json::from_str(&measured.out).expect("JSON");
    let figures = trial["figures"].as_object().expect("figures");
    for name in ["bce", "mmse", "classification_error", "log_px", "log_px_as_published", "log_px_is"] {
        assert!(report[name].is_f64() && figures[name] == report[name], "{name}: {figures:?} {report}");
    }
    assert_eq!(figures["rho_1"], report["sparsity"]["z1"]);
    assert_eq!(figures["rho_3"], report["sparsity"]["z3"]);
}

fn the_commands_of_a_trial_make_it_again(desk: &Desk, trial: &Value) {
    let train = trial["commands"][0].as_str().expect("a command");
    let out = trial["folder"].as_str().expect("a folder");
    let train = train.replace(out, "again");
    let words: Vec<&str> = train.split(' ').skip(1).collect();
    assert_eq!(desk.gncn(&words).code, 0, "{train}");
    let weights = |folder: &str| fs::read(desk.path(folder).join("weights.safetensors")).expect("weights");
    assert!(weights(out) == weights("again"), "{train}");
}

#[cfg(unix)]
#[test]
fn a_stop_keeps_what_there_is_and_writes_the_tables() {
    let desk = Desk::new();
    // Long enough to be caught under way.
    let rest = ["--models", "gncn-t1-rao", "--trials", "2", "--only", "bce", "--out", "out", "--epochs", "6"];
    let child = desk.started(&desk.path("out/mnist/tuned/gncn-t1-rao/trial-1"), &rest);
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill is there").success());
    let output = child.wait_with_output().expect("it ends");
    let err = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("stopping after this batch or measure") && err.contains("the 2 of 2 runs left"), "{err}");
    let table = fs::read_to_string(desk.path("out/table1-mnist.md")).expect("a table");
    for part in ["| GNCN-t1/Rao | 1 | begun |", "| GNCN-t1/Rao | 2 | missing |", "| GNCN-t1/Rao | 66.47 | - | - | 0 |"]
    {
        assert!(table.contains(part), "`{part}` is missing in: {table}");
    }
    desk.reproduce(0, &rest);
    assert_eq!(desk.json("out/table1-mnist.json")["rows"][0]["measures"]["bce"]["n"], 2);
}

#[test]
fn failed_and_missing_runs_are_told_and_the_others_go_on() {
    let desk = Desk::new();
    let options = ["--models", "gncn-pdh,gncn-t1-rao", "--settings", "authors", "--only", "bce", "--test-limit", "10"];
    let words = |trials| [&options[..], &["--out", "out", "--trials", trials]].concat();
    desk.reproduce(0, &words("1"));
    let record = "out/mnist/authors/gncn-pdh/trial-1.json";
    let mut told = desk.json(record);
    told["failed"] = "z1: a state is not finite".into();
    fs::write(desk.path(record), told.to_string()).expect("a file");

    let outcome = desk.reproduce(1, &words("2"));
    assert!(outcome.err.contains("1 of 2 runs failed") && outcome.err.contains("--retry"), "{}", outcome.err);
    assert!(outcome.err.contains("run 1 of 1: GNCN-PDH on mnist, trial 2, seed 1"), "{}", outcome.err);
    let table = fs::read_to_string(desk.path("out/table1-mnist-authors.md")).expect("a table");
    assert!(table.contains("| GNCN-PDH | 1 | failed: z1: a state is not finite |"), "{table}");
    assert!(table.contains("| GNCN-t1/Rao | all | no circuit file for the settings `authors` |"), "{table}");
    assert!(table.contains("| GNCN-t1/Rao | 66.47 | - | - | 0 |"), "{table}");

    let outcome = desk.reproduce(0, &[&words("2")[..], &["--retry"]].concat());
    assert!(outcome.err.contains("bce is measured already"), "what is done isn't done again: {}", outcome.err);
    let table = desk.json("out/table1-mnist-authors.json");
    assert_eq!(table["rows"][1]["measures"]["bce"]["n"], 2, "{table}");
}

#[test]
fn wrong_requests_are_refused_before_anything_is_written() {
    let desk = Desk::new();
    let refused = |more: &[&str], told: &[&str]| {
        let outcome = desk.reproduce(2, more);
        for part in told {
            assert!(outcome.err.contains(part), "`{part}` is missing in: {}", outcome.err);
        }
    };
    refused(&["table2"], &["table2", "table1, sparsity, efficiency"]);
    refused(&["--data", "cifar"], &["cifar", "digits, mnist, fashion, kmnist, caltech"]);
    refused(&["--models", "vae"], &["vae", "gncn-t2-l-sigma"]);
    refused(&["--settings", "mine"], &["mine", "tuned, paper, authors"]);
    refused(&["--trials", "0"], &["1 to 1000"]);
    refused(&["--images", "10"], &["--limit"]);
    refused(&["efficiency", "--limit", "10"], &["--images"]);
    refused(&["efficiency", "--images", "10,100"], &["100 are more than the 72 training images of mnist"]);
    refused(&["sparsity", "--models", "rae"], &["no row for rae", "gncn-pdh"]);
    refused(&["--models", "gmm", "--only", "bce"], &["--only"]);
    refused(&["--data", "fashion,kmnist"], &["has no folder `fashion`", "has no folder `kmnist`"]);
    fs::create_dir_all(desk.path("out/mnist/tuned/gncn-pdh/trial-1")).expect("a folder");
    refused(&["--models", "gncn-pdh", "--out", "out"], &["trial-1.json", "choose another --out"]);
    assert!(!desk.path("runs").exists());
}

#[test]
fn efficiency_has_a_row_for_each_number_of_images_and_absent_data_a_table() {
    let desk = Desk::new();
    let rest = ["efficiency", "--images", "20,40", "--models", "gncn-t2-l-sigma", "--trials", "1", "--out", "out"];
    let outcome = desk.reproduce(0, &rest);
    assert_narrow(&outcome.out);
    let table = desk.json("out/efficiency-mnist.json");
    let rows: Vec<_> = table["rows"].as_array().expect("rows").iter().map(|row| row["images"].clone()).collect();
    assert_eq!(rows, [20, 40]);
    assert!(table["rows"][1]["measures"]["bce"]["published"].is_null(), "nothing is published of 40 images");
    let run = desk.json("out/mnist/tuned/gncn-t2-l-sigma/images-20/trial-1/run.json");
    assert_eq!(run["limit"], 20);

    let dry = ["--dry-run", "--json", "--trials", "1", "--out", "out", "--data", "digits,mnist,caltech"];
    let listed: Value = serde_json::from_str(&desk.reproduce(0, &dry).out).expect("JSON");
    let of = |name: &str| listed.as_array().expect("a list").iter().filter(|line| line["data"] == name).count();
    assert_eq!((of("digits"), of("mnist"), of("caltech")), (10, 10, 0));
}

#[test]
fn compared_models_stand_beside_the_circuits() {
    let desk = Desk::new();
    let rest = ["--models", "gmm,rae,dsrn", "--trials", "1", "--out", "out"];
    desk.reproduce(0, &rest);
    let table = desk.json("out/table1-mnist.json");
    let text = fs::read_to_string(desk.path("out/table1-mnist.md")).expect("a table");
    let n = |row: usize, name: &str| table["rows"][row]["measures"][name]["n"].as_u64().unwrap_or(0);
    assert_eq!([n(0, "log_px"), n(0, "bce"), n(1, "bce"), n(1, "log_px_as_published")], [1, 0, 1, 1], "{table}");
    assert_eq!([n(1, "mmse"), n(2, "classification_error"), n(2, "bce")], [1, 1, 0], "{table}");
    let peak = |row: usize| table["rows"][row]["trials"][0]["train_peak_bytes"].as_u64().expect("a number");
    assert!(peak(1) > 10 << 20, "weights and moments of an RAE: {}", peak(1));
    let report = desk.json("out/mnist/compared/rae/trial-1/eval.json");
    assert_eq!(report["bce"], table["rows"][1]["trials"][0]["figures"]["bce"]);
    assert!(text.contains("gncn baseline rae --data mnist --out out/mnist/compared/rae/trial-1 --seed 0"), "{text}");
    fs::remove_file(desk.path("out/mnist/compared/rae/trial-1/eval.json")).expect("a file");
    fs::remove_file(desk.path("out/mnist/compared/gmm/trial-1/eval.json")).expect("a file");
    let again = desk.reproduce(0, &rest);
    assert!(again.err.contains("2 begun") && again.err.contains("run 2 of 2"), "{}", again.err);
    assert_eq!(desk.json("out/mnist/compared/rae/trial-1/eval.json")["bce"], report["bce"]);
}
