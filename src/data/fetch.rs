//! Fetches a published data set: from its homes in turn, going on with what is there, and never leaving half a file under
//! its name.
//!
//! Order, for each file: what has its name already is hashed and kept where it is right; else it is downloaded beside its
//! place, under a name that ends in `.fetch`, from the first home that gives it; hashed; synced; renamed. What was cut
//! off stays under that name and is gone on with the next time. One process at a time writes into a folder; another one
//! waits, and finds the files.
//!
//! What arrives is known by its SHA-256 alone. That is why plain HTTP is enough.

use crate::blame::{Blame, Blamed};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use ureq::Agent;

use super::DataError;
use super::digest::hexadecimal;
use super::sets::{Set, SetFile};

/// Bytes that are read at once.
const BLOCK: usize = 1 << 16;
/// Slower than this, in bytes per second, a home counts as dead.
const SLOWEST: u64 = 4096;
/// How much of an answer that is no file is shown.
const SHOWN: u64 = 200;

/// Why a data set could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// A file or folder here.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Something else has the name of a file.
    #[error(
        "{file}: is there already and is another file (its SHA-256 is {found}, not {wanted}); move it away to fetch it"
    )]
    Another {
        /// The file.
        file: String,
        /// Its digest.
        found: String,
        /// That of the data set.
        wanted: String,
    },
    /// No home gave the file.
    #[error("{file}: no home gave it: {}; try again, or put the file there by hand", .causes.join("; "))]
    NoHome {
        /// The file.
        file: String,
        /// What each home answered.
        causes: Vec<String>,
    },
}

impl Blamed for FetchError {
    fn blame(&self) -> Blame {
        match self {
            Self::Data(cause) => cause.blame(),
            Self::Another { .. } => Blame::Request,
            Self::NoHome { .. } => Blame::Run,
        }
    }
}

/// What is told while files arrive.
#[derive(Debug)]
pub enum FetchEvent<'a> {
    /// A file is there and right.
    Kept(&'a SetFile),
    /// A home is asked, from a byte on.
    Asked {
        /// The file.
        file: &'a SetFile,
        /// Its address.
        address: &'a str,
        /// Bytes that are here already.
        from: u64,
    },
    /// So many bytes of a file are here.
    Came {
        /// The file.
        file: &'a SetFile,
        /// Bytes.
        bytes: u64,
    },
    /// A home did not give the file.
    Refused {
        /// Its address, and what it answered.
        cause: &'a str,
    },
}

/// Fetches the files of `set` into `folder`, which is made where it is missing. `homes` are asked before those of the set.
///
/// # Errors
/// [`FetchError`]; what has arrived of a file is kept beside its place, and gone on with the next time.
pub fn fetch(
    set: &Set,
    folder: &Path,
    homes: &[String],
    seen: &mut dyn FnMut(&FetchEvent<'_>),
) -> Result<(), FetchError> {
    fs::create_dir_all(folder).map_err(|cause| DataError::write(folder, cause))?;
    let lock_path = folder.join(".fetch.lock");
    let lock = File::create(&lock_path).map_err(|cause| DataError::write(&lock_path, cause))?;
    lock.lock().map_err(|cause| DataError::write(&lock_path, cause))?;
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .build()
        .into();
    let homes: Vec<&String> = homes.iter().chain(&set.homes).collect();
    for file in &set.files {
        Download { file, folder, homes: &homes, agent: &agent }.run(seen)?;
    }
    Ok(())
}

/// One file on its way.
struct Download<'a> {
    file: &'a SetFile,
    folder: &'a Path,
    homes: &'a [&'a String],
    agent: &'a Agent,
}

