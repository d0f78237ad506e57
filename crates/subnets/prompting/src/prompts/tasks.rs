//! The tasks of the third profile: a prompt that names its criteria, and the criteria that answers are held against.

use crate::{
    Fidelity,
    scoring::{
        penalties::criteria::{Criterion, Demand, Layout, Unit},
        task_validator::Asked,
    },
};
use rand::{Rng, seq::IndexedRandom};
use serde::{Deserialize, Serialize};

/// Words that a question may begin with.
pub const QUESTION_WORDS: [&str; 26] = [
    "who", "what", "when", "where", "why", "how", "is", "are", "can", "do", "does", "did", "would", "could",
    "will", "shall", "may", "might", "am", "was", "were", "has", "have", "had", "been", "being",
];

/// What kind of task it is, by its name in events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TaskKind {
    /// A summary.
    #[serde(rename = "summarization")]
    Summary,
    /// A question.
    #[serde(rename = "question-generation")]
    Question,
    /// An answer.
    #[serde(rename = "question-answer")]
    Answer,
    /// Running a model that everybody has.
    #[serde(rename = "inference")]
    Inference,
}

impl TaskKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Summary, Self::Question, Self::Answer, Self::Inference];

    /// What a step of this name asks for; nothing for one of another kind.
    #[must_use]
    pub fn of_step(name: &str) -> Option<Self> {
        match Asked::of_step(name, Fidelity::Fixed) {
            Asked::Augment => Some(Self::Summary),
            Asked::Followup => Some(Self::Question),
            Asked::Answer => Some(Self::Answer),
            Asked::Other => (name == Self::Inference.as_str()).then_some(Self::Inference),
        }
    }

    /// The name in events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Summary => "summarization",
            Self::Question => "question-generation",
            Self::Answer => "question-answer",
            Self::Inference => "inference",
        }
    }
}

impl std::str::FromStr for TaskKind {
    type Err = UnknownTask;

    fn from_str(name: &str) -> Result<Self, UnknownTask> {
        let found = Self::ALL.into_iter().find(|task| task.as_str() == name);
        found.ok_or_else(|| UnknownTask(name.to_owned()))
    }
}

/// A name that no task has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no task is called {0}: there are summarization, question-generation, question-answer and inference")]
pub struct UnknownTask(String);

/// One task of a forward.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Its kind.
    pub kind: TaskKind,
    /// The step's name: `augment`, `followup0`, `answer0`.
    pub name: String,
    /// What it is about. Rewards and masks see this, not the whole prompt.
    pub base_text: String,
    /// What is demanded of the form.
    pub criteria: Vec<Criterion>,
}

impl Task {
    /// A summary of the text, with a list or without.
    pub fn summary(base_text: String, rng: &mut impl Rng) -> Self {
        let layouts = [Layout::Bullets, Layout::Numbers, Layout::NoList];
        let layout = layouts[rng.random_range(0..layouts.len())];
        let by_words = rng.random_bool(0.5);
        let length = match (layout, by_words) {
            (Layout::NoList, true) => length(Unit::Words, rng.random_range(50..=200)),
            (Layout::NoList, false) => length(Unit::Sentences, rng.random_range(4..=8)),
            (_, true) => length(Unit::Words, rng.random_range(100..=200)),
            (_, false) => length(Unit::Sentences, rng.random_range(8..=12)),
        };
        let criteria = vec![
            Criterion {
                demand: Demand::Layout(layout),
                penalty: 0.5,
            },
            length,
        ];
        Self {
            kind: TaskKind::Summary,
            name: "augment".to_owned(),
            base_text,
            criteria,
        }
    }

    /// A question about the context of a round, counted from 0.
    pub fn question(round: usize, base_text: String, rng: &mut impl Rng) -> Self {
        let words = QUESTION_WORDS
            .choose_multiple(rng, 3)
            .map(|word| (*word).to_owned())
            .collect();
        let length = if rng.random_bool(0.5) {
            length(Unit::Words, rng.random_range(10..=40))
        } else {
            length(Unit::Characters, rng.random_range(40..=150))
        };
        let criteria = vec![
            Criterion {
                demand: Demand::StartsWith(words),
                penalty: 0.25,
            },
            Criterion {
                demand: Demand::EndsWith("?".to_owned()),
                penalty: 0.25,
            },
            length,
        ];
        Self {
            kind: TaskKind::Question,
            name: format!("followup{round}"),
            base_text,
            criteria,
        }
    }

    /// An answer to the question at the end of the context of a round.
    pub fn answer(round: usize, base_text: String, rng: &mut impl Rng) -> Self {
        let criteria = vec![
            Criterion {
                demand: Demand::Without("?".to_owned()),
                penalty: 0.25,
            },
            Criterion {
                demand: Demand::Layout(Layout::NoList),
                penalty: 0.25,
            },
            length(Unit::Words, rng.random_range(50..=200)),
        ];
        Self {
            kind: TaskKind::Answer,
            name: format!("answer{round}"),
            base_text,
            criteria,
        }
    }

    /// The prompt: what to do, the text in quotes, then the demands, one a line.
    #[must_use]
    pub fn prompt(&self) -> String {
        let (instruction, besides): (_, &[&str]) = match self.kind {
            TaskKind::Summary => (
                "Sum up the text between the triple quotes in your own words.",
                &["Ask no question and answer none"],
            ),
            TaskKind::Question => (
                "Ask one relevant and insightful question about the text between the triple quotes.",
                &["Do not answer the question", "Do not sum the text up"],
            ),
            TaskKind::Answer => (
                "Answer the question at the end of the text between the triple quotes, step by step.",
                &["Ask no further question", "Do not sum the text up"],
            ),
            // The model is asked just this.
            TaskKind::Inference => return self.base_text.clone(),
        };
        let mut prompt = format!(
            "{instruction}\n\n'''\n{}\n'''\n\nYour reply meets these criteria:\n",
            self.base_text
        );
        for line in self
            .criteria
            .iter()
            .map(sentence)
            .chain(besides.iter().map(|line| (*line).to_owned()))
        {
            prompt.push_str("- ");
            prompt.push_str(&line);
            prompt.push('\n');
        }
        prompt
    }
}

/// The context that all questions of a forward are about.
#[must_use]
pub fn summary_context(summary: &str) -> String {
    format!("### SUMMARY CONTEXT:\n{summary}")
}

/// The context with a round's question, for its answer.
#[must_use]
pub fn question_context(context: &str, round: usize, question: &str) -> String {
    format!("{context}\n### QUESTION {round}:\n{question}")
}

fn length(unit: Unit, target: usize) -> Criterion {
    Criterion {
        demand: Demand::Length { unit, target },
        penalty: 0.25,
    }
}

/// A criterion, as miners read it.
fn sentence(criterion: &Criterion) -> String {
    match &criterion.demand {
        Demand::Length { unit, target } => {
            let unit = match unit {
                Unit::Characters => "characters",
                Unit::Words => "words",
                Unit::Sentences => "sentences",
                Unit::Paragraphs => "paragraphs",
            };
            format!("Is {target} {unit} long")
        }
        Demand::StartsWith(words) => format!("Begins with one of these words: {}", words.join(", ")),
        Demand::EndsWith(end) => format!("Ends with \"{end}\""),
        Demand::Without(text) => format!("Has no \"{text}\" in it"),
        Demand::Layout(Layout::Bullets) => "Is a list with bullets".to_owned(),
        Demand::Layout(Layout::Numbers) => "Is a list with numbers, such as \"1. \"".to_owned(),
        Demand::Layout(Layout::NoList) => "Is running text, with no list in it".to_owned(),
    }
}
