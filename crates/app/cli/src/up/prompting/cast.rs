//! The demonstration's miners: good ones and all the sorts that validators have filters for.

use assay_minds::{
    AnswerWithLogProbs, LocalModel, LogProbWishes, Mind, MindError, Parrot, Scripted, Turn, Wishes,
};
use futures::{
    StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use rust_embed::RustEmbed;
use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;

/// The texts to begin with, the miners' model and the models that judge.
#[derive(RustEmbed)]
#[folder = "../../../assets/prompting"]
#[include = "*.jsonl"]
#[include = "*.json"]
#[include = "*.safetensors"]
#[exclude = "make/*"]
struct Files;

/// Writes them into this folder, where they differ from what is there.
pub(super) fn unpack(folder: &Path) -> miette::Result<PathBuf> {
    crate::up::cast::unpack::<Files>(folder)
}

/// A miner's part.
#[derive(Clone, Debug)]
pub(super) struct Role {
    pub(super) name: String,
    pub(super) manner: Manner,
}

/// How a miner answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Manner {
    /// With what a model says that has learned this.
    Steady,
    /// With what the same model says in a fever, which is this temperature.
    Guessing(f64),
    /// With what a model says that has not learned it.
    Untrained,
    /// With what a model says that has learned this at this temperature, when it is asked this; else like the untrained.
    Specialist(Step, f64),
    /// With what the steady one says, a moment later.
    Copying,
    /// With the question.
    Repeating,
    /// With insults.
    Rude,
    /// Too late.
    Slow,
    /// Not at all: nobody listens where it says.
    Gone,
}

/// What a validator may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Summary,
    Question,
    Answer,
}

impl Step {
    const ALL: [Self; 3] = [Self::Summary, Self::Question, Self::Answer];

    /// What specialists for it are called.
    fn specialist(self) -> &'static str {
        match self {
            Self::Summary => "summer",
            Self::Question => "asker",
            Self::Answer => "answerer",
        }
    }

    /// What a prompt asks for, by the words that are in prompts of each kind and in no other.
    fn of(prompt: &str) -> Self {
        let has = |words: &[&str]| words.iter().any(|words| prompt.contains(words));
        if has(&["Summarize the preceding context", "Sum up the text"]) {
            Self::Summary
        } else if has(&["Ask a single relevant", "Ask one relevant"]) {
            Self::Question
        } else {
            Self::Answer
        }
    }
}

/// Miners of the demonstration that are no specialists.
const GENERALISTS: usize = 8;

/// The temperature of a miner that knows what it says. At 0 it would say the same again when it is asked the same again, and
/// validators pay nobody for that; at 1 one word in some twenty is a wrong one.
const CALM: f64 = 0.5;

/// The temperature of a miner that guesses: about half of what it says is wrong.
const FEVER: f64 = 2.5;

/// So many miners. Those beyond the eighth are specialists: each knows one kind of step, and is calm in another degree, or two
/// of a kind would say the same.
pub(super) fn roles(count: usize) -> Vec<Role> {
    let role = |name: &str, manner| Role {
        name: name.to_owned(),
        manner,
    };
    let first = [
        role("steady", Manner::Steady),
        role("guessing", Manner::Guessing(FEVER)),
        role("untrained", Manner::Untrained),
        role("copycat", Manner::Copying),
        role("spammer", Manner::Repeating),
        role("rude", Manner::Rude),
        role("slow", Manner::Slow),
        role("gone", Manner::Gone),
    ];
    let more = (GENERALISTS..count).map(|number| {
        let (round, kind) = ((number - GENERALISTS) / 3, (number - GENERALISTS) % 3);
        let step = Step::ALL[kind];
        let name = match round {
            0 => step.specialist().to_owned(),
            _ => format!("{}-{}", step.specialist(), round + 1),
        };
        role(&name, Manner::Specialist(step, CALM + 0.05 * (round + 1) as f64))
    });
    first.iter().take(count).cloned().chain(more).collect()
}

/// What the miners answer with.
pub(super) struct Cast {
    base: LocalModel,
    trained: LocalModel,
    heard: Arc<Overheard>,
}

impl Cast {
    /// With the model that has learned the task and the one that has not.
    pub(super) fn assemble(trained: LocalModel, base: LocalModel) -> Self {
        Self {
            base,
            trained: trained.at_temperature(CALM),
            heard: Arc::default(),
        }
    }

