//! Rust as these tests read it: code without comments and strings, its words, and the paths that it names.

use std::path::{Path, PathBuf};

/// Every file of `src/` but the bindings, which are a package of their own: its path from the root on and its text, in the
/// order of the paths.
pub(super) fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    assert!(files.len() > 50, "only {} files found", files.len());
    files.sort();
    files.iter().map(|file| (name(root, file), read(file))).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the sources") {
        let path = entry.expect("an entry of the sources").path();
        if path.join("Cargo.toml").exists() {
            continue;
        }
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

/// Every path that starts with `super`, from the root on, and its line.
pub(super) fn upward(path: &str, code: &[char]) -> Vec<(usize, String)> {
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

/// The text with blanks for comments, strings and characters; every line keeps its number.
pub(super) fn code(text: &str) -> Vec<char> {
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
pub(super) fn without_tests(mut code: Vec<char>) -> Vec<char> {
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
pub(super) fn words(code: &[char]) -> Vec<(usize, String)> {
    let starts = (0..code.len()).filter(|at| is_of_word(code[*at]) && (*at == 0 || !is_of_word(code[at - 1])));
    starts.map(|at| (at, code[at..].iter().take_while(|c| is_of_word(**c)).collect())).collect()
}

pub(super) fn line_of(code: &[char], at: usize) -> usize {
    1 + code[..at].iter().filter(|c| **c == '\n').count()
}

/// Every path that starts with `root::`, without it and with groups written out, and where it starts.
pub(super) fn paths(code: &[char], root: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let words = words(code);
    // `pub(in crate::a)` says who may see, and imports nothing.
    let is_visibility = |i: usize| i > 0 && words[i - 1].1 == "in" && code[..words[i - 1].0].ends_with(&['(']);
    let starts = (0..words.len()).filter(|i| words[*i].1 == root && !is_visibility(*i)).map(|i| words[i].0);
    for start in starts {
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
