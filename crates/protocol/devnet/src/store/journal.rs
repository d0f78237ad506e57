//! The newest blocks, in a file of their own until the database has them.
//!
//! A sealed block is one record and one write, which a killed process leaves in the file: whole, or cut off in the
//! middle, which the checksum tells and which nobody has heard of. The file is synchronised to the disk with a block at
//! most once a second, so a power cut may cost the last blocks; a kill costs none. When the database has taken
//! blocks over, the file is written anew with those that are left; records of blocks that the database has are passed
//! over, so it does not matter where in between a kill strikes.

use super::StoreError;
use codec::{Decode, DecodeAll, Encode};
use node_subtensor_runtime::Header;
use std::{
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

const MAGIC: &[u8; 8] = b"assay-j1";

/// Magic and epoch.
const HEADER_BYTES: u64 = 12;

/// Checksum and length before each record.
const FRAME_BYTES: usize = 12;

/// Longest record. A block has at most 10 MiB of transactions and changes about as much state.
const MAX_RECORD: u32 = 256 * 1024 * 1024;

/// Synchronising costs up to some ten milliseconds on a laptop's disk: with every block it would be most of a fast
/// block's time. Less often loses more to a power cut.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// What happened to the chain.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) enum Record {
    /// A block was sealed.
    Block {
        header: Header,
        extrinsics: Vec<Vec<u8>>,
        nodes: Vec<Vec<u8>>,
        /// Whether it is the tip of the best branch from here on.
        best: bool,
        /// Number of the last final block from here on.
        finalized: u32,
    },
    /// The blocks up to this number became final.
    Finalized(u32),
}

#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: fs_err::File,
    epoch: u32,
    length: u64,
    synchronised: Instant,
}

