//! Where messages leave: buffers that are reused once every receiver has let go of them, and, for events, the
//! memory of what receivers have. Under ternary messages that memory follows the values by one threshold a message.

use crate::kernels::meter::{self, Kernel};
use crate::kernels::sparse::List;
use crate::kernels::stairs::Stairs;
use crate::matrix::Matrix;
use crate::params::Messages;
use crate::signal::Content;
use std::sync::Arc;

/// An outlet of a population. What was sent can't change: a buffer is written again only when nobody else holds it.
#[derive(Debug)]
pub(super) struct Outlet {
    rows: usize,
    width: usize,
    buffers: Vec<Arc<Matrix>>,
    /// Which buffer was written last.
    last: usize,
    /// Whether its owner asks how far components moved.
    tells_deltas: bool,
    /// Absent where messages are whole.
    changes: Option<Changes>,
}

/// What events need: the values that receivers have, and buffers of messages.
#[derive(Debug)]
struct Changes {
    threshold: f32,
    /// Every so many messages a whole one.
    refresh: Option<u64>,
    remembered: Matrix,
    /// Present where an event says only up or down: how `remembered` came about.
    stairs: Option<Stairs>,
    /// Whether the last message left something untold, for the next ones to tell.
    behind: bool,
    /// Messages since rest; absent where receivers have nothing yet, so that the next message is whole.
    count: Option<u64>,
    buffers: Vec<Arc<List>>,
    /// The message to send: `None` while the whole vector goes out.
    last: Option<usize>,
    /// How far the components of the last message moved, where that is asked for.
    deltas: List,
}

impl Outlet {
    /// An outlet that has sent zeros.
    pub(super) fn new(rows: usize, width: usize) -> Self {
        let buffers = vec![Arc::new(Matrix::zeros(rows, width))];
        Self { rows, width, buffers, last: 0, tells_deltas: false, changes: None }
    }

    /// The same outlet, which can tell how far components moved.
    pub(super) fn telling_deltas(self, tells_deltas: bool) -> Self {
        Self { tells_deltas, ..self }
    }

    /// Forgets what receivers have, so that the next message is whole.
    pub(super) fn forget(&mut self, messages: Messages) {
        let Some(threshold) = messages.threshold() else {
            self.changes = None;
            return;
        };
        let changes = self.changes.get_or_insert_with(|| Changes::new(self.rows, self.width));
        changes.threshold = threshold;
        changes.refresh = if let Messages::Events { refresh, .. } = messages { refresh } else { None };
        let climbs = matches!(messages, Messages::Ternary { .. });
        changes.stairs = climbs.then(|| {
            let kept = changes.stairs.take().filter(|stairs| stairs.threshold() == threshold);
            kept.unwrap_or_else(|| Stairs::new(self.rows * self.width, threshold))
        });
        (changes.count, changes.last, changes.behind) = (None, None, false);
    }

    /// Lets `write` fill the next message, whose former content is arbitrary, and makes it the last one sent.
    pub(super) fn write<R>(&mut self, write: impl FnOnce(&mut [f32]) -> R) -> R {
        let (rows, width) = (self.rows, self.width);
        self.last = free_buffer(&mut self.buffers, || Matrix::zeros(rows, width));
        let result = write(own(&mut self.buffers[self.last]).as_mut_slice());
        self.compare();
        result
    }

    /// Lets `revise` change a copy of the last message, and makes it the last one sent.
    pub(super) fn revise(&mut self, revise: impl FnOnce(&mut [f32])) {
        let before = self.last;
        if Arc::get_mut(&mut self.buffers[before]).is_none() {
            let (rows, width) = (self.rows, self.width);
            self.last = free_buffer(&mut self.buffers, || Matrix::zeros(rows, width));
            let old = Arc::clone(&self.buffers[before]);
            own(&mut self.buffers[self.last]).copy_from(&old);
        }
        revise(own(&mut self.buffers[self.last]).as_mut_slice());
        self.compare();
    }

    fn compare(&mut self) {
        if let Some(changes) = &mut self.changes {
            let values = &self.buffers[self.last];
            let tells_deltas = self.tells_deltas;
            meter::time(Kernel::Changes, 0, || changes.compare(values, tells_deltas));
        }
    }

