//! Why the transaction pool refuses a transaction before any block holds it.
//!
//! Subtensor reports its own checks as `Custom error: N`; the numbers are part of the protocol and the texts are
//! not, so only numbers are read. Nothing is charged for a refused transaction.

use crate::Retry;
use std::{borrow::Cow, fmt};

/// Why the pool refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolRejection {
    /// One of Subtensor's own checks.
    Check(PoolCheck),
    /// The account cannot pay the fee.
    CannotPayFee,
    /// The nonce was used already.
    OutdatedNonce,
    /// The nonce is ahead of the account's.
    FutureNonce,
    /// The signature does not fit: a wrong key, or a runtime that changed between signing and sending.
    BadSignature,
    /// The block it was signed against is too old.
    AncientBirthBlock,
    /// It does not fit in a block.
    ExhaustsBlock,
    /// The very same transaction was sent before.
    AlreadyImported,
    /// Another transaction with the same nonce waits and does not give way.
    PriorityTooLow,
    /// It was refused recently, and the node remembers.
    TemporarilyBanned,
    /// The node's pool is full of transactions that pay as much or more.
    PoolFull,
    /// The node cannot read it.
    Undecodable,
    /// A reason without a variant of its own.
    Unnamed {
        /// JSON-RPC error code.
        code: i32,
        /// The node's words, cut to a line.
        text: String,
    },
}

macro_rules! checks {
    ($($code:literal $name:ident $retry:expr, $says:literal, $hint:literal;)*) => {
        /// Subtensor's own checks of the pool, by their number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum PoolCheck {
            $(#[doc = concat!("Code ", stringify!($code), ": ", $says, ".")] $name,)*
            /// A number that this client has no name for.
            Unknown(u8),
        }

        impl PoolCheck {
            /// The check of `Custom error: code`.
            pub fn from_code(code: u8) -> Self {
                match code {
                    $($code => Self::$name,)*
                    other => Self::Unknown(other),
                }
            }

            /// The number in `Custom error: N`.
            pub fn code(self) -> u8 {
                match self {
                    $(Self::$name => $code,)*
                    Self::Unknown(code) => code,
                }
            }

            /// The chain's name of the check.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                    Self::Unknown(_) => "Unknown",
                }
            }

            /// What it says, in a few words.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $says,)*
                    Self::Unknown(_) => "a check that this client does not know",
                }
            }

            /// What to do about it.
            pub fn hint(self) -> &'static str {
                match self {
                    $(Self::$name => $hint,)*
                    Self::Unknown(_) => "update Assay, or look the number up in the runtime's source",
                }
            }

            /// Whether and when the same call makes sense again.
            pub fn retry(self) -> Retry {
                match self {
                    $(Self::$name => $retry,)*
                    Self::Unknown(_) => Retry::Never,
                }
            }
        }
    };
}

