//! RON's complaints in the words of a circuit file.
//!
//! RON names Rust's types and its own extensions in its messages; a person who writes a circuit knows neither.

use super::error::{did_you_mean, listed, shown};
use super::places::Position;
use ron::error::Error as RonError;
use std::fmt;

/// What stands where something else was expected.
pub(super) enum Found {
    /// A word, number, text or sign.
    Token(String),
    /// Nothing more.
    End,
}

impl Found {
    /// What stands at a place of a text, and where it begins: RON may have stopped inside a word or number.
    pub(super) fn at(text: &str, (line, column): Position) -> (Self, Position) {
        const MOST: usize = 80;
        let is_word = |c: &char| c.is_alphanumeric() || "_+-.#".contains(*c);
        let content = text.split('\n').nth(line - 1).unwrap_or_default();
        let (before, rest) = content.split_at(content.char_indices().nth(column - 1).map_or(content.len(), |(i, _)| i));
        // A position behind the end of its line is the end of the text, because RON skips white space.
        let Some(first) = rest.chars().next() else { return (Self::End, (line, column)) };
        if first == '"' {
            let inner: String = rest.chars().skip(1).take(MOST).take_while(|c| *c != '"').collect();
            return (Self::Token(format!("\"{inner}\"")), (line, column));
        }
        if !is_word(&first) {
            return (Self::Token(first.into()), (line, column));
        }
        let back = before.chars().rev().take(MOST).take_while(is_word).count();
        let token = content.chars().skip(column - 1 - back).take(MOST).take_while(is_word).collect();
        (Self::Token(token), (line, column - back))
    }

    fn is_quoted(&self) -> bool {
        matches!(self, Self::Token(token) if token.starts_with('"'))
    }

    fn is_number(&self) -> bool {
        matches!(self, Self::Token(token) if token.parse::<f64>().is_ok())
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(token) => write!(f, "`{}`", shown(token)),
            Self::End => f.write_str("the end of the text"),
        }
    }
}

/// The complaint about the field `last` (the end of a path; `None` for the text as a whole).
pub(super) fn words(error: &RonError, last: Option<&str>, found: &Found) -> String {
    names(error).unwrap_or_else(|| match (last, error) {
        (None, RonError::ExpectedNamedStructLike(name)) => {
            format!("expected `{name}(...)`, but the text does not begin with it")
        }
        _ => values(error, last.unwrap_or_default(), found),
    })
}

/// Complaints about a name that is unknown, missing or given twice.
fn names(error: &RonError) -> Option<String> {
    Some(match error {
        RonError::NoSuchStructField { expected, found, .. } => unexpected("field", found, expected),
        RonError::NoSuchEnumVariant { expected, found, .. } => unexpected("word", found, expected),
        RonError::MissingStructField { field, .. } => match example(field) {
            Some(example) => format!("is missing; write `{field}: ...` with {example}"),
            None => "is missing".to_owned(),
        },
        RonError::DuplicateStructField { field, .. } => format!("the field `{field}` is given twice; keep one"),
        RonError::ExpectedDifferentStructName { expected, found } => {
            format!("expected `{expected}(`, found `{}`", shown(found))
        }
        RonError::NoSuchExtension(name) => {
            format!("no extension of RON is called `{}`; circuits need none, so remove the line", shown(name))
        }
        _ => return None,
    })
}

fn unexpected(what: &str, found: &str, expected: &[&str]) -> String {
    let meant = did_you_mean(found, expected.iter().copied());
    let one_of = if expected.len() > 1 { "one of " } else { "only " };
    format!("unexpected {what} `{}`, expected {one_of}{}{meant}", shown(found), listed(expected.iter().copied()))
}

/// Complaints about a value or a sign.
fn values(error: &RonError, last: &str, found: &Found) -> String {
    if let Some(sentence) = sentence(error, last, found) {
        return sentence;
    }
    let Some(expected) = expected(error, last) else { return other_words(error) };
    let advice = match error {
        RonError::ExpectedIdentifier if found.is_quoted() => "; leave the quotes out",
        RonError::SuggestRawIdentifier(_) if found.is_number() => "; options are given by name",
        _ => "",
    };
    format!("expected {expected}, found {found}{advice}")
}

