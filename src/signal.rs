//! What may travel between populations: batches of values that say what they are, and nothing else.
//!
//! A signal is plain data, immutable once sent, and cheap to clone, so that one message can reach several
//! receivers, cross a thread, or be written down. It carries no address and no name. What it is was decided by the outlet
//! that sent it, and no inlet takes anything else.

use crate::kernels::sparse::List;
use crate::matrix::Matrix;
pub use crate::params::Carries;
use std::sync::Arc;

/// One message.
#[derive(Debug, Clone)]
pub struct Signal {
    carries: Carries,
    content: Content,
}

/// The values of `width` neurons for every sample of a batch.
#[derive(Debug, Clone)]
pub enum Content {
    /// The whole vector of every sample, `[rows, width]`.
    Dense(Arc<Matrix>),
    /// The components that moved since they were last sent, sample by sample. An event carries the component's new
    /// value, not the change: a receiver that misses one is stale there, never wrong.
    Events(Arc<List>),
    /// The components that moved up (1) or down (−1) by one threshold, sample by sample: a change, so that a receiver has
    /// to be told each of them, in whatever order.
    Steps(Arc<List>),
}

impl Signal {
    /// A message as an outlet makes it.
    #[must_use]
    pub fn new(carries: Carries, content: Content) -> Self {
        Self { carries, content }
    }

    /// What it is.
    #[must_use]
    pub fn carries(&self) -> Carries {
        self.carries
    }

    /// Its values.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// Its values, for whoever takes them in.
    #[must_use]
    pub fn into_content(self) -> Content {
        self.content
    }

    /// Bits that the message would take on a wire: values of 32, and for events their indices and row ends, of 32 each. A
    /// step up or down takes 2 beside its index.
    #[must_use]
    pub fn bits(&self) -> u64 {
        let bits = match &self.content {
            Content::Dense(matrix) => 32 * matrix.as_slice().len(),
            Content::Events(events) => 64 * events.len() + 32 * events.rows(),
            Content::Steps(steps) => 34 * steps.len() + 32 * steps.rows(),
        };
        bits as u64
    }

    /// How many neuron values it carries, over all samples.
    #[must_use]
    pub fn values(&self) -> usize {
        self.content.values()
    }
}

impl Content {
    /// How many neuron values there are, over all samples.
    #[must_use]
    pub fn values(&self) -> usize {
        match self {
            Self::Dense(matrix) => matrix.as_slice().len(),
            Self::Events(events) | Self::Steps(events) => events.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_as_they_were_written() {
        let mut events = List::default();
        let moved = [0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, -1.0];
        let batch: Vec<f32> = [moved, [0.0; 8], [2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]].concat();
        events.of_nonzero(&batch, 8);
        let read: Vec<_> = events.samples().map(|(i, v)| (i.to_vec(), v.to_vec())).collect();
        assert_eq!(read, [(vec![3, 7], vec![0.5, -1.0]), (vec![], vec![]), (vec![0], vec![2.0])]);
        let events = Arc::new(events);
        let message = Signal::new(Carries::Mismatch, Content::Events(Arc::clone(&events)));
        assert_eq!((message.values(), message.bits(), message.carries()), (3, 8 * 36, Carries::Mismatch));
        let steps = Signal::new(Carries::Mismatch, Content::Steps(events));
        assert_eq!((steps.values(), steps.bits()), (3, 8 * 24 + 3 * 2));
    }
}
