//! The README and the guide, held to what the program does: their first circuit trains, their command lines and schedules
//! parse, and the files they name are there. `tests/suite/guide.rs` runs the guide's commands.

use super::Arguments;
use crate::checkpoint::{Run, RunInfo};
use crate::circuit::{Circuit, Schedule};
use crate::data::{Source, load};
use crate::network::Network;
use crate::training::{Ended, Flow, TrainSpec, Training};
use clap::Parser as _;
use clap::error::ErrorKind;
use std::path::Path;
use std::sync::Arc;

const README: &str = include_str!("../../README.md");

/// The pages of the guide, of which every command line has to parse, too.
const GUIDE: [&str; 8] = [
    FIRST,
    SCHEDULES,
    include_str!("../../docs/guide/studies.md"),
    include_str!("../../docs/guide/lateness.md"),
    include_str!("../../docs/guide/own-circuits.md"),
    include_str!("../../docs/guide/data.md"),
    include_str!("../../docs/guide/page.md"),
    include_str!("../../docs/reference.md"),
];

const FIRST: &str = include_str!("../../docs/guide/first-circuit.md");
const SCHEDULES: &str = include_str!("../../docs/guide/schedules.md");

/// The blocks of a language in the README, without their fences.
fn blocks(language: &str) -> Vec<&'static str> {
    blocks_of(README, language)
}

fn blocks_of(text: &'static str, language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let starts: Vec<&'static str> = text.split(fence.as_str()).skip(1).collect();
    starts.into_iter().map(|text| text.split("```").next().expect("a split has a first part")).collect()
}

/// What stands between single backticks, outside blocks.
fn spans() -> Vec<String> {
    let outside = README.split("```").step_by(2);
    outside.flat_map(|text| text.split('`').skip(1).step_by(2)).map(|span| span.replace('\n', " ")).collect()
}

fn first() -> Circuit {
    let [text] = blocks_of(FIRST, "ron").try_into().expect("one circuit");
    Circuit::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

/// The words of a line of shell: quotes and comments, and no more of its grammar.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (None, '#') if word.is_none() => break,
            (None, '\'' | '"') => (quote, word) = (Some(c), Some(word.unwrap_or_default())),
            (Some(open), c) if open == c => quote = None,
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    assert_eq!(quote, None, "an open quote: {line}");
    words.extend(word);
    words
}

/// The words of a call of gncn, from `gncn` on, where the line is one.
fn call(line: &str) -> Option<Vec<String>> {
    let mut words = words(line);
    let is_setting = |word: &String| word.split_once('=').is_some_and(|(name, _)| !name.contains('-'));
    let settings = words.iter().take_while(|word| is_setting(word)).count();
    words.drain(..settings);
    if words.starts_with(&["cargo", "run", "--release", "--"].map(str::to_owned)) {
        words.splice(..4, ["gncn".to_owned()]);
    }
    (words.len() > 1 && words[0] == "gncn").then_some(words)
}

#[test]
fn every_command_line_parses() {
    let has_all = cfg!(all(feature = "view", feature = "watch"));
    let guide = GUIDE.iter().filter(|_| has_all).flat_map(|text| blocks_of(text, "sh"));
    let lines = blocks("sh").into_iter().chain(guide).flat_map(str::lines).map(str::to_owned);
    let calls: Vec<_> = lines.chain(spans()).filter_map(|line| call(&line)).collect();
    assert!(calls.len() >= 10, "only {} found: {calls:?}", calls.len());
    for mut call in calls {
        // A command's bare name in a sentence has only to be one.
        if call.len() == 2 {
            call.push("--help".to_owned());
        }
        match Arguments::try_parse_from(&call) {
            Err(error) if error.kind() != ErrorKind::DisplayHelp => panic!("{}:\n{error}", call.join(" ")),
            _ => (),
        }
    }
}

#[test]
fn made_up_mistakes_are_caught() {
    assert_eq!(call("X=1 gncn settle 'a b' --c # d"), Some(["gncn", "settle", "a b", "--c"].map(str::to_owned).into()));
    assert_eq!(call("cargo test"), None);
    let parses = |line: &str| Arguments::try_parse_from(call(line).expect("a call")).is_ok();
    assert!(
        parses("cargo run --release -- train a.ron") && !parses("gncn trian a.ron") && !parses("gncn train --fast")
    );
}

#[test]
fn every_schedule_parses_and_every_circuit_is_there() {
    let circuit = first();
    // The first cells of the tables of a section.
    let cells = |text: &'static str| -> Vec<&str> {
        text.lines().filter(|line| line.starts_with("| `")).filter_map(|row| row.split('`').nth(1)).collect()
    };
    let ships = README.split("\n## ").find(|text| text.starts_with("Circuits that ship")).unwrap_or_default();
    let (files, schedules) = (cells(ships), cells(SCHEDULES));
    assert!(files.len() >= 8 && schedules.len() >= 6, "{files:?}, {schedules:?}");
    for text in schedules {
        Schedule::parse(text, &circuit).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
    for name in files {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("circuits").join(name).is_file(), "{name}");
    }
}

#[test]
fn the_first_circuit_learns() {
    let circuit = Arc::new(first());
    let source = Source::parse(Some("digits8x8"));
    let data = load(&source).expect("digits are always there");
    let spec = TrainSpec { epochs: 2, limit: Some(300), test_each_epoch: true, ..TrainSpec::of(&circuit, 0) };
    let info = RunInfo::begun(Vec::new(), spec.seed);
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = Run::create(&folder.path().join("first"), &circuit, info, false).expect("a run folder");
    let network = Network::new(Arc::clone(&circuit), spec.seed);
    let ended = Training::start(&mut run, network, &data, spec).run(&mut |_| Flow::GoOn).expect("it trains");
    assert_eq!(ended, Ended::Finished);
    let metrics = std::fs::read_to_string(run.path("metrics.jsonl")).expect("metrics");
    let bce = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        line["test"]["bce"].as_f64().expect("a figure")
    };
    let figures: Vec<f64> = metrics.lines().map(bce).collect();
    assert!(figures.len() == 2 && figures[1] < figures[0], "{figures:?}");
}
