//! What reaches the terminal: data on standard output, prose on standard error.
//!
//! `--json` turns every answer into one JSON document (or one a line, where a command streams), and implies that
//! nothing is asked. Colours say nothing that the words do not.

use crate::context::GlobalArgs;
use comfy_table::{ContentArrangement, Table, TableComponent, presets};
use miette::IntoDiagnostic;
use serde::Serialize;
use std::io::{IsTerminal, Write};

/// How answers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people: tables and sentences.
    Human,
    /// For programs: JSON.
    Json,
}

/// Where a command's answers go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    format: Format,
}

impl Output {
    pub(crate) fn new(format: Format) -> Self {
        Self { format }
    }

    pub(crate) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Whether a person is there to answer a question: never under `--json`, nor when either end is not a terminal.
    pub(crate) fn may_prompt(self) -> bool {
        !self.is_json() && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Prints one JSON value as a line of standard output.
    pub(crate) fn json(self, value: &impl Serialize) -> miette::Result<()> {
        let line = serde_json::to_string(value).into_diagnostic()?;
        write_stdout(&line)
    }

    /// Prints `value` as JSON under `--json`, otherwise the text that `human` makes of it.
    pub(crate) fn data<T: Serialize>(
        self,
        value: &T,
        human: impl FnOnce(&T) -> String,
    ) -> miette::Result<()> {
        match self.format {
            Format::Json => self.json(value),
            Format::Human => self.text(&human(value)),
        }
    }

    /// Prints data for people, a table for instance, to standard output.
    pub(crate) fn text(self, text: &str) -> miette::Result<()> {
        write_stdout(text)
    }

    /// Tells the person at the terminal something that is not data. Silent under `--json`.
    pub(crate) fn say(self, text: &str) {
        if self.format == Format::Human {
            write_stderr(text);
        }
    }

    /// Warns, also under `--json`: standard error is not data.
    pub(crate) fn warn(self, text: &str) {
        write_stderr(&format!("warning: {text}"));
    }
}

fn write_stdout(text: &str) -> miette::Result<()> {
    let mut stdout = std::io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| {
            if text.ends_with('\n') {
                Ok(())
            } else {
                stdout.write_all(b"\n")
            }
        })
        .and_then(|()| stdout.flush());
    match written {
        // The reader of a pipe has seen enough (`assay … | head`): not a failure of ours.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.into_diagnostic(),
    }
}

fn write_stderr(text: &str) {
    let mut stderr = std::io::stderr().lock();
    // With standard error gone there is nobody left to tell.
    let _ = writeln!(stderr, "{text}");
}

/// An empty table in the one style that all commands share: a line under the header, none between rows.
pub(crate) fn table<const COLUMNS: usize>(header: [&str; COLUMNS]) -> Table {
    table_of(header)
}

/// The same for columns that are chosen when the program runs.
pub(crate) fn table_of<'a>(header: impl IntoIterator<Item = &'a str>) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_style(TableComponent::HeaderLines, '─')
        .set_style(TableComponent::MiddleHeaderIntersections, '─')
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header.into_iter().collect::<Vec<_>>());
    if !std::io::stdout().is_terminal() {
        // A pipe has no width; without one, long cells would not be wrapped at all.
        table.set_width(PIPE_WIDTH);
    }
    table
}

/// Columns of text for a reader that is no terminal: wide enough for an address and a few numbers beside it.
const PIPE_WIDTH: u16 = 160;

/// Makes errors plain text where colour or box characters would be in the way.
pub(crate) fn install_error_style(global: &GlobalArgs) {
    let plain = global.json || std::env::var_os("NO_COLOR").is_some() || !std::io::stderr().is_terminal();
    let hook = miette::set_hook(Box::new(move |_| {
        Box::new(
            miette::MietteHandlerOpts::new()
                .terminal_links(false)
                .color(!plain)
                .unicode(!plain)
                .width(100)
                .build(),
        )
    }));
    // A hook that is already there prints errors as well.
    drop(hook);
}

/// Prints the error that ends the process: what failed, each cause, and the hint.
pub(crate) fn report(report: &miette::Report) {
    let mut text = format!("error: {report}");
    for cause in report.chain().skip(1) {
        text.push_str(&format!("\n  because: {cause}"));
    }
    if let Some(help) = report.help() {
        text.push_str(&format!("\n   hint: {help}"));
    }
    write_stderr(&text);
}
