//! `gncn baseline`: a model that the paper compares with, trained and measured as circuits are.
//!
//! The arguments are always known; the work is there where gncn was built with the feature `baselines`.

#[cfg(feature = "baselines")]
mod report;
#[cfg(feature = "baselines")]
mod run;

#[cfg(not(feature = "baselines"))]
use super::failure::Failure;
use super::values;
use crate::evaluation::PRIOR_IMAGES;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  gncn baseline gvae                    On drawn digits, no files
  gncn baseline rae --data mnist --epochs 50 --out runs/mnist-rae
  gncn baseline rae --data mnist --out runs/mnist-rae --resume

Models: gmm (Gaussian mixture on pixels), rae (regularised auto-encoder),
gvae-cv and gvae (variational auto-encoders with constant and with learned
variance), gan-ae (adversarial auto-encoder), dsrn (discriminative sparse
rectifier network). They have about as many synapses as circuits/gncn-pdh.ron.

Measures are those of gncn eval. For mmse the hidden half of an image starts at
0 and 50 times takes what the auto-encoder makes of the image as it then is.

Where other work runs on the same cores, set CANDLE_NUM_THREADS=1: threads of
the crate that they are learned with spin while they wait for each other.

They need a gncn that is built with: cargo build --release --features baselines";

/// Train and measure a model that the paper compares circuits with
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct BaselineArguments {
    /// Which model
    #[arg(value_name = "NAME", value_parser = NAMES)]
    model: String,
    /// Images: digits (drawn by gncn, the default), mnist, fashion, kmnist or
    /// caltech (in the folder that GNCN_DATA names), or a path
    #[arg(long, value_name = "NAME|DIR")]
    data: Option<String>,
    /// The run folder to write [default: runs/ and the model's name]
    #[arg(long, value_name = "RUN")]
    out: Option<PathBuf>,
    /// Passes over the data [default: 50, or 15 if no --data is given]
    #[arg(long, value_name = "N", value_parser = values::positive)]
    epochs: Option<usize>,
    /// Images in a batch [default: 200]
    #[arg(long, value_name = "N", value_parser = values::positive)]
    batch: Option<usize>,
    /// Adam's rate [default: 0.001]
    #[arg(long, value_name = "RATE", value_parser = rate)]
    rate: Option<f32>,
    /// Variance of the code of gvae-cv, which the paper chooses from 0.025 to 1
    /// on validation images [default: 0.1]
    #[arg(long, value_name = "VARIANCE", value_parser = rate)]
    variance: Option<f32>,
    /// Components of the mixture over codes, or pixels, for log p(x)
    #[arg(long, value_name = "N", default_value_t = 75, value_parser = values::positive)]
    components: usize,
    /// Training images that the mixture is fitted to, the same number of each
    /// class
    #[arg(long, value_name = "N", default_value_t = PRIOR_IMAGES, value_parser = values::positive)]
    mixture_images: usize,
    /// Draws from the mixture for log p(x)
    #[arg(long, value_name = "N", default_value_t = 5000, value_parser = values::positive)]
    draws: usize,
    /// Seed of weights, validation split, order and noise [default: 0]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Learn from the first N training images only
    #[arg(long, value_name = "N", value_parser = values::positive)]
    limit: Option<usize>,
    /// Measure on the first N test images only
    #[arg(long, value_name = "N", value_parser = values::positive)]
    test_limit: Option<usize>,
    /// Measure these parts only, with commas between them
    #[arg(long, value_name = "PARTS", value_delimiter = ',', value_parser = PARTS)]
    only: Vec<String>,
    /// Worker threads; the weights are the same for any number
    #[arg(long, value_name = "N", value_parser = values::thread_count)]
    threads: Option<usize>,
    /// Go on with a run that was stopped, or with a finished one for more epochs
    #[arg(long, conflicts_with = "overwrite")]
    resume: bool,
    /// Replace the run that is in the folder
    #[arg(long)]
    overwrite: bool,
    /// Checkpoint after every N batches [default: once a minute]
    #[arg(long, value_name = "BATCHES", value_parser = values::positive)]
    checkpoint_every: Option<usize>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// The names of the models, which are to be told where their code is not built in, too.
pub(super) const NAMES: [&str; 6] = ["gmm", "rae", "gvae-cv", "gvae", "gan-ae", "dsrn"];

/// What can be measured of them.
pub(super) const PARTS: [&str; 4] = ["bce", "mmse", "classification", "log_px"];

/// A number above 0.
fn rate(text: &str) -> Result<f32, String> {
    let value = text.parse().ok().filter(|n: &f32| n.is_finite() && *n > 0.0);
    value.ok_or_else(|| "a number above 0 is needed".to_owned())
}

#[cfg(not(feature = "baselines"))]
impl BaselineArguments {
    /// Says how to get what is not built in.
    pub(super) fn run(&self) -> Result<(), Failure> {
        Err(Failure::Request(format!(
            "{}: this gncn was built without the compared models; build it with: cargo build --release --features \
             baselines",
            self.model
        )))
    }
}
