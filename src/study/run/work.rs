//! The folder of a study, and working through its points.

use super::bench::Bench;
use super::estimate::{self, CostEstimate};
use super::events::{Machine, StudyEvent, StudyRunError};
use super::journal::Journal;
use super::measure;
use super::plan::{PlannedPoint, StudyMeasure, StudyPlan, WeightsRecipe};
use super::record::PointRecord;
use super::rest::{self, LockstepRest};
use super::table::StudyTable;
use super::{load, tabulate, weights};
use crate::checkpoint::Run;
use crate::data::{self, Dataset, Source, atomic};
use crate::evaluation::{self, MeasureError, Show};
use crate::machine::KernelBuild;
use crate::network::{Network, Tensors};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// A study in its folder.
#[derive(Debug)]
pub struct StudyRun<'a> {
    plan: &'a StudyPlan,
    folder: PathBuf,
    machine: Machine,
    journal: Journal,
    data: HashMap<String, Arc<Dataset>>,
    /// Held until the run is dropped, by the process that writes the folder.
    _lock: Option<File>,
}

impl<'a> StudyRun<'a> {
    /// Opens the folder of a study, or makes it; finished points of the same plan are kept.
    ///
    /// # Errors
    /// [`StudyRunError`] where the folder is that of another plan, is something else, or another process writes it.
    pub fn open(plan: &'a StudyPlan, folder: &Path, machine: Machine) -> Result<Self, StudyRunError> {
        let provenance = folder.join("study.json");
        match fs::read(&provenance) {
            Ok(bytes) => same_plan(plan, folder, &bytes)?,
            Err(_) => only_leftovers(folder)?,
        }
        fs::create_dir_all(folder).map_err(|cause| StudyRunError::Journal { path: folder.to_owned(), cause })?;
        let lock = lock(folder)?;
        let path = folder.join("points.jsonl");
        let journal = Journal::open(&path).map_err(|cause| StudyRunError::Journal { path, cause })?;
        let run = Self { journal, _lock: Some(lock), ..Self::helping(plan, folder, machine) };
        run.write_provenance()?;
        Ok(run)
    }

    /// The same study for whoever only works on points, while another process has opened the folder and keeps the journal.
    #[must_use]
    pub fn helping(plan: &'a StudyPlan, folder: &Path, machine: Machine) -> Self {
        let (folder, journal, data) = (folder.to_owned(), Journal::default(), HashMap::new());
        Self { plan, folder, machine, journal, data, _lock: None }
    }

    /// Somebody who helps with this study.
    pub(super) fn helper(&self) -> Self {
        Self::helping(self.plan, &self.folder, self.machine.clone())
    }

