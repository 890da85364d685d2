//! What the local page shows, as data: which runs and studies there are, how a run goes, and a settle that a hand touches.
//!
//! Nothing here knows of a network or a browser: [`Shelf`] says which files may be shown, [`curves`](super::curves) read
//! metrics, [`about`] tells of one run, and [`Touch`] settles one image twice, as it is and as a hand changed it.
//! `serve` hands all of it to a browser.

mod error;
mod film;
mod looked;
mod opened;
mod shelf;
mod shown;
mod touch;

pub use error::TouchError;
pub use film::Film;
pub use looked::ShownVerdict;
pub use shelf::{PathRefused, Shelf, Shelved, ShelvedKind};
pub use shown::{ShownRun, about};
pub use touch::{HiddenPart, Touch, TouchRequest, Touched, TouchedImage};
