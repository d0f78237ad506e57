//! Everything that a subnet's next epoch will read, as far as it is on chain now.

use crate::{
    AccountId, Block, BlockRef, ChainError, EpochSchedule, Metagraph, NetUid, Snapshot, Uid,
    runtime::number_value, snapshot::Query,
};
use assay_yuma::{
    BondsRule, CommitReveal, EpochInput, Hyperparameters, LiquidAlpha, Neuron, Row, activity_cutoff_blocks,
    coinbase::{PendingEmission, block_emission, root_proportion, split_block},
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Commits of one hotkey to digests, as the chain stores them: digest, epoch, block, and a number that is 0.
type HashCommits = Vec<([u8; 32], u64, u64, u64)>;

/// Timelocked commits of one epoch, as the chain stores them: hotkey, block, ciphertext, round.
type TimelockedCommits = Vec<([u8; 32], u64, Vec<u8>, u64)>;

/// What a validator that weighs its next step needs to know of a subnet: the input of its next epoch.
///
/// Caveat: weights that are still sealed by commit-reveal are not in it, and it is of mechanism 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochForecast {
    /// The subnet.
    pub netuid: NetUid,
    /// The block at which it was read.
    pub block: BlockRef,
    /// Who has which uid.
    pub hotkeys: Vec<AccountId>,
    /// The next epoch, as if nobody did anything before it.
    pub input: EpochInput,
    /// What it will split, by whom it is for.
    pub pending: PendingEmission,
    /// What a later epoch would split.
    pub per_tempo: PendingEmission,
    /// `Consensus` as the last epoch stored it.
    pub last_consensus: Vec<u16>,
    /// `Incentive` as the last epoch stored it.
    pub last_incentive: Vec<u16>,
    /// Epochs between a commitment and its reveal.
    pub reveal_period_epochs: u64,
}

impl Snapshot {
    /// What a subnet's next epoch will read.
    ///
    /// # Errors
    ///
    /// [`ChainError::NoSubnet`] when there is none; otherwise when the node does not answer, or the chain stores something
    /// in an unknown shape.
    pub async fn epoch_forecast(&self, netuid: NetUid) -> Result<EpochForecast, ChainError> {
        let (metagraph, schedule) = tokio::try_join!(self.metagraph(netuid), self.epoch_schedule(netuid))?;
        // A subnet without a tempo is looked at as if an epoch ran in the next block.
        let next = schedule
            .next_epoch_block
            .unwrap_or(Block(self.block.number.0.saturating_add(1)));
        let (facts, weights, bonds) = tokio::try_join!(
            self.epoch_facts(netuid, &schedule, next),
            self.weights(netuid),
            self.bonds(netuid),
        )?;
        let commits = match facts.hyperparameters.commit_reveal {
            CommitReveal::Enabled => {
                let epoch = schedule.epoch_index.unwrap_or_default().saturating_add(1);
                self.earliest_commits(netuid, epoch, facts.reveal_period_epochs)
                    .await?
            }
            CommitReveal::Disabled => HashMap::new(),
        };
        let weights = weights.into_iter().map(|row| (row.uid, plain(row.entries)));
        let bonds = bonds.into_iter().map(|row| (row.uid, plain(row.entries)));
        Ok(facts.forecast(&metagraph, next, weights.collect(), bonds.collect(), &commits))
    }