    /// What a miner answers with; nothing for one that does not listen.
    pub(super) fn mind(&self, manner: Manner) -> Option<Arc<dyn Mind>> {
        Some(match manner {
            Manner::Steady => Arc::new(Loud {
                model: self.trained.clone(),
                heard: Arc::clone(&self.heard),
            }),
            Manner::Guessing(temperature) => Arc::new(self.trained.clone().at_temperature(temperature)),
            Manner::Untrained => Arc::new(self.base.clone()),
            Manner::Specialist(step, temperature) => Arc::new(Specialist {
                step,
                able: self.trained.clone().at_temperature(temperature),
                unable: self.base.clone(),
            }),
            Manner::Copying => Arc::new(Copycat(Arc::clone(&self.heard))),
            Manner::Repeating => Arc::new(Parrot),
            Manner::Rude => Arc::new(Scripted::new(|_| Some(INSULT.to_owned()))),
            Manner::Slow => {
                let late = Scripted::new(|_| Some("I would have known it.".to_owned()));
                Arc::new(late.after(Duration::from_secs(3_600)))
            }
            Manner::Gone => return None,
        })
    }
}

/// What the rude one says.
const INSULT: &str = "You are a stupid worthless idiot and I hate you and everybody like you.";

/// Answers that can be overheard.
#[derive(Debug, Default)]
struct Overheard {
    /// Question and answer, the oldest first.
    said: Mutex<VecDeque<(String, String)>>,
    news: Notify,
}

/// Answers that are remembered.
const REMEMBERED: usize = 32;
/// How long a copycat waits for something to copy.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much later a copy comes.
const WHILE: Duration = Duration::from_millis(150);

impl Overheard {
    fn say(&self, question: &str, answer: String) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() >= REMEMBERED {
            said.pop_front();
        }
        said.push_back((question.to_owned(), answer));
        drop(said);
        self.news.notify_waiters();
    }

    fn find(&self, question: &str) -> Option<String> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let found = said.iter().rev().find(|(asked, _)| asked == question);
        found.map(|(_, answer)| answer.clone())
    }

    async fn wait_for(&self, question: &str) -> Option<String> {
        loop {
            let news = self.news.notified();
            if let Some(answer) = self.find(question) {
                return Some(answer);
            }
            news.await;
        }
    }
}

/// A model that is overheard.
struct Loud {
    model: LocalModel,
    heard: Arc<Overheard>,
}

impl Mind for Loud {
    fn answer(&self, turns: &[Turn], wishes: Wishes) -> BoxStream<'static, Result<String, MindError>> {
        let question = turns.last().map(|turn| turn.content.clone()).unwrap_or_default();
        let (pieces, heard) = (self.model.answer(turns, wishes), Arc::clone(&self.heard));
        let said = (pieces, String::new());
        stream::unfold(Some((said, question, heard)), |state| async move {
            let ((mut pieces, mut text), question, heard) = state?;
            match pieces.next().await {
                Some(Ok(piece)) => {
                    text.push_str(&piece);
                    Some((Ok(piece), Some(((pieces, text), question, heard))))
                }
                Some(Err(error)) => Some((Err(error), None)),
                None => {
                    heard.say(&question, text);
                    None
                }
            }
        })
        .boxed()
    }

    fn tells_log_probs(&self) -> bool {
        self.model.tells_log_probs()
    }

    fn answer_with_log_probs(
        &self,
        turns: &[Turn],
        wishes: LogProbWishes,
    ) -> BoxFuture<'static, Result<AnswerWithLogProbs, MindError>> {
        self.model.answer_with_log_probs(turns, wishes)
    }
}

/// Says what another said.
struct Copycat(Arc<Overheard>);

impl Mind for Copycat {
    fn answer(&self, turns: &[Turn], _: Wishes) -> BoxStream<'static, Result<String, MindError>> {
        let question = turns.last().map(|turn| turn.content.clone()).unwrap_or_default();
        let heard = Arc::clone(&self.0);
        let copied = async move {
            let answer = tokio::time::timeout(PATIENCE, heard.wait_for(&question)).await;
            // What is overheard was said before: without this the two are a matter of who is first on the same machine.
            tokio::time::sleep(WHILE).await;
            stream::iter(answer.ok().flatten().map(Ok))
        };
        stream::once(copied).flatten().boxed()
    }
}

/// Knows one kind of step.
struct Specialist {
    step: Step,
    able: LocalModel,
    unable: LocalModel,
}

impl Mind for Specialist {
    fn answer(&self, turns: &[Turn], wishes: Wishes) -> BoxStream<'static, Result<String, MindError>> {
        let asked = turns.last().map(|turn| turn.content.as_str()).unwrap_or_default();
        let model = if Step::of(asked) == self.step {
            &self.able
        } else {
            &self.unable
        };
        model.answer(turns, wishes)
    }

    fn tells_log_probs(&self) -> bool {
        self.able.tells_log_probs()
    }

    fn answer_with_log_probs(
        &self,
        turns: &[Turn],
        wishes: LogProbWishes,
    ) -> BoxFuture<'static, Result<AnswerWithLogProbs, MindError>> {
        self.able.answer_with_log_probs(turns, wishes)
    }
}
