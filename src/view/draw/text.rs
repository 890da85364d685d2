//! How wide a text is, without a font at hand.
//!
//! Widths are those of DejaVu Sans, which is wide; a viewer that lacks it falls back to Verdana (as wide) or to something
//! narrower, so that a label never takes more room than it was given.

use super::scene::Role;

/// Advance widths of the characters from space to `~`, in thousandths of an em: DejaVu Sans 2.37, rounded up.
const REGULAR: [u16; 95] = [
    318, 401, 460, 838, 637, 951, 780, 275, 391, 391, 501, 838, 318, 361, 318, 337, 637, 637, 637, 637, 637, 637, 637,
    637, 637, 637, 337, 337, 838, 838, 838, 531, 1001, 685, 687, 699, 771, 632, 576, 775, 752, 295, 295, 656, 558, 863,
    749, 788, 604, 788, 695, 635, 611, 732, 685, 989, 686, 611, 686, 391, 337, 391, 838, 501, 501, 613, 635, 550, 635,
    616, 353, 635, 634, 278, 278, 580, 278, 975, 634, 612, 635, 635, 412, 521, 393, 634, 592, 818, 592, 592, 525, 637,
    337, 637, 838,
];

/// The same of DejaVu Sans Bold.
const BOLD: [u16; 95] = [
    349, 457, 521, 838, 696, 1002, 873, 307, 458, 458, 523, 838, 380, 416, 380, 366, 696, 696, 696, 696, 696, 696, 696,
    696, 696, 696, 400, 400, 838, 838, 838, 581, 1001, 774, 763, 734, 831, 684, 684, 821, 837, 373, 373, 775, 638, 996,
    837, 851, 733, 851, 771, 721, 683, 813, 774, 1104, 771, 725, 726, 458, 366, 458, 838, 501, 501, 675, 716, 593, 716,
    679, 436, 716, 712, 343, 343, 666, 343, 1042, 712, 688, 716, 716, 494, 596, 479, 712, 652, 924, 646, 652, 583, 712,
    366, 712, 838,
];

/// An em and a bit: what any other character may take. Ideographs take one em, most letters less.
const OTHER: u16 = 1050;

/// Pixels that `text` takes at most.
pub(super) fn width(text: &str, role: Role) -> f64 {
    let table = if role.is_bold() { &BOLD } else { &REGULAR };
    let of = |c: char| match c {
        ' '..='~' => table[c as usize - 32],
        '·' => 400,
        'β' | 'γ' | 'λ' | 'φ' | 'Σ' | 'μ' => 790,
        _ => OTHER,
    };
    let thousandths: u64 = text.chars().map(|c| u64::from(of(c))).sum();
    (thousandths as f64 * role.size() / 1000.0).ceil()
}

/// Pixels from the top of one line to the top of the next.
pub(super) fn line_height(role: Role) -> f64 {
    (role.size() * 1.35).round()
}

/// A text on one line, of so many characters at most, without control characters.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if clean.chars().count() <= most {
        return clean;
    }
    clean.chars().take(most.saturating_sub(1)).chain(std::iter::once('…')).collect()
}

/// A text in lines of `room` pixels at most, and of `most` lines at most; what is left out shows as an ellipsis.
pub(super) fn wrapped(text: &str, role: Role, room: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut current = String::new();
    let mut words = text.split_whitespace().map(|word| shortened(word, 40));
    let mut is_cut = false;
    for word in words.by_ref() {
        let longer = if current.is_empty() { word.clone() } else { format!("{current} {word}") };
        if width(&longer, role) <= room || current.is_empty() {
            current = longer;
        } else if lines.len() + 1 < most {
            lines.push(std::mem::replace(&mut current, word));
        } else {
            is_cut = true;
            break;
        }
    }
    if !current.is_empty() {
        lines.push(current);
    }
    if let Some(last) = lines.last_mut().filter(|_| is_cut) {
        while width(&format!("{last} …"), role) > room && last.pop().is_some() {}
        *last = format!("{} …", last.trim_end());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_wrapped_and_cut() {
        let text = "one two three four five six seven eight nine ten";
        let lines = wrapped(text, Role::About, 100.0, 3);
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| width(line, Role::About) <= 100.0), "{lines:?}");
        assert!(lines[2].ends_with('…'));
        assert_eq!(wrapped(text, Role::About, 10_000.0, 3), [text]);
        assert!(wrapped("", Role::About, 100.0, 3).is_empty());
        assert_eq!(shortened("abcdef", 4), "abc…");
    }
}
