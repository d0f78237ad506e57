//! Setting weights.

use super::{NEVER, errors};
use crate::Retry;

errors! {
    "SubtensorModule" {
        CanNotSetRootNetworkWeights NEVER,
            "Weights cannot be set on the root network.",
            "choose a subnet other than 0";
        DuplicateUids NEVER,
            "The same uid appears twice in the weights.",
            "give every uid once";
        IncorrectWeightVersionKey NEVER,
            "The weights were set with an older version key than the subnet asks for.",
            "update the validator: the subnet's owner requires a newer version; `assay subnet hyperparams` shows the key";
        MaxWeightExceeded NEVER,
            "A weight is above the subnet's limit.",
            "spread the weight over more uids";
        NeuronNoValidatorPermit NEVER,
            "The hotkey has no validator permit: its stake is not among the highest.",
            "stake more on the hotkey, then wait for the next epoch; `assay devnet why` tells how much; without a permit only a weight to oneself is allowed";
        NotEnoughStakeToSetWeights NEVER,
            "The hotkey's stake weight is below the chain's threshold for setting weights.",
            "stake more on the hotkey: `assay stake add`; the subnet owner's own hotkey is exempt";
        SettingWeightsTooFast Retry::AfterBlocks(100),
            "Weights were set too recently.",
            "wait for the subnet's weight rate limit: `assay devnet why` counts the blocks that are left";
        UidVecContainInvalidOne NEVER,
            "A weight is for a uid that does not exist.",
            "read the metagraph again: the subnet may have shrunk";
        UidsLengthExceedUidsInSubNet NEVER,
            "There are more weights than neurons.",
            "read the metagraph again: the subnet may have shrunk";
        WeightVecLengthIsLow NEVER,
            "The row has fewer weights than the subnet asks for.",
            "give every neuron a weight, zeros included";
        WeightVecNotEqualSize NEVER,
            "There are not as many weights as uids.",
            "give as many weights as uids";
        InputLengthsUnequal NEVER,
            "Lists that belong together differ in length.",
            "give as many weights as uids, and in a batch as many rows as subnets";
        MechanismDoesNotExist NEVER,
            "There is no such subnet or mechanism.",
            "`assay subnet list` shows the subnets of this chain; most have mechanism 0 alone";
    }
}
