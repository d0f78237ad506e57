//! Payments as the chain shows them: for whoever delivers against TAO.
//!
//! A payment is an event of a transfer in a successful transaction of a final block. It counts whatever call moved the
//! money (a plain transfer, a batch, a proxy), and nothing that a call merely says counts. Each has an identifier of its
//! own; whoever accepts a payment notes it in one step with what is paid for, and never accepts it again.

use crate::{
    AccountId, Block, BlockHash, BlockRef, ChainClient, ChainError, DispatchFailure, ExtrinsicHash, Rao,
    runtime::EventPhase, snapshot::Query,
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Blocks that one search looks through: each costs two requests. More than this and the payer should name the block.
pub const LONGEST_SEARCH: u64 = 1_000;

/// Which payment it is: unique on the chain for ever.
///
/// As text the block's hash, the transaction's position in it and the event's position, joined by dashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaymentId {
    /// The block.
    pub block: BlockHash,
    /// The transaction's position in it.
    pub transaction: u32,
    /// The transfer's position among the block's events.
    pub event: u32,
}

impl fmt::Display for PaymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.block, self.transaction, self.event)
    }
}

/// Text that names no payment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a payment is 0x, 64 hexadecimal digits, -, a number, -, a number; not \"{text}\"")]
pub struct ParsePaymentIdError {
    /// What was given, cut to a line.
    pub text: String,
}

impl FromStr for PaymentId {
    type Err = ParsePaymentIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let mut parts = text.splitn(3, '-');
            Some(Self {
                block: parts.next()?.parse().ok()?,
                transaction: parts.next()?.parse().ok()?,
                event: parts.next()?.parse().ok()?,
            })
        };
        parse().ok_or_else(|| ParsePaymentIdError {
            text: text.chars().take(120).collect(),
        })
    }
}

impl Serialize for PaymentId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PaymentId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A transfer of TAO in a final block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Which it is.
    pub id: PaymentId,
    /// Whose money it was.
    pub payer: AccountId,
    /// Who got it.
    pub payee: AccountId,
    /// How much.
    pub amount: Rao,
    /// The block, which is final.
    pub block: BlockRef,
    /// The transaction.
    pub transaction: ExtrinsicHash,
}

/// Which transaction of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionRef {
    /// The one at this position.
    Index(u32),
    /// The one with this hash.
    Hash(ExtrinsicHash),
}

impl fmt::Display for TransactionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "transaction {index}"),
            Self::Hash(hash) => write!(f, "transaction {hash}"),
        }
    }
}

/// What a payment must be to be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentTerms {
    /// Who must have got it.
    pub payee: AccountId,
    /// Whose money it must have been; anybody's when not said.
    pub payer: Option<AccountId>,
    /// How much at least, in one transfer.
    pub at_least: Rao,
}

/// Why a transaction is no acceptable payment.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PaymentRefusal {
    /// It may still be undone.
    #[error("{block} is not final yet; the final block is {finalized}")]
    NotFinal {
        /// The block named.
        block: BlockRef,
        /// The newest final block.
        finalized: Block,
    },
    /// A reorganisation dropped the block.
    #[error("{block} is not part of the chain: a reorganisation dropped it")]
    Dropped {
        /// The block named.
        block: BlockRef,
    },
    /// The block has no such transaction.
    #[error("{block} has no {which}")]
    NoSuchTransaction {
        /// The block named.
        block: BlockRef,
        /// What was looked for.
        which: TransactionRef,
    },
    /// No block of the range has it.
    #[error("no block from {first} to {last} has transaction {hash}")]
    NotFound {
        /// First block looked through.
        first: Block,
        /// Last block looked through.
        last: Block,
        /// The transaction.
        hash: ExtrinsicHash,
    },
    /// Too many blocks to look through.
    #[error("{blocks} blocks are more than one search looks through ({LONGEST_SEARCH}); name the block")]
    RangeTooLong {
        /// Blocks of the range.
        blocks: u64,
    },
    /// The transaction failed: no money moved.
    #[error("{which} of {block} failed: {failure}")]
    Failed {
        /// The block.
        block: BlockRef,
        /// The transaction.
        which: TransactionRef,
        /// Why it failed.
        failure: Box<DispatchFailure>,
    },
    /// It succeeded and paid nothing to the payee.
    #[error("{which} of {block} transfers nothing to {payee}")]
    NothingPaid {
        /// The block.
        block: BlockRef,
        /// The transaction.
        which: TransactionRef,
        /// Who should have been paid.
        payee: AccountId,
    },
    /// Somebody else paid.
    #[error("{found} paid, not {wanted}")]
    OtherPayer {
        /// Who paid.
        found: AccountId,
        /// Who should have.
        wanted: AccountId,
    },
    /// It is less than was asked for.
    #[error("{found} were paid, {wanted} were asked for")]
    TooLittle {
        /// What was paid.
        found: Rao,
        /// What was asked for.
        wanted: Rao,
    },
    /// The chain could not be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