/// Complaints that say more than what was expected.
fn sentence(error: &RonError, last: &str, found: &Found) -> Option<String> {
    let words = match error {
        RonError::ExceededRecursionLimit => "brackets are nested too deep for a circuit",
        RonError::UnclosedBlockComment => "a comment is opened by `/*` and never closed by `*/`",
        RonError::TrailingCharacters => return Some(format!("expected the end of the text, found {found}")),
        RonError::IntegerOutOfBounds => {
            let last = if last == "delay" { "first" } else { last };
            let expected = example(last).unwrap_or("a whole number, 0 or above");
            return Some(format!("the number is negative or too large; expected {expected}"));
        }
        _ if matches!(found, Found::End) => "the text ends too early; a closing bracket is missing",
        RonError::ExpectedComma if found.is_number() => {
            return Some(format!("expected a whole number, found {found}; sizes, steps and ticks are counted"));
        }
        _ => return None,
    };
    Some(words.to_owned())
}

/// What was expected, by example where the field has one.
fn expected(error: &RonError, last: &str) -> Option<&'static str> {
    let or = |words: &'static str| example(last).unwrap_or(words);
    Some(match error {
        RonError::ExpectedString => "a text in double quotes",
        RonError::ExpectedStringEnd => "the closing double quote of the text",
        RonError::ExpectedComma => "a comma",
        RonError::ExpectedMapColon => "a colon",
        RonError::ExpectedMapEnd => "a comma or `}`",
        RonError::ExpectedArrayEnd => "a comma or `]`",
        RonError::ExpectedStructLikeEnd | RonError::ExpectedOptionEnd => "a comma or `)`",
        RonError::ExpectedBoolean => "true or false",
        RonError::ExpectedFloat => or("a number such as 0.1"),
        // The `until` of virtual time is a tick, the `until` of settling is not.
        RonError::ExpectedInteger if last == "until" => "a whole number such as 60",
        // The delay of a projection is a number of frames, that of a link is not.
        RonError::ExpectedInteger | RonError::InvalidIntegerDigit { .. } if last == "delay" => {
            "a whole number such as 1"
        }
        RonError::ExpectedInteger => or("a whole number, 0 or above"),
        RonError::ExpectedMap => or("an opening `{`"),
        RonError::ExpectedArray => or("an opening `[`"),
        RonError::ExpectedNamedStructLike(name) => example(name).unwrap_or(or("an opening `(`")),
        RonError::ExpectedStructLike => or("an opening `(`"),
        RonError::ExpectedIdentifier | RonError::SuggestRawIdentifier(_) => or("the name of a field"),
        RonError::ExpectedDifferentLength { .. } => or("another number of values"),
        _ => return None,
    })
}

/// What is left, as RON says it, with the first letter as inside a sentence.
fn other_words(error: &RonError) -> String {
    let words = error.to_string();
    let mut rest = words.chars();
    let first = rest.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    shown(&format!("{first}{}", rest.as_str()))
}

/// What may be written for a field, or for a group of fields by the name of its type.
fn example(field: &str) -> Option<&'static str> {
    EXAMPLES.iter().find(|(fields, _)| fields.contains(&field)).map(|(_, example)| *example)
}