    /// The plan.
    pub(super) fn plan(&self) -> &'a StudyPlan {
        self.plan
    }

    /// Takes over the data that a helper has read, and reads what else the points of `chosen` were shown.
    pub(super) fn has_seen(&mut self, helper: Self, chosen: &[usize]) -> Result<(), StudyRunError> {
        self.data.extend(helper.data);
        chosen.iter().try_for_each(|point| self.dataset(&self.plan.points[*point].data).map(|_| ()))
    }

    /// The finished points.
    #[must_use]
    pub fn records(&self) -> &BTreeMap<usize, PointRecord> {
        &self.journal.records
    }

    /// The points of `chosen` that are not finished.
    #[must_use]
    pub fn left(&self, chosen: &[usize]) -> Vec<usize> {
        chosen.iter().copied().filter(|point| !self.journal.records.contains_key(point)).collect()
    }

    /// What the points of `chosen` that are not finished will cost.
    ///
    /// # Errors
    /// [`StudyRunError`] where data can't be read or don't fit.
    pub fn estimate(&mut self, chosen: &[usize]) -> Result<CostEstimate, StudyRunError> {
        let left = self.left(chosen);
        let Some(first) = left.first().map(|point| &self.plan.points[*point]) else {
            return Ok(CostEstimate::default());
        };
        let shown = self.dataset(&first.data)?;
        let pace = estimate::pace(&first.circuit, &shown)?;
        let mut trainings: Vec<_> = left.iter().map(|point| self.plan.points[*point].weights).collect();
        trainings.sort_unstable();
        trainings.dedup();
        trainings.retain(|weights| self.is_untrained(*weights));
        let images = shown.train.count();
        Ok(CostEstimate::of(self.plan, &left, &trainings, images, pace))
    }

    pub(super) fn is_untrained(&self, weights: usize) -> bool {
        let planned = &self.plan.weights[weights];
        let folder = weights::folder(&self.folder, planned);
        let is_finished = || Run::open(&folder).is_ok_and(|run| run.info.finished);
        matches!(planned.recipe, WeightsRecipe::Train { .. }) && !is_finished()
    }

    /// Runs the points of `chosen` that are not finished, weights by weights, each kept before the next begins.
    ///
    /// # Errors
    /// [`StudyRunError`]; what is finished stays finished.
    pub fn run(
        &mut self,
        chosen: &[usize],
        watch: &mut dyn FnMut(StudyEvent<'_>) -> ControlFlow<()>,
    ) -> Result<(), StudyRunError> {
        let mut left = self.left(chosen);
        left.sort_by_key(|point| self.plan.points[*point].weights);
        let (of, mut done, mut spent) = (left.len(), 0, 0.0);
        for same in left.chunk_by(|a, b| self.plan.points[*a].weights == self.plan.points[*b].weights) {
            let tensors = self.weights(self.plan.points[same[0]].weights, watch)?;
            let mut rests = Rests::new();
            for at in same {
                let started = Instant::now();
                let record = self.point(*at, &tensors, &mut rests)?;
                self.keep(record)?;
                (done, spent) = (done + 1, spent + started.elapsed().as_secs_f64());
                let (words, record) = (self.plan.words(*at), &self.journal.records[at]);
                let left = spent / done as f64 * (of - done) as f64;
                if watch(StudyEvent::Point { words: &words, record, done, of, left }).is_break() {
                    return Err(StudyRunError::Stopped);
                }
            }
        }
        Ok(())
    }

    pub(super) fn keep(&mut self, record: PointRecord) -> Result<(), StudyRunError> {
        let path = self.folder.join("points.jsonl");
        self.journal.keep(record).map_err(|cause| StudyRunError::Journal { path, cause })
    }

    pub(super) fn weights(
        &mut self,
        weights: usize,
        watch: &mut dyn FnMut(StudyEvent<'_>) -> ControlFlow<()>,
    ) -> Result<Tensors, StudyRunError> {
        let (plan, folder, machine) = (self.plan, self.folder.clone(), self.machine.clone());
        weights::get(&plan.weights[weights], &folder, &machine, &mut |name| self.dataset(name), watch)
    }

    pub(super) fn point(
        &mut self,
        at: usize,
        tensors: &Tensors,
        rests: &mut Rests,
    ) -> Result<PointRecord, StudyRunError> {
        let planned = &self.plan.points[at];
        let data = self.dataset(&planned.data)?;
        let images = data.test_or_train();
        if planned.images > images.count() {
            let (data, there) = (planned.data.clone(), images.count());
            return Err(StudyRunError::Images { data, there, asked: planned.images });
        }
        self.can_be_measured(planned, &data)?;
        let network = Network::with_weights(Arc::clone(&planned.circuit), tensors);
        let mut network = network.map_err(|cause| StudyRunError::Weights { point: self.plan.words(at), cause })?;
        let needs = |m: &StudyMeasure| matches!(m, StudyMeasure::Distance | StudyMeasure::Rest { .. });
        let mut none = Vec::new();
        let rests = if self.plan.measures(needs) {
            let key = format!(
                "{} {} {} {}",
                planned.data,
                planned.images,
                planned.shares_noise(),
                rest::key(&planned.circuit)?
            );
            let found = rests.entry(key).or_default();
            if found.is_empty() {
                *found = find_rests(&network, images, planned)?;
            }
            found
        } else {
            &mut none
        };
        let (measures, probes) = (&self.plan.measures, &self.plan.probes);
        let (train, classes) = (&data.train, data.classes());
        let mut bench = Bench { network: &mut network, images, train, classes, measures, rests, probes, probed: None };
        let record = measure::point(at, planned, &mut bench)?;
        if let Some(table) = bench.probed {
            self.write_probes(at, &table)?;
        }
        Ok(record)
    }

    /// What probes kept of a point, before the point counts as finished.
    fn write_probes(&self, at: usize, table: &StudyTable) -> Result<(), StudyRunError> {
        let folder = self.folder.join("probes");
        fs::create_dir_all(&folder).map_err(|cause| StudyRunError::Journal { path: folder.clone(), cause })?;
        #[cfg(feature = "tables")]
        super::columnar::write(&folder.join(format!("{at}.parquet")), table)?;
        #[cfg(not(feature = "tables"))]
        atomic::write(&folder.join(format!("{at}.csv")), table.to_csv().as_bytes())?;
        Ok(())
    }

    /// Refuses measures that the data or the circuit of a point have no meaning for.
    fn can_be_measured(&self, planned: &PlannedPoint, data: &Dataset) -> Result<(), StudyRunError> {
        if !self.plan.measures(|measure| *measure == StudyMeasure::ClassificationError) {
            return Ok(());
        }
        let problem = match evaluation::top_layer(&planned.circuit) {
            Err(error) => error.to_string(),
            Ok(_) if data.train.labels().is_none() || data.test_or_train().labels().is_none() => {
                format!("{} has no labels", planned.data)
            }
            Ok(_) => return Ok(()),
        };
        Err(StudyRunError::Unmeasurable { measure: "ClassificationError", problem })
    }

    fn dataset(&mut self, name: &str) -> Result<Arc<Dataset>, StudyRunError> {
        if let Some(data) = self.data.get(name) {
            return Ok(Arc::clone(data));
        }
        let data = Arc::new(data::load(&Source::parse(Some(name)))?);
        self.data.insert(name.to_owned(), Arc::clone(&data));
        Ok(data)
    }

    /// The three tables, by the names of their files.
    #[must_use]
    pub fn tables(&self) -> [(&'static str, StudyTable); 3] {
        let (plan, records) = (self.plan, self.records());
        [
            ("points", tabulate::points(plan, records)),
            ("images", tabulate::images(plan, records)),
            ("series", tabulate::series(plan, records)),
        ]
    }

    /// Writes the tables, each whole or not at all: points as CSV, which the report links to, the others only with `csv`, and
    /// all of them as Parquet where gncn was built with it.
    ///
    /// # Errors
    /// [`StudyRunError::Data`].
    pub fn write_tables(&self, csv: bool) -> Result<(), StudyRunError> {
        for (name, table) in self.tables() {
            if csv || name == "points" {
                atomic::write(&self.folder.join(format!("{name}.csv")), table.to_csv().as_bytes())?;
            }
            #[cfg(feature = "tables")]
            super::columnar::write(&self.folder.join(format!("{name}.parquet")), &table)?;
        }
        self.write_provenance()
    }

    /// What `study.json` tells.
    #[must_use]
    pub fn provenance(&self) -> Value {
        let data: BTreeMap<_, _> = self.data.iter().map(|(name, data)| (name, data.describe())).collect();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "command": self.machine.command,
            "cpu": self.machine.cpu,
            "build": KernelBuild::this(),
            "threads": self.machine.threads,
            "plan": self.plan.describe(),
            "data": data,
            "finished": self.records().len(),
            "load": load::average(),
        })
    }

    fn write_provenance(&self) -> Result<(), StudyRunError> {
        let text = serde_json::to_string_pretty(&self.provenance()).unwrap_or_default() + "\n";
        Ok(atomic::write(&self.folder.join("study.json"), text.as_bytes())?)
    }
}

