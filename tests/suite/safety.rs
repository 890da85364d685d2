//! Nothing that people have is lost by mistake, and what they bring is trained, evaluated and drawn, by the command line.

use super::cli::{outcome, run_in as run, succeed_in as succeed, text};
use super::kinds::{archive, npy};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A circuit of one sense, of so many neurons and options, with this name in `folder`.
fn circuit(folder: &Path, layer: &str) -> PathBuf {
    let path = folder.join("c.ron");
    let written = format!(
        r#"#![enable(implicit_some)]
        Circuit(
            name: "tiny",
            layers: {{ "z0": ({layer}, sense: "image"), "z1": (size: 3, beta: 0.1) }},
            projections: [(from: "z1", to: "z0", feedback: Transposed)],
            settling: (steps: 3),
            learning: (optimizer: Adam(rate: 0.01), batch: 10, epochs: 1),
        )"#
    );
    fs::write(&path, written).unwrap();
    path
}

#[track_caller]
fn refuse(folder: &Path, words: &[&str], told: &[&str]) {
    let outcome = run(folder, words);
    assert_eq!(outcome.code, 2, "gncn {}: {}", words.join(" "), outcome.err);
    for part in told {
        assert!(outcome.err.contains(part), "`{part}` is missing in: {}", outcome.err);
    }
}

/// Twenty images of four bytes.
fn images() -> Vec<u8> {
    let pixels: Vec<u8> = (0..80_u32).map(|i| (i * 37 % 256) as u8).collect();
    npy("|u1", "(20, 2, 2)", &pixels)
}

#[test]
fn outputs_never_replace_what_the_same_command_reads() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let c = circuit(at, "size: 4");
    fs::write(at.join("x.npy"), images()).unwrap();
    let was = (fs::read(&c).unwrap(), fs::read(at.join("x.npy")).unwrap());
    let settle = |words: &[&str], told: &[&str]| {
        refuse(at, &[&["settle", "c.ron", "--input", "image=x.npy"], words].concat(), told);
    };
    settle(&["--out", "x.npy"], &["x.npy", ".npz"]);
    settle(&["--record", "./x.npy"], &["--record would replace a file that this command reads"]);
    settle(&["--record", "c.ron"], &["--record would replace"]);
    settle(&["--out", "c.ron"], &["doesn't fit"]);
    settle(&["--out", "s.png"], &["call it s.npz"]);
    settle(&["--learn", "w.npz"], &["call it w.safetensors"]);
    assert_eq!((fs::read(&c).unwrap(), fs::read(at.join("x.npy")).unwrap()), was);
    succeed(at, &["train", "c.ron", "--data", "x.npy", "--out", "run"]);
    let digest = |name: &str| fs::read(at.join("run").join(name)).unwrap();
    let was = (digest("circuit.ron"), digest("run.json"), digest("weights.safetensors"));
    refuse(at, &["latents", "run", "-o", "run/weights.safetensors"], &["doesn't fit"]);
    refuse(at, &["reconstruct", "run", "-o", "run/circuit.ron"], &["doesn't fit"]);
    refuse(at, &["eval", "run", "--only", "bce", "--out", "run/run.json"], &["--out would replace"]);
    assert_eq!((digest("circuit.ron"), digest("run.json"), digest("weights.safetensors")), was);
}

#[cfg(unix)]
#[test]
fn an_output_that_is_a_link_is_written_through() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    circuit(at, "size: 4");
    fs::write(at.join("x.npy"), images()).unwrap();
    fs::create_dir(at.join("elsewhere")).unwrap();
    for (link, target) in [("there.npz", "elsewhere/old.npz"), ("new.npz", "elsewhere/new.npz")] {
        std::os::unix::fs::symlink(target, at.join(link)).unwrap();
    }
    fs::write(at.join("elsewhere/old.npz"), b"old").unwrap();
    for name in ["there", "new"] {
        let link = format!("{name}.npz");
        succeed(at, &["settle", "c.ron", "--input", "image=x.npy", "--out", &link]);
        assert!(fs::symlink_metadata(at.join(&link)).unwrap().is_symlink(), "{link} is a link still");
        assert!(gncn_reads(&at.join(&link)), "{link}");
    }
}

/// Whether a file is an archive of arrays.
#[cfg(unix)]
fn gncn_reads(path: &Path) -> bool {
    gncn::data::npz::read(path).is_ok_and(|arrays| arrays.iter().any(|(name, _)| name == "state.z1"))
}

