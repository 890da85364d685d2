//! A drawing as plain geometry: rooms, links and labels, each with its place.
//!
//! Everything that writes a picture, or describes one in words, reads this and nothing else, so what tests find out about
//! a scene holds for every format. Lengths are pixels at a scale of 1, `x` grows to the right and `y` downwards.

use crate::circuit::LayerId;
use crate::circuit::wiring::{Kind, PopulationId};

/// A place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// An upright rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    /// The left edge.
    pub x: f64,
    /// The top edge.
    pub y: f64,
    /// Pixels across.
    pub width: f64,
    /// Pixels down.
    pub height: f64,
}

impl Rect {
    /// The right edge.
    #[must_use]
    pub fn right(&self) -> f64 {
        self.x + self.width
    }

    /// The bottom edge.
    #[must_use]
    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }

    /// Whether `other` lies inside, edges included.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.x >= self.x && other.y >= self.y && other.right() <= self.right() && other.bottom() <= self.bottom()
    }

    /// Whether the two share more than an edge.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let across = self.x < other.right() && other.x < self.right();
        across && self.y < other.bottom() && other.y < self.bottom()
    }

    /// Whether the upright or level line from `a` to `b`, `width` pixels wide, enters the rectangle.
    #[must_use]
    pub fn is_crossed_by(&self, a: Spot, b: Spot, width: f64) -> bool {
        let half = width / 2.0;
        let line = Self {
            x: a.x.min(b.x) - half,
            y: a.y.min(b.y) - half,
            width: (a.x - b.x).abs() + width,
            height: (a.y - b.y).abs() + width,
        };
        self.overlaps(&line)
    }

    /// The same, moved.
    pub(super) fn moved(self, x: f64, y: f64) -> Self {
        Self { x: self.x + x, y: self.y + y, ..self }
    }
}

/// What a line stands for; each has a style of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkKind {
    /// Activity to an error population, through generative synapses W.
    Generative,
    /// The same, where another way from the one layer to the other passes through layers between.
    Skip,
    /// Mismatch through learned error synapses E.
    Feedback,
    /// Mismatch through W, read backwards.
    Pathway,
    /// A state population to its own error population.
    Target,
    /// An error population to its own state population.
    Mismatch,
    /// Synapses V inside a state population.
    Lateral,
}

impl LinkKind {
    /// Every kind, in the order of a legend.
    pub const ALL: [Self; 7] =
        [Self::Generative, Self::Skip, Self::Feedback, Self::Pathway, Self::Target, Self::Mismatch, Self::Lateral];

    /// Its name, as the class of a style sheet has it.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Generative => "generative",
            Self::Skip => "skip",
            Self::Feedback => "feedback",
            Self::Pathway => "pathway",
            Self::Target => "target",
            Self::Mismatch => "mismatch",
            Self::Lateral => "lateral",
        }
    }

    /// What a legend says of it.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Generative => "prediction, through synapses W",
            Self::Skip => "skip: a prediction past other layers",
            Self::Feedback => "feedback, through learned synapses E",
            Self::Pathway => "feedback, through W read backwards",
            Self::Target => "target: what is predicted",
            Self::Mismatch => "mismatch, to its own state",
            Self::Lateral => "lateral synapses V",
        }
    }

    /// Lengths of dashes and gaps; a line without is solid. With colours gone, these still tell kinds apart.
    #[must_use]
    pub fn dashes(self) -> &'static [f64] {
        match self {
            Self::Generative | Self::Feedback | Self::Target | Self::Mismatch | Self::Lateral => &[],
            Self::Skip => &[9.0, 4.0],
            Self::Pathway => &[2.5, 3.0],
        }
    }

    /// Pixels across where nothing else is asked for.
    #[must_use]
    pub fn width(self) -> f64 {
        match self {
            Self::Generative | Self::Skip | Self::Feedback | Self::Pathway => 2.0,
            Self::Target | Self::Mismatch | Self::Lateral => 1.5,
        }
    }
}

/// One population of a room.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Which one.
    pub population: PopulationId,
    /// State or error neurons.
    pub kind: Kind,
    /// Its place.
    pub rect: Rect,
}

/// One layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Room {
    /// Which one.
    pub layer: LayerId,
    /// Its place.
    pub rect: Rect,
    /// Whether a sense clamps it.
    pub is_sensory: bool,
    /// All that is known of it, in words.
    pub title: String,
    /// The error population, where there is one, and the state population.
    pub cells: Vec<Cell>,
}

/// A line with an arrow at its last point. Every piece is upright or level.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What it stands for.
    pub kind: LinkKind,
    /// Its corners, from the sender to the receiver.
    pub points: Vec<Spot>,
    /// Pixels across.
    pub width: f64,
    /// Which of the six shades of a scale it has, 0 the least; without, it has the colour of its kind.
    pub shade: Option<usize>,
    /// Which link of [`Wiring::links`](crate::circuit::wiring::Wiring::links); lateral synapses and samples are none.
    pub link: Option<usize>,
    /// The layers that it may touch; none for the samples of a legend.
    pub layers: Vec<LayerId>,
    /// What it carries, in words.
    pub title: String,
}

/// What a label is for, which decides how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The name of the circuit.
    Title,
    /// What the circuit is.
    About,
    /// The name of a layer.
    Name,
    /// The name of a sense.
    Sense,
    /// What kind a population is of.
    Heading,
    /// A property.
    Detail,
    /// A value of a link.
    Value,
    /// A line of the legend.
    Legend,
}

impl Role {
    /// The height of the letters' em, in pixels.
    #[must_use]
    pub fn size(self) -> f64 {
        match self {
            Self::Title => 18.0,
            Self::Name => 15.0,
            Self::About => 12.0,
            Self::Sense | Self::Heading | Self::Detail | Self::Legend => 11.0,
            Self::Value => 10.0,
        }
    }

    /// Whether its letters are bold.
    #[must_use]
    pub fn is_bold(self) -> bool {
        matches!(self, Self::Title | Self::Name | Self::Heading | Self::Sense)
    }

    /// Its name, as the class of a style sheet has it.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::About => "about",
            Self::Name => "name",
            Self::Sense => "sense",
            Self::Heading => "heading",
            Self::Detail => "detail",
            Self::Value => "value",
            Self::Legend => "legend",
        }
    }
}

/// One line of text.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// What it is for.
    pub role: Role,
    /// What it says.
    pub text: String,
    /// The place that its letters take at most; they begin at its left edge.
    pub rect: Rect,
}

/// A patch of colour.
#[derive(Debug, Clone, PartialEq)]
pub struct Swatch {
    /// The class of its colour: `state`, `error`, `badge`, or `s0` to `s5` of a scale.
    pub class: String,
    /// Its place.
    pub rect: Rect,
}

/// A small picture.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneImage {
    /// Its place.
    pub rect: Rect,
    /// The bytes of a PNG.
    pub png: Vec<u8>,
    /// What it shows, in words.
    pub title: String,
}

/// A whole drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// Pixels across.
    pub width: f64,
    /// Pixels down.
    pub height: f64,
    /// What it shows, in a few words.
    pub title: String,
    /// All that it shows, in sentences: its text alternative.
    pub description: String,
    /// Layers, in the order of the circuit.
    pub rooms: Vec<Room>,
    /// Links, by number, then lateral synapses.
    pub links: Vec<Line>,
    /// Lines of the legend.
    pub samples: Vec<Line>,
    /// Patches of colour: marks of senses, the legend.
    pub swatches: Vec<Swatch>,
    /// Small pictures in rooms.
    pub images: Vec<SceneImage>,
    /// Texts.
    pub labels: Vec<Label>,
}
