//! Kernels beside their slow twins: plain loops over the equation, as tests have them, compiled with the same
//! optimisation. Shapes are those of one shard of a hidden layer of `circuits/gncn-pdh.ron`.

mod changes;
#[path = "../common/mod.rs"]
mod common;
mod pointwise;
mod products;

use gncn::kernels::product::SHARD_ROWS;

/// Samples.
const ROWS: usize = SHARD_ROWS;
/// Presynaptic neurons.
const N: usize = 360;
/// Postsynaptic neurons.
const M: usize = 360;

fn main() {
    divan::main();
}
