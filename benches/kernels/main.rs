//! Kernels beside their slow twins: plain loops over the equation, as tests have them, compiled with the same
//! optimisation. Shapes are those of one shard of a hidden layer of `circuits/gncn-pdh.ron`.

mod changes;
mod pointwise;
mod products;
#[path = "../common/values.rs"]
mod values;

use gncn::kernels::product::SHARD_ROWS;

/// Samples.
const ROWS: usize = SHARD_ROWS;
/// Presynaptic neurons.
const N: usize = 360;
/// Postsynaptic neurons.
const M: usize = 360;

/// `len` values from -1 to 1, the same for the same name.
fn values(name: &str, len: usize) -> Vec<f32> {
    values::sparse_values(name, len, 100)
}

fn main() {
    divan::main();
}
