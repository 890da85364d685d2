//! The answer of a study: what was found, as the data of a report.
//!
//! It chooses what to draw and says so; how it is drawn is the report's. A figure shows eight curves at the most, since more
//! can't be told apart: what is left over goes to further figures, along the axes that come first in the file.

use super::cautions;
use super::equal;
use super::figures::shared;
use super::groups::{self, PointGroup};
use super::headers::{ENERGY, HEADERS};
use super::over;
use super::plan::{StudyMeasure, StudyPlan, WeightsRecipe};
use super::record::PointRecord;
use super::table::ColumnValues;
use super::tabulate;
use crate::study::report::{
    AgeChart, AgePanel, Chart, Curve, CurveChart, Fact, Finding, HeatCell, HeatMap, Illustration, ReportCell,
    ReportRow, ReportTable, Span, Spread, Spreads, StudyReport,
};
use std::collections::BTreeMap;

/// Curves of a figure.
const CURVES: usize = 8;

/// The report of the finished points; `facts` say what was run, `commands` how to make it again, and `findings` are the
/// differences from the baseline with their intervals.
#[must_use]
pub fn answer(
    plan: &StudyPlan,
    records: &BTreeMap<usize, PointRecord>,
    (facts, commands): (Vec<Fact>, Vec<String>),
    findings: Vec<Finding>,
) -> StudyReport {
    let records = &equal::with_equal_work(plan, records);
    let groups = groups::groups(plan, records);
    let view = Answer { plan, groups, axes: groups::varying(plan) };
    let mut illustrations = view.curves();
    illustrations.extend(over::axes(plan, &view.groups, &view.axes, CURVES));
    illustrations.extend(view.work());
    illustrations.extend(view.heat_maps());
    illustrations.extend(view.spreads());
    illustrations.extend(view.ages());
    StudyReport {
        name: plan.name.clone(),
        question: plan.question.clone(),
        facts: [facts, told(plan)].concat(),
        commands,
        cautions: cautions::told(plan, records, &findings),
        findings,
        summary: view.summary(),
        illustrations,
        listing: listing(plan, records),
        points: "points.csv".to_owned(),
    }
}

/// What the plan tells.
fn told(plan: &StudyPlan) -> Vec<Fact> {
    let fact = |name: &str, value: String| Fact { name: name.to_owned(), value };
    let weights = plan.weights.iter().map(|weights| {
        let from = match &weights.recipe {
            WeightsRecipe::File(path) => format!("from {}", path.display()),
            WeightsRecipe::Run(path) => format!("of the run {}", path.display()),
            WeightsRecipe::Train { circuit, data, seed, limit } => {
                let limit = limit.map_or_else(String::new, |limit| format!(", {limit} images of it"));
                format!("trained here on {data}{limit}, epochs: {}, seed: {seed}", circuit.learning().epochs)
            }
        };
        fact("weights", format!("{} {}: {from}", weights.circuit, weights.name))
    });
    let axes = plan.axes.iter().enumerate();
    let axes = axes.map(|(axis, path)| fact("axis", format!("{path}: {}", groups::values_of(plan, axis).join("; "))));
    weights.chain(axes).chain([fact("plan", plan.digest())]).collect()
}

/// What the figures are made of.
struct Answer<'a> {
    plan: &'a StudyPlan,
    groups: Vec<PointGroup<'a>>,
    /// The axes along which points differ.
    axes: Vec<usize>,
}

