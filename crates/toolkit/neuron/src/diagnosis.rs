//! Why a hotkey cannot set weights now: every check of the chain in its order, each with its figures, and what to do.
//!
//! Where [`preflight`](crate::preflight) stops at the first refusal because a row must not be sent, this looks at all of
//! them, because who asks wants to mend everything in one go.

use crate::preflight::{self, Facts, Refusal};
use assay_chain::{
    AccountId, Alpha, Block, BlockRef, EpochSchedule, Hyperparameters, Metagraph, NetUid, Neuron,
    Registration, SubnetPhase, Uid, WeightSubmission,
};
use serde::Serialize;
use std::time::Duration;

/// What a diagnosis looks at, all read at one block.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// The subnet's neurons.
    pub metagraph: &'a Metagraph,
    /// The subnet's rules.
    pub hyperparameters: &'a Hyperparameters,
    /// When its epochs run.
    pub epochs: &'a EpochSchedule,
    /// The time between two blocks.
    pub block_time: Duration,
    /// Who wants to set weights.
    pub hotkey: AccountId,
    /// The version key that would be sent; the one that the subnet asks for when nothing is said.
    pub version_key: Option<u64>,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Subject {
    /// Whether the subnet runs.
    Subnet,
    /// In the open, or committed first.
    Mode,
    /// The slot.
    Registration,
    /// Stake against the chain's threshold.
    Stake,
    /// The version key.
    VersionKey,
    /// Blocks since the last row.
    RateLimit,
    /// The validator's permit.
    Permit,
    /// How many entries a row must have.
    RowLength,
    /// Whether others can reach it.
    Axon,
    /// Whether the last row still counts.
    Activity,
    /// This machine's clock against the chain's.
    Clock,
    /// A node of the chain.
    Node,
    /// A file of the wallet.
    KeyFile,
    /// The folder of the neuron's state.
    Home,
}

/// How a finding stands to the work: setting weights, or for a miner being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All is well: the chain would be content.
    Passes,
    /// It does not work like this: the chain would refuse, or nobody can ask.
    Stops,
    /// No hindrance, but worth knowing.
    Note,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What it is about.
    pub subject: Subject,
    /// How it stands.
    pub verdict: Verdict,
    /// What is so, with the figures.
    pub fact: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// How many blocks to wait, where waiting helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks_left: Option<u64>,
}

/// Everything that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// The subnet.
    pub netuid: NetUid,
    /// The block at which it was looked at.
    pub block: BlockRef,
    /// Who.
    pub hotkey: AccountId,
    /// Its slot; nothing when it has none.
    pub uid: Option<Uid>,
    /// Whether the chain would take a row that is well made.
    pub can_set_weights: bool,
    /// The findings, in the order in which the chain checks.
    pub findings: Vec<Finding>,
}

/// Looks at all checks.
pub fn diagnose(circumstances: &Circumstances<'_>) -> Diagnosis {
    let Circumstances {
        metagraph, hotkey, ..
    } = *circumstances;
    let validator = metagraph.by_hotkey(&hotkey);
    let mut findings = vec![subnet(circumstances), mode(circumstances)];
    let facts = Facts {
        metagraph,
        hyperparameters: circumstances.hyperparameters,
        validator,
        version_key: circumstances
            .version_key
            .unwrap_or(circumstances.hyperparameters.weights_version_key),
    };
    findings.push(registration(circumstances, &facts));
    // Without a slot there is nothing more to look at but the version.
    if let Some(validator) = validator {
        findings.push(stake(&facts, validator));
    }
    findings.push(version(&facts));
    if let Some(validator) = validator {
        findings.push(rate(circumstances, &facts, validator));
        findings.push(permit(circumstances, &facts, validator));
        findings.push(row_length(&facts));
        findings.push(axon(validator));
        findings.push(activity(circumstances, validator));
    }
    Diagnosis {
        netuid: metagraph.netuid,
        block: metagraph.block,
        hotkey,
        uid: validator.map(|validator| validator.uid),
        can_set_weights: findings.iter().all(|finding| finding.verdict != Verdict::Stops),
        findings,
    }
}

