//! How far do orders stay behind the best one? Share of the optimum and regret on ten slots of the same test lists,
//! for each strength of interaction and each law of examination.
//!
//! ```sh
//! cargo run --release -p psad-sim --example regret
//! ```

use psad_core::{Request, Slate, from_fn};
use psad_sim::{Examination, Interactions, Optima, RegretReport, SimConfig, SimulatedList, Split, World};

const SLOTS: usize = 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{:<8} {:<14} {:>7} {:>15} {:>15} {:>15}", "", "", "optimum", "ranker", "attraction", "greedy");
    for interactions in [Interactions::Weak, Interactions::Medium, Interactions::Strong] {
        for examination in [Examination::PositionBased, Examination::Cascade, Examination::DependentClick] {
            let config = SimConfig { interactions, examination, test_lists: 500, ..SimConfig::default() };
            let lists = World::new(config)?.lists(Split::Test);
            // The costly part, once for all three.
            let optima = Optima::new(&lists, SLOTS)?;
            let ranker = from_fn(|request: &Request, len| request.top_by_score(request.candidates().scores(), len));
            let reports = [
                optima.measure(&ranker)?,
                // No reranker knows the truth, so these slates are made beside the requests.
                optima.judge(&lists.iter().map(by_attraction).collect::<Result<Vec<_>, _>>()?)?,
                optima.judge(&lists.iter().map(|simulated| simulated.truth.greedy(SLOTS)).collect::<Vec<_>>())?,
            ];
            let optimum = optima.utilities().iter().sum::<f64>() / lists.len() as f64;
            let [ranker, attraction, greedy] = reports.map(|report| column(&report));
            let (strength, law) = (format!("{interactions:?}"), format!("{examination:?}"));
            println!("{strength:<8} {law:<14} {optimum:>7.3} {ranker:>15} {attraction:>15} {greedy:>15}");
        }
    }
    Ok(())
}

fn by_attraction(simulated: &SimulatedList) -> Result<Slate, psad_core::SlateError> {
    let attraction: Vec<f32> = simulated.truth.attraction().iter().map(|&chance| chance as f32).collect();
    Slate::top_by_score(&attraction, SLOTS)
}

/// The share of the optimum, and clicks lost per list.
fn column(report: &RegretReport) -> String {
    format!("{:.1} % ({:.3})", 100. * report.share(), report.mean_regret())
}

// Output:
//
//                             optimum          ranker      attraction          greedy
//     Weak     PositionBased    3.305  78.6 % (0.706)  97.6 % (0.078)  98.3 % (0.055)
//     Weak     Cascade          0.934  92.2 % (0.072)  99.9 % (0.001) 100.0 % (0.000)
//     Weak     DependentClick   1.757  85.9 % (0.247)  99.4 % (0.010)  99.7 % (0.006)
//     Medium   PositionBased    3.314  70.9 % (0.965)  85.0 % (0.498)  91.1 % (0.295)
//     Medium   Cascade          0.935  91.5 % (0.080)  99.2 % (0.007)  99.7 % (0.003)
//     Medium   DependentClick   1.753  82.5 % (0.307)  94.4 % (0.099)  97.3 % (0.048)
//     Strong   PositionBased    3.416  60.9 % (1.336)  70.9 % (0.995)  85.7 % (0.490)
//     Strong   Cascade          0.941  89.8 % (0.096)  97.6 % (0.022)  99.2 % (0.008)
//     Strong   DependentClick   1.785  76.3 % (0.423)  86.3 % (0.245)  94.6 % (0.096)
