//! Small pieces that several pages use.

use crate::quantity::{UNKNOWN, day_and_time, short_address, whole};
use assay_chain::{AccountId, Alpha, NetUid, Rao, Uid};
use maud::{Markup, html};

/// An account: short, a link to its page, with a button that copies all of it.
pub(super) fn account(account: &AccountId) -> Markup {
    let address = account.to_string();
    html! {
        span class="hotkey" {
            a href=(format!("/account/{address}")) title=(address) { code { (short_address(&address)) } }
            button type="button" class="copy" data-copy=(address) aria-label=(format!("Copy the address {address}")) { "copy" }
        }
    }
}

/// An account in a table: without the button, which would crowd it.
pub(super) fn account_link(account: &AccountId) -> Markup {
    let address = account.to_string();
    html! { a href=(format!("/account/{address}")) title=(address) { code { (short_address(&address)) } } }
}

/// A hash with all its digits, and a button that copies it.
pub(super) fn whole_hash(hash: &str) -> Markup {
    html! {
        code { (hash) }
        " "
        button type="button" class="copy" data-copy=(hash) aria-label=(format!("Copy the hash {hash}")) { "copy" }
    }
}

/// A hash: short, with a button that copies all of it.
pub(super) fn hash(hash: &str) -> Markup {
    html! {
        span class="hotkey" {
            code title=(hash) { (short_hash(hash)) }
            button type="button" class="copy" data-copy=(hash) aria-label=(format!("Copy the hash {hash}")) { "copy" }
        }
    }
}

/// A hash shortened to what people compare.
pub(super) fn short_hash(hash: &str) -> String {
    match (
        hash.get(..8),
        hash.len().checked_sub(6).and_then(|at| hash.get(at..)),
    ) {
        (Some(start), Some(end)) if hash.len() > 18 => format!("{start}…{end}"),
        _ => hash.to_owned(),
    }
}

pub(super) fn block_link(number: u64) -> Markup {
    html! { a href=(format!("/block/{number}")) { (whole(number)) } }
}

pub(super) fn subnet_link(netuid: NetUid) -> Markup {
    html! { a href=(format!("/subnet/{netuid}")) { (netuid) } }
}

pub(super) fn neuron_link(netuid: NetUid, uid: Uid) -> Markup {
    html! { a href=(format!("/neuron/{netuid}/{uid}")) { (uid) } }
}

/// A time of a block, which the script shows in the viewer's own day and hour.
pub(super) fn time(at_ms: Option<u64>) -> Markup {
    match at_ms {
        Some(at_ms) => html! { time data-at=(at_ms) data-day="" { (day_and_time(at_ms)) } },
        None => unknown(),
    }
}

pub(super) fn unknown() -> Markup {
    html! { span class="unknown" aria-label="not known" { (UNKNOWN) } }
}

/// TAO with all its decimals, in groups of three.
pub(super) fn tao(amount: Rao) -> String {
    format!("{}\u{a0}TAO", decimal(amount.0))
}

/// Alpha with all its decimals.
pub(super) fn alpha(amount: Alpha) -> String {
    format!("{}\u{a0}α", decimal(amount.0))
}

/// An amount for a column: three decimals, more where three would show nothing.
pub(super) fn rounded(units: u64) -> String {
    if units == 0 {
        return "0".to_owned();
    }
    let thousandths = units / 1_000_000;
    if thousandths == 0 {
        return "<\u{a0}0.001".to_owned();
    }
    format!("{}.{:03}", whole(thousandths / 1_000), thousandths % 1_000)
}

fn decimal(units: u64) -> String {
    let (tokens, rest) = (units / 1_000_000_000, units % 1_000_000_000);
    let decimals = format!("{rest:09}");
    let decimals = decimals.trim_end_matches('0');
    if decimals.is_empty() {
        whole(tokens)
    } else {
        format!("{}.{decimals}", whole(tokens))
    }
}

/// A share in 1/65535, as a number between 0 and 1.
pub(super) fn unit(value: u16) -> f64 {
    f64::from(value) / f64::from(u16::MAX)
}

/// Whether something went well, in a word.
pub(super) fn outcome(failed: bool) -> Markup {
    if failed {
        html! { span class="pill bad" { "failed" } }
    } else {
        html! { span class="pill good" { "success" } }
    }
}

pub(super) fn finality(finalized: bool) -> Markup {
    if finalized {
        html! { span class="pill good" { "final" } }
    } else {
        html! { span class="pill wait" { "not final yet" } }
    }
}

/// One of several facts.
pub(super) fn fact(name: &str, value: Markup) -> Markup {
    html! { dt { (name) } dd { (value) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_what_counts() {
        let plain = |text: String| text.replace(['\u{a0}', '\u{202f}'], " ");
        assert_eq!(plain(tao(Rao(1_234_567_890_000_001))), "1 234 567.890000001 TAO");
        assert_eq!(plain(tao(Rao(2_000_000_000))), "2 TAO");
        assert_eq!(
            [0, 999, 1_500_000, 12_345_678_000_000].map(|units| plain(rounded(units))),
            ["0", "< 0.001", "0.001", "12 345.678"]
        );
        assert_eq!(short_hash("0x1234"), "0x1234");
        assert_eq!(short_hash(&format!("0x{}", "ab".repeat(32))), "0xababab…ababab");
    }
}
