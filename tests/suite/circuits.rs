//! Circuit files: every mistake gives exactly the words that are on file, every circuit of the repository reads
//! and writes, and no text whatsoever makes the reader panic or hang.
//!
//! `tests/circuits/bad/NAME.ron` is expected to give `NAME.txt`. After a change of words on purpose, run the tests
//! with `GNCN_BLESS=1` and read what it has written.

use gncn::circuit::cost::{Cost, parameters};
use gncn::circuit::file::CircuitFile;
use gncn::circuit::parse_messages;
use gncn::circuit::wiring::Wiring;
use gncn::circuit::{Circuit, CircuitError, Delay, LayerId, Schedule, Stopping};
use gncn::params::{Messages, StepSize};
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A path in the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The `.ron` files of a folder, sorted.
fn circuits_in(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(repository(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "ron"));
    files.sort();
    files
}

/// The repository's own circuits: those to be used, and those of the golden cases.
fn good_circuits() -> Vec<PathBuf> {
    let mut files = circuits_in("circuits");
    files.extend(circuits_in("circuits/tuned"));
    for case in fs::read_dir(repository("tests/golden")).unwrap() {
        let folder = case.unwrap().path();
        let circuits = ["circuit.ron", "circuit-virtual.ron"].map(|name| folder.join(name));
        files.extend(circuits.into_iter().filter(|path| path.exists()));
    }
    files
}

/// The lines that differ, and where.
fn difference(expected: &str, actual: &str) -> String {
    let lines = expected.lines().count().max(actual.lines().count());
    let pairs = (0..lines).map(|i| (expected.lines().nth(i), actual.lines().nth(i)));
    let differing = pairs.filter(|(expected, actual)| expected != actual);
    differing
        .map(|(expected, actual)| {
            format!("  - {}\n  + {}\n", expected.unwrap_or("(no line)"), actual.unwrap_or("(no line)"))
        })
        .collect()
}

#[test]
fn bad_circuits_give_the_words_on_file() {
    let files = circuits_in("tests/circuits/bad");
    assert!(files.len() >= 30, "only {} bad circuits", files.len());
    let mut differences = String::new();
    for file in &files {
        let name = file.file_name().unwrap().to_string_lossy();
        let folder = file.parent().unwrap().join("");
        let actual = match Circuit::load(file) {
            Ok(_) => "no mistake was found\n".to_owned(),
            Err(error) => format!("{error}\n").replace(&*folder.to_string_lossy(), ""),
        };
        let words = file.with_extension("txt");
        if std::env::var_os("GNCN_BLESS").is_some() {
            fs::write(&words, &actual).unwrap();
        }
        let expected = fs::read_to_string(&words).unwrap_or_default();
        if expected != actual {
            differences.push_str(&format!("{name}\n{}", difference(&expected, &actual)));
        }
    }
    assert!(differences.is_empty(), "words have changed (GNCN_BLESS=1 accepts them):\n{differences}");
}

#[test]
fn every_circuit_of_the_repository_reads_and_writes() {
    let files = good_circuits();
    assert!(files.len() >= 8 + 10, "only {} circuits", files.len());
    for file in files {
        let circuit = Circuit::load(&file).unwrap_or_else(|error| panic!("{error}"));
        let text = circuit.to_ron();
        let again = Circuit::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(circuit, again, "{}", file.display());
        assert_eq!(text, again.to_ron(), "{}", file.display());
    }
}

/// A small circuit; `rest` follows its projections.
fn small(rest: &str) -> String {
    format!(
        r#"Circuit(
            name: "small",
            layers: {{
                "z0": (size: 6, sense: "image"),
                "z1": (size: 4, beta: 0.1),
                "z2": (size: 2, beta: 0.2),
            }},
            projections: [
                (from: "z1", to: "z0", feedback: Learned(rate: 1.0)),
                (from: "z2", to: "z1", feedback: Transposed),
                (from: "z2", to: "z0", feedback: Silent),
            ],
            {rest}
        )"#
    )
}

