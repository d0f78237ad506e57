//! A table: what an analysis comes to, and the query that answers the same.

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use std::{cmp::Ordering, sync::Arc};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Not known, or there is none.
    Null,
    /// Yes or no.
    Flag(bool),
    /// A count, a block, a slot.
    Whole(u64),
    /// Anything measured.
    Number(f64),
    /// A name, an address, words.
    Text(Arc<str>),
    /// When.
    Time(OffsetDateTime),
}

impl Cell {
    /// The value as a number, where it is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Whole(value) => Some(*value as f64),
            Self::Number(value) => Some(*value),
            Self::Flag(value) => Some(u8::from(*value).into()),
            Self::Time(time) => Some(time.unix_timestamp_nanos() as f64 / 1e9),
            Self::Null | Self::Text(_) => None,
        }
    }

    /// The value as words, where it is some.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// From which end a column is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// The smallest first.
    Lowest,
    /// The largest first.
    Highest,
}

impl Cell {
    /// Which of two stands before the other. What is not known comes last, whichever end is first.
    #[must_use]
    pub fn compare(&self, other: &Self, first: First) -> Ordering {
        let known = match (self, other) {
            (Self::Null, Self::Null) => return Ordering::Equal,
            (Self::Null, _) => return Ordering::Greater,
            (_, Self::Null) => return Ordering::Less,
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            _ => {
                let number = |cell: &Self| cell.number().unwrap_or(f64::NEG_INFINITY);
                number(self).total_cmp(&number(other))
            }
        };
        match first {
            First::Lowest => known,
            First::Highest => known.reverse(),
        }
    }
}

impl From<u64> for Cell {
    fn from(value: u64) -> Self {
        Self::Whole(value)
    }
}

impl From<u32> for Cell {
    fn from(value: u32) -> Self {
        Self::Whole(value.into())
    }
}

impl From<u16> for Cell {
    fn from(value: u16) -> Self {
        Self::Whole(value.into())
    }
}

impl From<usize> for Cell {
    fn from(value: usize) -> Self {
        Self::Whole(value as u64)
    }
}

impl From<f64> for Cell {
    /// What is not finite is not known.
    fn from(value: f64) -> Self {
        if value.is_finite() {
            Self::Number(value)
        } else {
            Self::Null
        }
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}

impl From<&Arc<str>> for Cell {
    fn from(value: &Arc<str>) -> Self {
        Self::Text(value.clone())
    }
}

impl From<Arc<str>> for Cell {
    fn from(value: Arc<str>) -> Self {
        Self::Text(value)
    }
}

impl From<OffsetDateTime> for Cell {
    fn from(value: OffsetDateTime) -> Self {
        Self::Time(value)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Flag(value) => serializer.serialize_bool(*value),
            Self::Whole(value) => serializer.serialize_u64(*value),
            Self::Number(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Time(value) => match value.format(&Rfc3339) {
                Ok(text) => serializer.serialize_str(&text),
                Err(_) => serializer.serialize_none(),
            },
        }
    }
}

/// What a column holds: how it is read and drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// Words.
    Text,
    /// One of a few words that say how it went.
    Outcome,
    /// An address of a neuron.
    Hotkey,
    /// A slot.
    Uid,
    /// How many.
    Count,
    /// A block of the chain.
    Block,
    /// When.
    Time,
    /// How long, in seconds.
    Seconds,
    /// A part of a whole, 0 to 1.
    Share,
    /// A reward or a score.
    Score,
    /// A loss, in nats.
    Loss,
    /// An amount of the subnet's token.
    Alpha,
    /// 0 to 100.
    Percent,
    /// Bytes.
    Bytes,
    /// Yes or no.
    Flag,
    /// Anything else measured.
    Number,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name, as the query has it.
    pub name: &'static str,
    /// The same for people.
    pub title: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// What an analysis comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its name in addresses.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it tells, in a sentence.
    pub about: &'static str,
    /// The query that answers the same rows from the same records.
    pub sql: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, in the query's order.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// The place of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The value of a row in a column; nothing where there is no such column.
    #[must_use]
    pub fn cell<'a>(&self, row: &'a [Cell], name: &str) -> &'a Cell {
        self.column(name)
            .and_then(|column| row.get(column))
            .unwrap_or(&Cell::Null)
    }
}

/// As `{"name", "title", "about", "sql", "columns", "rows": [{"column": value}]}`.
impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Rows<'a>(&'a Table);
        struct Row<'a>(&'a [Column], &'a [Cell]);
        impl Serialize for Rows<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(self.0.rows.iter().map(|row| Row(&self.0.columns, row)))
            }
        }
        impl Serialize for Row<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.0.iter().map(|column| column.name).zip(self.1))
            }
        }
        let mut map = serializer.serialize_map(Some(6))?;
        map.serialize_entry("name", self.name)?;
        map.serialize_entry("title", self.title)?;
        map.serialize_entry("about", self.about)?;
        map.serialize_entry("sql", &self.sql)?;
        map.serialize_entry("columns", &self.columns)?;
        map.serialize_entry("rows", &Rows(self))?;
        map.end()
    }
}

/// Columns, each as `name "title" Kind`.
macro_rules! columns {
    ($($name:ident $title:literal $kind:ident),* $(,)?) => {
        vec![$($crate::table::Column { name: stringify!($name), title: $title, kind: $crate::table::Kind::$kind }),*]
    };
}
pub(crate) use columns;

/// A row of cells.
macro_rules! row {
    ($($value:expr),* $(,)?) => { vec![$($crate::table::Cell::from($value)),*] };
}
pub(crate) use row;
