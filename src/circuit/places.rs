//! Where each field and entry of a RON text stands, so that a mistake of meaning can name its line.
//!
//! This is a scanner, not a parser: it runs over text that has already been read without complaint, and needs
//! brackets, keys and commas only. Where it is in doubt it knows no place, which is always allowed.

use std::collections::HashMap;
use std::iter::Peekable;
use std::str::Chars;

/// Line and column, both from 1, in characters.
pub(crate) type Position = (usize, usize);

/// Places by path, such as `layers.z1.beta` or `projections[0].to`. Names of enum variants are no part of a
/// path: `layers.z1.lateral.size`.
#[derive(Default)]
pub(crate) struct Places<'a> {
    text: Option<(&'a [u8], &'a str)>,
    found: Option<HashMap<String, Vec<Position>>>,
}

impl<'a> Places<'a> {
    /// The places of a text whose outermost value has the path `root`.
    pub(crate) fn of(text: &'a [u8], root: &'a str) -> Self {
        Self { text: Some((text, root)), found: None }
    }

    /// No text, so no places.
    pub(crate) fn unknown() -> Self {
        Self::default()
    }

    /// The only place of a path; `None` where there are none or several.
    pub(crate) fn only(&mut self, path: &str) -> Option<Position> {
        match self.all(path) {
            [position] => Some(*position),
            _ => None,
        }
    }

    /// The place of the `n`-th entry (from 0) of that path, for names that are given more than once.
    pub(crate) fn nth(&mut self, path: &str, n: usize) -> Option<Position> {
        self.all(path).get(n).copied()
    }

    /// Scans at the first question, because a text without mistakes is never asked.
    fn all(&mut self, path: &str) -> &[Position] {
        let text = self.text;
        let found = self.found.get_or_insert_with(|| {
            let text = text.and_then(|(bytes, root)| Some((std::str::from_utf8(bytes).ok()?, root)));
            text.map(|(text, root)| Scanner::new(text, root).scan()).unwrap_or_default()
        });
        found.get(path).map_or(&[], Vec::as_slice)
    }
}

/// An open bracket.
struct Frame {
    /// Path of the value that the bracket belongs to.
    path: String,
    /// The index of the current entry, in a list.
    index: Option<usize>,
    /// The path of the current entry once its key has been read.
    entry: Option<String>,
    /// The last word or string of the current entry, which a colon turns into a key.
    word: Option<(String, Position)>,
}

