//! From what is written to what is sound: a study file becomes a [`Study`], or all of its mistakes.

use super::file::{AskedMeasure, CircuitEntry, StudyFile, WeightsFrom};
use super::plan::{Axis, AxisKind, MOST_POINTS, Study, StudyCircuit};
use super::runs;
use super::tree::{Astray, PathStep, Tree, steps};
use crate::circuit::check::report::{Legal, Mistakes};
use crate::circuit::error::{did_you_mean, listed, shown};
use crate::circuit::places::Places;
use crate::circuit::wiring::Wiring;
use crate::circuit::{Circuit, CircuitError, reader};
use crate::data;
use crate::evaluation::Probe;
use std::collections::HashSet;
use std::path::Path;

/// Images, epochs, repetitions.
const MOST: u64 = 1 << 32;

/// The fields of a circuit that an axis may begin with.
const FIELDS: [&str; 7] = ["layers", "projections", "init", "settling", "learning", "data", "seed"];

impl Study {
    /// The study that a text describes, with files from `folder` on.
    ///
    /// # Errors
    /// The first mistake of shape, or else every mistake of meaning at once; circuits and weights that the study names are read
    /// as well.
    pub fn parse(text: &[u8], folder: &Path) -> Result<Self, CircuitError> {
        let file: StudyFile = reader::read(text, "")?;
        let tree = Tree::of(&String::from_utf8_lossy(text));
        check(file, &tree, folder, Mistakes::new(Places::of(text, "")))
    }

    /// The study that a file describes.
    ///
    /// # Errors
    /// As [`Study::parse`], and a file that cannot be read; every line names the file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, CircuitError> {
        let path = path.as_ref();
        let folder = path.parent().unwrap_or(Path::new(""));
        let parsed = reader::bytes_of(path).and_then(|text| Self::parse(&text, folder));
        parsed.map_err(|error| error.in_file(path))
    }
}

fn check(file: StudyFile, tree: &Tree, folder: &Path, mut report: Mistakes<'_>) -> Result<Study, CircuitError> {
    name(&file.name, "name", &mut report);
    if file.circuits.0.is_empty() {
        report
            .add("circuits", "is empty; name a circuit, such as \"rao\": (file: \"../gncn-t1-rao.ron\", weights: ...)");
    }
    let circuits: Vec<_> =
        file.circuits.0.iter().filter_map(|(name, entry)| circuit(name, entry, folder, &mut report)).collect();
    twice(file.circuits.0.iter().map(|(name, _)| name.as_str()), "circuits", &mut report);
    data_name(&file.data.name, "data.name", &mut report);
    report.count("data.images", file.data.images as u64, 1, MOST);
    let axes = axes(tree, &circuits, &mut report);
    twice(file.axes.0.iter().map(|(path, _)| path.as_str()), "axes", &mut report);
    points(&axes, file.circuits.0.len(), &mut report);
    report.count("repeat", file.repeat as u64, 1, 1000);
    let baseline = baseline(tree, &axes, &mut report);
    measures(&file.measures, &circuits, &mut report);
    probes(&file.probes, &circuits, &mut report);
    let quick = file.quick;
    let fields = [
        ("images", quick.images),
        ("seeds", quick.seeds),
        ("epochs", quick.epochs),
        ("limit", quick.limit),
        ("repeat", quick.repeat),
    ];
    for (field, value) in fields {
        if let Some(value) = value {
            report.count(&format!("quick.{field}"), value as u64, 1, MOST);
        }
    }
    let (name, question, data, repeat) = (file.name, file.question, file.data, file.repeat);
    let (measures, probes) = (file.measures, file.probes);
    report.finish(Study {
        name,
        question,
        circuits,
        data,
        axes,
        repeat,
        baseline,
        measures,
        probes,
        limit: None,
        quick,
    })
}

