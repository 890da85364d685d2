//! `gncn study` and `gncn settle --probe` as commands: killed and begun again, refused with a next step, and what they write.

use crate::cli::{gncn, text};
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const CIRCUIT: &str = r#"Circuit(
    name: "small",
    layers: {
        "z0": (size: 784, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
        "z1": (size: 40, activation: Tanh, beta: 0.02),
    },
    projections: [(from: "z1", to: "z0", feedback: Transposed)],
    settling: (steps: 60, schedule: Synchronous),
    learning: (optimizer: Sgd(rate: 0.01), batch: 20, epochs: 1),
)"#;

const STUDY: &str = r#"Study(
    name: "mine",
    circuits: {"small": (file: "small.ron", weights: Train(data: "digits", epochs: 1, seeds: [0]))},
    data: (name: "digits", images: 60),
    axes: {"layers.z1.beta": [0.02, 0.015, 0.01, 0.005], "settling.schedule": [Synchronous, VirtualTime(drop: 0.2)]},
    baseline: {"settling.schedule": Synchronous},
    measures: [FreeEnergy, Bce, Work, Oscillation(layer: "z1")],
    quick: (limit: 100),
)"#;

struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("small.ron"), CIRCUIT).expect("written");
        fs::write(folder.path().join("study.ron"), STUDY).expect("written");
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn words(&self, out: &str) -> [String; 5] {
        let path = |name: &str| text(&self.path(name)).to_owned();
        ["study".to_owned(), path("study.ron"), "-o".to_owned(), path(out), "--quick".to_owned()]
    }

    /// What the study says with a part of its text replaced; it has to refuse.
    fn refused(&self, from: &str, to: &str, told: &[&str]) {
        assert!(STUDY.contains(from), "{from}");
        fs::write(self.path("study.ron"), STUDY.replace(from, to)).expect("written");
        let words = self.words("refused");
        let outcome = gncn(&words.each_ref().map(String::as_str)).output().expect("it runs");
        let said = String::from_utf8_lossy(&outcome.stderr);
        assert_eq!(outcome.status.code(), Some(2), "{said}");
        for part in told {
            assert!(said.contains(part), "`{part}` is missing in: {said}");
        }
        assert!(!self.path("refused").exists(), "nothing was written");
    }

    fn spawn(&self, out: &str) -> Child {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gncn"));
        command.args(self.words(out)).env_remove("GNCN_DATA").env_remove("RUST_LOG");
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts")
    }

    /// The table of points without what differs from run to run.
    fn rows(&self, out: &str) -> Vec<Vec<String>> {
        let mut reader = csv::Reader::from_path(self.path(out).join("points.csv")).expect("a table");
        let headers = reader.headers().expect("a header").clone();
        let is_timeless = |i: usize| !headers[i].contains("seconds") && &headers[i] != "load";
        let cells = |row: csv::StringRecord| {
            (0..row.len()).filter(|i| is_timeless(*i)).map(|i| row[i].to_owned()).collect::<Vec<_>>()
        };
        reader.records().map(|row| cells(row.expect("a row"))).collect()
    }
}

fn lines(path: &Path) -> usize {
    fs::read(path).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count())
}

