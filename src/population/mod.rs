//! Populations: the actors' minds.
//!
//! A population is its synapses (slow, changed by learning only) and, for every presentation of data, its
//! activity (fast). It is a state machine without input or output of its own. Whoever runs it calls
//!
//! 1. [`Population::rest`] once per presentation, which gives an activity at rest that has already *sent* what a
//!    resting population sends;
//! 2. [`Population::receive`] for each message that arrives, on a local inlet number;
//! 3. [`Population::fire`] for each firing: it uses what its inlets hold, changes its own activity and writes
//!    its outlets, read with [`Population::sent`];
//! 4. [`Population::learn`] at the readout, once for all activities of the batch.
//!
//! It must not know a circuit, a wiring table, an executor, a clock, a channel, a lock or a peer: its inlets and
//! outlets are numbers, its inputs are two closed enums, and what it sent can't change.
//!
//! The fences are types. A state population takes mismatches, never another population's activity:
//!
//! ```
//! use gncn::population::StateInput;
//! fn hear(content: gncn::signal::Content) -> StateInput { StateInput::Mismatch(content) }
//! ```
//! ```compile_fail,E0599
//! use gncn::population::StateInput;
//! fn hear(content: gncn::signal::Content) -> StateInput { StateInput::Activity(content) }
//! ```
//!
//! An error population never hears another error population:
//!
//! ```
//! use gncn::population::ErrorInput;
//! fn hear(content: gncn::signal::Content) -> ErrorInput { ErrorInput::Target(content) }
//! ```
//! ```compile_fail,E0599
//! use gncn::population::ErrorInput;
//! fn hear(content: gncn::signal::Content) -> ErrorInput { ErrorInput::Mismatch(content) }
//! ```
//!
//! A signal says itself what it is, as the outlet that sent it has decided; who receives it does not:
//!
//! ```
//! use gncn::population::StateInput;
//! use gncn::signal::{Carries, Content, Signal};
//! let content = Content::Dense(Default::default());
//! let hear = |carries| StateInput::try_from(Signal::new(carries, content.clone()));
//! assert!(hear(Carries::Mismatch).is_ok() && hear(Carries::Activity).is_err());
//! ```
//!
//! And nobody outside adds a third kind, because the trait is sealed:
//!
//! ```
//! fn kinds<P: gncn::population::Population>() {}
//! kinds::<gncn::population::StatePopulation>();
//! ```
//! ```compile_fail,E0277
//! fn kinds<P: gncn::population::Population>() {}
//! kinds::<gncn::population::StateInput>();
//! ```

mod any;
mod contract;
mod drive;
mod error;
mod inlet;
mod momentum;
mod noise;
mod outlet;
mod past;
mod precision;
mod state;
mod stiffness;
mod upkeep;

pub use any::{AnyActivity, AnyPopulation};
pub use contract::{Fired, Heard, Population};
pub use error::{ErrorActivity, ErrorInput, ErrorPopulation};
pub use noise::Stream;
pub use state::{Onset, Presented, Returned, StateActivity, StateInput, StatePopulation};
