//! The columns of a table, told beside its files: lines of JSON do not say what kinds of values they hold, and a program
//! that does not know the stream reads them all the same.

use crate::{
    columns::{Column, Columns},
    error::RecordsError,
    layout,
};
use arrow_schema::{Field, Schema};
use fs_err as fs;
use serde::{Deserialize, Serialize};
use std::{io, path::Path, sync::Arc};

pub(crate) const FILE: &str = "columns.json";

#[derive(Serialize, Deserialize)]
struct Described {
    description: String,
    columns: Vec<Told>,
}

#[derive(Serialize, Deserialize)]
// Not flattened: numbers that serde buffers do not survive serde_json's arbitrary precision.
struct Told {
    field: Field,
    description: String,
}

/// What a folder tells about one version of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Description {
    pub(crate) description: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) schema: Arc<Schema>,
}

/// Writes the description, unless it is there already.
pub(crate) fn write(root: &Path, columns: &Columns) -> Result<(), RecordsError> {
    let schema = columns.schema();
    let described = Described {
        description: columns.description.clone(),
        columns: schema
            .fields()
            .iter()
            .zip(&columns.columns)
            .map(|(field, column)| Told {
                field: field.as_ref().clone(),
                description: column.description.clone(),
            })
            .collect(),
    };
    let folder = layout::version_folder(root, columns.stream, columns.version);
    let path = folder.join(FILE);
    let mut json =
        serde_json::to_vec_pretty(&described).map_err(|error| RecordsError::damaged(&path, error))?;
    json.push(b'\n');
    if fs::read(&path).is_ok_and(|there| there == json) {
        return Ok(());
    }
    let beside = folder.join("columns.json.part");
    fs::write(&beside, &json)?;
    fs::rename(&beside, &path)?;
    Ok(())
}

/// Reads the description; `None` when there is none.
pub(crate) fn read(root: &Path, stream: &str, version: u32) -> Result<Option<Description>, RecordsError> {
    let path = layout::version_folder(root, stream, version).join(FILE);
    let json = match fs::read(&path) {
        Ok(json) => json,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    parse(&json, &path).map(Some)
}

/// The description that a file at this place holds.
pub(crate) fn parse(json: &[u8], path: &Path) -> Result<Description, RecordsError> {
    let described: Described =
        serde_json::from_slice(json).map_err(|error| RecordsError::damaged(path, error))?;
    let schema = Schema::new(
        described
            .columns
            .iter()
            .map(|told| told.field.clone())
            .collect::<Vec<_>>(),
    );
    Ok(Description {
        description: described.description,
        columns: described
            .columns
            .into_iter()
            .map(|told| Column {
                name: told.field.name().clone(),
                data_type: told.field.data_type().clone(),
                description: told.description,
            })
            .collect(),
        schema: Arc::new(schema),
    })
}
