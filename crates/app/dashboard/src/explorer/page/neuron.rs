//! One neuron.

use super::account::about;
use super::pieces::{
    account, account_link, alpha, block_link, fact, neuron_link, rounded, subnet_link, tao, unit, unknown,
};
use crate::explorer::neuron::{NeuronView, Share};
use crate::quantity::{percent, visible, whole};
use assay_chain::{CommitmentField, NetUid};
use assay_neuron::{Diagnosis, Finding, Subject, Verdict};
use maud::{Markup, html};

/// Entries of a row that a page shows; the JSON has all.
const MOST_SHARES: usize = 256;

pub(in crate::explorer) fn neuron(view: &NeuronView) -> Markup {
    let neuron = &view.neuron;
    html! {
        section class="chain" aria-label="Neuron" {
            (tile("Incentive", percent(unit(neuron.incentive)), "of what miners get"))
            (tile("Dividends", percent(unit(neuron.dividends)), "of what validators get"))
            (tile("V-trust", neuron.validator_trust.map_or("–".to_owned(), |trust| percent(unit(trust))), "of its weights that the others share"))
            (tile("Emission", format!("{}\u{a0}α", rounded(neuron.emission.0)), "of the last epoch"))
        }
        section class="card" {
            div class="title wrap" {
                h1 { "Uid " (neuron.uid) " of subnet " (subnet_link(view.netuid)) }
                @if neuron.validator_permit { span class="pill wait" { "validator permit" } }
                @if view.is_owners { span class="pill off" { "the owner's" } }
                @if neuron.active { span class="pill good" { "active" } } @else { span class="pill off" { "inactive" } }
            }
            dl class="facts" {
                (fact("Hotkey", account(&neuron.hotkey)))
                (fact("Coldkey", account(&neuron.coldkey)))
                (fact("Stake that counts", html! { b { (alpha(neuron.total_stake)) } }))
                (fact("Alpha", html! { (alpha(neuron.alpha_stake)) }))
                (fact("TAO on root", html! { (tao(neuron.tao_stake)) }))
                (fact("Consensus", html! { (percent(unit(neuron.consensus))) }))
                (fact("Axon", match &neuron.axon {
                    Some(axon) => html! { code { (axon.address) } span class="note" { " version " (axon.version) ", protocol " (axon.protocol) ", published in block " (axon.block) } },
                    None => unknown(),
                }))
                (fact("Updated", html! { "in block " (block_link(neuron.last_update.0)) span class="note" { ", " (whole(view.block.number.since(neuron.last_update))) " blocks ago" } }))
                (fact("Registered", html! { "in block " (block_link(neuron.registered_at.0)) }))
                @if let Some(commitment) = &view.commitment {
                    (fact("Commitment", html! {
                        @for field in &commitment.fields { (commitment_field(field)) " " }
                        span class="note" { "in block " (block_link(commitment.block.0)) }
                    }))
                }
            }
        }
        @if let Some(identity) = &view.identity { (about(identity)) }
        @if let Some(diagnosis) = &view.diagnosis { (doctor(diagnosis)) }
        div class="two" {
            (shares(view.netuid, "weights-out", "Weights it sets", "It weighs nobody.", &view.weights_out))
            (shares(view.netuid, "weights-in", "Weights on it", "Nobody weighs it.", &view.weights_in))
            (shares(view.netuid, "bonds-out", "Bonds it has", "It has no bonds.", &view.bonds_out))
            (shares(view.netuid, "bonds-in", "Bonds on it", "Nobody has bonds on it.", &view.bonds_in))
        }
        p class="json" { a href=(format!("/api/neuron/{}/{}", view.netuid, neuron.uid)) { "This neuron as JSON" } }
    }
}

/// What `assay doctor` says of what the chain shows, with what to do about it.
fn doctor(diagnosis: &Diagnosis) -> Markup {
    html! {
        section class="card" aria-labelledby="doctor" {
            div class="title wrap" {
                h2 id="doctor" { "Doctor" }
                @if diagnosis.can_set_weights { span class="pill good" { "can set weights" } }
                @else { span class="pill off" { "cannot set weights" } }
            }
            (findings(diagnosis))
        }
    }
}

/// Each finding in a line.
pub(crate) fn findings(diagnosis: &Diagnosis) -> Markup {
    html! {
        dl class="facts" {
            @for finding in &diagnosis.findings {
                (fact(subject(finding), html! {
                    @match finding.verdict {
                        Verdict::Passes => { span class="pill good" { "ok" } },
                        Verdict::Stops => { span class="pill bad" { "stops it" } },
                        Verdict::Note => { span class="pill off" { "note" } },
                    }
                    " " (visible(&finding.fact))
                    @if let Some(remedy) = &finding.remedy { span class="note" { " " b { "What to do: " } (visible(remedy)) } }
                }))
            }
        }
    }
}

fn subject(finding: &Finding) -> &'static str {
    match finding.subject {
        Subject::Subnet => "Subnet",
        Subject::Mode => "Weights are",
        Subject::Registration => "Registration",
        Subject::Stake => "Stake",
        Subject::VersionKey => "Version key",
        Subject::RateLimit => "Rate limit",
        Subject::Permit => "Permit",
        Subject::RowLength => "Row",
        Subject::Axon => "Axon",
        Subject::Activity => "Activity",
        Subject::Clock => "Clock",
        Subject::Node => "Node",
        Subject::KeyFile => "Key file",
        Subject::Home => "Home",
        _ => "Besides",
    }
}

fn tile(name: &str, figure: String, note: &str) -> Markup {
    html! { div class="tile" { h2 { (name) } p class="figure" { (figure) } p class="note" { (note) } } }
}

fn commitment_field(field: &CommitmentField) -> Markup {
    match field {
        CommitmentField::Raw(bytes) | CommitmentField::BigRaw(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => html! { span class="text" { "“" (visible(text)) "”" } },
            Err(_) => html! { span class="text" { (bytes.len()) " bytes" } },
        },
        CommitmentField::Hash { algorithm, .. } => html! { (visible(algorithm)) " hash" },
        CommitmentField::Timelocked { reveal_round, .. } => {
            html! { "encrypted until round " (whole(*reveal_round)) }
        }
        CommitmentField::ResetBonds => html! { "bonds start anew" },
        CommitmentField::None => html! { "nothing" },
        other => html! { (visible(&format!("{other:?}"))) },
    }
}

fn shares(netuid: NetUid, id: &str, title: &str, none: &str, shares: &[Share]) -> Markup {
    html! {
        section class="card" aria-labelledby=(id) {
            h2 id=(id) { (title) @if !shares.is_empty() { span class="subtitle" { " · " (shares.len()) } } }
            @if shares.is_empty() { p class="empty" { (none) } }
            @else {
                ul class="shares" {
                    @for entry in shares.iter().take(MOST_SHARES) {
                        li data-key=(entry.uid) {
                            span class="who" { "uid " (neuron_link(netuid, entry.uid)) " " (account_link(&entry.hotkey)) }
                            span class="number" title=(format!("{} of 65535", entry.value)) { (percent(entry.share)) }
                            (crate::page::bar(entry.share, "strong"))
                        }
                    }
                }
                @if shares.len() > MOST_SHARES { p class="note" { (whole((shares.len() - MOST_SHARES) as u64)) " more" } }
            }
        }
    }
}
