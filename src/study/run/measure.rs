//! One point: its images are settled, presentation by presentation, and measured.
//!
//! Seconds are those of a second settling that measures nothing beside, since measuring F after every update takes time of
//! its own; all else is of the first one. Where a presentation diverges, its images have no figures and the point goes on.

use super::phase::Phase;
use super::plan::{PlannedPoint, StudyMeasure};
use super::record::{LinkAges, PointRecord};
use super::rest::LockstepRest;
use crate::circuit::Settling;
use crate::data::Images;
use crate::episode::Episode;
use crate::evaluation::{self, MeasureError, Show};
use crate::executor::{Measure, Presentation, Purpose, SettleError, SettleOptions, Settled, Settler};
use crate::network::Network;
use crate::params::{Likelihood, Messages};
use indexmap::IndexMap;
use std::time::Instant;

/// Images of a presentation, at the most.
const PRESENTED: usize = 100;

/// Presentations that there should be where images of one share its delays and losses: from so many on, an interval can be
/// bootstrapped over them.
const UNITS: usize = 20;

/// Images of such a presentation, at the least.
const FEWEST_PRESENTED: usize = 10;

/// What a point is measured with.
pub(super) struct Bench<'a> {
    pub(super) network: &'a mut Network,
    pub(super) images: &'a Images,
    pub(super) measures: &'a [StudyMeasure],
    /// The rest of each presentation, where it is asked for.
    pub(super) rests: &'a [Option<LockstepRest>],
}

/// The images of each presentation of a point, by their places in the data.
pub(super) fn presentations(planned: &PlannedPoint) -> Vec<Vec<usize>> {
    in_parts(planned.images, planned.shares_noise())
}

fn in_parts(count: usize, shares_noise: bool) -> Vec<Vec<usize>> {
    let size = if shares_noise { (count / UNITS).clamp(FEWEST_PRESENTED, PRESENTED) } else { PRESENTED };
    let rows: Vec<usize> = (0..count).collect();
    rows.chunks(size).map(<[usize]>::to_vec).collect()
}

/// Settles and measures a point.
pub(super) fn point(at: usize, planned: &PlannedPoint, bench: &mut Bench<'_>) -> Result<PointRecord, MeasureError> {
    let mut sums = PointSums::default();
    let mut settler = Settler::new();
    for (batch, rows) in presentations(planned).iter().enumerate() {
        let episode = evaluation::episode(bench.network.circuit(), bench.images, rows, Show::ImagesOnly)?;
        let presentation = Presentation::of_run(planned.seed).at(Purpose::Measuring, planned.repeat, batch);
        let settling = planned.circuit.settling();
        let options = SettleOptions { measure: Measure::EveryStep, presentation, ..SettleOptions::default() };
        sums.presentations.extend(rows.iter().map(|_| batch));
        match settler.settle(bench.network, &episode, settling, options) {
            Ok(settled) => {
                let rest = bench.rests.get(batch).and_then(Option::as_ref);
                sums.add(&settled, &settler, bench, rest);
                if bench.measures.contains(&StudyMeasure::Work) {
                    sums.seconds += seconds(bench.network, &episode, settling, presentation)?;
                }
            }
            Err(error @ SettleError::NotFinite { .. }) => sums.diverged(&error, rows.len()),
            Err(other) => return Err(other.into()),
        }
    }
    Ok(sums.finish(at, bench))
}

/// Seconds of settling by itself.
fn seconds(
    network: &mut Network,
    episode: &Episode,
    settling: &Settling,
    presentation: Presentation,
) -> Result<f64, SettleError> {
    let options = SettleOptions { presentation, ..SettleOptions::default() };
    let mut settler = Settler::new();
    let started = Instant::now();
    match settler.settle(network, episode, settling, options) {
        // Where the schedule promises no bits, this one may diverge though the first one did not.
        Ok(_) | Err(SettleError::NotFinite { .. }) => Ok(started.elapsed().as_secs_f64()),
        Err(other) => Err(other),
    }
}

