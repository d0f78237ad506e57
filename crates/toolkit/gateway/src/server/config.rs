//! How a gateway works.

use crate::{
    clock::{Clock, SystemClock},
    tokens::{ApproximateTokens, TokenCounter},
};
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

/// How a gateway works.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// Where it listens. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who may ask.
    pub access: Access,
    /// The names of the models that it offers, at least one. What they mean is the backend's.
    pub models: Vec<String>,
    /// How many miners are asked.
    pub fanout: Fanout,
    /// Of requests.
    pub limits: GatewayLimits,
    /// How long things may take.
    pub times: GatewayTimes,
    /// Finished exchanges that wait for the sink at most; those beyond it are dropped and counted. Each holds up to
    /// `answer_bytes` for every miner that was asked.
    pub exchanges: usize,
    /// How tokens are counted.
    pub tokens: Arc<dyn TokenCounter>,
    /// By what quotas are counted.
    pub clock: Arc<dyn Clock>,
}

/// Who may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever has a key of this folder.
    Keys {
        /// The folder of a [`KeyStore`](crate::keys::KeyStore), and of what was used of its quotas.
        folder: PathBuf,
    },
    /// Every program on this machine, without keys or quotas. The gateway then listens on the loopback interface only.
    LoopbackWithoutKeys,
}

/// How many miners are asked for each chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fanout {
    /// At once. One gives nothing to compare and no second try; more cost every miner's work for one answer.
    pub at_once: usize,
    /// Further ones, each asked only when one of the others had no answer.
    pub reserve: usize,
}

/// How large requests and answers may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatewayLimits {
    /// Connections at the same time. Those beyond it wait in the system's queue.
    pub connections: usize,
    /// Chats at the same time, with those whose other miners are still heard. Those beyond it are refused with 503.
    pub chats: usize,
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Messages of a conversation.
    pub messages: usize,
    /// Tokens of a conversation.
    pub prompt_tokens: u64,
    /// Tokens of an answer, where the user does not want fewer.
    pub answer_tokens: u64,
    /// Bytes of one miner's answer. One that sends more has given a bad one. Smaller than some four bytes a wanted token
    /// refuses honest answers; all answers of all chats under way, and of the exchanges that wait, may take so much memory.
    pub answer_bytes: usize,
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatewayTimes {
    /// For a request's head, and between two requests of a connection.
    pub head: Duration,
    /// For a request's body.
    pub body: Duration,
    /// For an answer, from when the whole request is there. Miners are told it. Whoever is asked in its second half, for
    /// others had failed until then, is told what is left, and is not judged by what that was too short for.
    pub answer: Duration,
    /// How long the other miners are heard, for scoring, after the user has the answer; never beyond `answer`. With
    /// zero only what they have said until then is scored.
    pub collecting: Duration,
    /// How long a user may take no byte of an answer.
    pub write: Duration,
    /// How long the sink may take for one exchange.
    pub sink: Duration,
    /// How long a stopping gateway waits for chats under way, and then once more for the sink.
    pub drain: Duration,
}

impl GatewayConfig {
    /// The default, for whoever has a key of this folder.
    #[must_use]
    pub fn with_keys(folder: impl Into<PathBuf>, model: impl Into<String>) -> Self {
        Self::new(
            Access::Keys {
                folder: folder.into(),
            },
            model,
        )
    }

    /// The default, for every program on this machine.
    #[must_use]
    pub fn without_keys(model: impl Into<String>) -> Self {
        Self::new(Access::LoopbackWithoutKeys, model)
    }

    fn new(access: Access, model: impl Into<String>) -> Self {
        Self {
            listen: ([127, 0, 0, 1], 8421).into(),
            access,
            models: vec![model.into()],
            fanout: Fanout::default(),
            limits: GatewayLimits::default(),
            times: GatewayTimes::default(),
            exchanges: 64,
            tokens: Arc::new(ApproximateTokens),
            clock: Arc::new(SystemClock),
        }
    }
}

impl Default for Fanout {
    /// Five at once, as the organic queries of the original, and two more.
    fn default() -> Self {
        Self {
            at_once: 5,
            reserve: 2,
        }
    }
}

impl Default for GatewayLimits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            chats: 64,
            body_bytes: 1024 * 1024,
            messages: 512,
            prompt_tokens: 32_768,
            answer_tokens: 4_096,
            answer_bytes: 64 * 1024,
        }
    }
}

impl Default for GatewayTimes {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(30),
            body: Duration::from_secs(30),
            // As the original waits for organic answers.
            answer: Duration::from_secs(30),
            collecting: Duration::from_secs(30),
            write: Duration::from_secs(30),
            sink: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}
