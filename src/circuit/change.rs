//! Another circuit out of one, checked like a file: nobody can have a circuit that is not sound.

use super::description::{Circuit, Learning};
use super::error::CircuitError;
use super::file::CircuitFile;
use super::ids::LayerId;
use super::schedule::Settling;
use crate::params::{Momentum, StepRule};

impl Circuit {
    /// The same circuit under another name.
    ///
    /// # Errors
    /// As [`Circuit::parse`], without places in a text, because there is none.
    pub fn with_name(self, name: impl Into<String>) -> Result<Self, CircuitError> {
        Self { name: name.into(), ..self }.checked()
    }

    /// The same circuit that settles in another way.
    ///
    /// # Errors
    /// As [`Circuit::with_name`].
    ///
    /// # Examples
    /// ```
    /// # let text = br#"(name: "x", layers: {"z0": (size: 4, sense: "image"), "z1": (size: 2, beta: 0.1)},
    /// #     projections: [(from: "z1", to: "z0", feedback: Transposed)])"#;
    /// # let circuit = gncn::Circuit::parse(text).unwrap();
    /// use gncn::{Settling, Stopping};
    ///
    /// let settling = |steps| Settling { stopping: Stopping::Steps(steps), ..circuit.settling().clone() };
    /// assert!(circuit.clone().with_settling(settling(20)).is_ok());
    /// let error = circuit.clone().with_settling(settling(0)).unwrap_err();
    /// assert!(error.to_string().starts_with("settling.steps"), "{error}");
    /// ```
    pub fn with_settling(self, settling: Settling) -> Result<Self, CircuitError> {
        Self { settling, ..self }.checked()
    }

    /// The same circuit that learns in another way.
    ///
    /// # Errors
    /// As [`Circuit::with_name`].
    pub fn with_learning(self, learning: Learning) -> Result<Self, CircuitError> {
        Self { learning, ..self }.checked()
    }

    /// The same circuit, all of whose layers take their steps by this rule and with this momentum.
    ///
    /// # Errors
    /// As [`Circuit::with_name`].
    pub fn with_steps(mut self, rule: StepRule, momentum: Momentum) -> Result<Self, CircuitError> {
        for layer in &mut self.layers {
            (layer.step, layer.momentum) = (rule, momentum);
        }
        self.checked()
    }

    /// The same circuit with another number of neurons in a layer.
    ///
    /// # Errors
    /// As [`Circuit::with_name`].
    ///
    /// # Panics
    /// Where the layer is one of another circuit that has more of them.
    pub fn with_size(mut self, layer: LayerId, size: usize) -> Result<Self, CircuitError> {
        self.layers[layer.0].size = size;
        self.checked()
    }

    fn checked(self) -> Result<Self, CircuitError> {
        CircuitFile::from(&self).check().map(|_| self)
    }
}