#[test]
fn overwriting_removes_only_what_is_a_run() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    circuit(at, "size: 4");
    fs::write(at.join("x.npy"), images()).unwrap();
    let train = ["train", "c.ron", "--data", "x.npy", "--out", "run", "--overwrite"];
    fs::create_dir_all(at.join("run/checkpoints")).unwrap();
    fs::write(at.join("run/run.json"), "{}").unwrap();
    fs::write(at.join("run/checkpoints/thesis.txt"), "years").unwrap();
    refuse(at, &train, &["not a run folder"]);
    assert_eq!(fs::read_to_string(at.join("run/checkpoints/thesis.txt")).unwrap(), "years");
    fs::remove_file(at.join("run/run.json")).unwrap();
    fs::remove_dir_all(at.join("run")).unwrap();
    succeed(at, &train);
    fs::write(at.join("run/checkpoints/thesis.txt"), "years").unwrap();
    fs::write(at.join("run/notes.md"), "mine").unwrap();
    succeed(at, &train);
    assert_eq!(fs::read_to_string(at.join("run/checkpoints/thesis.txt")).unwrap(), "years");
    assert_eq!(fs::read_to_string(at.join("run/notes.md")).unwrap(), "mine");
}

#[test]
fn a_circuit_that_was_edited_in_its_run_is_noticed() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    circuit(at, "size: 4");
    fs::write(at.join("x.npy"), images()).unwrap();
    succeed(at, &["train", "c.ron", "--data", "x.npy", "--out", "run"]);
    let path = at.join("run/circuit.ron");
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, whole.replace("beta: 0.1", "beta: 0.2")).unwrap();
    for words in [&["eval", "run", "--only", "bce"][..], &["latents", "run", "-o", "l.npz"]] {
        refuse(at, words, &["circuit.ron", "was changed since the run was made"]);
    }
    for words in [&["settle", "run/circuit.ron", "--input", "image=x.npy"][..], &["check", "run/circuit.ron"]] {
        refuse(at, words, &["circuit.ron", "was changed since the run was made"]);
    }
    fs::write(&path, whole).unwrap();
    succeed(at, &["check", "run/circuit.ron"]);
    succeed(at, &["eval", "run", "--only", "bce"]);
    // A run that is gone on with for longer has another text, on purpose.
    succeed(at, &["train", "c.ron", "--out", "run", "--resume", "--epochs", "2"]);
    succeed(at, &["eval", "run", "--only", "bce"]);
}

#[test]
fn a_run_finds_its_data_from_any_folder_and_shows_commands_that_work() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    circuit(at, "size: 4");
    fs::write(at.join("x.npy"), images()).unwrap();
    let trained = succeed(at, &["train", "c.ron", "--data", "x.npy", "--out", "my run"]);
    assert!(trained.out.contains("gncn eval 'my run'"), "{}", trained.out);
    fs::create_dir(at.join("other")).unwrap();
    let other = at.join("other");
    succeed(&other, &["eval", text(&at.join("my run")), "--only", "bce"]);
    succeed(&other, &["train", "../c.ron", "--out", "../my run", "--resume", "--epochs", "2"]);
}

#[test]
fn senses_by_name_are_trained_evaluated_and_settled() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let reals = |count: usize, step: f32| -> Vec<u8> {
        (0..count).flat_map(|i| ((i as f32 * step).sin() * 3.0).to_le_bytes()).collect()
    };
    let members =
        [("train_x", npy("<f4", "(30, 2)", &reals(60, 0.7))), ("train_y", npy("<f4", "(30,)", &reals(30, 1.1)))];
    fs::write(at.join("d.npz"), archive(&members)).unwrap();
    fs::write(
        at.join("r.ron"),
        r#"#![enable(implicit_some)]
        Circuit(
            name: "regression",
            layers: {
                "source": (size: 2, sense: "x", read: Standardised), "h": (size: 3, beta: 0.1),
                "target": (size: 1, sense: "y"),
            },
            projections: [(from: "h", to: "source", feedback: Transposed), (from: "h", to: "target", feedback: Transposed)],
            settling: (steps: 3),
            learning: (optimizer: Adam(rate: 0.01), batch: 10, epochs: 1),
        )"#,
    )
    .unwrap();
    let senses = ["--data", "x=d.npz:train_x", "--data", "y=d.npz:train_y"];
    let tests = ["--test", "x=d.npz:train_x", "--test", "y=d.npz:train_y"];
    let trained = succeed(at, &[&["train", "r.ron", "--out", "run"], &senses[..], &tests].concat());
    assert!(trained.err.contains("x: standardised, real values") && trained.err.contains("y: grey"), "{}", trained.err);
    let info = fs::read_to_string(at.join("run/run.json")).unwrap();
    assert!(info.contains("\"standardised\"") && info.contains("d.npz:train_y"), "{info}");
    succeed(at, &["eval", "run", "--only", "bce"]);
    succeed(at, &[&["eval", "run", "--only", "bce", "--out", "e.json"], &senses[..]].concat());
    let inputs = ["--input", "x=d.npz:train_x", "--weights", "run/weights.safetensors"];
    let settled = succeed(at, &[&["settle", "r.ron"], &inputs[..]].concat());
    assert!(settled.err.contains("x: standardised"), "{}", settled.err);
    refuse(at, &["settle", "r.ron", "--input", "x=d.npz:train_x"], &["--weights"]);
    refuse(at, &["train", "r.ron", "--data", "d.npz", "--out", "other"], &["labels is"]);
}

