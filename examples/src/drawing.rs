//! Charts in one look.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

const COLOURS: [RGBColor; 5] = [
    RGBColor(31, 119, 180),
    RGBColor(214, 39, 40),
    RGBColor(44, 160, 44),
    RGBColor(148, 103, 189),
    RGBColor(127, 127, 127),
];

/// Where charts are drawn.
pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

type Fault = DrawingAreaErrorKind<std::io::Error>;

/// A named line.
pub(crate) struct Curve {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// A named point with an interval.
pub(crate) struct Point {
    pub(crate) name: String,
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) ours: bool,
}

/// How much a bar asks to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Red.
    Marked,
    /// Blue.
    Plain,
    /// Grey.
    Faint,
}

/// A named bar with an interval.
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) tone: Tone,
}

/// A picture as text.
pub(crate) fn svg(size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> Result<()>) -> Result<String> {
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, size).into_drawing_area();
        root.fill(&WHITE).map_err(|error| fault(&error))?;
        draw(&root)?;
        root.present().map_err(|error| fault(&error))?;
    }
    Ok(text)
}

fn fault(error: &Fault) -> anyhow::Error {
    anyhow!("{error}")
}

/// The least and the greatest value with a margin; from 0 to 1 where there is none.
fn range(values: impl Iterator<Item = f64>) -> std::ops::Range<f64> {
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
    let (low, high) = if low <= high { (low, high) } else { (0., 1.) };
    let margin = ((high - low) * 0.08).max(1e-3);
    low - margin..high + margin
}