impl Circumstances<'_> {
    /// Blocks, and the time they take.
    fn told(&self, blocks: u64) -> String {
        let milliseconds = u128::from(blocks) * self.block_time.as_millis();
        let seconds = u64::try_from(milliseconds / 1000).unwrap_or(u64::MAX);
        let time = match (seconds / 3600, seconds % 3600 / 60, seconds % 60) {
            (0, 0, 0) => format!("{milliseconds} ms"),
            (0, 0, seconds) => format!("{seconds} s"),
            (0, minutes, seconds) => format!("{minutes} m {seconds} s"),
            (hours, minutes, _) => format!("{hours} h {minutes} m"),
        };
        let plural = if blocks == 1 { "block" } else { "blocks" };
        format!("{blocks} {plural} ({time})")
    }

    /// Blocks until the next epoch.
    fn blocks_until_epoch(&self) -> Option<u64> {
        let next = self.epochs.next_epoch_block?;
        Some(next.since(self.metagraph.block.number))
    }

    fn next_epoch_told(&self) -> String {
        match (self.epochs.next_epoch_block, self.blocks_until_epoch()) {
            (Some(next), Some(blocks)) => format!("the next epoch at block {next}, in {}", self.told(blocks)),
            _ => "an epoch, of which there are none: the tempo is 0".to_owned(),
        }
    }
}

impl Finding {
    pub(crate) fn new(subject: Subject, verdict: Verdict, fact: String) -> Self {
        Self {
            subject,
            verdict,
            fact,
            remedy: None,
            blocks_left: None,
        }
    }

    pub(crate) fn passes(subject: Subject, fact: String) -> Self {
        Self::new(subject, Verdict::Passes, fact)
    }

    pub(crate) fn note(subject: Subject, fact: String) -> Self {
        Self::new(subject, Verdict::Note, fact)
    }

    fn stops(subject: Subject, refusal: &Refusal) -> Self {
        Self::new(subject, Verdict::Stops, refusal.to_string()).with_remedy(refusal.hint())
    }