checks! {
    0 ColdkeyInSwapSchedule Retry::Never, "the coldkey is being swapped for another", "wait for the swap to finish, or clear its announcement";
    1 StakeAmountTooLow Retry::Never, "the stake is too low", "stake more: the amount or the validator's total is below the chain's minimum";
    2 BalanceTooLow Retry::Never, "the balance is too low", "send TAO to the coldkey first: `assay wallet balance`";
    3 SubnetNotExists Retry::Never, "there is no such subnet", "`assay subnet list` shows the subnets of this chain";
    4 HotkeyAccountDoesntExist Retry::Never, "the chain does not know the hotkey", "register the hotkey first: `assay subnet register`";
    5 NotEnoughStakeToWithdraw Retry::Never, "less is staked than is to be withdrawn", "`assay stake show` says how much there is";
    6 RateLimitExceeded Retry::AfterBlocks(10), "too soon after the last time", "wait for the subnet's rate limit: `assay subnet hyperparams`";
    7 InsufficientLiquidity Retry::AfterBlocks(1), "the subnet's pool is too small for the amount", "use a smaller amount";
    8 SlippageTooHigh Retry::AfterBlocks(1), "the price would move past the limit", "raise the price limit, or use a smaller amount";
    9 TransferDisallowed Retry::Never, "the subnet forbids stake transfers", "the subnet's owner decides about transfers";
    10 HotKeyNotRegisteredInNetwork Retry::Never, "the hotkey is not registered", "register the hotkey first: `assay subnet register`";
    11 InvalidIpAddress Retry::Never, "the address cannot be published", "the chain refuses 127.0.0.1, ::1 and broadcast addresses";
    12 ServingRateLimitExceeded Retry::AfterBlocks(50), "the axon was published too recently", "wait for the subnet's serving rate limit";
    13 InvalidPort Retry::Never, "port 0 cannot be published", "give the port on which the axon listens";
    14 ZeroMaxAmount Retry::AfterBlocks(1), "at this price limit nothing can be traded", "raise the price limit";
    15 InvalidRevealRound Retry::Now, "the reveal round has passed already", "commit again with a later round";
    16 CommitNotFound Retry::Never, "there is no such weight commitment", "the commitment may have expired or been revealed already";
    17 CommitBlockNotInRevealRange Retry::AfterBlocks(10), "it is not yet time to reveal", "reveal in the epoch that the commitment belongs to";
    18 InputLengthsUnequal Retry::Never, "lists of different lengths", "give as many weights as uids";
    19 UidNotFound Retry::Never, "the hotkey has no uid in the subnet", "register the hotkey again: it may have been pruned";
    20 EvmKeyAssociateRateLimitExceeded Retry::AfterBlocks(100), "the EVM key was associated too recently", "wait, then try again";
    21 ColdkeySwapDisputed Retry::Never, "the coldkey's swap is disputed", "the dispute must be settled first";
    22 InvalidRealAccount Retry::Never, "the account that is acted for does not fit", "check the proxy";
    23 FailedShieldedTxParsing Retry::Never, "the shielded transaction cannot be read", "build it again";
    24 InvalidShieldedTxPubKeyHash Retry::Now, "the shielded transaction uses an old key", "build it again with the current key";
    25 NonAssociatedColdKey Retry::Never, "the hotkey belongs to another coldkey", "sign with the coldkey that owns the hotkey";
    26 DelegateTakeTooLow Retry::Never, "the take is too low", "choose a take within the chain's bounds";
    27 DelegateTakeTooHigh Retry::Never, "the take is too high", "choose a take within the chain's bounds";
    255 BadRequest Retry::Never, "the chain refuses it for a reason that has no number", "send it to a node of your own with `--dry-run` to see more";
}

impl PoolRejection {
    /// Reads a JSON-RPC error of a submission. Nothing when the error is not about the transaction.
    pub(crate) fn from_rpc(code: i32, message: &str, data: Option<&str>) -> Option<Self> {
        let text = data.unwrap_or(message).trim_matches('"');
        let known = |fragment: &str| text.to_ascii_lowercase().contains(fragment);
        Some(match code {
            1001 | 1002 if !known("custom error") && !known("runtime") => Self::Undecodable,
            1010 => {
                if let Some(number) = custom_code(text) {
                    Self::Check(PoolCheck::from_code(number))
                } else if known("pay some fees") || known("payment") {
                    Self::CannotPayFee
                } else if known("outdated") || known("stale") {
                    Self::OutdatedNonce
                } else if known("future") {
                    Self::FutureNonce
                } else if known("bad signature") || known("badproof") {
                    Self::BadSignature
                } else if known("ancient birth") {
                    Self::AncientBirthBlock
                } else if known("exhaust") {
                    Self::ExhaustsBlock
                } else {
                    Self::unnamed(code, text)
                }
            }
            1011 => Self::unnamed(code, text),
            1012 => Self::TemporarilyBanned,
            1013 => Self::AlreadyImported,
            1014 => Self::PriorityTooLow,
            1016 => Self::PoolFull,
            1000..=1999 => Self::unnamed(code, text),
            _ => return None,
        })
    }

    fn unnamed(code: i32, text: &str) -> Self {
        Self::Unnamed {
            code,
            text: text.chars().take(200).collect(),
        }
    }

