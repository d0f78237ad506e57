//! Matrix products of strided views.
//!
//! The work is done by the `gemm` family's f32 kernel, on one thread: every element of the result is summed in one
//! fixed order that depends on the shapes and the processor, never on the number of threads.

/// A matrix inside a slice: element `(r, c)` is at `r * row_stride + c * column_stride`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

/// A matrix to write to, its rows contiguous.
#[derive(Debug)]
pub(crate) struct MatrixMut<'a> {
    data: &'a mut [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
}

/// What becomes of the destination's old content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Update {
    Replace,
    Add,
}

fn last_index(rows: usize, columns: usize, row_stride: usize, column_stride: usize) -> usize {
    (rows - 1) * row_stride + (columns - 1) * column_stride
}

impl<'a> Matrix<'a> {
    /// Rows one after another.
    pub(crate) fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::strided(data, rows, columns, columns)
    }

    /// Rows that start `row_stride` apart.
    ///
    /// # Panics
    /// When the last element lies outside `data`.
    pub(crate) fn strided(data: &'a [f32], rows: usize, columns: usize, row_stride: usize) -> Self {
        assert!(
            rows == 0 || columns == 0 || last_index(rows, columns, row_stride, 1) < data.len(),
            "matrix {rows}x{columns} with stride {row_stride} exceeds {} elements",
            data.len()
        );
        Self {
            data,
            rows,
            columns,
            row_stride,
            column_stride: 1,
        }
    }

    /// The transposed view.
    pub(crate) fn t(self) -> Self {
        Self {
            data: self.data,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }
}

impl<'a> MatrixMut<'a> {
    /// Rows one after another.
    pub(crate) fn new(data: &'a mut [f32], rows: usize, columns: usize) -> Self {
        Self::strided(data, rows, columns, columns)
    }

    /// Rows that start `row_stride` apart.
    ///
    /// # Panics
    /// When the last element lies outside `data`, or rows overlap.
    pub(crate) fn strided(data: &'a mut [f32], rows: usize, columns: usize, row_stride: usize) -> Self {
        assert!(
            rows == 0 || columns == 0 || last_index(rows, columns, row_stride, 1) < data.len(),
            "matrix {rows}x{columns} with stride {row_stride} exceeds {} elements",
            data.len()
        );
        assert!(rows < 2 || row_stride >= columns, "rows of a destination overlap");
        Self {
            data,
            rows,
            columns,
            row_stride,
        }
    }
}

fn stride(value: usize) -> isize {
    isize::try_from(value).unwrap_or(isize::MAX)
}

/// `destination = scale * left * right`, or that added to the destination.
///
/// # Panics
/// When the shapes do not fit.
pub(crate) fn multiply(
    destination: MatrixMut<'_>,
    update: Update,
    scale: f32,
    left: Matrix<'_>,
    right: Matrix<'_>,
) {
    assert_eq!(left.columns, right.rows, "inner dimensions differ");
    assert_eq!(left.rows, destination.rows, "row counts differ");
    assert_eq!(right.columns, destination.columns, "column counts differ");
    if destination.rows == 0 || destination.columns == 0 {
        return;
    }
    assert!(left.columns > 0, "a product needs at least one inner element");
    let add = update == Update::Add;
    // The kernel wants a destination whose columns are contiguous, and ours has contiguous rows: the transposed
    // product has what it wants.
    #[expect(
        unsafe_code,
        reason = "the product kernel takes raw pointers; constructors have checked that each view's last element lies \
                  inside its slice, strides are not negative, and the exclusive borrow keeps the destination apart"
    )]
    unsafe {
        gemm_f32::gemm::f32::get_gemm_fn()(
            destination.columns,
            destination.rows,
            left.columns,
            destination.data.as_mut_ptr(),
            stride(destination.row_stride),
            1,
            add,
            right.data.as_ptr(),
            stride(right.row_stride),
            stride(right.column_stride),
            left.data.as_ptr(),
            stride(left.row_stride),
            stride(left.column_stride),
            if add { 1.0 } else { 0.0 },
            scale,
            false,
            false,
            false,
            gemm_common::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(length: usize, salt: usize) -> Vec<f32> {
        (0..length)
            .map(|i| ((i * 37 + salt * 11) % 23) as f32 / 7.0 - 1.5)
            .collect()
    }

    #[test]
    fn products_of_views_match_the_definition() {
        for (rows, inner, columns) in [(1, 1, 1), (1, 64, 33), (7, 3, 1), (65, 130, 70), (3, 2, 200)] {
            let (left, right) = (ramp(rows * (inner + 3), 1), ramp(columns * inner, 2));
            let start = ramp(rows * (columns + 2), 3);
            let mut found = start.clone();
            multiply(
                MatrixMut::strided(&mut found, rows, columns, columns + 2),
                Update::Add,
                0.5,
                Matrix::strided(&left, rows, inner, inner + 3),
                Matrix::new(&right, columns, inner).t(),
            );
            for r in 0..rows {
                for c in 0..columns + 2 {
                    let mut expected = f64::from(start[r * (columns + 2) + c]);
                    if c < columns {
                        for i in 0..inner {
                            expected +=
                                0.5 * f64::from(left[r * (inner + 3) + i]) * f64::from(right[c * inner + i]);
                        }
                    }
                    let difference = (f64::from(found[r * (columns + 2) + c]) - expected).abs();
                    assert!(
                        difference < 1e-4,
                        "{rows}x{inner}x{columns} at {r},{c}: off by {difference}"
                    );
                }
            }
        }
    }

    #[test]
    fn replacing_ignores_what_was_there() {
        let mut found = vec![f32::NAN; 4];
        let ones = [1.0_f32; 4];
        multiply(
            MatrixMut::new(&mut found, 2, 2),
            Update::Replace,
            1.0,
            Matrix::new(&ones, 2, 2),
            Matrix::new(&ones, 2, 2),
        );
        assert_eq!(found, [2.0; 4]);
    }

    #[test]
    #[should_panic(expected = "exceeds")]
    fn a_view_outside_its_slice_is_refused() {
        let _ = Matrix::strided(&[0.0; 10], 3, 4, 4);
    }
}
