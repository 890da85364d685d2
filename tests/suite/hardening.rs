//! What is killed, interrupted or asked too much leaves nothing behind, and says what it did.

#[cfg(unix)]
use super::cli::interrupted;
use super::cli::{Outcome, outcome, run_in as run, succeed_in as succeed, text};
use super::kinds::npy;
use std::fs;
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::time::Duration;
use tempfile::TempDir;

/// A small circuit in `folder`, with so many neurons on top, and twenty images of four bytes.
fn prepare(folder: &Path, top: usize) -> PathBuf {
    let path = folder.join("c.ron");
    let circuit = format!(
        r#"#![enable(implicit_some)]
        Circuit(
            name: "tiny",
            layers: {{ "z0": (size: 4, sense: "image"), "z1": (size: {top}, beta: 0.1) }},
            projections: [(from: "z1", to: "z0", feedback: Transposed)],
            settling: (steps: 3),
            learning: (optimizer: Adam(rate: 0.01), batch: 10, epochs: 1),
        )"#
    );
    fs::write(&path, circuit).unwrap();
    let pixels: Vec<u8> = (0..80_u32).map(|i| (i * 37 % 256) as u8).collect();
    fs::write(folder.join("x.npy"), npy("|u1", "(20, 2, 2)", &pixels)).unwrap();
    path
}

/// A shell in which `gncn` is the binary under test.
#[cfg(target_os = "linux")]
fn shell(folder: &Path, script: &str) -> Outcome {
    let mut shell = assert_cmd::Command::new("sh");
    shell.current_dir(folder).env("GNCN", env!("CARGO_BIN_EXE_gncn")).arg("-c").arg(script);
    outcome(shell)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_a_killed_command_left_is_swept_by_the_next_one_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    prepare(at, 3);
    for name in [".s.npz.999999-0.part", ".thesis.part", "notes.part"] {
        fs::write(at.join(name), "half").unwrap();
    }
    let held = fs::File::create(at.join(".s.npz.999998-0.part")).unwrap();
    held.lock().unwrap();
    succeed(at, &["settle", "c.ron", "--input", "image=x.npy", "--out", "s.npz"]);
    let expected = [".s.npz.999998-0.part", ".thesis.part", "c.ron", "notes.part", "s.npz", "x.npy"];
    assert_eq!(names(at), expected, "a file that is being written stays, and so do files of others");
}

#[cfg(target_os = "linux")]
#[test]
fn commands_killed_at_any_instant_leave_nothing_after_the_next_one() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    prepare(at, 3);
    succeed(at, &["train", "c.ron", "--data", "x.npy", "--out", "run"]);
    succeed(at, &["latents", "run", "-o", "whole.npz"]);
    for moment in 1..12 {
        // Killed after so many hundredths of a second, wherever that is.
        let seconds = format!("0.{moment:02}");
        shell(at, &format!("timeout -s KILL {seconds} \"$GNCN\" latents run -o l.npz"));
        shell(at, &format!("timeout -s KILL {seconds} \"$GNCN\" data make --out made --train 60 --test 20"));
        shell(at, &format!("timeout -s KILL {seconds} \"$GNCN\" train c.ron --data x.npy --out killed --overwrite"));
    }
    succeed(at, &["latents", "run", "-o", "l.npz"]);
    if !at.join("made/digits.png").exists() || at.join("made/.making").exists() {
        succeed(at, &["data", "make", "--out", "made", "--train", "60", "--test", "20"]);
    }
    succeed(at, &["train", "c.ron", "--data", "x.npy", "--out", "killed", "--overwrite"]);
    for folder in [at, &at.join("made"), &at.join("killed"), &at.join("killed/checkpoints")] {
        let left: Vec<_> = names(folder).into_iter().filter(|name| name.ends_with(".part")).collect();
        assert!(left.is_empty(), "{}: {left:?}", folder.display());
    }
    assert_eq!(fs::read(at.join("l.npz")).unwrap(), fs::read(at.join("whole.npz")).unwrap());
    let weights = |run: &str| fs::read(at.join(run).join("weights.safetensors")).unwrap();
    assert_eq!(weights("killed"), weights("run"), "the same bits");
}

