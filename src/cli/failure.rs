//! How a command fails: the request was wrong, or the run failed. Every error of the library says which of them it is.

use crate::blame::{Blame, Blamed};
use std::fmt;

/// Exit code where the run failed.
const RUN: u8 = 1;
/// Exit code where the request was wrong.
pub(super) const REQUEST: u8 = 2;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// The request can't be met as it stands: an argument, a file of the user, a shape.
    Request(String),
    /// The request was sound, and carrying it out failed: a full disk, a state that grew without bound, a stop.
    Run(String),
}

impl Failure {
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Request(_) => REQUEST,
            Self::Run(_) => RUN,
        }
    }

    /// For other ranks of a job: the exit code, and the text.
    pub(super) fn to_tell(&self) -> String {
        let (Self::Request(text) | Self::Run(text)) = self;
        format!("{}{text}", self.exit_code())
    }

    /// What [`Failure::to_tell`] has told.
    pub(super) fn told(told: &str) -> Self {
        match told.strip_prefix('2') {
            Some(text) => Self::Request(text.to_owned()),
            None => Self::Run(told.get(1..).unwrap_or_default().to_owned()),
        }
    }

    /// The same failure, each line of it after whose it is.
    pub(super) fn of_whom(self, who: &str) -> Self {
        self.in_option(who)
    }

    /// The same failure, each line of it about an option.
    pub(super) fn in_option(self, option: &str) -> Self {
        let named = |text: String| text.lines().map(|line| format!("{option}: {line}")).collect::<Vec<_>>().join("\n");
        match self {
            Self::Request(text) => Self::Request(named(text)),
            Self::Run(text) => Self::Run(named(text)),
        }
    }

    /// The same failure with a further line.
    pub(super) fn and(self, line: &str) -> Self {
        match self {
            Self::Request(text) => Self::Request(format!("{text}\n{line}")),
            Self::Run(text) => Self::Run(format!("{text}\n{line}")),
        }
    }
}

/// One line for each mistake, so that each can be found by the word `error`.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Request(text) | Self::Run(text)) = self;
        let lines: Vec<_> = text.lines().map(|line| format!("error: {line}")).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl<E: Blamed> From<E> for Failure {
    fn from(error: E) -> Self {
        match error.blame() {
            Blame::Request => Self::Request(error.to_string()),
            Blame::Run | Blame::Bug => Self::Run(error.to_string()),
        }
    }
}
