//! What stands between each neuron and its weights, in one list.

use super::Shared;
use super::cell::{Links, Names, cell};
use crate::explorer::{self, Explorer};
use assay_analysis::{Cell, Kind, Table};
use assay_chain::{NetUid, Uid};
use futures::{StreamExt, stream};
use maud::{Markup, html};
use std::sync::Arc;

/// Neurons that are looked at. Each costs a node some requests, and more than a screen of them is nobody's own.
const MOST: usize = 64;
/// Asked at once.
const AT_ONCE: usize = 4;

pub(super) async fn draw(shared: &Shared) -> Markup {
    let names = shared.names();
    let network = Arc::clone(&shared.records).with(|store| store.network()).await;
    let (Some(network), Some(explorer)) = (network, &shared.explorer) else {
        return html! {};
    };
    let own = own(&network, &names);
    let left_out = own.len().saturating_sub(MOST);
    let findings: Vec<Markup> = stream::iter(own.into_iter().take(MOST))
        .map(|neuron| finding(explorer, neuron, &names))
        .buffered(AT_ONCE)
        .collect()
        .await;
    html! {
        div class="title wrap" { h1 { "Doctor" } span class="subtitle" { "what stands between each neuron and its weights, as the chain shows it" } }
        @if findings.is_empty() {
            section class="card" { p class="empty" { strong { "Nobody to look at yet." } " Neurons appear after the first epoch." } }
        }
        @for finding in findings { (finding) }
        @if left_out > 0 { p class="note" { (left_out) " more neurons are not looked at here; each has its findings on its own page." } }
    }
}

/// A neuron of ours.
struct Own {
    netuid: NetUid,
    uid: Uid,
    hotkey: Cell,
}

/// The neurons that the run has a name for; all where it has none.
fn own(network: &Table, names: &Names) -> Vec<Own> {
    let number = |row: &[Cell], name: &str| network.cell(row, name).number();
    network
        .rows
        .iter()
        .filter(|row| {
            let hotkey = network.cell(row, "hotkey").text();
            names.0.is_empty() || hotkey.is_some_and(|hotkey| names.of(hotkey).is_some())
        })
        .filter_map(|row| {
            Some(Own {
                netuid: NetUid(number(row, "netuid")? as u16),
                uid: Uid(number(row, "uid")? as u16),
                hotkey: network.cell(row, "hotkey").clone(),
            })
        })
        .collect()
}

async fn finding(explorer: &Explorer, neuron: Own, names: &Names) -> Markup {
    let found = explorer::diagnosed(explorer, neuron.netuid, neuron.uid).await;
    html! {
        section class="card" data-key=(format!("{}-{}", neuron.netuid, neuron.uid)) {
            div class="title wrap" {
                h2 {
                    (cell(&neuron.hotkey, Kind::Hotkey, names, Links::Pages))
                    " " a class="uid" href=(format!("/neuron/{}/{}", neuron.netuid, neuron.uid)) { "uid " (neuron.uid) }
                }
            }
            (found)
        }
    }
}
