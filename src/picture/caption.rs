//! Words on pictures, in letters of 8x8 pixels.

use font8x8::legacy::BASIC_LEGACY;

/// Pixels of a side of a letter.
pub(super) const LETTER: usize = 8;

/// Calls `paint` with the column and row of each pixel of `text`, from its upper left corner, up to `most` columns. What
/// isn't ASCII is drawn as a question mark.
pub(super) fn pixels(text: &str, most: usize, mut paint: impl FnMut(usize, usize)) {
    for (place, letter) in text.chars().enumerate().take(most / LETTER) {
        let shape = BASIC_LEGACY.get(letter as usize).unwrap_or(&BASIC_LEGACY[usize::from(b'?')]);
        for (y, line) in shape.iter().enumerate() {
            // The lowest bit is the leftmost pixel.
            (0..LETTER).filter(|x| line >> x & 1 == 1).for_each(|x| paint(place * LETTER + x, y));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_stay_within_their_columns() {
        let mut seen = Vec::new();
        pixels("7é", 15, |x, y| seen.push((x, y)));
        assert!(!seen.is_empty() && seen.iter().all(|(x, y)| *x < 8 && *y < 8), "the second doesn't fit");
    }
}
