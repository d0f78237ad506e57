//! What happened, newest first.

use super::pieces::{empty, time};
use crate::quantity::{name, text, whole};
use crate::state::{DashboardState, Level};
use maud::{Markup, html};

/// Lines on the page. The state keeps more, which `/api/state` has.
const SHOWN: usize = 80;

pub(super) fn draw(state: &DashboardState) -> Markup {
    html! {
        h2 id="log-title" { "Events" }
        @if state.log.is_empty() {
            (empty("Nothing has happened yet.", ""))
        }
        ol class="events" tabindex="0" aria-labelledby="log-title" {
            @for line in state.log.iter().rev().take(SHOWN) {
                li class=(class(line.level)) {
                    span class="when" {
                        (time(line.at_ms))
                        @if let Some(block) = line.block { " " span class="block" { "#" (whole(block)) } }
                    }
                    " " b { (name(&line.source)) } " "
                    @match line.level {
                        Level::Info => {}
                        Level::Warning => { span class="level" { "warning: " } }
                        Level::Error => { span class="level" { "error: " } }
                    }
                    (text(&line.text))
                }
            }
        }
    }
}

fn class(level: Level) -> &'static str {
    match level {
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    }
}
