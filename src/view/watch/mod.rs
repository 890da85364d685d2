//! A run in a terminal: curves, layers and links, live while `gncn train` goes on.
//!
//! [`WatchedRun`] reads what the run's folder tells and knows of no terminal; [`Glance`] is what a person chose to see of it,
//! changed by keys; [`paint`] draws both into a frame of any size; [`look`] holds a terminal from its first frame to the
//! last, and gives it back whatever happens. Calls come in that order, a few times a second, from one thread.

mod glance;
mod paint;
mod screen;
mod watched;

pub use glance::{Glance, KeyMeaning};
pub use paint::paint;
pub use screen::{LookAnswer, look, release};
pub use watched::{WatchedCurve, WatchedLayer, WatchedRun};

#[cfg(test)]
mod tests;
