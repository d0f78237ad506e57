//! Questions to miners, and what their answers were worth.

use super::pieces::{empty, or_unknown, tile, time};
use crate::quantity::{name, text, whole};
use crate::state::{AnswerView, DashboardState, MeanReward, PromptingView, StepView};
use maud::{Markup, html};

/// Steps on the page. The state keeps more, which `/api/state` has.
const SHOWN: usize = 12;

/// Nothing on systems that do not ask so: an empty card is not shown.
pub(super) fn draw(state: &DashboardState) -> Markup {
    match &state.prompting {
        Some(prompting) => card(prompting),
        None => html! {},
    }
}

fn card(prompting: &PromptingView) -> Markup {
    let reward = |value: f64| format!("{value:.3}");
    let mean = |of: &Option<MeanReward>| or_unknown(of.as_ref().map(|of| of.mean), reward);
    html! {
        h2 id="prompting-title" {
            "Questions"
            span class="subtitle" { " by the profile " (text(&prompting.profile)) ", each made of the best answers before it" }
        }
        div class="tiles" {
            (tile("Steps", whole(prompting.steps), html! {
                (whole(prompting.forwards)) " forwards"
                @if prompting.failures > 0 { ", " (whole(prompting.failures)) " failed" }
            }))
            (tile("Answers judged", whole(prompting.answers), html! {
                (whole(prompting.forbidden)) " forbidden by a filter"
            }))
            (tile("Gating loss", or_unknown_text(prompting.gating_loss), html! {
                "of the model that learns whom to ask"
            }))
            @if prompting.routing == "gating" {
                (tile("Reward by the gate", mean_text(&prompting.by_gate), html! {
                    (mean(&prompting.by_chance)) " of those chosen at random"
                }))
            } @else {
                (tile("Mean reward", mean_text(&prompting.by_chance), html! { "miners are chosen at random" }))
            }
        }
        @if prompting.latest.is_empty() {
            (empty("Nothing has been judged yet.", "The first question goes out as soon as miners serve."))
        } @else {
            ol class="samples" {
                @for step in prompting.latest.iter().rev().take(SHOWN) { (one(step)) }
            }
        }
    }
}

fn mean_text(of: &Option<MeanReward>) -> String {
    of.as_ref()
        .map_or_else(|| "–".to_owned(), |of| format!("{:.3}", of.mean))
}

fn or_unknown_text(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"))
}

fn one(step: &StepView) -> Markup {
    html! {
        li data-key=(step.id) {
            span class="when" { (time(step.at_ms)) }
            " " span class="pill good" { (text(&step.name)) } " "
            @if step.rewards.is_empty() { span class="reason" { "nobody was asked" } }
            @for answer in &step.rewards { (given(answer)) " " }
            @if let Some(best) = &step.best { q class="best" { (text(best)) } }
        }
    }
}

fn given(answer: &AnswerView) -> Markup {
    html! {
        span class="given" {
            @if answer.by_gate { b title="the gating model chose it" { (name(&answer.miner)) } } @else { (name(&answer.miner)) }
            " " @match (answer.reward, answer.forbidden_by.is_empty()) {
                (Some(value), true) => { span class="number" { (format!("{value:.2}")) } },
                (Some(_), false) => { span class="reason" title="the filters that forbade it" { (answer.forbidden_by.join(", ")) } },
                (None, _) => { span class="reason" { "no answer" } },
            }
        }
    }
}
