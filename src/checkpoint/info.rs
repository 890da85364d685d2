//! What `run.json` tells of a run.

use crate::data::SenseFiles;
use crate::machine::{KernelBuild, cpu_features};
use serde::{Deserialize, Serialize};

/// What `run.json` tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// The words of the command line.
    pub command: Vec<String>,
    /// Version of gncn.
    pub version: String,
    /// Seed of everything random.
    pub seed: u64,
    /// What the user asked data from: a name or a folder.
    pub source: Option<String>,
    /// The files of every sense, where the user named them.
    #[serde(default, skip_serializing_if = "SenseFiles::is_empty")]
    pub senses: SenseFiles,
    /// SHA-256 of `circuit.ron`, or of what stands for it, in hexadecimal: a run whose circuit was edited by hand is another
    /// run, and its figures would be called by the wrong name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Name, counts and digest of the data.
    pub data: serde_json::Value,
    /// The schedule, as a word.
    pub schedule: String,
    /// Training images used; absent where all of them.
    pub limit: Option<usize>,
    /// What the CPU offers of what kernels use: bits are promised for one binary on one kind of CPU.
    pub cpu: Vec<String>,
    /// What kernels were compiled for; [`Run::create`](super::Run::create) says it, and runs of older versions don't know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<KernelBuild>,
    /// Worker threads.
    pub threads: usize,
    /// Whether the run has come to its end.
    pub finished: bool,
}

impl RunInfo {
    /// A run of this program on this machine that has just begun: nothing is known yet of its data and its schedule.
    ///
    /// # Examples
    /// ```
    /// use gncn::checkpoint::RunInfo;
    ///
    /// let info = RunInfo { limit: Some(100), ..RunInfo::begun(vec!["gncn".to_owned()], 7) };
    /// assert!(info.seed == 7 && !info.finished && !info.version.is_empty());
    /// ```
    #[must_use]
    pub fn begun(command: Vec<String>, seed: u64) -> Self {
        Self {
            command,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed,
            source: None,
            senses: SenseFiles::default(),
            text: None,
            data: serde_json::Value::Null,
            schedule: String::new(),
            limit: None,
            cpu: cpu_features(),
            build: None,
            threads: rayon::current_num_threads(),
            finished: false,
        }
    }
}