/// Every probe has to fit every circuit.
fn probes(probes: &[String], circuits: &[StudyCircuit], report: &mut Mistakes<'_>) {
    for (i, text) in probes.iter().enumerate() {
        let problem = |entry: &StudyCircuit| {
            let found = Probe::parse(text, &entry.circuit, &Wiring::new(&entry.circuit));
            found.err().map(|problem| format!("circuit \"{}\": {problem}", entry.name))
        };
        circuits.iter().filter_map(problem).for_each(|problem| report.add(&format!("probes[{i}]"), problem));
    }
}

fn name(name: &str, at: &str, report: &mut Mistakes<'_>) {
    if name.trim().is_empty() {
        report.add(at, "is empty; give it a name, such as \"async-vs-sync\"");
    } else if name.chars().any(|c| c.is_control() || c == '/' || c == '\\') {
        report.add(at, "has a slash or a control character; it stands in tables and names of files");
    }
}

fn twice<'a>(names: impl Iterator<Item = &'a str>, at: &str, report: &mut Mistakes<'_>) {
    let mut seen = HashSet::new();
    for name in names.filter(|name| !seen.insert(*name)) {
        report.add_nth(&format!("{at}.{name}"), 1, "is given twice; keep one");
    }
}

fn data_name(name: &str, at: &str, report: &mut Mistakes<'_>) {
    if !data::NAMES.contains(&name) && !name.contains(['/', '\\', '.']) {
        report.unknown(at, "data set", name, data::NAMES);
    }
}

/// A circuit with its weights; `None` where its file is none.
fn circuit(name: &str, entry: &CircuitEntry, folder: &Path, report: &mut Mistakes<'_>) -> Option<StudyCircuit> {
    let at = format!("circuits.{name}");
    self::name(name, &at, report);
    let path = folder.join(&entry.file);
    let text = reader::bytes_of(&path);
    let parsed = text.and_then(|text| Ok((Circuit::parse(&text)?, Tree::of(&String::from_utf8_lossy(&text)))));
    let circuit = match parsed {
        Ok((circuit, tree)) => Some((circuit, tree)),
        Err(error) => {
            report.add(&format!("{at}.file"), first_of(&path.display().to_string(), &error));
            None
        }
    };
    let weights = weights(&entry.weights, &format!("{at}.weights"), folder, circuit.as_ref().map(|c| &c.0), report);
    let (circuit, tree) = circuit?;
    Some(StudyCircuit { name: name.to_owned(), path, circuit, weights, tree })
}

/// The first mistake of another text, and how many there are.
fn first_of(what: &str, error: &CircuitError) -> String {
    let first = error.mistakes.first().map(ToString::to_string).unwrap_or_default();
    match error.mistakes.len() {
        0 | 1 => format!("{what}: {first}"),
        n => format!("{what}: {first} (and {} more; `gncn check` tells all)", n - 1),
    }
}

fn weights(
    from: &WeightsFrom,
    at: &str,
    folder: &Path,
    circuit: Option<&Circuit>,
    report: &mut Mistakes<'_>,
) -> WeightsFrom {
    match from {
        WeightsFrom::Train { data, epochs, seeds } => {
            data_name(data, &format!("{at}.data"), report);
            report.count(&format!("{at}.epochs"), *epochs as u64, 1, MOST);
            if seeds.is_empty() {
                report.add(
                    &format!("{at}.seeds"),
                    "is empty; weights are trained once from each seed, such as [0, 1, 2]",
                );
            }
            let mut seen = HashSet::new();
            if let Some(i) = seeds.iter().position(|seed| !seen.insert(seed)) {
                report
                    .add(&format!("{at}.seeds[{i}]"), format!("is {} once more; each seed is trained once", seeds[i]));
            }
            from.clone()
        }
        WeightsFrom::Runs(runs) => {
            if runs.is_empty() {
                report.add(at, "names no run; give folders that `gncn train` wrote, such as Runs([\"runs/rao-0\"])");
            }
            let folders: Vec<_> = runs.iter().map(|run| folder.join(run)).collect();
            for (i, run) in folders.iter().enumerate() {
                if let Some(problem) = circuit.and_then(|circuit| runs::problem(run, circuit)) {
                    report.add(&format!("{at}[{i}]"), problem);
                }
            }
            WeightsFrom::Runs(folders.iter().map(|run| run.to_string_lossy().into_owned()).collect())
        }
    }
}

