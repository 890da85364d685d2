//! Lists of chosen values: what is not zero, or what moved, sample by sample.
//!
//! Finding them is a pass over everything, so it has to cost next to nothing; [`super::sparse`] multiplies what was found.

use super::lanes::{LANES, Vector, last};
use super::stairs::Stairs;

/// Values by sample and neuron: a list as this module's products take it. Neurons ascend within a sample.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// `ends[i]` is where sample `i` ends.
    pub(super) ends: Vec<u32>,
    /// Which presynaptic neuron. This and the next may be longer than the list, so that room is made once.
    pub(super) neurons: Vec<u32>,
    /// Its value.
    pub(super) values: Vec<f32>,
    /// How many values are written.
    len: usize,
}

impl List {
    /// Forgets everything but the storage.
    pub fn clear(&mut self) {
        self.ends.clear();
        self.len = 0;
    }

    /// How many values it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many samples it holds, those without values among them.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.ends.len()
    }

    /// Samples and their values: `(neurons, values)` of each.
    pub fn samples(&self) -> impl Iterator<Item = (&[u32], &[f32])> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let range = start..*end as usize;
            start = *end as usize;
            (&self.neurons[range.clone()], &self.values[range])
        })
    }

    /// Appends a sample: what `tell` makes of each value of another list's sample.
    #[inline]
    pub fn append_sample(&mut self, neurons: &[u32], values: &[f32], mut tell: impl FnMut(usize, f32) -> f32) {
        let room = self.room(neurons.len());
        self.neurons[room.clone()].copy_from_slice(neurons);
        for (slot, (neuron, value)) in self.values[room].iter_mut().zip(neurons.iter().zip(values)) {
            *slot = tell(*neuron as usize, *value);
        }
        self.end_sample(neurons.len());
    }

    /// Appends a sample: what `tell` makes of each of at most `most` values, without those of which it makes nothing.
    #[inline]
    pub fn append_told(
        &mut self,
        most: usize,
        values: impl Iterator<Item = (usize, f32)>,
        mut tell: impl FnMut(usize, f32) -> Option<f32>,
    ) {
        let room = self.room(most);
        let (neurons, slots) = (&mut self.neurons[room.clone()], &mut self.values[room]);
        let mut written = 0;
        for (neuron, value) in values.take(most) {
            if let Some(value) = tell(neuron, value) {
                (neurons[written], slots[written]) = (neuron as u32, value);
                written += 1;
            }
        }
        self.end_sample(written);
    }

    /// Appends a sample without values.
    pub fn append_nothing(&mut self) {
        self.end_sample(0);
    }

    /// Leaves samples without values where `keep(sample, how many it has)` is false; every sample is asked once, in order.
    pub fn retain_samples(&mut self, mut keep: impl FnMut(usize, usize) -> bool) {
        let (mut start, mut kept) = (0, 0);
        for sample in 0..self.ends.len() {
            let range = start..self.ends[sample] as usize;
            start = range.end;
            if keep(sample, range.len()) {
                let to = kept;
                kept += range.len();
                if to != range.start {
                    self.neurons.copy_within(range.clone(), to);
                    self.values.copy_within(range, to);
                }
            }
            self.ends[sample] = kept as u32;
        }
        self.len = kept;
    }

    /// Lists what moved by more than `threshold` since it was `remembered`, and remembers it: the list gets the new
    /// values and `deltas`, where they are given, how far they moved. A difference that is no number counts as a change,
    /// so that it is seen where it arrives. `remembered` and `values` are `[rows, width]`; rows are appended.
    pub fn append_changes(
        &mut self,
        deltas: Option<&mut Self>,
        threshold: f32,
        remembered: &mut [f32],
        values: &[f32],
        width: usize,
    ) {
        let Some(deltas) = deltas else {
            for (had, row) in remembered.chunks_exact_mut(width).zip(values.chunks_exact(width)) {
                self.append_moved(threshold, had, row, |_, value| value);
            }
            return;
        };
        let before = deltas.rows();
        deltas.append_deltas(threshold, remembered, values, width);
        for (row, (neurons, moved)) in values.chunks_exact(width).zip(deltas.samples().skip(before)) {
            self.append_sample(neurons, moved, |neuron, _| row[neuron]);
        }
    }

    /// As [`List::append_changes`], with how far each component moved in the place of its new value.
    pub fn append_deltas(&mut self, threshold: f32, remembered: &mut [f32], values: &[f32], width: usize) {
        for (had, row) in remembered.chunks_exact_mut(width).zip(values.chunks_exact(width)) {
            self.append_moved(threshold, had, row, |had, value| value - had);
        }
    }

    /// Lists what is further than θ from where it was `remembered`, as 1 (up) or −1 (down), and moves the memory there by
    /// one θ that way. Says whether anything is still further away than that. What is no number is told of in no way.
    /// `remembered` and `values` are `[rows, width]`, and so is what `stairs` hold; rows are appended.
    pub fn append_steps(&mut self, stairs: &mut Stairs, remembered: &mut [f32], values: &[f32], width: usize) -> bool {
        let (threshold, mut behind) = (stairs.threshold(), false);
        let limit = Vector::splat(threshold);
        let rows = remembered.chunks_exact_mut(width).zip(values.chunks_exact(width));
        for (first, (had, row)) in rows.enumerate().map(|(row, pair)| (row * width, pair)) {
            let mut memory = (had, &mut *stairs, &mut behind);
            let far = |memory: &(&mut [f32], _, _), word| {
                mask(row.len(), word, |i| (vector(row, i) - vector(memory.0, i)).abs().simd_gt(limit))
            };
            self.append_marked(row, &mut memory, far, |(had, stairs, behind), neuron, value| {
                let way = if value > had[neuron] { 1 } else { -1 };
                had[neuron] = stairs.step(first + neuron, way);
                **behind |= (value - had[neuron]).abs() > threshold;
                way as f32
            });
        }
        behind
    }

    /// Lists what is not zero in `batch` `[rows, width]`; a NaN is not zero.
    pub fn of_nonzero(&mut self, batch: &[f32], width: usize) {
        self.clear();
        for row in batch.chunks_exact(width) {
            self.append_marked(row, &mut (), |(), word| nonzero(row, word), |(), _, value| value);
        }
    }

    /// Becomes the samples `range` of `other`.
    pub fn take_part(&mut self, other: &Self, range: std::ops::Range<usize>) {
        self.clear();
        for (neurons, values) in other.samples().skip(range.start).take(range.len()) {
            self.append_sample(neurons, values, |_, value| value);
        }
    }

    /// One sample: the components that moved, with what `tell(had, value)` makes of each. They are remembered in `had`.
    #[inline(always)]
    fn append_moved(&mut self, threshold: f32, had: &mut [f32], row: &[f32], tell: impl Fn(f32, f32) -> f32) {
        let limit = Vector::splat(threshold);
        let moved = |had: &[f32], i| !(vector(row, i) - vector(had, i)).abs().simd_le(limit);
        let marks = |had: &[f32], word| mask(row.len(), word, |i| moved(had, i));
        self.append_marked(row, had, marks, |had, neuron, value| {
            tell(std::mem::replace(&mut had[neuron], value), value)
        });
    }

    /// One sample: the components of `row` that the bits of `marks(memory, word)` mark, with what `tell` makes of each.
    ///
    /// First 64 components are marked without a branch and then the marks are gone through: a branch for each vector
    /// would be guessed wrong every other time, which costs more than all the rest.
    #[inline(always)]
    fn append_marked<M: ?Sized>(
        &mut self,
        row: &[f32],
        memory: &mut M,
        marks: impl Fn(&M, usize) -> u64,
        tell: impl Fn(&mut M, usize, f32) -> f32,
    ) {
        let room = self.room(row.len());
        let (neurons, slots) = (&mut self.neurons[room.clone()], &mut self.values[room]);
        let mut written = 0;
        for word in 0..row.len().div_ceil(WORD) {
            for neuron in marked(word, marks(memory, word)) {
                neurons[written] = neuron as u32;
                slots[written] = tell(memory, neuron, row[neuron]);
                written += 1;
            }
        }
        self.end_sample(written);
    }

    /// Where a sample of at most `most` values goes.
    #[inline]
    fn room(&mut self, most: usize) -> std::ops::Range<usize> {
        let end = self.len + most;
        if self.neurons.len() < end {
            // Twice what is needed, because the next sample needs room, too.
            self.neurons.resize(2 * end, 0);
            self.values.resize(2 * end, 0.0);
        }
        self.len..end
    }

    fn end_sample(&mut self, written: usize) {
        self.len += written;
        self.ends.push(self.len as u32);
    }
}

