//! One block, and one of its extrinsics.

use super::pieces::{account, block_link, fact, finality, hash, outcome, tao, time, unknown, whole_hash};
use super::value;
use crate::explorer::block::{BlockView, ExtrinsicView};
use crate::quantity::{visible, whole};
use assay_chain::{DispatchFailure, ExtrinsicRecord, HookEvent, HookPhase, explain};
use maud::{Markup, html};

/// Extrinsics whose arguments and events stand on the page of their block. Beyond, a line each is what a browser can
/// still draw.
const OPEN_EXTRINSICS: usize = 40;
/// Extrinsics that are listed at all; a full block has thousands.
const MOST_EXTRINSICS: usize = 1_000;

pub(in crate::explorer) fn block(view: &BlockView) -> Markup {
    let contents = &view.contents;
    let number = contents.block.number.0;
    html! {
        section class="card" {
            div class="title" {
                h1 { "Block " (whole(number)) }
                (finality(view.finalized))
                nav class="steps" aria-label="Neighbours" {
                    @if number > 0 { a href=(format!("/block/{}", number - 1)) rel="prev" { "← " (whole(number - 1)) } }
                    @if view.has_next { a href=(format!("/block/{}", number + 1)) rel="next" { (whole(number + 1)) " →" } }
                }
            }
            dl class="facts" {
                (fact("Time", time(contents.timestamp_ms)))
                (fact("Hash", whole_hash(&contents.block.hash.to_string())))
                @if number > 0 { (fact("Parent", html! { a href=(format!("/block/{}", contents.parent)) { code { (contents.parent) } } })) }
                (fact("State root", whole_hash(&contents.state_root.to_string())))
                (fact("Extrinsics root", whole_hash(&contents.extrinsics_root.to_string())))
                (fact("Runtime", html! { (contents.spec_version) }))
                (fact("Size", html! { (whole(contents.bytes as u64)) " bytes of extrinsics" }))
                @if !contents.digest.is_empty() {
                    (fact("Digest", html! { @for log in &contents.digest { (hash(log)) " " } }))
                }
            }
        }
        section class="card" aria-labelledby="extrinsics-title" {
            h2 id="extrinsics-title" { (whole(contents.extrinsics.len() as u64)) " extrinsics" }
            ol class="extrinsics" {
                @for (place, extrinsic) in contents.extrinsics.iter().enumerate().take(MOST_EXTRINSICS) {
                    li { (one(number, extrinsic, place < OPEN_EXTRINSICS)) }
                }
            }
            @if contents.extrinsics.len() > MOST_EXTRINSICS {
                p class="note" {
                    (whole((contents.extrinsics.len() - MOST_EXTRINSICS) as u64)) " more; "
                    a href=(format!("/api/block/{number}")) { "all of them as JSON" }
                }
            }
        }
        @if !contents.hook_events.is_empty() || contents.events_left_out > 0 {
            section class="card" aria-labelledby="hooks-title" {
                h2 id="hooks-title" { "Events of the block itself" }
                (hooks(&contents.hook_events, HookPhase::Initialization, "at its beginning"))
                (hooks(&contents.hook_events, HookPhase::Finalization, "at its end"))
                @if contents.events_left_out > 0 {
                    p class="note" { (whole(contents.events_left_out as u64)) " events more are not decoded." }
                }
            }
        }
        p class="json" { a href=(format!("/api/block/{number}")) { "This block as JSON" } }
    }
}

fn hooks(events: &[HookEvent], phase: HookPhase, when: &str) -> Markup {
    let of_phase = || events.iter().filter(|event| event.phase == phase);
    html! {
        @if of_phase().next().is_some() {
            h3 { (when) }
            @for hook in of_phase() { (value::event(&hook.event)) }
        }
    }
}

