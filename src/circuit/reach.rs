//! How many synapses a projection has.

use super::description::{Circuit, Projection};
use crate::params::Reach;

impl Circuit {
    /// The synapses of one kind (W, or E) that a projection has.
    #[must_use]
    pub fn synapses(&self, projection: &Projection) -> u64 {
        let (from, to) = (self.layer(projection.from()), self.layer(projection.to()));
        count(projection.reach(), (from.size() as u64, from.shape()), (to.size() as u64, to.shape()))
    }
}

/// Synapses between layers of these sizes and shapes.
fn count(reach: Reach, (from, grid): (u64, Option<[usize; 3]>), (to, onto): (u64, Option<[usize; 3]>)) -> u64 {
    match reach {
        Reach::All => from.saturating_mul(to),
        Reach::OneToOne => from.min(to),
        Reach::Random { share, .. } => drawn(share, from.saturating_mul(to)),
        Reach::Patch { field: (a, b), .. } => {
            let channels = |shape: Option<[usize; 3]>| shape.map_or(1, |shape| shape[2] as u64);
            let positions = from / channels(grid).max(1);
            let field = (a as u64).saturating_mul(b as u64).saturating_mul(channels(onto));
            positions.saturating_mul(channels(grid)).saturating_mul(field)
        }
    }
}

/// How many of `pairs` a share is: the nearest number, one at the least.
fn drawn(share: f32, pairs: u64) -> u64 {
    ((f64::from(share) * pairs as f64).round() as u64).clamp(1, pairs.max(1))
}
