//! One run as a page shows it: what was asked, what came of it, the circuit drawn, receptive fields.

use crate::checkpoint::{Run, StoreError};
use crate::evaluation::{self, recorded};
use crate::network::Network;
use crate::picture;
use crate::training::Pulse;
use crate::view::curves::{News, curves};
use crate::view::draw::{self, Overlay, Theme};
use serde::Serialize;
use serde_json::{Map, Value};
use std::fs;
use std::path::Path;

/// Receptive fields that are shown at the most, and how many of them in a row.
const FIELDS: (usize, usize) = (60, 12);

/// The side of a pixel of a receptive field, in pixels of the picture.
const FIELD_SCALE: usize = 2;

/// What a page shows of a run at once.
#[derive(Debug, Clone, Serialize)]
pub struct ShownRun {
    /// The command that made it, word by word.
    pub command: Vec<String>,
    /// What `run.json` tells besides.
    pub seed: u64,
    /// The schedule, as a word.
    pub schedule: String,
    /// Version of gncn.
    pub version: String,
    /// Whether it has come to its end.
    pub finished: bool,
    /// What is known of the data.
    pub data: Value,
    /// `circuit.ron`.
    pub circuit: String,
    /// Rows of metrics.
    pub rows: Vec<Map<String, Value>>,
    /// Where the metrics ended that `rows` are of, in bytes.
    pub end: u64,
    /// Names of its pictures.
    pub pictures: Vec<String>,
    /// How its last batch went, where it has told that.
    pub pulse: Option<Pulse>,
    /// What `eval.json` tells, once there is one.
    pub measures: Option<Value>,
}

/// What there is to show of the run in a folder.
///
/// # Errors
/// [`StoreError`] where it is no run or can't be read.
pub fn about(folder: &Path) -> Result<ShownRun, StoreError> {
    let run = Run::open(folder)?;
    let metrics = run.path("metrics.jsonl");
    let News { rows, end, .. } =
        curves(&metrics).map_err(|cause| StoreError::System { action: "read", path: metrics, cause })?;
    let measures = fs::read(run.path("eval.json")).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let circuit = run.text("circuit.ron").unwrap_or_default();
    Ok(ShownRun {
        command: run.info.command,
        seed: run.info.seed,
        schedule: run.info.schedule,
        version: run.info.version,
        finished: run.info.finished,
        data: run.info.data,
        circuit,
        rows,
        end,
        pictures: pictures(folder),
        pulse: Pulse::of_run(folder),
        measures,
    })
}

fn pictures(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let mut names: Vec<_> = names.filter_map(|name| name.into_string().ok()).collect();
    names.retain(|name| (name.ends_with(".png") || name.ends_with(".svg")) && !name.starts_with('.'));
    names.sort();
    names
}

/// The circuit of a run as SVG, with what `network` has learned, where there are weights.
///
/// # Errors
/// [`StoreError`] where it is no run of a circuit.
pub(super) fn drawing(run: &Run, network: Option<&Network>) -> Result<String, StoreError> {
    let circuit = run.circuit()?;
    let grid = recorded(run).map(|data| (data.width, data.height));
    let overlay = network.map_or_else(Overlay::default, |network| draw::learned(network, grid));
    Ok(draw::svg(&draw::scene(&circuit, &overlay), Theme::Auto))
}

/// The circuit of a run as SVG, with how its last batch went; `None` where it has told nothing of that.
///
/// # Errors
/// [`StoreError`] where it is no run of a circuit.
pub(super) fn live_drawing(folder: &Path) -> Result<Option<String>, StoreError> {
    let circuit = Run::open(folder)?.circuit()?;
    let drawn = |pulse| draw::svg(&draw::scene(&circuit, &draw::live(&circuit, &pulse)), Theme::Auto);
    Ok(Pulse::of_run(folder).map(drawn))
}

/// Receptive fields of the first layer that predicts the image, as PNG; `None` where there are none.
pub(super) fn field_tiles(run: &Run, network: &Network) -> Option<Vec<u8>> {
    let layer = *evaluation::predictors(network.circuit()).ok()?.first()?;
    let fields = evaluation::fields(network, layer)?;
    let (width, height) = grid_of(run, fields.cols())?;
    let tiles: Vec<&[f32]> = (0..fields.rows().min(FIELDS.0)).map(|i| fields.row(i)).collect();
    picture::fields(&tiles, FIELDS.1, width, height, FIELD_SCALE).ok()
}

/// Width and height of what a run is shown: as its data were laid out, or a square.
fn grid_of(run: &Run, size: usize) -> Option<(usize, usize)> {
    let told = recorded(run).map(|data| (data.width, data.height));
    let side = size.isqrt();
    told.filter(|(width, height)| width * height > 0 && size.is_multiple_of(width * height))
        .or_else(|| (side * side == size).then_some((side, side)))
}