#[test]
fn images_in_colour_are_trained_and_drawn_in_colour() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    circuit(at, "shape: (2, 2, 3), mean: Sigmoid, likelihood: Bernoulli");
    let pixels: Vec<u8> = (0..240_u32).map(|i| (i * 91 % 256) as u8).collect();
    fs::write(at.join("x.npy"), npy("|u1", "(20, 3, 2, 2)", &pixels)).unwrap();
    let trained = succeed(at, &["train", "c.ron", "--data", "x.npy", "--out", "run"]);
    assert!(trained.err.contains("channels first") && trained.err.contains("2x2x3"), "{}", trained.err);
    succeed(at, &["complete", "run", "-o", "half.png"]);
    for picture in ["run/reconstructions.png", "half.png"] {
        let file = std::io::BufReader::new(fs::File::open(at.join(picture)).unwrap());
        let reader = png::Decoder::new(file).read_info().unwrap();
        assert_eq!(reader.info().color_type, png::ColorType::Rgb, "{picture}");
    }
}

#[test]
fn a_gaussian_sense_is_read_grey_and_a_bernoulli_one_binary() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    fs::write(at.join("x.npy"), images()).unwrap();
    for (layer, reading) in [("size: 4", "grey"), ("size: 4, mean: Sigmoid, likelihood: Bernoulli", "binary")] {
        circuit(at, layer);
        let trained = succeed(at, &["train", "c.ron", "--data", "x.npy", "--out", reading]);
        assert!(trained.err.contains(&format!("image: {reading}, bytes / 255")), "{}", trained.err);
        let info = fs::read_to_string(at.join(reading).join("run.json")).unwrap();
        assert!(info.contains(&format!("\"reading\": \"{reading}\"")), "{info}");
    }
    // A run from before readings were named is read as it was trained, whatever its circuit would ask for now.
    let path = at.join("grey/run.json");
    let old = fs::read_to_string(&path).unwrap().replace("\"reading\": \"grey\"", "\"reading\": \"binary\"");
    fs::write(&path, old).unwrap();
    let evaluated = succeed(at, &["eval", "grey", "--only", "bce"]);
    assert!(evaluated.err.contains("image: binary"), "{}", evaluated.err);
}

#[test]
fn sizes_on_the_command_line_have_bounds() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    circuit(at, "size: 4");
    let huge = "1000000000";
    for words in [
        ["eval", "run", "--draws", huge],
        ["eval", "run", "--is-draws", huge],
        ["bench", "c.ron", "--repeats", huge],
        ["features", "run", "--strongest", huge],
    ] {
        refuse(at, &words, &["a whole number from 1 to"]);
    }
    refuse(at, &["sample", "run", "-o", "s.png", "--count", huge], &["a whole number from 1 to"]);
}

#[test]
fn a_best_epoch_is_kept_where_it_is_asked_for_from_the_start() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    circuit(at, "size: 4");
    fs::write(at.join("x.npy"), images()).unwrap();
    let train =
        |more: &[&'static str]| [&["train", "c.ron", "--data", "x.npy", "--epochs", "3", "--out", "r"], more].concat();
    let told = succeed(at, &train(&["--keep", "best"]));
    assert!(told.out.contains("the best by validation"), "{}", told.out);
    assert!(at.join("r/best.safetensors").exists());
    succeed(at, &train(&["--overwrite"]));
    assert!(!at.join("r/best.safetensors").exists());
    refuse(at, &train(&["--resume", "--keep", "best"]), &["--keep best", "started without it"]);
}

