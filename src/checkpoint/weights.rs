//! Weights as safetensors files, f32, under the names of design: `z2_to_z1.generative` `[to, from]` and so on.
//!
//! Files that gncn writes carry a digest of their names, shapes and values, which is checked when they are read. Files
//! that were made elsewhere need none.

use super::StoreError;
use crate::data::digest::hexadecimal;
use crate::data::{atomic, bounded};
use crate::matrix::Matrix;
use crate::network::Tensors;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Under which name of the header the digest stands. Others choose such a name, too; its value has our prefix.
pub(super) const DIGEST: &str = "digest";

/// What a digest of gncn begins with.
const PREFIX: &str = "gncn sha256 ";

/// Writes weights, whole or not at all. The same weights give the same bytes.
///
/// # Errors
/// [`StoreError`] where the file can't be written.
pub fn save(path: &Path, tensors: &Tensors) -> Result<(), StoreError> {
    let flat: Vec<_> = tensors.iter().map(|(name, m)| (name.clone(), shape_in_files(name, m), m.as_slice())).collect();
    let digest = digest(flat.iter().map(|(name, shape, values)| (name.as_str(), &shape[..], *values)), &[]);
    // One entry only: the order of several would change from process to process.
    let metadata = HashMap::from([(DIGEST.to_owned(), digest)]);
    atomic::write(path, &encode(path, &flat, Some(metadata))?)?;
    Ok(())
}

/// Biases and variances are one number for each neuron: in files they have no second side.
fn is_row(name: &str) -> bool {
    matches!(name.split_once('.'), Some((_, "bias" | "variance")))
}

/// The shape that a tensor has in a file of weights.
fn shape_in_files(name: &str, matrix: &Matrix) -> Vec<usize> {
    if is_row(name) { vec![matrix.cols()] } else { vec![matrix.rows(), matrix.cols()] }
}

/// Reads weights.
///
/// # Errors
/// [`StoreError`] where the file can't be read, is no safetensors file, is damaged, or holds anything but f32 matrices.
pub fn load(path: &Path) -> Result<Tensors, StoreError> {
    parse(&bounded::read(path)?, path)
}

/// [`load`] of the bytes of a file that is called `path`, whether or not it is there.
///
/// # Errors
/// As [`load`].
pub fn parse(bytes: &[u8], path: &Path) -> Result<Tensors, StoreError> {
    let (flat, metadata) = decode(path, bytes)?;
    if let Some(stated) = metadata.get(DIGEST).filter(|value| value.starts_with(PREFIX)) {
        verify(path, stated, &flat, &[])?;
    }
    let matrix = |(name, (shape, values)): (String, (Vec<usize>, Vec<f32>))| match *shape.as_slice() {
        [rows, cols] => {
            Ok((name, Matrix::from_vec(rows, cols, values).expect("the shape of a tensor was checked on decoding")))
        }
        [size] if is_row(&name) => {
            Ok((name, Matrix::from_vec(1, size, values).expect("the shape of a tensor was checked on decoding")))
        }
        _ => Err(StoreError::content(path, format!("tensor \"{name}\" has shape {shape:?}; weights are matrices"))),
    };
    flat.into_iter().map(matrix).collect()
}

/// SHA-256 over names and values of tensors, in hexadecimal: which weights a figure was measured with.
#[must_use]
pub fn fingerprint(tensors: &Tensors) -> String {
    let mut hash = Sha256::new();
    for (name, tensor) in tensors {
        hash.update(name);
        tensor.as_slice().iter().for_each(|value| hash.update(value.to_le_bytes()));
    }
    hexadecimal(hash)
}

/// SHA-256 over arrays in the order of their names, with shapes, and over texts. A disk that turns a bit leaves a whole
/// file with other weights in it; nothing but a digest tells.
pub(super) fn digest<'a>(arrays: impl Iterator<Item = (&'a str, &'a [usize], &'a [f32])>, texts: &[&str]) -> String {
    let arrays: BTreeMap<&str, _> = arrays.map(|(name, shape, values)| (name, (shape, values))).collect();
    let mut hash = Sha256::new();
    for (name, (shape, values)) in arrays {
        // Every part is preceded by its length, so that no two contents run into the same bytes.
        [name.len(), shape.len()].iter().chain(shape).for_each(|n| hash.update((*n as u64).to_le_bytes()));
        hash.update(name.as_bytes());
        values.iter().for_each(|value| hash.update(value.to_le_bytes()));
    }
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    format!("{PREFIX}{}", hexadecimal(hash))
}

/// Refuses what is not what `stated` says was written.
pub(super) fn verify(path: &Path, stated: &str, arrays: &Arrays, texts: &[&str]) -> Result<(), StoreError> {
    let arrays = arrays.iter().map(|(name, (shape, values))| (name.as_str(), &shape[..], values.as_slice()));
    if stated == digest(arrays, texts) {
        return Ok(());
    }
    let problem = "is damaged: its digest is not that of what it holds; take another copy, or train again";
    Err(StoreError::content(path, problem))
}

/// Named f32 arrays and free metadata as the bytes of a safetensors file.
pub(super) fn encode(
    path: &Path,
    tensors: &[(String, Vec<usize>, &[f32])],
    metadata: Option<HashMap<String, String>>,
) -> Result<Vec<u8>, StoreError> {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|(_, _, v)| v.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
    let problem = |cause| StoreError::content(path, format!("cannot be encoded as safetensors: {cause}"));
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(problem)?))
    });
    let views = views.collect::<Result<Vec<_>, StoreError>>()?;
    safetensors::serialize(views, metadata).map_err(problem)
}

/// Arrays by name, with their shapes.
pub(super) type Arrays = HashMap<String, (Vec<usize>, Vec<f32>)>;

/// Arrays and metadata.
pub(super) type Decoded = (Arrays, HashMap<String, String>);

/// Named f32 arrays and metadata out of the bytes of a safetensors file.
pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<Decoded, StoreError> {
    let problem = |cause| {
        StoreError::content(
            path,
            format!("is not a whole safetensors file ({cause}); write it again, or take another one"),
        )
    };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(problem)?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let file = SafeTensors::deserialize(bytes).map_err(problem)?;
    let array = |(name, view): (String, TensorView<'_>)| {
        if view.dtype() != Dtype::F32 {
            return Err(StoreError::content(path, format!("tensor \"{name}\" is {:?}; gncn reads F32", view.dtype())));
        }
        let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        Ok((name, (view.shape().to_vec(), values)))
    };
    let arrays = file.tensors().into_iter().map(array).collect::<Result<_, _>>()?;
    Ok((arrays, metadata))
}
