//! A whole dataset file, read line by line within limits.

use std::io::{self, BufRead, Read};

use assay_models::Example;
use serde::{Deserialize, Serialize};

use super::{
    canonical::hash_into,
    encode::{EncodeError, RowEncoder},
    row::{Row, RowFault, SystemText, strip},
};
use crate::scoring::RowSet;

/// The most a dataset may be. All validators of a competition must use the same figures, so they are part of the
/// recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatasetLimits {
    /// Bytes of the file. Also what a download is cut off at.
    pub bytes: u64,
    /// Bytes of one line: what has to be held in memory at once.
    pub line_bytes: usize,
    /// Rows.
    pub rows: usize,
    /// Tokens over all rows after each is cut to the context length: this is what training time grows with, and
    /// unlike a time limit it means the same on every machine.
    pub tokens: usize,
}

impl Default for DatasetLimits {
    /// 64 MiB, 1 MiB a line, 10 000 rows, 4 million tokens: some twenty times what a good answer to the seed's task
    /// needs, and under a minute of reading.
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            line_bytes: 1 << 20,
            rows: 10_000,
            tokens: 4_000_000,
        }
    }
}

/// Why a dataset cannot be used. The same file gives the same verdict on every machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DatasetFault {
    /// No rows at all.
    #[error("the dataset is empty")]
    Empty,
    /// The file is too large.
    #[error("more than {limit} bytes")]
    TooManyBytes {
        /// The most allowed.
        limit: u64,
    },
    /// A line is too long.
    #[error("line {line} has more than {limit} bytes")]
    LineTooLong {
        /// From 1.
        line: usize,
        /// The most allowed.
        limit: usize,
    },
    /// Too many rows.
    #[error("more than {limit} rows")]
    TooManyRows {
        /// The most allowed.
        limit: usize,
    },
    /// Too many tokens over all rows.
    #[error("more than {limit} tokens over all rows")]
    TooManyTokens {
        /// The most allowed.
        limit: usize,
    },
    /// A row cannot be used.
    #[error("line {line}: {fault}")]
    Row {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        fault: RowFault,
    },
}

/// A failure of ours while reading a dataset.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file could not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The tokenizer failed.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// A dataset that passed every check.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Rows as tokens, in the order of the file.
    pub examples: Vec<Example>,
    /// Which rows there are.
    pub row_set: RowSet,
    /// Tokens over all rows.
    pub tokens: usize,
    /// BLAKE2b of the fingerprints of all rows in the order of the file: equal exactly when training would see the
    /// same rows in the same order.
    pub digest: [u8; 32],
}

impl Dataset {
    /// Reads JSON lines. Lines of nothing but white space are skipped.
    ///
    /// Never holds more than one line of the file besides the tokens, and stops at the first thing that is wrong.
    ///
    /// # Errors
    /// `Ok(Err(fault))` when the dataset is at fault; `Err` when the reading is.
    pub fn read(
        file: impl BufRead,
        encoder: &RowEncoder,
        system_text: SystemText,
        limits: &DatasetLimits,
    ) -> Result<Result<Self, DatasetFault>, ReadError> {
        let mut lines = Lines {
            file,
            limits,
            line: Vec::new(),
            number: 0,
            bytes: 0,
        };
        let mut examples = Vec::new();
        let mut fingerprints = Vec::new();
        let mut tokens = 0;
        loop {
            match lines.advance()? {
                Ok(true) => {}
                Ok(false) => break,
                Err(fault) => return Ok(Err(fault)),
            }
            if std::str::from_utf8(&lines.line).is_ok_and(|line| strip(line).is_empty()) {
                continue;
            }
            if examples.len() == limits.rows {
                return Ok(Err(DatasetFault::TooManyRows { limit: limits.rows }));
            }
            let at_line = |fault| DatasetFault::Row {
                line: lines.number,
                fault,
            };
            let row = match Row::parse(&lines.line, system_text) {
                Ok(row) => row,
                Err(fault) => return Ok(Err(at_line(fault))),
            };
            let example = match encoder.encode(&row)? {
                Ok(example) => example,
                Err(fault) => return Ok(Err(at_line(fault))),
            };
            tokens += example.input_ids.len();
            if tokens > limits.tokens {
                return Ok(Err(DatasetFault::TooManyTokens { limit: limits.tokens }));
            }
            fingerprints.push(row.fingerprint);
            examples.push(example);
        }
        if examples.is_empty() {
            return Ok(Err(DatasetFault::Empty));
        }
        let mut digest = [0; 32];
        hash_into(&fingerprints.concat(), &mut digest);
        Ok(Ok(Self {
            examples,
            row_set: RowSet::new(fingerprints),
            tokens,
            digest,
        }))
    }
}

/// Lines of a file, none longer than its limit.
struct Lines<'a, R> {
    file: R,
    limits: &'a DatasetLimits,
    line: Vec<u8>,
    number: usize,
    bytes: u64,
}

impl<R: BufRead> Lines<'_, R> {
    /// Reads the next line into `line`, without its end; `false` at the end of the file.
    fn advance(&mut self) -> io::Result<Result<bool, DatasetFault>> {
        self.line.clear();
        let longest = self.limits.line_bytes as u64;
        // One more than allowed for the line's end, and one more again to see that it was too long.
        let read = (&mut self.file)
            .take(longest.saturating_add(2))
            .read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(Ok(false));
        }
        self.number += 1;
        self.bytes += read as u64;
        if self.bytes > self.limits.bytes {
            return Ok(Err(DatasetFault::TooManyBytes {
                limit: self.limits.bytes,
            }));
        }
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        }
        if self.line.len() > self.limits.line_bytes {
            return Ok(Err(DatasetFault::LineTooLong {
                line: self.number,
                limit: self.limits.line_bytes,
            }));
        }
        Ok(Ok(true))
    }
}
