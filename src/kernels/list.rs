//! Lists of chosen values: what is not zero, or what moved, sample by sample.
//!
//! Finding them is a pass over everything, so it has to cost next to nothing; [`super::sparse`] multiplies what was found.

use super::lanes::LANES;
use wide::f32x8;

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

    /// Lists what moved by more than `threshold` since it was `remembered`, and remembers it: the list gets the new
    /// values and `deltas`, where they are given, how far they moved. A difference that is no number counts as a change,
    /// so that it is seen where it arrives. `remembered` and `values` are `[rows, width]`; rows are appended.
    pub fn append_changes(
        &mut self,
        mut deltas: Option<&mut Self>,
        threshold: f32,
        remembered: &mut [f32],
        values: &[f32],
        width: usize,
    ) {
        for (had, row) in remembered.chunks_exact_mut(width).zip(values.chunks_exact(width)) {
            if let Some(deltas) = deltas.as_deref_mut() {
                deltas.append_moved(threshold, had, row, |had, value| value - had);
            }
            self.append_moved(threshold, had, row, |_, value| value);
            self.samples_last(|neuron, value| had[neuron] = value);
        }
    }

    /// As [`List::append_changes`], with how far each component moved in the place of its new value.
    pub fn append_deltas(&mut self, threshold: f32, remembered: &mut [f32], values: &[f32], width: usize) {
        for (had, row) in remembered.chunks_exact_mut(width).zip(values.chunks_exact(width)) {
            self.append_moved(threshold, had, row, |had, value| value - had);
            self.samples_last(|neuron, _| had[neuron] = row[neuron]);
        }
    }

    /// Lists what is not zero in `batch` `[rows, width]`; a NaN is not zero.
    pub fn of_nonzero(&mut self, batch: &[f32], width: usize) {
        self.clear();
        for row in batch.chunks_exact(width) {
            let nonzero = |v: f32x8| !v.simd_eq(f32x8::ZERO);
            self.append_marked(row, |at| mask(|i| nonzero(vector(row, at, i)), row.len() - at), |_, value| value);
        }
    }

    /// Becomes the samples `range` of `other`.
    pub fn take_part(&mut self, other: &Self, range: std::ops::Range<usize>) {
        self.clear();
        for (neurons, values) in other.samples().skip(range.start).take(range.len()) {
            self.append_sample(neurons, values, |_, value| value);
        }
    }

    /// One sample: the components that moved, with what `tell(had, value)` makes of each.
    #[inline(always)]
    fn append_moved(&mut self, threshold: f32, had: &[f32], row: &[f32], tell: impl Fn(f32, f32) -> f32) {
        let limit = f32x8::splat(threshold);
        let moved = |at, i| !(vector(row, at, i) - vector(had, at, i)).abs().simd_le(limit);
        self.append_marked(row, |at| mask(|i| moved(at, i), row.len() - at), |neuron, value| tell(had[neuron], value));
    }

    /// One sample: the components of `row` that the bits of `marks(start of 64)` mark, with what `tell` makes of each.
    ///
    /// First 64 components are marked without a branch and then the marks are gone through: a branch for each vector
    /// would be guessed wrong every other time, which costs more than all the rest.
    #[inline(always)]
    fn append_marked(&mut self, row: &[f32], marks: impl Fn(usize) -> u64, tell: impl Fn(usize, f32) -> f32) {
        let room = self.room(row.len());
        let (neurons, slots) = (&mut self.neurons[room.clone()], &mut self.values[room]);
        let mut written = 0;
        for start in (0..row.len()).step_by(WORD) {
            let mut word = marks(start);
            while word != 0 {
                let neuron = start + word.trailing_zeros() as usize;
                neurons[written] = neuron as u32;
                slots[written] = tell(neuron, row[neuron]);
                written += 1;
                word &= word - 1;
            }
        }
        self.end_sample(written);
    }

    fn samples_last(&self, mut each: impl FnMut(usize, f32)) {
        let start = self.ends.len().checked_sub(2).map_or(0, |before| self.ends[before] as usize);
        for (neuron, value) in self.neurons[start..self.len].iter().zip(&self.values[start..self.len]) {
            each(*neuron as usize, *value);
        }
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

/// The `i`-th vector of `row` from `start` on, with zeros behind its end.
#[inline(always)]
pub(super) fn vector(row: &[f32], start: usize, i: usize) -> f32x8 {
    let from = start + i * LANES;
    match row.get(from..from + LANES).and_then(|chunk| chunk.first_chunk::<LANES>()) {
        Some(chunk) => f32x8::new(*chunk),
        None => {
            let tail = row.get(from..).unwrap_or(&[]);
            let mut full = [0.0; LANES];
            full[..tail.len()].copy_from_slice(tail);
            f32x8::new(full)
        }
    }
}

/// One bit for each of 64 components, or of the `left` that are there.
#[inline(always)]
pub(super) fn mask(marked: impl Fn(usize) -> f32x8, left: usize) -> u64 {
    let bits = |i: usize| u64::from(marked(i).to_bitmask()) << (i * LANES);
    if left >= WORD {
        (0..WORD / LANES).fold(0, |word, i| word | bits(i))
    } else {
        (0..left.div_ceil(LANES)).fold(0, |word, i| word | bits(i)) & ((1 << left) - 1)
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
        for width in [1, 7, 8, 63, 64, 65, 130, 200] {
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
    fn what_is_no_number_is_listed() {
        let mut list = List::default();
        list.of_nonzero(&[0.0, -0.0, f32::NAN, 0.0, 1.0, f32::INFINITY, 0.0, 0.0, 0.0, f32::NAN, 0.0], 11);
        assert_eq!(list.samples().next().map(|(neurons, _)| neurons), Some(&[2, 4, 5, 9][..]));
        assert_eq!(crate::kernels::sparse::count_nonzero(&[f32::NAN; 9]), 9);
    }
}
