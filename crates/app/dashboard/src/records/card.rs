//! A card: a table, what is plotted of it, and the query that answers the same.

use super::cell::{Links, Names, cell, number, tick, words};
use super::order::{SHOWN, Wanted};
use crate::figure::Figure;
use crate::plot::{Line, MOST_LINES, Plot, Shape};
use crate::quantity::whole;
use assay_analysis::{Cell, First, Kind, Table};
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet};

/// Columns of a plot. More points than pixels show nothing more.
const MOST_COLUMNS: usize = 240;

/// What is plotted of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chart {
    /// What it shows, beside the table's title; nothing where that says all.
    pub(crate) title: &'static str,
    /// The column from left to right.
    pub(crate) across: &'static str,
    /// The column whose values are the lines, where each row is a point of one of them.
    pub(crate) by: Option<&'static str>,
    /// The columns from bottom to top; one where the lines are by a column.
    pub(crate) up: &'static [&'static str],
    pub(crate) shape: Shape,
}

/// Whether the rows are what matters, or what is plotted of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    Shown,
    BehindThePlot,
}

/// A card of a page.
#[derive(Debug, Clone)]
pub(crate) struct Card {
    pub(crate) table: Table,
    pub(crate) charts: Vec<Chart>,
    pub(crate) figure: Option<Drawn>,
    pub(crate) rows: Rows,
}

/// Draws something else than a plot of a table; nothing where there is nothing to draw.
pub(crate) type Drawn = fn(&Table, &Names) -> Option<Figure>;

impl Card {
    pub(crate) fn table(table: Table) -> Card {
        Card {
            table,
            charts: Vec::new(),
            figure: None,
            rows: Rows::Shown,
        }
    }

    pub(crate) fn figure(table: Table, figure: Drawn) -> Card {
        Card {
            table,
            charts: Vec::new(),
            figure: Some(figure),
            rows: Rows::BehindThePlot,
        }
    }

    pub(crate) fn plot(table: Table, charts: &[Chart]) -> Card {
        Card {
            table,
            charts: charts.to_vec(),
            figure: None,
            rows: Rows::BehindThePlot,
        }
    }

    /// The card; nothing where there are no rows.
    pub(crate) fn draw(&self, wanted: &Wanted, names: &Names, links: Links) -> Markup {
        let Card {
            table,
            charts,
            figure,
            rows,
        } = self;
        let title = format!("card-{}", table.name);
        html! {
            @if !table.rows.is_empty() {
                section class=(self.class()) aria-labelledby=(title) data-key=(table.name) {
                    h2 id=(title) { (table.title) " " span class="subtitle" { (table.about) } }
                    div class="charts" {
                        @if let Some(figure) = figure.and_then(|draw| draw(table, names)) {
                            div class="chart" { div class="figure-box" { (figure.draw(table.title)) } }
                        }
                        @for chart in charts {
                            @if let Some(plot) = chart.of(table, names) {
                                div class="chart" {
                                    @if !chart.title.is_empty() { h3 { (chart.title) } }
                                    div class="figure-box" { (plot.draw()) }
                                    p class="axis" { (plot.across.to_lowercase()) }
                                    @if plot.lines.len() > 1 || chart.by.is_some() { (plot.legend()) }
                                }
                            }
                        }
                    }
                    @match rows {
                        Rows::Shown => (self.rows(wanted, names, links)),
                        Rows::BehindThePlot => details class="numbers" data-keep-open="" {
                            summary { "Numbers" }
                            (self.rows(wanted, names, links))
                        },
                    }
                    details class="query" {
                        summary { "Query" }
                        pre { code { (table.sql) } }
                        @if links == Links::Pages {
                            button type="button" class="copy" data-copy=(table.sql) aria-label=(format!("Copy the query of {}", table.title)) { "copy" }
                        }
                    }
                }
            }
        }
    }

    /// A single plot takes half a wide page, so that two stand side by side.
    fn class(&self) -> &'static str {
        match (self.charts.len() + usize::from(self.figure.is_some()), self.rows) {
            (1, Rows::BehindThePlot) => "card record half",
            _ => "card record",
        }
    }

    fn rows(&self, wanted: &Wanted, names: &Names, links: Links) -> Markup {
        let table = &self.table;
        let (rows, all) = wanted.rows(table, |hotkey| names.of(hotkey));
        let order = wanted.order(table);
        html! {
            div class="scroll" tabindex="0" role="region" aria-label=(format!("Rows of {}", table.title)) {
                table class="rows" {
                    thead { tr {
                        @for (place, column) in table.columns.iter().enumerate() {
                            @let sorted = order.filter(|(sorted, _)| *sorted == place).map(|(_, from)| match from {
                                First::Lowest => "ascending",
                                First::Highest => "descending",
                            });
                            th scope="col" aria-sort=[sorted] class=[is_number(column.kind).then_some("number")] {
                                @if links == Links::Pages {
                                    a href=(wanted.sorted_by(table, place)) { (column.title) }
                                } @else { (column.title) }
                            }
                        }
                    } }
                    tbody {
                        @for row in &rows {
                            tr {
                                @for (place, (column, value)) in table.columns.iter().zip(*row).enumerate() {
                                    @let shown = cell(value, column.kind, names, links);
                                    @if place == 0 {
                                        th scope="row" data-label=(column.title) { (shown) }
                                    } @else {
                                        td data-label=(column.title) class=[is_number(column.kind).then_some("number")] { (shown) }
                                    }
                                }
                            }
                        }
                        @if rows.is_empty() {
                            tr { td colspan=(table.columns.len()) class="unknown" { "Nothing here has “" (wanted.find) "” in it." } }
                        }
                    }
                }
            }
            @if all > rows.len() {
                p class="note" {
                    "the first " (whole(SHOWN as u64)) " of " (whole(all as u64)) " rows"
                    @if links == Links::Pages { " · " a href=(wanted.whole(table)) { "show all" } }
                }
            }
        }
    }
}

