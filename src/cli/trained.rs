//! A run that is to be looked at: its circuit, its weights, and the images to look with.

use super::failure::Failure;
use super::output::Written;
use super::{interrupt, output, table, values};
use crate::checkpoint::{Run, weights};
use crate::circuit::Circuit;
use crate::data::{Dataset, Description, Images, Source};
#[cfg(feature = "baselines")]
use crate::evaluation::load_noted;
use crate::evaluation::{self, MomentsFrom, Prepared, Trained};
use crate::network::Network;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Which run a command looks at, and with what.
#[derive(Debug, Args)]
pub(super) struct TrainedArguments {
    /// The run folder
    run: PathBuf,
    /// Other data than those of the run: a name, a path, or SENSE=FILE for
    /// every sense
    #[arg(long, value_name = "NAME|PATH|SENSE=FILE")]
    data: Vec<String>,
    /// What each sense is shown in tests, where --data names senses
    #[arg(long, value_name = "SENSE=FILE", requires = "data")]
    test: Vec<String>,
    /// Worker threads; where a schedule promises bits, they don't depend on it
    #[arg(long, value_name = "N", value_parser = values::thread_count)]
    threads: Option<usize>,
}

/// Which images of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ImageSplit {
    /// Those to test on, or those to train on where there are no others
    Test,
    /// Those to train on, validation images included
    Train,
}

impl ImageSplit {
    /// These images.
    pub(super) fn of(self, data: &Dataset) -> &Images {
        match self {
            Self::Test => data.test_or_train(),
            Self::Train => &data.train,
        }
    }
}

impl TrainedArguments {
    /// Opens the run, once it is known that the files that options name can be written.
    pub(super) fn open(&self, written: &[Written<'_>]) -> Result<Trained, Failure> {
        self.open_reading(written, &[])
    }

    /// [`open`](Self::open), where the command reads `files`, too.
    pub(super) fn open_reading(&self, written: &[Written<'_>], files: &[PathBuf]) -> Result<Trained, Failure> {
        values::use_threads(self.threads)?;
        // Known before the weights are read, which takes longer.
        let mut read = Run::files_of(&self.run);
        read.extend_from_slice(files);
        if !self.data.is_empty() {
            read.extend(Source::of_options(&self.data, &self.test)?.paths());
        } else if let Ok(run) = Run::open(&self.run) {
            read.extend(run.source().paths());
        }
        output::check_targets(written, &read)?;
        interrupt::at_once("stopped as asked; no file is half written")?;
        open(&self.run, &self.data, &self.test)
    }
}

/// Opens a run with the data it was trained on, or with other data; what has to be said of it is told.
pub(super) fn open(folder: &Path, data: &[String], test: &[String]) -> Result<Trained, Failure> {
    let source = (!data.is_empty()).then(|| Source::of_options(data, test)).transpose()?;
    Ok(Trained::open(folder, source, &tell)?)
}

/// The data of a source as they are stored, and what has to be said of them.
pub(super) fn load_source(source: &Source) -> Result<Dataset, Failure> {
    Ok(evaluation::load_stored(source, &tell)?)
}

/// Data as a circuit is shown them; how they are read is told.
pub(super) fn prepared(
    circuit: &Circuit,
    data: Dataset,
    recorded: Option<&Description>,
    moments: MomentsFrom<'_>,
) -> Result<Dataset, Failure> {
    let Prepared { data, told } = evaluation::prepare(circuit, data, recorded, moments)?;
    told.iter().for_each(|text| tell(text));
    Ok(data)
}

/// Lines that fit the terminal.
fn tell(text: &str) {
    output::note(&table::wrap(text));
}

/// The data that `--data` names, and what has to be said of them.
#[cfg(feature = "baselines")]
pub(super) fn load_data(name: Option<&str>) -> Result<Dataset, Failure> {
    Ok(load_noted(name, &tell)?)
}

/// The network of a circuit with the weights of a file.
pub(super) fn network_of(circuit: &Arc<Circuit>, path: &Path) -> Result<Network, Failure> {
    let network = Network::with_weights(Arc::clone(circuit), &weights::load(path)?);
    network.map_err(|cause| Failure::Request(format!("{}: {cause}", path.display())))
}
