//! A transaction as its bytes tell it, before any block has it.

use crate::{DecodedCall, ExtrinsicHash, Signed};
use serde::Serialize;

/// What the bytes of a transaction or of a call say. As bounded as a block's: see [`Decoded`](crate::Decoded).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecodedTransaction {
    /// The hash under which a block would list it; nothing for a call alone, which is no transaction yet.
    pub hash: Option<ExtrinsicHash>,
    /// How many bytes the transaction has in a block, or the call alone.
    pub length: usize,
    /// Who signed it; nothing for a call alone, and for what only a block's author puts in.
    pub signed: Option<Signed>,
    /// What it calls.
    pub call: DecodedCall,
}
