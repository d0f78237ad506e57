//! The transactions of a block.

use crate::{
    BlockHash, BlockRef, ChainError, ExtrinsicHash,
    connection::Params,
    shared::{Header, Shared},
    snapshot::unhex,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct BlockAnswer {
    block: BlockFields,
}

#[derive(Deserialize)]
struct BlockFields {
    header: Header,
    extrinsics: Vec<String>,
}

/// A block and the hashes of its transactions, in order.
pub(crate) struct BlockBody {
    pub(crate) block: BlockRef,
    pub(crate) transactions: Vec<ExtrinsicHash>,
}

impl BlockBody {
    /// The position of a transaction.
    pub(crate) fn position(&self, hash: ExtrinsicHash) -> Option<u32> {
        let place = self.transactions.iter().position(|found| *found == hash)?;
        u32::try_from(place).ok()
    }
}

impl Shared {
    /// The body of a block.
    pub(crate) async fn body(&self, hash: BlockHash) -> Result<BlockBody, ChainError> {
        const METHOD: &str = "chain_getBlock";
        let answer: Option<BlockAnswer> = self.connection.read_at(METHOD, Params::none(), hash).await?;
        let fields = answer.ok_or(ChainError::UnknownBlock { hash })?.block;
        let number = fields.header.block(METHOD)?.number;
        let transactions = fields.extrinsics.iter().map(|extrinsic| {
            let bytes = unhex(METHOD, extrinsic)?;
            Ok(ExtrinsicHash(sp_crypto_hashing::blake2_256(&bytes)))
        });
        Ok(BlockBody {
            block: BlockRef { number, hash },
            transactions: transactions.collect::<Result<_, ChainError>>()?,
        })
    }
}
