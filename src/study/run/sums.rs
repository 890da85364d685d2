//! What the presentations of a point add up to: sums over images, and the record that is made of them.

use super::aside::Aside;
use super::bench::Bench;
use super::phase::Phase;
use super::plan::StudyMeasure;
use super::record::{LinkAges, PointRecord};
use super::rest::LockstepRest;
use super::spent::{self, SPENT, Spending, Work};
use super::swing::Swing;
use crate::evaluation;
use crate::executor::{Account, SettleError, Settled, Settler};
use crate::network::Network;
use crate::params::Likelihood;
use indexmap::IndexMap;

/// Sums over presentations.
#[derive(Debug, Default)]
pub(super) struct PointSums {
    settled_images: usize,
    pub(super) presentations: Vec<usize>,
    failure: Option<String>,
    images: IndexMap<String, Vec<Option<f64>>>,
    /// Sums over images, by layer and update.
    curves: IndexMap<String, Vec<f64>>,
    ages: Vec<LinkAges>,
    /// Work of all presentations.
    work: Work,
    /// The same by update, where it is known of every presentation.
    spent: Vec<Work>,
    unknown_work: bool,
    bytes: f64,
    updates: Vec<f64>,
    movement: f64,
    /// Updates to rest of each presentation that got there, the work up to there, and its images.
    to_rest: Vec<(f64, Option<Work>, usize)>,
    never_rested: bool,
    /// Presentations of which lock-step came to rest; those of which F is known there, with that F and their images.
    found: usize,
    at_rest: Vec<(f64, usize)>,
    rises: usize,
    /// Presentations in which F never rose.
    monotone: usize,
    /// Swings of the layer that is watched, of images where there are any.
    swings: Vec<Swing>,
    watched: usize,
}

/// One presentation that has settled.
pub(super) struct Done<'a> {
    pub(super) settled: &'a Settled,
    pub(super) settler: &'a Settler,
    pub(super) rest: Option<&'a LockstepRest>,
    pub(super) seconds: f64,
}

impl PointSums {
    pub(super) fn add(&mut self, done: &Done<'_>, bench: &Bench<'_>) {
        let Done { settled, settler, rest, seconds } = *done;
        let count = settler.activities().rows();
        self.settled_images += count;
        let total: Vec<f64> = settled.energies.sums.iter().map(|layers| layers.iter().sum()).collect();
        self.add_images(settler, bench, rest);
        self.found += usize::from(rest.is_some_and(|rest| rest.states.is_some()));
        self.at_rest.extend(rest.map(|rest| (rest.energy, count)));
        self.add_curves(settled, bench.network);
        let rises = total.windows(2).filter(|pair| pair[1] > pair[0]).count();
        self.rises += rises;
        self.monotone += usize::from(rises == 0);
        self.add_account(&settled.account, count, seconds);
        self.updates.push(settled.steps as f64);
        self.movement = self.movement.max(f64::from(settled.movement));
    }

    fn add_account(&mut self, account: &Account, count: usize, seconds: f64) {
        let work = spent::counted(account, count, seconds);
        self.work.iter_mut().zip(work).for_each(|(sum, own)| *sum += own);
        self.bytes += account.bytes() as f64;
        for (i, link) in account.links.iter().enumerate() {
            if self.ages.len() <= i {
                self.ages.push(LinkAges { from: link.from.clone(), to: link.to.clone(), ..LinkAges::default() });
            }
            raise(&mut self.ages[i].staleness, &link.staleness);
            raise(&mut self.ages[i].unheard, &link.unheard);
        }
    }

    /// What was spent by each of the updates of a presentation whose energies have `length` entries, and when it came to rest.
    pub(super) fn add_spending(
        &mut self,
        spending: Option<&Spending>,
        (length, count): (usize, usize),
        rested: Option<f64>,
    ) {
        match rested {
            Some(updates) => self.to_rest.push((updates, spending.map(|spending| spending.at(updates)), count)),
            None => self.never_rested = true,
        }
        let Some(spending) = spending else {
            self.unknown_work = true;
            return;
        };
        // A presentation that ended earlier spends nothing more.
        let before = self.spent.last().copied().unwrap_or_default();
        self.spent.resize(self.spent.len().max(length), before);
        for (update, sum) in self.spent.iter_mut().enumerate() {
            sum.iter_mut().zip(spending.at(update as f64)).for_each(|(sum, own)| *sum += own);
        }
    }

