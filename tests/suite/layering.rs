//! The layers of the crate: a module imports only from lines above it, populations know no machinery, and no file
//! outgrows its one idea.
//!
//! The table below is the one that `src/lib.rs` prints. Source is read as text, comments apart: every path that begins
//! with `crate::` or leads to a top-level module through `super::` counts as an import, wherever it stands. What a rule
//! finds is a list of sentences, so that the rules themselves can be tried on made-up files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules by line of the table. Lines with the same number may not import from each other.
const TABLE: &[(u8, &[&str])] = &[
    (0, &["params", "rng", "kernels", "matrix"]),
    (1, &["signal"]),
    (1, &["data", "picture"]),
    (1, &["circuit"]),
    (2, &["synapse", "learning"]),
    (3, &["population"]),
    (4, &["network", "episode"]),
    (5, &["executor"]),
    (6, &["checkpoint"]),
    (7, &["training", "evaluation"]),
    (9, &["cli", "main"]),
];

/// Imports within one line of the table, each for a reason; one that nobody uses any more has to go.
const SIBLINGS: &[(&str, &str, &str)] = &[
    ("kernels", "params", "a kernel is told which activation, prior or norm it computes"),
    ("picture", "data", "a picture is written as safely as data are, and fails in the same words"),
    ("synapse", "learning", "synapses hold the optimiser that changes them"),
    ("network", "episode", "a network learns from the activities of an episode"),
    ("episode", "network", "activities at rest are made by the populations of a network"),
    ("training", "evaluation", "an epoch ends with the measures of what was held out"),
];

/// Imports that the numbers would allow and the design does not: the actors' minds know neither text nor images.
const NEVER: &[(&str, &str)] = &[
    ("learning", "circuit"),
    ("learning", "data"),
    ("learning", "picture"),
    ("synapse", "circuit"),
    ("synapse", "data"),
    ("synapse", "picture"),
    ("population", "circuit"),
    ("population", "data"),
    ("population", "picture"),
];

/// Parts of the standard library that are no business of a population: clocks, threads, input and output.
const MACHINERY: &[&str] = &["env", "fs", "io", "net", "process", "thread", "time"];

/// Words that mean a clock, a channel, a lock, a thread, a global or output wherever they stand. `Arc` is no such
/// word: what was sent is shared, and can't change.
const MACHINE_WORDS: &[&str] = &[
    "Barrier",
    "Condvar",
    "Instant",
    "LazyLock",
    "Mutex",
    "Once",
    "OnceLock",
    "RwLock",
    "SystemTime",
    "mpsc",
    "static",
    "thread_local",
    "crossbeam",
    "crossbeam_channel",
    "rayon",
    "tokio",
    "tracing",
    "dbg",
    "eprint",
    "eprintln",
    "print",
    "println",
];

/// Lines of a source file, its tests apart.
const MOST_LINES: usize = 500;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Path below `src/` and text of every source file, sorted.
fn files() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&source(), &mut found);
    found.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path.strip_prefix(source()).unwrap().to_owned(), text)
    };
    found.into_iter().map(read).collect()
}

/// The top-level module that a file belongs to: `population/state.rs` is `population`, `rng.rs` is `rng`.
fn module_of(file: &Path) -> String {
    let first = file.iter().next().unwrap().to_string_lossy();
    first.strip_suffix(".rs").unwrap_or(&first).to_owned()
}

fn line_of(module: &str) -> Option<u8> {
    TABLE.iter().find(|(_, modules)| modules.contains(&module)).map(|(line, _)| *line)
}

/// The text without `//` comments, documentation included.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The word that a text begins with, white space apart.
fn first_word(text: &str) -> &str {
    let text = text.trim_start();
    &text[..text.find(|c| !is_word(c)).unwrap_or(text.len())]
}

/// What follows `root::` in every path of `code`: `a` of `root::a::b`, and `a`, `b` of `root::{a::c, b}`.
fn heads(code: &str, root: &str) -> BTreeSet<String> {
    let mut heads = BTreeSet::new();
    for (at, _) in code.match_indices(root) {
        let path = code[at + root.len()..].trim_start().strip_prefix("::").map(str::trim_start);
        let Some(path) = path.filter(|_| !code[..at].ends_with(is_word)) else { continue };
        match path.strip_prefix('{') {
            None => heads.extend([first_word(path).to_owned()]),
            Some(group) => heads.extend(group_heads(group)),
        }
    }
    heads
}