fn parsed(text: &str) -> Circuit {
    Circuit::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn defaults_are_those_of_the_design() {
    let circuit = parsed(&small(""));
    assert_eq!(circuit.settling().stopping, Stopping::Steps(50));
    assert_eq!(circuit.settling().schedule, Schedule::Synchronous);
    assert_eq!(circuit.settling().messages, Messages::Dense);
    assert_eq!((circuit.learning().batch, circuit.learning().epochs), (200, 50));
    assert_eq!(circuit.layer(LayerId(0)).beta(), StepSize::SENSORY);
    assert_eq!(circuit.about(), "");
}

#[test]
fn every_option_of_settling_and_learning_survives_writing() {
    let schedules = [
        "Synchronous",
        "Bounded(staleness: 3)",
        "Free",
        r#"Sweep(order: ["z0.error", "z1", "z0.error", "z2", "z1.error"])"#,
        "VirtualTime()",
        r#"VirtualTime(until: 60, clocks: {"z1": (period: 4, phase: 2, jitter: 3), "z0": (period: 9, phase: 0)},
            clock: (period: 2, phase: 0), delays: [(from: "z1", to: "z0.error", delay: Fixed(1)),
            (from: "z1.error", to: "z2", delay: Exponential(2.5))], delay: Uniform(0, 3), drop: 0.1,
            lesions: [(population: "z1.error", at: 30)], scale: PerTime, seed: 18446744073709551615)"#,
        r#"Replay("runs/a \"b\".log")"#,
    ];
    for schedule in schedules {
        for ending in ["steps: 7", "until: Quiet(tolerance: 0.0001, max_steps: 500)"] {
            let circuit = parsed(&small(&format!(
                "settling: ({ending}, schedule: {schedule}, executor: Tasks, messages: Events(threshold: 0.03)),
                 learning: (optimizer: Sgd(rate: 0.1), norm: UnitColumns, when: EveryStep, batch: 3, epochs: 1),
                 init: Gaussian(sd: 0.1), about: \"two\\nlines, \\\"quoted\\\" and Σ\""
            )));
            assert_eq!(circuit, parsed(&circuit.to_ron()));
            assert_eq!(Schedule::parse(schedule, &circuit).unwrap(), circuit.settling().schedule);
        }
    }
}

#[test]
fn a_circuit_can_be_changed_as_a_file_and_checked_again() {
    let mut file = CircuitFile::from(&parsed(&small("")));
    file.layers.0[1].1.size = Some(0);
    let error = file.check().unwrap_err();
    assert_eq!(error.to_string(), "layers.z1.size: is 0, but must be at least 1");
}

#[test]
fn schedules_and_messages_read_on_their_own() {
    let circuit = parsed(&small(""));
    let words = |text: &str| Schedule::parse(text, &circuit).unwrap_err().to_string();
    assert_eq!(
        words("Sweep(order: [\"z1.eror\"])"),
        "1:15: schedule.order[0]: no population is called `z1.eror`; there are z0, z1, z2, z0.error, z1.error; did you \
         mean `z1.error`?"
    );
    assert_eq!(
        words("Bounded(staleness: -1)"),
        "1:20: schedule.staleness: the number is negative or too large; expected a whole number such as 2"
    );
    assert!(words("Bonded(staleness: 1)").ends_with("did you mean `Bounded`?"));
    assert!(words("").contains("ends too early"), "{}", words(""));
    let time = Schedule::parse("VirtualTime(delay: Uniform(1, 4), seed: 9)", &circuit).unwrap();
    assert!(matches!(time, Schedule::VirtualTime(time) if time.delay == Delay::Uniform(1, 4) && time.seed == 9));

    assert_eq!(parse_messages("Dense").unwrap(), Messages::Dense);
    assert_eq!(parse_messages("Events(threshold: 0.1)").unwrap(), Messages::events(0.1));
    let refreshed = Messages::Events { threshold: 0.1, refresh: Some(7) };
    assert_eq!(parse_messages("Events(threshold: 0.1, refresh: 7)").unwrap(), refreshed);
    assert!(parse_messages("Events(threshold: 0.1, refresh: 0)").unwrap_err().to_string().contains("at least 1"));
    let words = |text: &str| parse_messages(text).unwrap_err().to_string();
    assert_eq!(
        words("Events(threshold: -1)"),
        "1:8: messages.threshold: is -1, but must be a finite number, 0 or above"
    );
    assert_eq!(
        words("Events(thresold: 1)"),
        "1:8: messages.thresold: unexpected field `thresold`, expected one of threshold, refresh; did you mean `threshold`?"
    );
    assert_eq!(words("Sparse"), "1:1: messages: unexpected word `Sparse`, expected one of Dense, Events, Ternary");
    assert_eq!(parse_messages("Ternary(threshold: 0.1)").unwrap(), Messages::Ternary { threshold: 0.1 });
    assert_eq!(words("Ternary(threshold: 0)"), "1:9: messages.threshold: is 0, but must be a finite number above 0");
}

