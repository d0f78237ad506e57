//! The miners: one line each, from dataset to emission.

use super::pieces::{bar, empty, hotkey, or_unknown};
use crate::plot::{MOST_LINES, key};
use crate::quantity::{alpha, loss, name, percent, text, whole};
use crate::records::Links;
use crate::state::{DashboardState, MinerStatus, MinerView};
use maud::{Markup, html};

/// Columns of a competition of datasets.
const DATASETS: &[&str] = &[
    "Miner",
    "Dataset",
    "Status",
    "Loss",
    "Win rate",
    "Weight",
    "Incentive",
    "Emission",
];

/// Columns where miners are asked.
const ANSWERS: &[&str] = &[
    "Miner",
    "Answered",
    "Status",
    "First words",
    "Score",
    "Weight",
    "Incentive",
    "Emission",
];

pub(super) fn draw(state: &DashboardState, links: Links) -> Markup {
    let columns = if state.scores_answers() { ANSWERS } else { DATASETS };
    html! {
        h2 id="miners-title" { "Miners" }
        @if state.miners.is_empty() {
            (empty("No miner yet.", "A miner appears when it is registered on the subnet."))
        } @else {
            div class="scroll" {
                table {
                    thead { tr { @for column in columns { th scope="col" { (column) } } } }
                    tbody {
                        @for (index, miner) in state.miners.iter().enumerate() { (row(index, miner, links)) }
                    }
                }
            }
        }
    }
}

fn row(index: usize, miner: &MinerView, links: Links) -> Markup {
    let number = |label: &str, shown: Markup| html! { td class="number" data-label=(label) { (shown) } };
    let share = |value: Option<f64>, class: &str| {
        html! {
            (or_unknown(value, percent))
            @if let Some(value) = value { (bar(value, class)) }
        }
    };
    html! {
        tr data-key=(miner.hotkey) {
            th scope="row" data-label="Miner" {
                span class="miner-name" {
                    @if index < MOST_LINES { (key(index)) }
                    // One that no epoch has judged may not be on record yet.
                    @if links == Links::Pages && miner.incentive.is_some() {
                        a href=(format!("/miner/{}", miner.hotkey)) { (name(&miner.name)) }
                    } @else {
                        (name(&miner.name))
                    }
                    @if let Some(uid) = miner.uid { span class="uid" { "uid " (uid) } }
                }
                (hotkey(&miner.hotkey))
            }
            @match &miner.answers {
                Some(answers) => {
                    (number("Answered", html! { (whole(answers.answered)) span class="of" { " of " (whole(answers.asked)) } }))
                    td data-label="Status" class="status-cell" { (status(&miner.status)) }
                    (number("First words", or_unknown(answers.first_words_ms, |ms| format!("{ms:.0} ms"))))
                    (number("Score", share(miner.score, "plain")))
                }
                None => {
                    td data-label="Dataset" {
                        div class="dataset" {
                            span class="repo" { (repo(miner.repo.as_deref())) }
                            @if let Some(rows) = miner.rows { span class="note" { (whole(rows)) @if rows == 1 { " row" } @else { " rows" } } }
                        }
                    }
                    td data-label="Status" class="status-cell" { (status(&miner.status)) }
                    (number("Loss", or_unknown(miner.loss, loss)))
                    (number("Win rate", share(miner.win_rate, "plain")))
                }
            }
            (number("Weight", share(miner.weight, "plain")))
            (number("Incentive", share(miner.incentive, "strong")))
            (number("Emission", or_unknown(miner.emission_rao, alpha)))
        }
    }
}

/// A repository, which may be broken behind its owner.
fn repo(repo: Option<&str>) -> Markup {
    let Some(repo) = repo else {
        return or_unknown(None::<&str>, str::to_owned);
    };
    match text(repo).split_once('/') {
        Some((owner, name)) => html! { span title=(repo) { (owner) "/" wbr; (name) } },
        None => html! { (text(repo)) },
    }
}

fn status(status: &MinerStatus) -> Markup {
    let (class, word, detail) = match status {
        MinerStatus::Queued => ("off", "queued", None),
        MinerStatus::Publishing { step } => ("wait", "publishing", Some(step.as_str())),
        MinerStatus::Committed => ("wait", "committed", Some("waits for the next round")),
        MinerStatus::InRound { doing } => ("wait", "in round", Some(doing.as_str())),
        MinerStatus::Scored => ("good", "scored", None),
        MinerStatus::CopyOf { miner } => {
            return html! { div { span class="pill off" { "copy" } " " span class="reason" { "of " (name(miner)) } } };
        }
        MinerStatus::NotAsked { reason } => ("off", "not asked", Some(reason.as_str())),
        MinerStatus::NoAnswer { reason } => ("warn", "no answer", Some(reason.as_str())),
        MinerStatus::BadAnswer { reason } => ("bad", "rejected", Some(reason.as_str())),
        MinerStatus::OwnFault { reason } => ("warn", "our fault", Some(reason.as_str())),
    };
    html! {
        div {
            span class=(format!("pill {class}")) { (word) }
            @if let Some(detail) = detail { " " span class="reason" { (text(detail)) } }
        }
    }
}
