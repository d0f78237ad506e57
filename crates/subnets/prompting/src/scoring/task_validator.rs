//! Labels that show that another task was done than the one asked for.

use crate::Fidelity;

/// What a step of a forward asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// A summary.
    Augment,
    /// A question.
    Followup,
    /// An answer.
    Answer,
    /// Anything else.
    Other,
}

impl Asked {
    /// From the name of a step, such as `augment`, `followup0` or `answer3`. In the exact behaviour only `augment` itself
    /// is a summary, not `augment0`.
    #[must_use]
    pub fn of_step(name: &str, fidelity: Fidelity) -> Self {
        let is_augment = match fidelity {
            Fidelity::Fixed => name.starts_with("augment"),
            Fidelity::Exact => name == "augment",
        };
        if is_augment {
            Self::Augment
        } else if name.starts_with("followup") {
            Self::Followup
        } else if name.starts_with("answer") {
            Self::Answer
        } else {
            Self::Other
        }
    }
}

const ANSWER: [&str; 4] = ["answer:", "response:", "a:", "completion:"];
const QUESTION: [&str; 3] = ["question:", "query:", "q:"];
const SUMMARY: [&str; 4] = ["summary:", "paraphrase:", "paraphrasing:", "paraphrased:"];

/// Tells whether a completion has no label of another task than the one asked for.
///
/// A label counts where a word begins. In the exact behaviour it counts inside of words too, where "USA:" has the label
/// of an answer and "FAQ:" that of a question.
#[must_use]
pub fn keeps_to_task(asked: Asked, completion: &str, fidelity: Fidelity) -> bool {
    let text = completion.to_lowercase();
    let has = |labels: &[&str]| labels.iter().any(|label| has_label(&text, label, fidelity));
    match asked {
        Asked::Augment => !has(&ANSWER) && !has(&QUESTION),
        Asked::Followup => !has(&ANSWER) && !has(&SUMMARY),
        Asked::Answer => !has(&QUESTION) && !has(&SUMMARY),
        Asked::Other => !has(&SUMMARY),
    }
}

fn has_label(text: &str, label: &str, fidelity: Fidelity) -> bool {
    match fidelity {
        Fidelity::Exact => text.contains(label),
        Fidelity::Fixed => text.match_indices(label).any(|(at, _)| {
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            !before.is_some_and(|character| {
                character.is_alphanumeric() || matches!(character, '\'' | '’' | '.' | '_')
            })
        }),
    }
}