/// Sums over presentations.
#[derive(Debug, Default)]
struct PointSums {
    settled_images: usize,
    presentations: Vec<usize>,
    failure: Option<String>,
    images: IndexMap<String, Vec<Option<f64>>>,
    /// Sums over images, by layer and update.
    curves: IndexMap<String, Vec<f64>>,
    ages: Vec<LinkAges>,
    operations: f64,
    messages: f64,
    bytes: f64,
    seconds: f64,
    updates: Vec<f64>,
    movement: f64,
    /// Updates to rest of each presentation that got there, and the share of its work that this was.
    to_rest: Vec<(f64, f64, usize)>,
    never_rested: bool,
    rises: usize,
}

impl PointSums {
    fn add(&mut self, settled: &Settled, settler: &Settler, bench: &Bench<'_>, rest: Option<&LockstepRest>) {
        let count = settler.activities().rows();
        self.settled_images += count;
        let total: Vec<f64> = settled.energies.sums.iter().map(|layers| layers.iter().sum()).collect();
        self.add_images(settler, bench, rest);
        self.add_curves(settled, bench.network);
        self.rises += total.windows(2).filter(|pair| pair[1] > pair[0]).count();
        let account = &settled.account;
        self.operations += account.operations() as f64;
        self.messages += account.messages() as f64 * count as f64;
        self.bytes += account.bytes() as f64;
        self.updates.push(settled.steps as f64);
        self.movement = self.movement.max(f64::from(settled.movement));
        for (i, link) in account.links.iter().enumerate() {
            if self.ages.len() <= i {
                self.ages.push(LinkAges { from: link.from.clone(), to: link.to.clone(), ..LinkAges::default() });
            }
            raise(&mut self.ages[i].staleness, &link.staleness);
            raise(&mut self.ages[i].unheard, &link.unheard);
        }
        let within = bench.measures.iter().find_map(|measure| match measure {
            StudyMeasure::Rest { within } => Some(*within),
            _ => None,
        });
        if let Some(within) = within {
            match rest.and_then(|rest| updates_to(&total, rest.energy, within)) {
                Some(updates) => self.to_rest.push((updates, updates / settled.steps.max(1) as f64, count)),
                None => self.never_rested = true,
            }
        }
    }

    /// Figures of each image at the readout.
    fn add_images(&mut self, settler: &Settler, bench: &Bench<'_>, rest: Option<&LockstepRest>) {
        let (network, activities) = (&*bench.network, settler.activities());
        let circuit = network.circuit();
        let energies = network.free_energies(activities);
        let image = evaluation::image_sense(circuit).ok().map(|(_, id)| id);
        let mut push = |name: &str, values: &mut dyn Iterator<Item = Option<f64>>| {
            self.images.entry(name.to_owned()).or_default().extend(values);
        };
        let total = |i: usize| energies.iter().map(|(_, each)| each[i]).sum::<f64>();
        if bench.measures.contains(&StudyMeasure::FreeEnergy) {
            push("free_energy", &mut (0..activities.rows()).map(|i| Some(total(i))));
        }
        let shown = energies.iter().find(|(id, _)| Some(*id) == image);
        let shown = shown.filter(|(id, _)| circuit.layer(*id).likelihood() == Likelihood::Bernoulli);
        if let (Some((id, each)), true) = (shown, bench.measures.contains(&StudyMeasure::Bce)) {
            let layer = circuit.layer(*id);
            push("bce", &mut each.iter().map(|energy| layer.cross_entropy(*energy)));
        }
        if bench.measures.contains(&StudyMeasure::Distance) {
            let distances = rest.map(|rest| distances(rest, network, settler));
            let each = |i: usize| distances.as_ref().map(|all| all[i]);
            push("distance", &mut (0..activities.rows()).map(|i| each(i).map(|(largest, _)| largest)));
            push("distance_rms", &mut (0..activities.rows()).map(|i| each(i).map(|(_, rms)| rms)));
        }
    }

    fn add_curves(&mut self, settled: &Settled, network: &Network) {
        for (column, population) in settled.energies.populations.iter().enumerate() {
            let layer = network.circuit().layer(network.wiring().population(*population).layer).name();
            let curve = self.curves.entry(layer.to_owned()).or_default();
            // Presentations that end at quiet end at different updates; a rest stays what it is.
            let before = curve.last().copied().unwrap_or(0.0);
            curve.resize(curve.len().max(settled.energies.sums.len()), before);
            let last = settled.energies.sums.last().map_or(0.0, |sums| sums[column]);
            let own = settled.energies.sums.iter().map(|sums| sums[column]).chain(std::iter::repeat(last));
            curve.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
        }
    }

