//! The published study: every reranker on every input, with several seeds, and what that says of PSAD.
//!
//! A list of independent fits runs on all cores, one thread each; answers are put in the order of the list, so that
//! everything but latency is the same on every run.

mod activity;
mod claims;
mod diversified;
mod evaluated;
mod experiment;
mod fitting;
mod informed;
mod latency;
mod lists;
mod main_table;
mod measure;
mod offline;
mod parallel;
mod plots;
mod pool;
mod protocol;
mod report;
mod scale;
mod stats;
mod summary;
mod sweeps;
mod tables;
mod variants;
mod verdict;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use psad::core::write_atomically;
use serde::Serialize;
use serde_json::Value;

use self::experiment::Experiment;
use self::latency::Latencies;
use self::lists::{Kind, Lists};
use self::pool::Pool;
use self::scale::Scale;

/// What to study.
#[derive(Debug, Clone)]
pub struct Study {
    /// A tiny one, to see that everything works.
    pub quick: bool,
    /// Folder with ratings, which become one more input.
    pub data: Option<PathBuf>,
    /// Folder for the report.
    pub out: PathBuf,
    /// The first seed.
    pub seed: u64,
    /// Number of seeds: `seed`, `seed + 1` and so on.
    pub seeds: u64,
}

impl Study {
    /// Fits, measures, times, and writes `study.json`, `study-latency.json`, `study.md` and its pictures.
    ///
    /// # Errors
    /// A faulty input, a fit that fails, or a file that cannot be written.
    pub fn run(&self) -> Result<()> {
        let last = self.seeds.checked_sub(1).context("the number of seeds is 0; at least 1 is needed")?;
        let fits = self.seed.checked_add(last).is_some();
        ensure!(fits, "{} seeds from {} on run past {}, the largest", self.seeds, self.seed, u64::MAX);
        self.check()?;
        let scale = if self.quick { Scale::quick() } else { Scale::full() };
        let kinds = self.kinds();
        let bar = experiment::progress(&kinds, &self.all_seeds(), &scale);
        let (mut lists, mut experiment) = (Vec::new(), Experiment::default());
        // Inputs of few and long fits go together, so that no core waits for another at the end of each.
        for together in kinds.chunk_by(|one, next| one.is_exhaustive() && next.is_exhaustive()) {
            let mut here = Vec::new();
            for &kind in together {
                here.extend(self.lists(kind, &scale)?);
            }
            experiment.extend(experiment::run(&here, &scale, &bar)?);
            // The next input needs the memory.
            for lists in &mut here {
                lists.train = Vec::new();
            }
            lists.extend(here);
        }
        bar.finish_and_clear();
        let pools: Vec<Pool> =
            kinds.into_iter().map(|kind| Pool::new(kind, &lists, &experiment, scale.variant_seeds)).collect();
        let summary = summary::summary(&pools, &scale, &self.all_seeds(), &experiment)?;
        // Before the clock starts, so that nothing is lost if it fails.
        self.write("study.json", &json(&summary)?)?;
        let latencies = Latencies::measure(&lists, &experiment, &scale)?;
        self.write("study-latency.json", &json(&latencies)?)?;
        for (name, svg) in plots::draw(&summary, &latencies)? {
            self.write(name, svg.as_bytes())?;
        }
        self.write("study.md", report::markdown(&summary, &latencies).as_bytes())
    }

    /// What would fail after an hour of fits is found out before them: a folder that cannot be written, faulty ratings.
    fn check(&self) -> Result<()> {
        std::fs::create_dir_all(&self.out).with_context(|| format!("making the folder {}", self.out.display()))?;
        self.write(".writable", &[])?;
        std::fs::remove_file(self.out.join(".writable"))
            .with_context(|| format!("removing a file in {}", self.out.display()))?;
        if let Some(folder) = &self.data {
            Lists::prepare(Kind::Ratings, self.seed, &Scale::quick(), Some(folder))?.check()?;
        }
        Ok(())
    }

    fn all_seeds(&self) -> Vec<u64> {
        (0..self.seeds).map(|index| self.seed + index).collect()
    }

    fn kinds(&self) -> Vec<Kind> {
        let ratings = self.data.iter().map(|_| Kind::Ratings);
        let eight = [Kind::StrongEight, Kind::StrongEightDependent, Kind::StrongEightCascade];
        [Kind::Weak, Kind::Medium, Kind::Strong].into_iter().chain(eight).chain(ratings).collect()
    }

    /// An input with all seeds, the first one first.
    fn lists(&self, kind: Kind, scale: &Scale) -> Result<Vec<Lists>> {
        let all = self.all_seeds();
        let seeds = kind.seeds(&all, scale);
        parallel::in_parallel(seeds.len(), |index| {
            let seed = seeds[index];
            let lists = Lists::prepare(kind, seed, scale, self.data.as_deref());
            lists.with_context(|| format!("preparing {}, seed {seed}", kind.name()))
        })
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.out.join(name);
        write_atomically(&path, bytes).with_context(|| format!("writing {}", path.display()))
    }
}

/// JSON with sorted keys and a last line that ends.
fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut value = serde_json::to_value(value)?;
    value.sort_all_objects();
    let mut bytes = serde_json::to_vec_pretty::<Value>(&value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identical_inputs_give_identical_files() {
        let folder = std::env::temp_dir().join(format!("psad-study-{}", std::process::id()));
        let file = |name: &str| {
            let out = folder.join(name);
            Study { quick: true, data: None, out: out.clone(), seed: 42, seeds: 1 }.run().unwrap();
            std::fs::read(out.join("study.json")).unwrap()
        };
        let (first, second) = (file("a"), file("b"));
        let report = std::fs::read_to_string(folder.join("a/study.md")).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(first, second);
        assert!(report.contains("PSAD-G") && !report.contains("NaN"), "{report}");
        assert!(report.contains("A smoke run") && !report.contains("ratings`"), "{report}");
        assert!(report.contains("On `weak`, which no claim is about, PSAD-G reaches"), "{report}");
        // With one seed nothing carries a mark.
        assert!(!report.contains("] *"), "{report}");
        assert!(report.contains("those that claims speak of with 1, one slot per step with 1;"), "{report}");
    }

    #[test]
    fn ratings_that_are_not_there_are_found_out_before_the_fits() {
        let folder = std::env::temp_dir().join(format!("psad-study-unrated-{}", std::process::id()));
        let data = Some(folder.join("nowhere"));
        let study = Study { quick: false, data, out: folder.clone(), seed: 42, seeds: 5 };
        let error = study.run().unwrap_err();
        let left = std::fs::read_dir(&folder).unwrap().count();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(format!("{error:#}").contains("nowhere"), "{error:#}");
        assert_eq!(left, 0, "the probe is left behind");
    }

    #[test]
    fn keys_are_sorted() {
        #[derive(Serialize)]
        struct Unsorted {
            b: u8,
            a: u8,
        }
        let text = String::from_utf8(json(&Unsorted { b: 1, a: 2 }).unwrap()).unwrap();
        assert_eq!(text, "{\n  \"a\": 2,\n  \"b\": 1\n}\n");
    }
}
