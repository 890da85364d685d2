//! `gncn latents`: what a layer settles to, image by image, and a picture of it.

use super::failure::Failure;
use super::progress::Bar;
use super::settling::SettlingArguments;
use super::trained::{ImageSplit, TrainedArguments};
use super::{output, values};
use crate::circuit::{Circuit, LayerId};
use crate::data::npz::NpzOut;
use crate::evaluation;
use crate::matrix::Matrix;
use crate::picture;
use clap::Args;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  gncn latents runs/gncn-pdh -o latents.npz
  gncn latents runs/gncn-pdh -o z1.npz --layer z1 --split train
  gncn latents runs/gncn-pdh -o latents.npz --limit 2000 --picture tsne.png

The file holds activity.LAYER (f32, [images, neurons]), image (which one, from
0) and, where there are labels, label. --picture also places the images in a
plane by t-SNE (perplexity 30), draws them by class, and adds place.x and
place.y to the file; the same seed gives the same places.";

/// Write what a layer settles to on images
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct LatentsArguments {
    /// The file to write
    #[arg(short, long, value_name = "FILE.npz")]
    out: PathBuf,
    /// A free layer [default: the top]
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    /// Which images of the data
    #[arg(long, value_enum, default_value_t = ImageSplit::Test)]
    split: ImageSplit,
    /// The first N images only
    #[arg(long, value_name = "N", value_parser = values::positive)]
    limit: Option<usize>,
    /// Draw a t-SNE picture here; without --limit, of the first 5,000 images
    #[arg(long, value_name = "FILE.png")]
    picture: Option<PathBuf>,
    /// Seed of the picture
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    settling: SettlingArguments,
    #[command(flatten)]
    trained: TrainedArguments,
}

/// Images of a picture unless asked otherwise: more take long, and hide each other.
const MOST: usize = 5000;

impl LatentsArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let mut written = vec![("-o", self.out.as_path(), "npz")];
        written.extend(self.picture.as_ref().map(|picture| ("--picture", picture.as_path(), "png")));
        let mut trained = self.trained.open(&written)?;
        let circuit = self.settling.apply(trained.circuit().as_ref().clone())?;
        let layer = self.layer(&circuit)?;
        let images = self.split.of(&trained.data);
        let most = self.limit.unwrap_or(if self.picture.is_some() { MOST } else { usize::MAX });
        let rows: Vec<usize> = (0..images.count().min(most)).collect();
        if self.picture.is_some() && rows.len() < evaluation::FEWEST {
            let problem = format!("--picture needs {} images, not {}", evaluation::FEWEST, rows.len());
            return Err(Failure::Request(problem));
        }
        let name = circuit.layer(layer).name();
        let out = NpzOut::create(&self.out)?;
        output::announce(&self.out, &format!("the activities of {name} on {} images", rows.len()));
        let bar = Bar::named("settling", rows.len());
        let seen = |done| bar.advance(done);
        let activities = evaluation::latents(&mut trained.network, layer, images, &rows, circuit.settling(), seen)?;
        drop(bar);
        let labels: Option<Vec<u8>> = images.labels().map(|all| rows.iter().map(|row| all[*row]).collect());
        let places = self.picture.as_deref().map(|path| self.place(path, &activities, labels.as_deref()));
        write(out, name, &rows, &activities, labels.as_deref(), places.transpose()?.as_deref())
    }

    fn layer(&self, circuit: &Circuit) -> Result<LayerId, Failure> {
        let Some(name) = &self.layer else { return Ok(evaluation::top_layer(circuit)?) };
        let free = || circuit.layers().filter(|(_, layer)| layer.sense().is_none());
        free().find(|(_, layer)| layer.name() == *name).map(|(id, _)| id).ok_or_else(|| {
            let legal: Vec<_> = free().map(|(_, layer)| format!("\"{}\"", layer.name())).collect();
            Failure::Request(format!("--layer: \"{name}\" is no free layer; these are: {}", legal.join(", ")))
        })
    }

    fn place(&self, path: &Path, activities: &Matrix, labels: Option<&[u8]>) -> Result<Vec<[f64; 2]>, Failure> {
        output::announce(path, "the images in a plane, by t-SNE");
        let places = evaluation::embed(activities, self.seed)
            .map_err(|cause| Failure::Run(format!("can't start a thread for t-SNE ({cause}); try again")))?;
        picture::write(path, &picture::scatter(&places, labels)?)?;
        Ok(places)
    }
}

fn write(
    mut out: NpzOut,
    name: &str,
    rows: &[usize],
    activities: &Matrix,
    labels: Option<&[u8]>,
    places: Option<&[[f64; 2]]>,
) -> Result<(), Failure> {
    out.matrix(&format!("activity.{name}"), activities)?;
    out.integers("image", &rows.iter().map(|row| *row as i64).collect::<Vec<_>>())?;
    if let Some(labels) = labels {
        out.integers("label", &labels.iter().map(|label| i64::from(*label)).collect::<Vec<_>>())?;
    }
    if let Some(places) = places {
        out.vector("place.x", &places.iter().map(|place| place[0]).collect::<Vec<_>>())?;
        out.vector("place.y", &places.iter().map(|place| place[1]).collect::<Vec<_>>())?;
    }
    Ok(out.finish()?)
}
