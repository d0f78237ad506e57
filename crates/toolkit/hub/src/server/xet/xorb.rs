//! Packs of chunks.

use super::{Segment, XetError, XetHash};
use crate::server::{durable, reject::Reject};
use std::{
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// Largest chunk, part of the format.
const MAX_CHUNK: usize = 128 << 10;

/// Most chunks of one xorb, part of the format.
const MAX_CHUNKS: usize = 8 << 10;

/// What stands before a chunk: form, packed length, packing, unpacked length.
const HEADER: usize = 8;

/// What a client may put behind the last chunk begins so.
const FOOTER: &[u8; 7] = b"XETBLOB";

/// How a chunk is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Plain,
    Lz4,
    /// First every fourth byte, then every fourth from the second on, and so on: numbers of four bytes pack better
    /// that way.
    GroupedLz4,
}

#[derive(Clone, Copy, Debug)]
struct ChunkHeader {
    packing: Packing,
    packed: usize,
    unpacked: usize,
}

impl ChunkHeader {
    /// The next chunk's header; none at the end of the chunks.
    fn read(from: &mut impl Read) -> io::Result<Option<Result<Self, XetError>>> {
        let mut bytes = Vec::with_capacity(HEADER);
        from.take(HEADER as u64).read_to_end(&mut bytes)?;
        if bytes.is_empty() || bytes.starts_with(FOOTER) {
            return Ok(None);
        }
        Ok(Some(Self::parse(&bytes).ok_or(XetError::ChunkHeader)))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let [form, p0, p1, p2, packing, u0, u1, u2] = *bytes else {
            return None;
        };
        let number = |low, middle, high| u32::from_le_bytes([low, middle, high, 0]) as usize;
        let header = Self {
            packing: match packing {
                0 => Packing::Plain,
                1 => Packing::Lz4,
                2 => Packing::GroupedLz4,
                _ => return None,
            },
            packed: number(p0, p1, p2),
            unpacked: number(u0, u1, u2),
        };
        (form == 0 && header.packed <= 2 * MAX_CHUNK && header.unpacked <= MAX_CHUNK).then_some(header)
    }

    /// The chunk's content from its packed bytes.
    fn unpack(&self, packed: Vec<u8>) -> Result<Vec<u8>, XetError> {
        let content = match self.packing {
            Packing::Plain => packed,
            Packing::Lz4 => self.unpack_lz4(&packed)?,
            Packing::GroupedLz4 => ungroup(&self.unpack_lz4(&packed)?),
        };
        if content.len() == self.unpacked {
            Ok(content)
        } else {
            Err(XetError::ChunkContent)
        }
    }

    fn unpack_lz4(&self, packed: &[u8]) -> Result<Vec<u8>, XetError> {
        let mut content = Vec::with_capacity(self.unpacked);
        let decoder = lz4_flex::frame::FrameDecoder::new(packed);
        // One byte more than named is enough to see that it is too many.
        let read = decoder.take(self.unpacked as u64 + 1).read_to_end(&mut content);
        read.map_err(|_| XetError::ChunkContent)?;
        Ok(content)
    }
}

fn ungroup(grouped: &[u8]) -> Vec<u8> {
    let (quarter, rest) = (grouped.len() / 4, grouped.len() % 4);
    let starts: [usize; 4] = std::array::from_fn(|group| group * quarter + group.min(rest));
    (0..grouped.len())
        .map(|at| grouped[starts[at % 4] + at / 4])
        .collect()
}

/// Reads a chunk's packed bytes.
fn read_packed(from: &mut impl Read, header: &ChunkHeader) -> io::Result<Result<Vec<u8>, XetError>> {
    let mut packed = Vec::with_capacity(header.packed);
    from.take(header.packed as u64).read_to_end(&mut packed)?;
    Ok(if packed.len() == header.packed {
        Ok(packed)
    } else {
        Err(XetError::ChunkContent)
    })
}

/// All xorbs of a hub.
#[derive(Debug)]
pub(crate) struct XorbStore {
    folder: PathBuf,
}

impl XorbStore {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path(&self, hash: &XetHash) -> PathBuf {
        let digits = hash.to_string();
        self.folder.join(&digits[..2]).join(digits)
    }

    pub(crate) fn has(&self, hash: &XetHash) -> bool {
        self.path(hash).is_file()
    }

    /// Takes a xorb whose content has the hash that it was sent under.
    pub(crate) fn adopt(&self, file: NamedTempFile, hash: &XetHash) -> Result<(), Reject> {
        let found = hash_of(file.path())?.map_err(malformed)?;
        if found != Some(*hash) {
            return Err(malformed(XetError::WrongHash));
        }
        let path = self.path(hash);
        fs_err::create_dir_all(path.parent().unwrap_or(&self.folder))?;
        Ok(durable::persist(file, &path)?)
    }

    /// Writes a segment of a file. Gives its length.
    pub(crate) fn copy(&self, segment: &Segment, out: &mut impl Write) -> Result<u64, Reject> {
        let path = self.path(&segment.xorb);
        if !path.is_file() {
            return Err(malformed(XetError::MissingChunks));
        }
        let mut file = BufReader::with_capacity(1 << 17, fs_err::File::open(path)?);
        let mut length = 0;
        for number in 0..segment.chunks.end {
            let header = ChunkHeader::read(&mut file)?.ok_or_else(|| malformed(XetError::MissingChunks))?;
            let header = header.map_err(malformed)?;
            if number < segment.chunks.start {
                // A header's lengths are far below what this can count.
                file.seek_relative(header.packed as i64)?;
                continue;
            }
            let content = read_packed(&mut file, &header)?.and_then(|packed| header.unpack(packed));
            let content = content.map_err(malformed)?;
            length += content.len() as u64;
            out.write_all(&content)?;
        }
        Ok(length)
    }
}

