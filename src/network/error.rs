//! What weights can lack or have too much of for a circuit.

use crate::blame::{Blame, Blamed};

/// Weights that do not fit a circuit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// A tensor that the circuit needs is not there.
    #[error("the weights hold no tensor \"{name}\", which the circuit needs; they hold {found}")]
    Missing {
        /// The tensor.
        name: String,
        /// What is there.
        found: String,
    },
    /// A tensor that no population of the circuit owns.
    #[error("the weights hold a tensor \"{name}\" that the circuit has no use for: they belong to another circuit")]
    Unknown {
        /// The tensor.
        name: String,
    },
    /// A tensor of another shape.
    #[error("tensor \"{name}\" has shape {found:?}, but the circuit needs {expected:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape.
        found: [usize; 2],
        /// The shape that fits.
        expected: [usize; 2],
    },
    /// A tensor with a value that is no number.
    #[error("tensor \"{name}\" holds a value that is not finite")]
    NotFinite {
        /// The tensor.
        name: String,
    },
    /// A list of pairs of neurons that is none.
    #[error(
        "tensor \"{name}\" has to list pairs (to, from) of neurons below {sizes:?}, ascending and each once, one for each \
         synapse; those of `OneToOne` are (0, 0), (1, 1) and so on"
    )]
    Index {
        /// The tensor.
        name: String,
        /// Neurons of the layers to and from.
        sizes: [usize; 2],
    },
    /// A covariance without a Cholesky factor, or a variance that isn't above 0.
    #[error("tensor \"{name}\" is not positive definite (its Cholesky factorisation fails)")]
    NotPositiveDefinite {
        /// The tensor.
        name: String,
    },
}

impl Blamed for WeightsError {
    fn blame(&self) -> Blame {
        Blame::Request
    }
}
