//! The columns of a table, read off the type of its events.

mod field_order;

use crate::{
    error::ShapeError,
    stream::{STAMP, Stream},
};
use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The columns of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// The table's name.
    pub stream: &'static str,
    /// The stream's version.
    pub version: u32,
    /// What the table holds.
    pub description: String,
    /// In the order of the type's fields, after the stamp's.
    pub columns: Vec<Column>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub data_type: DataType,
    /// What it means.
    pub description: String,
}

impl Columns {
    /// The columns of a stream's events.
    ///
    /// # Errors
    /// When a field is of a kind that no column can hold, or has the name of a column of the stamp.
    pub fn of<S: Stream>() -> Result<Self, ShapeError> {
        let schema = SchemaGenerator::new(SchemaSettings::draft2020_12().with(|settings| {
            settings.inline_subschemas = true;
        }))
        .into_root_schema_for::<S>();
        let schema = schema.as_object().ok_or_else(|| no_struct::<S>())?;
        let properties = object(schema, "properties").ok_or_else(|| no_struct::<S>())?;
        let order = field_order::of::<S>().ok_or_else(|| no_struct::<S>())?;
        let mut columns = stamp();
        for name in order {
            if STAMP.contains(name) {
                return Err(ShapeError::Reserved {
                    stream: S::NAME,
                    field: (*name).to_owned(),
                });
            }
            let property = properties
                .get(*name)
                .and_then(Value::as_object)
                .ok_or_else(|| unknown::<S>(name, "it is not in the schema"))?;
            columns.push(Column {
                name: (*name).to_owned(),
                data_type: data_type(property).map_err(|kind| unknown::<S>(name, kind))?,
                description: description(property),
            });
        }
        Ok(Self {
            stream: S::NAME,
            version: S::VERSION,
            description: description(schema),
            columns,
        })
    }

    /// Those without the stamp's.
    #[must_use]
    pub fn own(&self) -> &[Column] {
        self.columns.get(STAMP.len()..).unwrap_or_default()
    }

    /// The same for Arrow. Every column but the stamp's may be null: an older version may lack it, and a number that is
    /// not finite has no other place.
    #[must_use]
    pub fn schema(&self) -> Arc<Schema> {
        let fields: Vec<Field> = self
            .columns
            .iter()
            .map(|column| {
                let nullable = !STAMP.contains(&column.name.as_str());
                Field::new(&column.name, column.data_type.clone(), nullable)
            })
            .collect();
        Arc::new(Schema::new(fields))
    }
}

fn stamp() -> Vec<Column> {
    let column = |name: &str, data_type, description: &str| Column {
        name: name.to_owned(),
        data_type,
        description: description.to_owned(),
    };
    vec![
        column(
            "seq",
            DataType::UInt64,
            "Place in the stream of its source, from 0.",
        ),
        column("time", microseconds(), "When it happened."),
        column(
            "source",
            DataType::Utf8,
            "Who tells: a hotkey, or the name of a run.",
        ),
    ]
}

fn microseconds() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// What holds a value of this schema, or what kind of value nothing holds.
fn data_type(schema: &Map<String, Value>) -> Result<DataType, &'static str> {
    if let Some(inner) = optional(schema) {
        return data_type(inner);
    }
    if schema.contains_key("enum") || schema.contains_key("const") {
        return Ok(DataType::Utf8);
    }
    // Names of an enum, some with a documentation of their own.
    if let Some(Value::Array(names)) = schema.get("oneOf") {
        let all_names = names
            .iter()
            .all(|name| name.as_object().and_then(kind) == Some("string"));
        return if all_names {
            Ok(DataType::Utf8)
        } else {
            Err("it is an enum with data")
        };
    }
    match kind(schema) {
        Some("boolean") => Ok(DataType::Boolean),
        Some("integer") => Ok(match format(schema) {
            Some("uint8") => DataType::UInt8,
            Some("uint16") => DataType::UInt16,
            Some("uint32") => DataType::UInt32,
            Some("uint64" | "uint") => DataType::UInt64,
            Some("int8") => DataType::Int8,
            Some("int16") => DataType::Int16,
            Some("int32") => DataType::Int32,
            _ => DataType::Int64,
        }),
        Some("number") => Ok(match format(schema) {
            Some("float") => DataType::Float32,
            _ => DataType::Float64,
        }),
        Some("string") => Ok(match format(schema) {
            Some("date-time") => microseconds(),
            _ => DataType::Utf8,
        }),
        Some("array") => {
            let items = object(schema, "items").ok_or("its items are of several kinds")?;
            let item = Field::new_list_field(data_type(items)?, true);
            Ok(DataType::List(Arc::new(item)))
        }
        Some("object") => {
            let properties = object(schema, "properties").ok_or("it is a map")?;
            let fields: Result<Vec<Field>, &str> = properties
                .iter()
                .map(|(name, property)| {
                    let property = property.as_object().ok_or("a field of it is of any kind")?;
                    Ok(Field::new(name, data_type(property)?, true))
                })
                .collect();
            Ok(DataType::Struct(Fields::from(fields?)))
        }
        _ => Err("it is of several kinds"),
    }
}

/// The schema of what is there, when the value may be null instead.
fn optional(schema: &Map<String, Value>) -> Option<&Map<String, Value>> {
    let Some(Value::Array(either)) = schema.get("anyOf") else {
        return None;
    };
    let mut there = either
        .iter()
        .filter_map(Value::as_object)
        .filter(|schema| kind(schema) != Some("null"));
    let first = there.next()?;
    there.next().is_none().then_some(first)
}

/// The one type that is not null.
fn kind(schema: &Map<String, Value>) -> Option<&str> {
    match schema.get("type")? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => {
            let mut there = kinds
                .iter()
                .filter_map(Value::as_str)
                .filter(|kind| *kind != "null");
            let first = there.next()?;
            there.next().is_none().then_some(first)
        }
        _ => None,
    }
}

fn format(schema: &Map<String, Value>) -> Option<&str> {
    schema.get("format").and_then(Value::as_str)
}

fn object<'a>(schema: &'a Map<String, Value>, key: &str) -> Option<&'a Map<String, Value>> {
    schema.get(key).and_then(Value::as_object)
}

/// On one line: documentation is broken where its source is.
fn description(schema: &Map<String, Value>) -> String {
    let text = schema
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn no_struct<S: Stream>() -> ShapeError {
    ShapeError::NoStruct { stream: S::NAME }
}

fn unknown<S: Stream>(field: &str, why: &'static str) -> ShapeError {
    ShapeError::NoColumn {
        stream: S::NAME,
        field: field.to_owned(),
        why,
    }
}
