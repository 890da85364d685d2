//! What the program is built for, and what the machine offers. Kernels are chosen when they are compiled, so figures hold
//! for one build; runs remember which.

#[macro_use]
pub(crate) mod level;

use level::Level;
use serde::{Deserialize, Serialize};

impl Level {
    /// The level that this code is compiled for.
    #[must_use]
    pub fn of_build() -> Self {
        highest!(build)
    }
}

/// The features of a CPU that change kernels, and whether each is there: in the build, or in the machine.
macro_rules! features {
    (build $name:tt) => { cfg!(target_feature = $name) };
    (machine $name:tt) => { std::is_x86_feature_detected!($name) };
    ($at:ident) => {
        [
            ("avx", features!($at "avx")),
            ("avx2", features!($at "avx2")),
            ("fma", features!($at "fma")),
            ("avx512f", features!($at "avx512f")),
        ]
    };
}

/// What kernels were compiled for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelBuild {
    /// The level of x86-64, or the architecture.
    pub level: String,
    /// Features of the CPU that kernels were compiled to use, of those that change them.
    pub features: Vec<String>,
    /// The commit, where the build was told it (`GNCN_COMMIT`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

impl KernelBuild {
    /// That of this code.
    #[must_use]
    pub fn this() -> Self {
        Self {
            level: Level::of_build().name().to_owned(),
            features: there(&features!(build)),
            commit: option_env!("GNCN_COMMIT").filter(|commit| !commit.is_empty()).map(ToOwned::to_owned),
        }
    }

    /// What has to be said to whoever goes on with a run that `began` made: bits are promised for one level.
    #[must_use]
    pub fn differs_from(&self, began: &Self) -> Option<String> {
        (self.level != began.level).then(|| {
            let word = began.level.trim_start_matches("x86-64-");
            format!(
                "the run began with kernels for {}, and goes on with those for {}: its bits will be others than without \
                 the stop; --cpu {word} (or {}={word}) goes on to the same ones",
                began.level,
                self.level,
                Level::VARIABLE
            )
        })
    }
}

/// What has to be said of a build that uses less than this machine offers.
#[must_use]
pub fn slower_than_it_could_be() -> Option<String> {
    let (build, machine) = (Level::of_build(), Level::of_machine());
    (build < machine).then(|| {
        format!(
            "these kernels are compiled for {}, and this machine offers {}: they are slower than they could be. Build with \
             RUSTFLAGS=\"-C target-cpu=native\", or take an archive or wheel that holds all levels; {}={} says that it is meant",
            build.name(),
            machine.name(),
            Level::VARIABLE,
            build.word()
        )
    })
}

/// What the CPU offers of what kernels are compiled for.
#[must_use]
pub fn cpu_features() -> Vec<String> {
    #[cfg(target_arch = "x86_64")]
    let found = features!(machine);
    #[cfg(not(target_arch = "x86_64"))]
    let found = [(std::env::consts::ARCH, true)];
    there(&found)
}

fn there(features: &[(&str, bool)]) -> Vec<String> {
    features.iter().filter(|(_, there)| *there).map(|(name, _)| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::{OsStr, OsString};

    fn asked(words: &[&str], variable: Option<&str>) -> Result<Option<Level>, String> {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        Level::asked(&words, variable.map(OsStr::new))
    }

    #[test]
    fn a_build_never_needs_more_than_the_machine_that_runs_it() {
        assert!(Level::of_build() <= Level::of_machine());
        assert_eq!(KernelBuild::this().level, Level::of_build().name());
        assert_eq!(slower_than_it_could_be().is_some(), Level::of_build() < Level::of_machine());
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn a_level_is_asked_for_by_option_or_variable() {
        for level in Level::ALL {
            assert_eq!(Level::parse(level.name()), Ok(level));
            assert_eq!(Level::parse(level.word()), Ok(level));
        }
        assert_eq!(asked(&["settle", "--cpu", "v3"], Some("v2")), Ok(Some(Level::V3)));
        assert_eq!(asked(&["--cpu=x86-64-v4", "settle"], None), Ok(Some(Level::V4)));
        assert_eq!(asked(&["settle"], Some("v2")), Ok(Some(Level::V2)));
        assert_eq!(asked(&["settle"], Some("")), Ok(None));
        assert_eq!(asked(&["x", "--", "--cpu", "v9"], None), Ok(None));
        assert_eq!(asked(&["x", "--cpu"], None), Ok(None), "the program itself says what is missing");
        let problem = asked(&["--cpu", "v9"], None).unwrap_err();
        assert_eq!(problem, "--cpu: `v9` is no level of this architecture; legal are x86-64, v2, v3, v4");
        assert!(asked(&[], Some("fast")).unwrap_err().starts_with("GNCN_CPU: `fast`"));
    }

    #[test]
    fn another_level_is_told() {
        let this = KernelBuild::this();
        assert_eq!(this.differs_from(&this), None);
        let began = KernelBuild { level: "x86-64-v9".to_owned(), ..this.clone() };
        assert!(this.differs_from(&began).unwrap().contains("--cpu v9"));
    }
}
