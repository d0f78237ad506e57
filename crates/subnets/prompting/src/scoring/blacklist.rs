//! Texts that are worth nothing because they were said before in this forward, or by everybody.

use crate::Fidelity;

/// The phrase that the original forbids.
pub const PHRASE: &str = "That is an excellent question.";

/// The forbidden texts of one forward. Each forward has its own: when they shared one, the reset of one forward wiped
/// what another had heard.
#[derive(Clone, Debug)]
pub struct Blacklist {
    phrases: Vec<String>,
    heard: Vec<String>,
    fidelity: Fidelity,
}

impl Blacklist {
    /// A blacklist with the original's phrase and these; in the exact behaviour texts must be equal, otherwise case,
    /// spaces and punctuation around do not make another text of the same.
    #[must_use]
    pub fn new(phrases: impl IntoIterator<Item = String>, fidelity: Fidelity) -> Self {
        let mut list = Self {
            phrases: Vec::new(),
            heard: Vec::new(),
            fidelity,
        };
        list.phrases = std::iter::once(PHRASE.to_owned())
            .chain(phrases)
            .map(|phrase| list.form(&phrase))
            .collect();
        list
    }

    /// Remembers the best question or answer of a round.
    pub fn hear(&mut self, text: &str) {
        self.heard.push(self.form(text));
    }

    /// Tells whether a completion may count: it is none of the phrases, not the base prompt, and nothing heard before in
    /// this forward.
    #[must_use]
    pub fn allows(&self, completion: &str, base_prompt: &str) -> bool {
        let completion = self.form(completion);
        completion != self.form(base_prompt)
            && !self.phrases.contains(&completion)
            && !self.heard.contains(&completion)
    }

    /// The form in which texts are compared.
    fn form(&self, text: &str) -> String {
        if self.fidelity == Fidelity::Exact {
            return text.to_owned();
        }
        let bare = text.trim_matches(|character: char| !character.is_alphanumeric());
        let words: Vec<String> = bare.split_whitespace().map(str::to_lowercase).collect();
        words.join(" ")
    }
}
