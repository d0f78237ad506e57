//! The chain: block, epoch, speed.

use super::pieces::or_unknown;
use crate::quantity::{UNKNOWN, duration, text, whole};
use crate::state::{ChainView, DashboardState, Phase};
use maud::{Markup, html};

pub(super) fn draw(state: &DashboardState) -> Markup {
    match &state.chain {
        Some(chain) => tiles(chain),
        None => html! {
            div class="tile alone" {
                h2 { "Chain" }
                @match &state.phase {
                    Phase::Starting { doing } => {
                        p class="figure" { "Starting" }
                        p class="note" { (text(doing)) }
                    }
                    _ => {
                        p class="figure" { (UNKNOWN) }
                        p class="note" { "the chain has not answered" }
                    }
                }
            }
        },
    }
}

fn tiles(chain: &ChainView) -> Markup {
    // Silence is told by the page itself, which keeps counting when no update comes.
    let silent_after = (chain.block_time_ms * 5).max(10_000);
    html! {
        div class="tile" {
            h2 { "Block" }
            p class="figure" id="block" { (whole(chain.block)) }
            p class="note" {
                "final " (or_unknown(chain.finalized, whole))
                " · " span data-age=(chain.block_seen_ms) data-silent-after=(silent_after) {}
            }
        }
        div class="tile" {
            h2 { "Next epoch" }
            (countdown(chain))
        }
        div class="tile" {
            h2 { "Epochs done" }
            p class="figure" {
                (whole(chain.epochs_done.into()))
                @if let Some(wanted) = chain.epochs_wanted { span class="of" { " of " (wanted) } }
            }
            p class="note" { "every " (chain.tempo) " blocks" }
        }
        div class="tile" {
            h2 { "Block time" }
            p class="figure" { (duration(chain.block_time_ms)) }
            p class="note" { "subnet " (chain.netuid) " · " (text(&chain.endpoint)) }
        }
    }
}

fn countdown(chain: &ChainView) -> Markup {
    let Some(next) = chain.next_epoch_block else {
        return html! { p class="figure" { (UNKNOWN) } p class="note" { "no epochs on this subnet" } };
    };
    let left = next.saturating_sub(chain.block);
    let tempo = u64::from(chain.tempo).max(1);
    let gone = tempo.saturating_sub(left);
    html! {
        p class="figure" {
            @if left == 0 { "now" } @else { (whole(left)) span class="of" { @if left == 1 { " block" } @else { " blocks" } } }
        }
        progress max=(tempo) value=(gone) aria-label=(format!("{gone} of {tempo} blocks of this epoch")) {}
        p class="note" { "at " (whole(next)) @if left > 0 { ", in about " (duration(left.saturating_mul(chain.block_time_ms))) } }
    }
}
