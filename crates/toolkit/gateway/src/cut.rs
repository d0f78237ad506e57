//! Where an answer ends for the user: at a stop text, or at the most tokens that were wanted.

use crate::{question::Sampling, tokens::TokenCounter};
use std::sync::Arc;

/// Why an answer is at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// The miner ended, or came to a stop text.
    Stop,
    /// It has as many tokens as were wanted.
    Length,
}

/// Lets an answer through as far as it goes.
#[derive(Debug)]
pub(crate) struct Cut {
    counter: Arc<dyn TokenCounter>,
    stops: Vec<String>,
    max_tokens: u64,
    text: String,
    /// Bytes of the text that were let through.
    passed: usize,
    /// Up to this many bytes it cannot have too many tokens, because none is shorter than a byte. It spares counting
    /// the whole text again at every piece.
    surely_fits: usize,
}

impl Cut {
    pub(crate) fn new(sampling: &Sampling, counter: Arc<dyn TokenCounter>) -> Self {
        Self {
            counter,
            stops: sampling.stop.clone(),
            max_tokens: sampling.max_tokens,
            text: String::new(),
            passed: 0,
            surely_fits: bytes(sampling.max_tokens),
        }
    }

    /// Takes a piece; gives what may go on, and why the answer ends here if it does.
    pub(crate) fn push(&mut self, piece: &str) -> (String, Option<Finish>) {
        let searched = self
            .text
            .floor_char_boundary(self.text.len().saturating_sub(self.longest_stop()));
        self.text.push_str(piece);
        let mut finish = None;
        if self.text.len() > self.surely_fits {
            let tokens = self.counter.count(&self.text);
            if tokens > self.max_tokens {
                let fits = self.counter.fitting(&self.text, self.max_tokens);
                self.text.truncate(fits.max(self.passed));
                finish = Some(Finish::Length);
            } else {
                self.surely_fits = self.text.len().saturating_add(bytes(self.max_tokens - tokens));
            }
        }
        let tail = self.text.get(searched..).unwrap_or_default();
        let first = self
            .stops
            .iter()
            .filter_map(|stop| tail.find(stop.as_str()))
            .min();
        if let Some(at) = first {
            self.text.truncate(searched + at);
            finish = Some(Finish::Stop);
        }
        let until = match finish {
            Some(_) => self.text.len(),
            None => self.text.len() - self.may_become_a_stop(),
        };
        (self.pass(until), finish)
    }

    /// What was kept back, now that nothing follows.
    pub(crate) fn rest(&mut self) -> String {
        self.pass(self.text.len())
    }

    /// What was let through.
    pub(crate) fn passed(&self) -> &str {
        &self.text[..self.passed]
    }

    fn pass(&mut self, until: usize) -> String {
        let from = self.passed;
        self.passed = until.max(from);
        self.text[from..self.passed].to_owned()
    }

    fn longest_stop(&self) -> usize {
        self.stops.iter().map(String::len).max().unwrap_or(0)
    }

    /// Bytes at the end that are the beginning of a stop text.
    fn may_become_a_stop(&self) -> usize {
        let from = self
            .text
            .ceil_char_boundary(self.text.len().saturating_sub(self.longest_stop()));
        self.text[from..]
            .char_indices()
            .map(|(at, _)| &self.text[from + at..])
            .find(|end| self.stops.iter().any(|stop| stop.starts_with(end)))
            .map_or(0, str::len)
    }
}

fn bytes(tokens: u64) -> usize {
    usize::try_from(tokens).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Cut, Finish};
    use crate::{question::Sampling, tokens::ApproximateTokens};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn cut(stop: &[&str], max_tokens: u64) -> Cut {
        let sampling = Sampling {
            temperature: None,
            top_p: None,
            frequency_penalty: None,
            presence_penalty: None,
            seed: None,
            stop: stop.iter().map(|&stop| stop.to_owned()).collect(),
            max_tokens,
        };
        Cut::new(&sampling, Arc::new(ApproximateTokens))
    }

    /// What the user sees of these pieces.
    fn seen(mut cut: Cut, pieces: &[&str]) -> (String, Option<Finish>) {
        let mut seen = String::new();
        for piece in pieces {
            let (text, finish) = cut.push(piece);
            seen += &text;
            if finish.is_some() {
                return (seen, finish);
            }
        }
        seen += &cut.rest();
        (seen, None)
    }

    #[test]
    fn a_stop_text_that_comes_in_pieces_is_found_and_not_shown() {
        let pieces = ["one\nEN", "two E", "N", "D three"];
        assert_eq!(
            seen(cut(&["END"], 100), &pieces),
            ("one\nENtwo ".into(), Some(Finish::Stop))
        );
        // What only looks like its beginning is shown after all.
        assert_eq!(
            seen(cut(&["ENDE"], 100), &["the EN", "D"]),
            ("the END".into(), None)
        );
    }

    #[test]
    fn an_answer_ends_at_the_most_tokens_even_within_one_huge_piece() {
        assert_eq!(
            seen(cut(&[], 3), &["abcdefghijklmnop"]),
            ("abcdefghijkl".into(), Some(Finish::Length))
        );
        assert_eq!(
            seen(cut(&[], 3), &["abcdefgh", "ijkl"]),
            ("abcdefghijkl".into(), None)
        );
        // A stop text beyond the end is never reached.
        assert_eq!(
            seen(cut(&["p"], 3), &["abcdefghijklmnop"]),
            ("abcdefghijkl".into(), Some(Finish::Length))
        );
    }

    proptest! {
        #[test]
        fn how_an_answer_is_cut_into_pieces_changes_nothing(
            text in "[abé]{0,60}",
            cuts in proptest::collection::vec(0usize..60, 0..8),
            max_tokens in 1u64..12,
        ) {
            let mut cuts: Vec<usize> =
                cuts.into_iter().map(|at| text.floor_char_boundary(at.min(text.len()))).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for at in cuts {
                pieces.push(&text[from..at]);
                from = at;
            }
            pieces.push(&text[from..]);
            let stops = ["abab", "éé"];
            let whole = seen(cut(&stops, max_tokens), &[&text]);
            let parts = seen(cut(&stops, max_tokens), &pieces);
            prop_assert_eq!(&whole.0, &parts.0);
            prop_assert!(!whole.0.contains("abab") && !whole.0.contains("éé"));
        }
    }
}