#[test]
fn data_make_goes_on_with_its_own_half_made_folder_only() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let make = ["data", "make", "--out", "made", "--train", "60", "--test", "20"];
    fs::create_dir(at.join("made")).unwrap();
    fs::write(at.join("made/train-images-idx3-ubyte"), "somebody's").unwrap();
    assert_eq!(run(at, &make).code, 2, "a folder with images of somebody's own is no half-made one");
    assert_eq!(fs::read_to_string(at.join("made/train-images-idx3-ubyte")).unwrap(), "somebody's");
    fs::write(at.join("made/.making"), "").unwrap();
    succeed(at, &make);
    assert!(!at.join("made/.making").exists() && at.join("made/digits.png").exists());
    assert_eq!(run(at, &make).code, 2, "it is whole now");
}

#[test]
fn checkpoints_of_others_stay_and_a_circuit_without_a_lock_is_nobodys_half_made_run() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let c = prepare(at, 3);
    let train = ["train", "c.ron", "--data", "x.npy", "--out", "run", "--overwrite"];
    succeed(at, &train);
    for name in ["thesis.ckpt", "1-2.ckpt", "zz.part"] {
        fs::write(at.join("run/checkpoints").join(name), "years").unwrap();
    }
    succeed(at, &train);
    succeed(at, &["train", "c.ron", "--data", "x.npy", "--out", "run", "--resume", "--epochs", "5"]);
    for name in ["thesis.ckpt", "1-2.ckpt", "zz.part"] {
        assert_eq!(fs::read_to_string(at.join("run/checkpoints").join(name)).unwrap(), "years", "{name}");
    }
    fs::create_dir(at.join("own")).unwrap();
    fs::copy(c, at.join("own/circuit.ron")).unwrap();
    let own = fs::read(at.join("own/circuit.ron")).unwrap();
    let refused = run(at, &["train", "own/circuit.ron", "--data", "x.npy", "--out", "own"]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert_eq!(fs::read(at.join("own/circuit.ron")).unwrap(), own);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_command_with_a_word() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    // Slow enough to be caught at work, on any machine.
    prepare(at, 2000);
    succeed(at, &["train", "c.ron", "--data", "x.npy", "--out", "run"]);
    let path = |name: &str| text(&at.join(name)).to_owned();
    let (circuit, run) = (path("c.ron"), path("run"));
    for words in [
        &["bench", &circuit, "--repeats", "100000"][..],
        &["latents", &run, "-o", &path("l.npz"), "--steps", "10000000"],
        &["complete", &run, "-o", &path("c.png"), "--steps", "10000000"],
    ] {
        let (code, err, _) = interrupted(words, Duration::from_secs(3), 1);
        assert_eq!(code, Some(1), "{words:?}: {err}");
        assert!(err.contains("stopped as asked"), "{words:?}: {err}");
    }
    assert_eq!(names(at), ["c.ron", "run", "x.npy"], "nothing half-written");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure_told_once() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    prepare(at, 3);
    for words in ["--version", "--help", "train --help", "check c.ron"] {
        let full = shell(at, &format!("\"$GNCN\" {words} > /dev/full"));
        assert_eq!(full.code, 1, "{words}: {}", full.err);
        assert!(full.err.contains("standard output can't be written"), "{words}: {}", full.err);
    }
    assert_eq!(shell(at, "\"$GNCN\" --help | true").err, "", "a reader that went away has had enough");
    // A file may not become larger than 512 bytes here.
    let settle = "settle c.ron --input image=x.npy --out s.npz";
    let full = shell(at, &format!("trap '' XFSZ; ulimit -f 1; \"$GNCN\" {settle}"));
    assert_eq!(full.code, 1, "{}", full.err);
    assert!(full.err.contains("s.npz: can't be written") && !full.err.contains("ZipWriter"), "{}", full.err);
    assert_eq!(names(at), ["c.ron", "x.npy"]);
}