/// The hash of a xorb's content; none when it has no chunks.
fn hash_of(path: &Path) -> io::Result<Result<Option<XetHash>, XetError>> {
    let mut file = BufReader::with_capacity(1 << 17, fs_err::File::open(path)?);
    let mut chunks = Vec::new();
    while let Some(header) = ChunkHeader::read(&mut file)? {
        if chunks.len() >= MAX_CHUNKS {
            return Ok(Err(XetError::TooManyChunks));
        }
        let header = match header {
            Ok(header) => header,
            Err(error) => return Ok(Err(error)),
        };
        match read_packed(&mut file, &header)?.and_then(|packed| header.unpack(packed)) {
            Ok(content) => chunks.push((XetHash::of_chunk(&content), content.len() as u64)),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(XetHash::of_xorb(&chunks)))
}

pub(super) fn malformed(error: XetError) -> Reject {
    Reject::Malformed {
        what: "the xorb",
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_chunks_or_refused(packing in 0..3_u8, unpacked in 0..400_usize, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let file = NamedTempFile::new().unwrap();
            fs_err::write(file.path(), chunk(packing, &bytes, unpacked)).unwrap();
            if let Ok(Some(_)) = hash_of(file.path()).unwrap() {
                prop_assert!(packing != 0 || bytes.len() == unpacked);
            }
            fs_err::write(file.path(), &bytes).unwrap();
            let _ = hash_of(file.path()).unwrap();
        }

        #[test]
        fn grouping_is_undone(content in prop::collection::vec(any::<u8>(), 0..40)) {
            let grouped: Vec<u8> = (0..4).flat_map(|first| content.iter().skip(first).step_by(4)).copied().collect();
            prop_assert_eq!(ungroup(&grouped), content);
        }
    }

    fn chunk(packing: u8, packed: &[u8], unpacked: usize) -> Vec<u8> {
        let number = |n: usize| [n as u8, (n >> 8) as u8, (n >> 16) as u8];
        [
            &[0][..],
            &number(packed.len()),
            &[packing],
            &number(unpacked),
            packed,
        ]
        .concat()
    }

    fn lz4(content: &[u8]) -> Vec<u8> {
        let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn store_of(bytes: &[u8], hash: &XetHash) -> (tempfile::TempDir, XorbStore, Result<(), Reject>) {
        let folder = tempfile::TempDir::new().unwrap();
        let mut file = NamedTempFile::new_in(folder.path()).unwrap();
        file.write_all(bytes).unwrap();
        let store = XorbStore::new(folder.path().join("xorbs"));
        let adopted = store.adopt(file, hash);
        (folder, store, adopted)
    }

    #[test]
    fn chunks_of_every_packing_come_back() {
        let contents = [
            b"plain".to_vec(),
            b"again ".repeat(50),
            (0..=254).collect::<Vec<u8>>(),
        ];
        // Bytes 0, 4, 8…, then 1, 5, 9… and so on.
        let grouped: Vec<u8> = (0..4)
            .flat_map(|first| contents[2].iter().skip(first).step_by(4))
            .copied()
            .collect();
        let bytes = [
            chunk(0, &contents[0], 5),
            chunk(1, &lz4(&contents[1]), 300),
            chunk(2, &lz4(&grouped), 255),
            b"XETBLOB and whatever follows".to_vec(),
        ]
        .concat();
        let hashes: Vec<_> = contents
            .iter()
            .map(|content| (XetHash::of_chunk(content), content.len() as u64))
            .collect();
        let hash = XetHash::of_xorb(&hashes).unwrap();
        let (_folder, store, adopted) = store_of(&bytes, &hash);
        adopted.unwrap();
        assert!(store.has(&hash));
        let mut out = Vec::new();
        let all = Segment {
            xorb: hash,
            chunks: 0..3,
            bytes: 560,
        };
        assert_eq!(store.copy(&all, &mut out).unwrap(), 560);
        assert_eq!(out, contents.concat());
        out.clear();
        store
            .copy(
                &Segment {
                    chunks: 1..2,
                    ..all.clone()
                },
                &mut out,
            )
            .unwrap();
        assert_eq!(out, contents[1]);
        assert!(
            store.copy(&Segment { chunks: 1..4, ..all }, &mut out).is_err(),
            "there is no fourth chunk"
        );
    }

    #[test]
    fn a_xorb_that_is_not_what_it_says_is_refused() {
        let content = b"content".repeat(10);
        let hash = XetHash::of_chunk(&content);
        let good = chunk(0, &content, 70);
        let packed = lz4(&content);
        for (what, bytes) in [
            ("another content", chunk(0, &b"c0ntent".repeat(10), 70)),
            ("nothing", Vec::new()),
            ("a short header", good[..5].to_vec()),
            ("a short content", good[..20].to_vec()),
            ("an unknown packing", chunk(9, &content, 70)),
            (
                "a chunk that is too long",
                chunk(0, &vec![0; MAX_CHUNK + 1], MAX_CHUNK + 1),
            ),
            ("a length that does not fit", chunk(1, &packed, 69)),
            ("a bomb", chunk(1, &lz4(&vec![0; 1 << 20]), 70)),
            ("no frame", chunk(1, &content, 70)),
        ] {
            let (folder, store, adopted) = store_of(&bytes, &hash);
            assert!(adopted.is_err(), "{what} was taken");
            assert!(
                !store.has(&hash),
                "{what} was kept in {}",
                folder.path().display()
            );
        }
        assert!(store_of(&good, &hash).2.is_ok());
    }
}