#[test]
fn a_study_killed_three_times_has_the_rows_of_one_that_was_not() {
    let desk = Desk::new();
    assert!(desk.spawn("whole").wait().expect("a child").success());
    let mut killed = 0;
    while killed < 3 {
        let before = lines(&desk.path("killed/points.jsonl"));
        let mut child = desk.spawn("killed");
        let start = Instant::now();
        // The first time while it trains, then after a point or two more.
        while start.elapsed() < Duration::from_secs(100) {
            let is_far = match killed {
                0 => desk.path("killed/weights").exists(),
                _ => lines(&desk.path("killed/points.jsonl")) > before,
            };
            if is_far || child.try_wait().expect("a child").is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        child.kill().expect("it can be killed");
        child.wait().expect("a child");
        killed += 1;
    }
    assert!(lines(&desk.path("killed/points.jsonl")) < 8, "it was killed before its end");
    assert!(desk.spawn("killed").wait().expect("a child").success());
    let (whole, killed) = (desk.rows("whole"), desk.rows("killed"));
    assert_eq!(whole.len(), 8);
    assert_eq!(whole, killed);
}

#[test]
fn what_is_wrong_with_a_study_is_told_with_what_to_do() {
    let desk = Desk::new();
    desk.refused("layers.z1.beta", "layers.z1.betta", &["study.ron:", "did you mean `beta`?"]);
    desk.refused("[0.02, 0.015, 0.01, 0.005]", "[]", &["the grid is empty; give one at least, or leave the axis out"]);
    let seeds: Vec<String> = (0..125_000).map(|seed| seed.to_string()).collect();
    let million = format!("axes: {{\"seed\": [{}], ", seeds.join(","));
    desk.refused("axes: {", &million, &["the grid has 1000000 points; at most 100000"]);
    // Weights of another circuit.
    fs::write(desk.path("other.ron"), CIRCUIT.replace("size: 40", "size: 30")).expect("written");
    let (circuit, run) = (desk.path("other.ron"), desk.path("other-run"));
    let train = ["train", text(&circuit), "--data", "digits", "--limit", "40", "--epochs", "1", "--out", text(&run)];
    assert!(gncn(&train).output().expect("it runs").status.success());
    let foreign = "Runs([\"other-run\"])";
    let told = ["the run is of another circuit than \"small\": name one that was trained with this circuit's file"];
    desk.refused("Train(data: \"digits\", epochs: 1, seeds: [0])", foreign, &told);
}

#[test]
fn a_folder_of_another_study_is_left_alone() {
    let desk = Desk::new();
    let tiny = STUDY
        .replace("[0.02, 0.015, 0.01, 0.005]", "[0.02]")
        .replace("measures: [", "probes: [\"z1:0..3\"], measures: [");
    fs::write(desk.path("study.ron"), &tiny).expect("written");
    assert!(desk.spawn("out").wait().expect("a child").success());
    let probed = SerializedFileReader::new(fs::File::open(desk.path("out/probes/0.parquet")).expect("there"));
    let rows = probed.expect("Parquet").metadata().file_metadata().num_rows();
    assert_eq!(rows, 60 * 60 * 3, "firings, images, neurons");
    let before = fs::read(desk.path("out/points.jsonl")).expect("a journal");
    fs::write(desk.path("study.ron"), STUDY).expect("written");
    let words = desk.words("out");
    let outcome = gncn(&words.each_ref().map(String::as_str)).output().expect("it runs");
    let said = String::from_utf8_lossy(&outcome.stderr);
    assert!(outcome.status.code() == Some(2) && said.contains("give -o another folder"), "{said}");
    assert_eq!(fs::read(desk.path("out/points.jsonl")).expect("a journal"), before);
}

#[test]
fn probes_of_a_settle_are_a_table() {
    let desk = Desk::new();
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/gncn-t1-rao");
    let (circuit, weights) = (case.join("circuit.ron"), case.join("weights.safetensors"));
    let input = fs::read_dir(&case).expect("the case is there").filter_map(|entry| Some(entry.ok()?.path()));
    let input = input.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("input")));
    let input = format!("z0={}", input.map(|path| text(&path).to_owned()).next().expect("an input"));
    let settle = |more: &[&str]| {
        let mut words = vec!["settle", text(&circuit), "--weights", text(&weights), "--input", &input, "--steps", "9"];
        words.extend(more);
        gncn(&words).output().expect("it runs")
    };
    let csv = desk.path("probed.csv");
    let outcome =
        settle(&["--probe", "z1:0..2", "--probe", "z0.error:5", "--probe-out", text(&csv), "--probe-every", "4"]);
    assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stderr));
    let mut reader = csv::Reader::from_path(&csv).expect("a table");
    let header: Vec<String> = reader.headers().expect("a header").iter().map(str::to_owned).collect();
    assert_eq!(header, ["population", "firing", "sample", "neuron", "state", "activity", "mean", "mismatch"]);
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    let firings = |name: &str| rows.iter().filter(|r| &r[0] == name).map(|r| r[1].to_owned()).collect::<Vec<_>>();
    let mut of_z1 = firings("z1");
    of_z1.dedup();
    assert_eq!(of_z1, ["1", "5", "9"]);
    assert_eq!(firings("z1").len(), 2 * firings("z0.error").len());
    assert!(rows.iter().all(|row| row[4].is_empty() == (&row[0] == "z0.error")));
    let refuse = |more: &[&str], told: &str| {
        let outcome = settle(more);
        let said = String::from_utf8_lossy(&outcome.stderr);
        assert!(outcome.status.code() == Some(2) && said.contains(told), "{said}");
    };
    let table = desk.path("t.parquet");
    refuse(&["--probe", "z7", "--probe-out", text(&table)], "there is no population \"z7\"");
    refuse(&["--probe", "z1:5..999999", "--probe-out", text(&table)], "which has those from 0 to");
    refuse(&["--probe", "z1"], "--probe-out");
    assert!(!table.exists());
}