impl Journal {
    /// Opens the file and reads what it holds. A file of another epoch (from before the chain was replaced) is emptied.
    pub(super) fn open(path: PathBuf, epoch: u32) -> Result<(Self, Vec<Record>), StoreError> {
        let mut bytes = Vec::new();
        let failed = |source| StoreError::Journal {
            path: path.clone(),
            source,
        };
        match fs_err::File::open(&path) {
            Ok(mut file) => {
                file.read_to_end(&mut bytes).map_err(failed)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        if bytes.get(..HEADER_BYTES as usize) != Some(&header(epoch)[..]) {
            let journal = write_anew(&path, epoch, &[]).map_err(failed)?;
            return Ok((journal, Vec::new()));
        }
        let (records, length) = parse(&bytes);
        let file = fs_err::OpenOptions::new()
            .write(true)
            .open(&path)
            .map_err(failed)?;
        let mut journal = Self {
            path: path.clone(),
            file,
            epoch,
            length,
            synchronised: Instant::now(),
        };
        // What a kill left half written goes, so that the next record follows the last whole one.
        journal.cut(length).map_err(failed)?;
        Ok((journal, records))
    }

    /// Adds a record, which survives a kill of the process once this returns.
    pub(super) fn append(&mut self, record: &Record) -> Result<(), StoreError> {
        let bytes = framed(record);
        let written = self.file.write_all(&bytes).and_then(|()| {
            if self.synchronised.elapsed() < SYNC_EVERY {
                return Ok(());
            }
            self.synchronised = Instant::now();
            self.file.sync_data()
        });
        if let Err(source) = written {
            // A part of it may be there. It must not stand before a later record.
            let _ = self.cut(self.length);
            return Err(StoreError::Journal {
                path: self.path.clone(),
                source,
            });
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Replaces everything by these records.
    pub(super) fn rewrite(&mut self, epoch: u32, records: &[Record]) -> Result<(), StoreError> {
        if records.is_empty() && epoch == self.epoch {
            return self.cut(HEADER_BYTES).map_err(|source| StoreError::Journal {
                path: self.path.clone(),
                source,
            });
        }
        *self = write_anew(&self.path, epoch, records).map_err(|source| StoreError::Journal {
            path: self.path.clone(),
            source,
        })?;
        Ok(())
    }
}

impl Journal {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.file.seek(SeekFrom::Start(length))?;
        self.length = length;
        Ok(())
    }
}

/// Writes a file beside the old one and puts it in its place.
fn write_anew(path: &Path, epoch: u32, records: &[Record]) -> io::Result<Journal> {
    let partial = path.with_extension("partial");
    let mut bytes = header(epoch).to_vec();
    for record in records {
        bytes.extend(framed(record));
    }
    let mut file = fs_err::File::create(&partial)?;
    file.write_all(&bytes)?;
    file.sync_data()?;
    fs_err::rename(&partial, path)?;
    Ok(Journal {
        path: path.to_owned(),
        file,
        epoch,
        length: bytes.len() as u64,
        synchronised: Instant::now(),
    })
}

fn header(epoch: u32) -> [u8; HEADER_BYTES as usize] {
    let mut header = [0; HEADER_BYTES as usize];
    header[..8].copy_from_slice(MAGIC);
    header[8..].copy_from_slice(&epoch.to_le_bytes());
    header
}

fn framed(record: &Record) -> Vec<u8> {
    let mut bytes = vec![0; FRAME_BYTES];
    record.encode_to(&mut bytes);
    let body = &bytes[FRAME_BYTES..];
    let checksum = sp_crypto_hashing::twox_64(body);
    // A block's size is bounded far below.
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes();
    bytes[..8].copy_from_slice(&checksum);
    bytes[8..FRAME_BYTES].copy_from_slice(&length);
    bytes
}

/// The whole records of a file and where the last of them ends.
fn parse(bytes: &[u8]) -> (Vec<Record>, u64) {
    let mut records = Vec::new();
    let mut at = HEADER_BYTES as usize;
    while let Some((record, length)) = bytes.get(at..).and_then(first) {
        records.push(record);
        at += length;
    }
    (records, at as u64)
}

fn first(bytes: &[u8]) -> Option<(Record, usize)> {
    let (checksum, rest) = bytes.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length);
    if length > MAX_RECORD {
        return None;
    }
    let body = rest.get(..length as usize)?;
    if sp_crypto_hashing::twox_64(body) != *checksum {
        return None;
    }
    let record = Record::decode_all(&mut &body[..]).ok()?;
    Some((record, FRAME_BYTES + body.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_kill_leaves_of_the_last_record_the_ones_before_it_are_read_and_the_next_one_follows_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (mut journal, found) = Journal::open(path.clone(), 7).unwrap();
        assert_eq!(found, []);
        for number in 0..3 {
            journal.append(&Record::Finalized(number)).unwrap();
        }
        drop(journal);
        let whole = fs_err::read(&path).unwrap();
        let one = framed(&Record::Finalized(2)).len();
        for cut in 1..=one {
            fs_err::write(&path, &whole[..whole.len() - cut]).unwrap();
            let (mut journal, found) = Journal::open(path.clone(), 7).unwrap();
            assert_eq!(
                found,
                [Record::Finalized(0), Record::Finalized(1)],
                "{cut} bytes cut"
            );
            journal.append(&Record::Finalized(9)).unwrap();
            let (_, found) = Journal::open(path.clone(), 7).unwrap();
            assert_eq!(found.last(), Some(&Record::Finalized(9)));
            assert_eq!(found.len(), 3);
        }
        // A flipped bit in the middle ends the file there.
        let mut damaged = whole.clone();
        damaged[HEADER_BYTES as usize + one + FRAME_BYTES] ^= 1;
        fs_err::write(&path, damaged).unwrap();
        assert_eq!(Journal::open(path.clone(), 7).unwrap().1, [Record::Finalized(0)]);
        // Another epoch's records are not this chain's.
        fs_err::write(&path, whole).unwrap();
        assert_eq!(Journal::open(path, 8).unwrap().1, []);
    }
}
