//! The columns of a metagraph: what each is called, how it reads, and how it compares.

use crate::commands::on_chain::short;
use assay_chain::{Alpha, Block, Neuron};
use std::str::FromStr;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field(&'static Column);

/// What a neuron has in a column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    /// A number, in the unit in which it is shown.
    Number(f64),
    /// Words.
    Text(String),
    /// Whether it is so.
    Flag(bool),
    /// Nothing.
    Empty,
}

#[derive(Debug, PartialEq, Eq)]
struct Column {
    name: &'static str,
    about: &'static str,
    decimals: usize,
}

/// In the order in which the help names them.
const COLUMNS: &[Column] = &[
    column("uid", "slot", 0),
    column("hotkey", "who it is", 0),
    column("coldkey", "who owns it", 0),
    column("stake", "what counts in the consensus: alpha and weighted TAO", 4),
    column("alpha", "stake in the subnet's alpha", 4),
    column("tao", "stake on root", 4),
    column("trust", "how far a validator agrees with the others", 4),
    column("consensus", "the weight that the validators agree on", 4),
    column("incentive", "share of what miners are paid", 4),
    column("dividends", "share of what validators are paid", 4),
    column("emission", "alpha that the last epoch paid", 4),
    column("validator", "has a validator's permit", 0),
    column("active", "set weights recently enough to count", 0),
    column("updated", "block of the last weights or the registration", 0),
    column("age", "blocks since then", 0),
    column("registered", "block of the registration", 0),
    column("axon", "where it can be reached", 0),
];

/// What is shown where nobody chose.
pub(super) const USUAL: &str =
    "uid,hotkey,stake,trust,consensus,incentive,dividends,emission,validator,age,axon";

const fn column(name: &'static str, about: &'static str, decimals: usize) -> Column {
    Column {
        name,
        about,
        decimals,
    }
}

#[derive(Debug, thiserror::Error)]
#[error("there is no column \"{name}\"; there are {known}")]
pub(super) struct UnknownField {
    name: String,
    known: String,
}

impl FromStr for Field {
    type Err = UnknownField;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        COLUMNS
            .iter()
            .find(|column| column.name == text.trim())
            .map(Self)
            .ok_or_else(|| UnknownField {
                name: text.to_owned(),
                known: names(),
            })
    }
}

/// All names, for errors and help.
pub(super) fn names() -> String {
    let names: Vec<_> = COLUMNS.iter().map(|column| column.name).collect();
    names.join(", ")
}

impl Field {
    pub(super) fn name(self) -> &'static str {
        self.0.name
    }

    /// Whether its cells are numbers, which align to the right.
    pub(super) fn is_number(self) -> bool {
        !matches!(
            self.name(),
            "hotkey" | "coldkey" | "axon" | "validator" | "active"
        )
    }

    /// What a neuron has in it, at a block.
    pub(super) fn of(self, neuron: &Neuron, now: Block) -> Cell {
        let share = |part: u16| Cell::Number(f64::from(part) / 65535.0);
        let alpha = |alpha: Alpha| Cell::Number(alpha.tokens());
        let block = |block: Block| Cell::Number(block.0 as f64);
        match self.name() {
            "uid" => Cell::Number(f64::from(neuron.uid.0)),
            "hotkey" => Cell::Text(neuron.hotkey.to_string()),
            "coldkey" => Cell::Text(neuron.coldkey.to_string()),
            "stake" => alpha(neuron.total_stake),
            "alpha" => alpha(neuron.alpha_stake),
            "tao" => Cell::Number(neuron.tao_stake.tokens()),
            "trust" => neuron.validator_trust.map_or(Cell::Empty, share),
            "consensus" => share(neuron.consensus),
            "incentive" => share(neuron.incentive),
            "dividends" => share(neuron.dividends),
            "emission" => alpha(neuron.emission),
            "validator" => Cell::Flag(neuron.validator_permit),
            "active" => Cell::Flag(neuron.active),
            "updated" => block(neuron.last_update),
            "age" => Cell::Number(now.since(neuron.last_update) as f64),
            "registered" => block(neuron.registered_at),
            _ => neuron
                .axon
                .map_or(Cell::Empty, |axon| Cell::Text(axon.address.to_string())),
        }
    }

    /// A cell as a table shows it: addresses shortened.
    pub(super) fn shown(self, neuron: &Neuron, now: Block) -> String {
        match (self.name(), self.of(neuron, now)) {
            ("hotkey", _) => short(&neuron.hotkey),
            ("coldkey", _) => short(&neuron.coldkey),
            (_, Cell::Number(number)) => format!("{number:.*}", self.0.decimals),
            (_, Cell::Text(text)) => text,
            (_, Cell::Flag(true)) => "yes".to_owned(),
            (_, Cell::Flag(false) | Cell::Empty) => String::new(),
        }
    }

    /// A cell for a program: whole.
    pub(super) fn written(self, neuron: &Neuron, now: Block) -> String {
        match self.of(neuron, now) {
            Cell::Number(number) => number.to_string(),
            Cell::Text(text) => text,
            Cell::Flag(flag) => flag.to_string(),
            Cell::Empty => String::new(),
        }
    }
}

/// The columns and what they mean, for the help.
pub(super) fn help() -> String {
    let mut text = String::from("Columns:\n");
    for Column { name, about, .. } in COLUMNS {
        text.push_str(&format!("  {name:<11} {about}\n"));
    }
    text.push_str(
        "\nShares are fractions of one; stake, alpha and emission are in the subnet's alpha, tao in TAO.\n",
    );
    text.push_str("A filter is COLUMN OP VALUE with > < >= <= = != or ~ (contains), or a yes-or-no column, or !COLUMN:\n");
    text.push_str("  --filter 'stake>100' --filter validator --filter 'hotkey~5F' --filter '!axon'");
    text
}
