//! The chunked transfer, as far as uploads need it.
//!
//! Today's Python client, as it is installed by default, sends large files only this way: cut into chunks, packed
//! into *xorbs*, and described by a *shard* that says of which chunks each file is made and what its SHA-256 is. The
//! hub takes the xorbs, puts each file of the shard together, checks its SHA-256, and from there on the file is a
//! large file like any other. Downloads never use it: no answer of this hub has the header that offers it.
//!
//! A xorb is named by the hash of its content, checked on arrival, and kept: clients remember which chunks they have
//! sent and name them again in later shards, also for other repositories. So its name is the only thing needed to use
//! it, which whoever knows the name can make from the content anyway.

mod hash;
mod shard;
mod xorb;

pub(crate) use hash::XetHash;
pub(crate) use shard::{FileRecipe, Segment, read_shard};
pub(crate) use xorb::XorbStore;

/// Why bytes of the chunked transfer cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum XetError {
    #[error("a chunk's header is damaged")]
    ChunkHeader,
    #[error("a chunk does not unpack to the length it names")]
    ChunkContent,
    #[error("it holds more chunks than a xorb may")]
    TooManyChunks,
    #[error("its content does not have the hash it was sent under")]
    WrongHash,
    #[error("it is not a shard of a known form")]
    ShardForm,
    #[error("it names chunks that its xorb does not have")]
    MissingChunks,
}
