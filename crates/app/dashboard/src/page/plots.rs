//! Loss and incentive over the epochs.

use super::pieces::empty;
use crate::plot::{Line, MOST_LINES, Plot, Shape};
use crate::quantity::{loss, name, percent};
use crate::state::{DashboardState, MinerPoint};
use maud::{Markup, html};

pub(super) fn draw(state: &DashboardState) -> Markup {
    let plot = |title, value: fn(&MinerPoint) -> Option<f64>, format, tick, always| Plot {
        title,
        across: "Epoch",
        columns: state
            .history
            .iter()
            .map(|point| point.epoch.to_string())
            .collect(),
        lines: lines(state, value),
        shape: Shape::Lines,
        least_step: 0.0,
        format,
        tick,
        always,
    };
    let losses = plot("Loss", |point| point.loss, loss, short_number, None);
    let incentives = plot(
        "Incentive",
        |point| point.incentive,
        percent,
        whole_percent,
        Some((0.0, 0.2)),
    );
    if state.scores_answers() {
        let scores = plot(
            "Score",
            |point| point.score,
            short_number,
            short_number,
            Some((0.0, 0.2)),
        );
        return html! {
            (card(state, "Score", "moving average of what its answers were worth", &scores))
            (card(state, "Incentive", "share of what the epoch pays to miners", &incentives))
        };
    }
    html! {
        (card(state, "Loss", "on the held-out rows; lower is better", &losses))
        (card(state, "Incentive", "share of what the epoch pays to miners", &incentives))
    }
}

fn card(state: &DashboardState, title: &str, subtitle: &str, plot: &Plot<'_>) -> Markup {
    let has_values = plot
        .lines
        .iter()
        .any(|line| line.values.iter().any(Option::is_some));
    html! {
        section class="card plot-card" aria-label=(format!("{title} by epoch")) data-key=(title) {
            h2 { (title) " " span class="subtitle" { (subtitle) } }
            @if has_values {
                div class="figure-box" { (plot.draw()) }
                p class="axis" { "epoch" }
                (plot.legend())
                @if state.miners.len() > MOST_LINES {
                    p class="note" { "the first " (MOST_LINES) " of " (state.miners.len()) " miners" }
                }
                (plot.table())
            } @else {
                (empty("Nothing to plot yet.", "The first point comes with the first scored epoch."))
            }
        }
    }
}

/// A line for each of the first miners, in the order of the table, which is also that of the looks.
fn lines(state: &DashboardState, value: fn(&MinerPoint) -> Option<f64>) -> Vec<Line> {
    let miners = state.miners.iter().take(MOST_LINES).enumerate();
    miners
        .map(|(look, miner)| Line {
            look,
            name: name(&miner.name).into_owned(),
            values: state
                .history
                .iter()
                .map(|point| {
                    point
                        .miners
                        .iter()
                        .find(|point| point.hotkey == miner.hotkey)
                        .and_then(value)
                })
                .collect(),
        })
        .collect()
}

fn short_number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn whole_percent(share: f64) -> String {
    let percent = share * 100.0;
    if (percent - percent.round()).abs() < 1e-6 {
        format!("{percent:.0} %")
    } else {
        format!("{percent:.1} %")
    }
}
