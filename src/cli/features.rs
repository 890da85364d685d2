//! `gncn features`: what single neurons add to an image, and how images are put together from it.

use super::failure::Failure;
use super::trained::TrainedArguments;
use super::{output, table, values};
use crate::circuit::{Circuit, LayerId};
use crate::data::Images;
use crate::evaluation::{self, Composition};
use crate::matrix::Matrix;
use crate::picture::{self, NamedTiles};
use crate::view::tiles::choose;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  gncn features runs/gncn-pdh -o fields.png --captions
  gncn features runs/gncn-pdh -o fields.png --compose parts.png --strongest 6

A field is what a neuron of a layer adds to the drive of the image: grey is
nothing, white more, black less, each field scaled by itself. --compose draws
an image in each row: the image (seen), the fields of its strongest neurons,
these weighted by their activities and summed (sum), and the circuit's whole
prediction (all).";

/// Draw receptive fields, and images as sums of them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct FeaturesArguments {
    /// The picture of fields to write
    #[arg(short, long, value_name = "FILE.png")]
    out: PathBuf,
    /// The layer, one that predicts the image [default: the first of those]
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    /// How many fields, the first ones
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = values::positive)]
    fields: usize,
    /// Draw images as sums of fields here
    #[arg(long, value_name = "FILE.png")]
    compose: Option<PathBuf>,
    /// How many images are taken apart
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = values::positive)]
    count: usize,
    /// Into how many of their strongest neurons
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = values::up_to::<10_000>)]
    strongest: usize,
    /// Write above each field its neuron, and beside each row its layer, or the
    /// class of its image
    #[arg(long)]
    captions: bool,
    #[command(flatten)]
    trained: TrainedArguments,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Fields in a row of their picture.
const ACROSS: usize = 20;
/// Pixels of a picture for each pixel of an image.
const SCALE: usize = 2;

/// One image of `--json`.
#[derive(Debug, Serialize)]
struct FieldRow {
    /// Which test image.
    image: usize,
    /// Its class, where there are labels.
    label: Option<u8>,
    /// The strongest neurons and their activities.
    strongest: Vec<(usize, f32)>,
}