    async fn epoch_facts(
        &self,
        netuid: NetUid,
        schedule: &EpochSchedule,
        next: Block,
    ) -> Result<Facts, ChainError> {
        let mut query = Query::default();
        let subnet = || [number_value(netuid.0)];
        let kappa = query.subtensor::<u16>("Kappa", subnet());
        let bonds_penalty = query.subtensor::<u16>("BondsPenalty", subnet());
        let bonds_moving_average = query.subtensor::<u64>("BondsMovingAverage", subnet());
        let yuma3 = query.subtensor::<bool>("Yuma3On", subnet());
        let liquid = query.subtensor::<bool>("LiquidAlphaOn", subnet());
        let alpha_values = query.subtensor::<(u16, u16)>("AlphaValues", subnet());
        let steepness = query.subtensor::<i16>("AlphaSigmoidSteepness", subnet());
        let max_validators = query.subtensor::<u16>("MaxAllowedValidators", subnet());
        let cutoff_factor = query.subtensor::<u32>("ActivityCutoffFactorMilli", subnet());
        let cutoff_blocks = query.subtensor::<u16>("ActivityCutoff", subnet());
        let stake_threshold = query.subtensor::<u64>("StakeThreshold", []);
        let tao_weight = query.subtensor::<u64>("TaoWeight", []);
        let commit_reveal = query.subtensor::<bool>("CommitRevealWeightsEnabled", subnet());
        let reveal_period = query.subtensor::<u64>("RevealPeriodEpochs", subnet());
        let last_step = query.subtensor::<u64>("LastMechansimStepBlock", subnet());
        let server = query.subtensor::<u64>("PendingServerEmission", subnet());
        let validator = query.subtensor::<u64>("PendingValidatorEmission", subnet());
        let root = query.subtensor::<u64>("PendingRootAlphaDivs", subnet());
        let alpha_in = query.subtensor::<u64>("SubnetAlphaIn", subnet());
        let alpha_out = query.subtensor::<u64>("SubnetAlphaOut", subnet());
        let root_tao = query.subtensor::<u64>("SubnetTAO", [number_value(NetUid::ROOT.0)]);
        let owner_cut = query.subtensor::<u16>("SubnetOwnerCut", []);
        let takes_cut = query.subtensor::<bool>("OwnerCutEnabled", subnet());
        let first_emission = query.subtensor::<u64>("FirstEmissionBlockNumber", subnet());
        let started = query.subtensor::<bool>("SubtokenEnabled", subnet());
        let open = query.subtensor::<bool>("NetworkRegistrationAllowed", subnet());
        let answer = self.read(query).await?;

        let (low, high) = answer.get(alpha_values)?.unwrap_or_default();
        let rule = BondsRule::from_switches(
            answer.get(yuma3)?.unwrap_or_default(),
            answer.get(liquid)?.unwrap_or_default(),
            LiquidAlpha {
                low,
                high,
                sigmoid_steepness: answer.get(steepness)?.unwrap_or(1000),
            },
        );
        let tempo = schedule.tempo;
        let tao_weight = answer.get(tao_weight)?.unwrap_or_default();
        let emits = answer.get(first_emission)?.is_some()
            && answer.get(started)?.unwrap_or_default()
            && answer.get(open)?.unwrap_or_default();
        let mut gathering = Gathering {
            pending: PendingEmission {
                server: answer.get(server)?.unwrap_or_default(),
                validator: answer.get(validator)?.unwrap_or_default(),
                root: answer.get(root)?.unwrap_or_default(),
            },
            alpha: answer
                .get(alpha_in)?
                .unwrap_or_default()
                .saturating_add(answer.get(alpha_out)?.unwrap_or_default()),
            root_tao: answer.get(root_tao)?.unwrap_or_default(),
            tao_weight,
            owner_cut: if answer.get(takes_cut)?.unwrap_or(true) {
                answer.get(owner_cut)?.unwrap_or_default()
            } else {
                0
            },
        };
        let mut per_tempo = PendingEmission::default();
        if emits {
            // A block mints first and then runs its epoch.
            gathering.blocks(next.since(self.block.number));
            let mut later = Gathering {
                pending: PendingEmission::default(),
                ..gathering
            };
            later.blocks(u64::from(tempo));
            per_tempo = later.pending;
        }
        Ok(Facts {
            hyperparameters: Hyperparameters {
                kappa: answer.need(kappa)?,
                bonds_penalty: answer.get(bonds_penalty)?.unwrap_or_default(),
                bonds_moving_average: answer.need(bonds_moving_average)?,
                bonds_rule: rule,
                max_allowed_validators: answer.need(max_validators)?,
                tempo,
                activity_cutoff_blocks: match answer.get(cutoff_factor)? {
                    Some(factor) => activity_cutoff_blocks(factor, tempo),
                    None => u64::from(answer.need(cutoff_blocks)?),
                },
                stake_threshold: answer.get(stake_threshold)?.unwrap_or_default(),
                tao_weight,
                commit_reveal: if answer.get(commit_reveal)?.unwrap_or_default() {
                    CommitReveal::Enabled
                } else {
                    CommitReveal::Disabled
                },
            },
            last_step: answer.get(last_step)?.unwrap_or_default(),
            pending: gathering.pending,
            per_tempo,
            reveal_period_epochs: answer.get(reveal_period)?.unwrap_or(1),
        })
    }

