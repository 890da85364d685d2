//! No circle of imports among files: whoever reads a file can read what it builds on first.
//!
//! A file depends on every file that defines something it names by a path from `crate`, `super` or `self`, or from a
//! module that it declares. A name that a module only passes on (`pub use`) leads to the file that defines it; passing it
//! on makes the module depend on that file, too. Unit tests are no part of this.

use super::text::{code, paths, sources, upward, without_tests, words};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

#[test]
fn no_files_import_each_other_in_a_circle() {
    let found = circles(&sources(), &[]);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn made_up_circles_are_caught() {
    let found = |files: &[(&str, &str)]| {
        let files: Vec<_> = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        circles(&files, &["loose"])
    };
    let two = [("src/a.rs", "use crate::b::B;\npub struct A;"), ("src/b.rs", "use crate::a::A;\npub struct B;")];
    assert_eq!(found(&two), ["a -> b -> a"]);
    assert_eq!(
        found(&[
            ("src/a/mod.rs", "mod b;\npub use b::B;\npub struct A;"),
            ("src/a/b.rs", "use super::A;\npub struct B;"),
        ]),
        ["a -> a::b -> a"],
        "a module and its part"
    );
    let by_call = [
        ("src/a/mod.rs", "mod b;\nmod c;"),
        ("src/a/b.rs", "pub fn f() { super::c::g(); }"),
        ("src/a/c.rs", "use super::b::{self};\npub fn g() { b::f(); }"),
    ];
    assert_eq!(found(&by_call), ["a::b -> a::c -> a::b"], "a path in code");
    let three = [
        ("src/a.rs", "use crate::b::B;"),
        ("src/b.rs", "pub use crate::c::C as B;"),
        ("src/c.rs", "use crate::{a::A, d};\npub struct C;"),
        ("src/d.rs", ""),
    ];
    assert_eq!(found(&three), ["a -> b -> c -> a"]);
    let loose = [("src/loose/b.rs", "use super::c::C;"), ("src/loose/c.rs", "use super::b::B;")];
    assert!(found(&loose).is_empty(), "a folder that is not held to it yet");
    let through =
        [("src/loose/b.rs", "use crate::x::X;\npub struct B;"), ("src/x.rs", "use crate::loose::b::B;\npub struct X;")];
    assert_eq!(found(&through), ["loose::b -> x -> loose::b"], "only its own circles are not held to it");

    let passed_on = [
        ("src/lib.rs", "mod a;\npub use a::{B, C};"),
        ("src/a/mod.rs", "mod b;\nmod c;\npub use b::B;\npub use c::C;"),
        ("src/a/b.rs", "pub struct B;"),
        ("src/a/c.rs", "use super::B;\nuse crate::a;\npub struct C;"),
    ];
    assert_eq!(found(&passed_on), ["a -> a::c -> a"], "the module itself");
    let passed_on = [passed_on[0], passed_on[1], passed_on[2], ("src/a/c.rs", "use super::B;\npub struct C;")];
    assert!(found(&passed_on).is_empty(), "what a module passes on is where it is defined");
    let tests =
        [two[0], ("src/b.rs", "pub struct B;\n#[cfg(test)]\nmod tests { use crate::a::A; }\n// use crate::a::A;")];
    assert!(found(&tests).is_empty(), "unit tests and comments");
}

/// A file as others see it.
struct Source {
    /// What is defined in it.
    defined: HashSet<String>,
    /// Every path that it names, from the root on.
    named: Vec<String>,
    /// Of names that it brings into reach: where they lead.
    brought: HashMap<String, String>,
}

/// Every circle of files, as the shortest way around from its first member.
fn circles(files: &[(String, String)], not_yet: &[&str]) -> Vec<String> {
    let modules: BTreeSet<String> = files.iter().map(|(path, _)| module(path)).collect();
    let sources: BTreeMap<String, Source> =
        files.iter().map(|(path, text)| (module(path), source(path, text, &modules))).collect();
    let edges: BTreeMap<&str, BTreeSet<&str>> =
        sources.iter().map(|(name, source)| (name.as_str(), edges(name, source, &sources, not_yet))).collect();
    let mut seen: HashSet<&str> = HashSet::new();
    let mut found = Vec::new();
    for start in edges.keys() {
        if seen.contains(start) {
            continue;
        }
        let Some(way) = way_around(start, &edges) else { continue };
        // Whoever is on a circle with `start` is told with it.
        let ahead = reached(start, &edges);
        seen.extend(ahead.iter().filter(|other| reached(other, &edges).contains(start)));
        found.push(way.join(" -> "));
    }
    found
}

/// `circuit::check` for `src/circuit/check/mod.rs`; the root is empty.
fn module(path: &str) -> String {
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs");
    let parts: Vec<_> = inside.split('/').filter(|part| *part != "mod" && *part != "lib").collect();
    parts.join("::")
}

fn below(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}

fn source(path: &str, text: &str, modules: &BTreeSet<String>) -> Source {
    let code = without_tests(code(text));
    let own = module(path);
    let words = words(&code);
    let kinds = ["struct", "enum", "fn", "trait", "const", "static", "type", "union", "macro_rules"];
    let pairs = words.windows(2).filter(|pair| kinds.contains(&pair[0].1.as_str()));
    let defined = pairs.map(|pair| pair[1].1.clone()).collect();
    let mut named: Vec<String> = paths(&code, "crate").into_iter().map(|(_, to)| to).collect();
    named.extend(upward(path, &code).into_iter().map(|(_, to)| to));
    named.extend(paths(&code, "self").into_iter().map(|(_, to)| below(&own, &to)));
    // Paths that start at a module that this file declares, and not in the middle of another path.
    let children = modules.iter().filter_map(|module| {
        let name = if own.is_empty() { module.as_str() } else { module.strip_prefix(&own)?.strip_prefix("::")? };
        (!name.is_empty() && !name.contains("::")).then_some(name)
    });
    for child in children {
        let starts = paths(&code, child).into_iter().filter(|(at, _)| *at < 2 || code[at - 2..*at] != [':', ':']);
        named.extend(starts.map(|(_, to)| below(&own, &format!("{child}::{to}"))));
    }
    let last = |path: &String| path.rsplit("::").next().unwrap_or(path).to_owned();
    let brought = named.iter().map(|path| (last(path), path.clone())).collect();
    Source { defined, named, brought }
}

/// The files that a file depends on.
fn edges<'a>(own: &str, source: &Source, sources: &'a BTreeMap<String, Source>, not_yet: &[&str]) -> BTreeSet<&'a str> {
    let folder = |module: &str| module.split("::").next().unwrap_or(module).to_owned();
    let is_excused = |to: &str| folder(to) == folder(own) && not_yet.contains(&folder(own).as_str());
    let files = source.named.iter().filter_map(|path| defining(path, sources, 8));
    files.filter(|to| *to != own && !is_excused(to)).collect()
}

