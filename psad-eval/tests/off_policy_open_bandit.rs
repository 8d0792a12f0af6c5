//! Estimates on real logs: the small Open Bandit Dataset (Saito, Aihara, Matsutani & Narita, arXiv 2008.07146).
//!
//! Its folder is looked for beside the checkout, and is no part of it. Where it is missing nothing is tested, and that is
//! printed (`cargo test -- --nocapture` shows it).

use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use psad_eval::off_policy::{Estimate, ItemEstimator, ItemLog, Logged, OffPolicyConfig, OffPolicyError};

fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/open-bandit");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("NOT TESTED: {} is not there, so nothing was estimated on real logs", folder.display());
    None
}

/// The log of one campaign; the target is the policy that shows each of its `items` equally often.
fn log(folder: &Path, name: &str, items: u32) -> Result<ItemLog, Box<dyn Error>> {
    let file = File::open(folder.join(name).with_extension("csv.gz"))?;
    let mut reader = csv::Reader::from_reader(GzDecoder::new(file));
    let headers = reader.headers()?.clone();
    let column = |name: &str| headers.iter().position(|header| header == name).ok_or(format!("no column {name}"));
    let (click, propensity) = (column("click")?, column("propensity_score")?);
    let row = |record: csv::Result<csv::StringRecord>| -> Result<Logged, Box<dyn Error>> {
        let record = record?;
        let (reward, propensity) = (record[click].parse()?, record[propensity].parse()?);
        Ok(Logged { reward, propensity, target: 1. / f64::from(items) })
    };
    Ok(ItemLog::new(reader.records().map(row).collect::<Result<_, _>>()?)?)
}

fn estimate(log: &ItemLog, estimator: ItemEstimator) -> Result<Estimate, OffPolicyError> {
    log.estimate(estimator, &OffPolicyConfig::default())
}

#[test]
fn men_are_estimated_as_elsewhere() -> Result<(), Box<dyn Error>> {
    let Some(folder) = folder() else { return Ok(()) };
    let log = log(&folder, "bts-men", 34)?;
    let (ips, snips) = (estimate(&log, ItemEstimator::Ips)?, estimate(&log, ItemEstimator::Snips)?);
    println!("{ips}\n{snips}");
    assert_eq!((ips.rows, format!("{:.5} {:.5}", ips.value, snips.value)), (10_000, "0.00301 0.00319".to_owned()));
    assert_eq!(format!("{:.0} {:.0}", ips.ess, ips.largest_weight), "656 178");
    assert_eq!((snips.ess, snips.largest_weight), (ips.ess, ips.largest_weight));
    // What the uniform policy earned when it ran itself lies within both intervals.
    let ran = self::log(&folder, "random-men", 34)?.logged_value().ok_or("an empty log")?;
    assert_eq!(ran, 0.0046);
    assert!(ips.low < ran && ran < ips.high && snips.low < ran && ran < snips.high, "{ran}");
    Ok(())
}

#[test]
fn women_are_refused() -> Result<(), Box<dyn Error>> {
    let Some(folder) = folder() else { return Ok(()) };
    let log = log(&folder, "bts-women", 46)?;
    for estimator in [ItemEstimator::Ips, ItemEstimator::Snips] {
        match estimate(&log, estimator) {
            Err(OffPolicyError::LowSupport { ess, largest_weight, rows, floor, .. }) => {
                assert_eq!(format!("{ess:.1} {largest_weight:.0} {rows} {floor}"), "2.1 21739 10000 100");
            }
            other => return Err(format!("{estimator} was not refused: {other:?}").into()),
        }
    }
    Ok(())
}

#[test]
fn the_uniform_policy_is_worth_what_its_own_log_says() -> Result<(), Box<dyn Error>> {
    let Some(folder) = folder() else { return Ok(()) };
    for (name, items) in [("random-men", 34), ("random-women", 46)] {
        let log = log(&folder, name, items)?;
        let (ips, ran) = (estimate(&log, ItemEstimator::Ips)?, log.logged_value().ok_or("an empty log")?);
        assert!((ips.value - ran).abs() < 1e-12 && (ips.ess - 10_000.).abs() < 1e-6, "{ips}");
    }
    Ok(())
}
