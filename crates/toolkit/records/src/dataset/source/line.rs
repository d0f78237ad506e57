//! A line of an original validator's file of events.
//!
//! The logger that wrote it puts the event below `record.extra` and the time beside it; a run's history has the event as it
//! is, with its time as `_timestamp`. Numbers may be `NaN` and `Infinity`, which are no JSON. The first version has one event
//! for a question and an answer (`followup_…`, `answer_…`), later ones have one for each, by `name`.

use super::columns::microseconds;
use crate::dataset::{
    error::BuildError,
    exchange::{Answer, Exchange, Kind},
};
use jiter::JsonValue;
use std::borrow::Cow;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// What a line held.
pub(super) enum Held {
    Exchanges,
    /// Something else, such as weights.
    Other,
}

pub(super) enum Failure {
    Unreadable(String),
    Build(BuildError),
}

/// Hands on the exchanges of a line. `run` is where they are from when they do not say so themselves.
pub(super) fn exchanges(
    line: &[u8],
    run: &str,
    take: &mut dyn FnMut(&Exchange<'_>) -> Result<(), BuildError>,
) -> Result<Held, Failure> {
    let line = line.trim_ascii();
    if line.is_empty() {
        return Ok(Held::Other);
    }
    let parsed = JsonValue::parse(line, true).map_err(|error| Failure::Unreadable(error.to_string()))?;
    let JsonValue::Object(outer) = &parsed else {
        return Err(Failure::Unreadable("it is no JSON object".to_owned()));
    };
    let record = object(field(outer, "record"));
    let event = record
        .and_then(|record| object(field(record, "extra")))
        .unwrap_or(outer);
    let at = time_of(event).or_else(|| {
        let time = object(field(record?, "time"))?;
        microseconds(number(field(time, "timestamp")?)?)
    });
    let run = text(field(event, "run_id"))
        .or_else(|| text(field(event, "source")))
        .unwrap_or(run);
    let mut take = |kind, prompt, texts, rewards, named| {
        let answers = answers(list(field(event, texts)), list(field(event, rewards)));
        let exchange = Exchange {
            kind,
            at,
            run,
            prompt: text(field(event, prompt)).unwrap_or_default(),
            answers: &answers,
            named: text(field(event, named)).filter(|named| !named.is_empty()),
        };
        take(&exchange).map_err(Failure::Build)
    };
    if let (Some(name), Some(_)) = (text(field(event, "name")), field(event, "completions")) {
        take(Kind::of(name), "prompt", "completions", "rewards", "best")?;
        return Ok(Held::Exchanges);
    }
    let has = |names: [&str; 2]| names.iter().any(|name| field(event, name).is_some());
    let has_question = has(["best_followup", "followup_completions"]);
    let has_answer = has(["best_answer", "answer_completions"]);
    if has_question {
        take(
            Kind::Question,
            "base_prompt",
            "followup_completions",
            "followup_rewards",
            "best_followup",
        )?;
    }
    if has_answer {
        take(
            Kind::Answer,
            "answer_prompt",
            "answer_completions",
            "answer_rewards",
            "best_answer",
        )?;
    }
    Ok(if has_question || has_answer {
        Held::Exchanges
    } else {
        Held::Other
    })
}

type Fields<'a> = [(Cow<'a, str>, JsonValue<'a>)];

/// The last of that name, as in Python.
fn field<'a>(fields: &'a Fields<'_>, name: &str) -> Option<&'a JsonValue<'a>> {
    fields
        .iter()
        .rev()
        .find(|(there, _)| there == name)
        .map(|(_, value)| value)
}

fn object<'a>(value: Option<&'a JsonValue<'a>>) -> Option<&'a Fields<'a>> {
    match value? {
        JsonValue::Object(fields) => Some(fields),
        _ => None,
    }
}

fn text<'a>(value: Option<&'a JsonValue<'a>>) -> Option<&'a str> {
    match value? {
        JsonValue::Str(text) => Some(text),
        _ => None,
    }
}

fn list<'a>(value: Option<&'a JsonValue<'a>>) -> &'a [JsonValue<'a>] {
    match value {
        Some(JsonValue::Array(values)) => values,
        // Of a single answer some events have the reward by itself.
        Some(one @ (JsonValue::Float(_) | JsonValue::Int(_))) => std::slice::from_ref(one),
        _ => &[],
    }
}

#[expect(clippy::cast_precision_loss, reason = "rewards and times are small")]
fn number(value: &JsonValue<'_>) -> Option<f64> {
    match value {
        JsonValue::Int(number) => Some(*number as f64),
        JsonValue::Float(number) if number.is_finite() => Some(*number),
        _ => None,
    }
}

fn answers<'a>(texts: &'a [JsonValue<'a>], rewards: &[JsonValue<'_>]) -> Vec<Answer<'a>> {
    // An event may have kept the rewards without the texts.
    (0..texts.len().max(rewards.len()))
        .map(|index| Answer {
            text: text(texts.get(index)).unwrap_or_default(),
            reward: rewards.get(index).and_then(number),
        })
        .collect()
}

/// The event's own time: seconds since 1970, or as our own lines have it.
fn time_of(event: &Fields<'_>) -> Option<i64> {
    if let Some(seconds) = field(event, "_timestamp").and_then(number) {
        return microseconds(seconds);
    }
    let time = OffsetDateTime::parse(text(field(event, "time"))?, &Rfc3339).ok()?;
    i64::try_from(time.unix_timestamp_nanos() / 1_000).ok()
}