impl Answer<'_> {
    fn words(&self, group: &PointGroup<'_>) -> String {
        groups::words(self.plan, group.circuit, group.values, &self.axes)
    }

    /// A row for each point, means over weights and repeats.
    fn summary(&self) -> ReportTable {
        let shown = self.shown();
        let row = |group: &PointGroup<'_>| {
            let axes = self.axes.iter().map(|axis| group.values[*axis].clone());
            let labels = [group.circuit.to_owned()].into_iter().chain(axes).chain([group.phase()]).collect();
            ReportRow { labels, cells: shown.iter().map(|(name, _)| group.cell(name)).collect() }
        };
        let axes = self.axes.iter().map(|axis| self.plan.axes[*axis].clone());
        ReportTable {
            labels: ["circuit".to_owned()].into_iter().chain(axes).chain(["phase".to_owned()]).collect(),
            measures: shown.iter().map(|(_, header)| (*header).to_owned()).collect(),
            rows: self.groups.iter().map(row).collect(),
        }
    }

    /// Measures of the summary: those that some record has.
    fn shown(&self) -> Vec<(&'static str, &'static str)> {
        let known = |name: &str| {
            self.groups.iter().any(|group| group.members.iter().any(|(_, r)| r.measures.contains_key(name)))
        };
        HEADERS.iter().copied().filter(|(name, _)| known(name)).collect()
    }

    /// Free energy while settling: for each circuit, as many figures as curves need.
    fn curves(&self) -> Vec<Illustration> {
        let with_curves: Vec<_> =
            self.groups.iter().filter(|group| group.members.iter().any(|(_, r)| !r.curve().is_empty())).collect();
        let mut out = Vec::new();
        for of_circuit in with_curves.chunk_by(|a, b| a.circuit == b.circuit) {
            for part in of_circuit.chunks(CURVES) {
                let curves = part.iter().map(|group| self.curve(group)).collect();
                let title = self.of_circuit("Free energy while settling", part[0].circuit);
                let caption = format!(
                    "{} over the updates of every population, the last value at the readout. Equal updates are not equal progress: \
                     compare ends only where the curve has come to rest.",
                    self.over()
                );
                let band = "from the least to the most over weights and repeats".to_owned();
                let chart = CurveChart { across: "updates".to_owned(), up: ENERGY.to_owned(), band, curves };
                out.push((part[0].circuit.to_owned(), Illustration { title, caption, chart: Chart::Curves(chart) }));
            }
        }
        shared(out)
    }

    /// Free energy over what it cost.
    fn work(&self) -> Vec<Illustration> {
        if !self.plan.measures.contains(&StudyMeasure::Work) {
            return Vec::new();
        }
        let all: Vec<_> = self.groups.iter().collect();
        let of_circuit = all.chunk_by(|a, b| a.circuit == b.circuit);
        let parts = of_circuit.flat_map(|groups| groups.chunks(CURVES));
        let figures = |part: &[&PointGroup<'_>]| {
            let circuit = part[0].circuit.to_owned();
            let all = over::work(part, &|group| self.words(group), ENERGY);
            all.into_iter().map(move |figure| (circuit.clone(), figure)).collect::<Vec<_>>()
        };
        shared(parts.flat_map(figures).collect())
    }

    fn over(&self) -> &'static str {
        if self.groups.iter().any(|group| group.members.len() > 1) {
            "Free energy of all layers, mean over images, weights and repeats,"
        } else {
            "Free energy of all layers, mean over images,"
        }
    }

    fn of_circuit(&self, title: &str, circuit: &str) -> String {
        let several = self.groups.iter().any(|group| group.circuit != circuit);
        if several { format!("{title}, {circuit}") } else { title.to_owned() }
    }

    fn curve(&self, group: &PointGroup<'_>) -> Curve {
        let curves: Vec<_> = group.members.iter().map(|(_, record)| record.curve()).filter(|c| !c.is_empty()).collect();
        // A mean ends where the first of the curves does: beyond, it would be of others.
        let length = curves.iter().map(Vec::len).min().unwrap_or(0);
        let at = |i: usize| curves.iter().map(move |curve| curve[i]);
        let mean = |i: usize| at(i).sum::<f64>() / curves.len() as f64;
        let span =
            |i: usize| Span { low: at(i).fold(f64::INFINITY, f64::min), high: at(i).fold(f64::NEG_INFINITY, f64::max) };
        Curve {
            name: self.words(group),
            points: (0..length).map(|i| (i as f64, mean(i))).collect(),
            band: (curves.len() > 1).then(|| (0..length).map(span).collect()),
            rows: group.rows(),
        }
    }

    /// Two axes against each other, a map for each circuit and each choice of values on the others: of all pairs of axes
    /// the two with the most values.
    fn heat_maps(&self) -> Vec<Illustration> {
        let mut longest = self.axes.clone();
        longest.sort_by_key(|axis| std::cmp::Reverse(groups::values_of(self.plan, *axis).len()));
        let [across, down, ..] = longest[..] else { return Vec::new() };
        let others: Vec<_> = self.axes.iter().copied().filter(|axis| ![across, down].contains(axis)).collect();
        let mut maps: Vec<(&str, Vec<&str>)> = Vec::new();
        for group in &self.groups {
            let key = (group.circuit, others.iter().map(|axis| group.values[*axis].as_str()).collect());
            if !maps.contains(&key) {
                maps.push(key);
            }
        }
        let map = |(circuit, fixed): (&str, Vec<&str>)| {
            let here = |group: &&PointGroup<'_>| {
                group.circuit == circuit && others.iter().zip(&fixed).all(|(axis, value)| group.values[*axis] == *value)
            };
            let within: Vec<_> = self.groups.iter().filter(here).collect();
            let told = others
                .iter()
                .zip(&fixed)
                .map(|(axis, value)| format!(", {}: {value}", groups::short(&self.plan.axes[*axis])));
            let title = self.of_circuit("Free energy over two axes", circuit) + &told.collect::<String>();
            let caption =
                "Free energy of all layers at the readout, and what became of the point. A dash: no number, because \
                           a value was no longer finite."
                    .to_owned();
            let chart = Chart::Heat(self.heat_map(&within, across, down));
            (circuit.to_owned(), Illustration { title, caption, chart })
        };
        shared(maps.into_iter().map(map).collect())
    }

    fn heat_map(&self, groups: &[&PointGroup<'_>], across: usize, down: usize) -> HeatMap {
        let (columns, lines) = (groups::values_of(self.plan, across), groups::values_of(self.plan, down));
        let cell = |line: &str, column: &str| {
            let found = groups.iter().find(|group| group.values[across] == column && group.values[down] == line);
            found.map_or_else(HeatCell::default, |group| HeatCell {
                value: group.cell("free_energy").value.or_else(|| last(group)),
                phase: group.phase(),
                rows: group.rows(),
            })
        };
        let text = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        HeatMap {
            across: self.plan.axes[across].clone(),
            down: self.plan.axes[down].clone(),
            measure: ENERGY.to_owned(),
            cells: lines
                .iter()
                .flat_map(|line| columns.iter().map(move |column| (line, column)))
                .map(|(l, c)| cell(l, c))
                .collect(),
            columns: text(&columns),
            lines: text(&lines),
        }
    }

    /// Free energy of single images.
    fn spreads(&self) -> Vec<Illustration> {
        let mut out = Vec::new();
        for of_circuit in self.groups.chunk_by(|a, b| a.circuit == b.circuit) {
            for part in of_circuit.chunks(CURVES) {
                let spread = |group: &PointGroup<'_>| {
                    let columns = group.members.iter().filter_map(|(_, record)| record.images.get("free_energy"));
                    let values = columns.flatten().map(|value| value.unwrap_or(f64::NAN)).collect();
                    Spread { name: self.words(group), values, rows: group.rows() }
                };
                let spreads: Vec<_> = part.iter().map(spread).filter(|spread| !spread.values.is_empty()).collect();
                if spreads.is_empty() {
                    continue;
                }
                let chart = Spreads { across: ENERGY.to_owned(), of: "images".to_owned(), spreads };
                let title = self.of_circuit("Free energy of single images", part[0].circuit);
                let caption = "Free energy of each image at the readout, all weights and repeats.".to_owned();
                out.push((part[0].circuit.to_owned(), Illustration { title, caption, chart: Chart::Spreads(chart) }));
            }
        }
        shared(out)
    }

    /// Ages on each link, at the points where some value was late.
    fn ages(&self) -> Vec<Illustration> {
        if !self.plan.measures.contains(&StudyMeasure::Ages) {
            return Vec::new();
        }
        // In lock-step each link has one age. Where there is a second one, something was late.
        let late = |group: &&PointGroup<'_>| {
            let spread = |ages: &[u64]| ages.iter().filter(|count| **count > 0).count() > 2;
            group
                .members
                .iter()
                .any(|(_, r)| r.ages.iter().any(|link| spread(&link.staleness) || spread(&link.unheard)))
        };
        let figure = |group: &PointGroup<'_>| {
            let mut links: Vec<AgePanel> = Vec::new();
            for (_, record) in &group.members {
                for (i, link) in record.ages.iter().enumerate() {
                    if links.len() <= i {
                        links.push(AgePanel { link: format!("{} → {}", link.from, link.to), ..AgePanel::default() });
                    }
                    add(&mut links[i].staleness, &link.staleness);
                    add(&mut links[i].unheard, &link.unheard);
                }
            }
            let caption = "Shares of the receiver's firings by the age of what it used: firings of the sender since the message, and \
                           own firings since anything came."
                .to_owned();
            let title = format!("Ages: {}", self.words(group));
            let chart = Chart::Ages(AgeChart { links, rows: group.rows() });
            (group.circuit.to_owned(), Illustration { title, caption, chart })
        };
        shared(self.groups.iter().filter(late).map(figure).collect())
    }
}

