//! The layers of the crate, and the fence around populations, read from the source text; `circles` holds files to what
//! the layers hold folders to, and `names` holds types to one name each.
//!
//! Every path in code that starts with `crate` or `super` counts, in a `use` or not, in unit tests or not; comments and
//! strings don't.

#[path = "layering/circles.rs"]
mod circles;
#[path = "layering/names.rs"]
mod names;
#[path = "layering/text.rs"]
mod text;

use text::{code, line_of, paths, sources, upward, without_tests, words};

/// What a module may import besides itself.
enum May {
    /// Nothing but this.
    Only(&'static [&'static str]),
    /// All lines above its own but `not`, and `also`.
    Above { not: &'static [&'static str], also: &'static [&'static str] },
}

use May::{Above, Only};

/// The table of `src/lib.rs`: line, module, what it may import.
const LAYERS: &[(u8, &str, May)] = &[
    (0, "params", Only(&[])),
    (0, "rng", Only(&[])),
    (0, "machine", Only(&[])),
    (0, "blame", Only(&[])),
    (0, "matrix", Only(&[])),
    // Bytes only: what they mean is known above.
    (0, "ranks", Only(&[])),
    (0, "kernels", Only(&["params"])),
    (1, "signal", Only(&["params", "matrix", "kernels"])),
    (1, "weights", Only(&["matrix", "kernels"])),
    (1, "data", Only(&["blame", "matrix", "rng", "params"])),
    (1, "picture", Only(&["data"])),
    (1, "circuit", Only(&["blame", "params"])),
    (2, "learning", Above { not: &[], also: &[] }),
    (2, "synapse", Above { not: &[], also: &["learning"] }),
    // A population never sees a circuit or a data set.
    (3, "population", Above { not: &["circuit", "data", "picture"], also: &[] }),
    (4, "episode", Above { not: &[], also: &[] }),
    (4, "activities", Above { not: &[], also: &["episode"] }),
    (4, "network", Above { not: &[], also: &["episode", "activities"] }),
    // Of data, an executor needs only how a file is written whole, and read within bounds.
    (5, "executor", Above { not: &["data"], also: &["data::atomic", "data::bounded"] }),
    (5, "stability", Above { not: &["data", "executor"], also: &[] }),
    (6, "checkpoint", Above { not: &[], also: &[] }),
    (7, "evaluation", Above { not: &[], also: &[] }),
    (7, "training", Above { not: &[], also: &["evaluation"] }),
    // The compared models have no populations.
    (
        7,
        "baseline",
        Above { not: &["circuit", "population", "executor", "episode"], also: &["training", "evaluation"] },
    ),
    (8, "view", Above { not: &[], also: &[] }),
    (8, "paper", Above { not: &[], also: &["view"] }),
    (8, "study", Above { not: &[], also: &["view"] }),
    (9, "cli", Above { not: &[], also: &[] }),
    (9, "main", Above { not: &[], also: &["cli"] }),
];

/// Paths that lead out of a population.
const NO_PATHS: &[&str] = &["std::time", "std::thread", "std::io", "std::fs"];

/// Starts of names that lead out of a population.
const NO_NAMES: &[&str] = &["mpsc", "Mutex", "RwLock", "Atomic", "crossbeam", "tokio", "rayon", "println", "eprintln"];

/// No file of `src/` is longer.
const MOST_LINES: usize = 500;

#[test]
fn modules_import_only_from_lines_above() {
    refuse(imports);
}

#[test]
fn populations_have_no_clock_channel_lock_thread_or_file() {
    refuse(reaches);
}

#[test]
fn files_are_short() {
    refuse(length);
}

