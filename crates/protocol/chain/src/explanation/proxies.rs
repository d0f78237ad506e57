//! Acting for another account.

use super::{NEVER, errors};
use crate::Retry;

errors! {
    "Proxy" {
        TooMany NEVER,
            "The account has as many proxies or announcements as it may.",
            "remove one first: 20 proxies and 75 announcements at most";
        NotFound NEVER,
            "There is no such proxy or announcement.",
            "name delegate, type and delay exactly as when it was added";
        NotProxy NEVER,
            "The signer is not a proxy of that account for this kind of call.",
            "let the account add the signer as its proxy, with a type that covers the call";
        Unproxyable NEVER,
            "The proxy's type does not cover the call.",
            "use a proxy of a wider type";
        Duplicate NEVER,
            "The proxy is there already.",
            "nothing to do";
        NoPermission NEVER,
            "The call would give the proxy more rights than it has.",
            "let the account itself sign";
        Unannounced Retry::AfterBlocks(1),
            "The call was not announced, or too recently.",
            "announce it and wait for the proxy's delay";
        NoSelfProxy NEVER,
            "An account cannot be its own proxy.",
            "name another account";
        AnnouncementDepositInvariantViolated NEVER,
            "The deposit of an announcement does not add up.",
            "the chain's maintainers must look";
        InvalidDerivedAccountId NEVER,
            "No account can be derived from these parts.",
            "check spawner, type, index, height and extrinsic index";
    }
}
