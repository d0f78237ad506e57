//! Users' requests, and what their answers were worth.

use super::pieces::{empty, or_unknown, tile, time};
use crate::quantity::{duration, name, text, whole};
use crate::state::{DashboardState, OrganicView, RewardView, SampleSource, SampleView};
use maud::{Markup, html};

/// Samples on the page. The state keeps more, which `/api/state` has.
const SHOWN: usize = 12;

/// Nothing on systems without such traffic: an empty card is not shown.
pub(super) fn draw(state: &DashboardState) -> Markup {
    match &state.organic {
        Some(organic) => card(organic),
        None => html! {},
    }
}

fn card(organic: &OrganicView) -> Markup {
    let milliseconds = |value: f64| format!("{value:.0} ms");
    html! {
        h2 id="organic-title" { "Requests" span class="subtitle" { " of users, scored after they are answered" } }
        div class="tiles" {
            (tile("Asked", whole(organic.requests), html! {
                (whole(organic.answered)) " answered"
                @if organic.failed > 0 { ", " (whole(organic.failed)) " failed" }
                @if organic.refused > 0 { ", " (whole(organic.refused)) " refused" }
            }))
            (tile("First words after", organic.first_words_p50_ms.map_or_else(|| "–".to_owned(), milliseconds), html! {
                "99 of 100 within " (or_unknown(organic.first_words_p99_ms, milliseconds))
            }))
            (tile("Waiting to be scored", whole(organic.queued as u64), html! {
                @match organic.interval_s {
                    Some(seconds) => { "one every " (duration((seconds.max(0.0) * 1e3) as u64)) },
                    None => { "room for " (whole(organic.capacity as u64)) },
                }
            }))
            (tile("Scored", whole(organic.scored_organic + organic.scored_synthetic), html! {
                (whole(organic.scored_organic)) " users', " (whole(organic.scored_synthetic)) " synthetic"
                @if organic.lost > 0 { ", " (whole(organic.lost)) " lost" }
            }))
        }
        p class="note" {
            "Ask as with any OpenAI client, at " code { (text(&organic.gateway)) }
            @if let Some(file) = &organic.key_file { "; a key lies in " code { (text(file)) } }
        }
        @if organic.samples.is_empty() {
            (empty("Nothing has been scored yet.", "Ask something; without users, synthetic requests take their place."))
        } @else {
            ol class="samples" {
                @for sample in organic.samples.iter().rev().take(SHOWN) { (one(sample)) }
            }
        }
    }
}

fn one(sample: &SampleView) -> Markup {
    let (class, word) = match sample.source {
        SampleSource::Organic => ("good", "user"),
        SampleSource::Private => ("good", "user, private"),
        SampleSource::Synthetic => ("off", "synthetic"),
    };
    html! {
        li data-key=(sample.id) {
            span class="when" { (time(sample.at_ms)) }
            " " span class=(format!("pill {class}")) { (word) } " "
            @if sample.rewards.is_empty() { span class="reason" { "nobody answered" } }
            @for reward in &sample.rewards { (given(reward)) " " }
        }
    }
}

fn given(reward: &RewardView) -> Markup {
    html! {
        span class="given" {
            @if reward.relayed { b title="its words went to the user" { (name(&reward.miner)) } } @else { (name(&reward.miner)) }
            " " @match reward.reward {
                Some(value) => { span class="number" { (format!("{value:.2}")) } },
                None => { span class="reason" { "no answer" } },
            }
        }
    }
}
