//! A settle to touch: one image of a run, settled under virtual time as it is and as a hand changed it.
//!
//! Nothing is kept between touches but the run that was opened last. A hand that changes something at a tick asks for the
//! whole settle again, with one more of the schedule's `changes`; virtual time promises bits, so all that came before is
//! as it was, and the command that is told gives what was seen.

use super::error::TouchError;
use super::film::{Camera, Film};
use super::looked::{self, ShownVerdict};
use super::opened::OpenedRun;
use super::shelf::Shelf;
use super::shown;
use crate::checkpoint::Run;
use crate::circuit::file::SettlingFile;
use crate::circuit::wiring::Wiring;
use crate::circuit::{Circuit, Layer, LayerId, Schedule, Settling, VirtualTime};
use crate::data::{Grid, Images};
use crate::episode::Episode;
use crate::evaluation::{EvaluationError, Trained, image_sense};
use crate::executor::{Measure, Presentation, SettleOptions, Settler};
use crate::matrix::Matrix;
use crate::params::Reading;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// A film is no longer: what a browser gets at once.
const MOST_TICKS: u64 = 2_000;

/// What is to be settled.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TouchRequest {
    /// The run, from the shelf on.
    pub run: String,
    /// `VirtualTime(...)`, as a circuit file has it, with its changes.
    pub schedule: String,
    /// Which test image, where none is drawn.
    #[serde(default)]
    pub row: usize,
    /// An image that was drawn by hand, value by value.
    #[serde(default)]
    pub drawn: Option<Vec<f32>>,
    /// The part that is not shown.
    #[serde(default)]
    pub hidden: HiddenPart,
}

/// A part of an image that is not shown, so that the circuit completes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HiddenPart {
    /// All of it is shown.
    #[default]
    Nothing,
    /// The right half.
    Right,
    /// The left half.
    Left,
    /// The upper half.
    Top,
    /// The lower half.
    Bottom,
}

impl HiddenPart {
    fn hides(self, grid: Grid, pixel: usize) -> bool {
        let place = pixel / grid.channels.max(1);
        let (row, column) = (place / grid.width, place % grid.width);
        match self {
            Self::Nothing => false,
            Self::Right => column >= grid.width / 2,
            Self::Left => column < grid.width / 2,
            Self::Top => row < grid.height / 2,
            Self::Bottom => row >= grid.height / 2,
        }
    }
}

/// Both settles, and how to do them again.
#[derive(Debug, Clone, Serialize)]
pub struct Touched {
    /// Names of populations, in the order that films count them.
    pub populations: Vec<String>,
    /// Ends of links, as places in the list of populations, in the order that films count them.
    pub links: Vec<(usize, usize)>,
    /// What was shown.
    pub image: TouchedImage,
    /// As the hand changed it.
    pub touched: Film,
    /// As it is without the hand.
    pub plain: Film,
    /// Free energy of each predicted layer at the readout, in nats.
    pub readout: IndexMap<String, f64>,
    /// States of all layers at the end, with the hand.
    pub states: IndexMap<String, Vec<f32>>,
    /// The command that gives these bits, beside `input.npy` and, where a part is hidden, `mask.npy`.
    pub command: String,
    /// The settling as a circuit file has it.
    pub ron: String,
}

/// What was shown.
#[derive(Debug, Clone, Serialize)]
pub struct TouchedImage {
    /// The sense that saw it.
    pub sense: String,
    /// Its values.
    pub values: Vec<f32>,
    /// Which of them were observed, 1 or 0, where not all were.
    pub observed: Option<Vec<f32>>,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Values of a pixel.
    pub channels: usize,
    /// Its class, where it is known.
    pub label: Option<u8>,
    /// How many images there are to choose from.
    pub images: usize,
}

/// Settles for a page; one settle at a time.
#[derive(Debug, Default)]
pub struct Touch {
    opened: OpenedRun,
}

impl Touch {
    /// Settles one image twice, with and without the changes of the schedule.
    ///
    /// # Errors
    /// [`TouchError`].
    pub fn settle(&self, shelf: &Shelf, request: &TouchRequest) -> Result<Touched, TouchError> {
        let folder = shelf.folder(&request.run)?;
        self.opened.with(&folder, |trained| touched(trained, &folder, request))?
    }

