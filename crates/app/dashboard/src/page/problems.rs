//! What is wrong, and what to do about it.

use super::pieces::time;
use crate::quantity::{name, text};
use crate::state::{DashboardState, Phase};
use maud::{Markup, html};

pub(super) fn draw(state: &DashboardState) -> Markup {
    html! {
        @if let Phase::Failed { reason } = &state.phase {
            div class="problem" role="alert" {
                strong { "The run has failed." }
                p { (text(reason)) }
            }
        }
        @for problem in state.problems.iter().rev() {
            div class="problem" role="alert" {
                strong { (name(&problem.thing)) } " " span class="since" { "since " (time(problem.at_ms)) }
                p { (text(&problem.cause)) }
                @if let Some(hint) = &problem.hint { p class="hint" { b { "What to do: " } (text(hint)) } }
            }
        }
    }
}
