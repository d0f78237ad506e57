//! A history in a file: a short head, then each row's hotkey and numbers. JSON of the same would be five times as large.

use super::history::{History, HistoryRule};
use std::{collections::VecDeque, fmt::Display, str::FromStr};

const MAGIC: &[u8; 8] = b"ASSAYDIV";
const SCHEMA: u32 = 1;
/// No encoder makes wider vectors; a damaged head shall not ask for memory.
const WIDEST: usize = 65_536;

/// Why bytes are no history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableHistory {
    /// Something else.
    #[error("this is no diversity history")]
    NotAHistory,
    /// Written by a newer version.
    #[error("the diversity history has layout {found}, this version knows {SCHEMA}: update Assay")]
    TooNew {
        /// Its layout.
        found: u32,
    },
    /// Cut off, or damaged.
    #[error("the diversity history is damaged at byte {at}: restore it, or remove it to start anew")]
    Damaged {
        /// Where reading stopped.
        at: usize,
    },
}

impl<K: Ord + Clone + Display + FromStr> History<K> {
    /// The history as bytes, for a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(24 + self.rows.len() * (64 + 4 * self.width));
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&SCHEMA.to_le_bytes());
        for number in [self.width, self.rows.len()] {
            bytes.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
        }
        for (hotkey, row) in &self.rows {
            let hotkey = hotkey.to_string();
            bytes.extend_from_slice(&u32::try_from(hotkey.len()).unwrap_or(u32::MAX).to_le_bytes());
            bytes.extend_from_slice(hotkey.as_bytes());
            for value in row {
                bytes.extend_from_slice(&value.to_le_bytes());
            }
        }
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote; the rule's bounds hold for it too.
    ///
    /// # Errors
    ///
    /// [`UnusableHistory`].
    pub fn from_bytes(bytes: &[u8], rule: HistoryRule) -> Result<Self, UnusableHistory> {
        let mut reader = Reader { bytes, at: 0 };
        if reader.take(MAGIC.len()).ok() != Some(MAGIC.as_slice()) {
            return Err(UnusableHistory::NotAHistory);
        }
        let found = reader.number()?;
        if found != SCHEMA {
            return Err(UnusableHistory::TooNew { found });
        }
        let width = reader.number()? as usize;
        let number = reader.number()? as usize;
        if width > WIDEST || (width == 0) != (number == 0) {
            return Err(reader.damaged());
        }
        let mut rows = VecDeque::new();
        for _ in 0..number {
            let length = reader.number()? as usize;
            let hotkey = reader.take(length)?;
            let hotkey = std::str::from_utf8(hotkey)
                .ok()
                .and_then(|text| text.parse().ok());
            let hotkey: K = hotkey.ok_or_else(|| reader.damaged())?;
            let (values, _) = reader.take(4 * width)?.as_chunks::<4>();
            let row: Vec<f32> = values.iter().map(|value| f32::from_le_bytes(*value)).collect();
            if !row.iter().all(|value| value.is_finite()) {
                return Err(reader.damaged());
            }
            rows.push_back((hotkey, row));
        }
        if reader.at != bytes.len() {
            return Err(reader.damaged());
        }
        let mut history = Self { rule, width, rows };
        history.forget();
        Ok(history)
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn damaged(&self) -> UnusableHistory {
        UnusableHistory::Damaged { at: self.at }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], UnusableHistory> {
        let end = self.at.checked_add(length);
        let taken = end
            .and_then(|end| self.bytes.get(self.at..end))
            .ok_or_else(|| self.damaged())?;
        self.at += length;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, UnusableHistory> {
        let damaged = self.damaged();
        let taken = self.take(4)?.try_into().map_err(|_| damaged)?;
        Ok(u32::from_le_bytes(taken))
    }
}
