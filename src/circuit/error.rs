//! What is wrong with a circuit file, for the person who wrote it: one line per mistake.

use crate::blame::{Blame, Blamed};
use std::fmt;
use std::path::{Path, PathBuf};

/// How many mistakes of a file are kept; beyond that the first ones have to be mended before more can help.
pub(super) const MOST_MISTAKES: usize = 100;

/// How much of a name or a path of fields is shown. A file may hold names of megabytes; a line may not.
const MOST_SHOWN: usize = 120;

/// How long the words of a mistake may be, whatever names they quote.
const MOST_SAID: usize = 1000;

/// A circuit, schedule or message text that cannot be used, with every mistake that was found in it.
///
/// Displayed as one line per mistake, `path:line:column: at: text`, where each part is left out if it is not
/// known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", Lines(self))]
pub struct CircuitError {
    /// The file, where the text came from one.
    pub path: Option<PathBuf>,
    /// The mistakes in the order of the text, as far as their places are known; never empty.
    pub mistakes: Vec<Mistake>,
}

impl Blamed for CircuitError {
    fn blame(&self) -> Blame {
        Blame::Request
    }
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Line and column, both from 1, in characters; `None` where the text does not give one place.
    pub position: Option<(usize, usize)>,
    /// The field, as a path such as `layers.z1.beta`; empty where it concerns the text as a whole.
    pub at: String,
    /// What is wrong, what would be right, and what to do.
    pub text: String,
}

impl Mistake {
    /// A mistake at a path of fields.
    pub(super) fn new(position: Option<(usize, usize)>, at: &str, text: impl AsRef<str>) -> Self {
        Self { position, at: shown(at), text: one_line(text.as_ref(), MOST_SAID) }
    }
}

impl CircuitError {
    /// A single mistake that concerns the text as a whole.
    pub(super) fn whole(text: impl AsRef<str>) -> Self {
        Self::from(Mistake::new(None, "", text))
    }

    /// The same mistakes, now known to be in this file.
    pub(crate) fn in_file(mut self, path: &Path) -> Self {
        self.path = Some(path.to_owned());
        self
    }
}

impl From<Mistake> for CircuitError {
    fn from(mistake: Mistake) -> Self {
        Self { path: None, mistakes: vec![mistake] }
    }
}

/// The display of a [`CircuitError`].
struct Lines<'a>(&'a CircuitError);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, mistake) in self.0.mistakes.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            match (&self.0.path, mistake.position) {
                (Some(path), Some((line, column))) => write!(f, "{}:{line}:{column}: ", path.display())?,
                (Some(path), None) => write!(f, "{}: ", path.display())?,
                (None, Some((line, column))) => write!(f, "{line}:{column}: ")?,
                (None, None) => (),
            }
            write!(f, "{mistake}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() { f.write_str(&self.text) } else { write!(f, "{}: {}", self.at, self.text) }
    }
}

/// A name from the text as it may be shown: on one line, without control characters, not endless.
pub(crate) fn shown(name: &str) -> String {
    one_line(name, MOST_SHOWN)
}

fn one_line(text: &str, most: usize) -> String {
    let mut out = String::new();
    for (i, c) in text.chars().enumerate() {
        if i == most {
            out.push('…');
            break;
        }
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// The legal name nearest to a misspelt one, if one is near enough to be meant.
pub(super) fn nearest<'a>(name: &str, legal: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer texts aren't misspelt names, and comparing them would take time without bound.
    if name.len() > MOST_SHOWN {
        return None;
    }
    let name = name.to_lowercase();
    let likeness = |other: &str| strsim::jaro_winkler(&name, &other.to_lowercase());
    let near = legal.into_iter().filter(|other| other.len() <= MOST_SHOWN).map(|other| (likeness(other), other));
    near.filter(|(likeness, _)| *likeness >= 0.75).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, other)| other)
}

/// `; did you mean ...?`, or nothing.
pub(crate) fn did_you_mean<'a>(name: &str, legal: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, legal).map(|near| format!("; did you mean `{}`?", shown(near))).unwrap_or_default()
}

/// Names in a sentence, `a, b, c`, with the rest of a long list counted.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 20;
    let names: Vec<&str> = names.into_iter().collect();
    let mut out = names.iter().take(MOST).map(|name| shown(name)).collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        out.push_str(&format!(" and {} more", names.len() - MOST));
    }
    out
}
