//! Messages made of templates.

use super::{Conversation, SynthDataset, SynthError, Turn, error::LineProblem};
use crate::HookError;
use futures::future::BoxFuture;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use std::{collections::HashMap, path::Path};

/// Messages made of templates with slots:
///
/// ```text
/// # a comment
/// city = Lisbon | Nairobi | Osaka
/// verb = visit | leave
/// Why would anybody {verb} {city} in winter?
/// ```
///
/// A line `name = a | b` is a list, every other one a template. `{{` is a brace.
#[derive(Clone, Debug)]
pub struct Templates {
    templates: Vec<Vec<Part>>,
    source: String,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    AnyOf(Vec<String>),
}

/// A template that was read, before its slots are known.
enum Piece {
    Text(String),
    Slot(String),
}

impl Templates {
    /// Reads a file of templates.
    ///
    /// # Errors
    /// [`SynthError`], with the line that is wrong.
    pub fn read(path: &Path) -> Result<Self, SynthError> {
        Self::parse(&fs_err::read_to_string(path)?, path)
    }

    /// As [`read`](Self::read), of a text; `path` is what errors and samples name.
    ///
    /// # Errors
    /// [`SynthError`], with the line that is wrong.
    pub fn parse(text: &str, path: &Path) -> Result<Self, SynthError> {
        let wrong = |line, problem| SynthError::Line {
            path: path.to_owned(),
            line,
            problem,
        };
        let mut slots = HashMap::new();
        let mut pieces = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let (number, line) = (index + 1, line.trim());
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match line.split_once('=').filter(|(name, _)| is_name(name.trim())) {
                Some((name, list)) => {
                    let list: Vec<_> = list
                        .split('|')
                        .map(|entry| entry.trim().to_owned())
                        .filter(|entry| !entry.is_empty())
                        .collect();
                    if list.is_empty() {
                        return Err(wrong(number, LineProblem::EmptySlot));
                    }
                    slots.insert(name.trim().to_owned(), list);
                }
                None => {
                    let template = parse_template(line).map_err(|problem| wrong(number, problem))?;
                    pieces.push((number, template));
                }
            }
        }
        if pieces.is_empty() {
            return Err(SynthError::Empty {
                path: path.to_owned(),
            });
        }
        let fill = |piece| match piece {
            Piece::Text(text) => Ok(Part::Text(text)),
            Piece::Slot(slot) => match slots.get(&slot) {
                Some(list) => Ok(Part::AnyOf(list.clone())),
                None => Err(LineProblem::UnknownSlot { slot }),
            },
        };
        let templates = pieces.into_iter().map(|(number, template)| {
            let parts: Result<Vec<_>, _> = template.into_iter().map(fill).collect();
            parts.map_err(|problem| wrong(number, problem))
        });
        Ok(Self {
            templates: templates.collect::<Result<_, _>>()?,
            source: path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
        })
    }

    fn make(&self, rng: &mut ChaCha8Rng) -> Option<Conversation> {
        let template = self.templates.choose(rng)?;
        let mut message = String::new();
        for part in template {
            match part {
                Part::Text(text) => message.push_str(text),
                Part::AnyOf(list) => message.push_str(list.choose(rng)?),
            }
        }
        Some(Conversation {
            turns: vec![Turn::user(message)],
            source: self.source.clone(),
            is_organic: false,
        })
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn parse_template(line: &str) -> Result<Vec<Piece>, LineProblem> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('{') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('{') {
            text.push('{');
            rest = after;
            continue;
        }
        let (slot, after) = rest.split_once('}').ok_or(LineProblem::OpenBrace)?;
        pieces.push(Piece::Text(std::mem::take(&mut text)));
        pieces.push(Piece::Slot(slot.trim().to_owned()));
        rest = after;
    }
    text.push_str(rest);
    pieces.push(Piece::Text(text));
    Ok(pieces)
}

impl<S: From<Conversation> + Send + 'static> SynthDataset<S> for Templates {
    fn sample(&self, mut rng: ChaCha8Rng) -> BoxFuture<'_, Result<Option<S>, HookError>> {
        let made = self.make(&mut rng);
        Box::pin(async move { Ok(made.map(S::from)) })
    }
}