    /// The block of every hotkey's earliest commitment that can still be revealed in an epoch.
    async fn earliest_commits(
        &self,
        netuid: NetUid,
        epoch: u64,
        period: u64,
    ) -> Result<HashMap<AccountId, u64>, ChainError> {
        let subnet = || vec![number_value(netuid.0)];
        let hotkey = |key: &[u8]| {
            let account = AccountId(*key.last_chunk()?);
            Some((account, crate::runtime::account_value(&account)))
        };
        let committed = |key: &[u8]| {
            let epoch = u64::from_le_bytes(*key.last_chunk()?);
            Some((epoch, number_value(epoch)))
        };
        let hashed: Vec<(AccountId, HashCommits)> = self
            .map("SubtensorModule", "WeightCommits", subnet(), hotkey)
            .await?;
        let timelocked: Vec<(u64, TimelockedCommits)> = self
            .map("SubtensorModule", "TimelockedWeightCommits", subnet(), committed)
            .await?;
        let hashed = hashed.into_iter().flat_map(|(hotkey, commits)| {
            commits
                .into_iter()
                .map(move |(_, committed, block, _)| (hotkey, committed, block))
        });
        let timelocked = timelocked.into_iter().flat_map(|(committed, commits)| {
            commits
                .into_iter()
                .map(move |(hotkey, block, _, _)| (AccountId(hotkey), committed, block))
        });
        let mut earliest = HashMap::new();
        for (hotkey, committed, block) in hashed.chain(timelocked) {
            if epoch <= committed.saturating_add(period) {
                let known = earliest.entry(hotkey).or_insert(block);
                *known = block.min(*known);
            }
        }
        Ok(earliest)
    }
}

fn plain(entries: Vec<(Uid, u16)>) -> Row {
    entries.into_iter().map(|(uid, value)| (uid.0, value)).collect()
}

/// What is read besides neurons and their rows.
struct Facts {
    hyperparameters: Hyperparameters,
    last_step: u64,
    pending: PendingEmission,
    per_tempo: PendingEmission,
    reveal_period_epochs: u64,
}

impl Facts {
    fn forecast(
        self,
        metagraph: &Metagraph,
        next: Block,
        mut weights: HashMap<Uid, Row>,
        mut bonds: HashMap<Uid, Row>,
        commits: &HashMap<AccountId, u64>,
    ) -> EpochForecast {
        let neurons = metagraph.neurons.iter().map(|neuron| Neuron {
            alpha_stake: neuron.alpha_stake.0,
            root_stake: neuron.tao_stake.0,
            block_at_registration: neuron.registered_at.0,
            last_update: neuron.last_update.0,
            validator_permit: neuron.validator_permit,
            weights: weights.remove(&neuron.uid).unwrap_or_default(),
            bonds: bonds.remove(&neuron.uid).unwrap_or_default(),
            earliest_commit: commits.get(&neuron.hotkey).copied(),
        });
        EpochForecast {
            netuid: metagraph.netuid,
            block: metagraph.block,
            hotkeys: metagraph.neurons.iter().map(|neuron| neuron.hotkey).collect(),
            input: EpochInput {
                block: next.0,
                last_mechanism_step_block: self.last_step,
                rao_emission: self.pending.total(),
                hyperparameters: self.hyperparameters,
                owner_uid: metagraph.owner_neuron().map(|neuron| neuron.uid.0),
                neurons: neurons.collect(),
            },
            pending: self.pending,
            per_tempo: self.per_tempo,
            last_consensus: metagraph.neurons.iter().map(|neuron| neuron.consensus).collect(),
            last_incentive: metagraph.neurons.iter().map(|neuron| neuron.incentive).collect(),
            reveal_period_epochs: self.reveal_period_epochs,
        }
    }
}

/// How a subnet's emission gathers from block to block.
#[derive(Clone, Copy)]
struct Gathering {
    pending: PendingEmission,
    /// All alpha that there is of the subnet, in the pool and outside.
    alpha: u64,
    root_tao: u64,
    tao_weight: u64,
    owner_cut: u16,
}

impl Gathering {
    fn blocks(&mut self, count: u64) {
        for _ in 0..count {
            let minted = block_emission(self.alpha);
            let root = root_proportion(self.root_tao, self.tao_weight, self.alpha);
            let split = split_block(minted, self.owner_cut, root);
            self.pending.server = self.pending.server.saturating_add(split.server);
            self.pending.validator = self.pending.validator.saturating_add(split.validator);
            // What root would get is recycled while alpha is cheap.
            self.alpha = self.alpha.saturating_add(minted.saturating_sub(split.root));
        }
    }
}
