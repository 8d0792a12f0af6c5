//! Markdown.

use super::stats::{Difference, Estimate};

/// What stands where there is no number.
const NONE: &str = "–";

/// A table; the first columns, so many, are text, the others are numbers.
pub(crate) fn table(header: &[&str], texts: usize, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let ruler = (0..header.len()).map(|column| if column < texts { "---" } else { "---:" });
    let ruler: Vec<String> = ruler.map(str::to_owned).collect();
    let header: Vec<String> = header.iter().map(|&cell| cell.to_owned()).collect();
    let body: String = rows.into_iter().map(|row| line(&row)).collect();
    format!("{}{}{body}", line(&header), line(&ruler))
}

/// A mean with half the width of its interval, which is nearly symmetric with so many lists.
pub(crate) fn estimated(value: &Estimate) -> String {
    format!("{:.4} ± {:.4}", value.mean, (value.high - value.low) / 2.)
}

/// A difference with its interval, over so many seeds; marked where it is significant, but never where one seed is all
/// there is: what two fits differ by may be luck.
pub(crate) fn differing(found: Option<&Difference>, seeds: usize) -> String {
    found.map_or_else(
        || NONE.to_owned(),
        |found| {
            let mark = if found.is_significant() && seeds > 1 { " *" } else { "" };
            format!("{:+.4} [{:+.4}, {:+.4}]{mark}", found.diff, found.low, found.high)
        },
    )
}

/// A number with so many decimals.
pub(crate) fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| NONE.to_owned(), |value| format!("{value:.decimals$}"))
}

/// A part in per cent, with half the width of its interval.
pub(crate) fn percents(part: Option<&Estimate>) -> String {
    let width = |part: &Estimate| 50. * (part.high - part.low);
    part.map_or_else(|| NONE.to_owned(), |part| format!("{:.2} ± {:.2} %", 100. * part.mean, width(part)))
}

/// The differences of seeds, one after the other.
pub(crate) fn listed(by_seed: &[f64]) -> String {
    by_seed.iter().map(|diff| format!("{diff:+.4}")).collect::<Vec<_>>().join(", ")
}

/// 1 seed, 2 seeds.
pub(crate) fn seeds(count: usize) -> String {
    if count == 1 { "1 seed".to_owned() } else { format!("{count} seeds") }
}

/// 24,000 reads better than 24000.
pub(crate) fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let group = |(index, digit): (usize, char)| {
        let comma = index > 0 && (digits.len() - index).is_multiple_of(3);
        comma.then_some(',').into_iter().chain([digit])
    };
    digits.chars().enumerate().flat_map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_as_many_cells_as_the_header() {
        let text = table(&["a", "b"], 1, [vec!["x".to_owned(), "1".to_owned()]]);
        assert_eq!(text, "| a | b |\n| --- | ---: |\n| x | 1 |\n");
    }

    #[test]
    fn only_what_is_significant_is_marked() {
        let found = |p| Difference { diff: -0.5, low: -1., high: 0.1, p };
        assert_eq!(differing(Some(&found(0.01)), 2), "-0.5000 [-1.0000, +0.1000] *");
        assert_eq!(differing(Some(&found(0.01)), 1), "-0.5000 [-1.0000, +0.1000]");
        assert_eq!(differing(Some(&found(0.05)), 2), "-0.5000 [-1.0000, +0.1000]");
        assert_eq!(differing(None, 2), "–");
    }

    #[test]
    fn numbers_keep_their_decimals() {
        assert_eq!(estimated(&Estimate { mean: 2., low: 1.9, high: 2.1 }), "2.0000 ± 0.1000");
        assert_eq!((number(Some(0.12345), 3), number(None, 3)), ("0.123".to_owned(), "–".to_owned()));
        assert_eq!(percents(Some(&Estimate { mean: 0.98765, low: 0.98, high: 0.99 })), "98.77 ± 0.50 %");
    }

    #[test]
    fn differences_of_seeds_have_their_signs() {
        assert_eq!(listed(&[0.1, -0.02]), "+0.1000, -0.0200");
    }

    #[test]
    fn large_counts_are_grouped() {
        let grouped = [0, 999, 1_000, 24_000, 1_234_567].map(thousands);
        assert_eq!(grouped, ["0", "999", "1,000", "24,000", "1,234,567"]);
    }
}
