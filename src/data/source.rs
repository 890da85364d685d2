//! Which data was asked for, and where it is looked up.

use std::path::{Path, PathBuf};

use super::given::{SenseFile, SenseFiles};
use super::{DataError, Dataset, Reading, digits, files, folder, moving, sets};

/// The names that mean a published data set, and `digits` and `moving-digits`, which are generated; `digits8x8` is inside
/// the program.
pub const NAMES: [&str; 7] = ["digits", "mnist", "fashion", "kmnist", "caltech", sets::EMBEDDED, moving::NAME];

/// The environment variable that names the folder of `mnist/`, `fashion/`, ...
pub const VARIABLE: &str = "GNCN_DATA";

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The embedded drawn digits.
    Digits {
        /// Seed of the drawings.
        seed: u64,
        /// Training images.
        train: usize,
        /// Test images.
        test: usize,
    },
    /// A name, looked up in the folder that `GNCN_DATA` names.
    Name(String),
    /// A folder of IDX, `.npy` or `.npz` files or with the MATLAB file of Caltech silhouettes, or one such file.
    Path(PathBuf),
    /// Files for every sense.
    Senses(SenseFiles),
}

impl Default for Source {
    /// The embedded digits. Their seed is fixed: it names a data set and has nothing to do with that of a run.
    fn default() -> Self {
        Self::Digits { seed: 0, train: digits::TRAIN, test: digits::TEST }
    }
}

impl Source {
    /// What all values of `--data` and `--test` mean: nothing, one name or path, or files of senses.
    ///
    /// # Errors
    /// Where files of senses and something else are mixed, or there is more than one name.
    pub fn of_options(data: &[String], test: &[String]) -> Result<Self, DataError> {
        let senses = |texts: &[String]| texts.iter().map(|text| SenseFile::parse(text)).collect::<Option<Vec<_>>>();
        if let ([] | [_], []) = (data, test)
            && data.iter().all(|text| SenseFile::parse(text).is_none())
        {
            return Ok(Self::parse(data.first().map(String::as_str)));
        }
        match (senses(data), senses(test)) {
            (Some(train), Some(test)) if !train.is_empty() => Ok(Self::Senses(SenseFiles { train, test })),
            _ => {
                let problem = format!("`{}` are no files of senses", [data, test].concat().join(", "));
                let next = "one name or path is legal, or SENSE=FILE for every sense, of --test, too";
                Err(DataError::content("--data", problem, next))
            }
        }
    }

    /// What a run folder remembers: a name, a path, or the files of senses.
    #[must_use]
    pub fn remembered(source: Option<&str>, senses: &SenseFiles) -> Self {
        if senses.is_empty() { Self::parse(source) } else { Self::Senses(senses.clone()) }
    }

    /// What a run folder is to remember, wherever the next command is run: the text of a name or path, and the files of
    /// senses.
    #[must_use]
    pub fn to_remember(&self) -> (Option<String>, SenseFiles) {
        match self {
            Self::Digits { .. } => (Some("digits".to_owned()), SenseFiles::default()),
            Self::Name(name) => (Some(name.clone()), SenseFiles::default()),
            Self::Path(path) => (Some(files::absolute(path).to_string_lossy().into_owned()), SenseFiles::default()),
            Self::Senses(files) => (None, files.clone().absolute()),
        }
    }

    /// The files and folders that are read, as far as they were named.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        match self {
            Self::Digits { .. } | Self::Name(_) => Vec::new(),
            Self::Path(path) => vec![files::split_member(path).0],
            Self::Senses(given) => given.paths().map(|path| files::split_member(path).0).collect(),
        }
    }

    /// What the value of `--data` means, or its absence: a known name is a name, anything else is a path where
    /// it looks like one or is there, and a name otherwise.
    #[must_use]
    pub fn parse(text: Option<&str>) -> Self {
        match text {
            None | Some("digits") => Self::default(),
            Some(name) if NAMES.contains(&name) => Self::Name(name.to_owned()),
            Some(text) if text.contains(['/', '\\', '.']) || Path::new(text).exists() => Self::Path(text.into()),
            Some(name) => Self::Name(name.to_owned()),
        }
    }
}

/// Loads what `source` names, looking names up in the folder that the environment variable `GNCN_DATA` names, to be
/// read as binary images.
///
/// # Errors
/// A [`DataError`] that says what is wrong and what would be legal.
pub fn load(source: &Source) -> Result<Dataset, DataError> {
    let root = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    load_from(source, root.as_deref(), Reading::default())
}

/// Loads what `source` names as [`load`] does, with its values as they are stored: which reading fits them, a circuit says.
///
/// # Errors
/// As [`load`].
pub fn load_raw(source: &Source) -> Result<Dataset, DataError> {
    let root = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    load_from(source, root.as_deref(), Reading::Raw)
}

/// Loads what `source` names, looking names up in `root`, to be read as `reading` says.
///
/// # Errors
/// As [`load`].
pub fn load_from(source: &Source, root: Option<&Path>, reading: Reading) -> Result<Dataset, DataError> {
    let data = match source {
        Source::Digits { seed, train, test } => digits::generate(*seed, *train, *test),
        Source::Name(name) if name == "digits" => digits::generate(0, digits::TRAIN, digits::TEST),
        Source::Name(name) if name == moving::NAME => moving::generate(0, moving::TRAIN, moving::TEST),
        Source::Name(name) if name == sets::EMBEDDED => sets::embedded(),
        Source::Name(name) => named(name, root),
        Source::Path(path) => {
            let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
            let name = name.map_or_else(|| "data".into(), |name| name.to_string_lossy());
            folder::load(path, &name, None)
        }
        Source::Senses(files) => files.load(),
    };
    data?.with_reading(reading)
}

fn named(name: &str, root: Option<&Path>) -> Result<Dataset, DataError> {
    let error =
        |problem: &str, next: String| Err(DataError::Name { name: name.to_owned(), problem: problem.to_owned(), next });
    let known = NAMES.contains(&name);
    let folder = root.map(|root| root.join(name)).filter(|folder| !name.is_empty() && folder.is_dir());
    match (folder, root) {
        (Some(folder), _) => folder::load(&folder, name, classes(name)),
        (None, _) if !known => error("no data set has this name", advice(name)),
        (None, Some(root)) => {
            let next = format!("`gncn data fetch {name}` puts it there; or {ADVICE}");
            error(&format!("{} has no folder `{name}`", root.display()), next)
        }
        (None, None) => {
            let next = format!("`gncn data fetch {name} --to FOLDER` fetches it; {ADVICE}");
            error(&format!("{VARIABLE} is not set"), next)
        }
    }
}

const ADVICE: &str = "set GNCN_DATA to the folder that holds `mnist/`, `fashion/`, ..., or give a path, or use \
                      `digits`, `moving-digits` or `digits8x8`, which need no files";

fn advice(name: &str) -> String {
    let distance = |known: &&str| strsim::damerau_levenshtein(name, known);
    let nearest = NAMES.into_iter().min_by_key(distance).filter(|known| distance(known) <= 1 + known.len() / 3);
    let guess = nearest.map(|known| format!("did you mean `{known}`? ")).unwrap_or_default();
    format!("{guess}legal are {}; {ADVICE}", NAMES.join(", "))
}

/// How many classes the published data sets have; `None` where any label is legal.
fn classes(name: &str) -> Option<usize> {
    matches!(name, "mnist" | "fashion" | "kmnist").then_some(10)
}
