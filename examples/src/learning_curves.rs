//! A run as a picture.

use std::path::Path;

use anyhow::{Context, Result};
use psad::core::write_atomically;
use psad::{Fitted, MethodConfig};

use crate::drawing::{Curve, lines, svg};

const SIZE: (u32, u32) = (960, 400);

/// Draws the parts of the loss and the validation of every reranker, epoch by epoch, as SVG. `initial` is what the
/// validation measures, and what the initial ranker reaches in it.
///
/// # Errors
/// If the file cannot be written.
pub fn draw_learning_curves<C: MethodConfig>(
    fitted: &Fitted<C>,
    (measure, initial): (&str, f64),
    path: &Path,
) -> Result<()> {
    let svg = svg(SIZE, |root| {
        let (left, right) = root.split_horizontally(SIZE.0 / 2);
        lines(&left, "training loss per list", "epoch", &loss_curves(fitted), 3)?;
        lines(&right, &format!("validation: {measure}"), "epoch", &validation_curves(fitted, initial), 3)
    })?;
    write_atomically(path, svg.as_bytes()).with_context(|| format!("writing {}", path.display()))
}

fn loss_curves<C: MethodConfig>(fitted: &Fitted<C>) -> Vec<Curve> {
    let names = fitted.epochs.first().map(|epoch| epoch.parts.iter().map(|part| part.name.clone()).collect());
    let names: Vec<_> = names.unwrap_or_default();
    let part = |index: usize| fitted.epochs.iter().map(move |epoch| epoch.parts[index].mean);
    names.iter().enumerate().map(|(index, name)| curve(name, part(index))).collect()
}

fn validation_curves<C: MethodConfig>(fitted: &Fitted<C>, initial: f64) -> Vec<Curve> {
    let points = &fitted.validation;
    let names = points.first().map(|point| point.values.iter().map(|(name, _)| name.clone()).collect());
    let names: Vec<String> = names.unwrap_or_default();
    let reranker = |index: usize| points.iter().map(move |point| point.values[index].1);
    let curves = names.iter().enumerate().map(|(index, name)| curve(name, reranker(index)));
    let initial = curve("initial ranker", vec![initial; points.len()]);
    curves.chain([initial]).collect()
}

/// A value per epoch, from 1.
fn curve(name: &str, values: impl IntoIterator<Item = f64>) -> Curve {
    let points = values.into_iter().enumerate().map(|(epoch, value)| ((epoch + 1) as f64, value)).collect();
    Curve { name: name.to_owned(), points }
}
