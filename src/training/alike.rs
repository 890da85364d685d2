//! What ranks must have in common to train or settle together: they come to the same only from the same start.

use super::spec::TrainSpec;
use crate::checkpoint::Progress;
use crate::data::digest::hexadecimal;
use crate::machine::cpu_features;
use crate::ranks::Ranks;
use sha2::{Digest, Sha256};
use std::io::{Read, Seek, SeekFrom};

/// In words, the first thing in which a rank differs from the leading one.
pub(super) fn difference(ranks: &Ranks, at: &Progress, spec: &TrainSpec) -> Option<String> {
    if !ranks.are_many() {
        return None;
    }
    let TrainSpec { epochs, checkpoint_every, test_each_epoch, keep, .. } = spec;
    let options = format!(
        "seed {}, limit {:?}, {epochs} epochs, checkpoint every {checkpoint_every:?}, test each epoch {test_each_epoch}, \
         keep {keep:?}",
        at.seed, at.limit
    );
    let parts = [
        ("circuit", at.circuit.clone(), "give every rank the same circuit file"),
        ("data", format!("{} read as {}", at.data, at.reading), "give every rank the same data"),
        ("options", options, "start every rank with the same command line"),
        ("position", format!("epoch {}, batch {}", at.epoch, at.batch), "go on from the same checkpoint"),
    ];
    first_difference(ranks, parts)
}

/// What a rank has, and what is to be done where it has something else than the leading one.
pub(crate) type Part = (&'static str, String, &'static str);

/// In words, the first of some things in which a rank differs from the leading one: its build and its processor come first.
pub(crate) fn first_difference(ranks: &Ranks, parts: impl IntoIterator<Item = Part>) -> Option<String> {
    let machine = [
        ("program", program(), "install the same build on every machine"),
        (
            "processor",
            cpu_features().join(" "),
            "bits are promised for one kind of processor; choose machines of one kind",
        ),
    ];
    let parts = machine.into_iter().chain(parts);
    // All of them, so that every rank meets as often.
    let differing: Vec<_> = parts.map(|(what, own, next)| (what, ranks.first_other(&own), next)).collect();
    let (what, other, next) = differing.into_iter().find(|(_, other, _)| other.is_some())?;
    let other = other?;
    let has = match what {
        "options" | "position" | "processor" => format!(": {}", other.told),
        _ => String::new(),
    };
    Some(format!("{} has another {what} than rank 0{has}; {next}", other.who()))
}

/// Which build of the program this is: a digest of the length, beginning and end of its file, where linkers put what
/// identifies a build.
fn program() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let part = || -> std::io::Result<String> {
        let mut file = std::fs::File::open(std::env::current_exe()?)?;
        let length = file.metadata()?.len();
        let mut hash = Sha256::new();
        hash.update(length.to_le_bytes());
        for start in [0, length.saturating_sub(PART)] {
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(start))?;
            file.by_ref().take(PART).read_to_end(&mut bytes)?;
            hash.update(&bytes);
        }
        Ok(hexadecimal(hash))
    };
    // A program whose file is gone is known by its version.
    part().map_or_else(|_| version.to_owned(), |digest| format!("{version} {digest}"))
}

/// Bytes of the program's file that are looked at, at either end.
const PART: u64 = 1 << 16;
