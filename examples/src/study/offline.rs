//! PSAD whose student learns from a teacher that is trained already.

use anyhow::{Context, Result};
use psad::core::ModelFile;
use psad::{Psad, PsadConfig};

use super::fitting::{Fit, Job, psad};
use super::scale::Scale;

impl Job<'_> {
    /// Trains by clicks alone, then, over the same lists again, what the student learns from its teacher and nothing else.
    pub(crate) fn offline(&self, config: PsadConfig, scale: &Scale) -> Result<Fit> {
        let clicks = self.fitted(config.clone(), scale, true).with_context(|| format!("fitting {self}"))?;
        let file = clicks.file.context("a method that is served has a file")?;
        let distillation = psad(self.lists.kind).objective.distillation;
        let objective = psad::distill::JointConfig { distillation, distillation_only: true, ..config.objective };
        let taught = PsadConfig { objective, ..psad(self.lists.kind) };
        let header = file.header();
        let mut start = ModelFile::new(header.kind.clone(), header.schema.clone(), serde_json::to_value(&taught)?);
        for (name, tensor) in file.tensors() {
            start.insert(name.clone(), tensor.clone());
        }
        let taught = self.trained(Psad::from_file(&start)?, scale, true);
        Ok(taught.with_context(|| format!("distilling {self}"))?.1)
    }
}
