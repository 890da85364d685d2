//! From the top of a circuit down to the image by ancestral means: every layer's prediction from the activities of the
//! layers that predict it, in the order of the projections (design section 5).
//!
//! A layer that sends `φ(z)` and is compared by its state is at `z = μ`, so it sends `φ(μ)`; one that is compared by its
//! activity (`target: Activity`) sends `μ`. Nothing settles here, and no mismatch, leak or lateral synapse has a part.

use super::senses::{SenseError, image_sense};
use crate::blame::{Blame, Blamed};
use crate::circuit::{Circuit, LayerId};
use crate::kernels::panels::Panels;
use crate::kernels::product::SHARD_ROWS;
use crate::kernels::{activation, dense};
use crate::learning::Bias;
use crate::matrix::Matrix;
use crate::network::Network;
use crate::params::{Activation, Likelihood, Precision, Target};
use rayon::prelude::*;

/// The way down from the top layer of a network to its image.
#[derive(Debug, Clone)]
pub struct Descent {
    top: LayerId,
    top_size: usize,
    /// What makes an activity of any vector that the top is given.
    enters: Activation,
    likelihood: Likelihood,
    /// In the order of the projections; the last one is the image.
    stages: Vec<Stage>,
}

/// One predicted layer on the way.
#[derive(Debug, Clone)]
struct Stage {
    size: usize,
    mean: Activation,
    /// What makes an activity of a mean: `φ`, or nothing where the mean is an activity already.
    sent: Activation,
    /// Where activities come from (0 is the top, i + 1 stage i), and the synapses `[from, to]`.
    sources: Vec<(usize, Panels)>,
    bias: Option<Bias>,
}

/// What a stage computes for some samples, `[rows, size]` each.
struct Passed {
    drive: Matrix,
    mean: Matrix,
    sent: Matrix,
}

/// A circuit that has no such way.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DescentError {
    /// No image.
    #[error(transparent)]
    Sense(#[from] SenseError),
    /// Nothing predicts the image.
    #[error("no layer predicts the image, so there is nothing to draw it from")]
    Unpredicted,
    /// The projections above the image form a cycle.
    #[error("layers {layers} predict each other in a cycle, so there is no top to start from")]
    Cycle {
        /// Layers that are part of a cycle or below one.
        layers: String,
    },
    /// A prediction from the past, for which there is no past.
    #[error(
        "layer \"{layer}\" is predicted from frames before (a projection with a delay), which one image has none of"
    )]
    Delayed {
        /// Its name.
        layer: String,
    },
    /// More than one layer without a prediction.
    #[error("there is no single top layer: {layers} are all unpredicted")]
    Tops {
        /// Their names.
        layers: String,
    },
    /// The top layer is a sense.
    #[error("the top layer \"{layer}\" is a sense, so it has no activity of its own to fit a prior to")]
    SensoryTop {
        /// Its name.
        layer: String,
    },
    /// An image whose likelihood needs a precision.
    #[error(
        "layer \"{layer}\" has a precision of its own, and log p(x) is known for Bernoulli images and for identity precision"
    )]
    Precision {
        /// Its name.
        layer: String,
    },
}

impl Blamed for DescentError {
    fn blame(&self) -> Blame {
        Blame::Request
    }
}

/// The layers at and above the image, each after all that predict it.
fn order(circuit: &Circuit, image: LayerId) -> Result<Vec<LayerId>, DescentError> {
    let mut above = vec![image];
    let mut next = 0;
    while let Some(layer) = above.get(next).copied() {
        let afferents = circuit.afferents(layer);
        if afferents.iter().any(|p| p.delay().is_some()) {
            return Err(DescentError::Delayed { layer: circuit.layer(layer).name().to_owned() });
        }
        let sources = afferents.into_iter().map(|p| p.from());
        above.extend(sources.filter(|from| *from != layer).filter(|from| !above.contains(from)).collect::<Vec<_>>());
        next += 1;
    }
    let mut ordered = Vec::new();
    while ordered.len() < above.len() {
        let is_next = |layer: &&LayerId| {
            !ordered.contains(*layer) && circuit.afferents(**layer).iter().all(|p| ordered.contains(&p.from()))
        };
        match above.iter().find(is_next) {
            Some(layer) => ordered.push(*layer),
            None => {
                let rest = above.iter().filter(|layer| !ordered.contains(layer));
                return Err(DescentError::Cycle { layers: names(circuit, rest) });
            }
        }
    }
    Ok(ordered)
}

