//! What is on the screen, and what keys do to it.

use super::source::{Seen, Table};
use assay_analysis::{Cell, First};
use assay_dashboard::state::DashboardState;
use ratatui::{
    crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
    widgets::TableState,
};
use std::collections::HashMap;

/// Rows that a page key moves by.
const PAGE: u16 = 10;

/// What a key comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Stay,
    Leave,
}

/// A table as it is shown.
pub(super) struct Shown<'a> {
    pub(super) table: &'a Table,
    /// Those that are wanted, in the order that is wanted.
    pub(super) rows: Vec<&'a [Cell]>,
    /// The column, and the end that comes first.
    pub(super) order: Option<(usize, First)>,
}

/// The screen.
#[derive(Debug)]
pub(super) struct Screen {
    pub(super) url: String,
    seen: Seen,
    trouble: Option<String>,
    /// The table that is shown by name; none for the run.
    shown: Option<String>,
    /// By table: the column and the end.
    order: HashMap<String, (usize, First)>,
    /// What rows must have.
    pub(super) find: String,
    /// Whether what is typed goes into the search.
    pub(super) is_finding: bool,
    pub(super) rows: TableState,
}

impl Screen {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            seen: Seen::default(),
            trouble: None,
            shown: None,
            order: HashMap::new(),
            find: String::new(),
            is_finding: false,
            rows: TableState::default().with_selected(0),
        }
    }

    /// Takes what was seen. After a failure the last picture stays, and says that it is old.
    pub(super) fn take(&mut self, seen: Result<Seen, String>) {
        match seen {
            Ok(seen) => {
                self.seen = seen;
                self.trouble = None;
                let is_there = |name: &String| self.seen.tables.iter().any(|table| table.name == *name);
                if self.shown.as_ref().is_some_and(|shown| !is_there(shown)) {
                    self.shown = None;
                }
                if self.seen.state.is_none() && self.shown.is_none() {
                    self.shown = self.seen.tables.first().map(|table| table.name.clone());
                }
            }
            Err(trouble) => self.trouble = Some(trouble),
        }
    }

    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    pub(super) fn state(&self) -> Option<&DashboardState> {
        self.seen.state.as_ref()
    }

    /// Names of the tables.
    pub(super) fn tables(&self) -> Vec<&str> {
        self.seen.tables.iter().map(|table| table.name.as_str()).collect()
    }

    /// The way through: the run where there is one, and every table.
    pub(super) fn tabs(&self) -> Vec<(&str, bool)> {
        let run = self.seen.state.as_ref().map(|_| ("Run", self.shown.is_none()));
        let tables = self.seen.tables.iter().map(|table| {
            let is_shown = self.shown.as_deref() == Some(table.name.as_str());
            (table.title.as_str(), is_shown)
        });
        run.into_iter().chain(tables).collect()
    }

    /// Shows a table; whether there is one of this name.
    pub(super) fn show_table(&mut self, name: &str) -> bool {
        let is_there = self.seen.tables.iter().any(|table| table.name == name);
        if is_there {
            self.shown = Some(name.to_owned());
        }
        is_there
    }

    /// The table that is shown, with its rows in order, and the order.
    pub(super) fn table(&self) -> Option<Shown<'_>> {
        let shown = self.shown.as_ref()?;
        let table = self.seen.tables.iter().find(|table| table.name == *shown)?;
        let find = self.find.to_lowercase();
        let names = self.names();
        let has = |row: &&[Cell]| {
            find.is_empty()
                || row.iter().filter_map(Cell::text).any(|text| {
                    text.to_lowercase().contains(&find)
                        || names
                            .get(text)
                            .is_some_and(|name| name.to_lowercase().contains(&find))
                })
        };
        let mut rows: Vec<&[Cell]> = table.rows.iter().map(Vec::as_slice).filter(has).collect();
        let order = self.order.get(shown).copied();
        if let Some((column, from)) = order {
            rows.sort_by(|one, other| one[column].compare(&other[column], from));
        }
        Some(Shown { table, rows, order })
    }

    /// Names of neurons by their addresses.
    pub(super) fn names(&self) -> HashMap<&str, &str> {
        let Some(state) = &self.seen.state else {
            return HashMap::new();
        };
        let miners = state.miners.iter().map(|miner| (&*miner.hotkey, &*miner.name));
        let validators = state
            .validators
            .iter()
            .map(|validator| (&*validator.hotkey, &*validator.name));
        miners.chain(validators).collect()
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Turn {
        if key.kind == KeyEventKind::Release {
            return Turn::Stay;
        }
        if self.is_finding {
            return self.typed(key);
        }
        match key.code {
            KeyCode::Char('q') => return Turn::Leave,
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Turn::Leave,
            KeyCode::Right | KeyCode::Tab => self.turn_to(1),
            KeyCode::Left | KeyCode::BackTab => self.turn_to(-1),
            KeyCode::Down => self.rows.select_next(),
            KeyCode::Up => self.rows.select_previous(),
            KeyCode::PageDown => self.rows.scroll_down_by(PAGE),
            KeyCode::PageUp => self.rows.scroll_up_by(PAGE),
            KeyCode::Home => self.rows.select_first(),
            KeyCode::End => self.rows.select_last(),
            KeyCode::Char('s') => self.sort_by_next(),
            KeyCode::Char('S') => self.turn_around(),
            KeyCode::Char('/') => {
                self.find.clear();
                self.is_finding = true;
            }
            KeyCode::Esc => self.find.clear(),
            _ => {}
        }
        Turn::Stay
    }

    /// A key while the search is open.
    fn typed(&mut self, key: KeyEvent) -> Turn {
        match key.code {
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Turn::Leave,
            KeyCode::Char(letter) => self.find.push(letter),
            KeyCode::Backspace => {
                self.find.pop();
            }
            KeyCode::Esc => {
                self.find.clear();
                self.is_finding = false;
            }
            KeyCode::Enter => self.is_finding = false,
            _ => {}
        }
        Turn::Stay
    }

    fn turn_to(&mut self, by: isize) {
        let tabs = self.tabs();
        let count = tabs.len() as isize;
        if count == 0 {
            return;
        }
        let at = tabs.iter().position(|(_, is_shown)| *is_shown).unwrap_or(0) as isize;
        let to = (at + by).rem_euclid(count) as usize;
        let runs = usize::from(self.seen.state.is_some());
        self.shown = to
            .checked_sub(runs)
            .and_then(|table| self.seen.tables.get(table))
            .map(|table| table.name.clone());
        self.rows = TableState::default().with_selected(0);
    }

    fn sort_by_next(&mut self) {
        let Some(Shown { table, .. }) = self.table() else {
            return;
        };
        let (name, columns) = (table.name.clone(), table.columns.len());
        let next = match self.order.get(&name) {
            None => Some(0),
            Some((column, _)) if column + 1 < columns => Some(column + 1),
            // Back to how it came.
            Some(_) => None,
        };
        match next {
            Some(column) => self.order.insert(name, (column, First::Highest)),
            None => self.order.remove(&name),
        };
    }

    fn turn_around(&mut self) {
        let Some(shown) = &self.shown else { return };
        if let Some((_, from)) = self.order.get_mut(shown) {
            *from = match from {
                First::Highest => First::Lowest,
                First::Lowest => First::Highest,
            };
        }
    }
}
