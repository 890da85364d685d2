//! What a circuit makes of data: which sense is shown what, how values are read, and how samples are laid out.
//!
//! Data know nothing of circuits, and a circuit file says little of its data. Here the two meet, once, before anything
//! settles; `train`, `eval` and `settle` all come this way, so that the same bytes are the same numbers for all of them.

use super::senses::{LABEL, SenseError, image_sense, label_layer};
use crate::circuit::{Circuit, Layer};
use crate::data::{DataError, Dataset, Description, Grid, Images, SenseMoments, SenseReader};
use crate::network::{Network, Tensors, moments_names};
use crate::params::Reading;

/// Where the means and standard deviations of a sense come from that is read as [`Reading::Standardised`].
#[derive(Debug, Clone, Copy)]
pub enum MomentsFrom<'a> {
    /// They are those of these training samples.
    Samples(&'a [usize]),
    /// They are kept with weights.
    Weights(&'a Tensors),
}

/// Data as a circuit is shown them.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The data.
    pub data: Dataset,
    /// What a user has to be told: how each sense is read, and what was taken for granted.
    pub told: Vec<String>,
}

/// Data as `circuit` is shown them. What the circuit file leaves open is read as a run has read it before, of which
/// `recorded` tells, or else as the likelihood of the layer has it: binarised at 0.5, or grey.
///
/// # Errors
/// [`SenseError`] where there are data for a sense that the circuit doesn't have, or values that can't be read so.
pub fn prepare(
    circuit: &Circuit,
    mut data: Dataset,
    recorded: Option<&Description>,
    fit: MomentsFrom<'_>,
) -> Result<Prepared, SenseError> {
    let (lead, lead_layer) = image_sense(circuit)?;
    refuse_unknown(circuit, &data)?;
    data =
        data.change(|images| Ok::<_, SenseError>(if images.sense().is_some() { images.led_by(lead) } else { images }))?;
    if data.train.sense().is_some_and(|sense| sense != lead) {
        return Err(SenseError::Unknown { others: format!("\"{lead}\"") });
    }
    data = sequences(circuit, data)?;
    let mut told = data.remarks().to_vec();
    data = labelled_from_zero(circuit, data, &mut told)?;
    data = laid_out(circuit.layer(lead_layer), data, &mut told)?;
    if recorded.is_some_and(|run| run.without_validation) {
        data = data.without_validation();
    }
    let readings = Readings { recorded, fit };
    for (sense, id) in circuit.senses().filter(|(sense, _)| *sense != LABEL) {
        let reader = readings.reader(sense, circuit.layer(id), &data, sense == lead)?;
        data = if sense == lead { data.read_by(&reader).map_err(about)? } else { other_read_by(data, sense, &reader)? };
    }
    let named = data.train.others().iter().map(|other| (other.sense.as_str(), &other.samples));
    for (sense, samples) in std::iter::once((lead, data.train.samples())).chain(named) {
        told.push(format!("{sense}: {}", samples.how()));
        told.extend(samples.remark().map(|remark| format!("{sense}: {remark}")));
    }
    Ok(Prepared { data, told })
}

/// Data `[frames, samples, values]` of a circuit that settles frame by frame as sequences of frames; all other data as they
/// are, each image a sequence of one frame where the circuit takes sequences.
///
/// # Errors
/// [`SenseError`] where a sense has other numbers of values or sequences.
pub fn sequences(circuit: &Circuit, data: Dataset) -> Result<Dataset, SenseError> {
    let (_, lead) = image_sense(circuit)?;
    let of = |sense: Option<&str>| sense.and_then(|sense| circuit.sensory(sense)).map(|id| circuit.layer(id).size());
    let size = of(data.train.sense()).unwrap_or(circuit.layer(lead).size());
    let grid = data.train.grid();
    if !circuit.settling().framed || data.train.is_sequences() || (grid.width, grid.channels) != (size, 1) {
        return Ok(data);
    }
    let name = data.name.clone();
    data.change(|images| images.of_frames(|sense| of(sense).unwrap_or(size), &name)).map_err(about)
}

/// Keeps the means and standard deviations that data were standardised with among the weights of a network.
pub fn keep_moments(network: &mut Network, data: &Dataset) {
    let Ok((lead, _)) = image_sense(network.circuit()) else { return };
    let lead = lead.to_owned();
    let others = data.train.others().iter().map(|other| (&other.sense, &other.samples));
    for (sense, samples) in std::iter::once((&lead, data.train.samples())).chain(others) {
        if let Some(moments) = samples.reader().moments() {
            network.keep_moments(sense, moments.matrices());
        }
    }
}

fn about(error: DataError) -> SenseError {
    SenseError::Reading(error.to_string())
}

