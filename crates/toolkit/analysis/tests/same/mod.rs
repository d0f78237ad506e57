//! A table of ours beside what a query answered.

use assay_analysis::{Cell, Table};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

fn is_same(cell: &Cell, answered: &Value) -> bool {
    match cell {
        Cell::Null => answered.is_null(),
        Cell::Flag(value) => answered.as_bool() == Some(*value),
        Cell::Text(value) => answered.as_str() == Some(value),
        Cell::Time(value) => {
            let text = answered.as_str().unwrap_or_default();
            let zoned = if text.ends_with('Z') || text.contains('+') {
                text.to_owned()
            } else {
                format!("{text}Z")
            };
            OffsetDateTime::parse(&zoned, &Rfc3339).is_ok_and(|time| time == *value)
        }
        Cell::Whole(_) | Cell::Number(_) => {
            let (Some(one), Some(other)) = (cell.number(), answered.as_f64()) else {
                return false;
            };
            (one - other).abs() <= 1e-9 * one.abs().max(1.0)
        }
    }
}

/// What differs first.
pub(crate) fn difference(table: &Table, answered: &[Value]) -> Option<String> {
    if table.rows.len() != answered.len() {
        return Some(format!(
            "{} rows here, {} from the query",
            table.rows.len(),
            answered.len()
        ));
    }
    for (number, (row, answer)) in table.rows.iter().zip(answered).enumerate() {
        for (column, cell) in table.columns.iter().zip(row) {
            let value = answer.get(column.name).unwrap_or(&Value::Null);
            if !is_same(cell, value) {
                let name = column.name;
                return Some(format!(
                    "row {number}, {name}: here {cell:?}, the query says {value}"
                ));
            }
        }
    }
    None
}
