//! Arrays, between NumPy and the library.

use crate::failure::Failure;
use gncn::{InputBatch, Matrix, Tensors};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Arrays by sense, held for as long as their numbers are read.
pub(crate) struct LentArrays<'py> {
    arrays: Vec<(String, PyReadonlyArray2<'py, f32>)>,
}

impl<'py> LentArrays<'py> {
    /// The arrays of a dictionary.
    pub(crate) fn of(given: &Bound<'py, PyDict>) -> PyResult<Self> {
        let one = |(name, array): (Bound<'py, PyAny>, Bound<'py, PyAny>)| {
            let name: String = name.extract()?;
            let array = array.extract().map_err(|_| {
                Failure::Request(format!(
                    "\"{name}\" is no array [samples, neurons] of float32 in this machine's order"
                ))
            })?;
            PyResult::Ok((name, array))
        };
        Ok(Self { arrays: given.iter().map(one).collect::<PyResult<_>>()? })
    }

    /// Their numbers, where they lie.
    pub(crate) fn batches(&self) -> Result<Vec<(String, InputBatch<'_>)>, Failure> {
        self.arrays.iter().map(|(name, array)| Ok((name.clone(), batch(name, array)?))).collect()
    }
}

fn batch<'a>(name: &str, array: &'a PyReadonlyArray2<'_, f32>) -> Result<InputBatch<'a>, Failure> {
    let [rows, cols] = [array.shape()[0], array.shape()[1]];
    let aligned = (array.data() as usize).is_multiple_of(align_of::<f32>());
    let values = array.as_slice().ok().filter(|_| aligned);
    let problem = "does not lie row by row in memory; numpy.ascontiguousarray does that";
    let batch = values.and_then(|values| InputBatch::borrowed(rows, cols, values));
    batch.ok_or_else(|| Failure::Request(format!("\"{name}\" {problem}")))
}

/// A matrix as an array `[rows, cols]` of its own.
pub(crate) fn array<'py>(py: Python<'py>, matrix: &Matrix) -> PyResult<Bound<'py, PyArray2<f32>>> {
    PyArray1::from_slice(py, matrix.as_slice()).reshape([matrix.rows(), matrix.cols()])
}

/// Weights as a dictionary of arrays.
pub(crate) fn dictionary<'py>(py: Python<'py>, tensors: &Tensors) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, matrix) in tensors {
        dict.set_item(name, array(py, matrix)?)?;
    }
    Ok(dict)
}

/// A dictionary of arrays as weights.
pub(crate) fn tensors(given: &Bound<'_, PyDict>) -> PyResult<Tensors> {
    let lent = LentArrays::of(given)?;
    let owned = |(name, batch): (String, InputBatch<'_>)| {
        let matrix = Matrix::from_vec(batch.rows(), batch.cols(), batch.as_slice().to_vec());
        (name, matrix.unwrap_or_default())
    };
    Ok(lent.batches()?.into_iter().map(owned).collect())
}
