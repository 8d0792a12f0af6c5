//! Embedding rows, where they are found quickly.

use memmap2::MmapMut;
use ndarray::ArrayD;

/// Values of a large table, from which on it gets memory of its own.
const LARGE: usize = 1 << 19;

/// An embedding table; row 0 is read for ids that it does not know.
pub(crate) struct Table {
    memory: Memory,
    vocabulary: usize,
    width: usize,
}

/// A request reads a few hundred rows from all over the tables. With pages of the usual size, most of these reads first
/// wait for the page to be looked up; on large pages, which a system is asked for where it can be, hardly any does.
enum Memory {
    Heap(Vec<f32>),
    Pages(MmapMut),
}

impl Table {
    /// The rows `[vocabulary, width]` of a tensor.
    pub(crate) fn new(rows: &ArrayD<f32>, vocabulary: usize, width: usize) -> Self {
        Self { memory: Memory::new(rows), vocabulary, width }
    }

    /// Values per row.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The row that an id reads.
    pub(crate) fn row(&self, id: u32) -> &[f32] {
        let row = if (id as usize) < self.vocabulary { id as usize } else { 0 };
        &self.memory.values()[row * self.width..][..self.width]
    }
}

impl Memory {
    fn new(values: &ArrayD<f32>) -> Self {
        let pages = (values.len() >= LARGE).then(|| MmapMut::map_anon(values.len() * size_of::<f32>()).ok()).flatten();
        let Some(mut pages) = pages else { return Self::Heap(values.iter().copied().collect()) };
        #[cfg(target_os = "linux")]
        // A system without large pages says no, and goes on with others.
        let _ = pages.advise(memmap2::Advice::HugePage);
        bytemuck::cast_slice_mut(&mut pages).iter_mut().zip(values).for_each(|(to, &value)| *to = value);
        Self::Pages(pages)
    }

    fn values(&self) -> &[f32] {
        match self {
            Self::Heap(values) => values,
            // A page begins at a multiple of any value's size.
            Self::Pages(pages) => bytemuck::cast_slice(pages),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, IxDyn};

    #[test]
    fn rows_are_what_they_were_in_either_memory() {
        const WIDTH: usize = 16;
        for vocabulary in [1, 7, LARGE / WIDTH, LARGE / WIDTH + 1] {
            let rows = Array2::from_shape_fn((vocabulary, WIDTH), |(row, column)| (row * WIDTH + column) as f32);
            let table = Table::new(&rows.clone().into_dimensionality::<IxDyn>().unwrap(), vocabulary, WIDTH);
            let last = vocabulary - 1;
            for (id, row) in [(0, 0), (last, last), (vocabulary, 0), (u32::MAX as usize, 0)] {
                assert_eq!(table.row(id as u32), rows.row(row).to_slice().unwrap());
            }
        }
    }
}