    /// The circuit of a run as SVG, with what its newest weights have learned, where there are any.
    ///
    /// # Errors
    /// [`TouchError`] where it is no run of a circuit.
    pub fn drawing(&self, shelf: &Shelf, run: &str) -> Result<String, TouchError> {
        let folder = shelf.folder(run)?;
        let drawn = match self.opened.with_network(&folder, |run, network| shown::drawing(run, Some(network))) {
            Ok(drawn) => drawn,
            Err(_) => Run::open(&folder).and_then(|run| shown::drawing(&run, None)),
        };
        Ok(drawn.map_err(EvaluationError::from)?)
    }

    /// The circuit of a run as SVG, with the activities, messages and ages of its last batch; `None` where it has told nothing
    /// of them.
    ///
    /// # Errors
    /// [`TouchError`] where it is no run of a circuit.
    pub fn live_drawing(&self, shelf: &Shelf, run: &str) -> Result<Option<String>, TouchError> {
        let drawn = shown::live_drawing(&shelf.folder(run)?);
        Ok(drawn.map_err(EvaluationError::from)?)
    }

    /// Receptive fields of the first layer that predicts the image, as PNG; `None` where there are none to show yet.
    ///
    /// # Errors
    /// [`TouchError`] where the run is not on the shelf.
    pub fn fields(&self, shelf: &Shelf, run: &str) -> Result<Option<Vec<u8>>, TouchError> {
        let folder = shelf.folder(run)?;
        Ok(self.opened.with_network(&folder, shown::field_tiles).unwrap_or_default())
    }

    /// Ten test images above what the newest weights of a run make of them, as PNG.
    ///
    /// # Errors
    /// [`TouchError`].
    pub fn reconstructions(&self, shelf: &Shelf, run: &str) -> Result<Vec<u8>, TouchError> {
        self.opened.with(&shelf.folder(run)?, looked::reconstructions)?
    }

    /// What settling of a run bears, by its newest weights, where three test images have settled in lock-step.
    ///
    /// # Errors
    /// [`TouchError`].
    pub fn verdict(&self, shelf: &Shelf, run: &str) -> Result<ShownVerdict, TouchError> {
        self.opened.with(&shelf.folder(run)?, looked::verdict)?
    }
}

fn touched(trained: &mut Trained, folder: &Path, request: &TouchRequest) -> Result<Touched, TouchError> {
    let circuit = trained.circuit();
    let time = virtual_time(&request.schedule, &circuit)?;
    let (sense, layer) = image_sense(&circuit)?;
    let sense = sense.to_owned();
    let image = shown(&circuit, layer, &sense, trained.data.test_or_train(), request)?;
    let settling = Settling { schedule: Schedule::VirtualTime(time.clone().into()), ..circuit.settling().clone() };
    let ron = SettlingFile::new(&settling, &circuit);
    let ron = ron::to_string(&ron).unwrap_or_default();
    let (touched, settler, readout) = film(trained, &image, layer, &settling)?;
    let wiring = Arc::clone(trained.network.wiring());
    let state = |(id, layer): (LayerId, &Layer)| {
        (layer.name().to_owned(), settler.activities().state(&wiring, id).as_slice().to_vec())
    };
    let states = circuit.layers().map(state).collect();
    let plain = match time.changes.is_empty() {
        true => touched.clone(),
        false => {
            let untouched = VirtualTime { changes: Vec::new(), ..time };
            let settling = Settling { schedule: Schedule::VirtualTime(untouched.into()), ..settling };
            film(trained, &image, layer, &settling)?.0
        }
    };
    Ok(Touched {
        populations: wiring.populations.iter().map(|population| population.name.clone()).collect(),
        links: wiring.links.iter().map(|link| (link.from.0, link.to.0)).collect(),
        command: command(folder, &image, request.schedule.trim()),
        image,
        touched,
        plain,
        readout,
        states,
        ron,
    })
}

