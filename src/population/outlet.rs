//! Where messages leave: buffers that are reused once every receiver has let go of them, and, for events, the
//! memory of what receivers have.

use crate::matrix::Matrix;
use crate::params::Messages;
use crate::signal::{Events, Signal};
use std::sync::Arc;

/// An outlet of a population. What was sent can't change: a buffer is written again only when nobody else holds it.
#[derive(Debug)]
pub(super) struct Outlet {
    rows: usize,
    width: usize,
    buffers: Vec<Arc<Matrix>>,
    /// Which buffer was written last.
    last: usize,
    /// Present once a whole message went out under `Messages::Events`.
    changes: Option<Changes>,
}

/// What events need: the values that receivers have, and buffers of messages.
#[derive(Debug)]
struct Changes {
    threshold: f32,
    remembered: Matrix,
    buffers: Vec<Arc<Events>>,
    /// The message to send: `None` while the whole vector goes out.
    last: Option<usize>,
}

impl Outlet {
    /// An outlet that has sent zeros.
    pub(super) fn new(rows: usize, width: usize) -> Self {
        Self { rows, width, buffers: vec![Arc::new(Matrix::zeros(rows, width))], last: 0, changes: None }
    }

    /// Forgets what receivers have, so that the next message is whole.
    pub(super) fn forget(&mut self, messages: Messages) {
        match (messages, &mut self.changes) {
            (Messages::Dense, changes) => *changes = None,
            (Messages::Events { threshold }, Some(changes)) => {
                changes.threshold = threshold;
                changes.last = None;
                changes.remembered.fill(f32::NAN);
            }
            (Messages::Events { threshold }, changes @ None) => {
                let mut remembered = Matrix::zeros(self.rows, self.width);
                remembered.fill(f32::NAN);
                *changes = Some(Changes { threshold, remembered, buffers: Vec::new(), last: None });
            }
        }
    }

    /// Lets `write` fill the next message, whose former content is arbitrary, and makes it the last one sent.
    pub(super) fn write<R>(&mut self, write: impl FnOnce(&mut Matrix) -> R) -> R {
        let (rows, width) = (self.rows, self.width);
        self.last = free_buffer(&mut self.buffers, || Matrix::zeros(rows, width));
        let buffer = Arc::get_mut(&mut self.buffers[self.last]).expect("the buffer was just found free");
        let result = write(buffer);
        if let Some(changes) = &mut self.changes {
            changes.compare(&self.buffers[self.last]);
        }
        result
    }

    /// The values written last.
    pub(super) fn values(&self) -> &Matrix {
        &self.buffers[self.last]
    }

    /// The values written last, as a whole message.
    pub(super) fn whole(&self) -> Signal {
        Signal::Dense(Arc::clone(&self.buffers[self.last]))
    }

    /// The message sent last.
    pub(super) fn signal(&self) -> Signal {
        match self.changes.as_ref().and_then(|changes| Some(&changes.buffers[changes.last?])) {
            Some(events) => Signal::Events(Arc::clone(events)),
            None => self.whole(),
        }
    }
}

impl Changes {
    /// Writes the components of `values` that moved by more than the threshold since they were last sent. The first
    /// message is whole: what is remembered is then NaN everywhere.
    fn compare(&mut self, values: &Matrix) {
        if self.remembered.as_slice().first().is_none_or(|v| v.is_nan()) {
            self.remembered.copy_from(values);
            self.last = None;
            return;
        }
        let at = free_buffer(&mut self.buffers, Events::default);
        let events = Arc::get_mut(&mut self.buffers[at]).expect("the buffer was just found free");
        events.clear();
        for row in 0..values.rows() {
            let pairs = self.remembered.row_mut(row).iter_mut().zip(values.row(row)).enumerate();
            for (neuron, (had, value)) in pairs {
                let moved = (value - *had).abs();
                // A difference that is no number has to be sent as well, so that it is seen where it arrives.
                if moved > self.threshold || moved.is_nan() {
                    *had = *value;
                    events.push(neuron, *value);
                }
            }
            events.end_sample();
        }
        self.last = Some(at);
    }
}

/// The first buffer that nobody else holds, or a new one.
fn free_buffer<T>(buffers: &mut Vec<Arc<T>>, new: impl FnOnce() -> T) -> usize {
    let free = buffers.iter_mut().position(|buffer| Arc::get_mut(buffer).is_some());
    free.unwrap_or_else(|| {
        buffers.push(Arc::new(new()));
        buffers.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_message_never_changes_and_a_free_buffer_is_reused() {
        let mut outlet = Outlet::new(1, 2);
        outlet.write(|m| m.fill(1.0));
        let held = outlet.signal();
        for value in [2.0, 3.0, 4.0, 5.0] {
            outlet.write(|m| m.fill(value));
        }
        let Signal::Dense(matrix) = &held else { panic!("dense") };
        assert_eq!(matrix.as_slice(), [1.0, 1.0]);
        assert_eq!(outlet.values().as_slice(), [5.0, 5.0]);
        assert_eq!(outlet.buffers.len(), 2, "one held, one in turn");
    }

    #[test]
    fn events_are_what_moved_since_it_was_sent() {
        let mut outlet = Outlet::new(1, 3);
        outlet.forget(Messages::Events { threshold: 0.1 });
        let mut send = |values: [f32; 3]| {
            outlet.write(|m| m.as_mut_slice().copy_from_slice(&values));
            outlet.signal()
        };
        assert!(matches!(send([0.0, 0.0, 0.0]), Signal::Dense(_)), "the first message is whole");
        let Signal::Events(events) = send([0.06, 0.5, 0.0]) else { panic!("events") };
        assert_eq!((events.indices.as_slice(), events.values.as_slice()), (&[1][..], &[0.5][..]));
        let Signal::Events(events) = send([0.12, 0.55, 0.0]) else { panic!("events") };
        assert_eq!(
            (events.indices.as_slice(), events.values.as_slice()),
            (&[0][..], &[0.12][..]),
            "slow drift is sent"
        );
    }
}
