//! Rows on the disk between the two passes.

use super::{choose::Row, error::BuildError, exchange::Kind};
use fs_err as fs;
use std::{
    io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// Bytes that a file is read and written in.
const BUFFER: usize = 256 * 1024;

/// Numbers before a row's texts.
const HEADER: usize = 2 + 3 * 8 + 4 * 4;

const HAS_TIME: u8 = 1;
const HAS_SCORE: u8 = 2;
const HAS_REJECTED: u8 = 4;

/// Rows being written.
pub(super) struct Writer {
    path: PathBuf,
    file: BufWriter<fs::File>,
}

impl Writer {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::with_capacity(BUFFER, fs::File::create(path)?),
        })
    }

    pub(super) fn add(&mut self, row: &Row<'_>) -> Result<(), BuildError> {
        let rejected = row.rejected.map_or("", |(text, _)| text);
        let texts = [row.run, row.prompt, row.completion, rejected];
        let mut flags = 0;
        for (flag, is_there) in [
            (HAS_TIME, row.at.is_some()),
            (HAS_SCORE, row.score.is_some()),
            (HAS_REJECTED, row.rejected.is_some()),
        ] {
            flags |= if is_there { flag } else { 0 };
        }
        let kind = Kind::ALL
            .iter()
            .position(|kind| *kind == row.kind)
            .unwrap_or_default();
        let mut header = [0; HEADER];
        let mut rest = header.as_mut_slice();
        // A slice takes what it has room for.
        rest.write_all(&[kind as u8, flags])?;
        rest.write_all(&row.at.unwrap_or_default().to_le_bytes())?;
        rest.write_all(&row.score.unwrap_or_default().to_le_bytes())?;
        rest.write_all(&row.rejected.map_or(0.0, |(_, score)| score).to_le_bytes())?;
        for text in texts {
            let length = u32::try_from(text.len()).map_err(|_| self.too_long(text.len()))?;
            rest.write_all(&length.to_le_bytes())?;
        }
        self.file.write_all(&header)?;
        for text in texts {
            self.file.write_all(text.as_bytes())?;
        }
        Ok(())
    }

    fn too_long(&self, bytes: usize) -> BuildError {
        BuildError::Unwritable {
            file: self.path.clone(),
            why: format!("a text has {bytes} bytes, more than any row may"),
        }
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Rows being read back.
pub(super) struct Reader {
    path: PathBuf,
    file: BufReader<fs::File>,
    at: u64,
    texts: Vec<u8>,
}

struct Header {
    kind: Kind,
    flags: u8,
    time: i64,
    score: f64,
    rejected: f64,
    lengths: [usize; 4],
}

impl Header {
    fn length(&self) -> usize {
        self.lengths.iter().sum()
    }
}

impl Reader {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            file: BufReader::with_capacity(BUFFER, fs::File::open(path)?),
            at: 0,
            texts: Vec::new(),
        })
    }

    /// Where the next row begins.
    pub(super) fn position(&self) -> u64 {
        self.at
    }

    /// Goes to where a row begins.
    pub(super) fn seek(&mut self, position: u64) -> io::Result<()> {
        self.at = self.file.seek(SeekFrom::Start(position))?;
        Ok(())
    }

    pub(super) fn skip(&mut self) -> Result<(), BuildError> {
        let header = self.header()?;
        let length = header.length();
        self.file.seek_relative(length as i64)?;
        self.at += (HEADER + length) as u64;
        Ok(())
    }

    pub(super) fn row(&mut self) -> Result<Row<'_>, BuildError> {
        let header = self.header()?;
        self.texts.resize(header.length(), 0);
        self.file.read_exact(&mut self.texts)?;
        self.at += (HEADER + header.length()) as u64;
        let whole = std::str::from_utf8(&self.texts);
        let mut rest = whole.map_err(|_| damaged(&self.path))?;
        let mut texts = [""; 4];
        for (text, length) in texts.iter_mut().zip(header.lengths) {
            let (first, behind) = rest.split_at_checked(length).ok_or_else(|| damaged(&self.path))?;
            (*text, rest) = (first, behind);
        }
        let has = |flag| header.flags & flag != 0;
        let [run, prompt, completion, rejected] = texts;
        Ok(Row {
            kind: header.kind,
            at: has(HAS_TIME).then_some(header.time),
            run,
            prompt,
            completion,
            score: has(HAS_SCORE).then_some(header.score),
            rejected: has(HAS_REJECTED).then_some((rejected, header.rejected)),
        })
    }

    fn header(&mut self) -> Result<Header, BuildError> {
        let mut header = [0; HEADER];
        self.file.read_exact(&mut header)?;
        let eight = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&header[at..at + 8]);
            bytes
        };
        let length = |number: usize| {
            let mut bytes = [0; 4];
            bytes.copy_from_slice(&header[26 + number * 4..30 + number * 4]);
            u32::from_le_bytes(bytes) as usize
        };
        Ok(Header {
            kind: *Kind::ALL
                .get(usize::from(header[0]))
                .ok_or_else(|| damaged(&self.path))?,
            flags: header[1],
            time: i64::from_le_bytes(eight(2)),
            score: f64::from_le_bytes(eight(10)),
            rejected: f64::from_le_bytes(eight(18)),
            lengths: std::array::from_fn(length),
        })
    }
}

/// Nobody but us writes there.
fn damaged(path: &Path) -> BuildError {
    BuildError::Unwritable {
        file: path.to_owned(),
        why: "somebody else wrote to it".to_owned(),
    }
}