/// An extrinsic in its block: a line, and below it arguments and events.
fn one(block: u64, extrinsic: &ExtrinsicRecord, is_open: bool) -> Markup {
    let address = format!("/extrinsic/{block}-{}", extrinsic.index);
    html! {
        div class="line" {
            span class="uid" { (extrinsic.index) }
            a class="call" href=(address) { (extrinsic.title()) }
            @if extrinsic.signed.is_some() || extrinsic.failure.is_some() { (outcome(extrinsic.failure.is_some())) }
            @match &extrinsic.signed {
                Some(signed) => span class="by" { @match &signed.account { Some(signer) => (account(signer)), None => "signed" } },
                None => span class="note by" { "by the block's author" },
            }
        }
        @if let Some(failure) = &extrinsic.failure { (why(failure)) }
        @if is_open {
            @if let Some(call) = &extrinsic.call { @if !call.arguments.is_empty() { (value::arguments(call)) } }
            @if !extrinsic.events.is_empty() {
                details class="more" {
                    summary { (extrinsic.events.len()) @if extrinsic.events.len() == 1 { " event" } @else { " events" } }
                    @for event in &extrinsic.events { (value::event(event)) }
                }
            }
        }
    }
}

/// Why it failed, in the chain's words and in ours.
fn why(failure: &DispatchFailure) -> Markup {
    let name = failure.name();
    html! {
        div class="problem" {
            strong {
                @match name { Some(name) => (name), None => (failure) }
            }
            @if let Some(pallet) = failure.pallet() { span class="since" { " of " (pallet) } }
            @if let DispatchFailure::Inner { by, .. } = failure { span class="since" { ", by the call inside " (by) } }
            @match name.and_then(explain) {
                Some(known) => {
                    p { (known.meaning) }
                    p class="hint" { "What to do: " (known.hint) }
                    p class="note" { "In a terminal: " code { "assay explain " (known.name) } }
                }
                None => {
                    @if !failure.docs().is_empty() { p { (visible(failure.docs())) } }
                    @if let Some(hint) = failure.hint() { p class="hint" { "What to do: " (visible(&hint)) } }
                }
            }
        }
    }
}

pub(in crate::explorer) fn extrinsic(view: &ExtrinsicView) -> Markup {
    let extrinsic = &view.extrinsic;
    let block = view.block.number.0;
    html! {
        section class="card" {
            div class="title" {
                h1 { (extrinsic.title()) }
                (outcome(extrinsic.failure.is_some()))
                (finality(view.finalized))
                nav class="steps" aria-label="Neighbours" {
                    @if extrinsic.index > 0 { a href=(format!("/extrinsic/{block}-{}", extrinsic.index - 1)) rel="prev" { "←" } }
                    span class="note" { (extrinsic.index + 1) " of " (view.of) }
                    @if (extrinsic.index as usize) + 1 < view.of { a href=(format!("/extrinsic/{block}-{}", extrinsic.index + 1)) rel="next" { "→" } }
                }
            }
            @if let Some(failure) = &extrinsic.failure { (why(failure)) }
            dl class="facts" {
                (fact("Block", block_link(block)))
                (fact("Time", time(view.timestamp_ms)))
                (fact("Hash", whole_hash(&extrinsic.hash.to_string())))
                @match &extrinsic.signed {
                    Some(signed) => {
                        (fact("Signer", signed.account.as_ref().map_or_else(unknown, account)))
                        (fact("Nonce", signed.nonce.map_or_else(unknown, |nonce| html! { (whole(nonce)) })))
                        (fact("Fee", extrinsic.fee.map_or_else(unknown, |fee| html! { (tao(fee)) })))
                        (fact("Tip", signed.tip.map_or_else(unknown, |tip| html! { (tao(tip)) })))
                        (fact("Valid", match signed.mortality {
                            Some(blocks) => html! { "for " (whole(blocks)) " blocks" },
                            None => html! { "for ever" },
                        }))
                    }
                    None => (fact("Signer", html! { "nobody: the block's author put it in" })),
                }
                (fact("Size", html! { (whole(extrinsic.length as u64)) " bytes" }))
            }
        }
        section class="card" aria-labelledby="arguments-title" {
            h2 id="arguments-title" { "Arguments" }
            @match &extrinsic.call {
                Some(call) => (value::arguments(call)),
                None => p class="note" { "The metadata does not explain this extrinsic." },
            }
        }
        section class="card" aria-labelledby="events-title" {
            h2 id="events-title" { "Events" }
            @if extrinsic.events.is_empty() { p class="note" { "none" } }
            @for event in &extrinsic.events { (value::event(event)) }
        }
        p class="json" { a href=(format!("/api/extrinsic/{block}-{}", extrinsic.index)) { "This extrinsic as JSON" } }
    }
}
