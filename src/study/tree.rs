//! The text of a RON file as a tree whose parts can be replaced: heads, brackets and entries, each as it was written.
//!
//! This knows nothing of circuits. It runs over text that has been read without complaint before, and what it makes is read
//! and checked again, so that here nothing has to be refused but a path that leads nowhere.

use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

/// A value of a RON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tree {
    /// A word, number or string; the name before a bracket; empty where a bracket stands alone.
    head: String,
    body: Option<Body>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Body {
    open: char,
    /// Entries with their keys, where they have one.
    entries: Vec<(Option<String>, Tree)>,
}

/// A step on a path of fields, such as `layers.*.beta` or `projections[0].feedback`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PathStep {
    /// A field, or an entry of a map.
    Name(String),
    /// Every entry of a map or list.
    Every,
    /// An entry of a list, from 0.
    Place(usize),
}

/// Where a path leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Astray {
    /// A map has no such entry, but these.
    Entry { name: String, there: Vec<String> },
    /// A list has no such place.
    Place { place: usize, length: usize },
    /// There is nothing that has entries.
    Leaf,
}

/// The steps of a path; `None` where it isn't one.
pub(super) fn steps(path: &str) -> Option<Vec<PathStep>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, places) = part.split_at(part.find('[').unwrap_or(part.len()));
        match name {
            "" => return None,
            "*" => steps.push(PathStep::Every),
            name => steps.push(PathStep::Name(name.to_owned())),
        }
        for place in places.split('[').skip(1) {
            steps.push(PathStep::Place(place.strip_suffix(']')?.parse().ok()?));
        }
    }
    Some(steps)
}

impl Tree {
    /// The tree of a text.
    pub(super) fn of(text: &str) -> Self {
        let mut reader = Reader { rest: text.chars().peekable() };
        reader.space();
        while reader.rest.peek() == Some(&'#') {
            // An attribute, such as `#![enable(implicit_some)]`: circuits are read with it anyway.
            while reader.rest.next().is_some_and(|c| c != ']') {}
            reader.space();
        }
        reader.value()
    }

    /// What a field or an entry of a map holds.
    pub(super) fn field(&self, name: &str) -> Option<&Self> {
        let entries = &self.body.as_ref()?.entries;
        entries.iter().find(|(key, _)| key.as_deref().map(unquoted) == Some(name)).map(|(_, value)| value)
    }

    /// The entries, with the names of those that have one.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Option<&str>, &Self)> {
        let entries = self.body.iter().flat_map(|body| &body.entries);
        entries.map(|(key, value)| (key.as_deref().map(unquoted), value))
    }

    /// The text without quotes of a string.
    pub(super) fn word(&self) -> &str {
        unquoted(&self.head)
    }

    /// Puts `value` at a path. A field that isn't written yet is added; an entry of a map has to be there.
    pub(super) fn set(&mut self, path: &[PathStep], value: &Self) -> Result<(), Astray> {
        let Some((step, rest)) = path.split_first() else {
            *self = value.clone();
            return Ok(());
        };
        // Options of a bare word, such as those of `VirtualTime`, and fields of what was left out.
        let is_quoted = self.head.starts_with(['"', 'r']) && self.head.ends_with('"');
        if self.body.is_none() && (is_quoted || matches!(step, PathStep::Every | PathStep::Place(_))) {
            return Err(Astray::Leaf);
        }
        let body = self.body.get_or_insert_with(|| Body { open: '(', entries: Vec::new() });
        match step {
            PathStep::Every => body.entries.iter_mut().try_for_each(|(_, entry)| entry.set(rest, value)),
            PathStep::Place(place) => {
                let length = body.entries.len();
                let entry = body.entries.get_mut(*place).ok_or(Astray::Place { place: *place, length })?;
                entry.1.set(rest, value)
            }
            PathStep::Name(name) => {
                let is_there = |(key, _): &(Option<String>, Self)| key.as_deref().map(unquoted) == Some(name.as_str());
                if !body.entries.iter().any(is_there) {
                    if body.open != '(' {
                        let there =
                            body.entries.iter().filter_map(|(key, _)| Some(unquoted(key.as_deref()?).to_owned()));
                        return Err(Astray::Entry { name: name.clone(), there: there.collect() });
                    }
                    body.entries.push((Some(name.clone()), Self { head: String::new(), body: None }));
                }
                let entry = body.entries.iter_mut().find(|entry| is_there(entry)).expect("it was there or was added");
                entry.1.set(rest, value)
            }
        }
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.head)?;
        let Some(body) = &self.body else { return Ok(()) };
        write!(f, "{}", body.open)?;
        for (i, (key, value)) in body.entries.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            if let Some(key) = key {
                write!(f, "{key}: ")?;
            }
            write!(f, "{value}")?;
        }
        let close = match body.open {
            '(' => ')',
            '[' => ']',
            _ => '}',
        };
        write!(f, "{close}")
    }
}

/// A string without its quotes; escapes stay as they stand.
fn unquoted(text: &str) -> &str {
    let raw = text.strip_prefix('r').map(|rest| rest.trim_matches('#'));
    let inner = |text: &'_ str| text.len() >= 2 && text.starts_with('"') && text.ends_with('"');
    match raw {
        Some(raw) if inner(raw) => &raw[1..raw.len() - 1],
        _ if inner(text) => &text[1..text.len() - 1],
        _ => text,
    }
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
}

