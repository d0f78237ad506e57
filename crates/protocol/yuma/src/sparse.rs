//! Rows of `(uid, number)`, packed.
//!
//! All rows lie one behind the other in two vectors, so that building a matrix of a million cells takes a handful
//! of allocations and walking it touches memory in order. The order inside a row is the stored one and matters.

use crate::fixed::{Divisor, I32F32};

/// A matrix of which only some cells are present, row by row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SparseMatrix {
    /// Where each row starts, and behind them where the last one ends.
    starts: Vec<usize>,
    columns: Vec<u16>,
    values: Vec<I32F32>,
}

impl SparseMatrix {
    /// A matrix without rows, with room for `rows` of them and `cells` cells.
    pub(crate) fn with_capacity(rows: usize, cells: usize) -> SparseMatrix {
        let mut starts = Vec::with_capacity(rows + 1);
        starts.push(0);
        SparseMatrix {
            starts,
            columns: Vec::with_capacity(cells),
            values: Vec::with_capacity(cells),
        }
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// How many cells are present.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.columns.len()
    }

    /// The columns and the values of a row, in stored order.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn row(&self, row: usize) -> (&[u16], &[I32F32]) {
        let range = self.starts[row]..self.starts[row + 1];
        (&self.columns[range.clone()], &self.values[range])
    }

    /// The cells of a row, in stored order.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn cells_of(&self, row: usize) -> impl ExactSizeIterator<Item = (u16, I32F32)> + Clone {
        let (columns, values) = self.row(row);
        columns.iter().copied().zip(values.iter().copied())
    }

    /// Adds a cell to the row that is being built.
    #[inline]
    pub(crate) fn push(&mut self, column: u16, value: I32F32) {
        self.columns.push(column);
        self.values.push(value);
    }

    /// Adds cells to the row that is being built.
    pub(crate) fn extend(&mut self, cells: impl Iterator<Item = (u16, I32F32)> + Clone) {
        self.columns.extend(cells.clone().map(|(column, _)| column));
        self.values.extend(cells.map(|(_, value)| value));
    }

    /// Ends the row that is being built and hands its values out for a last change.
    pub(crate) fn end_row(&mut self) -> &mut [I32F32] {
        let start = self.starts.last().copied().unwrap_or(0);
        self.starts.push(self.columns.len());
        &mut self.values[start..]
    }

    /// The sum of every column.
    pub(crate) fn column_sums(&self, columns: usize) -> Vec<I32F32> {
        let mut sums = vec![I32F32::ZERO; columns];
        for (column, value) in self.columns.iter().zip(&self.values) {
            sums[usize::from(*column)] += *value;
        }
        sums
    }

    /// Divides every column by its sum. A column that sums to zero stays as it is.
    pub(crate) fn normalise_columns(&mut self, columns: usize) {
        let sums = self.column_sums(columns);
        self.divide_columns(&sums);
    }

    /// Divides every column by its largest value, so that this becomes one.
    pub(crate) fn upscale_columns(&mut self, columns: usize) {
        let mut largest = vec![I32F32::ZERO; columns];
        for (column, value) in self.columns.iter().zip(&self.values) {
            let largest = &mut largest[usize::from(*column)];
            *largest = (*largest).max(*value);
        }
        self.divide_columns(&largest);
    }

    fn divide_columns(&mut self, by: &[I32F32]) {
        let divisors = column_divisors(by);
        for (column, value) in self.columns.iter().zip(&mut self.values) {
            *value = divisors[usize::from(*column)].divide(*value);
        }
    }
}

/// What divides each column, where a zero leaves the column as it is.
pub(crate) fn column_divisors(by: &[I32F32]) -> Vec<Divisor> {
    by.iter()
        .map(|sum| Divisor::new(if *sum == I32F32::ZERO { I32F32::ONE } else { *sum }))
        .collect()
}
