//! The streams' documentation, from their types.

use crate::{Columns, ShapeError, streams};
use arrow_schema::DataType;
use std::fmt::Write;

/// The reference of every stream that Assay writes, as Markdown.
///
/// # Errors
/// As [`streams::all`].
pub fn reference() -> Result<String, ShapeError> {
    let mut text = String::from(
        "<!-- Written by `cargo xtask generate` from the types of the streams. -->\n\n\
         # Streams\n\n\
         Every event that Assay keeps is a row of one of these tables. All of them have the columns `seq` (place in the\n\
         stream), `time` (UTC, to the microsecond) and `source` (a hotkey, or the name of a run); any other\n\
         column may be null. The files lie under `records/` as `STREAM/version=N/date=YYYY-MM-DD/`, Parquet and lines of\n\
         JSON.\n",
    );
    for columns in streams::all()? {
        table(&mut text, &columns);
    }
    Ok(text)
}

fn table(text: &mut String, columns: &Columns) {
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "\n## {} (version {})\n\n{}\n\n| column | holds | meaning |\n|---|---|---|\n",
        columns.stream, columns.version, columns.description
    );
    for column in columns.own() {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} |",
            column.name,
            in_words(&column.data_type),
            column.description.replace('|', "\\|")
        );
    }
}

/// A column's kind in words.
#[must_use]
pub fn in_words(kind: &DataType) -> String {
    match kind {
        DataType::Boolean => "yes or no".to_owned(),
        DataType::Utf8 => "text".to_owned(),
        DataType::Float32 | DataType::Float64 => "number".to_owned(),
        DataType::Timestamp(..) => "time".to_owned(),
        DataType::List(item) => format!("list of {}", in_words(item.data_type())),
        DataType::Struct(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|field| format!("`{}` {}", field.name(), in_words(field.data_type())))
                .collect();
            format!("({})", fields.join(", "))
        }
        kind if kind.is_integer() => "whole number".to_owned(),
        kind => kind.to_string(),
    }
}
