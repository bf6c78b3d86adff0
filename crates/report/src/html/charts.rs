//! Charts as inline SVG. Every chart stands beside its numbers, so readers of the screen skip it.

use std::fmt::Write as _;

/// A part of a stacked bar: a colour class and a count.
pub(super) type Part = (&'static str, u64);

/// A horizontal bar of parts that add up to `whole`, 100 units wide; it stretches to its cell.
pub(super) fn stacked(parts: &[Part], whole: u64) -> String {
    let mut svg = String::from(
        "<svg class=\"bar\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\"><rect class=\"fill-track\" width=\"100\" height=\"8\"/>",
    );
    let mut x = 0.0;
    for (class, count) in parts.iter().filter(|(_, count)| *count > 0) {
        // Counts beyond 2^53 do not occur; a sliver is kept visible at any size.
        let width = (*count as f64 / whole.max(1) as f64 * 100.0).max(0.7).min(100.0 - x);
        let _ = write!(svg, "<rect class=\"fill-{class}\" x=\"{x:.2}\" width=\"{width:.2}\" height=\"8\"/>");
        x += width;
    }
    svg.push_str("</svg>");
    svg
}

/// The score as three quarters of a ring.
pub(super) fn gauge(score: Option<u64>, figure: &str, below: &str) -> String {
    const RADIUS: f64 = 52.0;
    let round = std::f64::consts::TAU * RADIUS;
    let arc = round * 0.75;
    let filled = arc * score.unwrap_or(0).min(100) as f64 / 100.0;
    let class = match score {
        None => "track",
        Some(90..) => "compliant",
        Some(60..=89) => "medium",
        Some(_) => "critical",
    };
    let value = match filled > 0.0 {
        true => format!(
            "<circle class=\"stroke-{class}\" cx=\"64\" cy=\"64\" r=\"52\" stroke-dasharray=\"{filled:.2} {round:.2}\" transform=\"rotate(135 64 64)\"/>"
        ),
        false => String::new(),
    };
    format!(
        "<svg class=\"gauge\" viewBox=\"0 0 128 116\" aria-hidden=\"true\" focusable=\"false\">\
         <circle class=\"stroke-track\" cx=\"64\" cy=\"64\" r=\"52\" stroke-dasharray=\"{arc:.2} {round:.2}\" transform=\"rotate(135 64 64)\"/>{value}\
         <text class=\"figure\" x=\"64\" y=\"72\" text-anchor=\"middle\">{figure}</text>\
         <text class=\"below\" x=\"64\" y=\"92\" text-anchor=\"middle\">{below}</text></svg>"
    )
}

/// How dark a heat cell is, 0 to 5, by the share of the largest on a root scale: few stays visible beside many.
pub(super) fn heat(count: u64, most: u64) -> u64 {
    if count == 0 || most == 0 {
        return 0;
    }
    let share = (count as f64 / most as f64).sqrt();
    ((share * 5.0).ceil() as u64).clamp(1, 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_never_pass_their_end() {
        let svg = stacked(&[("high", 1), ("low", 1_000_000), ("info", 1)], 1_000_002);
        assert!(svg.contains("x=\"0.00\" width=\"0.70\""), "{svg}");
        let total: f64 =
            svg.split(" width=\"").skip(2).filter_map(|rest| rest.split('"').next()?.parse::<f64>().ok()).sum();
        assert!(total <= 100.001, "{total}");
    }

    #[test]
    fn heat_has_five_steps_and_none() {
        assert_eq!([0, 1, 25, 100].map(|count| heat(count, 100)), [0, 1, 3, 5]);
        assert_eq!(heat(3, 0), 0);
    }
}
