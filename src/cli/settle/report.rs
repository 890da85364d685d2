//! What a settled episode is told as: energies and traffic as tables, activities as an archive.

use super::super::failure::Failure;
use super::super::table;
use crate::data::npz::NpzOut;
use crate::executor::{LinkTraffic, Settled, Settler};
use crate::network::Network;
use indexmap::IndexMap;

/// Free energies by layer: sums over samples, one for each measurement.
pub(super) fn energies(network: &Network, settled: &Settled) -> IndexMap<String, Vec<f64>> {
    let name = |layer| network.circuit().layer(layer).name().to_owned();
    let series = |column: usize| settled.energies.sums.iter().map(|sums| sums[column]).collect();
    let populations = settled.energies.populations.iter().enumerate();
    populations.map(|(i, id)| (name(network.wiring().population(*id).layer), series(i))).collect()
}

pub(super) fn write_activities(
    mut out: NpzOut,
    network: &Network,
    settler: &Settler,
    energies: &IndexMap<String, Vec<f64>>,
) -> Result<(), Failure> {
    let (wiring, activities) = (network.wiring(), settler.activities());
    for (id, layer) in network.circuit().layers() {
        let name = layer.name();
        out.matrix(&format!("state.{name}"), &activities.state(wiring, id))?;
        if let Some(mean) = activities.mean(wiring, id) {
            out.matrix(&format!("mean.{name}"), &mean)?;
        }
        if let Some(mismatch) = activities.mismatch(wiring, id) {
            out.matrix(&format!("error.{name}"), &mismatch)?;
        }
        if let Some(energies) = energies.get(name) {
            out.vector(&format!("energy.{name}"), energies)?;
        }
    }
    Ok(out.finish()?)
}

/// What went over each link; the staleness of a link is shown as its mean and its largest age.
pub(super) fn traffic_table(traffic: &[LinkTraffic]) -> String {
    let row = |link: &LinkTraffic| {
        let uses: u64 = link.staleness.iter().sum();
        let ages: u64 = link.staleness.iter().zip(0..).map(|(count, age)| count * age).sum();
        let largest = link.staleness.iter().rposition(|count| *count > 0).unwrap_or(0);
        let mean = ages as f64 / uses.max(1) as f64;
        vec![
            format!("{} to {}", link.from, link.to),
            table::count(link.sent),
            table::count(link.used),
            table::count(link.overwritten),
            table::count(link.dropped),
            table::count(link.operations),
            format!("{mean:.2}/{largest}"),
        ]
    };
    let header = ["link", ">sent", ">used", ">overwr.", ">lost", ">operations", ">staleness"];
    table::render(&header, traffic.iter().map(row).collect())
}

/// First and last free energy of each layer, per sample. A schedule without steps has no first one, and a replay that
/// stops before its readout has none at all.
pub(super) fn energy_table(energies: &IndexMap<String, Vec<f64>>, samples: usize) -> String {
    let ends = |series: &Vec<f64>| {
        let first = series.first().filter(|_| series.len() > 1);
        [first, series.last()].map(|sum| sum.map(|sum| sum / samples as f64))
    };
    let row = |name: &str, [first, last]: [Option<f64>; 2]| {
        let change = first.zip(last).map(|(first, last)| last - first);
        let figures = [first, last, change].map(table::figure_or_dash);
        std::iter::once(name.to_owned()).chain(figures).collect::<Vec<_>>()
    };
    let mut rows: Vec<_> = energies.iter().map(|(name, series)| row(name, ends(series))).collect();
    let total = |end: usize| energies.values().map(|series| ends(series)[end]).sum::<Option<f64>>();
    rows.push(row("total", [total(0), total(1)]));
    table::render(&["free energy per sample", ">first", ">last", ">change"], rows)
}
