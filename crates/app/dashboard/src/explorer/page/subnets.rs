//! The subnets, and one of them with its neurons.

use super::pieces::{
    account as account_piece, account_link, alpha, block_link, fact, rounded, tao, unit, unknown,
};
use crate::explorer::subnets::{SubnetView, SubnetsView};
use crate::quantity::{duration, percent, visible, whole};
use assay_chain::{Neuron, Registration, SubnetPhase, WeightSubmission};
use maud::{Markup, html};
use serde::Deserialize;
use std::cmp::Ordering;

pub(in crate::explorer) fn subnets(view: &SubnetsView) -> Markup {
    html! {
        section class="card" aria-labelledby="subnets-title" {
            h1 id="subnets-title" { (view.subnets.len()) @if view.subnets.len() == 1 { " subnet" } @else { " subnets" } }
            div class="scroll" {
                table class="rows" {
                    thead { tr {
                        @for column in ["Subnet", "Price", "Neurons", "Tempo", "Registration", "Pool", "Owner"] { th scope="col" { (column) } }
                    } }
                    tbody {
                        @for row in &view.subnets {
                            @let summary = &row.summary;
                            tr data-key=(summary.netuid) {
                                th scope="row" data-label="Subnet" {
                                    a href=(format!("/subnet/{}", summary.netuid)) {
                                        (summary.netuid) " "
                                        @match &summary.name { Some(name) => (visible(name)), None => "unnamed" }
                                    }
                                    " " span class="uid" { (visible(&summary.symbol)) }
                                    @if summary.phase == SubnetPhase::Created { " " span class="pill wait" { "not started" } }
                                }
                                td class="number" data-label="Price" {
                                    @match row.price { Some(price) => { (tao(price)) }, None => (unknown()) }
                                }
                                td class="number" data-label="Neurons" { (summary.neurons) span class="note" { " of " (summary.max_neurons) } }
                                td class="number" data-label="Tempo" { (summary.tempo) }
                                td class="number" data-label="Registration" {
                                    @match summary.registration {
                                        Registration::Open => { (tao(summary.burn)) },
                                        Registration::Closed => span class="note" { "closed" },
                                    }
                                }
                                td class="number" data-label="Pool" { (rounded(summary.tao_in.0)) " TAO" }
                                td data-label="Owner" { (account_link(&summary.owner)) }
                            }
                        }
                    }
                }
            }
        }
        p class="json" { a href="/api/subnets" { "The subnets as JSON" } }
    }
}

