//! What an evaluation is at, for whoever watches it: long work, told while it goes on.

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EvaluationEvent<'a> {
    /// Work of `count` parts begins.
    Begin {
        /// What it is.
        name: &'static str,
        /// Its parts.
        count: usize,
    },
    /// So many more parts are done.
    Done(usize),
    /// A step of fitting a mixture is done.
    Step {
        /// Which, from 0.
        step: usize,
        /// Of how many at the most.
        of: usize,
        /// Mean log-likelihood of a sample, in nats.
        likelihood: f64,
    },
    /// Something that a person should know.
    Note(&'a str),
    /// The work that began last has ended.
    End,
}
