//! What can go wrong with data, told in one line: the file, what is wrong with it, what is legal, and what to
//! do next.

use std::path::Path;

/// A failure to read, understand or write data.
///
/// [`DataError::is_request`] tells a wrong request (exit code 2) from a run that failed (exit code 1).
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

impl DataError {
    /// Whether the request was wrong (a path, a name, a shape, a content), as opposed to a run that failed.
    #[must_use]
    pub fn is_request(&self) -> bool {
        !matches!(self, Self::Write { .. })
    }

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