/// The lines of a text with those of a block (each a whole layer or projection) in another order.
fn permuted(text: &str, block: &str, order: &[usize]) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.iter().position(|line| line.trim_start().starts_with(block)).unwrap() + 1;
    let mut out = lines.clone();
    for (i, from) in order.iter().enumerate() {
        out[first + i] = lines[first + from];
    }
    out.join("\n")
}

#[test]
fn the_order_of_the_file_has_no_meaning() {
    let text = small("");
    let circuit = parsed(&text);
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for layers in orders {
        for projections in orders {
            let other = parsed(&permuted(&permuted(&text, "layers", &layers), "projections", &projections));
            for (id, layer) in circuit.layers() {
                let twin = other.find(layer.name()).unwrap();
                let names = |circuit: &Circuit, list: Vec<gncn::circuit::Projection>| {
                    list.iter().map(|p| circuit.tensor_name(p, "generative")).collect::<Vec<_>>()
                };
                assert_eq!(names(&circuit, circuit.afferents(id)), names(&other, other.afferents(twin)));
                assert_eq!(names(&circuit, circuit.efferents(id)), names(&other, other.efferents(twin)));
            }
        }
    }
}

#[test]
fn costs_agree_with_counting_by_hand() {
    let circuit = Circuit::load(repository("circuits/gncn-pdh.ron")).unwrap();
    let totals = Cost::new(&circuit).totals;
    let (generative, learned, covariances) = (953_280, 541_440, 259_200);
    assert_eq!(totals.parameters, generative + learned + covariances, "as its header says");
    assert_eq!(totals.parameters, parameters(&circuit));
    assert_eq!(totals.per_update.generative, generative);
    assert_eq!(totals.per_update.feedback, learned);
    assert_eq!(totals.per_update.precision, covariances);
    assert_eq!(totals.per_update.pathways, 0);
    assert_eq!(totals.per_update.lateral, 3 * 3 * 360);

    // z1 -> z0 learned, z2 -> z1 transposed, z2 -> z0 silent, of 6, 4 and 2 neurons.
    let cost = Cost::new(&parsed(&small("")));
    assert_eq!(cost.totals.parameters, 2 * 24 + 8 + 12);
    assert_eq!(cost.totals.per_update.total(), (24 + 8 + 12) + 24 + 8);
    let links: u64 = cost.links.iter().map(|link| link.multiply_accumulates).sum();
    assert_eq!(links, cost.totals.per_update.total(), "without precision and lateral synapses, links are all");
    assert_eq!(cost.totals.per_settle, 50 * 76 + (44 + 8), "the readout is one firing of the errors");
}

/// The one line that a hostile text gives, in good time.
fn refused(text: &[u8]) -> CircuitError {
    let begun = Instant::now();
    let error = Circuit::parse(text).unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(60), "took {:?}", begun.elapsed());
    assert_eq!(error.mistakes.len(), 1);
    let line = error.to_string();
    assert!(line.lines().count() == 1 && line.len() < 1000, "{} characters: {}", line.len(), &line[..200]);
    error
}

#[test]
fn ten_megabytes_of_anything_are_refused_in_one_line() {
    let many = |piece: &str| piece.repeat(10_000_000 / piece.len());
    let opened = |piece: &str| format!("Circuit(name: \"x\", layers: {{\"z0\": (size: 1, sense: {}", many(piece));
    for piece in ["(", "[", "{", "Some(", "/*", "#![enable(implicit_some)]", "a", "\"", "'", "r#", "-", "\n", "9"] {
        refused(many(piece).as_bytes());
        refused(opened(piece).as_bytes());
    }
    refused(&vec![0xff; 10_000_000]);
    refused(&vec![0; 10_000_000]);
    let error = refused(" ".repeat((16 << 20) + 1).as_bytes());
    assert_eq!(error.to_string(), "the text is longer than 16 MiB, so it is not a circuit");
}

