//! The verdict: what settling bears, at the point where a circuit has settled.
//!
//! [`Stability::of`] linearises one synchronous update around the states of each sample and looks at its eigenvalues. For a
//! linear circuit the radii are exact. For another one they speak of small changes around that point, and of the whole way
//! there only as far as the circuit bends little.
//!
//! | file | what it holds |
//! |---|---|
//! | `synapses`, `slopes` | weights and derivatives in double precision |
//! | `linear` | one update as an operator, split into what is never late and what may be |
//! | `absolute` | the absolute value of the map on all populations |
//! | `spectrum` | eigenvalues: dense, or by Krylov spaces |
//! | `late` | eigenvalues along one angle, which answer for every lateness and every factor on β |
//! | `sample` | the figures of one sample |
//! | `verdict` | the words, and where they begin |

mod absolute;
mod late;
mod linear;
mod sample;
mod slopes;
mod spectrum;
mod synapses;
mod verdict;

pub use verdict::{At, MOST_FACTORS, MOST_LATENESS, NEUTRAL, REST, Verdict};

use crate::activities::Activities;
use crate::circuit::{Circuit, LayerId};
use crate::episode::{Episode, Shown};
use crate::matrix::Matrix;
use crate::network::Network;
use indexmap::IndexMap;
use rayon::prelude::*;
use sample::SampleFigures;
use serde::Serialize;
use synapses::WideSynapses;

/// What a circuit bears where it has settled; of several samples the worst, figure by figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stability {
    /// Where it was linearised: at rest only if every sample rests.
    pub at: At,
    /// Spectral radius of one synchronous update of all free states.
    pub update_radius: f64,
    /// Spectral radius of the absolute value of the map on all populations, mismatches as well as states.
    pub absolute_radius: f64,
    /// The largest k up to [`MOST_LATENESS`] such that settling contracts with every link's messages k′ firings older than
    /// lock-step's, for each k′ ≤ k; `None` if not even for 0.
    pub lateness: Option<usize>,
    /// For lateness 0 to [`MOST_FACTORS`]: the largest common factor on all β below which settling contracts; `None` where some
    /// mode grows however small the steps are.
    pub step_factor: Vec<Option<f64>>,
    /// By state population: the largest curvature that it meets, the spectral radius of `−∂dz/∂z` of the population alone. With
    /// β it is what decides: lock-step bears `β · curvature < 2` of a single mode.
    pub stiffness: IndexMap<String, f64>,
    /// The population with the largest β times stiffness.
    pub stiffest: String,
    /// In one word.
    pub verdict: Verdict,
    /// How many samples were looked at.
    pub samples: usize,
    /// How many of them have this verdict.
    pub with_verdict: usize,
}

/// Why there is no verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StabilityError {
    /// Data hold every layer.
    #[error(
        "nothing moves: data hold every neuron of circuit \"{circuit}\" in place; leave a layer without input, or mask a \
         part of one"
    )]
    NothingMoves {
        /// The circuit.
        circuit: String,
    },
    /// States, weights or slopes that aren't finite.
    #[error(
        "sample {sample} of circuit \"{circuit}\" has no finite slopes where it was linearised; settle it for fewer updates"
    )]
    NotFinite {
        /// The circuit.
        circuit: String,
        /// Sample, from 0.
        sample: usize,
    },
    /// Activities that were settled on something else.
    #[error("the activities are of {found} samples and the episode is of {expected}; settle the episode that is shown")]
    OtherEpisode {
        /// Samples of the episode.
        expected: usize,
        /// Samples of the activities.
        found: usize,
    },
}

