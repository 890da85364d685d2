//! The ranks of a job as processes: `mpirun` runs the binary of this build. Needs the feature `mpi`, and an Open MPI.
//!
//! `GNCN_MPI_KILLS` is how many kills at seeded instants are resumed (5 without it), and `GNCN_MPI_RUNS` how many recorded
//! runs are replayed (6).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
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
        std::fs::write(folder.path().join("image.npy"), image()).expect("written");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `gncn settle` of the circuit on a few samples, as words.
    fn settle(&self, schedule: &str, more: &[&str]) -> Vec<String> {
        let words = ["settle", "circuit.ron", "--input", "image=image.npy", "--seed", "5", "--schedule", schedule];
        words.iter().chain(more).map(|word| (*word).to_owned()).collect()
    }

    /// A command without a launcher.
    fn alone(&self, words: &[String]) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_gncn")).args(words).current_dir(self.folder.path()).output();
        output.expect("it runs")
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

/// Six samples as a file of NumPy's.
fn image() -> Vec<u8> {
    let values = (0..6 * 784_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as f32 / 255.0);
    let header = format!("{:<117}\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 784), }");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.into_bytes());
    bytes.extend(values.flat_map(f32::to_le_bytes));
    bytes
}

/// What populations hold in an archive of `--out`, by the names of arrays.
fn held(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).expect("written")).expect("an archive");
    let mut found = BTreeMap::new();
    for at in 0..archive.len() {
        let mut member = archive.by_index(at).expect("a member");
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).expect("whole");
        if !member.name().starts_with("energy.") {
            found.insert(member.name().to_owned(), bytes);
        }
    }
    found
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
        self.wait_until(size, |_| path.exists())
    }

    /// Once all of `size` ranks are there and let their populations fire.
    fn wait_for_populations(&mut self, size: usize) -> Vec<u32> {
        let ranks = self.wait_until(size, |ranks| ranks.iter().all(|rank| has_thread(*rank, "gncn-postman")));
        std::thread::sleep(Duration::from_millis(200));
        ranks
    }

    fn wait_until(&mut self, size: usize, is_so: impl Fn(&[u32]) -> bool) -> Vec<u32> {
        let start = Instant::now();
        loop {
            let ranks = self.ranks();
            if ranks.len() == size && is_so(&ranks) {
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

fn has_thread(process: u32, name: &str) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let names = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("comm")).ok());
    names.into_iter().any(|found| found.trim() == name)
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
    succeeded(&bench.alone(&bench.train("0", &[])));
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
    let more = ["--threads", "1", "--epochs", "4000", "--checkpoint-every", "1", "--patience", "2"];
    let words = bench.train("hung", &more);
    let mut job = Running::start(bench.job(&[(2, words)]));
    let ranks = job.wait_for(2, &bench.path("hung").join("checkpoints/000000-00000001.ckpt"));
    signal("STOP", ranks[1]);
    let (code, told) = job.end_within(Duration::from_secs(15));
    assert_ne!(code, Some(0));
    assert!(told.contains("rank 1 on ") && told.contains("has given no sign of life for 2 s"), "{told}");
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
    let output = bench.job(&[(1, bench.settle("Free", &[])), (1, bench.settle("Bounded(staleness: 1)", &[]))]).output();
    let output = output.expect("mpirun");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && told.contains("has another circuit than rank 0"), "{told}");
    let output = bench.run(2, vec!["check".to_owned(), "circuit.ron".to_owned()]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && told.contains("nothing to deal to 2 ranks"), "{told}");
}

#[test]
fn populations_on_ranks_have_the_bits_of_one() {
    let bench = Bench::new();
    for (messages, executor) in [("Dense", "Threads"), ("Events(threshold: 0.02)", "Tasks")] {
        let more = |out| ["--messages", messages, "--executor", executor, "--out", out];
        succeeded(&bench.alone(&bench.settle("Synchronous", &more("one.npz"))));
        let one = std::fs::read(bench.path("one.npz")).expect("written");
        let hand = r#"{"z1": 1, "z1.error": 0, "z2": 1}"#;
        for (size, place) in [(2, None), (3, None), (4, None), (2, Some(hand)), (3, Some("measured"))] {
            let mut words = bench.settle("Bounded(staleness: 0)", &more("many.npz"));
            words.extend(place.into_iter().flat_map(|place| ["--place".to_owned(), place.to_owned()]));
            let output = bench.run(size, words);
            succeeded(&output);
            let many = std::fs::read(bench.path("many.npz")).expect("written");
            assert!(one == many, "{messages} on {size} ranks, placed {place:?}: other bytes");
            let told = String::from_utf8_lossy(&output.stderr);
            assert_eq!(told.contains("rank 2: "), place == Some("measured"), "says where: {told}");
        }
    }
}

