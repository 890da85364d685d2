//! **gncn** simulates predictive-coding circuits as populations of neurons that run as independent actors.
//!
//! A circuit is a RON file. Each layer has a population of *state neurons* and, where another layer predicts it, a
//! population of *error neurons*. Populations hold their own activity and their own afferent synapses, and they meet
//! through messages only. A *schedule* says who fires when; it is named, recorded, and part of the experiment.
//!
//! ```
//! use gncn::{Circuit, Episode, Matrix, Measure, Network, SettleOptions, Settler};
//! use std::sync::Arc;
//!
//! let circuit = Circuit::parse(br#"
//!     Circuit(
//!         name: "pair",
//!         layers: {
//!             "z0": (size: 4, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
//!             "z1": (size: 3, activation: Tanh, beta: 0.1),
//!         },
//!         projections: [(from: "z1", to: "z0", feedback: Transposed)],
//!         settling: (steps: 20, schedule: Synchronous),
//!     )
//! "#)?;
//! let mut network = Network::new(Arc::new(circuit.clone()), 1);
//! let image = Matrix::from_fn(2, 4, |sample, pixel| ((sample + pixel) % 2) as f32);
//! let episode = Episode::new(&circuit, [("image".to_owned(), image)])?;
//!
//! let mut settler = Settler::new();
//! let options = SettleOptions { measure: Measure::EveryStep, ..SettleOptions::default() };
//! let settled = settler.settle(&mut network, &episode, circuit.settling(), options)?;
//! assert_eq!(settled.energies.sums.len(), 21);
//! network.learn(settler.activities())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Layers: a module imports only from lines above it
//!
//! ```text
//! 0  params  rng  kernels/  matrix             nothing from the crate; kernels work on slices
//! 0  machine/  blame                           what kernels are compiled for; whose fault a failure is
//! 0  ranks/                                    processes of one job, and how they tell each other bytes
//! 1  signal                                    what may travel between populations
//! 1  weights                                   what a batch is multiplied by, as it is learned and as products read it
//! 1  data/  picture                            images and labels in, batches and pictures out
//! 1  circuit/                                  the RON text, and the checked description it becomes
//! 2  synapse -> learning/                      afferent synapses and the local rules that change them
//! 3  population/                               state and error populations: the actors' minds
//! 4  episode -> activities -> network          one presentation of data; populations built from a circuit
//! 5  executor/                                 who fires when, and what carries the messages
//! 5  stability/                                what a circuit bears, before it runs
//! 6  checkpoint/                               weights, checkpoints and run folders
//! 7  training  evaluation/                     epochs over data, and measures
//! 7  baseline/                                 the compared models (feature `baselines`)
//! 8  view/ -> paper/, study/                   what a run is shown as; the tables of the paper; studies
//! 9  cli/ -> main                              the command line (feature `cli`)
//! ```
//!
//! No files import each other in a circle either: a module and its parts look down, siblings meet in something below
//! both.
//!
//! # Features
//!
//! `cli` (default) is the command line, with `tables` (traces as Parquet) and `pictures` (PNG, t-SNE); `view` (default) is
//! its local page. Without features
//! the crate is a library that settles, learns, measures, and reads and writes data. `counting` lets the binary count
//! allocations, `baselines` adds the models that the paper compares with, and `mpi` lets the processes of a job on many
//! machines train together.

// Without `testing`, what only tests look at is neither reachable nor used; with it, both lints hold for all of the crate.
#![cfg_attr(not(feature = "testing"), allow(dead_code, unreachable_pub, unused_imports))]
// Pages of the public surface may name what only readers of the source can open.
#![allow(rustdoc::private_intra_doc_links)]

