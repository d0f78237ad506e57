//! The newest blocks, and older ones page by page.

use super::pieces::{short_hash, time, unknown};
use crate::explorer::blocks::{BlockRow, BlocksView, ChainFacts};
use crate::quantity::{duration, text, whole};
use maud::{Markup, html};

/// Calls that a row names; the block's page has all.
const NAMED_CALLS: usize = 3;

pub(in crate::explorer) fn blocks(view: &BlocksView) -> Markup {
    html! {
        @if view.is_newest { (tiles(&view.chain)) }
        section class="card" aria-labelledby="blocks-title" {
            h1 id="blocks-title" {
                @if view.is_newest { "Newest blocks" } @else { "Blocks" }
            }
            div class="scroll" {
                table class="rows blocks" {
                    thead { tr {
                        th scope="col" { "Block" } th scope="col" { "Time" } th scope="col" { "Extrinsics" }
                        th scope="col" { "What was called" } th scope="col" { "Events" } th scope="col" { "Hash" }
                    } }
                    tbody { @for row in &view.rows { (line(row)) } }
                }
            }
            nav class="pager" aria-label="More blocks" {
                @if let Some(newer) = view.newer { a href=(format!("/blocks?before={newer}")) { "← Newer" } }
                @if !view.is_newest { a href="/blocks" { "Newest" } }
                @if let Some(older) = view.older { a class="right" href=(format!("/blocks?before={older}")) { "Older →" } }
            }
        }
    }
}

fn tiles(chain: &ChainFacts) -> Markup {
    let silent_after = (chain.block_time_ms * 5).max(10_000);
    let behind = chain.head.number.0.saturating_sub(chain.finalized);
    html! {
        section class="chain" aria-label="Chain" {
            div class="tile" {
                h2 { "Block" }
                p class="figure" id="block" { (whole(chain.head.number.0)) }
                p class="note" { span data-age=(chain.head_seen_ms) data-silent-after=(silent_after) {} }
            }
            div class="tile" {
                h2 { "Final" }
                p class="figure" { (whole(chain.finalized)) }
                p class="note" { @if behind == 0 { "with the newest block" } @else { (whole(behind)) " behind" } }
            }
            div class="tile" {
                h2 { "Block time" }
                p class="figure" { (duration(chain.block_time_ms)) }
                p class="note" { (text(&chain.endpoint)) }
            }
            div class="tile" {
                h2 { "Runtime" }
                p class="figure" { (chain.spec_version) }
                p class="note" { "genesis " code title=(chain.genesis) { (short_hash(&chain.genesis.to_string())) } }
            }
        }
    }
}

fn line(row: &BlockRow) -> Markup {
    let hash = row.hash.to_string();
    html! {
        tr data-key=(hash) {
            th scope="row" data-label="Block" {
                a href=(format!("/block/{}", row.number)) { (whole(row.number)) }
                @if !row.finalized { " " span class="pill wait" { "not final" } }
            }
            @match &row.contents {
                Some(contents) => {
                    td data-label="Time" { (time(contents.timestamp_ms)) }
                    td class="number" data-label="Extrinsics" {
                        (whole(contents.extrinsics as u64))
                        @if contents.failed > 0 { " " span class="pill bad" { (contents.failed) " failed" } }
                    }
                    td data-label="What was called" class="called" {
                        @if contents.calls.is_empty() { (unknown()) }
                        @for (title, count) in contents.calls.iter().take(NAMED_CALLS) {
                            span class="call-name" { (title) @if *count > 1 { " ×" (count) } }
                        }
                        @if contents.calls.len() > NAMED_CALLS {
                            span class="note" { "and " (contents.calls.len() - NAMED_CALLS) " more" }
                        }
                    }
                    td class="number events-count" data-label="Events" { (whole(contents.events as u64)) }
                }
                None => td colspan="4" class="note" { "The node could not tell what is in it." }
            }
            td data-label="Hash" class="hash" { code title=(hash) { (short_hash(&hash)) } }
        }
    }
}
