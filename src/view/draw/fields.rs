//! What was learned, for a drawing: norms on links, and in the rooms of layers what their first neurons add to the image.
//!
//! A neuron that predicts the image adds its column of W. One further up acts through the layers between, by the shortest ways
//! that there are: its field is the product of the synapses on them, as it were if every activation were the identity.

use super::norms::{norm, norms_by};
use super::overlay::{Overlay, RoomPicture};
use crate::circuit::{Circuit, LayerId};
use crate::evaluation::image_sense;
use crate::matrix::Matrix;
use crate::network::Network;
use crate::picture;
use std::collections::BTreeMap;

/// Fields in a row, and rows of them, in one room.
const TILES: (usize, usize) = (5, 2);

/// Pixels across of the picture in a room.
const WIDTH: f64 = 150.0;

/// Norms of the synapses of `network`, and the receptive fields of the first ten neurons of every layer that acts on the
/// image. `grid` is the image's columns and rows; where it isn't known, its layer's own shape holds, or a square.
/// Images in colour have no fields here.
///
/// # Examples
/// ```
/// use gncn::{circuit::Circuit, network::Network, view::draw};
///
/// let circuit = Circuit::parse(br#"(
///     name: "smallest",
///     layers: { "z0": (size: 16, sense: "image"), "z1": (size: 2, beta: 0.1) },
///     projections: [(from: "z1", to: "z0", feedback: Transposed)],
/// )"#).unwrap();
/// let overlay = draw::learned(&Network::new(circuit.into(), 1), None);
/// assert_eq!(overlay.pictures.len(), 1, "z1 acts on the image");
/// ```
#[must_use]
pub fn learned(network: &Network, grid: Option<(usize, usize)>) -> Overlay {
    let circuit = network.circuit();
    let synapses = network.populations().iter().flat_map(|population| population.synapses());
    let norms: BTreeMap<&str, f64> = synapses.map(|of| (of.name(), norm(of.weights().values()))).collect();
    let mut overlay = norms_by(circuit, |name| norms.get(name).copied());
    let Ok((_, image)) = image_sense(circuit) else { return overlay };
    let Some(grid) = grid_of(circuit, image, grid) else { return overlay };
    let ways = Ways::to(network, image);
    for (id, layer) in circuit.layers() {
        let Some(picture) = ways.fields(id).and_then(|fields| drawn(&fields, grid)) else { continue };
        let (count, name) = (layer.size().min(TILES.0 * TILES.1), layer.name());
        let through = if ways.hops[id.0] == Some(1) { "" } else { ", through the layers between" };
        let title = format!("{name}: what its first {count} neurons add to the image{through}; grey is nothing");
        overlay.pictures.insert(id, RoomPicture { title, ..picture });
    }
    if !overlay.pictures.is_empty() {
        overlay.notes.push("pictures: what single neurons add to the image; grey is nothing".to_owned());
    }
    overlay
}

fn grid_of(circuit: &Circuit, image: LayerId, grid: Option<(usize, usize)>) -> Option<(usize, usize)> {
    let layer = circuit.layer(image);
    let side = layer.size().isqrt();
    let own = layer.shape().map(|[rows, columns, _]| (columns, rows));
    let square = (side * side == layer.size()).then_some((side, side));
    [grid, own, square].into_iter().flatten().find(|(width, height)| width * height == layer.size())
}

fn drawn(fields: &Matrix, (width, height): (usize, usize)) -> Option<RoomPicture> {
    let tiles: Vec<&[f32]> = (0..fields.rows()).map(|neuron| fields.row(neuron)).collect();
    let scale = 28_usize.div_ceil(width.max(1)).clamp(1, 4);
    let png = picture::fields(&tiles, TILES.0, width, height, scale).ok()?;
    let (across, down) = (tiles.len().min(TILES.0), tiles.len().div_ceil(TILES.0));
    let pixels = |count: usize, side: usize| (count * (side * scale + 1) + 1) as f64;
    let (all, high) = (pixels(TILES.0, width), pixels(down, height));
    Some(RoomPicture { png, sides: (WIDTH * pixels(across, width) / all, WIDTH * high / all), title: String::new() })
}

/// The shortest ways from every layer to the image.
struct Ways<'a> {
    network: &'a Network,
    /// Projections on such a way, by layer; none where there is no way.
    hops: Vec<Option<usize>>,
}

impl<'a> Ways<'a> {
    fn to(network: &'a Network, image: LayerId) -> Self {
        let circuit = network.circuit();
        let mut hops = vec![None; circuit.layers().len()];
        hops[image.0] = Some(0);
        for hop in 0..hops.len() {
            let next: Vec<usize> = circuit
                .projections()
                .iter()
                .filter(|projection| hops[projection.to().0] == Some(hop) && hops[projection.from().0].is_none())
                .map(|projection| projection.from().0)
                .collect();
            next.into_iter().for_each(|layer| hops[layer] = Some(hop + 1));
        }
        Self { network, hops }
    }

    /// `[neurons, pixels]` of the first neurons of a layer; `None` where it does not act on the image, or is the image.
    fn fields(&self, layer: LayerId) -> Option<Matrix> {
        let hops = self.hops[layer.0].filter(|hops| *hops > 0)?;
        let size = self.network.circuit().layer(layer).size();
        let count = size.min(TILES.0 * TILES.1);
        let unit = Matrix::from_fn(count, size, |i, j| if i == j { 1.0 } else { 0.0 });
        let mut reached = BTreeMap::from([(layer, unit)]);
        for _ in 0..hops {
            reached = self.step(&reached);
        }
        reached.into_values().next()
    }

    /// What activities of some layers, all as far from the image, add to those that are one projection nearer.
    fn step(&self, reached: &BTreeMap<LayerId, Matrix>) -> BTreeMap<LayerId, Matrix> {
        let mut nearer: BTreeMap<LayerId, Matrix> = BTreeMap::new();
        for (from, rows) in reached {
            for projection in self.network.circuit().efferents(*from) {
                let to = projection.to();
                if self.hops[to.0].map(|hops| hops + 1) != self.hops[from.0] {
                    continue;
                }
                let Some(weights) = self.weights(*from, to) else { continue };
                let sums = nearer.entry(to).or_insert_with(|| Matrix::zeros(rows.rows(), weights.cols()));
                add_product(rows, &weights, sums);
            }
        }
        nearer
    }

    /// The synapses of a projection, `[from, to]`.
    fn weights(&self, from: LayerId, to: LayerId) -> Option<Matrix> {
        let circuit = self.network.circuit();
        let inlet = circuit.afferents(to).iter().position(|projection| projection.from() == from)?;
        let error = self.network.wiring().error_of(to)?;
        Some(self.network.population(error).synapses().get(inlet)?.spread().into_owned())
    }
}

/// `sums += rows · weights`, skipping what is 0.
fn add_product(rows: &Matrix, weights: &Matrix, sums: &mut Matrix) {
    for i in 0..rows.rows() {
        for (k, factor) in rows.row(i).iter().enumerate().filter(|(_, factor)| **factor != 0.0) {
            let added = weights.row(k).iter();
            sums.row_mut(i).iter_mut().zip(added).for_each(|(sum, weight)| *sum += factor * weight);
        }
    }
}