/// By which column the neurons are ordered, and from which end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(in crate::explorer) struct Order {
    #[serde(default)]
    by: Column,
    #[serde(default)]
    from: From,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Column {
    #[default]
    Uid,
    Stake,
    Incentive,
    Consensus,
    Trust,
    Dividends,
    Emission,
    Updated,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum From {
    /// Uids from the lowest, everything else from the highest: what is looked for first.
    #[default]
    Usual,
    OtherEnd,
}

const COLUMNS: [(Column, &str, &str); 8] = [
    (Column::Uid, "uid", "Uid"),
    (Column::Stake, "stake", "Stake"),
    (Column::Incentive, "incentive", "Incentive"),
    (Column::Consensus, "consensus", "Consensus"),
    (Column::Trust, "trust", "V-trust"),
    (Column::Dividends, "dividends", "Dividends"),
    (Column::Emission, "emission", "Emission"),
    (Column::Updated, "updated", "Updated"),
];

impl Order {
    fn compare(self, one: &Neuron, other: &Neuron) -> Ordering {
        let usual = match self.by {
            Column::Uid => one.uid.cmp(&other.uid),
            Column::Stake => other.total_stake.cmp(&one.total_stake),
            Column::Incentive => other.incentive.cmp(&one.incentive),
            Column::Consensus => other.consensus.cmp(&one.consensus),
            Column::Trust => other.validator_trust.cmp(&one.validator_trust),
            Column::Dividends => other.dividends.cmp(&one.dividends),
            Column::Emission => other.emission.cmp(&one.emission),
            Column::Updated => other.last_update.cmp(&one.last_update),
        };
        let usual = usual.then(one.uid.cmp(&other.uid));
        match self.from {
            From::Usual => usual,
            From::OtherEnd => usual.reverse(),
        }
    }
}

pub(in crate::explorer) fn subnet(view: &SubnetView, order: Order) -> Markup {
    let summary = &view.summary;
    html! {
        (tiles(view))
        div class="two" {
            section class="card" {
                div class="title wrap" {
                    h1 { "Subnet " (summary.netuid) @if let Some(name) = &summary.name { " · " (visible(name)) } }
                    @match summary.phase {
                        SubnetPhase::Started => span class="pill good" { "started" },
                        SubnetPhase::Created => span class="pill wait" { "not started" },
                    }
                    @match summary.registration {
                        Registration::Open => span class="pill off" { "registration open" },
                        Registration::Closed => span class="pill warn" { "registration closed" },
                    }
                }
                dl class="facts" {
                    (fact("Owner", account_piece(&summary.owner)))
                    (fact("Owner's hotkey", account_piece(&summary.owner_hotkey)))
                    (fact("Created", html! { "in block " (block_link(summary.registered_at.0)) }))
                    (fact("Token", html! { (visible(&summary.symbol)) }))
                    (fact("Pool", html! { (tao(summary.tao_in)) " and " (alpha(summary.alpha_in)) }))
                    (fact("Alpha outside", html! { (alpha(summary.alpha_out)) }))
                    @if let Some(identity) = &view.identity {
                        @for (name, said) in [
                            ("About", &identity.description), ("Page", &identity.url), ("Code", &identity.github_repo),
                            ("Contact", &identity.contact), ("Discord", &identity.discord), ("More", &identity.additional),
                        ] {
                            @if !said.is_empty() { (fact(name, html! { (visible(said)) })) }
                        }
                    }
                }
            }
            section class="card" aria-labelledby="emission-title" {
                h2 id="emission-title" { "Emission" }
                dl class="facts" {
                    (fact("TAO in a block", html! { (tao(view.emission.tao_in)) }))
                    (fact("Alpha in a block", html! { (alpha(view.emission.alpha_in)) " to the pool" }))
                    (fact("Alpha out", html! { (alpha(view.emission.alpha_out)) " a block to the neurons" }))
                    (fact("Waiting: miners", html! { (alpha(view.emission.pending_miners)) }))
                    (fact("Waiting: validators", html! { (alpha(view.emission.pending_validators)) }))
                    (fact("Waiting: owner", html! { (alpha(view.emission.pending_owner)) }))
                }
            }
        }
        (neurons(view, order))
        (hyperparameters(view))
        p class="json" { a href=(format!("/api/subnet/{}", summary.netuid)) { "This subnet as JSON" } }
    }
}

fn tiles(view: &SubnetView) -> Markup {
    let schedule = &view.schedule;
    let now = schedule.block.number.0;
    let tempo = u64::from(schedule.tempo).max(1);
    html! {
        section class="chain" aria-label="Subnet" {
            div class="tile" {
                h2 { "Next epoch" }
                @match schedule.next_epoch_block {
                    Some(next) => {
                        @let left = next.0.saturating_sub(now);
                        p class="figure" { (whole(left)) span class="of" { @if left == 1 { " block" } @else { " blocks" } } }
                        progress max=(tempo) value=(tempo.saturating_sub(left)) aria-label="of this epoch" {}
                        p class="note" { "at " (whole(next.0)) ", in about " (duration(left.saturating_mul(view.block_time_ms))) }
                    }
                    None => { p class="figure" { "–" } p class="note" { "no epochs run" } }
                }
            }
            div class="tile" {
                h2 { "Epochs" }
                p class="figure" { @match schedule.epoch_index { Some(index) => { (whole(index)) }, None => "–" } }
                p class="note" { "every " (schedule.tempo) " blocks, last at " (whole(schedule.last_epoch_block.0)) }
            }
            div class="tile" {
                h2 { "Alpha price" }
                p class="figure" { @match view.price { Some(price) => { (rounded(price.0)) span class="of" { " TAO" } }, None => "–" } }
                p class="note" { "registration " (tao(view.summary.burn)) }
            }
            div class="tile" {
                h2 { "Neurons" }
                p class="figure" { (view.summary.neurons) span class="of" { " of " (view.summary.max_neurons) } }
                p class="note" { (view.metagraph.validators().count()) " with a permit" }
            }
        }
    }
}

fn neurons(view: &SubnetView, order: Order) -> Markup {
    let graph = &view.metagraph;
    let mut sorted: Vec<&Neuron> = graph.neurons.iter().collect();
    sorted.sort_by(|one, other| order.compare(one, other));
    html! {
        section class="card" aria-labelledby="neurons-title" id="neurons" {
            h2 id="neurons-title" { "Neurons" span class="subtitle" { " · at block " (whole(graph.block.number.0)) } }
            div class="scroll" {
                table class="rows neurons" {
                    thead { tr {
                        @for (column, name, title) in COLUMNS {
                            @if column == Column::Stake { th scope="col" { "Hotkey" } }
                            (heading(view, order, column, name, title))
                        }
                        th scope="col" { "Axon" }
                    } }
                    tbody { @for neuron in &sorted { (neuron_row(view, neuron)) } }
                }
            }
        }
    }
}

/// A column's name as a link that sorts by it, or turns its order around.
fn heading(view: &SubnetView, order: Order, column: Column, name: &str, title: &str) -> Markup {
    let is_chosen = order.by == column;
    let other_end = is_chosen && order.from == From::Usual;
    let from = if other_end { "other_end" } else { "usual" };
    let is_ascending = (column == Column::Uid) == (order.from == From::Usual);
    let sorted = is_chosen.then_some(if is_ascending { "ascending" } else { "descending" });
    html! {
        th scope="col" aria-sort=[sorted] {
            a href=(format!("/subnet/{}?by={name}&from={from}#neurons", view.summary.netuid)) {
                (title)
                @if is_chosen { span aria-hidden="true" { @if is_ascending { " ↑" } @else { " ↓" } } }
            }
        }
    }
}

fn neuron_row(view: &SubnetView, neuron: &Neuron) -> Markup {
    let graph = &view.metagraph;
    let since = graph.block.number.since(neuron.last_update);
    let share = |label: &str, value: u16| {
        html! { td class="number" data-label=(label) { (percent(unit(value))) } }
    };
    html! {
        tr data-key=(neuron.uid) {
            th scope="row" data-label="Uid" {
                a href=(format!("/neuron/{}/{}", graph.netuid, neuron.uid)) { (neuron.uid) }
                @if neuron.validator_permit { " " span class="pill wait" { "validator" } }
                @if neuron.hotkey == graph.owner_hotkey { " " span class="pill off" { "owner" } }
            }
            td data-label="Hotkey" { (account_link(&neuron.hotkey)) }
            td class="number" data-label="Stake" { (rounded(neuron.total_stake.0)) }
            (share("Incentive", neuron.incentive))
            (share("Consensus", neuron.consensus))
            @match neuron.validator_trust {
                Some(trust) => (share("V-trust", trust)),
                None => td class="number" data-label="V-trust" { (unknown()) },
            }
            (share("Dividends", neuron.dividends))
            td class="number" data-label="Emission" { (rounded(neuron.emission.0)) }
            td class="number" data-label="Updated" {
                @if neuron.last_update.0 == 0 { "never" } @else { (whole(since)) @if since == 1 { " block" } @else { " blocks" } " ago" }
            }
            td data-label="Axon" { @match &neuron.axon { Some(axon) => code { (axon.address) }, None => (unknown()) } }
        }
    }
}

fn hyperparameters(view: &SubnetView) -> Markup {
    let found = &view.hyperparameters;
    let on = |liquid: Option<(u16, u16)>| match liquid {
        Some((low, high)) => html! { (percent(unit(low))) " to " (percent(unit(high))) },
        None => html! { "off" },
    };
    let facts: Vec<(&str, Markup)> = vec![
        ("Tempo", html! { (found.tempo) " blocks" }),
        (
            "Weights",
            match found.weight_submission {
                WeightSubmission::Direct => html! { "in the open" },
                WeightSubmission::CommitReveal { reveal_period_epochs } => {
                    html! { "commit-reveal, after " (reveal_period_epochs) " epochs" }
                }
            },
        ),
        (
            "Weights rate limit",
            html! { (whole(found.weights_rate_limit)) " blocks" },
        ),
        ("Fewest weights", html! { (found.min_allowed_weights) }),
        ("Version key", html! { (whole(found.weights_version_key)) }),
        ("Stake threshold", html! { (rounded(found.stake_threshold.0)) }),
        (
            "Immunity",
            html! { (whole(found.immunity_period.into())) " blocks" },
        ),
        ("Most neurons", html! { (found.max_neurons) }),
        ("Most validators", html! { (found.max_validators) }),
        ("Kappa", html! { (percent(unit(found.kappa))) }),
        ("Rho", html! { (found.rho) }),
        (
            "Bonds moving average",
            html! { (whole(found.bonds_moving_average)) },
        ),
        ("Bonds penalty", html! { (percent(unit(found.bonds_penalty))) }),
        (
            "Activity cutoff",
            html! { (whole(found.activity_cutoff)) " blocks" },
        ),
        (
            "Serving rate limit",
            html! { (whole(found.serving_rate_limit)) " blocks" },
        ),
        ("Lowest price", html! { (tao(found.min_burn)) }),
        ("Highest price", html! { (tao(found.max_burn)) }),
        (
            "Price halves in",
            found
                .burn_half_life
                .map_or_else(unknown, |blocks| html! { (blocks) " blocks" }),
        ),
        ("Liquid alpha", on(found.liquid_alpha)),
        ("Yuma", html! { (found.yuma_version) }),
    ];
    html! {
        section class="card" aria-labelledby="hyperparameters-title" {
            h2 id="hyperparameters-title" { "Hyperparameters" }
            dl class="facts columns" { @for (name, value) in facts { div { (fact(name, value)) } } }
        }
    }
}
