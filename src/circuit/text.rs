//! The ways from text to a checked circuit, and back.

use super::description::Circuit;
use super::error::CircuitError;
use super::file::{CircuitFile, Listing, ScheduleFile};
use super::ids::PopulationId;
use super::places::Places;
use super::schedule::Schedule;
use super::{check, reader, writer};
use crate::params::Messages;
use std::path::Path;

impl CircuitFile {
    /// Checks what is written.
    ///
    /// # Errors
    /// Every mistake of the file at once, without places in a text, because there is none.
    pub fn check(self) -> Result<Circuit, CircuitError> {
        check::circuit(self, Places::unknown())
    }

    /// The text, defaults written out.
    #[must_use]
    pub fn to_ron(&self) -> String {
        writer::write(self)
    }
}

impl Circuit {
    /// The circuit that a text describes.
    ///
    /// # Errors
    /// The first mistake of shape (a misspelt field, a missing bracket, bytes that aren't UTF-8), or else
    /// every mistake of meaning at once.
    ///
    /// # Examples
    /// ```
    /// let text = br#"Circuit(
    ///     name: "smallest",
    ///     layers: {
    ///         "z0": (size: 4, sense: "image"),
    ///         "z1": (size: 2, beta: 0.1),
    ///     },
    ///     projections: [(from: "z1", to: "z0", feedback: Transposed)],
    /// )"#;
    /// let circuit = gncn::Circuit::parse(text).unwrap();
    /// assert_eq!(circuit.settling().stopping.max_steps(), 50);
    /// ```
    pub fn parse(text: &[u8]) -> Result<Self, CircuitError> {
        // Windows editors begin a file with a byte order mark, which means nothing in UTF-8.
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let file: CircuitFile = reader::read(text, "")?;
        check::circuit(file, Places::of(text, ""))
    }

    /// The circuit that a file describes.
    ///
    /// # Errors
    /// As [`Circuit::parse`], and a file that cannot be read; every line names the file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, CircuitError> {
        let path = path.as_ref();
        let parsed = reader::bytes_of(path).and_then(|text| Self::parse(&text));
        parsed.map_err(|error| error.in_file(path))
    }

    /// A circuit file, defaults written out, that reads back as this very circuit.
    #[must_use]
    pub fn to_ron(&self) -> String {
        CircuitFile::from(self).to_ron()
    }
}

impl Schedule {
    /// The schedule that a text such as `Bounded(staleness: 2)` describes, with the populations of `circuit`.
    ///
    /// # Errors
    /// As [`Circuit::parse`].
    ///
    /// # Examples
    /// ```
    /// # let text = br#"(name: "x", layers: {"z0": (size: 4, sense: "image"), "z1": (size: 2, beta: 0.1)},
    /// #     projections: [(from: "z1", to: "z0", feedback: Transposed)])"#;
    /// # let circuit = gncn::Circuit::parse(text).unwrap();
    /// use gncn::Schedule;
    ///
    /// let schedule = Schedule::parse(r#"Sweep(order: ["z0.error", "z1"])"#, &circuit).unwrap();
    /// assert_eq!(schedule.name(), "Sweep");
    /// let error = Schedule::parse("Bonded(staleness: 1)", &circuit).unwrap_err();
    /// assert!(error.to_string().ends_with("did you mean `Bounded`?"));
    /// ```
    pub fn parse(text: &str, circuit: &Circuit) -> Result<Self, CircuitError> {
        let file: ScheduleFile = reader::read(text.as_bytes(), "schedule")?;
        check::schedule(&file, circuit, Places::of(text.as_bytes(), "schedule"))
    }
}

/// The ranks that a text such as `{"z1": 0, "z1.error": 1}` places populations of `circuit` on.
///
/// # Errors
/// As [`Circuit::parse`].
///
/// # Examples
/// ```
/// # let text = br#"(name: "x", layers: {"z0": (size: 4, sense: "image"), "z1": (size: 2, beta: 0.1)},
/// #     projections: [(from: "z1", to: "z0", feedback: Transposed)])"#;
/// # let circuit = gncn::Circuit::parse(text).unwrap();
/// use gncn::parse_place;
///
/// assert_eq!(parse_place(r#"{"z1": 1}"#, &circuit).unwrap().len(), 1);
/// assert!(parse_place(r#"{"z2": 1}"#, &circuit).is_err());
/// ```
pub fn parse_place(text: &str, circuit: &Circuit) -> Result<Vec<(PopulationId, usize)>, CircuitError> {
    let file: Listing<usize> = reader::read(text.as_bytes(), "place")?;
    check::place(&file, circuit, Places::of(text.as_bytes(), "place"))
}

/// The messages that a text such as `Events(threshold: 0.1)` describes.
///
/// # Errors
/// As [`Circuit::parse`].
///
/// # Examples
/// ```
/// use gncn::parse_messages;
/// use gncn::Messages;
///
/// assert_eq!(parse_messages("Events(threshold: 0.1)").unwrap(), Messages::Events { threshold: 0.1, refresh: None });
/// assert_eq!(parse_messages("Ternary(threshold: 0.1)").unwrap(), Messages::Ternary { threshold: 0.1 });
/// assert!(parse_messages("Events(threshold: -0.1)").is_err());
/// ```
pub fn parse_messages(text: &str) -> Result<Messages, CircuitError> {
    let messages = reader::read(text.as_bytes(), "messages")?;
    check::messages(messages, Places::of(text.as_bytes(), "messages"))
}
