//! The prompts of the seed's two stages and of the stack's rounds.

use rand::Rng;

/// By these, steps of the original's logs are recognised, in prompts of ours too.
pub const MARKERS: [&str; 3] = [
    "Summarize the preceding context",
    "Ask a single relevant and insightful question about the preceding context",
    "Question:",
];

/// The seed's first stage: a context, then the request for a question about it.
#[must_use]
pub fn seed_followup(context: &str) -> String {
    format!(
        "{context}\n\n{} that a curious reader would want answered.\n\n",
        MARKERS[1]
    )
}

/// The seed's second stage: the context and the best question.
#[must_use]
pub fn seed_answer(context: &str, question: &str) -> String {
    format!("{context}\n\n{question}")
}

/// What the seed's reward model is told an answer answers.
#[must_use]
pub fn seed_answer_reward(question: &str) -> String {
    format!("Question: {question}\n")
}

/// The stack's first step: a text, then the request to sum it up in four to eight sentences.
pub fn augment(base: &str, rng: &mut impl Rng) -> String {
    let sentences = rng.random_range(4..=8);
    format!(
        "{base}\n\n{} in {sentences} sentences. Write nothing but the summary: no question, and no answer to one.\n\n",
        MARKERS[0]
    )
}

/// A question about the context, in this round, counted from 0.
#[must_use]
pub fn followup(context: &str, round: usize) -> String {
    let marker = MARKERS[1];
    if round == 0 {
        format!("{context}\n\n{marker}\n. Write only the question; neither answer it nor sum anything up:")
    } else {
        format!(
            "{context}\n\n{marker} and previous questions. Write only the question; neither answer it nor sum anything up:\n"
        )
    }
}

/// An answer to the question, given the context.
#[must_use]
pub fn answer(context: &str, question: &str) -> String {
    format!(
        "{context}\n\nQuestion:{question}\nWork the answer out step by step and say why each step holds. Ask nothing \
         yourself, and do not sum up the context."
    )
}

/// The context with a round's question and answer, for the rounds after it.
#[must_use]
pub fn extended(context: &str, round: usize, question: &str, answer: &str) -> String {
    let heading = if round == 0 { "\nPrevious Question " } else { "" };
    format!("{context}{heading}\nQuestion:{question}\nAnswer:{answer}")
}
