//! Faulty requests are errors, and the odd ones that are none.

use burn::tensor::Device;
use ndarray::{Array1, Array2, array};
use psad_core::{Candidates, History, Items, LabeledList, Request, RerankError, Schema, SchemaError, TableError, User};
use psad_nn::{Batcher, ListBatch, Tables};

use crate::common::{EMBEDDING, VOCABULARY, schema};

fn items(len: usize, sparse: usize, dense: usize) -> Items {
    Items::new(Array2::ones((len, sparse)), Array2::zeros((len, dense))).unwrap()
}

/// A request for `schema((1, 1), (1, 1))`, if only `user`, `fields`, `past` and `offered` are right.
fn request(user: User, fields: (usize, usize), past: Array1<u32>, offered: usize) -> Request {
    let history = History::new(items(past.len(), fields.0, fields.1), past).unwrap();
    let candidates = Candidates::new(items(offered, fields.0, fields.1), Array1::zeros(offered)).unwrap();
    Request::new(user, history, candidates).unwrap()
}

fn user(sparse: usize, dense: usize) -> User {
    User::new(Array1::ones(sparse), Array1::zeros(dense)).unwrap()
}

fn batch(schema: &Schema, requests: &[&Request]) -> Result<ListBatch, RerankError> {
    let tables = Tables::seeded(schema, EMBEDDING, 1).unwrap();
    Batcher::new(schema).requests(requests, &tables, &Device::flex())
}

#[test]
fn a_request_that_does_not_fit_is_named_whatever_stands_beside_it() {
    let schema = schema((1, 1), (1, 1));
    let fits = request(user(1, 1), (1, 1), array![0, 1], 3);
    assert!(batch(&schema, &[&fits]).is_ok());
    let refused = |request: Request| match batch(&schema, &[&fits, &request]) {
        Err(RerankError::Schema(error)) => error,
        other => panic!("{other:?}"),
    };
    let width = |what, found| SchemaError::Width { what, expected: 1, found };
    assert_eq!(refused(request(user(2, 1), (1, 1), array![], 3)), width("user sparse fields", 2));
    assert_eq!(refused(request(user(1, 0), (1, 1), array![], 3)), width("user dense features", 0));
    assert_eq!(refused(request(user(1, 1), (2, 1), array![], 3)), width("item sparse fields", 2));
    assert_eq!(refused(request(user(1, 1), (1, 0), array![], 3)), width("item dense features", 0));
    let long = |what, maximum| SchemaError::TooLong { what, maximum, found: maximum + 1 };
    assert_eq!(refused(request(user(1, 1), (1, 1), Array1::zeros(7), 3)), long("history", 6));
    assert_eq!(refused(request(user(1, 1), (1, 1), array![], 8)), long("candidates", 7));
    let feedback = refused(request(user(1, 1), (1, 1), array![0, 2], 3));
    assert_eq!(feedback, SchemaError::UnknownFeedback { found: 2, kinds: 2 });
}

#[test]
fn a_batch_of_nothing_is_an_error() {
    let schema = schema((0, 0), (1, 0));
    assert!(batch(&schema, &[]).unwrap_err().to_string().contains("at least one list"));
    let tables = Tables::seeded(&schema, EMBEDDING, 1).unwrap();
    assert!(Batcher::new(&schema).lists(&[], &tables, &Device::flex()).is_err());
}

#[test]
fn rows_without_width_are_refused_even_where_no_field_is_sparse() {
    for schema in [schema((0, 0), (1, 0)), schema((0, 0), (0, 1))] {
        assert!(matches!(Tables::seeded(&schema, 0, 1), Err(TableError::Empty { width: 0, .. })));
    }
}

#[test]
fn tables_of_another_schema_are_refused() {
    let (schema, other) = (schema((1, 1), (1, 1)), schema((0, 1), (1, 1)));
    let tables = Tables::seeded(&other, EMBEDDING, 1).unwrap();
    let request = request(user(1, 1), (1, 1), array![], 3);
    let error = Batcher::new(&schema).requests(&[&request], &tables, &Device::flex()).unwrap_err();
    assert!(error.to_string().contains("2 sparse fields") && error.to_string().contains("1 table"), "{error}");
}

