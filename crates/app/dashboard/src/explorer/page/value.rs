//! Decoded values: arguments of calls and fields of events. All of it is from outside.

use super::pieces::{account, short_hash, tao};
use crate::quantity::{visible, whole};
use assay_chain::{CutBytes, Decoded, DecodedCall, DecodedEvent, DecodedField, Rao};
use maud::{Markup, html};

/// Items of a list that a page shows; the JSON has all of them.
const MOST_ITEMS: usize = 300;
/// Items of a list that stand open; longer ones are folded.
const OPEN_ITEMS: usize = 16;
/// Characters of a byte string that a page shows before it is folded.
const OPEN_BYTES: usize = 66;

/// The arguments of a call as a table of names and values.
pub(super) fn arguments(call: &DecodedCall) -> Markup {
    if let Some(pairs) = pairs(call) {
        return pairs;
    }
    fields(&call.arguments, "no arguments")
}

/// An event on a line: its name, then its fields.
pub(super) fn event(event: &DecodedEvent) -> Markup {
    html! {
        div class="event" {
            b { (event.title()) }
            @if !event.fields.is_empty() { (fields(&event.fields, "")) }
        }
    }
}

fn fields(fields: &[DecodedField], none: &str) -> Markup {
    if fields.is_empty() {
        return html! { p class="note" { (none) } };
    }
    html! {
        dl class="values" {
            @for (place, field) in fields.iter().enumerate() {
                dt {
                    @match (&field.name, &field.type_name) {
                        (Some(name), _) | (None, Some(name)) => { (visible(name)) }
                        (None, None) => { (place) }
                    }
                }
                dd { (typed(field)) }
            }
        }
    }
}

/// A value whose type tells that it is money is shown as such.
fn typed(field: &DecodedField) -> Markup {
    let is_tao = field
        .type_name
        .as_deref()
        .is_some_and(|name| name.contains("Balance") && !name.contains("Alpha"));
    match &field.value {
        Decoded::Unsigned(number) if is_tao => match u64::try_from(*number) {
            Ok(rao) => html! { (tao(Rao(rao))) },
            Err(_) => value(&field.value),
        },
        other => value(other),
    }
}

/// Any value.
pub(super) fn value(found: &Decoded) -> Markup {
    match found {
        Decoded::Nothing => html! { span class="unknown" { "none" } },
        Decoded::Bool(found) => html! { (found) },
        Decoded::Unsigned(number) => match u64::try_from(*number) {
            Ok(number) => html! { (whole(number)) },
            Err(_) => html! { (number) },
        },
        Decoded::Signed(number) => html! { (number) },
        Decoded::Text(text) => html! { span class="text" { "“" (visible(text)) "”" } },
        Decoded::Account(found) => account(found),
        Decoded::Bytes(bytes) => bytes_value(bytes),
        Decoded::List(items) => list(items),
        Decoded::Record(found) => fields(found, "empty"),
        Decoded::Variant { name, content } => match &**content {
            Decoded::Nothing => html! { (name) },
            content => html! { div class="variant" { span class="name" { (name) } (value(content)) } },
        },
        Decoded::Call(call) => html! {
            div class="inner-call" { b { (call.title()) } (arguments(call)) }
        },
        other => html! { (format!("{other:?}")) },
    }
}

fn bytes_value(bytes: &CutBytes) -> Markup {
    if bytes.length == 0 {
        return html! { span class="unknown" { "empty" } };
    }
    let hex = bytes.hex();
    let length = html! { span class="note" { " " (whole(bytes.length as u64)) " bytes" } };
    // Hashes and keys are no text, even when chance makes them readable.
    if bytes.length != 32
        && let Some(text) = bytes.text()
    {
        return html! {
            span class="text" { "“" (visible(text)) "”" }
            (length)
        };
    }
    if hex.len() <= OPEN_BYTES {
        return html! { code title=(hex) { (hex) } };
    }
    html! {
        details class="more" { summary { code { (short_hash(&hex)) } (length) } code { (hex) } }
    }
}

fn list(items: &[Decoded]) -> Markup {
    if items.is_empty() {
        return html! { span class="unknown" { "empty" } };
    }
    let shown = html! {
        ol class="items" {
            @for item in items.iter().take(MOST_ITEMS) { li { (value(item)) } }
        }
        @if items.len() > MOST_ITEMS {
            p class="note" { (whole((items.len() - MOST_ITEMS) as u64)) " more" }
        }
    };
    if items.len() <= OPEN_ITEMS {
        return shown;
    }
    html! { details class="more" { summary { (whole(items.len() as u64)) " values" } (shown) } }
}

/// The names that rows of weights have on this chain: uids and what each gets.
const ROWS: [(&str, &str); 2] = [("dests", "weights"), ("uids", "values")];

/// A call that sets or reveals weights, with its two lists side by side; nothing for another one.
fn pairs(call: &DecodedCall) -> Option<Markup> {
    let (uids, values) =
        ROWS.iter().find_map(
            |(uids, values)| match (call.argument(uids)?, call.argument(values)?) {
                (Decoded::List(uids), Decoded::List(values)) if uids.len() == values.len() => {
                    Some((uids, values))
                }
                _ => None,
            },
        )?;
    let others: Vec<DecodedField> = call
        .arguments
        .iter()
        .filter(|argument| {
            let name = argument.name.as_deref().unwrap_or_default();
            !ROWS.iter().any(|(uids, values)| name == *uids || name == *values)
        })
        .cloned()
        .collect();
    let rows = html! {
        ol class="items" {
            @for (uid, weight) in uids.iter().zip(values).take(MOST_ITEMS) {
                li { (value(uid)) span class="arrow" { " → " } (value(weight)) }
            }
        }
    };
    Some(html! {
        (fields(&others, ""))
        dl class="values" {
            dt { "uid → weight" }
            dd {
                @if uids.is_empty() { span class="unknown" { "empty" } }
                @else if uids.len() <= OPEN_ITEMS { (rows) }
                @else { details class="more" { summary { (whole(uids.len() as u64)) " weights" } (rows) } }
            }
        }
    })
}
