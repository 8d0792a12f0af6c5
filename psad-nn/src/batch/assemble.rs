//! From requests and labelled lists to tensors.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use psad_core::{Items, LabeledList, Permutation, Request, RerankError, Schema};

use super::gather::Gather;
use super::{HistoryBatch, ItemBatch, LabelBatch, ListBatch};
use crate::Tables;

/// Turns lists into [`ListBatch`]es, after checking that they fit the schema.
#[derive(Debug, Clone)]
pub struct Batcher {
    schema: Schema,
}

impl Batcher {
    /// A batcher for requests of `schema`.
    pub fn new(schema: &Schema) -> Self {
        Self { schema: schema.clone() }
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Requests without labels.
    ///
    /// # Errors
    /// [`RerankError::Schema`] for a request that does not fit, [`RerankError::Other`] for a batch without requests or
    /// for tables of another schema.
    pub fn requests(&self, requests: &[&Request], tables: &Tables, device: &Device) -> Result<ListBatch, RerankError> {
        if requests.is_empty() {
            return Err(RerankError::other("a batch needs at least one list, got 0"));
        }
        let (fields, found) =
            (self.schema.item_sparse().len() + self.schema.user_sparse().len(), tables.as_slice().len());
        if fields != found {
            return Err(RerankError::other(format!(
                "the schema has {fields} sparse fields, but there are {found} tables"
            )));
        }
        for request in requests {
            self.schema.check(request)?;
        }
        Ok(self.assemble(requests, tables, device))
    }

    /// Lists with their labels.
    ///
    /// # Errors
    /// As [`Batcher::requests`].
    pub fn lists(&self, lists: &[&LabeledList], tables: &Tables, device: &Device) -> Result<ListBatch, RerankError> {
        let requests: Vec<&Request> = lists.iter().map(|list| list.request()).collect();
        let mut batch = self.requests(&requests, tables, device)?;
        batch.labels = Some(label_batch(lists, device)?);
        Ok(batch)
    }

    fn assemble(&self, requests: &[&Request], tables: &Tables, device: &Device) -> ListBatch {
        let mut gather = Gather::default();
        let offered: Vec<&Items> = requests.iter().map(|request| request.candidates().items()).collect();
        let past: Vec<&Items> = requests.iter().map(|request| request.history().items()).collect();
        let scores: Vec<Vec<f32>> =
            requests.iter().map(|request| request.candidates().standardised_scores().collect()).collect();
        let candidates = self.items(&offered, &scores, tables, &mut gather, device);
        let silent: Vec<Vec<f32>> = past.iter().map(|items| vec![0.; items.len()]).collect();
        let items = self.items(&past, &silent, tables, &mut gather, device);
        let history = self.history(requests, items, device);
        let user_rows = self.user_rows(requests, tables, &mut gather, device);
        let (rows, touched) = gather.finish(tables, device);
        let positions: Vec<i32> = (0..requests.len()).flat_map(|_| 0..candidates.pad.dims()[1] as i32).collect();
        ListBatch {
            rows,
            touched,
            user_rows,
            user_dense: self.user_dense(requests, device),
            history,
            positions: ints(positions, candidates.pad.dims(), device),
            candidates,
            constraints: requests.iter().map(|request| request.constraints().clone()).collect(),
            labels: None,
        }
    }

    fn items(
        &self,
        lists: &[&Items],
        scores: &[Vec<f32>],
        tables: &Tables,
        gather: &mut Gather,
        device: &Device,
    ) -> ItemBatch {
        let (fields, features) = (self.schema.item_sparse().len(), self.schema.item_dense().len() + 1);
        let lens: Vec<usize> = lists.iter().map(|items| items.len()).collect();
        let longest = lens.iter().copied().max().unwrap_or(0).max(1);
        // Padding points at row 0 of the leaf, whichever that is: masks keep it from being read.
        let mut rows = vec![0; lists.len() * longest * fields];
        let mut dense = vec![0.; lists.len() * longest * features];
        let mut pad = vec![true; lists.len() * longest];
        for (list, items) in lists.iter().enumerate() {
            for (item, &score) in scores[list].iter().enumerate() {
                let place = list * longest + item;
                pad[place] = false;
                for (field, &id) in items.sparse().row(item).iter().enumerate() {
                    rows[place * fields + field] = gather.place(tables, field, id);
                }
                for (feature, &value) in items.dense().row(item).iter().enumerate() {
                    dense[place * features + feature] = value;
                }
                dense[(place + 1) * features - 1] = score;
            }
        }
        ItemBatch {
            rows: (fields > 0).then(|| ints(rows, [lists.len() * longest * fields], device)),
            dense: floats(dense, [lists.len(), longest, features], device),
            pad: bools(pad, [lists.len(), longest], device),
            lens,
        }
    }

    fn history(&self, requests: &[&Request], items: ItemBatch, device: &Device) -> HistoryBatch {
        let shape @ [lists, longest] = items.pad.dims();
        let (mut feedback, mut distance) = (vec![0; lists * longest], vec![0.; lists * longest]);
        for (list, request) in requests.iter().enumerate() {
            let history = request.history();
            for (item, (&kind, far)) in history.feedback().iter().zip(history.distances()).enumerate() {
                let place = list * longest + item;
                (feedback[place], distance[place]) = (kind as i32, far);
            }
        }
        let bucket = distance.iter().map(|&distance| self.schema.history_bucket(distance) as i32).collect();
        HistoryBatch {
            feedback: ints(feedback, shape, device),
            distance: floats(distance, shape, device),
            bucket: ints(bucket, shape, device),
            items,
        }
    }

    fn user_rows(
        &self,
        requests: &[&Request],
        tables: &Tables,
        gather: &mut Gather,
        device: &Device,
    ) -> Option<Tensor<1, Int>> {
        let first = self.schema.item_sparse().len();
        let fields = self.schema.user_sparse().len();
        let mut rows = Vec::with_capacity(requests.len() * fields);
        for request in requests {
            let ids = request.user().sparse().iter().enumerate();
            rows.extend(ids.map(|(field, &id)| gather.place(tables, first + field, id)));
        }
        (fields > 0).then(|| ints(rows, [requests.len() * fields], device))
    }

    fn user_dense(&self, requests: &[&Request], device: &Device) -> Option<Tensor<2>> {
        let features = self.schema.user_dense().len();
        let values = requests.iter().flat_map(|request| request.user().dense().iter().copied()).collect();
        (features > 0).then(|| floats(values, [requests.len(), features], device))
    }
}

fn label_batch(lists: &[&LabeledList], device: &Device) -> Result<LabelBatch, RerankError> {
    let longest = lists.iter().map(|list| list.len()).max().unwrap_or(0);
    let shape = [lists.len(), longest];
    let mut values = vec![0.; lists.len() * longest];
    let mut targets = Vec::with_capacity(values.len());
    let mut contrast = Vec::with_capacity(lists.len());
    for (index, list) in lists.iter().enumerate() {
        values[index * longest..index * longest + list.len()].copy_from_slice(list.labels());
        let order = Permutation::from_scores(list.labels())?;
        targets.extend(order.as_slice().iter().copied().chain(list.len()..longest).map(|item| item as i32));
        let relevant = list.labels().iter().filter(|&&label| label > 0.).count();
        contrast.push(f32::from(u8::from(relevant > 0 && relevant < list.len())));
    }
    Ok(LabelBatch {
        values: floats(values, shape, device),
        targets: ints(targets, shape, device),
        contrast: floats(contrast, [lists.len()], device),
        shown: lists.iter().map(|list| list.shown().map(|shown| shown.slate.clone())).collect(),
    })
}

fn floats<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new::<f32, _>(values, shape), device)
}

fn ints<const D: usize>(values: Vec<i32>, shape: [usize; D], device: &Device) -> Tensor<D, Int> {
    Tensor::from_data(TensorData::new::<i32, _>(values, shape), device)
}

fn bools<const D: usize>(values: Vec<bool>, shape: [usize; D], device: &Device) -> Tensor<D, Bool> {
    Tensor::from_data(TensorData::new::<bool, _>(values, shape), device)
}
