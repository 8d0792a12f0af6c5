//! Before any training every baseline keeps the ranker's order.

use burn::tensor::Device;
use proptest::{collection::vec, prelude::*};
use psad_core::{Reranker, Slate};
use psad_decode::Strategy;
use psad_nn::{Student, Tables, Teacher, TensorReranker};

use crate::common::{
    EMBEDDING, Fields, List, RICH, Subject, batch, cases, fields, floats, list, of_every_baseline, prm, readable,
    schema, seq2slate,
};

fn answers_the_rankers_scores<M: Subject>(name: &str, make: fn(Fields, &Device) -> M, lists: &[List], fields: Fields) {
    let device = Device::flex();
    let batch = batch(lists, fields, &device);
    let answers = make(fields, &device).answers(&batch);
    let [_, rows, candidates] = answers.dims();
    let (answers, ranker) = (floats(answers), floats(batch.ranker_scores()));
    for (list, &len) in batch.candidates.lens.iter().enumerate() {
        for (row, item) in readable(len, rows) {
            let (found, expected) =
                (answers[(list * rows + row) * candidates + item], ranker[list * candidates + item]);
            assert_eq!(found, expected, "{name}: row {row}, item {item}");
        }
    }
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn an_untrained_model_answers_the_rankers_scores(lists in vec(list(), 1..=3), fields in fields()) {
        of_every_baseline!(answers_the_rankers_scores, &lists, fields);
    }

    #[test]
    fn an_untrained_reranker_sorts_by_the_rankers_scores(list in list(), len in 1_usize..9) {
        let (device, schema) = (Device::flex(), schema(RICH));
        let tables = std::sync::Arc::new(Tables::seeded(&schema, EMBEDDING, 5).unwrap());
        let (prm, writer) = (prm(RICH, &device), seq2slate(RICH, &device));
        let student = Student::new(prm.encoder, prm.scorer);
        let teacher = Teacher::new(writer.encoder, writer.generator, 1, Strategy::Greedy);
        let request = list.labeled(RICH).request().clone();
        let expected = Slate::top_by_score(request.candidates().scores(), len).unwrap();
        let student = TensorReranker::new(&student, tables.clone(), &schema, &device);
        prop_assert_eq!(&student.rerank(&request, len).unwrap(), &expected);
        let teacher = TensorReranker::new(&teacher, tables, &schema, &device);
        prop_assert_eq!(&teacher.rerank(&request, len).unwrap(), &expected);
    }
}
