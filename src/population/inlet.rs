//! Where messages arrive: what one sender told, whole or patched by events.
//!
//! On every component the newest *sent* wins. Where messages come in any order, an inlet remembers of each component which
//! message told it, so that an overtaken message is still good for what no later one told, and an empty one supersedes
//! nothing. Where they come in order, there is nothing to remember. Ternary events tell of changes: each of them counts, none
//! supersedes another, and what they come to doesn't depend on their order.

use super::contract::{Heard, WIRED};
use crate::kernels::meter::{self, Kernel};
use crate::kernels::product::SHARD_ROWS;
use crate::kernels::sparse::List;
use crate::kernels::stairs::Stairs;
use crate::matrix::Matrix;
use crate::params::{Arrivals, Messages};
use crate::signal::Content;
use std::ops::Range;
use std::sync::Arc;

/// What an inlet has of its sender.
#[derive(Debug)]
pub(super) struct Inlet {
    held: Held,
    memory: Memory,
}

/// What an inlet has to remember, beside the values.
#[derive(Debug)]
enum Memory {
    /// Nothing.
    None,
    /// Which message told each component: under events that come in any order.
    Stamps(Stamps),
    /// How each component came about: under ternary messages.
    Stairs(Stairs),
}

/// The values, `[rows, width]`.
#[derive(Debug)]
enum Held {
    /// The newest whole message, shared with whoever else received it.
    Whole(Arc<Matrix>),
    /// A copy that events patch.
    Patched(Matrix),
}

/// Which message told each component.
#[derive(Debug)]
struct Stamps {
    /// `[rows, width]`, the number of the newest message that told it.
    told: Vec<u32>,
    /// The newest of all messages.
    newest: u32,
}

/// What a message did to an inlet.
pub(super) enum Arrived<'a> {
    /// Everything was replaced.
    Whole,
    /// Some components of a shard moved.
    Changes {
        /// Which shard of the batch.
        shard: usize,
        /// How far which component of each of its samples moved; scratch.
        deltas: &'a mut List,
    },
}

impl Inlet {
    /// An inlet at rest: zeros, until something arrives.
    pub(super) fn new(rows: usize, width: usize, messages: Messages, arrivals: Arrivals) -> Self {
        let zeros = Matrix::zeros(rows, width);
        let is_patched = messages.threshold().is_some();
        let held = if is_patched { Held::Patched(zeros) } else { Held::Whole(Arc::new(zeros)) };
        let memory = match (messages, arrivals) {
            (Messages::Ternary { threshold }, _) => Memory::Stairs(Stairs::new(rows * width, threshold)),
            (Messages::Events { .. }, Arrivals::AnyOrder) => {
                Memory::Stamps(Stamps { told: vec![0; rows * width], newest: 0 })
            }
            (Messages::Events { .. }, Arrivals::InOrder) | (Messages::Dense, _) => Memory::None,
        };
        Self { held, memory }
    }

    /// Back to zeros that nobody told, before a presentation.
    pub(super) fn clear(&mut self) {
        match &mut self.held {
            Held::Whole(held) => match Arc::get_mut(held) {
                Some(own) => own.fill(0.0),
                None => *held = Arc::new(Matrix::zeros(held.rows(), held.cols())),
            },
            Held::Patched(held) => held.fill(0.0),
        }
        match &mut self.memory {
            Memory::None => {}
            Memory::Stamps(stamps) => {
                stamps.told.fill(0);
                stamps.newest = 0;
            }
            Memory::Stairs(stairs) => stairs.clear(),
        }
    }

    /// The values held.
    pub(super) fn values(&self) -> &Matrix {
        match &self.held {
            Held::Whole(values) => values,
            Held::Patched(values) => values,
        }
    }

