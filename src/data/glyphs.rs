//! The shapes of the drawn digits: for each digit its allographs, for each allograph its strokes.
//!
//! A stroke is a list of points that a Catmull-Rom spline runs through, in a unit box, x to the right and y
//! downwards. A point given twice is a corner. A closed stroke returns to its first point. The tables are left to
//! themselves by rustfmt, which would give each point a line.

/// One movement of the pen.
pub(super) struct Stroke {
    /// Points that the pen passes.
    pub(super) points: &'static [(f32, f32)],
    /// Whether it returns to where it began.
    pub(super) closed: bool,
}

/// One way to write a digit.
pub(super) struct Allograph {
    /// Width of the box over its height.
    pub(super) aspect: f32,
    /// Its strokes.
    pub(super) strokes: &'static [Stroke],
}

const fn open(points: &'static [(f32, f32)]) -> Stroke {
    Stroke { points, closed: false }
}

const fn closed(points: &'static [(f32, f32)]) -> Stroke {
    Stroke { points, closed: true }
}

const fn drawn(aspect: f32, strokes: &'static [Stroke]) -> Allograph {
    Allograph { aspect, strokes }
}

/// The allographs of the digits 0 to 9.
pub(super) const DIGITS: [&[Allograph]; 10] = [ZERO, ONE, TWO, THREE, FOUR, FIVE, SIX, SEVEN, EIGHT, NINE];

/// A ring; a ring whose ends overlap at the top.
#[rustfmt::skip]
const ZERO: &[Allograph] = &[
    drawn(
        0.72,
        &[closed(&[(0.5, 0.0), (0.13, 0.17), (0.0, 0.5), (0.13, 0.83), (0.5, 1.0), (0.87, 0.83), (1.0, 0.5), (0.87, 0.17)])],
    ),
    drawn(
        0.66,
        &[open(&[
            (0.72, 0.08), (0.38, 0.02), (0.07, 0.3), (0.04, 0.7), (0.38, 1.0), (0.8, 0.86), (1.0, 0.48), (0.86, 0.12),
            (0.55, 0.0), (0.4, 0.12),
        ])],
    ),
];

/// A bare stroke; with a flag; with a flag and a foot.
#[rustfmt::skip]
const ONE: &[Allograph] = &[
    drawn(0.3, &[open(&[(0.5, 0.0), (0.5, 0.5), (0.5, 1.0)])]),
    drawn(0.42, &[open(&[(0.0, 0.26), (0.4, 0.14), (0.7, 0.0), (0.7, 0.0), (0.7, 0.5), (0.7, 1.0)])]),
    drawn(
        0.55,
        &[
            open(&[(0.08, 0.24), (0.32, 0.14), (0.52, 0.0), (0.52, 0.0), (0.52, 0.5), (0.52, 1.0)]),
            open(&[(0.05, 1.0), (0.52, 1.0), (1.0, 1.0)]),
        ],
    ),
];

/// With a corner at the foot; with a loop at the foot.
#[rustfmt::skip]
const TWO: &[Allograph] = &[
    drawn(
        0.72,
        &[open(&[
            (0.05, 0.24), (0.2, 0.06), (0.5, 0.0), (0.82, 0.09), (0.9, 0.3), (0.7, 0.56), (0.36, 0.82), (0.03, 1.0),
            (0.03, 1.0), (0.5, 0.98), (1.0, 0.98),
        ])],
    ),
    drawn(
        0.78,
        &[open(&[
            (0.1, 0.2), (0.3, 0.03), (0.65, 0.0), (0.86, 0.2), (0.74, 0.5), (0.42, 0.82), (0.14, 0.97), (0.02, 0.86),
            (0.18, 0.76), (0.44, 0.86), (0.7, 0.98), (1.0, 0.88),
        ])],
    ),
];

/// Two round bows; a flat top and one bow.
#[rustfmt::skip]
const THREE: &[Allograph] = &[
    drawn(
        0.66,
        &[open(&[
            (0.08, 0.13), (0.38, 0.0), (0.76, 0.05), (0.86, 0.23), (0.7, 0.41), (0.36, 0.48), (0.36, 0.48), (0.76, 0.54),
            (1.0, 0.74), (0.8, 0.94), (0.42, 1.0), (0.02, 0.88),
        ])],
    ),
    drawn(
        0.66,
        &[open(&[
            (0.08, 0.02), (0.5, 0.02), (0.9, 0.02), (0.9, 0.02), (0.66, 0.2), (0.42, 0.4), (0.42, 0.4), (0.8, 0.46),
            (1.0, 0.7), (0.8, 0.94), (0.42, 1.0), (0.03, 0.88),
        ])],
    ),
];

