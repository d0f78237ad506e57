//! What a subnet asks of its neurons.

use crate::{
    Alpha, ChainError, Hyperparameters, NetUid, Rao, Registration, Snapshot, SubnetPhase, WeightSubmission,
    runtime::number_value, snapshot::Query,
};

impl Snapshot {
    /// A subnet's hyperparameters, read in one request that all who ask at the same block share.
    ///
    /// # Errors
    ///
    /// [`ChainError::NoSubnet`] when there is none; otherwise when the node does not answer, or the chain lacks one
    /// that every chain has.
    pub async fn hyperparameters(&self, netuid: NetUid) -> Result<Hyperparameters, ChainError> {
        let read = self.read_hyperparameters(netuid);
        let hyperparameters = self
            .shared
            .hyperparameters
            .get(self.block.hash, netuid, read)
            .await?;
        Ok((*hyperparameters).clone())
    }

    async fn read_hyperparameters(&self, netuid: NetUid) -> Result<Hyperparameters, ChainError> {
        let mut query = Query::default();
        let subnet = || [number_value(netuid.0)];
        let added = query.subtensor::<bool>("NetworksAdded", subnet());
        let tempo = query.subtensor::<u16>("Tempo", subnet());
        let min_allowed_weights = query.subtensor::<u16>("MinAllowedWeights", subnet());
        let weights_rate_limit = query.subtensor::<u64>("WeightsSetRateLimit", subnet());
        let weights_version_key = query.subtensor::<u64>("WeightsVersionKey", subnet());
        let commit_reveal = query.subtensor::<bool>("CommitRevealWeightsEnabled", subnet());
        let reveal_period = query.subtensor::<u64>("RevealPeriodEpochs", subnet());
        let stake_threshold = query.subtensor::<u64>("StakeThreshold", []);
        let immunity_period = query.subtensor::<u16>("ImmunityPeriod", subnet());
        let max_neurons = query.subtensor::<u16>("MaxAllowedUids", subnet());
        let max_validators = query.subtensor::<u16>("MaxAllowedValidators", subnet());
        let kappa = query.subtensor::<u16>("Kappa", subnet());
        let rho = query.subtensor::<u16>("Rho", subnet());
        let bonds_moving_average = query.subtensor::<u64>("BondsMovingAverage", subnet());
        let bonds_penalty = query.subtensor::<u16>("BondsPenalty", subnet());
        let cutoff_factor = query.subtensor::<u32>("ActivityCutoffFactorMilli", subnet());
        let cutoff_blocks = query.subtensor::<u16>("ActivityCutoff", subnet());
        let serving_rate_limit = query.subtensor::<u64>("ServingRateLimit", subnet());
        let burn = query.subtensor::<u64>("Burn", subnet());
        let min_burn = query.subtensor::<u64>("MinBurn", subnet());
        let max_burn = query.subtensor::<u64>("MaxBurn", subnet());
        let burn_half_life = query.subtensor::<u16>("BurnHalfLife", subnet());
        let open = query.subtensor::<bool>("NetworkRegistrationAllowed", subnet());
        let started = query.subtensor::<bool>("SubtokenEnabled", subnet());
        let liquid_alpha = query.subtensor::<bool>("LiquidAlphaOn", subnet());
        let alpha_values = query.subtensor::<(u16, u16)>("AlphaValues", subnet());
        let yuma3 = query.subtensor::<bool>("Yuma3On", subnet());

        let answer = self.read(query).await?;
        if !answer.get(added)?.unwrap_or_default() {
            return Err(ChainError::NoSubnet { netuid });
        }
        let tempo = answer.need(tempo)?;
        let weight_submission = if answer.get(commit_reveal)?.unwrap_or_default() {
            WeightSubmission::CommitReveal {
                reveal_period_epochs: answer.get(reveal_period)?.unwrap_or(1),
            }
        } else {
            WeightSubmission::Direct
        };
        // Today's chain scales the cutoff with the tempo; older ones store blocks.
        let activity_cutoff = match answer.get(cutoff_factor)? {
            Some(factor) => u64::from(factor) * u64::from(tempo) / 1000,
            None => u64::from(answer.need(cutoff_blocks)?),
        };
        Ok(Hyperparameters {
            netuid,
            block: self.block,
            tempo,
            min_allowed_weights: answer.need(min_allowed_weights)?,
            weights_rate_limit: answer.need(weights_rate_limit)?,
            weights_version_key: answer.need(weights_version_key)?,
            weight_submission,
            stake_threshold: Alpha(answer.get(stake_threshold)?.unwrap_or_default()),
            immunity_period: answer.need(immunity_period)?,
            max_neurons: answer.need(max_neurons)?,
            max_validators: answer.need(max_validators)?,
            kappa: answer.need(kappa)?,
            rho: answer.get(rho)?.unwrap_or_default(),
            bonds_moving_average: answer.need(bonds_moving_average)?,
            bonds_penalty: answer.get(bonds_penalty)?.unwrap_or_default(),
            activity_cutoff,
            serving_rate_limit: answer.need(serving_rate_limit)?,
            burn: Rao(answer.need(burn)?),
            min_burn: Rao(answer.need(min_burn)?),
            max_burn: Rao(answer.need(max_burn)?),
            burn_half_life: answer.get(burn_half_life)?,
            registration: if answer.need(open)? {
                Registration::Open
            } else {
                Registration::Closed
            },
            phase: phase(answer.get(started)?),
            liquid_alpha: match answer.get(liquid_alpha)? {
                Some(true) => answer.get(alpha_values)?,
                _ => None,
            },
            yuma_version: if answer.get(yuma3)?.unwrap_or_default() {
                3
            } else {
                2
            },
        })
    }
}

/// Older chains have no start: there every subnet runs.
pub(super) fn phase(started: Option<bool>) -> SubnetPhase {
    if started.unwrap_or(true) {
        SubnetPhase::Started
    } else {
        SubnetPhase::Created
    }
}