#[test]
fn a_flood_of_mistakes_is_cut_short() {
    let begun = Instant::now();
    let projections = "(from: \"a\", to: \"b\", feedback: Transposed),".repeat(16_000);
    let layers: String = (0..4000).map(|i| format!("\"layer-{i}\": (size: 0),")).collect();
    let text = format!("Circuit(name: \"x\", layers: {{{layers}}}, projections: [{projections}])");
    let error = Circuit::parse(text.as_bytes()).unwrap_err();
    assert_eq!(error.mistakes.len(), 101);
    assert!(error.mistakes[100].text.starts_with("and "), "{}", error.mistakes[100]);

    let crowd: String = (0..200_000).map(|i| format!("\"{i}\": (size: 1, beta: 0.1),")).collect();
    let text = format!("Circuit(name: \"x\", layers: {{{crowd}}}, projections: [])");
    let error = Circuit::parse(text.as_bytes()).unwrap_err();
    assert_eq!(error.mistakes[0].text, "is 200000, but must be at most 4096");
    assert!(begun.elapsed() < Duration::from_secs(60), "took {:?}", begun.elapsed());
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.ron");
    let words = Circuit::load(&missing).unwrap_err().to_string();
    assert!(words.starts_with(&format!("{}: the file cannot be read: ", missing.display())), "{words}");
    assert!(Circuit::load(folder.path()).is_err(), "a folder is no circuit");
    let large = folder.path().join("large.ron");
    fs::write(&large, vec![b' '; (16 << 20) + 1]).unwrap();
    assert!(Circuit::load(&large).unwrap_err().to_string().ends_with("longer than 16 MiB, so it is not a circuit"));
}

/// Whatever was read must be usable: its wiring can be built, its cost counted, its text written and read.
fn use_it(text: &[u8]) {
    match Circuit::parse(text) {
        Ok(circuit) => {
            let wiring = Wiring::new(&circuit);
            assert!(wiring.links.len() >= 2);
            let _ = Cost::new(&circuit);
            assert_eq!(circuit, parsed(&circuit.to_ron()));
        }
        Err(error) => {
            assert!(!error.mistakes.is_empty());
            assert!(error.to_string().lines().count() == error.mistakes.len(), "{error}");
        }
    }
}

/// A text of the repository with a few words replaced by words of another one, which is how half-right texts
/// arise.
fn mutated() -> impl Strategy<Value = String> {
    let files = good_circuits().into_iter().chain(circuits_in("tests/circuits/bad"));
    let texts: Vec<String> = files.filter_map(|path| fs::read_to_string(path).ok()).collect();
    let text = prop::sample::select(texts);
    let cuts = any::<[prop::sample::Index; 2]>();
    (text.clone(), text, cuts, 0..4_usize, 0..6_usize).prop_map(|(text, other, cuts, removed, inserted)| {
        let (mut text, other) = (words_of(&text), words_of(&other));
        let (at, from) = (cuts[0].index(text.len()), cuts[1].index(other.len()));
        let inserted = other[from..(from + inserted).min(other.len())].to_vec();
        text.splice(at..(at + removed).min(text.len()), inserted);
        text.concat()
    })
}

/// The pieces of a text, at least one.
fn words_of(text: &str) -> Vec<String> {
    let words = text.split_inclusive([' ', ',', '(', ':', '\n']).map(str::to_owned);
    words.chain(std::iter::once(String::new())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        use_it(&bytes);
    }

    #[test]
    fn random_ron_never_panics(text in r#"(Circuit)?\(([a-z]{0,6}: ?(-?[0-9.]{1,5}|"z[0-9]?"|[\[({})\],]|inf|NaN|\\|/\*|'|r#"),? ?){0,20}\)?"#) {
        use_it(text.as_bytes());
    }

    #[test]
    fn mutated_circuits_never_panic(text in mutated()) {
        use_it(text.as_bytes());
    }

    #[test]
    fn numbers_of_any_size_never_panic(
        size in prop::sample::select(vec!["0", "1", "7", "16777216", "16777217", "18446744073709551615"]),
        count in prop::sample::select(vec!["0", "1", "4294967296", "18446744073709551615"]),
        real in prop::sample::select(vec!["0", "-0.0", "1e-45", "0.5", "1", "3.4e38", "1e39", "inf", "-inf", "NaN"]),
    ) {
        let text = small(&format!(
            r#"settling: (steps: {count}, messages: Events(threshold: {real}), schedule: VirtualTime(until: {count},
                clocks: {{"z1": (period: {count}, phase: {count}, jitter: {size})}}, drop: {real},
                delay: Uniform({size}, {count}), lesions: [(population: "z1", at: {count})], seed: {count},
                delays: [(from: "z1", to: "z0.error", delay: Exponential({real}))])),
            learning: (optimizer: Adam(rate: {real}), batch: {count}, epochs: {count}), init: Gaussian(sd: {real})"#
        ));
        let layers = format!("size: {size}, lateral: Columns(size: {count}, excite: {real}, inhibit: {real}), leak: {real}");
        use_it(text.replace("size: 4", &layers).as_bytes());
        use_it(text.as_bytes());
    }
}
