//! One model answers many threads at once.
//!
//! ```text
//! cargo test --release -p psad-serve --test threads -- --ignored --nocapture
//! ```
//! also answers for a minute, and prints how long answers take on 1 to 8 threads.

mod common;

use std::thread;
use std::time::{Duration, Instant};

use common::{Draw, MAX_CANDIDATES, MAX_HISTORY, schema};
use psad::decode::Strategy;
use psad::methods::Nar4RecConfig;
use psad::{PsadConfig, Request, RerankError, Reranker, Slate};
use psad_core::ModelFile;
use psad_serve::{Model, Served};

const LEN: usize = 10;
const THREADS: usize = 8;

fn files() -> [ModelFile; 2] {
    let schema = schema(true, true, true);
    [common::psad(&schema, PsadConfig::default(), 1).1, common::nar4rec(&schema, Nar4RecConfig::default(), 2).1]
}

/// All rerankers of two models, one that searches several slates among them.
fn rerankers() -> Vec<Served> {
    let [psad, nar4rec] = files().map(|file| Model::from_file(&file).expect("a file of this version"));
    let teacher = |block_size, strategy| psad.teacher_with(block_size, strategy).expect("a strategy");
    vec![
        psad.student().expect("a model of PSAD"),
        teacher(5, Strategy::Greedy),
        teacher(2, Strategy::Beam { width: 3 }),
        nar4rec.matching_with(Strategy::Greedy).expect("a strategy"),
        nar4rec.matching_with(Strategy::Contrastive { alpha: 0.6 }).expect("a strategy"),
    ]
}

fn requests(count: usize) -> Vec<Request> {
    let (schema, mut draw) = (schema(true, true, true), Draw(3));
    (0..count)
        .map(|_| {
            let (history, candidates) = (draw.below(MAX_HISTORY + 1), 1 + draw.below(MAX_CANDIDATES));
            draw.request(&schema, history, candidates)
        })
        .collect()
}

/// Eight threads ask the same models in orders of their own, and every answer is the one that a single thread got.
fn answers_are_those_of_one_thread(time: Duration) {
    let (rerankers, requests) = (rerankers(), requests(60));
    let answer = |served: &Served, request: &Request| served.rerank(request, LEN).expect("the request fits");
    let alone: Vec<Vec<Slate>> =
        rerankers.iter().map(|served| requests.iter().map(|request| answer(served, request)).collect()).collect();
    let work = |seed: usize| {
        let (begin, mut draw, mut slate, mut count) = (Instant::now(), Draw(seed as u64), Slate::default(), 0_u64);
        while begin.elapsed() < time {
            let (which, asked) = (draw.below(rerankers.len()), draw.below(requests.len()));
            let (served, request) = (&rerankers[which], &requests[asked]);
            if count % 3 == 0 {
                let state = served.encode_user(request.user(), request.history()).expect("the user fits");
                slate = served.rerank_with(&state, request.candidates(), LEN).expect("the candidates fit");
            } else {
                served.rerank_into(request, LEN, &mut slate).expect("the request fits");
            }
            assert_eq!(slate, alone[which][asked], "{served:?}, request {asked}");
            count += 1;
        }
        count
    };
    let counts: Vec<u64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|seed| scope.spawn(move || work(seed))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no answer differs")).collect()
    });
    println!("answers of each thread: {counts:?}");
    assert!(counts.iter().all(|&count| count > 0));
}

#[test]
fn eight_threads_get_the_answers_of_one() {
    answers_are_those_of_one_thread(Duration::from_secs(1));
}

#[test]
#[ignore = "lasts a minute"]
fn eight_threads_get_the_answers_of_one_for_a_minute() {
    answers_are_those_of_one_thread(Duration::from_mins(1));
}

#[test]
fn a_batch_is_answered_like_its_requests() {
    let requests = requests(40);
    let batch: Vec<&Request> = requests.iter().collect();
    for served in rerankers() {
        let together = served.rerank_batch(&batch, LEN).expect("the requests fit");
        let alone = batch.iter().map(|request| served.rerank(request, LEN)).collect::<Result<Vec<_>, _>>();
        assert_eq!(together, alone.expect("the requests fit"), "{served:?}");
        assert!(served.rerank_batch(&[], LEN).expect("nothing is asked").is_empty());
        assert!(matches!(served.rerank_batch(&batch, 0), Err(RerankError::EmptySlate)));
    }
}

#[test]
fn a_user_state_serves_all_rerankers_of_its_model_and_no_other_model() {
    let [psad, nar4rec] = files();
    let models = [&psad, &psad, &nar4rec].map(|file| Model::from_file(file).expect("a file of this version"));
    let request = requests(1).remove(0);
    let student = models[0].student().expect("a model of PSAD");
    let state = student.encode_user(request.user(), request.history()).expect("the user fits");
    let teacher = models[0].teacher().expect("a model of PSAD");
    let of_state = teacher.rerank_with(&state, request.candidates(), LEN).expect("the candidates fit");
    assert_eq!(of_state, teacher.rerank(&request, LEN).expect("the request fits"));
    // One of the same file is another model too: nothing says that it will stay the same file.
    let others = models[1..].iter().map(Model::reranker);
    for (served, state) in others.map(|served| (served, &state)).chain([(student, &psad_serve::UserState::default())]) {
        let refused = served.rerank_with(state, request.candidates(), LEN);
        assert!(matches!(refused, Err(RerankError::Other(_))), "{served:?}: {refused:?}");
    }
}

/// Latencies in the order of size, and the time that all took together.
fn latencies(
    threads: usize,
    served: impl Fn(usize) -> Served + Sync,
    requests: &[Request],
) -> (Vec<Duration>, Duration) {
    const EACH: usize = 4_000;
    let work = |thread: usize| {
        let (served, mut slate, mut draw) = (served(thread), Slate::default(), Draw(thread as u64));
        let mut answer = || {
            let request = &requests[draw.below(requests.len())];
            let begin = Instant::now();
            served.rerank_into(request, LEN, &mut slate).expect("the request fits");
            begin.elapsed()
        };
        (0..200).for_each(|_| _ = answer());
        (0..EACH).map(|_| answer()).collect::<Vec<_>>()
    };
    let begin = Instant::now();
    let mut all: Vec<_> = thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("all requests fit")).collect()
    });
    all.sort_unstable();
    (all, begin.elapsed())
}

/// Beside the threads that share a model stand threads with a model each, which share nothing: where both are alike, no
/// thread waits for another but for a processor.
#[test]
#[ignore = "measures"]
fn latencies_on_one_to_eight_threads_are_printed() {
    let [file, _] = files();
    let model = |_| Model::from_file(&file).expect("a file of this version").student().expect("a model of PSAD");
    let (shared, own): (Served, Vec<Served>) = (model(0), (0..THREADS).map(model).collect());
    let requests = requests(200);
    println!("{} processors", thread::available_parallelism().map_or(0, usize::from));
    println!("{:>8} {:>9} {:>9} {:>9} {:>12}", "threads", "model", "p50 µs", "p99 µs", "answers/s");
    for threads in [1, 2, 4, 8] {
        for name in ["shared", "its own"] {
            let served = |thread: usize| if name == "shared" { shared.clone() } else { own[thread].clone() };
            let (all, time) = latencies(threads, served, &requests);
            let quantile = |share: usize| all[all.len() * share / 100].as_secs_f64() * 1e6;
            let rate = all.len() as f64 / time.as_secs_f64();
            println!("{threads:>8} {name:>9} {:>9.1} {:>9.1} {rate:>12.0}", quantile(50), quantile(99));
        }
    }
}