impl Stability {
    /// The verdict on a network where `activities` have settled on `episode`, after `updates` updates.
    ///
    /// It takes a second for a sample of 1,000 free neurons; samples are spread over threads.
    ///
    /// # Errors
    /// [`StabilityError`] where nothing moves, or where something isn't finite.
    ///
    /// # Examples
    /// ```
    /// use gncn::{Circuit, Episode, Matrix, Network, SettleOptions, Settler};
    /// use gncn::stability::{Stability, Verdict};
    /// use std::sync::Arc;
    ///
    /// let circuit = Circuit::parse(br#"
    ///     Circuit(
    ///         name: "leaky",
    ///         layers: {
    ///             "z0": (size: 4, sense: "x"),
    ///             "z1": (size: 2, beta: 0.1, leak: 9.0),
    ///         },
    ///         projections: [(from: "z1", to: "z0", feedback: Transposed)],
    ///     )
    /// "#)?;
    /// let mut network = Network::new(Arc::new(circuit.clone()), 1);
    /// let episode = Episode::new(&circuit, [("x".to_owned(), Matrix::from_fn(1, 4, |_, j| j as f32))])?;
    /// let mut settler = Settler::new();
    /// let settled = settler.settle(&mut network, &episode, circuit.settling(), SettleOptions::default())?;
    /// let stability = Stability::of(&network, &episode, settler.activities(), settled.steps)?;
    /// assert_eq!((stability.verdict, stability.lateness), (Verdict::AnyOrder, Some(64)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(
        network: &Network,
        episode: &Episode,
        activities: &Activities,
        updates: usize,
    ) -> Result<Self, StabilityError> {
        let circuit = network.circuit();
        if activities.rows() != episode.rows() {
            return Err(StabilityError::OtherEpisode { expected: episode.rows(), found: activities.rows() });
        }
        if circuit.layers().all(|(id, _)| episode.is_clamped(id)) {
            return Err(StabilityError::NothingMoves { circuit: circuit.name().to_owned() });
        }
        let synapses = WideSynapses::of(network);
        let states: Vec<Matrix> = circuit.layers().map(|(id, _)| activities.state(network.wiring(), id)).collect();
        let figures = (0..episode.rows()).into_par_iter().map(|sample| {
            let z: Vec<_> = states.iter().map(|states| wide(states.row(sample))).collect();
            let free: Vec<_> = circuit.layers().map(|(id, _)| free(circuit, episode, id, sample)).collect();
            let failed = || StabilityError::NotFinite { circuit: circuit.name().to_owned(), sample };
            SampleFigures::of(circuit, &synapses, &z, &free).ok_or_else(failed)
        });
        let figures = figures.collect::<Result<Vec<_>, _>>()?;
        Ok(Self::worst(circuit, &figures, updates))
    }

    /// The worst of some samples, of which there is at least one.
    fn worst(circuit: &Circuit, figures: &[SampleFigures], updates: usize) -> Self {
        let largest = |of: &dyn Fn(&SampleFigures) -> f64| figures.iter().map(of).fold(0.0, f64::max);
        let stiff = |id: LayerId| largest(&|f: &SampleFigures| f.stiffness[id.0].unwrap_or(0.0));
        let moving = circuit.layers().filter(|(id, _)| figures.iter().any(|f| f.stiffness[id.0].is_some()));
        let stiffness: Vec<_> = moving.map(|(id, layer)| (layer, stiff(id))).collect();
        let scaled = |entry: &&(&crate::circuit::Layer, f64)| f64::from(entry.0.beta().get()) * entry.1;
        let stiffest = stiffness.iter().max_by(|a, b| scaled(a).total_cmp(&scaled(b)));
        let verdict = figures.iter().map(SampleFigures::verdict).max().unwrap_or(Verdict::Grows);
        // `None` sorts below every number, as it should.
        let factor = |k: usize| {
            let all = figures.iter().map(|f| f.step_factor[k]);
            all.min_by(|a, b| a.unwrap_or(-1.0).total_cmp(&b.unwrap_or(-1.0))).flatten()
        };
        Self {
            at: if largest(&|f| f.movement) <= REST { At::Rest } else { At::AfterUpdates(updates) },
            update_radius: largest(&|f| f.update_radius),
            absolute_radius: largest(&|f| f.absolute_radius),
            // What is neutral does not contract, not even in lock-step.
            lateness: figures.iter().map(|f| f.lateness.filter(|_| f.verdict() != Verdict::Neutral)).min().flatten(),
            step_factor: (0..=MOST_FACTORS).map(factor).collect(),
            stiffest: stiffest.map(|(layer, _)| layer.name().to_owned()).unwrap_or_default(),
            stiffness: stiffness.into_iter().map(|(layer, value)| (layer.name().to_owned(), value)).collect(),
            verdict,
            samples: figures.len(),
            with_verdict: figures.iter().filter(|f| f.verdict() == verdict).count(),
        }
    }

    /// The verdict in words, such as "bears messages up to 3 firings late".
    #[must_use]
    pub fn words(&self) -> String {
        match (self.verdict, self.lateness) {
            (Verdict::AnyOrder, _) => "bears any order of firings, whatever the (bounded) delays".to_owned(),
            (Verdict::BoundedLateness, Some(MOST_LATENESS)) => {
                format!("bears messages {MOST_LATENESS} firings late and possibly more")
            }
            (Verdict::BoundedLateness, k) => format!("bears messages up to {} firings late", k.unwrap_or_default()),
            (Verdict::LockStep, _) => "settles in lock-step only: one firing late is too much".to_owned(),
            (Verdict::Neutral, Some(k)) => {
                format!("has directions that neither decay nor grow; the others bear messages up to {k} firings late")
            }
            (Verdict::Neutral, None) => "is at the edge: neither decays nor grows".to_owned(),
            (Verdict::Grows, _) => match self.at {
                At::Rest => "grows even in lock-step: there is no rest here".to_owned(),
                At::AfterUpdates(updates) => format!(
                    "grows even in lock-step where it is after {updates} updates, which is no rest yet: if there is one, \
                     more steps lead there"
                ),
            },
        }
    }
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|v| f64::from(*v)).collect()
}

/// Which neurons of a layer move in a sample.
fn free(circuit: &Circuit, episode: &Episode, id: LayerId, sample: usize) -> Vec<bool> {
    let size = circuit.layer(id).size();
    match episode.shown(id) {
        Shown::Nothing => vec![true; size],
        Shown::All(_) => vec![false; size],
        Shown::Part { observed, .. } => observed.row(sample).iter().map(|o| *o == 0.0).collect(),
    }
}
