//! One presentation of data: what every sense shows.

use crate::blame::{Blame, Blamed};
use crate::circuit::{Circuit, LayerId};
use crate::matrix::InputBatch;
use crate::params::Likelihood;
use crate::population::Presented;
use std::ops::Range;

/// What is shown to one layer.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Shown<'a> {
    /// Nothing: the layer is free, or a sense is released.
    #[default]
    Nothing,
    /// Data for every neuron, `[rows, J]`.
    All(InputBatch<'a>),
    /// Data where `observed` is 1, `[rows, J]` both; the rest is completed (Eq. 19).
    Part {
        /// Values of every neuron.
        data: InputBatch<'a>,
        /// 1 where they hold, 0 where they are missing.
        observed: InputBatch<'a>,
    },
}

/// One presentation of `rows` samples to a circuit, checked against it. Data are owned, or lent for as long as it lives.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode<'a> {
    rows: usize,
    shown: Vec<Shown<'a>>,
}

/// Data that do not fit a circuit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EpisodeError {
    /// No input at all.
    #[error("no input: the circuit's senses are {senses}; give at least one")]
    Empty {
        /// The senses of the circuit.
        senses: String,
    },
    /// An input for a sense that the circuit does not have.
    #[error("there is no sense \"{sense}\": the circuit's senses are {senses}")]
    UnknownSense {
        /// As given.
        sense: String,
        /// The senses of the circuit.
        senses: String,
    },
    /// The wrong number of values per sample.
    #[error("input \"{sense}\" has {found} values per sample, but layer \"{layer}\" has {size} neurons")]
    Width {
        /// The sense.
        sense: String,
        /// Its layer.
        layer: String,
        /// Neurons of the layer.
        size: usize,
        /// Columns of the input.
        found: usize,
    },
    /// Another number of samples than another input.
    #[error("input \"{sense}\" has {found} samples where the inputs before it have {rows}")]
    Rows {
        /// The sense.
        sense: String,
        /// Samples of the others.
        rows: usize,
        /// Samples of this one.
        found: usize,
    },
    /// A mask on a sense that shows nothing.
    #[error("a mask hides parts of \"{sense}\", which has no input; give it one, or leave the mask out")]
    NothingToMask {
        /// The sense.
        sense: String,
    },
    /// No samples.
    #[error("input \"{sense}\" has no samples")]
    NoSamples {
        /// The sense.
        sense: String,
    },
    /// A value that can't be used.
    #[error("input \"{sense}\" holds {value} at sample {row}, value {column}: {why}")]
    Value {
        /// The sense.
        sense: String,
        /// Sample, from 0.
        row: usize,
        /// Position in the sample, from 0.
        column: usize,
        /// What is there.
        value: f32,
        /// Why it can't be used.
        why: &'static str,
    },
}

impl Blamed for EpisodeError {
    fn blame(&self) -> Blame {
        Blame::Request
    }
}

impl<'a> Episode<'a> {
    /// Shows `inputs` (sense, `[rows, size]`) and leaves every sense that is not named free. Shapes, finiteness and,
    /// for Bernoulli layers, the range [0, 1] are checked here.
    ///
    /// # Errors
    /// [`EpisodeError`] where the data do not fit the circuit.
    pub fn new<B: Into<InputBatch<'a>>>(
        circuit: &Circuit,
        inputs: impl IntoIterator<Item = (String, B)>,
    ) -> Result<Self, EpisodeError> {
        let mut episode = Self { rows: 0, shown: vec![Shown::Nothing; circuit.layers().len()] };
        for (sense, data) in inputs {
            let data = data.into();
            let layer = find_sense(circuit, &sense)?;
            episode.check(circuit, &sense, layer, &data)?;
            episode.rows = data.rows();
            episode.shown[layer.0] = Shown::All(data);
        }
        if episode.rows == 0 {
            return Err(EpisodeError::Empty { senses: list_senses(circuit) });
        }
        Ok(episode)
    }

    /// Hides the components of a shown sense where `observed` is 0.
    ///
    /// # Errors
    /// [`EpisodeError`] where the mask does not fit the circuit or the sense shows nothing.
    pub fn mask(
        mut self,
        circuit: &Circuit,
        sense: &str,
        observed: impl Into<InputBatch<'a>>,
    ) -> Result<Self, EpisodeError> {
        let observed = observed.into();
        let layer = find_sense(circuit, sense)?;
        self.check(circuit, sense, layer, &observed)?;
        let wrong = observed.as_slice().iter().position(|v| *v != 0.0 && *v != 1.0);
        if let Some(at) = wrong {
            return Err(value_error(
                sense,
                &observed,
                at,
                "a mask is 1 where a value is observed and 0 where it is missing",
            ));
        }
        match std::mem::take(&mut self.shown[layer.0]) {
            Shown::All(data) | Shown::Part { data, .. } => self.shown[layer.0] = Shown::Part { data, observed },
            Shown::Nothing => return Err(EpisodeError::NothingToMask { sense: sense.to_owned() }),
        }
        Ok(self)
    }

    fn check(&self, circuit: &Circuit, sense: &str, layer: LayerId, data: &InputBatch<'_>) -> Result<(), EpisodeError> {
        let spec = circuit.layer(layer);
        let sense = || sense.to_owned();
        if data.rows() == 0 {
            return Err(EpisodeError::NoSamples { sense: sense() });
        }
        if data.cols() != spec.size() {
            return Err(EpisodeError::Width {
                sense: sense(),
                layer: spec.name().to_owned(),
                size: spec.size(),
                found: data.cols(),
            });
        }
        if self.rows != 0 && data.rows() != self.rows {
            return Err(EpisodeError::Rows { sense: sense(), rows: self.rows, found: data.rows() });
        }
        if let Some(at) = data.as_slice().iter().position(|v| !v.is_finite()) {
            return Err(value_error(&sense(), data, at, "inputs are finite numbers"));
        }
        let bernoulli = spec.likelihood() == Likelihood::Bernoulli;
        match data.as_slice().iter().position(|v| bernoulli && !(0.0..=1.0).contains(v)) {
            Some(at) => Err(value_error(&sense(), data, at, "the layer is Bernoulli, so its inputs lie in [0, 1]")),
            None => Ok(()),
        }
    }

    /// Number of samples.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// What is shown to a layer.
    #[must_use]
    pub fn shown(&self, layer: LayerId) -> &Shown<'a> {
        &self.shown[layer.0]
    }

    /// Whether data hold every neuron of the layer, so that its state population never fires.
    #[must_use]
    pub fn is_clamped(&self, layer: LayerId) -> bool {
        matches!(self.shown[layer.0], Shown::All(_))
    }

    /// What the state population of a layer is shown of the samples `rows`.
    pub(crate) fn presented(&self, layer: LayerId, rows: &Range<usize>) -> Presented<'_> {
        match &self.shown[layer.0] {
            Shown::Nothing => Presented::Free,
            Shown::All(data) => Presented::Clamped(data.rows_slice(rows.clone())),
            Shown::Part { data, observed } => {
                Presented::Masked { data: data.rows_slice(rows.clone()), observed: observed.rows_slice(rows.clone()) }
            }
        }
    }
}