    /// Takes in the message `number` of the sender and says what was new of it. Where it replaces everything, `arrived`
    /// hears [`Arrived::Whole`]; of anything less it hears, shard by shard, which components moved and how far, in
    /// `deltas`, which is scratch.
    pub(super) fn take(
        &mut self,
        content: Content,
        number: u64,
        deltas: &mut List,
        mut arrived: impl FnMut(Arrived<'_>),
    ) -> Heard {
        let told = content.values();
        // Beyond the last number messages count as equally new, and the one that comes later wins.
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let taken = match (&mut self.held, content, &mut self.memory) {
            (Held::Whole(held), Content::Dense(values), _) => {
                *held = values;
                arrived(Arrived::Whole);
                told
            }
            (Held::Patched(held), Content::Dense(values), Memory::Stamps(stamps)) if number < stamps.newest => {
                stamps.patch_whole(held, &values, number, deltas, arrived)
            }
            (Held::Patched(held), Content::Dense(values), memory) => {
                held.copy_from(&values);
                memory.rest_at(&values, number);
                arrived(Arrived::Whole);
                told
            }
            (Held::Patched(held), Content::Steps(steps), Memory::Stairs(stairs)) => {
                climb(held, stairs, &steps, deltas, arrived);
                told
            }
            (_, Content::Steps(_), _) => unreachable!("{WIRED}: steps, to an inlet that has no threshold"),
            (Held::Whole(held), Content::Events(events), _) => {
                let mut own = Matrix::clone(held);
                patch(&mut own, &events, deltas, arrived);
                self.held = Held::Patched(own);
                told
            }
            (Held::Patched(held), Content::Events(events), Memory::Stamps(stamps)) => {
                stamps.patch(held, &events, number, deltas, arrived)
            }
            (Held::Patched(held), Content::Events(events), _) => {
                patch(held, &events, deltas, arrived);
                told
            }
        };
        Heard { told, taken, operations: 0 }
    }
}

/// The shards of a batch, with their samples.
fn shards(rows: usize) -> impl Iterator<Item = (usize, Range<usize>)> {
    (0..rows).step_by(SHARD_ROWS).map(move |start| start..(start + SHARD_ROWS).min(rows)).enumerate()
}

impl Memory {
    /// Message `number` told everything.
    fn rest_at(&mut self, values: &Matrix, number: u32) {
        match self {
            Self::None => {}
            Self::Stamps(stamps) => {
                stamps.told.fill(number);
                stamps.newest = number;
            }
            Self::Stairs(stairs) => stairs.rest_at(values.as_slice()),
        }
    }
}

/// Takes in steps up and down, each of which counts.
fn climb(
    held: &mut Matrix,
    stairs: &mut Stairs,
    steps: &List,
    deltas: &mut List,
    mut arrived: impl FnMut(Arrived<'_>),
) {
    let (mut samples, width) = (steps.samples(), held.cols());
    for (shard, rows) in shards(held.rows()) {
        meter::time(Kernel::Changes, 0, || {
            deltas.clear();
            for (row, (neurons, ways)) in rows.zip(&mut samples) {
                let held = held.row_mut(row);
                deltas.append_sample(neurons, ways, |neuron, way| {
                    let value = stairs.step(row * width + neuron, way as i32);
                    value - std::mem::replace(&mut held[neuron], value)
                });
            }
        });
        arrived(Arrived::Changes { shard, deltas });
    }
}

/// Takes in events all of which are new.
fn patch(held: &mut Matrix, events: &List, deltas: &mut List, mut arrived: impl FnMut(Arrived<'_>)) {
    let mut samples = events.samples();
    for (shard, rows) in shards(held.rows()) {
        meter::time(Kernel::Changes, 0, || {
            deltas.clear();
            for (row, (neurons, values)) in rows.zip(&mut samples) {
                let held = held.row_mut(row);
                let patch = |neuron: usize, value| value - std::mem::replace(&mut held[neuron], value);
                deltas.append_sample(neurons, values, patch);
            }
        });
        arrived(Arrived::Changes { shard, deltas });
    }
}

impl Stamps {
    /// Takes in those of the events of message `number` that no newer message told of; returns how many.
    fn patch(
        &mut self,
        held: &mut Matrix,
        events: &List,
        number: u32,
        deltas: &mut List,
        arrived: impl FnMut(Arrived<'_>),
    ) -> usize {
        self.newest = self.newest.max(number);
        let mut samples = events.samples();
        self.take(held, deltas, arrived, |mut sample, deltas, _| {
            if let Some((neurons, values)) = samples.next() {
                let events = neurons.iter().zip(values).map(|(neuron, value)| (*neuron as usize, *value));
                deltas.append_told(neurons.len(), events, |neuron, value| sample.take(neuron, value, number));
            }
        })
    }

    /// Takes in what no newer message told of a whole message that comes late; returns how many components that were.
    fn patch_whole(
        &mut self,
        held: &mut Matrix,
        values: &Matrix,
        number: u32,
        deltas: &mut List,
        arrived: impl FnMut(Arrived<'_>),
    ) -> usize {
        self.take(held, deltas, arrived, |mut sample, deltas, row| {
            let components = values.row(row).iter().copied().enumerate();
            deltas.append_told(values.cols(), components, |neuron, value| sample.take(neuron, value, number));
        })
    }

    /// Lets `append` take in every sample, shard by shard; returns how many components were taken.
    fn take(
        &mut self,
        held: &mut Matrix,
        deltas: &mut List,
        mut arrived: impl FnMut(Arrived<'_>),
        mut append: impl FnMut(Sample<'_>, &mut List, usize),
    ) -> usize {
        let (mut taken, width) = (0, held.cols());
        for (shard, rows) in shards(held.rows()) {
            meter::time(Kernel::Changes, 0, || {
                deltas.clear();
                for row in rows {
                    let told = &mut self.told[row * width..(row + 1) * width];
                    append(Sample { held: held.row_mut(row), told }, deltas, row);
                }
            });
            taken += deltas.len();
            arrived(Arrived::Changes { shard, deltas });
        }
        taken
    }
}

/// One sample of an inlet: its values, and which message told each.
struct Sample<'a> {
    held: &'a mut [f32],
    told: &'a mut [u32],
}

impl Sample<'_> {
    /// Takes in a value of message `number` and says how far the component moved; nothing where a newer one told it.
    fn take(&mut self, neuron: usize, value: f32, number: u32) -> Option<f32> {
        let told = &mut self.told[neuron];
        (*told <= number).then(|| {
            *told = number;
            value - std::mem::replace(&mut self.held[neuron], value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 4;

    fn events(samples: &[&[(u32, f32)]]) -> Content {
        let mut list = List::default();
        for sample in samples {
            let values = sample.iter().map(|(neuron, value)| (*neuron as usize, *value));
            list.append_told(sample.len(), values, |_, value| Some(value));
        }
        Content::Events(Arc::new(list))
    }

    fn whole(value: f32) -> Content {
        Content::Dense(Arc::new(Matrix::from_fn(2, WIDTH, |_, _| value)))
    }

    /// An inlet that was told ones at rest.
    fn rested(arrivals: Arrivals) -> Inlet {
        let mut inlet = Inlet::new(2, WIDTH, Messages::events(0.0), arrivals);
        assert_eq!(take(&mut inlet, whole(1.0), 0), (8, 8));
        inlet
    }

    fn take(inlet: &mut Inlet, signal: Content, number: u64) -> (usize, usize) {
        let Heard { told, taken, .. } = inlet.take(signal, number, &mut List::default(), |_| ());
        (told, taken)
    }

    #[test]
    fn the_newest_sent_wins_on_every_component() {
        let mut inlet = rested(Arrivals::AnyOrder);
        assert_eq!(take(&mut inlet, events(&[&[(0, 5.0)], &[]]), 5), (1, 1));
        assert_eq!(take(&mut inlet, events(&[&[], &[]]), 6), (0, 0), "an empty message supersedes nothing");
        assert_eq!(take(&mut inlet, events(&[&[(0, 3.0), (1, 3.0)], &[(0, 3.0)]]), 3), (3, 2));
        assert_eq!(inlet.values().as_slice(), [5.0, 3.0, 1.0, 1.0, 3.0, 1.0, 1.0, 1.0]);
        assert_eq!(take(&mut inlet, whole(4.0), 4), (8, 7), "a whole one tells all that no newer one told");
        assert_eq!(inlet.values().as_slice(), [5.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0]);
        assert_eq!(take(&mut inlet, events(&[&[(2, 3.5)], &[(2, 4.5)]]), 3), (2, 0));
        assert_eq!(take(&mut inlet, whole(7.0), 7), (8, 8));
        assert_eq!(take(&mut inlet, whole(9.0), u64::MAX), (8, 8), "the readout");
        assert_eq!(inlet.values().as_slice(), [9.0; 8]);
        inlet.clear();
        assert_eq!(take(&mut inlet, whole(2.0), 0), (8, 8), "nobody has told anything after rest");
    }

    #[test]
    fn steps_add_up_in_any_order_and_none_supersedes_another() {
        let steps = |samples: &[&[(u32, f32)]]| match events(samples) {
            Content::Events(list) => Content::Steps(list),
            other => other,
        };
        let messages = [
            steps(&[&[(0, 1.0), (3, -1.0)], &[(1, 1.0)]]),
            steps(&[&[(0, 1.0)], &[]]),
            steps(&[&[(0, 1.0), (3, -1.0)], &[(1, -1.0)]]),
        ];
        for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]] {
            for arrivals in [Arrivals::InOrder, Arrivals::AnyOrder] {
                let mut inlet = Inlet::new(2, WIDTH, Messages::Ternary { threshold: 0.1 }, arrivals);
                for _ in 0..2 {
                    assert_eq!(take(&mut inlet, whole(1.0), 0), (8, 8));
                    for i in order {
                        let told = messages[i].values();
                        assert_eq!(
                            take(&mut inlet, messages[i].clone(), i as u64 + 1),
                            (told, told),
                            "all of it counts"
                        );
                    }
                    let expected = [1.0 + 3.0 * 0.1, 1.0, 1.0, 1.0 - 2.0 * 0.1, 1.0, 1.0, 1.0, 1.0];
                    assert_eq!(inlet.values().as_slice(), expected, "{order:?}");
                    assert_eq!(take(&mut inlet, whole(9.0), u64::MAX), (8, 8), "the readout");
                    assert_eq!(inlet.values().as_slice(), [9.0; 8]);
                    inlet.clear();
                }
            }
        }
    }

    #[test]
    fn any_order_of_arrival_leaves_the_same_values() {
        let messages = [
            events(&[&[(0, 1.5), (3, 2.5)], &[(1, 3.5)]]),
            events(&[&[(0, 4.5)], &[(1, 5.5), (2, 6.5)]]),
            whole(8.0),
            events(&[&[(1, 9.5)], &[]]),
        ];
        let settled = |order: &[usize], arrivals| {
            let mut inlet = rested(arrivals);
            let mut sum = inlet.values().as_slice().to_vec();
            for i in order {
                inlet.take(messages[*i].clone(), *i as u64 + 1, &mut List::default(), |arrived| match arrived {
                    Arrived::Whole => sum.fill(8.0),
                    Arrived::Changes { deltas, .. } => {
                        for (row, (neurons, moved)) in deltas.samples().enumerate() {
                            neurons.iter().zip(moved).for_each(|(n, d)| sum[row * WIDTH + *n as usize] += d);
                        }
                    }
                });
            }
            assert_eq!(inlet.values().as_slice(), sum, "what receivers hear of adds up");
            sum
        };
        let expected = settled(&[0, 1, 2, 3], Arrivals::InOrder);
        for first in 0..4 {
            for second in (0..4).filter(|i| *i != first) {
                for third in (0..4).filter(|i| ![first, second].contains(i)) {
                    let order = [first, second, third, 6 - first - second - third];
                    assert_eq!(settled(&order, Arrivals::AnyOrder), expected, "{order:?}");
                }
            }
        }
    }
}
