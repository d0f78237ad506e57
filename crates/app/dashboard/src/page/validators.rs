//! The validators: what each is doing now, and how far its weights are.

use super::pieces::{empty, hotkey};
use crate::quantity::{loss, name, percent, text, whole};
use crate::state::{Activity, DashboardState, EpochPoint, ValidatorView, WeightsStage};
use maud::{Markup, html};
use std::collections::VecDeque;

pub(super) fn draw(state: &DashboardState) -> Markup {
    html! {
        h2 id="validators-title" { "Validators" }
        @if state.validators.is_empty() {
            (empty("No validator yet.", "It appears when it is registered on the subnet."))
        }
        ul class="validators" {
            @for validator in &state.validators {
                li { (one(validator, &state.history)) }
            }
        }
    }
}

fn one(validator: &ValidatorView, history: &VecDeque<EpochPoint>) -> Markup {
    html! {
        div class="who" {
            strong { (name(&validator.name)) }
            @if let Some(uid) = validator.uid { span class="uid" { "uid " (uid) } }
            (hotkey(&validator.hotkey))
        }
        (activity(&validator.activity))
        @match &validator.weights {
            Some(weights) => (stages(weights.round, &weights.stage.after(history))),
            None => p class="note" { "no weights set yet" },
        }
        @if let Some(dividends) = validator.dividends {
            p class="note" { "dividends " (percent(dividends)) }
        }
    }
}

fn activity(activity: &Activity) -> Markup {
    match activity {
        Activity::Starting => html! { p class="activity" { "starting" } },
        Activity::Checking { what } => html! { p class="activity" { "checking " (text(what)) } },
        Activity::Training {
            miner,
            step,
            steps,
            loss: value,
        } => html! {
            p class="activity" {
                "training on " b { (name(miner)) }
                span class="right" { "step " (step) " of " (steps) " · loss " (loss(*value)) }
            }
            progress max=(*steps.max(&1)) value=(step) aria-label=(format!("training, step {step} of {steps}")) {}
        },
        Activity::Evaluating { miner, done, of } => html! {
            p class="activity" {
                "measuring " b { (name(miner)) } span class="right" { (whole(*done)) " of " (whole(*of)) " rows" }
            }
            progress max=(*of.max(&1)) value=(done) aria-label=(format!("measuring, row {done} of {of}")) {}
        },
        Activity::Scoring { what } => html! { p class="activity" { "scoring " (text(what)) } },
        Activity::SettingWeights => html! { p class="activity" { "setting weights" } },
        Activity::Waiting { what } => html! { p class="activity idle" { "waiting for " (text(what)) } },
        Activity::Stopped { why } => html! { p class="activity bad" { "stopped: " (text(why)) } },
    }
}

/// The steps of weights on their way, each marked as done or to come.
fn stages(round: u64, stage: &WeightsStage) -> Markup {
    if let WeightsStage::Held { reason } = stage {
        return html! {
            p class="held" { b { "weights held back" } " (round of block " (whole(round)) "): " (text(reason)) }
        };
    }
    let (reached, block) = match stage {
        WeightsStage::Submitted => (1, None),
        WeightsStage::InBlock { block } => (2, Some(*block)),
        WeightsStage::Finalized { block } => (3, Some(*block)),
        WeightsStage::Applied { block } => (4, Some(*block)),
        WeightsStage::Held { .. } => (0, None),
    };
    html! {
        ol class="stages" aria-label=(format!("weights of the round of block {}", round)) {
            @for (index, stage) in ["submitted", "in block", "final", "paid"].iter().enumerate() {
                li class=(if index < reached { "done" } else { "todo" }) {
                    (stage)
                    @if index < reached { span class="hidden" { ", done" } } @else { span class="hidden" { ", to come" } }
                }
            }
        }
        p class="note" {
            "weights of round " (whole(round))
            @if let Some(block) = block { ", block " (whole(block)) }
        }
    }
}
