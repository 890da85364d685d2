//! Images and labels in, batches out.
//!
//! What goes on here, in the order of a run: [`Source`] says what was asked for, [`load`] turns it into a
//! checked [`Dataset`], [`Dataset::split`] holds out validation images, [`Batches`] gives the order of an
//! epoch, and [`Images::fill`] writes a batch into a [`Matrix`](crate::matrix::Matrix) of the caller.
//!
//! The protocol of the paper (design, section 5) is the default: pixels / 255, binarised at 0.5 and above
//! ([`Reading::default`]); 2,000 training images held out, chosen by seed.
//!
//! This module knows nothing of circuits, senses or populations. Its parsers take bytes or readers, return
//! [`DataError`], and never allocate what a header claims before the bytes are there.
//!
//! ```
//! use gncn::data::{Batches, Source, load};
//! use gncn::Matrix;
//!
//! let data = load(&Source::Digits { seed: 1, train: 50, test: 10 })?;
//! let split = data.split(1);
//! let batches = Batches::new(&split.train, 20, 1, 0);
//! let rows = batches.get(0);
//! let mut batch = Matrix::zeros(rows.len(), data.train.size());
//! data.train.fill(rows, &mut batch);
//! # Ok::<(), gncn::data::DataError>(())
//! ```

pub mod array;
pub mod atomic;
pub mod batches;
pub(crate) mod bounded;
pub mod dataset;
pub(crate) mod digest;
pub mod digits;
pub mod error;
#[cfg(feature = "cli")]
pub mod fetch;
pub mod files;
mod folder;
pub mod given;
mod glyphs;
mod gzip;
pub mod idx;
pub mod images;
mod latch;
pub mod leftovers;
pub mod level5;
pub mod mat;
pub mod moving;
mod named;
pub mod npy;
pub mod npz;
pub mod outputs;
mod photo;
pub mod reader;
pub mod samples;
pub mod sets;
mod sheet;
pub mod source;

pub use batches::Batches;
pub use dataset::{Dataset, Description, Split};
pub use error::DataError;
pub use files::{read_matrix, read_matrix_or_row};
pub use given::{SenseFile, SenseFiles};
pub use images::{Grid, Images, Stimulus};
pub use reader::{SenseMoments, SenseReader};
pub use samples::{Pixels, Samples};
pub use source::{NAMES, Source, load, load_from, load_raw};

pub use crate::params::Reading;
