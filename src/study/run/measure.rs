//! One point: its images are settled, presentation by presentation, and measured.
//!
//! Seconds are those of a second settling that measures nothing beside, since measuring F after every update takes time of
//! its own; all else is of the first one. Where a presentation diverges, its images have no figures and the point goes on.

use super::aside::Aside;
use super::bench::{Bench, PURPOSE};
use super::plan::{PlannedPoint, StudyMeasure};
use super::probed::probe_table;
use super::record::PointRecord;
use super::rest::LockstepRest;
use super::spent::{self, Showing, Spending};
use super::sums::{Done, PointSums, updates_to};
use super::swing::{self, MeanActivity};
use crate::evaluation::{self, MeasureError, Probe, ProbeOptions, ProbeRecorder, Show};
use crate::executor::{Measure, Observed, Observer, Presentation, SettleError, SettleOptions, Settled, Settler};
use crate::network::Network;
use std::sync::Arc;
use std::time::Instant;

/// Images of a presentation, at the most.
const PRESENTED: usize = 100;

/// Presentations that there should be where images of one share its delays and losses: from so many on, an interval can be
/// bootstrapped over them.
const UNITS: usize = 20;

/// Images of such a presentation, at the least.
const FEWEST_PRESENTED: usize = 10;

/// Several who watch.
struct Watching(Vec<Arc<dyn Observer>>);

impl Observer for Watching {
    fn fired(&self, firing: &Observed<'_>) {
        self.0.iter().for_each(|one| one.fired(firing));
    }
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
    let shown = presentations(planned);
    for (batch, rows) in shown.iter().enumerate() {
        sums.presentations.extend(rows.iter().map(|_| batch));
        let episode = evaluation::episode(bench.network.circuit(), bench.images, rows, Show::ImagesOnly)?;
        let presentation = Presentation::of_run(planned.seed).at(PURPOSE, planned.repeat, batch);
        let shown = Showing { episode: &episode, settling: planned.circuit.settling(), presentation };
        match present(shown, batch, bench, &mut sums) {
            Ok(()) => {}
            Err(error @ SettleError::NotFinite { .. }) => sums.diverged(&error, rows.len()),
            Err(other) => return Err(other.into()),
        }
    }
    let aside = Aside::of(planned, &shown, bench)?;
    Ok(sums.finish(at, bench, aside))
}

/// Settles one presentation and adds what it came to.
fn present(shown: Showing<'_>, batch: usize, bench: &mut Bench<'_>, sums: &mut PointSums) -> Result<(), SettleError> {
    let mut settler = Settler::new();
    let watched = watched(bench, shown.episode.rows());
    let probes = (batch == 0).then(|| recorder(bench, shown.episode.rows())).flatten();
    let mut watching: Vec<Arc<dyn Observer>> = Vec::new();
    watching.extend(watched.iter().map(|one| Arc::<MeanActivity>::clone(one) as Arc<dyn Observer>));
    watching.extend(probes.iter().map(|one| Arc::<ProbeRecorder>::clone(one) as Arc<dyn Observer>));
    if !watching.is_empty() {
        settler.watch(Arc::new(Watching(watching)));
    }
    let Showing { episode, settling, presentation } = shown;
    let options = SettleOptions { measure: Measure::EveryStep, presentation, ..SettleOptions::default() };
    let settled = settler.settle(bench.network, episode, settling, options)?;
    if let Some(probes) = probes {
        bench.probed = Some(probe_table(&probes, bench.network.wiring()));
    }
    let rest = bench.rests.get(batch).and_then(Option::as_ref);
    let asked = |wanted: &dyn Fn(&StudyMeasure) -> bool| bench.measures.iter().any(wanted);
    let (works, rests) = (asked(&|m| *m == StudyMeasure::Work), asked(&|m| matches!(m, StudyMeasure::Rest { .. })));
    let seconds = if works { seconds(bench.network, shown)? } else { 0.0 };
    sums.add(&Done { settled: &settled, settler: &settler, rest, seconds }, bench);
    if let Some(watched) = watched {
        sums.add_series(&watched.series(), swing::period(bench.network.circuit(), watched.population()));
    }
    if works || rests {
        let rested = rested(&settled, rest, bench.measures);
        let total = (settled.steps, spent::counted(&settled.account, episode.rows(), seconds));
        let spending = Spending::of(bench.network, shown, total, rested.map(|updates| updates as usize))?;
        sums.add_spending(spending.as_ref(), (settled.energies.sums.len(), episode.rows()), rested);
    }
    Ok(())
}

/// Who watches the layer whose oscillation is asked for.
fn watched(bench: &Bench<'_>, rows: usize) -> Option<Arc<MeanActivity>> {
    let (circuit, wiring) = (bench.network.circuit(), bench.network.wiring());
    let layer = bench.measures.iter().find_map(|measure| match measure {
        StudyMeasure::Oscillation { layer } => circuit.find(layer),
        _ => None,
    });
    layer.map(|layer| Arc::new(MeanActivity::of(wiring.state_of(layer), rows)))
}

/// Who keeps what the probes say. They were checked against every circuit; what more than fills the memory is left out.
fn recorder(bench: &Bench<'_>, rows: usize) -> Option<Arc<ProbeRecorder>> {
    let (circuit, wiring) = (bench.network.circuit(), bench.network.wiring());
    let probes: Vec<_> = bench.probes.iter().filter_map(|text| Probe::parse(text, circuit, wiring).ok()).collect();
    let recorder = ProbeRecorder::new(probes, ProbeOptions::default(), rows).ok()?;
    (!bench.probes.is_empty()).then(|| Arc::new(recorder))
}

/// Updates until F stays within the share that is asked for of what it is at rest.
fn rested(settled: &Settled, rest: Option<&LockstepRest>, measures: &[StudyMeasure]) -> Option<f64> {
    let within = measures.iter().find_map(|measure| match measure {
        StudyMeasure::Rest { within } => Some(*within),
        _ => None,
    });
    let total: Vec<f64> = settled.energies.sums.iter().map(|layers| layers.iter().sum()).collect();
    updates_to(&total, rest?.energy, within?)
}

/// Seconds of settling by itself.
fn seconds(network: &mut Network, shown: Showing<'_>) -> Result<f64, SettleError> {
    let Showing { episode, settling, presentation } = shown;
    let options = SettleOptions { presentation, ..SettleOptions::default() };
    let mut settler = Settler::new();
    let started = Instant::now();
    match settler.settle(network, episode, settling, options) {
        // Where the schedule promises no bits, this one may diverge though the first one did not.
        Ok(_) | Err(SettleError::NotFinite { .. }) => Ok(started.elapsed().as_secs_f64()),
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_is_presented_once() {
        let sizes = |count, noise| in_parts(count, noise).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(in_parts(250, false).concat(), (0..250).collect::<Vec<_>>());
        assert_eq!(sizes(250, false), [100, 100, 50]);
        assert_eq!(sizes(1000, true), [50; 20]);
        assert_eq!(sizes(25, true), [10, 10, 5]);
    }
}