/// Components that are marked together.
pub(super) const WORD: usize = 64;

/// The components of the `word`-th word of a row that have their bits set, in ascending order.
#[inline(always)]
pub(super) fn marked(word: usize, mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let next = (bits != 0).then(|| word * WORD + bits.trailing_zeros() as usize);
        bits &= bits.wrapping_sub(1);
        next
    })
}

/// One bit for each component of the `word`-th word of a row that is not zero; a NaN is not.
#[inline(always)]
pub(super) fn nonzero(row: &[f32], word: usize) -> u64 {
    mask(row.len(), word, |i| !vector(row, i).simd_eq(Vector::ZERO))
}

/// The `i`-th vector of `row`, or its [`last`].
#[inline(always)]
fn vector(row: &[f32], i: usize) -> Vector {
    match row.as_chunks::<LANES>().0.get(i) {
        Some(chunk) => Vector::new(*chunk),
        None => last(row).unwrap_or(Vector::ZERO),
    }
}

/// One bit for each of the 64 components of the `word`-th word of a row of `width`, of what `marks` says of its `i`-th
/// [`vector`].
#[inline(always)]
fn mask(width: usize, word: usize, marks: impl Fn(usize) -> Vector) -> u64 {
    const VECTORS: usize = WORD / LANES;
    let first = word * VECTORS;
    let bits = |i: usize| u64::from(marks(first + i).to_bitmask());
    if width >= (word + 1) * WORD {
        return (0..VECTORS).fold(0, |word, i| word | bits(i) << (i * LANES));
    }
    let left = width - word * WORD;
    let whole = (0..left / LANES).fold(0, |word, i| word | bits(i) << (i * LANES));
    match left % LANES {
        0 => whole,
        // The last vector begins with components that the one before it has.
        rest => whole | bits(left / LANES) >> (LANES - rest) << (left - rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: &List) -> Vec<(Vec<u32>, Vec<f32>)> {
        list.samples().map(|(neurons, values)| (neurons.to_vec(), values.to_vec())).collect()
    }

    #[test]
    fn changes_equal_their_slow_twin_at_ragged_widths() {
        for width in [1, 7, 8, 15, 16, 17, 63, 64, 65, 72, 79, 80, 130, 200] {
            let rows = 3;
            let values: Vec<f32> = (0..rows * width).map(|i| (i * 7 % 23) as f32 * 0.1).collect();
            let before: Vec<f32> = (0..rows * width).map(|i| (i * 5 % 23) as f32 * 0.1).collect();
            let (mut had, mut list, mut deltas) = (before.clone(), List::default(), List::default());
            list.append_changes(Some(&mut deltas), 0.45, &mut had, &values, width);
            let (mut only_deltas, mut again) = (List::default(), before.clone());
            only_deltas.append_deltas(0.45, &mut again, &values, width);
            for row in 0..rows {
                let moved: Vec<usize> =
                    (0..width).filter(|i| (values[row * width + i] - before[row * width + i]).abs() > 0.45).collect();
                let new: Vec<f32> = moved.iter().map(|i| values[row * width + i]).collect();
                let far: Vec<f32> = moved.iter().map(|i| values[row * width + i] - before[row * width + i]).collect();
                let neurons: Vec<u32> = moved.iter().map(|i| *i as u32).collect();
                assert_eq!(read(&list)[row], (neurons.clone(), new));
                assert_eq!(read(&deltas)[row], (neurons, far));
                for i in 0..width {
                    let expected = if moved.contains(&i) { &values } else { &before }[row * width + i];
                    assert_eq!(had[row * width + i], expected);
                }
            }
            assert_eq!((read(&only_deltas), again), (read(&deltas), had));
            let mut part = List::default();
            part.take_part(&list, 1..3);
            assert_eq!(read(&part), read(&list)[1..3]);
        }
    }

    #[test]
    fn samples_are_dropped_and_values_passed_over() {
        let mut list = List::default();
        list.of_nonzero(&[1.0, 0.0, 2.0, 3.0, 4.0, 0.0, 0.0, 5.0, 6.0], 3);
        let mut asked = Vec::new();
        list.retain_samples(|sample, count| {
            asked.push((sample, count));
            sample != 1
        });
        assert_eq!(asked, [(0, 2), (1, 2), (2, 2)]);
        assert_eq!(read(&list), [(vec![0, 2], vec![1.0, 2.0]), (vec![], vec![]), (vec![1, 2], vec![5.0, 6.0])]);
        list.append_told(3, [7.0, 8.0, 9.0].into_iter().enumerate(), |neuron, value| (neuron != 1).then_some(value));
        list.append_nothing();
        assert_eq!((read(&list)[3].clone(), list.rows(), list.len()), ((vec![0, 2], vec![7.0, 9.0]), 5, 6));
    }

    #[test]
    fn what_is_no_number_is_listed() {
        let mut list = List::default();
        list.of_nonzero(&[0.0, -0.0, f32::NAN, 0.0, 1.0, f32::INFINITY, 0.0, 0.0, 0.0, f32::NAN, 0.0], 11);
        assert_eq!(list.samples().next().map(|(neurons, _)| neurons), Some(&[2, 4, 5, 9][..]));
        assert_eq!(crate::kernels::sparse::count_nonzero(&[f32::NAN; 9]), 9);
    }
}
