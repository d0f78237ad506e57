//! Moving everything of a coldkey to another.

use super::{NEVER, errors};
use crate::Retry;

/// The delay between announcing a swap and doing it: five days of 12-second blocks.
const ANNOUNCED: Retry = Retry::AfterBlocks(36_000);

errors! {
    "SubtensorModule" {
        ColdKeyAlreadyAssociated NEVER,
            "The new coldkey owns something already.",
            "swap to a fresh coldkey";
        NotEnoughBalanceToPaySwapColdKey NEVER,
            "The coldkey cannot pay for the swap.",
            "fund the coldkey: `assay wallet balance`";
        ColdkeySwapAnnouncementNotFound NEVER,
            "No swap of this coldkey was announced.",
            "announce it first, with the hash of the new coldkey";
        ColdkeySwapTooEarly ANNOUNCED,
            "The swap was announced too recently to be done.",
            "wait for the announcement delay, some five days";
        ColdkeySwapReannouncedTooEarly Retry::AfterBlocks(7_200),
            "A swap was announced too recently to announce another.",
            "wait about a day";
        AnnouncedColdkeyHashDoesNotMatch NEVER,
            "The coldkey is not the one that was announced.",
            "swap to the coldkey whose hash was announced, or announce anew";
        ColdkeySwapAlreadyDisputed NEVER,
            "The swap is disputed already.",
            "nothing to do";
        ColdkeySwapDisputed NEVER,
            "A swap of this coldkey is disputed, so it can do nothing.",
            "the dispute must be settled by the chain's governance first";
        ColdkeySwapAnnounced NEVER,
            "A swap of this coldkey is announced, so it can do little else.",
            "finish the swap or clear the announcement; if you announced nothing, the key is in other hands";
        ColdkeySwapClearTooEarly ANNOUNCED,
            "The announcement cannot be cleared yet.",
            "wait for the reannouncement delay";
        NewColdKeyIsHotkey NEVER,
            "The new coldkey is in use as a hotkey.",
            "swap to a key that is no hotkey";
    }
}