fn add(sums: &mut Vec<u64>, more: &[u64]) {
    if sums.len() < more.len() {
        sums.resize(more.len(), 0);
    }
    sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

/// Where F was not asked for as a measure, its curve has it.
fn last(group: &PointGroup<'_>) -> Option<f64> {
    let ends: Option<Vec<f64>> = group
        .members
        .iter()
        .map(|(_, record)| record.failure.is_none().then(|| record.curve().last().copied()).flatten())
        .collect();
    let ends = ends?;
    (!ends.is_empty()).then(|| ends.iter().sum::<f64>() / ends.len() as f64)
}

/// Every row of the table of points, with the measures of the summary.
fn listing(plan: &StudyPlan, records: &BTreeMap<usize, PointRecord>) -> ReportTable {
    let table = tabulate::points(plan, records);
    let (mut out, mut reals) = (ReportTable::default(), Vec::new());
    let mut labels: Vec<Vec<String>> = vec![Vec::new(); table.rows()];
    for column in &table.columns {
        if let ColumnValues::Real(values) = &column.values {
            out.measures.push(column.name.clone());
            reals.push(values);
        } else {
            out.labels.push(column.name.clone());
            labels.iter_mut().enumerate().for_each(|(row, cells)| cells.push(column.values.plain(row)));
        }
    }
    let cell = |value: Option<f64>| ReportCell { value, ..ReportCell::default() };
    let row = |(row, labels): (usize, Vec<String>)| ReportRow {
        labels,
        cells: reals.iter().map(|values| cell(values[row])).collect(),
    };
    out.rows = labels.into_iter().enumerate().map(row).collect();
    out
}
