//! The embedding tables of a model, on the host.

use ndarray::Array2;
use psad_core::{EmbeddingTable, ModelFile, ModelFileError, Schema, TableError};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::Normal;

/// Least deviation of the initial rows.
const DEVIATION: f32 = 0.05;

/// A row of one of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Touched {
    /// Index of the table.
    pub table: usize,
    /// Row of the table.
    pub row: u32,
}

/// One table per sparse field: those of items first, then those of the user; all of one width.
#[derive(Debug, Clone, PartialEq)]
pub struct Tables {
    tables: Vec<EmbeddingTable>,
    width: usize,
}

impl Tables {
    /// Tables of random rows. Row 0, which unknown ids read, starts at zero.
    ///
    /// Rows of a small vocabulary start far apart, at a deviation of `1 / √vocabulary`: training meets them often, and
    /// what tells categories apart is soon drowned by what they have in common if they start as good as equal. Rows of a
    /// large one start at 0.05, so that an id that training never met adds little noise.
    ///
    /// # Errors
    /// [`TableError::Empty`] for a width of 0.
    pub fn seeded(schema: &Schema, width: usize, seed: u64) -> Result<Self, TableError> {
        if width == 0 {
            return Err(no_width(schema));
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let fields = schema.item_sparse().iter().chain(schema.user_sparse());
        let mut tables = Vec::new();
        for (name, field) in names(schema).into_iter().zip(fields) {
            let deviation = (field.vocabulary.max(1) as f32).sqrt().recip().max(DEVIATION);
            let mut rows = match Normal::new(0., deviation) {
                Ok(normal) => Array2::from_shape_simple_fn((field.vocabulary, width), || rng.sample(normal)),
                Err(_) => Array2::zeros((field.vocabulary, width)),
            };
            rows.row_mut(0).fill(0.);
            tables.push(EmbeddingTable::new(name, rows)?);
        }
        Ok(Self { tables, width })
    }

    /// Reads the tables that [`Tables::store`] wrote.
    ///
    /// # Errors
    /// [`ModelFileError`] for a table that is missing, has another shape or holds a NaN, and for a width of 0.
    pub fn load(file: &ModelFile, schema: &Schema, width: usize) -> Result<Self, ModelFileError> {
        if width == 0 {
            return Err(ModelFileError::Config(no_width(schema).to_string()));
        }
        let fields = schema.item_sparse().iter().chain(schema.user_sparse());
        let mut tables = Vec::new();
        for (name, field) in names(schema).into_iter().zip(fields) {
            let rows = file.tensor(&key(&name), &[field.vocabulary, width])?.clone();
            let rows = rows.into_shape_with_order((field.vocabulary, width));
            let rows = rows.map_err(|error| ModelFileError::Config(error.to_string()))?;
            tables.push(EmbeddingTable::new(name, rows).map_err(|error| ModelFileError::Config(error.to_string()))?);
        }
        Ok(Self { tables, width })
    }

    /// Adds all tables to a model file.
    pub fn store(&self, file: &mut ModelFile) {
        for table in &self.tables {
            file.insert(key(table.name()), table.rows().clone().into_dyn());
        }
    }

    /// The tables: items' fields in the schema's order, then the user's.
    pub fn as_slice(&self) -> &[EmbeddingTable] {
        &self.tables
    }

    /// A row, to be updated in place.
    ///
    /// # Panics
    /// If there is no such table; a [`Touched`] of a batch made with these tables names one that is there.
    pub fn row_mut(&mut self, touched: Touched) -> &mut [f32] {
        self.tables[touched.table].row_mut(touched.row)
    }

    /// Values per row, the same in all tables.
    pub fn width(&self) -> usize {
        self.width
    }
}

/// Names of the tables. The side is part of the name: an item and a user field may be called alike.
fn names(schema: &Schema) -> Vec<String> {
    let items = schema.item_sparse().iter().map(|field| format!("item.{}", field.name));
    items.chain(schema.user_sparse().iter().map(|field| format!("user.{}", field.name))).collect()
}

/// Rows have a width even where no field is sparse: a batch always holds one.
fn no_width(schema: &Schema) -> TableError {
    let name = names(schema).into_iter().next().unwrap_or_else(|| "rows".to_owned());
    let vocabulary = schema.item_sparse().iter().chain(schema.user_sparse()).next().map_or(1, |field| field.vocabulary);
    TableError::Empty { name, vocabulary, width: 0 }
}

fn key(name: &str) -> String {
    format!("tables.{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Schema {
        Schema::builder().item_sparse("id", 4).user_sparse("id", 3).build().unwrap()
    }

    #[test]
    fn tables_repeat_by_seed_and_survive_a_file() {
        let tables = Tables::seeded(&schema(), 5, 3).unwrap();
        assert_eq!(tables, Tables::seeded(&schema(), 5, 3).unwrap());
        assert_ne!(tables, Tables::seeded(&schema(), 5, 4).unwrap());
        assert_eq!(tables.as_slice()[1].vocabulary(), 3);
        assert!(tables.as_slice()[0].row(0).iter().all(|&value| value == 0.));
        let mut file = ModelFile::new("test", schema(), serde_json::Value::Null);
        tables.store(&mut file);
        assert_eq!(Tables::load(&file, &schema(), 5).unwrap(), tables);
        assert!(matches!(Tables::load(&file, &schema(), 6), Err(ModelFileError::Shape { .. })));
        assert!(Tables::seeded(&schema(), 0, 3).is_err());
        assert!(matches!(Tables::load(&file, &schema(), 0), Err(ModelFileError::Config(_))));
    }
}
