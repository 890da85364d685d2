//! `shape: (h, w)` or `(h, w, c)` of a layer, as text.

use serde::de::{SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Rows, columns and channels of a layer; one channel where the text gives none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape(pub [usize; 3]);

impl Serialize for Shape {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // As short as it was written: a layer of one channel has no third number.
        let length = if self.0[2] == 1 { 2 } else { 3 };
        let mut tuple = serializer.serialize_tuple(length)?;
        self.0[..length].iter().try_for_each(|side| tuple.serialize_element(side))?;
        tuple.end()
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // RON tells no lengths beforehand, and a tuple of three may end after two.
        deserializer.deserialize_tuple(3, Sides)
    }
}

/// The serde visitor of a [`Shape`].
struct Sides;

impl<'de> Visitor<'de> for Sides {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a shape, `(rows, columns)` or `(rows, columns, channels)`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sides: A) -> Result<Shape, A::Error> {
        let missing = |n| serde::de::Error::invalid_length(n, &Sides);
        let rows = sides.next_element()?.ok_or_else(|| missing(0))?;
        let columns = sides.next_element()?.ok_or_else(|| missing(1))?;
        Ok(Shape([rows, columns, sides.next_element()?.unwrap_or(1)]))
    }
}
