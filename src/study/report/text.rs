//! Text of a page: escaped, and numbers as people read them.

use std::fmt::Write;

/// Text that is nothing but text, in elements and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // No XML reader takes other control characters.
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A number with four digits that count; large and tiny ones as `1.234·10⁶`.
pub(super) fn number(value: f64) -> String {
    if value.is_nan() {
        return "not a number".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞".to_owned() } else { "−∞".to_owned() };
    }
    let size = value.abs();
    let text = if size == 0.0 {
        "0".to_owned()
    } else if !(1e-3..1e5).contains(&size) {
        return powers(value, 3);
    } else {
        // 99.995 would get a digit too many if its size were taken before rounding.
        let digits = 3 - (format!("{size:.3e}").split_once('e').map_or(0, |(_, e)| e.parse().unwrap_or(0))).min(3);
        format!("{value:.*}", usize::try_from(digits).unwrap_or(0))
    };
    minus(&text)
}

/// A tick: as short as it can be.
pub(super) fn tick(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e5).contains(&size) {
        return powers(value, 0);
    }
    let text = format!("{value:.4}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    minus(if text == "-0" { "0" } else { text })
}

/// A difference, with its sign.
pub(super) fn signed(value: f64) -> String {
    if value > 0.0 { format!("+{}", number(value)) } else { number(value) }
}

/// `+1.2 (95 % interval 0.8 to 1.6)` without the words.
pub(super) fn range(low: f64, high: f64) -> String {
    format!("{} to {}", number(low), number(high))
}

fn minus(text: &str) -> String {
    text.replacen('-', "−", 1)
}

/// `1.23·10⁴`; without the factor where that is one.
fn powers(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$e}");
    let (factor, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: String = exponent.chars().map(raised).collect();
    match factor {
        "1" => format!("10{exponent}"),
        "-1" => format!("−10{exponent}"),
        factor => format!("{}·10{exponent}", minus(factor)),
    }
}

fn raised(c: char) -> char {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    c.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize])
}

/// Rows as a list of links, or as a plain text for a tooltip: `3`, `3 to 8`, `3, 5, 9 and 4 more`.
pub(super) fn rows_in_words(rows: &[usize]) -> String {
    let consecutive = rows.windows(2).all(|pair| pair[1] == pair[0] + 1);
    match rows {
        [] => "no row".to_owned(),
        [one] => format!("row {one}"),
        [first, .., last] if consecutive => format!("rows {first} to {last}"),
        _ => {
            const MOST: usize = 6;
            let mut out = String::from("rows ");
            for (i, row) in rows.iter().take(MOST).enumerate() {
                let _ = write!(out, "{}{row}", if i > 0 { ", " } else { "" });
            }
            if rows.len() > MOST {
                let _ = write!(out, " and {} more", rows.len() - MOST);
            }
            out
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_true() {
        let cases = [
            (0.0, "0"),
            (45.6123, "45.61"),
            (-1.0, "−1.000"),
            (99.996, "100.0"),
            (9999.7, "10000"),
            (0.012_345, "0.01235"),
            (12_345_678.0, "1.235·10⁷"),
            (-2e-7, "−2.000·10⁻⁷"),
            (f64::INFINITY, "∞"),
            (f64::NAN, "not a number"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text, "{value}");
        }
        assert_eq!([tick(0.0), tick(0.25), tick(-3.0), tick(1e6), tick(100.0)], ["0", "0.25", "−3", "10⁶", "100"]);
        assert_eq!(signed(2.0), "+2.000");
    }

    #[test]
    fn nothing_breaks_out_of_an_attribute() {
        assert_eq!(escape("<a href='x' \"&\u{1}>"), "&lt;a href=&#39;x&#39; &quot;&amp;\u{fffd}&gt;");
    }

    #[test]
    fn rows_are_named_briefly() {
        assert_eq!(rows_in_words(&[3]), "row 3");
        assert_eq!(rows_in_words(&[3, 4, 5]), "rows 3 to 5");
        assert_eq!(rows_in_words(&[1, 3, 5, 7, 9, 11, 13]), "rows 1, 3, 5, 7, 9, 11 and 1 more");
    }
}
