//! A value as people read it.

use crate::page::bar;
use crate::quantity::{UNKNOWN, duration, loss, name, percent, short_address, visible, whole};
use assay_analysis::{Cell, Kind};
use maud::{Markup, html};
use std::collections::HashMap;

/// Names of neurons by their hotkey's address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(pub(crate) HashMap<String, String>);

impl Names {
    pub(crate) fn of(&self, hotkey: &str) -> Option<&str> {
        self.0.get(hotkey).map(String::as_str)
    }

    /// The name, or the address in short.
    pub(crate) fn shown(&self, hotkey: &str) -> String {
        match self.of(hotkey) {
            Some(known) => name(known).into_owned(),
            None => short_address(hotkey).into_owned(),
        }
    }
}

/// Whether names lead anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// To the page of a miner, on the dashboard.
    Pages,
    /// In a document that stands alone.
    None,
}

/// A cell.
pub(crate) fn cell(cell: &Cell, kind: Kind, names: &Names, links: Links) -> Markup {
    match (cell, kind) {
        (Cell::Null, _) => html! { span class="unknown" { (UNKNOWN) } },
        (Cell::Text(address), Kind::Hotkey) => hotkey(address, names, links),
        (Cell::Text(word), Kind::Outcome) => outcome(word),
        (Cell::Time(time), _) => {
            let at_ms = u64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
            html! { time data-at=(at_ms) data-day="" { (crate::quantity::day_and_time(at_ms)) } }
        }
        (Cell::Number(share), Kind::Share) => html! { (percent(*share)) (bar(*share, "plain")) },
        (cell, kind) => html! { (words(cell, kind)) },
    }
}

/// A cell of a table in plain words, as the pages show it. A number and its unit are parted by a space that does not break.
#[must_use]
pub fn words(cell: &Cell, kind: Kind) -> String {
    match (cell, kind) {
        (Cell::Null, _) => UNKNOWN.to_owned(),
        (Cell::Flag(true), _) => "yes".to_owned(),
        (Cell::Flag(false), _) => "no".to_owned(),
        (Cell::Text(text), _) => visible(text).into_owned(),
        (Cell::Time(time), _) => {
            crate::quantity::day_and_time(u64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(0))
        }
        (Cell::Whole(value), Kind::Bytes) => bytes(*value as f64),
        (Cell::Whole(value), Kind::Uid) => value.to_string(),
        (Cell::Whole(value), _) => whole(*value),
        (Cell::Number(value), kind) => number(*value, kind),
    }
}

/// A number as its kind is read.
pub(crate) fn number(value: f64, kind: Kind) -> String {
    match kind {
        Kind::Share => percent(value),
        Kind::Alpha => alpha(value),
        Kind::Seconds => duration_of(value),
        Kind::Loss => loss(value),
        Kind::Score => format!("{value:.4}"),
        Kind::Percent => format!("{value:.1}\u{a0}%"),
        Kind::Bytes => bytes(value),
        Kind::Count | Kind::Block | Kind::Uid => whole(value.round().max(0.0) as u64),
        _ => short(value),
    }
}

/// A number beside an axis.
pub(crate) fn tick(value: f64, kind: Kind) -> String {
    match kind {
        Kind::Share => {
            let percent = value * 100.0;
            format!("{}\u{a0}%", short(percent))
        }
        Kind::Percent => format!("{}\u{a0}%", short(value)),
        Kind::Bytes => bytes(value),
        Kind::Seconds if value >= 1.0 => format!("{}\u{a0}s", short(value)),
        Kind::Seconds => format!("{}\u{a0}ms", short(value * 1e3)),
        _ => short(value),
    }
}

fn short(value: f64) -> String {
    if value.abs() >= 10_000.0 {
        return whole_signed(value);
    }
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn whole_signed(value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "" };
    format!("{sign}{}", whole(value.abs().round() as u64))
}

fn alpha(value: f64) -> String {
    if value >= 1_000.0 {
        format!("{}\u{a0}α", whole(value.round() as u64))
    } else if value > 0.0 && value < 0.001 {
        "<\u{a0}0.001\u{a0}α".to_owned()
    } else if value == 0.0 {
        "0\u{a0}α".to_owned()
    } else {
        format!("{value:.3}\u{a0}α")
    }
}

fn duration_of(seconds: f64) -> String {
    let milliseconds = seconds * 1e3;
    if milliseconds < 10.0 {
        format!("{milliseconds:.2}\u{a0}ms")
    } else {
        duration(milliseconds.round() as u64)
    }
}

fn bytes(value: f64) -> String {
    let mut value = value;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1_000.0 {
            return if unit == "B" {
                format!("{value:.0}\u{a0}B")
            } else {
                let text = format!("{value:.1}");
                format!("{}\u{a0}{unit}", text.strip_suffix(".0").unwrap_or(&text))
            };
        }
        value /= 1_000.0;
    }
    format!("{value:.1}\u{a0}TB")
}

fn hotkey(address: &str, names: &Names, links: Links) -> Markup {
    let shown = html! {
        @match names.of(address) {
            Some(known) => span class="known" { (name(known)) " " },
            None => {},
        }
        code title=(address) { (short_address(address)) }
    };
    html! {
        span class="hotkey" {
            @if links == Links::Pages && is_address(address) {
                a href=(format!("/miner/{address}")) { (shown) }
            } @else { (shown) }
        }
    }
}

/// Whether it can stand in a page's address.
fn is_address(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn outcome(word: &str) -> Markup {
    let class = match word {
        "answered" | "measured" | "applied" | "finalized" | "log" | "revealed" => "good",
        "in_block" | "submitted" | "committed" | "sealed" | "planned" => "wait",
        "no_answer" | "own_fault" | "reorged" => "warn",
        "bad_answer" | "failed" | "refused" => "bad",
        _ => "off",
    };
    html! { span class=(format!("pill {class}")) { (word.replace('_', " ")) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_their_kind() {
        let breakable = |text: String| text.replace(['\u{a0}', '\u{202f}'], " ");
        for (value, kind, text) in [
            (0.25, Kind::Share, "25.0 %"),
            (61_250.4, Kind::Alpha, "61 250 α"),
            (0.000_2, Kind::Alpha, "< 0.001 α"),
            (0.004_2, Kind::Seconds, "4.20 ms"),
            (2.5, Kind::Seconds, "2.5 s"),
            (512.0, Kind::Bytes, "512 B"),
            (73_400_320.0, Kind::Bytes, "73.4 MB"),
            (12.345, Kind::Percent, "12.3 %"),
            (1234.0, Kind::Block, "1 234"),
            (-25_000.0, Kind::Number, "−25 000"),
            (1.5, Kind::Number, "1.5"),
        ] {
            assert_eq!(breakable(number(value, kind)), text);
        }
    }
}
