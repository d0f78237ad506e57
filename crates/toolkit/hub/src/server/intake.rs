//! Receiving a body into a file, with its hash, and never more of it than was agreed.

use super::reject::Reject;
use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures::StreamExt as _;
use sha2::{Digest as _, Sha256};
use std::path::Path;
use tempfile::NamedTempFile;
use tokio::io::{AsyncWriteExt as _, BufWriter};

/// A received body.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) file: NamedTempFile,
    pub(crate) size: u64,
    pub(crate) sha256: [u8; 32],
}

/// Bytes gathered before they go to the disk: large enough that the disk is not asked for every packet.
const WRITE_BUFFER: usize = 1 << 18;

/// Writes a body into a temporary file in `scratch`. The file vanishes with the result, and so does a body that
/// breaks off or turns out longer than `limit`.
pub(crate) async fn receive(body: Body, scratch: &Path, limit: u64) -> Result<Received, Reject> {
    let file = NamedTempFile::with_prefix_in("upload-", scratch)?;
    let mut out = BufWriter::with_capacity(WRITE_BUFFER, tokio::fs::File::from_std(file.reopen()?));
    let mut hasher = Sha256::new();
    let mut size = 0;
    let mut stream = body.into_data_stream();
    while let Some(chunk) = next(&mut stream).await? {
        size += chunk.len() as u64;
        if size > limit {
            return Err(Reject::TooLarge {
                what: "the body",
                limit,
            });
        }
        hasher.update(&chunk);
        out.write_all(&chunk).await?;
    }
    out.flush().await?;
    Ok(Received {
        file,
        size,
        sha256: hasher.finalize().into(),
    })
}

/// The whole of a small body.
pub(crate) async fn receive_small(body: Body, limit: u64) -> Result<Bytes, Reject> {
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = next(&mut stream).await? {
        if (bytes.len() + chunk.len()) as u64 > limit {
            return Err(Reject::TooLarge {
                what: "the body",
                limit,
            });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.into())
}

async fn next(stream: &mut BodyDataStream) -> Result<Option<Bytes>, Reject> {
    let chunk = stream.next().await.transpose();
    chunk.map_err(|error| Reject::Malformed {
        what: "the body",
        reason: error.to_string(),
    })
}