impl PaymentTerms {
    /// The first of these payments that meets the terms, or what is wrong with the best of them.
    fn pick(&self, payments: Vec<Payment>) -> Result<Payment, Option<PaymentRefusal>> {
        let mut refusal = None;
        for payment in payments.into_iter().filter(|payment| payment.payee == self.payee) {
            match self.payer {
                Some(wanted) if wanted != payment.payer => {
                    refusal.get_or_insert(PaymentRefusal::OtherPayer {
                        found: payment.payer,
                        wanted,
                    });
                }
                _ if payment.amount < self.at_least => {
                    refusal = Some(PaymentRefusal::TooLittle {
                        found: payment.amount,
                        wanted: self.at_least,
                    });
                }
                _ => return Ok(payment),
            }
        }
        Err(refusal)
    }
}

impl ChainClient {
    /// All transfers of TAO that a transaction made, in order.
    ///
    /// # Errors
    ///
    /// [`PaymentRefusal`] when the block is not final, or the transaction is not there or failed.
    pub async fn payments(
        &self,
        block: BlockHash,
        which: TransactionRef,
    ) -> Result<Vec<Payment>, PaymentRefusal> {
        let body = self.shared.body(block).await?;
        let block = body.block;
        let finalized = self.finalized_head().await?.number;
        if block.number > finalized {
            return Err(PaymentRefusal::NotFinal { block, finalized });
        }
        if self.block_hash(block.number).await? != Some(block.hash) {
            return Err(PaymentRefusal::Dropped { block });
        }
        let position = match which {
            TransactionRef::Index(index) => Some(index),
            TransactionRef::Hash(hash) => body.position(hash),
        };
        let found = position.and_then(|position| {
            let hash = body.transactions.get(usize::try_from(position).ok()?)?;
            Some((position, *hash))
        });
        let Some((position, transaction)) = found else {
            return Err(PaymentRefusal::NoSuchTransaction { block, which });
        };
        let mut query = Query::default();
        let events = query.entry::<()>("System", "Events", []);
        let answer = self.shared.snapshot(block).read(query).await?;
        let bytes = answer.bytes(events).unwrap_or_default();
        let runtime = answer.runtime();
        let placed: Vec<_> = runtime
            .placed_events(bytes)
            .map_err(ChainError::from)?
            .into_iter()
            .filter(|placed| placed.phase == EventPhase::Transaction(position))
            .collect();
        if !placed
            .iter()
            .any(|placed| placed.event.is("System", "ExtrinsicSuccess"))
        {
            let outcome = runtime.outcome(bytes, position).map_err(ChainError::from)?;
            let failure = outcome
                .failure
                .unwrap_or(DispatchFailure::General(crate::GeneralFailure::Other));
            return Err(PaymentRefusal::Failed {
                block,
                which,
                failure: Box::new(failure),
            });
        }
        let transfers = placed
            .iter()
            .filter(|placed| placed.event.is("Balances", "Transfer"));
        Ok(transfers
            .filter_map(|placed| {
                let event = &placed.event;
                Some(Payment {
                    id: PaymentId {
                        block: block.hash,
                        transaction: position,
                        event: placed.index,
                    },
                    payer: event.account("from")?,
                    payee: event.account("to")?,
                    amount: Rao(u64::try_from(event.integer("amount")?).ok()?),
                    block,
                    transaction,
                })
            })
            .collect())
    }

    /// The payment of a transaction that meets the terms.
    ///
    /// # Errors
    ///
    /// [`PaymentRefusal`] when there is none: why.
    pub async fn verify_payment(
        &self,
        block: BlockHash,
        which: TransactionRef,
        terms: &PaymentTerms,
    ) -> Result<Payment, PaymentRefusal> {
        let payments = self.payments(block, which).await?;
        match terms.pick(payments) {
            Ok(payment) => Ok(payment),
            Err(Some(refusal)) => Err(refusal),
            Err(None) => Err(PaymentRefusal::NothingPaid {
                block: self.shared.block(block).await?,
                which,
                payee: terms.payee,
            }),
        }
    }

    /// As [`verify_payment`](Self::verify_payment), for a payer who only knows the transaction's hash and roughly when
    /// it was.
    ///
    /// # Errors
    ///
    /// As there; [`PaymentRefusal::NotFound`] when no block of the range has it, and
    /// [`PaymentRefusal::RangeTooLong`] for more than [`LONGEST_SEARCH`] blocks.
    pub async fn find_payment(
        &self,
        hash: ExtrinsicHash,
        first: Block,
        last: Block,
        terms: &PaymentTerms,
    ) -> Result<Payment, PaymentRefusal> {
        let blocks = last.0.saturating_add(1).saturating_sub(first.0);
        if blocks > LONGEST_SEARCH {
            return Err(PaymentRefusal::RangeTooLong { blocks });
        }
        for number in first.0..=last.0 {
            let Some(block) = self.block_hash(Block(number)).await? else {
                break;
            };
            if self.shared.body(block).await?.position(hash).is_some() {
                return self
                    .verify_payment(block, TransactionRef::Hash(hash), terms)
                    .await;
            }
        }
        Err(PaymentRefusal::NotFound { first, last, hash })
    }
}
