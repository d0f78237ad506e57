//! What came of a call.

use super::{BadAnswer, Failure, NoAnswer, OwnFault, Refusal};
use std::time::Duration;

/// What came of a call, and what it took.
#[derive(Clone, Debug)]
pub struct Reply<A> {
    /// What came of it.
    pub outcome: Outcome<A>,
    /// How long the request waited for its turn on this side. It counts neither against its timeout nor in `took`.
    pub queued: Duration,
    /// From the moment when it had its turn until its outcome was known, as measured here.
    pub took: Duration,
}

/// What came of a call. [`Outcome::verdict`] says which of the house's outcomes it is.
#[derive(Clone, Debug)]
pub enum Outcome<A> {
    /// It answered. What the answer is worth is for the caller to judge.
    Answered(A),
    /// It said no: *no answer*.
    Refused(Refusal),
    /// Nothing came: *no answer*.
    NoAnswer(NoAnswer),
    /// Something came that is no answer: *bad answer*.
    BadAnswer(BadAnswer),
    /// It failed here: *our own fault*.
    OwnFault(OwnFault),
}

/// Which of the house's outcomes it is. *Not asked* is not among them: a dendrite asks whomever it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// An answer, yet to be judged.
    Answered,
    /// No answer. It may cost the one who was asked.
    NoAnswer,
    /// A bad answer. It may cost the one who was asked.
    BadAnswer,
    /// Our own fault. It must not cost anybody.
    OwnFault,
}

impl<A> Outcome<A> {
    /// Which of the house's outcomes it is.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Answered(_) => Verdict::Answered,
            Self::Refused(_) | Self::NoAnswer(_) => Verdict::NoAnswer,
            Self::BadAnswer(_) => Verdict::BadAnswer,
            Self::OwnFault(_) => Verdict::OwnFault,
        }
    }

    /// The answer, if it is one.
    #[must_use]
    pub const fn answer(&self) -> Option<&A> {
        match self {
            Self::Answered(answer) => Some(answer),
            _ => None,
        }
    }

    /// The answer, if it is one.
    #[must_use]
    pub fn into_answer(self) -> Option<A> {
        match self {
            Self::Answered(answer) => Some(answer),
            _ => None,
        }
    }
}

impl Failure {
    /// Which of the house's outcomes it is.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::NoAnswer(_) => Verdict::NoAnswer,
            Self::BadAnswer(_) => Verdict::BadAnswer,
            Self::OwnFault(_) => Verdict::OwnFault,
        }
    }
}

impl<A> From<Failure> for Outcome<A> {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NoAnswer(why) => Self::NoAnswer(why),
            Failure::BadAnswer(why) => Self::BadAnswer(why),
            Failure::OwnFault(why) => Self::OwnFault(why),
        }
    }
}