    /// Whether and when the same call makes sense again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Check(check) => check.retry(),
            Self::OutdatedNonce | Self::FutureNonce | Self::PriorityTooLow | Self::AncientBirthBlock => {
                Retry::Now
            }
            Self::BadSignature | Self::ExhaustsBlock | Self::PoolFull => Retry::AfterBlocks(1),
            // Nodes remember a refusal for half an hour.
            Self::TemporarilyBanned => Retry::After(std::time::Duration::from_secs(1800)),
            Self::CannotPayFee | Self::AlreadyImported | Self::Undecodable | Self::Unnamed { .. } => {
                Retry::Never
            }
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Check(check) => check.hint(),
            Self::CannotPayFee => "send TAO to the signing account first: `assay wallet balance`",
            Self::OutdatedNonce | Self::FutureNonce | Self::PriorityTooLow => {
                "another program signs with the same key; let one of them do it"
            }
            Self::BadSignature => "the runtime may have been upgraded just now: try again",
            Self::AncientBirthBlock => "the node may be behind; try again, or use another endpoint",
            Self::ExhaustsBlock => "try again in a later block, or send less at once",
            Self::AlreadyImported => "it is in the pool already: wait for it rather than sending it again",
            Self::TemporarilyBanned => "the node refused it a short while ago; wait, or use another endpoint",
            Self::PoolFull => {
                "the node has too many transactions just now: try again, or use another endpoint"
            }
            Self::Undecodable => "the client and the node disagree about the runtime; update Assay",
            Self::Unnamed { .. } => "the node's words say why",
        })
    }
}

fn custom_code(text: &str) -> Option<u8> {
    let start = text.to_ascii_lowercase().find("custom error:")? + "custom error:".len();
    let digits = text.get(start..)?.trim_start();
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end)?.parse().ok()
}

impl fmt::Display for PoolCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({}, pool code {})",
            self.meaning(),
            self.name(),
            self.code()
        )
    }
}

impl fmt::Display for PoolRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Check(check) => check.fmt(f),
            Self::CannotPayFee => f.write_str("the account cannot pay the fee"),
            Self::OutdatedNonce => f.write_str("its nonce was used already"),
            Self::FutureNonce => f.write_str("its nonce is ahead of the account's"),
            Self::BadSignature => f.write_str("its signature does not fit"),
            Self::AncientBirthBlock => f.write_str("it was signed against a block that is too old"),
            Self::ExhaustsBlock => f.write_str("it does not fit in a block"),
            Self::AlreadyImported => f.write_str("the very same transaction was sent before"),
            Self::PriorityTooLow => f.write_str("another transaction with the same nonce is waiting"),
            Self::TemporarilyBanned => f.write_str("the node refused it recently and remembers"),
            Self::PoolFull => f.write_str("the node's pool is full"),
            Self::Undecodable => f.write_str("the node cannot read it"),
            Self::Unnamed { code, text } => write!(f, "{text} (code {code})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtensors_checks_are_read_by_number_not_by_text() {
        let rejection =
            PoolRejection::from_rpc(1010, "Invalid Transaction", Some("\"Custom error: 6\"")).unwrap();
        assert_eq!(rejection, PoolRejection::Check(PoolCheck::RateLimitExceeded));
        assert!(rejection.retry().is_possible());
        assert!(rejection.to_string().contains("RateLimitExceeded"));
        let unknown = PoolRejection::from_rpc(1010, "Invalid Transaction", Some("Custom error: 77")).unwrap();
        assert_eq!(unknown, PoolRejection::Check(PoolCheck::Unknown(77)));
    }

    #[test]
    fn every_check_has_one_number_and_reads_it_back() {
        for code in 0..=255 {
            assert_eq!(PoolCheck::from_code(code).code(), code);
        }
    }

    #[test]
    fn the_protocols_own_reasons_are_told_apart() {
        let read = |code, data| PoolRejection::from_rpc(code, "Invalid Transaction", Some(data)).unwrap();
        let fees = "Inability to pay some fees (e.g. account balance too low)";
        assert_eq!(read(1010, fees), PoolRejection::CannotPayFee);
        assert_eq!(
            read(1010, "Transaction is outdated"),
            PoolRejection::OutdatedNonce
        );
        assert_eq!(
            read(1010, "Transaction has a bad signature"),
            PoolRejection::BadSignature
        );
        assert_eq!(
            read(1014, "Priority is too low: (1 vs 1)"),
            PoolRejection::PriorityTooLow
        );
        assert_eq!(
            read(1013, "Transaction Already Imported"),
            PoolRejection::AlreadyImported
        );
        let full = read(1016, "Immediately Dropped");
        assert_eq!(full, PoolRejection::PoolFull);
        assert_eq!(full.retry(), Retry::AfterBlocks(1));
        assert_eq!(PoolRejection::from_rpc(-32601, "Method not found", None), None);
    }
}
