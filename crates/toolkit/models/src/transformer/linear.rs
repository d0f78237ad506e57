//! Tables of weights and the products with them.

use crate::{
    checkpoint::Elements,
    kernels::matmul::{Matrix, MatrixMut, Update, multiply},
};

/// Elements that are widened to f32 at a time. More would leave the cache before the product reads it; fewer make the
/// products flat.
const WIDENED: usize = 1 << 18;

/// Outputs of a panel of weights: a tile of the product kernel where vectors have 512 bits. Fewer waste part of the
/// tile; more are copied together by the kernel, and a model's longest panel (4,096 inputs) would leave the cache.
const PANEL: usize = 64;

/// Rows of weights, f32 or in the 16 bits that they are stored in.
#[derive(Debug)]
pub(crate) struct Table {
    elements: Elements,
    rows: usize,
    columns: usize,
}

/// Scratch of products.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    widened: Vec<f32>,
}

impl Table {
    /// A table of `rows`; `columns` follow from the number of elements.
    pub(crate) fn new(elements: Elements, rows: usize, columns: usize) -> Self {
        debug_assert_eq!(elements.len(), rows * columns);
        Self {
            elements,
            rows,
            columns,
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    #[cfg(feature = "candle")]
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    #[cfg(feature = "candle")]
    pub(crate) fn elements(&self) -> &Elements {
        &self.elements
    }

    /// Copies a row.
    pub(crate) fn row_into(&self, row: usize, out: &mut [f32]) {
        self.elements.widen_into(row * self.columns, out);
    }

    /// Adds a row to `out`.
    pub(crate) fn add_row(&self, row: usize, out: &mut [f32], scratch: &mut Scratch) {
        let range = row * self.columns..(row + 1) * self.columns;
        let row = self.elements.widened(range, &mut scratch.widened);
        for (out, value) in out.iter_mut().zip(row) {
            *out += *value;
        }
    }

    /// `y = x · tableᵀ`, or that added to `y`.
    pub(crate) fn product(&self, x: &[f32], y: &mut [f32], update: Update, scratch: &mut Scratch) {
        let rows = x.len() / self.columns;
        let x = Matrix::new(x, rows, self.columns);
        // Fixed blocks of the table's rows: an element's sum does not depend on the block that it is in.
        let block = (WIDENED / self.columns).clamp(1, self.rows);
        for first in (0..self.rows).step_by(block) {
            let count = block.min(self.rows - first);
            let range = first * self.columns..(first + count) * self.columns;
            let weights = self.elements.widened(range, &mut scratch.widened);
            multiply(
                MatrixMut::strided(&mut y[first..], rows, count, self.rows),
                update,
                1.0,
                x,
                Matrix::new(weights, count, self.columns).t(),
            );
        }
    }
}

/// A linear map.
#[derive(Debug)]
pub(crate) struct Linear {
    /// In panels of [`PANEL`] outputs, input by input within each: as the product kernel reads them. From rows as they
    /// are stored it would turn them anew for every pack, a fifth of all its work.
    weight: Elements,
    inputs: usize,
    outputs: usize,
    bias: Option<Vec<f32>>,
}

impl Linear {
    /// A map from its weights as they are stored, a row of inputs for each output.
    pub(crate) fn new(stored: Elements, inputs: usize, outputs: usize, bias: Option<Vec<f32>>) -> Self {
        debug_assert_eq!(stored.len(), inputs * outputs);
        Self {
            weight: stored.in_panels(inputs, PANEL),
            inputs,
            outputs,
            bias,
        }
    }

    #[cfg(feature = "candle")]
    pub(crate) fn elements(&self) -> &Elements {
        &self.weight
    }

    #[cfg(feature = "candle")]
    pub(crate) fn bias(&self) -> Option<&[f32]> {
        self.bias.as_deref()
    }

    /// The panels' places among the elements, each with its numbers of rows, the inputs, and of columns, the outputs.
    #[cfg(feature = "candle")]
    pub(crate) fn panels(&self) -> impl Iterator<Item = (std::ops::Range<usize>, usize, usize)> {
        let (inputs, outputs) = (self.inputs, self.outputs);
        (0..outputs).step_by(PANEL).map(move |first| {
            let width = PANEL.min(outputs - first);
            (first * inputs..(first + width) * inputs, inputs, width)
        })
    }

    /// `y = W·x + b`.
    pub(crate) fn apply(&self, x: &[f32], y: &mut Vec<f32>, scratch: &mut Scratch) {
        y.resize(x.len() / self.inputs * self.outputs, 0.0);
        match &self.bias {
            None => self.product(x, y, Update::Replace, scratch),
            Some(bias) => {
                y.chunks_exact_mut(self.outputs)
                    .for_each(|row| row.copy_from_slice(bias));
                self.product(x, y, Update::Add, scratch);
            }
        }
    }

    /// `y += W·x + b`.
    pub(crate) fn add(&self, x: &[f32], y: &mut [f32], scratch: &mut Scratch) {
        if let Some(bias) = &self.bias {
            for row in y.chunks_exact_mut(self.outputs) {
                for (value, bias) in row.iter_mut().zip(bias) {
                    *value += *bias;
                }
            }
        }
        self.product(x, y, Update::Add, scratch);
    }

    fn product(&self, x: &[f32], y: &mut [f32], update: Update, scratch: &mut Scratch) {
        let rows = x.len() / self.inputs;
        for first in (0..self.outputs).step_by(PANEL) {
            let width = PANEL.min(self.outputs - first);
            let panel = self.weight.widened(
                first * self.inputs..(first + width) * self.inputs,
                &mut scratch.widened,
            );
            multiply(
                MatrixMut::strided(&mut y[first..], rows, width, self.outputs),
                update,
                1.0,
                Matrix::new(x, rows, self.inputs),
                Matrix::new(panel, self.inputs, width),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use half::{bf16, f16};

    use super::*;

    fn ramp(length: usize, salt: usize) -> Vec<f32> {
        // Sixteenths up to ±0.7: the same in every precision.
        (0..length)
            .map(|i| ((i * 37 + salt * 11) % 23) as f32 / 16.0 - 0.6875)
            .collect()
    }

    fn precisions(values: &[f32]) -> [Elements; 3] {
        [
            Elements::Single(values.to_vec()),
            Elements::Half(values.iter().map(|value| f16::from_f32(*value)).collect()),
            Elements::Brain(values.iter().map(|value| bf16::from_f32(*value)).collect()),
        ]
    }

    /// More outputs than a block of widened weights holds, and a last block that is not full.
    #[test]
    fn products_match_the_definition_in_every_precision() {
        let (rows, inputs, outputs) = (3, 1_500, 450);
        assert!(inputs * outputs > 2 * WIDENED);
        let (x, weight, bias) = (
            ramp(rows * inputs, 1),
            ramp(outputs * inputs, 2),
            ramp(outputs, 3),
        );
        for elements in precisions(&weight) {
            let table = Table::new(elements.clone(), outputs, inputs);
            let linear = Linear::new(elements, inputs, outputs, Some(bias.clone()));
            let mut scratch = Scratch::default();
            let (mut applied, mut of_table) = (Vec::new(), vec![f32::NAN; rows * outputs]);
            linear.apply(&x, &mut applied, &mut scratch);
            let mut added = ramp(rows * outputs, 4);
            linear.add(&x, &mut added, &mut scratch);
            table.product(&x, &mut of_table, Update::Replace, &mut scratch);
            let start = ramp(rows * outputs, 4);
            for row in 0..rows {
                for output in 0..outputs {
                    let exact: f64 = (0..inputs)
                        .map(|i| f64::from(x[row * inputs + i]) * f64::from(weight[output * inputs + i]))
                        .sum();
                    let (at, bias) = (row * outputs + output, f64::from(bias[output]));
                    for (found, exact) in [
                        (of_table[at], exact),
                        (applied[at], exact + bias),
                        (added[at], exact + bias + f64::from(start[at])),
                    ] {
                        assert!(
                            (f64::from(found) - exact).abs() < 1e-3,
                            "{row},{output}: {found} {exact}"
                        );
                    }
                }
            }
            let mut row = vec![0.0; inputs];
            table.row_into(7, &mut row);
            assert_eq!(row, weight[7 * inputs..8 * inputs]);
            table.add_row(8, &mut row, &mut scratch);
            assert_eq!(row[5], weight[7 * inputs + 5] + weight[8 * inputs + 5]);
        }
    }
}