struct Scanner<'a> {
    rest: Peekable<Chars<'a>>,
    position: Position,
    frames: Vec<Frame>,
    found: HashMap<String, Vec<Position>>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, root: &str) -> Self {
        let outermost = Frame { path: root.to_owned(), index: None, entry: Some(root.to_owned()), word: None };
        Self { rest: text.chars().peekable(), position: (1, 1), frames: vec![outermost], found: HashMap::new() }
    }

    fn scan(mut self) -> HashMap<String, Vec<Position>> {
        loop {
            let at = self.position;
            let Some(c) = self.next() else { return self.found };
            match c {
                '(' | '{' | '[' => self.open(c, at),
                ')' | '}' | ']' if self.frames.len() > 1 => drop(self.frames.pop()),
                ':' => self.key(),
                ',' => self.comma(),
                '"' => {
                    let word = self.string();
                    self.word(word, at);
                }
                '/' => self.comment(),
                c if c.is_whitespace() => (),
                c => {
                    let word = self.bare(c);
                    self.word(word, at);
                }
            }
        }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        self.position = if c == '\n' { (self.position.0 + 1, 1) } else { (self.position.0, self.position.1 + 1) };
        Some(c)
    }

    fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("the outermost frame is never closed")
    }

    fn open(&mut self, bracket: char, at: Position) {
        let path = self.entry(at);
        let index = (bracket == '[').then_some(0);
        self.frames.push(Frame { path, index, entry: None, word: None });
    }

    /// The path of the current entry; an entry of a list is noted when its first token comes.
    fn entry(&mut self, at: Position) -> String {
        let frame = self.frame();
        if let Some(entry) = &frame.entry {
            return entry.clone();
        }
        let Some(index) = frame.index else { return frame.path.clone() };
        let path = format!("{}[{index}]", frame.path);
        frame.entry = Some(path.clone());
        self.found.entry(path.clone()).or_default().push(at);
        path
    }

    fn word(&mut self, word: String, at: Position) {
        if self.frame().index.is_some() {
            self.entry(at);
        }
        self.frame().word = Some((word, at));
    }

    fn key(&mut self) {
        let frame = self.frame();
        let Some((word, at)) = frame.word.take() else { return };
        let path = if frame.path.is_empty() { word } else { format!("{}.{word}", frame.path) };
        frame.entry = Some(path.clone());
        self.found.entry(path).or_default().push(at);
    }

    fn comma(&mut self) {
        let frame = self.frame();
        frame.index = frame.index.map(|index| index + 1);
        frame.entry = None;
        frame.word = None;
    }

    /// A string after its opening quote. Escapes are kept as they stand, so that a key written with them has
    /// no place rather than a wrong one.
    fn string(&mut self) -> String {
        let mut out = String::new();
        while let Some(c) = self.next() {
            match c {
                '"' => break,
                '\\' => {
                    out.push(c);
                    out.extend(self.next());
                }
                c => out.push(c),
            }
        }
        out
    }

    /// A word, a number or a raw string after its first character.
    fn bare(&mut self, first: char) -> String {
        let mut out = String::from(first);
        while let Some(c) = self.rest.peek().copied() {
            if c == '"' && out.trim_end_matches('#') == "r" {
                return self.raw_string(out.len() - 1);
            }
            if c.is_whitespace() || "(){}[]:,\"/".contains(c) {
                break;
            }
            out.push(c);
            self.next();
        }
        out
    }

    /// A raw string from its opening quote on, closed by a quote and as many hashes as opened it.
    fn raw_string(&mut self, hashes: usize) -> String {
        let end = format!("\"{}", "#".repeat(hashes));
        let mut out = String::new();
        self.next();
        while let Some(c) = self.next() {
            out.push(c);
            if out.ends_with(&end) {
                out.truncate(out.len() - end.len());
                break;
            }
        }
        out
    }

    /// A comment after its first slash; block comments nest.
    fn comment(&mut self) {
        if self.rest.peek() != Some(&'*') {
            while self.next().is_some_and(|c| c != '\n') {}
            return;
        }
        let (mut depth, mut last) = (0_usize, '/');
        while let Some(c) = self.next() {
            match (last, c) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    last = c;
                    continue;
                }
            }
            if depth == 0 {
                return;
            }
            last = ' ';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r##"#![enable(implicit_some)] // "z0": (
Circuit(name: "x", /* layers: { /* nested */ } */
  layers: {"z0": (size: 1, lateral: Columns(size: 2)), r#"z1"#: (beta: 3), "z1": ()},
  projections: [(from: "a:b", to: "c"), (to: "d\"e",
    from: "f")], order: ["p", "q"], time: VirtualTime(delays: [(delay: Uniform(0, 1))]),
  "\u{7a}2": (size: 1),
)"##;

    #[test]
    fn fields_and_entries_have_places() {
        let mut places = Places::of(TEXT.as_bytes(), "");
        let mut at = |path: &str| places.only(path);
        assert_eq!(at("name"), Some((2, 9)));
        assert_eq!(at("layers"), Some((3, 3)), "not the ones in comments");
        assert_eq!(at("layers.z0.size"), Some((3, 19)));
        assert_eq!(at("layers.z0.lateral.size"), Some((3, 45)));
        assert_eq!(at("layers.z1.beta"), Some((3, 66)));
        assert_eq!(at("projections[0].to"), Some((4, 31)));
        assert_eq!(at("projections[1]"), Some((4, 41)));
        assert_eq!(at("projections[1].from"), Some((5, 5)));
        assert_eq!(at("order[1]"), Some((5, 31)));
        assert_eq!(at("time.delays[0].delay"), Some((5, 65)));
    }

    #[test]
    fn doubt_gives_no_place() {
        let mut places = Places::of(TEXT.as_bytes(), "");
        assert_eq!(places.only("layers.z1"), None, "given twice");
        assert_eq!(places.nth("layers.z1", 1), Some((3, 76)));
        assert_eq!(places.only("z2"), None, "written with an escape");
        assert_eq!(places.only("absent"), None);
        assert_eq!(Places::unknown().only("name"), None);
        assert_eq!(Places::of(b"\xff", "").only("name"), None);
    }

    #[test]
    fn any_text_can_be_scanned() {
        for text in ["", ")", "]}", "\"", "/*", "/* /*/ */", "r#\"", "::", ",", "[,,[", "a:b:c", "\\"] {
            Places::of(text.as_bytes(), "root").only("root");
        }
    }
}