/// Open with corners; a closed triangle; open and round.
#[rustfmt::skip]
const FOUR: &[Allograph] = &[
    drawn(
        0.72,
        &[
            open(&[(0.2, 0.02), (0.1, 0.3), (0.03, 0.6), (0.03, 0.6), (0.5, 0.61), (1.0, 0.58)]),
            open(&[(0.72, 0.08), (0.7, 0.5), (0.67, 1.0)]),
        ],
    ),
    drawn(
        0.74,
        &[open(&[
            (1.0, 0.68), (0.5, 0.68), (0.0, 0.68), (0.0, 0.68), (0.34, 0.34), (0.68, 0.0), (0.68, 0.0), (0.68, 0.5),
            (0.68, 1.0),
        ])],
    ),
    drawn(
        0.66,
        &[
            open(&[(0.1, 0.0), (0.03, 0.26), (0.18, 0.46), (0.55, 0.48), (0.88, 0.36)]),
            open(&[(0.95, 0.0), (0.88, 0.36), (0.82, 0.7), (0.78, 1.0)]),
        ],
    ),
];

/// A roof, a neck and a bow; one curve like an S.
#[rustfmt::skip]
const FIVE: &[Allograph] = &[
    drawn(
        0.68,
        &[open(&[
            (0.96, 0.01), (0.56, 0.02), (0.2, 0.02), (0.2, 0.02), (0.16, 0.22), (0.12, 0.44), (0.12, 0.44), (0.5, 0.36),
            (0.86, 0.48), (0.97, 0.7), (0.78, 0.93), (0.4, 1.0), (0.02, 0.88),
        ])],
    ),
    drawn(
        0.66,
        &[open(&[
            (0.98, 0.05), (0.6, 0.0), (0.26, 0.08), (0.16, 0.27), (0.4, 0.43), (0.76, 0.55), (0.9, 0.76), (0.7, 0.96),
            (0.36, 1.0), (0.04, 0.88),
        ])],
    ),
];

/// A round back; a straight back.
#[rustfmt::skip]
const SIX: &[Allograph] = &[
    drawn(
        0.66,
        &[open(&[
            (0.8, 0.03), (0.4, 0.16), (0.08, 0.52), (0.08, 0.82), (0.42, 1.0), (0.84, 0.9), (0.96, 0.68), (0.7, 0.5),
            (0.36, 0.55), (0.09, 0.76),
        ])],
    ),
    drawn(
        0.62,
        &[open(&[
            (0.5, 0.0), (0.24, 0.34), (0.05, 0.7), (0.22, 0.96), (0.62, 1.0), (0.97, 0.82), (0.84, 0.6), (0.46, 0.57),
            (0.08, 0.76),
        ])],
    ),
];

/// Plain; crossed; with a serif and a curved leg.
#[rustfmt::skip]
const SEVEN: &[Allograph] = &[
    drawn(0.68, &[open(&[(0.02, 0.02), (0.5, 0.02), (1.0, 0.02), (1.0, 0.02), (0.66, 0.5), (0.36, 1.0)])]),
    drawn(
        0.72,
        &[
            open(&[(0.02, 0.03), (0.5, 0.02), (0.98, 0.0), (0.98, 0.0), (0.66, 0.5), (0.4, 1.0)]),
            open(&[(0.28, 0.52), (0.6, 0.5), (0.94, 0.48)]),
        ],
    ),
    drawn(
        0.7,
        &[open(&[
            (0.03, 0.2), (0.04, 0.12), (0.05, 0.04), (0.05, 0.04), (0.5, 0.05), (0.97, 0.02), (0.97, 0.02), (0.7, 0.3),
            (0.52, 0.64), (0.48, 1.0),
        ])],
    ),
];

/// One stroke that crosses itself; two rings.
#[rustfmt::skip]
const EIGHT: &[Allograph] = &[
    drawn(
        0.64,
        &[closed(&[
            (0.86, 0.16), (0.52, 0.0), (0.18, 0.12), (0.2, 0.33), (0.5, 0.48), (0.88, 0.66), (0.9, 0.88), (0.5, 1.0),
            (0.1, 0.88), (0.13, 0.66), (0.5, 0.47), (0.8, 0.34),
        ])],
    ),
    drawn(
        0.6,
        &[
            closed(&[(0.5, 0.0), (0.16, 0.1), (0.16, 0.34), (0.5, 0.45), (0.84, 0.34), (0.84, 0.1)]),
            closed(&[(0.5, 0.45), (0.07, 0.58), (0.05, 0.86), (0.5, 1.0), (0.95, 0.86), (0.93, 0.58)]),
        ],
    ),
];

/// A straight stem; a curled tail.
#[rustfmt::skip]
const NINE: &[Allograph] = &[
    drawn(
        0.62,
        &[open(&[
            (0.95, 0.18), (0.62, 0.0), (0.2, 0.08), (0.06, 0.32), (0.36, 0.52), (0.76, 0.42), (0.95, 0.16), (0.95, 0.16),
            (0.9, 0.56), (0.82, 1.0),
        ])],
    ),
    drawn(
        0.64,
        &[open(&[
            (0.92, 0.2), (0.64, 0.0), (0.24, 0.07), (0.1, 0.3), (0.38, 0.48), (0.76, 0.38), (0.92, 0.14), (0.92, 0.14),
            (0.97, 0.5), (0.86, 0.86), (0.5, 1.0), (0.1, 0.9),
        ])],
    ),
];
