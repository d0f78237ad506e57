//! What an axon is set up with.

use super::{BucketSize, Manner, Observer, QueueLimits};
use crate::{BtauthPolicy, EpistulaPolicy, OperatorTokens, synapse::Freshness};
use std::{num::NonZeroUsize, sync::Arc, time::Duration};

/// How an axon works. The default is strict and fits a miner of a usual subnet.
#[derive(Clone, Debug)]
pub struct AxonConfig {
    /// How synapse-v10 is answered.
    pub manner: Manner,
    /// How old synapse-v10 requests may be.
    pub freshness: Freshness,
    /// What btauth/1 requests must be.
    pub btauth: BtauthPolicy,
    /// What Epistula requests must be.
    pub epistula: EpistulaPolicy,
    /// Who may ask with a bearer token.
    pub operators: OperatorTokens,
    /// Of connections.
    pub connections: ConnectionLimits,
    /// Of requests.
    pub rates: RateLimits,
    /// How many are answered at one time, and how many wait.
    pub queue: QueueLimits,
    /// How long an answer may take.
    pub answers: AnswerTime,
    /// Who is told of each request when it is over.
    pub observers: Vec<Arc<dyn Observer>>,
}

/// Bounds of what connections may cost before anybody is known.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Open at one time. Each costs some kilobytes, a file, and its body while that is read; fewer lock out validators
    /// behind a flood of idle ones.
    pub overall: usize,
    /// Open at one time from one address, or one `/64` of IPv6. Validators share hosts, so not few.
    pub per_address: usize,
    /// For a request's whole head, and between two requests. Longer lets slow senders hold connections; shorter cuts off
    /// far-away honest ones.
    pub head_time: Duration,
    /// Bytes of a head. Old axons took 16 KiB; large schemas come near it.
    pub head_bytes: usize,
    /// For a request's whole body.
    pub body_time: Duration,
    /// How long a caller may take no byte of its answer. Longer lets those who never read hold connections.
    pub write_time: Duration,
    /// Bytes of its answer that a caller must take for each second that it lets the axon wait, once `write_time` is used
    /// up. Fewer let those who take a byte now and then hold connections; more cut off those behind a bad line.
    pub write_rate: u32,
    /// Bytes that all bodies may take together whose senders only the bodies prove. At least the largest of one route.
    pub unproven_bytes: usize,
    /// How long a stopping axon waits for answers under way.
    pub drain: Duration,
}

/// How often somebody may ask.
#[derive(Clone, Copy, Debug)]
pub struct RateLimits {
    /// One address, before it is known who asks.
    pub address: BucketSize,
    /// One hotkey or operator.
    pub caller: BucketSize,
    /// How many of each are remembered at one time.
    pub room: usize,
}

/// How long an answer may take.
#[derive(Clone, Copy, Debug)]
pub struct AnswerTime {
    /// When the caller does not say how long it waits.
    pub usual: Duration,
    /// Whatever the caller says.
    pub longest: Duration,
}

impl AxonConfig {
    /// An axon that takes and answers synapse-v10 as bittensor 10.5 does, holes and all: for callers that cannot do
    /// without. What bittensor does not bound at all (rates, bodies, time) stays bounded.
    #[must_use]
    pub fn bittensor10() -> Self {
        let mut config = Self {
            manner: Manner::Bittensor10,
            freshness: Freshness::COMPATIBLE,
            ..Self::default()
        };
        config.connections.head_bytes = 128 * 1024;
        config
    }
}

impl Default for AxonConfig {
    fn default() -> Self {
        Self {
            manner: Manner::Strict,
            freshness: Freshness::STRICT,
            btauth: BtauthPolicy::default(),
            epistula: EpistulaPolicy::default(),
            operators: OperatorTokens::default(),
            connections: ConnectionLimits {
                overall: 4_096,
                per_address: 512,
                head_time: Duration::from_secs(10),
                head_bytes: 32 * 1024,
                body_time: Duration::from_secs(30),
                write_time: Duration::from_secs(30),
                write_rate: 2_048,
                unproven_bytes: 256 * 1024 * 1024,
                drain: Duration::from_secs(10),
            },
            rates: RateLimits {
                address: BucketSize {
                    burst: 2_000,
                    per_second: 500.0,
                },
                caller: BucketSize {
                    burst: 1_000,
                    per_second: 200.0,
                },
                room: 16_384,
            },
            queue: QueueLimits {
                workers: NonZeroUsize::new(256).unwrap_or(NonZeroUsize::MIN),
                waiting: 1_024,
            },
            answers: AnswerTime {
                usual: Duration::from_secs(12),
                longest: Duration::from_secs(120),
            },
            observers: Vec::new(),
        }
    }
}
