//! Why a call came to nothing.

use std::{net::IpAddr, time::Duration};

/// A call that came to no answer at all, or to one that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nothing came.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// Something came that is no answer.
    #[error(transparent)]
    BadAnswer(#[from] BadAnswer),
    /// It failed here.
    #[error(transparent)]
    OwnFault(#[from] OwnFault),
}

/// Nothing came. It counts as *no answer*.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoAnswer {
    /// Its address is nobody's: 0.0.0.0, port 0, or one of many.
    #[error("it gives no address to connect to")]
    NotServing,
    /// Its address is not one that the whole internet reaches, and only such are asked.
    #[error("it gives {ip}, which is no public address")]
    NotPublic {
        /// The address.
        ip: IpAddr,
    },
    /// No connection came about.
    #[error("no connection: {reason}")]
    Unreachable {
        /// Why, in the words of the system.
        reason: String,
    },
    /// Its time was over before the whole answer was there.
    #[error("no answer within {after:?}")]
    TimedOut {
        /// The time that it had.
        after: Duration,
    },
    /// It closed the connection before the whole answer was there.
    #[error("the connection closed before the answer was there")]
    Disconnected,
}

/// Something came that is no answer. It counts as *bad answer*.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadAnswer {
    /// The body is not JSON.
    #[error("the answer is not JSON: {problem}")]
    NotJson {
        /// Where and why, without what stood there.
        problem: String,
    },
    /// The body is larger than allowed.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// What is allowed.
        limit: usize,
    },
    /// Not HTTP, or not a synapse.
    #[error("the answer is malformed: {problem}")]
    Malformed {
        /// What is wrong.
        problem: String,
    },
    /// It sends us elsewhere. We do not go: whoever answers could make us ask whatever this machine can reach.
    #[error("it redirects (status {status}), which is not followed")]
    Redirect {
        /// The status.
        status: u16,
    },
}

/// It failed on this machine: *our own fault*, which must never cost the one who was asked anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OwnFault {
    /// Too many requests were under way for too long, and it was never sent.
    #[error("{waited:?} went by before the request had its turn: allow more in flight, or ask fewer")]
    Crowded {
        /// How long it waited.
        waited: Duration,
    },
    /// The machine has no more open files, ports or memory, or forbids the connection.
    #[error("this machine cannot open a connection: {reason}")]
    Machine {
        /// Why, in the words of the system.
        reason: String,
    },
    /// All the room for answers was taken by others.
    #[error("the answers that are being read take all of {limit} bytes: allow more, or ask fewer at once")]
    Memory {
        /// What they may take together.
        limit: usize,
    },
    /// The machine has no way to the address: its network is down, or it has no IPv6.
    #[error("this machine has no route to {ip}: is the network up, and does it have the address's family?")]
    NoRoute {
        /// Where to.
        ip: IpAddr,
    },
    /// The dialect knows only sr25519, and our hotkey is of another kind.
    #[error("synapse-v10 requests are signed with sr25519 hotkeys only")]
    Scheme,
    /// What was to be sent is no request.
    #[error("the request cannot be sent: {problem}")]
    Unsendable {
        /// What is wrong.
        problem: String,
    },
}
