//! A progress bar, or a line per epoch where no terminal listens.

use std::ops::ControlFlow;

use indicatif::{ProgressBar as Bar, ProgressDrawTarget, ProgressStyle};

use crate::{EpochReport, FitEnd, FitStart, Observer, PartLoss, StepReport};

/// Shows a run on standard error.
///
/// On a terminal it is a bar over all steps, with the epoch, the loss and its parts, lists per second and the last
/// validation. Elsewhere, as in a log file, it is one line per epoch.
#[derive(Debug)]
pub struct ProgressBar {
    bar: Bar,
    epochs: usize,
    validation: Option<f64>,
}

impl Default for ProgressBar {
    fn default() -> Self {
        Self::new()
    }
}

impl ProgressBar {
    /// A bar that appears when the run starts.
    pub fn new() -> Self {
        Self { bar: Bar::hidden(), epochs: 0, validation: None }
    }
}

impl Observer for ProgressBar {
    fn fit_started(&mut self, start: &FitStart) {
        self.epochs = start.epochs;
        self.bar = Bar::with_draw_target(Some(start.steps as u64), ProgressDrawTarget::stderr());
        // A template of our own that does not parse falls back to indicatif's.
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} (left {eta}) {msg}") {
            self.bar.set_style(style);
        }
        self.bar.set_position(start.steps_done as u64);
        // Steps of an earlier run took none of this run's time.
        self.bar.reset_eta();
    }

    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        if !self.bar.is_hidden() {
            self.bar.set_message(step_line(report, self.epochs, self.validation));
        }
        self.bar.set_position(report.step as u64);
        ControlFlow::Continue(())
    }

    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        self.validation = Some(report.validation);
        let line = epoch_line(report, self.epochs);
        if self.bar.is_hidden() {
            eprintln!("{line}");
        } else {
            self.bar.println(line);
        }
        ControlFlow::Continue(())
    }

    fn finished(&mut self, end: &FitEnd) {
        let early = if end.stopped_early { ", stopped early" } else { "" };
        let line = format!("best epoch {} of {}: {:.4}{early}", end.best_epoch, end.epochs, end.best_validation);
        if self.bar.is_hidden() {
            eprintln!("{line}");
        }
        self.bar.abandon_with_message(line);
    }
}

impl Drop for ProgressBar {
    fn drop(&mut self) {
        // After an error the bar stays where it stopped, and the next line starts below it.
        if !self.bar.is_finished() {
            self.bar.abandon();
        }
    }
}

fn step_line(report: &StepReport, epochs: usize, validation: Option<f64>) -> String {
    let speed = report.lists as f64 / report.seconds.max(1e-9);
    let validation = validation.map_or_else(String::new, |value| format!(", validation {value:.4}"));
    let parts = parts(&report.parts);
    format!("epoch {}/{epochs}, loss {:.4}{parts}, {speed:.0} lists/s{validation}", report.epoch, report.total)
}

fn epoch_line(report: &EpochReport, epochs: usize) -> String {
    let EpochReport { epoch, total, validation, .. } = report;
    let (parts, speed) = (parts(&report.parts), report.lists_per_second());
    format!("epoch {epoch}/{epochs}: loss {total:.4}{parts}, validation {validation:.4}, {speed:.0} lists/s")
}

/// The parts in brackets, if there is more than one.
fn parts(parts: &[PartLoss]) -> String {
    if parts.len() < 2 {
        return String::new();
    }
    let parts: Vec<String> = parts.iter().map(|part| format!("{} {:.4}", part.name, part.mean)).collect();
    format!(" ({})", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_the_whole_epoch() {
        let part = |name: &str, mean| PartLoss { name: name.to_owned(), weight: 1., mean };
        let report = EpochReport {
            epoch: 2,
            parts: vec![part("order", 1.), part("click", 0.25)],
            total: 1.25,
            validation: 0.5,
            learning_rate: 1e-3,
            lists: 300,
            seconds: 2.,
        };
        let expected = "epoch 2/9: loss 1.2500 (order 1.0000, click 0.2500), validation 0.5000, 150 lists/s";
        assert_eq!(epoch_line(&report, 9), expected);
    }
}
