//! Small pieces that several sections use.

use crate::quantity::{UNKNOWN, short_address, time_of_day};
use maud::{Markup, html};

/// A value, or what stands for one that is not known yet.
pub(super) fn or_unknown<T>(value: Option<T>, show: impl FnOnce(T) -> String) -> Markup {
    match value {
        Some(value) => html! { (show(value)) },
        None => html! { span class="unknown" aria-label="not known yet" { (UNKNOWN) } },
    }
}

/// A hotkey's address, short, with a button that copies all of it.
pub(super) fn hotkey(address: &str) -> Markup {
    html! {
        span class="hotkey" {
            code title=(address) { (short_address(address)) }
            button type="button" class="copy" data-copy=(address) aria-label=(format!("Copy the hotkey {address}")) { "copy" }
        }
    }
}

/// A share from 0 to 1 as a bar under its number.
pub(crate) fn bar(share: f64, class: &str) -> Markup {
    let share = if share.is_finite() {
        share.clamp(0.0, 1.0)
    } else {
        0.0
    };
    html! {
        svg class=(format!("bar {class}")) viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" {
            rect class="track" width="100" height="4" {}
            rect class="fill" width=(format!("{:.1}", share * 100.0)) height="4" {}
        }
    }
}

/// A time of day; the script shows it in the viewer's own.
pub(super) fn time(at_ms: u64) -> Markup {
    html! { time data-at=(at_ms) { (time_of_day(at_ms)) } }
}

/// What a section says while it has nothing to show.
pub(super) fn empty(text: &str, hint: &str) -> Markup {
    html! { p class="empty" { strong { (text) } " " (hint) } }
}

/// A figure with its title and a word about it.
pub(super) fn tile(title: &str, figure: String, note: Markup) -> Markup {
    html! {
        div class="small tile" {
            h3 { (title) }
            p class="figure" { (figure) }
            p class="note" { (note) }
        }
    }
}
