//! Every model on the reference shape, served and as trained.

mod reference;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use psad::decode::Strategy;
use psad::{Constraints, Request, Reranker, Slate};
use psad_serve::{Model, Served, UserState};
use reference::{BLOCKS, LISTS, Models, SLOTS};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Group<'a> = criterion::BenchmarkGroup<'a, criterion::measurement::WallTime>;

fn trained(group: &mut Group<'_>, name: &str, reranker: &dyn Reranker, requests: &[Request]) {
    let mut turn = requests.iter().cycle();
    let id = BenchmarkId::new(name, "trained");
    group.bench_function(id, |bencher| bencher.iter(|| turn.next().map(|request| reranker.rerank(request, SLOTS))));
}

fn served(group: &mut Group<'_>, name: &str, served: &Served, requests: &[Request]) {
    let mut slate = Slate::default();
    let mut turn = requests.iter().cycle();
    group.bench_function(BenchmarkId::new(name, "served"), |bencher| {
        bencher.iter(|| turn.next().map(|request| served.rerank_into(request, SLOTS, black_box(&mut slate))));
    });
    let encode = |request: &Request| served.encode_user(request.user(), request.history()).expect("the request fits");
    let states: Vec<UserState> = requests.iter().map(encode).collect();
    let (mut turn, rules) = (requests.iter().zip(&states).cycle(), Constraints::new());
    group.bench_function(BenchmarkId::new(name, "served, user known"), |bencher| {
        bencher.iter(|| {
            turn.next().map(|(request, state)| {
                served.rerank_with_into(state, request.candidates(), &rules, SLOTS, black_box(&mut slate))
            })
        });
    });
}

fn models(criterion: &mut Criterion) {
    let schema = reference::schema();
    let models = Models::new(&schema);
    let psad = Model::from_file(&models.psad_file).expect("a file of this version");
    let nar4rec = Model::from_file(&models.nar4rec_file).expect("a file of this version");
    for candidates in LISTS {
        let requests = reference::requests(&schema, candidates);
        let mut group = criterion.benchmark_group(format!("list of {candidates}"));
        group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2)).sample_size(20);
        served(&mut group, "PSAD-S", &psad.student().expect("a model of PSAD"), &requests);
        trained(&mut group, "PSAD-S", &models.psad.student(), &requests);
        for block in BLOCKS {
            let teacher = psad.teacher_with(block, Strategy::Greedy).expect("a model of PSAD");
            served(&mut group, &format!("PSAD-G, K = {block}"), &teacher, &requests);
            let teacher = models.teacher(block);
            trained(&mut group, &format!("PSAD-G, K = {block}"), &teacher, &requests);
        }
        served(&mut group, "NAR4Rec", &nar4rec.reranker(), &requests);
        trained(&mut group, "NAR4Rec", &models.nar4rec.generator(), &requests);
        group.finish();
    }
}

criterion_group!(benches, models);
criterion_main!(benches);