/// Rests of lock-step that points of the same weights have in common, by what tells them from others.
pub(super) type Rests = HashMap<String, Vec<Option<LockstepRest>>>;

/// The rest of lock-step for each presentation.
fn find_rests(
    network: &Network,
    images: &crate::data::Images,
    planned: &PlannedPoint,
) -> Result<Vec<Option<LockstepRest>>, StudyRunError> {
    let mut out = Vec::new();
    for rows in measure::presentations(planned) {
        let episode =
            evaluation::episode(network.circuit(), images, &rows, Show::ImagesOnly).map_err(MeasureError::from)?;
        out.push(rest::find(network, &episode)?);
    }
    Ok(out)
}

/// Points of one plan only: rows of two would look alike.
fn same_plan(plan: &StudyPlan, folder: &Path, bytes: &[u8]) -> Result<(), StudyRunError> {
    let was: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let (digest, name) = (&was["plan"]["digest"], &was["plan"]["name"]);
    if digest.as_str() == Some(plan.digest().as_str()) {
        return Ok(());
    }
    let problem = format!(
        "holds the study {name}, run with other circuits, points or measures than \"{}\" asks for now; give -o another folder, \
         or remove this one",
        plan.name
    );
    Err(StudyRunError::Folder { path: folder.to_owned(), problem })
}

/// Before `study.json` is written there is nothing but what a killed process may have left.
fn only_leftovers(folder: &Path) -> Result<(), StudyRunError> {
    let failed = |problem: &str| Err(StudyRunError::Folder { path: folder.to_owned(), problem: problem.to_owned() });
    if folder.is_file() {
        return failed("is a file; -o names a folder");
    }
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    let mut names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()));
    match names.find(|name| name != ".lock" && name != "points.jsonl" && !name.ends_with(".part")) {
        Some(_) => failed("is not empty and no folder of a study (it has no study.json); choose another -o"),
        None => Ok(()),
    }
}

/// One writer for each folder. The lock goes with the process, however that ends.
fn lock(folder: &Path) -> Result<File, StudyRunError> {
    let path = folder.join(".lock");
    let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = opened.map_err(|cause| StudyRunError::Journal { path: path.clone(), cause })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let problem = "another gncn is running this study; wait until it ends, or choose another -o".to_owned();
            Err(StudyRunError::Folder { path: folder.to_owned(), problem })
        }
        Err(TryLockError::Error(cause)) => {
            tracing::warn!("{} can't be locked ({cause}); start no second study there", path.display());
            Ok(file)
        }
    }
}
