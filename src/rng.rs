//! Named random streams: one seed, one stream per purpose, so that what a stream gives depends on its name
//! and never on who drew before, on the order of a file, or on the number of threads.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The stream called `name` under `seed`. The same pair gives the same numbers on every machine.
#[must_use]
pub fn stream(seed: u64, name: &str) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(fnv1a(name.as_bytes()));
    rng
}

/// The stream called `name` under `seed` for the `index`-th of many (an epoch, an image, a link).
#[must_use]
pub fn stream_at(seed: u64, name: &str, index: u64) -> ChaCha8Rng {
    let mut bytes = name.as_bytes().to_vec();
    bytes.push(b'#');
    bytes.extend(index.to_le_bytes());
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(fnv1a(&bytes));
    rng
}

/// FNV-1a, 64 bits: a fixed, published hash, because the standard library's may change between releases.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn streams_are_named_and_do_not_move() {
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c, "the published test vector");
        assert_eq!(stream(7, "init").next_u64(), stream(7, "init").next_u64());
        assert_ne!(stream(7, "init").next_u64(), stream(7, "shuffle").next_u64());
        assert_ne!(stream(7, "init").next_u64(), stream(8, "init").next_u64());
        assert_ne!(stream_at(7, "epoch", 0).next_u64(), stream_at(7, "epoch", 1).next_u64());
    }
}
