//! The arithmetic of populations on plain slices: what every firing spends its time in.
//!
//! A kernel states its equation and its symbols with shapes; it knows nothing of the crate. Batches are row-major
//! `[rows, size]`. Each fast kernel has a slow twin in its tests, compared at ragged sizes.
//!
//! **Bits.** Within one build and one machine every kernel gives the same bits for a sample, whatever other
//! samples are in the batch and whichever thread runs it: pointwise kernels work on one element at a time, and in a
//! product of a batch with synapses every component of a sample is one chain of additions, presynaptic neurons
//! ascending. Sums over samples go shard by shard, [`product::SHARD_ROWS`] rows counted from the first sample.

pub mod activation;
mod block;
pub mod dense;
pub mod drive;
pub mod lanes;
pub mod lateral;
pub mod list;
pub mod meter;
pub mod mismatch;
pub mod neurons;
pub mod norms;
pub mod optimize;
pub mod pairs;
pub mod panels;
pub mod pattern;
pub mod product;
pub mod sparse;
pub mod spd;
pub mod spectral;
pub mod stairs;
#[cfg(test)]
mod twin;
pub mod update;
