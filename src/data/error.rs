//! What can go wrong with data, told in one line: the file, what is wrong with it, what is legal, and what to
//! do next.

use crate::blame::{Blame, Blamed};
use std::path::Path;

/// A failure to read, understand or write data.
///
/// All of them are a wrong request, but for what can't be written.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The content of a file is not what was expected.
    #[error("{file}: {problem}; {expected}")]
    Content {
        /// The file, or the name that the caller gave the bytes.
        file: String,
        /// What is wrong with it.
        problem: String,
        /// What is legal, or what to do next.
        expected: String,
    },
    /// A file that was asked for can't be read.
    #[error("{file}: can't be read ({cause}); name a file or folder that exists and is readable")]
    Read {
        /// The file.
        file: String,
        /// Why.
        cause: std::io::Error,
    },
    /// A data set of that name is not known, or not there.
    #[error("data `{name}`: {problem}; {next}")]
    Name {
        /// The name that was asked for.
        name: String,
        /// Why it can't be had.
        problem: String,
        /// The legal names and the next step.
        next: String,
    },
    /// A file could not be written. What was there before is still there.
    #[error("{file}: can't be written ({cause}); nothing was changed, free some space or choose another folder")]
    Write {
        /// The file.
        file: String,
        /// Why.
        cause: std::io::Error,
    },
}

impl Blamed for DataError {
    fn blame(&self) -> Blame {
        Blame::request_if(!matches!(self, Self::Write { .. }))
    }
}

impl DataError {
    pub(crate) fn content(file: &str, problem: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Content { file: file.to_owned(), problem: problem.into(), expected: expected.into() }
    }

    pub(crate) fn read(path: &Path, cause: std::io::Error) -> Self {
        Self::Read { file: path.display().to_string(), cause }
    }

    pub(crate) fn write(path: &Path, cause: std::io::Error) -> Self {
        Self::Write { file: path.display().to_string(), cause }
    }
}