impl FeaturesArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let mut written = vec![("-o", self.out.as_path(), "png")];
        written.extend(self.compose.as_ref().map(|compose| ("--compose", compose.as_path(), "png")));
        let mut trained = self.trained.open(&written)?;
        let circuit = trained.circuit();
        let layer = self.layer(&circuit)?;
        let fields = evaluation::fields(&trained.network, layer).expect("the layer was found among the predictors");
        let name = circuit.layer(layer).name();
        let shown = self.fields.min(fields.rows());
        output::announce(&self.out, &format!("the fields of {shown} neurons of {name}"));
        if let Some(compose) = &self.compose {
            output::announce(compose, &format!("images as sums of fields of {name}"));
        }
        let images = trained.data.test_or_train();
        let tiles: Vec<&[f32]> = (0..shown).map(|i| fields.row(i)).collect();
        let bytes = match self.captions {
            true => named_fields(name, &tiles, images)?,
            false => picture::fields(&tiles, ACROSS, images.width(), images.height(), SCALE)?,
        };
        picture::write(&self.out, &bytes)?;
        let rows = choose(images, self.count);
        let (network, settling) = (&mut trained.network, circuit.settling());
        let parts = evaluation::compose(network, (layer, &fields), images, &rows, settling, self.strongest)?;
        if let Some(compose) = &self.compose {
            picture::write(compose, &self.draw(images, &rows, &parts, &fields)?)?;
        }
        self.report(images, &rows, &parts)
    }

    fn layer(&self, circuit: &Circuit) -> Result<LayerId, Failure> {
        let legal = evaluation::predictors(circuit)?;
        let names = || {
            let names = legal.iter().map(|id| format!("\"{}\"", circuit.layer(*id).name()));
            names.collect::<Vec<_>>().join(", ")
        };
        match &self.layer {
            None => legal.first().copied().ok_or_else(|| Failure::Request("no layer predicts the image".to_owned())),
            Some(name) => legal.iter().copied().find(|id| circuit.layer(*id).name() == *name).ok_or_else(|| {
                Failure::Request(format!("--layer: \"{name}\" does not predict the image; these do: {}", names()))
            }),
        }
    }

    /// One row for each image; a row with fewer active neurons than asked for has empty tiles.
    fn draw(
        &self,
        images: &Images,
        rows: &[usize],
        parts: &[Composition],
        fields: &Matrix,
    ) -> Result<Vec<u8>, Failure> {
        let shown = images.matrix(rows);
        let empty = vec![0.5; images.size()];
        let tile = |i: usize| {
            let part = &parts[i];
            let mut tiles = vec![shown.row(i).to_vec()];
            tiles.extend(part.strongest.iter().map(|(neuron, _)| signed(fields.row(*neuron))));
            tiles.resize(self.strongest + 1, empty.clone());
            tiles.push(signed(&part.superposition));
            tiles.push(part.output.clone());
            tiles
        };
        let tiles: Vec<Vec<Vec<f32>>> = (0..rows.len()).map(tile).collect();
        let words = |i: usize| {
            let mut words = vec!["seen".to_owned()];
            words.extend(parts[i].strongest.iter().map(|(neuron, _)| neuron.to_string()));
            words.resize(self.strongest + 1, String::new());
            words.extend(["sum", "all"].map(str::to_owned));
            words
        };
        let class = |row: &usize| images.labels().map_or_else(String::new, |labels| labels[*row].to_string());
        let names: Vec<String> = rows.iter().map(class).collect();
        let lines = tiles.iter().enumerate().map(|(i, row)| NamedTiles {
            name: if self.captions { &names[i] } else { "" },
            tiles: row.iter().map(Vec::as_slice).collect(),
            above: if self.captions { words(i) } else { Vec::new() },
        });
        let scale = if self.captions { picture::scale_for_words(SCALE, images.width()) } else { SCALE };
        Ok(picture::named_grid(&lines.collect::<Vec<_>>(), images.width(), images.height(), scale)?)
    }

    fn report(&self, images: &Images, rows: &[usize], parts: &[Composition]) -> Result<(), Failure> {
        let label = |row: usize| images.labels().map(|labels| labels[row]);
        let found = rows.iter().zip(parts);
        let found =
            found.map(|(&image, part)| FieldRow { image, label: label(image), strongest: part.strongest.clone() });
        let found: Vec<FieldRow> = found.collect();
        if self.json {
            return output::print_json(&found);
        }
        let line = |row: &FieldRow| {
            let neurons = row.strongest.iter().map(|(neuron, activity)| format!("{neuron} ({activity:.2})"));
            let label = row.label.map_or_else(|| "-".to_owned(), |label| label.to_string());
            vec![row.image.to_string(), label, neurons.collect::<Vec<_>>().join(", ")]
        };
        let lines = found.iter().map(line).collect();
        output::print(&table::render(&[">image", ">class", "strongest neurons (activity)"], lines))
    }
}

/// Fields with the numbers of their neurons.
fn named_fields(layer: &str, tiles: &[&[f32]], images: &Images) -> Result<Vec<u8>, Failure> {
    let shades: Vec<Vec<f32>> = tiles.iter().map(|field| signed(field)).collect();
    let numbers: Vec<String> = (0..tiles.len()).map(|neuron| neuron.to_string()).collect();
    let rows = shades.chunks(ACROSS).zip(numbers.chunks(ACROSS)).map(|(shades, numbers)| NamedTiles {
        name: layer,
        tiles: shades.iter().map(Vec::as_slice).collect(),
        above: numbers.to_vec(),
    });
    let rows: Vec<_> = rows.collect();
    let scale = picture::scale_for_words(SCALE, images.width());
    Ok(picture::named_grid(&rows, images.width(), images.height(), scale)?)
}

/// Values of either sign as brightness: 0 is mid-grey, the largest magnitude white or black.
fn signed(values: &[f32]) -> Vec<f32> {
    let largest = values.iter().fold(0.0_f32, |largest, v| largest.max(v.abs()));
    let scale = if largest > 0.0 { 0.5 / largest } else { 0.0 };
    values.iter().map(|v| 0.5 + v * scale).collect()
}
