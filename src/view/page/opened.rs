//! The run that was opened last, kept so that a page that asks again does not wait again, and so that its weights are in
//! memory once.

use crate::checkpoint::Run;
use crate::evaluation::{EvaluationError, Trained};
use crate::network::Network;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// One open run; one user at a time.
#[derive(Debug, Default)]
pub(super) struct OpenedRun {
    opened: Mutex<Option<Opened>>,
}

/// What a run was when it was opened.
#[derive(Debug)]
struct Opened {
    folder: PathBuf,
    written: Option<SystemTime>,
    kept: OpenedAs,
}

/// A run without its data, which a drawing doesn't need and which may not be at hand, or with them.
#[derive(Debug)]
enum OpenedAs {
    Bare(Box<(Run, Network)>),
    Whole(Box<Trained>),
}

impl OpenedAs {
    fn parts(&self) -> (&Run, &Network) {
        match self {
            Self::Bare(bare) => (&bare.0, &bare.1),
            Self::Whole(trained) => (&trained.run, &trained.network),
        }
    }
}

impl OpenedRun {
    /// Lets `work` use the run in `folder` with its newest weights and its data.
    pub(super) fn with<T>(&self, folder: &Path, work: impl FnOnce(&mut Trained) -> T) -> Result<T, EvaluationError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        refresh(&mut opened, folder)?;
        let written = opened.as_ref().and_then(|opened| opened.written);
        // What is open without data goes first: the same weights twice would be twice the memory.
        let whole = match opened.take().map(|opened| opened.kept) {
            Some(OpenedAs::Whole(trained)) => trained,
            Some(OpenedAs::Bare(_)) | None => Box::new(Trained::open(folder, None, &|text| tracing::info!("{text}"))?),
        };
        let opened = opened.insert(Opened { folder: folder.to_owned(), written, kept: OpenedAs::Whole(whole) });
        match &mut opened.kept {
            OpenedAs::Whole(trained) => Ok(work(trained)),
            OpenedAs::Bare(_) => unreachable!("it was opened with its data"),
        }
    }

    /// Lets `work` look at the run in `folder` with its newest weights.
    pub(super) fn with_network<T>(
        &self,
        folder: &Path,
        work: impl FnOnce(&Run, &Network) -> T,
    ) -> Result<T, EvaluationError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = refresh(&mut opened, folder)?;
        let (run, network) = opened.kept.parts();
        Ok(work(run, network))
    }
}

/// Sees to it that the run in `folder` is open with its newest weights.
fn refresh<'a>(opened: &'a mut Option<Opened>, folder: &Path) -> Result<&'a mut Opened, EvaluationError> {
    let written = written(folder);
    let old = opened.take().filter(|opened| opened.folder == folder);
    let fresh = match old {
        Some(old) if old.written == written => old,
        old => Opened { folder: folder.to_owned(), written, kept: renewed(folder, old.map(|old| old.kept))? },
    };
    Ok(opened.insert(fresh))
}

/// The run with its newest weights. Data stay, where it is the same run still.
fn renewed(folder: &Path, old: Option<OpenedAs>) -> Result<OpenedAs, EvaluationError> {
    let run = Run::open(folder)?;
    let data = match old {
        Some(OpenedAs::Whole(old)) if run.info.data == old.run.info.data && run.info.text == old.run.info.text => {
            Some((old.data, old.source))
        }
        _ => None,
    };
    let circuit = Arc::new(run.circuit()?);
    let network = Network::with_weights(circuit, &run.weights()?)
        .map_err(|cause| EvaluationError::Weights { folder: folder.to_owned(), cause })?;
    Ok(match data {
        Some((data, source)) => OpenedAs::Whole(Box::new(Trained { run, network, data, source })),
        None => OpenedAs::Bare(Box::new((run, network))),
    })
}

/// When a run last got other weights.
fn written(folder: &Path) -> Option<SystemTime> {
    let of = |name: &str| folder.join(name).metadata().and_then(|about| about.modified()).ok();
    ["run.json", "checkpoints", "weights.safetensors"].into_iter().filter_map(of).max()
}
