//! Which data a sense is shown: images, or one-hot labels for the sense called `label`.

use crate::blame::{Blame, Blamed};
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
    /// Senses that nothing is shown to.
    #[error(
        "image data show the sense \"image\" and the sense \"label\"; the circuit also has {others}: name the data of each \
         sense, as in --data image=FILE"
    )]
    Unknown {
        /// The senses left over.
        others: String,
    },
    /// Data for a sense that the circuit does not have.
    #[error("there are data for \"{sense}\", but the circuit's senses are {senses}")]
    NoSuchSense {
        /// As given.
        sense: String,
        /// The senses of the circuit.
        senses: String,
    },
    /// Mean and sd that nothing can be standardised with.
    #[error(
        "the tensors \"{sense}.mean\" and \"{sense}.sd\" are no means and standard deviations above 0; train again"
    )]
    Moments {
        /// The sense.
        sense: String,
    },
    /// A reading that does not fit the data.
    #[error("{0}")]
    Reading(String),
    /// No sense for images.
    #[error("the circuit has no sense for images: name one \"image\"")]
    NoImage,
    /// Shapes or values that do not fit.
    #[error(transparent)]
    Episode(#[from] EpisodeError),
}

impl Blamed for SenseError {
    fn blame(&self) -> Blame {
        Blame::Request
    }
}

/// The layer that images are shown to: the sense `image`, or else the first sense that is not `label`. It is the one that
/// is drawn, completed and measured.
///
/// # Errors
/// [`SenseError`] where there is none.
pub fn image_sense(circuit: &Circuit) -> Result<(&str, LayerId), SenseError> {
    let candidates = || circuit.senses().filter(|(sense, _)| *sense != LABEL);
    let named = candidates().find(|(sense, _)| *sense == "image");
    named.or_else(|| candidates().next()).ok_or(SenseError::NoImage)
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
pub fn episode(circuit: &Circuit, images: &Images, rows: &[usize], show: Show) -> Result<Episode<'static>, SenseError> {
    let (sense, _) = image_sense(circuit)?;
    let mut inputs = vec![(sense.to_owned(), images.matrix(rows))];
    let of_name = |name: &str| images.others().iter().find(|other| other.sense == name);
    if let (Show::Everything, Some((_, layer))) = (show, label_layer(circuit)) {
        let labels = match of_name(LABEL) {
            Some(values) => values.samples.matrix(rows),
            None => one_hot(images, rows, layer)?,
        };
        inputs.push((LABEL.to_owned(), labels));
    }
    let mut unknown = Vec::new();
    for (other, _) in circuit.senses().filter(|(other, _)| *other != sense && *other != LABEL) {
        match of_name(other) {
            Some(stimulus) => inputs.push((other.to_owned(), stimulus.samples.matrix(rows))),
            None => unknown.push(format!("\"{other}\"")),
        }
    }
    if !unknown.is_empty() {
        return Err(SenseError::Unknown { others: unknown.join(", ") });
    }
    Ok(Episode::new(circuit, inputs)?)
}

/// The episodes of the sequences that begin with the images `rows`, one for each frame.
///
/// # Errors
/// As [`episode`].
pub(crate) fn sequence(
    circuit: &Circuit,
    images: &Images,
    rows: &[usize],
    show: Show,
) -> Result<Vec<Episode<'static>>, SenseError> {
    let of_frame = |frame: usize| rows.iter().map(|row| row + frame).collect::<Vec<_>>();
    let frames = if circuit.settling().framed { images.frames() } else { 1 };
    (0..frames).map(|frame| episode(circuit, images, &of_frame(frame), show)).collect()
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