impl Reader<'_> {
    fn value(&mut self) -> Tree {
        self.space();
        let head = self.head();
        self.space();
        let Some(open) = self.rest.next_if(|c| "([{".contains(*c)) else { return Tree { head, body: None } };
        let mut entries = Vec::new();
        loop {
            self.space();
            match self.rest.peek() {
                None => break,
                Some(')' | ']' | '}') => {
                    self.rest.next();
                    break;
                }
                Some(',') => {
                    self.rest.next();
                }
                Some(':') => {
                    // What stood before it was a key.
                    self.rest.next();
                    let key = entries.pop().map(|(_, key): (Option<String>, Tree)| key.head);
                    entries.push((key, self.value()));
                }
                Some(_) => entries.push((None, self.value())),
            }
        }
        Tree { head, body: Some(Body { open, entries }) }
    }

    /// A word, a number, a string or a raw string.
    fn head(&mut self) -> String {
        let mut out = String::new();
        while let Some(c) = self.rest.peek().copied() {
            if c.is_whitespace() || "()[]{}:,/".contains(c) {
                break;
            }
            self.rest.next();
            out.push(c);
            if c == '"' {
                let hashes = out.len() - 1 - out.trim_end_matches('"').trim_end_matches('#').len();
                let is_raw = out.starts_with('r');
                self.string(&mut out, is_raw.then_some(hashes));
                break;
            }
        }
        out
    }

    /// The rest of a string after its opening quote; a raw one ends with as many hashes as it began with.
    fn string(&mut self, out: &mut String, raw: Option<usize>) {
        let end = format!("\"{}", "#".repeat(raw.unwrap_or(0)));
        let start = out.len();
        while let Some(c) = self.rest.next() {
            out.push(c);
            if c == '\\' && raw.is_none() {
                out.extend(self.rest.next());
            } else if out[start..].ends_with(&end) {
                break;
            }
        }
    }

    /// White space and comments.
    fn space(&mut self) {
        loop {
            while self.rest.next_if(|c| c.is_whitespace()).is_some() {}
            let mut ahead = self.rest.clone();
            match (ahead.next(), ahead.next()) {
                (Some('/'), Some('/')) => while self.rest.next().is_some_and(|c| c != '\n') {},
                (Some('/'), Some('*')) => self.block(),
                // No value begins with it; it must not hold up the reader.
                (Some('/'), _) => drop(self.rest.next()),
                _ => return,
            }
        }
    }

    /// A block comment; they nest.
    fn block(&mut self) {
        let (mut depth, mut last) = (0_usize, ' ');
        for c in self.rest.by_ref() {
            let pair = (last, c);
            last = if matches!(pair, ('/', '*') | ('*', '/')) { ' ' } else { c };
            match pair {
                ('/', '*') => depth += 1,
                ('*', '/') if depth == 1 => return,
                ('*', '/') => depth -= 1,
                _ => (),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r##"// Of three layers.
#![enable(implicit_some)]
Circuit(name: "a, (b", /* ( /* [ */ */ layers: {"z0": (size: 4), r#"z1"#: (size: 2, beta: 0.1,)},
  list: [Fixed(1), (from: "x")], settling: (schedule: VirtualTime), empty: ())"##;

    fn set(path: &str, value: &str) -> Result<String, Astray> {
        let mut tree = Tree::of(TEXT);
        tree.set(&steps(path).expect("a path"), &Tree::of(value))?;
        Ok(tree.to_string())
    }

    #[test]
    fn a_tree_is_written_as_it_was_read() {
        let written = r##"Circuit(name: "a, (b", layers: {"z0": (size: 4), r#"z1"#: (size: 2, beta: 0.1)}, list: [Fixed(1), (from: "x")], settling: (schedule: VirtualTime), empty: ())"##;
        assert_eq!(Tree::of(TEXT).to_string(), written);
        assert_eq!(Tree::of(written), Tree::of(TEXT));
        assert_eq!(Tree::of(TEXT).field("name").map(Tree::word), Some("a, (b"));
    }

    #[test]
    fn parts_are_replaced_and_fields_added() {
        let has = |path: &str, value: &str, part: &str| {
            let text = set(path, value).unwrap_or_else(|astray| panic!("{path}: {astray:?}"));
            assert!(text.contains(part), "{path}: {text}");
        };
        has("layers.z1.beta", "0.5", "(size: 2, beta: 0.5)");
        has("layers.*.leak", "1.0", "\"z0\": (size: 4, leak: 1.0), r#\"z1\"#: (size: 2, beta: 0.1, leak: 1.0)");
        has("list[1].from", "\"y\"", "[Fixed(1), (from: \"y\")]");
        has("settling.schedule.delay", "Fixed(4)", "VirtualTime(delay: Fixed(4))");
        has("settling.schedule", "Free(fire: OnAny)", "(schedule: Free(fire: OnAny))");
        has("learning.batch", "20", "learning: (batch: 20)");
    }

    #[test]
    fn paths_that_lead_nowhere_are_told() {
        let there = vec!["z0".to_owned(), "z1".to_owned()];
        assert_eq!(set("layers.z9.beta", "1"), Err(Astray::Entry { name: "z9".to_owned(), there }));
        assert_eq!(set("list[2]", "1"), Err(Astray::Place { place: 2, length: 2 }));
        assert_eq!(set("name.x", "1"), Err(Astray::Leaf));
        for bad in ["", "a..b", "a[", "a[x]", ".a"] {
            assert_eq!(steps(bad), None, "{bad}");
        }
    }

    #[test]
    fn any_text_makes_a_tree() {
        for text in ["", ")", "(", "[[", "\"", "/*", "a:b:c", "r#\"", "#", "{,,", "(a:)", "/"] {
            let _ = Tree::of(text).to_string();
        }
    }
}
