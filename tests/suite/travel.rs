//! Which kernels a command runs on: told, remembered by runs, and refused where another level is asked for.

use super::cli::{gncn, outcome, run_in, succeed_in};
use gncn::{KernelBuild, Level};
use serde_json::Value;
use std::fs;

const CIRCUIT: &str = r#"Circuit(
    name: "small",
    layers: {
        "z0": (size: 784, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
        "z1": (size: 4, activation: Tanh, beta: 0.1),
    },
    projections: [(from: "z1", to: "z0", feedback: Transposed)],
    settling: (steps: 2),
    learning: (batch: 50, epochs: 1),
)"#;

/// A level that this build is not of.
#[cfg(target_arch = "x86_64")]
fn other() -> Level {
    Level::ALL.into_iter().find(|level| *level != Level::of_build()).expect("more than one level")
}

#[test]
fn the_version_tells_kernels_and_machine() {
    let folder = tempfile::tempdir().expect("a folder");
    let short = succeed_in(folder.path(), &["--version"]).out;
    assert_eq!(short.trim(), format!("gncn {}", env!("CARGO_PKG_VERSION")));
    for words in [["--version", "--verbose"], ["-v", "-V"], ["--version", "-vv"]] {
        let long = succeed_in(folder.path(), &words).out;
        assert!(long.starts_with(&short), "{long}");
        assert!(long.contains(&format!("\nkernels: {} (", Level::of_build().name())), "{long}");
        assert!(long.contains(&format!("\nmachine: {} (", Level::of_machine().name())), "{long}");
        assert!(long.contains("\ncommit: ") && long.contains("cargo features: ") && long.contains("cli"), "{long}");
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn another_level_than_its_own_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("small.ron"), CIRCUIT).expect("a file");
    let (own, other) = (Level::of_build(), other());
    succeed_in(folder.path(), &["--cpu", own.word(), "check", "small.ron"]);
    succeed_in(folder.path(), &["check", "small.ron", "--cpu", own.name()]);
    let refused = run_in(folder.path(), &["check", "small.ron", "--cpu", other.word()]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains(&format!("{} was asked for", other.name())), "{refused:?}");
    assert!(refused.err.contains(&format!("kernels for {} only", own.name())), "{refused:?}");
    let unknown = run_in(folder.path(), &["check", "small.ron", "--cpu", "fast"]);
    assert!(unknown.code == 2 && unknown.err.contains("legal are x86-64, v2, v3, v4"), "{unknown:?}");
    for (value, code) in [(own.word(), 0), ("", 0), (other.word(), 2), ("fast", 2)] {
        let mut command = gncn(&["check", "small.ron"]);
        command.current_dir(folder.path()).env("GNCN_CPU", value);
        assert_eq!(outcome(command).code, code, "{value}");
    }
}

#[test]
fn a_run_remembers_its_kernels_and_says_when_others_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("small.ron"), CIRCUIT).expect("a file");
    succeed_in(folder.path(), &["train", "small.ron", "--out", "run", "--limit", "100", "--threads", "1"]);
    let path = folder.path().join("run/run.json");
    let info: Value = serde_json::from_slice(&fs::read(&path).expect("run.json")).expect("JSON");
    let build: KernelBuild = serde_json::from_value(info["build"].clone()).expect("what kernels were built for");
    assert_eq!(build, KernelBuild::this());
    let resume = ["train", "small.ron", "--out", "run", "--resume", "--epochs", "2", "--threads", "1", "--json"];
    let same = succeed_in(folder.path(), &resume);
    assert!(!same.err.contains("kernels"), "{same:?}");
    // It has the digest of a circuit of two epochs now.
    let mut info: Value = serde_json::from_slice(&fs::read(&path).expect("run.json")).expect("JSON");
    info["build"]["level"] = "x86-64-v9".into();
    fs::write(&path, info.to_string()).expect("run.json");
    let told =
        succeed_in(folder.path(), &["train", "small.ron", "--out", "run", "--resume", "--epochs", "3", "--json"]);
    assert!(told.err.contains("the run began with kernels for x86-64-v9") && told.err.contains("--cpu v9"), "{told:?}");
    serde_json::from_str::<Value>(&told.out).expect("a warning is no part of JSON");
}