/// Lines over counts such as epochs, with a legend.
pub(crate) fn lines(area: &Area<'_>, title: &str, x: &str, curves: &[Curve], decimals: usize) -> Result<()> {
    let points = || curves.iter().flat_map(|curve| curve.points.iter());
    let last = points().map(|point| point.0).fold(2., f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(1_f64..last, range(points().map(|point| point.1)))
        .map_err(|error| fault(&error))?;
    chart
        .configure_mesh()
        .x_desc(x)
        .x_labels((last as usize).min(10))
        .x_label_formatter(&|count| format!("{count:.0}"))
        .y_label_formatter(&|value| format!("{value:.decimals$}"))
        .light_line_style(WHITE)
        .draw()
        .map_err(|error| fault(&error))?;
    for (curve, colour) in curves.iter().zip(COLOURS) {
        chart
            .draw_series(LineSeries::new(curve.points.iter().copied(), colour.stroke_width(2)).point_size(2))
            .map_err(|error| fault(&error))?
            .label(&curve.name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::MiddleRight)
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(200, 200, 200))
        .draw()
        .map_err(|error| fault(&error))
}

/// Points with their names, over a logarithmic axis.
pub(crate) fn scatter(area: &Area<'_>, title: &str, [x, y]: [&str; 2], points: &[Point]) -> Result<()> {
    let (least, most) =
        points.iter().fold((f64::MAX, 1_f64), |(least, most), point| (least.min(point.x), most.max(point.x)));
    // A clock that reads zero has no logarithm; on the right there must be room for names.
    let across = (least.min(most).max(0.01) / 1.6..most * 4.).log_scale();
    let up = range(points.iter().flat_map(|point| [point.low, point.high]));
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d(across, up)
        .map_err(|error| fault(&error))?;
    chart
        .configure_mesh()
        .x_desc(x)
        .y_desc(y)
        .y_label_formatter(&|value| format!("{value:.2}"))
        .light_line_style(WHITE)
        .draw()
        .map_err(|error| fault(&error))?;
    // No name on a point either.
    let dot = |point: &Point| {
        let (x, y) = chart.backend_coord(&(point.x, point.y));
        (x - 4, y - 6, 8)
    };
    let mut taken: Vec<(i32, i32, i32)> = points.iter().map(dot).collect();
    let within = chart.plotting_area().get_pixel_range().0;
    for point in points {
        let colour = if point.ours { COLOURS[1] } else { COLOURS[0] };
        let interval = PathElement::new(vec![(point.x, point.low), (point.x, point.high)], colour.stroke_width(1));
        chart.draw_series([interval]).map_err(|error| fault(&error))?;
        let at = chart.backend_coord(&(point.x, point.y));
        let shift = free_place(&mut taken, &within, at, point.name.chars().count());
        let style = ("sans-serif", 13).into_font().color(&colour);
        // A name that is not beside its point is led to it.
        if shift.1 != BESIDE {
            let end = if shift.0 > 0 { NEAR } else { -NEAR };
            let line = EmptyElement::at((point.x, point.y))
                + PathElement::new(vec![(0, 0), (end, shift.1 + HALF_LINE)], colour.mix(0.5).stroke_width(1));
            chart.draw_series([line]).map_err(|error| fault(&error))?;
        }
        let name = EmptyElement::at((point.x, point.y))
            + Circle::new((0, 0), 4, colour.filled())
            + Text::new(point.name.clone(), shift, style);
        chart.draw_series([name]).map_err(|error| fault(&error))?;
    }
    Ok(())
}

/// Pixels between a point and its name.
const NEAR: i32 = 8;
/// Where the top of a name lies that stands beside its point.
const BESIDE: i32 = -6;
/// From the top of a name to its middle.
const HALF_LINE: i32 = 6;

/// Moves a name so that it does not lie on one that stands there already, nor beyond the columns `within`.
fn free_place(
    taken: &mut Vec<(i32, i32, i32)>,
    within: &std::ops::Range<i32>,
    (x, y): (i32, i32),
    letters: usize,
) -> (i32, i32) {
    let width = 7 * letters as i32;
    let (right, left) = (NEAR, -NEAR - width);
    let rows = [BESIDE, 8, -20, 22, -34, 36, -48, 50];
    let places = rows.into_iter().flat_map(|row| [(right, row), (left, row)]);
    let apart = |&(dx, dy): &(i32, i32)| {
        let (from, top) = (x + dx, y + dy);
        let free = |&(start, at, wide): &(i32, i32, i32)| {
            from + width < start || start + wide < from || (top - at).abs() >= 13
        };
        from >= within.start && from + width <= within.end && taken.iter().all(free)
    };
    let found = places.into_iter().find(apart).unwrap_or((right, rows[0]));
    taken.push((x + found.0, y + found.1, width));
    found
}

/// Pixels that a letter of a bar's name takes, about.
const LETTER: usize = 6;

/// Horizontal bars from zero, the first on top.
pub(crate) fn bars(area: &Area<'_>, title: &str, bars: &[Bar]) -> Result<()> {
    let count = bars.len().max(1) as f64;
    let names = 16 + LETTER * bars.iter().map(|bar| bar.name.chars().count()).max().unwrap_or_default();
    let across = range(bars.iter().flat_map(|bar| [0., bar.low, bar.high]));
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(32)
        .y_label_area_size(names as u32)
        .build_cartesian_2d(across.clone(), count..0.)
        .map_err(|error| fault(&error))?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_labels(6)
        // Not a negative zero, which would be printed as one.
        .x_label_formatter(&|value| format!("{:.3}", (value * 1e3).round() / 1e3 + 0.))
        .light_line_style(WHITE)
        .draw()
        .map_err(|error| fault(&error))?;
    for (index, bar) in bars.iter().enumerate() {
        let (top, middle, bottom) = (index as f64 + 0.2, index as f64 + 0.5, index as f64 + 0.8);
        let colour = match bar.tone {
            Tone::Marked => COLOURS[1],
            Tone::Plain => COLOURS[0],
            Tone::Faint => COLOURS[4],
        };
        let body = Rectangle::new([(0., top), (bar.value, bottom)], colour.mix(0.6).filled());
        chart.draw_series([body]).map_err(|error| fault(&error))?;
        let interval = PathElement::new(vec![(bar.low, middle), (bar.high, middle)], BLACK.stroke_width(1));
        chart.draw_series([interval]).map_err(|error| fault(&error))?;
        let style = ("sans-serif", 13).into_font().color(&BLACK).pos(Pos::new(HPos::Right, VPos::Center));
        let (left, row) = chart.backend_coord(&(across.start, middle));
        let origin = area.get_base_pixel();
        area.draw(&Text::new(bar.name.clone(), (left - 6 - origin.0, row - origin.1), style))
            .map_err(|error| fault(&error))?;
    }
    let zero = PathElement::new(vec![(0., 0.), (0., count)], BLACK.stroke_width(1));
    chart.draw_series([zero]).map_err(|error| fault(&error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_at_one_place_do_not_lie_on_each_other() {
        let mut taken = Vec::new();
        let places: Vec<_> = (0..4).map(|_| free_place(&mut taken, &(0..400), (100, 100), 6)).collect();
        let apart = |(a, b): (i32, i32), (x, y): (i32, i32)| (a - x).abs() > 7 * 6 || (b - y).abs() >= 13;
        for (index, &place) in places.iter().enumerate() {
            assert!(places[..index].iter().all(|&other| apart(place, other)), "{places:?}");
        }
    }

    #[test]
    fn no_name_stands_beyond_an_edge() {
        // Right of the point the first row is taken; left of it there is room, but not within the edge.
        let place = |edge| free_place(&mut vec![(105, 94, 50)], &(edge..400), (100, 100), 6);
        assert_eq!((place(0).0, place(90)), (-50, (8, 8)));
        assert_eq!(free_place(&mut Vec::new(), &(0..140), (100, 100), 6).0, -50, "no room to the right");
    }

    #[test]
    fn charts_without_data_are_drawn_empty() {
        let drawn = svg((400, 300), |root| {
            bars(root, "bars", &[])?;
            scatter(root, "points", ["x", "y"], &[])?;
            lines(root, "lines", "x", &[], 2)
        });
        assert!(drawn.unwrap().contains("bars"));
    }
}
