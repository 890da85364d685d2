//! What `gncn settle` shows: arrays of a user's own, read as training reads them.
//!
//! Where the circuit file says how a sense is read, that holds. Where it doesn't, real values stay as they are, and bytes
//! are read as training would: what a file holds decides, and it is told.

use super::senses::{LABEL, SenseError, label_layer};
use super::stimuli::kept;
use crate::blame::{Blame, Blamed};
use crate::circuit::{Circuit, Layer};
use crate::data::array::Array;
use crate::data::{DataError, SenseFile, SenseReader, files};
use crate::matrix::Matrix;
use crate::network::Tensors;
use crate::params::Reading;

/// An array that a sense can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The file or its content.
    #[error(transparent)]
    Data(#[from] DataError),
    /// What the circuit makes of it.
    #[error(transparent)]
    Sense(#[from] SenseError),
}

impl Blamed for InputError {
    fn blame(&self) -> Blame {
        match self {
            Self::Data(cause) => cause.blame(),
            Self::Sense(cause) => cause.blame(),
        }
    }
}

/// The batch `[B, J]` that a file is as input of its sense, and what has to be told of it. NaN is missing, and of no
/// account, where `observed` `[B, J]` is 0. `weights` hold the moments of a sense that is read standardised.
///
/// # Errors
/// [`InputError`] where the file can't be read or its values can't be read so.
pub fn input(
    circuit: &Circuit,
    given: &SenseFile,
    observed: Option<&Matrix>,
    weights: Option<&Tensors>,
) -> Result<(Matrix, Vec<String>), InputError> {
    let (array, file) = files::read_one(&given.file)?;
    let Some(layer) = circuit.sensory(&given.sense).map(|id| circuit.layer(id)) else {
        // Refused where it is shown, with the senses that there are.
        return Ok((array.into_matrix(true, &file)?, Vec::new()));
    };
    batch(circuit, (given.sense.as_str(), layer), (array, &file), observed, weights)
}

/// What each frame of a file `[frames, samples, ...]` is as input of its sense, `[samples, J]`, and what has to be told of
/// it; `observed` is one mask for each frame, or one for all.
///
/// # Errors
/// As [`input`], and where the file has another shape.
pub fn input_frames(
    circuit: &Circuit,
    given: &SenseFile,
    observed: Option<&[Matrix]>,
    weights: Option<&Tensors>,
) -> Result<(Vec<Matrix>, Vec<String>), InputError> {
    let (array, file) = files::read_one(&given.file)?;
    let Some(layer) = circuit.sensory(&given.sense).map(|id| circuit.layer(id)) else {
        return Ok((vec![array.into_matrix(true, &file)?], Vec::new()));
    };
    let split = match array.by_frames(layer.size()) {
        Err(array) if given.sense == LABEL => array.classes_by_frames(),
        split => split,
    };
    let (array, frames) = split.map_err(|array| no_frames(&array, layer, &file))?;
    let masks = observed.map(|masks| masks.iter().cycle().take(frames).collect::<Vec<_>>());
    let mask = masks.map(|masks| stacked(&masks));
    let (all, told) = batch(circuit, (given.sense.as_str(), layer), (array, &file), mask.as_ref(), weights)?;
    Ok((parts(&all, frames), told))
}

/// One batch below the other.
fn stacked(matrices: &[&Matrix]) -> Matrix {
    let (rows, cols) = (matrices.iter().map(|m| m.rows()).sum(), matrices.first().map_or(0, |m| m.cols()));
    let values = matrices.iter().flat_map(|m| m.as_slice()).copied().collect();
    Matrix::from_vec(rows, cols, values).unwrap_or_else(|| Matrix::zeros(0, 0))
}

/// `count` batches of equally many rows.
fn parts(all: &Matrix, count: usize) -> Vec<Matrix> {
    let rows = all.rows() / count.max(1);
    (0..count).map(|frame| all.rows_copy(frame * rows..(frame + 1) * rows)).collect()
}

fn no_frames(array: &Array, layer: &Layer, file: &str) -> DataError {
    let (shape, size) = (array.shape(), layer.size());
    let problem = format!("its shape is {shape:?}, and the circuit settles frame by frame (per_frame)");
    let next = format!(
        "an array [frames, samples, ...] with {size} values a sample is needed; one frame is [1, samples, ...]"
    );
    DataError::content(file, problem, next)
}

/// The batch that an array is as input of a sense.
fn batch(
    circuit: &Circuit,
    (sense, layer): (&str, &Layer),
    (array, file): (Array, &str),
    observed: Option<&Matrix>,
    weights: Option<&Tensors>,
) -> Result<(Matrix, Vec<String>), InputError> {
    if sense == LABEL && is_classes(&array, layer) {
        return one_hot(circuit, array, file);
    }
    let is_whole = array.is_whole();
    let array = if array.shape().len() == 1 { array.into_batch(layer.size()) } else { array };
    let mut images = array.into_samples_where(observed, file)?;
    let mut told: Vec<String> = images.take_remarks();
    let reading = match layer.read() {
        Some(reading) => reading,
        None if is_whole => Reading::natural(layer.likelihood()),
        None => Reading::Raw,
    };
    let reader = match (reading, weights) {
        (Reading::Standardised, None) => return Err(without_weights(sense).into()),
        (Reading::Standardised, Some(weights)) if layer.size() == images.size() => {
            SenseReader::standardised(kept(weights, sense)?)
        }
        _ => SenseReader::new(reading),
    };
    let samples = images.samples().clone().read_by(reader, file)?;
    let how = if layer.read().is_some() { "as the circuit says" } else { "the circuit names no `read`" };
    told.push(format!("{sense}: {} ({how})", samples.how()));
    told.extend(samples.too_dark().or_else(|| samples.remark()).map(|remark| format!("{sense}: {remark}")));
    let rows: Vec<usize> = (0..samples.count()).collect();
    Ok((samples.matrix(&rows), told))
}

/// The mask `[B, J]` in a file: 1 where a value is observed, 0 where it is missing. What else it holds is refused where it
/// is used.
///
/// # Errors
/// Where the file can't be read, or is no batch of finite numbers.
pub fn observed(circuit: &Circuit, given: &SenseFile) -> Result<Matrix, DataError> {
    let (array, file) = files::read_one(&given.file)?;
    seen(circuit, given, array, &file)
}

/// The masks in a file: one for each frame of `[frames, samples, ...]`, or one for all of `[samples, ...]`.
///
/// # Errors
/// As [`observed`].
pub fn observed_frames(circuit: &Circuit, given: &SenseFile) -> Result<Vec<Matrix>, DataError> {
    let (array, file) = files::read_one(&given.file)?;
    let size = circuit.sensory(&given.sense).map_or(usize::MAX, |id| circuit.layer(id).size());
    let (array, frames) = array.by_frames(size).unwrap_or_else(|array| (array, 1));
    Ok(parts(&seen(circuit, given, array, &file)?, frames))
}

fn seen(circuit: &Circuit, given: &SenseFile, array: Array, file: &str) -> Result<Matrix, DataError> {
    let size = circuit.sensory(&given.sense).map_or(usize::MAX, |id| circuit.layer(id).size());
    let array = if array.shape().len() == 1 { array.into_batch(size) } else { array };
    let samples =
        array.into_samples_where(None, file)?.samples().clone().read_by(SenseReader::new(Reading::Raw), file)?;
    Ok(samples.matrix(&(0..samples.count()).collect::<Vec<_>>()))
}

/// Whether an array for labels is one class for each sample, and not a row with a value for each neuron.
fn is_classes(array: &Array, layer: &Layer) -> bool {
    let is_row = |length: usize| length == layer.size() && array.clone().into_batch(layer.size()).is_one_hot();
    match *array.shape() {
        [length] => array.is_whole() && !is_row(length),
        [_, 1] => array.is_whole() && layer.size() > 1,
        _ => false,
    }
}

fn one_hot(circuit: &Circuit, array: Array, file: &str) -> Result<(Matrix, Vec<String>), InputError> {
    let mut labels = array.into_labels(file)?;
    let mut told = vec!["label: whole numbers are classes, shown one-hot".to_owned()];
    let Some((_, layer)) = label_layer(circuit) else { return Ok((Matrix::zeros(0, 0), told)) };
    let (smallest, largest) = (labels.iter().min().copied().unwrap_or(0), labels.iter().max().copied().unwrap_or(0));
    if smallest > 0 && usize::from(largest) == layer.size() {
        labels.iter_mut().for_each(|label| *label -= 1);
        told.push(format!("label: classes count from 1 to {}: class 1 is neuron 0", layer.size()));
    } else if usize::from(largest) >= layer.size() {
        return Err(SenseError::TooManyClasses { layer: layer.name().to_owned(), size: layer.size(), largest }.into());
    }
    let hot = |i: usize, j: usize| f32::from(u8::from(usize::from(labels[i]) == j));
    Ok((Matrix::from_fn(labels.len(), layer.size(), hot), told))
}

fn without_weights(sense: &str) -> SenseError {
    SenseError::Reading(format!(
        "the sense \"{sense}\" is read standardised, with the means and standard deviations that are kept with trained \
         weights; give --weights FILE"
    ))
}
