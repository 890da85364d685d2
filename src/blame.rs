//! Whose fault a failure is. Every error type of the library says it of itself, so that whoever asks, from a command line or
//! from Python, only has to pass it on.

/// Whose fault a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The request's: what was asked for can't be met as it stands. A command ends with exit code 2.
    Request,
    /// The run's: what was asked for is sound, and carrying it out failed. A command ends with exit code 1.
    Run,
    /// A bug of gncn: a panic. A command ends with exit code 1.
    Bug,
}

impl Blame {
    /// `Request` if so, else `Run`.
    #[must_use]
    pub fn request_if(is_request: bool) -> Self {
        if is_request { Self::Request } else { Self::Run }
    }
}

/// An error that knows whose fault it is.
pub trait Blamed: std::error::Error {
    /// Whose fault it is.
    fn blame(&self) -> Blame;

    /// Whether it is the request's.
    fn is_request(&self) -> bool {
        self.blame() == Blame::Request
    }
}
