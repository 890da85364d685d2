//! Which figures a report has room for.

use crate::study::report::Illustration;
use std::collections::{BTreeMap, BTreeSet};

/// Figures of each kind, about: circuits share them alike, and the tables have the rest.
const FIGURES: usize = 6;

/// Figures of one kind, each with its circuit: of every circuit the first ones. What is left out is told, and figures of one
/// title are numbered.
pub(super) fn shared(mut figures: Vec<(String, Illustration)>) -> Vec<Illustration> {
    let all = figures.len();
    let circuits = figures.iter().map(|(circuit, _)| circuit).collect::<BTreeSet<_>>().len();
    let each = FIGURES.div_ceil(circuits.max(1));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    figures.retain(|(circuit, _)| {
        let count = seen.entry(circuit.clone()).or_default();
        *count += 1;
        *count <= each
    });
    let left = all - figures.len();
    let mut figures: Vec<_> = figures.into_iter().map(|(_, figure)| figure).collect();
    let mut titles: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    figures.iter().for_each(|figure| titles.entry(figure.title.clone()).or_default().1 += 1);
    for figure in &mut figures {
        if let Some((number, of)) = titles.get_mut(&figure.title).filter(|(_, of)| *of > 1) {
            *number += 1;
            figure.title += &format!(" ({number} of {of})");
        }
    }
    if let Some(last) = figures.last_mut().filter(|_| left > 0) {
        last.caption += &format!(" {left} more of these figures are left out; the tables have their points.");
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::report::{AgeChart, Chart};

    fn figure(title: &str) -> Illustration {
        let chart = Chart::Ages(AgeChart { links: Vec::new(), rows: Default::default() });
        Illustration { title: title.to_owned(), caption: "Ages.".to_owned(), chart }
    }

    #[test]
    fn every_circuit_has_its_share_of_figures() {
        let all = (0..9)
            .map(|i| ((if i < 7 { "a" } else { "b" }).to_owned(), figure(if i < 7 { "of a" } else { "of b" })))
            .collect();
        let kept = shared(all);
        let titles: Vec<_> = kept.iter().map(|figure| figure.title.as_str()).collect();
        assert_eq!(titles, ["of a (1 of 3)", "of a (2 of 3)", "of a (3 of 3)", "of b (1 of 2)", "of b (2 of 2)"]);
        assert_eq!(kept[4].caption, "Ages. 4 more of these figures are left out; the tables have their points.");
        let few = shared(vec![("a".to_owned(), figure("one")), ("a".to_owned(), figure("two"))]);
        assert!(few.iter().all(|figure| figure.caption == "Ages." && !figure.title.contains('(')));
    }
}
