//! Getting a slot in a subnet.

use super::{NEVER, NEXT_BLOCK, NEXT_EPOCH, errors};
use crate::Retry;

errors! {
    "SubtensorModule" {
        HotKeyAlreadyRegisteredInSubNet NEVER,
            "The hotkey is registered in the subnet already.",
            "nothing to do; use another hotkey for a second slot";
        HotKeyNotRegisteredInNetwork NEVER,
            "The hotkey is not registered in the subnet.",
            "register the hotkey first: `assay subnet register`";
        HotKeyNotRegisteredInSubNet NEVER,
            "The hotkey is not registered in the subnet; it may have been pruned.",
            "register the hotkey first: `assay subnet register`";
        NoNeuronIdAvailable NEXT_EPOCH,
            "The subnet is full and nobody can be pruned.",
            "wait until the immunity of some neuron ends; a full subnet also refuses when at most MinNonImmuneUids (10) neurons are past it";
        NotEnoughBalanceToStake NEVER,
            "The coldkey cannot pay for it and keep its account alive.",
            "fund the coldkey: `assay wallet balance` shows what it has, `assay subnet show` what a registration costs";
        RegistrationNotPermittedOnRootSubnet NEVER,
            "Nobody registers on the root network this way.",
            "choose a subnet other than 0; root has a call of its own, root_register";
        RegistrationPriceLimitExceeded NEXT_BLOCK,
            "The registration costs more than the limit given.",
            "raise the limit, or wait for the price to fall: it halves within some 360 blocks";
        SubNetRegistrationDisabled NEVER,
            "Registration is switched off.",
            "the subnet's owner or root has closed it; ask there";
        TooManyRegistrationsThisBlock NEXT_BLOCK,
            "This block has taken as many registrations as it may.",
            "try again in the next block";
        TooManyRegistrationsThisInterval Retry::AfterBlocks(100),
            "This interval has taken as many registrations as it may.",
            "try again in the next interval";
        InvalidWorkBlock NEXT_BLOCK,
            "The proof of work is for a block that is too old, not there yet, or used before.",
            "solve again against a newer block: it must be less than five blocks old";
        InvalidDifficulty NEVER,
            "The proof of work does not meet the subnet's difficulty.",
            "solve for the difficulty that the subnet asks for now, or register by burn: `assay subnet register`";
        InvalidSeal NEVER,
            "The proof of work is not the hash of what it should be.",
            "the solver and the signer must agree on netuid, block, hotkey and coldkey; update the solver";
        FaucetDisabled NEVER,
            "This chain has no faucet.",
            "get TAO from somebody; on a devnet `assay devnet faucet` gives any amount";
        CannotUseSystemAccount NEVER,
            "The key belongs to the chain itself.",
            "use a key of your own";
    }
}
