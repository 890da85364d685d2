//! Data that were given sense by sense: `image=FILE.npz:train_x`, `label=FILE.npz:train_y`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::images::{Images, Stimulus};
use super::{DataError, Dataset, files, named};

/// The sense that is shown classes.
const LABEL: &str = "label";

/// What one sense is shown: a file, or an array in one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenseFile {
    /// The sense.
    pub sense: String,
    /// `FILE`, or `FILE:NAME` of an array in it.
    pub file: PathBuf,
}

impl SenseFile {
    /// `SENSE=FILE`; `None` where the text is something else, such as a path with a `=` in it that is there.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (sense, file) = text.split_once('=')?;
        let is_name = !sense.is_empty() && !file.is_empty() && !sense.contains(['/', '\\']);
        let is_sense = is_name && !Path::new(text).exists();
        is_sense.then(|| Self { sense: sense.to_owned(), file: file.into() })
    }

    fn absolute(self) -> Self {
        Self { file: files::absolute(&self.file), ..self }
    }
}

/// The files of every sense, to learn from and to test with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SenseFiles {
    /// To learn from.
    pub train: Vec<SenseFile>,
    /// To test with; may be empty.
    #[serde(default)]
    pub test: Vec<SenseFile>,
}

impl SenseFiles {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.train.is_empty() && self.test.is_empty()
    }

    /// The same files, wherever the next command is run.
    #[must_use]
    pub fn absolute(self) -> Self {
        let all = |files: Vec<SenseFile>| files.into_iter().map(SenseFile::absolute).collect();
        Self { train: all(self.train), test: all(self.test) }
    }

    /// The files, as they were given.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.train.iter().chain(&self.test).map(|given| given.file.as_path())
    }

    /// The data in the files. An array for the sense `label` that holds classes is labels.
    ///
    /// # Errors
    /// Where a file can't be read, a sense is given twice, or senses and splits don't fit each other.
    pub(super) fn load(&self) -> Result<Dataset, DataError> {
        let train = split(&self.train, "--data")?;
        if self.test.is_empty() {
            return self.dataset(train, None);
        }
        let (mut trained, mut tested): (Vec<_>, Vec<_>) = (senses(&self.train), senses(&self.test));
        trained.sort_unstable();
        tested.sort_unstable();
        if trained != tested {
            let problem = format!("names the senses {}, but --data {}", tested.join(", "), trained.join(", "));
            return Err(DataError::content("--test", problem, "both need the same senses"));
        }
        // In one order, so that the same sense leads in both splits.
        let order = self.train.iter().filter_map(|given| self.test.iter().find(|test| test.sense == given.sense));
        let test = split(&order.cloned().collect::<Vec<_>>(), "--test")?;
        self.dataset(train, Some(test))
    }

    fn dataset(&self, train: Images, test: Option<Images>) -> Result<Dataset, DataError> {
        let stem =
            self.train.first().and_then(|given| files::split_member(&given.file).0.file_stem().map(ToOwned::to_owned));
        let name = stem.map_or_else(|| "data".to_owned(), |stem| stem.to_string_lossy().into_owned());
        Dataset::new(&name, train, test, "--test")
    }
}

fn senses(given: &[SenseFile]) -> Vec<&str> {
    given.iter().map(|given| given.sense.as_str()).collect()
}

/// The images of a split: those of the first sense that isn't labels, and what the others are shown with each of them.
fn split(given: &[SenseFile], option: &str) -> Result<Images, DataError> {
    let mut images: Option<Images> = None;
    let mut labels = None;
    let mut later = Vec::new();
    for (i, SenseFile { sense, file }) in given.iter().enumerate() {
        if given[..i].iter().any(|before| before.sense == *sense) {
            return Err(DataError::content(option, format!("names \"{sense}\" twice"), "give it once"));
        }
        let (array, shown) = files::read_one(file)?;
        if sense == LABEL && array.clone().into_labels(&shown).is_ok() {
            labels = Some((array, shown));
            continue;
        }
        let read = array.into_samples(&shown)?;
        match &images {
            None => images = Some(read.for_sense(sense)),
            Some(_) => later.push((sense, read, shown)),
        }
    }
    let Some(mut images) = images else {
        let problem = "names nothing that is shown beside labels";
        return Err(DataError::content(option, problem, "name the data of every sense, as in --data image=FILE"));
    };
    for (sense, mut read, file) in later {
        read.take_remarks().into_iter().for_each(|remark| images.remark(remark));
        let grid = read.grid();
        images = images.with_stimulus(Stimulus { sense: sense.clone(), samples: read.into_samples(), grid }, &file)?;
    }
    match labels {
        Some((array, file)) => named::with_labels(images, array, &file),
        None => Ok(images),
    }
}
