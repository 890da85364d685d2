//! Looking at a training and at what it learned: event files for TensorBoard, captions, and hidden parts of images.

use super::cli::{run_in as run, succeed_in as succeed};
use super::kinds::npy;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A circuit of images of 4x4 bytes, of which there are twenty with labels and ten to test, trained into `run`.
fn trained(more: &[&str]) -> TempDir {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let circuit = r#"#![enable(implicit_some)]
        Circuit(
            name: "tiny",
            layers: { "z0": (size: 16, sense: "image", mean: Sigmoid, likelihood: Bernoulli), "z1": (size: 3, beta: 0.1) },
            projections: [(from: "z1", to: "z0", feedback: Transposed)],
            settling: (steps: 3),
            learning: (optimizer: Adam(rate: 0.01), batch: 10, epochs: 2),
        )"#;
    fs::write(at.join("c.ron"), circuit).unwrap();
    fs::create_dir(at.join("d")).unwrap();
    for (name, count) in [("train", 20_u32), ("test", 10)] {
        let pixels: Vec<u8> = (0..count * 16).map(|i| (i * (17 + count) % 256) as u8).collect();
        let labels: Vec<u8> = (0..count).map(|i| (i % 3) as u8).collect();
        fs::write(at.join(format!("d/{name}.npy")), npy("|u1", &format!("({count}, 4, 4)"), &pixels)).unwrap();
        fs::write(at.join(format!("d/{name}_labels.npy")), npy("|u1", &format!("({count},)"), &labels)).unwrap();
    }
    succeed(at, &[&["train", "c.ron", "--data", "d", "--out", "run"], more].concat());
    folder
}

/// The sides of a PNG.
fn sides(path: &Path) -> (u32, u32) {
    let bytes = fs::read(path).unwrap();
    let side = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (side(16), side(20))
}

fn event_files(folder: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder.join("run")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries.filter(|path| path.to_string_lossy().contains("tfevents")).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// The contents of the records of an event file, by their lengths.
fn records(bytes: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let length = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
        records.push(&bytes[at + 12..at + 12 + length]);
        at += length + 16;
    }
    assert_eq!(at, bytes.len(), "whole records");
    records
}

fn holds(record: &[u8], text: &str) -> bool {
    record.windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn curves_of_a_training_are_written_for_tensorboard_where_it_is_asked_for() {
    let plain = trained(&[]);
    assert!(event_files(plain.path()).is_empty());
    let folder = trained(&["--tensorboard"]);
    let weights = |folder: &TempDir| fs::read(folder.path().join("run/weights.safetensors")).unwrap();
    assert_eq!(weights(&folder), weights(&plain), "curves change nothing");
    let files = event_files(folder.path());
    let found = records(&files[0]);
    assert!(holds(found[0], "brain.Event:2"));
    let count = |text: &str| found.iter().filter(|record| holds(record, text)).count();
    // Eighteen images in batches of ten, twice; two epochs, the last with test images; one picture.
    let counts =
        ["batch/free_energy", "train_free_energy/z0", "validation/bce", "test/bce", "reconstructions"].map(count);
    assert_eq!(counts, [4, 2, 2, 1, 1]);
    // A run that goes on writes another file, without being told again.
    succeed(folder.path(), &["train", "c.ron", "--out", "run", "--resume", "--epochs", "3"]);
    let all: Vec<u8> = event_files(folder.path()).concat();
    assert_eq!(records(&all).iter().filter(|record| holds(record, "train_free_energy/z0")).count(), 3);
    fs::write(folder.path().join("run/events.out.tfevents.1.mine"), "mine").unwrap();
    succeed(folder.path(), &["train", "c.ron", "--data", "d", "--out", "run", "--overwrite"]);
    assert_eq!(event_files(folder.path()), [b"mine"], "those of the run are gone with it");
}

#[test]
fn pictures_have_captions_where_they_are_asked_for() {
    let folder = trained(&[]);
    let at = folder.path();
    for (command, rows, name) in [("reconstruct", 2, "settled"), ("complete", 3, "completed")] {
        succeed(at, &[command, "run", "-o", "plain.png", "--count", "6"]);
        succeed(at, &[command, "run", "-o", "named.png", "--count", "6", "--captions"]);
        let (plain, named) = (sides(&at.join("plain.png")), sides(&at.join("named.png")));
        assert_eq!(plain, (6 * 13 + 1, rows * 13 + 1), "{command}");
        // A letter has 8x8 pixels; there is room for one more beside a name, and for a line above the block.
        assert_eq!(named, (plain.0 + 8 * (name.len() as u32 + 1), plain.1 + 9), "{command}");
    }
}

#[test]
fn drawn_images_and_fields_are_named_where_it_is_asked_for() {
    let folder = trained(&[]);
    let at = folder.path();
    succeed(at, &["sample", "run", "-o", "plain.png", "--count", "12", "--components", "2"]);
    succeed(at, &["sample", "run", "-o", "named.png", "--count", "12", "--components", "2", "--captions"]);
    // Tiles of 4 pixels grow to 32, so that four letters fit above them; two rows, each below a line of numbers.
    assert_eq!(sides(&at.join("plain.png")), (10 * 13 + 1, 2 * 13 + 1));
    assert_eq!(sides(&at.join("named.png")), (10 * 33 + 1 + 8 * 6, 2 * (33 + 9) + 1));
    let words = ["features", "run", "-o", "fields.png", "--compose", "parts.png", "--count", "2", "--strongest", "3"];
    succeed(at, &words);
    let plain = fs::read(at.join("fields.png")).unwrap();
    assert_eq!((sides(&at.join("fields.png")), sides(&at.join("parts.png"))), ((3 * 9 + 1, 10), (6 * 9 + 1, 19)));
    succeed(at, &[&words[..], &["--captions"]].concat());
    assert_ne!(fs::read(at.join("fields.png")).unwrap(), plain);
    assert_eq!(sides(&at.join("fields.png")), (3 * 33 + 1 + 8 * 3, 33 + 9 + 1));
    assert_eq!(sides(&at.join("parts.png")), (6 * 33 + 1 + 8 * 2, 2 * (33 + 9) + 1));
}

#[test]
fn a_training_tells_how_its_last_batch_went() {
    let folder = trained(&["--schedule", "VirtualTime(delay: Fixed(2))"]);
    let pulse: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("run/pulse.json")).unwrap()).unwrap();
    let at = ["epoch", "epochs", "done", "of"].map(|name| pulse[name].as_u64().unwrap());
    assert_eq!(at, [2, 2, 2, 2], "{pulse}");
    let link = |from: &str| pulse["links"].as_array().unwrap().iter().find(|link| link["from"] == from).unwrap();
    assert_eq!(link("z0.error")["sent"], 3, "{pulse}");
    assert!(link("z0.error")["staleness"].as_f64().unwrap() > 0.5, "two ticks late: {pulse}");
    assert!(
        pulse["layers"][1]["activity"].as_f64().unwrap() > 0.0 && pulse["layers"][0]["free_energy"].is_f64(),
        "{pulse}"
    );
    succeed(folder.path(), &["train", "c.ron", "--data", "d", "--out", "run", "--overwrite", "--epochs", "1"]);
}

