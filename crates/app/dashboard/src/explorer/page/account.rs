//! One account.

use super::pieces::{
    account as account_piece, account_link, alpha, block_link, fact, neuron_link, outcome, subnet_link, tao,
    time, unit, unknown,
};
use crate::explorer::account::{AccountView, MOST_POSITIONS};
use crate::quantity::{percent, visible, whole};
use assay_chain::{Identity, Rao};
use maud::{Markup, html};

pub(in crate::explorer) fn account(view: &AccountView) -> Markup {
    let address = view.account.to_string();
    html! {
        section class="card" {
            div class="title wrap" {
                h1 {
                    @match view.identity_name() {
                        Some(name) => (visible(name)),
                        None => "Account",
                    }
                }
                (roles(view))
            }
            p class="address" {
                code { (address) }
                button type="button" class="copy" data-copy=(address) aria-label="Copy the address" { "copy" }
            }
            dl class="facts" {
                (fact("Free", html! { b { (tao(view.balance.free)) } }))
                @if view.balance.reserved > Rao::ZERO { (fact("Reserved", html! { (tao(view.balance.reserved)) })) }
                @if view.balance.frozen > Rao::ZERO { (fact("Frozen", html! { (tao(view.balance.frozen)) })) }
                @if let Some(worth) = total(view) { (fact("Staked", html! { "about " (tao(worth)) span class="note" { " at today's prices" } })) }
                (fact("Transactions", html! { (whole(view.balance.nonce.into())) }))
                @if let Some(owner) = &view.roles.owner { (fact("Coldkey", account_piece(owner))) }
                @if let Some(take) = view.roles.take { (fact("Take", html! { (percent(unit(take))) })) }
                @if !view.owned_subnets.is_empty() {
                    (fact("Owns subnets", html! { @for netuid in &view.owned_subnets { (subnet_link(*netuid)) " " } }))
                }
            }
        }
        @if let Some(identity) = &view.roles.identity { (about(identity)) }
        @if !view.roles.places.is_empty() { (places(view)) }
        @if !view.stakes.is_empty() { (stakes(view)) }
        @if !view.roles.hotkeys.is_empty() { (hotkeys(view)) }
        (extrinsics(view))
        p class="json" { a href=(format!("/api/account/{address}")) { "This account as JSON" } }
    }
}

impl AccountView {
    fn identity_name(&self) -> Option<&str> {
        let identity = self.roles.identity.as_ref()?;
        (!identity.name.is_empty()).then_some(identity.name.as_str())
    }
}

fn roles(view: &AccountView) -> Markup {
    let roles = &view.roles;
    let is_coldkey = !roles.hotkeys.is_empty() || !view.stakes.is_empty() || !view.owned_subnets.is_empty();
    html! {
        @if roles.is_sudo { span class="pill warn" { "sudo" } }
        @if roles.owner.is_some() { span class="pill wait" { "hotkey" } }
        @if is_coldkey { span class="pill good" { "coldkey" } }
        @if !view.owned_subnets.is_empty() { span class="pill off" { "subnet owner" } }
        @if !is_coldkey && roles.owner.is_none() && view.balance == assay_chain::Balance::default() {
            span class="pill off" { "not used on this chain" }
        }
    }
}

fn total(view: &AccountView) -> Option<Rao> {
    let worths = view.stakes.iter().filter_map(|stake| stake.worth);
    worths.reduce(|sum, worth| Rao(sum.0.saturating_add(worth.0)))
}

/// What it says about itself. Addresses are text: a link would lead wherever somebody likes.
pub(super) fn about(identity: &Identity) -> Markup {
    let said = [
        ("Page", &identity.url),
        ("Code", &identity.github_repo),
        ("Picture", &identity.image),
        ("Discord", &identity.discord),
        ("About", &identity.description),
        ("More", &identity.additional),
    ];
    html! {
        section class="card" aria-labelledby="about-title" {
            h2 id="about-title" { "What it says about itself" span class="subtitle" { " · unchecked" } }
            dl class="facts" {
                @if !identity.name.is_empty() { (fact("Name", html! { (visible(&identity.name)) })) }
                @for (name, text) in said {
                    @if !text.is_empty() { (fact(name, html! { (visible(text)) })) }
                }
            }
        }
    }
}