/// The words that the members of a group begin with; `group` begins behind its `{`.
fn group_heads(group: &str) -> Vec<String> {
    let mut heads = vec![first_word(group).to_owned()];
    let mut depth = 1;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => heads.push(first_word(&group[at + 1..]).to_owned()),
            _ => (),
        }
        if depth == 0 {
            break;
        }
    }
    heads.retain(|word| !word.is_empty());
    heads
}

/// The top-level modules that a file imports from; a name that is none of them is kept, to be complained about.
fn imports(text: &str) -> BTreeSet<String> {
    let code = code(text);
    let by_super = heads(&code, "super").into_iter().filter(|name| line_of(name).is_some());
    heads(&code, "crate").into_iter().chain(by_super).collect()
}

/// What is wrong with one import, if anything.
fn objection(module: &str, import: &str) -> Option<String> {
    let Some(line) = line_of(module) else { return Some(format!("`{module}` is not in the table")) };
    let Some(above) = line_of(import) else {
        return Some(format!("imports crate::{import}, which is no module of the table"));
    };
    let is_sibling = SIBLINGS.iter().any(|(from, to, _)| (*from, *to) == (module, import));
    if module == import || is_sibling {
        return None;
    }
    if NEVER.contains(&(module, import)) {
        return Some(format!("imports crate::{import}, which `{module}` must not know"));
    }
    let sentence = || format!("is on line {line} and imports crate::{import} of line {above}, which is not above it");
    (above >= line).then(sentence)
}

/// Imports of a file that its place in the table does not allow.
fn wrong_imports(file: &Path, text: &str) -> Vec<String> {
    let module = module_of(file);
    if module == "lib" {
        return Vec::new();
    }
    let objections = imports(text).into_iter().filter_map(|import| objection(&module, &import));
    objections.map(|sentence| format!("{}: {sentence}", file.display())).collect()
}

/// The words of a text; a lifetime such as `'static` is none.
fn words(code: &str) -> BTreeSet<&str> {
    let starts = code.char_indices().filter(|(at, c)| is_word(*c) && !code[..*at].ends_with(is_word));
    starts.filter(|(at, _)| !code[..*at].ends_with('\'')).map(|(at, _)| first_word(&code[at..])).collect()
}

/// Machinery in a file of `population/`.
fn machinery(file: &Path, text: &str) -> Vec<String> {
    if module_of(file) != "population" {
        return Vec::new();
    }
    let code = code(text);
    let parts = heads(&code, "std").into_iter().filter(|part| MACHINERY.contains(&part.as_str()));
    let is_machine = |word: &&str| MACHINE_WORDS.contains(word) || word.starts_with("Atomic");
    let found =
        parts.map(|part| format!("std::{part}")).chain(words(&code).into_iter().filter(is_machine).map(str::to_owned));
    found.map(|what| format!("{}: a population must not know `{what}`", file.display())).collect()
}

/// A file that has outgrown its budget.
fn too_long(file: &Path, text: &str) -> Vec<String> {
    let own = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = own.lines().count();
    let sentence = || format!("{}: {lines} lines, {MOST_LINES} are the most; a second idea moved in", file.display());
    (lines > MOST_LINES).then(sentence).into_iter().collect()
}

/// Everything that a rule finds in `src/`.
fn in_source(rule: fn(&Path, &str) -> Vec<String>) -> Vec<String> {
    files().iter().flat_map(|(file, text)| rule(file, text)).collect()
}

fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "\n  {}\n", found.join("\n  "));
}

#[test]
fn modules_import_only_from_lines_above_them() {
    assert!(files().len() > TABLE.len(), "the source was not found");
    assert_none(&in_source(wrong_imports));
}

#[test]
fn populations_know_no_machinery() {
    assert!(files().iter().any(|(file, _)| module_of(file) == "population"));
    assert_none(&in_source(machinery));
}

#[test]
fn files_stay_within_their_budget() {
    assert_none(&in_source(too_long));
}

#[test]
fn every_exception_is_needed() {
    let files = files();
    for (from, to, reason) in SIBLINGS {
        assert_eq!(line_of(from), line_of(to), "{from} and {to} are no siblings");
        let is_used = files.iter().any(|(file, text)| module_of(file) == *from && imports(text).contains(*to));
        assert!(is_used, "{from} no longer imports {to} ({reason}): take the exception out");
    }
}

