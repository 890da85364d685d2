//! The mistakes of a file, gathered.

use crate::circuit::error::{CircuitError, MOST_MISTAKES, Mistake, did_you_mean, listed, shown};
use crate::circuit::places::{Places, Position};
use std::fmt::Display;

/// What a number may be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Legal {
    /// Anything but an infinity or NaN.
    Finite,
    /// 0 or more.
    NotNegative,
    /// Above 0.
    Positive,
    /// Above 0, at most 1.
    Step,
    /// 0 or more, below 1.
    Share,
}

impl Legal {
    pub(super) fn allows(self, value: f64) -> bool {
        value.is_finite()
            && match self {
                Self::Finite => true,
                Self::NotNegative => value >= 0.0,
                Self::Positive => value > 0.0,
                Self::Step => value > 0.0 && value <= 1.0,
                Self::Share => (0.0..1.0).contains(&value),
            }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Finite => "a finite number",
            Self::NotNegative => "a finite number, 0 or above",
            Self::Positive => "a finite number above 0",
            Self::Step => "above 0 and at most 1",
            Self::Share => "0 or above, and below 1",
        }
    }
}

/// Mistakes so far, and the places of the text.
pub(crate) struct Mistakes<'a> {
    places: Places<'a>,
    mistakes: Vec<Mistake>,
    /// Mistakes that were found and not kept.
    more: usize,
    /// Paths that no text holds, and where what they mean stands.
    aliases: Vec<(String, String)>,
}

impl<'a> Mistakes<'a> {
    pub(crate) fn new(places: Places<'a>) -> Self {
        Self { places, mistakes: Vec::new(), more: 0, aliases: Vec::new() }
    }

    /// Mistakes below the path `of` are told below the path `at`, once.
    pub(crate) fn alias(&mut self, of: String, at: String) {
        self.aliases.push((of, at));
    }

    /// A path as the text has it.
    fn written(&self, at: &str) -> String {
        let below = |of: &str| at.strip_prefix(of).filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        let found = self.aliases.iter().find_map(|(of, is)| Some(format!("{is}{}", below(of)?)));
        found.unwrap_or_else(|| at.to_owned())
    }

    /// A mistake at a path; where the text doesn't hold the path (a missing field), at what encloses it.
    pub(crate) fn add(&mut self, at: &str, text: impl AsRef<str>) {
        let at = &self.written(at);
        let text = text.as_ref();
        // A layer of a row has the mistakes of all layers of that row.
        if !self.aliases.is_empty() && self.mistakes.iter().any(|mistake| mistake.at == *at && mistake.text == text) {
            return;
        }
        if !self.is_full() {
            let position = self.place(at);
            self.push(position, at, text);
        }
    }

    /// A mistake at the `n`-th entry (from 0) of a path that the text holds more than once.
    pub(crate) fn add_nth(&mut self, at: &str, n: usize, text: impl AsRef<str>) {
        if !self.is_full() {
            let position = self.places.nth(at, n);
            self.push(position, at, text.as_ref());
        }
    }

    /// Whether the number is legal; reported if not.
    pub(crate) fn number(&mut self, at: &str, value: impl Into<f64> + Display + Copy, legal: Legal) -> bool {
        let fine = legal.allows(value.into());
        if !fine {
            self.add(at, format!("is {value}, but must be {}", legal.words()));
        }
        fine
    }

    /// Whether a whole number is from `least` to `most`; reported if not.
    pub(crate) fn count(&mut self, at: &str, value: u64, least: u64, most: u64) -> bool {
        let fine = (least..=most).contains(&value);
        if !fine {
            let bound = if value < least { format!("at least {least}") } else { format!("at most {most}") };
            self.add(at, format!("is {value}, but must be {bound}"));
        }
        fine
    }

    /// A name that points nowhere. `what` is a word such as "layer".
    pub(crate) fn unknown<'b>(
        &mut self,
        at: &str,
        what: &str,
        name: &str,
        legal: impl IntoIterator<Item = &'b str> + Clone,
    ) {
        // Looking for the nearest name costs time, so not for mistakes that nobody will see.
        if !self.is_full() {
            let meant = did_you_mean(name, legal.clone());
            let text = format!("no {what} is called `{}`; there are {}{meant}", shown(name), listed(legal));
            let position = self.place(at);
            self.push(position, at, &text);
        }
    }

    /// The place of the `n`-th entry of a path, in words for another mistake.
    pub(crate) fn line_of(&mut self, at: &str, n: usize) -> String {
        let at = &self.written(at);
        self.places.nth(at, n).map(|(line, _)| format!(" in line {line}")).unwrap_or_default()
    }

    /// Whether there is a mistake already.
    pub(crate) fn has_any(&self) -> bool {
        !self.mistakes.is_empty()
    }

    /// The value, if it was checked without a mistake.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, CircuitError> {
        if self.mistakes.is_empty() { Ok(value) } else { Err(self.into_error()) }
    }

    /// The mistakes, of which there is at least one.
    pub(crate) fn into_error(mut self) -> CircuitError {
        self.mistakes.sort_by_key(|mistake| mistake.position.unwrap_or((usize::MAX, 0)));
        if self.more > 0 {
            self.mistakes.push(Mistake::new(None, "", format!("and {} more mistakes", self.more)));
        }
        CircuitError { path: None, mistakes: self.mistakes }
    }

    /// Whether no further mistake is kept; counts the one that is about to be reported.
    fn is_full(&mut self) -> bool {
        let full = self.mistakes.len() >= MOST_MISTAKES;
        self.more += usize::from(full);
        full
    }

    fn push(&mut self, position: Option<Position>, at: &str, text: &str) {
        self.mistakes.push(Mistake::new(position, at, text));
    }

    fn place(&mut self, at: &str) -> Option<Position> {
        let mut at = at;
        loop {
            if let Some(position) = self.places.only(at) {
                return Some(position);
            }
            at = &at[..at.rfind(['.', '['])?];
        }
    }
}
