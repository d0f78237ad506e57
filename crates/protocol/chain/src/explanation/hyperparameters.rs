//! Changing what a subnet asks of its neurons.

use super::{NEVER, errors};
use crate::Retry;

errors! {
    "SubtensorModule" {
        AdminActionProhibitedDuringWeightsWindow Retry::AfterBlocks(10),
            "Hyperparameters are frozen in the last blocks before an epoch, for root as well.",
            "try again after the epoch; on a devnet with short epochs set AdminUtils.sudo_set_admin_freeze_window to 0";
        TxRateLimitExceeded Retry::AfterBlocks(720),
            "This was done too recently.",
            "wait: an owner changes one hyperparameter once in two tempos, sets children once in 150 blocks";
        LiquidAlphaDisabled NEVER,
            "Liquid alpha is off, so its bounds cannot be set.",
            "switch it on first: `assay subnet hyperparams set liquid_alpha_enabled true`";
        AlphaHighTooLow NEVER,
            "The upper bound of liquid alpha is too low.",
            "use at least 1638 of 65535 (0.025), and no less than the lower bound";
        AlphaLowOutOfRange NEVER,
            "The lower bound of liquid alpha is out of range.",
            "use at least 1638 of 65535 (0.025), and no more than the upper bound";
        ActivityCutoffTooLow NEVER,
            "The activity cut-off is too short.",
            "use more blocks; today's chain has a factor of the tempo instead, activity_cutoff_factor";
        ActivityCutoffFactorMilliOutOfBounds NEVER,
            "The activity cut-off's factor is out of bounds.",
            "use 1000 to 50000 thousandths of a tempo";
        TempoOutOfBounds NEVER,
            "The tempo is out of bounds.",
            "an owner may choose 360 to 50400 blocks; root may set any";
        EpochTriggerAlreadyPending Retry::AfterBlocks(10),
            "An epoch was asked for already.",
            "wait for it: it runs after the freeze window";
        AutoEpochAlreadyImminent Retry::AfterBlocks(10),
            "The next epoch comes by itself before a triggered one could.",
            "wait for it";
        DynamicTempoBlockedByCommitReveal NEVER,
            "With commit-reveal on, the tempo cannot be changed and no epoch triggered.",
            "switch commit-reveal off first: reveal rounds were computed for the old schedule";
        InvalidValue NEVER,
            "The value is outside its bounds.",
            "`assay subnet hyperparams` shows the bounds";
    }
    "AdminUtils" {
        MaxValidatorsLargerThanMaxUIds NEVER,
            "There would be more validators than neurons.",
            "allow at most as many validators as neurons (max_allowed_uids)";
        MaxAllowedUIdsLessThanCurrentUIds NEVER,
            "There are more neurons already than would be allowed.",
            "choose a number that is no smaller than the neurons there are, or trim the subnet";
        BondsMovingAverageMaxReached NEVER,
            "The bonds' moving average is too slow for an owner to set.",
            "use at most 975000 parts per million; root may go further";
        NegativeSigmoidSteepness NEVER,
            "The steepness of liquid alpha is negative.",
            "an owner may set 0 and more; root may set any";
        ValueNotInBounds NEVER,
            "The value is outside its bounds.",
            "`assay subnet hyperparams` shows the bounds";
        MinAllowedUidsGreaterThanCurrentUids NEVER,
            "The least number of neurons would be more than there are.",
            "choose a number that is no larger than the neurons there are";
        MinAllowedUidsGreaterThanMaxAllowedUids NEVER,
            "The least number of neurons would be more than the most.",
            "raise max_allowed_uids first, or choose a smaller number";
        MaxAllowedUidsLessThanMinAllowedUids NEVER,
            "The most neurons would be fewer than the least.",
            "use at least MinAllowedUids, 64 unless root changed it";
        MaxAllowedUidsGreaterThanDefaultMaxAllowedUids NEVER,
            "A subnet cannot have so many neurons.",
            "use at most 256, shared among its mechanisms";
        InvalidValue NEVER,
            "The value makes no sense for this setting.",
            "`assay subnet hyperparams` shows the bounds";
        NotPermittedOnRootSubnet NEVER,
            "Root does not have this setting.",
            "choose a subnet other than 0";
        POWRegistrationDisabled NEVER,
            "Registration by work cannot be switched on this chain.",
            "register by burn";
        Deprecated NEVER,
            "The setting has no effect any more and its call is closed.",
            "leave it; `assay subnet hyperparams` lists those that count";
        CollateralLockShareTooHigh NEVER,
            "More of a registration would become collateral than may.",
            "use at most 62258 of 65535, which is 95 %";
        CollateralDrainRatioOutOfBounds NEVER,
            "Collateral would drain not at all, or too fast.",
            "use a ratio above 0 and at most 10";
    }
}
