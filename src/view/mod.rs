//! What a person looks at: circuits as pictures.
//!
//! Everything here returns values (a scene, text, bytes of a file). Nothing prints, and nothing writes a file.

pub mod draw;