#[test]
fn a_mean_that_leaves_the_unit_interval_is_a_warning() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    circuit(at, "size: 4, mean: Relu, likelihood: Bernoulli");
    fs::write(at.join("x.npy"), images()).unwrap();
    let checked = succeed(at, &["check", "c.ron"]);
    assert!(checked.out.contains("leaves (0, 1)"), "{}", checked.out);
    assert!(succeed(at, &["train", "c.ron", "--data", "x.npy"]).err.contains("leaves (0, 1)"));
    circuit(at, "size: 4, mean: Sigmoid, likelihood: Bernoulli");
    assert!(!succeed(at, &["check", "c.ron"]).out.contains("leaves (0, 1)"));
}

#[test]
fn a_row_of_layers_is_expanded() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let row = r#"rows: [(name: "z", first: 1, last: 30, each: (size: 5, beta: 0.1), between: (feedback: Silent))],"#;
    let file = format!(
        "(name: \"row\", layers: {{\"z0\": (size: 4, sense: \"image\")}}, {row}
        projections: [(from: \"z1\", to: \"z0\", feedback: Transposed)])"
    );
    fs::write(at.join("row.ron"), file).unwrap();
    let expanded = succeed(at, &["check", "row.ron", "--expand"]);
    let circuit = gncn::Circuit::parse(expanded.out.as_bytes()).expect("what is printed can be read");
    assert_eq!(circuit, gncn::Circuit::load(at.join("row.ron")).unwrap());
    assert_eq!((circuit.layers().len(), circuit.projections().len()), (31, 30));
    let name = |id| circuit.layer(id).name().to_owned();
    for (i, p) in circuit.projections().iter().skip(1).enumerate() {
        assert_eq!((name(p.from()), name(p.to())), (format!("z{}", i + 2), format!("z{}", i + 1)));
    }
}

#[test]
fn learning_that_runs_away_is_told_with_its_rate_and_place() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    circuit(at, "size: 4");
    fs::write(at.join("x.npy"), images()).unwrap();
    let with = |rate: &str| {
        let text = fs::read_to_string(at.join("c.ron")).unwrap();
        fs::write(at.join(format!("{rate}.ron")), text.replace("rate: 0.01", &format!("rate: {rate}"))).unwrap();
        run(at, &["train", &format!("{rate}.ron"), "--data", "x.npy", "--out", rate, "--epochs", "40"])
    };
    let broken = with("1e30");
    assert_eq!(broken.code, 1, "{}", broken.err);
    for part in ["epoch 1, batch 2", "rate 1e30"] {
        assert!(broken.err.contains(part), "`{part}` in: {}", broken.err);
    }
    assert!(broken.err.contains("a lower `rate`") && !broken.err.contains("beta"), "{}", broken.err);
    let running = with("1e9");
    assert!(running.err.contains("learning runs away") || running.code == 1, "{}", running.err);
    assert!(!with("0.001").err.contains("runs away"));
}

#[test]
fn what_does_not_fit_into_memory_is_refused_with_the_figure() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let text = fs::read_to_string(circuit(at, "size: 40000")).unwrap();
    fs::write(at.join("c.ron"), text.replace("size: 3", "size: 40000")).unwrap();
    let limited = |words: &str| {
        let bin = env!("CARGO_BIN_EXE_gncn");
        let mut shell = assert_cmd::Command::new("sh");
        // 4 GiB of addresses, whatever machine this is.
        shell.current_dir(at).arg("-c").arg(format!("ulimit -v 4194304; '{bin}' {words}"));
        outcome(shell)
    };
    fs::write(at.join("x.npy"), npy("|u1", "(1, 40000)", &[200; 40000])).unwrap();
    for words in ["train c.ron --data x.npy --out r", "settle c.ron --input image=x.npy", "bench c.ron --repeats 1"] {
        let refused = limited(words);
        assert_eq!(refused.code, 2, "{words}: {}", refused.err);
        assert!(refused.err.contains("GiB") && refused.err.contains("free for this process"), "{}", refused.err);
    }
    assert_eq!(limited("check c.ron").code, 0, "a look at it costs nothing");
}
