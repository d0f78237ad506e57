//! A block with everything in it.

use crate::{Block, BlockHash, BlockRef, DecodedCall, DecodedEvent, DispatchFailure, ExtrinsicHash, Rao};
use assay_keys::AccountId;
use serde::{Serialize, Serializer, ser::SerializeStruct};

/// A block, decoded by the metadata of the runtime that made it. What the metadata does not explain is kept as it is.
#[derive(Clone, Debug, Serialize)]
pub struct BlockContents {
    /// Which block.
    pub block: BlockRef,
    /// The block before.
    pub parent: BlockHash,
    /// Root of the state after it.
    pub state_root: BlockHash,
    /// Root of its list of extrinsics.
    pub extrinsics_root: BlockHash,
    /// Entries of the header's digest, as `0x…` text.
    pub digest: Vec<String>,
    /// Its time in milliseconds since 1970, when the chain keeps one.
    pub timestamp_ms: Option<u64>,
    /// Version of the runtime that made it.
    pub spec_version: u32,
    /// Bytes of all extrinsics.
    pub bytes: usize,
    /// Its extrinsics in order; the first sets the time.
    pub extrinsics: Vec<ExtrinsicRecord>,
    /// Events that no extrinsic caused: of the hooks at the block's beginning and end.
    pub hook_events: Vec<HookEvent>,
    /// Events beyond the number that is decoded, see [`MOST_EVENTS`].
    pub events_left_out: usize,
}

/// Events of a block that are decoded. A block full of transfers has some ten thousand; a page shows none of that many.
pub const MOST_EVENTS: usize = 4_000;

/// An extrinsic of a block and what became of it.
#[derive(Clone, Debug)]
pub struct ExtrinsicRecord {
    /// Its position.
    pub index: u32,
    /// Blake2-256 of its bytes.
    pub hash: ExtrinsicHash,
    /// How many bytes it has.
    pub length: usize,
    /// Who signed it; nothing for one that the block's author put in.
    pub signed: Option<Signed>,
    /// What it calls; nothing when the metadata does not explain it.
    pub call: Option<DecodedCall>,
    /// The events that it caused, in order.
    pub events: Vec<DecodedEvent>,
    /// Why it failed, when it did.
    pub failure: Option<DispatchFailure>,
    /// The fee, when one was paid.
    pub fee: Option<Rao>,
}

/// The signed part of an extrinsic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signed {
    /// The signer; nothing when it is named in another way than by its key.
    pub account: Option<AccountId>,
    /// The signer's count of transactions before this one.
    pub nonce: Option<u64>,
    /// Paid on top of the fee.
    pub tip: Option<Rao>,
    /// For how many blocks it was valid; nothing when for ever.
    pub mortality: Option<u64>,
}

/// An event of a hook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HookEvent {
    /// When in the block.
    pub phase: HookPhase,
    /// The event.
    pub event: DecodedEvent,
}

/// When in a block a hook ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HookPhase {
    /// Before the first extrinsic.
    Initialization,
    /// After the last one.
    Finalization,
}

impl BlockContents {
    /// The block's height.
    pub fn number(&self) -> Block {
        self.block.number
    }

    /// How many events it has.
    pub fn event_count(&self) -> usize {
        let caused: usize = self
            .extrinsics
            .iter()
            .map(|extrinsic| extrinsic.events.len())
            .sum();
        caused + self.hook_events.len() + self.events_left_out
    }

    /// The extrinsics that somebody signed.
    pub fn signed(&self) -> impl Iterator<Item = &ExtrinsicRecord> {
        self.extrinsics
            .iter()
            .filter(|extrinsic| extrinsic.signed.is_some())
    }
}

impl ExtrinsicRecord {
    /// `Pallet.call`, or what stands for it.
    pub fn title(&self) -> String {
        self.call
            .as_ref()
            .map_or_else(|| "unknown call".to_owned(), DecodedCall::title)
    }

    /// The account that signed it.
    pub fn signer(&self) -> Option<&AccountId> {
        self.signed.as_ref()?.account.as_ref()
    }

    /// Whether the account signed it, or stands in its arguments or events.
    pub fn concerns(&self, account: &AccountId) -> bool {
        let in_call = || {
            let arguments = self.call.iter().flat_map(|call| &call.arguments);
            arguments
                .map(|argument| &argument.value)
                .any(|value| value.mentions(account))
        };
        let in_events = || {
            let fields = self.events.iter().flat_map(|event| &event.fields);
            fields
                .map(|field| &field.value)
                .any(|value| value.mentions(account))
        };
        self.signer() == Some(account) || in_call() || in_events()
    }
}

impl Serialize for ExtrinsicRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut extrinsic = serializer.serialize_struct("Extrinsic", 9)?;
        extrinsic.serialize_field("index", &self.index)?;
        extrinsic.serialize_field("hash", &self.hash)?;
        extrinsic.serialize_field("length", &self.length)?;
        extrinsic.serialize_field("signed", &self.signed)?;
        extrinsic.serialize_field("call", &self.call)?;
        extrinsic.serialize_field("success", &self.failure.is_none())?;
        extrinsic.serialize_field(
            "failure",
            &self.failure.as_ref().map(|failure| failure.to_string()),
        )?;
        extrinsic.serialize_field("fee", &self.fee)?;
        extrinsic.serialize_field("events", &self.events)?;
        extrinsic.end()
    }
}
