//! The layers of the crate, and the fence around populations, read from the source text.
//!
//! Every path in code that starts with `crate` or `super` counts, in a `use` or not, in unit tests or not; comments and
//! strings don't.

use std::path::{Path, PathBuf};

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
    (0, "matrix", Only(&[])),
    (0, "kernels", Only(&["params"])),
    (1, "signal", Only(&["matrix", "kernels"])),
    (1, "weights", Only(&["matrix", "kernels"])),
    (1, "data", Only(&["matrix", "rng", "params"])),
    (1, "picture", Only(&["data"])),
    (1, "circuit", Only(&["params"])),
    (2, "learning", Above { not: &[], also: &[] }),
    (2, "synapse", Above { not: &[], also: &["learning"] }),
    // A population never sees a circuit or a data set.
    (3, "population", Above { not: &["circuit", "data", "picture"], also: &[] }),
    (4, "network", Above { not: &[], also: &["episode"] }),
    (4, "episode", Above { not: &[], also: &["network"] }),
    // Of data, an executor needs only how a file is written whole.
    (5, "executor", Above { not: &["data"], also: &["data::atomic"] }),
    (6, "checkpoint", Above { not: &[], also: &[] }),
    (7, "evaluation", Above { not: &[], also: &[] }),
    (7, "training", Above { not: &[], also: &["evaluation"] }),
    // The compared models have no populations.
    (
        7,
        "baseline",
        Above { not: &["circuit", "population", "executor", "episode"], also: &["training", "evaluation"] },
    ),
    (8, "study", Above { not: &[], also: &[] }),
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
    assert!(!caught("src/network.rs", "use crate::episode::Activities;"));
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    assert!(files.len() > 50, "only {} files found", files.len());
    files.sort();
    let found: Vec<String> = files.iter().flat_map(|file| check(&name(root, file), &read(file))).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the sources") {
        let path = entry.expect("an entry of the sources").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// A path from the root on, with `/` on every system.
fn name(root: &Path, file: &Path) -> String {
    let inside = file.strip_prefix(root).expect("a file below the root");
    let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|cause| panic!("{}: {cause}", file.display()))
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

/// Every path that starts with `super`, from the root on, and its line.
fn upward(path: &str, code: &[char]) -> Vec<(usize, String)> {
    let file = path.trim_start_matches("src/").trim_end_matches(".rs");
    let file: Vec<String> = file.split('/').filter(|part| *part != "mod").map(ToOwned::to_owned).collect();
    let inner = inline_modules(code);
    // Of `super::super::x` the second `super` is no start.
    let starts = paths(code, "super").into_iter().filter(|(at, _)| *at < 2 || code[at - 2..*at] != [':', ':']);
    let from_root = |(at, to): (usize, String)| {
        let around = inner.iter().filter(|(from, to, _)| (*from..*to).contains(&at)).map(|(_, _, name)| name.clone());
        let mut module: Vec<String> = file.iter().cloned().chain(around).collect();
        let mut rest = to.as_str();
        module.pop();
        while let Some(further) = rest.strip_prefix("super::") {
            rest = further;
            module.pop();
        }
        if rest == "super" {
            module.pop();
        } else {
            module.push(rest.to_owned());
        }
        // The root itself stands for everything in it.
        let path = if module.is_empty() { "*".to_owned() } else { module.join("::") };
        (line_of(code, at), path)
    };
    starts.map(from_root).collect()
}

