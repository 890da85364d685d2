//! The folder that is shown: what runs and studies it holds, and which of its files may be read.
//!
//! A path comes from outside. It names a file below the folder, with every link followed, or it is refused.

use serde::Serialize;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// How deep runs and studies are looked for.
const DEEPEST: usize = 5;

/// How many are listed at the most.
const MOST: usize = 20_000;

/// Kinds of files that are shown, by the ending of their names.
const SHOWN: [(&str, &str); 8] = [
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("html", "text/html; charset=utf-8"),
    ("json", "application/json"),
    ("jsonl", "text/plain; charset=utf-8"),
    ("ron", "text/plain; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("txt", "text/plain; charset=utf-8"),
];

/// A folder with runs and studies in it, or one of them.
#[derive(Debug, Clone)]
pub struct Shelf {
    /// With every link followed.
    root: PathBuf,
}

/// What is on a shelf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shelved {
    /// Its place, from the shelf on, with `/` between folders; `.` for the shelf itself.
    pub path: String,
    /// Run or study.
    pub kind: ShelvedKind,
    /// Whether it has come to its end.
    pub finished: bool,
    /// What was asked for.
    pub command: String,
    /// When it was last written, in seconds since 1970.
    pub changed: u64,
}

/// What can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ShelvedKind {
    /// A folder that `gncn train` writes.
    Run,
    /// A folder that `gncn study` writes.
    Study,
}

/// Why a path is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathRefused {
    /// It leads out of the folder, or names what no page shows.
    #[error("this path leads out of the folder that is shown, or to what is not shown")]
    Outside,
    /// There is nothing there.
    #[error("there is nothing at this path; it may have been moved or removed")]
    Missing,
}

impl Shelf {
    /// The shelf at a folder.
    ///
    /// # Errors
    /// Where there is no such folder.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let root = folder.canonicalize()?;
        if !root.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, "it is a file, and a folder is needed"));
        }
        Ok(Self { root })
    }

    /// The folder, with every link followed.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// All runs and studies, those that were written last first. Links to folders are not followed.
    #[must_use]
    pub fn list(&self) -> Vec<Shelved> {
        let mut found = Vec::new();
        look(&self.root, ".", DEEPEST, &mut found);
        found.sort_by(|a, b| (b.changed, &a.path).cmp(&(a.changed, &b.path)));
        found
    }

    /// The folder of a run or study.
    ///
    /// # Errors
    /// [`PathRefused`].
    pub fn folder(&self, path: &str) -> Result<PathBuf, PathRefused> {
        let folder = self.confined(path)?;
        if folder.is_dir() { Ok(folder) } else { Err(PathRefused::Missing) }
    }

    /// A file to be shown, and what kind it is.
    ///
    /// # Errors
    /// [`PathRefused`].
    pub fn file(&self, path: &str) -> Result<(PathBuf, &'static str), PathRefused> {
        let file = self.confined(path)?;
        let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let kind = SHOWN.iter().find(|(known, _)| *known == ending).ok_or(PathRefused::Outside)?.1;
        if file.is_file() { Ok((file, kind)) } else { Err(PathRefused::Missing) }
    }

    fn confined(&self, path: &str) -> Result<PathBuf, PathRefused> {
        let path = Path::new(path);
        let is_plain = |part: Component<'_>| match part {
            Component::CurDir => true,
            Component::Normal(name) => !name.to_string_lossy().starts_with('.'),
            _ => false,
        };
        if path.as_os_str().is_empty() || !path.components().all(is_plain) {
            return Err(PathRefused::Outside);
        }
        let found = self.root.join(path).canonicalize().map_err(|_| PathRefused::Missing)?;
        if found.starts_with(&self.root) { Ok(found) } else { Err(PathRefused::Outside) }
    }
}

fn look(folder: &Path, path: &str, depth: usize, found: &mut Vec<Shelved>) {
    if found.len() >= MOST {
        return;
    }
    if let Some(shelved) = shelved(folder, path) {
        found.push(shelved);
        return;
    }
    if depth == 0 {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // A link that points upwards would be a circle. What is hidden is nobody's run.
        if name.starts_with('.') || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let below = if path == "." { name } else { format!("{path}/{name}") };
        look(&entry.path(), &below, depth - 1, found);
    }
}

fn shelved(folder: &Path, path: &str) -> Option<Shelved> {
    let (kind, info) = [(ShelvedKind::Run, "run.json"), (ShelvedKind::Study, "study.json")]
        .into_iter()
        .map(|(kind, name)| (kind, folder.join(name)))
        .find(|(_, info)| info.is_file())?;
    let told: serde_json::Value = serde_json::from_slice(&fs::read(&info).ok()?).unwrap_or_default();
    let words = told["command"].as_array().into_iter().flatten().filter_map(|word| word.as_str());
    let finished = match kind {
        ShelvedKind::Run => told["finished"].as_bool().unwrap_or(false),
        ShelvedKind::Study => folder.join("report.html").is_file(),
    };
    Some(Shelved {
        path: path.to_owned(),
        kind,
        finished,
        command: words.collect::<Vec<_>>().join(" "),
        changed: ["metrics.jsonl", "report.html"]
            .iter()
            .map(|name| changed(&folder.join(name)))
            .fold(changed(&info), u64::max),
    })
}

fn changed(path: &Path) -> u64 {
    let time = fs::metadata(path).and_then(|about| about.modified()).ok();
    time.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok()).map_or(0, |since| since.as_secs())
}