const EXAMPLES: &[(&[&str], &str)] = &[
    (&["name"], "a text such as \"gncn-pdh\""),
    (&["layers"], "a map such as {\"z0\": (size: 784, sense: \"image\"), \"z1\": (size: 360, beta: 0.1)}"),
    (&["Layer"], "the options of a layer, such as (size: 360, beta: 0.1)"),
    (
        &["rows"],
        "a list such as [(name: \"z\", first: 1, last: 9, each: (size: 20, beta: 0.1), between: (feedback: Transposed))]",
    ),
    (
        &["Row"],
        "a row such as (name: \"z\", first: 1, last: 9, each: (size: 20, beta: 0.1), between: (feedback: Transposed))",
    ),
    (&["each"], "the options of a layer, such as (size: 360, beta: 0.1)"),
    (&["between", "Between"], "the options of a projection, such as (feedback: Transposed)"),
    (&["first", "last"], "a whole number such as 1"),
    (&["projections"], "a list such as [(from: \"z1\", to: \"z0\", feedback: Transposed)]"),
    (&["Projection"], "a projection such as (from: \"z1\", to: \"z0\", feedback: Transposed)"),
    (&["size"], "a whole number such as 360"),
    (&["sense"], "a text such as \"image\""),
    (&["activation", "mean"], "a function such as Relu, LeakyRelu(0.1) or KWinners(20)"),
    (&["target"], "State or Activity"),
    (&["likelihood"], "Gaussian or Bernoulli"),
    (&["step"], "Given, Bearable or Answered"),
    (&["momentum"], "a share such as 0.9"),
    (&["beta", "leak", "floor", "tolerance"], "a number such as 0.1"),
    (&["excite", "inhibit", "rate", "gain", "sd", "share", "threshold", "drop"], "a number such as 0.1"),
    (&["prior"], "None, Laplace(0.01), Gaussian(0.01) or Cauchy(0.01)"),
    (&["lateral"], "None, Columns(size: 12, excite: 0.15, inhibit: 0.1) or Band(width: 5, excite: 0.15, inhibit: 0.1)"),
    (&["precision"], "Identity, Fixed(2.0), Diagonal(floor: 1.0) or Learned(floor: 1.0)"),
    (&["bias"], "None or Learned"),
    (&["from", "to", "population"], "a name in double quotes"),
    (&["noise"], "None or Gaussian(sd: 1.0)"),
    (&["start"], "Zeros, Gaussian(sd: 0.1), Forward or Last"),
    (&["reach"], "All, OneToOne, Random(share: 0.1, seed: 3) or Patch(field: (5, 5), stride: (2, 2))"),
    (&["field", "stride"], "rows and columns such as (5, 5)"),
    (&["feedback"], "Learned(rate: 1.0), Transposed, ScaledTranspose(gain: 0.5) or Silent"),
    (&["init"], "Gaussian(sd: 0.05), Uniform(bound: 0.05), Xavier, He, Orthogonal(gain: 1.0) or Zeros"),
    (&["sign"], "Any or Positive"),
    (&["settling", "Settling"], "options such as (steps: 50, schedule: Synchronous)"),
    (&["until", "Until"], "Quiet(tolerance: 0.001, max_steps: 500)"),
    (
        &["schedule"],
        "Synchronous, Bounded(staleness: 1), Free, Sweep(order: [\"z0.error\", \"z1\"]), VirtualTime(seed: 1) or \
             Replay(\"run.log\")",
    ),
    (&["VirtualTime"], "options such as VirtualTime(until: 60, seed: 1)"),
    (&["order"], "a list of populations such as [\"z0.error\", \"z1\"]"),
    (&["clocks"], "a map such as {\"z1\": (period: 4, phase: 2)}"),
    (&["clock", "Clock"], "a clock such as (period: 2, phase: 0)"),
    (&["delays"], "a list such as [(from: \"z1\", to: \"z0.error\", delay: Fixed(1))]"),
    (&["Link"], "a link such as (from: \"z1\", to: \"z0.error\", delay: Fixed(1))"),
    (&["delay"], "Fixed(1), Uniform(0, 3) or Exponential(1.5)"),
    (&["lesions"], "a list such as [(population: \"z1\", at: 30)]"),
    (&["Lesion"], "a lesion such as (population: \"z1\", at: 30)"),
    (&["changes"], "a list such as [(at: 40, change: Silence(\"z1\"))]"),
    (
        &["change", "Change"],
        "Beta(\"z1\", 0.03), Clock(\"z1\", (period: 6)), Silence(\"z1.error\"), Delay(\"z1\", \"z0.error\", Fixed(4)) or \
             Drop(\"z1\", \"z0.error\", 0.5)",
    ),
    (&["Timed"], "a change such as (at: 40, change: Silence(\"z1\"))"),
    (&["at"], "a tick such as 40"),
    (&["scale"], "PerFiring or PerTime"),
    (&["executor"], "Threads or Tasks"),
    (&["place"], "a map such as {\"z1\": 0, \"z1.error\": 1}"),
    (&["messages"], "Dense, Events(threshold: 0.1), Events(threshold: 0.1, refresh: 10) or Ternary(threshold: 0.1)"),
    (&["learning", "Learning"], "options such as (optimizer: Adam(rate: 0.001), norm: ClipRows)"),
    (
        &["rate_over_time"],
        "Constant, Step(every: 10, factor: 0.5), Cosine(to: 0.0001) or Warmup(epochs: 2, then: Constant)",
    ),
    (&["then"], "Constant, Step(every: 10, factor: 0.5) or Cosine(to: 0.0001)"),
    (&["every"], "a whole number such as 10"),
    (&["decay", "factor", "bound", "beta1", "beta2"], "a number such as 0.1"),
    (&["optimizer"], "Adam(rate: 0.001) or Sgd(rate: 0.05)"),
    (&["norm"], "UnitColumns, ClipRows or None"),
    (&["when"], "Readout or EveryStep"),
    (&["steps", "max_steps", "batch", "epochs"], "a whole number such as 50"),
    (&["period", "phase", "jitter", "at", "staleness", "seed"], "a whole number such as 2"),
    (&["refresh"], "a whole number such as 10"),
];
