//! The body of a chat.
//!
//! Everything in it is taken for what it is, ignored because it has no bearing on the answer, or refused by name.

use super::{
    Refusal,
    fields::{Fields, mismatch, text},
};
use crate::question::{Message, Question, Role, Sampling};
use serde_json::Value;

/// How large a chat may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestLimits {
    pub(crate) messages: usize,
    pub(crate) answer_tokens: u64,
}

/// How the user takes the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// At once.
    Whole,
    /// As server-sent events.
    Streamed,
    /// As server-sent events, the last of which has the usage.
    StreamedWithUsage,
}

/// A chat that wants an answer.
#[derive(Debug, PartialEq)]
pub(crate) struct ChatRequest {
    pub(crate) question: Question,
    pub(crate) reply: Reply,
}

/// What has no bearing on the answer: labels, and where and at what price OpenAI would run it.
const IGNORED: [&str; 10] = [
    "user",
    "metadata",
    "store",
    "service_tier",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "verbosity",
    "parallel_tool_calls",
];

/// Bytes of a model's name, and of a text that ends an answer.
const LONGEST_NAME: usize = 256;
/// Texts that end an answer.
const MOST_STOPS: usize = 4;

impl ChatRequest {
    pub(crate) fn read(body: &[u8], limits: &RequestLimits) -> Result<Self, Refusal> {
        let body: Value = serde_json::from_slice(body).map_err(|error| Refusal::NotJson {
            problem: place(&error),
        })?;
        let Value::Object(map) = body else {
            return Err(Refusal::NotJson {
                problem: "it is something else".to_owned(),
            });
        };
        let mut fields = Fields::of_body(map);
        let model = text(fields.require("model")?, "model")?;
        if model.is_empty() || model.len() > LONGEST_NAME {
            return Err(Refusal::parameter(
                "model",
                format!("`model` must have 1 to {LONGEST_NAME} bytes."),
            ));
        }
        let messages = messages(fields.require("messages")?, limits.messages)?;
        let sampling = sampling(&mut fields, limits)?;
        let reply = reply(&mut fields)?;
        refuse_the_rest(&mut fields)?;
        fields.ignore(&IGNORED);
        fields.finish()?;
        Ok(Self {
            question: Question {
                model,
                messages,
                sampling,
            },
            reply,
        })
    }
}

/// Where JSON is broken. What the library says beyond that may repeat values.
fn place(error: &serde_json::Error) -> String {
    format!("look at line {}, column {}", error.line(), error.column())
}

fn messages(value: Value, most: usize) -> Result<Vec<Message>, Refusal> {
    let Value::Array(values) = value else {
        return Err(mismatch("messages", "a list", &value));
    };
    if values.is_empty() || values.len() > most {
        let code = if values.is_empty() {
            "empty_array"
        } else {
            "array_above_max_length"
        };
        return Err(Refusal::Parameter {
            param: "messages".to_owned(),
            problem: format!(
                "`messages` must hold 1 to {most} messages, and holds {}.",
                values.len()
            ),
            code: Some(code),
        });
    }
    let messages: Vec<Message> = values
        .into_iter()
        .enumerate()
        .map(|(index, value)| message(value, format!("messages[{index}]")))
        .collect::<Result<_, _>>()?;
    // A miner that is sent nothing but white space has nothing to answer.
    if messages.iter().all(|message| message.text.trim().is_empty()) {
        return Err(Refusal::parameter("messages", "`messages` must say something."));
    }
    Ok(messages)
}

fn message(value: Value, path: String) -> Result<Message, Refusal> {
    let mut fields = Fields::of(value, path.clone())?;
    let role_path = fields.path("role");
    let name = text(fields.require("role")?, &role_path)?;
    let role = Role::named(&name).ok_or_else(|| Refusal::Parameter {
        problem: format!("`{role_path}` must be `system`, `developer`, `user`, `assistant` or `tool`."),
        param: role_path,
        code: Some("invalid_value"),
    })?;
    fields.only("tool_calls", |value| value.as_array().is_some_and(Vec::is_empty))?;
    fields.only("function_call", |_| false)?;
    fields.only("audio", |_| false)?;
    let content = fields.require("content")?;
    let text = content_text(content, &fields.path("content"))?;
    fields.ignore(&["name", "tool_call_id", "refusal", "annotations"]);
    fields.finish()?;
    Ok(Message { role, text })
}

/// A text, or a list of parts that are texts.
fn content_text(value: Value, path: &str) -> Result<String, Refusal> {
    let parts = match value {
        Value::String(text) => return Ok(text),
        Value::Array(parts) => parts,
        other => return Err(mismatch(path, "a text or a list of parts", &other)),
    };
    let mut joined = String::new();
    for (index, part) in parts.into_iter().enumerate() {
        let mut fields = Fields::of(part, format!("{path}[{index}]"))?;
        let kind = fields.text("type")?;
        if kind.as_deref() != Some("text") {
            let param = fields.path("type");
            return Err(Refusal::Parameter {
                problem: format!("`{param}` must be `text`: the miners of this gateway take nothing else."),
                param,
                code: Some("unsupported_value"),
            });
        }
        let path = fields.path("text");
        joined += &text(fields.require("text")?, &path)?;
        fields.finish()?;
    }
    Ok(joined)
}