    /// The values written last.
    pub(super) fn values(&self) -> &Matrix {
        &self.buffers[self.last]
    }

    /// Whether receivers will hear more of these values than they were told, though they should not change any more.
    pub(super) fn is_behind(&self) -> bool {
        self.changes.as_ref().is_some_and(|changes| changes.behind)
    }

    /// The values as receivers have them.
    pub(super) fn sent(&self) -> &Matrix {
        self.changes.as_ref().map_or_else(|| self.values(), |changes| &changes.remembered)
    }

    /// How far the components that were sent last moved; `None` where the last message was whole.
    pub(super) fn deltas(&self) -> Option<&List> {
        self.changes.as_ref().filter(|changes| changes.last.is_some()).map(|changes| &changes.deltas)
    }

    /// The values written last, as a whole message.
    pub(super) fn whole(&self) -> Content {
        Content::Dense(Arc::clone(&self.buffers[self.last]))
    }

    /// The message sent last.
    pub(super) fn content(&self) -> Content {
        let told = self.changes.as_ref().and_then(|changes| Some((&changes.buffers[changes.last?], &changes.stairs)));
        match told {
            Some((events, None)) => Content::Events(Arc::clone(events)),
            Some((steps, Some(_))) => Content::Steps(Arc::clone(steps)),
            None => self.whole(),
        }
    }
}

impl Changes {
    fn new(rows: usize, width: usize) -> Self {
        Self {
            threshold: 0.0,
            refresh: None,
            remembered: Matrix::zeros(rows, width),
            stairs: None,
            behind: false,
            count: None,
            buffers: Vec::new(),
            last: None,
            deltas: List::default(),
        }
    }

