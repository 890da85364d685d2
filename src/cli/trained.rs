//! A run that is to be looked at: its circuit, its weights, and the images to look with.

use super::failure::Failure;
use super::output::Written;
use super::{output, table};
use crate::checkpoint::Run;
use crate::circuit::Circuit;
#[cfg(feature = "baselines")]
use crate::data::load;
use crate::data::{Dataset, Description, Source, load_raw};
use crate::evaluation::{self, Fit, Prepared, Show};
use crate::network::Network;
use clap::Args;
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
    #[arg(long, value_name = "N", value_parser = super::thread_count)]
    threads: Option<usize>,
}

impl TrainedArguments {
    /// Opens the run, once it is known that the files that options name can be written.
    pub(super) fn open(&self, written: &[Written<'_>]) -> Result<Trained, Failure> {
        super::use_threads(self.threads)?;
        // Known before the weights are read, which takes longer.
        let mut read = Run::files_of(&self.run);
        if !self.data.is_empty() {
            read.extend(Source::of_options(&self.data, &self.test)?.paths());
        } else if let Ok(run) = Run::open(&self.run) {
            read.extend(run.source().paths());
        }
        output::check_targets(written, &read)?;
        Trained::open(&self.run, &self.data, &self.test)
    }
}

/// A run folder, opened.
pub(super) struct Trained {
    pub(super) run: Run,
    pub(super) network: Network,
    pub(super) data: Dataset,
    /// Where the data were read.
    pub(super) source: Source,
}

impl Trained {
    /// Opens a run with the data it was trained on, or with other data.
    pub(super) fn open(folder: &Path, data: &[String], test: &[String]) -> Result<Self, Failure> {
        let run = Run::open(folder)?;
        let circuit = Arc::new(run.circuit()?);
        if !run.info.finished {
            output::note("the run is not finished; these are the weights of its newest checkpoint");
        }
        let source = if data.is_empty() { run.source() } else { Source::of_options(data, test)? };
        let weights = run.weights()?;
        let network = Network::with_weights(Arc::clone(&circuit), &weights);
        let network = network.map_err(|cause| Failure::Request(format!("{}: {cause}", folder.display())))?;
        let loaded = prepared(&circuit, load_source(&source)?, recorded(&run).as_ref(), Fit::Kept(&weights))?;
        evaluation::episode(&circuit, loaded.test_or_train(), &[0], Show::ImagesOnly)?;
        if data.is_empty() && run.info.data.get("digest").is_some_and(|digest| *digest != loaded.digest()) {
            output::note("note: the data are not the ones that the run was trained on: their digest differs");
        }
        Ok(Self { run, network, data: loaded, source })
    }

    /// The training images that the run has learned from, or would have, of other data.
    pub(super) fn learned_rows(&self) -> Vec<usize> {
        self.data.split(self.run.info.seed).limited(self.run.info.limit).train
    }

    pub(super) fn circuit(&self) -> Arc<Circuit> {
        Arc::clone(self.network.circuit())
    }
}

/// What a run folder tells of the data that it was made from.
pub(super) fn recorded(run: &Run) -> Option<Description> {
    serde_json::from_value(run.info.data.clone()).ok()
}

/// The data of a source as they are stored, and what has to be said of them.
pub(super) fn load_source(source: &Source) -> Result<Dataset, Failure> {
    let data = load_raw(source)?;
    if let Some(notice) = &data.notice {
        output::note(&format!("note: {}: {notice}", data.name));
    }
    Ok(data)
}

/// Data as a circuit is shown them; how they are read is told.
pub(super) fn prepared(
    circuit: &Circuit,
    data: Dataset,
    recorded: Option<&Description>,
    fit: Fit<'_>,
) -> Result<Dataset, Failure> {
    let Prepared { data, told } = evaluation::prepare(circuit, data, recorded, fit)?;
    for text in told {
        output::note(&table::wrap(&text));
    }
    Ok(data)
}

/// The data that `--data` names, and what has to be said of them.
#[cfg(feature = "baselines")]
pub(super) fn load_data(name: Option<&str>) -> Result<Dataset, Failure> {
    let data = load(&Source::parse(name))?;
    if let Some(notice) = &data.notice {
        output::note(&format!("note: {}: {notice}", data.name));
    }
    Ok(data)
}