fn sampling(fields: &mut Fields, limits: &RequestLimits) -> Result<Sampling, Refusal> {
    Ok(Sampling {
        temperature: fields.number("temperature", 0.0, 2.0)?,
        top_p: fields.number("top_p", 0.0, 1.0)?,
        frequency_penalty: fields.number("frequency_penalty", -2.0, 2.0)?,
        presence_penalty: fields.number("presence_penalty", -2.0, 2.0)?,
        seed: fields.integer("seed")?,
        stop: stop(fields)?,
        max_tokens: max_tokens(fields, limits.answer_tokens)?,
    })
}

fn max_tokens(fields: &mut Fields, most: u64) -> Result<u64, Refusal> {
    let mut wanted = most;
    // The older name first, so that of both the newer counts.
    for name in ["max_tokens", "max_completion_tokens"] {
        let Some(value) = fields.integer(name)? else {
            continue;
        };
        wanted = u64::try_from(value)
            .ok()
            .filter(|tokens| (1..=most).contains(tokens))
            .ok_or_else(|| {
                Refusal::parameter(
                    name,
                    format!("`{name}` must be from 1 to {most} here, and is {value}."),
                )
            })?;
    }
    Ok(wanted)
}

fn stop(fields: &mut Fields) -> Result<Vec<String>, Refusal> {
    let stops = match fields.take("stop") {
        None => return Ok(Vec::new()),
        Some(Value::String(stop)) => vec![stop],
        Some(Value::Array(stops)) => {
            if stops.len() > MOST_STOPS {
                return Err(Refusal::parameter(
                    "stop",
                    format!("`stop` must hold at most {MOST_STOPS} texts."),
                ));
            }
            stops
                .into_iter()
                .enumerate()
                .map(|(index, value)| text(value, &format!("stop[{index}]")))
                .collect::<Result<_, _>>()?
        }
        Some(other) => return Err(mismatch("stop", "a text or a list of texts", &other)),
    };
    if stops
        .iter()
        .any(|stop| stop.is_empty() || stop.len() > LONGEST_NAME)
    {
        return Err(Refusal::parameter(
            "stop",
            format!("Each text of `stop` must have 1 to {LONGEST_NAME} bytes."),
        ));
    }
    Ok(stops)
}

fn reply(fields: &mut Fields) -> Result<Reply, Refusal> {
    let is_streamed = fields.flag("stream")?.unwrap_or(false);
    let Some(options) = fields.take("stream_options") else {
        return Ok(if is_streamed {
            Reply::Streamed
        } else {
            Reply::Whole
        });
    };
    if !is_streamed {
        return Err(Refusal::parameter(
            "stream_options",
            "`stream_options` is only for requests with `stream: true`.",
        ));
    }
    let mut options = Fields::of(options, "stream_options".to_owned())?;
    let has_usage = options.flag("include_usage")?.unwrap_or(false);
    options.ignore(&["include_obfuscation"]);
    options.finish()?;
    Ok(if has_usage {
        Reply::StreamedWithUsage
    } else {
        Reply::Streamed
    })
}

/// What the miners cannot do, unless it is asked for in a way that changes nothing.
fn refuse_the_rest(fields: &mut Fields) -> Result<(), Refusal> {
    let is_empty = |value: &Value| match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    let is_one_of = |words: &'static [&'static str]| {
        move |value: &Value| value.as_str().is_some_and(|word| words.contains(&word))
    };
    fields.only("n", |value| value.as_i64() == Some(1))?;
    fields.only("tools", is_empty)?;
    fields.only("tool_choice", is_one_of(&["none", "auto"]))?;
    fields.only("functions", is_empty)?;
    fields.only("function_call", is_one_of(&["none", "auto"]))?;
    fields.only("logprobs", |value| value.as_bool() == Some(false))?;
    fields.only("top_logprobs", |value| value.as_i64() == Some(0))?;
    fields.only("logit_bias", is_empty)?;
    fields.only("response_format", |value| {
        value.get("type").is_some_and(|kind| kind == "text")
    })?;
    fields.only("modalities", |value| {
        let parts = value.as_array();
        parts.is_some_and(|parts| parts.iter().all(|part| part == "text"))
    })?;
    fields.only("audio", |_| false)?;
    fields.only("prediction", |_| false)?;
    fields.only("web_search_options", |_| false)
}

#[cfg(test)]
mod tests {
    use super::{ChatRequest, Reply, RequestLimits};
    use crate::{
        openai::Refusal,
        question::{Message, Role},
    };
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const LIMITS: RequestLimits = RequestLimits {
        messages: 3,
        answer_tokens: 100,
    };