    /// Writes the components of `values` that moved by more than the threshold since they were last sent. What rest sends
    /// is whole, and so is every `refresh`-th message after it.
    fn compare(&mut self, values: &Matrix, tells_deltas: bool) {
        let count = self.count.map_or(0, |count| count + 1);
        self.count = Some(count);
        if count == 0 || self.refresh.is_some_and(|every| count.is_multiple_of(every)) {
            self.remembered.copy_from(values);
            self.stairs.iter_mut().for_each(|stairs| stairs.rest_at(values.as_slice()));
            (self.last, self.behind) = (None, false);
            return;
        }
        let at = free_buffer(&mut self.buffers, List::default);
        let events = own(&mut self.buffers[at]);
        events.clear();
        self.deltas.clear();
        self.last = Some(at);
        let remembered = self.remembered.as_mut_slice();
        let Some(stairs) = &mut self.stairs else {
            let deltas = tells_deltas.then_some(&mut self.deltas);
            events.append_changes(deltas, self.threshold, remembered, values.as_slice(), values.cols());
            return;
        };
        self.behind = events.append_steps(stairs, remembered, values.as_slice(), values.cols());
        if tells_deltas {
            for (row, (neurons, ways)) in events.samples().enumerate() {
                let first = row * values.cols();
                self.deltas.append_sample(neurons, ways, |neuron, way| stairs.last_move(first + neuron, way as i32));
            }
        }
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

fn own<T>(buffer: &mut Arc<T>) -> &mut T {
    Arc::get_mut(buffer).expect("the buffer was just found free")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_message_never_changes_and_a_free_buffer_is_reused() {
        let mut outlet = Outlet::new(1, 2);
        outlet.write(|m| m.fill(1.0));
        let held = outlet.content();
        for value in [2.0, 3.0, 4.0, 5.0] {
            outlet.write(|m| m.fill(value));
        }
        let Content::Dense(matrix) = &held else { panic!("dense") };
        assert_eq!(matrix.as_slice(), [1.0, 1.0]);
        assert_eq!(outlet.values().as_slice(), [5.0, 5.0]);
        assert_eq!(outlet.buffers.len(), 2, "one held, one in turn");
        let held = outlet.content();
        outlet.revise(|m| m[0] += 1.0);
        let Content::Dense(matrix) = &held else { panic!("dense") };
        assert_eq!((matrix.as_slice(), outlet.values().as_slice()), (&[5.0, 5.0][..], &[6.0, 5.0][..]));
    }

    #[test]
    fn events_are_what_moved_since_it_was_sent() {
        let mut outlet = Outlet::new(1, 3).telling_deltas(true);
        outlet.forget(Messages::events(0.1));
        let send = |outlet: &mut Outlet, values: [f32; 3]| {
            outlet.write(|m| m.copy_from_slice(&values));
            outlet.content()
        };
        assert!(matches!(send(&mut outlet, [0.0, 0.0, 0.0]), Content::Dense(_)), "the first message is whole");
        assert!(outlet.deltas().is_none());
        let only = |list: &List| list.samples().next().map(|(n, v)| (n.to_vec(), v.to_vec())).expect("one sample");
        let Content::Events(events) = send(&mut outlet, [0.06, 0.5, 0.0]) else { panic!("events") };
        assert_eq!(only(&events), (vec![1], vec![0.5]));
        let Content::Events(events) = send(&mut outlet, [0.12, 0.55, 0.0]) else { panic!("events") };
        assert_eq!(only(&events), (vec![0], vec![0.12]), "slow drift is sent");
        send(&mut outlet, [0.12, 0.25, f32::NAN]);
        let (neurons, values) = only(outlet.deltas().expect("events"));
        assert_eq!((neurons, values[0]), (vec![1, 2], -0.25));
        assert!(values[1].is_nan(), "what is no number is sent");
    }

    #[test]
    fn ternary_messages_follow_by_one_threshold_each() {
        let mut outlet = Outlet::new(1, 3).telling_deltas(true);
        let only = |list: &List| list.samples().next().map(|(n, v)| (n.to_vec(), v.to_vec())).expect("one sample");
        for _ in 0..2 {
            outlet.forget(Messages::Ternary { threshold: 0.25 });
            outlet.write(|m| m.copy_from_slice(&[0.0, 1.0, 0.0]));
            assert!(matches!(outlet.content(), Content::Dense(_)) && !outlet.is_behind(), "rest is whole");
            let mut send = |values: [f32; 3]| {
                outlet.write(|m| m.copy_from_slice(&values));
                let Content::Steps(steps) = outlet.content() else { panic!("steps") };
                let told = only(&steps);
                assert_eq!(only(outlet.deltas().expect("steps")).0, told.0);
                (told, outlet.sent().as_slice().to_vec(), outlet.is_behind())
            };
            let far = [0.25, 0.0, f32::NAN];
            assert_eq!(send(far), ((vec![1], vec![-1.0]), vec![0.0, 0.75, 0.0], true), "θ itself is not beyond θ");
            assert_eq!(send(far), ((vec![1], vec![-1.0]), vec![0.0, 0.5, 0.0], true));
            assert_eq!(send(far), ((vec![1], vec![-1.0]), vec![0.0, 0.25, 0.0], false));
            assert_eq!(send(far), ((vec![], vec![]), vec![0.0, 0.25, 0.0], false));
            assert_eq!(send([0.3, 0.0, 0.0]), ((vec![0], vec![1.0]), vec![0.25, 0.25, 0.0], false));
            assert_eq!(only(outlet.deltas().expect("steps")).1, [0.25]);
        }
    }

    #[test]
    fn every_so_many_messages_a_whole_one_goes_out() {
        let mut outlet = Outlet::new(1, 2).telling_deltas(true);
        for _ in 0..2 {
            outlet.forget(Messages::Events { threshold: 0.5, refresh: Some(3) });
            let sent: Vec<bool> = (0..8)
                .map(|i| {
                    outlet.write(|m| m.copy_from_slice(&[0.1 * i as f32, 0.0]));
                    assert_eq!(outlet.deltas().is_none(), i % 3 == 0);
                    matches!(outlet.content(), Content::Dense(_))
                })
                .collect();
            // Rest, then every third.
            assert_eq!(sent, [true, false, false, true, false, false, true, false]);
            assert_eq!(outlet.sent().as_slice()[0], 0.6, "what was sent whole is remembered");
        }
    }
}