fn places(view: &AccountView) -> Markup {
    html! {
        section class="card" aria-labelledby="places-title" {
            h2 id="places-title" { "As a hotkey" }
            div class="scroll" {
                table class="rows" {
                    thead { tr { th scope="col" { "Subnet" } th scope="col" { "Uid" } th scope="col" { "Staked on it" } } }
                    tbody {
                        @for place in &view.roles.places {
                            tr {
                                th scope="row" data-label="Subnet" { (subnet_link(place.netuid)) }
                                td data-label="Uid" {
                                    @match place.uid {
                                        Some(uid) => (neuron_link(place.netuid, uid)),
                                        None => span class="note" { "not registered" },
                                    }
                                }
                                td class="number" data-label="Staked on it" { (alpha(place.alpha)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn stakes(view: &AccountView) -> Markup {
    html! {
        section class="card" aria-labelledby="stakes-title" {
            h2 id="stakes-title" { "Stakes" }
            div class="scroll" {
                table class="rows" {
                    thead { tr {
                        th scope="col" { "Subnet" } th scope="col" { "On hotkey" } th scope="col" { "Amount" }
                        th scope="col" { "Worth" } th scope="col" { "Last epoch" }
                    } }
                    tbody {
                        @for stake in &view.stakes {
                            tr {
                                th scope="row" data-label="Subnet" { (subnet_link(stake.position.netuid)) }
                                td data-label="On hotkey" { (account_link(&stake.position.hotkey)) }
                                td class="number" data-label="Amount" { (alpha(stake.position.alpha)) }
                                td class="number" data-label="Worth" {
                                    @match stake.worth { Some(worth) => { (tao(worth)) }, None => (unknown()) }
                                }
                                td class="number" data-label="Last epoch" { (alpha(stake.position.emission)) }
                            }
                        }
                    }
                }
            }
            @if view.stakes_left_out > 0 { p class="note" { (whole(view.stakes_left_out as u64)) " smaller ones are not shown." } }
        }
    }
}

fn hotkeys(view: &AccountView) -> Markup {
    let hotkeys = &view.roles.hotkeys;
    html! {
        section class="card" aria-labelledby="hotkeys-title" {
            h2 id="hotkeys-title" { (whole(hotkeys.len() as u64)) @if hotkeys.len() == 1 { " hotkey" } @else { " hotkeys" } }
            ul class="keys" { @for hotkey in hotkeys.iter().take(MOST_POSITIONS) { li { (account_piece(hotkey)) } } }
            @if hotkeys.len() > MOST_POSITIONS { p class="note" { (whole((hotkeys.len() - MOST_POSITIONS) as u64)) " more" } }
        }
    }
}

fn extrinsics(view: &AccountView) -> Markup {
    let (first, last) = view.searched;
    html! {
        section class="card" aria-labelledby="extrinsics-title" {
            h2 id="extrinsics-title" {
                "Latest extrinsics"
                span class="subtitle" { " · in the blocks " (whole(first)) " to " (whole(last)) }
            }
            @if view.extrinsics.is_empty() { p class="empty" { "None of these blocks has one that concerns it." } }
            @else {
                div class="scroll" {
                    table class="rows" {
                        thead { tr {
                            th scope="col" { "Extrinsic" } th scope="col" { "Block" } th scope="col" { "Time" }
                            th scope="col" { "Role" } th scope="col" { "Result" } th scope="col" { "Fee" }
                        } }
                        tbody {
                            @for found in &view.extrinsics {
                                tr data-key=(format!("{}-{}", found.block, found.index)) {
                                    th scope="row" data-label="Extrinsic" {
                                        a href=(format!("/extrinsic/{}-{}", found.block, found.index)) { (found.title()) }
                                    }
                                    td data-label="Block" { (block_link(found.block)) }
                                    td data-label="Time" { (time(found.timestamp_ms)) }
                                    td data-label="Role" { @if found.signed_by_it { "signer" } @else { "mentioned" } }
                                    td data-label="Result" {
                                        (outcome(!found.success))
                                        @if let Some(name) = &found.failure { " " span class="reason" { (name) } }
                                    }
                                    td class="number" data-label="Fee" {
                                        @match found.fee { Some(fee) => { (tao(fee)) }, None => (unknown()) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
