//! Lending stake to other hotkeys.

use super::{NEVER, errors};

errors! {
    "SubtensorModule" {
        InvalidChild NEVER,
            "A hotkey cannot be its own child.",
            "name another hotkey";
        DuplicateChild NEVER,
            "The same child is named twice.",
            "name each child once";
        ProportionOverflow NEVER,
            "The children's proportions sum to more than the whole.",
            "let them sum to at most 18446744073709551615, which stands for all";
        TooManyChildren NEVER,
            "A hotkey has five children at most in a subnet.",
            "name fewer children";
        ChildParentInconsistency NEVER,
            "A hotkey would be parent and child of the same one.",
            "stake is lent in one direction only: end the other relation first";
        NotEnoughStakeToSetChildkeys NEVER,
            "The hotkey's own stake is below the chain's threshold for having children.",
            "stake more on the hotkey: `assay stake add`";
    }
}