fn is_number(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Text | Kind::Outcome | Kind::Hotkey | Kind::Flag | Kind::Time
    )
}

impl Chart {
    /// A name for a file.
    pub(crate) fn name(&self, table: &Table) -> String {
        match self.up {
            [first, ..] => format!("{}-{first}", table.name),
            [] => table.name.to_owned(),
        }
    }

    /// The plot of a table; nothing where there is nothing to plot.
    pub(crate) fn of<'a>(&self, table: &'a Table, names: &Names) -> Option<Plot<'a>> {
        let across = table.column(self.across)?;
        let places: Vec<usize> = self.up.iter().filter_map(|name| table.column(name)).collect();
        let kind = table.columns[*places.first()?].kind;
        let mut rows: Vec<&[Cell]> = table.rows.iter().map(Vec::as_slice).collect();
        let ends = |row: Option<&&[Cell]>| row.and_then(|row| row[across].number());
        // A table begins with the newest, a plot with the oldest.
        if ends(rows.first()) > ends(rows.last()) {
            rows.reverse();
        }
        let mut columns: Vec<&Cell> = Vec::new();
        for row in &rows {
            // Where the lines are columns of the table, each row is a column of the plot.
            if self.by.is_none() || columns.last().is_none_or(|last| **last != row[across]) {
                columns.push(&row[across]);
            }
        }
        let mut lines: Vec<(String, Vec<Option<f64>>)> = Vec::new();
        match self.by.and_then(|by| table.column(by)) {
            None => {
                for place in &places {
                    let values = rows.iter().map(|row| row[*place].number()).collect();
                    lines.push((table.columns[*place].title.to_owned(), values));
                }
            }
            Some(by) => {
                let mut of: BTreeMap<&str, Vec<Option<f64>>> = BTreeMap::new();
                let mut place_of = 0;
                for row in &rows {
                    while *columns[place_of] != row[across] {
                        place_of += 1;
                    }
                    let line = of
                        .entry(row[by].text().unwrap_or(""))
                        .or_insert_with(|| vec![None; columns.len()]);
                    line[place_of] = row[places[0]].number();
                }
                let mut of: Vec<_> = of.into_iter().collect();
                // The best last value first: its line is the one that is looked for.
                of.sort_by(|(_, one), (_, other)| {
                    let last = |line: &[Option<f64>]| {
                        line.iter()
                            .rev()
                            .flatten()
                            .next()
                            .copied()
                            .unwrap_or(f64::NEG_INFINITY)
                    };
                    last(other).total_cmp(&last(one))
                });
                for (key, mut values) in of {
                    // A score stays until it moves: whoever was not asked for a while has not lost it.
                    if kind == Kind::Score {
                        let mut last = None;
                        for value in &mut values {
                            last = value.or(last);
                            *value = last;
                        }
                    }
                    lines.push((names.shown(key), values));
                }
            }
        }
        lines.retain(|(_, values)| values.iter().any(Option::is_some));
        lines.truncate(MOST_LINES);
        if lines.is_empty() {
            return None;
        }
        let first = columns.len().saturating_sub(MOST_COLUMNS);
        let kind_across = table.columns[across].kind;
        Some(Plot {
            title: table.title,
            across: table.columns[across].title,
            columns: labels(&columns[first..], kind_across),
            lines: lines
                .into_iter()
                .enumerate()
                .map(|(look, (name, values))| Line {
                    look,
                    name,
                    values: values[first..].to_vec(),
                })
                .collect(),
            shape: self.shape,
            least_step: if kind == Kind::Count { 1.0 } else { 0.0 },
            format: formats(kind).0,
            tick: formats(kind).1,
            always: None,
        })
    }
}

/// What stands under the columns: of times as much as tells them apart.
fn labels(columns: &[&Cell], kind: Kind) -> Vec<String> {
    let times = columns.iter().filter_map(|cell| match cell {
        Cell::Time(time) => Some(*time),
        _ => None,
    });
    let has_seconds = times.clone().any(|time| time.second() != 0);
    let days: BTreeSet<_> = times.map(|time| time.date()).collect();
    columns
        .iter()
        .map(|cell| match cell {
            Cell::Time(time) => {
                let (month, day) = (u8::from(time.month()), time.day());
                let clock = format!("{:02}:{:02}", time.hour(), time.minute());
                match (days.len() > 1, has_seconds) {
                    (true, _) => format!("{month:02}-{day:02} {clock}"),
                    (false, true) => format!("{clock}:{:02}", time.second()),
                    (false, false) => clock,
                }
            }
            Cell::Number(value) => tick(*value, kind),
            other => words(other, kind).replace('_', " "),
        })
        .collect()
}

/// Writes a value.
type Written = fn(f64) -> String;

/// How values of a kind read, and how beside their axis.
fn formats(kind: Kind) -> (Written, Written) {
    macro_rules! pair {
        ($($kind:ident),*) => {
            match kind {
                $(Kind::$kind => (|value| number(value, Kind::$kind), |value| tick(value, Kind::$kind)),)*
                _ => (|value| number(value, Kind::Number), |value| tick(value, Kind::Number)),
            }
        };
    }
    pair!(Share, Alpha, Seconds, Loss, Score, Percent, Bytes, Count, Block)
}