/// The schedule that is asked for, short enough to be shown.
fn virtual_time(text: &str, circuit: &Circuit) -> Result<VirtualTime, TouchError> {
    let Schedule::VirtualTime(time) = Schedule::parse(text, circuit)? else {
        return Err(TouchError::Request("a settle to touch runs in virtual time; write VirtualTime(...)".to_owned()));
    };
    let until = time.until.unwrap_or(2 * circuit.settling().stopping.max_steps() as u64);
    if until > MOST_TICKS {
        let problem = format!("{until} ticks are too many to be shown; until: {MOST_TICKS} is the most");
        return Err(TouchError::Request(problem));
    }
    Ok(*time)
}

fn shown(
    circuit: &Circuit,
    layer: LayerId,
    sense: &str,
    images: &Images,
    request: &TouchRequest,
) -> Result<TouchedImage, TouchError> {
    let refused = |text: String| Err(TouchError::Request(text));
    if circuit.layer(layer).read() == Some(Reading::Standardised) || images.reading() == Reading::Standardised {
        return refused(
            "images of this run are standardised, and `settle` would standardise them twice; use a run that reads \
                        them as Grey or Binarised"
                .to_owned(),
        );
    }
    let (values, label) = match &request.drawn {
        Some(drawn) if drawn.len() != images.size() || drawn.iter().any(|value| !(0.0..=1.0).contains(value)) => {
            return refused(format!("a drawn image has {} values from 0 to 1", images.size()));
        }
        Some(drawn) => (drawn.clone(), None),
        None if request.row >= images.count() => {
            return refused(format!("there are {} images, counted from 0", images.count()));
        }
        None => {
            let values = images.matrix(&[request.row]).as_slice().to_vec();
            (values, images.labels().and_then(|labels| labels.get(request.row).copied()))
        }
    };
    let grid = images.grid();
    let observed = |pixel| if request.hidden.hides(grid, pixel) { 0.0 } else { 1.0 };
    let observed = (request.hidden != HiddenPart::Nothing).then(|| (0..values.len()).map(observed).collect());
    let Grid { width, height, channels } = grid;
    let images = images.count();
    Ok(TouchedImage { sense: sense.to_owned(), values, observed, width, height, channels, label, images })
}

/// One settle, watched; its settler holds what it came to.
fn film(
    trained: &mut Trained,
    image: &TouchedImage,
    layer: LayerId,
    settling: &Settling,
) -> Result<(Film, Settler, IndexMap<String, f64>), TouchError> {
    let circuit = trained.circuit();
    let wiring: Arc<Wiring> = Arc::clone(trained.network.wiring());
    let row = |values: &[f32]| Matrix::from_fn(1, values.len(), |_, pixel| values[pixel]);
    let mut episode = Episode::new(&circuit, [(image.sense.clone(), row(&image.values))])?;
    if let Some(observed) = &image.observed {
        episode = episode.mask(&circuit, &image.sense, row(observed))?;
    }
    let camera = Arc::new(Camera::new(wiring.error_of(layer)));
    let mut settler = Settler::new();
    settler.watch(camera.clone());
    let options = SettleOptions {
        measure: Measure::EveryStep,
        record: true,
        trace: true,
        // That of `gncn settle` without --seed.
        presentation: Presentation::of_run(0),
        ..SettleOptions::default()
    };
    let settled = settler.settle(&mut trained.network, &episode, settling, options)?;
    let (Some(log), Some(trace)) = (&settled.log, &settled.trace) else {
        unreachable!("both were asked for");
    };
    let film = camera.develop(&circuit, &wiring, log, trace);
    let errors = settled.energies.populations.iter();
    let names = errors.map(|id| circuit.layer(wiring.population(*id).layer).name().to_owned());
    let last = settled.energies.sums.last().cloned().unwrap_or_default();
    Ok((film, settler, names.zip(last).collect()))
}

/// The command that settles the same image in the same way.
fn command(folder: &Path, image: &TouchedImage, schedule: &str) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let file = |name: &str| quoted(&folder.join(name).display().to_string());
    let mask = image
        .observed
        .as_ref()
        .map_or_else(String::new, |_| format!(" --mask {}", quoted(&format!("{}=mask.npy", image.sense))));
    format!(
        "gncn settle {} --weights {} --input {}{mask} --schedule {}",
        file("circuit.ron"),
        file("weights.safetensors"),
        quoted(&format!("{}=input.npy", image.sense)),
        quoted(schedule),
    )
}
