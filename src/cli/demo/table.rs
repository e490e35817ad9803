//! Aligned columns and percentiles. Knows nothing of people or changes.

use std::time::Duration;

/// Lines with aligned columns, each indented by two blanks; `right` tells the columns of numbers.
pub(super) fn lines(rows: &[Vec<String>], right: &[bool]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = width(column);
            let to_the_right = right.get(column).copied().unwrap_or(false);
            let cell =
                if to_the_right { format!("{cell:>width$}") } else { format!("{cell:<width$}") };
            line.push_str("  ");
            line.push_str(&cell);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The smallest time that `percent` of the times do not exceed; zero when there are none.
pub(super) fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let rank = sorted.len().saturating_mul(percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// Milliseconds with one digit behind the point.
pub(super) fn ms(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_characters() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows = [row(["Zoë", "9.5", "a"]), row(["Al", "10.5", ""])];
        assert_eq!(lines(&rows, &[false, true, false]), "  Zoë   9.5  a\n  Al   10.5\n");
    }

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times: Vec<Duration> = (1..=20).rev().map(Duration::from_millis).collect();
        let of = |percent| percentile(&times, percent).as_millis();
        assert_eq!((of(50), of(95), of(100)), (10, 19, 20));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
        assert_eq!(ms(Duration::from_micros(1_250)), "1.2");
    }
}
