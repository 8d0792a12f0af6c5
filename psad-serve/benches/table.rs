//! The README's table: how long an answer takes on the reference shape, and how far that is from what the arithmetic
//! alone would take at the rate of the machine's large matrix products.
//!
//! Everything runs on one thread. Served and trained models take turns, so that a busy machine slows down both.

mod reference;

use std::hint::black_box;
use std::time::Instant;

use psad::burn::tensor::{Device, Tensor};
use psad::decode::Strategy;
use psad::ndarray::Array2;
use psad::{Constraints, Request, Reranker, Slate};
use psad_serve::{Model, Served, UserState};
use reference::{BLOCKS, LISTS, Models, SLOTS, work};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const WARM_UP: usize = 200;
const ROUNDS: usize = 40;
/// Answers of each kind per round.
const CALLS: usize = 50;

fn main() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread can be started");
    pool.install(table);
}

fn table() {
    let schema = reference::schema();
    let models = Models::new(&schema);
    let psad = Model::from_file(&models.psad_file).expect("a file of this version");
    let nar4rec = Model::from_file(&models.nar4rec_file).expect("a file of this version");
    let rate = rate();
    println!("Instructions: {}. Large matrix products: {rate:.1} GFLOP/s on one thread.\n", psad.dispatch());
    println!(
        "| list | reranker | MFLOP | at that rate | p50 | p99 | p50 : arithmetic | user known | trained | served : trained |"
    );
    println!("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for candidates in LISTS {
        let requests = reference::requests(&schema, candidates);
        let row = |name: &str, served: &Served, trained: &dyn Reranker, flop: usize| {
            row(candidates, name, &Contest { served, trained, requests: &requests }, flop as f64, rate);
        };
        let student = psad.student().expect("a model of PSAD");
        row("PSAD-S", &student, &models.psad.student(), work::student(candidates));
        for block in BLOCKS {
            let served = psad.teacher_with(block, Strategy::Greedy).expect("a model of PSAD");
            let flop = work::teacher(candidates, SLOTS, block);
            row(&format!("PSAD-G, K = {block}"), &served, &models.teacher(block), flop);
        }
        row("NAR4Rec, greedy", &nar4rec.reranker(), &models.nar4rec.generator(), work::matching(candidates, SLOTS));
    }
}

/// Floating-point operations per nanosecond: the best of the two libraries at hand, in products of 1,024 rows.
fn rate() -> f64 {
    const N: usize = 1_024;
    let plain = Array2::from_shape_fn((N, N), |(row, column)| ((row * 7 + column) % 13) as f32);
    let device = Device::flex();
    let tensor = Tensor::<1>::from_data(plain.as_slice().expect("standard layout"), &device).reshape([N, N]);
    let best = |product: &dyn Fn()| {
        let seconds = |()| {
            let start = Instant::now();
            product();
            start.elapsed().as_secs_f64()
        };
        std::iter::repeat_n((), 12).map(seconds).fold(f64::INFINITY, f64::min)
    };
    let ndarray = best(&|| drop(black_box(plain.dot(&plain))));
    let burn = best(&|| drop(black_box(tensor.clone().matmul(tensor.clone()))));
    2. * (N as f64).powi(3) / ndarray.min(burn) / 1e9
}

struct Contest<'a> {
    served: &'a Served,
    trained: &'a dyn Reranker,
    requests: &'a [Request],
}

fn row(candidates: usize, name: &str, contest: &Contest<'_>, flop: f64, rate: f64) {
    let [served, known, trained] = contest.times();
    let floor = flop / rate / 1e3;
    let (p50, p99) = (percentile(&served, 50), percentile(&served, 99));
    println!(
        "| {candidates} | {name} | {:.1} | {floor:.0} µs | {p50:.0} µs | {p99:.0} µs | {:.2} | {:.0} µs ({:.2}) | {:.0} µs | {:.2} |",
        flop / 1e6,
        p50 / floor,
        percentile(&known, 50),
        percentile(&known, 50) / p50,
        percentile(&trained, 50),
        p50 / percentile(&trained, 50),
    );
}

impl Contest<'_> {
    /// Microseconds per answer, sorted: served, served for a user who is known, and as trained.
    fn times(&self) -> [Vec<f64>; 3] {
        let (served, requests) = (self.served, self.requests);
        let encode = |request: &Request| served.encode_user(request.user(), request.history()).expect("it fits");
        let states: Vec<UserState> = requests.iter().map(encode).collect();
        let (rules, mut slate) = (Constraints::new(), Slate::default());
        let mut times: [Vec<f64>; 3] = Default::default();
        for round in 0..=ROUNDS {
            let calls = if round == 0 { WARM_UP } else { CALLS };
            let mut known = slate.clone();
            let all: [&mut dyn FnMut(usize); 3] = [
                &mut |at| served.rerank_into(&requests[at], SLOTS, black_box(&mut slate)).expect("it fits"),
                &mut |at| {
                    let candidates = requests[at].candidates();
                    served
                        .rerank_with_into(&states[at], candidates, &rules, SLOTS, black_box(&mut known))
                        .expect("it fits");
                },
                &mut |at| drop(black_box(self.trained.rerank(&requests[at], SLOTS).expect("it fits"))),
            ];
            for (answer, times) in all.into_iter().zip(&mut times) {
                for call in 0..calls {
                    let start = Instant::now();
                    answer(call % requests.len());
                    if round > 0 {
                        times.push(start.elapsed().as_secs_f64() * 1e6);
                    }
                }
            }
        }
        times.map(|mut times| {
            times.sort_by(f64::total_cmp);
            times
        })
    }
}

/// Nearest rank.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() * percent).div_ceil(100).max(1) - 1]
}
