//! The page of one neuron: what changed for it and why, and what is on record of it.

use super::card::{Card, Chart};
use super::cell::{Links, Names, words};
use super::order::Wanted;
use crate::plot::Shape;
use crate::quantity::name;
use assay_analysis::{Change, Miner, Table};
use maud::{Markup, html};

/// What is plotted of the tables of a miner, by their names.
const CHARTS: [(&str, Chart); 3] = [
    (
        "epochs",
        Chart {
            title: "",
            across: "block",
            by: None,
            up: &["incentive", "consensus"],
            shape: Shape::Lines,
        },
    ),
    (
        "scores",
        Chart {
            title: "",
            across: "time",
            by: None,
            up: &["score", "reward"],
            shape: Shape::Lines,
        },
    ),
    (
        "evaluations",
        Chart {
            title: "",
            across: "block",
            by: None,
            up: &["loss"],
            shape: Shape::Lines,
        },
    ),
];

pub(super) fn draw(miner: &Miner, wanted: &Wanted, names: &Names) -> Markup {
    html! {
        div class="title wrap" {
            h1 {
                @match names.of(&miner.hotkey) {
                    Some(known) => (name(known)),
                    None => "Neuron",
                }
                @if let Some(uid) = miner.uid { " " span class="uid" { "uid " (uid) } }
            }
        }
        p class="address" {
            code { (miner.hotkey) }
            button type="button" class="copy" data-copy=(miner.hotkey) aria-label="Copy the hotkey" { "copy" }
        }
        @if !miner.changes.is_empty() {
            section class="card" aria-labelledby="changes" {
                h2 id="changes" { "What changed" span class="subtitle" { " from the epoch before the newest to the newest" } }
                ul class="changes" { @for change in &miner.changes { (line(change)) } }
            }
        }
        div class="cards" { @for table in &miner.tables { (card(table).draw(wanted, names, Links::Pages)) } }
    }
}

fn line(change: &Change) -> Markup {
    let (before, after) = (
        words(&change.before, change.kind),
        words(&change.after, change.kind),
    );
    let turn = match (change.before.number(), change.after.number()) {
        (Some(before), Some(after)) if after > before => "up",
        (Some(before), Some(after)) if after < before => "down",
        _ => "level",
    };
    html! {
        li {
            span class="what" { (change.what) }
            span class=(format!("from-to {turn}")) {
                @if before == after { (after) span class="note" { " as before" } }
                @else { (before) " " span class="arrow" aria-label="now" { "→" } " " b { (after) } }
            }
            @if let Some(why) = &change.why { span class="why" { (why) } }
        }
    }
}

/// Tables come with the newest first, and are plotted with the oldest first.
fn card(table: &Table) -> Card {
    let charts: Vec<Chart> = CHARTS
        .iter()
        .filter(|(name, _)| *name == table.name)
        .map(|(_, chart)| *chart)
        .collect();
    Card {
        charts,
        ..Card::table(table.clone())
    }
}
