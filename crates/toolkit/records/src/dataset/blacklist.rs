//! Answers that are never taken: a file with one in each line.

use super::error::BuildError;
use fs_err as fs;
use std::{collections::HashSet, io::Read, path::Path};

/// The largest file. Lists of phrases are kilobytes; a larger file is something else.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Answers that are never taken. An answer is on the list when it equals one of its lines, blanks around both aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blacklist(HashSet<Box<str>>);

impl Blacklist {
    /// Reads a list: one answer a line.
    ///
    /// # Errors
    /// [`BuildError::Blacklist`] when it cannot be read, is no text in UTF-8, or has more than 64 MiB.
    pub fn read(path: &Path) -> Result<Self, BuildError> {
        let failed = |why: String| BuildError::Blacklist {
            path: path.to_owned(),
            why,
        };
        let file = fs::File::open(path).map_err(|error| failed(error.to_string()))?;
        let mut text = String::new();
        file.take(MAX_BYTES + 1)
            .read_to_string(&mut text)
            .map_err(|error| failed(error.to_string()))?;
        if text.len() as u64 > MAX_BYTES {
            return Err(failed(format!("it has more than {MAX_BYTES} bytes")));
        }
        Ok(text.lines().collect())
    }

    /// Whether an answer is on the list.
    #[must_use]
    pub fn contains(&self, answer: &str) -> bool {
        !self.0.is_empty() && self.0.contains(answer.trim())
    }

    /// How many answers are on it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> FromIterator<&'a str> for Blacklist {
    fn from_iter<I: IntoIterator<Item = &'a str>>(answers: I) -> Self {
        let trimmed = answers
            .into_iter()
            .map(str::trim)
            .filter(|answer| !answer.is_empty());
        Self(trimmed.map(Box::from).collect())
    }
}
