//! What must not leave this machine: secrets, and texts that people did not give for it.

use aho_corasick::{AhoCorasick, MatchKind};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

/// What stands where a secret was.
const STRUCK_OUT: &str = "***";

/// A secret shorter than this would strike out words that only look like it.
const SHORTEST_SECRET: usize = 8;

/// How well-known tokens begin, and their least length. A shorter one would strike out ordinary words.
const TOKENS: [(&str, usize); 8] = [
    ("hf_", 20),
    ("sk-", 20),
    ("wandb_v1_", 20),
    ("ghp_", 20),
    ("github_pat_", 20),
    ("xoxb-", 20),
    ("AKIA", 20),
    ("AIza", 30),
];

/// Parts of a setting's name that tell that its value is a secret.
const SECRET_NAMES: [&str; 11] = [
    "secret",
    "password",
    "passwd",
    "passphrase",
    "mnemonic",
    "token",
    "api_key",
    "apikey",
    "private_key",
    "credential",
    "authorization",
];

/// Parts of a column's name that tell that its texts are a question or an answer.
const TEXT_NAMES: [&str; 11] = [
    "prompt",
    "completion",
    "reference",
    "answer",
    "question",
    "followup",
    "message",
    "content",
    "ngram",
    "best",
    "text",
];

/// Which questions and answers are exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Texts {
    /// Also those of users who did not ask for privacy.
    All,
    /// Those to questions that a validator made up. A user's stay here.
    #[default]
    MadeUp,
    /// None: no prompt, completion or reference.
    Nothing,
}

/// Takes out what must not leave.
#[derive(Debug)]
pub(crate) struct Redactor {
    secrets: Option<AhoCorasick>,
    texts: Texts,
}

impl Redactor {
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a SecretString>, texts: Texts) -> Self {
        let patterns: Vec<String> = secrets
            .into_iter()
            .map(|secret| secret.expose_secret().trim().to_owned())
            .filter(|secret| secret.len() >= SHORTEST_SECRET)
            .collect();
        let secrets = (!patterns.is_empty())
            .then(|| {
                AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostLongest)
                    .build(patterns)
                    .ok()
            })
            .flatten();
        Self { secrets, texts }
    }

    /// The fields of an event.
    pub(crate) fn event(&self, fields: &Map<String, Value>) -> Map<String, Value> {
        let is = |name: &str| fields.get(name).and_then(Value::as_bool) == Some(true);
        let without_texts = match self.texts {
            Texts::Nothing => true,
            Texts::MadeUp => is("is_private") || is("is_organic"),
            Texts::All => is("is_private"),
        };
        self.fields(fields, without_texts)
    }

    /// The settings of a program.
    pub(crate) fn settings(&self, settings: &Map<String, Value>) -> Map<String, Value> {
        settings
            .iter()
            .map(|(name, value)| (name.clone(), self.setting(name, value)))
            .collect()
    }

    fn setting(&self, name: &str, value: &Value) -> Value {
        let name = name.to_lowercase().replace(['-', '.'], "_");
        let is_secret = name == "key" || SECRET_NAMES.iter().any(|part| name.contains(part));
        match value {
            Value::Object(inner) => Value::Object(self.settings(inner)),
            Value::Array(items) => items.iter().map(|item| self.setting(&name, item)).collect(),
            Value::String(_) if is_secret => STRUCK_OUT.into(),
            Value::String(text) => self.text(text).into(),
            _ => value.clone(),
        }
    }

    fn fields(&self, fields: &Map<String, Value>, without_texts: bool) -> Map<String, Value> {
        fields
            .iter()
            .filter(|(name, value)| !(without_texts && is_text(name) && holds_text(value)))
            .map(|(name, value)| (name.clone(), self.value(value, without_texts)))
            .collect()
    }

    fn value(&self, value: &Value, without_texts: bool) -> Value {
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Array(items) => items.iter().map(|item| self.value(item, without_texts)).collect(),
            Value::Object(fields) => Value::Object(self.fields(fields, without_texts)),
            _ => value.clone(),
        }
    }

    /// A text without secrets.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut struck = match &self.secrets {
            Some(secrets) if secrets.is_match(text) => {
                let mut struck = String::with_capacity(text.len());
                secrets.replace_all_with(text, &mut struck, |_, _, to| {
                    to.push_str(STRUCK_OUT);
                    true
                });
                struck
            }
            _ => text.to_owned(),
        };
        for (start, shortest) in TOKENS {
            if struck.contains(start) {
                struck = without_tokens(&struck, start, shortest);
            }
        }
        struck
    }
}

fn without_tokens(text: &str, start: &str, shortest: usize) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(start) {
        let (before, token) = rest.split_at(at);
        kept.push_str(before);
        let end = token
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
            .unwrap_or(token.len());
        let (token, after) = token.split_at(end);
        // Inside of a word it is no token's start.
        let begins = !before.ends_with(|c: char| c.is_ascii_alphanumeric());
        kept.push_str(if begins && token.len() >= shortest {
            STRUCK_OUT
        } else {
            token
        });
        rest = after;
    }
    kept.push_str(rest);
    kept
}

/// Whether a column's texts are a question or an answer. What the transport said about one is neither.
fn is_text(name: &str) -> bool {
    let name = name.to_lowercase();
    !name.contains("status") && TEXT_NAMES.iter().any(|part| name.contains(part))
}

fn holds_text(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(items) => items.iter().any(holds_text),
        Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
