//! What files are made of.

use super::{XetError, XetHash};
use std::ops::Range;

/// Length of the first part of a shard, and of every entry after it.
const ENTRY: usize = 48;

/// What a shard begins with.
const TAG: [u8; 32] = [
    b'H', b'F', b'R', b'e', b'p', b'o', b'M', b'e', b't', b'a', b'D', b'a', b't', b'a', 0, 85, 105, 103, 69,
    106, 123, 129, 87, 131, 165, 189, 217, 92, 205, 209, 74, 169,
];

/// The form that is read here.
const VERSION: u64 = 2;

/// Bits of a file's flags: a hash follows for each segment; the SHA-256 follows.
const WITH_VERIFICATION: u32 = 1 << 31;
const WITH_SHA256: u32 = 1 << 30;

/// A stretch of chunks of one xorb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) xorb: XetHash,
    pub(crate) chunks: Range<u32>,
    /// Bytes that they unpack to.
    pub(crate) bytes: u32,
}

/// How a file is put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileRecipe {
    pub(crate) segments: Vec<Segment>,
    /// The file's SHA-256. A file without one cannot be named in a commit.
    pub(crate) sha256: Option<[u8; 32]>,
}

/// The files of a shard. What follows them (the xorbs again, and look-up tables) is of use to a deduplicating store
/// only.
pub(crate) fn read_shard(bytes: &[u8]) -> Result<Vec<FileRecipe>, XetError> {
    let mut entries = bytes.chunks_exact(ENTRY);
    let mut next = || entries.next().ok_or(XetError::ShardForm);
    let head = next()?;
    if head[..32] != TAG || number64(head, 32) != VERSION {
        return Err(XetError::ShardForm);
    }
    let mut files = Vec::new();
    loop {
        let head = next()?;
        // A hash of ones ends the list.
        if head[..32] == [0xff; 32] {
            return Ok(files);
        }
        let (flags, count) = (number(head, 32), number(head, 36));
        let mut segments = Vec::new();
        for _ in 0..count {
            let entry = next()?;
            let chunks = number(entry, 40)..number(entry, 44);
            if chunks.is_empty() {
                return Err(XetError::ShardForm);
            }
            segments.push(Segment {
                xorb: hash(entry),
                chunks,
                bytes: number(entry, 36),
            });
        }
        if flags & WITH_VERIFICATION != 0 {
            for _ in 0..count {
                next()?;
            }
        }
        let sha256 = if flags & WITH_SHA256 == 0 {
            None
        } else {
            Some(hash(next()?).in_text_order())
        };
        files.push(FileRecipe { segments, sha256 });
    }
}

fn hash(entry: &[u8]) -> XetHash {
    XetHash(std::array::from_fn(|at| entry[at]))
}

fn number(entry: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|byte| entry[at + byte]))
}

fn number64(entry: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|byte| entry[at + byte]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_a_shard_or_refused(head in any::<bool>(), bytes in prop::collection::vec(any::<u8>(), 0..480)) {
            let tag = if head { entry(TAG, [2, 0, 0, 0]) } else { Vec::new() };
            let _ = read_shard(&[tag, bytes].concat());
        }
    }

    fn entry(hash: [u8; 32], numbers: [u32; 4]) -> Vec<u8> {
        numbers.iter().fold(hash.to_vec(), |bytes, number| {
            [bytes, number.to_le_bytes().to_vec()].concat()
        })
    }

    fn shard(entries: &[Vec<u8>]) -> Vec<u8> {
        [
            entry(TAG, [2, 0, 200, 0]),
            entries.concat(),
            entry([0xff; 32], [0; 4]),
        ]
        .concat()
    }

    #[test]
    fn files_are_read_with_and_without_their_extras() {
        let bytes = shard(&[
            entry([1; 32], [WITH_VERIFICATION | WITH_SHA256, 2, 0, 0]),
            entry([2; 32], [0, 100, 0, 3]),
            entry([3; 32], [0, 50, 7, 8]),
            entry([8; 32], [0; 4]),
            entry([9; 32], [0; 4]),
            entry(std::array::from_fn(|at| at as u8), [0; 4]),
            entry([4; 32], [0, 0, 0, 0]),
        ]);
        let files = read_shard(&bytes).unwrap();
        assert_eq!(files.len(), 2);
        assert_eq!(
            files[0].segments,
            [
                Segment {
                    xorb: XetHash([2; 32]),
                    chunks: 0..3,
                    bytes: 100
                },
                Segment {
                    xorb: XetHash([3; 32]),
                    chunks: 7..8,
                    bytes: 50
                },
            ]
        );
        assert_eq!(files[0].sha256.unwrap()[..9], [7, 6, 5, 4, 3, 2, 1, 0, 15]);
        assert_eq!(
            files[1],
            FileRecipe {
                segments: Vec::new(),
                sha256: None
            }
        );
    }

    #[test]
    fn damaged_shards_are_refused() {
        let good = shard(&[entry([1; 32], [0, 1, 0, 0]), entry([2; 32], [0, 100, 0, 3])]);
        assert!(read_shard(&good).is_ok());
        for end in 0..good.len() {
            assert_eq!(
                read_shard(&good[..end]),
                Err(XetError::ShardForm),
                "{end} bytes were read as a shard"
            );
        }
        let huge = shard(&[entry([1; 32], [0, u32::MAX, 0, 0])]);
        assert_eq!(read_shard(&huge), Err(XetError::ShardForm));
        let backwards = shard(&[entry([1; 32], [0, 1, 0, 0]), entry([2; 32], [0, 100, 3, 3])]);
        assert_eq!(read_shard(&backwards), Err(XetError::ShardForm));
    }
}
