//! Schedules whose options are all left out: `Free` and `VirtualTime` mean `Free()` and `VirtualTime()`.
//!
//! RON has no variant that may or may not have brackets, so they are added to the text before it is read, and places of
//! mistakes are told as they were in the text that the user wrote.

use super::places::Position;

/// Variants whose options may be left out, brackets and all.
const BARE: [&str; 2] = ["Free", "VirtualTime"];

/// What is added behind each of them.
const BRACKETS: &str = "()";

/// A text with brackets behind bare variants.
pub(super) struct Bracketed {
    pub(super) text: String,
    /// Line and column, from 1, of each addition, in the text as it is now.
    added: Vec<Position>,
}

impl Bracketed {
    /// Adds brackets where they are missing.
    pub(super) fn new(text: &str) -> Self {
        let mut out = String::with_capacity(text.len());
        let mut added = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (token, behind) = rest.split_at(token(rest));
            out.push_str(token);
            rest = behind;
            if BARE.contains(&token) && !rest[blank(rest)..].starts_with('(') {
                added.push(end_of(&out));
                out.push_str(BRACKETS);
            }
        }
        Self { text: out, added }
    }

    /// Where a place of this text was in the text before.
    pub(super) fn before(&self, (line, column): Position) -> Position {
        let earlier = self.added.iter().filter(|(l, c)| *l == line && *c < column).count();
        (line, column.saturating_sub(earlier * BRACKETS.len()).max(1))
    }
}

/// Line and column behind the last character.
fn end_of(text: &str) -> Position {
    let line = text.rsplit('\n').next().unwrap_or(text);
    (1 + text.matches('\n').count(), 1 + line.chars().count())
}

/// The length of the word, string, comment or single character that a text begins with.
fn token(text: &str) -> usize {
    let word = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let comment = comment(text);
    match text.chars().next() {
        _ if comment > 0 => comment,
        Some('"') => quoted(text),
        Some('r') if text[1..].starts_with(['"', '#']) => raw(text),
        Some(_) if word > 0 => word,
        Some(c) => c.len_utf8(),
        None => 0,
    }
}

/// How far white space and comments go.
fn blank(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let step = (rest.len() - rest.trim_start().len()).max(comment(rest));
        if step == 0 {
            return at;
        }
        at += step;
    }
}

/// The length of a comment, 0 where there is none. Those in the style of C nest.
fn comment(text: &str) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if !text.starts_with("/*") {
        return 0;
    }
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        depth += i32::from(rest.starts_with("/*")) - i32::from(rest.starts_with("*/"));
        at += if rest.starts_with("/*") || rest.starts_with("*/") {
            2
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(text: &str) -> usize {
    let mut escaped = true;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn raw(text: &str) -> usize {
    let hashes = text[1..].chars().take_while(|c| *c == '#').count();
    let open = 1 + hashes;
    if !text[open..].starts_with('"') {
        // An identifier such as r#type.
        return open;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    text[open + 1..].find(&end).map_or(text.len(), |at| open + 1 + at + end.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_added_behind_bare_words_alone() {
        for (text, expected) in [
            ("Free", "Free()"),
            ("(schedule: Free, steps: 1)", "(schedule: Free(), steps: 1)"),
            ("Free (fire: OnAll)", "Free (fire: OnAll)"),
            ("Free /* ( */ (fire: OnAll)", "Free /* ( */ (fire: OnAll)"),
            ("[VirtualTime, VirtualTime(seed: 1)]", "[VirtualTime(), VirtualTime(seed: 1)]"),
            ("\"Free\" // Free\n r#\"a Free \" Free\"# Freedom /* /* */ Free */", ""),
            ("\"\\\" Free\"", ""),
        ] {
            let expected = if expected.is_empty() { text } else { expected };
            assert_eq!(Bracketed::new(text).text, expected);
        }
    }

    #[test]
    fn places_are_those_of_the_text_before() {
        let bracketed = Bracketed::new("[Free, Free,\nx]");
        assert_eq!(bracketed.text, "[Free(), Free(),\nx]");
        assert_eq!(bracketed.before((1, 2)), (1, 2));
        assert_eq!(bracketed.before((1, 10)), (1, 8));
        assert_eq!(bracketed.before((1, 16)), (1, 12));
        assert_eq!(bracketed.before((2, 1)), (2, 1));
    }
}
