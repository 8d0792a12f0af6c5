//! Whoever watches a run: a progress bar, a log, a plot, a stop button.

use std::ops::ControlFlow;

use crate::{EpochReport, FitEnd, FitStart, StepReport};

/// Watches a run, and may stop it.
///
/// ```
/// use std::ops::ControlFlow;
/// use psad_train::{Observer, StepReport};
///
/// struct StopAfter(usize);
///
/// impl Observer for StopAfter {
///     fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
///         if report.step < self.0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
///     }
/// }
/// ```
pub trait Observer {
    /// Before the first step.
    fn fit_started(&mut self, _start: &FitStart) {}

    /// After every step. `Break` stops the run: it writes a checkpoint, if it has a plan for them, and ends with
    /// [`TrainError::Interrupted`](crate::TrainError::Interrupted).
    fn step(&mut self, _report: &StepReport) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// After every epoch's validation. `Break` stops as in [`Observer::step`].
    fn epoch(&mut self, _report: &EpochReport) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// After the last epoch; not called for a run that ends with an error.
    fn finished(&mut self, _end: &FitEnd) {}
}

impl<T: Observer + ?Sized> Observer for &mut T {
    fn fit_started(&mut self, start: &FitStart) {
        (**self).fit_started(start);
    }

    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        (**self).step(report)
    }

    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        (**self).epoch(report)
    }

    fn finished(&mut self, end: &FitEnd) {
        (**self).finished(end);
    }
}

/// A closure that sees every step.
pub(crate) struct EachStep<F>(pub(crate) F);

impl<F: FnMut(&StepReport)> Observer for EachStep<F> {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        (self.0)(report);
        ControlFlow::Continue(())
    }
}

/// A closure that sees every epoch.
pub(crate) struct EachEpoch<F>(pub(crate) F);

impl<F: FnMut(&EpochReport)> Observer for EachEpoch<F> {
    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        (self.0)(report);
        ControlFlow::Continue(())
    }
}

/// Everyone who watches. All are told, whoever wants to stop.
#[derive(Default)]
pub(crate) struct Observers<'a>(pub(crate) Vec<Box<dyn Observer + 'a>>);

impl Observers<'_> {
    pub(crate) fn fit_started(&mut self, start: &FitStart) {
        self.0.iter_mut().for_each(|observer| observer.fit_started(start));
    }

    pub(crate) fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        self.tell(|observer| observer.step(report))
    }

    pub(crate) fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        self.tell(|observer| observer.epoch(report))
    }

    pub(crate) fn finished(&mut self, end: &FitEnd) {
        self.0.iter_mut().for_each(|observer| observer.finished(end));
    }

    fn tell(&mut self, mut news: impl FnMut(&mut dyn Observer) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut stop = ControlFlow::Continue(());
        for observer in &mut self.0 {
            if news(&mut **observer).is_break() {
                stop = ControlFlow::Break(());
            }
        }
        stop
    }
}
