//! What keeps a miner or a validator on this machine from working, and what to do about it.
//!
//! To what [`diagnose`](crate::diagnose) finds on chain come the machine's own troubles: a clock that is wrong, nodes that
//! lag, an axon that others do not find, key files that others can read, a disk that is full. Readings are taken first and
//! judged afterwards, as plain data.

mod readings;

pub use readings::{ChainClock, ClockReading, FileState, HomeReading, KeyFileReading};

use crate::{Circumstances, Finding, NotReached, Subject, Verdict, diagnose};
use assay_chain::{EndpointHealth, EndpointState};
use serde::Serialize;
use std::{net::SocketAddr, time::Duration};

/// What the machine is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Be asked.
    Miner,
    /// Ask, and set weights.
    Validator,
}

/// An axon that this machine has, or is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AxonReading {
    /// The address at which others are to reach it.
    pub wanted: Option<SocketAddr>,
    /// Whether an axon of ours answered there; nothing when nobody looked.
    pub reached: Option<Result<(), NotReached>>,
}

/// What was looked at.
#[derive(Clone, Debug)]
pub struct Examination<'a> {
    /// What the machine is to do.
    pub role: Role,
    /// The chain's side.
    pub circumstances: Circumstances<'a>,
    /// The clock.
    pub clock: Option<ClockReading>,
    /// The chain's nodes, as [`ChainClient::endpoints`](assay_chain::ChainClient::endpoints) gives them.
    pub nodes: &'a [EndpointHealth],
    /// The axon.
    pub axon: Option<&'a AxonReading>,
    /// The key files that the work needs.
    pub key_files: &'a [KeyFileReading],
    /// The folder of the neuron's state.
    pub home: Option<&'a HomeReading>,
}

/// Everything that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checkup {
    /// Whether it works like this.
    pub works: bool,
    /// The findings: the machine first, then the chain.
    pub findings: Vec<Finding>,
}

/// Blocks that a node may be behind another. Fewer are the usual delay between two nodes; with more a validator sees
/// epochs late.
const USUAL_LAG: u64 = 3;

/// A node that takes longer to answer makes a start and every epoch slow.
const SLOW: Duration = Duration::from_secs(2);

/// How far the chain may be ahead of this machine's clock. Block times are whole slots of other machines' clocks, which are
/// seldom right to less than this; strict axons refuse a request that is four seconds off.
const MOST_BEHIND: Duration = Duration::from_secs(2);

/// How many block times and seconds old the newest block may be.
const MOST_BLOCKS_OLD: u32 = 3;
const MOST_SECONDS_OLD: Duration = Duration::from_secs(10);

/// Free bytes below which nothing works for long: a history and a log grow by some MiB a day.
const NO_ROOM: u64 = 100 << 20;
/// Free bytes below which somebody should look.
const LITTLE_ROOM: u64 = 1 << 30;

/// Judges all of it.
pub fn examine(examination: &Examination<'_>) -> Checkup {
    let mut findings = Vec::new();
    findings.extend(examination.clock.map(|clock| judge_clock(&clock)));
    findings.extend(judge_nodes(examination.nodes));
    findings.extend(examination.key_files.iter().map(judge_key_file));
    findings.extend(examination.home.map(judge_home));
    let on_chain = diagnose(&examination.circumstances).findings;
    // A miner sets no weights, and its axon is judged by more than whether it is published.
    let concerns = |finding: &Finding| match (examination.role, finding.subject) {
        (Role::Miner, subject) => matches!(subject, Subject::Subnet | Subject::Registration),
        (Role::Validator, Subject::Axon) => examination.axon.is_none(),
        (Role::Validator, _) => true,
    };
    findings.extend(on_chain.into_iter().filter(concerns));
    let no_axon = AxonReading {
        wanted: None,
        reached: None,
    };
    match (examination.role, examination.axon) {
        (_, Some(axon)) => findings.extend(judge_axon(examination, axon)),
        (Role::Miner, None) => findings.extend(judge_axon(examination, &no_axon)),
        (Role::Validator, None) => {}
    }
    Checkup {
        works: findings.iter().all(|finding| finding.verdict != Verdict::Stops),
        findings,
    }
}

