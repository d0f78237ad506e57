//! What a probe found.

use crate::{Dialect, Target};
use assay_keys::AccountId;
use http::StatusCode;
use std::{fmt, time::Duration};

/// What a probe found, and how.
#[derive(Clone, Debug)]
pub struct Report {
    /// Whom it asked.
    pub target: Target,
    /// What it comes to.
    pub finding: Finding,
    /// Whether the hotkey is the one that was asked for.
    pub identity: Identity,
    /// How long the first connection took; none when there was none.
    pub connected_in: Option<Duration>,
    /// How long the answer to the challenge took from then on.
    pub answered_in: Option<Duration>,
    /// What the signed caller got in each dialect, in the order in which they were asked.
    pub dialects: Vec<(Dialect, DialectAnswer)>,
    /// All of it.
    pub took: Duration,
}

impl Report {
    /// The dialects in which the signed caller was answered.
    pub fn speaks(&self) -> impl Iterator<Item = Dialect> {
        self.dialects.iter().filter_map(|(dialect, answer)| {
            matches!(answer, DialectAnswer::Answered { .. }).then_some(*dialect)
        })
    }

    /// Whether the axon can be published at this address.
    #[must_use]
    pub const fn is_fine(&self) -> bool {
        matches!(self.finding, Finding::Fine)
    }
}

/// What a probe comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The address is nobody's: 0.0.0.0, port 0, or one of many.
    NotServing,
    /// No connection comes about.
    Unreachable(Unreachable),
    /// It takes connections, and says nothing: to nobody, or not to the signed caller, where the identity is proven.
    Silent {
        /// How long was waited.
        after: Duration,
    },
    /// It takes connections, and closes them: anybody's, or the signed caller's, where the identity is proven.
    Closes,
    /// What it says is not HTTP.
    NotHttp {
        /// Why not.
        problem: String,
    },
    /// It speaks HTTP, but nothing that an axon says.
    NotAnAxon {
        /// What it said to the challenge.
        said: Said,
    },
    /// An axon by its words, which did not prove its hotkey. It may refuse before it signs: for its rate, or for a clock
    /// that is off.
    Unproven {
        /// What it said to the challenge.
        said: Said,
    },
    /// Another hotkey's axon.
    OtherHotkey {
        /// Whose, when it says so and proves it.
        hotkey: Option<AccountId>,
    },
    /// The right axon, which refuses the signed caller in every dialect.
    RefusesSigned {
        /// The first dialect that it refused in.
        dialect: Dialect,
        /// How.
        said: Said,
    },
    /// The right axon. If a signed caller was given, it is answered.
    Fine,
    /// It failed on this machine.
    OwnFault {
        /// Why.
        reason: String,
    },
}

/// Why no connection comes about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unreachable {
    /// Nothing came back.
    TimedOut {
        /// How long was waited.
        after: Duration,
    },
    /// Somebody answers there, and nobody listens at the port.
    Refused,
    /// The network says that there is no way, or nobody there.
    NoWay {
        /// In the words of the system.
        reason: String,
    },
}

/// Whose axon it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Its answer carries no proof.
    Unproven,
    /// The hotkey that was asked for has signed.
    Proven,
    /// Somebody else has.
    Other {
        /// Who, when it says so and proves it.
        hotkey: Option<AccountId>,
    },
}

/// What a signed caller got in one dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialectAnswer {
    /// An answer.
    Answered {
        /// How long it took.
        within: Duration,
    },
    /// A refusal, also where it does not know the dialect.
    Refused(Said),
    /// Nothing.
    Missed(Box<Finding>),
    /// The caller cannot speak the dialect.
    NotAsked {
        /// Why.
        reason: String,
    },
}

/// A status with the words that came with it: at most 1,024 characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The status.
    pub status: StatusCode,
    /// The words.
    pub words: String,
}

impl fmt::Display for Said {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "status {}", self.status.as_u16())?;
        match self.words.as_str() {
            "" => Ok(()),
            words => write!(formatter, ", \"{words}\""),
        }
    }
}

/// The finding in words, with what can be done.
impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotServing => formatter.write_str("the address is nobody's: the neuron does not serve"),
            Self::Unreachable(Unreachable::TimedOut { after }) => write!(
                formatter,
                "no connection within {after:?}: a firewall drops it, the port is not forwarded, or the address is wrong"
            ),
            Self::Unreachable(Unreachable::Refused) => formatter.write_str(
                "the host answers, but nobody listens at the port: is the axon running, and at this port?",
            ),
            Self::Unreachable(Unreachable::NoWay { reason }) => {
                write!(formatter, "no way to the address: {reason}")
            }
            Self::Silent { after } => write!(
                formatter,
                "it takes the connection and says nothing for {after:?}: is it an axon, and not stuck?"
            ),
            Self::Closes => formatter.write_str(
                "it closes the connection without an answer: it allows no more, or a proxy stands before nothing",
            ),
            Self::NotHttp { problem } => write!(formatter, "what answers is not HTTP: {problem}"),
            Self::NotAnAxon { said } => {
                write!(formatter, "what answers is no axon ({said}): another program has the port")
            }
            Self::Unproven { said } => write!(
                formatter,
                "an axon that did not prove its hotkey ({said}): does it limit our rate, or is a clock off?"
            ),
            Self::OtherHotkey { hotkey: Some(hotkey) } => write!(
                formatter,
                "it is the axon of {hotkey}: correct the address, or the hotkey that it runs with"
            ),
            Self::OtherHotkey { hotkey: None } => formatter.write_str(
                "it is the axon of another hotkey: correct the address, or the hotkey that it runs with",
            ),
            Self::RefusesSigned { dialect, said } => {
                write!(formatter, "it refuses the signed caller in {dialect} ({said})")
            }
            Self::Fine => formatter.write_str("it answers, and is the axon of its hotkey"),
            Self::OwnFault { reason } => write!(formatter, "this machine cannot ask: {reason}"),
        }
    }
}
