//! What may travel between populations: batches of values, and nothing else.
//!
//! A signal is plain data, immutable once sent, and cheap to clone, so that one message can reach several
//! receivers, cross a thread, or be written down. It carries no address and no name.

use crate::matrix::Matrix;
use std::sync::Arc;

/// One message: the values of `width` neurons for every sample of a batch.
#[derive(Debug, Clone)]
pub enum Signal {
    /// The whole vector of every sample, `[rows, width]`.
    Dense(Arc<Matrix>),
    /// The components that moved since they were last sent.
    Events(Arc<Events>),
}

impl Signal {
    /// Bytes that the message would take on a wire: values, and for events their indices and row ends.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Dense(matrix) => 4 * matrix.as_slice().len(),
            Self::Events(events) => 8 * events.indices.len() + 4 * events.ends.len(),
        }
    }

    /// How many neuron values it carries, over all samples.
    #[must_use]
    pub fn values(&self) -> usize {
        match self {
            Self::Dense(matrix) => matrix.as_slice().len(),
            Self::Events(events) => events.indices.len(),
        }
    }
}

/// Changed components of a batch, sample by sample. An event carries the component's new value, not the change: a
/// receiver that misses one is stale there, never wrong.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Events {
    /// `ends[i]` is where sample `i` ends in `indices` and `values`.
    pub ends: Vec<u32>,
    /// Which neuron.
    pub indices: Vec<u32>,
    /// Its new value.
    pub values: Vec<f32>,
}

impl Events {
    /// Forgets everything but the storage.
    pub fn clear(&mut self) {
        self.ends.clear();
        self.indices.clear();
        self.values.clear();
    }

    /// Appends one event to the sample that is being written.
    pub fn push(&mut self, neuron: usize, value: f32) {
        self.indices.push(neuron as u32);
        self.values.push(value);
    }

    /// Ends the sample that is being written.
    pub fn end_sample(&mut self) {
        self.ends.push(self.indices.len() as u32);
    }

    /// The events of each sample: neurons and their new values.
    pub fn samples(&self) -> impl Iterator<Item = (&[u32], &[f32])> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let range = start..*end as usize;
            start = *end as usize;
            (&self.indices[range.clone()], &self.values[range])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_as_they_were_written() {
        let mut events = Events::default();
        events.push(3, 0.5);
        events.push(7, -1.0);
        events.end_sample();
        events.end_sample();
        events.push(0, 2.0);
        events.end_sample();
        let read: Vec<_> = events.samples().map(|(i, v)| (i.to_vec(), v.to_vec())).collect();
        assert_eq!(read, [(vec![3, 7], vec![0.5, -1.0]), (vec![], vec![]), (vec![0], vec![2.0])]);
        let message = Signal::Events(Arc::new(events));
        assert_eq!((message.values(), message.bytes()), (3, 36));
    }
}
