//! The data sets of the tables: which are at hand, and which of them are those of the paper.

use super::published;
use crate::data::{Dataset, Description, Source, load};
use crate::view::numbers;

/// A data set that was asked for.
#[derive(Debug, Clone)]
pub struct DataColumn {
    /// Its name on the command line.
    pub name: &'static str,
    /// Which column of the paper's table is of this data set, if one is.
    pub published: Option<usize>,
    /// What is at hand.
    pub found: Result<DataAtHand, String>,
}

/// A data set that is at hand.
#[derive(Debug, Clone)]
pub struct DataAtHand {
    /// Its name, counts and digest.
    pub description: Description,
    /// Training images that are learned from, without those held out.
    pub learned: usize,
    /// Where it isn't what the paper used: what it is, in words.
    pub differs: Option<String>,
}

impl DataAtHand {
    /// Pixels of an image.
    pub fn pixels(&self) -> usize {
        self.description.width * self.description.height
    }

    /// Images that are measured on.
    pub fn measured(&self) -> usize {
        if self.description.test > 0 { self.description.test } else { self.description.train }
    }
}

impl DataColumn {
    /// Looks for a data set.
    pub fn look(name: &'static str) -> Self {
        let published = match name {
            "mnist" => Some(0),
            "kmnist" => Some(1),
            "fashion" => Some(2),
            "caltech" => Some(3),
            _ => None,
        };
        let found = load(&Source::parse(Some(name))).map(|data| find(name, &data)).map_err(|error| error.to_string());
        Self { name, published, found }
    }

    /// The column of the paper's table with which figures on this data set may be compared.
    pub fn comparable(&self) -> Option<usize> {
        self.published.filter(|_| self.found.as_ref().is_ok_and(|found| found.differs.is_none()))
    }

    /// The published column that this data set can't stand for, and why not.
    pub fn missing(&self) -> Option<String> {
        let column = published::DATA[self.published?];
        match &self.found {
            Err(problem) => Some(format!("{column} is not at hand: {problem}")),
            Ok(DataAtHand { differs: Some(differs), .. }) => Some(format!(
                "The published column {column} is left out, because its data are not at hand. These figures are of {differs}"
            )),
            Ok(_) => None,
        }
    }
}

fn find(name: &str, data: &Dataset) -> DataAtHand {
    let description = data.describe();
    let Description { width, height, .. } = description;
    let differs = match (name, &description.notice) {
        // The notice of the reader tells which part of the published data it is.
        (_, Some(notice)) => {
            Some(format!("a subset of {} images ({notice})", numbers::count(description.train as u64)))
        }
        ("caltech", None) if (width, height) != (16, 16) => {
            Some(format!("Caltech silhouettes of {width}×{height}, not the published 16×16"))
        }
        _ => None,
    };
    DataAtHand { learned: data.split(0).train.len(), description, differs }
}

#[cfg(test)]
mod tests {
    use super::{DataAtHand, DataColumn, find};
    use crate::data::{Source, load};

    fn column(
        name: &'static str,
        published: Option<usize>,
        change: impl FnOnce(&mut crate::data::Dataset),
    ) -> DataColumn {
        let mut data = load(&Source::Digits { seed: 0, train: 20, test: 5 }).expect("digits are always there");
        change(&mut data);
        DataColumn { name, published, found: Ok(find(name, &data)) }
    }

    #[test]
    fn only_the_published_data_are_compared_with_what_is_published() {
        let mnist = column("mnist", Some(0), |_| ());
        assert_eq!((mnist.comparable(), mnist.missing()), (Some(0), None));
        let caltech = column("caltech", Some(3), |_| ());
        assert_eq!(caltech.comparable(), None);
        assert!(caltech.missing().is_some_and(|why| why.contains("28×28, not the published 16×16")));
        let subset = "subset: the training images are the first 7,011 of KMNIST's 60,000";
        let kmnist = column("kmnist", Some(1), |data| data.notice = Some(subset.to_owned()));
        assert_eq!(kmnist.comparable(), None);
        assert!(
            kmnist
                .missing()
                .is_some_and(|why| why.contains("a subset of 20 images (subset: ") && why.contains("KMNIST"))
        );
        let digits = column("digits", None, |_| ());
        assert_eq!((digits.comparable(), digits.missing()), (None, None));
        let absent = DataColumn { name: "fashion", published: Some(2), found: Err("no folder".to_owned()) };
        assert!(absent.comparable().is_none() && absent.missing().is_some_and(|why| why.contains("FMNIST")));
    }

    #[test]
    fn what_is_learned_from_and_measured_on() {
        let DataAtHand { learned, description, .. } =
            column("digits", None, |_| ()).found.expect("digits are always there");
        assert_eq!((learned, description.test), (18, 5));
    }
}
