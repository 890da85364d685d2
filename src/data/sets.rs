//! The published data sets that the program knows, and the one that it has inside.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{DataError, Dataset, named, npz};

/// One published data set, as `data/sets.ron` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// What `--data` calls it.
    pub name: String,
    /// What it shows, and whose it is.
    pub about: String,
    /// Rows and columns of an image.
    pub shape: (usize, usize),
    /// Training images.
    pub train: usize,
    /// Test images.
    pub test: usize,
    /// Number of classes.
    pub classes: usize,
    /// Under which conditions it may be used.
    pub licence: String,
    /// Beginnings of addresses, the best first; none where it needs none.
    pub homes: Vec<String>,
    /// Its files.
    pub files: Vec<SetFile>,
}

/// One file of a data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetFile {
    /// Its name, which follows a home in an address.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// The name of the data set that the program has inside.
pub const EMBEDDED: &str = "digits8x8";

const EMBEDDED_FILE: &[u8] = include_bytes!("../../data/digits8x8.npz");

/// All data sets that can be named, apart from the drawn digits.
#[must_use]
pub fn all() -> &'static [Set] {
    static SETS: LazyLock<Vec<Set>> =
        LazyLock::new(|| ron::from_str(include_str!("../../data/sets.ron")).expect("the manifest is read by a test"));
    &SETS
}

/// The data set of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Set> {
    all().iter().find(|set| set.name == name)
}

/// The optical digits of 8x8 pixels that the program has inside.
///
/// # Errors
/// None; a test reads what is inside.
pub(super) fn embedded() -> Result<Dataset, DataError> {
    named::dataset(npz::parse(EMBEDDED_FILE, EMBEDDED)?, EMBEDDED.as_ref(), EMBEDDED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digest::hexadecimal;
    use sha2::{Digest, Sha256};

    #[test]
    fn the_manifest_is_sound() {
        for set in all() {
            assert!(!set.about.is_empty() && !set.licence.is_empty(), "{}", set.name);
            assert!(set.homes.is_empty() == (set.name == EMBEDDED), "{} has no home", set.name);
            assert!(set.homes.iter().all(|home| home.starts_with("http") && home.ends_with('/')), "{:?}", set.homes);
            for file in &set.files {
                let is_digest = file.sha256.len() == 64 && file.sha256.bytes().all(|c| c.is_ascii_hexdigit());
                assert!(is_digest && file.bytes > 0 && !file.name.contains('/'), "{file:?}");
            }
        }
    }

    #[test]
    fn what_is_inside_is_what_the_manifest_says() {
        let set = find(EMBEDDED).expect("it is in the manifest");
        let mut hash = Sha256::new();
        hash.update(EMBEDDED_FILE);
        assert_eq!((hexadecimal(hash), EMBEDDED_FILE.len() as u64), (set.files[0].sha256.clone(), set.files[0].bytes));
        let data = embedded().expect("it is whole");
        let test = data.test.as_ref().expect("it has tests").count();
        assert_eq!((data.train.count(), test, data.classes()), (set.train, set.test, set.classes));
        assert_eq!((data.train.height(), data.train.width()), set.shape);
    }
}