#[test]
fn made_up_imports_are_caught() {
    let caught = |path: &str, text: &str| !imports(path, text).is_empty();
    assert_eq!(
        imports("src/population/state.rs", "//! Text.\nuse crate::executor::Settler;\n"),
        ["src/population/state.rs:2: `population` imports `executor::Settler`"]
    );
    assert!(caught("src/learning/mod.rs", "use crate::synapse::Synapses;"));
    assert!(caught("src/population/any.rs", "use crate::circuit::Circuit;"));
    assert!(caught("src/matrix.rs", "pub use crate::params;"));
    assert!(caught("src/evaluation/mod.rs", "pub(crate) use crate::{matrix::Matrix, training::{self, Flow}};"));
    assert!(caught("src/executor/log.rs", "use crate::data::{atomic, Images};"));
    assert!(caught("src/signal.rs", "fn f(x: &crate::network::Network) {}"));
    assert!(caught("src/novel.rs", ""), "a module that isn't in the table");
    assert_eq!(
        imports("src/population/state.rs", "\nuse super::super::executor::Settler;\n"),
        ["src/population/state.rs:2: `population` imports `executor::Settler`"]
    );
    assert!(caught("src/matrix.rs", "use super::network;"));
    assert!(caught("src/population/mod.rs", "use super::{network::Network};"));
    assert!(caught("src/population/mod.rs", "use super::*;"), "everything is too much");
    assert!(caught("src/circuit/check/graph.rs", "fn f(x: super::super::super::training::Flow) {}"));
    assert!(caught("src/circuit/check/mod.rs", "pub(in super::super) use super::super::{training, error};"));
    assert!(caught("src/circuit/mod.rs", "mod inner { use super::super::training::Flow; }"), "an inline module");
    assert!(caught("src/matrix.rs", "mod tests { use super::super::network::Network; }"));

    assert!(!caught("src/executor/log.rs", "use crate::data::{\n    atomic,\n};\nuse crate::network::Network as N;"));
    assert!(!caught("src/network.rs", "use crate::activities::Activities;"));
    assert!(!caught("src/signal.rs", "// use crate::cli;\n/* crate::cli /* */ crate::cli */ fn f() {}"));
    assert!(!caught("src/matrix.rs", "#[cfg(test)]\nmod tests {\n    use super::*;\n}"), "its own");
    assert!(!caught("src/population/state.rs", "use super::inlet::Inlet;\nuse super::super::matrix::Matrix;"));
    assert!(!caught("src/circuit/check/graph.rs", "use super::super::error::CircuitError;\npub(super) fn f() {}"));
    assert!(!caught(
        "src/population/mod.rs",
        "mod sealed { pub trait Sealed {} impl Sealed for super::state::State {} }"
    ));
    assert!(!caught("src/signal.rs", r####"const A: [&str; 2] = ["\" crate::cli", r#"" crate::cli"#];"####));
}

#[test]
fn made_up_escapes_are_caught() {
    let caught = |text: &str| !reaches("src/population/state.rs", text).is_empty();
    assert_eq!(
        reaches("src/population/state.rs", "\nuse std::time::Instant;"),
        ["src/population/state.rs:2: a population must not use `std::time::Instant`"]
    );
    assert!(caught("use std::{fmt, io::Write};"));
    assert!(caught("use std::sync::{Arc, Mutex};"));
    assert!(caught("use std::sync::atomic::AtomicUsize;"));
    assert!(caught("use crossbeam_channel::Sender;"));
    assert!(caught("static COUNT: u8 = 0;"));
    assert!(caught("fn f() { println!(); }"));
    assert!(caught("#[cfg(test)]\nmod tests { fn f() {} }\nuse std::fs;"), "code after the unit tests");

    assert!(!caught("fn f(name: &'static str) -> char { '\"' } // Mutex"));
    assert!(!caught("#[cfg(test)]\nmod tests { use std::time::Instant; fn f() {} }"));
    assert!(reaches("src/executor/threads.rs", "use std::thread;").is_empty());
}

#[test]
fn a_made_up_long_file_is_caught() {
    assert!(length("src/long.rs", &"\n".repeat(MOST_LINES)).is_empty());
    assert_eq!(length("src/long.rs", &"\n".repeat(MOST_LINES + 1)).len(), 1);
}

/// Runs `check` on every file of `src/` and fails with all that it finds.
fn refuse(check: fn(&str, &str) -> Vec<String>) {
    let found: Vec<String> = sources().iter().flat_map(|(path, text)| check(path, text)).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// Imports of a file that the table doesn't allow.
fn imports(path: &str, text: &str) -> Vec<String> {
    let inside = path.trim_start_matches("src/");
    let module = inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs");
    // The root declares the modules and imports nothing.
    let Some((line, _, may)) = LAYERS.iter().find(|(_, name, _)| *name == module) else {
        return if module == "lib" { Vec::new() } else { vec![format!("{path}: `{module}` is not in the table")] };
    };
    let refused = |to: &str| !is_below(to, &[module]) && !allows(may, *line, to);
    let code = code(text);
    let from_root = paths(&code, "crate").into_iter().map(|(at, to)| (line_of(&code, at), to));
    let found = from_root.chain(upward(path, &code)).filter(|(_, to)| refused(to));
    found.map(|(at, to)| format!("{path}:{at}: `{module}` imports `{to}`")).collect()
}

fn allows(may: &May, line: u8, to: &str) -> bool {
    match may {
        Only(list) => is_below(to, list),
        Above { not, also } => {
            let above = LAYERS.iter().any(|(other, name, _)| *other < line && is_below(to, &[name]));
            is_below(to, also) || above && !is_below(to, not)
        }
    }
}

/// Whether `path` is one of `list` or inside one of them.
fn is_below(path: &str, list: &[&str]) -> bool {
    list.iter().any(|start| path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with("::")))
}

/// What a file of `population/` uses that leads out of it, unit tests apart.
fn reaches(path: &str, text: &str) -> Vec<String> {
    if !path.starts_with("src/population/") {
        return Vec::new();
    }
    let code = without_tests(code(text));
    let std = paths(&code, "std").into_iter().map(|(at, to)| (line_of(&code, at), format!("std::{to}")));
    let mut found: Vec<_> = std.filter(|(_, to)| is_below(to, NO_PATHS)).collect();
    // `'static` is a lifetime and no static.
    let names = words(&code).into_iter().filter(|(start, _)| *start == 0 || code[start - 1] != '\'');
    let names = names.filter(|(_, word)| word == "static" || NO_NAMES.iter().any(|name| word.starts_with(name)));
    found.extend(names.map(|(start, word)| (line_of(&code, start), word)));
    found.iter().map(|(at, what)| format!("{path}:{at}: a population must not use `{what}`")).collect()
}

fn length(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    if lines <= MOST_LINES { Vec::new() } else { vec![format!("{path}: {lines} lines; at most {MOST_LINES}")] }
}
