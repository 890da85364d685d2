//! Which data a sense is shown: images, or one-hot labels for the sense called `label`.

use crate::circuit::{Circuit, Layer, LayerId};
use crate::data::Images;
use crate::episode::{Episode, EpisodeError};
use crate::matrix::Matrix;

/// The sense that is shown one-hot labels, and released when they are to be predicted.
pub const LABEL: &str = "label";

/// Whether labels are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Images and, where the circuit has a `label` sense, labels.
    Everything,
    /// Images only.
    ImagesOnly,
}

/// Data that a circuit's senses can't be shown.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SenseError {
    /// The data have no labels, and a sense needs them.
    #[error("the circuit has a sense \"label\", but the data have no labels")]
    NoLabels,
    /// More labels than neurons.
    #[error("the data have labels up to {largest}, but layer \"{layer}\" of the sense \"label\" has {size} neurons")]
    TooManyClasses {
        /// The layer.
        layer: String,
        /// Its size.
        size: usize,
        /// The largest label.
        largest: u8,
    },
    /// Several senses that are not labels: image data can show only one of them.
    #[error("image data show the sense \"image\" and the sense \"label\"; the circuit also has {others}")]
    Unknown {
        /// The senses left over.
        others: String,
    },
    /// No sense for images.
    #[error("the circuit has no sense for images: name one \"image\"")]
    NoImage,
    /// Shapes or values that do not fit.
    #[error(transparent)]
    Episode(#[from] EpisodeError),
}

/// The layer that images are shown to: the sense `image`, or the only sense that is not `label`.
///
/// # Errors
/// [`SenseError`] where there is none, or more than one candidate.
pub fn image_sense(circuit: &Circuit) -> Result<(&str, LayerId), SenseError> {
    let mut others: Vec<_> = circuit.senses().filter(|(sense, _)| *sense != LABEL).collect();
    match others.len() {
        0 => Err(SenseError::NoImage),
        1 => Ok(others.remove(0)),
        _ => {
            let names = others.iter().filter(|(sense, _)| *sense != "image").map(|(sense, _)| format!("\"{sense}\""));
            Err(SenseError::Unknown { others: names.collect::<Vec<_>>().join(", ") })
        }
    }
}

/// The layer that labels are shown to, if there is one.
#[must_use]
pub fn label_layer(circuit: &Circuit) -> Option<(LayerId, &Layer)> {
    let id = circuit.sensory(LABEL)?;
    Some((id, circuit.layer(id)))
}

/// An episode that shows the images `rows`.
///
/// # Errors
/// [`SenseError`] where the data do not fit the circuit.
pub fn episode(circuit: &Circuit, images: &Images, rows: &[usize], show: Show) -> Result<Episode, SenseError> {
    let (sense, _) = image_sense(circuit)?;
    let mut inputs = vec![(sense.to_owned(), images.matrix(rows))];
    if let (Show::Everything, Some((_, layer))) = (show, label_layer(circuit)) {
        inputs.push((LABEL.to_owned(), one_hot(images, rows, layer)?));
    }
    Ok(Episode::new(circuit, inputs)?)
}

fn one_hot(images: &Images, rows: &[usize], layer: &Layer) -> Result<Matrix, SenseError> {
    let labels = images.labels().ok_or(SenseError::NoLabels)?;
    let largest = rows.iter().map(|row| labels[*row]).max().unwrap_or(0);
    if usize::from(largest) >= layer.size() {
        return Err(SenseError::TooManyClasses { layer: layer.name().to_owned(), size: layer.size(), largest });
    }
    let mut matrix = Matrix::zeros(rows.len(), layer.size());
    for (i, row) in rows.iter().enumerate() {
        matrix.row_mut(i)[usize::from(labels[*row])] = 1.0;
    }
    Ok(matrix)
}
