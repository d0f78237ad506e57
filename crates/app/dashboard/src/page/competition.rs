//! The competition and its round.

use super::pieces::{empty, or_unknown};
use crate::quantity::{text, whole};
use crate::state::DashboardState;
use maud::{Markup, html};

/// Nothing on systems that score answers: an empty card is not shown.
pub(super) fn draw(state: &DashboardState) -> Markup {
    if state.scores_answers() {
        return html! {};
    }
    html! {
        h2 id="competition-title" { "Competition" }
        @match &state.competition {
            None => (empty("No competition yet.", "It is known when the first validator has read the chain.")),
            Some(competition) => dl class="facts" {
                dt { "Id" } dd { code { (text(&competition.id)) } }
                dt { "Round" } dd { (or_unknown(competition.round, |block| format!("closed at block {}", whole(block)))) }
                dt { "Base model" } dd { (text(&competition.base_model)) }
                dt { "Measured on" } dd { (text(&competition.eval_set)) }
                dt { "Seed" } dd { code { (or_unknown(competition.seed.as_deref(), |seed| text(seed).into_owned())) } }
                @if let Some(hub) = &competition.hub { dt { "Hub" } dd { code { (text(hub)) } } }
            },
        }
    }
}
