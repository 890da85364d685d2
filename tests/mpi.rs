//! The ranks of a job as processes: `mpirun` runs the binary of this build. Needs the feature `mpi`, and an Open MPI.
//!
//! `GNCN_MPI_KILLS` is how many kills at seeded instants are resumed (5 without it).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Four shards in a batch, so that up to four ranks have something to settle.
const CIRCUIT: &str = r#"Circuit(
    name: "ranks",
    layers: {
        "z0": (size: 784, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
        "z1": (size: 24, activation: Relu, mean: Relu, target: Activity, beta: 0.1, leak: 0.001,
               lateral: Columns(size: 12, excite: 0.15, inhibit: 0.1), precision: Learned(floor: 1.0)),
        "z2": (size: 12, activation: Relu, beta: 0.1, leak: 0.001),
    },
    projections: [
        (from: "z1", to: "z0", feedback: Learned(rate: 1.0)),
        (from: "z2", to: "z1", feedback: Learned(rate: 1.0)),
        (from: "z2", to: "z0", feedback: Silent),
    ],
    settling: (steps: 20, schedule: Synchronous),
    learning: (optimizer: Adam(rate: 0.001), norm: ClipRows, batch: 200, epochs: 2),
)"#;

struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        std::fs::write(folder.path().join("circuit.ron"), CIRCUIT).expect("written");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `gncn train` into a run of this name, as words.
    fn train(&self, name: &str, more: &[&str]) -> Vec<String> {
        let mut words: Vec<String> =
            ["train", "circuit.ron", "--out", name, "--limit", "1000"].map(str::to_owned).into();
        words.extend(more.iter().map(|word| (*word).to_owned()));
        words
    }

    fn job(&self, parts: &[(usize, Vec<String>)]) -> Command {
        let mut command = Command::new("mpirun");
        // Without the first word it refuses root, which tests in a container are.
        command.args(["--allow-run-as-root", "--oversubscribe"]);
        for (i, (size, words)) in parts.iter().enumerate() {
            command.args((i > 0).then_some(":"));
            command.args(["-n", &size.to_string(), env!("CARGO_BIN_EXE_gncn")]).args(words);
        }
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    fn run(&self, size: usize, words: Vec<String>) -> Output {
        self.job(&[(size, words)]).output().expect("mpirun is installed")
    }

    fn weights(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name).join("weights.safetensors")).expect("weights")
    }
}

/// A job under way, which ends with the test whatever comes.
struct Running(Child);

impl Running {
    fn start(mut command: Command) -> Self {
        Self(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("mpirun is installed"))
    }