// Most modules are private. With `testing`, which only this package's own tests and benchmarks turn on, they can be seen
// from outside.
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod activities;
#[cfg(not(feature = "testing"))]
mod activities;
mod blame;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod checkpoint;
#[cfg(not(feature = "testing"))]
mod checkpoint;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod circuit;
#[cfg(not(feature = "testing"))]
mod circuit;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod episode;
#[cfg(not(feature = "testing"))]
mod episode;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod executor;
#[cfg(not(feature = "testing"))]
mod executor;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod kernels;
#[cfg(not(feature = "testing"))]
mod kernels;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod learning;
#[cfg(not(feature = "testing"))]
mod learning;
mod machine;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod matrix;
#[cfg(not(feature = "testing"))]
mod matrix;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod network;
#[cfg(not(feature = "testing"))]
mod network;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod params;
#[cfg(not(feature = "testing"))]
mod params;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod population;
#[cfg(not(feature = "testing"))]
mod population;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod ranks;
#[cfg(not(feature = "testing"))]
mod ranks;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod rng;
#[cfg(not(feature = "testing"))]
mod rng;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod signal;
#[cfg(not(feature = "testing"))]
mod signal;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod synapse;
#[cfg(not(feature = "testing"))]
mod synapse;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod training;
#[cfg(not(feature = "testing"))]
mod training;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod weights;
#[cfg(not(feature = "testing"))]
mod weights;

// The public surface, by what a user does.

// Describe a circuit: from text to checked data, who talks to whom in it, and what that costs.
pub use circuit::{
    Change, Circuit, CircuitError, Clock, Delay, ExecutorKind, Fire, Layer, LayerId, Learning, Mistake, Noise,
    PlaceLearning, PopulationId, Projection, Schedule, Settling, Stopping, TimeScale, VirtualTime, advice, cost, file,
    parse_messages, parse_place, wiring,
};
pub use params::{
    Activation, BiasKind, Decline, Feedback, Init, Lateral, LayerNoise, Leak, Likelihood, Messages, Norm, Optimizer,
    Precision, PrecisionForm, Prior, RateOverTime, Reach, Sign, Start, StepSize, Target, When,
};

// Run it: a network, a presentation of data, and what settles one on the other.
pub use activities::Activities;
pub use episode::{Episode, EpisodeError, Shown};
pub use executor::{Energies, Measure, Presentation, Purpose, SettleError, SettleOptions, Settled, Settler, StopFlag};
pub use matrix::{InputBatch, Matrix};
pub use network::{Network, Tensors, WeightsError, bias_name, covariance_name, tensor_shapes};

// Watch it: every firing, every message, and the log that runs it again.
pub use executor::{
    AGES, Account, DeliveryLog, Firing, LinkAccount, NeverHeard, NoiseKey, Observed, Observer, PopulationAccount,
    Trace, TracedFiring, TracedWait,
};
pub mod view;

// Share it: the processes of one job, on one machine or on many.
pub use ranks::{AllTold, Elsewhere, Exchange, Ranks, Traffic};

// Let it learn.
pub use network::LearningError;
pub use training::{BestEpoch, Ended, EpochMetrics, Event, Flow, Keep, TrainError, TrainSpec, Training};

// Read data, and measure what was learned.
pub mod data;
pub mod evaluation;
#[cfg(feature = "pictures")]
pub mod picture;

// Keep it: weights, checkpoints, run folders.
pub use checkpoint::weights::{fingerprint, load as load_weights, save as save_weights};
pub use checkpoint::{Progress, Run, RunInfo, Snapshot, StoreError};

// Know whose fault a failure is.
pub use blame::{Blame, Blamed};

// Know what it runs on: bits hold for one level of kernels.
pub use machine::level::Level;
pub use machine::{KernelBuild, cpu_features, slower_than_it_could_be};

// The paper: its tables, the models that it compares with, and the command line.
#[cfg(feature = "baselines")]
pub mod baseline;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
pub mod paper;
pub mod stability;

// Put a question to circuits, and write the answer.
pub mod study;

/// Rust in the README compiles and runs, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
