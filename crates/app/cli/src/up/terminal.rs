//! What a person at the terminal sees of a run: a line for what each validator does, a log above it, and a table at
//! the end of each epoch.

use super::{
    board::{Board, Doing, stage_words},
    history::EpochRecord,
    results::MinerLine,
};
use crate::output::{self, Output};
use comfy_table::{CellAlignment, Table};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// The live part of the terminal. Without a terminal only the log is written, without colours or redrawing.
#[derive(Debug)]
pub(super) struct Terminal {
    output: Output,
    all: MultiProgress,
    chain: ProgressBar,
    validators: Vec<ProgressBar>,
}

impl Terminal {
    pub(super) fn new(output: Output, board: &Board) -> Self {
        let live = !output.is_json() && std::io::stderr().is_terminal();
        let target = if live {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let all = MultiProgress::with_draw_target(target);
        let line = |all: &MultiProgress| all.add(ProgressBar::new(1).with_style(plain_style()));
        let validators = board.validators.iter().map(|_| line(&all)).collect();
        let chain = line(&all);
        Self {
            output,
            all,
            chain,
            validators,
        }
    }

    /// Writes a line that stays.
    pub(super) fn log(&self, text: &str) {
        if self.output.is_json() {
            return;
        }
        if std::io::stderr().is_terminal() {
            // Printing above the bars fails only when the terminal is gone.
            let _ = self.all.println(text);
        } else {
            self.output.say(text);
        }
    }

    /// Redraws what validators do.
    pub(super) fn show(&self, board: &Board) {
        for (bar, validator) in self.validators.iter().zip(&board.validators) {
            match &validator.doing {
                Doing::Training {
                    miner,
                    step,
                    steps,
                    loss,
                } => {
                    bar.set_style(progress_style());
                    bar.set_length((*steps).into());
                    bar.set_position((*step).into());
                    bar.set_prefix(validator.name.clone());
                    bar.set_message(format!("trains on {miner}, loss {loss:.3}"));
                }
                Doing::Evaluating { miner, done, of } => {
                    bar.set_style(progress_style());
                    bar.set_length(*of as u64);
                    bar.set_position(*done as u64);
                    bar.set_prefix(validator.name.clone());
                    bar.set_message(format!("measures {miner}"));
                }
                other => {
                    bar.set_style(plain_style());
                    bar.set_prefix(validator.name.clone());
                    bar.set_message(words(other));
                }
            }
        }
    }

    /// Redraws where the chain is.
    pub(super) fn show_chain(&self, block: u64, next_epoch: Option<u64>) {
        let until = next_epoch.map_or_else(String::new, |next| {
            format!(", next epoch in {} blocks", next.saturating_sub(block))
        });
        self.chain.set_prefix("chain");
        self.chain.set_message(format!("block {block}{until}"));
    }

    /// Shows the table of a finished epoch.
    pub(super) fn epoch(&self, record: &EpochRecord) {
        self.log(&format!(
            "\nepoch {} (block {})\n{}\n",
            record.epoch,
            record.block,
            table(&record.miners)
        ));
    }

    /// Takes the live lines away.
    pub(super) fn close(&self) {
        for bar in &self.validators {
            bar.finish_and_clear();
        }
        self.chain.finish_and_clear();
    }
}

/// What a validator does, in words.
pub(super) fn words(doing: &Doing) -> String {
    match doing {
        Doing::Starting => "starts".to_owned(),
        Doing::Checking(what) => format!("checks {what}"),
        Doing::Training {
            miner, step, steps, ..
        } => format!("trains on {miner}, step {step} of {steps}"),
        Doing::Evaluating { miner, done, of } => format!("measures {miner}, {done} of {of} rows"),
        Doing::Weighing(stage) => stage_words(stage),
        Doing::Waiting(what) => format!("waits for {what}"),
    }
}

fn plain_style() -> ProgressStyle {
    template("{prefix:>12}  {msg}")
}

fn progress_style() -> ProgressStyle {
    template("{prefix:>12}  {bar:24.green/dim} {pos:>3}/{len:<3} {msg}")
}

fn template(text: &str) -> ProgressStyle {
    ProgressStyle::with_template(text).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// The miners of an epoch, the best paid first.
pub(super) fn table(miners: &[MinerLine]) -> Table {
    let mut sorted: Vec<_> = miners.iter().collect();
    sorted.sort_by(|a, b| {
        (b.incentive, b.emission_rao)
            .partial_cmp(&(a.incentive, a.emission_rao))
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut table = output::table([
        "uid",
        "miner",
        "rows",
        "loss",
        "win rate",
        "weight",
        "incentive",
        "emission",
        "status",
    ]);
    for line in sorted {
        table.add_row([
            line.uid.map_or_else(dash, |uid| uid.to_string()),
            line.name.clone(),
            line.rows.map_or_else(dash, |rows| rows.to_string()),
            line.loss.map_or_else(dash, |loss| format!("{loss:.4}")),
            line.win_rate
                .map_or_else(dash, |rate| format!("{:.0} %", rate * 100.0)),
            format!("{:.4}", line.weight),
            format!("{:.4}", line.incentive),
            format!("{:.4} alpha", line.emission_rao as f64 / 1e9),
            line.reason
                .clone()
                .unwrap_or_else(|| line.status.words().to_owned()),
        ]);
    }
    for column in [0, 2, 3, 4, 5, 6, 7] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn dash() -> String {
    "-".to_owned()
}