    /// The processes of its ranks, in no order.
    fn ranks(&self) -> Vec<u32> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").expect("Linux").flatten() {
            let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let status = std::fs::read_to_string(entry.path().join("status")).unwrap_or_default();
            let is_child = status.lines().any(|line| line == format!("PPid:\t{}", self.0.id()));
            if is_child && status.starts_with("Name:\tgncn") {
                found.push(id);
            }
        }
        found
    }

    /// Once all of `size` ranks are there and `path` is, too.
    fn wait_for(&mut self, size: usize, path: &Path) -> Vec<u32> {
        let start = Instant::now();
        loop {
            let ranks = self.ranks();
            if ranks.len() == size && path.exists() {
                return ranks;
            }
            let ended = self.0.try_wait().expect("it can be asked");
            assert!(ended.is_none() && start.elapsed() < Duration::from_secs(120), "{ended:?}, {} ranks", ranks.len());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether it succeeded, and what it said.
    fn end_within(mut self, limit: Duration) -> (Option<i32>, String) {
        let start = Instant::now();
        let mut told = String::new();
        while self.0.try_wait().expect("it can be asked").is_none() {
            assert!(start.elapsed() < limit, "it hangs for {limit:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        let code = self.0.wait().expect("it has ended").code();
        let stderr = self.0.stderr.take().expect("piped");
        let _ = write!(told, "{}", std::io::read_to_string(stderr).unwrap_or_default());
        (code, told)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn signal(name: &str, process: u32) {
    let done = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status().expect("kill is there");
    assert!(done.success(), "{name}");
}

fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn weights_are_the_same_for_any_number_of_ranks_and_threads() {
    let bench = Bench::new();
    succeeded(&bench.run(1, bench.train("1", &["--threads", "2"])));
    let alone =
        Command::new(env!("CARGO_BIN_EXE_gncn")).args(bench.train("0", &[])).current_dir(bench.folder.path()).output();
    succeeded(&alone.expect("it runs"));
    assert_eq!(bench.weights("0"), bench.weights("1"), "without a launcher");
    for (size, threads) in [(2, "1"), (3, "2"), (4, "1"), (8, "1")] {
        let name = size.to_string();
        let output = bench.run(size, bench.train(&name, &["--threads", threads]));
        succeeded(&output);
        assert_eq!(bench.weights("1"), bench.weights(&name), "{size} ranks");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(told.matches("epoch 2/2").count(), 1, "one rank prints: {told}");
        assert!(told.contains(&format!("{size} ranks met")), "{told}");
    }
    // Events choose their own lanes, and a circuit's own order of firings has its own driver.
    let events = [
        "--messages",
        "Events(threshold: 0.05)",
        "--epochs",
        "1",
        "--schedule",
        "VirtualTime(delay: Uniform(0, 3), seed: 2)",
    ];
    succeeded(&bench.run(1, bench.train("events-1", &events)));
    succeeded(&bench.run(3, bench.train("events-3", &events)));
    assert_eq!(bench.weights("events-1"), bench.weights("events-3"));
}

#[test]
fn a_job_that_is_killed_at_any_instant_goes_on_with_another_number_of_ranks() {
    let bench = Bench::new();
    let start = Instant::now();
    succeeded(&bench.run(2, bench.train("whole", &["--threads", "1"])));
    let whole = start.elapsed();
    let kills = std::env::var("GNCN_MPI_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(5_u32);
    for kill in 0..kills {
        let name = format!("killed-{kill}");
        let size = 2 + kill as usize % 3;
        let mut job =
            Running::start(bench.job(&[(size, bench.train(&name, &["--threads", "1", "--checkpoint-every", "1"]))]));
        let ranks = job.wait_for(size, &bench.path(&name).join("run.json"));
        // Seeded instants: somewhere within the time that all of it takes.
        let at = (kill.wrapping_mul(2_654_435_761) >> 16) % 1000;
        std::thread::sleep(whole * at / 1500);
        match kill % 2 {
            0 => signal_some(&ranks[kill as usize % size..=kill as usize % size]),
            _ => signal_some(&ranks),
        }
        let (code, _) = job.end_within(Duration::from_secs(30));
        let other = 1 + (size + kill as usize) % 4;
        if code != Some(0) {
            succeeded(&bench.run(other, bench.train(&name, &["--threads", "1", "--resume"])));
        }
        assert_eq!(bench.weights("whole"), bench.weights(&name), "kill {kill}: {size} ranks, then {other}");
    }
}

/// Kills what still lives.
fn signal_some(ranks: &[u32]) {
    for rank in ranks {
        let _ = Command::new("kill").args(["-KILL", &rank.to_string()]).stderr(Stdio::null()).status();
    }
}

#[test]
fn a_stop_that_one_rank_is_asked_for_is_everybodys() {
    let bench = Bench::new();
    let words = bench.train("stopped", &["--threads", "1", "--epochs", "12", "--checkpoint-every", "1"]);
    let mut job = Running::start(bench.job(&[(3, words)]));
    let ranks = job.wait_for(3, &bench.path("stopped").join("checkpoints/000000-00000001.ckpt"));
    signal("TERM", ranks[1]);
    let (code, told) = job.end_within(Duration::from_secs(60));
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("stopped as asked, with a checkpoint"), "{told}");
    assert_eq!(told.matches("error: stopped").count(), 1, "one rank tells: {told}");
    succeeded(&bench.run(2, bench.train("stopped", &["--resume", "--epochs", "12"])));
    succeeded(&bench.run(1, bench.train("whole", &["--epochs", "12"])));
    assert_eq!(bench.weights("stopped"), bench.weights("whole"));
}

#[test]
fn a_rank_that_answers_no_more_ends_the_job() {
    let bench = Bench::new();
    let words = bench.train("hung", &["--threads", "1", "--epochs", "4000", "--checkpoint-every", "1"]);
    let mut job = Running::start(bench.job(&[(2, words)]));
    let ranks = job.wait_for(2, &bench.path("hung").join("checkpoints/000000-00000001.ckpt"));
    signal("STOP", ranks[1]);
    let (code, told) = job.end_within(Duration::from_secs(90));
    assert_ne!(code, Some(0));
    assert!(told.contains("has given no sign of life for 20 s"), "{told}");
}

#[test]
fn ranks_of_different_requests_are_refused_at_the_start() {
    let bench = Bench::new();
    std::fs::write(
        bench.path("other.ron"),
        CIRCUIT.replace("size: 12, activation: Relu", "size: 13, activation: Relu"),
    )
    .expect("written");
    let swap = |words: Vec<String>| words.iter().map(|w| w.replace("circuit.ron", "other.ron")).collect::<Vec<_>>();
    let cases = [
        ("circuit", swap(bench.train("a", &[])), 2, "has another circuit than rank 0"),
        ("options", bench.train("a", &["--seed", "4"]), 2, "has another options than rank 0"),
    ];
    for (what, words, code, expected) in cases {
        let output = bench.job(&[(1, bench.train("a", &["--overwrite"])), (1, words)]).output().expect("mpirun");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{what}: {told}");
        assert!(told.contains(expected), "{what}: {told}");
        assert!(!bench.path("a").join("weights.safetensors").exists(), "{what}");
    }
    let output = bench.run(3, vec!["train".to_owned(), "missing.ron".to_owned()]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), told.matches("error: ").count()), (Some(2), 1), "{told}");
    let output = bench.run(2, vec!["check".to_owned(), "circuit.ron".to_owned()]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && told.contains("nothing to deal to 2 ranks"), "{told}");
}