    fn diverged(&mut self, error: &SettleError, count: usize) {
        self.failure.get_or_insert_with(|| error.to_string());
        for values in self.images.values_mut() {
            values.extend(std::iter::repeat_n(None, count));
        }
    }

    fn finish(mut self, at: usize, bench: &Bench<'_>) -> PointRecord {
        // Where the first presentations diverged, later ones have made columns that are too short.
        let all = self.presentations.len();
        for values in self.images.values_mut() {
            let missing = all - values.len();
            values.splice(0..0, std::iter::repeat_n(None, missing));
        }
        let count = self.settled_images as f64;
        self.curves.values_mut().flatten().for_each(|sum| *sum /= count);
        let mut record = PointRecord {
            point: at,
            phase: Phase::Diverges,
            failure: self.failure.take(),
            measures: IndexMap::new(),
            images: std::mem::take(&mut self.images),
            presentations: std::mem::take(&mut self.presentations),
            curves: std::mem::take(&mut self.curves),
            ages: std::mem::take(&mut self.ages),
            load: super::load::average(),
        };
        if record.failure.is_none() {
            record.phase = Phase::of(&record.curve());
        }
        record.measures = self.measures(&record, bench);
        record
    }

    /// Means over images, and what is told of a point as a whole.
    fn measures(&self, record: &PointRecord, bench: &Bench<'_>) -> IndexMap<String, Option<f64>> {
        let mut out = IndexMap::new();
        // A mean over those that happened to stay finite would flatter a point that diverged.
        let whole = record.failure.is_none().then_some(());
        for (name, values) in &record.images {
            let known: Vec<f64> = values.iter().copied().flatten().collect();
            let complete = whole.filter(|()| known.len() == values.len());
            let (mean, deviation) = mean_and_deviation(&known);
            out.insert(name.clone(), complete.and(mean));
            out.insert(format!("{name}_sd"), complete.and(deviation));
        }
        let images = self.settled_images.max(1) as f64;
        let mut add = |name: &str, value: Option<f64>| {
            out.insert(name.to_owned(), whole.and(value));
        };
        add("updates", mean_and_deviation(&self.updates).0);
        add("movement", Some(self.movement));
        if bench.measures.contains(&StudyMeasure::Work) {
            let work = [self.operations, self.messages, self.bytes, self.seconds];
            for (name, sum) in ["operations", "messages", "bytes", "seconds"].into_iter().zip(work) {
                add(name, Some(sum / images));
            }
        }
        if bench.measures.iter().any(|measure| matches!(measure, StudyMeasure::Rest { .. })) {
            let dense = bench.network.circuit().settling().messages == Messages::Dense;
            self.add_rest(&mut add, dense);
        }
        if bench.measures.contains(&StudyMeasure::Rises) {
            add("rises", Some(self.rises as f64 / self.updates.len().max(1) as f64));
        }
        if bench.measures.contains(&StudyMeasure::Ages) {
            for (name, pick) in [("staleness", staleness as fn(&LinkAges) -> &[u64]), ("unheard", unheard)] {
                let (mean, greatest) = ages(record.ages.iter().map(pick));
                add(name, mean);
                add(&format!("{name}_max"), greatest);
            }
        }
        out
    }

    /// Work until rest. Whole messages make every update alike, so that a share of the updates is the same share of the
    /// work; how events are spread over updates isn't known.
    fn add_rest(&self, add: &mut dyn FnMut(&str, Option<f64>), dense: bool) {
        let complete = (!self.never_rested && !self.to_rest.is_empty()).then_some(());
        let images: f64 = self.to_rest.iter().map(|(.., count)| *count as f64).sum();
        let mean = |of: &dyn Fn(&(f64, f64, usize)) -> f64| self.to_rest.iter().map(of).sum::<f64>() / images;
        add("rest_updates", complete.map(|()| mean(&|(updates, _, count)| updates * *count as f64)));
        let share = complete.filter(|()| dense).map(|()| mean(&|(_, share, count)| share * *count as f64));
        let sums = [self.operations, self.messages, self.seconds];
        for (name, sum) in ["rest_operations", "rest_messages", "rest_seconds"].into_iter().zip(sums) {
            add(name, share.map(|share| share * sum / self.settled_images.max(1) as f64).filter(|work| *work > 0.0));
        }
    }
}