fn find_sense(circuit: &Circuit, sense: &str) -> Result<LayerId, EpisodeError> {
    let unknown = || EpisodeError::UnknownSense { sense: sense.to_owned(), senses: list_senses(circuit) };
    circuit.sensory(sense).ok_or_else(unknown)
}

fn list_senses(circuit: &Circuit) -> String {
    circuit.senses().map(|(sense, _)| format!("\"{sense}\"")).collect::<Vec<_>>().join(", ")
}

fn value_error(sense: &str, data: &InputBatch<'_>, at: usize, why: &'static str) -> EpisodeError {
    let (row, column) = (at / data.cols(), at % data.cols());
    EpisodeError::Value { sense: sense.to_owned(), row, column, value: data.as_slice()[at], why }
}

#[cfg(test)]
mod tests {
    use super::{Episode, EpisodeError, Shown};
    use crate::circuit::Circuit;
    use crate::matrix::{InputBatch, Matrix};

    fn two() -> Circuit {
        let text = br#"Circuit(
            name: "two",
            layers: {
                "z0": (size: 4, sense: "image"),
                "z1": (size: 2, sense: "label"),
                "z2": (size: 3, beta: 0.1),
            },
            projections: [
                (from: "z2", to: "z0", feedback: Transposed),
                (from: "z2", to: "z1", feedback: Transposed),
            ],
        )"#;
        Circuit::parse(text).expect("a sound circuit")
    }

    #[test]
    fn lent_data_are_shown_where_they_lie() {
        let circuit = two();
        let pixels: Vec<f32> = (0..8).map(|at| at as f32).collect();
        let lent = InputBatch::borrowed(2, 4, &pixels).expect("two rows of four");
        let episode = Episode::new(&circuit, [("image".to_owned(), lent)]).expect("it fits");
        let layer = circuit.sensory("image").expect("a sense");
        let Shown::All(shown) = episode.shown(layer) else { panic!("all of it is shown") };
        assert_eq!(shown.as_slice().as_ptr(), pixels.as_ptr());
        let own = Matrix::from_vec(2, 4, pixels.clone()).expect("two rows of four");
        assert_eq!(episode, Episode::new(&circuit, [("image".to_owned(), own)]).expect("it fits"));
    }

    #[test]
    fn a_mask_needs_something_to_hide() {
        let circuit = two();
        let mask = |size: usize| Matrix::from_fn(1, size, |_, at| (at % 2) as f32);
        let shown = || Episode::new(&circuit, [("image".to_owned(), Matrix::zeros(1, 4))]).expect("it fits");
        assert!(shown().mask(&circuit, "image", mask(4)).is_ok());
        let error = shown().mask(&circuit, "label", mask(2)).expect_err("nothing is shown to it");
        assert_eq!(error, EpisodeError::NothingToMask { sense: "label".to_owned() });
        assert!(error.to_string().contains("\"label\", which has no input"), "{error}");
    }
}
