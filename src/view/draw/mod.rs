//! Circuits as pictures.
//!
//! [`scene()`] makes plain geometry of a circuit: rooms with their populations, links, labels. [`svg()`], [`dot()`] and
//! (with the feature `png`) `png` write it, or a circuit, in a format that other programs open; [`bytes()`] chooses by the
//! ending of a name. An [`Overlay`] puts values on links, so that the same drawing shows [`norms()`] of synapses, [`ages()`]
//! of messages, or how a training goes ([`live()`]); and pictures into rooms, such as receptive fields.
//!
//! How a scene comes about: `cables` gives every layer a level and bundles the links of each projection; `rows` orders the
//! levels and lets lines pass between rooms; `rooms` measures what stands inside a room; `places` and `routes` fix
//! everything across and down; `compose` puts it together.

mod ages;
mod cables;
mod compose;
mod dot;
#[cfg(feature = "pictures")]
mod fields;
mod file;
mod legend;
mod live;
mod norms;
mod overlay;
mod palette;
mod places;
#[cfg(feature = "png")]
mod raster;
mod rooms;
mod routes;
mod rows;
mod scene;
mod spacing;
mod svg;
mod text;
mod words;

pub use ages::ages;
pub use compose::scene;
pub use dot::dot;
#[cfg(feature = "pictures")]
pub use fields::learned;
pub use file::{Format, bytes};
pub use live::live;
pub use norms::norms;
pub use overlay::{LinkMark, Overlay, RoomMark, RoomPicture, SHADES, Scale};
pub use palette::{Theme, style_sheet};
#[cfg(feature = "png")]
pub use raster::png;
pub use scene::{Cell, Label, Line, LinkKind, Rect, Role, Room, Scene, SceneImage, Spot, Swatch};
pub use svg::{svg, svg_element};