#[test]
fn what_crossed_the_network_is_told_link_by_link() {
    let bench = Bench::new();
    let place = ["--place", r#"{"z0": 0, "z1": 0, "z2": 0, "z0.error": 0, "z1.error": 1}"#, "--traffic"];
    let output = bench.run(2, bench.settle("Bounded(staleness: 0)", &place));
    succeeded(&output);
    let told = String::from_utf8_lossy(&output.stdout);
    let crossed: Vec<&str> =
        told.lines().filter(|line| line.contains(" 0 to 1 ") || line.contains(" 1 to 0 ")).collect();
    // What the one error population elsewhere hears and says.
    let links = ["z1 to z1.error", "z2 to z1.error", "z1.error to z1", "z1.error to z2"];
    assert!(links.iter().all(|link| crossed.iter().any(|line| line.trim_start().starts_with(link))), "{told}");
    assert_eq!(crossed.len(), 4, "{told}");
    let output = bench.run(2, bench.settle("Bounded(staleness: 0)", &[&place[..], &["--json"]].concat()));
    succeeded(&output);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let links = report["traffic"].as_array().expect("links");
    let link = links.iter().find(|link| link["from"] == "z1" && link["to"] == "z1.error").expect("there");
    assert_eq!(
        (&link["crossed"], link["crossed_bytes"].as_u64() > Some(20 * 6 * 24 * 4)),
        (&20.into(), true),
        "{link}"
    );
    let work = report["work"].as_array().expect("populations");
    let ranks: Vec<_> = work.iter().map(|work| work["rank"].as_u64()).collect();
    assert_eq!(ranks.iter().filter(|rank| **rank == Some(1)).count(), 1, "{work:?}");
}

#[test]
fn recorded_runs_on_ranks_replay_on_one() {
    let bench = Bench::new();
    let runs = std::env::var("GNCN_MPI_RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    for run in 0..runs {
        let schedule =
            ["Free(fire: OnAny)", "Free(fire: OnAll)", "Free(fire: OnAnswer)", "Bounded(staleness: 2)"][run % 4];
        let (messages, size) = (["Dense", "Events(threshold: 0.02)"][run % 2], 2 + run % 3);
        let more = ["--messages", messages, "--record", "run.gncnlog", "--out", "many.npz"];
        succeeded(&bench.run(size, bench.settle(schedule, &more)));
        succeeded(&bench.alone(&bench.settle(r#"Replay("run.gncnlog")"#, &["--out", "one.npz"])));
        let (many, one) = (held(&bench.path("many.npz")), held(&bench.path("one.npz")));
        assert!(!many.is_empty() && many == one, "run {run}: {schedule}, {messages}, {size} ranks");
    }
}

#[test]
fn training_with_populations_on_ranks_learns_the_bits_of_one() {
    let bench = Bench::new();
    let words = |name: &str, schedule| bench.train(name, &["--epochs", "1", "--threads", "1", "--schedule", schedule]);
    succeeded(&bench.alone(&words("one", "Synchronous")));
    for size in [2, 3] {
        let name = format!("many-{size}");
        succeeded(&bench.run(size, words(&name, "Bounded(staleness: 0)")));
        assert_eq!(bench.weights("one"), bench.weights(&name), "{size} ranks");
    }
    succeeded(&bench.run(2, words("free", "Free(fire: OnAnswer)")));
}

#[test]
fn whatever_befalls_a_rank_with_populations_ends_the_job() {
    let bench = Bench::new();
    for (name, code, expected) in [
        ("TERM", Some(1), &["stopped as asked"][..]),
        ("KILL", None, &["rank 1", "Killed"]),
        ("STOP", None, &["rank 1 on ", "which has \"z1\"", "has given no sign of life for 2 s"]),
    ] {
        let place = r#"{"z0": 0, "z0.error": 0, "z1": 1, "z1.error": 2, "z2": 2}"#;
        let more = ["--steps", "100000000", "--place", place, "--out", "out.npz", "--patience", "2"];
        let mut job = Running::start(bench.job(&[(3, bench.settle("Free(fire: OnAnswer)", &more))]));
        let ranks = job.wait_for_populations(3);
        let second = ranks.into_iter().find(|rank| is_rank(*rank, 1)).expect("there");
        signal(name, second);
        let start = Instant::now();
        let (ended, told) = job.end_within(Duration::from_secs(10));
        println!("SIG{name}: ended after {:.1} s", start.elapsed().as_secs_f64());
        assert!(ended != Some(0) && code.is_none_or(|code| ended == Some(code)), "SIG{name}: {ended:?}, {told}");
        assert!(expected.iter().all(|words| told.contains(words)), "SIG{name}: {told}");
        assert!(!bench.path("out.npz").exists(), "SIG{name}: nothing is written of what has not ended");
    }
}

/// Whether a process is this rank of its job.
fn is_rank(process: u32, rank: usize) -> bool {
    let names = std::fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
    let name = format!("OMPI_COMM_WORLD_RANK={rank}");
    names.split(|byte| *byte == 0).any(|found| found == name.as_bytes())
}

/// A report without what differs from run to run.
fn timeless(mut value: serde_json::Value) -> serde_json::Value {
    if let Some(found) = value.as_object_mut() {
        found.remove("seconds");
        found.values_mut().for_each(|value| *value = timeless(value.take()));
    }
    value
}

#[test]
fn an_evaluation_has_the_same_figures_on_any_number_of_ranks() {
    let bench = Bench::new();
    succeeded(&bench.run(2, bench.train("run", &["--epochs", "1", "--threads", "1"])));
    let words = |out: &str, more: &[&str]| -> Vec<String> {
        let few =
            ["--prior-images", "200", "--components", "3", "--draws", "200", "--is-images", "9", "--is-draws", "50"];
        let words = [&["eval", "run", "--limit", "300", "--threads", "1", "--out", out][..], &few, more].concat();
        words.into_iter().map(str::to_owned).collect()
    };
    let figures = |name: &str| -> serde_json::Value {
        timeless(serde_json::from_slice(&std::fs::read(bench.path(name)).expect("written")).expect("JSON"))
    };
    succeeded(&bench.alone(&words("one.json", &[])));
    let one = figures("one.json");
    assert!(["bce", "mmse", "log_px", "log_px_is"].iter().all(|name| one[name].is_f64()), "{one}");
    for size in [2, 3] {
        // The mixture that is kept would be taken over.
        std::fs::remove_file(bench.path("run").join("mixture.safetensors")).ok();
        succeeded(&bench.run(size, words("many.json", &["--again"])));
        assert_eq!(figures("many.json"), one, "{size} ranks");
    }
    let mut actors = words("actors.json", &["--only", "bce", "--schedule", "Bounded(staleness: 0)"]);
    succeeded(&bench.run(2, actors.clone()));
    assert_eq!(figures("actors.json")["bce"], one["bce"]);
    // What is measured already is taken over by all of them.
    actors.truncate(actors.len() - 2);
    let output = bench.run(2, words("many.json", &[]));
    succeeded(&output);
    assert!(String::from_utf8_lossy(&output.stderr).contains("bce is measured already"));
}

const STUDY: &str = r#"Study(
    name: "ranks",
    circuits: {"ranks": (file: "circuit.ron", weights: Train(data: "digits", epochs: 1, seeds: [0, 1]))},
    data: (name: "digits", images: 30),
    axes: {
        "settling.schedule": [Synchronous, Bounded(staleness: 0), VirtualTime(delay: Uniform(0, 3), seed: 2)],
        "settling.steps": [5, 10],
    },
    measures: [FreeEnergy, Bce, Rest(within: 0.01)],
    quick: (limit: 200),
)"#;

/// The columns of a table that don't tell how long something took.
fn columns(path: &Path) -> Vec<Vec<String>> {
    let mut table = csv::Reader::from_path(path).expect("a table");
    let kept: Vec<bool> = table.headers().expect("names").iter().map(|name| !is_measured(name)).collect();
    let row =
        |row: csv::StringRecord| row.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(v, _)| v.to_owned()).collect();
    table.records().map(|record| row(record.expect("a row"))).collect()
}

fn is_measured(column: &str) -> bool {
    column.contains("seconds") || column.contains("load")
}

#[test]
fn a_study_has_the_same_rows_on_any_number_of_ranks() {
    let bench = Bench::new();
    std::fs::write(bench.path("study.ron"), STUDY).expect("written");
    let words = |out: &str| -> Vec<String> {
        ["study", "study.ron", "-o", out, "--threads", "1", "--csv", "--quick"].map(str::to_owned).to_vec()
    };
    succeeded(&bench.alone(&words("one")));
    let table = |run: &str, name: &str| columns(&bench.path(run).join(name));
    assert_eq!(table("one", "points.csv").len(), 12);
    for size in [2, 3] {
        let name = format!("many-{size}");
        succeeded(&bench.run(size, words(&name)));
        for file in ["points.csv", "images.csv", "series.csv"] {
            assert_eq!(table(&name, file), table("one", file), "{file} of {size} ranks");
        }
        assert!(bench.path(&name).join("report.html").exists());
    }
    // Killed while it works, it goes on with any number of ranks, and finished points are kept.
    let mut job = Running::start(bench.job(&[(3, words("killed"))]));
    let journal = bench.path("killed/points.jsonl");
    let ranks = job.wait_until(3, |_| std::fs::metadata(&journal).is_ok_and(|file| file.len() > 0));
    signal_some(&ranks[..1]);
    job.end_within(Duration::from_secs(10));
    succeeded(&bench.run(2, words("killed")));
    assert_eq!(table("killed", "points.csv"), table("one", "points.csv"));
    // What one rank can't do, nobody does: told once, with its rank where that isn't the one that prints.
    std::fs::write(bench.path("study.ron"), STUDY.replace("images: 30", "images: 100000")).expect("written");
    let output = bench.run(2, words("refused"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), told.matches("error: ").count()), (Some(2), 1), "{told}");
}

#[test]
fn each_rank_has_the_synapses_of_its_own_populations_and_files_are_those_of_one() {
    let bench = Bench::new();
    // A list of pairs, a pathway of type 1, and what Adam remembers, beside the rest.
    let circuit = CIRCUIT.replace(
        r#"(from: "z2", to: "z1", feedback: Learned(rate: 1.0)),"#,
        r#"(from: "z2", to: "z1", feedback: Transposed, reach: Random(share: 0.5, seed: 3)),"#,
    );
    assert_ne!(circuit, CIRCUIT);
    std::fs::write(bench.path("circuit.ron"), circuit).expect("written");
    let bounded = "Bounded(staleness: 0)";
    let files =
        |run: &str| [1, 2].map(|at| std::fs::read(bench.path(&format!("{run}-{at}.safetensors"))).expect("written"));
    let words = |run: &str, at: usize| {
        let (before, after) = (format!("{run}-{}.safetensors", at - 1), format!("{run}-{at}.safetensors"));
        let mut words = bench.settle(bounded, &["--learn", &after, "--out", &format!("{run}.npz")]);
        if at > 1 {
            words.extend(["--weights".to_owned(), before]);
        }
        words
    };
    for at in [1, 2] {
        succeeded(&bench.alone(&words("one", at)));
    }
    for size in [2, 3] {
        let run = format!("many-{size}");
        for at in [1, 2] {
            succeeded(&bench.run(size, words(&run, at)));
        }
        assert!(files("one") == files(&run), "{size} ranks learn something else");
        let out = |run: &str| std::fs::read(bench.path(&format!("{run}.npz"))).expect("written");
        assert!(out("one") == out(&run), "{size} ranks settle to something else");
    }
    // A turned bit is found by whoever reads a part.
    let mut bytes = files("one")[1].clone();
    let last = bytes.len() - 5;
    bytes[last] ^= 1;
    std::fs::write(bench.path("many-2-1.safetensors"), bytes).expect("written");
    let output = bench.run(2, words("many-2", 2));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("is damaged"), "{told}");
}
