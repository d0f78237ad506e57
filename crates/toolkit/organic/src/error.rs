//! Why an iteration failed, and where.

use crate::SampleId;
use std::{borrow::Cow, fmt, time::Duration};

/// A step of an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Choosing the sample.
    Sample,
    /// Making the reference.
    Reference,
    /// Asking the miners.
    Query,
    /// Judging the answers.
    Rewards,
    /// Applying the rewards.
    Weights,
    /// Logging the results. Everything else is done by then.
    Log,
}

impl Stage {
    /// As logs name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::Reference => "reference",
            Self::Query => "query",
            Self::Rewards => "rewards",
            Self::Weights => "weights",
            Self::Log => "log",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a hook failed.
///
/// An error's text may repeat what a user wrote, so logs of organic samples show only what is public: the words of
/// [`HookError::public`], or the type of an error that came by `?`.
pub struct HookError {
    public: Cow<'static, str>,
    lasts: Lasts,
    source: Option<Source>,
}

/// Whether another try may end otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lasts {
    /// It may: a model that is away comes back.
    ForNow,
    /// It cannot: the sample itself is what fails.
    ForGood,
}

impl HookError {
    /// Words that anybody may read.
    pub fn public(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            public: message.into(),
            lasts: Lasts::ForNow,
            source: None,
        }
    }

    /// What this sample will fail with at every try, such as a conversation longer than the model reads, in words that
    /// anybody may read. The sample is given up at once, and the loop goes on to the next without a pause: it is no
    /// sign that anything is broken.
    ///
    /// Not for a failure that another sample would meet too: that one is for the pauses, which spare a model or a
    /// network that is away.
    pub fn permanent(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            public: message.into(),
            lasts: Lasts::ForGood,
            source: None,
        }
    }

    /// Adds words that anybody may read to an error whose own are private.
    pub fn explained(message: impl Into<Cow<'static, str>>, source: impl Into<Source>) -> Self {
        Self {
            public: message.into(),
            lasts: Lasts::ForNow,
            source: Some(source.into()),
        }
    }

    /// Whether every further try would fail too.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        matches!(self.lasts, Lasts::ForGood)
    }

    /// What anybody may read.
    #[must_use]
    pub fn public_text(&self) -> &str {
        &self.public
    }

    /// Everything, with what may be private.
    #[must_use]
    pub fn private_text(&self) -> String {
        let Some(source) = &self.source else {
            return self.public.clone().into_owned();
        };
        let mut text = source.to_string();
        let mut next = source.source();
        while let Some(cause) = next {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        text
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for HookError {
    fn from(error: E) -> Self {
        Self {
            public: std::any::type_name::<E>().into(),
            lasts: Lasts::ForNow,
            source: Some(Box::new(error)),
        }
    }
}

// Not an error itself: then every error could not become one by `?`.
impl fmt::Debug for HookError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HookError({})", self.public)
    }
}

impl fmt::Display for HookError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.public)
    }
}

/// What went wrong in a stage.
#[derive(Debug)]
pub enum StageProblem {
    /// The hook said so.
    Failed(HookError),
    /// The hook panicked: a defect in it.
    Panicked,
    /// It took too long.
    TimedOut {
        /// `stage_timeout`.
        after: Duration,
    },
}

/// A stage that failed, for which sample, at which try.
#[derive(Debug)]
pub struct StageError {
    /// Where.
    pub stage: Stage,
    /// Which sample; nothing when none could be had.
    pub sample_id: Option<SampleId>,
    /// The how-manieth try, from 1.
    pub attempt: u32,
    /// What.
    pub problem: StageProblem,
}

impl StageProblem {
    /// Whether every further try would fail too.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        matches!(self, Self::Failed(error) if error.is_permanent())
    }
}

impl StageError {
    /// What went wrong, in words that anybody may read.
    #[must_use]
    pub fn public_text(&self) -> String {
        match &self.problem {
            StageProblem::Failed(error) => error.public_text().to_owned(),
            StageProblem::Panicked => "the hook panicked".to_owned(),
            StageProblem::TimedOut { after } => {
                format!(
                    "not done within {} s: see organic.stage_timeout",
                    after.as_secs_f64()
                )
            }
        }
    }

    /// What went wrong, with what may be private.
    #[must_use]
    pub fn private_text(&self) -> String {
        match &self.problem {
            StageProblem::Failed(error) => error.private_text(),
            StageProblem::Panicked | StageProblem::TimedOut { .. } => self.public_text(),
        }
    }
}

impl fmt::Display for StageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "organic scoring failed at stage {}", self.stage)?;
        if let Some(id) = self.sample_id {
            write!(formatter, " of sample {id}, attempt {}", self.attempt)?;
        }
        write!(formatter, ": {}", self.public_text())
    }
}

impl std::error::Error for StageError {}
