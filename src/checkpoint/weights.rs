//! Weights as safetensors files, f32, under the names of design: `z2_to_z1.generative` `[to, from]` and so on.
//!
//! Files that gncn writes carry a digest of their names, shapes and values, which is checked when they are read. Files
//! that were made elsewhere need none.

use super::StoreError;
use crate::data::digest::hexadecimal;
use crate::data::{atomic, bounded};
use crate::learning::Moments;
use crate::matrix::Matrix;
use crate::network::{Network, Tensors};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Under which name of the header the digest stands. Others choose such a name, too; its value has our prefix.
pub(super) const DIGEST: &str = "digest";

/// What the name of a list of neurons ends with: it is written as whole numbers.
pub(super) const INDEX: &str = ".index";

/// What a digest of gncn begins with.
pub(super) const PREFIX: &str = "gncn sha256 ";

/// Writes weights, whole or not at all. The same weights give the same bytes.
///
/// # Errors
/// [`StoreError`] where the file can't be written.
pub fn save(path: &Path, tensors: &Tensors) -> Result<(), StoreError> {
    let flat: Vec<_> = tensors.iter().map(|(name, m)| (name.clone(), m.shape_in_files(), m.as_slice())).collect();
    let digest = digest(flat.iter().map(|(name, shape, values)| (name.as_str(), &shape[..], *values)), &[]);
    // One entry only: the order of several would change from process to process.
    let metadata = HashMap::from([(DIGEST.to_owned(), digest)]);
    atomic::write(path, &encode(path, &flat, Some(metadata))?)?;
    Ok(())
}

/// What the names of an optimiser's moments begin with.
const MOMENTS: [&str; 3] = ["adam.mean/", "adam.square/", "adam.step/"];

/// Writes the weights of a network and, with them, what its optimisers remember, so that learning can go on: of each
/// tensor `adam.mean/NAME` and `adam.square/NAME`, and `adam.step/NAME`, how many steps they are of. Plain steps remember
/// nothing.
///
/// # Errors
/// As [`save`].
pub fn save_learning(path: &Path, network: &Network) -> Result<(), StoreError> {
    save(path, &learned(network))
}

/// What [`save_learning`] writes.
pub(super) fn learned(network: &Network) -> Tensors {
    let mut tensors = network.tensors();
    for (name, ascent) in network.ascents().into_iter().filter(|(_, ascent)| !ascent.moments().mean.is_empty()) {
        let moments = ascent.moments();
        let values = [moments.mean.clone(), moments.square.clone(), vec![moments.step as f32]];
        for (kind, values) in MOMENTS.into_iter().zip(values) {
            let row = Matrix::from_vec(1, values.len(), values).map(Matrix::as_vector);
            tensors.extend(row.map(|row| (format!("{kind}{name}"), row)));
        }
    }
    tensors
}

/// What [`save_learning`] has kept of optimisers, by the name of what they ascend; nothing in any other file.
///
/// # Errors
/// As [`load`].
pub fn load_moments(path: &Path) -> Result<BTreeMap<String, Moments>, StoreError> {
    let (arrays, _) = decode(path, &bounded::read(path)?)?;
    Ok(moments_of(arrays))
}

/// What optimisers remember, out of arrays.
pub(super) fn moments_of(arrays: Arrays) -> BTreeMap<String, Moments> {
    let mut found: BTreeMap<String, Moments> = BTreeMap::new();
    for (name, (_, values)) in arrays {
        let kind = MOMENTS.iter().position(|kind| name.starts_with(kind));
        let Some((kind, name)) = kind.map(|kind| (kind, &name[MOMENTS[kind].len()..])) else { continue };
        let moments = found.entry(name.to_owned()).or_default();
        match kind {
            0 => moments.mean = values,
            1 => moments.square = values,
            _ => moments.step = values.first().map_or(0, |step| *step as u64),
        }
    }
    found
}

/// The name of the tensor that an array belongs to: its own, or that of what an optimiser remembers of.
pub(super) fn bare_name(name: &str) -> &str {
    MOMENTS.iter().find_map(|kind| name.strip_prefix(kind)).unwrap_or(name)
}

/// Reads weights; what optimisers remember is left out.
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
    matrices(path, flat.into_iter().filter(|(name, _)| bare_name(name) == name).collect())
}