/// All axes. Each value is tried on each circuit, with the first values of the axes before it in place: an axis may be an option
/// of what another one chooses.
fn axes(tree: &Tree, circuits: &[StudyCircuit], report: &mut Mistakes<'_>) -> Vec<Axis> {
    let listed = tree.field("axes").into_iter().flat_map(Tree::entries);
    let mut bases: Vec<Tree> = circuits.iter().map(|circuit| circuit.tree.clone()).collect();
    let all: Vec<_> = listed.filter_map(|(path, values)| axis(path?, values, circuits, &mut bases, report)).collect();
    if tree.field("axes").is_none_or(|axes| axes.entries().next().is_none()) {
        report.add("axes", "is empty, so there is no grid; give an axis, such as \"settling.steps\": [50, 200]");
    }
    all
}

fn axis(
    path: &str,
    values: &Tree,
    circuits: &[StudyCircuit],
    bases: &mut [Tree],
    report: &mut Mistakes<'_>,
) -> Option<Axis> {
    let at = format!("axes.{path}");
    let trees: Vec<Tree> = values.entries().map(|(_, value)| value.clone()).collect();
    if trees.is_empty() {
        report.add(&at, "has no values, so the grid is empty; give one at least, or leave the axis out");
    }
    let texts: Vec<String> = trees.iter().map(ToString::to_string).collect();
    let mut seen = HashSet::new();
    if let Some(i) = texts.iter().position(|text| !seen.insert(text)) {
        report.add(&format!("{at}[{i}]"), format!("is {} once more; keep one", shown(&texts[i])));
    }
    let kind = kind(path, &at, report)?;
    // What is wrong with the path is wrong with every value.
    let mut said = HashSet::new();
    for (i, value) in trees.iter().enumerate() {
        let at = format!("{at}[{i}]");
        match &kind {
            AxisKind::Circuit(steps) => {
                for (circuit, base) in circuits.iter().zip(&*bases) {
                    let problem = fits(&circuit.name, base, path, steps, value);
                    problem.filter(|text| said.insert(text.clone())).iter().for_each(|text| report.add(&at, text));
                }
            }
            AxisKind::DataName => data_name(value.word(), &at, report),
            AxisKind::DataImages | AxisKind::Seed => {
                let least = u64::from(kind == AxisKind::DataImages);
                match value.to_string().parse::<u64>() {
                    Ok(number) => drop(report.count(&at, number, least, if least == 1 { MOST } else { u64::MAX })),
                    Err(_) => {
                        report.add(&at, format!("expected a whole number such as 100, found `{}`", shown(&texts[i])))
                    }
                }
            }
        }
    }
    if let (AxisKind::Circuit(steps), Some(first), true) = (&kind, trees.first(), said.is_empty()) {
        // It has been set before without complaint.
        bases.iter_mut().for_each(|base| drop(base.set(steps, first)));
    }
    Some(Axis { path: path.to_owned(), values: texts, kind, trees })
}

/// What the path of an axis means.
fn kind(path: &str, at: &str, report: &mut Mistakes<'_>) -> Option<AxisKind> {
    let parsed = steps(path);
    match (path, parsed.as_deref()) {
        ("seed", _) => Some(AxisKind::Seed),
        ("data.name", _) => Some(AxisKind::DataName),
        ("data.images", _) => Some(AxisKind::DataImages),
        (_, Some([PathStep::Name(root), ..])) if root == "data" || root == "seed" => {
            report.add(at, "no such field; of data there are `data.name` and `data.images`, and the seed is `seed`");
            None
        }
        (_, Some([PathStep::Name(root), _, ..])) if FIELDS.contains(&root.as_str()) => parsed.map(AxisKind::Circuit),
        (_, Some([PathStep::Name(root)])) if root == "init" => parsed.map(AxisKind::Circuit),
        (_, Some([PathStep::Name(root), ..])) if !FIELDS.contains(&root.as_str()) => {
            let meant = did_you_mean(root, FIELDS);
            report.add(
                at,
                format!("no field is called `{}`; an axis begins with one of {}{meant}", shown(root), listed(FIELDS)),
            );
            None
        }
        _ => {
            report.add(at, "is no path of a field; write one such as layers.z1.beta, layers.*.leak or settling.steps");
            None
        }
    }
}

