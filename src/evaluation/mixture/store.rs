//! A mixture as bytes, to be had back with the same bits: `weight` `[K]`, `mean` `[K, J]` and the lower half of every
//! `L`, column by column, `lower` `[K, J (J + 1) / 2]`, f64 in a safetensors file. Its header has a text that says what
//! the mixture was fitted to, and a digest of all of it.

use super::component::Component;
use super::model::Mixture;
use crate::data::digest::hexadecimal;
use faer::Mat;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// The one entry of the header's metadata: the order of several would change from process to process.
const ENTRY: &str = "mixture";

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    about: String,
    digest: String,
}

impl Mixture {
    /// The mixture as bytes, with a text about it.
    #[must_use]
    pub fn to_bytes(&self, about: &str) -> Vec<u8> {
        let (count, size) = (self.components.len(), self.size());
        let weight: Vec<f64> = self.components.iter().map(Component::weight).collect();
        let mean: Vec<f64> = self.components.iter().flat_map(|c| c.mean().iter().copied()).collect();
        let half = |c: &Component| -> Vec<f64> {
            (0..size).flat_map(|j| c.lower().col(j).iter().skip(j).copied().collect::<Vec<_>>()).collect()
        };
        let lower: Vec<f64> = self.components.iter().flat_map(half).collect();
        let arrays = [
            ("lower", vec![count, size * (size + 1) / 2], bytes(&lower)),
            ("mean", vec![count, size], bytes(&mean)),
            ("weight", vec![count], bytes(&weight)),
        ];
        let header = Header { about: about.to_owned(), digest: digest(about, arrays.iter().map(|(_, _, b)| &b[..])) };
        let header = serde_json::to_string(&header).expect("texts are JSON");
        let views = arrays.iter().map(|(name, shape, bytes)| {
            (*name, TensorView::new(Dtype::F64, shape.clone(), bytes).expect("bytes of that shape"))
        });
        let metadata = HashMap::from([(ENTRY.to_owned(), header)]);
        safetensors::serialize(views, Some(metadata)).expect("names and shapes are sound")
    }

    /// A mixture of [`Mixture::to_bytes`] and the text about it; `None` where the bytes are anything else, or damaged.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<(Self, String)> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).ok()?;
        let header: Header = serde_json::from_str(metadata.metadata().as_ref()?.get(ENTRY)?).ok()?;
        let file = SafeTensors::deserialize(bytes).ok()?;
        let [lower, mean, weight] = ["lower", "mean", "weight"].map(|name| file.tensor(name).ok());
        let (lower, mean, weight) = (lower?, mean?, weight?);
        if header.digest != digest(&header.about, [&lower, &mean, &weight].into_iter().map(|view| view.data())) {
            return None;
        }
        let (&[count, size], true) = (mean.shape(), [&lower, &mean, &weight].iter().all(|v| v.dtype() == Dtype::F64))
        else {
            return None;
        };
        let half = size.checked_mul(size.checked_add(1)?)? / 2;
        if size == 0 || weight.shape() != [count] || lower.shape() != [count, half] {
            return None;
        }
        let (lower, mean, weight) = (numbers(lower.data()), numbers(mean.data()), numbers(weight.data()));
        let component = |k: usize| {
            let mut halves = lower[k * half..(k + 1) * half].iter();
            let mut factor = Mat::zeros(size, size);
            for j in 0..size {
                (j..size).zip(halves.by_ref()).for_each(|(i, value)| factor[(i, j)] = *value);
            }
            Component::of_factor(weight[k], mean[k * size..(k + 1) * size].to_vec(), factor)
        };
        let components: Option<Vec<_>> = (0..count).map(component).collect();
        Some((Self::new(components?).ok()?, header.about))
    }
}

fn bytes(numbers: &[f64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn numbers(bytes: &[u8]) -> Vec<f64> {
    let number = |b: &[u8]| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]);
    bytes.chunks_exact(8).map(number).collect()
}

fn digest<'a>(about: &'a str, arrays: impl Iterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in std::iter::once(about.as_bytes()).chain(arrays) {
        // Every part is preceded by its length, so that no two contents run into the same bytes.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hexadecimal(hash)
}

#[cfg(test)]
mod tests {
    use super::super::{Mixture, MixtureOptions};
    use crate::matrix::Matrix;
    use crate::rng;

    #[test]
    fn a_mixture_comes_back_with_the_same_bits() {
        let samples = Matrix::from_fn(60, 5, |i, j| ((i * 37 + j * 11 + i * j) % 23) as f32 / 7.0);
        let options = MixtureOptions { components: 3, regularisation: 0.01, ..MixtureOptions::default() };
        let (mixture, _) = Mixture::fit(&samples, &options, |_, _| {}).expect("a fit");
        let bytes = mixture.to_bytes("what it is of");
        let (back, about) = Mixture::from_bytes(&bytes).expect("it is whole");
        assert_eq!(about, "what it is of");
        assert_eq!(back.log_density(&samples), mixture.log_density(&samples));
        let draw = |mixture: &Mixture| mixture.draw(20, &mut rng::stream(1, "test")).samples;
        assert_eq!(draw(&back), draw(&mixture));
        assert_eq!(back.to_bytes("what it is of"), bytes);
    }

    #[test]
    fn damaged_and_other_files_are_none() {
        let samples = Matrix::from_fn(9, 2, |i, j| ((i * 5 + j * 3) % 7) as f32);
        let options = MixtureOptions { components: 2, regularisation: 0.1, ..MixtureOptions::default() };
        let (mixture, _) = Mixture::fit(&samples, &options, |_, _| {}).expect("a fit");
        let bytes = mixture.to_bytes("x");
        for at in [bytes.len() - 1, bytes.len() / 2, 20] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(Mixture::from_bytes(&damaged).is_none(), "byte {at}");
        }
        for end in 0..bytes.len() {
            assert!(Mixture::from_bytes(&bytes[..end]).is_none(), "{end} bytes");
        }
        assert!(Mixture::from_bytes(b"{}").is_none());
    }
}
