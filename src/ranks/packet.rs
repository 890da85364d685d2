//! Numbers as bytes and back. Ranks run one program on one kind of machine, so that numbers travel as they lie in memory.

use bytemuck::NoUninit;

/// Bytes to be told.
#[derive(Debug, Clone, Default)]
pub struct Packet(Vec<u8>);

impl Packet {
    /// Appends numbers.
    pub fn put<T: NoUninit>(&mut self, values: &[T]) {
        self.0.extend_from_slice(bytemuck::cast_slice(values));
    }

    /// Appends bytes with their number before them.
    pub fn put_counted<T: NoUninit>(&mut self, values: &[T]) {
        self.put(&[values.len() as u64]);
        self.put(values);
    }

    /// What was appended.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What was appended, to be kept.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Forgets what was appended, and keeps the storage.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// Reads a [`Packet`] in the order in which it was put together.
///
/// # Panics
/// All of its methods where there is less than is asked for: ranks run the same program, so that it is a bug.
#[derive(Debug, Clone)]
pub struct Unpack<'a>(&'a [u8]);

impl<'a> Unpack<'a> {
    /// All of a packet.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Fills `values` with the next ones.
    pub fn fill<T: bytemuck::AnyBitPattern + NoUninit>(&mut self, values: &mut [T]) {
        let bytes = self.bytes(size_of_val(values));
        bytemuck::cast_slice_mut(values).copy_from_slice(bytes);
    }

    /// The next number.
    pub fn take<T: bytemuck::AnyBitPattern + NoUninit + Default>(&mut self) -> T {
        let mut value = [T::default()];
        self.fill(&mut value);
        value[0]
    }

    /// Numbers that their number stands before.
    pub fn take_counted<T: bytemuck::AnyBitPattern + NoUninit + Default>(&mut self) -> Vec<T> {
        let count = self.take::<u64>() as usize;
        assert!(count.saturating_mul(size_of::<T>()) <= self.0.len(), "{SHORT}");
        let mut values = vec![T::default(); count];
        self.fill(&mut values);
        values
    }

    /// Whether all was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at_checked(count).expect(SHORT);
        self.0 = rest;
        bytes
    }
}

const SHORT: &str = "ranks run the same program, so that a packet holds what is read of it";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_they_were_put() {
        let mut packet = Packet::default();
        packet.put(&[7_u8]);
        packet.put_counted(&[1.5_f64, -0.0]);
        packet.put(&[f32::NAN, 2.0]);
        let mut unpack = Unpack::new(packet.bytes());
        assert_eq!(unpack.take::<u8>(), 7);
        let numbers: Vec<u64> = unpack.take_counted::<f64>().into_iter().map(f64::to_bits).collect();
        assert_eq!(numbers, [1.5_f64.to_bits(), (-0.0_f64).to_bits()]);
        let mut rest = [0.0_f32; 2];
        unpack.fill(&mut rest);
        assert!(rest[0].is_nan() && rest[1] == 2.0 && unpack.is_empty());
    }

    #[test]
    #[should_panic(expected = "same program")]
    fn a_short_packet_is_a_bug() {
        Unpack::new(&[1, 2]).take::<u32>();
    }
}