#[test]
fn unknown_ids_share_row_zero() {
    let schema = schema((1, 0), (1, 0));
    let sparse = array![[0], [VOCABULARY as u32], [u32::MAX], [VOCABULARY as u32 - 1]];
    let candidates = Candidates::new(Items::new(sparse, Array2::zeros((4, 0))).unwrap(), Array1::zeros(4)).unwrap();
    let who = User::new(array![u32::MAX], Array1::zeros(0)).unwrap();
    let request = Request::new(who, History::empty(1, 0), candidates).unwrap();
    let batch = batch(&schema, &[&request]).unwrap();
    let touched: Vec<(usize, u32)> = batch.touched.iter().map(|each| (each.table, each.row)).collect();
    assert_eq!(touched, [(0, 0), (0, VOCABULARY as u32 - 1), (1, 0)]);
    let index: Vec<i32> = batch.candidates.rows.unwrap().try_into_vec_as().unwrap();
    assert_eq!(index, [0, 0, 0, 1]);
}

fn scores(scores: Array1<f32>) -> Vec<f32> {
    let schema = schema((0, 0), (0, 1));
    let candidates = Candidates::new(items(scores.len(), 0, 1), scores).unwrap();
    let request = Request::new(User::anonymous(), History::empty(0, 1), candidates).unwrap();
    let dense: Vec<f32> = batch(&schema, &[&request]).unwrap().candidates.dense.try_into_vec_as().unwrap();
    dense.chunks(2).map(|features| features[1]).collect()
}

#[test]
fn scores_of_any_scale_become_the_same_numbers() {
    let plain = scores(array![0.1, 0.4, 0.2]);
    let (mean, square) = (plain.iter().sum::<f32>() / 3., plain.iter().map(|score| score * score).sum::<f32>() / 3.);
    assert!(mean.abs() < 1e-6 && (square - 1.).abs() < 1e-6, "{plain:?}");
    for (factor, offset) in [(1e30, 0.), (1e-3, 0.), (7., 3.)] {
        let scaled = scores(array![0.1_f32, 0.4, 0.2].mapv(|score| score * factor + offset));
        // Scaling and shifting round each score by half a unit in the last place, here 1e-6 of the spread at most.
        assert!(plain.iter().zip(&scaled).all(|(a, b)| (a - b).abs() < 1e-5), "{plain:?} {scaled:?}");
    }
    assert_eq!(scores(array![f32::MAX, f32::MIN]), [1., -1.]);
}

#[test]
fn equal_scores_say_nothing() {
    for score in [0., -1., 1e-30, 0.1, f32::MAX] {
        assert_eq!(scores(Array1::from_elem(7, score)), [0.; 7], "{score}");
    }
    assert_eq!(scores(array![3.]), [0.]);
    let rounding = 0.3_f32;
    assert_eq!(scores(array![rounding, rounding.next_up(), rounding]), [0.; 3]);
}

#[test]
fn a_batch_on_a_training_device_collects_gradients_for_the_touched_rows() {
    let schema = schema((0, 0), (1, 0));
    let tables = Tables::seeded(&schema, EMBEDDING, 1).unwrap();
    let labels = array![1., 0., 0.];
    let list = LabeledList::new(request(User::anonymous(), (1, 0), array![1], 3), labels).unwrap();
    let batch = Batcher::new(&schema).lists(&[&list], &tables, &Device::flex().autodiff()).unwrap();
    let gradients = batch.candidates.features(&batch.rows).sum().backward();
    let rows: Vec<f32> = batch.rows.grad(&gradients).unwrap().try_into_vec_as().unwrap();
    assert_eq!(rows, [3.; EMBEDDING], "three candidates read the one touched row");
}

#[test]
fn a_longer_history_has_a_bucket_for_every_step() {
    let schema = Schema::builder().item_dense("price").feedback(["no"]).max_history(40).build().unwrap();
    assert_eq!(schema.history_buckets(), 40);
    let request = request(User::anonymous(), (0, 1), Array1::zeros(40), 1);
    let bucket: Vec<i32> = batch(&schema, &[&request]).unwrap().history.bucket.try_into_vec_as().unwrap();
    assert_eq!(bucket, (0..40).rev().collect::<Vec<_>>());
}