impl Download<'_> {
    fn run(&self, seen: &mut dyn FnMut(&FetchEvent<'_>)) -> Result<(), FetchError> {
        let target = self.folder.join(&self.file.name);
        if target.exists() {
            let found = digest(&target)?;
            if found != self.file.sha256 {
                let (file, wanted) = (target.display().to_string(), self.file.sha256.clone());
                return Err(FetchError::Another { file, found, wanted });
            }
            seen(&FetchEvent::Kept(self.file));
            return Ok(());
        }
        // Named by the digest, so that what is gone on with is the same file.
        let part = self.folder.join(format!(
            ".{}.{}.fetch",
            self.file.name,
            &self.file.sha256[..8.min(self.file.sha256.len())]
        ));
        let mut causes = Vec::new();
        for home in self.homes {
            let address = format!("{}/{}", home.trim_end_matches('/'), self.file.name);
            match self.from(&address, &part, seen) {
                Ok(()) => return self.finish(&part, &target),
                Err(HomeAnswer::Here(error)) => return Err(error.into()),
                Err(HomeAnswer::There(cause)) => {
                    let cause = format!("{address}: {cause}");
                    seen(&FetchEvent::Refused { cause: &cause });
                    causes.push(cause);
                }
            }
        }
        if causes.is_empty() {
            causes.push("it has none; --from names one".to_owned());
        }
        Err(FetchError::NoHome { file: target.display().to_string(), causes })
    }

    /// Lets `part` become the whole file, as far as one home has it.
    fn from(&self, address: &str, part: &Path, seen: &mut dyn FnMut(&FetchEvent<'_>)) -> Result<(), HomeAnswer> {
        let mut have = fs::metadata(part).map_or(0, |there| there.len());
        if have > self.file.bytes {
            let _ = fs::remove_file(part);
            have = 0;
        }
        if have < self.file.bytes {
            self.download(address, part, have, seen)?;
        }
        let here = |cause| HomeAnswer::Here(DataError::read(part, cause));
        let length = fs::metadata(part).map_err(here)?.len();
        if length < self.file.bytes {
            return Err(HomeAnswer::There(format!("it ended after {length} of {} bytes", self.file.bytes)));
        }
        let found = digest(part).map_err(HomeAnswer::Here)?;
        if found != self.file.sha256 {
            // Nothing of it can be trusted, wherever it came from.
            let _ = fs::remove_file(part);
            return Err(HomeAnswer::There(format!("it gave another file (SHA-256 {found}, not {})", self.file.sha256)));
        }
        Ok(())
    }

    fn download(
        &self,
        address: &str,
        part: &Path,
        have: u64,
        seen: &mut dyn FnMut(&FetchEvent<'_>),
    ) -> Result<(), HomeAnswer> {
        seen(&FetchEvent::Asked { file: self.file, address, from: have });
        let patience = Duration::from_secs(60 + self.file.bytes / SLOWEST);
        let mut request = self.agent.get(address);
        if have > 0 {
            request = request.header("Range", format!("bytes={have}-"));
        }
        let answered = request.config().timeout_recv_body(Some(patience)).build().call();
        let mut response = answered.map_err(|cause| HomeAnswer::There(cause.to_string()))?;
        let status = response.status().as_u16();
        let range = response.headers().get("Content-Range").and_then(|range| range.to_str().ok());
        let goes_on = status == 206 && range.is_some_and(|range| range.starts_with(&format!("bytes {have}-")));
        if status != 200 && !goes_on {
            if status == 416 {
                let _ = fs::remove_file(part);
            }
            let mut said = Vec::new();
            let _ = response.body_mut().as_reader().take(SHOWN).read_to_end(&mut said);
            return Err(HomeAnswer::There(refusal(response.status().to_string(), &said)));
        }
        let here = |cause| HomeAnswer::Here(DataError::write(part, cause));
        let mut out = OpenOptions::new().create(true).truncate(false).write(true).open(part).map_err(here)?;
        let mut have = if goes_on { have } else { 0 };
        out.set_len(have).and_then(|()| out.seek(SeekFrom::Start(have))).map_err(here)?;
        // One byte more than the file has: a longer answer shows in the digest, and an endless one ends.
        let mut body = response.body_mut().as_reader().take(self.file.bytes + 1 - have);
        let mut block = vec![0; BLOCK];
        loop {
            let count = match body.read(&mut block) {
                Ok(0) => break,
                Ok(count) => count,
                Err(cause) => {
                    let _ = out.sync_all();
                    return Err(HomeAnswer::There(format!(
                        "it broke off after {have} of {} bytes ({cause})",
                        self.file.bytes
                    )));
                }
            };
            out.write_all(&block[..count]).map_err(here)?;
            have += count as u64;
            seen(&FetchEvent::Came { file: self.file, bytes: have });
        }
        out.sync_all().map_err(here)
    }

    fn finish(&self, part: &Path, target: &Path) -> Result<(), FetchError> {
        fs::rename(part, target).map_err(|cause| DataError::write(target, cause))?;
        let _ = File::open(self.folder).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

/// Why a file is not here yet: because of this machine, which ends the attempt, or of a home, which passes it on.
enum HomeAnswer {
    Here(DataError),
    There(String),
}

/// What was said instead of a file: of a proxy that refuses, the text tells whom to ask.
fn refusal(status: String, said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let mut is_tag = false;
    let plain = |c: char| {
        let is_text = !is_tag && c != '<';
        is_tag = c == '<' || (is_tag && c != '>');
        is_text.then_some(if c.is_control() { ' ' } else { c })
    };
    let text: String = text.chars().filter_map(plain).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() { format!("answered {status}") } else { format!("answered {status}: {text}") }
}

/// SHA-256 of a file, in hexadecimal.
fn digest(path: &Path) -> Result<String, DataError> {
    let failed = |cause| DataError::read(path, cause);
    let mut file = File::open(path).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut block = vec![0; BLOCK];
    loop {
        let count = file.read(&mut block).map_err(failed)?;
        if count == 0 {
            return Ok(hexadecimal(hash));
        }
        hash.update(&block[..count]);
    }
}

/// The folder that a set is fetched into: `to`, or else that of its name in `root`.
#[must_use]
pub fn folder(set: &Set, to: Option<&Path>, root: Option<&Path>) -> Option<PathBuf> {
    to.or(root).map(|root| root.join(&set.name))
}