    fn read(body: &Value) -> Result<ChatRequest, Refusal> {
        ChatRequest::read(body.to_string().as_bytes(), &LIMITS)
    }

    /// A chat with more in it.
    fn with(more: Value) -> Result<ChatRequest, Refusal> {
        let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
        let Value::Object(more) = more else { unreachable!() };
        body.as_object_mut().unwrap().extend(more);
        read(&body)
    }

    fn refused_param(more: Value) -> String {
        let shown = more.to_string();
        match with(more) {
            Err(Refusal::Parameter { param, problem, .. }) => {
                assert!(problem.contains(&param) || param == "stop", "{problem}");
                param
            }
            other => panic!("{shown}: {other:?}"),
        }
    }

    #[test]
    fn what_clients_send_is_taken() {
        let chat = with(json!({
            "messages": [
                {"role": "developer", "content": "be short", "name": "ops"},
                {"role": "user", "content": [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]},
                {"role": "assistant", "content": "three", "refusal": null, "tool_calls": null},
            ],
            "temperature": 0, "top_p": 1, "seed": 7, "stop": "END", "n": 1, "max_tokens": 5,
            "max_completion_tokens": 6, "user": "ada", "stream": true, "stream_options": {"include_usage": true},
            "response_format": {"type": "text"}, "logprobs": false, "tools": [], "metadata": {"a": "b"},
        }))
        .unwrap();
        assert_eq!(chat.reply, Reply::StreamedWithUsage);
        let question = chat.question;
        assert_eq!(question.sampling.max_tokens, 6);
        assert_eq!(question.sampling.stop, ["END"]);
        assert_eq!(
            question.messages[1],
            Message {
                role: Role::User,
                text: "one two".to_owned()
            }
        );
        assert_eq!(question.messages[0].role.for_miners(), "system");
        let plain = with(json!({})).unwrap();
        assert_eq!(
            (plain.reply, plain.question.sampling.max_tokens),
            (Reply::Whole, 100)
        );
    }

    #[test]
    fn what_cannot_be_done_is_refused_by_name() {
        let message = |message: Value| json!({"messages": [message]});
        for (more, param) in [
            (json!({"n": 2}), "n"),
            (json!({"tools": [{"type": "function"}]}), "tools"),
            (
                json!({"response_format": {"type": "json_object"}}),
                "response_format",
            ),
            (json!({"logprobs": true}), "logprobs"),
            (json!({"temperature": 3}), "temperature"),
            (json!({"temperature": "hot"}), "temperature"),
            (json!({"max_tokens": 0}), "max_tokens"),
            (json!({"max_completion_tokens": 101}), "max_completion_tokens"),
            (json!({"stop": ["a", "b", "c", "d", "e"]}), "stop"),
            (json!({"stop": [1]}), "stop[0]"),
            (json!({"stop": ""}), "stop"),
            (json!({"stream": "yes"}), "stream"),
            (
                json!({"stream_options": {"include_usage": true}}),
                "stream_options",
            ),
            (
                json!({"stream": true, "stream_options": {"usage": true}}),
                "stream_options.usage",
            ),
            (json!({"temprature": 1}), "temprature"),
            (json!({"model": 1}), "model"),
            (json!({"model": null}), "model"),
            (json!({"messages": []}), "messages"),
            (json!({"messages": "hi"}), "messages"),
            (json!({"messages": [1]}), "messages[0]"),
            (
                message(json!({"role": "king", "content": "x"})),
                "messages[0].role",
            ),
            (message(json!({"role": "user"})), "messages[0].content"),
            (message(json!({"role": "user", "content": " "})), "messages"),
            (
                message(
                    json!({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}),
                ),
                "messages[0].content[0].type",
            ),
            (
                message(json!({"role": "assistant", "content": "x", "tool_calls": [{"id": "1"}]})),
                "messages[0].tool_calls",
            ),
            (
                message(json!({"role": "user", "content": "x", "contnet": "y"})),
                "messages[0].contnet",
            ),
        ] {
            assert_eq!(refused_param(more), param);
        }
    }

    proptest! {
        /// Whatever comes, it is read or refused, and a refusal repeats no text of the user's.
        #[test]
        fn no_body_is_too_strange(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = ChatRequest::read(&body, &LIMITS);
        }

        #[test]
        fn no_value_is_too_strange(
            field in "model|messages|stop|stream|stream_options|n|seed|temperature|tools|max_tokens|response_format",
            value in prop_oneof![
                Just(json!(null)), Just(json!(true)), Just(json!(-1)), Just(json!(1e300)), Just(json!("secret words")),
                Just(json!([])), Just(json!({})), Just(json!(["secret words", null])), Just(json!({"type": ["secret words"]})),
                Just(json!([{"role": "user", "content": ["secret words"]}])), Just(json!([{"role": "secret words"}])),
            ],
        ) {
            if let Err(refusal) = with(json!({ field: value })) {
                prop_assert!(refusal.status().is_client_error());
                prop_assert!(!refusal.to_string().contains("secret words"), "{}", refusal);
            }
        }
    }
}
