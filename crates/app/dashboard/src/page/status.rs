//! The line at the top: what runs, and where it is.

use crate::drawing::{Around, Publisher};
use crate::quantity::text;
use crate::state::{DashboardState, Phase};
use maud::{Markup, html};

pub(super) fn draw(state: &DashboardState, Around { publisher, .. }: Around) -> Markup {
    let (class, word, detail) = match (&state.phase, publisher) {
        (Phase::Failed { .. }, _) => ("bad", "failed", None),
        (Phase::Finished, _) => ("good", "finished", None),
        (_, Publisher::Gone) => ("off", "ended", Some("this is what was known last".into())),
        (Phase::Starting { doing }, _) => ("wait", "starting", Some(text(doing))),
        (Phase::Running, _) => ("good", "running", None),
    };
    html! {
        @if !state.system.is_empty() { span class="system" { (text(&state.system)) } }
        span class=(format!("pill {class}")) { (word) }
        @if let Some(detail) = detail { span class="detail" { (detail) } }
    }
}