/// The table as `lib.rs` prints it: a number, then names (with `/` for folders and arrows between them) up to the
/// first wide gap that a sentence follows.
#[test]
fn the_table_is_the_one_that_lib_prints() {
    let text = fs::read_to_string(source().join("lib.rs")).unwrap();
    let table = text.split("```text").nth(1).and_then(|rest| rest.split("```").next()).expect("a table in lib.rs");
    let mut printed = Vec::new();
    for line in table.lines().filter_map(|line| line.strip_prefix("//! ")).filter(|line| !line.is_empty()) {
        let (number, rest) = line.split_once(' ').expect("a number and names");
        let names = rest.trim_start().split("    ").next().unwrap_or_default();
        let names =
            names.split_whitespace().filter(|word| *word != "->").map(|word| word.trim_end_matches('/').to_owned());
        printed.push((number.parse::<u8>().expect("a number"), names.collect::<Vec<_>>()));
    }
    let expected: Vec<_> =
        TABLE.iter().map(|(line, modules)| (*line, modules.iter().map(|name| (*name).to_owned()).collect())).collect();
    assert_eq!(printed, expected);

    let declared: Vec<_> = text.lines().filter_map(|line| line.split_once("mod ")?.1.strip_suffix(';')).collect();
    assert!(!declared.is_empty());
    for module in declared {
        assert!(line_of(module).is_some(), "`{module}` is declared in lib.rs and is not in the table");
    }
}

#[test]
fn forbidden_imports_are_found() {
    let wrong = |file: &str, text: &str| wrong_imports(Path::new(file), text);
    for (file, text) in [
        ("population/state.rs", "use crate::network::Network;"),
        ("population/state.rs", "use crate::circuit::Circuit;"),
        ("population/state.rs", "use super::super::executor::Settler;"),
        ("population/mod.rs", "use super::{\n    signal,\n    network::Network,\n};"),
        ("circuit/cost.rs", "use crate::{\n    params::{Feedback, Init},\n    data::Images,\n};"),
        ("circuit/cost.rs", "fn f() -> crate::population::Fired { todo!() }"),
        ("circuit/check/mod.rs", "pub use crate :: signal :: Signal;"),
        ("matrix.rs", "use crate::rng;"),
        ("signal.rs", "use crate::circuit::Circuit;"),
        ("learning/ascent.rs", "use crate::synapse::Synapses;"),
        ("evaluation/mod.rs", "use crate::training::Training;"),
        ("cli/mod.rs", "use crate::Circuit;"),
        ("helpers.rs", "use crate::matrix::Matrix;"),
    ] {
        assert_eq!(wrong(file, text).len(), 1, "{file}: {text}");
    }
    for (file, text) in [
        ("population/state.rs", "use crate::{kernels::{lanes, update}, signal::Signal, synapse};\nuse super::inlet;"),
        ("population/state.rs", "//! See [`crate::network`].\n// use crate::circuit::Circuit;"),
        ("kernels/update.rs", "pub(crate) fn f() {}\nuse crate::kernels::lanes;\nuse crate::params::Prior;"),
        ("synapse.rs", "use crate::learning::Ascent;"),
        ("circuit/cost.rs", "use super::error::CircuitError; use subcrate::network::Network;"),
        ("cli/mod.rs", "use crate::training::Training;"),
        ("main.rs", "fn main() { gncn::cli::main() }"),
    ] {
        assert_eq!(wrong(file, text), Vec::<String>::new(), "{file}: {text}");
    }
}

#[test]
fn forbidden_machinery_is_found() {
    let found = |text: &str| machinery(Path::new("population/state.rs"), text);
    for text in [
        "use std::time;",
        "use std::{sync::Arc, thread};",
        "use std::sync::{Arc, mpsc};",
        "held: Arc<Mutex<Matrix>>,",
        "held: std::sync::RwLock<f32>,",
        "use std::sync::atomic::AtomicU64;",
        "static COUNT: u64 = 0;",
        "crossbeam::scope(f);",
        "tokio::spawn(f);",
        "use rayon::prelude::*;",
        "use std::io::Write as _;",
        "std::fs::read(path)",
        "println!(\"{state:?}\");",
    ] {
        assert_eq!(found(text).len(), 1, "{text}: {:?}", found(text));
        assert_eq!(machinery(Path::new("executor/threads.rs"), text), Vec::<String>::new());
    }
    let allowed =
        "use std::sync::Arc;\n/// Not a Mutex.\ntrait P: Send + 'static {}\nfn f(name: &'static str, statics: u8) {}";
    assert_eq!(found(allowed), Vec::<String>::new());
}

#[test]
fn a_file_over_budget_is_found() {
    let lines = |n: usize| "x\n".repeat(n);
    let found = |text: &str| too_long(Path::new("matrix.rs"), text).len();
    assert_eq!(found(&lines(MOST_LINES)), 0);
    assert_eq!(found(&lines(MOST_LINES + 1)), 1);
    assert_eq!(found(&(lines(MOST_LINES) + "#[cfg(test)]\nmod tests {\n" + &lines(400))), 0);
}
