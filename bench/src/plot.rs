//! The sweep as a picture: latency against the offered rate, both on logarithmic axes.
//!
//! It is drawn without a background, in colours and a grey that can be read on white and on black.

use anyhow::{Result, ensure};
use plotters::prelude::*;

use crate::measure::Latency;
use crate::report::number;
use crate::scenario::Point;

const SIZE: (u32, u32) = (860, 480);
const FONT: &str = "sans-serif";
const INK: RGBColor = RGBColor(128, 128, 128);
const GRID: f64 = 0.35;

/// A percentile: its name, its colour, and where it is.
type Line = (&'static str, RGBColor, fn(&Latency) -> f64);

const LINES: [Line; 3] = [
    ("p50", RGBColor(43, 152, 96), |latency| latency.p50_ms),
    ("p95", RGBColor(66, 133, 220), |latency| latency.p95_ms),
    ("p99", RGBColor(214, 98, 60), |latency| latency.p99_ms),
];

/// Draws a sweep as SVG.
///
/// # Errors
/// When there is nothing to draw.
pub fn latency_by_rate(title: &str, curve: &[Point]) -> Result<String> {
    // A logarithm wants more than nothing; a point without arrivals has no latency to show.
    let drawn: Vec<&Point> = curve.iter().filter(|point| point.latency.p50_ms > 0.0).collect();
    ensure!(!drawn.is_empty(), "a sweep without a point cannot be drawn");
    let rates = drawn.iter().map(|point| f64::from(point.offered_per_second));
    let (slowest, fastest) = bounds(rates);
    let (least, most) =
        bounds(drawn.iter().flat_map(|point| [point.latency.p50_ms, point.latency.p99_ms]));

    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    let text = |size: u32| (FONT, size).into_font().color(&INK);
    let mut chart = ChartBuilder::on(&area)
        .caption(title, text(18))
        .margin(14)
        .x_label_area_size(52)
        .y_label_area_size(72)
        .build_cartesian_2d(
            (slowest * 0.8..fastest * 1.25).log_scale(),
            (least * 0.7..most * 1.4).log_scale(),
        )?;
    chart
        .configure_mesh()
        .x_desc("offered rate, events per second")
        .y_desc("from sending to arrival, milliseconds")
        .x_label_formatter(&|rate| number(*rate))
        .y_label_formatter(&|latency| number(*latency))
        .label_style(text(14))
        .axis_desc_style(text(15))
        .axis_style(INK)
        .bold_line_style(INK.mix(GRID))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (name, color, of) in LINES {
        let place = |point: &&Point| (f64::from(point.offered_per_second), of(&point.latency));
        chart
            .draw_series(LineSeries::new(drawn.iter().map(place), color.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], color.stroke_width(2)));
        chart.draw_series(drawn.iter().map(|point| {
            let style = if point.is_held { color.filled() } else { color.stroke_width(2) };
            Circle::new(place(point), 4, style)
        }))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .label_font(text(14))
        .background_style(TRANSPARENT)
        .border_style(INK.mix(GRID))
        .draw()?;
    area.present()?;
    // Both hold on to the text.
    drop(chart);
    drop(area);
    Ok(svg)
}

fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, 0.0), |(low, high), value| (value.min(low), value.max(high)))
}

#[cfg(test)]
mod tests {
    use super::latency_by_rate;
    use crate::measure::Latency;
    use crate::scenario::Point;

    fn point(rate: u32, p99_ms: f64, is_held: bool) -> Point {
        Point {
            offered_per_second: rate,
            accepted_per_second: rate.into(),
            delivered_per_second: rate.into(),
            latency: Latency { p50_ms: p99_ms / 4.0, p95_ms: p99_ms / 2.0, p99_ms },
            generator_late_p99_ms: 0.1,
            missing: 0,
            duplicates: 0,
            refused: 0,
            is_held,
        }
    }

    #[test]
    fn a_sweep_is_drawn_with_its_axes_named_and_its_last_point_hollow() {
        let curve = [point(100, 2.0, true), point(1_000, 4.0, true), point(8_000, 900.0, false)];
        let svg = latency_by_rate("embedded", &curve).expect("three points");
        for text in ["events per second", "milliseconds", "p50", "p95", "p99", "1,000", "embedded"]
        {
            assert!(svg.contains(text), "{text}: {svg}");
        }
        let circles = svg.matches("<circle").count();
        let hollow = svg.matches("fill=\"none\" stroke").count();
        assert_eq!(circles, 9, "{svg}");
        assert!(hollow >= 3, "{svg}");
    }

    #[test]
    fn nothing_is_not_drawn() {
        assert!(latency_by_rate("embedded", &[]).is_err());
        assert!(latency_by_rate("embedded", &[point(100, 0.0, false)]).is_err());
    }
}