#[cfg(target_os = "linux")]
#[test]
fn devices_that_never_end_are_read_no_further_than_a_bound() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    prepare(at, 3);
    for words in [
        "check /dev/zero",
        "settle c.ron --input image=/dev/zero",
        "settle c.ron --input image=x.npy --weights /dev/zero",
        "settle c.ron --input image=x.npy --schedule 'Replay(\"/dev/zero\")'",
        "train c.ron --data /dev/zero --out r",
        "study /dev/zero -o s",
    ] {
        let refused = shell(at, &format!("ulimit -v 4194304; \"$GNCN\" {words}"));
        assert_eq!(refused.code, 2, "{words}: {}", refused.err);
        assert!(refused.err.contains("MiB"), "{words}: {}", refused.err);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn actors_that_do_not_fit_into_memory_are_refused_with_the_figure() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    prepare(at, 3);
    let layers: String = (1..4000).map(|i| format!("\"z{i}\": (size: 1, beta: 0.1),")).collect();
    let projections: String =
        (1..4000).map(|i| format!("(from: \"z{i}\", to: \"z{}\", feedback: Transposed),", i - 1)).collect();
    let circuit = format!(
        "Circuit(name: \"long\", layers: {{\"z0\": (size: 4, sense: \"image\"), {layers}}}, projections: [{projections}], \
         settling: (steps: 2), learning: (optimizer: Adam(rate: 0.01), batch: 10, epochs: 1))"
    );
    fs::write(at.join("long.ron"), circuit).unwrap();
    for executor in ["Tasks", "Threads"] {
        let words = format!("settle long.ron --input image=x.npy --schedule Free --executor {executor}");
        let refused = shell(at, &format!("ulimit -v 600000; \"$GNCN\" {words}"));
        assert_eq!(refused.code, 2, "{}", refused.err);
        assert!(refused.err.contains("free for this process"), "{}", refused.err);
    }
    assert_eq!(
        shell(at, "ulimit -v 600000; \"$GNCN\" settle long.ron --input image=x.npy --threads 1").code,
        0,
        "lock-step fits"
    );
}

#[test]
fn long_names_are_checked_fast() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let name = "n".repeat(1_000_000);
    let circuit = fs::read_to_string(prepare(at, 3)).unwrap().replace("z1", &name);
    fs::write(at.join("long.ron"), circuit).unwrap();
    let begin = std::time::Instant::now();
    let checked = succeed(at, &["check", "long.ron"]);
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
    assert!(checked.out.len() < 100_000, "{} bytes", checked.out.len());
}

#[test]
fn nothing_is_held_out_without_validation_and_a_run_remembers_it() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    prepare(at, 3);
    let with = succeed(at, &["train", "c.ron", "--data", "x.npy", "--out", "with"]);
    assert!(with.err.contains("18 images to learn from, 2 held out"), "{}", with.err);
    let without = succeed(at, &["train", "c.ron", "--data", "x.npy", "--out", "without", "--no-validation"]);
    assert!(without.err.contains("20 images to learn from, 0 held out"), "{}", without.err);
    let info = |run: &str| fs::read_to_string(at.join(run).join("run.json")).unwrap();
    assert!(info("without").contains("\"without_validation\": true") && !info("with").contains("without_validation"));
    let resumed = succeed(at, &["train", "c.ron", "--out", "without", "--resume", "--epochs", "2"]);
    assert!(resumed.err.contains("20 images to learn from"), "{}", resumed.err);
    let mixed = run(at, &["train", "c.ron", "--out", "with", "--resume", "--epochs", "2", "--no-validation"]);
    assert_eq!(mixed.code, 2, "{}", mixed.err);
    assert!(mixed.err.contains("validation images held out, not --no-validation"), "{}", mixed.err);
    let whole = ["train", "c.ron", "--data", "x.npy", "--out", "whole", "--no-validation", "--epochs", "2"];
    succeed(at, &whole);
    let weights = |run: &str| fs::read(at.join(run).join("weights.safetensors")).unwrap();
    assert_eq!(weights("whole"), weights("without"), "the same bits, resumed or not");
    succeed(at, &["eval", text(&at.join("without")), "--only", "bce"]);
}
