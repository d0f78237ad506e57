//! What a reader wants of a table: an order, a search, all of it. In the address, so that it can be kept and passed on.

use assay_analysis::{Cell, First, Table};
use serde::Deserialize;
use std::fmt::Write;

/// Rows of a table that are shown unless all are asked for. A page with a thousand rows is still quick, and nobody reads it.
pub(crate) const SHOWN: usize = 100;

/// The address's part after the question mark.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Wanted {
    /// `table.column`, or `-table.column` from the highest.
    #[serde(default)]
    pub(crate) sort: String,
    /// Words that rows must have.
    #[serde(default)]
    pub(crate) find: String,
    /// The table that is shown whole.
    #[serde(default)]
    pub(crate) all: String,
}

impl Wanted {
    /// The column by which a table is sorted, when it is one of that table.
    pub(crate) fn order(&self, table: &Table) -> Option<(usize, First)> {
        let (name, from) = match self.sort.strip_prefix('-') {
            Some(name) => (name, First::Highest),
            None => (self.sort.as_str(), First::Lowest),
        };
        let (of, column) = name.split_once('.')?;
        (of == table.name)
            .then(|| table.column(column))
            .flatten()
            .map(|column| (column, from))
    }

    /// The rows that are shown, and how many there are in all.
    pub(crate) fn rows<'a>(
        &self,
        table: &'a Table,
        names: impl Fn(&str) -> Option<&'a str>,
    ) -> (Vec<&'a [Cell]>, usize) {
        let find = self.find.trim().to_lowercase();
        let has = |row: &&'a [Cell]| {
            find.is_empty()
                || row.iter().any(|cell| match cell {
                    Cell::Text(text) => {
                        text.to_lowercase().contains(&find)
                            || names(text).is_some_and(|name| name.to_lowercase().contains(&find))
                    }
                    Cell::Whole(value) => value.to_string() == find,
                    _ => false,
                })
        };
        let mut rows: Vec<&[Cell]> = table.rows.iter().map(Vec::as_slice).filter(has).collect();
        if let Some((column, from)) = self.order(table) {
            rows.sort_by(|one, other| one[column].compare(&other[column], from));
        }
        let all = rows.len();
        if self.all != table.name {
            rows.truncate(SHOWN);
        }
        (rows, all)
    }

    /// The address of the same page with this table in another order.
    pub(crate) fn sorted_by(&self, table: &Table, column: usize) -> String {
        let name = table.columns[column].name;
        let from = match self.order(table) {
            // The first click brings the largest to the top, which is what people look for.
            Some((known, First::Highest)) if known == column => "",
            _ => "-",
        };
        self.address(&format!("{from}{}.{name}", table.name), &self.all)
    }

    /// The address of the same page with all rows of this table.
    pub(crate) fn whole(&self, table: &Table) -> String {
        self.address(&self.sort, table.name)
    }

    fn address(&self, sort: &str, all: &str) -> String {
        let mut address = String::from("?");
        for (key, value) in [("sort", sort), ("find", &self.find), ("all", all)] {
            if !value.is_empty() {
                let separator = if address.len() > 1 { "&" } else { "" };
                // Writing to a string cannot fail.
                let _ = write!(address, "{separator}{key}={}", escaped(value));
            }
        }
        address
    }
}

/// A value as it stands in an address.
fn escaped(value: &str) -> String {
    let mut escaped = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
            escaped.push(byte.into());
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_analysis::{Column, Kind};

    fn table() -> Table {
        let column = |name, kind| Column {
            name,
            title: name,
            kind,
        };
        Table {
            name: "miners",
            title: "Miners",
            about: "",
            sql: String::new(),
            columns: vec![column("hotkey", Kind::Hotkey), column("score", Kind::Score)],
            rows: vec![
                vec!["5B".into(), Cell::Null],
                vec!["5C".into(), 0.5.into()],
                vec!["5A".into(), 0.25.into()],
            ],
        }
    }

    fn shown(wanted: &Wanted) -> Vec<String> {
        let table = table();
        let (rows, _) = wanted.rows(&table, |hotkey| (hotkey == "5A").then_some("Steady"));
        rows.iter()
            .filter_map(|row| row[0].text().map(str::to_owned))
            .collect()
    }

    #[test]
    fn rows_are_sorted_with_the_unknown_last_and_found_by_name() {
        let wanted = |sort: &str, find: &str| Wanted {
            sort: sort.to_owned(),
            find: find.to_owned(),
            all: String::new(),
        };
        assert_eq!(shown(&wanted("", "")), ["5B", "5C", "5A"]);
        assert_eq!(shown(&wanted("miners.score", "")), ["5A", "5C", "5B"]);
        assert_eq!(shown(&wanted("-miners.score", "")), ["5C", "5A", "5B"]);
        assert_eq!(shown(&wanted("miners.hotkey", "")), ["5A", "5B", "5C"]);
        assert_eq!(shown(&wanted("epochs.block", "")), ["5B", "5C", "5A"]);
        assert_eq!(shown(&wanted("", " steady ")), ["5A"]);
    }

    #[test]
    fn addresses_keep_what_was_wanted_and_turn_the_order_around() {
        let wanted = Wanted {
            sort: "-miners.score".to_owned(),
            find: "a b&c".to_owned(),
            all: String::new(),
        };
        assert_eq!(wanted.sorted_by(&table(), 1), "?sort=miners.score&find=a%20b%26c");
        assert_eq!(
            wanted.sorted_by(&table(), 0),
            "?sort=-miners.hotkey&find=a%20b%26c"
        );
        assert_eq!(
            wanted.whole(&table()),
            "?sort=-miners.score&find=a%20b%26c&all=miners"
        );
    }
}