/// The file that defines what `path` leads to, over at most `hops` modules that only pass it on.
fn defining<'a>(path: &str, sources: &'a BTreeMap<String, Source>, hops: usize) -> Option<&'a str> {
    let parts: Vec<&str> = path.split("::").collect();
    let module = (0..=parts.len()).rev().map(|n| parts[..n].join("::")).find(|name| sources.contains_key(name))?;
    let (module, source) = sources.get_key_value(&module)?;
    let depth = if module.is_empty() { 0 } else { module.split("::").count() };
    let Some(name) = parts.get(depth) else { return Some(module) };
    match source.brought.get(*name).filter(|_| hops > 0 && !source.defined.contains(*name)) {
        Some(further) => defining(further, sources, hops - 1).or(Some(module)),
        // The root defines nothing that a file could depend on.
        None => (!module.is_empty()).then_some(module),
    }
}

/// All that can be reached from `start` in one step or more.
fn reached<'a>(start: &str, edges: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = edges[start].iter().copied().collect();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(&edges[next]);
        }
    }
    found
}

/// A shortest way from `start` back to it, with `start` at both ends.
fn way_around<'a>(start: &'a str, edges: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Option<Vec<&'a str>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = std::collections::VecDeque::from([start]);
    while let Some(at) = open.pop_front() {
        for next in &edges[at] {
            if *next == start {
                let mut way = vec![at];
                while let Some(earlier) = before.get(way[way.len() - 1]) {
                    way.push(earlier);
                }
                way.reverse();
                way.push(start);
                return Some(way);
            }
            if !before.contains_key(next) {
                before.insert(next, at);
                open.push_back(next);
            }
        }
    }
    None
}
