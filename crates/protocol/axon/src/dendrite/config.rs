//! What a dendrite allows itself and its peers.

use super::Addresses;
use std::time::Duration;

/// Limits of a [`Dendrite`](super::Dendrite).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DendriteConfig {
    /// Requests under way at once. Those beyond it wait, which is never counted against the one who is asked.
    ///
    /// 512 is a subnet of 256 asked twice at the same time. With fewer, a round of slow answers goes in turns. With more,
    /// the 1,024 open files that Linux gives a process by default no longer leave room for the rest of it.
    pub in_flight: usize,
    /// How long a request may wait for its turn before it fails as our own fault. Shorter, and a burst larger than
    /// `in_flight` fails that would only have been slow; longer, and a round is asked so late that it is of no use.
    pub queue: Duration,
    /// How long a connection may take to come about. It counts against the request's own timeout too. 4 s are three
    /// losses of the first packet; shorter cuts off far peers behind a bad line, longer holds a place among
    /// `in_flight` for hosts that are gone.
    pub connect: Duration,
    /// Bytes of an answer's body. Smaller refuses embeddings and images that subnets do send. Larger lets fewer of those asked
    /// take up all of `answers`.
    pub body: usize,
    /// Bytes of all bodies that are being read at one time. When they are used up, the next one fails as our own fault:
    /// waiting for room while holding some could go on for ever. Less fails rounds of large answers; more is memory that
    /// those who are asked can take together.
    pub answers: usize,
    /// Bytes of an answer's head, at least 8,192; up to twice as many may pass, for it is looked at between two reads. Old
    /// axons send some 2 KB, and clients of theirs take 8 KB a line.
    pub head: usize,
    /// How long an unused connection is kept. Old axons close theirs after 5 s, and a request that is sent in that
    /// moment would look like one left without an answer. Shorter opens more connections than need be.
    pub idle: Duration,
    /// Unused connections kept to one address. Two are those of a subnet asked twice at the same time; more of them
    /// are open files that nobody uses.
    pub idle_per_target: usize,
    /// Which addresses are asked. All of them unless said otherwise; on a public network it should be.
    pub addresses: Addresses,
}

impl Default for DendriteConfig {
    fn default() -> Self {
        Self {
            in_flight: 512,
            queue: Duration::from_secs(60),
            connect: Duration::from_secs(4),
            body: 16 * 1024 * 1024,
            answers: 512 * 1024 * 1024,
            head: 64 * 1024,
            idle: Duration::from_secs(4),
            idle_per_target: 2,
            addresses: Addresses::Any,
        }
    }
}