    pub(crate) fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

fn subnet(circumstances: &Circumstances<'_>) -> Finding {
    let metagraph = circumstances.metagraph;
    if let Err(refusal) = preflight::check_network(&Facts {
        metagraph,
        hyperparameters: circumstances.hyperparameters,
        validator: None,
        version_key: 0,
    }) {
        return Finding::stops(Subject::Subnet, &refusal);
    }
    match circumstances.hyperparameters.phase {
        SubnetPhase::Started => Finding::passes(
            Subject::Subnet,
            format!("subnet {} has been started", metagraph.netuid),
        ),
        SubnetPhase::Created => Finding::note(
            Subject::Subnet,
            format!(
                "subnet {} has not been started: nobody can stake, and epochs pay nothing",
                metagraph.netuid
            ),
        )
        .with_remedy(format!(
            "its owner {} starts it: assay subnet start --netuid {}",
            metagraph.owner_coldkey, metagraph.netuid
        )),
    }
}

fn mode(circumstances: &Circumstances<'_>) -> Finding {
    let rules = circumstances.hyperparameters;
    match rules.weight_submission {
        WeightSubmission::Direct => Finding::passes(Subject::Mode, "weights are set in the open".to_owned()),
        WeightSubmission::CommitReveal { reveal_period_epochs } => {
            let hidden = reveal_period_epochs.saturating_mul(u64::from(rules.tempo));
            let fact = format!(
                "weights are committed, and revealed {reveal_period_epochs} epochs later, after {}",
                circumstances.told(hidden)
            );
            if u64::from(rules.immunity_period) <= hidden {
                return Finding::note(
                    Subject::Mode,
                    format!(
                        "{fact}; the immunity of {} ends before newcomers' weights are seen",
                        circumstances.told(u64::from(rules.immunity_period))
                    ),
                )
                .with_remedy("the subnet's owner should set an immunity_period longer than that");
            }
            Finding::passes(Subject::Mode, fact)
        }
    }
}

fn registration(circumstances: &Circumstances<'_>, facts: &Facts<'_>) -> Finding {
    match preflight::check_registered(facts) {
        Ok(validator) => Finding::passes(
            Subject::Registration,
            format!(
                "registered as uid {} since block {}",
                validator.uid, validator.registered_at
            ),
        ),
        Err(refusal) => {
            let rules = circumstances.hyperparameters;
            let remedy = match rules.registration {
                Registration::Open => format!(
                    "assay subnet register --netuid {}, for {} now",
                    rules.netuid, rules.burn
                ),
                Registration::Closed => "the subnet takes no registrations now; ask its owner".to_owned(),
            };
            Finding::stops(Subject::Registration, &refusal).with_remedy(remedy)
        }
    }
}

fn stake(facts: &Facts<'_>, validator: &Neuron) -> Finding {
    let (stake, threshold) = (validator.total_stake, facts.hyperparameters.stake_threshold);
    match preflight::check_stake(facts, validator) {
        Ok(()) if preflight::is_owner(facts, validator) && stake < threshold => Finding::passes(
            Subject::Stake,
            format!(
                "{stake} is below the threshold of {threshold}, from which the subnet owner's hotkey is exempt"
            ),
        ),
        Ok(()) => Finding::passes(
            Subject::Stake,
            format!("{stake} of stake weight, the chain asks for {threshold}"),
        ),
        Err(refusal) => Finding::stops(Subject::Stake, &refusal).with_remedy(format!(
            "stake {} more on the hotkey: assay stake add --netuid {}",
            threshold.saturating_sub(stake),
            facts.metagraph.netuid
        )),
    }
}

fn version(facts: &Facts<'_>) -> Finding {
    let required = facts.hyperparameters.weights_version_key;
    match preflight::check_version(facts) {
        Err(refusal) => Finding::stops(Subject::VersionKey, &refusal),
        Ok(()) if required == 0 => Finding::passes(
            Subject::VersionKey,
            "the subnet takes every version key".to_owned(),
        ),
        Ok(()) => Finding::passes(
            Subject::VersionKey,
            format!(
                "version key {} passes, the subnet asks for {required} or more",
                facts.version_key
            ),
        ),
    }
}

fn rate(circumstances: &Circumstances<'_>, facts: &Facts<'_>, validator: &Neuron) -> Finding {
    let limit = facts.hyperparameters.weights_rate_limit;
    match preflight::check_rate(facts, validator) {
        Err(refusal) => {
            let mut finding = Finding::stops(Subject::RateLimit, &refusal);
            if let Refusal::TooSoon { last, blocks_left } = refusal {
                let first = Block(
                    facts
                        .metagraph
                        .block
                        .number
                        .0
                        .saturating_add(blocks_left)
                        .saturating_add(1),
                );
                finding.fact = format!(
                    "the last row, or the registration, was at block {last}; the limit is one in {}",
                    circumstances.told(limit)
                );
                finding.remedy = Some(format!(
                    "wait {}: block {first} takes the next",
                    circumstances.told(blocks_left)
                ));
                finding.blocks_left = Some(blocks_left);
            }
            finding
        }
        Ok(()) if validator.last_update == Block(0) => Finding::passes(
            Subject::RateLimit,
            format!("no row yet; later one in {}", circumstances.told(limit)),
        ),
        Ok(()) => Finding::passes(
            Subject::RateLimit,
            format!(
                "{} since the last row or the registration, the limit is {limit}",
                circumstances.told(facts.metagraph.block.number.since(validator.last_update))
            ),
        ),
    }
}

/// Where a stake stands among all, as the next epoch counts: those below the threshold count as nothing, and of equal
/// stakes the higher uid comes first.
fn rank(metagraph: &Metagraph, threshold: Alpha, validator: &Neuron) -> usize {
    let counted = |neuron: &Neuron| {
        if neuron.total_stake < threshold && neuron.hotkey != metagraph.owner_hotkey {
            Alpha::ZERO
        } else {
            neuron.total_stake
        }
    };
    let place = (counted(validator), validator.uid);
    let before = |neuron: &&Neuron| (counted(neuron), neuron.uid) > place;
    1 + metagraph.neurons.iter().filter(before).count()
}

fn permit(circumstances: &Circumstances<'_>, facts: &Facts<'_>, validator: &Neuron) -> Finding {
    let metagraph = facts.metagraph;
    let allowed = usize::from(facts.hyperparameters.max_validators);
    let threshold = facts.hyperparameters.stake_threshold;
    let rank = rank(metagraph, threshold, validator);
    let place = format!("stake rank {rank} of {}, {allowed} permits", metagraph.size());
    let stays = rank <= allowed && validator.total_stake > Alpha::ZERO;
    let owner = preflight::is_owner(facts, validator);
    if validator.validator_permit && (stays || owner) {
        return Finding::passes(Subject::Permit, format!("has a validator permit; {place}"));
    }
    if owner {
        return Finding::passes(
            Subject::Permit,
            format!("the subnet owner's hotkey needs none; {place}"),
        );
    }
    // What the last of those who get one has; to beat it takes one unit more.
    let mut stakes: Vec<Alpha> = metagraph
        .neurons
        .iter()
        .filter(|neuron| neuron.uid != validator.uid)
        .map(|neuron| neuron.total_stake)
        .collect();
    stakes.sort_unstable_by(|left, right| right.cmp(left));
    let last = allowed
        .checked_sub(1)
        .and_then(|place| stakes.get(place).copied());
    let needed = Alpha(last.unwrap_or_default().0.saturating_add(1).max(threshold.0));
    let more = needed.saturating_sub(validator.total_stake);
    let netuid = metagraph.netuid;
    if validator.validator_permit {
        return Finding::note(
            Subject::Permit,
            format!("has a validator permit, but loses it at the next epoch: {place}"),
        )
        .with_remedy(format!(
            "stake {more} more before then: assay stake add --netuid {netuid}"
        ));
    }
    let mut finding = Finding::stops(Subject::Permit, &Refusal::NoPermit { uid: validator.uid });
    finding.blocks_left = circumstances.blocks_until_epoch();
    let epoch = circumstances.next_epoch_told();
    if stays {
        finding.fact = format!("has no validator permit yet; {place}, so the stake is enough");
        finding.remedy = Some(format!("wait for {epoch}"));
    } else {
        finding.fact = if needed == Alpha(1) {
            format!("has no validator permit, and no stake: {place}")
        } else {
            format!(
                "has no validator permit: {place}; to be among them takes {needed}, and there are {}",
                validator.total_stake
            )
        };
        // Where there are more permits than stakes, any stake is enough.
        let how_much = if needed == Alpha(1) {
            "anything".to_owned()
        } else {
            format!("{more} more")
        };
        finding.remedy = Some(format!(
            "stake {how_much} on the hotkey (assay stake add --netuid {netuid}), then wait for {epoch}"
        ));
    }
    finding
}

fn row_length(facts: &Facts<'_>) -> Finding {
    let neurons = facts.metagraph.size();
    let minimum = neurons.min(usize::from(facts.hyperparameters.min_allowed_weights));
    Finding::passes(
        Subject::RowLength,
        format!("a row needs {minimum} entries or more, and may have one for each of {neurons} neurons"),
    )
}

fn axon(validator: &Neuron) -> Finding {
    match &validator.axon {
        Some(axon) => Finding::passes(Subject::Axon, format!("published at {}", axon.address)),
        None => Finding::note(
            Subject::Axon,
            "no axon is published; setting weights needs none, miners that call validators do".to_owned(),
        ),
    }
}

fn activity(circumstances: &Circumstances<'_>, validator: &Neuron) -> Finding {
    let cutoff = circumstances.hyperparameters.activity_cutoff.max(1);
    let now = circumstances.metagraph.block.number;
    let silent = now.since(validator.last_update);
    if silent > cutoff {
        return Finding::note(
            Subject::Activity,
            format!(
                "silent for {}, longer than the cut-off of {cutoff}: its stake and weights do not count",
                circumstances.told(silent)
            ),
        )
        .with_remedy("set weights");
    }
    Finding::passes(
        Subject::Activity,
        format!(
            "counts as active for another {}",
            circumstances.told(cutoff.saturating_sub(silent))
        ),
    )
}
