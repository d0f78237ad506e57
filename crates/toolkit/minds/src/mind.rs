//! What answers, and how it is asked.

use crate::{AnswerWithLogProbs, LogProbWishes};
use assay_organic::synth::Turn;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::BoxStream};

/// How an answer is to be drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Wishes {
    /// Tokens at most.
    pub max_tokens: Option<usize>,
    /// Above 0 to draw; none or 0 for the likeliest.
    pub temperature: Option<f64>,
    /// Of the draws.
    pub seed: Option<u64>,
}

/// What of a text counts: up to the first of the stop texts, and at most so many words as tokens were wanted. A word has
/// at least one token, so nobody is cut short who did as the user wished.
#[must_use]
pub fn as_wished<'t>(text: &'t str, stop: &[String], max_tokens: Option<usize>) -> &'t str {
    let stops = stop.iter().filter(|stop| !stop.is_empty());
    let end = stops
        .filter_map(|stop| text.find(stop.as_str()))
        .min()
        .unwrap_or(text.len());
    let text = &text[..end];
    let Some(most) = max_tokens else { return text };
    let (mut words, mut was_space) = (0, true);
    for (at, character) in text.char_indices() {
        let is_space = character.is_whitespace();
        words += usize::from(was_space && !is_space);
        if words > most {
            return &text[..at];
        }
        was_space = is_space;
    }
    text
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MindError {
    /// The model on this machine cannot.
    #[error(transparent)]
    Model(#[from] assay_models::ModelError),
    /// The conversation is longer than the model reads.
    #[error("the conversation has {tokens} tokens, and the model reads {most}")]
    TooLong {
        /// How many it has.
        tokens: usize,
        /// How many the model reads, answer included.
        most: usize,
    },
    /// The endpoint does not answer.
    #[error("the model's endpoint: {reason}")]
    Endpoint {
        /// Why, without the key and what was said.
        reason: String,
    },
    /// It cannot say how likely its tokens were.
    #[error("this model does not tell how likely its tokens are")]
    NoLogProbs,
    /// The work was cut off.
    #[error("the model was stopped")]
    Stopped,
}

/// What answers a conversation.
pub trait Mind: Send + Sync + 'static {
    /// The answer, in pieces as they come. Whoever drops the stream ends the work.
    fn answer(&self, turns: &[Turn], wishes: Wishes) -> BoxStream<'static, Result<String, MindError>>;

    /// Whether it can say how likely its tokens are, as far as is known before it is asked.
    fn tells_log_probs(&self) -> bool {
        false
    }

    /// The likeliest answer, whatever temperature is usual, with what it thought at each token. Whoever drops the future ends
    /// the work.
    ///
    /// # Errors
    /// In the future, [`MindError::NoLogProbs`] from what is no such model.
    fn answer_with_log_probs(
        &self,
        _turns: &[Turn],
        _wishes: LogProbWishes,
    ) -> BoxFuture<'static, Result<AnswerWithLogProbs, MindError>> {
        std::future::ready(Err(MindError::NoLogProbs)).boxed()
    }
}

/// The whole answer.
///
/// # Errors
/// [`MindError`] when it breaks off.
pub async fn whole_answer(mind: &dyn Mind, turns: &[Turn], wishes: Wishes) -> Result<String, MindError> {
    let mut pieces = mind.answer(turns, wishes);
    let mut text = String::new();
    while let Some(piece) = pieces.next().await {
        text.push_str(&piece?);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::as_wished;

    #[test]
    fn what_counts_ends_at_a_stop_and_after_so_many_words() {
        let stop = ["END".to_owned(), String::new()];
        for (text, most, wished) in [
            ("one two three", None, "one two three"),
            ("one two three", Some(2), "one two "),
            ("one two three", Some(3), "one two three"),
            ("one END two", None, "one "),
            ("", Some(1), ""),
            ("eins zwei", Some(0), ""),
        ] {
            assert_eq!(as_wished(text, &stop, most), wished);
        }
    }
}