fn names<'a>(circuit: &Circuit, layers: impl Iterator<Item = &'a LayerId>) -> String {
    layers.map(|layer| format!("\"{}\"", circuit.layer(*layer).name())).collect::<Vec<_>>().join(", ")
}

/// The one free layer above the image that nothing predicts.
///
/// # Errors
/// [`DescentError`] where there is none, or more than one.
pub fn top_layer(circuit: &Circuit) -> Result<LayerId, DescentError> {
    let (_, image) = image_sense(circuit)?;
    let ordered = order(circuit, image)?;
    let tops: Vec<_> = ordered.into_iter().filter(|layer| !circuit.is_predicted(*layer)).collect();
    match tops[..] {
        [top] if top == image => Err(DescentError::Unpredicted),
        [top] if circuit.layer(top).sense().is_some() => {
            Err(DescentError::SensoryTop { layer: circuit.layer(top).name().to_owned() })
        }
        [top] => Ok(top),
        _ => Err(DescentError::Tops { layers: names(circuit, tops.iter()) }),
    }
}

impl Descent {
    /// The way down of a network.
    ///
    /// # Errors
    /// [`DescentError`] where its circuit has none.
    pub fn new(network: &Network) -> Result<Self, DescentError> {
        let circuit = network.circuit();
        let top = top_layer(circuit)?;
        let (_, image) = image_sense(circuit)?;
        let layer = circuit.layer(image);
        if layer.likelihood() == Likelihood::Gaussian && layer.precision() != Precision::Identity {
            return Err(DescentError::Precision { layer: layer.name().to_owned() });
        }
        let ordered = order(circuit, image)?;
        let place = |layer: LayerId| ordered.iter().position(|other| *other == layer);
        let stages = ordered.iter().filter(|layer| **layer != top).map(|layer| stage(network, *layer, place));
        // The top has no afferents, but another order than "top first" would be as good to `order`.
        debug_assert_eq!(ordered.first(), Some(&top));
        let (stages, likelihood) = (stages.collect(), layer.likelihood());
        let layer = circuit.layer(top);
        // A bell around relu activities reaches below zero, where no activity is. Of functions that do not leave an
        // activity as it is, tanh say, a second turn would make another one.
        let enters = if layer.activation().is_idempotent() { layer.activation() } else { Activation::Identity };
        Ok(Self { top, top_size: layer.size(), enters, likelihood, stages })
    }

    /// The top layer.
    #[must_use]
    pub fn top(&self) -> LayerId {
        self.top
    }

    /// Neurons of the top layer.
    #[must_use]
    pub fn top_size(&self) -> usize {
        self.top_size
    }

    /// The distribution of the image around its mean.
    #[must_use]
    pub fn likelihood(&self) -> Likelihood {
        self.likelihood
    }

    /// Whether every function on the way has a derivative.
    #[must_use]
    pub fn is_smooth(&self) -> bool {
        let (image, inner) = self.stages.split_last().expect("the image is a stage");
        self.enters.has_derivative()
            && image.mean.has_derivative()
            && inner.iter().all(|s| s.mean.has_derivative() && s.sent.has_derivative())
    }

    /// The means of the image `[rows, pixels]` under activities of the top layer `[rows, J]`. Where the top's `φ` leaves
    /// activities as they are (relu), it is applied first, so that draws from a mixture are activities, too: what is
    /// negative is silent. The authors' released code does so as well: it clamps draws to the state of its top node.
    #[must_use]
    pub fn means(&self, top: &Matrix) -> Matrix {
        let size = self.stages.last().map_or(0, |stage| stage.size);
        let mut out = Matrix::zeros(top.rows(), size);
        let shards = out.as_mut_slice().par_chunks_mut(SHARD_ROWS * size);
        shards.zip(top.as_slice().par_chunks(SHARD_ROWS * self.top_size)).for_each(|(out, rows)| {
            let rows = Matrix::from_vec(rows.len() / self.top_size, self.top_size, rows.to_vec());
            let passed = self.pass(&rows.expect("a shard holds whole rows"));
            out.copy_from_slice(passed.last().expect("the image is a stage").mean.as_slice());
        });
        out
    }

