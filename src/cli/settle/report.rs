//! What a settled episode is told as: energies and traffic as tables, activities as an archive.

use super::super::table;
use crate::executor::{Account, LinkAccount, PopulationAccount, Settled, Settler};
use crate::matrix::Matrix;
use crate::network::Network;
use indexmap::IndexMap;

/// Free energies by layer: sums over samples, one for each measurement.
pub(super) fn energies(network: &Network, settled: &Settled) -> IndexMap<String, Vec<f64>> {
    let name = |layer| network.circuit().layer(layer).name().to_owned();
    let series = |column: usize| settled.energies.sums.iter().map(|sums| sums[column]).collect();
    let populations = settled.energies.populations.iter().enumerate();
    populations.map(|(i, id)| (name(network.wiring().population(*id).layer), series(i))).collect()
}

/// The arrays of `--out`, but for energies: `state.NAME`, `mean.NAME` and `error.NAME` `[samples, neurons]`.
pub(super) fn activities(network: &Network, settler: &Settler) -> Vec<(String, Matrix)> {
    let (wiring, activities) = (network.wiring(), settler.activities());
    let mut arrays = Vec::new();
    for (id, layer) in network.circuit().layers() {
        let name = layer.name();
        arrays.push((format!("state.{name}"), activities.state(wiring, id)));
        arrays.extend(activities.mean(wiring, id).map(|mean| (format!("mean.{name}"), mean)));
        arrays.extend(activities.mismatch(wiring, id).map(|mismatch| (format!("error.{name}"), mismatch)));
    }
    arrays
}

/// What became of the messages of each link, and the operations of each population; the ages of a link are shown as
/// their mean and the largest.
pub(super) fn traffic_table(account: &Account) -> String {
    let row = |link: &LinkAccount| {
        vec![
            format!("{} to {}", link.from, link.to),
            table::count(link.sent),
            table::count(link.used),
            table::count(link.overwritten),
            table::count(link.dropped),
            table::count(link.in_flight),
        ]
    };
    let header = ["messages", ">sent", ">used", ">overwritten", ">lost", ">in flight"];
    let messages = table::render(&header, account.links.iter().map(row).collect());
    let row = |link: &LinkAccount| {
        vec![
            format!("{} to {}", link.from, link.to),
            table::bytes(link.bytes),
            table::count(link.operations),
            ages(&link.staleness),
            ages(&link.unheard),
        ]
    };
    let header = ["link", ">sent", ">operations", ">staleness", ">unheard"];
    let links = table::render(&header, account.links.iter().map(row).collect());
    let is_spread = account.populations.iter().any(|population| population.rank.is_some());
    let row = |p: &PopulationAccount| {
        let rank = p.rank.map_or_else(String::new, |rank| rank.to_string());
        let figures = [table::count(p.firings), table::count(p.operations)];
        [p.population.clone()].into_iter().chain(figures).chain(is_spread.then_some(rank)).collect()
    };
    let fired = account.populations.iter().filter(|population| population.firings > 0);
    let header = &["population", ">firings", ">operations", ">rank"][..if is_spread { 4 } else { 3 }];
    let populations = table::render(header, fired.map(row).collect());
    let total = table::count(account.operations());
    let crossed = crossed_table(account).map_or_else(String::new, |table| format!("{table}\n\n"));
    format!("{messages}\n\n{links}\n\n{crossed}{populations}\n\n{total} synaptic operations of links and populations")
}

/// What went from rank to rank, where populations are spread over several: each link between two of them, and all together.
fn crossed_table(account: &Account) -> Option<String> {
    let rank = |name: &str| account.populations.iter().find(|p| p.population == name).and_then(|p| p.rank);
    let between: Vec<_> = account
        .links
        .iter()
        .filter_map(|link| Some((link, rank(&link.from)?, rank(&link.to)?)))
        .filter(|(_, from, to)| from != to)
        .collect();
    let first = account.populations.first()?;
    first.rank?;
    let figures = |messages: u64, bytes: u64| {
        let each = bytes.checked_div(messages).map_or_else(|| "–".to_owned(), table::bytes);
        [table::count(messages), table::bytes(bytes), each]
    };
    let row = |(link, from, to): &(&LinkAccount, usize, usize)| {
        let mut row = vec![format!("{} to {}", link.from, link.to), format!("{from} to {to}")];
        row.extend(figures(link.crossed, link.crossed_bytes));
        row.push(ages(&link.staleness));
        row
    };
    let mut rows: Vec<_> = between.iter().map(row).collect();
    let sum = |of: fn(&LinkAccount) -> u64| between.iter().map(|(link, ..)| of(link)).sum();
    let mut all = vec!["all".to_owned(), String::new()];
    all.extend(figures(sum(|link| link.crossed), sum(|link| link.crossed_bytes)));
    rows.push([all, vec![String::new()]].concat());
    Some(table::render(&["crossed", "ranks", ">messages", ">bytes", ">each", ">staleness"], rows))
}

/// The mean and the largest age of a histogram.
fn ages(histogram: &[u64]) -> String {
    let uses: u64 = histogram.iter().sum();
    let sum: u64 = histogram.iter().zip(0..).map(|(count, age)| count * age).sum();
    let Some(largest) = histogram.iter().rposition(|count| *count > 0) else { return "–".to_owned() };
    format!("{:.2}/{largest}", sum as f64 / uses.max(1) as f64)
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
