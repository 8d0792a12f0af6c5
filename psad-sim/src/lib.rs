//! A list-context simulator of users with known truth.
//!
//! Real ratings cannot show what a reranker is worth: their lists carry hardly any interaction between items, and
//! nobody knows how the user would have answered another order. Here both are known. A [`World`] makes users, items,
//! histories, a ranker of set accuracy and logged clicks, all from one seed; and for every list a [`ListTruth`] says
//! **exactly** how many clicks any slate would get. It needs no file, so it is the input of the quickstart.
//!
//! ```
//! use psad_core::Slate;
//! use psad_sim::{SimConfig, Split, World};
//!
//! let world = World::new(SimConfig { users: 50, items: 100, test_lists: 3, ..SimConfig::default() })?;
//! for simulated in world.lists(Split::Test) {
//!     world.schema().check(simulated.list.request())?;                    // what a model sees
//!     let as_ranked = Slate::initial(simulated.truth.candidates(), 10);
//!     let best = simulated.truth.oracle(10);                              // what nobody but a simulator knows
//!     assert!(simulated.truth.expected_utility(&best)? > simulated.truth.expected_utility(&as_ranked)?);
//!     assert!(simulated.truth.regret(&as_ranked)? > 0. && simulated.truth.regret(&best)? == 0.);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The model
//! User `u` sees slate `i₀ i₁ …` from the top. With `σ` the sigmoid,
//!
//! * **attraction** `a(u, i) = σ(2.5 ⟨taste_u, taste_i⟩ + 0.5 quality_i + bias)`; the bias is fitted so that its mean
//!   over the candidates of lists is [`SimConfig::mean_attraction`]. The user's taste is a mixture of three categories
//!   plus the interest of the moment, a category drawn for each visit, whose weight is [`SimConfig::drift`] and halves
//!   every 10 days looking back through the history;
//! * **context** `c_j = Π (1 − s·satiation_u) · Π (1 + s·boost_u)`: the first product over the items of the same
//!   category in the [`SimConfig::window`] slots above, the second over the items there whose category goes with this
//!   one (each category helps exactly one other). `s` is [`Interactions::strength`];
//! * **click** in a slot that is seen: `p_j = min(1, a(u, i_j) · c_j)`;
//! * **examination**: the first slot is seen. The user goes on after a skip with probability `patience_u`, after a
//!   click with `patience_u · λ_j`, where `λ_j` is 1 ([`Examination::PositionBased`]), 0 ([`Examination::Cascade`]) or
//!   `loyalty_u · 0.97^j` ([`Examination::DependentClick`]).
//!
//! Context comes from what is *shown* above, not from what was clicked, so the probability `e_j` that slot `j` is seen
//! obeys `e_{j+1} = e_j · patience_u · (1 − p_j (1 − λ_j))`, and the expected utility is `Σ_j e_j p_j`.
//!
//! What that makes an order worth in the default world (500 test lists, `cargo run --release -p psad-sim --example
//! worth_of_an_order`):
//!
//! | expected clicks on 10 of 20 | random | ranker | by attraction | greedy | oracle |
//! | --- | --- | --- | --- | --- | --- |
//! | weak | 1.84 | 2.60 | 3.23 | 3.25 | 3.30 |
//! | medium | 1.74 | 2.35 | 2.82 | 3.02 | 3.31 |
//! | strong | 1.62 | 2.08 | 2.42 | 2.93 | 3.42 |
//!
//! [`Optima`] measures the regret of any reranker. The share of the best slates' clicks that three orders get, in all
//! nine worlds (`--example regret`):
//!
//! | % of the optimum | ranker | by attraction | greedy |
//! | --- | --- | --- | --- |
//! | weak: position-based, cascade, dependent click | 78.6, 92.2, 85.9 | 97.6, 99.9, 99.4 | 98.3, 100.0, 99.7 |
//! | medium | 70.9, 91.5, 82.5 | 85.0, 99.2, 94.4 | 91.1, 99.7, 97.3 |
//! | strong | 60.9, 89.8, 76.3 | 70.9, 97.6, 86.3 | 85.7, 99.2, 94.6 |
//!
//! # What a model sees
//! * Users: `user`, `segment` (the favourite category, one in five wrong), and noisy `variety` (satiation) and
//!   `patience`. Items: `item`, `category`, `maker`, noisy `quality` and projections `taste_0` to `taste_3` of the
//!   latent point, and `price`, which only goes with quality.
//! * A history with ages, `skipped` or `clicked`; one user in twenty has none.
//! * Candidates from a retrieval step that knows tastes roughly and never a click; in the order of a ranker whose
//!   scores correlate with the attraction's logit as [`SimConfig::ranker_accuracy`] says, and which knows no context.
//! * Clicks on a slate drawn from Plackett–Luce around those scores, with its propensities.
//!
//! # What this does not do
//! * It is no model of any real service: no position bias other than leaving, no trust bias, no time of day, no dwell.
//! * Utility is clicks. Items have no revenue, and users do not come back more often for a good slate.
//! * Histories are drawn for each visit; they do not hold the clicks of the user's other lists.
//! * The position-based law sees a slate from the top until the user leaves, so the slots seen are a prefix; its
//!   expectations are those of the textbook law with `patience^j`, its joint distribution is not.
//! * [`ListTruth::oracle`] is exact for up to eight candidates, and beyond that an iterated local search.
//! * The same seed gives the same world on the same machine and build; another processor may round differently.
//!
//! Neighbours: `psad-core` has the words, `psad-data` reads real data into the same lists, `psad-eval` measures and
//! estimates from the propensities.

mod attraction;
mod catalog;
mod config;
mod dataset;
mod error;
mod history;
mod logging;
mod oracle;
mod population;
mod regret;
mod scan;
mod search;
mod seed;
mod taste;
mod truth;
mod visit;
mod world;

pub use config::{Examination, Interactions, SimConfig};
pub use dataset::{Dataset, SimulatedList, Split};
pub use error::{RegretError, SimError};
pub use regret::{Optima, RegretReport};
pub use truth::ListTruth;
pub use world::World;
