//! A run that is to be looked at: its circuit, its weights, and the images to look with.

use super::failure::Failure;
use super::{output, values};
use crate::checkpoint::weights;
use crate::circuit::Circuit;
use crate::data::Dataset;
use crate::evaluation::{Trained, load_noted};
use crate::network::Network;
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Which run a command looks at, and with what.
#[derive(Debug, Args)]
pub(super) struct TrainedArguments {
    /// The run folder
    run: PathBuf,
    /// Other images than those of the run: a name or a path
    #[arg(long, value_name = "NAME|DIR")]
    data: Option<String>,
    /// Worker threads; where a schedule promises bits, they don't depend on it
    #[arg(long, value_name = "N", value_parser = values::thread_count)]
    threads: Option<usize>,
}

impl TrainedArguments {
    /// Opens the run, once it is known that the files that options name can be written.
    pub(super) fn open(&self, written: &[(&str, &PathBuf)]) -> Result<Trained, Failure> {
        values::use_threads(self.threads)?;
        for (i, (option, path)) in written.iter().enumerate() {
            output::check_target(path)?;
            if let Some((other, _)) = written[..i].iter().find(|(_, other)| other == path) {
                let problem = format!("{other} and {option} name the same file; give each its own");
                return Err(Failure::Request(problem));
            }
        }
        open(&self.run, self.data.as_deref())
    }
}

/// Opens a run; what has to be said of it is told.
pub(super) fn open(folder: &Path, data: Option<&str>) -> Result<Trained, Failure> {
    Ok(Trained::open(folder, data, &output::note)?)
}

/// The data that `--data` names, and what has to be said of them.
pub(super) fn load_data(name: Option<&str>) -> Result<Dataset, Failure> {
    Ok(load_noted(name, &output::note)?)
}

/// The network of a circuit with the weights of a file.
pub(super) fn network_of(circuit: &Arc<Circuit>, path: &Path) -> Result<Network, Failure> {
    let network = Network::with_weights(Arc::clone(circuit), &weights::load(path)?);
    network.map_err(|cause| Failure::Request(format!("{}: {cause}", path.display())))
}
