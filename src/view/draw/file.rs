//! Which kind of file a drawing becomes.

use super::compose::scene;
use super::dot::dot;
use super::overlay::Overlay;
use super::palette::Theme;
use super::svg::svg;
use crate::circuit::Circuit;
use crate::data::DataError;
use std::path::Path;

/// The kind of file of a drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text that every browser shows; it grows without blur, and a screen reader reads it.
    Svg,
    /// Pixels.
    Png,
    /// Text for Graphviz.
    Dot,
}

/// PNG has twice the pixels of a scene, for screens and paper of a high resolution.
#[cfg(feature = "png")]
const PNG_SCALE: f64 = 2.0;

impl Format {
    /// The kind that the ending of a file's name tells.
    ///
    /// # Errors
    /// [`DataError::Content`] for any other ending, or none, with the legal ones.
    pub fn of(path: &Path) -> Result<Self, DataError> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let problem = match ending.as_deref() {
            Some("svg") => return Ok(Self::Svg),
            Some("png") => return Ok(Self::Png),
            Some("dot") => return Ok(Self::Dot),
            Some(other) => format!("`.{other}` is no ending of a drawing"),
            None => "the name has no ending".to_owned(),
        };
        let legal = "end it with .svg, .png or .dot (for Graphviz)";
        Err(DataError::content(&path.display().to_string(), problem, legal))
    }
}

/// The bytes of a drawing of `circuit`. The same arguments give the same bytes; `theme` is of no account for
/// [`Format::Dot`].
///
/// # Errors
/// [`DataError::Content`] where a PNG would be larger than programs open, or where the library was built without the
/// feature `png`.
///
/// # Examples
/// ```
/// # use gncn::circuit::Circuit;
/// # let circuit = Circuit::parse(br#"(
/// #     name: "smallest",
/// #     layers: { "z0": (size: 4, sense: "image"), "z1": (size: 2, beta: 0.1) },
/// #     projections: [(from: "z1", to: "z0", feedback: Transposed)],
/// # )"#).unwrap();
/// use gncn::view::draw::{Format, Overlay, Theme, bytes};
///
/// let text = bytes(&circuit, &Overlay::default(), Format::of("c.dot".as_ref())?, Theme::Auto)?;
/// assert!(text.starts_with(b"digraph"));
/// assert!(Format::of("c.pdf".as_ref()).unwrap_err().to_string().contains(".svg, .png or .dot"));
/// # Ok::<(), gncn::data::DataError>(())
/// ```
pub fn bytes(circuit: &Circuit, overlay: &Overlay, format: Format, theme: Theme) -> Result<Vec<u8>, DataError> {
    match format {
        Format::Svg => Ok(svg(&scene(circuit, overlay), theme).into_bytes()),
        Format::Dot => Ok(dot(circuit, overlay).into_bytes()),
        #[cfg(feature = "png")]
        Format::Png => super::raster::png(&scene(circuit, overlay), theme, PNG_SCALE),
        #[cfg(not(feature = "png"))]
        Format::Png => {
            let next = "write .svg or .dot, or build gncn with `--features png`";
            Err(DataError::content("picture", "this gncn was built without drawings as .png", next))
        }
    }
}
