//! How an image is put together: the receptive fields of a layer that predicts it, and the neurons that are strongest
//! on an image (figure 6b and table 4 of the paper).

use super::measures::MeasureError;
use super::senses::{self, SenseError, Show};
use crate::circuit::{Circuit, LayerId, Settling};
use crate::data::Images;
use crate::executor::{SettleOptions, Settler};
use crate::matrix::Matrix;
use crate::network::Network;

/// One image and its parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Composition {
    /// The neurons of the layer with the largest |activity|, and their activities, the strongest first.
    pub strongest: Vec<(usize, f32)>,
    /// The fields of those neurons, weighted by their activities and summed: `Σ a_i W_i`, `[pixels]`.
    pub superposition: Vec<f32>,
    /// The prediction of the image from everything that predicts it, `[pixels]`.
    pub output: Vec<f32>,
}

/// The layers that predict the image, in the order of the circuit file.
///
/// # Errors
/// [`SenseError`] where the circuit has no image.
pub fn predictors(circuit: &Circuit) -> Result<Vec<LayerId>, SenseError> {
    let (_, image) = senses::image_sense(circuit)?;
    Ok(circuit
        .layers()
        .map(|(id, _)| id)
        .filter(|id| circuit.projections().iter().any(|p| p.from() == *id && p.to() == image))
        .collect())
}

/// The receptive fields of `layer`, `[J, pixels]`: row i is what neuron i adds to the drive of the image, the i-th column
/// of the generative synapses. `None` where the layer does not predict the image.
#[must_use]
pub fn fields(network: &Network, layer: LayerId) -> Option<Matrix> {
    let circuit = network.circuit();
    let (_, image) = senses::image_sense(circuit).ok()?;
    let inlet = circuit.afferents(image).iter().position(|projection| projection.from() == layer)?;
    let error = network.wiring().error_of(image)?;
    // An error population holds its synapses in the order of the circuit's afferents.
    Some(network.population(error).synapses().get(inlet)?.spread().into_owned())
}

/// Settles on the images `rows` and takes each apart into the `count` strongest neurons of `layer`, whose fields are
/// `fields` `[J, pixels]`.
///
/// # Errors
/// [`MeasureError`] where the data do not fit or settling fails.
pub fn compose(
    network: &mut Network,
    (layer, fields): (LayerId, &Matrix),
    images: &Images,
    rows: &[usize],
    settling: &Settling,
    count: usize,
) -> Result<Vec<Composition>, MeasureError> {
    let (_, image) = senses::image_sense(network.circuit())?;
    let episode = senses::episode(network.circuit(), images, rows, Show::ImagesOnly)?;
    let mut settler = Settler::new();
    settler.settle(network, &episode, settling, SettleOptions::default())?;
    let activities = settler.activities().activity(network.wiring(), layer);
    let output = settler.activities().mean(network.wiring(), image).unwrap_or_default();
    let of = |i: usize| {
        let strongest = strongest(activities.row(i), count);
        let mut superposition = vec![0.0; fields.cols()];
        for (neuron, activity) in &strongest {
            superposition.iter_mut().zip(fields.row(*neuron)).for_each(|(sum, weight)| *sum += activity * weight);
        }
        Composition { strongest, superposition, output: output.row(i).to_vec() }
    };
    Ok((0..rows.len()).map(of).collect())
}

/// The largest magnitudes, ties to the lower index; neurons that are silent are left out.
fn strongest(activities: &[f32], count: usize) -> Vec<(usize, f32)> {
    let mut order: Vec<(usize, f32)> = activities.iter().copied().enumerate().filter(|(_, a)| *a != 0.0).collect();
    order.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
    order.truncate(count);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_come_first_and_silent_ones_not_at_all() {
        assert_eq!(strongest(&[0.1, -3.0, 0.0, 2.0, 3.0], 3), [(1, -3.0), (4, 3.0), (3, 2.0)]);
        assert_eq!(strongest(&[0.0, 1.0], 5), [(1, 1.0)]);
    }
}