/// What is wrong with a circuit once a value is in place, in a sentence.
fn fits(name: &str, base: &Tree, path: &str, steps: &[PathStep], value: &Tree) -> Option<String> {
    let mut tree = base.clone();
    let name = shown(name);
    match tree.set(steps, value) {
        Err(Astray::Entry { name: entry, there }) => {
            let there = || there.iter().map(String::as_str);
            let meant = did_you_mean(&entry, there());
            Some(format!("circuit \"{name}\" has no `{}` there, but {}{meant}", shown(&entry), listed(there())))
        }
        Err(Astray::Place { place, length }) => {
            Some(format!("circuit \"{name}\" has {length} entries there, counted from 0, and so no [{place}]"))
        }
        Err(Astray::Leaf) => Some(format!("`{}` of circuit \"{name}\" has no fields", shown(path))),
        Ok(()) => {
            let error = Circuit::parse(tree.to_string().as_bytes()).err()?;
            Some(first_of(&format!("with it circuit \"{name}\" is not sound"), &error))
        }
    }
}

fn points(axes: &[Axis], circuits: usize, report: &mut Mistakes<'_>) {
    let sizes = axes.iter().map(|axis| axis.values.len() as u128);
    let count = sizes.fold(circuits as u128, u128::saturating_mul);
    if count > MOST_POINTS as u128 {
        let longest =
            axes.iter().max_by_key(|axis| axis.values.len()).map(|axis| axis.path.as_str()).unwrap_or_default();
        report.add(
            "axes",
            format!(
                "the grid has {count} points; at most {MOST_POINTS} are possible, so give fewer values (most are on \
                 {longest}), or make two studies of it"
            ),
        );
    }
}

fn baseline(tree: &Tree, axes: &[Axis], report: &mut Mistakes<'_>) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (path, value) in tree.field("baseline").into_iter().flat_map(Tree::entries) {
        let (path, text) = (path.unwrap_or_default(), value.to_string());
        let at = format!("baseline.{path}");
        let Some(axis) = axes.iter().position(|axis| axis.path == path) else {
            report.unknown(&at, "axis", path, axes.iter().map(|axis| axis.path.as_str()));
            continue;
        };
        match axes[axis].values.iter().position(|value| *value == text) {
            Some(place) => found.push((axis, place)),
            None => {
                let values = listed(axes[axis].values.iter().map(String::as_str));
                report.add(&at, format!("is {}, which is no value of the axis; there are {values}", shown(&text)));
            }
        }
    }
    found
}

fn measures(measures: &[AskedMeasure], circuits: &[StudyCircuit], report: &mut Mistakes<'_>) {
    if measures.is_empty() {
        report.add("measures", "is empty; name what is measured, such as [FreeEnergy, Bce, Work]");
    }
    for (i, measure) in measures.iter().enumerate() {
        let at = format!("measures[{i}]");
        match measure {
            AskedMeasure::Rest { within } => {
                let at = format!("{at}.within");
                if report.number(&at, *within, Legal::Share) && *within == 0.0 {
                    report.add(&at, "is 0, but no settling ends exactly at its rest; give a share such as 0.01");
                }
            }
            AskedMeasure::Oscillation { layer } => {
                for circuit in circuits.iter().filter(|circuit| circuit.circuit.find(layer).is_none()) {
                    let layers = circuit.circuit.layers().map(|(_, layer)| layer.name());
                    report.unknown(
                        &format!("{at}.layer"),
                        &format!("layer of circuit \"{}\"", shown(&circuit.name)),
                        layer,
                        layers,
                    );
                }
            }
            _ => {}
        }
    }
}
