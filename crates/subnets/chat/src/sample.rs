//! What is scored: a conversation, and the answers that a user's request had already.

use assay_axon::dendrite::Verdict;
use assay_gateway::{Ended, Exchange, keys::Privacy};
use assay_keys::AccountId;
use assay_organic::{
    Fingerprint,
    synth::{Conversation, Turn},
};
use std::time::Duration;

/// A conversation that waits for scoring. It lives in memory only: whether words may be written down is for whoever runs
/// the validator to say, and for the user's key to refuse.
#[derive(Clone, Debug)]
pub struct ChatSample {
    /// The conversation, the user's question last.
    pub turns: Vec<Turn>,
    /// What miners answered the user; empty for a synthetic one.
    pub given: Vec<Given>,
    /// Whether the user asked for privacy.
    pub privacy: Privacy,
    /// Tokens that the user wanted at most. Miners were told, so that more is not better.
    pub max_tokens: Option<usize>,
    /// Texts before which the user wanted the answer to end.
    pub stop: Vec<String>,
}

/// One miner's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// Whose.
    pub hotkey: AccountId,
    /// What it said, or why that is nothing.
    pub answer: Result<String, Fault>,
    /// Until its first words came.
    pub first_words: Option<Duration>,
    /// Whether the user got them.
    pub relayed: bool,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which of the house's outcomes it is.
    pub verdict: Verdict,
    /// Why, without what was said.
    pub reason: String,
}

impl ChatSample {
    /// What the user said last.
    #[must_use]
    pub fn question(&self) -> &str {
        self.turns
            .iter()
            .rev()
            .find(|turn| turn.role == "user")
            .map_or("", |turn| &turn.content)
    }

    /// The question, with the turns before it where there were some.
    #[must_use]
    pub fn transcript(&self) -> String {
        match &self.turns[..] {
            [turn] => turn.content.clone(),
            turns => turns
                .iter()
                .map(|turn| format!("{}: {}", turn.role, turn.content))
                .collect::<Vec<_>>()
                .join("\n"),
        }
    }

    /// What makes two of them the same.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.turns.iter().map(|turn| &turn.content))
    }
}

impl From<Conversation> for ChatSample {
    fn from(conversation: Conversation) -> Self {
        Self {
            turns: conversation.turns,
            given: Vec::new(),
            privacy: Privacy::Shared,
            max_tokens: None,
            stop: Vec::new(),
        }
    }
}

impl From<Exchange> for ChatSample {
    fn from(exchange: Exchange) -> Self {
        let turns = exchange.question.messages.iter().map(|message| Turn {
            role: message.role.for_miners().to_owned(),
            content: message.text.clone(),
        });
        let relayed = exchange.relayed.map(|relayed| relayed.index);
        Self {
            turns: turns.collect(),
            privacy: exchange.privacy,
            max_tokens: usize::try_from(exchange.question.sampling.max_tokens).ok(),
            stop: exchange.question.sampling.stop.clone(),
            given: exchange
                .completions
                .into_iter()
                .enumerate()
                .map(|(index, completion)| Given {
                    hotkey: completion.miner.hotkey,
                    first_words: completion.pieces.first().map(|piece| piece.after),
                    relayed: relayed == Some(index),
                    answer: match completion.ended {
                        Ended::Whole => Ok(completion.text),
                        Ended::Failed(failure) => Err(Fault {
                            verdict: failure.verdict(),
                            reason: failure.to_string(),
                        }),
                        Ended::Stopped => Err(Fault {
                            verdict: Verdict::OwnFault,
                            reason: "it was no longer heard".to_owned(),
                        }),
                    },
                })
                .collect(),
        }
    }
}
