//! The explorer's pages: one module for what stands in each.

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
pub(crate) use neuron::findings;
pub(super) use neuron::neuron;
pub(super) use search::search;
pub(super) use subnets::{Order, subnet, subnets};

use super::ExplorerError;
use maud::{Markup, html};

/// Whether an open page follows the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Updates {
    /// Drawn anew with every block.
    EveryBlock,
    /// What it shows does not change.
    Never,
}

impl Updates {
    /// The stream that tells of what the page follows.
    pub(super) fn stream(self) -> Option<&'static str> {
        (self == Updates::EveryBlock).then_some("/explorer/events")
    }
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
