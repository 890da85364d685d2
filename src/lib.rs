//! **gncn** simulates predictive-coding circuits as populations of neurons that run as independent actors.
//!
//! A circuit is a RON file. Each layer has a population of *state neurons* and, where another layer predicts it, a
//! population of *error neurons*. Populations hold their own activity and their own afferent synapses, and they meet
//! through messages only. A *schedule* says who fires when; it is named, recorded, and part of the experiment.
//!
//! ```
//! use gncn::circuit::Circuit;
//! use gncn::episode::Episode;
//! use gncn::executor::{Measure, SettleOptions, Settler};
//! use gncn::matrix::Matrix;
//! use gncn::network::Network;
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
//! let settled = settler.settle(&mut network, &episode, &circuit.settling, options)?;
//! assert_eq!(settled.energies.sums.len(), 21);
//! network.learn(settler.activities())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Layers: a module imports only from lines above it
//!
//! ```text
//! 0  params  rng  kernels/  matrix             nothing from the crate; kernels work on slices
//! 1  signal                                    what may travel between populations
//! 1  weights                                   what a batch is multiplied by, as it is learned and as products read it
//! 1  data/  picture                            images and labels in, batches and pictures out
//! 1  circuit/                                  the RON text, and the checked description it becomes
//! 2  synapse -> learning/                      afferent synapses and the local rules that change them
//! 3  population/                               state and error populations: the actors' minds
//! 4  network  episode                          populations built from a circuit; one presentation of data
//! 5  executor/                                 who fires when, and what carries the messages
//! 6  checkpoint/                               weights, checkpoints and run folders
//! 7  training  evaluation/                     epochs over data, and measures
//! 7  baseline/                                 the compared models (feature `baselines`)
//! 8  study/                                    what runs say when they are compared, and the verdict before them
//! 9  cli/ -> main                              the command line
//! ```

#[cfg(feature = "baselines")]
pub mod baseline;
pub mod checkpoint;
pub mod circuit;
pub mod cli;
pub mod data;
pub mod episode;
pub mod evaluation;
pub mod executor;
pub mod kernels;
pub mod learning;
pub mod matrix;
pub mod network;
pub mod params;
pub mod picture;
pub mod population;
pub mod rng;
pub mod signal;
pub mod study;
pub mod synapse;
pub mod training;
pub mod weights;

/// Rust in the README compiles and runs, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