    /// How the mean activity of each image went, one value a firing; frequencies are told in cycles in 1,000 ticks.
    pub(super) fn add_series(&mut self, series: &[Vec<f64>], period: f64) {
        self.watched += series.len();
        let found: Vec<_> = series.iter().map(|series| Swing::of(series)).collect();
        let amplitudes = found.iter().map(|swing| Some(swing.map_or(0.0, |swing| swing.amplitude)));
        self.images.entry("oscillation_amplitude".to_owned()).or_default().extend(amplitudes);
        let of_ticks = |swing: Swing| Swing { frequency: 1000.0 * swing.frequency / period, ..swing };
        self.swings.extend(found.into_iter().flatten().map(of_ticks));
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
            let distances = rest.and_then(|rest| distances(rest, network, settler));
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

    pub(super) fn diverged(&mut self, error: &SettleError, count: usize) {
        self.failure.get_or_insert_with(|| error.to_string());
        for values in self.images.values_mut() {
            values.extend(std::iter::repeat_n(None, count));
        }
    }

    pub(super) fn finish(mut self, at: usize, bench: &Bench<'_>, aside: Aside) -> PointRecord {
        // Where the first presentations diverged, later ones have made columns that are too short.
        let all = self.presentations.len();
        for values in self.images.values_mut() {
            let missing = all - values.len();
            values.splice(0..0, std::iter::repeat_n(None, missing));
        }
        self.images.extend(aside.columns.into_iter().map(|(name, values)| (name.to_owned(), values)));
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
            spent: self.spent(),
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
            SPENT.iter().zip(self.work).for_each(|(name, sum)| add(name, Some(sum / images)));
            add("bytes", Some(self.bytes / images));
        }
        let rests = bench.measures.iter().any(|measure| matches!(measure, StudyMeasure::Rest { .. }));
        if rests {
            self.add_rest(&mut add);
        }
        if rests || bench.measures.contains(&StudyMeasure::Distance) {
            let presentations = self.updates.len();
            add("rest_found", (presentations > 0).then(|| self.found as f64 / presentations as f64));
            let known = self.at_rest.len() == presentations;
            let energy: f64 = self.at_rest.iter().map(|(energy, _)| energy).sum();
            add("rest_free_energy", known.then_some(energy / images));
        }
        if bench.measures.contains(&StudyMeasure::Rises) {
            let presentations = self.updates.len().max(1) as f64;
            add("rises", Some(self.rises as f64 / presentations));
            add("monotone", Some(self.monotone as f64 / presentations));
        }
        if self.watched > 0 {
            let mean =
                |of: &dyn Fn(&Swing) -> f64| mean_and_deviation(&self.swings.iter().map(of).collect::<Vec<_>>()).0;
            add("oscillation_share", Some(self.swings.len() as f64 / self.watched as f64));
            add("oscillation_frequency", mean(&|swing| swing.frequency));
            add("oscillation_decay", mean(&|swing| swing.decay));
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

    /// Work until rest, where every presentation came there.
    fn add_rest(&self, add: &mut dyn FnMut(&str, Option<f64>)) {
        let complete = (!self.never_rested && !self.to_rest.is_empty()).then_some(());
        let images: f64 = self.to_rest.iter().map(|(.., count)| *count as f64).sum();
        let updates: f64 = self.to_rest.iter().map(|(updates, _, count)| updates * *count as f64).sum();
        add("rest_updates", complete.map(|()| updates / images));
        let work: Option<Vec<Work>> = self.to_rest.iter().map(|(_, work, _)| *work).collect();
        let sum = |i: usize| complete.and(work.as_ref()).map(|work| work.iter().map(|work| work[i]).sum::<f64>());
        for (i, name) in SPENT.iter().enumerate() {
            // Seconds are told where they were measured.
            add(&format!("rest_{name}"), sum(i).filter(|_| self.work[i] > 0.0).map(|sum| sum / images));
        }
    }

    /// Work by update, an image; empty where it isn't known of every presentation.
    fn spent(&self) -> IndexMap<String, Vec<f64>> {
        let images = self.settled_images.max(1) as f64;
        let known = SPENT.iter().enumerate().filter(|(i, _)| !self.unknown_work && self.work[*i] > 0.0);
        let column = |i: usize| self.spent.iter().map(|work| work[i] / images).collect::<Vec<_>>();
        known.map(|(i, name)| ((*name).to_owned(), column(i))).filter(|(_, column)| !column.is_empty()).collect()
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
pub(super) fn updates_to(curve: &[f64], rest: f64, within: f64) -> Option<f64> {
    let outside = curve.iter().rposition(|f| (f - rest).abs() > within * rest.abs());
    match outside {
        None => Some(0.0),
        Some(last) if last + 1 < curve.len() => Some((last + 1) as f64),
        Some(_) => None,
    }
}

/// Largest and root mean square difference of the free states of each image from the rest.
fn distances(rest: &LockstepRest, network: &Network, settler: &Settler) -> Option<Vec<(f64, f64)>> {
    let mut out = vec![(0.0_f64, 0.0_f64); settler.activities().rows()];
    let mut neurons = 0;
    for (layer, there) in rest.states.as_ref()? {
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
    Some(out)
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
}