fn stops(subject: Subject, fact: String, remedy: impl Into<String>) -> Finding {
    Finding::new(subject, Verdict::Stops, fact).with_remedy(remedy)
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn judge_clock(clock: &ClockReading) -> Finding {
    let set_it = "set the clock, and let it be kept: timedatectl set-ntp true";
    let ahead = clock.chain_ms.saturating_sub(clock.here_ms);
    if ahead > milliseconds(MOST_BEHIND) {
        let fact = format!(
            "this machine's clock is {} behind the newest block",
            seconds(ahead)
        );
        return match clock.chain_clock {
            ChainClock::Wall => stops(
                Subject::Clock,
                format!("{fact}: its requests look too old, and others' as if from the future"),
                set_it,
            ),
            ChainClock::MayRunAhead => Finding::note(
                Subject::Clock,
                format!("{fact}; a devnet that makes blocks faster than their time is ahead of every clock"),
            ),
        };
    }
    let old = clock.here_ms.saturating_sub(clock.chain_ms);
    let usual = clock
        .block_time
        .saturating_mul(MOST_BLOCKS_OLD)
        .saturating_add(MOST_SECONDS_OLD);
    if old > milliseconds(usual) {
        let fact = format!(
            "by this machine's clock the newest block is {} old: the clock is ahead, the node is behind, or the chain \
             stands still",
            seconds(old)
        );
        return Finding::note(Subject::Clock, fact).with_remedy(format!(
            "compare `date -u` with another clock; when it is wrong, {set_it}; when it is right, try another node: --network"
        ));
    }
    Finding::passes(
        Subject::Clock,
        format!("by this machine's clock the newest block is {} old", seconds(old)),
    )
}

fn judge_nodes(nodes: &[EndpointHealth]) -> Vec<Finding> {
    let usable =
        |node: &&EndpointHealth| matches!(node.state, EndpointState::Active | EndpointState::Standby);
    let mut findings = Vec::new();
    if !nodes.is_empty() && nodes.iter().filter(usable).count() == 0 {
        findings.push(stops(
            Subject::Node,
            "none of the chain's nodes answers as it should".to_owned(),
            "name one that does: --network finney, or a ws:// address",
        ));
    }
    findings.extend(nodes.iter().map(judge_node));
    findings
}

fn judge_node(node: &EndpointHealth) -> Finding {
    let name = &node.endpoint;
    let error = node.last_error.as_deref().unwrap_or("it did not say why");
    match (node.state, node.lag, node.latency) {
        (EndpointState::OtherChain, ..) => Finding::note(
            Subject::Node,
            format!("{name} is of another chain and never asked"),
        )
        .with_remedy("take it out of --network"),
        (EndpointState::Resting, ..) => {
            Finding::note(Subject::Node, format!("{name} has just failed: {error}"))
        }
        (_, Some(lag), _) if lag > USUAL_LAG => Finding::note(
            Subject::Node,
            format!("{name} is {lag} blocks behind another node"),
        )
        .with_remedy("put a node that keeps up first: --network"),
        (_, _, Some(latency)) if latency > SLOW => Finding::note(
            Subject::Node,
            format!("{name} takes {} to answer", seconds(milliseconds(latency))),
        )
        .with_remedy("put a nearer node first: --network"),
        (EndpointState::Active, _, latency) => {
            let latency = latency.map_or_else(String::new, |time| format!(" within {} ms", time.as_millis()));
            Finding::passes(Subject::Node, format!("{name} answers{latency}"))
        }
        _ => Finding::passes(Subject::Node, format!("{name} stands by")),
    }
}

fn judge_key_file(file: &KeyFileReading) -> Finding {
    let path = file.path.display();
    match &file.state {
        FileState::Missing => stops(
            Subject::KeyFile,
            format!("there is no {path}"),
            "name the wallet that is there (assay wallet list), or make one: assay wallet new",
        ),
        FileState::Unreadable { reason } => stops(
            Subject::KeyFile,
            format!("{path} cannot be read: {reason}"),
            "let the user who runs the neuron own it",
        ),
        FileState::Mode(mode) if mode & 0o077 != 0 => Finding::note(
            Subject::KeyFile,
            format!(
                "{path} can be read or changed by others on this machine (mode {:03o})",
                mode & 0o777
            ),
        )
        .with_remedy(format!("chmod 600 {path}")),
        FileState::Mode(_) => Finding::passes(Subject::KeyFile, format!("{path} is its owner's alone")),
    }
}

fn judge_home(home: &HomeReading) -> Finding {
    let path = home.path.display();
    if let Err(reason) = &home.writable {
        return stops(
            Subject::Home,
            format!("nothing can be written in {path}: {reason}"),
            "let the user who runs the neuron own it, or name another folder: --home",
        );
    }
    let Some(free) = home.free_bytes else {
        return Finding::passes(Subject::Home, format!("{path} can be written"));
    };
    let fact = format!("{path} has {} MiB of room", free >> 20);
    let remedy = "make room, or name a folder on another disk: --home";
    match free {
        0..NO_ROOM => stops(Subject::Home, fact, remedy),
        NO_ROOM..LITTLE_ROOM => Finding::note(Subject::Home, fact).with_remedy(remedy),
        _ => Finding::passes(Subject::Home, fact),
    }
}

fn judge_axon(examination: &Examination<'_>, axon: &AxonReading) -> Vec<Finding> {
    let Circumstances {
        metagraph, hotkey, ..
    } = examination.circumstances;
    // A validator works without one; a miner that nobody finds does not.
    let verdict = match examination.role {
        Role::Miner => Verdict::Stops,
        Role::Validator => Verdict::Note,
    };
    let bad = |fact: String, remedy: String| Finding::new(Subject::Axon, verdict, fact).with_remedy(remedy);
    let shown = metagraph
        .by_hotkey(&hotkey)
        .and_then(|neuron| neuron.axon)
        .map(|axon| axon.address);
    let publish = "start the neuron with the address at which others reach it; it publishes by itself";
    let mut findings = vec![match (shown, axon.wanted) {
        (None, Some(wanted)) => bad(
            format!("no address is published, so nobody finds the axon at {wanted}"),
            publish.to_owned(),
        ),
        (None, None) => bad(
            "no address is published, so nobody can ask".to_owned(),
            publish.to_owned(),
        ),
        (Some(shown), Some(wanted)) if shown != wanted => bad(
            format!("the chain shows {shown}, and the axon is to be at {wanted}"),
            format!(
                "start the neuron with {wanted}; when it runs so already, another process publishes with this hotkey: stop it"
            ),
        ),
        (Some(shown), _) => Finding::passes(Subject::Axon, format!("published at {shown}")),
    }];
    let address = axon.wanted.or(shown);
    match (&axon.reached, address) {
        (Some(Ok(())), Some(address)) => {
            findings.push(Finding::passes(Subject::Axon, format!("answers at {address}")));
        }
        (Some(Err(reason)), Some(address)) => findings.push(bad(
            format!("it is not reached at {address}: {reason}"),
            format!(
                "let the neuron run, open port {} in the firewall and forward it to this machine; a router may not let \
                 a machine reach itself, so look from another one too: assay axon probe",
                address.port()
            ),
        )),
        _ => {}
    }
    findings
}