/// Arrays as weights.
pub(super) fn matrices(path: &Path, arrays: Arrays) -> Result<Tensors, StoreError> {
    let matrix = |(name, (shape, values)): (String, (Vec<usize>, Vec<f32>))| match Matrix::of_file(&shape, values) {
        Some(matrix) => Ok((name, matrix)),
        None => {
            let problem = format!("tensor \"{name}\" has shape {shape:?}; weights have one, two or three sides");
            Err(StoreError::content(path, problem))
        }
    };
    arrays.into_iter().map(matrix).collect()
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
        hash_name(&mut hash, name, shape);
        values.iter().for_each(|value| hash.update(value.to_le_bytes()));
    }
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    format!("{PREFIX}{}", hexadecimal(hash))
}

/// The part of a digest that comes before the values of an array.
pub(super) fn hash_name(hash: &mut Sha256, name: &str, shape: &[usize]) {
    // Every part is preceded by its length, so that no two contents run into the same bytes.
    [name.len(), shape.len()].iter().chain(shape).for_each(|n| hash.update((*n as u64).to_le_bytes()));
    hash.update(name.as_bytes());
}

/// Refuses what is not what `stated` says was written.
pub(super) fn verify(path: &Path, stated: &str, arrays: &Arrays, texts: &[&str]) -> Result<(), StoreError> {
    let arrays = arrays.iter().map(|(name, (shape, values))| (name.as_str(), &shape[..], values.as_slice()));
    if stated == digest(arrays, texts) {
        return Ok(());
    }
    Err(damaged(path))
}

pub(super) fn damaged(path: &Path) -> StoreError {
    let problem = "is damaged: its digest is not that of what it holds; take another copy, or train again";
    StoreError::content(path, problem)
}

/// Named f32 arrays and free metadata as the bytes of a safetensors file.
pub(super) fn encode(
    path: &Path,
    tensors: &[(String, Vec<usize>, &[f32])],
    metadata: Option<HashMap<String, String>>,
) -> Result<Vec<u8>, StoreError> {
    let bytes_of = |(name, _, values): &(String, Vec<usize>, &[f32])| -> Vec<u8> {
        match name.ends_with(INDEX) {
            true => values.iter().flat_map(|v| (*v as i32).to_le_bytes()).collect(),
            false => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        }
    };
    let bytes: Vec<Vec<u8>> = tensors.iter().map(bytes_of).collect();
    let problem = |cause| StoreError::content(path, format!("cannot be encoded as safetensors: {cause}"));
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        let dtype = if name.ends_with(INDEX) { Dtype::I32 } else { Dtype::F32 };
        Ok((name.as_str(), TensorView::new(dtype, shape.clone(), bytes).map_err(problem)?))
    });
    let views = views.collect::<Result<Vec<_>, StoreError>>()?;
    safetensors::serialize(views, metadata).map_err(problem)
}

/// Arrays by name, with their shapes.
pub(super) type Arrays = HashMap<String, (Vec<usize>, Vec<f32>)>;

/// Arrays and metadata.
pub(super) type Decoded = (Arrays, HashMap<String, String>);

/// The numbers of an array. Lists of neurons may be whole numbers; values are f32.
fn numbers(name: &str, view: &TensorView<'_>) -> Option<Vec<f32>> {
    let data = view.data();
    let words = || data.as_chunks::<4>().0.iter();
    match view.dtype() {
        Dtype::F32 => Some(words().map(|b| f32::from_le_bytes(*b)).collect()),
        Dtype::I32 if name.ends_with(INDEX) => Some(words().map(|b| i32::from_le_bytes(*b) as f32).collect()),
        Dtype::U32 if name.ends_with(INDEX) => Some(words().map(|b| u32::from_le_bytes(*b) as f32).collect()),
        Dtype::I64 | Dtype::U64 if name.ends_with(INDEX) => {
            Some(data.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b) as f32).collect())
        }
        _ => None,
    }
}

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
        let other = || StoreError::content(path, format!("tensor \"{name}\" is {:?}; gncn reads F32", view.dtype()));
        let values = numbers(&name, &view).ok_or_else(other)?;
        Ok::<_, StoreError>((name, (view.shape().to_vec(), values)))
    };
    let arrays = file.tensors().into_iter().map(array).collect::<Result<_, _>>()?;
    Ok((arrays, metadata))
}