fn staleness(ages: &LinkAges) -> &[u64] {
    &ages.staleness
}

fn unheard(ages: &LinkAges) -> &[u64] {
    &ages.unheard
}

/// Adds a histogram to another one.
fn raise(sums: &mut Vec<u64>, more: &[u64]) {
    if sums.len() < more.len() {
        sums.resize(more.len(), 0);
    }
    sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

/// The mean and the greatest age of all links together.
fn ages<'a>(histograms: impl Iterator<Item = &'a [u64]>) -> (Option<f64>, Option<f64>) {
    let mut all = Vec::new();
    histograms.for_each(|histogram| raise(&mut all, histogram));
    let total: u64 = all.iter().sum();
    let sum: f64 = all.iter().enumerate().map(|(age, count)| age as f64 * *count as f64).sum();
    ((total > 0).then(|| sum / total as f64), all.iter().rposition(|count| *count > 0).map(|age| age as f64))
}

/// The first update from which on F stays within a share of what it is at rest.
fn updates_to(curve: &[f64], rest: f64, within: f64) -> Option<f64> {
    let outside = curve.iter().rposition(|f| (f - rest).abs() > within * rest.abs());
    match outside {
        None => Some(0.0),
        Some(last) if last + 1 < curve.len() => Some((last + 1) as f64),
        Some(_) => None,
    }
}

/// Largest and root mean square difference of the free states of each image from the rest.
fn distances(rest: &LockstepRest, network: &Network, settler: &Settler) -> Vec<(f64, f64)> {
    let mut out = vec![(0.0_f64, 0.0_f64); settler.activities().rows()];
    let mut neurons = 0;
    for (layer, there) in &rest.states {
        let here = settler.activities().state(network.wiring(), *layer);
        neurons += here.cols();
        for (i, (largest, sum)) in out.iter_mut().enumerate() {
            for (a, b) in here.row(i).iter().zip(there.row(i)) {
                let difference = f64::from((a - b).abs());
                *largest = largest.max(difference);
                *sum += difference * difference;
            }
        }
    }
    out.iter_mut().for_each(|(_, sum)| *sum = (*sum / neurons.max(1) as f64).sqrt());
    out
}

/// Mean, and standard deviation of two values or more.
pub(super) fn mean_and_deviation(values: &[f64]) -> (Option<f64>, Option<f64>) {
    if values.is_empty() {
        return (None, None);
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (Some(mean), (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_is_reached_for_good_or_not_at_all() {
        let curve = [100.0, 50.4, 60.0, 50.3, 50.0];
        assert_eq!(updates_to(&curve, 50.0, 0.01), Some(3.0), "what leaves again has not arrived");
        assert_eq!(updates_to(&curve, 20.0, 0.01), None);
        assert_eq!(updates_to(&[50.0, 50.0], 50.0, 0.01), Some(0.0));
    }

    #[test]
    fn deviations_need_two() {
        assert_eq!(mean_and_deviation(&[]), (None, None));
        assert_eq!(mean_and_deviation(&[2.0]), (Some(2.0), None));
        assert_eq!(mean_and_deviation(&[1.0, 3.0]), (Some(2.0), Some(2_f64.sqrt())));
    }

    #[test]
    fn ages_of_links_are_taken_together() {
        assert_eq!(ages([&[3_u64, 1][..], &[0, 0, 0]].into_iter()), (Some(0.25), Some(1.0)));
        assert_eq!(ages([&[][..]].into_iter()), (None, None));
    }

    #[test]
    fn every_image_is_presented_once() {
        let sizes = |count, noise| in_parts(count, noise).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(in_parts(250, false).concat(), (0..250).collect::<Vec<_>>());
        assert_eq!(sizes(250, false), [100, 100, 50]);
        assert_eq!(sizes(1000, true), [50; 20]);
        assert_eq!(sizes(25, true), [10, 10, 5]);
    }
}