#[test]
#[cfg(feature = "watch")]
fn a_screen_is_refused_where_there_is_no_terminal() {
    let folder = trained(&[]);
    for words in [&["watch", "run"][..], &["train", "c.ron", "--data", "d", "--out", "other", "--watch"]] {
        let refused = run(folder.path(), words);
        assert_eq!(refused.code, 2, "{}", refused.err);
        assert!(refused.err.contains("draws on a terminal") && refused.err.contains("gncn view"), "{}", refused.err);
    }
    assert!(!folder.path().join("other").exists(), "refused before anything is written");
}

#[test]
fn other_parts_are_hidden_and_training_images_completed() {
    let folder = trained(&[]);
    let at = folder.path();
    let drawn = |words: &[&str]| {
        let told = succeed(at, &[&["complete", "run", "-o", "c.png", "--count", "8"], words].concat()).out;
        (told, fs::read(at.join("c.png")).unwrap())
    };
    let default = drawn(&[]);
    assert_eq!(drawn(&["--hide", "right"]), default);
    let right: Vec<u8> = (0..16).map(|i| u8::from(i % 4 < 2)).collect();
    fs::write(at.join("m.npy"), npy("|u1", "(4, 4)", &right)).unwrap();
    assert_eq!(drawn(&["--mask", "m.npy"]), default, "the same mask from a file");
    let others = [&["--hide", "left"][..], &["--hide", "top"], &["--hide", "bottom"], &["--hide", "random:0.3"]];
    for words in others.iter().chain(&[&["--split", "train"][..]]) {
        assert_ne!(drawn(words).1, default.1, "{words:?}");
    }
    let told = drawn(&["--hide", "random:0"]).0;
    assert!(told.contains(": 0"), "nothing hidden, nothing missed: {told}");
    assert_eq!(drawn(&["--hide", "random:0.3"]), drawn(&["--hide", "random:0.3"]));
    fs::write(at.join("each.npy"), npy("|u1", "(10, 4, 4)", &right.repeat(10))).unwrap();
    assert_eq!(drawn(&["--mask", "each.npy"]), default, "one for each test image");
    fs::write(at.join("bad.npy"), npy("|u1", "(3, 4, 4)", &right.repeat(3))).unwrap();
    for (words, told) in [
        (&["--hide", "middle"][..], "right, left, top, bottom or random:SHARE"),
        (&["--hide", "random:2"], "SHARE from 0 to 1"),
        (&["--mask", "bad.npy"], "3 rows of 16 values"),
        (&["--mask", "m.npy", "--hide", "left"], "cannot be used with"),
    ] {
        let refused = run(at, &[&["complete", "run", "-o", "c.png"], words].concat());
        assert!(refused.code == 2 && refused.err.contains(told), "{words:?}: {}", refused.err);
    }
}
