//! The explorer's pages: a frame, and one module for what stands in it.

mod account;
mod block;
mod blocks;
mod neuron;
mod pieces;
mod search;
mod subnets;
mod value;

pub(super) use account::account;
pub(super) use block::{block, extrinsic};
pub(super) use blocks::blocks;
pub(super) use neuron::neuron;
pub(super) use search::search;
pub(super) use subnets::{Order, subnet, subnets};

use super::ExplorerError;
use crate::assets::{VERSION, address};
use maud::{DOCTYPE, Markup, html};

/// What the frame of a page depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    /// The page's name.
    pub(super) title: &'a str,
    /// The entry of the navigation that it belongs to.
    pub(super) place: Place,
    /// What is in the search field.
    pub(super) query: &'a str,
    /// Whether a run is shown at `/`.
    pub(super) has_run: bool,
    /// Whether it follows the chain.
    pub(super) updates: Updates,
}

/// The entries of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Blocks,
    Subnets,
    Elsewhere,
}

/// Whether an open page follows the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Updates {
    /// Drawn anew with every block.
    EveryBlock,
    /// What it shows does not change.
    Never,
}

/// A whole page around `content`.
pub(super) fn document(frame: Frame<'_>, content: &Markup) -> Markup {
    let stream = (frame.updates == Updates::EveryBlock).then_some("/explorer/events");
    html! {
        (DOCTYPE)
        html lang="en" data-version=(format!("{VERSION:016x}")) data-stream=[stream] {
            head {
                meta charset="utf-8";
                title { (frame.title) " · Assay" }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="description" content="What is on a Bittensor chain";
                link rel="icon" href=(address("icon.svg")) type="image/svg+xml";
                link rel="stylesheet" href=(address("dashboard.css"));
                link rel="stylesheet" href=(address("explorer.css"));
                script src=(address("theme.js")) {}
                script src=(address("dashboard.js")) defer {}
            }
            body class="explorer" {
                a class="skip" href="#live" { "Skip to the content" }
                header class="top" {
                    a class="home" href=(if frame.has_run { "/" } else { "/blocks" }) aria-label="Assay, start page" {
                        img class="mark" src=(address("icon.svg")) alt="" width="28" height="28";
                        span class="brand" { "Assay" }
                    }
                    nav aria-label="Pages" {
                        @if frame.has_run { a href="/" { "Run" } }
                        (entry("/blocks", "Blocks", frame.place == Place::Blocks))
                        (entry("/subnets", "Subnets", frame.place == Place::Subnets))
                    }
                    form class="search" action="/search" method="get" role="search" {
                        input type="search" name="q" value=(frame.query) maxlength="128" autocomplete="off" spellcheck="false"
                            placeholder="Block, hash, address, subnet or name" aria-label="Search the chain";
                        button type="submit" { "Search" }
                    }
                    button id="theme" type="button" class="quiet" hidden { "Theme" }
                }
                p id="connection" class="connection" role="alert" hidden {}
                main id="live" class="pages" { (content) }
                footer {
                    "Read from the chain as its metadata describes it."
                }
            }
        }
    }
}

fn entry(address: &str, name: &str, is_here: bool) -> Markup {
    html! { a href=(address) aria-current=[is_here.then_some("page")] { (name) } }
}

/// What is shown in place of a page that cannot be.
pub(super) fn failure(error: &ExplorerError) -> Markup {
    html! {
        section class="card narrow" {
            h1 { (sentence(&error.to_string())) }
            @if let Some(hint) = error.hint() { p class="note" { (hint) } }
            p { a href="/blocks" { "The newest blocks" } }
        }
    }
}

/// A text of an error as a sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .map(|first| first.to_uppercase().collect())
        .unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}
