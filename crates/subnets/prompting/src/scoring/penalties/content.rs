//! Phrases that talk about the task instead of doing it.

use crate::Fidelity;

/// The penalty of each phrase.
const EACH: f64 = 0.1;

/// So many characters of a completion are looked at.
const LOOKED_AT: usize = 200;

const PHRASES: [&str; 14] = [
    "here is the solution",
    "here is my question",
    "what have we learned from this task?",
    "use complete sentences",
    "the question was",
    "use proper grammar",
    "what is the correct order of the key points",
    "sure! her",
    "solution (in word)",
    "keep it clear and concise. use complete sentences.",
    "what did i learn today?",
    "paraphrase:",
    "your task now is to write a tweet about the previous text",
    "what is the main point of the passage",
];

/// Each of these is one phrase in two spellings.
const SPELLINGS: [[&str; 2]; 2] = [
    ["here is a task", "here's a task"],
    ["great job! here is", "great job! here's"],
];

/// Two phrases. For want of a comma they are one in the original, which nobody ever writes.
const TASK: [&str; 2] = ["task:", "i can help you with"];

/// The raw penalty of a completion: a tenth for each phrase in its first 200 characters.
#[must_use]
pub fn content_match(completion: &str, fidelity: Fidelity) -> f64 {
    let start: String = completion.trim().to_lowercase().chars().take(LOOKED_AT).collect();
    let has = |phrase: &str| start.contains(phrase);
    let phrases = PHRASES.iter().filter(|phrase| has(phrase)).count();
    let spellings = SPELLINGS
        .iter()
        .filter(|spellings| spellings.iter().any(|phrase| has(phrase)))
        .count();
    let task = match fidelity {
        Fidelity::Fixed => TASK.iter().filter(|phrase| has(phrase)).count(),
        Fidelity::Exact => usize::from(has(&TASK.concat())),
    };
    EACH * (phrases + spellings + task) as f64
}