/// Modules that are written inside a file: where they begin and end, and their names, the outer before the inner.
fn inline_modules(code: &[char]) -> Vec<(usize, usize, String)> {
    let words = words(code);
    let pairs = words.windows(2).filter(|pair| pair[0].1 == "mod");
    let body = |pair: &[(usize, String)]| {
        let mut start = pair[1].0 + pair[1].1.chars().count();
        skip_space(code, &mut start);
        let (mut depth, mut end) = (0, start);
        while end < code.len() {
            match code[end] {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => (),
            }
            end += 1;
            if depth == 0 {
                break;
            }
        }
        (code.get(start) == Some(&'{')).then(|| (start, end, pair[1].1.clone()))
    };
    pairs.filter_map(body).collect()
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

/// The text with blanks for comments, strings and characters; every line keeps its number.
fn code(text: &str) -> Vec<char> {
    let text: Vec<char> = text.chars().collect();
    let mut code = Vec::with_capacity(text.len());
    while code.len() < text.len() {
        let at = code.len();
        let end = at + skipped(&text, at);
        if end == at {
            code.push(text[at]);
        }
        code.extend(text[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
    }
    code
}

/// The length of the comment, string or character that starts at `at`; 0 where none does.
fn skipped(text: &[char], at: usize) -> usize {
    let rest = &text[at..];
    let is_inside_word = at > 0 && is_of_word(text[at - 1]);
    let length = match rest {
        ['/', '/', ..] => rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => block_comment(rest),
        ['"', ..] => quoted(rest, '"'),
        ['\'', '\\', ..] | ['\'', _, '\'', ..] => quoted(rest, '\''),
        ['r', '"' | '#', ..] if !is_inside_word => raw_string(rest, 1),
        ['b', 'r', '"' | '#', ..] if !is_inside_word => raw_string(rest, 2),
        _ => 0,
    };
    length.min(rest.len())
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// A raw string whose `#` or quote comes after `prefix` characters; 0 for a raw name such as `r#type`.
fn raw_string(rest: &[char], prefix: usize) -> usize {
    let hashes = rest[prefix..].iter().take_while(|c| **c == '#').count();
    let open = prefix + hashes;
    if rest.get(open) != Some(&'"') {
        return 0;
    }
    let is_end = |at: &usize| rest[*at] == '"' && rest[at + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
    (open + 1..rest.len()).find(is_end).map_or(rest.len(), |end| end + 1 + hashes)
}

/// The code with blanks for what is under `#[cfg(test)]`.
fn without_tests(mut code: Vec<char>) -> Vec<char> {
    let mark: Vec<char> = "#[cfg(test)]".chars().collect();
    while let Some(start) = code.windows(mark.len()).position(|window| window == mark) {
        let (mut depth, mut end) = (0, start);
        while end < code.len() {
            match code[end] {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => (),
            }
            end += 1;
            if depth == 0 && matches!(code[end - 1], '}' | ';') {
                break;
            }
        }
        code[start..end].iter_mut().filter(|c| **c != '\n').for_each(|c| *c = ' ');
    }
    code
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The words of the code and where they start.
fn words(code: &[char]) -> Vec<(usize, String)> {
    let starts = (0..code.len()).filter(|at| is_of_word(code[*at]) && (*at == 0 || !is_of_word(code[at - 1])));
    starts.map(|at| (at, code[at..].iter().take_while(|c| is_of_word(**c)).collect())).collect()
}

fn line_of(code: &[char], at: usize) -> usize {
    1 + code[..at].iter().filter(|c| **c == '\n').count()
}

/// Every path that starts with `root::`, without it and with groups written out, and where it starts.
fn paths(code: &[char], root: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (start, _) in words(code).into_iter().filter(|(_, word)| word == root) {
        let mut at = start + root.len();
        if code[at..].starts_with(&[':', ':']) {
            at += 2;
            let mut leaves = Vec::new();
            tree(code, &mut at, "", &mut leaves);
            found.extend(leaves.into_iter().map(|leaf| (start, leaf)));
        }
    }
    found
}

/// The leaves of the tree of paths at `at`, which moves behind it.
fn tree(code: &[char], at: &mut usize, parent: &str, leaves: &mut Vec<String>) {
    skip_space(code, at);
    if code.get(*at) == Some(&'{') {
        *at += 1;
        while *at < code.len() && code[*at] != '}' {
            tree(code, at, parent, leaves);
            // Whatever is left of a member, such as `as Name`.
            while *at < code.len() && !matches!(code[*at], ',' | '}') {
                *at += 1;
            }
            *at += usize::from(code.get(*at) == Some(&','));
            skip_space(code, at);
        }
        *at += 1;
        return;
    }
    let word: String = code[*at..].iter().take_while(|c| is_of_word(**c) || **c == '*').collect();
    *at += word.chars().count();
    let path = match (parent, word.as_str()) {
        (_, "self") => parent.to_owned(),
        ("", _) => word,
        _ => format!("{parent}::{word}"),
    };
    // A turbofish is no part of a path.
    let goes_on = code[*at..].starts_with(&[':', ':']) && code.get(*at + 2) != Some(&'<');
    if goes_on {
        *at += 2;
        tree(code, at, &path, leaves);
    } else {
        leaves.push(path);
    }
}

fn skip_space(code: &[char], at: &mut usize) {
    while code.get(*at).is_some_and(|c| c.is_whitespace()) {
        *at += 1;
    }
}