    fn pass(&self, top: &Matrix) -> Vec<Passed> {
        let top = &applied(self.enters, top);
        let mut passed: Vec<Passed> = Vec::with_capacity(self.stages.len());
        for stage in &self.stages {
            let mut drive = Matrix::zeros(top.rows(), stage.size);
            for (source, weights) in &stage.sources {
                let from = source.checked_sub(1).map_or(top, |i| &passed[i].sent);
                dense::accumulate(drive.as_mut_slice(), from.as_slice(), weights);
            }
            if let Some(bias) = &stage.bias {
                bias.add_to(drive.as_mut_slice());
            }
            let mean = applied(stage.mean, &drive);
            let sent = applied(stage.sent, &mean);
            passed.push(Passed { drive, mean, sent });
        }
        passed
    }

    /// The mean of the image `[1, pixels]` at one activity of the top layer `[1, J]`, and how it moves along each of
    /// some directions: `directions` `[n, J]` gives `[n, pixels]`.
    ///
    /// Without a derivative somewhere ([`Descent::is_smooth`]) the directions mean nothing.
    #[must_use]
    pub fn tangents(&self, top: &Matrix, directions: &Matrix) -> (Matrix, Matrix) {
        let mut passed = self.pass(top);
        let mut directions = directions.clone();
        let mut slope = vec![1.0; self.top_size];
        activation::times_derivative(self.enters, top.as_slice(), &mut slope);
        scale_columns(&mut directions, &slope);
        let mut moved: Vec<Matrix> = Vec::with_capacity(self.stages.len());
        for (stage, at) in self.stages.iter().zip(&passed) {
            let mut tangent = Matrix::zeros(directions.rows(), stage.size);
            for (source, weights) in &stage.sources {
                let from = source.checked_sub(1).map_or(&directions, |i| &moved[i]);
                dense::accumulate(tangent.as_mut_slice(), from.as_slice(), weights);
            }
            let mut slope = vec![1.0; stage.size];
            activation::times_derivative(stage.mean, at.drive.as_slice(), &mut slope);
            if moved.len() + 1 < self.stages.len() {
                activation::times_derivative(stage.sent, at.mean.as_slice(), &mut slope);
            }
            scale_columns(&mut tangent, &slope);
            moved.push(tangent);
        }
        let last = "the image is a stage";
        (passed.pop().expect(last).mean, moved.pop().expect(last))
    }
}

fn stage(network: &Network, id: LayerId, place: impl Fn(LayerId) -> Option<usize>) -> Stage {
    let (circuit, wiring) = (network.circuit(), network.wiring());
    let layer = circuit.layer(id);
    let error = wiring.error_of(id).expect("only the top is unpredicted");
    // An error population holds its synapses in the order of the circuit's afferents.
    let synapses = network.population(error).synapses();
    let sources = circuit.afferents(id).into_iter().zip(synapses).map(|(projection, synapses)| {
        let weights = synapses.spread();
        let panels = Panels::new(weights.as_slice(), weights.rows(), weights.cols());
        (place(projection.from()).expect("every source is on the way"), panels)
    });
    let sent = match layer.target() {
        Target::State => layer.activation(),
        Target::Activity => Activation::Identity,
    };
    let bias = network.population(error).bias().cloned();
    Stage { size: layer.size(), mean: layer.mean(), sent, sources: sources.collect(), bias }
}

fn scale_columns(matrix: &mut Matrix, scale: &[f32]) {
    for row in matrix.as_mut_slice().chunks_exact_mut(scale.len()) {
        row.iter_mut().zip(scale).for_each(|(value, s)| *value *= s);
    }
}

fn applied(function: Activation, input: &Matrix) -> Matrix {
    let mut out = Matrix::zeros(input.rows(), input.cols());
    activation::apply(function, input.as_slice(), out.as_mut_slice(), input.cols());
    out
}
