//! A run as a picture.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use psad::core::write_atomically;
use psad::{Fitted, MethodConfig};

const SIZE: (u32, u32) = (960, 400);
const COLOURS: [RGBColor; 5] = [
    RGBColor(31, 119, 180),
    RGBColor(214, 39, 40),
    RGBColor(44, 160, 44),
    RGBColor(148, 103, 189),
    RGBColor(127, 127, 127),
];

/// A named line over epochs.
struct Curve {
    name: String,
    values: Vec<f64>,
}

/// Draws the parts of the loss and the validation of every reranker, epoch by epoch, as SVG. `initial` is the validation
/// of the initial ranker.
///
/// # Errors
/// If the file cannot be written.
pub fn draw_learning_curves<C: MethodConfig>(fitted: &Fitted<C>, initial: f64, path: &Path) -> Result<()> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE).map_err(|error| anyhow!("{error}"))?;
        let (left, right) = root.split_horizontally(SIZE.0 / 2);
        chart(&left, "training loss per list", &loss_curves(fitted))?;
        chart(&right, "validation NDCG@10", &validation_curves(fitted, initial))?;
        root.present().map_err(|error| anyhow!("{error}"))?;
    }
    write_atomically(path, svg.as_bytes()).with_context(|| format!("writing {}", path.display()))
}

fn loss_curves<C: MethodConfig>(fitted: &Fitted<C>) -> Vec<Curve> {
    let names = fitted.epochs.first().map(|epoch| epoch.parts.iter().map(|part| part.name.clone()).collect());
    let names: Vec<_> = names.unwrap_or_default();
    let part = |index: usize| fitted.epochs.iter().map(|epoch| epoch.parts[index].mean).collect();
    names.iter().enumerate().map(|(index, name)| Curve { name: name.clone(), values: part(index) }).collect()
}

fn validation_curves<C: MethodConfig>(fitted: &Fitted<C>, initial: f64) -> Vec<Curve> {
    let points = &fitted.validation;
    let names = points.first().map(|point| point.ndcg.iter().map(|(name, _)| name.clone()).collect());
    let names: Vec<String> = names.unwrap_or_default();
    let reranker = |index: usize| points.iter().map(|point| point.ndcg[index].1).collect();
    let curves = names.iter().enumerate().map(|(index, name)| Curve { name: name.clone(), values: reranker(index) });
    let initial = Curve { name: "initial ranker".into(), values: vec![initial; points.len()] };
    curves.chain([initial]).collect()
}

fn chart(area: &DrawingArea<SVGBackend<'_>, Shift>, title: &str, curves: &[Curve]) -> Result<()> {
    let fault = |error: DrawingAreaErrorKind<_>| anyhow!("{error}");
    let values = || curves.iter().flat_map(|curve| curve.values.iter().copied());
    let epochs = curves.iter().map(|curve| curve.values.len()).max().unwrap_or(0).max(2);
    let (low, high) = values().fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
    let (low, high) = if low <= high { (low, high) } else { (0., 1.) };
    let margin = ((high - low) * 0.08).max(1e-3);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(1_f64..epochs as f64, low - margin..high + margin)
        .map_err(fault)?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .x_labels(epochs.min(10))
        .x_label_formatter(&|epoch| format!("{epoch:.0}"))
        .y_label_formatter(&|value| format!("{value:.3}"))
        .light_line_style(WHITE)
        .draw()
        .map_err(fault)?;
    for (curve, colour) in curves.iter().zip(COLOURS) {
        let points = curve.values.iter().enumerate().map(|(index, &value)| ((index + 1) as f64, value));
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)).point_size(2))
            .map_err(fault)?
            .label(&curve.name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::MiddleRight)
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(200, 200, 200))
        .draw()
        .map_err(fault)
}