fn refuse_unknown(circuit: &Circuit, data: &Dataset) -> Result<(), SenseError> {
    let named = data.train.sense().into_iter().chain(data.train.others().iter().map(|other| other.sense.as_str()));
    match named.into_iter().find(|sense| circuit.sensory(sense).is_none()) {
        Some(sense) => {
            let senses = circuit.senses().map(|(sense, _)| format!("\"{sense}\"")).collect::<Vec<_>>().join(", ");
            Err(SenseError::NoSuchSense { sense: sense.to_owned(), senses })
        }
        None => Ok(()),
    }
}

/// Labels that count from 1 where the circuit has just as many neurons for them count from 0.
fn labelled_from_zero(circuit: &Circuit, data: Dataset, told: &mut Vec<String>) -> Result<Dataset, SenseError> {
    let Some((_, layer)) = label_layer(circuit) else { return Ok(data) };
    let splits = || [Some(&data.train), data.test.as_ref()].into_iter().flatten().filter_map(Images::labels).flatten();
    let (smallest, largest) = (splits().min().copied(), splits().max().copied());
    if smallest.is_none_or(|smallest| smallest == 0) || largest.map(usize::from) != Some(layer.size()) {
        return Ok(data);
    }
    told.push(format!("labels count from 1 to {0}: class 1 is neuron 0 of layer \"{1}\"", layer.size(), layer.name()));
    data.change(|images| Ok(images.change_labels(|label| label - 1)))
}

/// Images as the layer says that they are laid out.
fn laid_out(layer: &Layer, data: Dataset, told: &mut Vec<String>) -> Result<Dataset, SenseError> {
    if let Some([height, width, channels]) = layer.shape()
        && layer.size() == data.train.size()
    {
        let (grid, name) = (Grid { width, height, channels }, data.name.clone());
        return data.change(|images| images.with_grid(grid, &name)).map_err(about);
    }
    if data.train.is_guess() {
        let (size, grid) = (data.train.size(), data.train.grid());
        told.push(format!(
            "flat rows of {size} values: taken as images of {grid} where they are drawn or half hidden; \
             `shape: (rows, columns)` of layer \"{}\" says otherwise",
            layer.name()
        ));
    }
    Ok(data)
}

fn other_read_by(data: Dataset, sense: &str, reader: &SenseReader) -> Result<Dataset, SenseError> {
    let file = format!("{} of \"{sense}\"", data.name);
    let change = |images: Images| {
        images.change_others(|name, samples| match name == sense {
            true => samples.read_by(reader.clone(), &file),
            false => Ok(samples),
        })
    };
    data.change(change).map_err(about)
}

/// How the senses of a circuit are read.
struct Readings<'a> {
    recorded: Option<&'a Description>,
    fit: MomentsFrom<'a>,
}

impl Readings<'_> {
    fn reader(&self, sense: &str, layer: &Layer, data: &Dataset, is_lead: bool) -> Result<SenseReader, SenseError> {
        let reading = layer.read().or_else(|| self.recorded(sense, is_lead));
        let reading = reading.unwrap_or_else(|| Reading::natural(layer.likelihood()));
        if reading != Reading::Standardised {
            return Ok(SenseReader::new(reading));
        }
        let moments = match self.fit {
            MomentsFrom::Samples(rows) => data.moments((!is_lead).then_some(sense), rows),
            MomentsFrom::Weights(tensors) => kept(tensors, sense)?,
        };
        let others = data.train.others().iter().find(|other| other.sense == sense);
        let found = if is_lead { data.train.size() } else { others.map_or(layer.size(), |other| other.samples.size()) };
        if found != moments.mean().len() || found != layer.size() {
            let text = format!(
                "data of \"{sense}\" have {found} values per sample, but layer \"{}\" has {} neurons",
                layer.name(),
                layer.size()
            );
            return Err(SenseError::Reading(text));
        }
        Ok(SenseReader::standardised(moments))
    }

    fn recorded(&self, sense: &str, is_lead: bool) -> Option<Reading> {
        let recorded = self.recorded?;
        let of_name = recorded.senses.iter().find(|shown| shown.sense == sense).map(|shown| shown.reading.as_str());
        Reading::named(of_name.or(is_lead.then_some(recorded.reading.as_str()))?)
    }
}

/// The means and standard deviations of a sense that are kept with weights.
///
/// # Errors
/// [`SenseError::Moments`] where there are none, or none that can be used.
pub(super) fn kept(tensors: &Tensors, sense: &str) -> Result<SenseMoments, SenseError> {
    let [mean, sd] = moments_names(sense).map(|name| tensors.get(&name).map(|matrix| matrix.as_slice().to_vec()));
    let moments = mean.zip(sd).and_then(|(mean, sd)| SenseMoments::new(mean, sd));
    moments.ok_or_else(|| SenseError::Moments { sense: sense.to_owned() })
}
