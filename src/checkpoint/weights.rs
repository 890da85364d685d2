//! Weights as safetensors files, f32, under the names of design: `z2_to_z1.generative` `[to, from]` and so on.

use super::StoreError;
use crate::data::atomic;
use crate::matrix::Matrix;
use crate::network::Tensors;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::HashMap;
use std::path::Path;

/// Writes weights, whole or not at all. The same weights give the same bytes.
///
/// # Errors
/// [`StoreError`] where the file can't be written.
pub fn save(path: &Path, tensors: &Tensors) -> Result<(), StoreError> {
    let flat: Vec<_> = tensors.iter().map(|(name, m)| (name.clone(), vec![m.rows(), m.cols()], m.as_slice())).collect();
    atomic::write(path, &encode(path, &flat, None)?)?;
    Ok(())
}

/// Reads weights.
///
/// # Errors
/// [`StoreError`] where the file can't be read, is no safetensors file, or holds anything but f32 matrices.
pub fn load(path: &Path) -> Result<Tensors, StoreError> {
    let bytes = std::fs::read(path).map_err(|cause| StoreError::read(path, cause))?;
    let (flat, _) = decode(path, &bytes)?;
    let matrix = |(name, (shape, values)): (String, (Vec<usize>, Vec<f32>))| match *shape.as_slice() {
        [rows, cols] => {
            Ok((name, Matrix::from_vec(rows, cols, values).expect("the shape of a tensor was checked on decoding")))
        }
        _ => Err(StoreError::content(path, format!("tensor \"{name}\" has shape {shape:?}; weights are matrices"))),
    };
    flat.into_iter().map(matrix).collect()
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

/// Arrays by name with their shapes, and metadata.
pub(super) type Decoded = (HashMap<String, (Vec<usize>, Vec<f32>)>, HashMap<String, String>);

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
