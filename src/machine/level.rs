//! The levels of x86-64: what a build needs of a machine, and what a machine offers.
//!
//! The launcher (`src/launcher/`) includes this very file, so that it and the program agree: nothing is imported here but
//! the standard library, and nothing is here that it does not use (what a build is compiled for is `mod.rs`'s).

use std::ffi::{OsStr, OsString};

/// A level of x86-64, as its ABI defines them; on another architecture there is one, its base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every machine of the architecture has.
    Base,
    /// SSE 4.2: since about 2009.
    V2,
    /// AVX2 and fused multiply-add: since about 2013.
    V3,
    /// AVX-512.
    V4,
}

/// Whether a feature is there, at the time that `$at` says.
macro_rules! holds {
    (build, $($feature:tt),+) => { true $(&& cfg!(target_feature = $feature))+ };
    // Where the build needs a feature this is true without a look, so a build never finds its machine below itself.
    (machine, $($feature:tt),+) => { true $(&& std::is_x86_feature_detected!($feature))+ };
}

/// The highest level of which all features are there. Of those that a level names these are the ones that compilers use.
macro_rules! highest {
    ($at:ident) => {
        if !holds!($at, "cmpxchg16b", "popcnt", "sse3", "sse4.1", "sse4.2", "ssse3") {
            Level::Base
        } else if !holds!($at, "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "lzcnt", "movbe") {
            Level::V2
        } else if !holds!($at, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl") {
            Level::V3
        } else {
            Level::V4
        }
    };
}

impl Level {
    /// All of them, ascending.
    pub const ALL: [Self; 4] = [Self::Base, Self::V2, Self::V3, Self::V4];

    /// The variable of the environment that asks for one.
    pub const VARIABLE: &'static str = "GNCN_CPU";

    /// The highest level that this machine offers.
    #[must_use]
    pub fn of_machine() -> Self {
        #[cfg(target_arch = "x86_64")]
        let level = highest!(machine);
        #[cfg(not(target_arch = "x86_64"))]
        let level = Self::Base;
        level
    }

    /// Its name, as compilers take it: `x86-64-v3`; the architecture's where there are no levels.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Base if cfg!(target_arch = "x86_64") => "x86-64",
            Self::Base => std::env::consts::ARCH,
            Self::V2 => "x86-64-v2",
            Self::V3 => "x86-64-v3",
            Self::V4 => "x86-64-v4",
        }
    }

    /// The word that asks for it: `v3`.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.name().strip_prefix("x86-64-").unwrap_or(self.name())
    }

    /// The level of a name or word.
    ///
    /// # Errors
    /// The legal ones.
    pub fn parse(text: &str) -> Result<Self, String> {
        let legal: Vec<_> = Self::ALL.into_iter().filter(|level| level.is_of_this_architecture()).collect();
        let found = legal.iter().find(|level| [level.name(), level.word()].contains(&text)).copied();
        found.ok_or_else(|| {
            let words: Vec<_> = legal.iter().map(|level| level.word()).collect();
            format!("`{text}` is no level of this architecture; legal are {}", words.join(", "))
        })
    }

    /// The level that `GNCN_CPU` asks for; an empty value asks for none.
    ///
    /// # Errors
    /// As [`Level::parse`].
    pub fn of_variable(value: Option<&OsStr>) -> Result<Option<Self>, String> {
        let text = value.map(OsStr::to_string_lossy).filter(|text| !text.is_empty());
        let level = text.map(|text| Self::parse(&text)).transpose();
        level.map_err(|problem| format!("{}: {problem}", Self::VARIABLE))
    }

    /// The level that the words of a command line ask for by `--cpu`, or else the variable.
    ///
    /// # Errors
    /// As [`Level::parse`].
    pub fn asked(words: &[OsString], variable: Option<&OsStr>) -> Result<Option<Self>, String> {
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).take_while(|word| word != "--").collect();
        let inline = words.iter().find_map(|word| word.strip_prefix("--cpu="));
        let apart = words.iter().position(|word| word == "--cpu").and_then(|at| words.get(at + 1)).map(|word| &**word);
        match inline.or(apart) {
            Some(text) => Self::parse(text).map(Some).map_err(|problem| format!("--cpu: {problem}")),
            None => Self::of_variable(variable),
        }
    }

    fn is_of_this_architecture(self) -> bool {
        self == Self::Base || cfg!(target_arch = "x86_64")
    }
}
